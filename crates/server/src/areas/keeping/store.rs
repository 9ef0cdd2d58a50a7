//! What `org.organization` says of keeping, and what the database knows of proof and backup.

use db::backups::BackupState;
use db::{Error, Tx};
use jiff::Timestamp;
use kernel::OrganizationId;

/// What an organization says.
pub(super) struct Terms {
    pub(super) records_years: i32,
    pub(super) log_years: i32,
    pub(super) review_days: i32,
    pub(super) erasure_days: i32,
    pub(super) adult_years: i32,
    pub(super) version: i32,
}

/// What it says.
pub(super) async fn fetch_terms(tx: &Tx<'_>, organization: OrganizationId) -> Result<Terms, Error> {
    let rows = tx
        .query(
            "SELECT records_years, log_years, review_days, version, erasure_days, adult_years FROM org.organization WHERE organization_id = $1",
            &[&organization.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(Terms {
        records_years: row.get(0),
        log_years: row.get(1),
        review_days: row.get(2),
        version: row.get(3),
        erasure_days: row.get(4),
        adult_years: row.get(5),
    })
}

/// Gives the version now; nothing when another was named.
pub(super) async fn update_terms(tx: &Tx<'_>, was: i32, terms: &Terms) -> Result<Option<i32>, Error> {
    let rows = tx
        .query(
            "SELECT org.change_keeping($1, $2, $3, $4, $5, $6)",
            &[
                &was,
                &terms.records_years,
                &terms.log_years,
                &terms.review_days,
                &terms.erasure_days,
                &terms.adult_years,
            ],
        )
        .await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// What was sealed last of a log.
pub(super) struct Sealed {
    pub(super) events: i64,
    pub(super) at: Timestamp,
    /// Whether an event since then was written before `due` and is not sealed.
    pub(super) behind: bool,
}

/// The last signed checkpoint over the log, if there is one.
pub(super) async fn find_sealed(
    tx: &Tx<'_>,
    organization: OrganizationId,
    due: Timestamp,
) -> Result<Option<Sealed>, Error> {
    let rows = tx
        .query(
            "SELECT c.size, c.signed_at, EXISTS (SELECT 1 FROM audit.event e WHERE e.organization_id = $1
                                                    AND e.at > c.signed_at AND e.at < $2)
               FROM audit.checkpoint c WHERE c.organization_id = $1 ORDER BY c.size DESC LIMIT 1",
            &[&organization.0, &due],
        )
        .await?;
    Ok(rows.first().map(|row| Sealed { events: row.get(0), at: row.get(1), behind: row.get(2) }))
}

/// Since when the log within reach has events.
pub(super) async fn find_first_event(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<Option<Timestamp>, Error> {
    let rows = tx
        .query(
            "SELECT at FROM audit.event WHERE organization_id = $1 ORDER BY at, id LIMIT 1",
            &[&organization.0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Whether the database hands its log away as it is written, and when it last did and last failed to.
pub(super) async fn fetch_archiving(
    tx: &Tx<'_>,
) -> Result<(bool, Option<Timestamp>, Option<Timestamp>), Error> {
    let rows = tx
        .query(
            "SELECT current_setting('archive_mode') <> 'off', last_archived_time, last_failed_time FROM pg_stat_archiver",
            &[],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// When backups and rehearsals of the installation last were.
pub(super) async fn fetch_backups(tx: &Tx<'_>) -> Result<BackupState, Error> {
    let rows = tx
        .query(
            "SELECT backed_up_at, backup_tried_at, rehearsed_at, rehearsal_tried_at FROM platform.backup_state()",
            &[],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(BackupState {
        backed_up_at: row.get(0),
        backup_tried_at: row.get(1),
        rehearsed_at: row.get(2),
        rehearsal_tried_at: row.get(3),
    })
}
