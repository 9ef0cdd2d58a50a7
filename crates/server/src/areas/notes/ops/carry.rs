//! What a new note begins with: last time's values, or those of the note that it corrects.

use chart::{NOTE, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{DataClass, PatientId};
use policy::Permission;
use serde_json::Value;
use uuid::Uuid;

use super::signed;
use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::fhir as resources;
use crate::areas::notes::model::{Answers, LastNote, Snapshots, Template, checked};
use crate::http::Failure;

/// How many signed notes are looked at for the newest.
const LOOKED_AT: &str = "10";

/// The newest signed note of this template about the patient, if whoever asks may look for it. A note that was corrected
/// is older than what corrects it.
pub(super) async fn last(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    template: &Template,
) -> Result<Option<LastNote>, Error> {
    let held = ctx.grants().permissions;
    if !held.contains(Permission::ChartSearch) || !held.contains(Permission::ChartRead) {
        return Ok(None);
    }
    let query = [("questionnaire", template.url.as_str()), ("_sort", "-authored"), ("_count", LOOKED_AT)];
    let query: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let rtype = ResourceType::QuestionnaireResponse;
    let request = SearchRequest { rtype, compartment: Some(patient), query: &query };
    let found = app.store.search(ctx, request).await?.entries;
    let general = found.iter().filter(|document| document.class == DataClass::General);
    Ok(general.filter_map(|document| read(&serde_json::from_slice(&document.body).ok()?)).next())
}

/// A signed QuestionnaireResponse as what a draft begins from.
fn read(response: &Value) -> Option<LastNote> {
    if response["identifier"]["system"] != NOTE {
        return None;
    }
    Some(LastNote {
        composition: response["identifier"]["value"].as_str()?.parse().ok()?,
        at: response["authored"].as_str()?.parse::<Timestamp>().ok()?,
        by: response["author"]["display"].as_str().unwrap_or_default().to_owned(),
        answers: resources::answers(response),
    })
}

/// The answers of last time that a new note begins with.
pub(super) fn carried(template: &Template, last: &Answers) -> Answers {
    fitting(template, last, |link_id| template.item(link_id).is_some_and(|item| item.carries))
}

/// Those of `answers` that fit the template as it is now: another version of it may ask otherwise.
fn fitting(template: &Template, answers: &Answers, wanted: impl Fn(&str) -> bool) -> Answers {
    let mut kept = Answers::new();
    for (link_id, given) in answers.iter().filter(|(link_id, _)| wanted(link_id)) {
        let one = Answers::from_iter([(link_id.clone(), given.clone())]);
        kept.extend(checked(template, one).unwrap_or_default());
    }
    kept
}

/// What a correction begins with.
pub(super) struct Corrected {
    pub(super) template: String,
    pub(super) last: LastNote,
    pub(super) snapshots: Snapshots,
}

/// The signed note that is to be corrected.
pub(super) async fn corrected(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    composition: Uuid,
) -> Result<Corrected, Error> {
    let note = signed::load(app, ctx, composition).await?;
    if note.patient != patient {
        return Err(Failure::unlisted().into());
    }
    let response = note
        .response
        .ok_or_else(|| Error::coded(400, "invalid", "corrects: an addendum is not corrected"))?;
    let template = response["questionnaire"].as_str().unwrap_or_default().to_owned();
    let last = read(&response).ok_or_else(|| Error::coded(400, "invalid", "corrects: not a signed note"))?;
    Ok(Corrected { template, last, snapshots: resources::snapshots(&response) })
}

/// The answers that a correction begins with: all of them.
pub(super) fn whole(template: &Template, answers: &Answers) -> Answers {
    fitting(template, answers, |_| true)
}
