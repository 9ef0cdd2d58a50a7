//! What a month costs. Pure: the same log and the same subscriptions give the same account.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an organization had from a time on.
pub(in super::super) struct Terms {
    pub(in super::super) since: Timestamp,
    pub(in super::super) plan: String,
    pub(in super::super) version: i32,
    pub(in super::super) currency: String,
    pub(in super::super) base_cents: i64,
    pub(in super::super) clinician_cents: i64,
    pub(in super::super) module_cents: i64,
    pub(in super::super) modules: Vec<String>,
    pub(in super::super) extra: Vec<String>,
}

/// One line of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UsageLine)]
pub(in super::super) struct Line {
    /// `base`, `clinicians` or `modules`.
    pub(in super::super) what: String,
    pub(in super::super) plan: String,
    pub(in super::super) plan_version: i32,
    /// On how many days of the month.
    pub(in super::super) days: i64,
    pub(in super::super) of_days: i64,
    pub(in super::super) quantity: i64,
    /// A month's, for one.
    pub(in super::super) unit_cents: i64,
    pub(in super::super) cents: i64,
    /// ISO 4217.
    pub(in super::super) currency: String,
}

/// A month, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Month(Date);

impl Month {
    /// `YYYY-MM`.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let (year, month) = text.split_once('-').filter(|(year, _)| plain && year.len() == 4)?;
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        (2000..=9000).contains(&first.year()).then_some(Self(first))
    }

    /// Its first day.
    pub(in super::super) fn first(self) -> Date {
        self.0
    }

    fn next(self) -> Date {
        self.0.checked_add(Span::new().months(1)).unwrap_or(self.0)
    }

    /// From when on, and until before when.
    pub(in super::super) fn bounds(self) -> (Timestamp, Timestamp) {
        (midnight(self.0), midnight(self.next()))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The lines of a month. A day costs what the terms in force at its end cost; each line is a month's price times its days
/// over the days of the month, rounded half up to whole cents. `terms` are in order of time.
pub(in super::super) fn account(month: Month, terms: &[Terms], clinicians: i32) -> Vec<Line> {
    let of_days = i64::from(month.first().days_in_month());
    let mut days = vec![0_i64; terms.len()];
    let mut day = month.first();
    while day < month.next() {
        let end = day.tomorrow().map_or(Timestamp::MAX, midnight);
        if let Some(index) = terms.iter().rposition(|terms| terms.since < end) {
            days[index] += 1;
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    let mut lines = Vec::new();
    for (terms, days) in terms.iter().zip(days).filter(|(_, days)| *days > 0) {
        let beside = terms.extra.iter().filter(|module| !terms.modules.contains(module)).count();
        for (what, quantity, unit_cents) in [
            ("base", 1, terms.base_cents),
            ("clinicians", i64::from(clinicians), terms.clinician_cents),
            ("modules", i64::try_from(beside).unwrap_or(0), terms.module_cents),
        ] {
            if quantity == 0 && what == "modules" {
                continue;
            }
            lines.push(Line {
                what: what.to_owned(),
                plan: terms.plan.clone(),
                plan_version: terms.version,
                days,
                of_days,
                quantity,
                unit_cents,
                cents: (unit_cents * quantity * days + of_days / 2) / of_days,
                currency: terms.currency.clone(),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(since: &str, base: i64, clinician: i64, extra: &[&str]) -> Terms {
        Terms {
            since: since.parse().unwrap(),
            plan: "pro".to_owned(),
            version: 1,
            currency: "USD".to_owned(),
            base_cents: base,
            clinician_cents: clinician,
            module_cents: 1_000,
            modules: vec!["api".to_owned()],
            extra: extra.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    fn cents(month: &str, all: &[Terms], clinicians: i32) -> Vec<(String, i64, i64)> {
        let lines = account(Month::parse(month).unwrap(), all, clinicians);
        lines.into_iter().map(|line| (line.what, line.days, line.cents)).collect()
    }

    #[test]
    fn a_month_is_four_digits_and_two() {
        assert_eq!(Month::parse("2026-02").unwrap().to_string(), "2026-02");
        for text in ["2026-13", "2026-2", "2026", "", "2026-02-01", "26-02-1", "-026-02", "99999-1"] {
            assert!(Month::parse(text).is_none(), "{text}");
        }
        let (since, until) = Month::parse("2024-02").unwrap().bounds();
        assert_eq!(
            (since.to_string(), until.to_string()),
            ("2024-02-01T00:00:00Z".into(), "2024-03-01T00:00:00Z".into())
        );
    }

    #[test]
    fn a_whole_month_costs_a_months_price() {
        let all = [terms("2025-01-01T12:00:00Z", 9_900, 4_900, &["api", "sms"])];
        let base = ("base".to_owned(), 31, 9_900);
        let modules = ("modules".to_owned(), 31, 1_000);
        assert_eq!(cents("2026-01", &all, 3), [base, ("clinicians".to_owned(), 31, 14_700), modules]);
    }

    #[test]
    fn a_change_is_charged_by_days_and_a_cent_is_whole() {
        // The day of the change costs what was in force at its end; two changes on one day are one.
        let all = [
            terms("2026-02-01T00:00:00Z", 100, 0, &[]),
            terms("2026-02-10T23:59:59Z", 200, 0, &[]),
            terms("2026-02-20T08:00:00Z", 300, 0, &[]),
            terms("2026-02-20T09:00:00Z", 400, 0, &[]),
        ];
        let base: Vec<_> = cents("2026-02", &all, 0).into_iter().filter(|line| line.0 == "base").collect();
        // 9 of 28 days of 100 is 32.14; 10 of 200 is 71.43; 9 of 400 is 128.57.
        let expected = [(9, 32), (10, 71), (9, 129)].map(|(days, cents)| ("base".to_owned(), days, cents));
        assert_eq!(base, expected);
        assert!(cents("2026-01", &all, 5).is_empty(), "nothing before there was anything");
        // Half a cent goes up.
        let half = [terms("2026-06-16T00:00:00Z", 1, 0, &[])];
        assert_eq!(cents("2026-06", &half, 0)[0], ("base".to_owned(), 15, 1));
    }
}
