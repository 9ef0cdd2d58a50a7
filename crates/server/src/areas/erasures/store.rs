//! Rows of `org.legal_hold`, `org.restriction`, `org.erasure` and `org.erased`: read here, written by functions of the
//! database, which ask by themselves who may.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, OrganizationId, PatientId};
use uuid::Uuid;

use super::model::Terms;

/// Whether there was such a patient.
async fn done(tx: &Tx<'_>, sql: &'static str, params: &[&(dyn db::ToSql + Sync)]) -> Result<bool, Error> {
    Ok(tx.query(sql, params).await?.first().is_some_and(|row| row.get(0)))
}

/// Places a hold.
pub(super) async fn place_hold(
    tx: &Tx<'_>,
    (hold, patient): (Uuid, PatientId),
    (kind, matter): (&str, &[u8]),
    now: Timestamp,
) -> Result<bool, Error> {
    done(tx, "SELECT org.place_hold($1, $2, $3, $4, $5)", &[&hold, &patient.0, &kind, &matter, &now]).await
}

/// Releases one.
pub(super) async fn release_hold(
    tx: &Tx<'_>,
    (hold, patient): (Uuid, PatientId),
    now: Timestamp,
) -> Result<bool, Error> {
    done(tx, "SELECT org.release_hold($1, $2, $3)", &[&hold, &patient.0, &now]).await
}

/// Restricts a record.
pub(super) async fn restrict(
    tx: &Tx<'_>,
    (restriction, patient): (Uuid, PatientId),
    ground: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let params: [&(dyn db::ToSql + Sync); 4] = [&restriction, &patient.0, &ground, &now];
    done(tx, "SELECT org.restrict_record($1, $2, $3, $4)", &params).await
}

/// Lifts that.
pub(super) async fn lift(tx: &Tx<'_>, patient: PatientId, now: Timestamp) -> Result<bool, Error> {
    done(tx, "SELECT org.lift_restriction($1, $2)", &[&patient.0, &now]).await
}

/// Asks for an erasure.
pub(super) async fn ask(
    tx: &Tx<'_>,
    (erasure, patient): (Uuid, PatientId),
    ground: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let params: [&(dyn db::ToSql + Sync); 4] = [&erasure, &patient.0, &ground, &now];
    done(tx, "SELECT org.ask_erasure($1, $2, $3, $4)", &params).await
}

/// Decides about one.
pub(super) async fn decide(
    tx: &Tx<'_>,
    erasure: Uuid,
    approved: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    done(tx, "SELECT org.decide_erasure($1, $2, $3)", &[&erasure, &approved, &now]).await
}

/// Takes one back.
pub(super) async fn withdraw(tx: &Tx<'_>, erasure: Uuid, now: Timestamp) -> Result<bool, Error> {
    done(tx, "SELECT org.withdraw_erasure($1, $2)", &[&erasure, &now]).await
}

/// How long the organization keeps records.
pub(super) async fn fetch_terms(tx: &Tx<'_>, organization: OrganizationId) -> Result<Terms, Error> {
    let rows = tx
        .query(
            "SELECT records_years, adult_years, erasure_days FROM org.organization WHERE organization_id = $1",
            &[&organization.0],
        )
        .await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(Terms { records_years: row.get(0), adult_years: row.get(1), erasure_days: row.get(2) })
}

/// A record, whatever became of it.
pub(super) struct Place {
    pub(super) facility: FacilityId,
    /// When something was last entered; nothing is told of a record that was erased.
    pub(super) last_entry: Option<Timestamp>,
    /// Whether it goes on in another.
    pub(super) absorbed: bool,
    pub(super) erased_at: Option<Timestamp>,
}

/// The record of this patient, where the context reaches it.
pub(super) async fn find(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Option<Place>, Error> {
    let rows = tx
        .query(
            "SELECT r.facility_id,
                    CASE WHEN x.erased_at IS NULL THEN org.last_entry($1, org.one_record($1, r.id)) END,
                    EXISTS (SELECT FROM org.merge m WHERE m.organization_id = $1 AND m.absorbed_id = r.id AND m.undone_at IS NULL),
                    x.erased_at
               FROM chart.resource r
               LEFT JOIN org.erased x ON x.organization_id = r.organization_id AND x.patient_id = r.id
              WHERE r.organization_id = $1 AND r.id = $2 AND r.patient_id = $2 AND (r.body IS NOT NULL OR x.erased_at IS NOT NULL)",
            &[&organization.0, &patient.0],
        )
        .await?;
    Ok(rows.first().map(|row| Place {
        facility: FacilityId(row.get(0)),
        last_entry: row.get(1),
        absorbed: row.get(2),
        erased_at: row.get(3),
    }))
}

/// The patient of an erasure within reach.
pub(super) async fn find_erasure(
    tx: &Tx<'_>,
    organization: OrganizationId,
    erasure: Uuid,
) -> Result<Option<(PatientId, FacilityId)>, Error> {
    let rows = tx
        .query(
            "SELECT patient_id, facility_id FROM org.erasure WHERE organization_id = $1 AND erasure_id = $2",
            &[&organization.0, &erasure],
        )
        .await?;
    Ok(rows.first().map(|row| (PatientId(row.get(0)), FacilityId(row.get(1)))))
}

macro_rules! holds {
    ($which:literal) => {
        concat!(
            "SELECT h.hold_id, h.facility_id, h.patient_id, f.code, h.kind, h.matter, p.name, h.placed_at, r.name, h.released_at
               FROM org.legal_hold h
               JOIN org.facility f ON f.organization_id = h.organization_id AND f.facility_id = h.facility_id
               LEFT JOIN org.membership p ON p.organization_id = h.organization_id AND p.membership_id = h.placed_by
               LEFT JOIN org.membership r ON r.organization_id = h.organization_id AND r.membership_id = h.released_by
              WHERE h.organization_id = $1 ",
            $which,
            " ORDER BY h.released_at IS NOT NULL, h.placed_at DESC, h.hold_id LIMIT 500"
        )
    };
}

/// Holds on the record of this patient, and on those of who was merged into them.
pub(super) async fn list_holds(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<Row>, Error> {
    const SQL: &str = holds!("AND h.patient_id = ANY (org.one_record($1, $2))");
    tx.query(SQL, &[&organization.0, &patient.0]).await
}

/// Holds that stand within reach.
pub(super) async fn list_standing_holds(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<Vec<Row>, Error> {
    tx.query(holds!("AND h.released_at IS NULL"), &[&organization.0]).await
}

macro_rules! restrictions {
    ($which:literal) => {
        concat!(
            "SELECT x.restriction_id, x.facility_id, x.patient_id, f.code, x.ground, m.name, x.restricted_at
               FROM org.restriction x
               JOIN org.facility f ON f.organization_id = x.organization_id AND f.facility_id = x.facility_id
               LEFT JOIN org.membership m ON m.organization_id = x.organization_id AND m.membership_id = x.restricted_by
              WHERE x.organization_id = $1 AND x.lifted_at IS NULL ",
            $which,
            " ORDER BY x.restricted_at DESC, x.patient_id LIMIT 500"
        )
    };
}

/// The restriction of this record, when it is restricted.
pub(super) async fn list_restriction(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<Row>, Error> {
    tx.query(restrictions!("AND x.patient_id = $2"), &[&organization.0, &patient.0]).await
}

/// Restrictions that stand within reach, of each record that is one of its own.
pub(super) async fn list_restrictions(tx: &Tx<'_>, organization: OrganizationId) -> Result<Vec<Row>, Error> {
    const SQL: &str = restrictions!(
        "AND NOT EXISTS (SELECT FROM org.merge g WHERE g.organization_id = $1 AND g.absorbed_id = x.patient_id AND g.undone_at IS NULL)"
    );
    tx.query(SQL, &[&organization.0]).await
}

macro_rules! erasures {
    ($which:literal) => {
        concat!(
            "SELECT e.erasure_id, e.facility_id, e.patient_id, f.code, e.ground, e.state, a.name, e.asked_at, d.name,
                    e.decided_at, e.due_at, e.ended_at,
                    coalesce(e.asked_by = $2 OR a.person_id = me.person_id, false)
               FROM org.erasure e
               JOIN org.facility f ON f.organization_id = e.organization_id AND f.facility_id = e.facility_id
               LEFT JOIN org.membership a ON a.organization_id = e.organization_id AND a.membership_id = e.asked_by
               LEFT JOIN org.membership d ON d.organization_id = e.organization_id AND d.membership_id = e.decided_by
               LEFT JOIN org.membership me ON me.organization_id = e.organization_id AND me.membership_id = $2
              WHERE e.organization_id = $1 ",
            $which,
            " ORDER BY e.state NOT IN ('asked', 'approved', 'erasing'), e.asked_at DESC, e.erasure_id LIMIT 200"
        )
    };
}

/// The erasures of this record, the open one first.
pub(super) async fn list_erasures_of(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Vec<Row>, Error> {
    let me = tx.ctx().membership().0;
    tx.query(erasures!("AND $3 = ANY (e.patients)"), &[&organization.0, &me, &patient.0]).await
}

/// Erasures within reach, those that are open first.
pub(super) async fn list_erasures(tx: &Tx<'_>, organization: OrganizationId) -> Result<Vec<Row>, Error> {
    tx.query(erasures!(""), &[&organization.0, &tx.ctx().membership().0]).await
}

/// Takes everything of an erasure's patients away; gives how many records were emptied. It takes as long as it takes.
pub(super) async fn erase(tx: &Tx<'_>, erasure: Uuid, now: Timestamp) -> Result<i64, Error> {
    tx.query("SELECT set_config('statement_timeout', '0', true)", &[]).await?;
    let rows = tx.query("SELECT org.erase_rows($1, $2)", &[&erasure, &now]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Lets another try later.
pub(super) async fn leave(tx: &Tx<'_>, erasure: Uuid, until: Timestamp) -> Result<(), Error> {
    tx.query("SELECT org.leave_erasure($1, $2)", &[&erasure, &until]).await.map(|_| ())
}
