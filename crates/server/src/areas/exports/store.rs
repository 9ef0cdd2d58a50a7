//! Rows of `ops.export` and `ops.export_file`. Whoever calls says in whose context: a post's own, or the program's.

use db::{Credential, Ctx, Error, Event, Tx};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PersonId};
use uuid::Uuid;

use super::model::Asked;

/// An export as it stands.
pub(super) struct Row {
    pub(super) export: Uuid,
    pub(super) request: String,
    pub(super) patients_only: bool,
    pub(super) types: Option<Vec<i16>>,
    pub(super) patients: Option<Vec<Uuid>>,
    pub(super) since: Option<Timestamp>,
    pub(super) facilities: Vec<i32>,
    pub(super) classes: Vec<i16>,
    pub(super) related: Option<Vec<Uuid>>,
    pub(super) fields: Option<Vec<u8>>,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) claim: Option<Uuid>,
    pub(super) attempts: i32,
    pub(super) created_at: Timestamp,
    pub(super) as_of: Option<Timestamp>,
    pub(super) done: i32,
    pub(super) records: i64,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) expires_at: Timestamp,
    /// Whether the post is still tied to all whom it was tied to when it asked.
    pub(super) is_related: bool,
}

macro_rules! columns {
    () => {
        "export_id, request, patients_only, types, patients, since, facilities, classes, related, fields, state, reason, key,
         claim, attempts, created_at, as_of, done, records, finished_at, expires_at,
         related IS NULL OR related <@ (SELECT sec.related()) AS is_related"
    };
}

fn row(row: &db::Row) -> Row {
    Row {
        export: row.get(0),
        request: row.get(1),
        patients_only: row.get(2),
        types: row.get(3),
        patients: row.get(4),
        since: row.get(5),
        facilities: row.get(6),
        classes: row.get(7),
        related: row.get(8),
        fields: row.get(9),
        state: row.get(10),
        reason: row.get(11),
        key: row.get(12),
        claim: row.get(13),
        attempts: row.get(14),
        created_at: row.get(15),
        as_of: row.get(16),
        done: row.get(17),
        records: row.get(18),
        finished_at: row.get(19),
        expires_at: row.get(20),
        is_related: row.get(21),
    }
}

/// An export to be.
pub(super) struct New<'a> {
    pub(super) export: Uuid,
    pub(super) person: Option<PersonId>,
    pub(super) asked: &'a Asked,
    pub(super) request: &'a str,
    pub(super) classes: Vec<i16>,
    pub(super) fields: Option<Vec<u8>>,
    pub(super) key: &'a [u8],
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// Writes one down with its event, and commits. [`Error::Conflict`] when the organization has no place left.
pub(super) async fn insert(tx: &Tx<'_>, new: &New<'_>, event: Event) -> Result<(), Error> {
    let ctx: &Ctx = tx.ctx();
    let (token, access) = match ctx.credential() {
        Some(Credential::Token(token)) => (Some(token.0), None),
        Some(Credential::Access(digest)) => (None, Some(digest.to_vec())),
        None => (None, None),
    };
    let facilities: Vec<i32> = ctx.facilities().iter().map(|facility| facility.0).collect();
    let asked = new.asked;
    let types: Option<Vec<i16>> =
        asked.types.as_ref().map(|types| types.iter().map(|rtype| rtype.code()).collect());
    let patients: Option<Vec<Uuid>> =
        asked.patients.as_ref().map(|patients| patients.iter().map(|patient| patient.0).collect());
    let purpose = ctx.request().purpose.code();
    let written = tx
        .last_audited(
            "WITH place AS (
                SELECT s::int2 AS slot FROM generate_series(1, 5) s
                 WHERE NOT EXISTS (SELECT 1 FROM ops.export x WHERE x.organization_id = $1 AND x.slot = s
                                                                AND x.state IN ('queued', 'running'))
                 ORDER BY s LIMIT 1),
             one AS (
                INSERT INTO ops.export (organization_id, export_id, membership_id, person_id, token_id, access, request_id, purpose,
                                        request, patients_only, types, patients, since, facilities, classes, related, fields, slot,
                                        key, created_at, expires_at)
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, CASE WHEN $16 THEN sec.related() END, $17,
                       slot, $18, $19, $20 FROM place
                RETURNING 1)
             SELECT chart.demand((SELECT count(*) FROM one) = 1)",
            &[
                &ctx.organization().0,
                &new.export,
                &ctx.membership().0,
                &new.person.map(|person| person.0).filter(|_| ctx.credential().is_none()),
                &token,
                &access,
                &ctx.request().id.0,
                &purpose,
                &new.request,
                &asked.patients_only,
                &types,
                &patients,
                &asked.since,
                &facilities,
                &new.classes,
                &ctx.grants().by_relationship,
                &new.fields,
                &new.key,
                &new.now,
                &new.expires_at,
            ],
            event,
        )
        .await;
    match written {
        // Somebody took the place meanwhile.
        Err(Error::Constraint(name)) if name == "export_slot" => Err(Error::Conflict),
        written => written.map(|_| ()),
    }
}

/// An export that the post of the context asked for.
pub(super) async fn find_own(tx: &Tx<'_>, export: Uuid) -> Result<Option<Row>, Error> {
    let rows = tx
        .query(
            concat!(
                "SELECT ",
                columns!(),
                " FROM ops.export WHERE organization_id = $1 AND export_id = $2 AND membership_id = $3"
            ),
            &[&tx.ctx().organization().0, &export, &tx.ctx().membership().0],
        )
        .await?;
    Ok(rows.first().map(row))
}

/// What the post of the context asked for, newest first.
pub(super) async fn list_own(tx: &Tx<'_>) -> Result<Vec<Row>, Error> {
    let rows = tx
        .query(
            concat!(
                "SELECT ",
                columns!(),
                " FROM ops.export WHERE organization_id = $1 AND membership_id = $2 ORDER BY created_at DESC, export_id LIMIT 50"
            ),
            &[&tx.ctx().organization().0, &tx.ctx().membership().0],
        )
        .await?;
    Ok(rows.iter().map(row).collect())
}

/// Says that a worker is alive and how far it came; whether the export is still its own.
pub(super) async fn renew(
    tx: &Tx<'_>,
    (export, claim): (Uuid, Uuid),
    (done, records): (i32, i64),
    locked_until: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .last(
            "UPDATE ops.export SET done = $4, records = $5, locked_until = $6
              WHERE organization_id = $1 AND export_id = $2 AND claim = $3 AND state = 'running' RETURNING 1",
            &[&tx.ctx().organization().0, &export, &claim, &done, &records, &locked_until],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Says that it is complete; whether it was still the worker's.
pub(super) async fn complete(
    tx: &Tx<'_>,
    (export, claim): (Uuid, Uuid),
    (done, records): (i32, i64),
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE ops.export SET state = 'complete', done = $4, records = $5, finished_at = $6, expires_at = $7, locked_until = NULL
              WHERE organization_id = $1 AND export_id = $2 AND claim = $3 AND state = 'running' RETURNING 1",
            &[&tx.ctx().organization().0, &export, &claim, &done, &records, &now, &expires_at],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Which post asked for it.
pub(super) async fn find_membership(tx: &Tx<'_>, export: Uuid) -> Result<MembershipId, Error> {
    let rows = tx
        .query(
            "SELECT membership_id FROM ops.export WHERE organization_id = $1 AND export_id = $2",
            &[&tx.ctx().organization().0, &export],
        )
        .await?;
    rows.first().map(|row| MembershipId(row.get(0))).ok_or(Error::NotFound)
}

/// Ends it and destroys its key; whether it had not ended before.
pub(super) async fn end(tx: &Tx<'_>, export: Uuid, reason: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE ops.export SET state = 'ended', reason = $3, key = NULL, locked_until = NULL, finished_at = $4
              WHERE organization_id = $1 AND export_id = $2 AND state <> 'ended' RETURNING 1",
            &[&tx.ctx().organization().0, &export, &reason, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The exports that have not ended and reach this facility, and whose they are.
pub(super) async fn list_living(
    tx: &Tx<'_>,
    facility: FacilityId,
) -> Result<Vec<(Uuid, MembershipId)>, Error> {
    let rows = tx
        .query(
            "SELECT export_id, membership_id FROM ops.export
              WHERE organization_id = $1 AND $2 = ANY (facilities) AND state <> 'ended'",
            &[&tx.ctx().organization().0, &facility.0],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), MembershipId(row.get(1)))).collect())
}

/// A file of an export.
pub(super) struct File {
    pub(super) number: i32,
    pub(super) rtype: i16,
    pub(super) deleted: bool,
    pub(super) ends_type: bool,
    pub(super) last: Uuid,
    pub(super) records: i32,
    pub(super) bytes: i64,
    pub(super) noticed: bool,
    pub(super) object: Uuid,
    pub(super) header: Vec<u8>,
}

impl File {
    /// The type whose records it holds.
    pub(super) fn type_name(&self) -> &'static str {
        ResourceType::from_code(self.rtype).map_or("", ResourceType::as_str)
    }
}

/// The files of an export, in order.
pub(super) async fn list_files(tx: &Tx<'_>, export: Uuid) -> Result<Vec<File>, Error> {
    let rows = tx
        .query(
            "SELECT number, type, deleted, ends_type, last_id, records, bytes, noticed, object, header FROM ops.export_file
              WHERE organization_id = $1 AND export_id = $2 ORDER BY number",
            &[&tx.ctx().organization().0, &export],
        )
        .await?;
    let file = |row: &db::Row| File {
        number: row.get(0),
        rtype: row.get(1),
        deleted: row.get(2),
        ends_type: row.get(3),
        last: row.get(4),
        records: row.get(5),
        bytes: row.get(6),
        noticed: row.get(7),
        object: row.get(8),
        header: row.get(9),
    };
    Ok(rows.iter().map(file).collect())
}

/// Writes a file down while the export is the worker's, and commits; whether it was. Whoever ends the export waits for this.
pub(super) async fn insert_file(
    tx: &Tx<'_>,
    (export, claim): (Uuid, Uuid),
    file: &File,
) -> Result<bool, Error> {
    let rows = tx
        .last(
            "WITH mine AS (
                SELECT 1 FROM ops.export WHERE organization_id = $1 AND export_id = $2 AND claim = $3 AND state = 'running' FOR SHARE)
             INSERT INTO ops.export_file (organization_id, export_id, number, type, deleted, ends_type, last_id, records, bytes,
                                          noticed, object, header)
             SELECT $1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM mine RETURNING 1",
            &[
                &tx.ctx().organization().0,
                &export,
                &claim,
                &file.number,
                &file.rtype,
                &file.deleted,
                &file.ends_type,
                &file.last,
                &file.records,
                &file.bytes,
                &file.noticed,
                &file.object,
                &file.header,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Forgets the files of one that ended, when nothing of them is left in the object store.
pub(super) async fn swept(tx: &Tx<'_>, export: Uuid, now: Timestamp) -> Result<(), Error> {
    let organization = tx.ctx().organization().0;
    tx.query(
        "DELETE FROM ops.export_file WHERE organization_id = $1 AND export_id = $2",
        &[&organization, &export],
    )
    .await?;
    tx.last(
        "UPDATE ops.export SET swept_at = $3 WHERE organization_id = $1 AND export_id = $2 AND state = 'ended'",
        &[&organization, &export, &now],
    )
    .await
    .map(|_| ())
}
