//! A signed note on paper.

use db::Ctx;
use fhir::ResourceType;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::ResourceId;
use print::{Paper, Section};
use serde_json::Value;
use uuid::Uuid;

use super::patients::said;
use super::signed::{document, load, read};
use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::model::Signature;
use crate::areas::notes::store;
use crate::http::Failure;

/// A signed note as PDF: what it says, whose it is, who signed, what was added, and whether it is as it was signed.
pub(in super::super) async fn pdf(app: &App, ctx: &Ctx, note: Uuid) -> Result<Vec<u8>, Error> {
    let patient = load(app, ctx, note).await?.patient;
    let told = read(app, ctx, note).await?;
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let (place, zone) = store::fetch_place(&tx, ctx.organization(), facility).await?;
    tx.commit().await?;
    let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
    let person = document(app, ctx, ResourceType::Patient, ResourceId(patient.0)).await?;
    let name = said(&person);
    let by = |one: &Signature| format!("{}, {}", one.by, moment(one.at, &zone));
    let mut facts = vec![
        ("Name".to_owned(), name.clone()),
        ("Born".to_owned(), person["birthDate"].as_str().unwrap_or_default().to_owned()),
        ("Record number".to_owned(), number(&person)),
        ("Facility".to_owned(), place),
        ("Signed".to_owned(), by(&told.signed)),
    ];
    facts.extend(told.co_signed.iter().map(|one| ("Also signed".to_owned(), by(one))));
    facts.retain(|(_, value)| !value.is_empty());
    let mut state = Vec::new();
    if told.replaced_by.is_some() {
        state.push("This note was replaced by a corrected one.".to_owned());
    }
    if let Some(reason) = &told.reason {
        state.push(format!("It corrects an earlier note: {reason}"));
    }
    if !told.intact {
        state.push("This note is not as it was signed.".to_owned());
    }
    let mut sections = vec![Section { title: String::new(), lines: state }];
    sections.extend(told.sections.into_iter().map(|one| Section { title: one.title, lines: one.lines }));
    sections.extend(told.addenda.into_iter().map(|one| Section {
        title: format!("Added by {}, {}", one.by, moment(one.at, &zone)),
        lines: vec![one.text],
    }));
    sections.push(Section { title: String::new(), lines: vec![format!("SHA-256 {}", told.hash)] });
    let foot = [name, number(&person), told.title.clone()];
    let foot = foot.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ");
    let author = told.signed.by;
    let paper = Paper { title: told.title, language: "en".to_owned(), author, facts, sections, foot };
    // Tens of milliseconds of drawing.
    let drawn = tokio::task::spawn_blocking(move || paper.pdf()).await;
    drawn.ok().and_then(Result::ok).ok_or_else(|| Failure::broken("a note cannot be drawn").into())
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// The number of the record, as it is told: the one that is typed as such, else the first.
fn number(person: &Value) -> String {
    let all = person["identifier"].as_array().map_or(&[][..], Vec::as_slice);
    let typed = all.iter().find(|one| one["type"]["coding"][0]["code"] == "MR").or(all.first());
    typed.and_then(|one| one["value"].as_str()).unwrap_or_default().to_owned()
}
