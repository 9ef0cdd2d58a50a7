//! What may not be written by everybody: rules per type on the one path by which anything is written (DESIGN: a signed
//! note cannot change). They are asked where rows are inserted and replaced, so that the FHIR interface, bundles, imports
//! and the areas of the program meet the same.

use db::{Ctx, Db, Event};
use fhir::ResourceType;
use fhir::json::Node;
use kernel::{ResourceId, Version};
use policy::Action;

use crate::Error;

/// The system of the identifiers of signed notes, and the policy that their signatures name. What bears it is made by
/// signing and never changes.
pub const NOTE: &str = "https://lamplight.health/fhir/note";
/// The system of the identifiers of templates of notes. What bears it is changed by who edits templates.
pub const TEMPLATE: &str = "https://lamplight.health/fhir/note-template";
/// The system of the identifiers of what was handed over at the end of a shift. What bears it is made by signing and never
/// changes.
pub const HANDOVER: &str = "https://lamplight.health/fhir/hand-over";
/// The system of the identifiers of incidents and of their reviews. What bears it is written by reporting and reviewing.
pub const INCIDENT: &str = "https://lamplight.health/fhir/incident";

/// The system of the identifiers of letters between a relative and the care team: the value is the relative's post. What bears
/// it is written through the family portal and never changes.
pub const LETTER: &str = "https://lamplight.health/fhir/family-letter";

/// The system of the identifiers of doses that were recorded at the medication pass: their rows go with them, so they are
/// changed there alone.
pub const DOSE: &str = "https://lamplight.health/fhir/dose";

/// Whose a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// A part of a signed note.
    Signed,
    /// A template of notes.
    Template,
    /// What was handed over of a resident.
    Handover,
    /// A letter between a relative and the care team.
    Letter,
    /// An incident, or its review.
    Incident,
    /// A dose of the medication pass.
    Dose,
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Somebody over the FHIR interface.
    Client,
    /// The operator, from another installation: what was signed there is brought in as it is.
    Import,
    /// An area of the program, by its own rules.
    Area,
}

/// Whose a document is, by its type and what it says of itself.
pub(crate) fn kept(rtype: ResourceType, root: &Node<'_>) -> Option<Kept> {
    let bears = |system: &str| {
        let identifiers = root.get("identifier").map_or(&[][..], Node::items);
        identifiers.iter().any(|one| one.text("system") == Some(system))
    };
    match rtype {
        ResourceType::Composition | ResourceType::QuestionnaireResponse | ResourceType::Observation => {
            bears(NOTE).then_some(Kept::Signed)
        }
        ResourceType::Provenance => {
            let policies = root.get("policy").map_or(&[][..], Node::items);
            policies.iter().any(|one| one.as_str() == Some(NOTE)).then_some(Kept::Signed)
        }
        ResourceType::MedicationAdministration => bears(DOSE).then_some(Kept::Dose),
        ResourceType::Questionnaire => bears(TEMPLATE).then_some(Kept::Template),
        ResourceType::Communication if bears(LETTER) => Some(Kept::Letter),
        ResourceType::Communication => bears(HANDOVER).then_some(Kept::Handover),
        ResourceType::AdverseEvent | ResourceType::Task => bears(INCIDENT).then_some(Kept::Incident),
        _ => None,
    }
}

const SIGNED: Error =
    Error::Request(409, "note-signed: a signed note never changes; add to it, or correct it with a new one");
const SIGNING: Error = Error::Request(422, "note-signed: records of signed notes are made by signing alone");
const HANDED_OVER: Error =
    Error::Request(409, "handed-over: what was handed over never changes; say what is new in the next one");
const HANDING_OVER: Error = Error::Request(422, "handed-over: what is handed over is made by signing alone");
const LETTERS: Error = Error::Request(
    422,
    "family-letter: letters between a family and its care team are written through the family portal, and stay as they are",
);
const INCIDENTS: Error =
    Error::Request(422, "incident: incidents are written through /api/incidents and /api/patients");
const TEMPLATES: Error =
    Error::Request(422, "note-template: templates of notes are written through /api/note-templates");
const DOSES: Error = Error::Request(
    422,
    "dose-kept: doses of the medication pass are recorded and corrected through /api/medications",
);

/// Whether a new record of this kind may be written.
pub(crate) fn new(by: By, kept: Option<Kept>) -> Result<(), Error> {
    match (kept, by) {
        (None, _) | (_, By::Area | By::Import) => Ok(()),
        (Some(Kept::Signed), By::Client) => Err(SIGNING),
        (Some(Kept::Template), By::Client) => Err(TEMPLATES),
        (Some(Kept::Handover), By::Client) => Err(HANDING_OVER),
        (Some(Kept::Letter), By::Client) => Err(LETTERS),
        (Some(Kept::Incident), By::Client) => Err(INCIDENTS),
        (Some(Kept::Dose), By::Client) => Err(DOSES),
    }
}

/// Whether a record may become another, or be deleted.
fn change(by: By, was: Option<Kept>, is: Option<Kept>) -> Result<(), Error> {
    match (was, is) {
        (Some(Kept::Signed), _) => Err(SIGNED),
        (Some(Kept::Handover), _) => Err(HANDED_OVER),
        (Some(Kept::Letter), _) | (_, Some(Kept::Letter)) => Err(LETTERS),
        (_, Some(Kept::Signed)) => Err(SIGNING),
        (_, Some(Kept::Handover)) => Err(HANDING_OVER),
        (None, None) => Ok(()),
        _ if by == By::Area => Ok(()),
        (Some(Kept::Incident), _) | (_, Some(Kept::Incident)) => Err(INCIDENTS),
        (Some(Kept::Dose), _) | (_, Some(Kept::Dose)) => Err(DOSES),
        _ => Err(TEMPLATES),
    }
}

/// As [`change`]; a refusal is in the log before it is answered.
pub(crate) async fn changed(
    (db, ctx): (&Db, &Ctx),
    (rtype, id, version): (ResourceType, ResourceId, Version),
    by: By,
    (was, is): (Option<Kept>, Option<Kept>),
) -> Result<(), Error> {
    let Err(error) = change(by, was, is) else { return Ok(()) };
    let event = Event::denied(Action::Update.key(), "kept by its own rules");
    db.record(ctx, event.about(rtype.code(), Some((id, version)))).await?;
    Err(error)
}

#[cfg(test)]
mod tests {
    use fhir::json::{Limits, parse};

    use super::*;

    #[test]
    fn what_is_kept_is_known_by_type_and_mark() {
        let check = |rtype: ResourceType, text: &str| {
            kept(rtype, &parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}")))
        };
        let one = format!(r#"{{"identifier": {{"system": "{NOTE}", "value": "x"}}}}"#);
        let many = format!(r#"{{"identifier": [{{"system": "urn:x"}}, {{"system": "{NOTE}"}}]}}"#);
        let policy = format!(r#"{{"policy": ["urn:x", "{NOTE}"]}}"#);
        assert_eq!(check(ResourceType::Composition, &one), Some(Kept::Signed));
        assert_eq!(check(ResourceType::Observation, &many), Some(Kept::Signed));
        assert_eq!(check(ResourceType::Provenance, &policy), Some(Kept::Signed));
        assert_eq!(check(ResourceType::Patient, &many), None);
        assert_eq!(check(ResourceType::Observation, "{}"), None);
    }

    #[test]
    fn a_signed_note_changes_for_nobody() {
        for by in [By::Client, By::Import, By::Area] {
            for is in [None, Some(Kept::Signed), Some(Kept::Template)] {
                assert!(change(by, Some(Kept::Signed), is).is_err(), "{by:?}");
            }
            assert!(change(by, None, Some(Kept::Signed)).is_err(), "{by:?}");
            assert!(change(by, None, None).is_ok(), "{by:?}");
        }
        assert!(new(By::Client, Some(Kept::Signed)).is_err() && new(By::Area, Some(Kept::Signed)).is_ok());
        assert!(change(By::Area, Some(Kept::Template), Some(Kept::Template)).is_ok());
        assert!(change(By::Import, Some(Kept::Template), Some(Kept::Template)).is_err());
        assert!(change(By::Area, Some(Kept::Dose), Some(Kept::Dose)).is_ok());
        assert!(
            change(By::Client, Some(Kept::Dose), None).is_err() && new(By::Client, Some(Kept::Dose)).is_err()
        );
    }

    #[test]
    fn what_was_handed_over_changes_for_nobody_and_an_incident_by_its_area_alone() {
        for by in [By::Client, By::Import, By::Area] {
            for is in [None, Some(Kept::Handover), Some(Kept::Incident)] {
                assert!(change(by, Some(Kept::Handover), is).is_err(), "{by:?}");
                assert!(change(by, Some(Kept::Letter), is).is_err(), "{by:?}");
            }
            assert!(change(by, None, Some(Kept::Letter)).is_err(), "{by:?}");
            assert_eq!(new(by, Some(Kept::Letter)).is_ok(), by != By::Client, "{by:?}");
            let area = by == By::Area;
            assert_eq!(change(by, Some(Kept::Incident), Some(Kept::Incident)).is_ok(), area, "{by:?}");
            assert_eq!(change(by, Some(Kept::Incident), None).is_ok(), area, "{by:?}");
            assert_eq!(new(by, Some(Kept::Handover)).is_ok(), by != By::Client, "{by:?}");
            assert_eq!(new(by, Some(Kept::Incident)).is_ok(), by != By::Client, "{by:?}");
        }
    }
}
