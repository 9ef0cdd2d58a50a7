//! What is counted, over which time, and what of it is told to whom; pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::http::one_of;

/// The most days of one answer.
pub(super) const MOST_DAYS: i32 = 92;
/// The days, if nobody says.
pub(super) const USUAL_DAYS: i32 = 28;
/// Of few people one learns who they are: counts below this are not told to who sees no chart.
pub(super) const FEW: i64 = 5;

macro_rules! measures {
    ($($(#[doc = $doc:literal])* $name:ident = $key:literal,)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Measure {
            $($(#[doc = $doc])* $name,)*
        }

        impl Measure {
            /// In the order in which they are told.
            pub(super) const ALL: [Self; 16] = [$(Self::$name,)*];

            /// A word that never changes.
            pub(super) fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

measures! {
    /// Who is admitted at the end of the span.
    Residents = "residents",
    Admitted = "admitted",
    Discharged = "discharged",
    Falls = "incidents-fall",
    Wounds = "incidents-wound",
    Behaviours = "incidents-behaviour",
    OtherIncidents = "incidents-other",
    /// Notes that were begun.
    NotesBegun = "notes-begun",
    /// Those of them that were signed within a day.
    NotesInTime = "notes-in-time",
    /// Those of them that were not, whether they are signed by now or not.
    NotesLate = "notes-late",
    DosesGiven = "doses-given",
    /// Refused, held, not there: whatever the reason.
    DosesNotGiven = "doses-not-given",
    /// Recorded at a pass more than an hour after they were due.
    DosesLate = "doses-late",
    /// Emergency accesses that were opened.
    Emergencies = "emergencies",
    /// Bulk exports that were asked for, and reports that were taken out of the log.
    Exports = "exports",
    /// What somebody tried and was refused.
    Refusals = "refusals",
}

impl Measure {
    /// Whether it is about what happened to single residents.
    fn is_personal(self) -> bool {
        matches!(
            self,
            Self::Falls
                | Self::Wounds
                | Self::Behaviours
                | Self::OtherIncidents
                | Self::DosesNotGiven
                | Self::DosesLate
        )
    }
}

pub(super) fn measures() -> Object {
    one_of(&Measure::ALL.map(Measure::key))
}

pub(super) fn steps() -> Object {
    one_of(&["day", "week"])
}

/// How fine figures are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Day,
    /// To who sees no chart.
    Week,
}

impl Step {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    fn days(self) -> i32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }
}

/// A span of days, the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Date,
    pub(super) to: Date,
}

/// The spans of a period, the last included. Weeks are those of the calendar, from Monday on: of two that overlap one could
/// take the one from the other. Nothing for a period that there is not.
pub(super) fn spans((from, to): (Date, Date), step: Step) -> Option<Vec<Span>> {
    let days = i64::from(from.until(to).ok()?.get_days()) + 1;
    if days < 1 || days > i64::from(MOST_DAYS) {
        return None;
    }
    let mut spans = Vec::new();
    let mut last = match step {
        Step::Day => to,
        Step::Week => to.checked_add((7 - to.weekday().to_monday_one_offset()).days()).ok()?,
    };
    while last >= from {
        let first = last.checked_sub((step.days() - 1).days()).ok()?;
        spans.push(Span { from: first, to: last });
        last = first.yesterday().ok()?;
    }
    spans.reverse();
    Some(spans)
}

/// When the spans of a place begin, and when the last of them ends.
pub(super) fn bounds(spans: &[Span], zone: &TimeZone) -> Option<Vec<Timestamp>> {
    let begin = |day: Date| day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    let mut bounds = spans.iter().map(|span| begin(span.from)).collect::<Option<Vec<_>>>()?;
    bounds.push(begin(spans.last()?.to.tomorrow().ok()?)?);
    Some(bounds)
}

/// A count as it is told: few are not told of single residents to who sees no chart, and of what is out of sight nothing.
pub(super) fn told(measure: Measure, count: Option<i64>, sees_charts: bool) -> Option<i64> {
    count.filter(|count| sees_charts || !measure.is_personal() || *count == 0 || *count >= FEW)
}

/// The figures of one span.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = FiguresSpan)]
pub(super) struct SpanView {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub(super) from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub(super) to: Date,
    /// One for each of `measures`, in their order. Null: fewer than five, where `few` says that those are not told; else
    /// out of the post's sight, as `hidden` says.
    pub(super) values: Vec<Option<i64>>,
}

/// The figures of one facility.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = FiguresFacility)]
pub(super) struct FacilityView {
    pub(super) code: String,
    pub(super) name: String,
    /// An IANA name: its days are these.
    pub(super) time_zone: String,
    pub(super) spans: Vec<SpanView>,
}

/// Figures of the facilities within reach.
#[derive(Serialize, ToSchema)]
#[schema(as = HouseFigures)]
pub(super) struct Figures {
    #[schema(value_type = String, format = Date)]
    pub(super) from: Date,
    #[schema(value_type = String, format = Date)]
    pub(super) to: Date,
    #[schema(schema_with = steps)]
    pub(super) step: &'static str,
    /// When they were counted.
    pub(super) at: Timestamp,
    #[schema(schema_with = measure_list)]
    pub(super) measures: Vec<&'static str>,
    /// Those that are out of the post's sight.
    #[schema(schema_with = measure_list)]
    pub(super) hidden: Vec<&'static str>,
    /// Whether counts below five of what happens to single residents are not told.
    pub(super) few: bool,
    pub(super) facilities: Vec<FacilityView>,
    /// What is of no one facility: exports, reports and refusals of the organization as a whole.
    pub(super) elsewhere: Vec<SpanView>,
}

fn measure_list() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new().items(measures()).build()
}

/// What waits at a facility at this moment.
#[derive(Serialize, ToSchema)]
#[schema(as = FiguresNow)]
pub(super) struct Now {
    pub(super) at: Timestamp,
    /// Tasks that nobody has finished; null where tasks are out of sight.
    #[schema(required)]
    pub(super) tasks_open: Option<usize>,
    /// Those of them that were due.
    #[schema(required)]
    pub(super) tasks_overdue: Option<usize>,
    /// Doses of the last twelve hours that were due more than an hour ago, and may be given; null where medications are
    /// out of sight.
    #[schema(required)]
    pub(super) doses_late: Option<usize>,
    /// Doses of the last twelve hours that nobody recorded, and which it is too late to give.
    #[schema(required)]
    pub(super) doses_missed: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_days_or_the_whole_weeks_that_it_touches() {
        let period = (day("2026-03-01"), day("2026-03-10"));
        assert_eq!(spans(period, Step::Day).unwrap().len(), 10);
        let weeks = spans(period, Step::Week).unwrap();
        assert_eq!(
            weeks,
            [
                Span { from: day("2026-02-23"), to: day("2026-03-01") },
                Span { from: day("2026-03-02"), to: day("2026-03-08") },
                Span { from: day("2026-03-09"), to: day("2026-03-15") }
            ]
        );
        assert!(spans((day("2026-03-10"), day("2026-03-01")), Step::Day).is_none());
        assert!(spans((day("2026-01-01"), day("2026-06-01")), Step::Day).is_none());
    }

    #[test]
    fn days_begin_where_the_house_stands_also_when_clocks_change() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let spans = spans((day("2026-03-08"), day("2026-03-08")), Step::Day).unwrap();
        let bounds = bounds(&spans, &zone).unwrap();
        let hours = bounds[1].duration_since(bounds[0]).as_hours();
        assert_eq!((bounds.len(), hours), (2, 23));
    }

    #[test]
    fn few_of_what_happens_to_somebody_are_told_to_who_sees_charts_alone() {
        for (count, seen) in [(0, Some(0)), (1, None), (4, None), (5, Some(5))] {
            assert_eq!(told(Measure::Falls, Some(count), false), seen);
            assert_eq!(told(Measure::Falls, Some(count), true), Some(count));
            assert_eq!(told(Measure::Residents, Some(count), false), Some(count));
        }
        assert_eq!(told(Measure::Falls, None, true), None);
    }
}
