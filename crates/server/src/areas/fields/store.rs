//! Rows of hidden fields and of what was approved.

use db::{Error, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId};
use policy::Grants;

/// Whether there is a post that has not ended.
pub(super) async fn has_post(tx: &Tx<'_>, membership: MembershipId, now: Timestamp) -> Result<bool, Error> {
    let rows = tx
        .query(
            "SELECT 1 FROM org.membership WHERE organization_id = $1 AND membership_id = $2
                AND (ends_at IS NULL OR ends_at > $3)",
            &[&tx.ctx().organization().0, &membership.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Paths hidden from a post itself, in order.
pub(super) async fn list_hidden(tx: &Tx<'_>, membership: MembershipId) -> Result<Vec<String>, Error> {
    let rows = tx
        .query(
            "SELECT path FROM org.hidden_field WHERE organization_id = $1 AND membership_id = $2 ORDER BY path",
            &[&tx.ctx().organization().0, &membership.0],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Hides these paths from the post and no others.
pub(super) async fn replace_hidden(
    tx: &Tx<'_>,
    membership: MembershipId,
    paths: &[String],
) -> Result<(), Error> {
    let organization = tx.ctx().organization().0;
    tx.query(
        "DELETE FROM org.hidden_field WHERE organization_id = $1 AND membership_id = $2 AND path <> ALL ($3)",
        &[&organization, &membership.0, &paths],
    )
    .await?;
    tx.query(
        "INSERT INTO org.hidden_field (organization_id, membership_id, path)
         SELECT $1, $2, unnest($3::text[]) ON CONFLICT DO NOTHING",
        &[&organization, &membership.0, &paths],
    )
    .await
    .map(|_| ())
}

/// What a relative's post holds, if it is one of this patient's.
pub(super) async fn find_relative(
    tx: &Tx<'_>,
    patient: PatientId,
    membership: MembershipId,
    now: Timestamp,
) -> Result<Option<Grants>, Error> {
    let rows = tx
        .query(
            "SELECT e.permissions FROM org.membership m
              CROSS JOIN LATERAL org.effective(m.organization_id, m.membership_id, $4) e
               JOIN org.relationship r ON r.organization_id = m.organization_id AND r.membership_id = m.membership_id
              WHERE m.organization_id = $1 AND m.membership_id = $2 AND m.plane = 'portal' AND m.by_relationship
                AND e.alive AND r.patient_id = $3 AND r.kind = 'family' AND r.ends_at > $4",
            &[&tx.ctx().organization().0, &membership.0, &patient.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| {
        let permissions: Vec<&str> = row.get(0);
        Grants {
            permissions: permissions.iter().filter_map(|key| key.parse().ok()).collect(),
            facilities: Vec::new(),
            by_relationship: true,
            modules: policy::ModuleSet::all(),
            through: policy::ModuleSet::default(),
        }
    }))
}

/// Paths approved for the post now, in order.
pub(super) async fn list_shared(
    tx: &Tx<'_>,
    patient: PatientId,
    membership: MembershipId,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let rows = tx
        .query(
            "SELECT DISTINCT path FROM org.sharing WHERE organization_id = $1 AND patient_id = $2 AND membership_id = $3
                AND starts_at <= $4 AND ends_at > $4 ORDER BY path",
            &[&tx.ctx().organization().0, &patient.0, &membership.0, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Approves these paths from now on, in the context's name, and ends the approval of all others.
pub(super) async fn replace_shared(
    tx: &Tx<'_>,
    (patient, facility): (PatientId, FacilityId),
    membership: MembershipId,
    paths: &[String],
    now: Timestamp,
) -> Result<(), Error> {
    let organization = tx.ctx().organization().0;
    tx.query(
        "UPDATE org.sharing SET ends_at = $5 WHERE organization_id = $1 AND patient_id = $2 AND membership_id = $3
            AND ends_at > $5 AND path <> ALL ($4)",
        &[&organization, &patient.0, &membership.0, &paths, &now],
    )
    .await?;
    tx.query(
        "INSERT INTO org.sharing (organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at)
         SELECT $1, $2, $3, $4, p.path, $5, $7 FROM unnest($6::text[]) p (path)
          WHERE NOT EXISTS (SELECT 1 FROM org.sharing s WHERE s.organization_id = $1 AND s.patient_id = $3
                               AND s.membership_id = $4 AND s.path = p.path AND s.starts_at <= $7 AND s.ends_at > $7)",
        &[
            &organization,
            &facility.0,
            &patient.0,
            &membership.0,
            &tx.ctx().membership().0,
            &paths,
            &now,
        ],
    )
    .await
    .map(|_| ())
}
