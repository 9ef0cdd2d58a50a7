//! Reporting an incident, looking at those of a facility, reviewing one.

use std::collections::HashMap;

use chart::{Document, New, SearchRequest};
use db::{Ctx, Event};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, PatientId, ResourceId, Version};
use policy::{Action, Target};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::Error;
use super::fhir::{Incident, Reported, as_review, reported, reviewed, said};
use super::model::{FollowUp, Kind, Told, follow_ups};
use crate::app::App;
use crate::areas::every::{Within, every_in_sight};
use crate::areas::notes::patient_names;
use crate::areas::shifts;
use crate::areas::tasks::{self, TaskView, Wanted, who};

/// How far back incidents are listed, and how long after it happened one is reported.
const LISTED: SignedDuration = SignedDuration::from_hours(90 * 24);
const REPORTED_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
const REVIEW: &str = "incident-review";

/// An incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub(super) struct IncidentView {
    incident: String,
    #[schema(value_type = String)]
    patient: PatientId,
    name: String,
    kind: Kind,
    what: String,
    #[schema(required)]
    place: Option<String>,
    #[schema(required)]
    at: Option<Timestamp>,
    /// Who reported it.
    by: String,
    /// Null: not known.
    #[schema(required)]
    witnessed: Option<bool>,
    #[schema(required)]
    injury: Option<String>,
    told: Vec<Told>,
    /// What follows from it, done or not; the open ones first.
    tasks: Vec<TaskView>,
    /// Until when it is to be reviewed.
    #[schema(required)]
    review_due: Option<Timestamp>,
    /// Null while it is open.
    #[schema(required)]
    review: Option<Review>,
}

/// What whoever reviewed it said.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentReview)]
struct Review {
    by: String,
    #[schema(required)]
    at: Option<Timestamp>,
    note: String,
    /// Why it was closed with follow-ups open.
    #[schema(required)]
    open_because: Option<String>,
}

/// Incidents, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Incidents {
    incidents: Vec<IncidentView>,
}

/// One that was reported.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentReported)]
pub(super) struct ReportedView {
    incident: String,
    /// How many tasks follow from it, its review among them.
    tasks: usize,
}

/// What is reported.
pub(super) struct Report<'a> {
    pub(super) kind: Kind,
    pub(super) what: &'a str,
    pub(super) place: Option<&'a str>,
    pub(super) at: Timestamp,
    pub(super) witnessed: Option<bool>,
    pub(super) injury: Option<&'a str>,
    pub(super) told: &'a [Told],
}

fn text<'a>(given: &'a str, most: usize, fault: &'static str) -> Result<&'a str, Error> {
    let said = given.trim();
    let fits = (1..=most).contains(&said.chars().count());
    if fits { Ok(said) } else { Err(Error::Invalid(fault)) }
}

fn maybe<'a>(given: Option<&'a str>, most: usize, fault: &'static str) -> Result<Option<&'a str>, Error> {
    match given.map(str::trim) {
        None | Some("") => Ok(None),
        Some(given) => text(given, most, fault).map(Some),
    }
}

fn task(patient: PatientId, incident: ResourceId, one: &FollowUp, (who, now): (&Value, Timestamp)) -> Value {
    let wanted = Wanted {
        patient,
        kind: one.kind,
        text: None,
        due: one.due,
        again: one.again.clone(),
        urgent: one.urgent,
        about: Some(format!("AdverseEvent/{incident}")),
        team: None,
    };
    let task = wanted.document(who, now);
    if one.kind == REVIEW { as_review(task, incident) } else { task }
}

/// Reports an incident, with what follows from it.
pub(super) async fn report(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    report: &Report<'_>,
) -> Result<ReportedView, Error> {
    const ACTION: Action = Action::ReportIncident;
    let now = app.world.now();
    if report.at > now || report.at < now - REPORTED_WITHIN {
        return Err(Error::Invalid("at: within the last thirty days"));
    }
    let incident = Incident {
        id: ResourceId(app.world.uuid()),
        patient,
        kind: report.kind,
        what: text(report.what, 1000, "what: 1 to 1000 characters")?,
        place: maybe(report.place, 100, "place: at most 100 characters")?,
        at: report.at,
        witnessed: report.witnessed,
        injury: maybe(report.injury, 500, "injury: at most 500 characters")?,
        told: report.told,
    };
    let who = who(app, ctx).await?;
    let mut records = vec![New {
        rtype: ResourceType::AdverseEvent,
        id: incident.id,
        body: incident.document(&who, now).to_string().into_bytes(),
    }];
    for one in follow_ups(report.kind, report.told, now) {
        let body = task(patient, incident.id, &one, (&who, now)).to_string().into_bytes();
        records.push(New { rtype: ResourceType::Task, id: ResourceId(app.world.uuid()), body });
    }
    let tasks = records.len() - 1;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let facility = app.store.hold(&tx, patient).await?;
    let target = Target { facility: Some(facility), class: Some(DataClass::General) };
    db.authorize(ctx, ACTION, target).await?;
    let event = Event::success(ACTION.key(), ACTION.needs().key());
    let mut event = event.about(ResourceType::AdverseEvent.code(), Some((incident.id, Version::FIRST)));
    event.detail = Some(format!("tasks {tasks}"));
    app.store.enter(&tx, ACTION, records, event).await?;
    Ok(ReportedView { incident: incident.id.to_string(), tasks })
}

/// The incidents of a facility in the last ninety days, the newest first.
pub(super) async fn list(app: &App, ctx: &Ctx, code: &str) -> Result<Incidents, Error> {
    let place = shifts::entered(app, ctx, Action::LookAtShift, code).await?;
    let since = app.world.now() - LISTED;
    let query = [("date", format!("ge{since}"))];
    let at = (Within::Facility(place.facility), ResourceType::AdverseEvent);
    let found = every_in_sight(app, ctx, at, &query, |document| reported(&document)).await?;
    let mut found: Vec<Reported> = found.unwrap_or_default();
    found.sort_by_key(|one| std::cmp::Reverse(one.at));
    let records: Vec<String> = found.iter().map(|one| format!("AdverseEvent/{}", one.id)).collect();
    let patients: Vec<PatientId> = found.iter().map(|one| one.patient).collect();
    let (followed, names) = tokio::try_join!(
        tasks::about(app, ctx, place.facility, &records),
        patient_names(app, ctx, &patients),
    )?;
    let mut about: HashMap<String, Vec<(TaskView, Value)>> = HashMap::new();
    for (task, whole) in followed {
        about.entry(task.about.clone().unwrap_or_default()).or_default().push((task, whole));
    }
    let incidents = found
        .into_iter()
        .map(|one| {
            let tasks = about.remove(&format!("AdverseEvent/{}", one.id)).unwrap_or_default();
            let name = names.get(&one.patient).cloned().unwrap_or_default();
            view(one, name, tasks)
        })
        .collect();
    Ok(Incidents { incidents })
}

fn view(one: Reported, name: String, tasks: Vec<(TaskView, Value)>) -> IncidentView {
    let (reviews, others): (Vec<_>, Vec<_>) =
        tasks.into_iter().partition(|(task, _)| task.kind.as_deref() == Some(REVIEW));
    let review = reviews.iter().find_map(|(_, whole)| said(whole));
    let mut tasks: Vec<TaskView> = others.into_iter().map(|(task, _)| task).collect();
    tasks.sort_by_key(|task| (!task.is_open(), task.due));
    IncidentView {
        incident: one.id.to_string(),
        patient: one.patient,
        name,
        kind: one.kind,
        what: one.what,
        place: one.place,
        at: one.at,
        by: one.by,
        witnessed: one.witnessed,
        injury: one.injury,
        told: one.told,
        tasks,
        review_due: reviews.first().and_then(|(task, _)| task.due),
        review: review.map(|said| Review {
            by: said.by,
            at: said.at,
            note: said.note,
            open_because: said.open_because,
        }),
    }
}

/// Reviews an incident and closes it: when what follows from it is finished, or it is said why not.
pub(super) async fn review(
    app: &App,
    ctx: &Ctx,
    incident: ResourceId,
    note: &str,
    open_because: Option<&str>,
) -> Result<(), Error> {
    const ACTION: Action = Action::ReviewIncident;
    let note = text(note, 2000, "note: 1 to 2000 characters")?;
    let open_because = maybe(open_because, 500, "open_because: at most 500 characters")?;
    let query =
        [("focus".to_owned(), format!("AdverseEvent/{incident}")), ("_count".to_owned(), "200".to_owned())];
    let request = SearchRequest { rtype: ResourceType::Task, compartment: None, query: &query };
    let page = app.store.search(ctx, request).await?;
    let tasks: Vec<(TaskView, &Document)> =
        page.entries.iter().filter_map(|document| Some((TaskView::of(document)?, document))).collect();
    let is_review = |task: &TaskView| task.kind.as_deref() == Some(REVIEW);
    let review = tasks.iter().find(|(task, _)| is_review(task)).ok_or(db::Error::NotFound)?;
    if !review.0.is_open() {
        return Err(Error::Closed);
    }
    let open = tasks.iter().any(|(task, _)| !is_review(task) && task.is_open());
    if open && open_because.is_none() {
        return Err(Error::Open);
    }
    let who = who(app, ctx).await?;
    let body = reviewed(&review.1.body, (&who, app.world.now()), note, open_because.filter(|_| open));
    let body = body.ok_or(Error::Invalid("the review cannot be read"))?;
    let db = app.store.db();
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!("incident {incident}"));
    let tx = db.begin(ctx).await?;
    let place = (ResourceType::Task, review.1.id, review.1.version);
    match app.store.alter(&tx, ACTION, place, &body, &mut event).await {
        Err(chart::Error::Db(db::Error::Conflict)) => return Err(Error::Closed),
        done => done?,
    }
    app.store.enter(&tx, ACTION, Vec::new(), event).await?;
    Ok(())
}
