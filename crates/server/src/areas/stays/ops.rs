//! Admitting, moving, leaving, returning, discharging: each one document from the version that was seen, through the
//! chart, which asks who may and logs it.

use chart::{CreateOptions, Document, Page, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{PatientId, ResourceId, Version};
use policy::Permission;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::error::Error;
use super::model::{Arrival, Away, Place, Stay, text};
use super::view::StayView;
use crate::app::App;
use crate::http::Failure;

/// Stays on a page.
const PAGE: &str = "200";
const INPATIENT: (&str, &str) = ("class", "IMP");
pub(super) const CURRENT: (&str, &str) = ("status", "arrived,triaged,in-progress,onleave");

async fn search(
    app: &App,
    ctx: &Ctx,
    rtype: ResourceType,
    patient: Option<PatientId>,
    query: &[(&str, &str)],
) -> Result<Page, Error> {
    let query: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = SearchRequest { rtype, compartment: patient, query: &query };
    Ok(app.store.search(ctx, request).await?)
}

/// Stays, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Stays {
    stays: Vec<StayView>,
    /// What `cursor` goes on with.
    next: Option<String>,
}

fn told(page: Page) -> Stays {
    Stays {
        stays: page.entries.iter().filter_map(StayView::of).filter(StayView::is_stay).collect(),
        next: page.next,
    }
}

/// Everyone who is admitted, within reach.
pub(super) async fn census(app: &App, ctx: &Ctx, cursor: Option<&str>) -> Result<Stays, Error> {
    // Few encounters are under way at once, and those that are no stays are left out afterwards: one condition is one walk.
    let mut query = vec![CURRENT, ("_count", PAGE)];
    query.extend(cursor.map(|cursor| ("_cursor", cursor)));
    search(app, ctx, ResourceType::Encounter, None, &query).await.map(told)
}

/// The stays of a patient.
pub(super) async fn of_patient(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Stays, Error> {
    // An unknown patient has none, which would look like one who was never admitted.
    app.store.facility_of(ctx, patient).await?;
    let query = [INPATIENT, ("_count", PAGE)];
    search(app, ctx, ResourceType::Encounter, Some(patient), &query).await.map(told)
}

/// Whether a patient is admitted, as far as the context may look for that.
pub(crate) async fn is_admitted(app: &App, ctx: &Ctx, patient: PatientId) -> Result<bool, Failure> {
    if !ctx.grants().permissions.contains(Permission::ChartSearch) {
        return Ok(false);
    }
    let query = [INPATIENT, CURRENT, ("_count", "1")];
    let found = search(app, ctx, ResourceType::Encounter, Some(patient), &query).await?;
    Ok(!found.entries.is_empty())
}

/// What is open about a patient who leaves. What the caller may not see is null.
#[derive(Serialize, ToSchema)]
#[schema(as = StayLoose)]
pub(super) struct Loose {
    /// Medications that are being taken.
    medications: Option<u64>,
    /// Orders that nobody has finished.
    orders: Option<u64>,
    /// Tasks that nobody has finished.
    tasks: Option<u64>,
}

/// Counts what would be left behind.
pub(super) async fn loose(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Loose, Error> {
    app.store.facility_of(ctx, patient).await?;
    let active = ("status", "active,on-hold,intended");
    let open = ("status", "requested,received,accepted,ready,in-progress,on-hold");
    let requested =
        count(app, ctx, patient, ResourceType::MedicationRequest, ("status", "active,on-hold")).await?;
    let stated = count(app, ctx, patient, ResourceType::MedicationStatement, active).await?;
    Ok(Loose {
        medications: match (requested, stated) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        },
        orders: count(app, ctx, patient, ResourceType::ServiceRequest, ("status", "active,on-hold")).await?,
        tasks: count(app, ctx, patient, ResourceType::Task, open).await?,
    })
}

async fn count(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    rtype: ResourceType,
    status: (&str, &str),
) -> Result<Option<u64>, Error> {
    match search(app, ctx, rtype, Some(patient), &[status, ("_summary", "count")]).await {
        Ok(page) => Ok(page.total),
        // Of a type that is out of sight there is nothing, not none.
        Err(Error::Chart(chart::Error::Db(db::Error::NotFound) | chart::Error::Query(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How a patient is to be admitted.
pub(super) struct Admission<'a> {
    pub(super) room: Option<&'a Place>,
    pub(super) from: Option<Timestamp>,
    pub(super) reason: Option<&'a str>,
    pub(super) source: Option<&'a str>,
}

fn said<'a>(given: Option<&'a str>, most: usize, fault: &'static str) -> Result<Option<&'a str>, Error> {
    match given.map(|given| (given.trim(), text(given, most))) {
        None | Some(("", _)) => Ok(None),
        Some((_, Some(said))) => Ok(Some(said)),
        Some((_, None)) => Err(Error::Invalid(fault)),
    }
}

/// Admits a patient who is not. Two at the same time are one: the condition is the create's own, and equal ones wait for
/// each other.
pub(super) async fn admit(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    wanted: &Admission<'_>,
) -> Result<StayView, Error> {
    let reason = said(wanted.reason, 500, "reason: at most 500 characters")?;
    let source = said(wanted.source, 200, "source: at most 200 characters")?;
    wanted.room.map_or(Ok(()), Place::checked)?;
    let now = app.world.now();
    let from = wanted.from.unwrap_or(now);
    if from > now {
        return Err(Error::Invalid("from: must not be in the future"));
    }
    let person = app.store.read(ctx, ResourceType::Patient, ResourceId::from(patient)).await?;
    let person: Value =
        serde_json::from_slice(&person.body).map_err(|_| Error::Invalid("the patient cannot be read"))?;
    if person["deceasedBoolean"] == true || person["deceasedDateTime"].is_string() {
        return Err(Error::Died);
    }
    let before = search(
        app,
        ctx,
        ResourceType::Encounter,
        Some(patient),
        &[INPATIENT, ("status", "finished"), ("_count", "1")],
    );
    let arrival = Arrival {
        patient: format!("Patient/{patient}"),
        organization: Some(person["managingOrganization"].clone()).filter(Value::is_object),
        room: wanted.room,
        from,
        reason,
        source,
        again: !before.await?.entries.is_empty(),
    };
    let condition = format!("patient={patient}&{}={}&{}={}", INPATIENT.0, INPATIENT.1, CURRENT.0, CURRENT.1);
    let options = CreateOptions { if_none_exist: Some(&condition), ..CreateOptions::default() };
    let body = arrival.encounter().to_string();
    let made = app.store.create(ctx, ResourceType::Encounter, body.as_bytes(), options).await;
    match made {
        Ok(made) if made.created => view(&made.document),
        // There is one, or by other ways several.
        Ok(_) | Err(chart::Error::Request(412, _)) => Err(Error::Admitted),
        Err(error) => Err(error.into()),
    }
}

fn view(document: &Document) -> Result<StayView, Error> {
    StayView::of(document).ok_or(Error::Invalid("the stay cannot be read"))
}

/// What is to become of a stay.
pub(super) enum Turn<'a> {
    Transfer { room: &'a Place },
    Leave { kind: Away, to: &'a str, hold: bool },
    Return { room: Option<&'a Place> },
    Discharge { disposition: &'a str, destination: Option<&'a str> },
}

/// Which stay, of whom, as its writer saw it.
pub(super) struct Which<'a> {
    pub(super) patient: PatientId,
    pub(super) stay: ResourceId,
    /// What stands between the quotes of `If-Match`.
    pub(super) seen: &'a str,
}

/// Changes a stay.
pub(super) async fn turn(
    app: &App,
    ctx: &Ctx,
    which: &Which<'_>,
    at: Option<Timestamp>,
    turn: &Turn<'_>,
) -> Result<StayView, Error> {
    let now = app.world.now();
    let at = at.unwrap_or(now);
    let found = app.store.read(ctx, ResourceType::Encounter, which.stay).await?;
    let subject = format!("Patient/{}", which.patient);
    let whole: Value = serde_json::from_slice(&found.body).unwrap_or_default();
    if whole["subject"]["reference"] != subject.as_str() || whole["class"]["code"] != "IMP" {
        return Err(chart::Error::from(db::Error::NotFound).into());
    }
    let tag = found.tag.clone().unwrap_or_else(|| found.version.to_string());
    if tag != which.seen {
        return Err(chart::Error::from(db::Error::Conflict).into());
    }
    let mut stay = Stay::read(&found.body).ok_or(Error::Invalid("the stay cannot be read"))?;
    stay.fits(at, now)?;
    match turn {
        Turn::Transfer { room } => {
            room.checked()?;
            stay.transfer(room, at)?;
        }
        Turn::Leave { kind, to, hold } => {
            let to = text(to, 100).ok_or(Error::Invalid("to: 1 to 100 characters"))?;
            stay.leave(*kind, to, *hold, at)?;
        }
        Turn::Return { room } => {
            room.map_or(Ok(()), Place::checked)?;
            stay.come_back(*room, at)?;
        }
        Turn::Discharge { disposition, destination } => {
            let destination = said(*destination, 200, "destination: at most 200 characters")?;
            stay.discharge(disposition, destination, at)?;
        }
    }
    let body = stay.written_into(&found.body).ok_or(Error::Invalid("the stay cannot be changed"))?;
    let written = match &found.tag {
        Some(tag) => app.store.update_seen(ctx, ResourceType::Encounter, which.stay, tag, &body).await?,
        None => {
            let version: Option<Version> = Some(found.version);
            app.store.update(ctx, ResourceType::Encounter, which.stay, version, &body).await?
        }
    };
    view(&written.document)
}
