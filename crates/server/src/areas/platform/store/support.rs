//! Support access as whoever asked for it sees it.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{OrganizationId, PersonId};
use uuid::Uuid;

use super::super::ops::OwnSupport;

/// The organization of this subdomain.
pub(in super::super) async fn find_organization_number(
    tx: &Tx<'_>,
    slug: &str,
) -> Result<Option<OrganizationId>, Error> {
    let rows = tx.query("SELECT organization_id FROM org.organization WHERE slug = $1", &[&slug]).await?;
    Ok(rows.first().map(|row| OrganizationId(row.get(0))))
}

/// A request.
pub(in super::super) struct NewSupport<'a> {
    pub(in super::super) id: Uuid,
    pub(in super::super) person: PersonId,
    pub(in super::super) administrator: i32,
    pub(in super::super) name: &'a str,
    pub(in super::super) wanted: Option<i32>,
    /// Sealed.
    pub(in super::super) reason: &'a [u8],
    pub(in super::super) minutes: i32,
    pub(in super::super) writes: bool,
}

/// Writes it down.
pub(in super::super) async fn insert_support(
    tx: &Tx<'_>,
    organization: OrganizationId,
    new: &NewSupport<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.support_request (organization_id, request_id, person_id, administrator_id, name, wanted, reason,
             minutes, writes, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &organization.0,
            &new.id,
            &new.person.0,
            &new.administrator,
            &new.name,
            &new.wanted,
            &new.reason,
            &new.minutes,
            &new.writes,
            &now,
        ],
    )
    .await
    .map(|_| ())
}

/// The context's own, 200 at most. Whether the post whose view it is still lives is not the plane's to know.
pub(in super::super) async fn list_support(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<OwnSupport>, Error> {
    let rows = tx
        .query(
            "SELECT s.request_id, o.slug, s.wanted, s.asked_at, s.decided_at, least(s.ends_at, s.ended_at),
                    CASE WHEN s.verdict = 'refused' THEN 'refused'
                         WHEN s.verdict IS NULL AND s.ended_at IS NULL THEN 'waiting'
                         WHEN s.verdict IS NULL THEN 'withdrawn'
                         WHEN least(s.ends_at, s.ended_at) > $1 THEN 'running' ELSE 'over' END,
                    coalesce(s.granted_minutes, s.minutes), coalesce(s.granted_write, s.writes)
               FROM org.support_request s JOIN org.organization o ON o.organization_id = s.organization_id
              ORDER BY s.asked_at DESC, s.request_id LIMIT 200",
            &[&now],
        )
        .await?;
    let own = |row: &Row| OwnSupport {
        request: row.get(0),
        organization: row.get(1),
        membership: row.get(2),
        asked_at: row.get(3),
        decided_at: row.get(4),
        ends_at: row.get(5),
        state: row.get(6),
        minutes: row.get(7),
        write: row.get(8),
    };
    Ok(rows.iter().map(own).collect())
}

/// Withdraws or ends one's own; gives whose it is, nothing when there is nothing to end.
pub(in super::super) async fn end_support(
    tx: &Tx<'_>,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<OrganizationId>, Error> {
    let rows = tx
        .query(
            "UPDATE org.support_request SET ended_at = $2
              WHERE request_id = $1 AND ended_at IS NULL AND verdict IS DISTINCT FROM 'refused'
                AND (ends_at IS NULL OR ends_at > $2) RETURNING organization_id",
            &[&id, &now],
        )
        .await?;
    Ok(rows.first().map(|row| OrganizationId(row.get(0))))
}
