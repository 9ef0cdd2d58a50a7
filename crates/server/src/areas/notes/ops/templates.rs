//! Templates: those that come with the program, and an organization's own. An own one is a Questionnaire of the
//! organization as a whole, a record for each version, whose id follows from its name: there are no two of one version.

use std::sync::{Arc, LazyLock};

use chart::{New, TEMPLATE};
use db::{Ctx, Event};
use fhir::ResourceType;
use kernel::{ResourceId, Version};
use policy::{Action, Permission};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::fhir as resources;
use crate::areas::notes::model::{NoteTemplate, Template, understand};

const RTYPE: ResourceType = ResourceType::Questionnaire;

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

/// The templates that come with the program.
#[cfg(test)]
pub(in super::super) fn standard_set() -> &'static [Arc<Template>] {
    &STANDARD
}

fn standard(key: &str) -> Option<&'static Arc<Template>> {
    STANDARD.iter().find(|template| template.key() == key)
}

fn unknown() -> Error {
    Error::coded(404, "template-unknown", "there is no such template, or it is not active")
}

fn changed() -> Error {
    Error::coded(409, "template-changed", "there is a newer version of this template, or another of this url")
}

/// An id that follows from a name, and from nothing that is known outside.
pub(super) async fn derived(app: &App, ctx: &Ctx, kind: &str, name: &[u8]) -> Result<Uuid, Error> {
    let digest = app.store.db().vault(ctx).await?.index(kind, name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Ok(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

async fn id(app: &App, ctx: &Ctx, key: &str) -> Result<ResourceId, Error> {
    Ok(ResourceId(derived(app, ctx, "note-template", key.as_bytes()).await?))
}

/// A Questionnaire as it is stored.
struct Held {
    version: Version,
    value: Value,
}

async fn find(app: &App, ctx: &Ctx, action: Action, key: &str) -> Result<Option<Held>, Error> {
    let found = app.store.find_whole(ctx, action, RTYPE, id(app, ctx, key).await?).await?;
    let Some(document) = found else { return Ok(None) };
    let value = serde_json::from_slice(&document.body).map_err(|_| db::Error::Stored("a template"))?;
    Ok(Some(Held { version: document.version, value }))
}

/// The template of this name, whatever became of it since.
///
/// # Errors
/// 404 when there is none.
pub(super) async fn fetch(app: &App, ctx: &Ctx, key: &str) -> Result<Arc<Template>, Error> {
    if let Some(known) = standard(key) {
        return Ok(Arc::clone(known));
    }
    let name = (ctx.organization(), key.to_owned());
    if let Some(known) = app.notes.templates.get(&name) {
        return Ok(known);
    }
    let held = find(app, ctx, Action::LookAtDrafts, key).await?.ok_or_else(unknown)?;
    let template = Arc::new(understand(&held.value).map_err(|_| db::Error::Stored("a template"))?);
    app.notes.templates.insert(name, Arc::clone(&template));
    Ok(template)
}

/// Whether the template of a signed note asks for a step-up; one that is not here asks for none.
pub(super) async fn asks_step_up(app: &App, ctx: &Ctx, action: Action, key: &str) -> Result<bool, Error> {
    if let Some(known) = standard(key) {
        return Ok(known.step_up);
    }
    let held = find(app, ctx, action, key).await?;
    Ok(held.and_then(|held| understand(&held.value).ok()).is_some_and(|template| template.step_up))
}

/// The template of this name, if a note may begin with it now.
pub(super) async fn active(app: &App, ctx: &Ctx, key: &str) -> Result<Arc<Template>, Error> {
    match find(app, ctx, Action::LookAtDrafts, key).await? {
        Some(held) if held.value["status"] != "active" => Err(unknown()),
        None if standard(key).is_none() => Err(unknown()),
        _ => fetch(app, ctx, key).await,
    }
}

/// The record of a template, when signing is the first that needs it.
pub(super) async fn to_store(
    app: &App,
    ctx: &Ctx,
    action: Action,
    template: &Template,
) -> Result<Option<New>, Error> {
    let key = template.key();
    if standard(&key).is_none() || find(app, ctx, action, &key).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(resources::record(
        RTYPE,
        id(app, ctx, &key).await?,
        &marked(&template.questionnaire, &key, "active"),
    )))
}

/// A Questionnaire as a template of ours.
fn marked(questionnaire: &Value, key: &str, status: &str) -> Value {
    let mut value = questionnaire.clone();
    value["status"] = json!(status);
    value["identifier"] = json!([{"system": TEMPLATE, "value": key}]);
    value
}

pub(super) fn of_draft(template: &Template) -> NoteTemplate {
    view(template, "active")
}

fn view(template: &Template, status: &str) -> NoteTemplate {
    let key = template.key();
    NoteTemplate {
        standard: standard(&key).is_some(),
        template: key,
        url: template.url.clone(),
        version: template.version.clone(),
        title: template.title.clone(),
        status: status.to_owned(),
        kind: template.kind.code.clone(),
        step_up: template.step_up,
        co_sign: template.co_sign,
        questionnaire: template.questionnaire.clone(),
    }
}

/// One of the organization's, or of ours that it has not touched.
struct Known {
    template: Arc<Template>,
    status: String,
    /// Its record, when it has one.
    held: Option<(ResourceId, Held)>,
}

impl Known {
    fn number(&self) -> u32 {
        self.template.version.parse().unwrap_or(0)
    }
}

async fn known(app: &App, ctx: &Ctx, action: Action) -> Result<Vec<Known>, Error> {
    let mut all = Vec::new();
    for document in app.store.list_kept(ctx, action, RTYPE).await? {
        let value: Value =
            serde_json::from_slice(&document.body).map_err(|_| db::Error::Stored("a template"))?;
        // One that this version of the program does not understand is not offered.
        let Ok(template) = understand(&value) else { continue };
        let status = value["status"].as_str().unwrap_or_default().to_owned();
        let held = Some((document.id, Held { version: document.version, value }));
        all.push(Known { template: Arc::new(template), status, held });
    }
    for template in STANDARD.iter() {
        if !all.iter().any(|one| one.template.key() == template.key()) {
            all.push(Known { template: Arc::clone(template), status: "active".to_owned(), held: None });
        }
    }
    let place =
        |one: &Known| STANDARD.iter().position(|known| known.url == one.template.url).unwrap_or(usize::MAX);
    all.sort_by_cached_key(|one| {
        (place(one), one.template.title.clone(), one.template.url.clone(), std::cmp::Reverse(one.number()))
    });
    Ok(all)
}

/// The templates that the context can pick, or edit.
pub(in super::super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<NoteTemplate>, Error> {
    let held = ctx.grants().permissions;
    let edits = held.contains(Permission::TemplatesEdit);
    let action = if edits {
        Action::EditTemplate
    } else if held.contains(Permission::ChartRead) {
        Action::Read
    } else {
        Action::LookAtDrafts
    };
    let all = known(app, ctx, action).await?;
    let shown = all.iter().filter(|one| edits || one.status == "active");
    Ok(shown.map(|one| view(&one.template, &one.status)).collect())
}

/// A template to be.
pub(in super::super) struct NewTemplate {
    pub(in super::super) questionnaire: Value,
    /// Whether it is published.
    pub(in super::super) active: bool,
    /// The newest version of the same url.
    pub(in super::super) replaces: Option<String>,
}

/// Makes a template, or the next version of one.
pub(in super::super) async fn make(app: &App, ctx: &Ctx, new: NewTemplate) -> Result<NoteTemplate, Error> {
    const ACTION: Action = Action::EditTemplate;
    if !new.questionnaire.is_object() {
        return Err(Error::Template(vec!["Questionnaire: a Questionnaire is expected".to_owned()]));
    }
    let all = known(app, ctx, ACTION).await?;
    let url = new.questionnaire["url"].as_str().unwrap_or_default();
    let mut versions: Vec<&Known> = all.iter().filter(|one| one.template.url == url).collect();
    versions.sort_by_key(|one| one.number());
    let number = match (&new.replaces, versions.last()) {
        (None, None) => 1,
        (Some(key), Some(newest)) if newest.template.key() == *key => newest.number() + 1,
        (Some(key), _) if !all.iter().any(|one| one.template.key() == *key) => return Err(unknown()),
        _ => return Err(changed()),
    };
    let mut value = new.questionnaire.clone();
    for name in ["id", "meta", "text"] {
        value.as_object_mut().and_then(|members| members.remove(name));
    }
    value["version"] = json!(number.to_string());
    let status = if new.active { "active" } else { "draft" };
    let template = understand(&value).map_err(Error::Template)?;
    let key = template.key();
    let value = marked(&value, &key, status);
    let mut records = vec![resources::record(RTYPE, id(app, ctx, &key).await?, &value)];
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!("{key} {status}"));
    let tx = app.store.db().begin(ctx).await?;
    for before in versions.iter().filter(|one| new.active && one.status != "retired") {
        records.extend(retire_one(app, &tx, before, &mut event).await?);
    }
    match app.store.enter(&tx, ACTION, records, event).await {
        Err(chart::Error::Db(db::Error::Constraint(name))) if name == "resource_pkey" => Err(changed()),
        Err(chart::Error::Db(db::Error::Conflict)) => Err(changed()),
        Err(chart::Error::Invalid(issues)) => Err(Error::Template(
            issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message)).collect(),
        )),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(view(&template, status)),
    }
}

/// Retires a version within a transaction: its record is changed; one of ours gets a record that says so.
async fn retire_one(
    app: &App,
    tx: &db::Tx<'_>,
    one: &Known,
    event: &mut Event,
) -> Result<Option<New>, Error> {
    let key = one.template.key();
    let Some((id, held)) = &one.held else {
        let id = self::id(app, tx.ctx(), &key).await?;
        return Ok(Some(resources::record(RTYPE, id, &marked(&one.template.questionnaire, &key, "retired"))));
    };
    let body = marked(&held.value, &key, "retired").to_string();
    let place = (RTYPE, *id, held.version);
    match app.store.alter(tx, Action::EditTemplate, place, body.as_bytes(), event).await {
        Err(chart::Error::Db(db::Error::Conflict)) => Err(changed()),
        done => Ok(done.map(|()| None)?),
    }
}

/// Retires a template: no new note begins with it.
pub(in super::super) async fn retire(app: &App, ctx: &Ctx, key: &str) -> Result<(), Error> {
    const ACTION: Action = Action::EditTemplate;
    let all = known(app, ctx, ACTION).await?;
    let one = all.iter().find(|one| one.template.key() == key).ok_or_else(unknown)?;
    if one.status == "retired" {
        return Ok(());
    }
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!("{key} retired"));
    let tx = app.store.db().begin(ctx).await?;
    let records = retire_one(app, &tx, one, &mut event).await?;
    match app.store.enter(&tx, ACTION, records.into_iter().collect(), event).await {
        Err(chart::Error::Db(db::Error::Constraint(name))) if name == "resource_pkey" => Err(changed()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}
