//! `/api/patients/{patient}/tasks`, `/api/tasks/{task}`: what is asked and answered, and nothing else.

use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{Place, TaskView, kinds, teams};
use super::ops::{self, Asked, Board};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const TASKS: &str = "/api/patients/{patient}/tasks";
const FINISH: &str = "/api/tasks/{task}/finish";
const MOVE: &str = "/api/tasks/{task}/move";
const BOARD: &str = "/api/facilities/{facility}/board";

/// The rows of tasks.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Post, TASKS, Action::Create, &ASK, |c| Box::pin(ask(c))),
    row(Verb::Post, FINISH, Action::Update, &DONE, |c| Box::pin(finish(c))),
    row(Verb::Post, MOVE, Action::Update, &MOVED, |c| Box::pin(relocate(c))),
    row(Verb::Get, BOARD, Action::LookAtShift, &LOOK, |c| Box::pin(board(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { health_data: true, ..Route::within("task", (method, path), Access::Needs(action), doc, handler) }
}

/// Care that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CareTaskNew)]
struct New {
    #[schema(schema_with = kinds)]
    kind: String,
    /// Instead of what its kind is called, at most 200 characters.
    #[serde(default)]
    text: Option<String>,
    due: Timestamp,
    /// Comes again so many minutes after it was due: 15 to 44640.
    #[serde(default)]
    every_minutes: Option<i64>,
    #[serde(default)]
    urgent: bool,
    /// Whose it is to do; everybody's where nothing is said.
    #[serde(default)]
    #[schema(schema_with = teams)]
    team: Option<String>,
}

const ASK: Doc = Doc::new("Ask for care of a patient, once or again and again")
    .takes::<New>()
    .gives::<TaskView>(201)
    .problems(&["invalid"]);

async fn ask(call: Call) -> Result<Reply, Failure> {
    let text = call.param("patient");
    let patient = text.parse().ok().filter(|id: &PatientId| id.to_string() == text);
    let patient = patient.ok_or_else(Failure::unlisted)?;
    let New { kind, text, due, every_minutes, urgent, team } = call.json()?;
    let (text, team) = (text.as_deref(), team.as_deref());
    let asked = Asked { kind: &kind, text, due, every: every_minutes, urgent, team };
    answer(201, &ops::ask(&call.app, &call.ctx, patient, &asked).await?)
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CareTaskEnd)]
struct End {
    /// Whether it was done.
    done: bool,
    /// What there is to say, at most 500 characters; why, when it was not done.
    #[serde(default)]
    note: Option<String>,
}

const DONE: Doc = Doc::new("Finish a task: done, or not and why. What comes again is there at once")
    .takes::<End>()
    .gives::<TaskView>(200)
    .conditional()
    .problems(&["invalid", "task-finished"]);

async fn finish(call: Call) -> Result<Reply, Failure> {
    let End { done, note } = call.json()?;
    answer(200, &ops::finish(&call.app, &call.ctx, seen(&call)?, done, note.as_deref()).await?)
}

/// The task that is meant, and the version that was seen.
fn seen(call: &Call) -> Result<(ResourceId, &str), Failure> {
    let text = call.param("task");
    let task = text.parse().ok().filter(|id: &ResourceId| id.to_string() == text);
    let task = task.ok_or_else(Failure::unlisted)?;
    let missing = || Failure::new(428, "conflict", "say with If-Match which version you mean to change");
    Ok((task, call.header("if-match")?.ok_or_else(missing)?.trim()))
}

/// Where it goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CareTaskMove)]
struct Move {
    to: Place,
    /// What it waits for, at most 500 characters; of what waits, and of nothing else.
    #[serde(default)]
    why: Option<String>,
}

const MOVED: Doc = Doc::new("Move an open task on the board; whoever begins it has it")
    .takes::<Move>()
    .gives::<TaskView>(200)
    .conditional()
    .problems(&["invalid", "task-finished"]);

async fn relocate(call: Call) -> Result<Reply, Failure> {
    let Move { to, why } = call.json()?;
    answer(200, &ops::relocate(&call.app, &call.ctx, seen(&call)?, to, why.as_deref()).await?)
}

const LOOK: Doc =
    Doc::new("The board of a facility: its open tasks and what was finished in the last twelve hours")
        .query(&[("team", "a team's code: its tasks alone")])
        .gives::<Board>(200)
        .problems(&["invalid"]);

async fn board(call: Call) -> Result<Reply, Failure> {
    let unknown = || Failure::coded(400, "invalid", "team: the only thing to ask for");
    let team = match call.query() {
        "" => None,
        query => Some(query.strip_prefix("team=").ok_or_else(unknown)?),
    };
    Reply::json(200, &ops::board(&call.app, &call.ctx, call.param("facility"), team).await?)
}

fn answer(status: u16, view: &TaskView) -> Result<Reply, Failure> {
    Ok(Reply::json(status, view)?.with("etag", view.version.clone()))
}
