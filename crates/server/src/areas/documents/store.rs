//! Rows of `org.document` and `org.document_link`. Whoever calls says in whose context; `org.check_document` refuses the
//! same again.

use db::{Ctx, Error, Event, Row, Tx};
use jiff::Timestamp;
use kernel::{ContextId, FacilityId, OrganizationId, PatientId, SessionId};
use uuid::Uuid;

/// A document to be.
pub(super) struct New<'a> {
    pub(super) document: Uuid,
    pub(super) facility: FacilityId,
    pub(super) patient: PatientId,
    pub(super) session: Option<SessionId>,
    pub(super) bytes: i64,
    pub(super) details: &'a [u8],
    pub(super) quarantine: Uuid,
    pub(super) object: Uuid,
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// How many uploads of the post wait.
pub(super) async fn count_waiting(tx: &Tx<'_>, now: Timestamp) -> Result<i64, Error> {
    let rows = tx
        .query(
            "SELECT count(*) FROM org.document
              WHERE organization_id = $1 AND membership_id = $2 AND state IN ('waiting', 'checking') AND expires_at > $3",
            &[&tx.ctx().organization().0, &tx.ctx().membership().0, &now],
        )
        .await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Writes one down with its event, and commits.
pub(super) async fn insert(tx: &Tx<'_>, new: &New<'_>, event: Event) -> Result<(), Error> {
    let (organization, membership) = (tx.ctx().organization().0, tx.ctx().membership().0);
    let session = new.session.map(|session| session.0);
    tx.last_audited(
        "INSERT INTO org.document (organization_id, document_id, facility_id, patient_id, sealed_for, membership_id, session_id, bytes,
                                   details, quarantine, object, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            &organization,
            &new.document,
            &new.facility.0,
            &new.patient.0,
            &membership,
            &session,
            &new.bytes,
            &new.details,
            &new.quarantine,
            &new.object,
            &new.now,
            &new.expires_at,
        ],
        event,
    )
    .await
    .map(|_| ())
}

/// Lets the bytes of an upload in, once; in the program's own context.
pub(super) async fn receive(tx: &Tx<'_>, document: Uuid, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.last("SELECT org.receive_document($1, $2)", &[&document, &now]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// A document as it stands.
pub(super) struct Found {
    pub(super) facility: FacilityId,
    pub(super) patient: PatientId,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) bytes: i64,
    pub(super) details: Vec<u8>,
    pub(super) quarantine: Uuid,
    pub(super) object: Uuid,
    pub(super) header: Option<Vec<u8>>,
    /// Under whose key it is sealed.
    pub(super) sealed_for: PatientId,
}

fn found(row: &Row) -> Found {
    Found {
        facility: FacilityId(row.get(0)),
        patient: PatientId(row.get(1)),
        state: row.get(2),
        reason: row.get(3),
        bytes: row.get(4),
        details: row.get(5),
        quarantine: row.get(6),
        object: row.get(7),
        header: row.get(8),
        sealed_for: PatientId(row.get(9)),
    }
}

/// One's own upload, from the same browser.
pub(super) async fn find_own(
    tx: &Tx<'_>,
    document: Uuid,
    session: Option<SessionId>,
) -> Result<Option<Found>, Error> {
    let rows = tx
        .query(
            "SELECT facility_id, patient_id, state, reason, bytes, details, quarantine, object, header, sealed_for FROM org.document
              WHERE organization_id = $1 AND document_id = $2 AND membership_id = $3 AND session_id IS NOT DISTINCT FROM $4",
            &[&tx.ctx().organization().0, &document, &tx.ctx().membership().0, &session.map(|session| session.0)],
        )
        .await?;
    Ok(rows.first().map(found))
}

/// A document that is clean, within reach of the context.
pub(super) async fn find_clean(tx: &Tx<'_>, document: Uuid) -> Result<Option<Found>, Error> {
    let rows = tx
        .query(
            "SELECT facility_id, patient_id, state, reason, bytes, details, quarantine, object, header, sealed_for FROM org.document
              WHERE organization_id = $1 AND document_id = $2 AND state = 'clean'",
            &[&tx.ctx().organization().0, &document],
        )
        .await?;
    Ok(rows.first().map(found))
}

/// Takes an upload to be looked through; whether it waited for that, or was left by somebody who was stopped.
pub(super) async fn take(
    tx: &Tx<'_>,
    document: Uuid,
    (now, not_before, stuck): (Timestamp, Timestamp, Timestamp),
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.document SET state = 'checking', checked_at = $3
              WHERE organization_id = $1 AND document_id = $2 AND expires_at > $4
                AND (state = 'waiting' OR (state = 'checking' AND checked_at < $5)) RETURNING 1",
            &[&tx.ctx().organization().0, &document, &now, &not_before, &stuck],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What became of it, if it is still whoever took it at that moment who says so.
pub(super) async fn decide(
    tx: &Tx<'_>,
    document: Uuid,
    taken_at: Timestamp,
    (state, reason, header): (&str, Option<&str>, Option<&[u8]>),
) -> Result<(), Error> {
    tx.query(
        "WITH one AS (
            UPDATE org.document SET state = $4, reason = $5, header = $6
             WHERE organization_id = $1 AND document_id = $2 AND state = 'checking' AND checked_at = $3 RETURNING 1)
         SELECT chart.demand((SELECT count(*) FROM one) = 1)",
        &[&tx.ctx().organization().0, &document, &taken_at, &state, &reason, &header],
    )
    .await
    .map(|_| ())
}

/// What the post of the context is called.
pub(super) async fn find_name(tx: &Tx<'_>) -> Result<String, Error> {
    let rows = tx
        .query(
            "SELECT name FROM org.membership WHERE organization_id = $1 AND membership_id = $2",
            &[&tx.ctx().organization().0, &tx.ctx().membership().0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// For whom a link is.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    pub(super) session: Option<SessionId>,
    pub(super) context: Option<ContextId>,
}

/// Writes a link down with its event, and commits.
pub(super) async fn insert_link(
    tx: &Tx<'_>,
    (digest, document): (&[u8], Uuid),
    holder: Holder,
    (purpose, uses, expires_at): (&str, i32, Timestamp),
    event: Event,
) -> Result<(), Error> {
    let ctx: &Ctx = tx.ctx();
    let session = holder.session.map(|session| session.0);
    let context = holder.context.map(|context| context.0);
    tx.last_audited(
        "INSERT INTO org.document_link (organization_id, digest, document_id, membership_id, session_id, context_id, purpose,
                                        uses, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &ctx.organization().0,
            &digest,
            &document,
            &ctx.membership().0,
            &session,
            &context,
            &purpose,
            &uses,
            &expires_at,
        ],
        event,
    )
    .await
    .map(|_| ())
}

/// Uses a link once: which document, and what for.
pub(super) async fn use_link(
    tx: &Tx<'_>,
    digest: &[u8],
    holder: Holder,
    now: Timestamp,
) -> Result<Option<(Uuid, String)>, Error> {
    let ctx: &Ctx = tx.ctx();
    let session = holder.session.map(|session| session.0);
    let context = holder.context.map(|context| context.0);
    let rows = tx
        .query(
            "UPDATE org.document_link SET uses = uses - 1
              WHERE organization_id = $1 AND digest = $2 AND membership_id = $3 AND session_id IS NOT DISTINCT FROM $4
                AND context_id IS NOT DISTINCT FROM $5 AND expires_at > $6 AND uses > 0
             RETURNING document_id, purpose",
            &[&ctx.organization().0, &digest, &ctx.membership().0, &session, &context, &now],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// What lies in the object store and nobody wants.
pub(super) struct Stale {
    pub(super) organization: OrganizationId,
    pub(super) document: Uuid,
    pub(super) quarantine: Uuid,
    pub(super) object: Uuid,
    pub(super) clean: bool,
}

/// All of it, in the program's own context.
pub(super) async fn list_stale(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Stale>, Error> {
    let sql = "SELECT organization_id, document_id, quarantine, object, clean FROM org.stale_documents($1)";
    let rows = tx.query(sql, &[&now]).await?;
    let stale = |row: &Row| Stale {
        organization: OrganizationId(row.get(0)),
        document: row.get(1),
        quarantine: row.get(2),
        object: row.get(3),
        clean: row.get(4),
    };
    Ok(rows.iter().map(stale).collect())
}

/// Says that it was deleted there.
pub(super) async fn swept(tx: &Tx<'_>, one: &Stale, now: Timestamp) -> Result<(), Error> {
    let params: [&(dyn db::ToSql + Sync); 3] = [&one.organization.0, &one.document, &now];
    tx.query("SELECT org.swept_document($1, $2, $3)", &params).await.map(|_| ())
}

/// Says of one's own upload that nothing is left in quarantine.
pub(super) async fn left_quarantine(tx: &Tx<'_>, document: Uuid, now: Timestamp) -> Result<(), Error> {
    tx.last(
        "UPDATE org.document SET swept_at = $3 WHERE organization_id = $1 AND document_id = $2",
        &[&tx.ctx().organization().0, &document, &now],
    )
    .await
    .map(|_| ())
}

/// Files of these patients in the object store: where each was put, and where it lies sealed.
pub(super) async fn list_objects(tx: &Tx<'_>, patients: &[PatientId]) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let ids: Vec<Uuid> = patients.iter().map(|patient| patient.0).collect();
    let rows = tx
        .query(
            "SELECT quarantine, object FROM org.document
              WHERE organization_id = $1 AND (patient_id = ANY ($2) OR sealed_for = ANY ($2))",
            &[&tx.ctx().organization().0, &ids],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
