//! Whose patient is whose: care teams, attorneys, referring doctors, families, the patients themselves (MISSION 16).

use db::{Ctx, Event};
use fhir::ResourceType;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use kernel::{FacilityId, MembershipId, PatientId, ResourceId};
use policy::{Action, Permission, Tie};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::grants::{facility_of, refuse, told};
use super::roles::ties;
use crate::app::App;
use crate::areas::people::Error;
use crate::areas::people::store::{self, NewTie};
use crate::http::one_of;

/// At this age a patient speaks for themselves, and what was agreed for them is asked again.
const MAJORITY: i32 = 18;

fn states() -> Object {
    one_of(&["waiting", "active", "ended"])
}

/// A tie of a post to a patient.
#[derive(Serialize, ToSchema)]
pub(crate) struct TieView {
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    role: String,
    #[schema(schema_with = ties)]
    kind: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Null while it waits.
    #[schema(required)]
    starts_at: Option<Timestamp>,
    #[schema(required)]
    ends_at: Option<Timestamp>,
    /// Whose consent it waits for.
    waits_for: Vec<&'static str>,
}

/// A tie of one's own post.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnTie {
    patient: Uuid,
    facility: String,
    #[schema(schema_with = ties)]
    kind: String,
    waits_for: Vec<&'static str>,
    #[schema(required)]
    starts_at: Option<Timestamp>,
    #[schema(required)]
    ends_at: Option<Timestamp>,
}

fn waits_for(patient: bool, member: bool) -> Vec<&'static str> {
    [(patient, "patient"), (member, "member")]
        .into_iter()
        .filter(|(waits, _)| *waits)
        .map(|(_, who)| who)
        .collect()
}

fn event(action: Action, reason: Permission, at: (FacilityId, PatientId), detail: String) -> Event {
    let mut event = Event::success(action.key(), reason.key());
    event.facility = at.0;
    event.subjects.push(at);
    event.detail = Some(detail);
    event
}

/// Everyone who is, was or is to be tied to the patient.
pub(crate) async fn list_ties(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Vec<TieView>, Error> {
    // A relative does not learn who else there is.
    if ctx.fields().is_some_and(policy::fields::Fields::is_approved_only) {
        return refuse(app, ctx, Action::ListTies, "sees what was approved", db::Error::NotFound.into())
            .await;
    }
    let facility = facility_of(app, ctx, patient, Action::ListTies).await?;
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_ties(&tx, ctx.organization(), patient, app.world.now()).await?;
    tx.commit().await?;
    let detail = format!("count {}", rows.len());
    let event = event(Action::ListTies, Permission::ChartRead, (facility, patient), detail);
    app.store.db().record(ctx, event).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let waits = waits_for(row.get(7), row.get(8));
            let state = match (row.get::<_, bool>(6), waits.is_empty()) {
                (true, _) => "ended",
                (false, true) => "active",
                (false, false) => "waiting",
            };
            TieView {
                membership: MembershipId(row.get(0)),
                name: row.get(1),
                role: row.get(2),
                kind: row.get(3),
                state,
                starts_at: row.get(4),
                ends_at: row.get(5),
                waits_for: waits,
            }
        })
        .collect())
}

/// What a tie is to be.
pub(crate) struct TieText {
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) patient_consent: bool,
}

/// Ties a post to a patient. Where a family's patient is not of age yet, the tie ends on the day they are.
pub(crate) async fn put_tie(
    app: &App,
    ctx: &Ctx,
    (patient, membership, kind): (PatientId, MembershipId, &str),
    text: &TieText,
) -> Result<(), Error> {
    let kind = Tie::ALL.into_iter().find(|tie| tie.key() == kind).ok_or(db::Error::NotFound)?;
    let now = app.world.now();
    if text.ends_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid("ends_at: it is over"));
    }
    if membership == ctx.membership() {
        let error = db::Error::Denied(Some(Permission::RelationshipsEdit));
        return refuse(app, ctx, Action::EditTie, "own post", error.into()).await;
    }
    let facility = facility_of(app, ctx, patient, Action::EditTie).await?;
    let of_age = if kind == Tie::Family { comes_of_age(app, ctx, patient).await? } else { None };
    let ends_at = match of_age.filter(|day| *day > now) {
        Some(day) => Some(text.ends_at.map_or(day, |end| end.min(day))),
        None => text.ends_at,
    };
    let patient_consent = text.patient_consent;
    let new = NewTie { facility, patient, membership, kind: kind.key(), ends_at, patient_consent };
    let tx = app.store.db().begin(ctx).await?;
    let put = match store::put_tie(&tx, ctx.organization(), &new, now).await {
        // A post that is not there.
        Err(db::Error::Constraint(_)) => {
            return refuse(app, ctx, Action::EditTie, "no such post", db::Error::NotFound.into()).await;
        }
        other => other,
    };
    told(app, ctx, Action::EditTie, put).await?;
    let detail = format!(
        "membership {membership} kind {} patient consent {}",
        kind.key(),
        if text.patient_consent { "recorded" } else { "not recorded" }
    );
    let event = event(Action::EditTie, Permission::RelationshipsEdit, (facility, patient), detail);
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}

/// The first moment of the day, in UTC, on which the patient is of age; nothing where no date of birth is known. Of a year
/// or a month the first day counts: rather asked again too early than too late.
async fn comes_of_age(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Option<Timestamp>, Error> {
    #[derive(serde::Deserialize)]
    struct Born {
        #[serde(rename = "birthDate")]
        birth_date: Option<String>,
    }
    // Who does not see it would tie a family to a child for ever.
    if ctx.fields().is_some_and(|fields| !fields.view(Some(patient)).shows_all_of("Patient.birthDate")) {
        return refuse(
            app,
            ctx,
            Action::EditTie,
            "date of birth out of sight",
            db::Error::Denied(None).into(),
        )
        .await;
    }
    let document = app.store.read(ctx, ResourceType::Patient, ResourceId(patient.0)).await;
    let document = document.map_err(|error| match error {
        chart::Error::Db(error) => error,
        _ => db::Error::NotFound,
    })?;
    let born = serde_json::from_slice::<Born>(&document.body).ok().and_then(|born| born.birth_date);
    let first = born.and_then(|text| {
        ["", "-01", "-01-01"].iter().find_map(|rest| (text.clone() + rest).parse::<Date>().ok())
    });
    let day = first.and_then(|born| born.checked_add(Span::new().years(MAJORITY)).ok());
    Ok(day.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).map(|zoned| zoned.timestamp()))
}

/// Ends a tie: what it opened is closed on the next request.
pub(crate) async fn end_tie(
    app: &App,
    ctx: &Ctx,
    (patient, membership, kind): (PatientId, MembershipId, &str),
) -> Result<(), Error> {
    let facility = facility_of(app, ctx, patient, Action::EditTie).await?;
    let tx = app.store.db().begin(ctx).await?;
    let which = (patient, membership, kind);
    let ended = store::end_tie(&tx, ctx.organization(), which, app.world.now()).await;
    if !told(app, ctx, Action::EditTie, ended).await? {
        return Err(db::Error::NotFound.into());
    }
    let detail = format!("membership {membership} ended");
    let event = event(Action::EditTie, Permission::RelationshipsEdit, (facility, patient), detail);
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}

/// The ties of the context's own post, those among them that wait for a consent.
pub(crate) async fn list_own_ties(app: &App, ctx: &Ctx) -> Result<Vec<OwnTie>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_own_ties(&tx).await?;
    tx.commit().await?;
    let detail = Some(format!("count {}", rows.len()));
    app.store.db().record(ctx, Event { detail, ..Event::success("relationships.own", "own post") }).await?;
    Ok(rows
        .iter()
        .map(|row| OwnTie {
            patient: row.get(0),
            facility: row.get(1),
            kind: row.get(2),
            waits_for: waits_for(row.get(3), row.get(4)),
            starts_at: row.get(5),
            ends_at: row.get(6),
        })
        .collect())
}

/// The relative says yes.
pub(crate) async fn accept_tie(app: &App, ctx: &Ctx, patient: PatientId) -> Result<(), Error> {
    let tx = app.store.db().begin(ctx).await?;
    if !store::consent(&tx, patient, app.world.now()).await? {
        return Err(db::Error::NotFound.into());
    }
    let event = Event::success("relationships.accept", "own post");
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}
