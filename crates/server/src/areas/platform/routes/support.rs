//! `/platform/support`.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::ops::{self, NewSupport, OwnSupport};
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

/// What one asked for, the newest first, 200 at most.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnSupportRequests)]
struct Requests {
    requests: Vec<OwnSupport>,
}

pub(super) const LIST: Doc = Doc::new("The support access that one asked for").gives::<Requests>(200);

pub(super) async fn list(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, &Requests { requests: ops::list_support(&above).await? })
}

/// What waits for the organization's decision.
#[derive(Serialize, ToSchema)]
struct AskedForSupport {
    request: Uuid,
}

pub(super) const ASK: Doc = Doc::new("Ask an organization to see what one of its people sees, for a while")
    .takes::<NewSupport>()
    .gives::<AskedForSupport>(201)
    .step_up("platform.support")
    .problems(&["invalid", "support-waiting"]);

pub(super) async fn ask(above: Above) -> Result<Reply, Failure> {
    let new: NewSupport = above.json()?;
    proved_above(&above, "platform.support").await?;
    Reply::json(201, &AskedForSupport { request: ops::ask_for_support(&above, &new).await? })
}

pub(super) const END: Doc = Doc::new("Withdraw one's own request for support access, or end what runs");

pub(super) async fn end(above: Above) -> Result<Reply, Failure> {
    let id = above.param("request").parse().map_err(|_| Failure::unlisted())?;
    ops::end_support(&above, id).await?;
    Ok(Reply::empty(204))
}
