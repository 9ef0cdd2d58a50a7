//! FHIR Timing (<https://hl7.org/fhir/R4/datatypes.html#Timing>) as a plan. What does not say times of its own gets those of
//! the house; what we do not understand whole is unclear, and nobody guesses.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::schedule::{Bounded, Days, Plan, weekday, weekday_of};

const fn clock(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

/// The times of the house for so many doses a day.
fn times_of_house(doses: i64) -> Option<Vec<Time>> {
    let hours: &[i8] = match doses {
        1 => &[8],
        2 => &[8, 20],
        3 => &[8, 14, 20],
        4 => &[8, 12, 16, 20],
        5 => &[6, 10, 14, 18, 22],
        6 => &[0, 4, 8, 12, 16, 20],
        _ => return None,
    };
    Some(hours.iter().map(|hour| clock(*hour, 0)).collect())
}

/// Those of each so many hours, where a day is so many whole times that.
fn times_of_hours(hours: i64) -> Option<Vec<Time>> {
    let first = match hours {
        1 | 2 | 3 | 4 | 6 => 0,
        8 => 6,
        12 => 8,
        24 => return Some(vec![clock(8, 0)]),
        _ => return None,
    };
    let step = usize::try_from(hours).unwrap_or(24);
    Some((first..24_i8).step_by(step).map(|hour| clock(hour, 0)).collect())
}

/// What an event of the day is on the clock (<https://hl7.org/fhir/R4/valueset-event-timing.html>).
fn time_of_event(code: &str) -> Option<Time> {
    Some(match code {
        "WAKE" | "MORN.early" => clock(7, 0),
        "MORN" => clock(8, 0),
        "MORN.late" => clock(10, 0),
        "NOON" | "CD" => clock(12, 0),
        "AFT" | "AFT.early" => clock(14, 0),
        "AFT.late" => clock(16, 0),
        "EVE" | "EVE.early" => clock(18, 0),
        "EVE.late" => clock(20, 0),
        "NIGHT" | "HS" => clock(21, 0),
        "PHS" => clock(22, 0),
        "ACM" => clock(7, 30),
        "CM" => clock(8, 0),
        "PCM" => clock(8, 30),
        "ACD" => clock(11, 30),
        "PCD" => clock(12, 30),
        "ACV" => clock(17, 0),
        "CV" => clock(17, 30),
        "PCV" => clock(18, 0),
        _ => return None,
    })
}

/// The events that mean each meal.
fn events(code: &str) -> &[&str] {
    match code {
        "AC" => &["ACM", "ACD", "ACV"],
        "PC" => &["PCM", "PCD", "PCV"],
        "C" => &["CM", "CD", "CV"],
        _ => &[],
    }
}

/// An abbreviation (<https://hl7.org/fhir/R4/valueset-timing-abbreviation.html>).
fn plan_of_code(code: &str) -> Option<Plan> {
    let daily = |times: Vec<Time>| Plan::Times { times, days: Days::Every(1) };
    Some(match code {
        "QD" | "AM" => daily(vec![clock(8, 0)]),
        "PM" => daily(vec![clock(20, 0)]),
        "BED" => daily(vec![clock(21, 0)]),
        "BID" => daily(times_of_house(2)?),
        "TID" => daily(times_of_house(3)?),
        "QID" => daily(times_of_house(4)?),
        "Q1H" => daily(times_of_hours(1)?),
        "Q2H" => daily(times_of_hours(2)?),
        "Q3H" => daily(times_of_hours(3)?),
        "Q4H" => daily(times_of_hours(4)?),
        "Q6H" => daily(times_of_hours(6)?),
        "Q8H" => daily(times_of_hours(8)?),
        "QOD" => Plan::Times { times: vec![clock(8, 0)], days: Days::Every(2) },
        "MO" => Plan::Times { times: vec![clock(8, 0)], days: Days::Month(1) },
        _ => return None,
    })
}

/// A time as FHIR writes it: hours, minutes and seconds.
fn time(value: &Value) -> Option<Time> {
    value.as_str()?.parse().ok()
}

/// A moment as FHIR writes it: an instant, or a day, which begins at the facility's midnight.
pub(super) fn moment(value: &Value, zone: &TimeZone, ends: bool) -> Option<Timestamp> {
    let text = value.as_str()?;
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    // The last day of a period counts as a whole.
    let date = if ends { date.tomorrow().ok()? } else { date };
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

/// A whole number, where FHIR's decimal is one.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let text = value.to_string();
        let (before, after) = text.split_once('.')?;
        after.bytes().all(|byte| byte == b'0').then(|| before.parse().ok()).flatten()
    })
}

/// A length of time in UCUM units, where it is the same by every clock.
pub(super) fn duration(value: &Value, unit: &Value) -> Option<SignedDuration> {
    let number = whole(value).filter(|number| (1..=100_000).contains(number))?;
    Some(match unit.as_str()? {
        "min" => SignedDuration::from_mins(number),
        "h" => SignedDuration::from_hours(number),
        "d" => SignedDuration::from_hours(24 * number),
        "wk" => SignedDuration::from_hours(7 * 24 * number),
        _ => return None,
    })
}

/// The plan of one `dosageInstruction`, from an order that counts from a moment on.
pub(super) fn bounded(dosage: &Value, from: Timestamp, until: Option<Timestamp>, zone: &TimeZone) -> Bounded {
    let timing = &dosage["timing"];
    let repeat = &timing["repeat"];
    let period = &repeat["boundsPeriod"];
    let begin = moment(&period["start"], zone, false).map_or(from, |start| start.max(from));
    let lasts = duration(&repeat["boundsDuration"]["value"], &repeat["boundsDuration"]["code"]);
    let ends = moment(&period["end"], zone, true);
    let lasts = lasts.and_then(|lasts| begin.checked_add(lasts).ok());
    let until = [until, ends, lasts].into_iter().flatten().min();
    let count = whole(&repeat["count"]).and_then(|count| usize::try_from(count).ok());
    let needed = dosage["asNeededBoolean"] == true || dosage["asNeededCodeableConcept"].is_object();
    let plan = if needed {
        Plan::AsNeeded
    } else if let Some(plan) = stated(timing) {
        plan
    } else {
        plan(repeat, begin, zone).unwrap_or(Plan::Unclear)
    };
    // A range of bounds, and how often where how long is counted, are for somebody to read.
    let unclear = repeat["boundsRange"].is_object() || repeat["countMax"].is_number();
    Bounded { plan: if unclear && !needed { Plan::Unclear } else { plan }, from: begin, until, count }
}

/// What its code says, when nothing else does.
fn stated(timing: &Value) -> Option<Plan> {
    if timing["repeat"].is_object() {
        return None;
    }
    // Single events are for somebody to read.
    if timing["event"].is_array() {
        return Some(Plan::Unclear);
    }
    let codes = timing["code"]["coding"].as_array().into_iter().flatten();
    let known = codes.filter_map(|coding| plan_of_code(coding["code"].as_str()?)).next();
    known.or_else(|| plan_of_code(timing["code"]["text"].as_str()?)).or(Some(Plan::Unclear))
}

fn plan(repeat: &Value, begin: Timestamp, zone: &TimeZone) -> Option<Plan> {
    let list = |name: &str| repeat[name].as_array().map_or(&[][..], Vec::as_slice);
    let of_week: Option<Vec<usize>> =
        list("dayOfWeek").iter().map(|day| weekday(day.as_str().unwrap_or_default())).collect();
    let of_week = of_week?;
    let frequency = if repeat["frequency"].is_null() { 1 } else { whole(&repeat["frequency"])? };
    let period = if repeat["period"].is_null() { 1 } else { whole(&repeat["period"])? };
    let unit = repeat["periodUnit"].as_str().unwrap_or("d");
    if repeat["frequencyMax"].is_number() || repeat["periodMax"].is_number() {
        return None;
    }
    let mut times: Vec<Time> = list("timeOfDay").iter().map(time).collect::<Option<_>>()?;
    let offset = if repeat["offset"].is_null() { 0 } else { whole(&repeat["offset"])? };
    for when in list("when") {
        let code = when.as_str()?;
        let meals = events(code);
        let named = if meals.is_empty() { std::slice::from_ref(&code) } else { meals };
        for event in named {
            let time = time_of_event(event)?;
            // Before what begins with A, after everything else.
            let signed = if event.starts_with('A') { -offset } else { offset };
            times.push(time.wrapping_add(SignedDuration::from_mins(signed)));
        }
    }
    times.sort_unstable();
    times.dedup();
    let said = !times.is_empty();
    let step = i32::try_from(period).ok().filter(|step| (1..=1_000).contains(step))?;
    let week = |given: &[usize], step| {
        let mut days = [false; 7];
        for day in given {
            if let Some(day) = days.get_mut(*day) {
                *day = true;
            }
        }
        Days::Week(days, step)
    };
    let days = match unit {
        _ if !of_week.is_empty() && matches!(unit, "d" | "wk") => {
            week(&of_week, if unit == "wk" { step } else { 1 })
        }
        "d" => Days::Every(step),
        "wk" if frequency == 1 || said => week(&[weekday_of(&begin.to_zoned(zone.clone()))], step),
        "mo" if frequency == 1 || said => Days::Month(step),
        "h" | "min" if !said => return hours(frequency, period, unit),
        _ => return None,
    };
    if !said {
        // Of a week, how often is said by its days.
        times = times_of_house(if unit == "d" { frequency } else { 1 })?;
    }
    Some(Plan::Times { times, days })
}

fn hours(frequency: i64, period: i64, unit: &str) -> Option<Plan> {
    let length = duration(&period.into(), &unit.into())?;
    let step = SignedDuration::from_secs(length.as_secs() / frequency.clamp(1, 96));
    let hours = step.as_hours();
    if SignedDuration::from_hours(hours) == step {
        if let Some(times) = times_of_hours(hours) {
            return Some(Plan::Times { times, days: Days::Every(1) });
        }
        if hours % 24 == 0 {
            let days = i32::try_from(hours / 24).ok()?;
            return Some(Plan::Times { times: vec![clock(8, 0)], days: Days::Every(days) });
        }
    }
    (step >= SignedDuration::from_mins(15)).then_some(Plan::Elapsed(step))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan_of(timing: Value) -> Plan {
        let from = "2026-01-05T09:00:00Z".parse().unwrap();
        bounded(&json!({"timing": timing}), from, None, &TimeZone::UTC).plan
    }

    fn daily(hours: &[(i8, i8)]) -> Plan {
        let times = hours.iter().map(|(hour, minute)| clock(*hour, *minute)).collect();
        Plan::Times { times, days: Days::Every(1) }
    }

    fn repeat(repeat: Value) -> Plan {
        plan_of(json!({"repeat": repeat}))
    }

    #[test]
    fn times_that_are_said_are_those() {
        let said =
            json!({"frequency": 2, "period": 1, "periodUnit": "d", "timeOfDay": ["21:00:00", "09:15:00"]});
        assert_eq!(repeat(said), daily(&[(9, 15), (21, 0)]));
        let meals = json!({"frequency": 3, "period": 1, "periodUnit": "d", "when": ["AC"], "offset": 15});
        assert_eq!(repeat(meals), daily(&[(7, 15), (11, 15), (16, 45)]));
        assert_eq!(repeat(json!({"when": ["HS"]})), daily(&[(21, 0)]));
    }

    #[test]
    fn what_says_no_times_gets_those_of_the_house() {
        assert_eq!(
            repeat(json!({"frequency": 3, "period": 1, "periodUnit": "d"})),
            daily(&[(8, 0), (14, 0), (20, 0)])
        );
        assert_eq!(
            repeat(json!({"frequency": 1, "period": 8.0, "periodUnit": "h"})),
            daily(&[(6, 0), (14, 0), (22, 0)])
        );
        assert_eq!(plan_of(json!({"code": {"coding": [{"code": "BID"}]}})), daily(&[(8, 0), (20, 0)]));
        let weekly = repeat(json!({"frequency": 1, "period": 1, "periodUnit": "wk"}));
        let monday = [true, false, false, false, false, false, false];
        assert_eq!(weekly, Plan::Times { times: vec![clock(8, 0)], days: Days::Week(monday, 1) });
        let some = repeat(json!({"dayOfWeek": ["tue"], "timeOfDay": ["10:00:00"]}));
        let tuesday = [false, true, false, false, false, false, false];
        assert_eq!(some, Plan::Times { times: vec![clock(10, 0)], days: Days::Week(tuesday, 1) });
        let patch = repeat(json!({"frequency": 1, "period": 72, "periodUnit": "h"}));
        assert_eq!(patch, Plan::Times { times: vec![clock(8, 0)], days: Days::Every(3) });
        let odd = repeat(json!({"frequency": 1, "period": 5, "periodUnit": "h"}));
        assert_eq!(odd, Plan::Elapsed(SignedDuration::from_hours(5)));
    }

    #[test]
    fn what_is_not_understood_whole_is_unclear() {
        for unclear in [
            json!({"frequency": 7, "period": 1, "periodUnit": "d"}),
            json!({"frequency": 2, "period": 1, "periodUnit": "wk"}),
            json!({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}),
            json!({"frequency": 1, "period": 1.5, "periodUnit": "d"}),
            json!({"frequency": 1, "period": 1, "periodUnit": "a"}),
            json!({"when": ["soon"]}),
            json!({"timeOfDay": ["noon"]}),
            json!({"dayOfWeek": ["Tuesday"]}),
            json!({"boundsRange": {}, "frequency": 1, "period": 1, "periodUnit": "d"}),
        ] {
            assert_eq!(repeat(unclear.clone()), Plan::Unclear, "{unclear}");
        }
        assert_eq!(plan_of(json!({"code": {"text": "as the moon is full"}})), Plan::Unclear);
        assert_eq!(plan_of(Value::Null), Plan::Unclear);
        assert_eq!(plan_of(json!({"event": ["2026-01-05T10:00:00Z"]})), Plan::Unclear);
    }

    #[test]
    fn the_last_day_of_a_period_counts_as_a_whole() {
        let timing = json!({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d",
            "boundsPeriod": {"start": "2026-01-06", "end": "2026-01-07"}}});
        let from = "2026-01-01T00:00:00Z".parse().unwrap();
        let plan = bounded(&json!({"timing": timing}), from, None, &TimeZone::UTC);
        let due = plan.due((from, "2026-02-01T00:00:00Z".parse().unwrap()), &TimeZone::UTC);
        let due: Vec<_> = due.iter().map(ToString::to_string).collect();
        assert_eq!(due, ["2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z"]);
    }
}
