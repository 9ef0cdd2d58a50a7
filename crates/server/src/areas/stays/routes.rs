//! `/api/stays`, `/api/patients/{patient}/stays`: what is asked and answered, and nothing else.

use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use percent_encoding::percent_decode_str;
use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Away, Place};
use super::ops::{self, Admission, Loose, Stays, Turn, Which};
use super::view::StayView;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const CENSUS: &str = "/api/stays";
const STAYS: &str = "/api/patients/{patient}/stays";
const LOOSE: &str = "/api/patients/{patient}/loose-ends";
const TRANSFER: &str = "/api/patients/{patient}/stays/{stay}/transfer";
const LEAVE: &str = "/api/patients/{patient}/stays/{stay}/leave";
const RETURN: &str = "/api/patients/{patient}/stays/{stay}/return";
const DISCHARGE: &str = "/api/patients/{patient}/stays/{stay}/discharge";

/// The rows of stays.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, CENSUS, Action::Search, &ALL, |c| Box::pin(census(c))),
    row(Verb::Get, STAYS, Action::Search, &LIST, |c| Box::pin(list(c))),
    row(Verb::Get, LOOSE, Action::Search, &OPEN, |c| Box::pin(loose(c))),
    row(Verb::Post, STAYS, Action::Create, &ADMIT, |c| Box::pin(admit(c))),
    row(Verb::Post, TRANSFER, Action::Update, &MOVE, |c| Box::pin(transfer(c))),
    row(Verb::Post, LEAVE, Action::Update, &GO, |c| Box::pin(leave(c))),
    row(Verb::Post, RETURN, Action::Update, &COME, |c| Box::pin(come_back(c))),
    row(Verb::Post, DISCHARGE, Action::Update, &END, |c| Box::pin(discharge(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { health_data: true, ..Route::within("stay", (method, path), Access::Needs(action), doc, handler) }
}

const ALL: Doc = Doc::new("Everyone who is admitted within reach, 200 at a time")
    .query(&[("cursor", "Goes on behind the page that gave it")])
    .gives::<Stays>(200)
    .problems(&["invalid"]);

async fn census(call: Call) -> Result<Reply, Failure> {
    let refused = || Failure::coded(400, "invalid", "cursor is the only parameter");
    let query = call.query();
    let cursor = match query {
        "" => None,
        query => {
            let text =
                query.strip_prefix("cursor=").filter(|text| !text.contains('&')).ok_or_else(refused)?;
            Some(percent_decode_str(text).decode_utf8().map_err(|_| refused())?)
        }
    };
    Reply::json(200, &ops::census(&call.app, &call.ctx, cursor.as_deref()).await?)
}

const LIST: Doc = Doc::new("The stays of a patient, newest first").gives::<Stays>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::of_patient(&call.app, &call.ctx, patient(&call)?).await?)
}

const OPEN: Doc =
    Doc::new("What would be left open if the patient were discharged now: counts").gives::<Loose>(200);

async fn loose(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::loose(&call.app, &call.ctx, patient(&call)?).await?)
}

/// How a patient is admitted. Everything that is known of them stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StayNew {
    #[serde(default)]
    room: Option<Place>,
    /// Now, when nothing is said; never in the future.
    #[serde(default)]
    from: Option<Timestamp>,
    /// Why, at most 500 characters.
    #[serde(default)]
    reason: Option<String>,
    /// Where they come from, at most 200 characters.
    #[serde(default)]
    source: Option<String>,
}

const ADMIT: Doc = Doc::new("Admit a patient who is not admitted; again, if they were before")
    .takes::<StayNew>()
    .gives::<StayView>(201)
    .problems(&["invalid", "already-admitted", "patient-died"]);

async fn admit(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let body: StayNew = call.json()?;
    let wanted = Admission {
        room: body.room.as_ref(),
        from: body.from,
        reason: body.reason.as_deref(),
        source: body.source.as_deref(),
    };
    answer(201, &ops::admit(&call.app, &call.ctx, patient, &wanted).await?)
}

/// Another room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StayTransfer {
    room: Place,
    /// Now, when nothing is said.
    #[serde(default)]
    at: Option<Timestamp>,
}

const MOVE: Doc = Doc::new("Move a patient to another room of the facility")
    .takes::<StayTransfer>()
    .gives::<StayView>(200)
    .conditional()
    .problems(&["invalid", "stay-ended", "patient-away"]);

async fn transfer(call: Call) -> Result<Reply, Failure> {
    let body: StayTransfer = call.json()?;
    turn(&call, body.at, &Turn::Transfer { room: &body.room }).await
}

const fn held() -> bool {
    true
}

/// Away, with the intention to return.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StayLeave {
    kind: Away,
    /// Where they are, 1 to 100 characters.
    to: String,
    /// Whether the room is held for them; it is, when nothing is said.
    #[serde(default = "held")]
    hold: bool,
    /// Now, when nothing is said.
    #[serde(default)]
    at: Option<Timestamp>,
}

const GO: Doc = Doc::new("A patient goes to hospital, or on leave, and is to return")
    .takes::<StayLeave>()
    .gives::<StayView>(200)
    .conditional()
    .problems(&["invalid", "stay-ended", "patient-away"]);

async fn leave(call: Call) -> Result<Reply, Failure> {
    let body: StayLeave = call.json()?;
    turn(&call, body.at, &Turn::Leave { kind: body.kind, to: &body.to, hold: body.hold }).await
}

/// Back again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StayReturn {
    /// The room that was held, when nothing is said.
    #[serde(default)]
    room: Option<Place>,
    /// Now, when nothing is said.
    #[serde(default)]
    at: Option<Timestamp>,
}

const COME: Doc = Doc::new("A patient who was away is back")
    .takes::<StayReturn>()
    .gives::<StayView>(200)
    .conditional()
    .problems(&["invalid", "stay-ended", "patient-here"]);

async fn come_back(call: Call) -> Result<Reply, Failure> {
    let body: StayReturn = call.json()?;
    turn(&call, body.at, &Turn::Return { room: body.room.as_ref() }).await
}

/// The end of a stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StayDischarge {
    /// A code of HL7's discharge-disposition: `home`, `alt-home`, `other-hcf`, `hosp`, `long`, `aadvice`, `exp`, `rehab`,
    /// `snf`, `oth`.
    disposition: String,
    /// Where to, at most 200 characters.
    #[serde(default)]
    destination: Option<String>,
    /// Now, when nothing is said.
    #[serde(default)]
    at: Option<Timestamp>,
}

const END: Doc = Doc::new("Discharge a patient")
    .takes::<StayDischarge>()
    .gives::<StayView>(200)
    .conditional()
    .problems(&["invalid", "stay-ended"]);

async fn discharge(call: Call) -> Result<Reply, Failure> {
    let body: StayDischarge = call.json()?;
    let turned = Turn::Discharge { disposition: &body.disposition, destination: body.destination.as_deref() };
    turn(&call, body.at, &turned).await
}

async fn turn(call: &Call, at: Option<Timestamp>, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let text = call.param("stay");
    let stay = text.parse().ok().filter(|id: &ResourceId| id.to_string() == text);
    let which =
        Which { patient: patient(call)?, stay: stay.ok_or_else(Failure::unlisted)?, seen: seen(call)? };
    answer(200, &ops::turn(&call.app, &call.ctx, &which, at, turn).await?)
}

fn answer(status: u16, view: &StayView) -> Result<Reply, Failure> {
    Ok(Reply::json(status, view)?.with("etag", view.version.clone()))
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("patient");
    text.parse().ok().filter(|id: &PatientId| id.to_string() == text).ok_or_else(Failure::unlisted)
}

/// What stands between the quotes of `If-Match`.
fn seen(call: &Call) -> Result<&str, Failure> {
    let missing = || Failure::new(428, "conflict", "say with If-Match which version you mean to change");
    let text = call.header("if-match")?.ok_or_else(missing)?.trim();
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    tag.ok_or_else(|| {
        Failure::coded(400, "invalid", "the header if-match must hold one version, such as W/\"3\"")
    })
}
