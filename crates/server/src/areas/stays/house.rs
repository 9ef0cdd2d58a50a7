//! Who is in a house, in which rooms, and who came and went: for other areas.

use std::collections::HashMap;

use chart::Document;
use db::Ctx;
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{FacilityId, PatientId};
use serde_json::Value;

use super::view::StayView;
use crate::app::App;
use crate::areas::every::{ANY, Within, every_in_sight};

/// Somebody who is admitted.
pub(crate) struct Here {
    pub(crate) patient: PatientId,
    /// Where they are, or what is held for them.
    pub(crate) room: Option<String>,
    /// `Location/<id>` of it, where it has one.
    pub(crate) place: Option<String>,
    /// Where they are who are away.
    pub(crate) away: Option<String>,
    pub(crate) from: Option<Timestamp>,
}

fn stay(document: Document) -> Option<StayView> {
    StayView::of(&document).filter(StayView::is_stay)
}

fn here_of(stay: StayView) -> Option<Here> {
    Some(Here {
        patient: stay.patient.parse().ok()?,
        from: stay.begun(),
        room: stay.room,
        place: stay.place,
        away: stay.away,
    })
}

/// Everyone who is admitted there; nothing where stays are out of sight.
pub(crate) async fn here(app: &App, ctx: &Ctx, within: Within) -> Result<Option<Vec<Here>>, chart::Error> {
    let read = |document| here_of(stay(document)?);
    every_in_sight(app, ctx, (within, ResourceType::Encounter), &[super::ops::CURRENT], read).await
}

/// Whoever came, went or was moved at a facility since then, in words.
pub(crate) async fn moved(
    app: &App,
    ctx: &Ctx,
    facility: FacilityId,
    since: Timestamp,
) -> Result<Vec<(PatientId, String)>, chart::Error> {
    let query = [("date", format!("ge{since}"))];
    let at = (Within::Facility(facility), ResourceType::Encounter);
    let found = every_in_sight(app, ctx, at, &query, stay).await?;
    let told = |stay: &StayView| {
        let patient = stay.patient.parse().ok()?;
        Some(stay.turns(since).into_iter().map(move |turn| (patient, turn)).collect::<Vec<_>>())
    };
    Ok(found.unwrap_or_default().iter().filter_map(told).flatten().collect())
}

/// A room, and the wing that it is in.
pub(crate) struct Room {
    /// `Location/<id>`.
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) wing: Option<String>,
}

struct Located {
    place: String,
    name: String,
    part_of: Option<String>,
    kind: String,
    house: String,
    active: bool,
}

fn located(document: &Document) -> Option<Located> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let whole: Value = serde_json::from_slice(&document.body).ok()?;
    Some(Located {
        place: format!("Location/{}", document.id),
        name: whole["name"].as_str()?.to_owned(),
        part_of: whole["partOf"]["reference"].as_str().map(str::to_owned),
        kind: text(&whole["physicalType"]["coding"][0]["code"]),
        house: text(&whole["managingOrganization"]["display"]),
        active: whole["status"] != "inactive",
    })
}

/// The rooms of a facility that are known as Locations, by the name of the house that manages them.
pub(crate) async fn rooms(
    app: &App,
    ctx: &Ctx,
    (facility, house): (FacilityId, &str),
) -> Result<Vec<Room>, chart::Error> {
    let at = (Within::Facility(facility), ResourceType::Location);
    let found = every_in_sight(app, ctx, at, ANY, |document| located(&document)).await?.unwrap_or_default();
    let by_place: HashMap<&str, &Located> = found.iter().map(|one| (one.place.as_str(), one)).collect();
    let wing = |room: &Located| {
        let mut at = room.part_of.as_deref();
        // A room is in a wing, or in a floor that is.
        for _ in 0..3 {
            let above = by_place.get(at?)?;
            if above.kind == "wi" {
                return Some(above.name.clone());
            }
            at = above.part_of.as_deref();
        }
        None
    };
    let is_room = |one: &&Located| matches!(one.kind.as_str(), "ro" | "bd") && one.active;
    let own = found.iter().filter(is_room).filter(|one| one.house == house);
    Ok(own.map(|one| Room { place: one.place.clone(), name: one.name.clone(), wing: wing(one) }).collect())
}
