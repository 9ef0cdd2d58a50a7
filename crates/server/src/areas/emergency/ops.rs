//! Opening one patient in an emergency, seeing what was opened, judging it.

use db::{Ctx, Drawer, Event, Phi, Row, Subject, Vault};
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, FacilityId, MembershipId, PatientId, ResourceId};
use policy::{Action, Permission, Target};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::Error;
use super::store::{self, Post};
use crate::app::App;
use crate::areas::people;
use crate::http::one_of;

/// An emergency that was not reviewed for so long suspends the right of who opened it.
const REVIEW_WITHIN: SignedDuration = SignedDuration::from_hours(72);
/// The most that are shown.
const SHOWN: i64 = 200;
/// The most characters of a reason or note.
const TEXT: usize = 500;

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

fn post(ctx: &Ctx) -> Post {
    (ctx.organization(), ctx.membership())
}

fn event(action: Action, at: FacilityId, patient: PatientId, id: Uuid) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = at;
    event.subjects.push((at, patient));
    event.detail = Some(format!("emergency {id}"));
    event
}

/// An emergency that is open.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    /// To be named in the header `Lamplight-Emergency` by every request that is about the patient.
    emergency: Uuid,
    ends_at: Timestamp,
}

/// Opens a patient to the post of the context; the one that is open already when there is one. Reviewers are told first:
/// a false alarm is better than silence.
pub(super) async fn open(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    reason: &str,
    minutes: i64,
) -> Result<Opened, Error> {
    const ACTION: Action = Action::OpenEmergency;
    if reason.trim().is_empty() || reason.chars().count() > TEXT {
        return Err(Error::Invalid("reason: 1 to 500 characters"));
    }
    if !(1..=60).contains(&minutes) {
        return Err(Error::Invalid("minutes: 1 to 60"));
    }
    let db = app.store.db();
    let (door, now) = (ctx.at_the_door(), app.world.now());
    let Some(facility) = app.store.find_patient(&door, ctx, patient).await? else {
        return refuse(app, ctx, ACTION, "no such patient", db::Error::NotFound.into()).await;
    };
    let tx = db.begin(&door).await?;
    if let Some((emergency, ends_at)) = store::find_living(&tx, post(ctx), patient, now).await? {
        tx.commit().await?;
        db.record(ctx, event(ACTION, facility, patient, emergency)).await?;
        return Ok(Opened { emergency, ends_at });
    }
    let Some((name, true)) = store::find_post(&tx, post(ctx)).await? else {
        return refuse(app, ctx, ACTION, "not of the staff", db::Error::Denied(None).into()).await;
    };
    if store::has_unreviewed(&tx, post(ctx), now - REVIEW_WITHIN).await? {
        return refuse(app, ctx, ACTION, "suspended", Error::Suspended).await;
    }
    let reviewers = store::list_reviewers(&tx, ctx.organization(), facility, now).await?;
    tx.commit().await?;
    if reviewers.is_empty() {
        tracing::warn!(target: "people", organization = %ctx.organization(), "nobody reviews emergency access here");
    }
    people::tell(app, ctx.request(), ctx.slug(), &reviewers, &people::Told::Emergency(&name)).await?;
    insert(app, ctx, (facility, patient), reason, now + SignedDuration::from_mins(minutes)).await
}

async fn insert(
    app: &App,
    ctx: &Ctx,
    (facility, patient): (FacilityId, PatientId),
    reason: &str,
    ends_at: Timestamp,
) -> Result<Opened, Error> {
    let db = app.store.db();
    let (door, now, emergency) = (ctx.at_the_door(), app.world.now(), app.world.uuid());
    let sealed = db.vault(ctx).await?.seal(Drawer::EmergencyReason, emergency, reason.as_bytes());
    let tx = db.begin(&door).await?;
    store::lock_post(&tx, post(ctx)).await?;
    if let Some((emergency, ends_at)) = store::find_living(&tx, post(ctx), patient, now).await? {
        tx.commit().await?;
        return Ok(Opened { emergency, ends_at });
    }
    // Both times were taken before the lock: the end is never more than what was asked for from the beginning.
    let ends_at = ends_at.min(now + SignedDuration::from_mins(60));
    let (organization, membership) = post(ctx);
    let inserted = tx
        .last_audited(
            store::INSERT,
            &[&organization.0, &emergency, &facility.0, &patient.0, &membership.0, &sealed, &now, &ends_at],
            event(Action::OpenEmergency, facility, patient, emergency),
        )
        .await;
    match inserted {
        Err(db::Error::RowSecurity) => {
            let error = db::Error::Denied(None).into();
            refuse(app, ctx, Action::OpenEmergency, "refused by the database", error).await
        }
        other => other.map(|_| Opened { emergency, ends_at }).map_err(Error::from),
    }
}

pub(super) fn verdicts() -> Object {
    one_of(&["justified", "not-justified"])
}

/// What a reviewer said.
#[derive(Serialize, ToSchema)]
struct Review {
    at: Timestamp,
    #[schema(value_type = i32)]
    by: MembershipId,
    #[schema(schema_with = verdicts)]
    verdict: String,
    note: String,
}

/// An emergency, over or not.
#[derive(Serialize, ToSchema)]
pub(super) struct Emergency {
    emergency: Uuid,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// The facility's code.
    facility: String,
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// What the post is called.
    name: String,
    opened_at: Timestamp,
    ends_at: Timestamp,
    reason: String,
    /// Null until somebody judged it.
    #[schema(required)]
    review: Option<Review>,
}

fn unsealed(
    vault: &Vault,
    drawer: Drawer,
    row: &Row,
    column: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    // Empty: the patient was erased, and what was said of them.
    let sealed: Option<&[u8]> = row.get::<_, Option<&[u8]>>(column).filter(|sealed| !sealed.is_empty());
    sealed.map(|sealed| vault.open(drawer, row.get(0), sealed).map_err(Error::from)).transpose()
}

fn text(clear: Option<Zeroizing<Vec<u8>>>) -> String {
    clear.map(|clear| String::from_utf8_lossy(&clear).into_owned()).unwrap_or_default()
}

fn emergency(row: &Row, vault: &Vault) -> Result<Emergency, Error> {
    let reviewed: Option<Timestamp> = row.get(8);
    let note = text(unsealed(vault, Drawer::EmergencyNote, row, 11)?);
    Ok(Emergency {
        emergency: row.get(0),
        patient: PatientId(row.get(2)),
        facility: row.get(12),
        membership: MembershipId(row.get(3)),
        name: row.get(4),
        opened_at: row.get(5),
        ends_at: row.get(6),
        reason: text(unsealed(vault, Drawer::EmergencyReason, row, 7)?),
        review: reviewed.map(|at| Review { at, by: MembershipId(row.get(9)), verdict: row.get(10), note }),
    })
}

/// All in sight for who reviews them, else one's own. It is a look at every patient concerned.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Emergency>, Error> {
    let db = app.store.db();
    let reviews = ctx.grants().permissions.contains(Permission::EmergencyReview);
    let held = if reviews { Permission::EmergencyReview } else { Permission::EmergencyAccess };
    if !reviews {
        db.authorize(ctx, Action::ListEmergencies, Target::default()).await?;
    }
    let (sight, own) =
        if reviews { (ctx.clone(), None) } else { (ctx.at_the_door(), Some(ctx.membership())) };
    let vault = db.vault(ctx).await?;
    let tx = db.begin(&sight).await?;
    let rows = store::list(&tx, ctx.organization(), own, SHOWN).await?;
    tx.commit().await?;
    let mut closed = Vec::with_capacity(rows.len());
    for row in &rows {
        let subject = Subject {
            organization: ctx.organization(),
            facility: FacilityId(row.get(1)),
            patient: Some(PatientId(row.get(2))),
            resource: ResourceId(row.get(0)),
            class: DataClass::General,
        };
        closed.push(Phi::new(emergency(row, &vault)?, subject));
    }
    let detail = Some(format!("count {}", rows.len()));
    let event = Event { detail, ..Event::success(Action::ListEmergencies.key(), held.key()) };
    let receipt = db.record(ctx, event.showing(&closed)).await?;
    closed.into_iter().map(|one| one.open(&receipt).map_err(Error::from)).collect()
}

/// Judges an emergency that somebody else opened; one that was not justified ends.
pub(super) async fn review(app: &App, ctx: &Ctx, id: Uuid, verdict: &str, note: &str) -> Result<(), Error> {
    const ACTION: Action = Action::ReviewEmergency;
    if !matches!(verdict, "justified" | "not-justified") {
        return Err(Error::Invalid("verdict: justified or not-justified"));
    }
    if note.chars().count() > TEXT {
        return Err(Error::Invalid("note: 500 characters at most"));
    }
    let db = app.store.db();
    let sealed = db.vault(ctx).await?.seal(Drawer::EmergencyNote, id, note.as_bytes());
    let tx = db.begin(ctx).await?;
    let Some(found) = store::find(&tx, post(ctx), id).await? else {
        return refuse(app, ctx, ACTION, "no such emergency", db::Error::NotFound.into()).await;
    };
    if found.own {
        return refuse(app, ctx, ACTION, "own emergency", db::Error::Denied(None).into()).await;
    }
    if found.reviewed || !store::review(&tx, post(ctx), id, (verdict, &sealed), app.world.now()).await? {
        return Err(Error::Reviewed);
    }
    db.record(ctx, event(ACTION, found.facility, found.patient, id)).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends one's own before its time.
pub(super) async fn close(app: &App, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
    let (db, door) = (app.store.db(), ctx.at_the_door());
    let tx = db.begin(&door).await?;
    let closed = store::close(&tx, post(ctx), id, app.world.now()).await?;
    let Some((facility, patient)) = closed else {
        let error = db::Error::NotFound.into();
        return refuse(app, ctx, Action::CloseEmergency, "no such emergency", error).await;
    };
    db.record(ctx, event(Action::CloseEmergency, facility, patient, id)).await?;
    tx.commit().await?;
    Ok(())
}
