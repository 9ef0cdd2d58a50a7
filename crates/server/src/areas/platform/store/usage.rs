//! The SQL of usage. The log is behind a function that counts.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use jiff::civil::Date;
use kernel::OrganizationId;

use super::super::ops::{Reading, Terms};

/// How many people wrote a record of these types between these times.
pub(in super::super) async fn count_clinicians(
    tx: &Tx<'_>,
    organization: OrganizationId,
    types: &[i16],
    (since, until): (Timestamp, Timestamp),
) -> Result<i32, Error> {
    let rows = tx
        .query("SELECT platform.count_clinicians($1, $2, $3, $4)", &[&organization.0, &types, &since, &until])
        .await?;
    rows.first().map(|row| row.get(0)).ok_or(Error::NotFound)
}

/// What an organization had until before a time, in order.
pub(in super::super) async fn list_terms(
    tx: &Tx<'_>,
    organization: OrganizationId,
    until: Timestamp,
) -> Result<Vec<Terms>, Error> {
    let rows = tx
        .query(
            "SELECT s.since, p.plan_key, p.version, p.currency, p.base_cents, p.clinician_cents, p.module_cents, p.modules,
                    s.extra
               FROM platform.subscription s
               JOIN platform.plan p ON p.plan_key = s.plan_key AND p.version = s.plan_version
              WHERE s.organization_id = $1 AND s.since < $2 ORDER BY s.since",
            &[&organization.0, &until],
        )
        .await?;
    let terms = |row: &Row| Terms {
        since: row.get(0),
        plan: row.get(1),
        version: row.get(2),
        currency: row.get(3),
        base_cents: row.get(4),
        clinician_cents: row.get(5),
        module_cents: row.get(6),
        modules: row.get(7),
        extra: row.get(8),
    };
    Ok(rows.iter().map(terms).collect())
}

/// What was fixed of a month.
pub(in super::super) async fn find_reading(
    tx: &Tx<'_>,
    organization: OrganizationId,
    month: Date,
) -> Result<Option<Reading>, Error> {
    let rows = tx
        .query(
            "SELECT clinicians, lines, taken_at, taken_by FROM platform.reading
              WHERE organization_id = $1 AND month = $2",
            &[&organization.0, &month],
        )
        .await?;
    Ok(rows.first().map(|row| Reading {
        clinicians: row.get(0),
        // Lines that this version cannot read agree with nothing.
        lines: serde_json::from_value(row.get(1)).unwrap_or_default(),
        taken_at: row.get(2),
        taken_by: row.get(3),
    }))
}

/// Fixes a month.
pub(in super::super) async fn insert_reading(
    tx: &Tx<'_>,
    organization: OrganizationId,
    month: Date,
    reading: &Reading,
) -> Result<(), Error> {
    let lines = serde_json::json!(reading.lines);
    tx.query(
        "INSERT INTO platform.reading (organization_id, month, clinicians, lines, taken_at, taken_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[&organization.0, &month, &reading.clinicians, &lines, &reading.taken_at, &reading.taken_by],
    )
    .await
    .map(|_| ())
}
