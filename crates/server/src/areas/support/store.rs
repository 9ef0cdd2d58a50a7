//! Rows of `org.support_request`. `org.check_support` refuses the same again, and makes the post.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PersonId};
use uuid::Uuid;

/// Nobody decides about a request any more that waited so long; `org.check_support` says it too.
pub(super) const WAITS_HOURS: i64 = 72;

/// The newest, those that wait and run first: id, name, reason, minutes, writes, time, wanted; time, name and words of the
/// decision; number and name of the post whose view it is, minutes, writes; the post that was made, its end, when it was
/// ended, whether it lives, how many events it made.
pub(super) async fn list(
    tx: &Tx<'_>,
    organization: OrganizationId,
    now: Timestamp,
    at_most: i64,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT s.request_id, s.name, s.reason, s.minutes, s.writes, s.asked_at, s.wanted, s.decided_at, d.name, s.verdict,
                s.target_id, t.name, s.granted_minutes, s.granted_write, s.membership_id, s.ends_at, s.ended_at,
                e.alive IS TRUE,
                (SELECT count(*) FROM audit.event a
                  WHERE a.organization_id = $1 AND a.membership_id = s.membership_id AND a.at >= s.decided_at - interval '1 minute'
                    AND a.at <= s.ends_at + interval '1 minute' AND a.on_behalf_of IS NOT NULL)
           FROM org.support_request s
           LEFT JOIN org.membership d ON d.organization_id = s.organization_id AND d.membership_id = s.decided_by
           LEFT JOIN org.membership t ON t.organization_id = s.organization_id AND t.membership_id = s.target_id
           LEFT JOIN LATERAL org.effective(s.organization_id, s.membership_id, $2) e ON true
          WHERE s.organization_id = $1
          ORDER BY e.alive IS TRUE OR (s.verdict IS NULL AND s.ended_at IS NULL) DESC, s.asked_at DESC, s.request_id
          LIMIT $3",
        &[&organization.0, &now, &at_most],
    )
    .await
}

/// A request, as who decides about it sees it.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) minutes: i32,
    pub(super) writes: bool,
    pub(super) asked_at: Timestamp,
    /// Neither decided nor withdrawn.
    pub(super) waits: bool,
    /// Whether the person who decides asked for it themselves.
    pub(super) own: bool,
    /// The post that was made.
    pub(super) membership: Option<MembershipId>,
}

/// The request of this id.
pub(super) async fn find(
    tx: &Tx<'_>,
    organization: OrganizationId,
    decider: MembershipId,
    id: Uuid,
) -> Result<Option<Asked>, Error> {
    let rows = tx
        .query(
            "SELECT s.name, s.minutes, s.writes, s.asked_at, s.verdict IS NULL AND s.ended_at IS NULL,
                    coalesce(m.person_id = s.person_id, true), s.membership_id
               FROM org.support_request s
               LEFT JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = $2
              WHERE s.organization_id = $1 AND s.request_id = $3",
            &[&organization.0, &decider.0, &id],
        )
        .await?;
    Ok(rows.first().map(|row| Asked {
        name: row.get(0),
        minutes: row.get(1),
        writes: row.get(2),
        asked_at: row.get(3),
        waits: row.get(4),
        own: row.get(5),
        membership: row.get::<_, Option<i32>>(6).map(MembershipId),
    }))
}

/// What the post is called when it is a living one of the staff that somebody has, and not itself support.
pub(super) async fn find_target(
    tx: &Tx<'_>,
    organization: OrganizationId,
    membership: MembershipId,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let rows = tx
        .query(
            "SELECT m.name FROM org.membership m CROSS JOIN LATERAL org.effective($1, $2, $3) e
              WHERE m.organization_id = $1 AND m.membership_id = $2 AND m.kind = 'person' AND m.plane = 'staff'
                AND m.person_id IS NOT NULL AND e.alive",
            &[&organization.0, &membership.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Whose view, for how long, and whether more than to look at.
pub(super) struct Granted {
    pub(super) target: MembershipId,
    pub(super) minutes: i32,
    pub(super) write: bool,
}

/// Approves it; gives the post that was made and its end. `None` when somebody was faster.
pub(super) async fn approve(
    tx: &Tx<'_>,
    organization: OrganizationId,
    by: MembershipId,
    id: Uuid,
    granted: &Granted,
) -> Result<Option<(MembershipId, Timestamp)>, Error> {
    let rows = tx
        .query(
            "UPDATE org.support_request
                SET verdict = 'approved', decided_by = $2, target_id = $4, granted_minutes = $5, granted_write = $6
              WHERE organization_id = $1 AND request_id = $3 AND verdict IS NULL AND ended_at IS NULL
             RETURNING membership_id, ends_at",
            &[&organization.0, &by.0, &id, &granted.target.0, &granted.minutes, &granted.write],
        )
        .await?;
    Ok(rows.first().map(|row| (MembershipId(row.get(0)), row.get(1))))
}

/// Refuses it; false when somebody was faster.
pub(super) async fn refuse(
    tx: &Tx<'_>,
    organization: OrganizationId,
    by: MembershipId,
    id: Uuid,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.support_request SET verdict = 'refused', decided_by = $2
              WHERE organization_id = $1 AND request_id = $3 AND verdict IS NULL AND ended_at IS NULL RETURNING 1",
            &[&organization.0, &by.0, &id],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends what runs; false when nothing does.
pub(super) async fn end(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.support_request SET ended_at = $3
              WHERE organization_id = $1 AND request_id = $2 AND verdict = 'approved' AND ended_at IS NULL
                AND ends_at > $3 RETURNING 1",
            &[&organization.0, &id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The people who decide about support access or answer for the log, and a post of each that does.
pub(super) async fn list_told(
    tx: &Tx<'_>,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<(PersonId, MembershipId)>, Error> {
    let rows = tx
        .query(
            "SELECT m.person_id, min(m.membership_id) FROM org.below($1, NULL, $2) t
               JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = t.membership_id
              WHERE m.person_id IS NOT NULL AND m.kind = 'person' AND t.alive
                AND t.permissions && '{organization.manage,audit.report}'
              GROUP BY m.person_id",
            &[&organization.0, &now],
        )
        .await?;
    Ok(rows.iter().map(|row| (PersonId(row.get(0)), MembershipId(row.get(1)))).collect())
}
