//! `/api/events`: what is asked and answered, and nothing else.

use policy::Action;

use super::follow::Follower;
use super::model::Changed;
use crate::http::{Access, Body, Call, Doc, Failure, Handler, Reply, Route, STREAM, Verb};

/// The row of events.
pub(crate) const ROUTES: &[Route] = &[Route {
    method: Verb::Get,
    path: "/api/events",
    interaction: STREAM,
    access: Access::Needs(Action::Follow),
    resource: "event",
    health_data: true,
    audited: true,
    body: Body::None,
    // A page that listens says nothing of whether somebody sits before it.
    active: false,
    doc: Some(&FOLLOW),
    handler: Handler::Private(|call| Box::pin(follow(call))),
}];

const FOLLOW: Doc = Doc::new(
    "What changes in sight of the context, as it changes: a stream of server-sent events (text/event-stream). `changed` \
     says which record; `authority` that the post may something else now; `ended` that it may listen no more; `ready` and \
     `reset` begin it, the latter when `Last-Event-ID` is too old to go on from and everything is to be read anew",
)
.gives::<Changed>(200);

async fn follow(mut call: Call) -> Result<Reply, Failure> {
    let holder = call.hold().ok_or_else(|| Failure::broken("a stream without its holder"))?;
    let from = call.header("last-event-id")?;
    let follower = Follower::begin(&call.app, &call.ctx, holder, from).await?;
    Ok(Reply::events(follower.stream()))
}
