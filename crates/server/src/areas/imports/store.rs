//! Rows of `ops.import`, `ops.import_row` and `ops.import_mapping`.

use db::{Credential, Ctx, Error, Event, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, PersonId, ResourceId, Version};
use uuid::Uuid;

use super::model::{Comparison, Mapped, State};

/// An import as it stands, without its file.
#[derive(Clone, Debug)]
pub(super) struct Import {
    pub(super) import: Uuid,
    pub(super) facility: FacilityId,
    pub(super) kind: String,
    pub(super) kept: bool,
    pub(super) rows: i32,
    pub(super) headings: Vec<u8>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) dates: Option<String>,
    pub(super) source: Option<String>,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) reached: i32,
    pub(super) compared: serde_json::Value,
    pub(super) claim: Option<Uuid>,
    pub(super) created_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) kept_until: Timestamp,
    /// The name of the post that sent it or worked on it last.
    pub(super) by: Option<String>,
    pub(super) facility_name: Option<String>,
    pub(super) time_zone: Option<String>,
}

macro_rules! import {
    ($condition:literal) => {
        concat!(
            "SELECT i.import_id, i.facility_id, i.kind, i.sheet IS NOT NULL, i.rows, i.headings, i.fields, i.dates, i.source,
                    i.state, i.reason, i.reached, i.compared, i.claim, i.created_at, i.finished_at, i.kept_until, m.name,
                    f.name, f.time_zone
               FROM ops.import i
               LEFT JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = i.membership_id
               LEFT JOIN org.facility f ON f.organization_id = $1 AND f.facility_id = i.facility_id
              WHERE i.organization_id = $1 ",
            $condition
        )
    };
}

fn import(row: &db::Row) -> Import {
    Import {
        import: row.get(0),
        facility: FacilityId(row.get(1)),
        kind: row.get(2),
        kept: row.get(3),
        rows: row.get(4),
        headings: row.get(5),
        fields: row.get(6),
        dates: row.get(7),
        source: row.get(8),
        state: row.get(9),
        reason: row.get(10),
        reached: row.get(11),
        compared: row.get(12),
        claim: row.get(13),
        created_at: row.get(14),
        finished_at: row.get(15),
        kept_until: row.get(16),
        by: row.get(17),
        facility_name: row.get(18),
        time_zone: row.get(19),
    }
}

/// An import to be.
pub(super) struct New<'a> {
    pub(super) import: Uuid,
    pub(super) facility: FacilityId,
    pub(super) kind: &'a str,
    pub(super) sheet: &'a [u8],
    pub(super) rows: i32,
    pub(super) headings: &'a [u8],
    pub(super) person: Option<PersonId>,
    pub(super) now: Timestamp,
    pub(super) kept_until: Timestamp,
}

type By = (Option<i32>, Option<Uuid>, Option<Vec<u8>>);

/// By what the caller asks: a person, a token, an access token.
fn by(ctx: &Ctx, person: Option<PersonId>) -> By {
    match ctx.credential() {
        Some(Credential::Token(token)) => (None, Some(token.0), None),
        Some(Credential::Access(digest)) => (None, None, Some(digest.to_vec())),
        None => (person.map(|person| person.0), None, None),
    }
}

/// Writes one down with its event, and commits.
pub(super) async fn insert(tx: &Tx<'_>, new: &New<'_>, event: Event) -> Result<(), Error> {
    let ctx = tx.ctx();
    let (person, token, access) = by(ctx, new.person);
    let purpose = ctx.request().purpose.code();
    tx.last_audited(
        "INSERT INTO ops.import (organization_id, facility_id, import_id, membership_id, person_id, token_id, access, request_id,
                                 purpose, kind, sheet, rows, headings, created_at, kept_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            &ctx.organization().0,
            &new.facility.0,
            &new.import,
            &ctx.membership().0,
            &person,
            &token,
            &access,
            &ctx.request().id.0,
            &purpose,
            &new.kind,
            &new.sheet,
            &new.rows,
            &new.headings,
            &new.now,
            &new.kept_until,
        ],
        event,
    )
    .await
    .map(|_| ())
}

/// An import within reach.
pub(super) async fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Import>, Error> {
    let rows = tx.query(import!("AND i.import_id = $2"), &[&tx.ctx().organization().0, &id]).await?;
    Ok(rows.first().map(import))
}

/// Those within reach, newest first.
pub(super) async fn list(tx: &Tx<'_>) -> Result<Vec<Import>, Error> {
    let rows = tx
        .query(import!("ORDER BY i.created_at DESC, i.import_id LIMIT 50"), &[&tx.ctx().organization().0])
        .await?;
    Ok(rows.iter().map(import).collect())
}

/// The sealed file.
pub(super) async fn find_sheet(tx: &Tx<'_>, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
    let rows = tx
        .query(
            "SELECT sheet FROM ops.import WHERE organization_id = $1 AND import_id = $2",
            &[&tx.ctx().organization().0, &id],
        )
        .await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// Puts it to work in the caller's name; whether it stood where this begins. [`Error::Constraint`] `import_busy` when another
/// is worked on.
pub(super) async fn begin(
    tx: &Tx<'_>,
    id: Uuid,
    (from, to): (&[State], State),
    mapped: Option<&Mapped>,
    person: Option<PersonId>,
    kept_until: Option<Timestamp>,
) -> Result<bool, Error> {
    let ctx = tx.ctx();
    let (person, token, access) = by(ctx, person);
    let from: Vec<&str> = from.iter().map(|state| state.key()).collect();
    let (fields, dates, source) = mapped
        .map(|mapped| (mapped.keys(), mapped.dates.key(), mapped.source.as_str()))
        .map_or((None, None, None), |(fields, dates, source)| (Some(fields), Some(dates), Some(source)));
    let rows = tx
        .query(
            "UPDATE ops.import
                SET state = $4, reason = NULL, compared = CASE WHEN $4 = 'checking' THEN '{}' ELSE compared END,
                    reached = CASE WHEN $4 <> 'running' THEN 0 ELSE coalesce((
                        SELECT max(r.number) FROM ops.import_row r
                         WHERE r.organization_id = $1 AND r.import_id = $2 AND r.planned AND r.version IS NOT NULL), 0) END,
                    locked_until = NULL, attempts = 0, finished_at = NULL,
                    fields = coalesce($5, fields), dates = coalesce($6, dates), source = coalesce($7, source),
                    membership_id = $8, person_id = $9, token_id = $10, access = $11, request_id = $12, purpose = $13,
                    kept_until = coalesce($14, kept_until)
              WHERE organization_id = $1 AND import_id = $2 AND state = ANY ($3) AND sheet IS NOT NULL RETURNING 1",
            &[
                &ctx.organization().0,
                &id,
                &from,
                &to.key(),
                &fields,
                &dates,
                &source,
                &ctx.membership().0,
                &person,
                &token,
                &access,
                &ctx.request().id.0,
                &ctx.request().purpose.code(),
                &kept_until,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Remembers what columns under such headings are.
pub(super) async fn remember(
    tx: &Tx<'_>,
    (kind, headings): (&str, &[u8]),
    mapped: &Mapped,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO ops.import_mapping (organization_id, kind, headings, fields, dates, source, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (organization_id, kind, headings)
         DO UPDATE SET fields = EXCLUDED.fields, dates = EXCLUDED.dates, source = EXCLUDED.source, used_at = EXCLUDED.used_at",
        &[
            &tx.ctx().organization().0,
            &kind,
            &headings,
            &mapped.keys(),
            &mapped.dates.key(),
            &mapped.source,
            &now,
        ],
    )
    .await
    .map(|_| ())
}

/// What they were said to be the last time.
pub(super) async fn remembered(tx: &Tx<'_>, kind: &str, headings: &[u8]) -> Result<Option<Mapped>, Error> {
    let rows = tx
        .query(
            "SELECT fields, dates, source FROM ops.import_mapping
              WHERE organization_id = $1 AND kind = $2 AND headings = $3",
            &[&tx.ctx().organization().0, &kind, &headings],
        )
        .await?;
    let mapped = |row: &db::Row| {
        let fields: Vec<String> = row.get(0);
        Mapped::of(&fields, row.get(1), row.get(2))
    };
    Ok(rows.first().map(mapped))
}

/// Forgets an import that brought nothing; whether it did not.
pub(super) async fn discard(tx: &Tx<'_>, id: Uuid, now: Timestamp) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE ops.import SET sheet = NULL, kept_until = $3
              WHERE organization_id = $1 AND import_id = $2 AND state NOT IN ('checking', 'running', 'undoing') RETURNING 1",
            &[&tx.ctx().organization().0, &id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A row of the file, as it is written down.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) number: i32,
    pub(super) outcome: String,
    pub(super) faults: Vec<String>,
    pub(super) resource: Option<Uuid>,
    pub(super) before: Option<i32>,
    pub(super) alike: Vec<Uuid>,
    pub(super) differs: Vec<String>,
    pub(super) undone: Option<String>,
}

/// Forgets what an earlier check said of the rows.
pub(super) async fn forget_lines(tx: &Tx<'_>, id: Uuid) -> Result<(), Error> {
    tx.query(
        "DELETE FROM ops.import_row WHERE organization_id = $1 AND import_id = $2",
        &[&tx.ctx().organization().0, &id],
    )
    .await
    .map(|_| ())
}

/// Writes down what is to become of rows. What the run itself planned stays: it may have happened already.
pub(super) async fn plan(
    tx: &Tx<'_>,
    (id, facility): (Uuid, FacilityId),
    line: &Line,
    by_run: bool,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO ops.import_row (organization_id, facility_id, import_id, number, outcome, faults, resource_id, before_version,
                                     alike, planned)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (organization_id, import_id, number)
         DO UPDATE SET outcome = EXCLUDED.outcome, faults = EXCLUDED.faults, resource_id = EXCLUDED.resource_id,
                       before_version = EXCLUDED.before_version, planned = EXCLUDED.planned,
                       alike = CASE WHEN EXCLUDED.planned THEN import_row.alike ELSE EXCLUDED.alike END
          WHERE NOT import_row.planned",
        &[
            &tx.ctx().organization().0,
            &facility.0,
            &id,
            &line.number,
            &line.outcome,
            &line.faults,
            &line.resource,
            &line.before,
            &line.alike,
            &by_run,
        ],
    )
    .await
    .map(|_| ())
}

/// Writes down what a row came to.
pub(super) async fn settle(
    tx: &Tx<'_>,
    id: Uuid,
    number: i32,
    version: Option<Version>,
    differs: &[&str],
) -> Result<(), Error> {
    tx.query(
        "UPDATE ops.import_row SET version = CASE outcome WHEN 'changed' THEN before_version + 1 ELSE $4 END, differs = $5
          WHERE organization_id = $1 AND import_id = $2 AND number = $3 AND outcome <> 'fault'",
        &[&tx.ctx().organization().0, &id, &number, &version.map(|version| version.0), &differs],
    )
    .await
    .map(|_| ())
}

/// Writes down that a row was refused when it was to be written.
pub(super) async fn refuse(tx: &Tx<'_>, id: Uuid, number: i32, fault: &str) -> Result<(), Error> {
    tx.query(
        "UPDATE ops.import_row SET outcome = 'fault', faults = ARRAY[$4], resource_id = NULL
          WHERE organization_id = $1 AND import_id = $2 AND number = $3 AND version IS NULL",
        &[&tx.ctx().organization().0, &id, &number, &fault],
    )
    .await
    .map(|_| ())
}

/// Says how far it came, and that the worker lives; whether the import is still its own.
pub(super) async fn reach(
    tx: &Tx<'_>,
    (id, claim): (Uuid, Uuid),
    reached: i32,
    compared: Option<&Comparison>,
    locked_until: Timestamp,
) -> Result<bool, Error> {
    let compared = compared.and_then(|compared| serde_json::to_value(compared).ok());
    let rows = tx
        .query(
            "UPDATE ops.import SET reached = $4, compared = coalesce($5, compared), locked_until = $6
              WHERE organization_id = $1 AND import_id = $2 AND claim = $3
                AND state IN ('checking', 'running', 'undoing') RETURNING 1",
            &[&tx.ctx().organization().0, &id, &claim, &reached, &compared, &locked_until],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends the work; whether it was still the worker's.
pub(super) async fn finish(
    tx: &Tx<'_>,
    (id, claim): (Uuid, Uuid),
    (state, reason): (State, Option<&str>),
    now: Timestamp,
    kept_until: Option<Timestamp>,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE ops.import SET state = $4, locked_until = NULL, finished_at = $5, reason = $6,
                                   kept_until = coalesce($7, kept_until)
              WHERE organization_id = $1 AND import_id = $2 AND claim = $3
                AND state IN ('checking', 'running', 'undoing') RETURNING 1",
            &[&tx.ctx().organization().0, &id, &claim, &state.key(), &now, &reason, &kept_until],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// How many rows came to what: outcome, how many, how many of them may be here already, how many differ, what undoing did.
pub(super) async fn counts(tx: &Tx<'_>, id: Uuid) -> Result<Vec<db::Row>, Error> {
    tx.query(
        "SELECT outcome, undone, count(*), count(*) FILTER (WHERE cardinality(alike) > 0),
                count(*) FILTER (WHERE cardinality(differs) > 0)
           FROM ops.import_row WHERE organization_id = $1 AND import_id = $2 GROUP BY outcome, undone",
        &[&tx.ctx().organization().0, &id],
    )
    .await
}

/// How often each fault is there.
pub(super) async fn faults(tx: &Tx<'_>, id: Uuid) -> Result<Vec<(String, i64)>, Error> {
    let rows = tx
        .query(
            "SELECT f, count(*) FROM ops.import_row r CROSS JOIN unnest(r.faults) f
              WHERE r.organization_id = $1 AND r.import_id = $2 GROUP BY f ORDER BY count(*) DESC, f LIMIT 100",
            &[&tx.ctx().organization().0, &id],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Which rows are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    #[default]
    All,
    Faults,
    Created,
    Changed,
    Same,
    Alike,
    Differs,
    Left,
}

/// Rows behind a number, in order.
pub(super) async fn lines(
    tx: &Tx<'_>,
    id: Uuid,
    wanted: Wanted,
    after: i32,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let wanted = match wanted {
        Wanted::All => "all",
        Wanted::Faults => "fault",
        Wanted::Created => "created",
        Wanted::Changed => "changed",
        Wanted::Same => "same",
        Wanted::Alike => "alike",
        Wanted::Differs => "differs",
        Wanted::Left => "left",
    };
    let rows = tx
        .query(
            "SELECT number, outcome, faults, resource_id, before_version, alike, differs, undone FROM ops.import_row
              WHERE organization_id = $1 AND import_id = $2 AND number > $3
                AND CASE $4 WHEN 'all' THEN true
                            WHEN 'alike' THEN cardinality(alike) > 0
                            WHEN 'differs' THEN cardinality(differs) > 0
                            WHEN 'left' THEN undone IN ('changed', 'needed')
                            ELSE outcome = $4 END
              ORDER BY number LIMIT $5",
            &[&tx.ctx().organization().0, &id, &after, &wanted, &limit],
        )
        .await?;
    let line = |row: &db::Row| Line {
        number: row.get(0),
        outcome: row.get(1),
        faults: row.get(2),
        resource: row.get(3),
        before: row.get(4),
        alike: row.get(5),
        differs: row.get(6),
        undone: row.get(7),
    };
    Ok(rows.iter().map(line).collect())
}

/// Writes down what undoing did with a row, and how far it came; whether the import is still the worker's.
pub(super) async fn undone(
    tx: &Tx<'_>,
    (id, claim): (Uuid, Uuid),
    lines: &[(i32, &str)],
    locked_until: Timestamp,
) -> Result<bool, Error> {
    for (number, what) in lines {
        tx.query(
            "UPDATE ops.import_row SET undone = $4 WHERE organization_id = $1 AND import_id = $2 AND number = $3",
            &[&tx.ctx().organization().0, &id, number, what],
        )
        .await?;
    }
    let reached = lines.last().map_or(0, |(number, _)| *number);
    reach(tx, (id, claim), reached, None, locked_until).await
}

/// What a run was about to write when it was stopped for good: it may have.
pub(super) async fn unsettled(tx: &Tx<'_>, id: Uuid) -> Result<Vec<(i32, ResourceId)>, Error> {
    let rows = tx
        .query(
            "SELECT number, resource_id FROM ops.import_row
              WHERE organization_id = $1 AND import_id = $2 AND planned AND version IS NULL AND resource_id IS NOT NULL
                AND outcome IN ('created', 'changed') ORDER BY number",
            &[&tx.ctx().organization().0, &id],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), ResourceId(row.get(1)))).collect())
}

/// What a run wrote and is not taken back yet, behind a number.
pub(super) async fn written(
    tx: &Tx<'_>,
    id: Uuid,
    after: i32,
    limit: i64,
) -> Result<Vec<(i32, ResourceId, Version, Option<Version>)>, Error> {
    let rows = tx
        .query(
            "SELECT number, resource_id, version, before_version FROM ops.import_row
              WHERE organization_id = $1 AND import_id = $2 AND number > $3 AND outcome IN ('created', 'changed')
                AND version IS NOT NULL AND resource_id IS NOT NULL AND undone IS NULL
              ORDER BY number LIMIT $4",
            &[&tx.ctx().organization().0, &id, &after, &limit],
        )
        .await?;
    let one = |row: &db::Row| {
        let before: Option<i32> = row.get(3);
        (row.get(0), ResourceId(row.get(1)), Version(row.get(2)), before.map(Version))
    };
    Ok(rows.iter().map(one).collect())
}
