//! What the database notes of backups and of their rehearsals (ADR 0037), and what a backup asks of the server.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{Db, Endpoint, Error, Operator};

/// What of a database never becomes fewer, and is counted before a backup.
const COUNTS: [(&str, &str); 6] = [
    ("audit.event", "SELECT count(organization_id) FROM audit.event"),
    ("audit.subject", "SELECT count(organization_id) FROM audit.subject"),
    ("audit.leaf", "SELECT count(organization_id) FROM audit.leaf"),
    ("audit.checkpoint", "SELECT count(organization_id) FROM audit.checkpoint"),
    ("chart.resource", "SELECT count(organization_id) FROM chart.resource"),
    ("chart.resource_version", "SELECT count(organization_id) FROM chart.resource_version"),
];

/// Who backs up or rehearses holds this lock: one of an installation at a time.
const LOCK: i64 = 7_310_498_204;

/// A complete backup.
pub struct Taken<'a> {
    /// Its name in the repository.
    pub label: &'a str,
    /// `full` or `differential`.
    pub kind: &'a str,
    /// What it takes.
    pub bytes: u64,
}

/// How a rehearsal ended.
pub struct Rehearsal<'a> {
    /// Its id, the same in every database of the installation.
    pub id: Uuid,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Of which backup.
    pub label: Option<&'a str>,
    /// `passed`, `faults` or `failed`.
    pub outcome: &'a str,
    /// What was looked at and found, as JSON.
    pub report: &'a str,
}

/// How many rows were noted before a backup, and are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The table.
    pub name: &'static str,
    /// Before the backup; nothing where that was not counted then.
    pub noted: Option<i64>,
    /// Here.
    pub found: i64,
}

/// When backups and rehearsals last were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupState {
    /// The last complete backup.
    pub backed_up_at: Option<Timestamp>,
    /// The last one that ended, complete or not.
    pub backup_tried_at: Option<Timestamp>,
    /// The last rehearsal that passed.
    pub rehearsed_at: Option<Timestamp>,
    /// The last one that ended, passed or not.
    pub rehearsal_tried_at: Option<Timestamp>,
}

/// What is done every night and is older was missed.
const STALE: SignedDuration = SignedDuration::from_hours(25);

/// Whether something that is to be done every night is.
fn is_current(done: Option<Timestamp>, tried: Option<Timestamp>, now: Timestamp) -> Option<bool> {
    tried?;
    Some(done >= tried && done.is_some_and(|done| now.duration_since(done) <= STALE))
}

impl BackupState {
    /// Whether the last backup is complete and of the last night; nothing where none was ever taken.
    #[must_use]
    pub fn backup(&self, now: Timestamp) -> Option<bool> {
        is_current(self.backed_up_at, self.backup_tried_at, now)
    }

    /// Whether the last rehearsal passed and is of the last night; nothing where there was none.
    #[must_use]
    pub fn rehearsal(&self, now: Timestamp) -> Option<bool> {
        is_current(self.rehearsed_at, self.rehearsal_tried_at, now)
    }
}

impl Db {
    /// When backups and rehearsals last were.
    ///
    /// # Errors
    /// As any statement.
    pub async fn backup_state(&self) -> Result<BackupState, Error> {
        let sql = "SELECT backed_up_at, backup_tried_at, rehearsed_at, rehearsal_tried_at FROM platform.backup_state()";
        let rows = self.as_program(sql).await?;
        Ok(rows.first().map(backup_state).unwrap_or_default())
    }
}

fn backup_state(row: &tokio_postgres::Row) -> BackupState {
    BackupState {
        backed_up_at: row.get(0),
        backup_tried_at: row.get(1),
        rehearsed_at: row.get(2),
        rehearsal_tried_at: row.get(3),
    }
}

impl Operator {
    /// Whether this login may back up or rehearse now: while it lasts no other may.
    ///
    /// # Errors
    /// As any statement.
    pub async fn takes_backups(&self) -> Result<bool, Error> {
        let sql = "SELECT pg_try_advisory_lock($1)";
        let row = self.client.query_one(sql, &[&LOCK]).await.map_err(Error::from_postgres)?;
        Ok(row.get(0))
    }

    /// Notes that a backup begins, and how many rows there are now.
    ///
    /// # Errors
    /// As any statement, also when the login may not act as `lamplight_backup`.
    pub async fn begin_backup(&mut self, backup: Uuid) -> Result<(), Error> {
        let now = self.world.now();
        self.noted(backup, now).await.map_err(Error::from_postgres)
    }

    async fn noted(&mut self, backup: Uuid, now: Timestamp) -> Result<(), tokio_postgres::Error> {
        let tx =
            self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
        let counts = count(&tx).await?;
        tx.execute("INSERT INTO platform.backup (backup_id, began_at) VALUES ($1, $2)", &[&backup, &now])
            .await?;
        for (name, rows) in counts {
            let sql = "INSERT INTO platform.backup_count (backup_id, name, rows) VALUES ($1, $2, $3)";
            tx.execute(sql, &[&backup, &name, &rows]).await?;
        }
        tx.commit().await
    }

    /// Notes how a backup ended: complete, or not.
    ///
    /// # Errors
    /// As any statement.
    pub async fn end_backup(&self, backup: Uuid, taken: Option<&Taken<'_>>) -> Result<(), Error> {
        let bytes = taken.map(|taken| i64::try_from(taken.bytes).unwrap_or(i64::MAX));
        let (label, kind) = (taken.map(|taken| taken.label), taken.map(|taken| taken.kind));
        let sql =
            "UPDATE platform.backup SET ended_at = greatest($2, began_at), label = $3, kind = $4, bytes = $5
                    WHERE backup_id = $1";
        let now = self.world.now();
        self.client
            .execute(sql, &[&backup, &now, &label, &kind, &bytes])
            .await
            .map_err(Error::from_postgres)?;
        Ok(())
    }

    /// The complete backup of this name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn backup_labelled(&self, label: &str) -> Result<Option<Uuid>, Error> {
        let sql = "SELECT backup_id FROM platform.backup WHERE label = $1 ORDER BY began_at DESC LIMIT 1";
        let row = self.client.query_opt(sql, &[&label]).await.map_err(Error::from_postgres)?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Counts, and compares with what was noted before this backup, or before the last one that is noted here. `None` where
    /// that was never noted here.
    ///
    /// # Errors
    /// As any statement.
    pub async fn compare_counts(&mut self, backup: Option<Uuid>) -> Result<Option<Vec<Count>>, Error> {
        self.compared(backup).await.map_err(Error::from_postgres)
    }

    async fn compared(&mut self, backup: Option<Uuid>) -> Result<Option<Vec<Count>>, tokio_postgres::Error> {
        let tx =
            self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
        let sql = "SELECT backup_id FROM platform.backup WHERE $1::uuid IS NULL OR backup_id = $1
                    ORDER BY began_at DESC LIMIT 1";
        let Some(row) = tx.query_opt(sql, &[&backup]).await? else { return Ok(None) };
        let sql = "SELECT name, rows FROM platform.backup_count WHERE backup_id = $1";
        let noted = tx.query(sql, &[&row.get::<_, Uuid>(0)]).await?;
        let found = count(&tx).await?;
        tx.commit().await?;
        let of = |name: &str| noted.iter().find(|row| row.get::<_, &str>(0) == name).map(|row| row.get(1));
        Ok(Some(found.into_iter().map(|(name, found)| Count { name, noted: of(name), found }).collect()))
    }

    /// Notes a rehearsal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn record_rehearsal(&self, done: &Rehearsal<'_>) -> Result<(), Error> {
        let sql = "INSERT INTO platform.rehearsal (rehearsal_id, began_at, ended_at, label, outcome, report)
                   VALUES ($1, $2::timestamptz, greatest($3::timestamptz, $2::timestamptz), $4, $5, $6::text::jsonb)";
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&done.id, &done.began, &done.ended, &done.label, &done.outcome, &done.report];
        self.client.execute(sql, &parameters).await.map_err(Error::from_postgres)?;
        Ok(())
    }
}

/// Counts under the role that may count; afterwards the operator's is at work again.
async fn count(
    tx: &tokio_postgres::Transaction<'_>,
) -> Result<Vec<(&'static str, i64)>, tokio_postgres::Error> {
    tx.batch_execute("SET LOCAL ROLE lamplight_backup").await?;
    let mut counts = Vec::with_capacity(COUNTS.len());
    for (name, sql) in COUNTS {
        counts.push((name, tx.query_one(sql, &[]).await?.get(0)));
    }
    tx.batch_execute("SET LOCAL ROLE lamplight_operator").await?;
    Ok(counts)
}

/// Whether the server hands its log away as it is written.
///
/// # Errors
/// As any statement.
pub async fn is_archiving(owner: &Endpoint) -> Result<bool, Error> {
    let client = owner.connect().await?;
    let sql = "SELECT current_setting('archive_mode') <> 'off'";
    Ok(client.query_one(sql, &[]).await.map_err(Error::from_postgres)?.get(0))
}

/// Ends the present part of the server's log, so that it is archived; gives its name.
///
/// # Errors
/// As any statement; the owner's login must be a superuser's.
pub async fn switch_log(owner: &Endpoint) -> Result<String, Error> {
    let client = owner.connect().await?;
    // Where nothing was written since the last switch there is nothing to switch: then the part before is the last.
    let sql = "SELECT pg_walfile_name(pg_switch_wal())";
    Ok(client.query_one(sql, &[]).await.map_err(Error::from_postgres)?.get(0))
}

/// Whether this part of the log, or a later one, has been archived.
///
/// # Errors
/// As any statement.
pub async fn is_archived(owner: &Endpoint, name: &str) -> Result<bool, Error> {
    let client = owner.connect().await?;
    let sql = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver";
    Ok(client.query_one(sql, &[&name]).await.map_err(Error::from_postgres)?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_or_was_missed_is_not_current() {
        let hour = |hour: i64| Timestamp::from_second(hour * 3600).ok();
        let at = |done, tried, now: i64| is_current(done, tried, hour(now).unwrap());
        assert_eq!(at(None, None, 1), None, "there never was one");
        assert_eq!(at(None, hour(1), 2), Some(false), "it failed");
        assert_eq!(at(hour(1), hour(1), 2), Some(true));
        assert_eq!(at(hour(1), hour(3), 4), Some(false), "the last one failed");
        assert_eq!(at(hour(1), hour(1), 27), Some(false), "it is old");
    }
}
