//! Until when a record is kept, and the words of this area.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How long an organization keeps records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Years after the last entry.
    pub(super) records_years: i32,
    /// With how many years somebody is of age.
    pub(super) adult_years: i32,
    /// Days from an approval to its erasure.
    pub(super) erasure_days: i32,
}

/// Until when a record is kept whose last entry was then: years after that, and of somebody who was not of age, years after
/// they came of age (42 CFR 483.70(h)(4)). `None` beyond what a calendar knows, which is for ever.
pub(super) fn kept_until(terms: Terms, last_entry: Timestamp, born: Option<Date>) -> Option<Timestamp> {
    let adult = born
        .and_then(|born| born.checked_add(Span::new().years(terms.adult_years)).ok())
        .and_then(|adult| adult.to_zoned(TimeZone::UTC).ok())
        .map(|adult| adult.timestamp());
    let from = adult.map_or(last_entry, |adult| adult.max(last_entry));
    let until = from.to_zoned(TimeZone::UTC).checked_add(Span::new().years(terms.records_years)).ok()?;
    Some(until.timestamp())
}

/// For which matter a record is held.
pub(super) const KINDS: [&str; 4] = ["litigation", "investigation", "audit", "other"];
/// Why a record is restricted (GDPR, art. 18; 45 CFR 164.522): asked for, its accuracy contested, processed unlawfully, needed
/// for claims, objected to. `erasure` is set by an approval.
pub(super) const RESTRICTIONS: [&str; 5] = ["request", "accuracy", "unlawful", "claims", "objection"];
/// Why a record is restricted, as it is told.
pub(super) const TOLD_RESTRICTIONS: [&str; 6] =
    ["request", "accuracy", "unlawful", "claims", "objection", "erasure"];
/// Why a record is erased: asked for by the patient or who speaks for them, its time is over, entered by mistake, ordered.
pub(super) const ERASURES: [&str; 4] = ["request", "kept-long-enough", "error", "order"];
/// Why a record is erased, as it is told; `ledger`: again, in a copy of the data that knew nothing of it.
pub(super) const TOLD_ERASURES: [&str; 5] = ["request", "kept-long-enough", "error", "order", "ledger"];
/// How far an erasure is.
pub(super) const STATES: [&str; 7] =
    ["asked", "approved", "erasing", "done", "refused", "withdrawn", "stopped"];
/// What stands in the way of one.
pub(super) const OBSTACLES: [&str; 3] = ["hold", "time", "merged"];

/// The word of ours that was given.
pub(super) fn known<const N: usize>(words: [&'static str; N], given: &str) -> Option<&'static str> {
    words.into_iter().find(|word| *word == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { records_years: 5, adult_years: 18, erasure_days: 7 };

    fn until(last: &str, born: Option<&str>) -> String {
        let born = born.map(|born| born.parse().unwrap());
        let until = kept_until(TERMS, last.parse().unwrap(), born).unwrap();
        until.to_zoned(TimeZone::UTC).date().to_string()
    }

    #[test]
    fn a_record_is_kept_for_years_after_its_last_entry() {
        assert_eq!(until("2026-03-01T10:00:00Z", None), "2031-03-01");
        assert_eq!(until("2026-03-01T10:00:00Z", Some("1940-05-06")), "2031-03-01");
    }

    #[test]
    fn of_a_minor_for_years_after_they_came_of_age() {
        assert_eq!(until("2026-03-01T10:00:00Z", Some("2016-05-06")), "2039-05-06");
        // Born on a leap day.
        assert_eq!(until("2026-03-01T10:00:00Z", Some("2020-02-29")), "2043-02-28");
    }

    #[test]
    fn a_word_that_is_not_known_is_none() {
        assert_eq!(known(KINDS, "audit"), Some("audit"));
        assert_eq!(known(KINDS, "Audit"), None);
    }
}
