//! What the plane tells organizations. It is in the log of each one named, or of the installation.

use db::Outcome;
use jiff::Timestamp;
use kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{Error, store};
use super::text;
use crate::http::{Above, one_of};

/// How loud it is.
pub(in super::super) const LEVELS: [&str; 3] = ["info", "warning", "maintenance"];

/// Most organizations named by one.
const MOST_NAMED: usize = 200;

/// Something to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewAnnouncement {
    /// 1 to 200 characters.
    pub(in super::super) title: String,
    /// 1 to 4000 characters, plain; lines may be broken.
    pub(in super::super) text: String,
    #[schema(schema_with = levels)]
    pub(in super::super) level: String,
    /// Subdomains, 200 at most; without them everyone.
    #[serde(default)]
    pub(in super::super) organizations: Option<Vec<String>>,
    /// Without it now.
    #[serde(default)]
    pub(in super::super) starts_at: Option<Timestamp>,
    pub(in super::super) ends_at: Timestamp,
}

fn levels() -> utoipa::openapi::Object {
    one_of(&LEVELS)
}

/// Something told, or to be told.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AnnouncementView {
    pub(in super::super) announcement: Uuid,
    pub(in super::super) title: String,
    pub(in super::super) text: String,
    #[schema(schema_with = levels)]
    pub(in super::super) level: String,
    /// Subdomains; null: everyone.
    pub(in super::super) organizations: Option<Vec<String>>,
    pub(in super::super) starts_at: Timestamp,
    pub(in super::super) ends_at: Timestamp,
    pub(in super::super) created_at: Timestamp,
    /// Which administrator of the plane.
    pub(in super::super) created_by: i32,
    pub(in super::super) withdrawn_at: Option<Timestamp>,
}

/// The newest 200.
pub(in super::super) async fn list(above: &Above) -> Result<Vec<AnnouncementView>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::list_announcements(&tx).await?;
    tx.commit().await?;
    above.log(OrganizationId::PLATFORM, "platform.announcements.list", Outcome::Success, "").await?;
    Ok(all)
}

/// Plain text with broken lines.
fn body(given: &str) -> Result<String, Error> {
    let given = given.trim().replace("\r\n", "\n");
    let plain = !given.is_empty()
        && given.chars().count() <= 4000
        && !given.chars().any(|letter| letter.is_control() && letter != '\n');
    if plain { Ok(given) } else { Err(Error::Invalid("text: 1 to 4000 characters, plain")) }
}

/// Tells it.
pub(in super::super) async fn announce(above: &Above, new: NewAnnouncement) -> Result<Uuid, Error> {
    let (app, now) = (above.app(), above.app().world.now());
    let title = text(&new.title, 200, "title: 1 to 200 characters")?;
    let body = body(&new.text)?;
    if !LEVELS.contains(&&*new.level) {
        return Err(Error::Invalid("level: info, warning or maintenance"));
    }
    let starts_at = new.starts_at.unwrap_or(now);
    if new.ends_at <= starts_at || new.ends_at <= now {
        return Err(Error::Invalid("ends_at: after the start, and after now"));
    }
    let mut slugs = new.organizations.clone();
    if let Some(slugs) = &mut slugs {
        slugs.sort_unstable();
        slugs.dedup();
        if slugs.is_empty() || slugs.len() > MOST_NAMED {
            return Err(Error::Invalid("organizations: 1 to 200, or none to tell everyone"));
        }
    }
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let named = match &slugs {
        None => None,
        Some(slugs) => Some(store::find_numbers(&tx, slugs).await?),
    };
    if named.as_ref().map(Vec::len) != slugs.as_ref().map(Vec::len) {
        return Err(Error::Invalid("organizations: one that there is not"));
    }
    let id = app.world.uuid();
    let new = NewAnnouncement { title, text: body, starts_at: Some(starts_at), ..new };
    let by = above.administrator.number();
    store::insert_announcement(&tx, id, (&new, starts_at), named.as_deref(), by, now).await?;
    let detail = format!("announcement {id} {}", new.level);
    log_each(above, named, "platform.announce", &detail).await?;
    tx.commit().await?;
    Ok(id)
}

/// Ends it before its time.
pub(in super::super) async fn withdraw(above: &Above, id: Uuid) -> Result<(), Error> {
    let (app, now) = (above.app(), above.app().world.now());
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let named = store::withdraw_announcement(&tx, id, now).await?.ok_or(db::Error::NotFound)?;
    log_each(above, named, "platform.announce.withdraw", &format!("announcement {id}")).await?;
    tx.commit().await?;
    Ok(())
}

async fn log_each(
    above: &Above,
    named: Option<Vec<i32>>,
    action: &'static str,
    detail: &str,
) -> Result<(), Error> {
    let named = named.unwrap_or_else(|| vec![OrganizationId::PLATFORM.0]);
    // At once: the writer commits them together.
    let all = named.into_iter().map(|id| above.log(OrganizationId(id), action, Outcome::Success, detail));
    futures_util::future::try_join_all(all).await?;
    Ok(())
}
