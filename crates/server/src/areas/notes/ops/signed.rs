//! Signed notes: read, signed by a second person, added to. Nothing here changes one.

use chart::{NOTE, SearchRequest};
use db::{Ctx, Event};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{DataClass, PatientId, ResourceId, Version};
use policy::{Action, Target};
use serde_json::Value;
use uuid::Uuid;

use super::sign::signer;
use super::{sees_whole, templates};
use crate::app::App;
use crate::areas::merges;
use crate::areas::notes::error::Error;
use crate::areas::notes::fhir::{self as resources, Head, Meaning, POST};
use crate::areas::notes::model::{
    Addendum, Answers, EXTENSION, Note, Section, Signature, hash, hex, lines, narrative,
};
use crate::http::Failure;

/// The most characters of an addendum.
const MOST_TEXT: usize = 20_000;

/// A signed note as it is stored.
pub(super) struct Signed {
    pub(super) id: ResourceId,
    pub(super) patient: PatientId,
    pub(super) composition: Value,
    /// Its answers; an addendum has none.
    pub(super) response: Option<Value>,
}

/// The signed note of this id.
///
/// # Errors
/// 404 for a Composition that was not signed here.
pub(super) async fn load(app: &App, ctx: &Ctx, note: Uuid) -> Result<Signed, Error> {
    if ctx.fields().is_some() {
        sees_whole(app, ctx, Action::Read).await?;
    }
    let id = ResourceId(note);
    let composition = document(app, ctx, ResourceType::Composition, id).await?;
    if composition["identifier"]["system"] != NOTE {
        return Err(Failure::unlisted().into());
    }
    let patient = local(&composition["subject"], "Patient/").ok_or_else(Failure::unlisted)?;
    let answers = extension(&composition, "note-answers")
        .and_then(|one| local(&one["valueReference"], "QuestionnaireResponse/"));
    let response = match answers {
        Some(id) => Some(document(app, ctx, ResourceType::QuestionnaireResponse, ResourceId(id)).await?),
        None => None,
    };
    Ok(Signed { id, patient: PatientId(patient), composition, response })
}

/// A record of the chart, as the context sees it.
pub(super) async fn document(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    id: ResourceId,
) -> Result<Value, Error> {
    let document = app.store.read(ctx, rtype, id).await?;
    Ok(serde_json::from_slice(&document.body).map_err(|_| db::Error::Stored("a signed note"))?)
}

fn extension<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let url = format!("{EXTENSION}{name}");
    value["extension"].as_array()?.iter().find(|one| one["url"] == url.as_str())
}

fn local(reference: &Value, before: &str) -> Option<Uuid> {
    reference["reference"].as_str()?.strip_prefix(before)?.parse().ok()
}

fn time(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Signed {
    /// The hash of what is there now.
    fn hash(&self) -> Option<[u8; 32]> {
        hash(self.response.as_ref(), &self.composition["section"])
    }

    /// The same as it was about another, before their record went over to this one (ADR 0025).
    fn hash_about(&self, other: PatientId) -> Option<[u8; 32]> {
        let mut response = self.response.clone()?;
        let (now, then) = (format!("Patient/{}", self.patient), format!("Patient/{other}"));
        readdress(&mut response, &now, &then);
        hash(Some(&response), &self.composition["section"])
    }

    fn sections(&self) -> Vec<Section> {
        let sections = self.composition["section"].as_array().into_iter().flatten();
        sections
            .map(|section| Section {
                title: text(&section["title"]),
                lines: section["text"]["div"].as_str().and_then(lines).unwrap_or_default(),
            })
            .collect()
    }

    fn relation(&self, code: &str) -> Option<Uuid> {
        let relations = self.composition["relatesTo"].as_array().into_iter().flatten();
        relations
            .filter(|one| one["code"] == code)
            .find_map(|one| local(&one["targetReference"], "Composition/"))
    }
}

async fn search(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    note: &Signed,
    parameter: &str,
) -> Result<Vec<(ResourceId, Value)>, Error> {
    let query =
        [(parameter.to_owned(), format!("Composition/{}", note.id)), ("_count".to_owned(), "200".to_owned())];
    let request = SearchRequest { rtype, compartment: Some(note.patient), query: &query };
    let found = app.store.search(ctx, request).await?.entries.into_iter();
    Ok(found.map(|one| (one.id, serde_json::from_slice(&one.body).unwrap_or_default())).collect())
}

fn readdress(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| readdress(item, from, to)),
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if key == "reference" && text == from => to.clone_into(text),
                    member => readdress(member, from, to),
                }
            }
        }
        _ => {}
    }
}

/// The hash that every signature of a note has, if what is there now still has it.
async fn unaltered(app: &App, ctx: &Ctx, note: &Signed, given: &[Given]) -> Result<Option<[u8; 32]>, Error> {
    let signed = |hash: &[u8; 32]| given.iter().all(|one| one.hash.as_deref() == Some(&hex(hash)));
    if given.is_empty() {
        return Ok(None);
    }
    if let Some(hash) = note.hash().filter(signed) {
        return Ok(Some(hash));
    }
    let tx = app.store.db().begin(ctx).await?;
    let absorbed = merges::list_absorbed(&tx, ctx.organization(), note.patient).await?;
    tx.commit().await?;
    Ok(absorbed.into_iter().find_map(|other| note.hash_about(other).filter(signed)))
}

/// A signature, of those that a note has.
struct Given {
    meaning: Meaning,
    post: String,
    at: Timestamp,
    by: String,
    hash: Option<String>,
    reason: Option<String>,
}

/// The signatures of a note, oldest first.
async fn signatures(app: &App, ctx: &Ctx, note: &Signed) -> Result<Vec<Given>, Error> {
    let found = search(app, ctx, ResourceType::Provenance, note, "target").await?;
    let ours = found
        .iter()
        .filter(|(_, one)| one["policy"].as_array().into_iter().flatten().any(|policy| policy == NOTE));
    let mut given: Vec<Given> = ours
        .map(|(_, one)| {
            let signature = &one["signature"][0];
            let author = one["agent"][0]["type"]["coding"][0]["code"] == "author";
            let who = &signature["who"];
            let known = who["identifier"]["system"] == POST;
            Given {
                meaning: if author { Meaning::Author } else { Meaning::Beside },
                post: if known { text(&who["identifier"]["value"]) } else { String::new() },
                at: time(&signature["when"]),
                by: text(&who["display"]),
                hash: resources::signed_hash(one),
                reason: one["reason"][0]["text"].as_str().map(str::to_owned),
            }
        })
        .collect();
    given.sort_by_key(|one| one.at);
    Ok(given)
}

/// Reads a signed note, and whether it is what was signed.
pub(in super::super) async fn read(app: &App, ctx: &Ctx, note: Uuid) -> Result<Note, Error> {
    let note = load(app, ctx, note).await?;
    let given = signatures(app, ctx, &note).await?;
    let related = search(app, ctx, ResourceType::Composition, &note, "related-ref").await?;
    let relates = |one: &Value, code: &str| {
        let relations = one["relatesTo"].as_array().into_iter().flatten();
        one["identifier"]["system"] == NOTE && relations.into_iter().any(|relation| relation["code"] == code)
    };
    let mut addenda: Vec<Addendum> = related
        .iter()
        .filter(|(_, one)| relates(one, "appends"))
        .map(|(id, one)| Addendum {
            composition: id.0,
            at: time(&one["date"]),
            by: text(&one["author"][0]["display"]),
            text: one["section"][0]["text"]["div"].as_str().and_then(lines).unwrap_or_default().join("\n"),
        })
        .collect();
    addenda.sort_by_key(|one| (one.at, one.composition));
    let author = given.iter().find(|one| one.meaning == Meaning::Author);
    let beside: Vec<&Given> = given.iter().filter(|one| one.meaning == Meaning::Beside).collect();
    let intact = author.is_some() && unaltered(app, ctx, &note, &given).await?.is_some();
    Ok(Note {
        composition: note.id.0,
        title: text(&note.composition["title"]),
        signed: author.map_or_else(
            || Signature {
                at: time(&note.composition["date"]),
                by: text(&note.composition["author"][0]["display"]),
            },
            |one| Signature { at: one.at, by: one.by.clone() },
        ),
        needs_co_sign: extension(&note.composition, "note-co-sign").is_some() && beside.is_empty(),
        co_signed: beside.iter().map(|one| Signature { at: one.at, by: one.by.clone() }).collect(),
        addenda,
        replaces: note.relation("replaces"),
        replaced_by: related.iter().find(|(_, one)| relates(one, "replaces")).map(|(id, _)| id.0),
        reason: author.and_then(|one| one.reason.clone()),
        intact,
        hash: author.and_then(|one| one.hash.clone()).unwrap_or_default(),
        sections: note.sections(),
        template: note.response.as_ref().and_then(|one| one["questionnaire"].as_str()).map(str::to_owned),
        answers: note.response.as_ref().map(resources::answers).unwrap_or_else(Answers::new),
    })
}

/// A note that may be signed by a second person.
pub(in super::super) struct CoSign {
    note: Signed,
    hash: [u8; 32],
    step_up: bool,
}

impl CoSign {
    /// Whether its template asks for a step-up.
    pub(in super::super) fn step_up(&self) -> bool {
        self.step_up
    }
}

/// Whether the post may sign a note beside its author.
pub(in super::super) async fn may_co_sign(app: &App, ctx: &Ctx, note: Uuid) -> Result<CoSign, Error> {
    const ACTION: Action = Action::CoSignNote;
    sees_whole(app, ctx, ACTION).await?;
    let note = load(app, ctx, note).await?;
    let post = format!("{}/{}", ctx.slug(), ctx.membership());
    let given = signatures(app, ctx, &note).await?;
    if given.iter().any(|one| one.meaning == Meaning::Author && one.post == post) {
        app.store.db().record(ctx, Event::denied(ACTION.key(), "own note")).await?;
        return Err(Error::coded(403, "own-note", "who wrote a note does not sign it a second time"));
    }
    if given.iter().any(|one| one.post == post) {
        return Err(Error::coded(409, "already-signed", "this post signed it already"));
    }
    let Some(hash) = unaltered(app, ctx, &note, &given).await? else {
        return Err(Error::coded(409, "note-altered", "the note is not as it was signed"));
    };
    let step_up = match note.response.as_ref().and_then(|one| one["questionnaire"].as_str()) {
        Some(key) => templates::asks_step_up(app, ctx, ACTION, key).await?,
        None => false,
    };
    Ok(CoSign { note, hash, step_up })
}

/// Signs a note beside its author.
pub(in super::super) async fn co_sign(app: &App, ctx: &Ctx, ready: CoSign) -> Result<(), Error> {
    const ACTION: Action = Action::CoSignNote;
    let CoSign { note, hash, .. } = ready;
    // One post signs one note once.
    let name = [note.id.0.as_bytes().as_slice(), &ctx.membership().0.to_be_bytes()].concat();
    let id = ResourceId(templates::derived(app, ctx, "note-co-signature", &name).await?);
    let facility = app.store.facility_of(ctx, note.patient).await?;
    let (signer, _) = signer(app, ctx, facility).await?;
    let signature = resources::provenance((note.id, note.patient), &signer, Meaning::Beside, &hash, None);
    let tx = app.store.db().begin(ctx).await?;
    hold(app, &tx, ACTION, note.patient).await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event = event.about(ResourceType::Composition.code(), Some((note.id, Version::FIRST)));
    event.detail = Some(format!("hash {}", hex(&hash)));
    let records = vec![resources::record(ResourceType::Provenance, id, &signature)];
    match app.store.enter(&tx, ACTION, records, event).await {
        Err(chart::Error::Db(db::Error::Constraint(name))) if name == "resource_pkey" => {
            Err(Error::coded(409, "already-signed", "this post signed it already"))
        }
        done => Ok(done.map(|_| ())?),
    }
}

async fn hold(app: &App, tx: &db::Tx<'_>, action: Action, patient: PatientId) -> Result<(), Error> {
    let facility = app.store.hold(tx, patient).await?;
    let target = Target { facility: Some(facility), class: Some(DataClass::General) };
    Ok(app.store.db().authorize(tx.ctx(), action, target).await?)
}

/// Adds to a signed note; gives the addendum's Composition.
pub(in super::super) async fn add(app: &App, ctx: &Ctx, note: Uuid, words: &str) -> Result<Uuid, Error> {
    const ACTION: Action = Action::AddToNote;
    sees_whole(app, ctx, ACTION).await?;
    let words = words.replace("\r\n", "\n").replace('\r', "\n");
    let words = words.trim();
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !(1..=MOST_TEXT).contains(&words.chars().count()) || words.chars().any(control) {
        return Err(Error::coded(400, "invalid", "text: 1 to 20000 characters"));
    }
    let note = load(app, ctx, note).await?;
    if note.response.is_none() {
        return Err(Error::coded(400, "invalid", "composition: an addendum is added to a note"));
    }
    let facility = app.store.facility_of(ctx, note.patient).await?;
    let (signer, _) = signer(app, ctx, facility).await?;
    let id = ResourceId(app.world.uuid());
    let div = narrative(&words.split('\n').map(str::to_owned).collect::<Vec<_>>());
    let sections = serde_json::json!([{"title": "Addendum", "text": {"status": "generated", "div": div}}]);
    let hash = hash(None, &sections).ok_or(db::Error::Stored("a note that cannot be written"))?;
    let title = format!("Addendum: {}", text(&note.composition["title"]));
    let head = Head {
        id,
        patient: note.patient,
        title: &title,
        kind: &note.composition["type"],
        signer: &signer,
        relates: Some(("appends", note.id.0)),
        response: None,
        co_sign: false,
    };
    let signature = resources::provenance((id, note.patient), &signer, Meaning::Author, &hash, None);
    let records = vec![
        resources::record(ResourceType::Composition, id, &resources::composition(&head, sections)),
        resources::record(ResourceType::Provenance, ResourceId(app.world.uuid()), &signature),
    ];
    let tx = app.store.db().begin(ctx).await?;
    hold(app, &tx, ACTION, note.patient).await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event = event.about(ResourceType::Composition.code(), Some((id, Version::FIRST)));
    event.detail = Some(format!("appends {} hash {}", note.id, hex(&hash)));
    app.store.enter(&tx, ACTION, records, event).await?;
    Ok(id.0)
}
