//! Rows of `org.merge`. They are written by the chart, in the transaction that moves the records.

use db::{Error, Row, Tx};
use kernel::{OrganizationId, PatientId};

/// The merges of a patient, on either side, newest first: id, who goes on, who was absorbed, when, by whose post, its name,
/// how many records, undone when.
pub(super) async fn list(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.merge_id, m.patient_id, m.absorbed_id, m.at, p.name, m.undone_at,
                (SELECT count(*) FROM org.merge_record r WHERE r.organization_id = $1 AND r.merge_id = m.merge_id)
           FROM org.merge m
           LEFT JOIN org.membership p ON p.organization_id = $1 AND p.membership_id = m.membership_id
          WHERE m.organization_id = $1 AND (m.patient_id = $2 OR m.absorbed_id = $2)
          ORDER BY m.at DESC, m.merge_id LIMIT 100",
        &[&organization.0, &patient.0],
    )
    .await
}

/// Those whose records go on in this patient's, directly or through another.
pub(crate) async fn list_absorbed(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<PatientId>, Error> {
    let rows = tx
        .query(
            "WITH RECURSIVE into_it (id) AS (
                 SELECT m.absorbed_id FROM org.merge m
                  WHERE m.organization_id = $1 AND m.patient_id = $2 AND m.undone_at IS NULL
                  UNION
                 SELECT m.absorbed_id FROM into_it i
                   JOIN org.merge m ON m.organization_id = $1 AND m.patient_id = i.id AND m.undone_at IS NULL)
             SELECT id FROM into_it",
            &[&organization.0, &patient.0],
        )
        .await?;
    Ok(rows.iter().map(|row| PatientId(row.get(0))).collect())
}
