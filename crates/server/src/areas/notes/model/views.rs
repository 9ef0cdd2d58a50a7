//! What of notes is told to the app.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::MembershipId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answers::{Answer, Answers};

/// A template as it can be picked.
#[derive(Clone, Serialize, ToSchema)]
pub(in super::super) struct NoteTemplate {
    /// `url|version`: names this version everywhere.
    pub(in super::super) template: String,
    /// Of all its versions.
    pub(in super::super) url: String,
    /// Counted from 1.
    pub(in super::super) version: String,
    pub(in super::super) title: String,
    /// `draft`, `active` or `retired`.
    #[schema(schema_with = statuses)]
    pub(in super::super) status: String,
    /// Ours, not yet changed by the organization.
    pub(in super::super) standard: bool,
    /// The LOINC code of the document type.
    pub(in super::super) kind: String,
    /// Whether signing asks for a step-up.
    pub(in super::super) step_up: bool,
    /// Whether somebody else signs beside the author.
    pub(in super::super) co_sign: bool,
    /// The FHIR Questionnaire.
    #[schema(value_type = Object)]
    pub(in super::super) questionnaire: Value,
}

fn statuses() -> utoipa::openapi::schema::Object {
    crate::http::one_of(&["draft", "active", "retired"])
}

/// A post, by what it is called.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteAuthor)]
pub(in super::super) struct Author {
    #[schema(value_type = i32)]
    pub(in super::super) membership: MembershipId,
    pub(in super::super) name: String,
}

/// An unfinished note in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteDraftLine)]
pub(in super::super) struct DraftLine {
    pub(in super::super) id: Uuid,
    /// What its template is called.
    pub(in super::super) title: String,
    /// `url|version`.
    pub(in super::super) template: String,
    pub(in super::super) author: Author,
    /// Whether it is the asker's own.
    pub(in super::super) own: bool,
    pub(in super::super) started_at: Timestamp,
    pub(in super::super) saved_at: Timestamp,
    pub(in super::super) saved_by: Author,
    pub(in super::super) version: i32,
}

/// Whom a note is about.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = NotePatient)]
pub(in super::super) struct PatientName {
    pub(in super::super) id: Uuid,
    /// As it is said; empty where it is not for the asker.
    pub(in super::super) name: String,
}

/// One's own unfinished note, with whom it is about.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnNoteDraftLine)]
pub(in super::super) struct OwnDraftLine {
    pub(in super::super) patient: PatientName,
    #[serde(flatten)]
    pub(in super::super) draft: DraftLine,
}

/// A value that was computed from answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteScore)]
pub(in super::super) struct Score {
    pub(in super::super) value: i64,
    /// What the value means.
    #[serde(default)]
    #[schema(required)]
    pub(in super::super) text: Option<String>,
    /// Whether somebody should act on it.
    #[serde(default)]
    pub(in super::super) alert: bool,
}

/// Scores by linkId.
pub(in super::super) type Scores = BTreeMap<String, Score>;

/// What was measured or taken, as it was when it was looked at.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteSnapshot)]
pub(in super::super) struct Snapshot {
    pub(in super::super) taken_at: Timestamp,
    pub(in super::super) entries: Vec<SnapshotEntry>,
}

/// A line of a snapshot.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteSnapshotEntry)]
pub(in super::super) struct SnapshotEntry {
    pub(in super::super) text: String,
    #[schema(required)]
    pub(in super::super) value: Option<String>,
    #[schema(required)]
    pub(in super::super) at: Option<Timestamp>,
    /// `Observation/..`, `MedicationRequest/..` or `MedicationStatement/..`.
    pub(in super::super) reference: String,
}

/// The snapshots of a draft.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = NoteSnapshots)]
pub(in super::super) struct Snapshots {
    #[serde(default)]
    #[schema(required)]
    pub(in super::super) vitals: Option<Snapshot>,
    #[serde(default)]
    #[schema(required)]
    pub(in super::super) medications: Option<Snapshot>,
}

/// The note that a draft began from.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub(in super::super) struct LastNote {
    /// Its Composition.
    pub(in super::super) composition: Uuid,
    /// When it was signed.
    pub(in super::super) at: Timestamp,
    /// By whom, as the post was called then.
    pub(in super::super) by: String,
    #[schema(value_type = BTreeMap<String, Vec<Answer>>)]
    pub(in super::super) answers: Answers,
}

/// An unfinished note.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteDraft)]
pub(in super::super) struct Draft {
    pub(in super::super) id: Uuid,
    pub(in super::super) patient: Uuid,
    pub(in super::super) template: NoteTemplate,
    #[schema(value_type = BTreeMap<String, Vec<Answer>>)]
    pub(in super::super) answers: Answers,
    #[schema(required)]
    pub(in super::super) last: Option<LastNote>,
    /// The Composition that it corrects.
    #[schema(required)]
    pub(in super::super) corrects: Option<Uuid>,
    pub(in super::super) snapshots: Snapshots,
    #[schema(value_type = BTreeMap<String, Score>)]
    pub(in super::super) scores: Scores,
    pub(in super::super) author: Author,
    pub(in super::super) own: bool,
    pub(in super::super) started_at: Timestamp,
    pub(in super::super) saved_at: Timestamp,
    pub(in super::super) saved_by: Author,
    pub(in super::super) version: i32,
}

/// What saving did.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteDraftSaved)]
pub(in super::super) struct Saved {
    pub(in super::super) version: i32,
    pub(in super::super) saved_at: Timestamp,
    #[schema(value_type = BTreeMap<String, Score>)]
    pub(in super::super) scores: Scores,
}

/// A part of a note in words.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = NoteSection)]
pub(in super::super) struct Section {
    pub(in super::super) title: String,
    pub(in super::super) lines: Vec<String>,
}

/// Who signed, and when.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = NoteSignature)]
pub(in super::super) struct Signature {
    pub(in super::super) at: Timestamp,
    /// As the post was called then.
    pub(in super::super) by: String,
}

/// Something that was added to a signed note.
#[derive(Serialize, ToSchema)]
#[schema(as = NoteAddendum)]
pub(in super::super) struct Addendum {
    pub(in super::super) composition: Uuid,
    pub(in super::super) at: Timestamp,
    /// As the post was called then.
    pub(in super::super) by: String,
    pub(in super::super) text: String,
}

/// A signed note.
#[derive(Serialize, ToSchema)]
#[schema(as = Note)]
pub(in super::super) struct Note {
    pub(in super::super) composition: Uuid,
    pub(in super::super) title: String,
    pub(in super::super) signed: Signature,
    pub(in super::super) co_signed: Vec<Signature>,
    /// Whether the template asks for a second signature that is not there yet.
    pub(in super::super) needs_co_sign: bool,
    pub(in super::super) addenda: Vec<Addendum>,
    /// The Composition that it corrects.
    #[schema(required)]
    pub(in super::super) replaces: Option<Uuid>,
    /// The Composition that corrects it.
    #[schema(required)]
    pub(in super::super) replaced_by: Option<Uuid>,
    /// Why it corrects another.
    #[schema(required)]
    pub(in super::super) reason: Option<String>,
    /// Whether structured data and summary are those that were signed.
    pub(in super::super) intact: bool,
    /// SHA-256 of structured data and summary together, in hexadecimal digits.
    pub(in super::super) hash: String,
    pub(in super::super) sections: Vec<Section>,
    /// `url|version`; nothing for an addendum.
    #[schema(required)]
    pub(in super::super) template: Option<String>,
    #[schema(value_type = BTreeMap<String, Vec<Answer>>)]
    pub(in super::super) answers: Answers,
}
