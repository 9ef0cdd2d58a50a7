//! Rows of `chart.draft`: unfinished notes, sealed, and what became of those that were signed.

use db::{Error, Row, ToSql, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId, ResourceId};
use uuid::Uuid;

/// A row, still sealed.
pub(super) struct Stored {
    pub(super) id: Uuid,
    pub(super) facility: FacilityId,
    pub(super) patient: PatientId,
    pub(super) author: (MembershipId, String),
    pub(super) saved_by: (MembershipId, String),
    pub(super) started_at: Timestamp,
    pub(super) saved_at: Timestamp,
    pub(super) version: i32,
    /// Without: it was signed, as this Composition.
    pub(super) body: Result<Vec<u8>, ResourceId>,
}

/// The columns that [`stored`] reads, of the drafts that a condition names.
macro_rules! drafts {
    ($which:literal) => {
        concat!(
            "SELECT d.draft_id, d.facility_id, d.patient_id, d.membership_id, m.name, d.saved_by, s.name, d.started_at,
                    d.saved_at, d.version, d.body, d.composition_id
               FROM chart.draft d
               LEFT JOIN org.membership m ON m.organization_id = d.organization_id AND m.membership_id = d.membership_id
               LEFT JOIN org.membership s ON s.organization_id = d.organization_id AND s.membership_id = d.saved_by ",
            $which
        )
    };
}

fn stored(row: &Row) -> Result<Stored, Error> {
    let body: Option<Vec<u8>> = row.get(10);
    let composition: Option<Uuid> = row.get(11);
    let name = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
    Ok(Stored {
        id: row.get(0),
        facility: FacilityId(row.get(1)),
        patient: PatientId(row.get(2)),
        author: (MembershipId(row.get(3)), name(4)),
        saved_by: (MembershipId(row.get(5)), name(6)),
        started_at: row.get(7),
        saved_at: row.get(8),
        version: row.get(9),
        body: match (body, composition) {
            (Some(body), _) => Ok(body),
            (None, Some(composition)) => Err(ResourceId(composition)),
            (None, None) => return Err(Error::Stored("a draft without its body")),
        },
    })
}

/// The draft of this id.
pub(super) async fn find(
    tx: &Tx<'_>,
    organization: OrganizationId,
    draft: Uuid,
) -> Result<Option<Stored>, Error> {
    let rows = tx
        .last(drafts!("WHERE d.organization_id = $1 AND d.draft_id = $2"), &[&organization.0, &draft])
        .await?;
    rows.first().map(stored).transpose()
}

/// The unfinished notes about a patient, oldest first.
pub(super) async fn list_of(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
    at_most: i64,
) -> Result<Vec<Stored>, Error> {
    let rows = tx
        .last(
            drafts!(
                "WHERE d.organization_id = $1 AND d.patient_id = $2 AND d.body IS NOT NULL
              ORDER BY d.started_at, d.draft_id LIMIT $3"
            ),
            &[&organization.0, &patient.0, &at_most],
        )
        .await?;
    rows.iter().map(stored).collect()
}

/// The unfinished notes that a post began, oldest first.
pub(super) async fn list_by(
    tx: &Tx<'_>,
    organization: OrganizationId,
    membership: MembershipId,
    at_most: i64,
) -> Result<Vec<Stored>, Error> {
    let rows = tx
        .last(
            drafts!(
                "WHERE d.organization_id = $1 AND d.membership_id = $2 AND d.body IS NOT NULL
              ORDER BY d.started_at, d.draft_id LIMIT $3"
            ),
            &[&organization.0, &membership.0, &at_most],
        )
        .await?;
    rows.iter().map(stored).collect()
}

/// What a facility is called, and its time zone.
pub(super) async fn fetch_place(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<(String, String), Error> {
    let rows = tx
        .query(
            "SELECT name, time_zone FROM org.facility WHERE organization_id = $1 AND facility_id = $2",
            &[&organization.0, &facility.0],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))).unwrap_or_default())
}

/// A new draft: organization, facility, id, patient, author, time, body.
pub(super) const INSERT: &str = "
    INSERT INTO chart.draft (organization_id, facility_id, draft_id, patient_id, membership_id, saved_by, started_at,
        saved_at, version, body)
    VALUES ($1, $2, $3, $4, $5, $5, $6, $6, 1, $7)";

/// Saves over a version: organization, id, version, by whom, time, body.
pub(super) const SAVE: &str = "
    WITH saved AS (
        UPDATE chart.draft SET version = version + 1, saved_by = $4, saved_at = $5, body = $6
         WHERE organization_id = $1 AND draft_id = $2 AND version = $3 AND body IS NOT NULL
        RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM saved) = 1)";

/// Throws a version away: organization, id, version.
pub(super) const DELETE: &str = "
    WITH gone AS (
        DELETE FROM chart.draft
         WHERE organization_id = $1 AND draft_id = $2 AND version = $3 AND body IS NOT NULL RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM gone) = 1)";

/// Takes a version to be signed as a Composition: it is taken once.
pub(super) async fn archive(
    tx: &Tx<'_>,
    organization: OrganizationId,
    (draft, version): (Uuid, i32),
    (by, at): (MembershipId, Timestamp),
    composition: ResourceId,
) -> Result<(), Error> {
    let params: [&(dyn ToSql + Sync); 6] = [&organization.0, &draft, &version, &by.0, &at, &composition.0];
    tx.query(
        "WITH taken AS (
            UPDATE chart.draft SET version = version + 1, saved_by = $4, saved_at = $5, body = NULL, composition_id = $6
             WHERE organization_id = $1 AND draft_id = $2 AND version = $3 AND body IS NOT NULL
            RETURNING 1)
         SELECT chart.demand((SELECT count(*) FROM taken) = 1)",
        &params,
    )
    .await
    .map(|_| ())
}

/// Where a note is signed, and what whoever signs is called.
pub(super) struct House {
    pub(super) name: String,
    pub(super) organization: String,
    pub(super) zone: jiff::tz::TimeZone,
}

/// The names that stand in a note: of the post, of the organization; and the facility's time zone.
pub(super) async fn fetch_house(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    facility: FacilityId,
) -> Result<House, Error> {
    let rows = tx
        .last(
            "SELECT o.name, f.time_zone, m.name FROM org.organization o
               LEFT JOIN org.facility f ON f.organization_id = o.organization_id AND f.facility_id = $3
               LEFT JOIN org.membership m ON m.organization_id = o.organization_id AND m.membership_id = $2
              WHERE o.organization_id = $1",
            &[&organization.0, &membership.0, &facility.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    let zone = row.get::<_, Option<String>>(1).and_then(|zone| jiff::tz::TimeZone::get(&zone).ok());
    Ok(House {
        organization: row.get(0),
        zone: zone.unwrap_or(jiff::tz::TimeZone::UTC),
        name: row.get::<_, Option<String>>(2).unwrap_or_default(),
    })
}
