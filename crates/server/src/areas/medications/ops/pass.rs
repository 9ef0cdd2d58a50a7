//! What is to be given: to everyone who stays at a facility, half a day either way; and to one patient, for days.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId};
use policy::Action;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::around::{Around, Known, Whose, named, of};
use super::view::{OrderStatus, OrderView, State};
use super::{house, parsed, place_of, sees_whole};
use crate::app::App;
use crate::areas::every::Within;
use crate::areas::medications::error::Error;
use crate::areas::medications::model::Status;
use crate::areas::medications::store::House;
use crate::areas::stays::{self, Here};
use crate::http::Failure;

/// How far a pass looks back and ahead.
const HALF_DAY: SignedDuration = SignedDuration::from_hours(12);

/// A pass: who stays here, and what they are to get, half a day before and after `at`.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationPass)]
pub(in super::super) struct Pass {
    at: Timestamp,
    /// By room and name.
    residents: Vec<Resident>,
}

/// Somebody with orders.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationPassResident)]
struct Resident {
    patient: String,
    name: String,
    /// `FHIR Patient.birthDate`.
    born: Option<String>,
    room: Option<String>,
    /// Where they are who are away.
    away: Option<String>,
    /// What they are allergic to.
    allergies: Vec<String>,
    /// The facility's time zone.
    zone: String,
    orders: Vec<OrderView>,
}

/// What everyone is to get who stays within reach, or at one facility.
pub(in super::super) async fn pass(
    app: &App,
    ctx: &Ctx,
    facility: Option<FacilityId>,
) -> Result<Pass, Error> {
    sees_whole(app, ctx, Action::Search).await?;
    let now = app.world.now();
    let within = facility.map_or(Within::Reach, Within::Facility);
    // Whoever was left out would be passed by.
    let here = stays::here(app, ctx, within).await?.ok_or(chart::Error::from(db::Error::NotFound))?;
    let here: HashMap<PatientId, Here> = here.into_iter().map(|stay| (stay.patient, stay)).collect();
    let patients: Vec<PatientId> = here.keys().copied().collect();
    let mut places = app.store.facilities_of(ctx, &patients).await?;
    places.retain(|_, place| facility.is_none_or(|wanted| wanted == *place));
    let patients: Vec<PatientId> = places.keys().copied().collect();
    let whose = Whose::All(&patients);
    let mut houses: BTreeMap<i32, House> = BTreeMap::new();
    for place in places.values() {
        if let Entry::Vacant(entry) = houses.entry(place.0) {
            entry.insert(house(app, ctx, *place).await?);
        }
    }
    let place_of = |patient: &str| {
        let place = *places.get(&patient.parse().ok()?)?;
        Some((place, houses.get(&place.0)?))
    };
    let mut orders: BTreeMap<String, Vec<Known>> = BTreeMap::new();
    let current = (&[("status", "active,on-hold")][..], None);
    let mut all = Vec::new();
    for document in of(app, ctx, ResourceType::MedicationRequest, whose, current).await? {
        let body = parsed(&document.body)?;
        let subject = body["subject"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        if let Some((_, house)) = subject.and_then(place_of) {
            let known = Known::read(&document, &body, house);
            all.extend(known.filter(|known| known.order.status != Status::Other));
        }
    }
    let window = (now.saturating_sub(HALF_DAY).unwrap_or(now), now.saturating_add(HALF_DAY).unwrap_or(now));
    let around = Around::look(app, ctx, whose, &all, (window.0, now)).await?;
    for known in all {
        orders.entry(known.patient.clone()).or_default().push(known);
    }
    let ids: Vec<String> = orders.keys().cloned().collect();
    let mut people = HashMap::new();
    for document in named(app, ctx, ResourceType::Patient, &ids).await? {
        people.insert(document.id.to_string(), parsed(&document.body)?);
    }
    let mut allergies = allergies(app, ctx, whose).await?;
    let mut residents = Vec::new();
    for (patient, orders) in &orders {
        let (Some((place, house)), Some(person)) = (place_of(patient), people.get(patient)) else { continue };
        let stay = patient.parse().ok().and_then(|id: PatientId| here.get(&id));
        let views = orders.iter().map(|known| around.view(known, window, (place, house), now));
        let mut views: Vec<OrderView> = views.collect();
        views.sort_by(|a, b| a.medication.cmp(&b.medication));
        residents.push(Resident {
            patient: patient.clone(),
            name: name(person),
            born: person["birthDate"].as_str().map(str::to_owned),
            room: stay.and_then(|stay| stay.room.clone()),
            away: stay.and_then(|stay| stay.away.clone()),
            allergies: allergies.remove(patient).unwrap_or_default(),
            zone: house.zone_name.clone(),
            orders: views,
        });
    }
    residents.sort_by(|a, b| (&a.room, &a.name, &a.patient).cmp(&(&b.room, &b.name, &b.patient)));
    Ok(Pass { at: now, residents })
}

/// How many doses of a pass wait.
pub(crate) struct Waiting {
    /// They were due, and may be given.
    pub(crate) late: usize,
    /// It is too late to give them.
    pub(crate) missed: usize,
}

/// What waits at a facility, of the last half a day; nothing for who sees a part of the record.
pub(crate) async fn waiting(app: &App, ctx: &Ctx, facility: FacilityId) -> Result<Option<Waiting>, Failure> {
    if ctx.fields().is_some() {
        return Ok(None);
    }
    let pass = pass(app, ctx, Some(facility)).await?;
    let orders = pass.residents.iter().flat_map(|resident| &resident.orders);
    let mut waiting = Waiting { late: 0, missed: 0 };
    for dose in orders.flat_map(|order| &order.doses) {
        match dose.state {
            State::Late => waiting.late += 1,
            State::Missed => waiting.missed += 1,
            _ => {}
        }
    }
    Ok(Some(waiting))
}

/// What a patient was given and is to get, from a moment on.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationRecord)]
pub(in super::super) struct Mar {
    at: Timestamp,
    from: Timestamp,
    until: Timestamp,
    /// The facility's time zone.
    zone: String,
    orders: Vec<OrderView>,
}

/// The medication administration record of a patient: so many days, the last of which is tomorrow.
pub(in super::super) async fn mar(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    (from, days): (Option<jiff::civil::Date>, i8),
) -> Result<Mar, Error> {
    let place = place_of(app, ctx, Action::Search, patient).await?;
    let house = house(app, ctx, place).await?;
    let now = app.world.now();
    let today = now.to_zoned(house.zone.clone()).date();
    let back = jiff::Span::new().days(days.saturating_sub(2));
    let first = from.unwrap_or_else(|| today.saturating_sub(back));
    let last = first.saturating_add(jiff::Span::new().days(days));
    let start = |date: jiff::civil::Date| {
        date.to_zoned(house.zone.clone())
            .map(|zoned| zoned.timestamp())
            .map_err(|_| Error::coded(400, "invalid", "from: a day that there is"))
    };
    let window = (start(first)?, start(last)?);
    let whose = Whose::One(patient);
    let mut all = Vec::new();
    for document in of(app, ctx, ResourceType::MedicationRequest, whose, (&[], None)).await? {
        all.extend(Known::read(&document, &parsed(&document.body)?, &house));
    }
    let around = Around::look(app, ctx, whose, &all, (window.0, now)).await?;
    let mut orders: Vec<OrderView> = all
        .iter()
        .map(|known| around.view(known, window, (place, &house), now))
        .filter(|view| !matches!(view.status, OrderStatus::Ended) || !view.doses.is_empty())
        .collect();
    orders.sort_by(|a, b| (&a.medication, &a.order).cmp(&(&b.medication, &b.order)));
    Ok(Mar { at: now, from: window.0, until: window.1, zone: house.zone_name, orders })
}

/// What people are allergic to, by patient.
async fn allergies(app: &App, ctx: &Ctx, whose: Whose<'_>) -> Result<HashMap<String, Vec<String>>, Error> {
    const RTYPE: ResourceType = ResourceType::AllergyIntolerance;
    let found = of(app, ctx, RTYPE, whose, (&[], None)).await?;
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for document in found {
        let body = parsed(&document.body)?;
        let wrong = ["entered-in-error", "refuted"].map(Value::from);
        let over = ["inactive", "resolved"].map(Value::from);
        let is_of = |name: &str, codes: &[Value]| codes.contains(&body[name]["coding"][0]["code"]);
        let counts = !is_of("verificationStatus", &wrong) && !is_of("clinicalStatus", &over);
        let patient = body["patient"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        let (code, display) = (&body["code"]["text"], &body["code"]["coding"][0]["display"]);
        if let (true, Some(patient), Some(words)) =
            (counts, patient, code.as_str().or_else(|| display.as_str()))
        {
            all.entry(patient.to_owned()).or_default().push(words.to_owned());
        }
    }
    Ok(all)
}

/// The name of a Patient, the family's first.
fn name(person: &Value) -> String {
    let name = &person["name"][0];
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let given = given.collect::<Vec<_>>().join(" ");
    match (name["family"].as_str(), given.is_empty()) {
        (Some(family), false) => format!("{family}, {given}"),
        (Some(family), true) => family.to_owned(),
        (None, false) => given,
        (None, true) => name["text"].as_str().unwrap_or("Unnamed").to_owned(),
    }
}
