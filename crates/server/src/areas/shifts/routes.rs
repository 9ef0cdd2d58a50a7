//! `/api/facilities/{facility}/shift`, `.../shifts`, `.../census`, `.../handovers`, `/api/handovers/{handover}`: what is
//! asked and answered, and nothing else.

use jiff::Timestamp;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ops::{self, Census, Draft, Entry, HandoverWords, Handovers, Queue, Signed};
use crate::areas::people::{etag, if_match, proved};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const QUEUE: &str = "/api/facilities/{facility}/shift";
const CENSUS: &str = "/api/facilities/{facility}/census";
const STARTS: &str = "/api/facilities/{facility}/shifts";
const DRAFT: &str = "/api/facilities/{facility}/handover-draft";
const HANDOVERS: &str = "/api/facilities/{facility}/handovers";
const HANDOVER: &str = "/api/handovers/{handover}";
const RECEIVE: &str = "/api/handovers/{handover}/receive";

/// The rows of shifts.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, QUEUE, Action::LookAtShift, &WORK, |c| Box::pin(queue(c))),
    row(Verb::Get, CENSUS, Action::LookAtShift, &COUNT, |c| Box::pin(census(c))),
    row(Verb::Get, DRAFT, Action::LookAtShift, &WRITE, |c| Box::pin(draft(c))),
    row(Verb::Get, HANDOVERS, Action::LookAtShift, &LIST, |c| Box::pin(list(c))),
    row(Verb::Post, HANDOVERS, Action::SignHandover, &SIGN, |c| Box::pin(sign(c))),
    row(Verb::Get, HANDOVER, Action::LookAtShift, &LOOK, |c| Box::pin(look(c))),
    row(Verb::Post, RECEIVE, Action::ReceiveHandover, &TAKE, |c| Box::pin(receive(c))),
    row(Verb::Get, STARTS, Action::LookAtShift, &WHEN, |c| Box::pin(starts(c))),
    row(Verb::Put, STARTS, Action::ChangeFacility, &SET, |c| Box::pin(set(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { health_data: true, ..Route::within("shift", (method, path), Access::Needs(action), doc, handler) }
}

const WORK: Doc = Doc::new(
    "The shift that is on at a facility: its residents by wing and room, what is due and overdue of each, new warnings, \
     when vital signs were taken, and what was handed over and received by nobody yet",
)
.gives::<Queue>(200);

async fn queue(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::queue(&call.app, &call.ctx, call.param("facility")).await?)
}

const COUNT: Doc =
    Doc::new("How many are here, away, admitted and discharged today, and which rooms are free")
        .gives::<Census>(200);

async fn census(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::census(&call.app, &call.ctx, call.param("facility")).await?)
}

const WRITE: Doc = Doc::new("What happened in a shift, a few lines a resident: what a hand-over begins with")
    .query(&[("shift", "`previous` for the shift before the one that is on")])
    .gives::<Draft>(200)
    .problems(&["invalid"]);

async fn draft(call: Call) -> Result<Reply, Failure> {
    let before = match call.query() {
        "" | "shift=current" => false,
        "shift=previous" => true,
        _ => return Err(Failure::coded(400, "invalid", "shift: current or previous")),
    };
    Reply::json(200, &ops::draft(&call.app, &call.ctx, call.param("facility"), before).await?)
}

const LIST: Doc = Doc::new("What was handed over at a facility in the last two weeks, the newest first")
    .gives::<Handovers>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx, call.param("facility")).await?)
}

/// What is handed over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverSigning)]
struct Signing {
    /// When the shift began that is handed over: the one that is on, or the one before.
    from: Timestamp,
    residents: Vec<Entry>,
}

const SIGN: Doc = Doc::new("Hand a shift over, in one's own name; from then on it never changes")
    .takes::<Signing>()
    .gives::<Signed>(201)
    .step_up("sign")
    .problems(&["invalid", "already-handed-over", "not-here"]);

async fn sign(call: Call) -> Result<Reply, Failure> {
    let Signing { from, residents } = call.json()?;
    proved(&call, "sign").await?;
    let done = ops::sign(&call.app, &call.ctx, (call.param("facility"), from), residents).await?;
    Reply::json(201, &done)
}

fn handover(call: &Call) -> Result<Uuid, Failure> {
    let text = call.param("handover");
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or_else(Failure::unlisted)
}

const LOOK: Doc = Doc::new("What was handed over, by resident").gives::<HandoverWords>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::look(&call.app, &call.ctx, handover(&call)?).await?)
}

/// Nothing is said: the address names the hand-over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverReceiving)]
struct Receiving {}

const TAKE: Doc = Doc::new("Receive what somebody else handed over")
    .takes::<Receiving>()
    .step_up("sign")
    .problems(&["already-received", "own-handover"]);

async fn receive(call: Call) -> Result<Reply, Failure> {
    let handover = handover(&call)?;
    let Receiving {} = call.json()?;
    proved(&call, "sign").await?;
    ops::receive(&call.app, &call.ctx, handover).await?;
    Ok(Reply::empty(204))
}

/// When shifts begin.
#[derive(Serialize, ToSchema)]
#[schema(as = ShiftStarts)]
struct Starts {
    /// Two or three times of the day such as `07:00`, in order and in the facility's time zone: of day and night, or of
    /// day, evening and night.
    starts: Vec<String>,
    /// The `ETag` that a change names is of this number: the facility's.
    version: i32,
}

const WHEN: Doc = Doc::new("When the shifts of a facility begin").gives::<Starts>(200);

async fn starts(call: Call) -> Result<Reply, Failure> {
    let (starts, version) = ops::starts(&call.app, &call.ctx, call.param("facility")).await?;
    Ok(Reply::json(200, &Starts { starts, version })?.with("etag", etag(version)))
}

/// When shifts are to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShiftStartsNew)]
struct NewStarts {
    /// Two or three times of the day such as `07:00`, in order.
    starts: Vec<String>,
}

const SET: Doc = Doc::new("Say when the shifts of a facility begin")
    .takes::<NewStarts>()
    .gives::<Starts>(200)
    .conditional()
    .step_up("organization.manage")
    .problems(&["invalid"]);

async fn set(call: Call) -> Result<Reply, Failure> {
    let NewStarts { starts } = call.json()?;
    let version = if_match(&call)?;
    proved(&call, "organization.manage").await?;
    let version =
        ops::change_starts(&call.app, &call.ctx, (call.param("facility"), version), &starts).await?;
    Ok(Reply::json(200, &Starts { starts, version })?.with("etag", etag(version)))
}
