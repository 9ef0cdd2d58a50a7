//! A dose as FHIR: MedicationAdministration (<https://hl7.org/fhir/R4/medicationadministration.html>). That a dose was not
//! given is `not-done` with why; that it was recorded wrongly `entered-in-error`.

use chart::DOSE;
use jiff::Timestamp;
use kernel::{MembershipId, PatientId, ResourceId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ops::{Effect, Outcome};

/// The system of posts.
const POST: &str = "https://lamplight.health/fhir/post";
/// Why a dose was not given.
const NOT_GIVEN: &str = "https://lamplight.health/fhir/CodeSystem/not-given";
/// When the dose was due.
const DUE: &str = "https://lamplight.health/fhir/StructureDefinition/dose-due";
/// Whether it helped.
const EFFECT: &str = "https://lamplight.health/fhir/StructureDefinition/dose-effect";
/// How that is coded.
const EFFECTS: &str = "https://lamplight.health/fhir/CodeSystem/dose-effect";

/// Whoever records.
pub(super) struct Recorder<'a> {
    pub(super) slug: &'a str,
    pub(super) membership: MembershipId,
    pub(super) name: &'a str,
    pub(super) at: Timestamp,
}

impl Recorder<'_> {
    /// A logical reference: posts are no records.
    fn who(&self) -> Value {
        json!({
            "type": "Practitioner",
            "identifier": {"system": POST, "value": format!("{}/{}", self.slug, self.membership)},
            "display": self.name,
        })
    }

    fn note(&self, text: &str) -> Value {
        json!({"authorReference": self.who(), "time": self.at.to_string(), "text": text})
    }
}

/// A dose.
pub(super) struct Dose<'a> {
    pub(super) request: Uuid,
    pub(super) patient: PatientId,
    pub(super) order: ResourceId,
    /// The body of the order.
    pub(super) ordered: &'a Value,
    pub(super) due: Option<Timestamp>,
    pub(super) at: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<&'a str>,
    pub(super) despite: Option<&'a str>,
}

/// The record of a dose.
pub(super) fn administration(dose: &Dose<'_>, by: &Recorder<'_>) -> Value {
    let order = dose.ordered;
    let mut made = json!({
        "resourceType": "MedicationAdministration",
        "identifier": [{"system": DOSE, "value": dose.request.to_string()}],
        "status": if dose.outcome == Outcome::Given { "completed" } else { "not-done" },
        "subject": {"reference": format!("Patient/{}", dose.patient)},
        "effectiveDateTime": dose.at.to_string(),
        "performer": [{"actor": by.who()}],
        "request": {"reference": format!("MedicationRequest/{}", dose.order)},
    });
    if order["meta"]["security"].is_array() {
        made["meta"] = json!({"security": order["meta"]["security"]});
    }
    for name in ["medicationCodeableConcept", "medicationReference"] {
        if order[name].is_object() {
            made[name] = order[name].clone();
        }
    }
    if let Some(due) = dose.due {
        made["extension"] = json!([{"url": DUE, "valueDateTime": due.to_string()}]);
    }
    if dose.outcome == Outcome::Given {
        if let Some(reason) = dose.reason {
            made["reasonCode"] = json!([{"text": reason}]);
        }
    } else {
        let mut why = json!({"coding": [{"system": NOT_GIVEN, "code": dose.outcome.code()}]});
        if let Some(reason) = dose.reason {
            why["text"] = reason.into();
        }
        made["statusReason"] = json!([why]);
    }
    let instruction = &order["dosageInstruction"][0];
    let mut dosage = json!({});
    for (from, to) in [("text", "text"), ("route", "route")] {
        if !instruction[from].is_null() {
            dosage[to] = instruction[from].clone();
        }
    }
    let quantity = &instruction["doseAndRate"][0]["doseQuantity"];
    if quantity.is_object() {
        dosage["dose"] = quantity.clone();
    }
    // A dosage says how much, or at what rate.
    if dosage["dose"].is_object() || dosage["text"].is_string() {
        made["dosage"] = dosage;
    }
    if let Some(despite) = dose.despite {
        made["note"] = json!([by.note(despite)]);
    }
    made
}

fn push(whole: &mut Value, name: &str, value: Value) {
    match whole[name].as_array_mut() {
        Some(list) => list.push(value),
        None => whole[name] = Value::Array(vec![value]),
    }
}

/// The same, recorded in error.
pub(super) fn wrong(mut whole: Value, reason: &str, by: &Recorder<'_>) -> Value {
    whole["status"] = "entered-in-error".into();
    push(&mut whole, "note", by.note(reason));
    whole
}

/// The same, with whether it helped.
pub(super) fn effective(mut whole: Value, effect: Effect, note: Option<&str>, by: &Recorder<'_>) -> Value {
    push(
        &mut whole,
        "extension",
        json!({"url": EFFECT, "valueCodeableConcept": {"coding": [{"system": EFFECTS, "code": effect.code()}]}}),
    );
    if let Some(note) = note {
        push(&mut whole, "note", by.note(note));
    }
    whole
}

/// An order on hold, or active again.
pub(super) fn held(mut whole: Value, reason: Option<&str>) -> Value {
    let members = whole.as_object_mut();
    if let Some(members) = members {
        members.remove("statusReason");
    }
    match reason {
        Some(reason) => {
            whole["status"] = "on-hold".into();
            whole["statusReason"] = json!({"text": reason});
        }
        None => whole["status"] = "active".into(),
    }
    whole
}

/// What a record of a dose says.
pub(super) struct Read {
    /// The MedicationRequest.
    pub(super) order: Option<String>,
    pub(super) outcome: Option<Outcome>,
    pub(super) reason: Option<String>,
    pub(super) effect: Option<Effect>,
    /// When it was given or not.
    pub(super) at: Option<Timestamp>,
    /// When it was due, where it says so.
    pub(super) due: Option<Timestamp>,
    /// Who gave it, where that has a name.
    pub(super) by: Option<String>,
    /// Whether it was recorded at a pass.
    pub(super) of_pass: bool,
}

/// Reads one of ours, or of somebody else's.
pub(super) fn read(whole: &Value) -> Read {
    let why = &whole["statusReason"][0];
    let code = why["coding"].as_array().into_iter().flatten();
    let code = code.filter(|coding| coding["system"] == NOT_GIVEN).find_map(|coding| coding["code"].as_str());
    let outcome = match whole["status"].as_str() {
        Some("completed" | "in-progress") => Some(Outcome::Given),
        Some("not-done") => Some(code.and_then(Outcome::of).unwrap_or(Outcome::Refused)),
        Some("on-hold") => Some(Outcome::Held),
        _ => None,
    };
    let extension = |url: &str| {
        let mut all = whole["extension"].as_array().into_iter().flatten();
        all.rfind(|one| one["url"] == url).unwrap_or(&Value::Null)
    };
    let effect = extension(EFFECT)["valueCodeableConcept"]["coding"][0]["code"].as_str();
    let text = if outcome == Some(Outcome::Given) { &whole["reasonCode"][0] } else { why };
    let moment = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let request = whole["request"]["reference"].as_str();
    let mut identifiers = whole["identifier"].as_array().into_iter().flatten();
    Read {
        order: request.and_then(|text| text.strip_prefix("MedicationRequest/")).map(str::to_owned),
        outcome,
        reason: text["text"].as_str().map(str::to_owned),
        effect: effect.and_then(Effect::of),
        at: moment(&whole["effectiveDateTime"]).or_else(|| moment(&whole["effectivePeriod"]["start"])),
        due: moment(&extension(DUE)["valueDateTime"]),
        by: whole["performer"][0]["actor"]["display"].as_str().map(str::to_owned),
        of_pass: identifiers.any(|one| one["system"] == DOSE),
    }
}
