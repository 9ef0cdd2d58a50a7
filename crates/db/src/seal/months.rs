//! The months of the log: which are over and sealed to the last event, and how far each goes.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::Logs;
use crate::Error;

/// How long after its end a month is archived: what was written at its end is over by then.
const SETTLED: SignedDuration = SignedDuration::from_hours(24);

/// A month of the log, in UTC as its partitions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

impl Month {
    /// That of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self { first: at.to_zoned(TimeZone::UTC).date().first_of_month() }
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> Date {
        self.first
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first: self.first.checked_add(1.month()).unwrap_or(Date::MAX) }
    }

    /// The month this many years later.
    #[must_use]
    pub fn years_later(self, years: i32) -> Self {
        Self { first: self.first.checked_add(years.years()).unwrap_or(Date::MAX) }
    }

    /// When it begins.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        self.first.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl std::str::FromStr for Month {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { first: format!("{text}-01").parse()? })
    }
}

impl Logs {
    /// The months that have sealed events and are over, each with the leaves of its events by organization; the oldest
    /// first, up to the first that is not wholly sealed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn closed_months(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(Month, BTreeMap<i32, Range<u64>>)>, Error> {
        const FIRST: &str = "SELECT min(event_at) FROM audit.leaf WHERE organization_id > 0";
        const LEAVES: &str = "SELECT organization_id, min(sequence), max(sequence) + 1 FROM audit.leaf
            WHERE organization_id > 0 AND event_at >= $1 AND event_at < $2 GROUP BY organization_id";
        const UNSEALED: &str =
            "SELECT EXISTS (SELECT FROM audit.event WHERE organization_id > 0 AND at >= $1 AND at < $2
            AND xact >= (SELECT COALESCE(max(horizon), 0) FROM audit.checkpoint WHERE organization_id = 0))";
        let client = self.endpoint.connect().await?;
        let failed = Error::from_postgres;
        let first: Option<Timestamp> = client.query_one(FIRST, &[]).await.map_err(failed)?.get(0);
        let Some(first) = first else { return Ok(Vec::new()) };
        let settled = now.saturating_sub(SETTLED).unwrap_or(Timestamp::MIN);
        let (mut months, mut month) = (Vec::new(), Month::of(first));
        while month.next().begins() <= settled {
            let (from, until) = (month.begins(), month.next().begins());
            if client.query_one(UNSEALED, &[&from, &until]).await.map_err(failed)?.get(0) {
                break;
            }
            let place =
                |row: &tokio_postgres::Row, at| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
            let rows = client.query(LEAVES, &[&from, &until]).await.map_err(failed)?;
            let leaves: BTreeMap<_, _> =
                rows.iter().map(|row| (row.get(0), place(row, 1)..place(row, 2))).collect();
            if !leaves.is_empty() {
                months.push((month, leaves));
            }
            month = month.next();
        }
        Ok(months)
    }

    /// Whether events of this month are still in the database.
    ///
    /// # Errors
    /// As any statement.
    pub async fn has_events(&self, month: Month) -> Result<bool, Error> {
        let sql =
            "SELECT EXISTS (SELECT FROM audit.event WHERE organization_id > 0 AND at >= $1 AND at < $2)";
        let client = self.endpoint.connect().await?;
        let row = client.query_one(sql, &[&month.begins(), &month.next().begins()]).await;
        Ok(row.map_err(Error::from_postgres)?.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_a_name_a_beginning_and_a_next() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(Month::of("2026-12-31T23:59:59.999999Z".parse().unwrap()), month);
        assert_eq!((month.to_string(), month.next().to_string()), ("2026-12".into(), "2027-01".into()));
        assert_eq!(month.begins().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(month.years_later(6).to_string(), "2032-12");
        assert!("2026-13".parse::<Month>().is_err() && "2026-1-".parse::<Month>().is_err());
    }
}
