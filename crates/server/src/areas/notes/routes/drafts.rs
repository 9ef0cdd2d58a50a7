//! Unfinished notes.

use db::IdempotencyKey;
use kernel::PatientId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{id, told};
use crate::areas::notes::model::{Answer, Answers, Draft, DraftLine, OwnDraftLine, Saved, Section};
use crate::areas::notes::ops::{self, Beginning};
use crate::areas::people::{etag, if_match, proved};
use crate::http::{Call, Doc, Failure, Reply};

/// The unfinished notes about a patient, whoever writes them.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteDrafts)]
struct Drafts {
    drafts: Vec<DraftLine>,
}

pub(super) const LIST: Doc =
    Doc::new("The unfinished notes about a patient, whoever writes them").gives::<Drafts>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    let patient = PatientId(id(&call, "patient")?);
    let done = ops::list_of(&call.app, &call.ctx, patient).await;
    told(&call, done.and_then(|drafts| Ok(Reply::json(200, &Drafts { drafts })?)))
}

/// One's own unfinished notes.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnNoteDrafts)]
struct OwnDrafts {
    drafts: Vec<OwnDraftLine>,
}

pub(super) const OWN: Doc = Doc::new("One's own unfinished notes").gives::<OwnDrafts>(200);

pub(super) async fn own(call: Call) -> Result<Reply, Failure> {
    let done = ops::list_own(&call.app, &call.ctx).await;
    told(&call, done.and_then(|drafts| Ok(Reply::json(200, &OwnDrafts { drafts })?)))
}

/// What a new note begins with: a template, or the note that it corrects.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteDraftNew)]
struct New {
    /// `url|version` of an active template.
    #[serde(default)]
    template: Option<String>,
    /// The Composition of a signed note; it opens with that one's answers.
    #[serde(default)]
    corrects: Option<Uuid>,
}

pub(super) const BEGIN: Doc =
    Doc::new("Begin a note: it opens with last time's values. Takes an `Idempotency-Key`")
        .takes::<New>()
        .gives::<Draft>(201)
        .problems(&["template-unknown", "invalid"]);

pub(super) async fn begin(call: Call) -> Result<Reply, Failure> {
    let patient = PatientId(id(&call, "patient")?);
    let new: New = call.json()?;
    let key = match call.header("idempotency-key")? {
        None => None,
        Some(key) if key.is_empty() || key.len() > 255 => {
            let message = "the header idempotency-key must hold 1 to 255 characters";
            return Err(Failure::new(400, "invalid", message));
        }
        Some(key) => Some(IdempotencyKey::new(key, &[b"note-draft", patient.0.as_bytes(), call.body()])),
    };
    let (template, corrects) = match (&new.template, new.corrects) {
        (Some(template), None) => (template.as_str(), None),
        (None, Some(corrects)) => ("", Some(corrects)),
        _ => return Err(Failure::coded(400, "invalid", "either template or corrects")),
    };
    let beginning = Beginning { patient, template, corrects, idempotency: key };
    let done = ops::begin(&call.app, &call.ctx, &beginning).await;
    told(&call, done.and_then(|draft| shown(201, &draft)))
}

fn shown(status: u16, draft: &Draft) -> Result<Reply, crate::areas::notes::error::Error> {
    Ok(Reply::json(status, draft)?.with("etag", etag(draft.version)))
}

pub(super) const LOOK: Doc = Doc::new("An unfinished note").gives::<Draft>(200).problems(&["draft-signed"]);

pub(super) async fn look(call: Call) -> Result<Reply, Failure> {
    let done = ops::fetch(&call.app, &call.ctx, id(&call, "draft")?).await;
    told(&call, done.and_then(|draft| shown(200, &draft)))
}

/// What was answered so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteAnswers)]
struct Answered {
    /// FHIR answer values by linkId.
    #[schema(value_type = BTreeMap<String, Vec<Answer>>)]
    answers: Answers,
}

pub(super) const SAVE: Doc = Doc::new("Save an unfinished note, as often as every five seconds")
    .takes::<Answered>()
    .gives::<Saved>(200)
    .conditional()
    .problems(&["draft-changed", "draft-signed", "answer-invalid"]);

pub(super) async fn save(call: Call) -> Result<Reply, Failure> {
    let draft = id(&call, "draft")?;
    let Answered { answers } = call.json()?;
    let version = if_match(&call)?;
    let done = ops::save(&call.app, &call.ctx, (draft, version), answers).await;
    told(&call, done.and_then(|saved| Ok(Reply::json(200, &saved)?.with("etag", etag(saved.version)))))
}

pub(super) const DISCARD: Doc = Doc::new("Throw an unfinished note away")
    .status(204)
    .conditional()
    .problems(&["draft-changed", "draft-signed"]);

pub(super) async fn discard(call: Call) -> Result<Reply, Failure> {
    let draft = id(&call, "draft")?;
    let version = if_match(&call)?;
    let done = ops::discard(&call.app, &call.ctx, (draft, version)).await;
    told(&call, done.map(|()| Reply::empty(204)))
}

/// Which snapshots to take now: `true` takes one, `null` takes it away, `false` or nothing leaves it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteSnapshotsNew)]
struct Take {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    vitals: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    medications: Option<Option<bool>>,
}

/// Tells null from a member that is not there.
fn given<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Option<Option<bool>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) const SNAPSHOTS: Doc =
    Doc::new("Take snapshots of the newest vital signs and of the active medications into the note")
        .takes::<Take>()
        .gives::<Draft>(200)
        .conditional()
        .problems(&["draft-changed", "draft-signed"]);

pub(super) async fn snapshots(call: Call) -> Result<Reply, Failure> {
    let draft = id(&call, "draft")?;
    let Take { vitals, medications } = call.json()?;
    let version = if_match(&call)?;
    let done = ops::take(&call.app, &call.ctx, (draft, version), (vitals, medications)).await;
    told(&call, done.and_then(|draft| shown(200, &draft)))
}

/// What would be signed.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteSummary)]
struct Summary {
    sections: Vec<Section>,
    /// The linkIds of what is still to be answered.
    missing: Vec<String>,
}

pub(super) const SUMMARY: Doc =
    Doc::new("What would be signed, in words").gives::<Summary>(200).problems(&["draft-signed"]);

pub(super) async fn summary(call: Call) -> Result<Reply, Failure> {
    let done = ops::summary(&call.app, &call.ctx, id(&call, "draft")?).await;
    let done = done.and_then(|(sections, missing)| Ok(Reply::json(200, &Summary { sections, missing })?));
    told(&call, done)
}

/// Signing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteSigning)]
struct Signing {
    /// Why a signed note is corrected, 1 to 500 characters: with a correction only.
    #[serde(default)]
    reason: Option<String>,
}

/// A note that was signed.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteSigned)]
struct Signed {
    /// Its Composition.
    composition: Uuid,
    /// SHA-256, in hexadecimal digits.
    hash: String,
}

pub(super) const SIGN: Doc = Doc::new("Sign a note in one's own name; from then on it never changes")
    .takes::<Signing>()
    .gives::<Signed>(201)
    .conditional()
    .step_up("sign")
    .problems(&["draft-changed", "draft-signed", "note-incomplete", "invalid", "already-corrected"]);

pub(super) async fn sign(call: Call) -> Result<Reply, Failure> {
    let draft = id(&call, "draft")?;
    let Signing { reason } = call.json()?;
    let version = if_match(&call)?;
    let ready = ops::prepare(&call.app, &call.ctx, (draft, version), reason.as_deref()).await;
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => return told(&call, Err(error)),
    };
    if ready.step_up {
        proved(&call, "sign").await?;
    }
    let done = ops::sign(&call.app, &call.ctx, ready).await;
    told(&call, done.and_then(|(composition, hash)| Ok(Reply::json(201, &Signed { composition, hash })?)))
}
