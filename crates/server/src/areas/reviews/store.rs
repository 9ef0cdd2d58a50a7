//! Rows of `org.access_review` and `org.access_review_post`.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId};
use uuid::Uuid;

/// A review as it stands.
pub(super) struct Review {
    pub(super) review: Uuid,
    pub(super) facility: FacilityId,
    pub(super) code: String,
    pub(super) facility_name: String,
    pub(super) started_by: String,
    pub(super) started_at: Timestamp,
    pub(super) due_at: Timestamp,
    pub(super) signed: Option<(String, Timestamp)>,
    pub(super) posts: i64,
    pub(super) kept: i64,
    pub(super) ended: i64,
}

macro_rules! reviews {
    ($which:literal) => {
        concat!(
            "SELECT r.review_id, r.facility_id, f.code, f.name, s.name, r.started_at, r.due_at, g.name, r.signed_at,
                    count(p.membership_id), count(*) FILTER (WHERE p.verdict = 'kept'),
                    count(*) FILTER (WHERE p.verdict = 'ended')
               FROM org.access_review r
               JOIN org.facility f ON f.organization_id = r.organization_id AND f.facility_id = r.facility_id
               LEFT JOIN org.access_review_post p ON p.organization_id = r.organization_id AND p.review_id = r.review_id
               LEFT JOIN org.membership s ON s.organization_id = r.organization_id AND s.membership_id = r.started_by
               LEFT JOIN org.membership g ON g.organization_id = r.organization_id AND g.membership_id = r.signed_by
              WHERE r.organization_id = $1 AND r.facility_id <> 0 ",
            $which,
            " GROUP BY r.organization_id, r.review_id, f.code, f.name, s.name, g.name ORDER BY r.started_at DESC LIMIT 200"
        )
    };
}

fn review(row: &Row) -> Review {
    let text = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
    let signed: Option<Timestamp> = row.get(8);
    Review {
        review: row.get(0),
        facility: FacilityId(row.get(1)),
        code: row.get(2),
        facility_name: row.get(3),
        started_by: text(4),
        started_at: row.get(5),
        due_at: row.get(6),
        signed: signed.map(|at| (text(7), at)),
        posts: row.get(9),
        kept: row.get(10),
        ended: row.get(11),
    }
}

/// Those within reach, the newest first.
pub(super) async fn list(tx: &Tx<'_>, organization: OrganizationId) -> Result<Vec<Review>, Error> {
    Ok(tx.query(reviews!(""), &[&organization.0]).await?.iter().map(review).collect())
}

/// The one of this id.
pub(super) async fn find(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
) -> Result<Option<Review>, Error> {
    let rows = tx.query(reviews!("AND r.review_id = $2"), &[&organization.0, &id]).await?;
    Ok(rows.first().map(review))
}

/// A facility, and when its last review was signed.
pub(super) struct Site {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    pub(super) last: Option<Timestamp>,
}

/// The facilities of these numbers by name, and how many days after a review the next is due.
pub(super) async fn list_sites(
    tx: &Tx<'_>,
    organization: OrganizationId,
    facilities: &[i32],
) -> Result<(Vec<Site>, i32), Error> {
    let rows = tx
        .query(
            "SELECT f.code, f.name, f.created_at, max(r.signed_at) FROM org.facility f
               LEFT JOIN org.access_review r ON r.organization_id = f.organization_id AND r.facility_id = f.facility_id
              WHERE f.organization_id = $1 AND f.facility_id = ANY ($2) AND f.facility_id <> 0
              GROUP BY f.organization_id, f.facility_id, f.code, f.name, f.created_at ORDER BY f.name",
            &[&organization.0, &facilities],
        )
        .await?;
    let site =
        |row: &Row| Site { code: row.get(0), name: row.get(1), created_at: row.get(2), last: row.get(3) };
    let every = tx
        .query("SELECT review_days FROM org.organization WHERE organization_id = $1", &[&organization.0])
        .await?;
    let every = every.first().ok_or(Error::NotFound)?;
    Ok((rows.iter().map(site).collect(), every.get(0)))
}

/// A new one; gives how many posts are in it.
pub(super) async fn start(
    tx: &Tx<'_>,
    (review, facility): (Uuid, FacilityId),
    (now, due_at): (Timestamp, Timestamp),
) -> Result<i64, Error> {
    let rows =
        tx.query("SELECT org.start_review($1, $2, $3, $4)", &[&facility.0, &review, &now, &due_at]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// The posts of a review: number, name, role and permissions as they were; kind, who made it, how many stand below it, when
/// it last did something within reach, whether it lives; verdict, by whom, when.
pub(super) async fn list_posts(
    tx: &Tx<'_>,
    organization: OrganizationId,
    review: Uuid,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    tx.query(
        "WITH RECURSIVE all_posts AS (SELECT * FROM org.below($1, NULL, $3)),
              tree AS (
                SELECT p.membership_id AS top, p.membership_id FROM org.access_review_post p
                 WHERE p.organization_id = $1 AND p.review_id = $2
                UNION ALL
                SELECT t.top, b.membership_id FROM tree t JOIN all_posts b ON b.parent_id = t.membership_id AND b.alive)
         SELECT p.membership_id, p.name, p.role, p.permissions, m.kind, a.name,
                (SELECT count(*) FROM tree t WHERE t.top = p.membership_id AND t.membership_id <> t.top),
                l.at, coalesce(b.alive, false), p.verdict, d.name, p.decided_at,
                coalesce(p.membership_id = $4 OR m.person_id = me.person_id, false)
           FROM org.access_review_post p
           JOIN org.membership m ON m.organization_id = p.organization_id AND m.membership_id = p.membership_id
           LEFT JOIN all_posts b ON b.membership_id = p.membership_id
           LEFT JOIN org.membership a ON a.organization_id = m.organization_id AND a.membership_id = m.parent_id
           LEFT JOIN org.membership d ON d.organization_id = p.organization_id AND d.membership_id = p.decided_by
           LEFT JOIN org.membership me ON me.organization_id = p.organization_id AND me.membership_id = $4
           LEFT JOIN LATERAL (
                SELECT e.at FROM audit.event e
                 WHERE e.organization_id = $1 AND e.membership_id = p.membership_id AND e.at > $3 - interval '400 days'
                 ORDER BY e.at DESC LIMIT 1) l ON true
          WHERE p.organization_id = $1 AND p.review_id = $2
          ORDER BY p.name, p.membership_id",
        &[&organization.0, &review, &now, &tx.ctx().membership().0],
    )
    .await
}

/// Decides about a post; whether it is one of a review within reach.
pub(super) async fn decide(
    tx: &Tx<'_>,
    (review, post): (Uuid, MembershipId),
    (verdict, now): (&str, Timestamp),
) -> Result<bool, Error> {
    let rows =
        tx.query("SELECT org.decide_review($1, $2, $3, $4)", &[&review, &post.0, &verdict, &now]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Signs a review; whether there is one within reach.
pub(super) async fn sign(tx: &Tx<'_>, review: Uuid, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.query("SELECT org.sign_review($1, $2)", &[&review, &now]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
