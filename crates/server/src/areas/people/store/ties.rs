//! Ties of posts to patients (`org.relationship`): made by whoever may, of patients within their reach.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId};

/// Every tie of a patient, those that ended last: membership, name, role, kind, begins, ends, ended, waits for the
/// patient, waits for the member.
pub(in crate::areas::people) async fn list_ties(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT r.membership_id, m.name, coalesce(m.role, ''), r.kind, nullif(r.starts_at, 'infinity'),
                nullif(r.ends_at, 'infinity'), r.ends_at <= $3, r.kind = 'family' AND r.patient_consent_at IS NULL,
                r.kind = 'family' AND r.member_consent_at IS NULL
           FROM org.relationship r
           JOIN org.membership m ON m.organization_id = r.organization_id AND m.membership_id = r.membership_id
          WHERE r.organization_id = $1 AND r.patient_id = $2 ORDER BY r.ends_at <= $3, m.name, r.membership_id, r.kind",
        &[&organization.0, &patient.0, &now],
    )
    .await
}

/// A tie to be.
pub(in crate::areas::people) struct NewTie<'a> {
    pub(in crate::areas::people) facility: FacilityId,
    pub(in crate::areas::people) patient: PatientId,
    pub(in crate::areas::people) membership: MembershipId,
    pub(in crate::areas::people) kind: &'a str,
    pub(in crate::areas::people) ends_at: Option<Timestamp>,
    /// The patient, or who speaks for them, has said yes.
    pub(in crate::areas::people) patient_consent: bool,
}

/// Makes the tie, or changes the one there is.
pub(in crate::areas::people) async fn put_tie(
    tx: &Tx<'_>,
    organization: OrganizationId,
    new: &NewTie<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.relationship AS r (organization_id, facility_id, patient_id, membership_id, kind, starts_at,
             ends_at, patient_consent_at)
         VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, 'infinity'), CASE WHEN $8 THEN $6::timestamptz END)
         ON CONFLICT (organization_id, patient_id, membership_id, kind) DO UPDATE
            SET starts_at = CASE WHEN r.starts_at <= $6 AND r.ends_at > $6 THEN r.starts_at ELSE $6 END,
                ends_at = excluded.ends_at,
                patient_consent_at = CASE WHEN $8 THEN coalesce(r.patient_consent_at, $6) END",
        &[
            &organization.0,
            &new.facility.0,
            &new.patient.0,
            &new.membership.0,
            &new.kind,
            &now,
            &new.ends_at,
            &new.patient_consent,
        ],
    )
    .await
    .map(|_| ())
}

/// Ends a tie now; false when there is none that lives.
pub(in crate::areas::people) async fn end_tie(
    tx: &Tx<'_>,
    organization: OrganizationId,
    (patient, membership, kind): (PatientId, MembershipId, &str),
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.relationship SET ends_at = $5
              WHERE organization_id = $1 AND patient_id = $2 AND membership_id = $3 AND kind = $4 AND ends_at > $5
             RETURNING 1",
            &[&organization.0, &patient.0, &membership.0, &kind, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The context's own ties: patient, facility, kind, waits for the patient, waits for the member, begins, ends.
pub(in crate::areas::people) async fn list_own_ties(tx: &Tx<'_>) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT patient_id, facility, kind, waits_for_patient, waits_for_member, nullif(starts_at, 'infinity'),
                nullif(ends_at, 'infinity')
           FROM platform.own_ties()",
        &[],
    )
    .await
}

/// The relative's consent; false when nothing waits for it.
pub(in crate::areas::people) async fn consent(
    tx: &Tx<'_>,
    patient: PatientId,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx.query("SELECT platform.consent($1, $2)", &[&patient.0, &now]).await?;
    Ok(rows[0].get(0))
}
