//! A signed note as FHIR: Composition (<https://hl7.org/fhir/R4/composition.html>), QuestionnaireResponse, Observations,
//! and a Provenance for every signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chart::{NOTE, New};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{PatientId, ResourceId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::model::{
    Answer, Answers, Author, Code, EXTENSION, Item, Kind, LOINC, Score, Scores, Section, Snapshots, Template,
    hex, narrative,
};

/// Who signs, and where.
pub(super) struct Signer {
    pub(super) author: Author,
    /// The organization's subdomain.
    pub(super) slug: String,
    /// What the organization is called.
    pub(super) organization: String,
    pub(super) at: Timestamp,
}

impl Signer {
    /// A logical reference: posts are no records.
    fn who(&self) -> Value {
        json!({
            "type": "Practitioner",
            "identifier": {"system": POST, "value": format!("{}/{}", self.slug, self.author.membership)},
            "display": self.author.name,
        })
    }

    fn time(&self) -> String {
        format!("{:.6}", self.at)
    }
}

/// The system of posts.
pub(crate) const POST: &str = "https://lamplight.health/fhir/post";
/// The system of what our sections are.
const SECTION: &str = "https://lamplight.health/fhir/CodeSystem/note-section";

/// What a note is made of.
pub(super) struct Note<'a> {
    pub(super) id: ResourceId,
    pub(super) response: ResourceId,
    pub(super) patient: PatientId,
    pub(super) template: &'a Template,
    pub(super) answers: &'a Answers,
    pub(super) scores: &'a Scores,
    pub(super) snapshots: &'a Snapshots,
    pub(super) sections: &'a [Section],
    pub(super) signer: &'a Signer,
}

fn subject(patient: PatientId) -> Value {
    json!({"reference": format!("Patient/{patient}")})
}

fn document(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The answers, as the template asked for them.
pub(super) fn response(note: &Note<'_>) -> Value {
    let items: Vec<Value> = note.template.items.iter().filter_map(|item| answered(note, item)).collect();
    let mut response = json!({
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": NOTE, "value": note.id.to_string()},
        "questionnaire": note.template.key(),
        "status": "completed",
        "subject": subject(note.patient),
        "authored": note.signer.time(),
        "author": note.signer.who(),
        "item": items,
    });
    if note.snapshots.vitals.is_some() || note.snapshots.medications.is_some() {
        let taken = serde_json::to_string(note.snapshots).unwrap_or_default();
        response["extension"] = json!([{"url": format!("{EXTENSION}note-snapshots"), "valueString": taken}]);
    }
    response
}

fn answered(note: &Note<'_>, item: &Item) -> Option<Value> {
    if !note.template.asks(&item.link_id, note.answers) {
        return None;
    }
    let mut written = json!({"linkId": item.link_id, "text": item.text});
    if item.kind == Kind::Group {
        let inner: Vec<Value> = item.items.iter().filter_map(|inner| answered(note, inner)).collect();
        written["item"] = Value::Array(inner);
        return written["item"].as_array().is_some_and(|inner| !inner.is_empty()).then_some(written);
    }
    let answers = match note.scores.get(&item.link_id) {
        Some(score) if item.read_only => vec![json!({"valueInteger": score.value})],
        _ => {
            note.answers.get(&item.link_id)?.iter().filter_map(|one| serde_json::to_value(one).ok()).collect()
        }
    };
    written["answer"] = Value::Array(answers);
    Some(written)
}

/// The answers of a QuestionnaireResponse, flat.
pub(super) fn answers(response: &Value) -> Answers {
    fn walk(items: &Value, answers: &mut Answers) {
        for item in items.as_array().into_iter().flatten() {
            let given: Vec<Answer> = item["answer"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| serde_json::from_value(one.clone()).ok())
                .collect();
            if let Some(link_id) = item["linkId"].as_str().filter(|_| !given.is_empty()) {
                answers.insert(link_id.to_owned(), given);
            }
            walk(&item["item"], answers);
        }
    }
    let mut found = Answers::new();
    walk(&response["item"], &mut found);
    found
}

/// The snapshots that a QuestionnaireResponse was signed with.
pub(super) fn snapshots(response: &Value) -> Snapshots {
    let url = format!("{EXTENSION}note-snapshots");
    let extensions = response["extension"].as_array().into_iter().flatten();
    let taken =
        extensions.filter(|one| one["url"] == url.as_str()).find_map(|one| one["valueString"].as_str());
    taken.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// An Observation, with the section that it belongs to.
pub(super) struct Observed {
    pub(super) section: String,
    pub(super) record: New,
}

/// What was measured: an Observation for every answer with a code, one for a group with a code.
pub(super) fn observations(note: &Note<'_>, next: impl Fn() -> ResourceId) -> Vec<Observed> {
    let mut made = Vec::new();
    for (section, item) in within(note.template) {
        if !note.template.asks(&item.link_id, note.answers) {
            continue;
        }
        let Some(code) = &item.code else { continue };
        let value = match item.kind {
            Kind::Group => components(note, item),
            _ if in_panel(note.template, item) => continue,
            _ => measured(note, item),
        };
        let Some(value) = value else { continue };
        let mut observation = json!({
            "resourceType": "Observation",
            "identifier": [{"system": NOTE, "value": format!("{}#{}", note.id, item.link_id)}],
            "status": "final",
            "category": [category(item, code)],
            "code": concept(code, &item.text),
            "subject": subject(note.patient),
            "effectiveDateTime": note.signer.time(),
            "issued": note.signer.time(),
            "performer": [note.signer.who()],
            "derivedFrom": [{"reference": format!("QuestionnaireResponse/{}", note.response)}],
        });
        for (name, member) in value {
            observation[name] = member;
        }
        let record = New { rtype: ResourceType::Observation, id: next(), body: document(&observation) };
        made.push(Observed { section: section.to_owned(), record });
    }
    made
}

/// Every item with the title of its section.
fn within(template: &Template) -> Vec<(&str, &Item)> {
    fn walk<'i>(title: &'i str, items: &'i [Item], all: &mut Vec<(&'i str, &'i Item)>) {
        for item in items {
            all.push((title, item));
            walk(title, &item.items, all);
        }
    }
    let mut all = Vec::new();
    for section in &template.items {
        walk(&section.text, std::slice::from_ref(section), &mut all);
    }
    all
}

/// Whether an item is a component of the group around it.
fn in_panel(template: &Template, item: &Item) -> bool {
    let holds = |group: &&Item| group.items.iter().any(|inner| inner.link_id == item.link_id);
    !item.read_only && template.every().into_iter().filter(holds).any(|group| group.code.is_some())
}

fn concept(code: &Code, text: &str) -> Value {
    let mut coding = json!({"system": code.system, "code": code.code});
    if !code.display.is_empty() {
        coding["display"] = json!(code.display);
    }
    json!({"coding": [coding], "text": text})
}

/// What is scored is a survey; what LOINC knows of measures is a vital sign.
fn category(item: &Item, code: &Code) -> Value {
    let kind =
        if !item.read_only && code.system == LOINC && is_measure(item) { "vital-signs" } else { "survey" };
    json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": kind}]})
}

/// The codes that R4 counts among the vital signs (<https://hl7.org/fhir/R4/observation-vitalsigns.html>).
fn is_measure(item: &Item) -> bool {
    const VITAL: [&str; 14] = [
        "85353-1", "9279-1", "8867-4", "2708-6", "59408-5", "8310-5", "8302-2", "9843-4", "29463-7",
        "39156-5", "85354-9", "8480-6", "8462-4", "8478-0",
    ];
    item.code.as_ref().is_some_and(|code| VITAL.contains(&code.code.as_str()))
}

fn components(note: &Note<'_>, group: &Item) -> Option<Map<String, Value>> {
    let mut components = Vec::new();
    for item in group.items.iter().filter(|item| !item.read_only) {
        let Some(code) = &item.code else { continue };
        if !note.template.asks(&item.link_id, note.answers) {
            continue;
        }
        let Some(value) = measured(note, item) else { continue };
        let mut component = Map::from_iter([("code".to_owned(), concept(code, &item.text))]);
        component.extend(value);
        components.push(Value::Object(component));
    }
    if components.is_empty() {
        return None;
    }
    Some(Map::from_iter([("component".to_owned(), Value::Array(components))]))
}

fn measured(note: &Note<'_>, item: &Item) -> Option<Map<String, Value>> {
    if item.read_only {
        return note.scores.get(&item.link_id).map(scored);
    }
    let given = note.answers.get(&item.link_id)?;
    let mut value = Map::new();
    let codings: Vec<Value> =
        given.iter().filter_map(|one| serde_json::to_value(one.coding()?).ok()).collect();
    let words: Vec<&str> = given.iter().filter_map(|one| one.value_string.as_deref()).collect();
    if !codings.is_empty() || (!words.is_empty() && matches!(item.kind, Kind::OpenChoice)) {
        let mut concept = json!({});
        if !codings.is_empty() {
            concept["coding"] = Value::Array(codings);
        }
        if !words.is_empty() {
            concept["text"] = json!(words.join(", "));
        }
        value.insert("valueCodeableConcept".to_owned(), concept);
        return Some(value);
    }
    let one = given.first()?;
    if let Some(number) = one.value_decimal {
        // An Observation has no decimal of its own.
        value.insert("valueQuantity".to_owned(), json!({"value": number}));
        return Some(value);
    }
    if let Some(day) = &one.value_date {
        value.insert("valueDateTime".to_owned(), json!(day));
        return Some(value);
    }
    match serde_json::to_value(one).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn scored(score: &Score) -> Map<String, Value> {
    let mut value = Map::from_iter([("valueInteger".to_owned(), json!(score.value))]);
    if let Some(text) = &score.text {
        let mut meaning = json!({"text": text});
        if score.alert {
            const MEANING: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
            meaning["coding"] = json!([{"system": MEANING, "code": "A", "display": "Abnormal"}]);
        }
        value.insert("interpretation".to_owned(), json!([meaning]));
    }
    value
}

/// The sections, in words that are attested.
pub(super) fn sections(sections: &[Section], snapshots: &Snapshots, observed: &[Observed]) -> Value {
    let written = sections.iter().map(|section| {
        let mut written = json!({
            "title": section.title,
            "text": {"status": "generated", "div": narrative(&section.lines)},
        });
        let taken = match section.title.as_str() {
            super::model::VITALS => snapshots.vitals.as_ref().map(|snapshot| ("vitals", snapshot)),
            super::model::MEDICATIONS => {
                snapshots.medications.as_ref().map(|snapshot| ("medications", snapshot))
            }
            _ => None,
        };
        let own = observed.iter().filter(|one| one.section == section.title);
        let mut entries: Vec<String> = own.map(|one| format!("Observation/{}", one.record.id)).collect();
        if let Some((kind, snapshot)) = taken {
            written["code"] = json!({"coding": [{"system": SECTION, "code": kind}]});
            entries.extend(snapshot.entries.iter().map(|entry| entry.reference.clone()));
        }
        if !entries.is_empty() {
            written["entry"] = entries.into_iter().map(|reference| json!({"reference": reference})).collect();
        }
        written
    });
    Value::Array(written.collect())
}

/// A Composition with these sections.
pub(super) struct Head<'a> {
    pub(super) id: ResourceId,
    pub(super) patient: PatientId,
    pub(super) title: &'a str,
    pub(super) kind: &'a Value,
    pub(super) signer: &'a Signer,
    /// `appends` or `replaces`, and which.
    pub(super) relates: Option<(&'static str, Uuid)>,
    /// Its answers.
    pub(super) response: Option<ResourceId>,
    /// Whether somebody else is to sign as well.
    pub(super) co_sign: bool,
}

/// The document type of a template.
pub(super) fn kind(template: &Template) -> Value {
    concept(&template.kind, &template.title)
}

/// The note itself.
pub(super) fn composition(head: &Head<'_>, sections: Value) -> Value {
    let mut extensions = Vec::new();
    if let Some(response) = head.response {
        let reference = json!({"reference": format!("QuestionnaireResponse/{response}")});
        extensions.push(json!({"url": format!("{EXTENSION}note-answers"), "valueReference": reference}));
    }
    if head.co_sign {
        extensions.push(json!({"url": format!("{EXTENSION}note-co-sign"), "valueBoolean": true}));
    }
    let mut composition = json!({
        "resourceType": "Composition",
        "identifier": {"system": NOTE, "value": head.id.to_string()},
        "status": "final",
        "type": head.kind,
        "subject": subject(head.patient),
        "date": head.signer.time(),
        "author": [head.signer.who()],
        "title": head.title,
        "attester": [{"mode": "legal", "time": head.signer.time(), "party": head.signer.who()}],
        "custodian": {
            "type": "Organization",
            "identifier": {"system": "https://lamplight.health/fhir/organization", "value": head.signer.slug},
            "display": head.signer.organization,
        },
        "section": sections,
    });
    if !extensions.is_empty() {
        composition["extension"] = Value::Array(extensions);
    }
    if let Some((code, of)) = head.relates {
        let target = json!({"reference": format!("Composition/{of}")});
        composition["relatesTo"] = json!([{"code": code, "targetReference": target}]);
    }
    composition
}

/// What a signature says of who signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Author,
    Beside,
}

/// A signature: who signed what, when, meaning what, over which hash.
pub(super) fn provenance(
    (note, patient): (ResourceId, PatientId),
    signer: &Signer,
    meaning: Meaning,
    hash: &[u8; 32],
    reason: Option<&str>,
) -> Value {
    // ASTM E1762-95, by way of <https://hl7.org/fhir/R4/valueset-signature-type.html>.
    let (agent, code, display) = match meaning {
        Meaning::Author => ("author", "1.2.840.10065.1.12.1.1", "Author's Signature"),
        Meaning::Beside => ("verifier", "1.2.840.10065.1.12.1.2", "Coauthor's Signature"),
    };
    let mut provenance = json!({
        "resourceType": "Provenance",
        "target": [{"reference": format!("Composition/{note}")}, {"reference": format!("Patient/{patient}")}],
        "recorded": signer.time(),
        "policy": [NOTE],
        "agent": [{
            "type": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": agent,
            }]},
            "who": signer.who(),
        }],
        "signature": [{
            "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": code, "display": display}],
            "when": signer.time(),
            "who": signer.who(),
            "targetFormat": "application/json",
            "sigFormat": "application/octet-stream",
            "data": STANDARD.encode(hash),
        }],
    });
    if let Some(reason) = reason {
        provenance["reason"] = json!([{"text": reason}]);
    }
    provenance
}

/// The hash that a signature is over, in hexadecimal digits.
pub(super) fn signed_hash(provenance: &Value) -> Option<String> {
    let data = provenance["signature"][0]["data"].as_str()?;
    STANDARD.decode(data).ok().map(|bytes| hex(&bytes))
}

/// A record to be written.
pub(super) fn record(rtype: ResourceType, id: ResourceId, value: &Value) -> New {
    New { rtype, id, body: document(value) }
}
