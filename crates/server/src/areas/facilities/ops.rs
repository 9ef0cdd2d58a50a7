//! Opening and changing facilities, the organization's settings, and moving a patient.

use chart::{Moved, Reassignment};
use db::{Ctx, Drawer, Event};
use kernel::{FacilityId, MembershipId, PatientId, Version};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Error;
use super::model::{
    Hours, checked_accent, checked_code, checked_hours, checked_name, checked_state, checked_zone, states,
};
use super::store::{self, Settings};
use crate::app::App;

/// The most characters of a reason.
const REASON: usize = 500;

async fn refuse<T>(
    app: &App,
    ctx: &Ctx,
    action: Action,
    reason: &'static str,
    error: Error,
) -> Result<T, Error> {
    app.store.db().record(ctx, Event::denied(action.key(), reason)).await?;
    Err(error)
}

/// What the database said, and a refusal in the log.
async fn told<T>(app: &App, ctx: &Ctx, action: Action, done: Result<T, db::Error>) -> Result<T, Error> {
    match done {
        Err(db::Error::RowSecurity) => {
            refuse(app, ctx, action, "refused by the database", db::Error::Denied(None).into()).await
        }
        Err(db::Error::Constraint(name)) if name == "facility_organization_id_code_key" => Err(Error::Taken),
        Err(db::Error::Constraint(name)) if name == "facility_empty" => Err(Error::HoldsPatients),
        other => Ok(other?),
    }
}

fn event(action: Action, facility: FacilityId, detail: &'static str) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.detail = Some(detail.to_owned());
    event
}

/// A facility.
#[derive(Serialize, ToSchema)]
pub(super) struct FacilityView {
    /// Its short name in addresses and headers.
    code: String,
    name: String,
    /// An IANA name.
    time_zone: String,
    /// One that is being prepared takes no patients.
    #[schema(schema_with = states)]
    state: String,
    hours: Vec<Hours>,
    /// The `ETag` that a change names is of this number.
    version: i32,
}

/// The facilities within reach, by code.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<FacilityView>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list(&tx, ctx.organization()).await?;
    tx.commit().await?;
    let detail = Some(format!("count {}", rows.len()));
    app.store.db().record(ctx, Event { detail, ..Event::success("facilities.list", "own post") }).await?;
    rows.iter()
        .map(|row| {
            Ok(FacilityView {
                code: row.get(0),
                name: row.get(1),
                time_zone: row.get(2),
                state: row.get(3),
                // Told as none, they would be saved as none by the next change.
                hours: serde_json::from_str(row.get(4))
                    .map_err(|_| db::Error::Stored("hours of a facility"))?,
                version: row.get(5),
            })
        })
        .collect()
}

/// What a new facility is to be.
pub(super) struct NewFacility<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    pub(super) time_zone: &'a str,
    pub(super) state: &'a str,
}

impl NewFacility<'_> {
    pub(super) fn checked(&self) -> Result<(), Error> {
        checked_code(self.code)?;
        checked_name(self.name)?;
        checked_zone(self.time_zone)?;
        checked_state(self.state)
    }
}

/// Opens a facility, at once within reach of the organization's administrators.
pub(super) async fn open(app: &App, ctx: &Ctx, new: &NewFacility<'_>) -> Result<(), Error> {
    const ACTION: Action = Action::OpenFacility;
    let tx = app.store.db().begin(ctx).await?;
    let now = app.world.now();
    let params: [&(dyn db::ToSql + Sync); 5] = [&new.code, &new.name, &new.time_zone, &new.state, &now];
    let event = event(ACTION, FacilityId::WHOLE, "code name time_zone state");
    let opened = tx.last_audited(store::OPEN, &params, event).await;
    told(app, ctx, ACTION, opened).await?;
    app.store.db().forget_authority();
    Ok(())
}

/// What a facility is to be.
pub(super) struct FacilityText<'a> {
    pub(super) name: &'a str,
    pub(super) time_zone: &'a str,
    pub(super) state: &'a str,
    pub(super) hours: &'a [Hours],
}

impl FacilityText<'_> {
    pub(super) fn checked(&self) -> Result<(), Error> {
        checked_name(self.name)?;
        checked_zone(self.time_zone)?;
        checked_state(self.state)?;
        checked_hours(self.hours)
    }
}

/// Changes a facility; gives its version.
pub(super) async fn change(
    app: &App,
    ctx: &Ctx,
    (code, was): (&str, i32),
    to: &FacilityText<'_>,
) -> Result<i32, Error> {
    const ACTION: Action = Action::ChangeFacility;
    let Some(facility) = app.facility(ctx, code).await? else {
        return refuse(app, ctx, ACTION, "facility out of reach", db::Error::NotFound.into()).await;
    };
    let hours =
        serde_json::to_string(to.hours).map_err(|_| Error::Invalid("hours: not as they should be"))?;
    let tx = app.store.db().begin(ctx).await?;
    let text = (to.name, to.time_zone, to.state, hours.as_str());
    let changed = told(app, ctx, ACTION, store::change(&tx, facility, was, text).await).await?;
    let version = changed.ok_or(db::Error::Conflict)?;
    let event = event(ACTION, facility, "name time_zone state hours");
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    Ok(version)
}

/// The organization.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnOrganization)]
pub(super) struct OrganizationView {
    /// Its subdomain; it stays.
    slug: String,
    /// The kit it began with; it stays.
    kind: String,
    name: String,
    /// The colour of its pages, as `#rrggbb`.
    accent: String,
    /// After how long nothing is done a session ends.
    idle_seconds: i32,
    /// After how long it ends whatever is done.
    session_seconds: i32,
    /// Whether patients, families and partners need a second factor. The staff always does.
    portal_second_factor: bool,
    /// The `ETag` that a change names is of this number.
    pub(super) version: i32,
}

/// The settings of the organization.
pub(super) async fn organization(app: &App, ctx: &Ctx) -> Result<OrganizationView, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let row = store::fetch(&tx, ctx.organization()).await?;
    tx.commit().await?;
    let action = Action::LookAtOrganization;
    app.store.db().record(ctx, Event::success(action.key(), action.needs().key())).await?;
    Ok(OrganizationView {
        slug: row.get(0),
        kind: row.get(1),
        name: row.get(2),
        accent: row.get(3),
        idle_seconds: row.get(4),
        session_seconds: row.get(5),
        portal_second_factor: row.get(6),
        version: row.get(7),
    })
}

pub(super) fn checked_settings(to: &Settings<'_>) -> Result<(), Error> {
    checked_name(to.name)?;
    checked_accent(to.accent)?;
    if !(60..=86_400).contains(&to.idle_seconds) {
        return Err(Error::Invalid("idle_seconds: 60 to 86400"));
    }
    if !(300..=2_592_000).contains(&to.session_seconds) || to.session_seconds < to.idle_seconds {
        return Err(Error::Invalid("session_seconds: 300 to 2592000, and no less than idle_seconds"));
    }
    Ok(())
}

/// Changes them; gives their version. Sessions that are open keep their times.
pub(super) async fn change_organization(
    app: &App,
    ctx: &Ctx,
    was: i32,
    to: &Settings<'_>,
) -> Result<i32, Error> {
    const ACTION: Action = Action::ChangeOrganization;
    let tx = app.store.db().begin(ctx).await?;
    let changed = told(app, ctx, ACTION, store::change_organization(&tx, was, to).await).await?;
    let version = changed.ok_or(db::Error::Conflict)?;
    let event =
        event(ACTION, FacilityId::WHOLE, "name accent idle_seconds session_seconds portal_second_factor");
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(version)
}

/// What a move did.
#[derive(Serialize, ToSchema)]
pub(super) struct Reassigned {
    /// The code of the facility where the patient is now.
    facility: String,
    /// How many records moved.
    records: i64,
    /// How many ties ended, because their posts do not reach the facility.
    ties_ended: i64,
    /// Posts of relatives, and of the patient, that stay tied and open nothing there until the posts above them reach the
    /// facility.
    #[schema(value_type = Vec<i32>)]
    ties_waiting: Vec<MembershipId>,
}

/// Moves a patient to another facility within reach. Undoing it is moving them back.
pub(super) async fn reassign(
    app: &App,
    ctx: &Ctx,
    (patient, version): (PatientId, i32),
    code: &str,
    reason: &str,
) -> Result<Reassigned, Error> {
    if reason.trim().is_empty() || reason.chars().count() > REASON {
        return Err(Error::Invalid("reason: 1 to 500 characters"));
    }
    let Some(target) = app.facility(ctx, code).await? else {
        let error = db::Error::NotFound.into();
        return refuse(app, ctx, Action::Reassign, "facility out of reach", error).await;
    };
    let db = app.store.db();
    let id = app.world.uuid();
    let sealed = db.vault(ctx).await?.seal(Drawer::ReassignmentReason, id, reason.as_bytes());
    let wanted = Reassignment { patient, if_match: Some(Version(version)), target, reason: &sealed, id };
    let Moved { records, ended, waiting, .. } = app.store.reassign(ctx, &wanted).await?;
    db.forget_authority();
    let ties_waiting = waiting.into_iter().map(MembershipId).collect();
    Ok(Reassigned { facility: code.to_owned(), records, ties_ended: ended, ties_waiting })
}
