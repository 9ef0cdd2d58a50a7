//! `/api/patients/{patient}/keeping`, `/api/erasures`: what is asked and answered, and nothing else.

use db::Event;
use kernel::PatientId;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::model::{ERASURES, KINDS, RESTRICTIONS};
use super::ops::{self, Keeping, Records, Restricted};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb, one_of};

const RESTRICTION: &str = "/api/patients/{patient}/restriction";
const KEEPING: &str = "/api/patients/{patient}/keeping";
const LIFT: &str = "/api/patients/{patient}/restriction/lift";
const HOLDS: &str = "/api/patients/{patient}/holds";
const RELEASE: &str = "/api/patients/{patient}/holds/{hold}/release";
const ERASURE: &str = "/api/patients/{patient}/erasures";
const ALL: &str = "/api/erasures";
const DECIDE: &str = "/api/erasures/{erasure}/decision";
const WITHDRAW: &str = "/api/erasures/{erasure}/withdraw";

/// What a person proves themselves for once more, to ask for an erasure and to approve one.
const STEP_UP: &str = "records.erase";

/// The rows of holds, restriction and erasure.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, RESTRICTION, Action::LookAtRestriction, &IS_RESTRICTED, |c| Box::pin(is_restricted(c))),
    row(Verb::Post, RESTRICTION, Action::RestrictRecord, &RESTRICT, |c| Box::pin(restrict(c))),
    row(Verb::Post, LIFT, Action::RestrictRecord, &LIFTED, |c| Box::pin(lift(c))),
    Route {
        health_data: true,
        ..row(Verb::Get, KEEPING, Action::LookAtRecords, &LOOK, |c| Box::pin(look(c)))
    },
    row(Verb::Post, HOLDS, Action::HoldRecord, &HOLD, |c| Box::pin(hold(c))),
    row(Verb::Post, RELEASE, Action::HoldRecord, &RELEASED, |c| Box::pin(release(c))),
    row(Verb::Post, ERASURE, Action::AskErasure, &ASK, |c| Box::pin(ask(c))),
    Route { health_data: true, ..row(Verb::Get, ALL, Action::LookAtRecords, &LIST, |c| Box::pin(list(c))) },
    row(Verb::Post, DECIDE, Action::DecideErasure, &DECIDED, |c| Box::pin(decide(c))),
    row(Verb::Post, WITHDRAW, Action::AskErasure, &WITHDRAWN, |c| Box::pin(withdraw(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("records", (method, path), Access::Needs(action), doc, handler)
}

fn id(call: &Call, name: &str) -> Result<Uuid, Failure> {
    let text = call.param(name);
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or_else(Failure::unlisted)
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    id(call, "patient").map(PatientId)
}

/// Erasure is asked for and approved by a person at a browser, who proves once more who they are.
async fn person(call: &Call, action: Action) -> Result<(), Failure> {
    if call.session.is_none() {
        call.app.store.db().record(&call.ctx, Event::denied(action.key(), "a program")).await?;
        return Err(db::Error::Denied(None).into());
    }
    proved(call, STEP_UP).await
}

const IS_RESTRICTED: Doc =
    Doc::new("Whether a record is restricted; told to everyone who would see it otherwise")
        .gives::<Restricted>(200);

async fn is_restricted(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::is_restricted(&call.app, &call.ctx, patient(&call)?).await?)
}

fn restrictions() -> Object {
    one_of(&RESTRICTIONS)
}

fn erasures() -> Object {
    one_of(&ERASURES)
}

fn kinds() -> Object {
    one_of(&KINDS)
}

/// Why a record is restricted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordRestrictionNew)]
struct Restriction {
    /// Asked for, its accuracy contested, processed unlawfully, needed for claims, objected to.
    #[schema(schema_with = restrictions)]
    ground: String,
}

const RESTRICT: Doc = Doc::new(
    "Restrict a record: from the next request on it is seen by who may look for a legal reason, and written by nobody",
)
.takes::<Restriction>()
.problems(&["already-restricted", "invalid", "patient-merged", "record-erased"]);

async fn restrict(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let Restriction { ground } = call.json()?;
    ops::restrict(&call.app, &call.ctx, patient, &ground).await?;
    Ok(Reply::empty(204))
}

/// Nothing is said: the address names what is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordNothing)]
struct Nothing {}

const LIFTED: Doc = Doc::new("Lift the restriction of a record")
    .takes::<Nothing>()
    .problems(&["erasure-open", "record-erased"]);

async fn lift(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let Nothing {} = call.json()?;
    ops::lift(&call.app, &call.ctx, patient).await?;
    Ok(Reply::empty(204))
}

const LOOK: Doc = Doc::new(
    "What stands between a record and its end: restriction, legal holds, until when it is kept, and what was asked",
)
.gives::<Keeping>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::look(&call.app, &call.ctx, patient(&call)?).await?)
}

/// A hold for a legal matter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LegalHoldNew)]
struct Hold {
    #[schema(schema_with = kinds)]
    kind: String,
    /// Which matter, 1 to 500 characters.
    matter: String,
}

/// The hold.
#[derive(Serialize, ToSchema)]
#[schema(as = LegalHoldPlaced)]
struct Placed {
    hold: Uuid,
}

const HOLD: Doc =
    Doc::new("Hold a record for a legal matter: it is not erased while that stands, and an erasure that waits is stopped")
        .takes::<Hold>()
        .gives::<Placed>(201)
        .problems(&["invalid", "record-erased"]);

async fn hold(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let Hold { kind, matter } = call.json()?;
    let hold = ops::place_hold(&call.app, &call.ctx, patient, &kind, &matter).await?;
    Reply::json(201, &Placed { hold })
}

const RELEASED: Doc = Doc::new("Release a hold").takes::<Nothing>().problems(&["record-erased"]);

async fn release(call: Call) -> Result<Reply, Failure> {
    let (patient, hold) = (patient(&call)?, id(&call, "hold")?);
    let Nothing {} = call.json()?;
    ops::release_hold(&call.app, &call.ctx, patient, hold).await?;
    Ok(Reply::empty(204))
}

/// Why a record is to be erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureNew)]
struct New {
    /// Asked for by the patient or who speaks for them, its time is over, entered by mistake, ordered.
    #[schema(schema_with = erasures)]
    ground: String,
}

/// The erasure.
#[derive(Serialize, ToSchema)]
#[schema(as = ErasureAsked)]
struct Asked {
    erasure: Uuid,
}

const ASK: Doc = Doc::new("Ask for a record to be erased; another person decides")
    .takes::<New>()
    .gives::<Asked>(201)
    .step_up(STEP_UP)
    .problems(&["erasure-open", "invalid", "patient-merged", "record-erased", "record-held", "record-kept"]);

async fn ask(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let New { ground } = call.json()?;
    person(&call, Action::AskErasure).await?;
    let erasure = ops::ask(&call.app, &call.ctx, patient, &ground).await?;
    Reply::json(201, &Asked { erasure })
}

const LIST: Doc =
    Doc::new("Erasures within reach, those that are open first, and the restrictions and holds that stand")
        .gives::<Records>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx).await?)
}

/// What is decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureDecision)]
struct Decision {
    /// Whether the record is erased; from then on it is restricted.
    approved: bool,
}

const DECIDED: Doc = Doc::new(
    "Approve or refuse an erasure that another person asked for; approved, it is done after the organization's days",
)
.takes::<Decision>()
.step_up(STEP_UP)
.problems(&[
    "erasure-closed",
    "erasure-own",
    "invalid",
    "patient-merged",
    "record-erased",
    "record-held",
    "record-kept",
]);

async fn decide(call: Call) -> Result<Reply, Failure> {
    let erasure = id(&call, "erasure")?;
    let Decision { approved } = call.json()?;
    person(&call, Action::DecideErasure).await?;
    ops::decide(&call.app, &call.ctx, erasure, approved).await?;
    Ok(Reply::empty(204))
}

const WITHDRAWN: Doc = Doc::new("Take an erasure back that is not being done yet")
    .takes::<Nothing>()
    .problems(&["erasure-closed", "record-erased"]);

async fn withdraw(call: Call) -> Result<Reply, Failure> {
    let erasure = id(&call, "erasure")?;
    let Nothing {} = call.json()?;
    ops::withdraw(&call.app, &call.ctx, erasure).await?;
    Ok(Reply::empty(204))
}
