//! Snapshots: the newest vital signs and the active medications, read as whoever writes the note may read them.

use chart::{Document, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{DataClass, PatientId};
use policy::Action;
use serde_json::Value;
use uuid::Uuid;

use super::drafts::{Edit, Found, edit, fetch, find, show};
use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::model::{Draft, Snapshot, SnapshotEntry, Snapshots};

/// The most lines of a snapshot.
const MOST: usize = 100;

/// `true` takes one, null takes it away, anything else leaves it.
type Take = Option<Option<bool>>;

/// Takes snapshots into a version of a draft.
pub(in super::super) async fn take(
    app: &App,
    ctx: &Ctx,
    (draft, version): (Uuid, i32),
    (vitals, medications): (Take, Take),
) -> Result<Draft, Error> {
    let found = find(app, ctx, Action::WriteDraft, draft).await?;
    if found.row.version != version {
        return Err(Error::Changed(Box::new(show(app, ctx, found).await?)));
    }
    let Found { row, kept } = found;
    let mut snapshots = Snapshots::default();
    kept.matches(|kept| {
        snapshots.clone_from(&kept.snapshots);
        true
    });
    match vitals {
        Some(Some(true)) => snapshots.vitals = Some(signs(app, ctx, row.patient).await?),
        Some(None) => snapshots.vitals = None,
        _ => {}
    }
    match medications {
        Some(Some(true)) => snapshots.medications = Some(taken(app, ctx, row.patient).await?),
        Some(None) => snapshots.medications = None,
        _ => {}
    }
    edit(app, ctx, (draft, version), Edit::Snapshots(snapshots)).await?;
    fetch(app, ctx, draft).await
}

/// What a search finds, of the general class: a note is read by more people than the others are.
async fn search(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    patient: PatientId,
    query: &[(&str, &str)],
) -> Result<Vec<(Document, Value)>, Error> {
    let query: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = SearchRequest { rtype, compartment: Some(patient), query: &query };
    let found = app.store.search(ctx, request).await?.entries.into_iter();
    let general = found.filter(|document| document.class == DataClass::General);
    Ok(general
        .map(|document| {
            let value = serde_json::from_slice(&document.body).unwrap_or_default();
            (document, value)
        })
        .collect())
}

/// The newest of each kind of vital sign.
async fn signs(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Snapshot, Error> {
    let query = [("category", "vital-signs"), ("_sort", "-date"), ("_count", "100")];
    let found = search(app, ctx, ResourceType::Observation, patient, &query).await?;
    let mut seen: Vec<String> = Vec::new();
    let mut entries = Vec::new();
    for (document, observation) in found {
        let status = observation["status"].as_str().unwrap_or_default();
        let code = observation["code"]["coding"][0]["code"].as_str().unwrap_or_default().to_owned();
        if !matches!(status, "final" | "amended" | "corrected" | "preliminary") || seen.contains(&code) {
            continue;
        }
        let Some(value) = value(&observation) else { continue };
        seen.push(code);
        entries.push(SnapshotEntry {
            text: words(&observation["code"]),
            value: Some(value),
            at: time(&observation["effectiveDateTime"]),
            reference: format!("Observation/{}", document.id),
        });
    }
    Ok(snapshot(app, entries))
}

/// What is taken: orders and statements that are active.
async fn taken(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Snapshot, Error> {
    let query = [("status", "active"), ("_count", "100")];
    let mut entries = Vec::new();
    for rtype in [ResourceType::MedicationRequest, ResourceType::MedicationStatement] {
        for (document, order) in search(app, ctx, rtype, patient, &query).await? {
            let dosage =
                if rtype == ResourceType::MedicationRequest { "dosageInstruction" } else { "dosage" };
            let name = match &order["medicationCodeableConcept"] {
                Value::Null => {
                    order["medicationReference"]["display"].as_str().unwrap_or("Medication").to_owned()
                }
                concept => words(concept),
            };
            let at = time(&order["authoredOn"]).or_else(|| time(&order["dateAsserted"]));
            entries.push(SnapshotEntry {
                text: name,
                value: order[dosage][0]["text"].as_str().map(str::to_owned),
                at,
                reference: format!("{rtype}/{}", document.id),
            });
        }
    }
    entries.sort_by(|a, b| (&a.text, &a.reference).cmp(&(&b.text, &b.reference)));
    Ok(snapshot(app, entries))
}

fn snapshot(app: &App, mut entries: Vec<SnapshotEntry>) -> Snapshot {
    entries.truncate(MOST);
    for entry in &mut entries {
        short(&mut entry.text, 200);
        if let Some(value) = &mut entry.value {
            short(value, 500);
        }
    }
    Snapshot { taken_at: app.world.now(), entries }
}

fn short(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
        text.push('…');
    }
}

fn words(concept: &Value) -> String {
    let text = concept["text"].as_str().or_else(|| concept["coding"][0]["display"].as_str());
    text.or_else(|| concept["coding"][0]["code"].as_str()).unwrap_or("Unnamed").to_owned()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// What was measured, in words; the parts of a panel one after the other.
fn value(observation: &Value) -> Option<String> {
    if let Some(parts) = observation["component"].as_array() {
        let told: Vec<String> = parts
            .iter()
            .filter_map(|part| Some(format!("{} {}", words(&part["code"]), value(part)?)))
            .collect();
        if !told.is_empty() {
            return Some(told.join(", "));
        }
    }
    if let Some(number) = observation["valueQuantity"]["value"].as_number() {
        let unit = observation["valueQuantity"]["unit"].as_str().unwrap_or_default();
        return Some(format!("{number} {unit}").trim_end().to_owned());
    }
    if let Some(number) = observation["valueInteger"].as_i64() {
        return Some(number.to_string());
    }
    let concept = &observation["valueCodeableConcept"];
    if concept.is_object() {
        return Some(words(concept));
    }
    observation["valueString"].as_str().map(str::to_owned)
}
