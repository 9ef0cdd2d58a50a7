//! Asking for care, finishing it, and what is open: each through the chart, which asks who may and logs it.

mod board;

use chart::Document;
use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId, ResourceId};
use serde_json::{Value, json};

use super::error::Error;
use super::model::{Again, Ended, OPEN, Place, TaskView, Wanted, ended, is_kind, moved, next, team};
use super::store;
use crate::app::App;
use crate::areas::every::{Within, every_in_sight};
use crate::areas::notes::POST;
use crate::http::Failure;

pub(super) use board::{Board, board};

/// How long ahead something may be asked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The open tasks of a facility's patients; nothing where tasks are out of sight.
pub(crate) async fn open_at(
    app: &App,
    ctx: &Ctx,
    facility: FacilityId,
) -> Result<Option<Vec<TaskView>>, chart::Error> {
    let at = (Within::Facility(facility), ResourceType::Task);
    every_in_sight(app, ctx, at, &[("status", OPEN)], |document| TaskView::of(&document)).await
}

/// The tasks that follow from these records, and what they say in full.
pub(crate) async fn about(
    app: &App,
    ctx: &Ctx,
    facility: FacilityId,
    records: &[String],
) -> Result<Vec<(TaskView, Value)>, chart::Error> {
    let mut found = Vec::new();
    let read =
        |document: Document| Some((TaskView::of(&document)?, serde_json::from_slice(&document.body).ok()?));
    for some in records.chunks(50) {
        let query = [("focus", some.join(","))];
        found.extend(
            every_in_sight(app, ctx, (Within::Facility(facility), ResourceType::Task), &query, read)
                .await?
                .unwrap_or_default(),
        );
    }
    Ok(found)
}

/// Whoever asks, as records name them: posts are no records.
pub(crate) async fn who(app: &App, ctx: &Ctx) -> Result<Value, db::Error> {
    let (organization, membership) = (ctx.organization(), ctx.membership());
    let tx = app.store.db().begin(ctx).await?;
    let name = store::find_name(tx, organization, membership).await?;
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("Post {membership}"));
    Ok(json!({
        "type": "Practitioner",
        "identifier": {"system": POST, "value": format!("{}/{membership}", ctx.slug())},
        "display": name,
    }))
}

/// What somebody asks for.
pub(super) struct Asked<'a> {
    pub(super) kind: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) due: Timestamp,
    /// Minutes.
    pub(super) every: Option<i64>,
    pub(super) urgent: bool,
    /// A team's code.
    pub(super) team: Option<&'a str>,
}

/// Asks for care.
pub(super) async fn ask(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    asked: &Asked<'_>,
) -> Result<TaskView, Failure> {
    let now = app.world.now();
    if !is_kind(asked.kind) {
        return Err(Error::Invalid("kind: not one of those that there are").into());
    }
    let text = said(asked.text, "text: at most 200 characters", 200)?;
    if asked.due > now + AHEAD {
        return Err(Error::Invalid("due: within a year").into());
    }
    if asked.every.is_some_and(|minutes| !(15..=44_640).contains(&minutes)) {
        return Err(Error::Invalid("every_minutes: 15 to 44640").into());
    }
    if asked.team.is_some_and(|code| team(code).is_none()) {
        return Err(Error::Invalid("team: not one of those that there are").into());
    }
    let who = who(app, ctx).await?;
    let wanted = Wanted {
        patient,
        kind: asked.kind,
        text,
        due: asked.due,
        again: asked.every.map(Again::Every),
        urgent: asked.urgent,
        about: None,
        team: asked.team,
    };
    let body = wanted.document(&who, now).to_string();
    let made = app.store.create(ctx, ResourceType::Task, body.as_bytes(), chart::CreateOptions::default());
    view(&made.await?.document)
}

/// A task that is as its reader saw it, and that nobody has finished.
async fn open(app: &App, ctx: &Ctx, (task, seen): (ResourceId, &str)) -> Result<Document, Failure> {
    let found = app.store.read(ctx, ResourceType::Task, task).await?;
    let was = view(&found)?;
    if was.version != seen {
        return Err(db::Error::Conflict.into());
    }
    if !was.is_open() {
        return Err(Error::Finished.into());
    }
    Ok(found)
}

/// Moves an open task on the board. Who takes it has it; what waits says for what.
pub(super) async fn relocate(
    app: &App,
    ctx: &Ctx,
    (task, seen): (ResourceId, &str),
    to: Place,
    why: Option<&str>,
) -> Result<TaskView, Failure> {
    let why = said(why, "why: at most 500 characters", 500)?;
    if (to == Place::Waiting) != why.is_some() {
        return Err(Error::Invalid("why: said of what waits, and of nothing else").into());
    }
    let found = open(app, ctx, (task, seen)).await?;
    let who = who(app, ctx).await?;
    let body = moved(&found.body, to, why, (&who, app.world.now()));
    let body = body.ok_or(Error::Invalid("the task cannot be read"))?;
    app.store.process(ctx, &bundle((task, seen), &body, None), None).await.map_err(Error::from)?;
    view(&app.store.read(ctx, ResourceType::Task, task).await?)
}

/// Finishes a task; what comes again is there at once.
pub(crate) async fn finish(
    app: &App,
    ctx: &Ctx,
    (task, seen): (ResourceId, &str),
    done: bool,
    note: Option<&str>,
) -> Result<TaskView, Failure> {
    let note = said(note, "note: at most 500 characters", 500)?;
    if !done && note.is_none() {
        return Err(Error::Invalid("note: say why it was not done").into());
    }
    let found = open(app, ctx, (task, seen)).await?;
    let who = who(app, ctx).await?;
    let at = app.world.now();
    let body = ended(&found.body, &Ended { done, note, at }, &who);
    let body = body.ok_or(Error::Invalid("the task cannot be read"))?;
    let whole: Value = serde_json::from_slice(&found.body).unwrap_or_default();
    let next = next(&whole, at);
    let bundle = bundle((task, seen), &body, next.as_ref());
    app.store.process(ctx, &bundle, None).await.map_err(Error::from)?;
    view(&app.store.read(ctx, ResourceType::Task, task).await?)
}

/// One transaction: the end of the one, and the next. Bodies stand in it byte for byte.
fn bundle((task, seen): (ResourceId, &str), body: &[u8], next: Option<&Value>) -> Vec<u8> {
    let put = json!({"method": "PUT", "url": format!("Task/{task}"), "ifMatch": seen}).to_string();
    let mut text = br#"{"resourceType":"Bundle","type":"transaction","entry":[{"resource":"#.to_vec();
    text.extend_from_slice(body);
    text.extend_from_slice(format!(r#","request":{put}}}"#).as_bytes());
    if let Some(next) = next {
        let request = r#"{"method":"POST","url":"Task"}"#;
        text.extend_from_slice(format!(r#",{{"resource":{next},"request":{request}}}"#).as_bytes());
    }
    text.extend_from_slice(b"]}");
    text
}

fn said<'a>(given: Option<&'a str>, fault: &'static str, most: usize) -> Result<Option<&'a str>, Error> {
    match given.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if text.chars().count() <= most => Ok(Some(text)),
        Some(_) => Err(Error::Invalid(fault)),
    }
}

fn view(document: &Document) -> Result<TaskView, Failure> {
    TaskView::of(document).ok_or_else(|| Failure::broken("a task that cannot be read"))
}
