//! What is known around orders: what became of their doses, at a pass or elsewhere, and from where they are taken.

use std::collections::{HashMap, HashSet};

use chart::Document;
use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId};
use policy::Permission;
use serde_json::Value;
use uuid::Uuid;

use super::counts::{self, Open};
use super::view::{DoseView, NeededView, OrderStatus, OrderView, SheetChoice};
use super::{Outcome, parsed};
use crate::app::App;
use crate::areas::every::{Within, every};
use crate::areas::medications::error::Error;
use crate::areas::medications::fhir as resources;
use crate::areas::medications::model::{EARLY, MISSED, Order, Status, places, taken, texts};
use crate::areas::medications::store::{self, House};

/// How far back lies what limits a dose as needed.
const LIMITS: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Ids asked for at once.
const TOGETHER: usize = 100;

/// Whose records are looked at.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// One patient's.
    One(PatientId),
    /// Those of all these.
    All(&'a [PatientId]),
}

/// The records of a type of these patients, sensitive ones among them; nothing of what is out of the caller's sight.
pub(super) async fn of(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    whose: Whose<'_>,
    (query, since): (&[(&str, &str)], Option<Timestamp>),
) -> Result<Vec<Document>, Error> {
    if !chart::has_type(ctx, rtype) || !chart::has_compartment(ctx, rtype) {
        return Ok(Vec::new());
    }
    match whose {
        Whose::One(patient) => Ok(every(app, ctx, (Within::Patient(patient), rtype), query, Some).await?),
        Whose::All(patients) => {
            let mut all = every(app, ctx, (Within::Reach, rtype), query, Some).await?;
            all.extend(app.store.list_sensitive(ctx, rtype, patients, since).await?);
            Ok(all)
        }
    }
}

/// Those of these ids that there are.
pub(super) async fn named(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    ids: &[String],
) -> Result<Vec<Document>, Error> {
    let mut all = Vec::new();
    for some in ids.chunks(TOGETHER) {
        all.extend(every(app, ctx, (Within::Reach, rtype), &[("_id", some.join(","))], Some).await?);
    }
    Ok(all)
}

/// An order that was read.
pub(super) struct Known {
    pub(super) id: String,
    version: String,
    pub(super) patient: String,
    pub(super) order: Order,
    since: Timestamp,
}

impl Known {
    pub(super) fn read(document: &Document, body: &Value, house: &House) -> Option<Self> {
        let order = Order::read(body, document.updated_at, &house.zone)?;
        let tag = document.tag.clone().unwrap_or_else(|| document.version.to_string());
        Some(Self {
            id: document.id.to_string(),
            version: format!("W/\"{tag}\""),
            patient: order.patient.clone(),
            order,
            since: document.updated_at,
        })
    }
}

/// What became of the doses of an order.
#[derive(Default)]
struct History {
    rows: Vec<store::Dose>,
    /// Records that no row is of: of other programs; and all of them for whoever sees a part of the record.
    loose: Vec<(String, resources::Read)>,
}

/// Everything that is known around orders.
pub(super) struct Around {
    /// By order.
    history: HashMap<String, History>,
    /// What records of rows say, by their ids.
    records: HashMap<String, resources::Read>,
    /// Names and codes of Medications.
    medications: HashMap<String, (Option<String>, Vec<String>)>,
    sheets: Vec<Open>,
    /// Whether the caller sees all of what became of doses. Who sees a part is not told what was missed: it may be hidden.
    whole: bool,
}

/// How far before a window something was given, or recorded elsewhere, that is a dose of it.
fn before(from: Timestamp) -> Timestamp {
    from.saturating_sub(MISSED).and_then(|from| from.saturating_sub(EARLY)).unwrap_or(from)
}

impl Around {
    /// Around these orders, from the beginning of a window on.
    pub(super) async fn look(
        app: &App,
        ctx: &Ctx,
        whose: Whose<'_>,
        orders: &[Known],
        (from, now): (Timestamp, Timestamp),
    ) -> Result<Self, Error> {
        const RTYPE: ResourceType = ResourceType::MedicationAdministration;
        let since = before(from);
        let whole = ctx.fields().is_none();
        let mut history: HashMap<String, History> = HashMap::new();
        let mut own = HashSet::new();
        // A row tells when and by whom, which may be hidden in its record.
        if whole {
            let ids: Vec<Uuid> = orders.iter().filter_map(|known| known.id.parse().ok()).collect();
            let needed = since.min(now.saturating_sub(LIMITS).unwrap_or(now));
            let tx = app.store.db().begin(ctx).await?;
            let rows = store::list_of(&tx, ctx.organization(), &ids, (since, needed)).await?;
            drop(tx);
            for row in rows {
                own.insert(row.administration.to_string());
                history.entry(row.order.to_string()).or_default().rows.push(row);
            }
        }
        let at_least = format!("ge{since}");
        let query = [("effective-time", at_least.as_str())];
        let found = of(app, ctx, RTYPE, whose, (if whole { &query } else { &[] }, Some(since))).await?;
        let mut records = HashMap::new();
        for document in found {
            let (id, read) = (document.id.to_string(), resources::read(&parsed(&document.body)?));
            if own.contains(&id) {
                records.insert(id, read);
            } else if let Some(order) = &read.order {
                history.entry(order.clone()).or_default().loose.push((id, read));
            }
        }
        let rows = history.values().flat_map(|history| &history.rows);
        let shown = rows.filter(|row| row.due.unwrap_or(row.given) >= from);
        let ids: Vec<String> = shown.map(|row| row.administration.to_string()).collect();
        let missing: Vec<String> = ids.into_iter().filter(|id| !records.contains_key(id)).collect();
        for document in named(app, ctx, RTYPE, &missing).await? {
            records.insert(document.id.to_string(), resources::read(&parsed(&document.body)?));
        }
        let mut references: Vec<String> =
            orders.iter().filter_map(|known| known.order.medication.reference.clone()).collect();
        references.sort_unstable();
        references.dedup();
        let mut medications = HashMap::new();
        if chart::has_type(ctx, ResourceType::Medication) {
            for document in named(app, ctx, ResourceType::Medication, &references).await? {
                medications.insert(document.id.to_string(), texts(&parsed(&document.body)?));
            }
        }
        let gives = whole && ctx.grants().permissions.contains(Permission::MedicationsGive);
        let sheets = if gives { counts::open_all(app, ctx, None).await? } else { Vec::new() };
        Ok(Self { history, records, medications, sheets, whole })
    }

    /// An order, with its doses of a window.
    pub(super) fn view(
        &self,
        known: &Known,
        window: (Timestamp, Timestamp),
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
        let (doses, needed) = self.doses(known, window, house, now);
        let as_needed = order
            .prn
            .as_ref()
            .filter(|_| self.whole)
            .map(|prn| NeededView { reason: prn.reason.clone(), next: prn.next(&needed, now) });
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

    /// The doses of a window; and when it was given as needed, before it too.
    fn doses(
        &self,
        known: &Known,
        (from, until): (Timestamp, Timestamp),
        house: &House,
        now: Timestamp,
    ) -> (Vec<DoseView>, Vec<Timestamp>) {
        let order = &known.order;
        let nothing = History::default();
        let history = self.history.get(&known.id).unwrap_or(&nothing);
        let inside = |at: Timestamp| from <= at && at < until;
        let all = places(&order.plans, (before(from), until), &house.zone);
        let mut free = all.clone();
        let (mut doses, mut needed) = (Vec::new(), Vec::new());
        for row in &history.rows {
            free.retain(|place| row.due != Some(place.due));
            needed.extend(Some(row.given).filter(|_| row.due.is_none()));
            if let Some(record) = self.records.get(&row.administration.to_string())
                && inside(row.due.unwrap_or(row.given))
            {
                doses.extend(DoseView::recorded(row, record));
            }
        }
        let mut loose: Vec<_> = history.loose.iter().filter(|(_, read)| read.outcome.is_some()).collect();
        loose.sort_by_key(|(_, read)| read.at);
        for (id, read) in loose {
            let due = read.due.or_else(|| Some(taken(&all, read.at?)?.due));
            let given = read.outcome == Some(Outcome::Given);
            needed.extend(read.at.filter(|_| due.is_none() && given));
            // Of two of one place the second is there besides: it is no dose of another.
            let due = due.filter(|due| free.iter().any(|place| place.due == *due));
            free.retain(|place| due != Some(place.due));
            if due.or(read.at).is_some_and(inside) {
                doses.extend(DoseView::found(id, read, due));
            }
        }
        if order.status != Status::Other && self.whole {
            let held = (order.status == Status::OnHold).then_some(known.since);
            let waiting = free.into_iter().filter(|place| inside(place.due));
            doses.extend(waiting.map(|place| DoseView::waiting(place, held, now)));
        }
        doses.sort_by_key(|dose| dose.due.or(dose.at));
        (doses, needed)
    }
}
