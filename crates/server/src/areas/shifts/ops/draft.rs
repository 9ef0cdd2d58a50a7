//! What happened in a shift, a few lines a resident: what whoever hands over begins with.

use std::collections::BTreeMap;

use db::Ctx;
use fhir::ResourceType;
use kernel::PatientId;
use policy::Action;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::error::Error;
use super::super::model::{Line, Of, Shift, unusual};
use super::queue::{each, subject};
use super::{entered, shifts};
use crate::app::App;
use crate::areas::every::Within;
use crate::areas::notes::patient_names;
use crate::areas::stays;
use crate::areas::tasks;

/// The most of one kind that is said of a resident.
const OF_A_KIND: usize = 6;
/// The most characters of a line.
const TEXT: usize = 300;

/// What may be handed over.
#[derive(Serialize, ToSchema)]
#[schema(as = HandoverDraft)]
pub(in super::super) struct Draft {
    shift: Shift,
    /// By room; those of whom there is nothing to say come with no line.
    residents: Vec<Resident>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HandoverDraftResident)]
struct Resident {
    #[schema(value_type = String)]
    patient: PatientId,
    name: String,
    #[schema(required)]
    room: Option<String>,
    lines: Vec<Line>,
}

type Said = (PatientId, Line);

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= TEXT {
        return text;
    }
    text.chars().take(TEXT - 1).chain(std::iter::once('…')).collect()
}

fn words<'v>(values: &[&'v Value]) -> Option<&'v str> {
    values.iter().find_map(|value| value.as_str()).filter(|text| !text.trim().is_empty())
}

fn noted(whole: &Value) -> Option<Said> {
    let title = words(&[&whole["title"], &whole["type"]["text"], &whole["type"]["coding"][0]["display"]])?;
    let by = whole["author"][0]["display"].as_str().map(|by| format!(", {by}")).unwrap_or_default();
    Some((subject(whole)?, Line::new(Of::Note, short(&format!("{title}{by}")))))
}

fn measured(whole: &Value) -> Option<Said> {
    Some((subject(whole)?, Line::new(Of::Vitals, short(&unusual(whole)?))))
}

fn happened(whole: &Value) -> Option<Said> {
    let text = words(&[&whole["event"]["text"], &whole["event"]["coding"][0]["display"]])?;
    let kind = whole["event"]["coding"][0]["display"].as_str().filter(|kind| *kind != text);
    let text = kind.map_or_else(|| text.to_owned(), |kind| format!("{kind}: {text}"));
    Some((subject(whole)?, Line::new(Of::Incident, short(&text))))
}

fn ordered(whole: &Value) -> Option<Said> {
    let code = if whole["resourceType"] == "MedicationRequest" {
        &whole["medicationCodeableConcept"]
    } else {
        &whole["code"]
    };
    let text =
        words(&[&code["text"], &code["coding"][0]["display"], &whole["medicationReference"]["display"]])?;
    Some((subject(whole)?, Line::new(Of::Order, short(text))))
}

/// Of a task that was not done.
fn left(whole: &Value) -> Option<Said> {
    let text = words(&[&whole["description"], &whole["code"]["text"]])?;
    let why = whole["statusReason"]["text"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
    let patient = whole["for"]["reference"].as_str()?.strip_prefix("Patient/")?.parse().ok()?;
    Some((patient, Line::new(Of::Task, short(&format!("Not done: {text}{why}")))))
}

/// What happened in the shift that is on, or in the one before.
pub(in super::super) async fn draft(app: &App, ctx: &Ctx, code: &str, before: bool) -> Result<Draft, Error> {
    let place = entered(app, ctx, Action::LookAtShift, code).await?;
    let (on, last) = shifts(app, &place)?;
    let shift = if before { last } else { on };
    let at = place.facility;
    let within = |name| [(name, format!("ge{}", shift.from)), (name, format!("lt{}", shift.until))];
    let vitals = {
        let [from, until] = within("date");
        [("category", "vital-signs".to_owned()), from, until]
    };
    let undone = [("status", "cancelled".to_owned()), ("modified", format!("ge{}", shift.from))];
    let of = |rtype| (at, rtype);
    let (notes, dates, authored, written) =
        (within("date"), within("date"), within("authored"), within("authoredon"));
    let (here, moved, open, notes, vitals, incidents, orders, medicines, undone) = tokio::try_join!(
        stays::here(app, ctx, Within::Facility(at)),
        stays::moved(app, ctx, at, shift.from),
        tasks::open_at(app, ctx, at),
        each(app, ctx, of(ResourceType::Composition), &notes, noted),
        each(app, ctx, of(ResourceType::Observation), &vitals, measured),
        each(app, ctx, of(ResourceType::AdverseEvent), &dates, happened),
        each(app, ctx, of(ResourceType::ServiceRequest), &authored, ordered),
        each(app, ctx, of(ResourceType::MedicationRequest), &written, ordered),
        each(app, ctx, of(ResourceType::Task), &undone, left),
    )?;
    let mut lines: BTreeMap<PatientId, Vec<Line>> = BTreeMap::new();
    let found = [notes, vitals, incidents, orders, medicines, undone];
    let moved = moved.into_iter().map(|(patient, turn)| (patient, Line::new(Of::Stay, short(&turn))));
    // What has no time is nobody's news.
    let due =
        open.unwrap_or_default().into_iter().filter(|task| task.due.is_some_and(|due| due < shift.until));
    let due = due.filter_map(|task| {
        let patient = task.patient.parse().ok()?;
        Some((patient, Line::new(Of::Task, short(&format!("Open: {}", task.text)))))
    });
    for (patient, line) in found.into_iter().flatten().flatten().chain(moved).chain(due) {
        let lines = lines.entry(patient).or_default();
        let same = lines.iter().filter(|known| known.kind == line.kind).count();
        if same < OF_A_KIND && !lines.contains(&line) {
            lines.push(line);
        }
    }
    let here = here.unwrap_or_default();
    let mut patients: Vec<PatientId> = here.iter().map(|one| one.patient).collect();
    // Whoever left in the shift is spoken of as well.
    patients.extend(lines.keys().filter(|patient| !here.iter().any(|one| one.patient == **patient)));
    let names = patient_names(app, ctx, &patients).await?;
    let mut residents: Vec<Resident> = patients
        .into_iter()
        .filter_map(|patient| {
            let mut lines = lines.remove(&patient).unwrap_or_default();
            lines.sort_by_key(|line| line.kind);
            let room = here.iter().find(|one| one.patient == patient).and_then(|one| one.room.clone());
            let name = names.get(&patient)?.clone();
            Some(Resident { patient, name, room, lines })
        })
        .collect();
    // As one walks through the house; whoever has no room comes last.
    residents.sort_by(|a, b| {
        let key = |one: &Resident| (one.room.is_none(), one.room.clone());
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name)).then(a.patient.cmp(&b.patient))
    });
    Ok(Draft { shift, residents })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_happened_is_said_in_a_line() {
        let one = json!({"resourceType": "AdverseEvent", "subject": {"reference": format!("Patient/{}", uuid::Uuid::from_u128(7))},
            "event": {"coding": [{"display": "Fall"}], "text": "Slid from the chair\nbeside the bed"}});
        assert_eq!(happened(&one).unwrap().1.text, "Fall: Slid from the chair beside the bed");
        assert_eq!(short(&"x".repeat(500)).chars().count(), TEXT);
    }
}
