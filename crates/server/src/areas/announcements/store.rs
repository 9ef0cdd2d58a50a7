//! The SQL of announcements, as a context reads them.

use db::{Error, Row, Tx};
use jiff::Timestamp;

use super::routes::Announcement;

/// What is announced to the context's organization now.
pub(super) async fn list(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Announcement>, Error> {
    let rows = tx
        .query(
            "SELECT announcement_id, title, text, level, starts_at, ends_at FROM platform.announcements($1)",
            &[&now],
        )
        .await?;
    let view = |row: &Row| Announcement {
        announcement: row.get(0),
        title: row.get(1),
        text: row.get(2),
        level: row.get(3),
        starts_at: row.get(4),
        ends_at: row.get(5),
    };
    Ok(rows.iter().map(view).collect())
}
