//! `/api/emergency-access`: what is asked and answered, and nothing else.

use kernel::PatientId;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ops::{self, Emergency, Opened, verdicts};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const ALL: &str = "/api/emergency-access";

/// The rows of emergency access.
pub(crate) const ROUTES: &[Route] = &[
    Route { health_data: true, ..row(Verb::Get, ALL, Access::Own, &LIST, |c| Box::pin(list(c))) },
    row(Verb::Post, ALL, Access::Needs(Action::OpenEmergency), &OPEN, |c| Box::pin(open(c))),
    row(
        Verb::Delete,
        "/api/emergency-access/{emergency}",
        Access::Needs(Action::CloseEmergency),
        &CLOSE,
        |c| Box::pin(close(c)),
    ),
    row(
        Verb::Post,
        "/api/emergency-access/{emergency}/review",
        Access::Needs(Action::ReviewEmergency),
        &REVIEW,
        |c| Box::pin(review(c)),
    ),
];

const fn row(
    method: Verb,
    path: &'static str,
    access: Access,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("emergency", (method, path), access, doc, handler)
}

fn id(call: &Call) -> Result<Uuid, Failure> {
    call.param("emergency").parse().map_err(|_| Failure::unlisted())
}

/// Emergencies, those that wait for a review first, 200 at most.
#[derive(Serialize, ToSchema)]
struct Emergencies {
    emergencies: Vec<Emergency>,
}

const LIST: Doc =
    Doc::new("Emergency access: all of it for who reviews it, else one's own").gives::<Emergencies>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &Emergencies { emergencies: ops::list(&call.app, &call.ctx).await? })
}

/// A patient to be reached in an emergency.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEmergency {
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// Why, 1 to 500 characters, for who reviews it.
    reason: String,
    /// For how long, 1 to 60.
    minutes: i64,
}

const OPEN: Doc = Doc::new("Reach one patient in an emergency, for an hour at most")
    .takes::<NewEmergency>()
    .gives::<Opened>(200)
    .step_up("emergency.access")
    .problems(&["invalid", "emergency-suspended"]);

async fn open(call: Call) -> Result<Reply, Failure> {
    let new: NewEmergency = call.json()?;
    proved(&call, "emergency.access").await?;
    let opened = ops::open(&call.app, &call.ctx, new.patient, &new.reason, new.minutes).await?;
    Reply::json(200, &opened)
}

const CLOSE: Doc = Doc::new("End one's own emergency access before its time");

async fn close(call: Call) -> Result<Reply, Failure> {
    ops::close(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(204))
}

/// What a reviewer says of an emergency.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Judgement {
    #[schema(schema_with = verdicts)]
    verdict: String,
    /// 500 characters at most.
    #[serde(default)]
    note: String,
}

const REVIEW: Doc = Doc::new("Judge an emergency that somebody else opened; one not justified ends")
    .takes::<Judgement>()
    .step_up("emergency.review")
    .problems(&["invalid", "already-reviewed"]);

async fn review(call: Call) -> Result<Reply, Failure> {
    let id = id(&call)?;
    let Judgement { verdict, note } = call.json()?;
    proved(&call, "emergency.review").await?;
    ops::review(&call.app, &call.ctx, id, &verdict, &note).await?;
    Ok(Reply::empty(204))
}
