//! An incident as FHIR: AdverseEvent (<https://hl7.org/fhir/R4/adverseevent.html>), and a Task for its review.

use chart::{Document, INCIDENT};
use fhir::json::{amend, quote};
use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use serde_json::{Value, json};

use super::model::{Kind, Told};
use crate::areas::tasks::instant;

/// The system of what happened.
const KIND: &str = "https://lamplight.health/fhir/CodeSystem/incident";
/// What R4 has no element for: whether somebody saw it, what came of it, who was told.
const WITNESSED: &str = "https://lamplight.health/fhir/StructureDefinition/incident-witnessed";
const INJURY: &str = "https://lamplight.health/fhir/StructureDefinition/incident-injury";
const TOLD: &str = "https://lamplight.health/fhir/StructureDefinition/incident-told";

/// An incident that is reported.
pub(super) struct Incident<'a> {
    pub(super) id: ResourceId,
    pub(super) patient: PatientId,
    pub(super) kind: Kind,
    pub(super) what: &'a str,
    pub(super) place: Option<&'a str>,
    pub(super) at: Timestamp,
    /// Not known when nothing is said.
    pub(super) witnessed: Option<bool>,
    pub(super) injury: Option<&'a str>,
    pub(super) told: &'a [Told],
}

fn identifier(id: ResourceId) -> Value {
    json!({"system": INCIDENT, "value": id.to_string()})
}

impl Incident<'_> {
    /// The AdverseEvent, reported by `who`.
    pub(super) fn document(&self, who: &Value, now: Timestamp) -> Value {
        let (code, display) = self.kind.words();
        let mut extension = Vec::new();
        if let Some(seen) = self.witnessed {
            extension.push(json!({"url": WITNESSED, "valueBoolean": seen}));
        }
        if let Some(injury) = self.injury {
            extension.push(json!({"url": INJURY, "valueString": injury}));
        }
        extension.extend(self.told.iter().map(|told| json!({"url": TOLD, "valueCode": told.key()})));
        let mut event = json!({
            "resourceType": "AdverseEvent",
            "identifier": identifier(self.id),
            "actuality": "actual",
            "event": {"coding": [{"system": KIND, "code": code, "display": display}], "text": self.what},
            "subject": {"reference": format!("Patient/{}", self.patient)},
            "date": instant(self.at),
            "recordedDate": instant(now),
            "recorder": who,
        });
        if !extension.is_empty() {
            event["extension"] = Value::from(extension);
        }
        if let Some(place) = self.place {
            event["location"] = json!({"display": place});
        }
        event
    }
}

/// A Task that is the review of an incident: written by this area alone.
pub(super) fn as_review(mut task: Value, incident: ResourceId) -> Value {
    task["identifier"] = json!([identifier(incident)]);
    task
}

/// The body of a review that is done.
pub(super) fn reviewed(
    body: &[u8],
    (who, at): (&Value, Timestamp),
    note: &str,
    open_because: Option<&str>,
) -> Option<Vec<u8>> {
    let at = instant(at);
    let mut members = vec![
        ("status", quote("completed")),
        ("lastModified", quote(&at)),
        ("executionPeriod", json!({"end": at}).to_string()),
        ("owner", who.to_string()),
        ("note", json!([{"authorReference": who, "time": at, "text": note}]).to_string()),
    ];
    if let Some(why) = open_because {
        members.push(("statusReason", json!({"text": why}).to_string()));
    }
    amend(body, &members).ok()
}

/// What a review says: by whom, when, in what words, and why follow-ups were left open.
pub(super) struct Said {
    pub(super) by: String,
    pub(super) at: Option<Timestamp>,
    pub(super) note: String,
    pub(super) open_because: Option<String>,
}

/// Of a review that is done.
pub(super) fn said(task: &Value) -> Option<Said> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let note = &task["note"][0];
    (task["status"] == "completed").then(|| Said {
        by: text(&note["authorReference"]["display"]).unwrap_or_default(),
        at: note["time"].as_str().and_then(|at| at.parse().ok()),
        note: text(&note["text"]).unwrap_or_default(),
        open_because: text(&task["statusReason"]["text"]),
    })
}

/// An incident as it was reported.
pub(super) struct Reported {
    pub(super) id: ResourceId,
    pub(super) patient: PatientId,
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) place: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) by: String,
    pub(super) witnessed: Option<bool>,
    pub(super) injury: Option<String>,
    pub(super) told: Vec<Told>,
}

/// Of an AdverseEvent that is an incident of ours.
pub(super) fn reported(document: &Document) -> Option<Reported> {
    let whole: Value = serde_json::from_slice(&document.body).ok()?;
    if whole["identifier"]["system"] != INCIDENT {
        return None;
    }
    let extensions = whole["extension"].as_array().map(Vec::as_slice).unwrap_or_default();
    let extension = |url: &'static str| extensions.iter().filter(move |one| one["url"] == url);
    let codings = whole["event"]["coding"].as_array().map(Vec::as_slice).unwrap_or_default();
    let code = codings.iter().find(|coding| coding["system"] == KIND).and_then(|it| it["code"].as_str());
    let told = |one: &Value| Told::ALL.into_iter().find(|told| one["valueCode"] == told.key());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Reported {
        id: document.id,
        patient: whole["subject"]["reference"].as_str()?.strip_prefix("Patient/")?.parse().ok()?,
        kind: Kind::find(code.unwrap_or_default()).unwrap_or(Kind::Other),
        what: text(&whole["event"]["text"]).unwrap_or_default(),
        place: text(&whole["location"]["display"]),
        at: whole["date"].as_str().and_then(|at| at.parse().ok()),
        by: text(&whole["recorder"]["display"]).unwrap_or_default(),
        witnessed: extension(WITNESSED).find_map(|one| one["valueBoolean"].as_bool()),
        injury: extension(INJURY).find_map(|one| text(&one["valueString"])),
        told: extension(TOLD).filter_map(told).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_valid_fhir() {
        let incident = Incident {
            id: ResourceId(uuid::Uuid::from_u128(9)),
            patient: PatientId(uuid::Uuid::from_u128(7)),
            kind: Kind::Fall,
            what: "Slid from the chair",
            place: Some("Room 12"),
            at: "2026-01-02T10:00:00Z".parse().unwrap(),
            witnessed: Some(false),
            injury: Some("A bruise"),
            told: &[Told::Family],
        };
        let who = json!({"type": "Practitioner", "display": "Nurse"});
        let body = incident.document(&who, incident.at).to_string();
        let root = fhir::json::parse(body.as_bytes(), &fhir::json::Limits::default()).unwrap();
        let options = fhir::validate::ValidateOptions::default();
        let faults = fhir::validate::validate(fhir::ResourceType::AdverseEvent, &root, &options);
        assert!(faults.is_empty(), "{faults:?}");
    }
}
