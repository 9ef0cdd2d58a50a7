//! When shifts are, and what is said of one; pure.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::error::Error;
use crate::http::one_of;

/// The shifts of a day, in order. Where there are two, they are day and night.
const NAMES: [&str; 3] = ["day", "evening", "night"];

pub(super) fn names() -> Object {
    one_of(&NAMES)
}

/// A shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Shift {
    #[schema(schema_with = names)]
    pub(super) name: &'static str,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// Of the minutes of the day at which shifts begin: what the one at this place is called.
fn name(starts: &[i32], at: usize) -> &'static str {
    if starts.len() < 3 && at == 1 { "night" } else { NAMES[at.min(2)] }
}

/// The word that is stored, as one of ours.
pub(super) fn known(name: &str) -> &'static str {
    NAMES.into_iter().find(|known| *known == name).unwrap_or("day")
}

/// When the wall clock of a zone shows this; what a change of clocks leaves out is as much later.
fn moment(day: Date, minutes: i32, zone: &TimeZone) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    let time = Time::new(hour, minute, 0, 0).ok()?;
    day.to_datetime(time).to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).ok()
}

/// The shift that is on, and the one before it.
pub(crate) fn around(starts: &[i32], zone: &TimeZone, now: Timestamp) -> Option<(Shift, Shift)> {
    let today = now.to_zoned(zone.clone()).date();
    let mut begins: Vec<(Timestamp, &'static str)> = Vec::new();
    for offset in -2..=2 {
        let day = today.checked_add(offset.days()).ok()?;
        for (at, minutes) in starts.iter().enumerate() {
            begins.push((moment(day, *minutes, zone)?, name(starts, at)));
        }
    }
    let shifts: Vec<Shift> =
        begins.windows(2).map(|pair| Shift { name: pair[0].1, from: pair[0].0, until: pair[1].0 }).collect();
    let on = shifts.iter().position(|shift| shift.from <= now && now < shift.until)?;
    Some((shifts[on], *shifts.get(on.checked_sub(1)?)?))
}

/// When shifts begin, as `07:00`, as minutes of the day.
pub(super) fn minutes(starts: &[String]) -> Result<Vec<i32>, Error> {
    const FAULT: Error = Error::Invalid("starts: two or three times of the day such as 07:00, in order");
    let minute = |text: &String| {
        let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() + minute.len() == 4)?;
        let (hour, minute): (i32, i32) = (hour.parse().ok()?, minute.parse().ok()?);
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    let minutes: Vec<i32> = starts.iter().map(minute).collect::<Option<_>>().ok_or(FAULT)?;
    let fits = (2..=3).contains(&minutes.len()) && minutes.is_sorted_by(|a, b| a < b);
    if fits { Ok(minutes) } else { Err(FAULT) }
}

/// The same the other way round.
pub(super) fn times(minutes: &[i32]) -> Vec<String> {
    minutes.iter().map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60)).collect()
}

/// What a line of a hand-over is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HandoverKind)]
pub(super) enum Of {
    /// Something happened.
    Incident,
    /// Came, went, was moved.
    Stay,
    /// A measurement that is not as usual.
    Vitals,
    /// Signed.
    Note,
    /// New.
    Order,
    /// Left open, or not done.
    Task,
    /// Said by whoever hands over.
    Said,
}

impl Of {
    const ALL: [Self; 7] =
        [Self::Incident, Self::Stay, Self::Vitals, Self::Note, Self::Order, Self::Task, Self::Said];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Stay => "stay",
            Self::Vitals => "vitals",
            Self::Note => "note",
            Self::Order => "order",
            Self::Task => "task",
            Self::Said => "said",
        }
    }

    pub(super) fn find(key: &str) -> Self {
        Self::ALL.into_iter().find(|of| of.key() == key).unwrap_or(Self::Said)
    }
}

/// What is said of a resident, in one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverLine)]
pub(super) struct Line {
    pub(super) kind: Of,
    /// 1 to 500 characters.
    pub(super) text: String,
}

impl Line {
    pub(super) fn new(kind: Of, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// LOINC code, what it is called, and between what it is usual in UCUM's unit: of adults, as the app tells while it is typed.
const USUAL: [(&str, &str, f64, f64); 8] = [
    ("8480-6", "systolic", 90.0, 160.0),
    ("8462-4", "diastolic", 50.0, 100.0),
    ("8867-4", "pulse", 50.0, 110.0),
    ("9279-1", "respirations", 10.0, 24.0),
    ("59408-5", "SpO2", 92.0, 100.0),
    ("2708-6", "SpO2", 92.0, 100.0),
    ("8310-5", "temperature", 35.5, 38.0),
    ("72514-3", "pain", 0.0, 6.0),
];

/// What of a measurement is not as usual, in words.
pub(super) fn unusual(observation: &Value) -> Option<String> {
    if observation["status"] == "entered-in-error" {
        return None;
    }
    let components = observation["component"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told: Vec<String> = std::iter::once(observation).chain(components).filter_map(unusual_one).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn unusual_one(measured: &Value) -> Option<String> {
    let codings = measured["code"]["coding"].as_array()?;
    let (_, title, low, high) =
        USUAL.iter().find(|(code, ..)| codings.iter().any(|coding| coding["code"] == *code))?;
    let quantity = &measured["valueQuantity"];
    let value = quantity["value"].as_f64()?;
    let unit = quantity["code"].as_str().or_else(|| quantity["unit"].as_str()).unwrap_or_default();
    let comparable = if unit == "[degF]" { (value - 32.0) * 5.0 / 9.0 } else { value };
    if (*low..=*high).contains(&comparable) {
        return None;
    }
    let shown = quantity["unit"].as_str().unwrap_or(unit);
    Some(format!("{title} {value} {shown}").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: [i32; 3] = [7 * 60, 15 * 60, 23 * 60];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn chicago() -> TimeZone {
        TimeZone::get("America/Chicago").unwrap()
    }

    #[test]
    fn a_shift_is_that_of_the_wall_clock_and_begins_where_the_one_before_ends() {
        let check = |now: &str, name: &str, from: &str, until: &str| {
            let (on, before) = around(&THREE, &chicago(), at(now)).unwrap();
            assert_eq!(on, Shift { name: known(name), from: at(from), until: at(until) }, "{now}");
            assert_eq!(before.until, on.from);
        };
        check("2026-01-10T13:00:00Z", "day", "2026-01-10T13:00:00Z", "2026-01-10T21:00:00Z");
        check("2026-01-10T12:59:59Z", "night", "2026-01-10T05:00:00Z", "2026-01-10T13:00:00Z");
        check("2026-07-10T21:00:00Z", "evening", "2026-07-10T20:00:00Z", "2026-07-11T04:00:00Z");
    }

    #[test]
    fn the_night_when_clocks_change_is_an_hour_shorter_or_longer() {
        let hours = |now: &str| {
            let (on, _) = around(&THREE, &chicago(), at(now)).unwrap();
            (on.name, on.until.duration_since(on.from).as_hours())
        };
        assert_eq!(hours("2026-03-08T07:30:00Z"), ("night", 7));
        assert_eq!(hours("2026-11-01T06:30:00Z"), ("night", 9));
        assert_eq!(hours("2026-11-01T07:30:00Z"), ("night", 9), "the hour that comes twice is one shift");
        assert_eq!(hours("2026-11-02T07:30:00Z"), ("night", 8));
    }

    #[test]
    fn a_shift_that_would_begin_in_the_hour_left_out_begins_after_it() {
        let starts = [150, 14 * 60];
        let (on, before) = around(&starts, &chicago(), at("2026-03-08T09:00:00Z")).unwrap();
        assert_eq!((on.name, on.from), ("day", at("2026-03-08T08:30:00Z")));
        assert_eq!((before.name, before.from), ("night", at("2026-03-07T20:00:00Z")));
    }

    #[test]
    fn every_moment_of_a_year_is_in_one_shift() {
        let mut now = at("2026-01-01T00:00:00Z");
        for _ in 0..(365 * 48) {
            let (on, before) = around(&THREE, &chicago(), now).unwrap();
            assert!(on.from <= now && now < on.until && before.until == on.from, "{now}");
            now += jiff::SignedDuration::from_mins(30);
        }
    }

    #[test]
    fn starts_are_times_of_the_day_in_order() {
        let minutes =
            |starts: &[&str]| minutes(&starts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(minutes(&["06:30", "18:30"]).unwrap(), [390, 1110]);
        assert_eq!(times(&[390, 1110]), ["06:30", "18:30"]);
        for wrong in [
            &["07:00"][..],
            &["07:00", "07:00"],
            &["15:00", "07:00"],
            &["7:00", "15:00"],
            &["07:00", "24:00"],
        ] {
            assert!(minutes(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(around(&[390, 1110], &chicago(), at("2026-01-10T05:00:00Z")).unwrap().0.name, "night");
    }

    #[test]
    fn what_is_unusual_is_told_in_its_unit() {
        let pulse = |value: f64| serde_json::json!({"code": {"coding": [{"code": "8867-4"}]}, "valueQuantity": {"value": value, "unit": "/min"}});
        assert_eq!(unusual(&pulse(80.0)), None);
        assert_eq!(unusual(&pulse(120.0)).unwrap(), "pulse 120 /min");
        let warm = serde_json::json!({"code": {"coding": [{"code": "8310-5"}]},
            "valueQuantity": {"value": 98.6, "unit": "°F", "code": "[degF]"}});
        assert_eq!(unusual(&warm), None);
        let pressure = serde_json::json!({"code": {"coding": [{"code": "85354-9"}]}, "component": [
            {"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 172, "unit": "mmHg"}},
            {"code": {"coding": [{"code": "8462-4"}]}, "valueQuantity": {"value": 80, "unit": "mmHg"}}]});
        assert_eq!(unusual(&pressure).unwrap(), "systolic 172 mmHg");
    }
}
