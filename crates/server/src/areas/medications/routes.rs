//! `/api/medications`, `/api/patients/{patient}/medications`: what is asked and answered, and nothing else.

use jiff::civil::Date;
use kernel::{PatientId, Version};
use policy::Action;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Error;
use super::ops::{
    self, Counts, Dose, DoseResult, Effect, Entries, EntryNew, Mar, Pass, SheetNew, SheetView, Told,
};
use crate::areas::people::{if_match, proved};
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Reply, Route, Verb};

const PASS: &str = "/api/medications/pass";
const DOSES: &str = "/api/medications/doses";
const BATCH: &str = "/api/medications/doses/batch";
const WRONG: &str = "/api/medications/doses/{administration}/wrong";
const EFFECT: &str = "/api/medications/doses/{administration}/effect";
const MAR: &str = "/api/patients/{patient}/medications";
const HOLD: &str = "/api/patients/{patient}/medications/{order}/hold";
const RESUME: &str = "/api/patients/{patient}/medications/{order}/resume";
const COUNTS: &str = "/api/medications/counts";
const ENTRIES: &str = "/api/medications/counts/{stock}/entries";
const WITNESS: &str = "/api/medications/counts/{stock}/entries/{entry}/witness";
/// The most doses of a batch.
const MOST: usize = 100;

/// The rows of medications.
pub(crate) const ROUTES: &[Route] = &[
    sealed(row(Verb::Get, PASS, Action::Search, &PASSED, |c| Box::pin(pass(c)))),
    sealed(row(Verb::Post, DOSES, Action::GiveMedication, &GIVE, |c| Box::pin(give(c)))),
    long(sealed(row(Verb::Post, BATCH, Action::GiveMedication, &GIVE_MANY, |c| Box::pin(give_many(c))))),
    row(Verb::Post, WRONG, Action::GiveMedication, &CORRECT, |c| Box::pin(wrong(c))),
    row(Verb::Post, EFFECT, Action::GiveMedication, &HELPED, |c| Box::pin(effect(c))),
    sealed(row(Verb::Get, MAR, Action::Search, &RECORD, |c| Box::pin(mar(c)))),
    row(Verb::Post, HOLD, Action::HoldMedication, &HELD, |c| Box::pin(hold(c))),
    row(Verb::Post, RESUME, Action::HoldMedication, &RESUMED, |c| Box::pin(resume(c))),
    row(Verb::Get, COUNTS, Action::LookAtCounts, &SHEETS, |c| Box::pin(counts(c))),
    row(Verb::Post, COUNTS, Action::KeepCounts, &OPEN, |c| Box::pin(open(c))),
    row(Verb::Get, ENTRIES, Action::LookAtCounts, &LIST, |c| Box::pin(entries(c))),
    row(Verb::Post, ENTRIES, Action::KeepCounts, &ENTER, |c| Box::pin(enter(c))),
    row(Verb::Post, WITNESS, Action::WitnessCount, &CONFIRM, |c| Box::pin(witness(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("medication", (method, path), Access::Needs(action), doc, handler)
}

/// Its answer holds health data.
const fn sealed(row: Route) -> Route {
    Route { health_data: true, ..row }
}

const fn long(row: Route) -> Route {
    Route { body: Body::LongJson, ..row }
}

fn id(call: &Call, name: &str) -> Result<Uuid, Failure> {
    call.param(name).parse().map_err(|_| Failure::unlisted())
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("patient");
    text.parse().ok().filter(|id: &PatientId| id.to_string() == text).ok_or_else(Failure::unlisted)
}

/// What was done; or a problem, with what somebody needs who is to lose nothing.
fn done<T>(call: &Call, done: Result<T, Error>) -> Result<Result<T, Reply>, Failure> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Error::Failure(failure)) => Err(failure),
        Err(Error::Taken(told)) => {
            let problem = problem(call, "dose-taken", "somebody recorded this dose already");
            Ok(Err(with(problem, "dose", serde_json::to_value(&*told))))
        }
        Err(Error::Limited(code, detail, from)) => {
            Ok(Err(with(problem(call, code, detail), "from", Ok(json!(from)))))
        }
    }
}

/// RFC 9457, as [`Failure`] writes it.
fn problem(call: &Call, code: &str, detail: &str) -> Value {
    json!({
        "type": "about:blank", "title": "Conflict", "status": 409, "detail": detail, "code": code,
        "instance": format!("urn:uuid:{}", call.ctx.request().id),
    })
}

fn with(mut problem: Value, name: &str, member: Result<Value, serde_json::Error>) -> Reply {
    problem[name] = member.unwrap_or_default();
    Reply::of(409, "application/problem+json", problem.to_string())
}

const PASSED: Doc = Doc::new(
    "What everyone who stays here is to get, half a day back and ahead; of one facility with `Lamplight-Facility`",
)
.gives::<Pass>(200);

async fn pass(call: Call) -> Result<Reply, Failure> {
    let facility = call.facility().await?;
    match done(&call, ops::pass(&call.app, &call.ctx, facility).await)? {
        Ok(pass) => Reply::json(200, &pass),
        Err(reply) => Ok(reply),
    }
}

/// What everybody is told who gives a dose that cannot be recorded.
const PROBLEMS: &[&str] = &[
    "dose-taken",
    "dose-invalid",
    "request-used",
    "no-such-dose",
    "not-as-needed",
    "reason-needed",
    "too-early",
    "dose-missed",
    "too-soon",
    "limit-reached",
    "order-held",
    "order-ended",
    "wrong-package",
    "count-needed",
    "count-short",
    "witness-needed",
    "patient-merged",
];

const GIVE: Doc = Doc::new(
    "Record that a dose was given, or why not: once, however often and by however many devices it is sent",
)
.takes::<Dose>()
.gives::<Told>(201)
.problems(PROBLEMS);

async fn give(call: Call) -> Result<Reply, Failure> {
    let dose: Dose = call.json()?;
    match done(&call, ops::give(&call.app, &call.ctx, &dose).await)? {
        Ok(told) => Reply::json(if told.result == DoseResult::Made { 201 } else { 200 }, &told),
        Err(reply) => Ok(reply),
    }
}

/// What a device kept while there was no network, in order; at most 100.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DoseBatch {
    doses: Vec<Dose>,
}

/// What became of each, in the same order.
#[derive(Serialize, ToSchema)]
struct DoseAnswers {
    answers: Vec<Told>,
}

const GIVE_MANY: Doc = Doc::new(
    "Record doses that a device kept, one after the other: each has its own answer, and none loses another",
)
.takes::<DoseBatch>()
.gives::<DoseAnswers>(200)
.problems(&["invalid"]);

async fn give_many(call: Call) -> Result<Reply, Failure> {
    let DoseBatch { doses } = call.json()?;
    if doses.len() > MOST {
        return Err(Failure::coded(400, "invalid", "doses: at most 100"));
    }
    let mut answers = Vec::with_capacity(doses.len());
    for dose in &doses {
        answers.push(match ops::give(&call.app, &call.ctx, dose).await {
            Ok(told) => told,
            Err(Error::Taken(told)) => *told,
            Err(Error::Limited(code, detail, from)) => Told {
                from: Some(from),
                code: Some(code.to_owned()),
                detail: Some(detail.to_owned()),
                ..Told::of(dose.request, DoseResult::Refused)
            },
            Err(Error::Failure(failure)) => {
                let result = if failure.may_pass() { DoseResult::Again } else { DoseResult::Refused };
                let (code, detail) = failure.words();
                Told { code: Some(code.to_owned()), detail: Some(detail), ..Told::of(dose.request, result) }
            }
        });
    }
    Reply::json(200, &DoseAnswers { answers })
}

/// Why it was wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DoseWrong {
    /// 1 to 500 characters.
    reason: String,
}

const CORRECT: Doc = Doc::new(
    "Say that a dose was recorded in error: it stays as such, its place is free again, and what was counted comes back",
)
.takes::<DoseWrong>()
.status(204)
.problems(&["dose-invalid", "dose-wrong"]);

async fn wrong(call: Call) -> Result<Reply, Failure> {
    let administration = id(&call, "administration")?;
    let DoseWrong { reason } = call.json()?;
    match done(&call, ops::wrong(&call.app, &call.ctx, administration, &reason).await)? {
        Ok(()) => Ok(Reply::empty(204)),
        Err(reply) => Ok(reply),
    }
}

/// Whether it helped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DoseHelped {
    effect: Effect,
    /// At most 500 characters.
    #[serde(default)]
    note: Option<String>,
}

const HELPED: Doc = Doc::new("Say whether what was given as needed helped")
    .takes::<DoseHelped>()
    .status(204)
    .problems(&["dose-invalid", "dose-wrong", "effect-known"]);

async fn effect(call: Call) -> Result<Reply, Failure> {
    let administration = id(&call, "administration")?;
    let body: DoseHelped = call.json()?;
    let said = ops::effect(&call.app, &call.ctx, administration, body.effect, body.note.as_deref()).await;
    match done(&call, said)? {
        Ok(()) => Ok(Reply::empty(204)),
        Err(reply) => Ok(reply),
    }
}

const RECORD: Doc =
    Doc::new("What a patient was given and is to get: by default the last five days, today and tomorrow")
        .query(&[("from", "The first day; a week begins with it")])
        .gives::<Mar>(200)
        .problems(&["invalid"]);

async fn mar(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let refused = || Failure::coded(400, "invalid", "from is the only parameter, and a day");
    let from: Option<Date> = match call.query() {
        "" => None,
        query => Some(query.strip_prefix("from=").and_then(|day| day.parse().ok()).ok_or_else(refused)?),
    };
    match done(&call, ops::mar(&call.app, &call.ctx, patient, (from, 7)).await)? {
        Ok(mar) => Reply::json(200, &mar),
        Err(reply) => Ok(reply),
    }
}

/// Why it is on hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MedicationHold {
    /// 1 to 500 characters.
    reason: String,
}

const HELD: Doc = Doc::new("Put an order on hold: nothing of it is given until it is resumed")
    .takes::<MedicationHold>()
    .status(204)
    .conditional()
    .problems(&["dose-invalid", "order-otherwise"]);

async fn hold(call: Call) -> Result<Reply, Failure> {
    let MedicationHold { reason } = call.json()?;
    turn(call, Some(&reason)).await
}

/// Nothing is said: the address names the order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MedicationResume)]
struct Resume {}

const RESUMED: Doc = Doc::new("Resume an order that is on hold")
    .takes::<Resume>()
    .status(204)
    .conditional()
    .problems(&["order-otherwise"]);

async fn resume(call: Call) -> Result<Reply, Failure> {
    let Resume {} = call.json()?;
    turn(call, None).await
}

async fn turn(call: Call, reason: Option<&str>) -> Result<Reply, Failure> {
    let which = (patient(&call)?, id(&call, "order")?, Version(if_match(&call)?));
    match done(&call, ops::turn(&call.app, &call.ctx, which, reason).await)? {
        Ok(version) => Ok(Reply::empty(204).with("etag", format!("W/\"{version}\""))),
        Err(reply) => Ok(reply),
    }
}

const SHEETS: Doc =
    Doc::new("The sheets that count controlled medications; of one facility with `Lamplight-Facility`")
        .gives::<Counts>(200);

async fn counts(call: Call) -> Result<Reply, Failure> {
    let facility = call.facility().await?;
    match done(&call, ops::list_counts(&call.app, &call.ctx, facility).await)? {
        Ok(counts) => Reply::json(200, &counts),
        Err(reply) => Ok(reply),
    }
}

const OPEN: Doc = Doc::new("Open a sheet, at the facility that `Lamplight-Facility` names")
    .takes::<SheetNew>()
    .gives::<SheetView>(201)
    .problems(&["count-invalid", "invalid"]);

async fn open(call: Call) -> Result<Reply, Failure> {
    let new: SheetNew = call.json()?;
    let facility = match (call.facility().await?, call.ctx.facilities()) {
        (Some(facility), _) | (None, &[facility]) => facility,
        (None, _) => {
            let words = "name the facility in the header Lamplight-Facility";
            return Err(Failure::coded(400, "invalid", words));
        }
    };
    match done(&call, ops::open_sheet(&call.app, &call.ctx, facility, &new).await)? {
        Ok(sheet) => Reply::json(201, &sheet),
        Err(reply) => Ok(reply),
    }
}

const LIST: Doc =
    Doc::new("What became of what a sheet counts, what waits for a witness first").gives::<Entries>(200);

async fn entries(call: Call) -> Result<Reply, Failure> {
    let stock = id(&call, "stock")?;
    match done(&call, ops::list_entries(&call.app, &call.ctx, stock).await)? {
        Ok(entries) => Reply::json(200, &entries),
        Err(reply) => Ok(reply),
    }
}

/// What was entered.
#[derive(Serialize, ToSchema)]
struct MedicationCountEntered {
    entry: Uuid,
}

const ENTER: Doc = Doc::new(
    "Enter something into a sheet. What is wasted, counted, corrected or to be given with a witness counts once a second \
     person confirmed it",
)
.takes::<EntryNew>()
.gives::<MedicationCountEntered>(201)
.problems(&["count-invalid", "count-short", "dose-invalid", "reason-needed"]);

async fn enter(call: Call) -> Result<Reply, Failure> {
    let stock = id(&call, "stock")?;
    let new: EntryNew = call.json()?;
    match done(&call, ops::enter(&call.app, &call.ctx, stock, &new).await)? {
        Ok(entry) => Reply::json(201, &MedicationCountEntered { entry }),
        Err(reply) => Ok(reply),
    }
}

/// Nothing is said: the address names the entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MedicationCountWitness)]
struct Witness {}

const CONFIRM: Doc = Doc::new("Confirm, as the second person, what somebody else entered")
    .takes::<Witness>()
    .status(204)
    .step_up("medications.witness")
    .problems(&["witness-done", "witness-other", "count-short"]);

async fn witness(call: Call) -> Result<Reply, Failure> {
    let (stock, entry) = (id(&call, "stock")?, id(&call, "entry")?);
    let Witness {} = call.json()?;
    proved(&call, "medications.witness").await?;
    match done(&call, ops::confirm(&call.app, &call.ctx, stock, entry).await)? {
        Ok(()) => Ok(Reply::empty(204)),
        Err(reply) => Ok(reply),
    }
}
