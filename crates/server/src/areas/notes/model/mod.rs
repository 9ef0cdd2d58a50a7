//! Templates, answers, and what follows from the two; pure.

mod answers;
mod hash;
mod scores;
mod summary;
mod template;
mod views;

#[cfg(test)]
mod tests;

pub(super) use answers::{Answer, Answers, Fault, checked};
pub(super) use hash::{hash, hex};
pub(super) use scores::scores;
pub(super) use summary::{Beside, MEDICATIONS, VITALS, asked, lines, missing, narrative, summary};
pub(super) use template::{Code, Item, Kind, LOINC, Template, understand};
pub(super) use views::{
    Addendum, Author, Draft, DraftLine, LastNote, Note, NoteTemplate, OwnDraftLine, PatientName, Saved,
    Score, Scores, Section, Signature, Snapshot, SnapshotEntry, Snapshots,
};

/// The base of our own extensions.
pub(super) const EXTENSION: &str = "https://lamplight.health/fhir/StructureDefinition/";
