//! `/api/note-templates`, `/api/note-drafts`, `/api/notes`: what is asked and answered, and nothing else.

mod drafts;
mod journal;
mod signed;
mod templates;

use policy::Action;
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Error;
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Reply, Route, Verb};

const TEMPLATES: &str = "/api/note-templates";
const RETIRE: &str = "/api/note-templates/retire";
const OF_PATIENT: &str = "/api/patients/{patient}/note-drafts";
const DRAFTS: &str = "/api/note-drafts";
const DRAFT: &str = "/api/note-drafts/{draft}";
const SNAPSHOTS: &str = "/api/note-drafts/{draft}/snapshots";
const SUMMARY: &str = "/api/note-drafts/{draft}/summary";
const SIGN: &str = "/api/note-drafts/{draft}/sign";
const NOTE: &str = "/api/notes/{composition}";
const PDF: &str = "/api/notes/{composition}/pdf";
const CO_SIGN: &str = "/api/notes/{composition}/co-sign";
const ADDENDA: &str = "/api/notes/{composition}/addenda";
const JOURNAL: &str = "/api/me/journal-key";

const LOOKS: Access = Access::Needs(Action::LookAtDrafts);
const WRITES: Access = Access::Needs(Action::WriteDraft);

/// The rows of notes.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, TEMPLATES, Access::Own, &templates::LIST, |c| Box::pin(templates::list(c))),
    long(row(Verb::Post, TEMPLATES, Access::Needs(Action::EditTemplate), &templates::MAKE, |c| {
        Box::pin(templates::make(c))
    })),
    row(Verb::Post, RETIRE, Access::Needs(Action::EditTemplate), &templates::RETIRE, |c| {
        Box::pin(templates::retire(c))
    }),
    sealed(row(Verb::Get, OF_PATIENT, LOOKS, &drafts::LIST, |c| Box::pin(drafts::list(c)))),
    sealed(row(Verb::Post, OF_PATIENT, WRITES, &drafts::BEGIN, |c| Box::pin(drafts::begin(c)))),
    sealed(row(Verb::Get, DRAFTS, LOOKS, &drafts::OWN, |c| Box::pin(drafts::own(c)))),
    sealed(row(Verb::Get, DRAFT, LOOKS, &drafts::LOOK, |c| Box::pin(drafts::look(c)))),
    sealed(long(row(Verb::Put, DRAFT, WRITES, &drafts::SAVE, |c| Box::pin(drafts::save(c))))),
    sealed(row(Verb::Delete, DRAFT, WRITES, &drafts::DISCARD, |c| Box::pin(drafts::discard(c)))),
    sealed(row(Verb::Post, SNAPSHOTS, WRITES, &drafts::SNAPSHOTS, |c| Box::pin(drafts::snapshots(c)))),
    sealed(row(Verb::Get, SUMMARY, LOOKS, &drafts::SUMMARY, |c| Box::pin(drafts::summary(c)))),
    sealed(row(Verb::Post, SIGN, Access::Needs(Action::SignNote), &drafts::SIGN, |c| {
        Box::pin(drafts::sign(c))
    })),
    sealed(row(Verb::Get, NOTE, Access::Needs(Action::Read), &signed::READ, |c| Box::pin(signed::read(c)))),
    sealed(row(Verb::Get, PDF, Access::Needs(Action::Read), &signed::PDF, |c| Box::pin(signed::pdf(c)))),
    sealed(row(Verb::Post, CO_SIGN, Access::Needs(Action::CoSignNote), &signed::CO_SIGN, |c| {
        Box::pin(signed::co_sign(c))
    })),
    sealed(row(Verb::Post, ADDENDA, Access::Needs(Action::AddToNote), &signed::ADD, |c| {
        Box::pin(signed::add(c))
    })),
    Route {
        interaction: "notes",
        ..Route::within("journal key", (Verb::Get, JOURNAL), Access::Own, &journal::KEY, |c| {
            Box::pin(journal::key(c))
        })
    },
];

const fn row(
    method: Verb,
    path: &'static str,
    access: Access,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { interaction: "notes", ..Route::within("note", (method, path), access, doc, handler) }
}

/// Its answer holds health data.
const fn sealed(row: Route) -> Route {
    Route { health_data: true, ..row }
}

const fn long(row: Route) -> Route {
    Route { body: Body::LongJson, ..row }
}

/// The id that the path names.
fn id(call: &Call, name: &str) -> Result<Uuid, Failure> {
    call.param(name).parse().map_err(|_| Failure::unlisted())
}

/// What was done; or a problem, with what somebody needs who is to lose nothing.
fn told(call: &Call, done: Result<Reply, Error>) -> Result<Reply, Failure> {
    match done {
        Ok(reply) => Ok(reply),
        Err(Error::Failure(failure)) => Err(failure),
        Err(Error::Changed(current)) => {
            let current =
                serde_json::to_value(&*current).map_err(|_| Failure::broken("a draft has no JSON"))?;
            let problem = problem(call, 412, "draft-changed", "somebody saved a newer version");
            Ok(with(412, problem, "current", current))
        }
        Err(Error::Signed(composition)) => {
            let problem = problem(call, 410, "draft-signed", "the note was signed");
            Ok(with(410, problem, "composition", json!(composition)))
        }
        Err(Error::Incomplete(missing)) => {
            let problem = problem(call, 422, "note-incomplete", "something that is required is not answered");
            Ok(with(422, problem, "missing", json!(missing)))
        }
        Err(Error::Answer(fault)) => {
            let detail = match &fault.link_id {
                Some(link_id) => format!("{link_id}: {}", fault.rule),
                None => fault.rule.to_owned(),
            };
            let problem = problem(call, 422, "answer-invalid", &detail);
            Ok(with(422, problem, "link_id", json!(fault.link_id)))
        }
        Err(Error::Template(faults)) => {
            let problem = problem(call, 422, "template-invalid", &faults.join("; "));
            Ok(with(422, problem, "faults", json!(faults)))
        }
    }
}

/// RFC 9457, as [`Failure`] writes it.
fn problem(call: &Call, status: u16, code: &str, detail: &str) -> Value {
    let title = match status {
        410 => "Gone",
        412 => "Precondition Failed",
        _ => "Unprocessable Entity",
    };
    json!({
        "type": "about:blank", "title": title, "status": status, "detail": detail, "code": code,
        "instance": format!("urn:uuid:{}", call.ctx.request().id),
    })
}

fn with(status: u16, mut problem: Value, name: &str, member: Value) -> Reply {
    problem[name] = member;
    Reply::of(status, "application/problem+json", problem.to_string())
}
