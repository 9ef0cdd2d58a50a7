//! Whether what is given as needed may be given now. Pure.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::timing::duration;

/// How long after it was given somebody looks whether it helped.
pub(in super::super) const EFFECT: SignedDuration = SignedDuration::from_mins(60);

/// What limits an order as needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Prn {
    /// What it is for.
    pub(in super::super) reason: Option<String>,
    /// The least time between two.
    pub(in super::super) interval: Option<SignedDuration>,
    /// The most of any so long time.
    pub(in super::super) most: Option<(usize, SignedDuration)>,
    /// Whether there are limits besides, for somebody to read.
    pub(in super::super) unclear: bool,
}

/// Why not, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Refusal {
    /// The last was given a too short time ago.
    TooSoon(Timestamp),
    /// It was given as often as it may be.
    TooMany(Timestamp),
}

impl Prn {
    /// Of a `dosageInstruction` that is one.
    pub(in super::super) fn read(dosage: &Value) -> Option<Self> {
        let concept = &dosage["asNeededCodeableConcept"];
        if dosage["asNeededBoolean"] != true && !concept.is_object() {
            return None;
        }
        let reason = concept["text"].as_str().or_else(|| concept["coding"][0]["display"].as_str());
        let repeat = &dosage["timing"]["repeat"];
        let frequency = if repeat["frequency"].is_null() { Some(1) } else { repeat["frequency"].as_i64() };
        let period = duration(&repeat["period"], &repeat["periodUnit"]);
        // "Every 4 hours" is a distance, "3 times a day" a number.
        let distance =
            period.filter(|period| frequency == Some(1) && *period < SignedDuration::from_hours(24));
        let often = period
            .filter(|_| distance.is_none())
            .and_then(|period| Some((usize::try_from(frequency?).ok().filter(|most| *most > 0)?, period)));
        let ratio = &dosage["maxDosePerPeriod"];
        let said = doses(dosage).zip(duration(&ratio["denominator"]["value"], unit(&ratio["denominator"])));
        let most = match (often, said) {
            (Some(often), Some(said)) => Some(if said.0 < often.0 { said } else { often }),
            (often, said) => said.or(often),
        };
        let said_so = ["frequency", "period", "timeOfDay", "when"].iter().any(|name| !repeat[name].is_null());
        let silent = said_so && distance.is_none() && often.is_none();
        Some(Self {
            reason: reason.map(str::to_owned),
            interval: distance,
            most,
            // What a code says of them, and amounts in another unit than the dose's.
            unclear: silent
                || dosage["timing"]["code"].is_object()
                || (ratio.is_object() && said.is_none())
                || dosage["maxDosePerAdministration"].is_object(),
        })
    }

    /// Whether it may be given at a time, with everything that was given, also what was after it.
    pub(in super::super) fn may(&self, given: &[Timestamp], at: Timestamp) -> Result<(), Refusal> {
        let after = |at: Timestamp, length: SignedDuration| at.checked_add(length).unwrap_or(at);
        if let Some(interval) = self.interval {
            let near = |other: &&Timestamp| other.duration_since(at).abs() < interval;
            if let Some(near) = given.iter().filter(near).max() {
                return Err(Refusal::TooSoon(after(*near, interval)));
            }
        }
        let Some((most, length)) = self.most else { return Ok(()) };
        let mut all: Vec<Timestamp> = given.iter().copied().chain([at]).collect();
        all.sort_unstable();
        // Any time so long that this one is in holds no more than that.
        let full = all.windows(most + 1).filter(|some| some.contains(&at)).find(|some| {
            some.first().zip(some.last()).is_some_and(|(first, last)| last.duration_since(*first) < length)
        });
        match full.and_then(<[Timestamp]>::first) {
            Some(first) => Err(Refusal::TooMany(after(*first, length))),
            None => Ok(()),
        }
    }

    /// When it may be given next: now, or later.
    pub(in super::super) fn next(&self, given: &[Timestamp], now: Timestamp) -> Timestamp {
        let mut at = now;
        for _ in 0..=given.len() {
            match self.may(given, at) {
                Ok(()) => return at,
                Err(Refusal::TooSoon(next) | Refusal::TooMany(next)) if next > at => at = next,
                Err(_) => return at,
            }
        }
        at
    }
}

/// How many doses the most of a period are, where both are counted in one unit.
fn doses(dosage: &Value) -> Option<usize> {
    let most = &dosage["maxDosePerPeriod"]["numerator"];
    let dose = &dosage["doseAndRate"][0]["doseQuantity"];
    let (whole, one) = (most["value"].as_f64()?, dose["value"].as_f64().filter(|one| *one > 0.0)?);
    let same = |name: &str| most[name].is_null() || dose[name].is_null() || most[name] == dose[name];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of doses")]
    let doses = (whole / one + 1e-9).floor().clamp(0.0, 1_000.0) as usize;
    (same("unit") && same("code")).then_some(doses)
}

fn unit(quantity: &Value) -> &Value {
    if quantity["code"].is_string() { &quantity["code"] } else { &quantity["unit"] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    #[test]
    fn limits_are_read_from_the_dosage() {
        let every = json!({"asNeededCodeableConcept": {"text": "pain"},
            "timing": {"repeat": {"frequency": 1, "period": 4, "periodMax": 6, "periodUnit": "h"}},
            "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "tablet"}}],
            "maxDosePerPeriod": {"numerator": {"value": 4, "unit": "tablet"}, "denominator": {"value": 24, "code": "h"}}});
        let prn = Prn::read(&every).unwrap();
        assert!(!prn.unclear);
        assert_eq!(prn.reason.as_deref(), Some("pain"));
        assert_eq!(prn.interval, Some(SignedDuration::from_hours(4)));
        assert_eq!(prn.most, Some((2, SignedDuration::from_hours(24))));
        let daily = json!({"asNeededBoolean": true,
            "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}});
        let prn = Prn::read(&daily).unwrap();
        assert_eq!((prn.interval, prn.most), (None, Some((3, SignedDuration::from_hours(24)))));
        assert_eq!(Prn::read(&json!({"asNeededBoolean": true})), Some(Prn::default()));
        assert_eq!(Prn::read(&json!({"asNeededBoolean": false})), None);
    }

    #[test]
    fn a_limit_that_is_not_understood_is_unclear_and_never_none() {
        let with = |more: Value| {
            let mut dosage = json!({"asNeededBoolean": true,
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]});
            for (name, value) in more.as_object().unwrap() {
                dosage[name] = value.clone();
            }
            Prn::read(&dosage).unwrap()
        };
        let day = json!({"value": 1, "code": "d"});
        for unclear in [
            json!({"maxDosePerPeriod": {"numerator": {"value": 3000, "unit": "mg"}, "denominator": day}}),
            json!({"maxDosePerPeriod": {"numerator": {"value": 3, "unit": "tablet"}, "denominator": {"value": 1, "code": "mo"}}}),
            json!({"timing": {"repeat": {"frequency": 1, "period": 1.5, "periodUnit": "h"}}}),
            json!({"timing": {"repeat": {"frequency": 2}}}),
            json!({"timing": {"code": {"text": "Q4H"}}}),
        ] {
            assert!(with(unclear.clone()).unclear, "{unclear}");
        }
        assert!(!with(json!({"timing": {"repeat": {"boundsPeriod": {"start": "2026-01-01"}}}})).unclear);
    }

    #[test]
    fn too_soon_and_too_many_say_from_when_on() {
        let day = SignedDuration::from_hours(24);
        let prn =
            Prn { interval: Some(SignedDuration::from_hours(4)), most: Some((3, day)), ..Prn::default() };
        assert_eq!(prn.may(&[at(0)], at(3)), Err(Refusal::TooSoon(at(4))));
        assert_eq!(prn.may(&[at(0)], at(4)), Ok(()));
        assert_eq!(prn.may(&[at(0), at(6), at(12)], at(20)), Err(Refusal::TooMany(at(24))));
        assert_eq!(prn.may(&[at(0), at(6), at(12)], at(24)), Ok(()));
        // One that was given later, and came in first.
        assert_eq!(prn.may(&[at(6)], at(4)), Err(Refusal::TooSoon(at(10))));
        assert_eq!(prn.next(&[at(0), at(6), at(12)], at(13)), at(24));
    }

    proptest! {
        #[test]
        fn what_is_let_through_never_breaks_the_limit(
            tries in prop::collection::vec(0_i64..400, 1..60), interval in 1_i64..12, most in 1_usize..6,
        ) {
            let day = SignedDuration::from_hours(24);
            let limit = SignedDuration::from_hours(interval);
            let prn = Prn { interval: Some(limit), most: Some((most, day)), ..Prn::default() };
            let mut given: Vec<Timestamp> = Vec::new();
            for hour in tries {
                if prn.may(&given, at(hour)).is_ok() {
                    given.push(at(hour));
                }
            }
            given.sort_unstable();
            prop_assert!(given.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= limit));
            for first in &given {
                let within = given.iter().filter(|one| *one >= first && one.duration_since(*first) < day);
                prop_assert!(within.count() <= most);
            }
        }

        #[test]
        fn the_next_time_is_one_at_which_it_may_be(hours in prop::collection::btree_set(0_i64..48, 0..8), now in 0_i64..60) {
            let prn = Prn {
                interval: Some(SignedDuration::from_hours(4)),
                most: Some((3, SignedDuration::from_hours(24))),
                ..Prn::default()
            };
            let given: Vec<Timestamp> = hours.into_iter().filter(|hour| *hour <= now).map(at).collect();
            let next = prn.next(&given, at(now));
            prop_assert!(next >= at(now) && prn.may(&given, next).is_ok());
        }
    }
}
