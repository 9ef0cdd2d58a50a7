//! `/platform/announcements`.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::ops::{self, AnnouncementView, NewAnnouncement};
use crate::http::{Above, Doc, Failure, Reply};

/// The newest 200.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformAnnouncements)]
struct Announcements {
    announcements: Vec<AnnouncementView>,
}

pub(super) const LIST: Doc = Doc::new("What was announced, newest first").gives::<Announcements>(200);

pub(super) async fn list(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, &Announcements { announcements: ops::list_announcements(&above).await? })
}

/// Which one it is.
#[derive(Serialize, ToSchema)]
struct Announced {
    announcement: Uuid,
}

pub(super) const ANNOUNCE: Doc = Doc::new("Announce something to everyone or to organizations by name")
    .takes::<NewAnnouncement>()
    .gives::<Announced>(201)
    .problems(&["invalid"]);

pub(super) async fn announce(above: Above) -> Result<Reply, Failure> {
    let new: NewAnnouncement = above.json()?;
    Reply::json(201, &Announced { announcement: ops::announce(&above, new).await? })
}

pub(super) const WITHDRAW: Doc =
    Doc::new("Withdraw an announcement: nobody is shown it any more").status(204);

pub(super) async fn withdraw(above: Above) -> Result<Reply, Failure> {
    let id = above.param("announcement").parse().map_err(|_| Failure::unlisted())?;
    ops::withdraw(&above, id).await?;
    Ok(Reply::empty(204))
}
