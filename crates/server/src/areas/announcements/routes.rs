//! `/api/announcements`: what is answered, and nothing else.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use crate::http::{Access, Body, Call, Doc, Failure, Handler, Reply, Route, Verb, one_of};

/// The rows of announcements. Nothing of a patient or a person is in one: reading leaves no event. The app asks by itself,
/// which says of nobody that they are there.
pub(crate) const ROUTES: &[Route] = &[Route {
    method: Verb::Get,
    path: "/api/announcements",
    interaction: "announcement",
    access: Access::Own,
    resource: "announcement",
    health_data: false,
    audited: false,
    body: Body::None,
    active: false,
    doc: Some(&LIST),
    handler: Handler::Private(|call| Box::pin(list(call))),
}];

/// Something that whoever runs the installation tells.
#[derive(Serialize, ToSchema)]
pub(super) struct Announcement {
    pub(super) announcement: Uuid,
    pub(super) title: String,
    /// Plain; lines may be broken.
    pub(super) text: String,
    #[schema(schema_with = levels)]
    pub(super) level: String,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

fn levels() -> utoipa::openapi::Object {
    one_of(&["info", "warning", "maintenance"])
}

/// What is announced now.
#[derive(Serialize, ToSchema)]
struct Announcements {
    announcements: Vec<Announcement>,
}

const LIST: Doc = Doc::new("What whoever runs the installation announces to this organization now")
    .gives::<Announcements>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    let tx = call.app.store.db().begin(&call.ctx).await?;
    let announcements = store::list(&tx, call.app.world.now()).await?;
    tx.commit().await?;
    Reply::json(200, &Announcements { announcements })
}
