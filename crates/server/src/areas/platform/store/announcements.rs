//! The SQL of announcements, on the plane.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::super::ops::{AnnouncementView, NewAnnouncement};

/// The newest 200.
pub(in super::super) async fn list(tx: &Tx<'_>) -> Result<Vec<AnnouncementView>, Error> {
    let rows = tx
        .query(
            "SELECT a.announcement_id, a.title, a.text, a.level,
                    CASE WHEN a.organizations IS NOT NULL THEN ARRAY(
                        SELECT o.slug FROM org.organization o WHERE o.organization_id = ANY (a.organizations) ORDER BY 1) END,
                    a.starts_at, a.ends_at, a.created_at, a.created_by, a.withdrawn_at
               FROM platform.announcement a ORDER BY a.created_at DESC, a.announcement_id LIMIT 200",
            &[],
        )
        .await?;
    let view = |row: &Row| AnnouncementView {
        announcement: row.get(0),
        title: row.get(1),
        text: row.get(2),
        level: row.get(3),
        organizations: row.get(4),
        starts_at: row.get(5),
        ends_at: row.get(6),
        created_at: row.get(7),
        created_by: row.get(8),
        withdrawn_at: row.get(9),
    };
    Ok(rows.iter().map(view).collect())
}

/// The numbers of the organizations of these subdomains, of those that there are.
pub(in super::super) async fn find_numbers(tx: &Tx<'_>, slugs: &[String]) -> Result<Vec<i32>, Error> {
    let rows = tx
        .query("SELECT organization_id FROM org.organization WHERE slug = ANY ($1) ORDER BY 1", &[&slugs])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Writes one down.
pub(in super::super) async fn insert(
    tx: &Tx<'_>,
    id: Uuid,
    (new, starts_at): (&NewAnnouncement, Timestamp),
    named: Option<&[i32]>,
    by: i32,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO platform.announcement (announcement_id, title, text, level, organizations, starts_at, ends_at,
             created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[&id, &new.title, &new.text, &new.level, &named, &starts_at, &new.ends_at, &now, &by],
    )
    .await
    .map(|_| ())
}

/// Withdraws one; gives whom it named. None: there is none, or no longer.
pub(in super::super) async fn withdraw(
    tx: &Tx<'_>,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Option<Vec<i32>>>, Error> {
    let rows = tx
        .query(
            "UPDATE platform.announcement SET withdrawn_at = $2
              WHERE announcement_id = $1 AND withdrawn_at IS NULL RETURNING organizations",
            &[&id, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}
