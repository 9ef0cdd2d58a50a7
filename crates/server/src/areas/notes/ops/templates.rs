//! Templates: those that come with the program, and an organization's own.

use std::sync::{Arc, LazyLock};

use db::Ctx;

use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::model::{NoteTemplate, Template, understand};

/// The standard set, in the order in which it is offered.
static STANDARD: LazyLock<Vec<Arc<Template>>> = LazyLock::new(|| {
    [
        include_str!("../standard/shift-note.json"),
        include_str!("../standard/soap-note.json"),
        include_str!("../standard/admission-assessment.json"),
        include_str!("../standard/fall.json"),
        include_str!("../standard/wound-assessment.json"),
        include_str!("../standard/behaviour.json"),
        include_str!("../standard/physician-round.json"),
        include_str!("../standard/discharge-summary.json"),
    ]
    .into_iter()
    .map(|text| {
        let questionnaire = serde_json::from_str(text).expect("a standard template is JSON");
        Arc::new(
            understand(&questionnaire).unwrap_or_else(|faults| panic!("a standard template: {faults:?}")),
        )
    })
    .collect()
});

/// The template of this name, whatever became of it since.
///
/// # Errors
/// 404 when there is none.
pub(in super::super) async fn fetch(app: &App, ctx: &Ctx, key: &str) -> Result<Arc<Template>, Error> {
    let name = (ctx.organization(), key.to_owned());
    if let Some(known) = app.notes.templates.get(&name) {
        return Ok(known);
    }
    let standard = STANDARD.iter().find(|template| template.key() == key);
    let found = standard
        .cloned()
        .ok_or_else(|| Error::coded(404, "template-unknown", "there is no such template"))?;
    app.notes.templates.insert(name, Arc::clone(&found));
    Ok(found)
}

/// The templates that the context can pick.
pub(in super::super) async fn list(_app: &App, _ctx: &Ctx) -> Result<Vec<NoteTemplate>, Error> {
    Ok(STANDARD.iter().map(|template| view(template, "active", true)).collect())
}

pub(super) fn view(template: &Template, status: &str, standard: bool) -> NoteTemplate {
    NoteTemplate {
        template: template.key(),
        url: template.url.clone(),
        version: template.version.clone(),
        title: template.title.clone(),
        status: status.to_owned(),
        standard,
        kind: template.kind.code.clone(),
        step_up: template.step_up,
        co_sign: template.co_sign,
        questionnaire: template.questionnaire.clone(),
    }
}

/// As it is told with a draft: its state does not matter to who has begun.
pub(super) fn of_draft(template: &Template) -> NoteTemplate {
    let standard = STANDARD.iter().any(|known| known.key() == template.key());
    view(template, "active", standard)
}
