//! `$export` below `/fhir/R4`, and `/api/exports`: what is asked and answered, and nothing else.

use fhir::ResourceType;
use jiff::Timestamp;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::fhir::{self as bulk, STEP_UP, id};
use super::model::{Asked, types};
use super::ops;
use super::store::{File, Row};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Body, Call, DOWNLOAD, Doc, Failure, Handler, Reply, Route, Verb, one_of};

const EVERYTHING: &str = "/fhir/R4/$export";
const PATIENTS: &str = "/fhir/R4/Patient/$export";
const STATUS: &str = "/fhir/R4/$export/{export}";
const FILE: &str = "/fhir/R4/$export/{export}/{file}";
const OWN: &str = "/api/exports";
const ONE: &str = "/api/exports/{export}";
const OWN_FILE: &str = "/api/exports/{export}/files/{file}";

/// The rows of exports.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, EVERYTHING, "export", Body::None, |c| Box::pin(bulk::everything(c))),
    row(Verb::Post, EVERYTHING, "export", Body::Json, |c| Box::pin(bulk::everything(c))),
    row(Verb::Get, PATIENTS, "export", Body::None, |c| Box::pin(bulk::patients(c))),
    row(Verb::Post, PATIENTS, "export", Body::Json, |c| Box::pin(bulk::patients(c))),
    Route {
        audited: false,
        active: false,
        ..row(Verb::Get, STATUS, "export-status", Body::None, |c| Box::pin(bulk::status(c)))
    },
    row(Verb::Delete, STATUS, "export-cancel", Body::None, |c| Box::pin(bulk::cancel(c))),
    Route { health_data: true, ..row(Verb::Get, FILE, DOWNLOAD, Body::None, |c| Box::pin(bulk::file(c))) },
    Route {
        audited: false,
        active: false,
        ..Route::within("export", (Verb::Get, OWN), Access::Needs(Action::Export), &LIST, |c| {
            Box::pin(list(c))
        })
    },
    Route::within("export", (Verb::Post, OWN), Access::Needs(Action::Export), &ASK, |c| Box::pin(ask(c))),
    Route::within("export", (Verb::Delete, ONE), Access::Needs(Action::Export), &CANCEL, |c| {
        Box::pin(cancel(c))
    }),
    Route {
        interaction: DOWNLOAD,
        health_data: true,
        ..Route::within("export", (Verb::Get, OWN_FILE), Access::Needs(Action::Export), &LINES, |c| {
            Box::pin(bulk::file(c))
        })
    },
];

const fn row(
    method: Verb,
    path: &'static str,
    interaction: &'static str,
    body: Body,
    handler: fn(Call) -> Answer,
) -> Route {
    Route {
        method,
        path,
        interaction,
        access: Access::Needs(Action::Export),
        resource: "export",
        health_data: false,
        audited: true,
        body,
        active: true,
        doc: None,
        handler: Handler::Private(handler),
    }
}

fn states() -> Object {
    one_of(&["queued", "running", "complete", "ended"])
}

/// An export of one's own.
#[derive(Serialize, ToSchema)]
struct Export {
    export: Uuid,
    #[schema(schema_with = states)]
    state: String,
    /// Why it ended: `cancelled`, `authority`, `expired`, `failed`, `erased`.
    #[schema(required)]
    reason: Option<String>,
    /// Records of patients alone.
    patients_only: bool,
    /// The types asked for; null for all.
    #[schema(required)]
    types: Option<Vec<&'static str>>,
    /// Only what changed after this time.
    #[schema(required)]
    since: Option<Timestamp>,
    asked_at: Timestamp,
    /// Of what time it is.
    #[schema(required)]
    as_of: Option<Timestamp>,
    #[schema(required)]
    finished_at: Option<Timestamp>,
    /// Until when it may go on, and once complete until when its files are kept.
    expires_at: Timestamp,
    /// How many types are done, of how many.
    types_done: i32,
    types_in_all: i32,
    /// How many records there are so far.
    records: i64,
    files: Vec<ExportFile>,
}

/// A file of a complete export.
#[derive(Serialize, ToSchema)]
struct ExportFile {
    #[serde(rename = "type")]
    rtype: &'static str,
    /// Whether it says what was deleted.
    deleted: bool,
    records: i32,
    bytes: i64,
    /// Where its lines are, for the same post: newline-delimited FHIR resources.
    url: String,
}

fn shown(call: &Call, (row, files): (Row, Vec<File>)) -> Export {
    let named = |code: &i16| ResourceType::from_code(*code).map(ResourceType::as_str);
    let in_all = i32::try_from(types(&call.ctx, &row).len()).unwrap_or(i32::MAX);
    let export = row.export;
    Export {
        export,
        state: row.state,
        reason: row.reason,
        patients_only: row.patients_only,
        types: row.types.map(|types| types.iter().filter_map(named).collect()),
        since: row.since,
        asked_at: row.created_at,
        as_of: row.as_of,
        finished_at: row.finished_at,
        expires_at: row.expires_at,
        types_done: row.done.min(in_all),
        types_in_all: in_all,
        records: row.records,
        files: files
            .into_iter()
            .map(|file| ExportFile {
                rtype: file.type_name(),
                deleted: file.deleted,
                records: file.records,
                bytes: file.bytes,
                url: format!("{OWN}/{export}/files/{}", file.number),
            })
            .collect(),
    }
}

/// One's own exports of the last days, newest first.
#[derive(Serialize, ToSchema)]
struct Exports {
    exports: Vec<Export>,
}

const LIST: Doc =
    Doc::new("The exports that the post asked for, newest first, fifty at most").gives::<Exports>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    let listed = ops::list(&call.app, &call.ctx).await?;
    let exports = listed.into_iter().map(|one| shown(&call, one)).collect();
    Reply::json(200, &Exports { exports })
}

/// What is to be exported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    /// Records of patients alone, without the directory.
    #[serde(default)]
    patients_only: bool,
    /// Types of FHIR; without, all.
    #[serde(default)]
    types: Option<Vec<String>>,
    /// Only what changed after this time.
    #[serde(default)]
    since: Option<Timestamp>,
}

/// What was put in the queue.
#[derive(Serialize, ToSchema)]
struct ExportAsked {
    export: Uuid,
}

const ASK: Doc =
    Doc::new("Ask for an export: it waits, is done page by page, and its files are kept for a day")
        .takes::<NewExport>()
        .gives::<ExportAsked>(201)
        .step_up(STEP_UP)
        .problems(&["invalid", "too-many-exports"]);

async fn ask(call: Call) -> Result<Reply, Failure> {
    const WRONG: Error = Error::Invalid("types: types of FHIR R4, at least one");
    let new: NewExport = call.json()?;
    let types = match new.types {
        None => None,
        Some(names) if names.is_empty() => return Err(WRONG.into()),
        Some(names) => {
            let parsed: Option<Vec<_>> = names.iter().map(|name| ResourceType::parse(name)).collect();
            let mut parsed = parsed.ok_or(WRONG)?;
            parsed.sort_unstable_by_key(|rtype| rtype.code());
            parsed.dedup();
            Some(parsed)
        }
    };
    let asked = Asked { patients_only: new.patients_only, types, since: new.since, patients: None };
    proved(&call, STEP_UP).await?;
    let (at, query) = (if asked.patients_only { PATIENTS } else { EVERYTHING }, asked.query());
    let request = format!("{}{at}{}{query}", call.origin(), if query.is_empty() { "" } else { "?" });
    let export = ops::ask(&call.app, &call.ctx, call.session.as_ref(), &asked, &request).await?;
    Reply::json(201, &ExportAsked { export })
}

const CANCEL: Doc =
    Doc::new("Give an export up: its files are deleted").status(204).problems(&["export-ended"]);

async fn cancel(call: Call) -> Result<Reply, Failure> {
    ops::cancel(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(204))
}

const LINES: Doc = Doc::new("A file of an export: newline-delimited FHIR resources").status(200).problems(&[
    "export-ended",
    "export-running",
    "storage-unavailable",
]);
