//! Ties and approvals of the demonstration, which nobody has to be asked for: all of it is invented.

use db::{Error, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId};
use policy::Tie;

/// The post of the organization's first administrator, while nobody has taken it up.
pub(super) async fn find_first_post(tx: &Tx<'_>, role: &str) -> Result<Option<MembershipId>, Error> {
    let rows = tx
        .query(
            "SELECT membership_id FROM org.membership
              WHERE organization_id = $1 AND role_key = $2 AND parent_id IS NULL AND person_id IS NULL",
            &[&tx.ctx().organization().0, &role],
        )
        .await?;
    Ok(rows.first().map(|row| MembershipId(row.get(0))))
}

/// Ties a post to a patient, with every consent.
pub(super) async fn insert_tie(
    tx: &Tx<'_>,
    membership: MembershipId,
    (facility, patient): (FacilityId, PatientId),
    tie: Tie,
    now: Timestamp,
) -> Result<(), Error> {
    let (organization, kind) = (tx.ctx().organization().0, tie.key());
    tx.query(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at, ends_at,
             patient_consent_at, member_consent_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'infinity', $6, $6)",
        &[&organization, &facility.0, &patient.0, &membership.0, &kind, &now],
    )
    .await
    .map(|_| ())
}

/// Approves paths of a patient's records for a relative, in the name of `by`.
pub(super) async fn insert_sharing(
    tx: &Tx<'_>,
    (membership, by): (MembershipId, MembershipId),
    (facility, patient): (FacilityId, PatientId),
    paths: &[&str],
    now: Timestamp,
) -> Result<(), Error> {
    let organization = tx.ctx().organization().0;
    tx.query(
        "INSERT INTO org.sharing (organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at)
         SELECT $1, $2, $3, $4, unnest($5::text[]), $6, $7",
        &[&organization, &facility.0, &patient.0, &membership.0, &paths, &by.0, &now],
    )
    .await
    .map(|_| ())
}
