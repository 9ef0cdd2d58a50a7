//! `/api/support`: what is asked and answered, and nothing else.

use kernel::MembershipId;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ops::{self, Approved, SupportRequest};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Reply, Route, Verb};

const DECIDE: Access = Access::Needs(Action::DecideSupport);

/// The rows of support access.
pub(crate) const ROUTES: &[Route] = &[
    Route { health_data: true, ..row(Verb::Get, "/api/support", Access::Own, &LIST, |c| Box::pin(list(c))) },
    Route {
        body: Body::Json,
        ..row(Verb::Post, "/api/support/{request}/approve", DECIDE, &APPROVE, |c| Box::pin(approve(c)))
    },
    row(Verb::Post, "/api/support/{request}/refuse", DECIDE, &REFUSE, |c| Box::pin(refuse(c))),
    row(Verb::Post, "/api/support/{request}/end", Access::Own, &END, |c| Box::pin(end(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    access: Access,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { body: Body::None, ..Route::within("support", (method, path), access, doc, handler) }
}

fn id(call: &Call) -> Result<Uuid, Failure> {
    call.param("request").parse().map_err(|_| Failure::unlisted())
}

/// Support access, what waits and runs first, 200 at most.
#[derive(Serialize, ToSchema)]
struct SupportRequests {
    requests: Vec<SupportRequest>,
}

const LIST: Doc = Doc::new("Support access that was asked for, and what runs").gives::<SupportRequests>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &SupportRequests { requests: ops::list(&call.app, &call.ctx).await? })
}

/// Whose view is shared, and for how long: no more than was asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SupportApproval {
    /// A living post of the staff.
    #[schema(value_type = i32)]
    membership: MembershipId,
    minutes: i32,
    /// Whether to change something as well.
    #[serde(default)]
    write: bool,
}

const APPROVE: Doc = Doc::new("Let support see what a post sees, for a while; never one's own request")
    .takes::<SupportApproval>()
    .gives::<Approved>(200)
    .step_up("support.approve")
    .problems(&["invalid", "support-decided"]);

async fn approve(call: Call) -> Result<Reply, Failure> {
    let id = id(&call)?;
    let SupportApproval { membership, minutes, write } = call.json()?;
    proved(&call, "support.approve").await?;
    Reply::json(200, &ops::approve(&call.app, &call.ctx, id, membership, (minutes, write)).await?)
}

const REFUSE: Doc = Doc::new("Refuse support access").problems(&["support-decided"]);

async fn refuse(call: Call) -> Result<Reply, Failure> {
    ops::refuse(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(204))
}

const END: Doc = Doc::new(
    "End support access before its time, as who administers the organization or as the support itself",
);

async fn end(call: Call) -> Result<Reply, Failure> {
    ops::end(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(204))
}
