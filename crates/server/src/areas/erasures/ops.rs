//! Looking at what stands between a record and its end, and doing it.

use db::{Ctx, Drawer, Event, Phi, Row, Subject, Vault};
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId};
use policy::{Action, Plane, Purpose};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::model::{
    ERASURES, KINDS, OBSTACLES, RESTRICTIONS, STATES, TOLD_ERASURES, TOLD_RESTRICTIONS, kept_until, known,
};
use super::store::{self, Place};
use crate::app::App;
use crate::areas::notes::patient_names;
use crate::http::one_of;

/// The most characters of a hold's matter.
const TEXT: usize = 500;

fn kinds() -> Object {
    one_of(&KINDS)
}

fn told_restrictions() -> Object {
    one_of(&TOLD_RESTRICTIONS)
}

fn told_erasures() -> Object {
    one_of(&TOLD_ERASURES)
}

fn states() -> Object {
    one_of(&STATES)
}

fn obstacles() -> Object {
    one_of(&OBSTACLES)
}

/// Whether a record is restricted, for everyone who would see it otherwise.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordRestriction)]
pub(super) struct Restricted {
    restricted: bool,
    #[schema(required)]
    since: Option<Timestamp>,
    /// Whether whoever asks may look at it for a legal reason, by saying so with each request (`Lamplight-Purpose: HLEGAL`).
    may_look: bool,
}

/// A hold for a legal matter.
#[derive(Serialize, ToSchema)]
#[schema(as = LegalHold)]
pub(super) struct Hold {
    hold: Uuid,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// The facility's code.
    facility: String,
    #[schema(schema_with = kinds)]
    kind: String,
    /// Which matter; empty when the patient was erased since.
    matter: String,
    placed_by: String,
    placed_at: Timestamp,
    #[schema(required)]
    released_by: Option<String>,
    /// Null: it stands.
    #[schema(required)]
    released_at: Option<Timestamp>,
}

/// A restriction that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordRestrictionWhole)]
pub(super) struct Restriction {
    restriction: Uuid,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// The facility's code.
    facility: String,
    /// `erasure`: its erasure is approved.
    #[schema(schema_with = told_restrictions)]
    ground: String,
    by: String,
    since: Timestamp,
}

/// An erasure, from being asked for to its end.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(super) struct ErasureView {
    erasure: Uuid,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// The facility's code.
    facility: String,
    /// `ledger`: it was done before, and again in a copy of the data that did not know of it.
    #[schema(schema_with = told_erasures)]
    ground: String,
    /// `stopped`: a hold was placed on the record.
    #[schema(schema_with = states)]
    state: String,
    asked_by: String,
    asked_at: Timestamp,
    /// Whether the person who looks asked for it, by this post or another of theirs: somebody else decides.
    own: bool,
    #[schema(required)]
    decided_by: Option<String>,
    #[schema(required)]
    decided_at: Option<Timestamp>,
    /// When it is done, once it is approved.
    #[schema(required)]
    due_at: Option<Timestamp>,
    #[schema(required)]
    ended_at: Option<Timestamp>,
}

/// What stands between a record and its end.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordKeeping)]
pub(super) struct Keeping {
    #[schema(required)]
    restriction: Option<Restriction>,
    /// Those that stand first.
    holds: Vec<Hold>,
    /// Until when the record is kept; null when it was erased, or is kept for ever.
    #[schema(required)]
    kept_until: Option<Timestamp>,
    /// What stands in the way of erasing it: a hold, its time, that it goes on in another.
    #[schema(schema_with = obstacles_list)]
    in_the_way: Vec<&'static str>,
    /// Days from an approval to its erasure.
    erasure_days: i32,
    /// Those that are open first.
    erasures: Vec<ErasureView>,
    /// Since when nothing of it is left.
    #[schema(required)]
    erased_at: Option<Timestamp>,
}

fn obstacles_list() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(obstacles())
}

/// A patient as they are called.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordName)]
struct Named {
    #[schema(value_type = Uuid)]
    patient: PatientId,
    name: String,
}

/// Everything of the kind within reach.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordsKept)]
pub(super) struct Records {
    /// Those that are open first, 200 at most.
    erasures: Vec<ErasureView>,
    /// Those that stand.
    restrictions: Vec<Restriction>,
    /// Those that stand.
    holds: Vec<Hold>,
    /// How those are called among their patients whom the post sees; restricted ones for a legal reason, where it may.
    patients: Vec<Named>,
}

fn text(row: &Row, at: usize) -> String {
    row.get::<_, Option<String>>(at).unwrap_or_default()
}

fn hold(row: &Row, vault: &Vault) -> Result<Hold, Error> {
    let sealed: &[u8] = row.get(5);
    let matter = if sealed.is_empty() {
        String::new()
    } else {
        let clear = vault.open(Drawer::HoldMatter, row.get(0), sealed)?;
        String::from_utf8_lossy(&clear).into_owned()
    };
    Ok(Hold {
        hold: row.get(0),
        patient: PatientId(row.get(2)),
        facility: row.get(3),
        kind: row.get(4),
        matter,
        placed_by: text(row, 6),
        placed_at: row.get(7),
        released_by: row.get(8),
        released_at: row.get(9),
    })
}

fn restriction(row: &Row) -> Restriction {
    Restriction {
        restriction: row.get(0),
        patient: PatientId(row.get(2)),
        facility: row.get(3),
        ground: row.get(4),
        by: text(row, 5),
        since: row.get(6),
    }
}

fn erasure(row: &Row) -> ErasureView {
    ErasureView {
        erasure: row.get(0),
        patient: PatientId(row.get(2)),
        facility: row.get(3),
        ground: row.get(4),
        state: row.get(5),
        asked_by: text(row, 6),
        asked_at: row.get(7),
        decided_by: row.get(8),
        decided_at: row.get(9),
        due_at: row.get(10),
        ended_at: row.get(11),
        own: row.get(12),
    }
}

fn event(action: Action, (facility, patient): (FacilityId, PatientId), detail: String) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    event.detail = Some(detail);
    event
}

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

/// Refused and written down: the staff decides about records, and nobody who reaches a part of the house.
async fn entered(app: &App, ctx: &Ctx, action: Action) -> Result<(), Error> {
    if ctx.plane() == Plane::Staff && !ctx.grants().by_relationship && ctx.on_behalf_of().is_none() {
        return Ok(());
    }
    refuse(app, ctx, action, "does not reach the whole house", db::Error::Denied(None).into()).await
}

/// What the database refused is in the log as well, as is that there is no such record.
async fn done(app: &App, ctx: &Ctx, action: Action, done: Result<bool, db::Error>) -> Result<(), Error> {
    match done {
        Ok(true) => Ok(()),
        Ok(false) => refuse(app, ctx, action, "no such record", db::Error::NotFound.into()).await,
        Err(db::Error::RowSecurity) => {
            refuse(app, ctx, action, "refused by the database", db::Error::Denied(None).into()).await
        }
        Err(error) => refuse(app, ctx, action, "something stands in the way", error.into()).await,
    }
}

async fn place(app: &App, ctx: &Ctx, action: Action, patient: PatientId) -> Result<Place, Error> {
    let sight = ctx.beside_restriction();
    let tx = app.store.db().begin(&sight).await?;
    let found = store::find(&tx, ctx.organization(), patient).await?;
    drop(tx);
    match found {
        Some(place) => Ok(place),
        None => refuse(app, ctx, action, "no such record", db::Error::NotFound.into()).await,
    }
}

/// Whether a record is restricted. Who comes from outside is told of none.
pub(super) async fn is_restricted(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Restricted, Error> {
    const ACTION: Action = Action::LookAtRestriction;
    if ctx.plane() != Plane::Staff {
        return refuse(app, ctx, ACTION, "not of the staff", db::Error::Denied(None).into()).await;
    }
    let at = place(app, ctx, ACTION, patient).await?;
    if at.erased_at.is_some() {
        return refuse(app, ctx, ACTION, "erased", db::Error::Erased.into()).await;
    }
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_restriction(&tx, ctx.organization(), patient).await?;
    tx.commit().await?;
    app.store.db().record(ctx, event(ACTION, (at.facility, patient), "restriction".to_owned())).await?;
    Ok(Restricted {
        restricted: !rows.is_empty(),
        since: rows.first().map(|row| row.get(6)),
        may_look: ctx.may_look_at_restricted(),
    })
}

/// Until when a record is kept.
async fn time(app: &App, ctx: &Ctx, patient: PatientId, at: &Place) -> Result<Option<Timestamp>, Error> {
    let Some(last_entry) = at.last_entry else { return Ok(None) };
    let born = match app.store.birth_date(ctx, patient).await {
        // It is being erased at this moment: the keys are gone, and the rest follows.
        Err(chart::Error::Db(db::Error::Erased)) => None,
        born => born?,
    };
    let tx = app.store.db().begin(ctx).await?;
    let terms = store::fetch_terms(&tx, ctx.organization()).await?;
    tx.commit().await?;
    // Beyond what a calendar knows is for ever.
    Ok(Some(kept_until(terms, last_entry, born).unwrap_or(Timestamp::MAX)))
}

/// What stands between a record and its end.
pub(super) async fn look(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Keeping, Error> {
    const ACTION: Action = Action::LookAtRecords;
    entered(app, ctx, ACTION).await?;
    let at = place(app, ctx, ACTION, patient).await?;
    let kept_until = time(app, ctx, patient, &at).await?;
    let db = app.store.db();
    let vault = db.vault(ctx).await?;
    let tx = db.begin(ctx).await?;
    let organization = ctx.organization();
    let terms = store::fetch_terms(&tx, organization).await?;
    let restriction_rows = store::list_restriction(&tx, organization, patient).await?;
    let hold_rows = store::list_holds(&tx, organization, patient).await?;
    let erasure_rows = store::list_erasures_of(&tx, organization, patient).await?;
    tx.commit().await?;
    let holds = hold_rows.iter().map(|row| hold(row, &vault)).collect::<Result<Vec<_>, _>>()?;
    let standing = [
        holds.iter().any(|hold| hold.released_at.is_none()),
        kept_until.is_some_and(|until| until > app.world.now()),
        at.absorbed,
    ];
    let in_the_way =
        OBSTACLES.into_iter().zip(standing).filter(|(_, stands)| *stands && at.erased_at.is_none());
    let keeping = Keeping {
        restriction: restriction_rows.first().map(restriction),
        holds,
        kept_until: kept_until.filter(|until| *until < Timestamp::MAX),
        in_the_way: in_the_way.map(|(word, _)| word).collect(),
        erasure_days: terms.erasure_days,
        erasures: erasure_rows.iter().map(erasure).collect(),
        erased_at: at.erased_at,
    };
    let subject = Subject {
        organization,
        facility: at.facility,
        patient: Some(patient),
        resource: ResourceId(patient.0),
        class: DataClass::General,
    };
    let closed = Phi::new(keeping, subject);
    let event = Event::success(ACTION.key(), ACTION.needs().key()).showing([&closed]);
    let receipt = db.record(ctx, event).await?;
    Ok(closed.open(&receipt)?)
}

/// Everything within reach. It is a look at each patient concerned.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Records, Error> {
    const ACTION: Action = Action::LookAtRecords;
    entered(app, ctx, ACTION).await?;
    let db = app.store.db();
    let vault = db.vault(ctx).await?;
    let tx = db.begin(ctx).await?;
    let organization = ctx.organization();
    let erasure_rows = store::list_erasures(&tx, organization).await?;
    let restriction_rows = store::list_restrictions(&tx, organization).await?;
    let hold_rows = store::list_standing_holds(&tx, organization).await?;
    tx.commit().await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    for row in erasure_rows.iter().chain(&restriction_rows).chain(&hold_rows) {
        event.concerns(Subject {
            organization,
            facility: FacilityId(row.get(1)),
            patient: Some(PatientId(row.get(2))),
            resource: ResourceId(row.get(0)),
            class: DataClass::General,
        });
    }
    event.detail = Some(format!("{} patients", event.subjects.len()));
    let ids: Vec<PatientId> = event.subjects.iter().map(|(_, patient)| *patient).collect();
    let legal = ctx.for_purpose(Purpose::Legal);
    let names = patient_names(app, legal.as_ref().unwrap_or(ctx), &ids).await?;
    let records = Records {
        patients: names.into_iter().map(|(patient, name)| Named { patient, name }).collect(),
        erasures: erasure_rows.iter().map(erasure).collect(),
        restrictions: restriction_rows.iter().map(restriction).collect(),
        holds: hold_rows.iter().map(|row| hold(row, &vault)).collect::<Result<_, _>>()?,
    };
    db.record(ctx, event).await?;
    Ok(records)
}

/// Places a hold; its number.
pub(super) async fn place_hold(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    kind: &str,
    matter: &str,
) -> Result<Uuid, Error> {
    const ACTION: Action = Action::HoldRecord;
    entered(app, ctx, ACTION).await?;
    let kind = known(KINDS, kind).ok_or(Error::Invalid("kind: litigation, investigation, audit or other"))?;
    if matter.trim().is_empty() || matter.chars().count() > TEXT {
        return Err(Error::Invalid("matter: 1 to 500 characters"));
    }
    let at = place(app, ctx, ACTION, patient).await?;
    let (db, id) = (app.store.db(), app.world.uuid());
    let sealed = db.vault(ctx).await?.seal(Drawer::HoldMatter, id, matter.as_bytes());
    let tx = db.begin(ctx).await?;
    let placed = store::place_hold(&tx, (id, patient), (kind, &sealed), app.world.now()).await;
    done(app, ctx, ACTION, placed).await?;
    db.record(ctx, event(ACTION, (at.facility, patient), format!("hold {id} placed: {kind}"))).await?;
    tx.commit().await?;
    Ok(id)
}

/// Releases one.
pub(super) async fn release_hold(app: &App, ctx: &Ctx, patient: PatientId, hold: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::HoldRecord;
    entered(app, ctx, ACTION).await?;
    let at = place(app, ctx, ACTION, patient).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let released = store::release_hold(&tx, (hold, patient), app.world.now()).await;
    done(app, ctx, ACTION, released).await?;
    db.record(ctx, event(ACTION, (at.facility, patient), format!("hold {hold} released"))).await?;
    Ok(tx.commit().await?)
}

/// Restricts a record.
pub(super) async fn restrict(app: &App, ctx: &Ctx, patient: PatientId, ground: &str) -> Result<(), Error> {
    const ACTION: Action = Action::RestrictRecord;
    entered(app, ctx, ACTION).await?;
    let ground = known(RESTRICTIONS, ground)
        .ok_or(Error::Invalid("ground: request, accuracy, unlawful, claims or objection"))?;
    let at = place(app, ctx, ACTION, patient).await?;
    let (db, id) = (app.store.db(), app.world.uuid());
    let tx = db.begin(ctx).await?;
    let restricted = store::restrict(&tx, (id, patient), ground, app.world.now()).await;
    if matches!(restricted, Err(db::Error::Restricted)) {
        return refuse(app, ctx, ACTION, "restricted already", Error::Restricted).await;
    }
    done(app, ctx, ACTION, restricted).await?;
    db.record(ctx, event(ACTION, (at.facility, patient), format!("restriction {id}: {ground}"))).await?;
    Ok(tx.commit().await?)
}

/// Lifts that.
pub(super) async fn lift(app: &App, ctx: &Ctx, patient: PatientId) -> Result<(), Error> {
    const ACTION: Action = Action::RestrictRecord;
    entered(app, ctx, ACTION).await?;
    let at = place(app, ctx, ACTION, patient).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let lifted = store::lift(&tx, patient, app.world.now()).await;
    done(app, ctx, ACTION, lifted).await?;
    db.record(ctx, event(ACTION, (at.facility, patient), "restriction lifted".to_owned())).await?;
    Ok(tx.commit().await?)
}

/// Refuses a record within its time, which of a minor is longer than the database can tell.
async fn timely(app: &App, ctx: &Ctx, action: Action, patient: PatientId, at: &Place) -> Result<(), Error> {
    match time(app, ctx, patient, at).await? {
        Some(until) if until > app.world.now() => {
            refuse(app, ctx, action, "within its time", Error::Kept(Some(until))).await
        }
        _ => Ok(()),
    }
}

/// Asks for a record to be erased; the erasure's number.
pub(super) async fn ask(app: &App, ctx: &Ctx, patient: PatientId, ground: &str) -> Result<Uuid, Error> {
    const ACTION: Action = Action::AskErasure;
    entered(app, ctx, ACTION).await?;
    let ground =
        known(ERASURES, ground).ok_or(Error::Invalid("ground: request, kept-long-enough, error or order"))?;
    let at = place(app, ctx, ACTION, patient).await?;
    if at.erased_at.is_some() {
        return refuse(app, ctx, ACTION, "erased", db::Error::Erased.into()).await;
    }
    timely(app, ctx, ACTION, patient, &at).await?;
    let (db, id) = (app.store.db(), app.world.uuid());
    let tx = db.begin(ctx).await?;
    let asked = store::ask(&tx, (id, patient), ground, app.world.now()).await;
    done(app, ctx, ACTION, asked).await?;
    db.record(ctx, event(ACTION, (at.facility, patient), format!("erasure {id} asked for: {ground}")))
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// The patient of an erasure, and where they are.
async fn whose(
    app: &App,
    ctx: &Ctx,
    action: Action,
    erasure: Uuid,
) -> Result<(FacilityId, PatientId), Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find_erasure(&tx, ctx.organization(), erasure).await?;
    tx.commit().await?;
    match found {
        Some((patient, facility)) => Ok((facility, patient)),
        None => refuse(app, ctx, action, "no such erasure", db::Error::NotFound.into()).await,
    }
}

/// Approves or refuses an erasure that another person asked for.
pub(super) async fn decide(app: &App, ctx: &Ctx, erasure: Uuid, approved: bool) -> Result<(), Error> {
    const ACTION: Action = Action::DecideErasure;
    entered(app, ctx, ACTION).await?;
    let subject = whose(app, ctx, ACTION, erasure).await?;
    if approved {
        let at = place(app, ctx, ACTION, subject.1).await?;
        timely(app, ctx, ACTION, subject.1, &at).await?;
    }
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let decided = store::decide(&tx, erasure, approved, app.world.now()).await;
    done(app, ctx, ACTION, decided).await?;
    let detail = format!("erasure {erasure} {}", if approved { "approved" } else { "refused" });
    db.record(ctx, event(ACTION, subject, detail)).await?;
    Ok(tx.commit().await?)
}

/// Takes one back that is not being done yet.
pub(super) async fn withdraw(app: &App, ctx: &Ctx, erasure: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::AskErasure;
    entered(app, ctx, ACTION).await?;
    let subject = whose(app, ctx, ACTION, erasure).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let withdrawn = store::withdraw(&tx, erasure, app.world.now()).await;
    done(app, ctx, ACTION, withdrawn).await?;
    db.record(ctx, event(ACTION, subject, format!("erasure {erasure} withdrawn"))).await?;
    Ok(tx.commit().await?)
}
