//! Rows of `org.handover`, and what `org.facility` says of shifts.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{FacilityId, MembershipId, OrganizationId};
use uuid::Uuid;

use super::model::{Shift, known};

/// A facility, as far as shifts go.
pub(crate) struct Place {
    pub(crate) facility: FacilityId,
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
    /// Minutes of the day.
    pub(crate) starts: Vec<i32>,
    pub(crate) version: i32,
}

/// The facility of this number.
pub(super) async fn fetch_place(
    tx: Tx<'_>,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<Place, Error> {
    let rows = tx
        .last(
            "SELECT name, time_zone, shifts, version FROM org.facility
              WHERE organization_id = $1 AND facility_id = $2",
            &[&organization.0, &facility.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    let zone = TimeZone::get(row.get(1)).unwrap_or(TimeZone::UTC);
    Ok(Place { facility, name: row.get(0), zone, starts: row.get(2), version: row.get(3) })
}

/// Gives the version now; nothing when another was named.
pub(super) async fn change_starts(
    tx: &Tx<'_>,
    facility: FacilityId,
    was: i32,
    starts: &[i32],
) -> Result<Option<i32>, Error> {
    let rows = tx.query("SELECT org.change_shifts($1, $2, $3)", &[&facility.0, &was, &starts]).await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// A shift that was handed over.
pub(super) struct Handed {
    pub(super) id: Uuid,
    pub(super) facility: FacilityId,
    pub(super) code: String,
    pub(super) shift: Shift,
    pub(super) by: (MembershipId, String),
    pub(super) at: Timestamp,
    pub(super) received: Option<(String, Timestamp)>,
    /// Whether the person who asks handed it over, by this post or another of theirs.
    pub(super) own: bool,
}

macro_rules! handed {
    ($which:literal) => {
        concat!(
            "SELECT h.handover_id, h.facility_id, f.code, h.shift, h.starts_at, h.ends_at, h.signed_by, s.name,
                    h.signed_at, r.name, h.received_at,
                    coalesce(h.signed_by = $2 OR s.person_id = m.person_id, false)
               FROM org.handover h
               JOIN org.facility f ON f.organization_id = h.organization_id AND f.facility_id = h.facility_id
               LEFT JOIN org.membership s ON s.organization_id = h.organization_id AND s.membership_id = h.signed_by
               LEFT JOIN org.membership r ON r.organization_id = h.organization_id AND r.membership_id = h.received_by
               LEFT JOIN org.membership m ON m.organization_id = h.organization_id AND m.membership_id = $2
              WHERE h.organization_id = $1 ",
            $which
        )
    };
}

fn handed(row: &Row) -> Handed {
    let text = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
    let received: Option<Timestamp> = row.get(10);
    Handed {
        id: row.get(0),
        facility: FacilityId(row.get(1)),
        code: row.get(2),
        shift: Shift { name: known(row.get(3)), from: row.get(4), until: row.get(5) },
        by: (MembershipId(row.get(6)), text(7)),
        at: row.get(8),
        received: received.map(|at| (text(9), at)),
        own: row.get(11),
    }
}

/// Those of a facility, the newest first.
pub(super) async fn list(
    tx: Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    facility: FacilityId,
    since: Timestamp,
) -> Result<Vec<Handed>, Error> {
    let rows = tx
        .last(
            handed!("AND h.facility_id = $3 AND h.signed_at >= $4 ORDER BY h.signed_at DESC LIMIT 100"),
            &[&organization.0, &membership.0, &facility.0, &since],
        )
        .await?;
    Ok(rows.iter().map(handed).collect())
}

/// The one of this id.
pub(super) async fn find(
    tx: Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    handover: Uuid,
) -> Result<Option<Handed>, Error> {
    let rows =
        tx.last(handed!("AND h.handover_id = $3"), &[&organization.0, &membership.0, &handover]).await?;
    Ok(rows.first().map(handed))
}

/// A new one.
pub(super) async fn insert(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    (facility, handover): (FacilityId, Uuid),
    shift: Shift,
    at: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.handover (organization_id, facility_id, handover_id, shift, starts_at, ends_at, signed_by,
             signed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &organization.0,
            &facility.0,
            &handover,
            &shift.name,
            &shift.from,
            &shift.until,
            &membership.0,
            &at,
        ],
    )
    .await
    .map(|_| ())
}

/// Receives one that nobody received: organization, id, by whom, when.
pub(super) const RECEIVE: &str = "
    WITH taken AS (
        UPDATE org.handover SET received_by = $3, received_at = $4
         WHERE organization_id = $1 AND handover_id = $2 AND received_by IS NULL RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM taken) = 1)";
