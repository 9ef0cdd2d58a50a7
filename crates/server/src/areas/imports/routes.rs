//! `/api/imports`: what is asked and answered, and nothing else.

use jiff::Timestamp;
use policy::Action;
use serde::Serialize;
use sheets::Kind;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::model::{
    Compared, Comparison, Mapping, ShownColumn, ShownFault, ShownField, State, columns, fields,
};
use super::store::{self, Import as Row, Line, Wanted};
use super::{ops, report};
use crate::areas::fhir::pairs;
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Reply, Route, Verb, one_of};

const ALL: &str = "/api/imports";
const ONE: &str = "/api/imports/{import}";
const COLUMNS: &str = "/api/imports/{import}/columns";
const CHECK: &str = "/api/imports/{import}/check";
const RUN: &str = "/api/imports/{import}/run";
const UNDO: &str = "/api/imports/{import}/undo";
const ROWS: &str = "/api/imports/{import}/rows";
const REPORT: &str = "/api/imports/{import}/report";

/// Rows on a page.
const PAGE: i64 = 100;

/// The rows of imports.
pub(crate) const ROUTES: &[Route] = &[
    Route { audited: false, active: false, ..row(Verb::Get, ALL, &LIST, |c| Box::pin(list(c))) },
    Route { body: Body::Sheet, ..row(Verb::Post, ALL, &SEND, |c| Box::pin(send(c))) },
    Route { audited: false, active: false, ..row(Verb::Get, ONE, &LOOK, |c| Box::pin(look(c))) },
    row(Verb::Delete, ONE, &DISCARD, |c| Box::pin(discard(c))),
    Route {
        health_data: true,
        ..row(Verb::Get, COLUMNS, &LOOK_AT_COLUMNS, |c| Box::pin(look_at_columns(c)))
    },
    row(Verb::Post, CHECK, &BEGIN_CHECK, |c| Box::pin(check(c))),
    Route { body: Body::None, ..row(Verb::Post, RUN, &BEGIN_RUN, |c| Box::pin(run(c))) },
    Route {
        body: Body::None,
        access: Access::Needs(Action::UndoSheet),
        ..row(Verb::Post, UNDO, &BEGIN_UNDO, |c| Box::pin(undo(c)))
    },
    row(Verb::Get, ROWS, &LOOK_AT_ROWS, |c| Box::pin(look_at_rows(c))),
    row(Verb::Get, REPORT, &TAKE_REPORT, |c| Box::pin(take_report(c))),
];

const fn row(method: Verb, path: &'static str, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    Route::within("import", (method, path), Access::Needs(Action::ImportSheet), doc, handler)
}

fn id(call: &Call) -> Result<Uuid, Failure> {
    let text = call.param("import");
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or_else(Failure::unlisted)
}

fn states() -> Object {
    one_of(&State::ALL.map(|(_, key)| key))
}

fn kinds() -> Object {
    one_of(&Kind::ALL.map(Kind::key))
}

/// A spreadsheet that was sent.
#[derive(Serialize, ToSchema)]
struct SheetImport {
    import: Uuid,
    /// What its rows are.
    #[schema(schema_with = kinds)]
    kind: String,
    #[schema(schema_with = states)]
    state: String,
    /// Why it failed: `authority` of whoever began it ended, or it `failed`.
    #[schema(required)]
    reason: Option<String>,
    /// Rows below the headings.
    rows: i32,
    /// Up to which row of the file it came.
    reached: i32,
    /// Where new patients go.
    #[schema(required)]
    facility: Option<String>,
    /// The name of the old system.
    #[schema(required)]
    source: Option<String>,
    /// Who sent it, or put it to work last.
    #[schema(required)]
    by: Option<String>,
    sent_at: Timestamp,
    #[schema(required)]
    finished_at: Option<Timestamp>,
    /// Until when its file is kept, and what it brought in can be taken back; null when it is gone.
    #[schema(required)]
    kept_until: Option<Timestamp>,
}

impl SheetImport {
    fn of(row: Row) -> Self {
        Self {
            import: row.import,
            kind: row.kind,
            state: row.state,
            reason: row.reason,
            rows: row.rows,
            reached: row.reached,
            facility: row.facility_name,
            source: row.source,
            by: row.by,
            sent_at: row.created_at,
            finished_at: row.finished_at,
            kept_until: row.kept.then_some(row.kept_until),
        }
    }
}

/// The spreadsheets that were sent within reach, newest first.
#[derive(Serialize, ToSchema)]
struct SheetImports {
    imports: Vec<SheetImport>,
}

const LIST: Doc =
    Doc::new("Spreadsheets that were sent to facilities within reach, newest first, fifty at most")
        .gives::<SheetImports>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    let tx = call.app.store.db().begin(&call.ctx).await?;
    let rows = store::list(&tx).await?;
    tx.commit().await?;
    Reply::json(200, &SheetImports { imports: rows.into_iter().map(SheetImport::of).collect() })
}

/// A spreadsheet that was taken in.
#[derive(Serialize, ToSchema)]
struct SheetSent {
    import: Uuid,
}

const SEND: Doc = Doc::new(
    "Send a spreadsheet, CSV or XLSX, as the body; `?kind=` says what its rows are, `Lamplight-Facility` where new patients go",
)
.gives::<SheetSent>(201)
.problems(&["invalid", "sheet-unreadable"]);

async fn send(call: Call) -> Result<Reply, Failure> {
    const WRONG: Error =
        Error::Invalid("kind: one of patients, contacts, medications, allergies, notes, and nothing else");
    let query = pairs(call.query())?;
    let kind = match query.as_slice() {
        [(name, kind)] if name == "kind" => Kind::of(kind).ok_or(WRONG)?,
        _ => return Err(WRONG.into()),
    };
    let facility = match (call.facility().await?, call.ctx.facilities()) {
        (Some(facility), _) => facility,
        (None, [one]) => *one,
        (None, _) => {
            return Err(Error::Invalid("say with the header lamplight-facility which facility").into());
        }
    };
    let place = (facility, kind);
    let import = ops::send(&call.app, &call.ctx, call.session.as_ref(), place, call.body()).await?;
    Reply::json(201, &SheetSent { import })
}

/// How far it came, and what it came to.
#[derive(Serialize, ToSchema)]
struct SheetProgress {
    #[serde(flatten)]
    import: SheetImport,
    /// Rows that become or became new records.
    created: i64,
    /// Rows whose record differed.
    changed: i64,
    /// Rows whose record says the same already.
    same: i64,
    /// Rows that cannot be brought in.
    faulty: i64,
    /// New patients who may be here already.
    alike: i64,
    /// Rows whose record does not say what a cell does.
    differing: i64,
    /// What each fault comes to, the most frequent first.
    faults: Vec<FaultCount>,
    /// Cells that were read again from the records, by field.
    compared: Vec<FieldCompared>,
    /// Records that were taken back.
    withdrawn: i64,
    /// Records that stay: changed since, or others hang on them.
    left: i64,
}

/// How often a fault is there.
#[derive(Serialize, ToSchema)]
struct FaultCount {
    #[serde(flatten)]
    fault: ShownFault,
    rows: i64,
}

/// What was compared of a field.
#[derive(Serialize, ToSchema)]
struct FieldCompared {
    field: String,
    #[serde(flatten)]
    compared: Compared,
}

const LOOK: Doc =
    Doc::new("How far the import of a spreadsheet came, and what it came to").gives::<SheetProgress>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    let row = ops::find(&call.app, &call.ctx, id(&call)?).await?;
    let tx = call.app.store.db().begin(&call.ctx).await?;
    let counts = store::counts(&tx, row.import).await?;
    let faults = store::faults(&tx, row.import).await?;
    tx.commit().await?;
    let comparison: Comparison = serde_json::from_value(row.compared.clone()).unwrap_or_default();
    let mut progress = SheetProgress {
        created: 0,
        changed: 0,
        same: 0,
        faulty: 0,
        alike: 0,
        differing: 0,
        faults: faults
            .iter()
            .map(|(fault, rows)| FaultCount { fault: ShownFault::of(fault), rows: *rows })
            .collect(),
        compared: comparison.into_iter().map(|(field, compared)| FieldCompared { field, compared }).collect(),
        withdrawn: 0,
        left: 0,
        import: SheetImport::of(row),
    };
    for one in &counts {
        let (outcome, undone): (&str, Option<&str>) = (one.get(0), one.get(1));
        let count: i64 = one.get(2);
        match outcome {
            "created" => progress.created += count,
            "changed" => progress.changed += count,
            "same" => progress.same += count,
            _ => progress.faulty += count,
        }
        match undone {
            Some("done" | "gone") => progress.withdrawn += count,
            Some(_) => progress.left += count,
            None => {}
        }
        progress.alike += one.get::<_, i64>(3);
        progress.differing += one.get::<_, i64>(4);
    }
    Reply::json(200, &progress)
}

/// The columns of a spreadsheet, and what they may be.
#[derive(Serialize, ToSchema)]
struct SheetColumns {
    columns: Vec<ShownColumn>,
    /// The fields of this kind of sheet.
    fields: Vec<ShownField>,
    /// Which number of a date is the month: `month-first` or `day-first`.
    dates: &'static str,
    source: String,
    /// Whether it is what was said of a sheet with these headings before.
    remembered: bool,
}

const LOOK_AT_COLUMNS: Doc =
    Doc::new("The columns of a spreadsheet with some of their cells, and what they are taken for")
        .gives::<SheetColumns>(200)
        .problems(&["import-state", "sheet-unreadable"]);

async fn look_at_columns(call: Call) -> Result<Reply, Failure> {
    let found = ops::columns(&call.app, &call.ctx, id(&call)?).await?;
    Reply::json(
        200,
        &SheetColumns {
            columns: columns(found.look.columns, &found.mapped.columns),
            fields: fields(found.kind),
            dates: found.mapped.dates.key(),
            source: found.mapped.source,
            remembered: found.remembered,
        },
    )
}

const BEGIN_CHECK: Doc = Doc::new("Say what the columns are, and check every row: nothing is written")
    .takes::<Mapping>()
    .status(202)
    .problems(&["invalid", "sheet-columns", "import-state", "import-busy"]);

async fn check(call: Call) -> Result<Reply, Failure> {
    let mapping: Mapping = call.json()?;
    let mapped = mapping.understood()?;
    ops::check(&call.app, &call.ctx, call.session.as_ref(), id(&call)?, &mapped).await?;
    Ok(Reply::empty(202))
}

const BEGIN_RUN: Doc = Doc::new("Bring the rows in that have no fault, or go on with what ended on the way")
    .status(202)
    .problems(&["import-state", "import-busy"]);

async fn run(call: Call) -> Result<Reply, Failure> {
    ops::run(&call.app, &call.ctx, call.session.as_ref(), id(&call)?).await?;
    Ok(Reply::empty(202))
}

const BEGIN_UNDO: Doc = Doc::new("Take back what was brought in; what was changed since stays, and is named")
    .status(202)
    .problems(&["import-state", "import-busy"]);

async fn undo(call: Call) -> Result<Reply, Failure> {
    ops::undo(&call.app, &call.ctx, call.session.as_ref(), id(&call)?).await?;
    Ok(Reply::empty(202))
}

const DISCARD: Doc =
    Doc::new("Let go of the file: what was brought in stays, and cannot be undone as a whole any more")
        .status(204)
        .problems(&["import-state"]);

async fn discard(call: Call) -> Result<Reply, Failure> {
    ops::discard(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(204))
}

/// A row of the spreadsheet.
#[derive(Serialize, ToSchema)]
struct SheetRow {
    /// As a spreadsheet program numbers it.
    row: i32,
    /// `created`, `changed`, `same`, `fault`.
    outcome: String,
    faults: Vec<ShownFault>,
    /// The record's id.
    #[schema(required)]
    record: Option<Uuid>,
    /// Patients who may be the same.
    alike: Vec<Uuid>,
    /// Fields of the record that do not say what the cell does.
    differs: Vec<String>,
    /// What undoing did: `done`, `gone` already, `changed` since and left, `needed` by other records and left.
    #[schema(required)]
    undone: Option<String>,
}

/// A page of rows.
#[derive(Serialize, ToSchema)]
struct SheetRows {
    rows: Vec<SheetRow>,
    /// What `after` goes on with; null at the end.
    #[schema(required)]
    next: Option<i32>,
}

const LOOK_AT_ROWS: Doc = Doc::new(
    "What becomes or became of the rows: `?only=` fault, created, changed, same, alike, differs or left; `?after=` a row",
)
.gives::<SheetRows>(200)
.problems(&["invalid"]);

async fn look_at_rows(call: Call) -> Result<Reply, Failure> {
    let (mut wanted, mut after) = (Wanted::All, 0_i32);
    for (name, value) in pairs(call.query())? {
        match name.as_str() {
            "only" => wanted = only(&value)?,
            "after" => {
                after = value.parse().map_err(|_| Error::Invalid("after: the number of a row"))?;
            }
            _ => return Err(Error::Invalid("there is a parameter that is not known").into()),
        }
    }
    let import = ops::find(&call.app, &call.ctx, id(&call)?).await?;
    looked_at(&call, &import, "rows looked at").await?;
    let tx = call.app.store.db().begin(&call.ctx).await?;
    let lines = store::lines(&tx, import.import, wanted, after, PAGE).await?;
    tx.commit().await?;
    let full = i64::try_from(lines.len()).is_ok_and(|count| count >= PAGE);
    let next = lines.last().map(|line| line.number).filter(|_| full);
    Reply::json(200, &SheetRows { rows: lines.into_iter().map(shown).collect(), next })
}

fn only(value: &str) -> Result<Wanted, Error> {
    match value {
        "fault" => Ok(Wanted::Faults),
        "created" => Ok(Wanted::Created),
        "changed" => Ok(Wanted::Changed),
        "same" => Ok(Wanted::Same),
        "alike" => Ok(Wanted::Alike),
        "differs" => Ok(Wanted::Differs),
        "left" => Ok(Wanted::Left),
        _ => Err(Error::Invalid("only: fault, created, changed, same, alike, differs or left")),
    }
}

fn shown(line: Line) -> SheetRow {
    SheetRow {
        row: line.number,
        outcome: line.outcome,
        faults: line.faults.iter().map(|fault| ShownFault::of(fault)).collect(),
        record: line.resource,
        alike: line.alike,
        differs: line.differs,
        undone: line.undone,
    }
}

async fn looked_at(call: &Call, import: &Row, what: &str) -> Result<(), Failure> {
    let mut told = ops::event(Action::ImportSheet, import.import, what);
    told.facility = import.facility;
    call.app.store.db().record(&call.ctx, told).await?;
    Ok(())
}

const TAKE_REPORT: Doc =
    Doc::new("What became of every row, as CSV: numbers, outcomes and faults, no cell of the sheet")
        .status(200);

async fn take_report(call: Call) -> Result<Reply, Failure> {
    let import = ops::find(&call.app, &call.ctx, id(&call)?).await?;
    looked_at(&call, &import, "report taken").await?;
    let headings = if import.kept { headings(&call, &import).await? } else { Vec::new() };
    let mut text = report::HEADINGS.to_owned();
    let mut after = 0;
    loop {
        let tx = call.app.store.db().begin(&call.ctx).await?;
        let lines = store::lines(&tx, import.import, Wanted::All, after, 2_000).await?;
        tx.commit().await?;
        let Some(last) = lines.last() else { break };
        after = last.number;
        report::lines(&lines, &headings, &mut text);
    }
    Ok(Reply::of(200, "text/csv; charset=utf-8", text)
        .with("content-disposition", "attachment; filename=\"import-report.csv\""))
}

/// What stands above the columns.
async fn headings(call: &Call, import: &Row) -> Result<Vec<String>, Failure> {
    let found = ops::columns(&call.app, &call.ctx, import.import).await?;
    Ok(found.look.columns.into_iter().map(|column| column.heading).collect())
}
