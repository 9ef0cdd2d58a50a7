//! From an order's times to the doses of a window, and how each stands at a moment. Pure: the clock and the zone are handed
//! in. Times are the clock on the facility's wall: a day has each of them once, also where the clock is set.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

/// How long before its time a dose may be given.
pub(in super::super) const EARLY: SignedDuration = SignedDuration::from_mins(60);
/// How long after its time it is late.
const LATE: SignedDuration = SignedDuration::from_mins(60);
/// How long after its time it is missed, where no other dose is due before.
pub(in super::super) const MISSED: SignedDuration = SignedDuration::from_hours(12);
/// The most doses that are counted from an order's beginning.
const MOST: usize = 10_000;

/// The days on which something is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Days {
    /// Each so many days, from the order's first; 1 is daily.
    Every(i32),
    /// Those of the week, of each so many weeks from the order's first; Monday first.
    Week([bool; 7], i32),
    /// A day of each so many months, from the order's first; where a month is shorter, its last.
    Month(i32),
}

/// When something is given.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Plan {
    /// At these times of these days.
    Times { times: Vec<Time>, days: Days },
    /// Each time so much later than the one before, whatever the clock says.
    Elapsed(SignedDuration),
    /// When it is needed.
    AsNeeded,
    /// In a way that we do not understand; somebody has to say the times.
    Unclear,
}

/// A plan with its bounds.
#[derive(Clone, Debug)]
pub(in super::super) struct Bounded {
    pub(in super::super) plan: Plan,
    /// The first moment that counts, and the first that counts no more.
    pub(in super::super) from: Timestamp,
    pub(in super::super) until: Option<Timestamp>,
    /// How many doses in all.
    pub(in super::super) count: Option<usize>,
}

impl Bounded {
    /// The doses that are due in a window, in order.
    pub(in super::super) fn due(
        &self,
        (from, until): (Timestamp, Timestamp),
        zone: &TimeZone,
    ) -> Vec<Timestamp> {
        let until = self.until.map_or(until, |end| end.min(until));
        // Those that are counted are counted from the first.
        let begin = if self.count.is_some() { self.from } else { self.from.max(from) };
        let mut all = match &self.plan {
            Plan::Times { times, days } => self.at_times(times, *days, (begin, until), zone),
            Plan::Elapsed(step) => self.elapsed(*step, (begin, until)),
            Plan::AsNeeded | Plan::Unclear => Vec::new(),
        };
        if let Some(count) = self.count {
            all.truncate(count);
        }
        all.retain(|at| *at >= from);
        all
    }

    fn at_times(
        &self,
        times: &[Time],
        days: Days,
        (from, until): (Timestamp, Timestamp),
        zone: &TimeZone,
    ) -> Vec<Timestamp> {
        let first = self.from.to_zoned(zone.clone()).date();
        let mut day = from.to_zoned(zone.clone()).date();
        let last = until.to_zoned(zone.clone()).date();
        let mut all = Vec::new();
        while day <= last && all.len() < MOST {
            if falls(days, first, day) {
                let instants = times.iter().filter_map(|time| instant(day, *time, zone));
                all.extend(instants.filter(|at| *at >= from && *at < until));
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn elapsed(&self, step: SignedDuration, (from, until): (Timestamp, Timestamp)) -> Vec<Timestamp> {
        let mut all = Vec::new();
        if step < SignedDuration::from_mins(15) {
            return all;
        }
        let gone = from.duration_since(self.from).as_secs() / step.as_secs();
        let mut at = self.from.checked_add(step * i32::try_from(gone).unwrap_or(i32::MAX)).ok();
        while let Some(now) = at.filter(|now| *now < until && all.len() < MOST) {
            if now >= from {
                all.push(now);
            }
            at = now.checked_add(step).ok();
        }
        all
    }
}

/// What the clock on the wall says is one instant: where it is set forward the next there is, where it is set back the first.
fn instant(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok()
}

fn falls(days: Days, first: Date, day: Date) -> bool {
    let since = |from: Date| day.since(from).map_or(-1, |span| span.get_days());
    match days {
        Days::Every(step) => since(first) >= 0 && since(first) % step.max(1) == 0,
        Days::Week(which, step) => {
            let monday = |day: Date| {
                day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).unwrap_or(day)
            };
            let weeks = monday(day).since(monday(first)).map_or(-1, |span| span.get_days() / 7);
            let at = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
            weeks >= 0 && weeks % step.max(1) == 0 && which.get(at).copied().unwrap_or(false)
        }
        Days::Month(step) => {
            let months = i32::from(day.year() - first.year()) * 12 + i32::from(day.month() - first.month());
            months >= 0 && months % step.max(1) == 0 && day.day() == first.day().min(day.days_in_month())
        }
    }
}

/// The days of the week that FHIR names.
pub(super) fn weekday(code: &str) -> Option<usize> {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    days.iter().position(|day| *day == code)
}

/// The one on which an order begins.
pub(super) fn weekday_of(at: &Zoned) -> usize {
    usize::try_from(Weekday::to_monday_zero_offset(at.weekday())).unwrap_or(0)
}

/// A dose of an order: when it is due, and from when on it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Place {
    pub(in super::super) due: Timestamp,
    pub(in super::super) missed: Timestamp,
}

/// The doses of an order's plans that are due in a window: one each moment, however many plans meet in it.
pub(in super::super) fn places(
    plans: &[Bounded],
    (from, until): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Vec<Place> {
    let beyond = until.checked_add(MISSED).unwrap_or(until);
    let mut due: Vec<Timestamp> = plans.iter().flat_map(|plan| plan.due((from, beyond), zone)).collect();
    due.sort_unstable();
    due.dedup();
    let place = |(at, due_at): (usize, &Timestamp)| {
        let limit = due_at.checked_add(MISSED).unwrap_or(*due_at);
        Place { due: *due_at, missed: due.get(at + 1).map_or(limit, |next| limit.min(*next)) }
    };
    due.iter().enumerate().map(place).filter(|place| place.due < until).collect()
}

/// How a dose that nobody recorded stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Moment {
    /// It may not be given yet.
    Later,
    /// It may be given, before its time.
    Early,
    /// It is its time.
    Due,
    /// It is late.
    Late,
    /// It is too late: the next is due, or half a day is over.
    Missed,
}

/// How a dose stands at a time.
pub(in super::super) fn moment(place: Place, now: Timestamp) -> Moment {
    let since = now.duration_since(place.due);
    if now >= place.missed {
        Moment::Missed
    } else if since < -EARLY {
        Moment::Later
    } else if since < SignedDuration::ZERO {
        Moment::Early
    } else if since <= LATE {
        Moment::Due
    } else {
        Moment::Late
    }
}

/// Which of these places something takes that was given at a time and does not say: the nearest whose time it was.
pub(in super::super) fn taken(places: &[Place], at: Timestamp) -> Option<Place> {
    let fits = |place: &&Place| !matches!(moment(**place, at), Moment::Later | Moment::Missed);
    places.iter().filter(fits).min_by_key(|place| at.duration_since(place.due).abs()).copied()
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn daily(times: &[Time], from: &str) -> Bounded {
        let plan = Plan::Times { times: times.to_vec(), days: Days::Every(1) };
        Bounded { plan, from: at(from), until: None, count: None }
    }

    #[test]
    fn a_day_on_which_the_clock_is_set_has_each_time_once() {
        let denver = zone("America/Denver");
        let plan = daily(&[time(1, 30, 0, 0), time(2, 30, 0, 0), time(8, 0, 0, 0)], "2026-01-01T00:00:00Z");
        // 8 March 2026: from 2:00 the clock says 3:00.
        let spring = plan.due((at("2026-03-08T07:00:00Z"), at("2026-03-09T06:00:00Z")), &denver);
        assert_eq!(
            spring,
            [at("2026-03-08T08:30:00Z"), at("2026-03-08T09:30:00Z"), at("2026-03-08T14:00:00Z")]
        );
        // 1 November 2026: 1:30 is twice, and the dose once.
        let autumn = plan.due((at("2026-11-01T06:00:00Z"), at("2026-11-02T07:00:00Z")), &denver);
        assert_eq!(
            autumn,
            [at("2026-11-01T07:30:00Z"), at("2026-11-01T09:30:00Z"), at("2026-11-01T15:00:00Z")]
        );
    }

    #[test]
    fn bounds_counts_days_and_weeks_are_kept() {
        let utc = TimeZone::UTC;
        let mut plan = daily(&[time(8, 0, 0, 0), time(20, 0, 0, 0)], "2026-01-01T09:00:00Z");
        plan.count = Some(3);
        let all = plan.due((at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")), &utc);
        assert_eq!(all, [at("2026-01-01T20:00:00Z"), at("2026-01-02T08:00:00Z"), at("2026-01-02T20:00:00Z")]);
        assert_eq!(plan.due((at("2026-01-02T09:00:00Z"), at("2026-02-01T00:00:00Z")), &utc), all[2..]);
        let plan = |days| Bounded {
            plan: Plan::Times { times: vec![time(8, 0, 0, 0)], days },
            from: at("2026-01-31T00:00:00Z"),
            until: Some(at("2026-04-01T00:00:00Z")),
            count: None,
        };
        let window = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let dates = |days| {
            let due = plan(days).due(window, &utc);
            due.iter().map(|at| at.to_zoned(utc.clone()).date().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(dates(Days::Month(1)), ["2026-01-31", "2026-02-28", "2026-03-31"]);
        // 31 January 2026 is a Saturday.
        let sunday = [false, false, false, false, false, false, true];
        assert_eq!(dates(Days::Week(sunday, 4)), ["2026-02-01", "2026-03-01", "2026-03-29"]);
        assert_eq!(dates(Days::Every(30)), ["2026-01-31", "2026-03-02"]);
    }

    #[test]
    fn what_is_not_recorded_goes_from_early_over_due_and_late_to_missed() {
        let plans = [daily(&[time(8, 0, 0, 0), time(14, 0, 0, 0)], "2026-01-01T00:00:00Z")];
        let day = (at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z"));
        let [morning, noon] = places(&plans, day, &TimeZone::UTC)[..] else { panic!() };
        let of = |time: &str| moment(morning, at(&format!("2026-01-02T{time}:00Z")));
        assert_eq!(
            ["06:59", "07:00", "08:00", "09:00", "09:01", "13:59", "14:00"].map(of),
            [
                Moment::Later,
                Moment::Early,
                Moment::Due,
                Moment::Due,
                Moment::Late,
                Moment::Late,
                Moment::Missed
            ]
        );
        assert_eq!(noon.missed, at("2026-01-03T02:00:00Z"), "the next is more than half a day away");
    }

    #[test]
    fn what_was_given_elsewhere_takes_the_nearest_place_whose_time_it_was() {
        let plans = [daily(&[time(8, 0, 0, 0), time(10, 0, 0, 0)], "2026-01-01T00:00:00Z")];
        let day = (at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z"));
        let places = places(&plans, day, &TimeZone::UTC);
        let of = |time: &str| taken(&places, at(&format!("2026-01-02T{time}:00Z"))).map(|place| place.due);
        assert_eq!(of("06:30"), None);
        assert_eq!(of("07:30"), Some(places[0].due));
        assert_eq!(of("09:20"), Some(places[1].due));
        assert_eq!(of("21:00"), Some(places[1].due));
        assert_eq!(taken(&places[..1], at("2026-01-02T09:20:00Z")), Some(places[0]), "the other is taken");
        assert_eq!(of("22:30"), None);
    }

    #[test]
    fn each_so_many_hours_is_counted_in_hours_that_pass() {
        let plan = Bounded {
            plan: Plan::Elapsed(SignedDuration::from_hours(5)),
            from: at("2026-03-08T00:00:00Z"),
            until: None,
            count: None,
        };
        let all = plan.due((at("2026-03-08T06:00:00Z"), at("2026-03-08T16:00:00Z")), &zone("America/Denver"));
        assert_eq!(all, [at("2026-03-08T10:00:00Z"), at("2026-03-08T15:00:00Z")]);
    }

    fn any_plan() -> impl Strategy<Value = Bounded> {
        let days = prop_oneof![
            (1..10).prop_map(Days::Every),
            (prop::array::uniform7(any::<bool>()), 1..3).prop_map(|(days, step)| Days::Week(days, step)),
            (1..4).prop_map(Days::Month),
        ];
        let times = prop::collection::btree_set(0_i8..96, 1..6);
        let plan = prop_oneof![
            (times, days).prop_map(|(quarters, days)| Plan::Times {
                times: quarters.iter().map(|at| time(at / 4, at % 4 * 15, 0, 0)).collect(),
                days,
            }),
            (1_i64..80).prop_map(|hours| Plan::Elapsed(SignedDuration::from_hours(hours))),
        ];
        // Anywhere in two years, so that the clock is set both ways.
        let from = 1_767_225_600_i64..1_830_000_000;
        (plan, from, prop::option::of(1_usize..50), prop::option::of(1_i64..500)).prop_map(
            |(plan, from, count, hours)| {
                let from = Timestamp::from_second(from).unwrap();
                let until = hours.map(|hours| from + SignedDuration::from_hours(hours));
                Bounded { plan, from, until, count }
            },
        )
    }

    proptest! {
        #[test]
        fn a_window_is_its_parts(
            plan in any_plan(),
            start in 0_i64..2_000,
            first in 1_i64..200,
            second in 1_i64..200,
            name in prop::sample::select(&["UTC", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe"][..]),
        ) {
            let zone = zone(name);
            let a = plan.from + SignedDuration::from_hours(start - 100);
            let b = a + SignedDuration::from_hours(first);
            let c = b + SignedDuration::from_hours(second);
            let whole = plan.due((a, c), &zone);
            let parts = [plan.due((a, b), &zone), plan.due((b, c), &zone)].concat();
            prop_assert_eq!(&whole, &parts);
            prop_assert!(whole.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(whole.iter().all(|at| *at >= plan.from && plan.until.is_none_or(|end| *at < end)));
            prop_assert!(plan.count.is_none_or(|count| whole.len() <= count));
        }

        #[test]
        fn every_day_has_as_many_doses_as_times(
            quarters in prop::collection::btree_set(0_i8..96, 1..6),
            day in 0_i32..700,
            name in prop::sample::select(&["America/Denver", "Europe/Berlin", "Asia/Kolkata"][..]),
        ) {
            let zone = zone(name);
            let times: Vec<Time> = quarters.iter().map(|at| time(at / 4, at % 4 * 15, 0, 0)).collect();
            let plan = daily(&times, "2025-12-01T00:00:00Z");
            let date = jiff::civil::date(2026, 1, 1).checked_add(day.days()).unwrap();
            let start = date.to_zoned(zone.clone()).unwrap().timestamp();
            let end = date.tomorrow().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
            let due = plan.due((start, end), &zone);
            // Times that are skipped are given at the next that there is, which may be one of them.
            let hours = end.duration_since(start).as_hours();
            prop_assert!(due.len() == times.len() || (hours == 23 && due.len() < times.len()));
        }

        #[test]
        fn a_dose_only_ever_gets_later(plan in any_plan(), start in 0_i64..500, steps in prop::collection::vec(1_i64..90, 1..20)) {
            let from = plan.from + SignedDuration::from_hours(start);
            let window = (from, from + SignedDuration::from_hours(72));
            for place in places(&[plan], window, &zone("America/Denver")) {
                prop_assert!(place.missed > place.due);
                let mut now = place.due - SignedDuration::from_hours(3);
                let mut last = Moment::Later;
                for step in &steps {
                    now += SignedDuration::from_mins(*step);
                    let next = moment(place, now);
                    prop_assert!(next >= last);
                    last = next;
                }
            }
        }
    }
}
