//! `/api/patients/{patient}/incidents`, `/api/facilities/{facility}/incidents`, `/api/incidents/{incident}/review`: what is
//! asked and answered, and nothing else.

use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Kind, Told};
use super::ops::{self, Incidents, Report, ReportedView};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const REPORT: &str = "/api/patients/{patient}/incidents";
const INCIDENTS: &str = "/api/facilities/{facility}/incidents";
const REVIEW: &str = "/api/incidents/{incident}/review";

/// The rows of incidents.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Post, REPORT, Action::ReportIncident, &TELL, |c| Box::pin(report(c))),
    row(Verb::Get, INCIDENTS, Action::LookAtShift, &LIST, |c| Box::pin(list(c))),
    row(Verb::Post, REVIEW, Action::ReviewIncident, &JUDGE, |c| Box::pin(review(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route {
        health_data: true,
        ..Route::within("incident", (method, path), Access::Needs(action), doc, handler)
    }
}

/// An incident.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentNew)]
struct New {
    kind: Kind,
    /// 1 to 1000 characters.
    what: String,
    /// Where, at most 100 characters.
    #[serde(default)]
    place: Option<String>,
    /// When it happened; now, when nothing is said.
    #[serde(default)]
    at: Option<Timestamp>,
    /// Whether somebody saw it; not known, when nothing is said.
    #[serde(default)]
    witnessed: Option<bool>,
    /// What came of it, at most 500 characters.
    #[serde(default)]
    injury: Option<String>,
    /// Who was told already; the others are told by tasks.
    #[serde(default)]
    told: Vec<Told>,
}

const TELL: Doc =
    Doc::new("Report an incident: the tasks that follow from it are there at once, its review among them")
        .takes::<New>()
        .gives::<ReportedView>(201)
        .problems(&["invalid"]);

async fn report(call: Call) -> Result<Reply, Failure> {
    let text = call.param("patient");
    let patient = text.parse().ok().filter(|id: &PatientId| id.to_string() == text);
    let patient = patient.ok_or_else(Failure::unlisted)?;
    let body: New = call.json()?;
    let report = Report {
        kind: body.kind,
        what: &body.what,
        place: body.place.as_deref(),
        at: body.at.unwrap_or_else(|| call.app.world.now()),
        witnessed: body.witnessed,
        injury: body.injury.as_deref(),
        told: &body.told,
    };
    Reply::json(201, &ops::report(&call.app, &call.ctx, patient, &report).await?)
}

const LIST: Doc =
    Doc::new("The incidents of a facility in the last ninety days, with what follows from each")
        .gives::<Incidents>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx, call.param("facility")).await?)
}

/// What is said of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentReviewing)]
struct Reviewing {
    /// 1 to 2000 characters.
    note: String,
    /// Why it is closed although something that follows from it is open, at most 500 characters.
    #[serde(default)]
    open_because: Option<String>,
}

const JUDGE: Doc = Doc::new("Review an incident and close it").takes::<Reviewing>().problems(&[
    "invalid",
    "follow-ups-open",
    "incident-closed",
]);

async fn review(call: Call) -> Result<Reply, Failure> {
    let text = call.param("incident");
    let incident = text.parse().ok().filter(|id: &ResourceId| id.to_string() == text);
    let incident = incident.ok_or_else(Failure::unlisted)?;
    let Reviewing { note, open_because } = call.json()?;
    ops::review(&call.app, &call.ctx, incident, &note, open_because.as_deref()).await?;
    Ok(Reply::empty(204))
}
