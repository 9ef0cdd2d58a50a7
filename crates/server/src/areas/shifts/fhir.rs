//! What was handed over of a resident, as a Communication (<https://hl7.org/fhir/R4/communication.html>).

use chart::{Document, HANDOVER, New};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{Line, Of};
use crate::areas::tasks;

/// What kind of thing a line is about.
const KIND: &str = "https://lamplight.health/fhir/StructureDefinition/hand-over-line";

/// A shift that is handed over, and by whom.
pub(super) struct Signing<'a> {
    pub(super) handover: Uuid,
    pub(super) who: &'a Value,
    pub(super) at: Timestamp,
}

/// The record of one resident.
pub(super) fn record(signing: &Signing<'_>, patient: PatientId, lines: &[Line], id: ResourceId) -> New {
    let payload: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({"extension": [{"url": KIND, "valueCode": line.kind.key()}], "contentString": line.text})
        })
        .collect();
    let body = json!({
        "resourceType": "Communication",
        "identifier": [{"system": HANDOVER, "value": signing.handover.to_string()}],
        "status": "completed",
        "category": [{
            "coding": [{
                "system": "https://lamplight.health/fhir/CodeSystem/communication",
                "code": "hand-over",
                "display": "Hand-over",
            }],
            "text": "Hand-over",
        }],
        "subject": {"reference": format!("Patient/{patient}")},
        "sent": tasks::instant(signing.at),
        "sender": signing.who,
        "payload": payload,
    });
    New { rtype: ResourceType::Communication, id, body: body.to_string().into_bytes() }
}

/// Of which hand-over a Communication is, of whom, and what it says.
pub(super) fn read(document: &Document) -> Option<(Uuid, PatientId, Vec<Line>)> {
    let whole: Value = serde_json::from_slice(&document.body).ok()?;
    let identifiers = whole["identifier"].as_array()?;
    let own = identifiers.iter().find(|one| one["system"] == HANDOVER)?;
    let patient = whole["subject"]["reference"].as_str()?.strip_prefix("Patient/")?.parse().ok()?;
    let lines = whole["payload"].as_array()?.iter().filter_map(|one| {
        let kind = one["extension"].as_array().and_then(|all| all.iter().find(|it| it["url"] == KIND));
        let kind = kind.and_then(|it| it["valueCode"].as_str()).unwrap_or_default();
        Some(Line::new(Of::find(kind), one["contentString"].as_str()?))
    });
    Some((own["value"].as_str()?.parse().ok()?, patient, lines.collect()))
}
