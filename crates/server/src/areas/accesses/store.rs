//! The log, as the asker's context reaches it, and what explains an event of it.

use db::{Error, Row, ToSql, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId};
use uuid::Uuid;

/// A post of an organization.
pub(super) type Post = (OrganizationId, MembershipId);

/// The patients whose own post this is.
pub(super) async fn list_selves(
    tx: &Tx<'_>,
    (organization, membership): Post,
    now: Timestamp,
) -> Result<Vec<PatientId>, Error> {
    let rows = tx
        .query(
            "SELECT patient_id FROM org.relationship
              WHERE organization_id = $1 AND membership_id = $2 AND kind = 'self' AND starts_at <= $3 AND ends_at > $3",
            &[&organization.0, &membership.0, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| PatientId(row.get(0))).collect())
}

/// The time zone of a facility.
pub(super) async fn fetch_time_zone(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<String, Error> {
    let rows = tx
        .query(
            "SELECT time_zone FROM org.facility WHERE organization_id = $1 AND facility_id = $2",
            &[&organization.0, &facility.0],
        )
        .await?;
    rows.first().map(|row| row.get(0)).ok_or(Error::NotFound)
}

/// Which part of a patient's log.
pub(super) struct Part<'a> {
    /// The patient, and those whose records go on in theirs.
    pub(super) patients: &'a [PatientId],
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Only what is older than this event.
    pub(super) before: (Timestamp, Uuid),
    pub(super) at_most: i64,
}

/// What was done with a patient's record, newest first: time, event, action, type, outcome, purpose, facility, address,
/// then who: post, name, role, kind, plane, on whose behalf.
pub(super) async fn list_accesses(
    tx: &Tx<'_>,
    organization: OrganizationId,
    part: &Part<'_>,
) -> Result<Vec<Row>, Error> {
    let patients: Vec<Uuid> = part.patients.iter().map(|patient| patient.0).collect();
    tx.query(
        "SELECT e.at, e.id, e.action, e.resource_type, e.outcome, e.purpose, f.name, host(e.address), e.membership_id,
                m.name, m.role, m.kind, m.plane, b.name
           FROM (SELECT DISTINCT ON (one.at, one.event_id) one.*
                   FROM unnest($2::uuid[]) p (id)
                  CROSS JOIN LATERAL (
                        SELECT s.organization_id, s.facility_id, s.at, s.event_id FROM audit.subject s
                         WHERE s.organization_id = $1 AND s.patient_id = p.id AND s.at >= $3 AND s.at < $4
                           AND (s.at, s.event_id) < ($5, $6)
                         ORDER BY s.at DESC, s.event_id DESC LIMIT $7) one
                  ORDER BY one.at DESC, one.event_id DESC LIMIT $7) s
           JOIN audit.event e ON e.organization_id = s.organization_id AND e.at = s.at AND e.id = s.event_id
           LEFT JOIN org.membership m ON m.organization_id = e.organization_id AND m.membership_id = e.membership_id
           LEFT JOIN org.membership b ON b.organization_id = e.organization_id AND b.membership_id = e.on_behalf_of
           LEFT JOIN org.facility f ON f.organization_id = s.organization_id AND f.facility_id = s.facility_id
          ORDER BY s.at DESC, s.event_id DESC",
        &[
            &organization.0,
            &patients,
            &part.from,
            &part.to,
            &part.before.0,
            &part.before.1,
            &part.at_most,
        ],
    )
    .await
}

/// What narrows a search of the log.
pub(super) struct Narrowed {
    pub(super) from: Timestamp,
    /// Only what is older than this event.
    pub(super) before: (Timestamp, Uuid),
    pub(super) membership: Option<MembershipId>,
    /// The keys of what was done.
    pub(super) actions: Option<Vec<&'static str>>,
    /// What was refused or failed.
    pub(super) refused: bool,
    /// What was done in an emergency, and the emergency itself.
    pub(super) emergency: bool,
    pub(super) facility: Option<FacilityId>,
    /// Whether only what concerned a patient within reach is to be told.
    pub(super) bound: bool,
    /// So many of the patients concerned are told.
    pub(super) named: i32,
    pub(super) at_most: i64,
}

/// What every search asks of an event.
macro_rules! narrowed {
    ($more:literal) => {
        concat!(
            "e.organization_id = $1 AND e.at >= $2 AND e.at <= $3 AND (e.at, e.id) < ($3, $4)
              AND ($5::text[] IS NULL OR e.action = ANY ($5)) AND (NOT $6 OR e.outcome <> 'success')
              AND (NOT $7 OR e.purpose = 'BTG' OR e.action IN ('emergency.open', 'emergency.close', 'emergency.use'))
              AND ($8::int4 IS NULL OR e.facility_id = $8 OR EXISTS (
                   SELECT FROM audit.subject s WHERE s.organization_id = $1 AND s.at = e.at AND s.event_id = e.id
                                                 AND s.facility_id = $8))
              AND (NOT $9 OR EXISTS (
                   SELECT FROM audit.subject s WHERE s.organization_id = $1 AND s.at = e.at AND s.event_id = e.id)) ",
            $more
        )
    };
}

/// The newest along one index; what else is asked is looked at on the way.
macro_rules! along {
    ($which:literal) => {
        concat!(
            "SELECT e.* FROM audit.event e WHERE ",
            narrowed!($which),
            " ORDER BY e.at DESC, e.id DESC LIMIT $10"
        )
    };
}

/// The newest of the newest of each: no more is read of any than a page shows.
macro_rules! of_each {
    ($each:literal, $from:literal, $which:literal) => {
        concat!(
            "SELECT DISTINCT ON (one.at, one.id) one.* FROM ",
            $each,
            " CROSS JOIN LATERAL (SELECT e.* FROM ",
            $from,
            " WHERE ",
            narrowed!($which),
            " LIMIT $10) one ORDER BY one.at DESC, one.id DESC LIMIT $10"
        )
    };
}

/// A page of these events, as [`list_accesses`] tells them, then patients concerned and their facilities, and how many
/// they are.
macro_rules! page {
    ($found:expr) => {
        concat!(
            "SELECT e.at, e.id, e.action, e.resource_type, e.outcome, e.purpose, f.name, host(e.address), e.membership_id,
                    m.name, m.role, m.kind, m.plane, b.name, c.patients, c.facilities, c.concerned
               FROM (",
            $found,
            ") e
               LEFT JOIN LATERAL (
                    SELECT coalesce((array_agg(s.patient_id ORDER BY s.patient_id))[:$11], '{}') AS patients,
                           coalesce((array_agg(s.facility_id ORDER BY s.patient_id))[:$11], '{}') AS facilities,
                           count(*) AS concerned
                      FROM audit.subject s WHERE s.organization_id = $1 AND s.at = e.at AND s.event_id = e.id) c ON true
               LEFT JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = e.membership_id
               LEFT JOIN org.membership b ON b.organization_id = $1 AND b.membership_id = e.on_behalf_of
               LEFT JOIN org.facility f ON f.organization_id = $1 AND f.facility_id = e.facility_id AND f.facility_id <> 0
              ORDER BY e.at DESC, e.id DESC"
        )
    };
}

/// What is done all day, and hence not in the index `event_deed`.
const ORDINARY: [&str; 2] = ["chart.read", "chart.search"];

/// What was done, newest first. The time alone, one post, one patient, what is seldom done and what stands out each have
/// an index of theirs; the narrowest is taken.
pub(super) async fn search(
    tx: &Tx<'_>,
    organization: OrganizationId,
    patients: Option<&[PatientId]>,
    narrowed: &Narrowed,
) -> Result<Vec<Row>, Error> {
    const OF_PATIENTS: &str = page!(of_each!(
        "unnest($13::uuid[]) p (id)",
        // In their order already, so that no more events are looked at than are shown.
        "(SELECT s.organization_id, s.at, s.event_id FROM audit.subject s
           WHERE s.organization_id = $1 AND s.patient_id = p.id AND s.at >= $2 AND s.at <= $3
             AND (s.at, s.event_id) < ($3, $4)
           ORDER BY s.at DESC, s.event_id DESC OFFSET 0) about
         JOIN audit.event e ON e.organization_id = about.organization_id AND e.at = about.at AND e.id = about.event_id",
        "AND ($12::int4 IS NULL OR e.membership_id = $12) ORDER BY about.at DESC, about.event_id DESC"
    ));
    // These three as their indexes have it, word for word.
    const SELDOM: &str = page!(of_each!(
        "unnest($5::text[]) d (action)",
        "audit.event e",
        "AND ($12::int4 IS NULL OR e.membership_id = $12) AND e.action = d.action
         AND e.action NOT IN ('chart.read', 'chart.search') ORDER BY e.at DESC, e.id DESC"
    ));
    const EMERGENCIES: &str = page!(along!(
        "AND ($12::int4 IS NULL OR e.membership_id = $12)
         AND (e.purpose = 'BTG' OR e.action IN ('emergency.open', 'emergency.close', 'emergency.use'))"
    ));
    const EXCEPTIONS: &str = page!(along!(
        "AND ($12::int4 IS NULL OR e.membership_id = $12)
         AND (e.outcome <> 'success' OR e.purpose = 'BTG'
              OR e.action IN ('chart.export', 'audit.take', 'emergency.open', 'emergency.close', 'emergency.use'))"
    ));
    const OF_POST: &str = page!(along!("AND e.membership_id = $12"));
    const ALL: &str = page!(along!("AND $12::int4 IS NULL"));
    let patients: Option<Vec<Uuid>> = patients.map(|all| all.iter().map(|patient| patient.0).collect());
    let post = narrowed.membership.map(|post| post.0);
    let facility = narrowed.facility.map(|facility| facility.0);
    let seldom = narrowed.actions.as_ref().is_some_and(|all| !all.iter().any(|one| ORDINARY.contains(one)));
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &organization.0,
        &narrowed.from,
        &narrowed.before.0,
        &narrowed.before.1,
        &narrowed.actions,
        &narrowed.refused,
        &narrowed.emergency,
        &facility,
        &narrowed.bound,
        &narrowed.at_most,
        &narrowed.named,
        &post,
    ];
    let sql = match &patients {
        Some(patients) => {
            params.push(patients);
            OF_PATIENTS
        }
        None if seldom => SELDOM,
        None if narrowed.emergency => EMERGENCIES,
        None if narrowed.refused => EXCEPTIONS,
        None if post.is_some() => OF_POST,
        None => ALL,
    };
    tx.query(sql, &params).await
}

/// The event of this id: time, action, outcome, reason, purpose, facility's number and name, then who: post, name, role,
/// kind, plane, on whose behalf. Its id says in which millisecond it was, which is where it is looked for.
pub(super) async fn find_event(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    (from, to): (Timestamp, Timestamp),
) -> Result<Option<Row>, Error> {
    let rows = tx
        .query(
            "SELECT e.at, e.action, e.outcome, e.reason, e.purpose, e.facility_id, f.name, e.membership_id, m.name, m.role,
                    m.kind, m.plane, b.name
               FROM audit.event e
               LEFT JOIN org.membership m ON m.organization_id = e.organization_id AND m.membership_id = e.membership_id
               LEFT JOIN org.membership b ON b.organization_id = e.organization_id AND b.membership_id = e.on_behalf_of
               LEFT JOIN org.facility f ON f.organization_id = e.organization_id AND f.facility_id = e.facility_id
                AND f.facility_id <> 0
              WHERE e.organization_id = $1 AND e.at >= $2 AND e.at < $3 AND e.id = $4",
            &[&organization.0, &from, &to, &id],
        )
        .await?;
    Ok(rows.into_iter().next())
}

/// The patients of an event whom the context reaches.
pub(super) async fn list_subjects(
    tx: &Tx<'_>,
    organization: OrganizationId,
    (at, event): (Timestamp, Uuid),
) -> Result<Vec<(FacilityId, PatientId)>, Error> {
    let rows = tx
        .query(
            "SELECT facility_id, patient_id FROM audit.subject WHERE organization_id = $1 AND at = $2 AND event_id = $3",
            &[&organization.0, &at, &event],
        )
        .await?;
    Ok(rows.iter().map(|row| (FacilityId(row.get(0)), PatientId(row.get(1)))).collect())
}

/// A post and those above it, itself first: bound, end, whether it has ended by itself, then who: post, name, role, kind,
/// plane, on whose behalf.
pub(super) async fn list_chain(
    tx: &Tx<'_>,
    (organization, membership): Post,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.by_relationship, m.ends_at, coalesce(m.ends_at <= $3, false), m.membership_id, m.name, m.role, m.kind,
                m.plane, b.name
           FROM org.chain($1, $2) c
           JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = c.membership_id
           LEFT JOIN org.membership b ON m.kind = 'support' AND b.organization_id = $1 AND b.membership_id = m.parent_id
          ORDER BY c.height",
        &[&organization.0, &membership.0, &now],
    )
    .await
}

/// The ties of these posts to these patients that lived at a time: post, patient, kind, begin, end.
pub(super) async fn list_ties_at(
    tx: &Tx<'_>,
    organization: OrganizationId,
    posts: &[i32],
    patients: &[Uuid],
    at: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT r.membership_id, r.patient_id, r.kind, r.starts_at, nullif(r.ends_at, 'infinity') FROM (
             SELECT organization_id, membership_id, patient_id, kind, starts_at, ends_at FROM org.relationship
             UNION ALL
             SELECT organization_id, membership_id, patient_id, kind, starts_at, ends_at FROM org.relationship_past) r
          WHERE r.organization_id = $1 AND r.membership_id = ANY ($2) AND r.patient_id = ANY ($3)
            AND r.starts_at <= $4 AND r.ends_at > $4
          ORDER BY r.patient_id, r.membership_id, r.kind",
        &[&organization.0, &posts, &patients, &at],
    )
    .await
}

/// The emergency of a post for one of these patients that lived at a time: id, begin, end, sealed reason.
pub(super) async fn find_emergency_at(
    tx: &Tx<'_>,
    (organization, membership): Post,
    patients: &[Uuid],
    at: Timestamp,
) -> Result<Option<Row>, Error> {
    let rows = tx
        .query(
            "SELECT emergency_id, opened_at, ends_at, reason FROM org.emergency
              WHERE organization_id = $1 AND membership_id = $2 AND patient_id = ANY ($3) AND opened_at <= $4
                AND ends_at > $4
              ORDER BY opened_at DESC LIMIT 1",
            &[&organization.0, &membership.0, &patients, &at],
        )
        .await?;
    Ok(rows.into_iter().next())
}
