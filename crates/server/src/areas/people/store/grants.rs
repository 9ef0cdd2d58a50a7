//! What posts may do, above and below: their own rows and what is left of them at use (`org.effective`, ADR 0011).

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, PatientId};

/// What a post's own row says.
#[derive(Clone, PartialEq)]
pub(in crate::areas::people) struct Grant {
    pub(in crate::areas::people) role: String,
    pub(in crate::areas::people) permissions: Vec<String>,
    pub(in crate::areas::people) denied: Vec<String>,
    pub(in crate::areas::people) facilities: Vec<i32>,
    pub(in crate::areas::people) by_relationship: bool,
    pub(in crate::areas::people) ends_at: Option<Timestamp>,
}

/// A person's post as it stands.
pub(in crate::areas::people) struct Standing {
    pub(in crate::areas::people) version: i32,
    pub(in crate::areas::people) name: String,
    pub(in crate::areas::people) plane: String,
    pub(in crate::areas::people) taken_up: bool,
    pub(in crate::areas::people) own: Grant,
    /// The codes of its own facilities, those within the asker's sight.
    pub(in crate::areas::people) facilities: Vec<String>,
    /// Whether the asker's post stands above it.
    pub(in crate::areas::people) is_below: bool,
    /// Whether its own row has ended.
    pub(in crate::areas::people) ended: bool,
}

/// The post of this number.
pub(in crate::areas::people) async fn find_post(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    asker: MembershipId,
    now: Timestamp,
) -> Result<Option<Standing>, Error> {
    let rows = tx
        .query(
            "SELECT m.version, m.name, m.plane, m.person_id IS NOT NULL, coalesce(m.role, ''), m.permissions, m.denied,
                    m.facilities, m.by_relationship, m.ends_at,
                    ARRAY(SELECT f.code FROM org.facility f WHERE f.organization_id = m.organization_id
                             AND f.facility_id = ANY (m.facilities) ORDER BY f.code),
                    EXISTS (SELECT 1 FROM org.chain($1, $2) c WHERE c.membership_id = $3 AND c.height > 0),
                    coalesce(m.ends_at <= $4, false)
               FROM org.membership m
              WHERE m.organization_id = $1 AND m.membership_id = $2 AND m.kind = 'person'",
            &[&organization.0, &membership.0, &asker.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| Standing {
        version: row.get(0),
        name: row.get(1),
        plane: row.get(2),
        taken_up: row.get(3),
        own: Grant {
            role: row.get(4),
            permissions: row.get(5),
            denied: row.get(6),
            facilities: row.get(7),
            by_relationship: row.get(8),
            ends_at: row.get(9),
        },
        facilities: row.get(10),
        is_below: row.get(11),
        ended: row.get(12),
    }))
}

/// Changes a person's post that is of this version and has not ended; gives its new version.
pub(in crate::areas::people) async fn update_membership(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    version: i32,
    new: &Grant,
    now: Timestamp,
) -> Result<Option<i32>, Error> {
    let rows = tx
        .query(
            "UPDATE org.membership SET role = $4, permissions = $5, denied = $6, facilities = $7, by_relationship = $8,
                    ends_at = $9
              WHERE organization_id = $1 AND membership_id = $2 AND version = $3 AND kind = 'person'
                AND (ends_at IS NULL OR ends_at > $10) RETURNING version",
            &[
                &organization.0,
                &membership.0,
                &version,
                &new.role,
                &new.permissions,
                &new.denied,
                &new.facilities,
                &new.by_relationship,
                &new.ends_at,
                &now,
            ],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Ends a post now; false when there is none that has not ended.
pub(in crate::areas::people) async fn end_membership(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.membership SET ends_at = $3
              WHERE organization_id = $1 AND membership_id = $2 AND kind = 'person'
                AND (ends_at IS NULL OR ends_at > $3) RETURNING 1",
            &[&organization.0, &membership.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Everyone with a post: number, parent, name, role, plane, own facilities, taken up, own end; then what is effective:
/// permissions, facilities, by relationship, alive, end.
pub(in crate::areas::people) async fn list_members(
    tx: &Tx<'_>,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.membership_id, m.parent_id, m.name, coalesce(m.role, ''), m.plane,
                ARRAY(SELECT f.code FROM org.facility f WHERE f.organization_id = m.organization_id
                         AND f.facility_id = ANY (m.facilities) ORDER BY f.code),
                m.person_id IS NOT NULL, m.ends_at, t.permissions,
                ARRAY(SELECT f.code FROM org.facility f WHERE f.organization_id = m.organization_id
                         AND f.facility_id = ANY (t.facilities) ORDER BY f.code),
                t.by_relationship, t.alive, t.ends_at
           FROM org.below($1, NULL, $2) t
           JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = t.membership_id
          WHERE m.kind = 'person' ORDER BY m.name, m.membership_id",
        &[&organization.0, &now],
    )
    .await
}

/// The post and up to so many below it, from above: number, name, role, and what is effective: permissions, facilities,
/// by relationship, alive, end; last, how many there are.
pub(in crate::areas::people) async fn list_below(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    now: Timestamp,
    at_most: i64,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT t.membership_id, m.name, coalesce(m.role, ''), t.permissions,
                ARRAY(SELECT f.code FROM org.facility f WHERE f.organization_id = m.organization_id
                         AND f.facility_id = ANY (t.facilities) ORDER BY f.code),
                t.by_relationship, t.alive, t.ends_at, t.total
           FROM (SELECT b.*, count(*) OVER () AS total FROM org.below($1, $2, $3) b
                  ORDER BY b.depth, b.membership_id LIMIT $4) t
           JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = t.membership_id
          ORDER BY t.depth, t.membership_id",
        &[&organization.0, &membership.0, &now, &at_most],
    )
    .await
}

/// The posts above, the nearest first: number, name, role.
pub(in crate::areas::people) async fn list_chain(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.membership_id, m.name, coalesce(m.role, '') FROM org.chain($1, $2) c
           JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = c.membership_id
          WHERE c.height > 0 ORDER BY c.height",
        &[&organization.0, &membership.0],
    )
    .await
}

/// The posts right below: number, name, role.
pub(in crate::areas::people) async fn list_children(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    at_most: i64,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.membership_id, m.name, coalesce(m.role, '') FROM org.membership m
          WHERE m.organization_id = $1 AND m.parent_id = $2 ORDER BY m.membership_id LIMIT $3",
        &[&organization.0, &membership.0, &at_most],
    )
    .await
}

/// Every living post that may read the charts of this facility and, where a post of its chain is bound, is tied to the
/// patient as each of those is: number, name, role, kind, taken up, bound; the chain's numbers, names and roles, itself
/// first; the ties' numbers and kinds.
pub(in crate::areas::people) async fn list_reach(
    tx: &Tx<'_>,
    organization: OrganizationId,
    (facility, patient): (FacilityId, PatientId),
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT m.membership_id, m.name, coalesce(m.role, ''), m.kind, m.person_id IS NOT NULL, t.by_relationship,
                c.ids, c.names, c.roles, coalesce(r.ids, '{}'), coalesce(r.kinds, '{}')
           FROM org.below($1, NULL, $4) t
           JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = t.membership_id
          CROSS JOIN LATERAL (
                SELECT array_agg(a.membership_id ORDER BY c.height) AS ids, array_agg(a.name ORDER BY c.height) AS names,
                       array_agg(coalesce(a.role, '') ORDER BY c.height) AS roles,
                       array_agg(a.membership_id) FILTER (WHERE a.by_relationship) AS bound
                  FROM org.chain($1, t.membership_id) c
                  JOIN org.membership a ON a.organization_id = $1 AND a.membership_id = c.membership_id) c
          CROSS JOIN LATERAL (
                SELECT array_agg(r.membership_id ORDER BY r.membership_id, r.kind) AS ids,
                       array_agg(r.kind ORDER BY r.membership_id, r.kind) AS kinds,
                       count(DISTINCT r.membership_id) AS bound
                  FROM org.relationship r
                 WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.membership_id = ANY (c.bound)
                   AND r.facility_id = ANY (t.facilities) AND r.starts_at <= $4 AND r.ends_at > $4) r
          WHERE t.alive AND 'chart.read' = ANY (t.permissions) AND $3 = ANY (t.facilities)
            AND (NOT t.by_relationship OR r.bound = cardinality(c.bound))
          ORDER BY m.name, m.membership_id",
        &[&organization.0, &patient.0, &facility.0, &now],
    )
    .await
}
