//! Templates.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::told;
use crate::areas::notes::model::NoteTemplate;
use crate::areas::notes::ops;
use crate::http::{Call, Doc, Failure, Reply};

/// The templates that can be picked; drafts and retired ones for who edits them.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteTemplates)]
struct Templates {
    templates: Vec<NoteTemplate>,
}

pub(super) const LIST: Doc =
    Doc::new("The templates of notes; with `templates.edit` also drafts and retired ones")
        .gives::<Templates>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    let done = ops::list_templates(&call.app, &call.ctx).await;
    told(&call, done.and_then(|templates| Ok(Reply::json(200, &Templates { templates })?)))
}

fn statuses() -> utoipa::openapi::schema::Object {
    crate::http::one_of(&["draft", "active"])
}

/// A template, or the next version of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteTemplateNew)]
struct New {
    /// A FHIR Questionnaire of the subset that the page of the interface describes. Its version is given by the server.
    #[schema(value_type = Object)]
    questionnaire: Value,
    /// `active` publishes it and retires the version before.
    #[schema(schema_with = statuses)]
    status: String,
    /// `url|version` of the newest version of the same url.
    #[serde(default)]
    replaces: Option<String>,
}

pub(super) const MAKE: Doc = Doc::new("Make a template, or the next version of one")
    .takes::<New>()
    .gives::<NoteTemplate>(201)
    .problems(&["template-invalid", "template-changed", "template-unknown", "invalid"]);

pub(super) async fn make(call: Call) -> Result<Reply, Failure> {
    let New { questionnaire, status, replaces } = call.json()?;
    if !matches!(status.as_str(), "draft" | "active") {
        return Err(Failure::coded(400, "invalid", "status: draft or active"));
    }
    let new = ops::NewTemplate { questionnaire, active: status == "active", replaces };
    let done = ops::make_template(&call.app, &call.ctx, new).await;
    told(&call, done.and_then(|template| Ok(Reply::json(201, &template)?)))
}

/// A template to retire.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteTemplateOld)]
struct Old {
    /// `url|version`.
    template: String,
}

pub(super) const RETIRE: Doc = Doc::new("Retire a template: no new note begins with it")
    .takes::<Old>()
    .status(204)
    .problems(&["template-unknown"]);

pub(super) async fn retire(call: Call) -> Result<Reply, Failure> {
    let Old { template } = call.json()?;
    let done = ops::retire_template(&call.app, &call.ctx, &template).await;
    told(&call, done.map(|()| Reply::empty(204)))
}
