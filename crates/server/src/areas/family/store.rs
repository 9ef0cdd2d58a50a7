//! Relatives of a patient (`org.relationship`), what was approved for them (`org.sharing`) and what they have seen of it
//! (`org.family_news`).

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId, PersonId};
use uuid::Uuid;

use super::model::Approval;

/// Relatives whose tie lives or waits: membership, the person who took it up, role, begins, ends, waits for the patient, waits
/// for the member. Posts from outside bear no names.
pub(super) async fn list_relatives(
    tx: &Tx<'_>,
    patient: PatientId,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT r.membership_id, m.person_id, coalesce(m.role, ''), nullif(r.starts_at, 'infinity'), nullif(r.ends_at, 'infinity'),
                r.patient_consent_at IS NULL AND r.starts_at = 'infinity', r.member_consent_at IS NULL AND r.starts_at = 'infinity'
           FROM org.relationship r
           JOIN org.membership m ON m.organization_id = r.organization_id AND m.membership_id = r.membership_id
          WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.kind = 'family' AND r.ends_at > $3
            AND m.plane = 'portal' AND m.by_relationship AND (m.ends_at IS NULL OR m.ends_at > $3)
          ORDER BY r.membership_id",
        &[&tx.ctx().organization().0, &patient.0, &now],
    )
    .await
}

/// The person who took up the context's own post, and its role.
pub(super) async fn find_self(tx: &Tx<'_>) -> Result<(Option<PersonId>, String), Error> {
    let rows = tx
        .query(
            "SELECT person_id, coalesce(role, '') FROM org.membership WHERE organization_id = $1 AND membership_id = $2",
            &[&tx.ctx().organization().0, &tx.ctx().membership().0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok((row.get::<_, Option<i32>>(0).map(PersonId), row.get(1)))
}

/// Holds a relative's tie until the transaction ends; false when there is none.
pub(super) async fn hold_relative(
    tx: &Tx<'_>,
    patient: PatientId,
    membership: MembershipId,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "SELECT 1 FROM org.relationship r
               JOIN org.membership m ON m.organization_id = r.organization_id AND m.membership_id = r.membership_id
              WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.membership_id = $3 AND r.kind = 'family'
                AND r.ends_at > $4 AND m.plane = 'portal' AND m.by_relationship AND (m.ends_at IS NULL OR m.ends_at > $4)
                FOR UPDATE OF r",
            &[&tx.ctx().organization().0, &patient.0, &membership.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What is approved of a patient now, by whom it is for.
pub(super) async fn list_approvals(
    tx: &Tx<'_>,
    patient: PatientId,
    now: Timestamp,
) -> Result<Vec<(MembershipId, Approval)>, Error> {
    let rows = tx
        .query(
            "SELECT s.membership_id, s.path, s.starts_at, nullif(s.ends_at, 'infinity'), b.name
               FROM org.sharing s
               JOIN org.membership b ON b.organization_id = s.organization_id AND b.membership_id = s.shared_by
              WHERE s.organization_id = $1 AND s.patient_id = $2 AND s.starts_at <= $3 AND s.ends_at > $3
              ORDER BY s.membership_id, s.path",
            &[&tx.ctx().organization().0, &patient.0, &now],
        )
        .await?;
    let read = |row: &Row| {
        let approval = Approval { path: row.get(1), since: row.get(2), until: row.get(3), by: row.get(4) };
        (MembershipId(row.get(0)), approval)
    };
    Ok(rows.iter().map(read).collect())
}

/// How often it was said what relatives of a patient see, and how often that ended: it only grows. By membership.
pub(super) async fn list_versions(
    tx: &Tx<'_>,
    patient: PatientId,
    now: Timestamp,
) -> Result<Vec<(MembershipId, i32)>, Error> {
    let rows = tx
        .query(
            "SELECT membership_id, (count(*) + count(*) FILTER (WHERE ends_at <= $3))::int4
               FROM org.sharing WHERE organization_id = $1 AND patient_id = $2 GROUP BY membership_id",
            &[&tx.ctx().organization().0, &patient.0, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| (MembershipId(row.get(0)), row.get(1))).collect())
}

/// Ends what is approved by these paths.
pub(super) async fn end(
    tx: &Tx<'_>,
    patient: PatientId,
    membership: MembershipId,
    paths: &[String],
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE org.sharing SET ends_at = $5 WHERE organization_id = $1 AND patient_id = $2 AND membership_id = $3
            AND path = ANY ($4) AND starts_at <= $5 AND ends_at > $5",
        &[&tx.ctx().organization().0, &patient.0, &membership.0, &paths, &now],
    )
    .await
    .map(|_| ())
}

/// Approves these paths from now on, in the context's name.
pub(super) async fn begin(
    tx: &Tx<'_>,
    (patient, facility): (PatientId, FacilityId),
    membership: MembershipId,
    paths: &[String],
    (now, until): (Timestamp, Option<Timestamp>),
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.sharing (organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at, ends_at)
         SELECT $1, $2, $3, $4, unnest($6::text[]), $5, $7, coalesce($8::timestamptz, 'infinity')",
        &[
            &tx.ctx().organization().0,
            &facility.0,
            &patient.0,
            &membership.0,
            &tx.ctx().membership().0,
            &paths,
            &now,
            &until,
        ],
    )
    .await
    .map(|_| ())
}

/// What is kept of a relative's post, sealed.
pub(super) struct Held {
    pub(super) looked: Option<Vec<u8>>,
    pub(super) offered: Option<Vec<u8>>,
    pub(super) offer: Option<Uuid>,
    pub(super) told: Option<Vec<u8>>,
}

/// What a post has seen.
pub(super) async fn find_looked(tx: &Tx<'_>, membership: MembershipId) -> Result<Option<Vec<u8>>, Error> {
    let rows = tx
        .query(
            "SELECT looked FROM org.family_news WHERE organization_id = $1 AND membership_id = $2",
            &[&tx.ctx().organization().0, &membership.0],
        )
        .await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// Makes a post's row, if it has none.
pub(super) async fn make(tx: &Tx<'_>, membership: MembershipId) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.family_news (organization_id, membership_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&tx.ctx().organization().0, &membership.0],
    )
    .await
    .map(|_| ())
}

/// Holds a post's row until the transaction ends.
pub(super) async fn hold(tx: &Tx<'_>, membership: MembershipId) -> Result<Held, Error> {
    let rows = tx
        .query(
            "SELECT looked, offered, offer_id, told FROM org.family_news
              WHERE organization_id = $1 AND membership_id = $2 FOR UPDATE",
            &[&tx.ctx().organization().0, &membership.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::Conflict)?;
    Ok(Held { looked: row.get(0), offered: row.get(1), offer: row.get(2), told: row.get(3) })
}

/// Keeps what a page showed until it is said that it was looked at.
pub(super) async fn offer(
    tx: &Tx<'_>,
    membership: MembershipId,
    look: Uuid,
    offered: &[u8],
) -> Result<(), Error> {
    tx.query(
        "UPDATE org.family_news SET offered = $4, offer_id = $3 WHERE organization_id = $1 AND membership_id = $2",
        &[&tx.ctx().organization().0, &membership.0, &look, &offered],
    )
    .await
    .map(|_| ())
}

/// Sets what a post has seen.
pub(super) async fn set_looked(tx: &Tx<'_>, membership: MembershipId, looked: &[u8]) -> Result<(), Error> {
    tx.query(
        "UPDATE org.family_news SET looked = $3 WHERE organization_id = $1 AND membership_id = $2",
        &[&tx.ctx().organization().0, &membership.0, &looked],
    )
    .await
    .map(|_| ())
}

/// Lets go of what a page showed, which is among what was seen now; its number stays, so that it may be said again.
pub(super) async fn drop_offer(tx: &Tx<'_>, membership: MembershipId, told: &[u8]) -> Result<(), Error> {
    tx.query(
        "UPDATE org.family_news SET offered = NULL, told = $3 WHERE organization_id = $1 AND membership_id = $2",
        &[&tx.ctx().organization().0, &membership.0, &told],
    )
    .await
    .map(|_| ())
}

/// What a post chose about mails, what it has seen and what it was told of.
pub(super) struct Digest {
    pub(super) digest: String,
    pub(super) version: i32,
    pub(super) looked: Option<Vec<u8>>,
    pub(super) told: Option<Vec<u8>>,
}

pub(super) async fn find_digest(tx: &Tx<'_>, membership: MembershipId) -> Result<Option<Digest>, Error> {
    let rows = tx
        .query(
            "SELECT digest, version, looked, told FROM org.family_news WHERE organization_id = $1 AND membership_id = $2",
            &[&tx.ctx().organization().0, &membership.0],
        )
        .await?;
    let read =
        |row: &Row| Digest { digest: row.get(0), version: row.get(1), looked: row.get(2), told: row.get(3) };
    Ok(rows.first().map(read))
}

/// The clock of the first facility that the context reaches.
pub(super) async fn find_time_zone(tx: &Tx<'_>) -> Result<Option<String>, Error> {
    let facilities: Vec<i32> = tx.ctx().facilities().iter().map(|facility| facility.0).collect();
    let rows = tx
        .query(
            "SELECT time_zone FROM org.facility WHERE organization_id = $1 AND facility_id = ANY ($2)
              ORDER BY facility_id LIMIT 1",
            &[&tx.ctx().organization().0, &facilities],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Chooses about mails from a version; false when it is another. Who works on it works for nothing.
pub(super) async fn set_digest(
    tx: &Tx<'_>,
    membership: MembershipId,
    (digest, person, due): (&str, PersonId, Option<Timestamp>),
    was: i32,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.family_news SET digest = $3, person_id = $4, due_at = $5, version = version + 1, claim = NULL, locked_until = NULL
              WHERE organization_id = $1 AND membership_id = $2 AND version = $6 RETURNING 1",
            &[&tx.ctx().organization().0, &membership.0, &digest, &person.0, &due, &was],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// No more mails; false when there were none.
pub(super) async fn stop_digest(tx: &Tx<'_>, membership: MembershipId) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.family_news SET digest = 'off', due_at = NULL, version = version + 1, claim = NULL, locked_until = NULL
              WHERE organization_id = $1 AND membership_id = $2 AND digest <> 'off' RETURNING 1",
            &[&tx.ctx().organization().0, &membership.0],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What a post was told of, and when it is looked again; false when the claim is another's by now.
pub(super) async fn set_told(
    tx: &Tx<'_>,
    membership: MembershipId,
    claim: Uuid,
    told: &[u8],
    due: Option<Timestamp>,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.family_news SET told = $4, due_at = $5, claim = NULL, locked_until = NULL
              WHERE organization_id = $1 AND membership_id = $2 AND claim = $3 AND digest <> 'off' RETURNING 1",
            &[&tx.ctx().organization().0, &membership.0, &claim, &told, &due],
        )
        .await?;
    Ok(!rows.is_empty())
}
