//! Templates, answers, and what follows from the two; pure.

mod answers;
mod scores;
mod template;
mod views;

pub(super) use answers::{Answer, Answers, Fault, checked};
pub(super) use scores::scores;
pub(super) use template::{Template, understand};
pub(super) use views::{
    Author, Draft, DraftLine, LastNote, Note, NoteTemplate, OwnDraftLine, PatientName, Saved, Scores,
    Section, Snapshots,
};

/// The base of our own extensions.
pub(super) const EXTENSION: &str = "https://lamplight.health/fhir/StructureDefinition/";
