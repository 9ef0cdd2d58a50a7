//! What is to be given: to everyone who stays at a facility, half a day either way; and to one patient, for days.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use chart::{Document, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId};
use policy::Action;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counts::{self, Open};
use super::{Effect, Outcome, house, parsed, place_of};
use crate::app::App;
use crate::areas::medications::error::Error;
use crate::areas::medications::fhir as resources;
use crate::areas::medications::model::{EFFECT, Moment, Order, Place, Status, moment, places, texts};
use crate::areas::medications::store::{self, House};
use crate::areas::stays;

/// How far a pass looks back and ahead.
const HALF_DAY: SignedDuration = SignedDuration::from_hours(12);
/// How far back lies what limits a dose as needed.
const LIMITS: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Ids asked for at once.
const TOGETHER: usize = 100;
/// The most pages of a search.
const PAGES: usize = 20;

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
    /// What they are allergic to; null where that is not for the caller.
    allergies: Option<Vec<String>>,
    /// The facility's time zone.
    zone: String,
    orders: Vec<OrderView>,
}

/// An order and its doses.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationOrder)]
struct OrderView {
    /// The MedicationRequest.
    order: String,
    /// What putting it on hold names in `If-Match`.
    version: String,
    medication: String,
    /// The dosage in words.
    dosage: Option<String>,
    route: Option<String>,
    /// `active`, `on-hold` or `ended`.
    status: OrderStatus,
    held_because: Option<String>,
    /// Whether its times are for somebody to read: doses of it are not in the list.
    unclear: bool,
    as_needed: Option<NeededView>,
    /// What a scanner may read of its package.
    codes: Vec<String>,
    /// The sheets that it is taken from, when it is counted.
    sheets: Vec<SheetChoice>,
    doses: Vec<DoseView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MedicationOrderStatus)]
enum OrderStatus {
    Active,
    OnHold,
    Ended,
}

/// What is given as needed.
#[derive(Serialize, ToSchema)]
#[schema(as = MedicationAsNeeded)]
struct NeededView {
    reason: Option<String>,
    /// From when on it may be given.
    next: Timestamp,
}

/// A sheet of an order.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = MedicationSheetChoice)]
struct SheetChoice {
    stock: Uuid,
    place: String,
    witness_to_give: bool,
}

/// How a dose stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = DoseState)]
enum State {
    /// It may not be given yet.
    Later,
    /// It may be given, before its time.
    Early,
    Due,
    Late,
    Missed,
    /// The order is on hold.
    OnHold,
    Given,
    Refused,
    Held,
    Unavailable,
    Away,
}

/// A dose.
#[derive(Serialize, ToSchema)]
#[schema(as = DoseView)]
struct DoseView {
    /// When it is due; nothing where it was given as needed.
    due: Option<Timestamp>,
    state: State,
    /// From when on it is missed.
    missed: Option<Timestamp>,
    /// The MedicationAdministration, once there is one.
    administration: Option<String>,
    by: Option<String>,
    at: Option<Timestamp>,
    reason: Option<String>,
    /// When to look whether it helped, where nobody has.
    effect_due: Option<Timestamp>,
    effect: Option<Effect>,
}

async fn search(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    compartment: Option<PatientId>,
    query: &[(&str, &str)],
) -> Result<Vec<Document>, Error> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let mut asked: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        asked.push(("_count".to_owned(), "1000".to_owned()));
        asked.extend(cursor.take().map(|cursor| ("_cursor".to_owned(), cursor)));
        let page = app.store.search(ctx, SearchRequest { rtype, compartment, query: &asked }).await?;
        all.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// As [`search`]; nothing of a type that is out of the caller's sight.
async fn search_if_seen(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    compartment: Option<PatientId>,
    query: &[(&str, &str)],
) -> Result<Option<Vec<Document>>, Error> {
    if !chart::has_type(ctx, rtype) {
        return Ok(None);
    }
    search(app, ctx, rtype, compartment, query).await.map(Some)
}

/// Those of these ids that there are.
async fn named(app: &App, ctx: &Ctx, rtype: ResourceType, ids: &[String]) -> Result<Vec<Document>, Error> {
    let mut all = Vec::new();
    for some in ids.chunks(TOGETHER) {
        all.extend(search(app, ctx, rtype, None, &[("_id", &some.join(","))]).await?);
    }
    Ok(all)
}

/// An order that was read.
struct Known {
    id: String,
    version: String,
    patient: String,
    order: Order,
    since: Timestamp,
}

fn known(document: &Document, house: &House) -> Option<Known> {
    let body: Value = serde_json::from_slice(&document.body).ok()?;
    let order = Order::read(&body, document.updated_at, &house.zone)?;
    let tag = document.tag.clone().unwrap_or_else(|| document.version.to_string());
    Some(Known {
        id: document.id.to_string(),
        version: format!("W/\"{tag}\""),
        patient: order.patient.clone(),
        order,
        since: document.updated_at,
    })
}

/// Everything that is known around orders.
struct Around {
    /// Rows of doses, and what their records say, by order.
    doses: HashMap<String, Vec<(store::Dose, resources::Read)>>,
    /// Names and codes of Medications.
    medications: HashMap<String, (Option<String>, Vec<String>)>,
    sheets: Vec<Open>,
}

async fn around(app: &App, ctx: &Ctx, orders: &[Known], since: Timestamp) -> Result<Around, Error> {
    let ids: Vec<Uuid> = orders.iter().filter_map(|known| known.id.parse().ok()).collect();
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_of(&tx, ctx.organization(), &ids, since).await?;
    drop(tx);
    let records: Vec<String> = rows.iter().map(|row| row.administration.to_string()).collect();
    let mut read: HashMap<String, resources::Read> = HashMap::new();
    if chart::has_type(ctx, ResourceType::MedicationAdministration) {
        for document in named(app, ctx, ResourceType::MedicationAdministration, &records).await? {
            read.insert(document.id.to_string(), resources::read(&parsed(&document.body)?));
        }
    }
    let mut doses: HashMap<String, Vec<_>> = HashMap::new();
    for row in rows {
        if let Some(record) = read.remove(&row.administration.to_string()) {
            doses.entry(row.order.to_string()).or_default().push((row, record));
        }
    }
    let mut references: Vec<String> =
        orders.iter().filter_map(|known| known.order.medication.reference.clone()).collect();
    references.sort_unstable();
    references.dedup();
    let mut medications = HashMap::new();
    for document in named(app, ctx, ResourceType::Medication, &references).await? {
        medications.insert(document.id.to_string(), texts(&parsed(&document.body)?));
    }
    Ok(Around { doses, medications, sheets: counts::open_all(app, ctx, None).await? })
}

impl Around {
    fn of(&self, known: &Known) -> &[(store::Dose, resources::Read)] {
        self.doses.get(&known.id).map_or(&[], Vec::as_slice)
    }

    /// An order, with its doses of a window.
    fn view(
        &self,
        known: &Known,
        (from, until): (Timestamp, Timestamp),
        (facility, house): (FacilityId, &House),
        now: Timestamp,
    ) -> OrderView {
        let order = &known.order;
        let (mut medication, mut codes) = (order.medication.name.clone(), order.medication.codes.clone());
        if let Some((name, more)) =
            order.medication.reference.as_ref().and_then(|id| self.medications.get(id))
        {
            if let Some(name) = name.as_ref().filter(|_| medication.is_empty()) {
                medication.clone_from(name);
            }
            codes.extend(more.iter().cloned());
        }
        let rows = self.of(known);
        let mut doses: Vec<DoseView> = Vec::new();
        let inside = |at: Timestamp| from <= at && at < until;
        for (row, record) in rows.iter().filter(|(row, _)| inside(row.due.unwrap_or(row.given))) {
            doses.extend(recorded(row, record));
        }
        if order.status != Status::Other {
            for place in places(&order.plans, (from, until), &house.zone) {
                if !rows.iter().any(|(row, _)| row.due == Some(place.due)) {
                    doses.push(waiting(place, known, now));
                }
            }
        }
        doses.sort_by_key(|dose| dose.due.or(dose.at));
        let given: Vec<Timestamp> =
            rows.iter().filter(|(row, _)| row.due.is_none()).map(|(row, _)| row.given).collect();
        let as_needed = order
            .prn
            .as_ref()
            .map(|prn| NeededView { reason: prn.reason.clone(), next: prn.next(&given, now) });
        let choice = |(stock, place, witness_to_give)| SheetChoice { stock, place, witness_to_give };
        let sheets = counts::fitting(&self.sheets, facility, &codes).into_iter().map(choice).collect();
        OrderView {
            order: known.id.clone(),
            version: known.version.clone(),
            medication,
            dosage: order.dosage.clone(),
            route: order.route.clone(),
            status: match order.status {
                Status::Active => OrderStatus::Active,
                Status::OnHold => OrderStatus::OnHold,
                Status::Other => OrderStatus::Ended,
            },
            held_because: order.held_because.clone().filter(|_| order.status == Status::OnHold),
            unclear: order.unclear,
            as_needed,
            codes,
            sheets,
            doses,
        }
    }
}

fn recorded(row: &store::Dose, record: &resources::Read) -> Option<DoseView> {
    let outcome = record.outcome?;
    let given = outcome == Outcome::Given;
    let looks = given && row.due.is_none() && record.effect.is_none();
    Some(DoseView {
        due: row.due,
        state: match outcome {
            Outcome::Given => State::Given,
            Outcome::Refused => State::Refused,
            Outcome::Held => State::Held,
            Outcome::Unavailable => State::Unavailable,
            Outcome::Away => State::Away,
        },
        missed: None,
        administration: Some(row.administration.to_string()),
        by: Some(row.by.1.clone()),
        at: record.at.or(Some(row.given)),
        reason: record.reason.clone(),
        effect_due: row.given.checked_add(EFFECT).ok().filter(|_| looks),
        effect: record.effect,
    })
}

fn waiting(place: Place, known: &Known, now: Timestamp) -> DoseView {
    // What was due before it was put on hold was missed, not held.
    let state = if known.order.status == Status::OnHold && place.missed > known.since {
        State::OnHold
    } else {
        match moment(place, now) {
            Moment::Later => State::Later,
            Moment::Early => State::Early,
            Moment::Due => State::Due,
            Moment::Late => State::Late,
            Moment::Missed => State::Missed,
        }
    };
    DoseView {
        due: Some(place.due),
        state,
        missed: Some(place.missed),
        administration: None,
        by: None,
        at: None,
        reason: None,
        effect_due: None,
        effect: None,
    }
}

/// What everyone is to get who stays within reach, or at one facility.
pub(in super::super) async fn pass(
    app: &App,
    ctx: &Ctx,
    facility: Option<FacilityId>,
) -> Result<Pass, Error> {
    let now = app.world.now();
    let here = stays::present(app, ctx).await?;
    let patients: Vec<PatientId> = here.keys().copied().collect();
    let mut places = app.store.facilities_of(ctx, &patients).await?;
    places.retain(|_, place| facility.is_none_or(|wanted| wanted == *place));
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
    let active =
        search(app, ctx, ResourceType::MedicationRequest, None, &[("status", "active,on-hold")]).await?;
    let mut all = Vec::new();
    for document in &active {
        let body: Value = serde_json::from_slice(&document.body).unwrap_or_default();
        let subject = body["subject"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        if let Some((_, house)) = subject.and_then(place_of) {
            all.extend(known(document, house).filter(|known| known.order.status != Status::Other));
        }
    }
    let around = around(app, ctx, &all, now.saturating_sub(LIMITS).unwrap_or(now)).await?;
    for known in all {
        orders.entry(known.patient.clone()).or_default().push(known);
    }
    let ids: Vec<String> = orders.keys().cloned().collect();
    let mut people = HashMap::new();
    for document in named(app, ctx, ResourceType::Patient, &ids).await? {
        people.insert(document.id.to_string(), parsed(&document.body)?);
    }
    let mut allergies = allergies(app, ctx, None).await?;
    let window = (now.saturating_sub(HALF_DAY).unwrap_or(now), now.saturating_add(HALF_DAY).unwrap_or(now));
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
            allergies: allergies.as_mut().map(|all| all.remove(patient).unwrap_or_default()),
            zone: house.zone_name.clone(),
            orders: views,
        });
    }
    residents.sort_by(|a, b| (&a.room, &a.name, &a.patient).cmp(&(&b.room, &b.name, &b.patient)));
    Ok(Pass { at: now, residents })
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
    let found = search(app, ctx, ResourceType::MedicationRequest, Some(patient), &[]).await?;
    let all: Vec<Known> = found.iter().filter_map(|document| known(document, &house)).collect();
    let since = window.0.min(now.saturating_sub(LIMITS).unwrap_or(now));
    let around = around(app, ctx, &all, since).await?;
    let mut orders: Vec<OrderView> = all
        .iter()
        .map(|known| around.view(known, window, (place, &house), now))
        .filter(|view| !matches!(view.status, OrderStatus::Ended) || !view.doses.is_empty())
        .collect();
    orders.sort_by(|a, b| (&a.medication, &a.order).cmp(&(&b.medication, &b.order)));
    Ok(Mar { at: now, from: window.0, until: window.1, zone: house.zone_name, orders })
}

/// What people are allergic to, by patient; nothing where that is out of the caller's sight.
async fn allergies(
    app: &App,
    ctx: &Ctx,
    patient: Option<PatientId>,
) -> Result<Option<HashMap<String, Vec<String>>>, Error> {
    const RTYPE: ResourceType = ResourceType::AllergyIntolerance;
    let Some(found) = search_if_seen(app, ctx, RTYPE, patient, &[("clinical-status", "active")]).await?
    else {
        return Ok(None);
    };
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for document in found {
        let body = parsed(&document.body)?;
        let entered_wrongly = body["verificationStatus"]["coding"][0]["code"] == "entered-in-error";
        let patient = body["patient"]["reference"].as_str().and_then(|text| text.strip_prefix("Patient/"));
        let (code, display) = (&body["code"]["text"], &body["code"]["coding"][0]["display"]);
        if let (false, Some(patient), Some(words)) =
            (entered_wrongly, patient, code.as_str().or_else(|| display.as_str()))
        {
            all.entry(patient.to_owned()).or_default().push(words.to_owned());
        }
    }
    Ok(Some(all))
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
