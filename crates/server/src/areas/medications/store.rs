//! Rows of `chart.dose`, `org.stock` and `org.stock_entry`.

use db::{Error, Row, ToSql, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId, ResourceId};
use uuid::Uuid;

/// A dose that somebody recorded.
pub(super) struct Dose {
    pub(super) request: Uuid,
    pub(super) digest: Vec<u8>,
    pub(super) facility: FacilityId,
    pub(super) patient: PatientId,
    pub(super) order: ResourceId,
    pub(super) due: Option<Timestamp>,
    pub(super) given: Timestamp,
    pub(super) administration: ResourceId,
    pub(super) by: (MembershipId, String),
    pub(super) recorded: Timestamp,
    pub(super) revoked: bool,
}

macro_rules! doses {
    ($which:literal) => {
        concat!(
            "SELECT d.request_id, d.digest, d.facility_id, d.patient_id, d.order_id, d.due_at, d.given_at, d.administration_id,
                    d.membership_id, m.name, d.recorded_at, d.revoked_at IS NOT NULL
               FROM chart.dose d
               LEFT JOIN org.membership m ON m.organization_id = d.organization_id AND m.membership_id = d.membership_id ",
            $which
        )
    };
}

fn dose(row: &Row) -> Dose {
    Dose {
        request: row.get(0),
        digest: row.get(1),
        facility: FacilityId(row.get(2)),
        patient: PatientId(row.get(3)),
        order: ResourceId(row.get(4)),
        due: row.get(5),
        given: row.get(6),
        administration: ResourceId(row.get(7)),
        by: (MembershipId(row.get(8)), row.get::<_, Option<String>>(9).unwrap_or_default()),
        recorded: row.get(10),
        revoked: row.get(11),
    }
}

/// The dose that was recorded by this request.
pub(super) async fn find_request(
    tx: &Tx<'_>,
    organization: OrganizationId,
    request: Uuid,
) -> Result<Option<Dose>, Error> {
    let sql = doses!("WHERE d.organization_id = $1 AND d.request_id = $2");
    Ok(tx.last(sql, &[&organization.0, &request]).await?.first().map(dose))
}

/// The dose that this record is of.
pub(super) async fn find_administration(
    tx: &Tx<'_>,
    organization: OrganizationId,
    administration: ResourceId,
) -> Result<Option<Dose>, Error> {
    let sql = doses!("WHERE d.organization_id = $1 AND d.administration_id = $2");
    Ok(tx.last(sql, &[&organization.0, &administration.0]).await?.first().map(dose))
}

/// The dose that takes a place of an order.
pub(super) async fn find_place(
    tx: &Tx<'_>,
    organization: OrganizationId,
    order: ResourceId,
    due: Timestamp,
) -> Result<Option<Dose>, Error> {
    let sql =
        doses!("WHERE d.organization_id = $1 AND d.order_id = $2 AND d.due_at = $3 AND d.revoked_at IS NULL");
    Ok(tx.last(sql, &[&organization.0, &order.0, &due]).await?.first().map(dose))
}

/// The doses of these orders that count: those that were due since the one moment, or given as needed since the other.
pub(super) async fn list_of(
    tx: &Tx<'_>,
    organization: OrganizationId,
    orders: &[Uuid],
    (due, needed): (Timestamp, Timestamp),
) -> Result<Vec<Dose>, Error> {
    let sql = doses!(
        "WHERE d.organization_id = $1 AND d.order_id = ANY ($2) AND d.revoked_at IS NULL
           AND (d.due_at >= $3 OR (d.due_at IS NULL AND d.given_at >= $4))
         ORDER BY d.given_at"
    );
    Ok(tx.last(sql, &[&organization.0, &orders, &due, &needed]).await?.iter().map(dose).collect())
}

/// When an order was given as needed in a window; within a transaction that holds the order.
pub(super) async fn list_needed(
    tx: &Tx<'_>,
    organization: OrganizationId,
    order: ResourceId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Timestamp>, Error> {
    let sql = "SELECT given_at FROM chart.dose
                WHERE organization_id = $1 AND order_id = $2 AND due_at IS NULL AND revoked_at IS NULL
                  AND given_at > $3 AND given_at < $4";
    let rows = tx.query(sql, &[&organization.0, &order.0, &from, &until]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Records a dose.
pub(super) async fn insert(tx: &Tx<'_>, organization: OrganizationId, dose: &Dose) -> Result<(), Error> {
    let params: [&(dyn ToSql + Sync); 11] = [
        &organization.0,
        &dose.facility.0,
        &dose.request,
        &dose.digest,
        &dose.patient.0,
        &dose.order.0,
        &dose.due,
        &dose.given,
        &dose.administration.0,
        &dose.by.0.0,
        &dose.recorded,
    ];
    tx.query(
        "INSERT INTO chart.dose (organization_id, facility_id, request_id, digest, patient_id, order_id, due_at, given_at,
            administration_id, membership_id, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &params,
    )
    .await
    .map(|_| ())
}

/// Revokes a dose: organization, request, time, by whom.
pub(super) const REVOKE: &str = "
    WITH revoked AS (
        UPDATE chart.dose SET revoked_at = $3, revoked_by = $4
         WHERE organization_id = $1 AND request_id = $2 AND revoked_at IS NULL RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM revoked) = 1)";

/// What ends a transaction whose last act is its event.
pub(super) const NOTHING: &str = "SELECT 1";

/// Where something is given, and who gives it.
pub(super) struct House {
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) zone_name: String,
    /// What the post is called.
    pub(super) name: String,
}

/// The facility's time zone, and the name of a post.
pub(super) async fn fetch_house(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    facility: FacilityId,
) -> Result<House, Error> {
    let rows = tx
        .last(
            "SELECT f.time_zone, m.name FROM org.facility f
               LEFT JOIN org.membership m ON m.organization_id = f.organization_id AND m.membership_id = $2
              WHERE f.organization_id = $1 AND f.facility_id = $3",
            &[&organization.0, &membership.0, &facility.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    let zone_name: String = row.get(0);
    let name = row.get::<_, Option<String>>(1).filter(|name| !name.trim().is_empty());
    Ok(House {
        zone: jiff::tz::TimeZone::get(&zone_name).unwrap_or(jiff::tz::TimeZone::UTC),
        zone_name,
        name: name.unwrap_or_else(|| format!("Post {membership}")),
    })
}

/// A sheet, its medication still sealed.
pub(super) struct Sheet {
    pub(super) id: Uuid,
    pub(super) facility: FacilityId,
    pub(super) body: Vec<u8>,
    pub(super) witness_to_give: bool,
    pub(super) on_hand: i64,
    pub(super) entries: i32,
    /// What the last count differed by, and when it was.
    pub(super) last_count: Option<(i64, Timestamp)>,
    /// How many entries wait for a witness, and were made since.
    pub(super) waiting: i64,
}

macro_rules! sheets {
    ($which:literal) => {
        concat!(
            "SELECT s.stock_id, s.facility_id, s.body, s.witness_to_give, s.on_hand, s.entries, c.difference, c.at,
                    (SELECT count(*) FROM org.stock_entry w
                      WHERE w.organization_id = s.organization_id AND w.stock_id = s.stock_id AND w.number IS NULL
                        AND w.witness_id IS NULL AND w.at > $3)
               FROM org.stock s
               LEFT JOIN LATERAL (
                    SELECT CASE WHEN EXISTS (
                        SELECT FROM org.stock_entry x
                         WHERE x.organization_id = e.organization_id AND x.stock_id = e.stock_id AND x.kind = 'corrected'
                           AND x.administration_id IS NULL AND x.number > e.number) THEN 0
                        ELSE e.counted - e.balance END AS difference, e.at
                      FROM org.stock_entry e
                     WHERE e.organization_id = s.organization_id AND e.stock_id = s.stock_id AND e.kind = 'counted'
                       AND e.number IS NOT NULL
                     ORDER BY e.number DESC LIMIT 1) c ON true ",
            $which
        )
    };
}

fn sheet(row: &Row) -> Sheet {
    let difference: Option<i64> = row.get(6);
    Sheet {
        id: row.get(0),
        facility: FacilityId(row.get(1)),
        body: row.get(2),
        witness_to_give: row.get(3),
        on_hand: row.get(4),
        entries: row.get(5),
        last_count: difference.zip(row.get(7)),
        waiting: row.get(8),
    }
}

/// The sheets within reach; of one facility, when it is named.
pub(super) async fn list_sheets(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facility: Option<FacilityId>,
    waiting_since: Timestamp,
) -> Result<Vec<Sheet>, Error> {
    let facility = facility.map(|facility| facility.0);
    let sql = sheets!(
        "WHERE s.organization_id = $1 AND ($2::int4 IS NULL OR s.facility_id = $2) ORDER BY s.created_at, s.stock_id"
    );
    Ok(tx.last(sql, &[&organization.0, &facility, &waiting_since]).await?.iter().map(sheet).collect())
}

/// A sheet.
pub(super) async fn find_sheet(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    waiting_since: Timestamp,
) -> Result<Option<Sheet>, Error> {
    let sql = sheets!("WHERE s.organization_id = $1 AND s.stock_id = $2");
    Ok(tx.last(sql, &[&organization.0, &id, &waiting_since]).await?.first().map(sheet))
}

/// A new sheet: organization, facility, id, body, whether giving needs a witness, by whom, time.
pub(super) const INSERT_SHEET: &str = "
    INSERT INTO org.stock (organization_id, facility_id, stock_id, body, witness_to_give, membership_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// A new entry: organization, facility, sheet, id, kind, change, what was counted, record, by whom, time, note.
pub(super) const INSERT_ENTRY: &str = "
    INSERT INTO org.stock_entry (organization_id, facility_id, stock_id, entry_id, kind, change, counted, administration_id,
        membership_id, at, note)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// A witness confirms an entry: organization, sheet, entry, who, when; made since.
pub(super) const WITNESS: &str = "
    WITH seen AS (
        UPDATE org.stock_entry SET witness_id = $4, witnessed_at = $5
         WHERE organization_id = $1 AND stock_id = $2 AND entry_id = $3 AND witness_id IS NULL AND number IS NULL AND at > $6
         RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM seen) = 1)";

/// A witnessed giving becomes one: organization, sheet, entry, record, by whom, change, witnessed since.
pub(super) const USE_WITNESSED: &str = "
    WITH used AS (
        UPDATE org.stock_entry SET administration_id = $4
         WHERE organization_id = $1 AND stock_id = $2 AND entry_id = $3 AND membership_id = $5 AND change = $6
           AND kind = 'given' AND number IS NULL AND witnessed_at >= $7 RETURNING 1)
    SELECT chart.demand((SELECT count(*) FROM used) = 1)";

/// What was given from which sheet by a record.
pub(super) async fn find_given(
    tx: &Tx<'_>,
    organization: OrganizationId,
    administration: ResourceId,
) -> Result<Option<(Uuid, FacilityId, i64)>, Error> {
    let rows = tx
        .query(
            "SELECT stock_id, facility_id, change FROM org.stock_entry
              WHERE organization_id = $1 AND administration_id = $2 AND kind = 'given' AND number IS NOT NULL",
            &[&organization.0, &administration.0],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), FacilityId(row.get(1)), row.get(2))))
}

/// An entry of a sheet.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) change: i64,
    pub(super) counted: Option<i64>,
    pub(super) by: (MembershipId, String),
    pub(super) at: Timestamp,
    pub(super) note: Option<Vec<u8>>,
    pub(super) witness: Option<String>,
    pub(super) number: Option<i32>,
    pub(super) balance: Option<i64>,
}

/// The entries of a sheet, those that wait first, then the newest first. Those that were never entered and do not wait any
/// more are left out.
pub(super) async fn list_entries(
    tx: &Tx<'_>,
    organization: OrganizationId,
    sheet: Uuid,
    (waiting_since, at_most): (Timestamp, i64),
) -> Result<Vec<Entry>, Error> {
    let rows = tx
        .last(
            "SELECT e.entry_id, e.kind, e.change, e.counted, e.membership_id, m.name, e.at, e.note, w.name, e.number, e.balance
               FROM org.stock_entry e
               LEFT JOIN org.membership m ON m.organization_id = e.organization_id AND m.membership_id = e.membership_id
               LEFT JOIN org.membership w ON w.organization_id = e.organization_id AND w.membership_id = e.witness_id
              WHERE e.organization_id = $1 AND e.stock_id = $2 AND (e.number IS NOT NULL OR e.at > $4)
              ORDER BY e.number DESC NULLS FIRST, e.at DESC LIMIT $3",
            &[&organization.0, &sheet, &at_most, &waiting_since],
        )
        .await?;
    let entry = |row: &Row| Entry {
        id: row.get(0),
        kind: row.get(1),
        change: row.get(2),
        counted: row.get(3),
        // Who has no post is the operator.
        by: (
            MembershipId(row.get(4)),
            row.get::<_, Option<String>>(5).unwrap_or_else(|| "Operator".to_owned()),
        ),
        at: row.get(6),
        note: row.get(7),
        witness: row.get(8),
        number: row.get(9),
        balance: row.get(10),
    };
    Ok(rows.iter().map(entry).collect())
}
