//! Recording a dose, once. The request's id is the device's own: sent again it is answered as before. The place of the dose
//! is taken by the row that is there first.

use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counts::{self, Taken};
use super::{DoseResult, Outcome, Told, event, house, id, parsed, patient_of, place_of, said, sees_whole};
use crate::app::App;
use crate::areas::every::{Within, every};
use crate::areas::medications::error::Error;
use crate::areas::medications::fhir::{self as resources, Recorder};
use crate::areas::medications::model::{Moment, Order, Refusal, Status, fits, moment, texts};
use crate::areas::medications::store::{self, House};
use crate::http::Failure;

const ACTION: Action = Action::GiveMedication;
/// How far ahead of ours a device's clock may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// How long a device may be away.
const BEHIND: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Two days on either side: no limit as needed looks farther.
const AROUND: SignedDuration = SignedDuration::from_hours(15 * 24);
/// How often it is tried where the order or the patient's place changes meanwhile.
const TRIES: usize = 3;

/// A dose, as a device sends it.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Dose)]
pub(in super::super) struct Dose {
    /// The device's own id of it: the same dose is sent with the same id until it is answered.
    pub(in super::super) request: Uuid,
    /// The Patient.
    pub(in super::super) patient: Uuid,
    /// The MedicationRequest.
    pub(in super::super) order: Uuid,
    /// When it was due; nothing where it is given as needed.
    #[serde(default)]
    pub(in super::super) due: Option<Timestamp>,
    /// When it was given, or not.
    pub(in super::super) at: Timestamp,
    pub(in super::super) outcome: Outcome,
    /// Why it was not given, or what it was given for: 1 to 500 characters.
    #[serde(default)]
    pub(in super::super) reason: Option<String>,
    /// What a scanner read of the package.
    #[serde(default)]
    pub(in super::super) scanned: Option<String>,
    /// Why it was given although it was too early, too late, too soon after another, or the order does not stand.
    #[serde(default)]
    pub(in super::super) despite: Option<String>,
    /// The sheet that it was taken from.
    #[serde(default)]
    pub(in super::super) stock: Option<Uuid>,
    /// How much was taken, in thousandths of what the sheet counts; what is ordered, when nothing is said.
    #[serde(default)]
    pub(in super::super) amount: Option<i64>,
    /// The entry of the sheet that a second person confirmed.
    #[serde(default)]
    pub(in super::super) witnessed: Option<Uuid>,
}

/// Records a dose.
pub(in super::super) async fn give(app: &App, ctx: &Ctx, dose: &Dose) -> Result<Told, Error> {
    sees_whole(app, ctx, ACTION).await?;
    let digest = digest(app, ctx, dose).await?;
    if let Some(told) = before(app, ctx, dose, &digest).await? {
        return Ok(told);
    }
    for _ in 1..TRIES {
        match give_once(app, ctx, dose, &digest).await {
            // The order was changed, or the patient moved, meanwhile.
            Err(Error::Failure(failure)) if failure.is_conflict() => {}
            done => return done,
        }
    }
    give_once(app, ctx, dose, &digest).await
}

async fn digest(app: &App, ctx: &Ctx, dose: &Dose) -> Result<[u8; 32], Error> {
    let sent = serde_json::to_vec(dose).map_err(|_| db::Error::Stored("a dose has no JSON"))?;
    Ok(app.store.db().vault(ctx).await?.index("dose", &sent))
}

/// What was answered before, when this request was recorded.
async fn before(app: &App, ctx: &Ctx, dose: &Dose, digest: &[u8]) -> Result<Option<Told>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find_request(&tx, ctx.organization(), dose.request).await?;
    drop(tx);
    let Some(row) = found else { return Ok(None) };
    if row.digest != digest || row.by.0 != ctx.membership() {
        return Err(Error::coded(422, "request-used", "the id of the request was used for another dose"));
    }
    let again = event(ACTION, row.facility, row.patient, format!("request {} again", dose.request));
    app.store.db().record(ctx, again).await?;
    Ok(Some(told(DoseResult::Same, dose.request, &row, Some(dose.outcome))))
}

fn told(result: DoseResult, request: Uuid, row: &store::Dose, outcome: Option<Outcome>) -> Told {
    Told {
        administration: Some(row.administration.0),
        outcome,
        by: Some(row.by.1.clone()),
        at: Some(row.given),
        recorded: Some(row.recorded),
        ..Told::of(request, result)
    }
}

/// Who was there first.
async fn taken(app: &App, ctx: &Ctx, dose: &Dose) -> Result<Told, Error> {
    let due = dose.due.ok_or(db::Error::Conflict)?;
    let tx = app.store.db().begin(ctx).await?;
    let row = store::find_place(&tx, ctx.organization(), id(dose.order), due).await?;
    drop(tx);
    let row = row.ok_or(db::Error::Conflict)?;
    let record = app.store.read(ctx, ResourceType::MedicationAdministration, row.administration).await?;
    let outcome = resources::read(&parsed(&record.body)?).outcome;
    Err(Error::Taken(Box::new(told(DoseResult::Conflict, dose.request, &row, outcome))))
}

/// An order as it stands, and where it is.
struct Standing {
    version: Version,
    class: DataClass,
    body: Value,
    order: Order,
    facility: FacilityId,
    house: House,
}

async fn standing(app: &App, ctx: &Ctx, dose: &Dose) -> Result<Standing, Error> {
    let facility = place_of(app, ctx, ACTION, PatientId(dose.patient)).await?;
    let house = house(app, ctx, facility).await?;
    let found = app.store.read(ctx, ResourceType::MedicationRequest, id(dose.order)).await?;
    let body = parsed(&found.body)?;
    let order = Order::read(&body, found.updated_at, &house.zone).ok_or_else(Failure::unlisted)?;
    if patient_of(&order.patient)? != PatientId(dose.patient) {
        return Err(Failure::unlisted().into());
    }
    Ok(Standing { version: found.version, class: found.class, body, order, facility, house })
}

/// The codes of what is ordered, its Medication's among them.
async fn codes(app: &App, ctx: &Ctx, order: &Order) -> Result<Vec<String>, Error> {
    let mut codes = order.medication.codes.clone();
    if let Some(id) = order.medication.reference.as_deref().and_then(|id| id.parse().ok()) {
        match app.store.read(ctx, ResourceType::Medication, ResourceId(id)).await {
            Ok(found) => codes.extend(texts(&parsed(&found.body)?).1),
            Err(chart::Error::Db(db::Error::NotFound) | chart::Error::Gone(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(codes)
}

/// Whether a dose may be recorded, as far as that does not depend on others.
fn check(dose: &Dose, standing: &Standing, now: Timestamp) -> Result<(), Error> {
    let order = &standing.order;
    if dose.at > now.saturating_add(AHEAD).unwrap_or(now) {
        return Err(Error::invalid("at: in the future"));
    }
    if dose.at < now.saturating_sub(BEHIND).unwrap_or(now) {
        return Err(Error::invalid("at: more than a week ago"));
    }
    let given = dose.outcome == Outcome::Given;
    let despite = dose.despite.as_deref().map(said).transpose()?.is_some();
    let reason = dose.reason.as_deref().map(said).transpose()?.is_some();
    if !reason
        && (!given || (dose.due.is_none() && order.prn.as_ref().is_none_or(|prn| prn.reason.is_none())))
    {
        return Err(Error::coded(422, "reason-needed", "say why"));
    }
    let stands = order.status == Status::Active || (order.status == Status::OnHold && !given);
    if !stands && !despite {
        let (code, words) = match order.status {
            Status::OnHold => ("order-held", "the order is on hold"),
            _ => ("order-ended", "the order does not stand any more"),
        };
        return Err(Error::coded(409, code, words));
    }
    let Some(due) = dose.due else {
        if given && order.prn.is_some() && !order.is_needed_at(dose.at) && !despite {
            return Err(Error::coded(409, "order-ended", "the order does not stand any more"));
        }
        return match (given, &order.prn) {
            (false, _) => Err(Error::invalid("outcome: what is given as needed is given")),
            (true, None) if !despite => {
                Err(Error::coded(422, "not-as-needed", "the order has its times; say which dose it is"))
            }
            _ => Ok(()),
        };
    };
    let Some(place) = order.has(due, &standing.house.zone) else {
        return Err(Error::coded(422, "no-such-dose", "the order has no dose at this time"));
    };
    match moment(place, dose.at) {
        Moment::Later if !despite => {
            let from = due.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(due);
            Err(Error::Limited("too-early", "it is too early for this dose", from))
        }
        Moment::Missed if given && !despite => Err(Error::coded(
            409,
            "dose-missed",
            "the dose was missed, and the next is due; say why it was given",
        )),
        _ => Ok(()),
    }
}

/// What other programs recorded of the order around this dose. It takes no place; who looked is told of it.
async fn elsewhere(app: &App, ctx: &Ctx, dose: &Dose) -> Result<Vec<(Uuid, resources::Read)>, Error> {
    let at = (Within::Patient(PatientId(dose.patient)), ResourceType::MedicationAdministration);
    let from = dose.at.saturating_sub(AROUND).unwrap_or(dose.at);
    let (order, since) = (format!("MedicationRequest/{}", id(dose.order)), format!("ge{from}"));
    let query = [("request", order.as_str()), ("effective-time", since.as_str())];
    let found = every(app, ctx, at, &query, Some).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_of(&tx, ctx.organization(), &[dose.order], (Timestamp::UNIX_EPOCH, from)).await?;
    drop(tx);
    let mut others = Vec::new();
    for document in found {
        if !rows.iter().any(|row| row.administration == document.id) {
            others.push((document.id.0, resources::read(&parsed(&document.body)?)));
        }
    }
    others.retain(|(_, read)| read.outcome.is_some());
    Ok(others)
}

/// When others gave it as needed; or that they gave this very dose.
fn needed_elsewhere(
    dose: &Dose,
    standing: &Standing,
    others: &[(Uuid, resources::Read)],
) -> Result<Vec<Timestamp>, Error> {
    let order = &standing.order;
    let mut needed = Vec::new();
    for (administration, read) in others {
        let Some(at) = read.at else { continue };
        let place = order.place_at(at, &standing.house.zone).map(|place| place.due);
        if place.is_none() && read.outcome == Some(Outcome::Given) {
            needed.push(at);
        }
        if place.is_some() && place == dose.due {
            return Err(Error::Taken(Box::new(Told {
                administration: Some(*administration),
                outcome: read.outcome,
                by: read.by.clone(),
                at: Some(at),
                ..Told::of(dose.request, DoseResult::Conflict)
            })));
        }
    }
    Ok(needed)
}

async fn give_once(app: &App, ctx: &Ctx, dose: &Dose, digest: &[u8; 32]) -> Result<Told, Error> {
    let db = app.store.db();
    let now = app.world.now();
    let standing = standing(app, ctx, dose).await?;
    let target = Target { facility: Some(standing.facility), class: Some(standing.class) };
    db.authorize(ctx, ACTION, target).await?;
    check(dose, &standing, now)?;
    let given = dose.outcome == Outcome::Given;
    // Whoever says why gives it whatever others did.
    let others = if given && dose.despite.is_none() { elsewhere(app, ctx, dose).await? } else { Vec::new() };
    let needed = needed_elsewhere(dose, &standing, &others)?;
    let sheets = if given { counts::at(app, ctx, standing.facility).await? } else { Vec::new() };
    let known = if dose.scanned.is_some() || !sheets.is_empty() {
        codes(app, ctx, &standing.order).await?
    } else {
        Vec::new()
    };
    if dose.scanned.as_deref().is_some_and(|scanned| !fits(scanned, &known)) {
        return Err(Error::coded(422, "wrong-package", "the package is not of what is ordered"));
    }
    let taken_from = counts::taken(dose, &sheets, &known, &standing.order)?;
    let row = store::Dose {
        request: dose.request,
        digest: digest.to_vec(),
        facility: standing.facility,
        patient: PatientId(dose.patient),
        order: id(dose.order),
        due: dose.due,
        given: dose.at,
        administration: ResourceId(app.world.uuid()),
        by: (ctx.membership(), standing.house.name.clone()),
        recorded: now,
        revoked: false,
    };
    match write(app, ctx, dose, (&standing, &needed), &row, taken_from).await {
        Err(Error::Failure(failure)) if failure.is_conflict() => {
            match before(app, ctx, dose, digest).await? {
                Some(told) => Ok(told),
                None => Err(Error::Failure(failure)),
            }
        }
        Err(error) => Err(error),
        Ok(Written::Done) => Ok(told(DoseResult::Made, dose.request, &row, Some(dose.outcome))),
        Ok(Written::Before) => {
            before(app, ctx, dose, digest).await?.ok_or_else(|| db::Error::Conflict.into())
        }
        Ok(Written::Taken) => taken(app, ctx, dose).await,
    }
}

enum Written {
    Done,
    /// By this same request, which was sent twice at once.
    Before,
    /// Somebody else was first.
    Taken,
}

async fn write(
    app: &App,
    ctx: &Ctx,
    dose: &Dose,
    (standing, needed): (&Standing, &[Timestamp]),
    row: &store::Dose,
    taken_from: Option<Taken>,
) -> Result<Written, Error> {
    let tx = app.store.db().begin(ctx).await?;
    // The patient first, as everybody who moves or writes of them does; then the order: two who give it wait for each other.
    if app.store.hold(&tx, row.patient).await? != row.facility {
        return Err(db::Error::Conflict.into());
    }
    if app.store.hold_record(&tx, ResourceType::MedicationRequest, row.order).await? != standing.version {
        return Err(db::Error::Conflict.into());
    }
    if let (None, Some(prn), None) = (dose.due, &standing.order.prn, &dose.despite) {
        let around = (
            dose.at.saturating_sub(AROUND).unwrap_or(dose.at),
            dose.at.saturating_add(AROUND).unwrap_or(dose.at),
        );
        let mut given = store::list_needed(&tx, ctx.organization(), row.order, around).await?;
        given.extend_from_slice(needed);
        match prn.may(&given, dose.at) {
            Ok(()) => {}
            Err(Refusal::TooSoon(from)) => {
                return Err(Error::Limited("too-soon", "the last was given too short a time ago", from));
            }
            Err(Refusal::TooMany(from)) => {
                return Err(Error::Limited("limit-reached", "it was given as often as it may be", from));
            }
        }
    }
    match store::insert(&tx, ctx.organization(), row).await {
        Err(db::Error::Constraint(name)) if name == "dose_place" => return Ok(Written::Taken),
        Err(db::Error::Constraint(name)) if name == "dose_pkey" => return Ok(Written::Before),
        done => done?,
    }
    if let Some(taken_from) = taken_from {
        counts::take(app, &tx, taken_from, row).await?;
    }
    let recorder =
        Recorder { slug: ctx.slug(), membership: ctx.membership(), name: &row.by.1, at: row.recorded };
    let made = resources::Dose {
        request: dose.request,
        patient: row.patient,
        order: row.order,
        ordered: &standing.body,
        due: dose.due,
        at: dose.at,
        outcome: dose.outcome,
        reason: dose.reason.as_deref().map(str::trim),
        despite: dose.despite.as_deref().map(str::trim),
    };
    let record = chart::New {
        rtype: ResourceType::MedicationAdministration,
        id: row.administration,
        body: resources::administration(&made, &recorder).to_string().into_bytes(),
    };
    let mut event = event(ACTION, row.facility, row.patient, format!("request {}", dose.request));
    event = event.about(record.rtype.code(), Some((record.id, Version::FIRST)));
    app.store.enter(&tx, ACTION, vec![record], event).await?;
    Ok(Written::Done)
}
