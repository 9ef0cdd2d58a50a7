//! Clinicians of a month and what they cost, out of the log (ADR 0020).

use db::Outcome;
use fhir::ResourceType as T;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Error, store};
use super::OrganizationView;
use super::bill::{Line, Month, account};
use crate::http::Above;

/// What only someone who cares for a patient writes. Who writes none of these is no clinician: admitting a patient, booking,
/// scanning and billing are the desk's work.
pub(in super::super) const CLINICAL: [T; 26] = [
    T::AdverseEvent,
    T::AllergyIntolerance,
    T::CarePlan,
    T::ClinicalImpression,
    T::Composition,
    T::Condition,
    T::DetectedIssue,
    T::DeviceRequest,
    T::DiagnosticReport,
    T::FamilyMemberHistory,
    T::Goal,
    T::ImagingStudy,
    T::Immunization,
    T::ImmunizationRecommendation,
    T::MedicationAdministration,
    T::MedicationDispense,
    T::MedicationRequest,
    T::MedicationStatement,
    T::NutritionOrder,
    T::Observation,
    T::Procedure,
    T::RequestGroup,
    T::RiskAssessment,
    T::ServiceRequest,
    T::Specimen,
    T::VisionPrescription,
];

/// A sum in one currency.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageTotal)]
struct Total {
    currency: String,
    cents: i64,
}

/// Clinicians and what the month costs.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageAccount)]
struct AccountView {
    clinicians: i32,
    lines: Vec<Line>,
    /// One, unless the plan changed its currency within the month.
    totals: Vec<Total>,
}

impl AccountView {
    fn of(clinicians: i32, lines: Vec<Line>) -> Self {
        let mut totals: Vec<Total> = Vec::new();
        for line in &lines {
            match totals.iter_mut().find(|total| total.currency == line.currency) {
                Some(total) => total.cents += line.cents,
                None => totals.push(Total { currency: line.currency.clone(), cents: line.cents }),
            }
        }
        Self { clinicians, lines, totals }
    }
}

/// What was fixed of a finished month.
pub(in super::super) struct Reading {
    pub(in super::super) clinicians: i32,
    pub(in super::super) lines: Vec<Line>,
    pub(in super::super) taken_at: Timestamp,
    pub(in super::super) taken_by: i32,
}

/// The same, shown.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReading)]
struct ReadingView {
    taken_at: Timestamp,
    /// Which administrator of the plane.
    taken_by: i32,
    account: AccountView,
}

/// A month of an organization. Counts: nobody is named.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(in super::super) struct UsageView {
    /// `YYYY-MM`, UTC.
    month: String,
    /// Whether it is over. The account of one that is not counts its remaining days as they are today.
    finished: bool,
    /// What the log says now.
    now: AccountView,
    /// What was fixed.
    reading: Option<ReadingView>,
    /// Whether the log still says what was fixed. False: someone altered one of them.
    agrees: Option<bool>,
}

fn month(text: &str) -> Result<Month, Error> {
    Month::parse(text).ok_or(Error::Invalid("month: four digits, a hyphen and two, such as 2026-04"))
}

async fn count(
    tx: &db::Tx<'_>,
    organization: &OrganizationView,
    month: Month,
) -> Result<(i32, Vec<Line>), Error> {
    let types: Vec<i16> = CLINICAL.iter().map(|rtype| rtype.code()).collect();
    let clinicians = store::count_clinicians(tx, organization.id, &types, month.bounds()).await?;
    let terms = store::list_terms(tx, organization.id, month.bounds().1).await?;
    Ok((clinicians, account(month, &terms, clinicians)))
}

/// What the log says of a month now, and what was fixed of it.
pub(in super::super) async fn look(above: &Above, slug: &str, text: &str) -> Result<UsageView, Error> {
    let (app, month) = (above.app(), month(text)?);
    let now = app.world.now();
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let organization = store::find_organization(&tx, slug, now).await?.ok_or(db::Error::NotFound)?;
    let (clinicians, lines) = count(&tx, &organization, month).await?;
    let reading = store::find_reading(&tx, organization.id, month.first()).await?;
    tx.commit().await?;
    above.log(organization.id, "platform.usage.look", Outcome::Success, &format!("month {month}")).await?;
    let agrees = reading.as_ref().map(|read| read.clinicians == clinicians && read.lines == lines);
    let reading = reading.map(|read| ReadingView {
        taken_at: read.taken_at,
        taken_by: read.taken_by,
        account: AccountView::of(read.clinicians, read.lines),
    });
    let finished = month.bounds().1 <= now;
    let now = AccountView::of(clinicians, lines);
    Ok(UsageView { month: month.to_string(), finished, now, reading, agrees })
}

/// Fixes a finished month, once.
pub(in super::super) async fn read(above: &Above, slug: &str, text: &str) -> Result<UsageView, Error> {
    let (app, month) = (above.app(), month(text)?);
    let now = app.world.now();
    if month.bounds().1 > now {
        return Err(Error::MonthRuns);
    }
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let organization = store::find_organization(&tx, slug, now).await?.ok_or(db::Error::NotFound)?;
    let (clinicians, lines) = count(&tx, &organization, month).await?;
    let reading = Reading { clinicians, lines, taken_at: now, taken_by: above.administrator.number() };
    match store::insert_reading(&tx, organization.id, month.first(), &reading).await {
        Err(db::Error::Constraint(name)) if name == "reading_pkey" => return Err(Error::AlreadyRead),
        other => other?,
    }
    let detail = format!("month {month} clinicians {clinicians}");
    above.log(organization.id, "platform.usage.read", Outcome::Success, &detail).await?;
    tx.commit().await?;
    look(above, slug, text).await
}
