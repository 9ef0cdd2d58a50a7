//! One unit of work of an import: a bundle or a run of lines, written whole or not at all.

use std::time::Duration;

use chart::{Error, ImportReport, Imported};
use eyre::{Report, eyre};
use serde::Serialize;

/// How often a unit is tried while the database is away: the pauses add up to half a minute, in which a private
/// PostgreSQL that died is back.
const TRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How often when two units meet.
const MEETINGS: u32 = 4;

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) kept: u64,
    pub(super) refused: u64,
}

impl Counts {
    pub(super) fn add(&mut self, report: &ImportReport) {
        for record in &report.records {
            match record.outcome {
                Imported::Created => self.created += 1,
                Imported::Updated => self.updated += 1,
                Imported::Unchanged => self.unchanged += 1,
                Imported::Kept => self.kept += 1,
                Imported::Refused(_) => self.refused += 1,
            }
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.kept + self.refused
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { created, updated, unchanged, kept, refused } = self;
        write!(
            f,
            "{created} created, {updated} updated, {unchanged} unchanged, {kept} kept, {refused} refused"
        )
    }
}

/// Why a unit was not imported.
pub(super) enum Failure {
    /// It is its own fault; others may go on.
    Refused(Error),
    /// Nothing can be imported now.
    Stop(Report),
}

/// Imports a unit, trying again while the database is away or two writers met. That is safe: a unit is written in
/// transactions of up to 2,000 records, and what was imported already is found unchanged.
pub(super) async fn import<F>(mut attempt: impl FnMut() -> F) -> Result<ImportReport, Failure>
where
    F: Future<Output = Result<ImportReport, Error>>,
{
    let mut pause = FIRST_PAUSE;
    for tried in 1..TRIES {
        match attempt().await {
            Err(Error::Db(error)) if error.is_transient() || (tried < MEETINGS && is_meeting(&error)) => {
                tracing::warn!(%error, ?pause, "trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(8));
            }
            other => return other.map_err(Failure::of),
        }
    }
    attempt().await.map_err(Failure::of)
}

/// Two units brought the same record, such as a practitioner, at the same time: tried again, the later one finds it.
fn is_meeting(error: &db::Error) -> bool {
    matches!(error, db::Error::Conflict | db::Error::Constraint(_))
}

impl Failure {
    fn of(error: Error) -> Self {
        let db = match &error {
            Error::Db(db) => db,
            _ => return Self::Refused(error),
        };
        match db {
            // Of a damaged record the store has told the log which it is; the others are not its fault.
            db::Error::Conflict
            | db::Error::Constraint(_)
            | db::Error::NotFound
            | db::Error::Erased
            | db::Error::Seal(_) => Self::Refused(error),
            db::Error::Unavailable("out of resources") => Self::Stop(eyre!(
                "PostgreSQL is out of disk space, memory or connections; what was reported is written, the rest is \
                 not. Make room and run the command again: it goes on where it stopped"
            )),
            db if db.is_transient() => Self::Stop(eyre!(
                "{db}; what was reported is written, the rest is not. See that PostgreSQL runs and has room on its \
                 disk, and run the command again: it goes on where it stopped"
            )),
            db => Self::Stop(eyre!("{db}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_database_that_comes_back_is_waited_for() {
        let mut tried = 0;
        let report = import(|| {
            tried += 1;
            let answer = if tried < 4 { Err(db::Error::Timeout.into()) } else { Ok(ImportReport::default()) };
            async move { answer }
        });
        assert!(report.await.is_ok());
        assert_eq!(tried, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_stays_away_stops_everything_and_a_bad_unit_only_itself() {
        let away = import(|| async { Err(db::Error::Unavailable("out of resources").into()) }).await;
        assert!(matches!(away, Err(Failure::Stop(report)) if report.to_string().contains("disk space")));
        let bad = import(|| async { Err(Error::Request(422, "no")) }).await;
        assert!(matches!(bad, Err(Failure::Refused(_))));
    }
}
