//! Seeing what was asked for and what runs; approving, refusing and ending it.

use db::{Ctx, Drawer, Event, Phi, Request, Row, Subject, Vault};
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, MembershipId, OrganizationId, ResourceId};
use policy::{Action, Permission, Target};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::store::{self, Asked, Granted, WAITS_HOURS};
use crate::app::App;
use crate::areas::people::{self, Told};
use crate::http::one_of;

/// The most that are shown.
const SHOWN: i64 = 200;

fn event(action: Action, reason: Permission, detail: String) -> Event {
    Event { detail: Some(detail), ..Event::success(action.key(), reason.key()) }
}

async fn denied<T>(app: &App, ctx: &Ctx, action: Action, why: &'static str) -> Result<T, Error> {
    app.store.db().record(ctx, Event::denied(action.key(), why)).await?;
    Err(db::Error::Denied(None).into())
}

pub(super) fn states() -> Object {
    one_of(&["waiting", "lapsed", "withdrawn", "refused", "running", "over"])
}

/// What was decided.
#[derive(Serialize, ToSchema)]
struct SupportDecision {
    at: Timestamp,
    by: String,
}

/// What an approval gave.
#[derive(Serialize, ToSchema)]
struct SupportGranted {
    /// Whose view.
    #[schema(value_type = i32)]
    membership: MembershipId,
    #[serde(rename = "for")]
    of: String,
    minutes: i32,
    write: bool,
    /// When it ends by itself.
    ends_at: Timestamp,
    /// How much it did, as the log has it.
    events: i64,
}

/// Support access that was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct SupportRequest {
    request: Uuid,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Who asks.
    by: String,
    reason: String,
    asked_at: Timestamp,
    /// For how long.
    minutes: i32,
    /// Whether to change something as well.
    write: bool,
    /// The number of the post whose view would help, when one was named.
    #[schema(required)]
    wanted: Option<i32>,
    #[schema(required)]
    decided: Option<SupportDecision>,
    #[schema(required)]
    granted: Option<SupportGranted>,
    /// When it was withdrawn, or ended before its time.
    #[schema(required)]
    ended_at: Option<Timestamp>,
}

fn state(row: &Row, now: Timestamp) -> &'static str {
    let (verdict, ended): (Option<&str>, Option<Timestamp>) = (row.get(9), row.get(16));
    match (verdict, ended) {
        (Some("refused"), _) => "refused",
        (Some(_), _) if row.get(17) => "running",
        (Some(_), _) => "over",
        (None, Some(_)) => "withdrawn",
        (None, None) if lapsed(row.get(5), now) => "lapsed",
        (None, None) => "waiting",
    }
}

fn lapsed(asked_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(asked_at) >= SignedDuration::from_hours(WAITS_HOURS)
}

fn view(row: &Row, vault: &Vault, now: Timestamp) -> Result<SupportRequest, Error> {
    let reason = vault.open(Drawer::SupportReason, row.get(0), row.get(2))?;
    let decided: Option<Timestamp> = row.get(7);
    let membership: Option<i32> = row.get(14);
    Ok(SupportRequest {
        request: row.get(0),
        state: state(row, now),
        by: row.get(1),
        reason: String::from_utf8_lossy(&reason).into_owned(),
        asked_at: row.get(5),
        minutes: row.get(3),
        write: row.get(4),
        wanted: row.get(6),
        decided: decided.map(|at| SupportDecision { at, by: row.get(8) }),
        granted: membership.map(|_| SupportGranted {
            membership: MembershipId(row.get(10)),
            of: row.get(11),
            minutes: row.get(12),
            write: row.get(13),
            ends_at: row.get(15),
            events: row.get(18),
        }),
        ended_at: row.get(16),
    })
}

/// Everything that was asked for, for who administers the organization or answers for its log.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<SupportRequest>, Error> {
    const ACTION: Action = Action::ListSupport;
    let db = app.store.db();
    let manages = ctx.grants().permissions.contains(Permission::OrganizationManage);
    let held = if manages { Permission::OrganizationManage } else { ACTION.needs() };
    if !manages {
        db.authorize(ctx, ACTION, Target::default()).await?;
    }
    let now = app.world.now();
    let vault = db.vault(ctx).await?;
    let tx = db.begin(ctx).await?;
    let rows = store::list(&tx, ctx.organization(), now, SHOWN).await?;
    tx.commit().await?;
    let subject = |row: &Row| Subject {
        class: kernel::DataClass::General,
        organization: ctx.organization(),
        facility: FacilityId::WHOLE,
        patient: None,
        resource: ResourceId(row.get(0)),
    };
    // A reason is free text: nobody knows what it holds.
    let closed: Result<Vec<_>, Error> =
        rows.iter().map(|row| Ok(Phi::new(view(row, &vault, now)?, subject(row)))).collect();
    let receipt = db.record(ctx, event(ACTION, held, format!("count {}", rows.len()))).await?;
    closed?.into_iter().map(|one| one.open(&receipt).map_err(Error::from)).collect()
}

/// The request, when this post may decide about it now.
async fn waiting(app: &App, ctx: &Ctx, id: Uuid) -> Result<Asked, Error> {
    const ACTION: Action = Action::DecideSupport;
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find(&tx, ctx.organization(), ctx.membership(), id).await?;
    tx.commit().await?;
    let Some(asked) = found else {
        app.store.db().record(ctx, Event::denied(ACTION.key(), "no such request")).await?;
        return Err(db::Error::NotFound.into());
    };
    if asked.own {
        // Also for a program, which is nobody.
        return denied(app, ctx, ACTION, "own request, or no person").await;
    }
    if !asked.waits || lapsed(asked.asked_at, app.world.now()) {
        return Err(Error::Decided);
    }
    Ok(asked)
}

/// An approval.
#[derive(Serialize, ToSchema)]
pub(super) struct Approved {
    /// The post that was made.
    #[schema(value_type = i32)]
    membership: MembershipId,
    ends_at: Timestamp,
}

/// Shares the view of a post: never for longer, nor to do more, than was asked. Those who answer for it are told first: a
/// false alarm is better than silence.
pub(super) async fn approve(
    app: &App,
    ctx: &Ctx,
    id: Uuid,
    target: MembershipId,
    (minutes, write): (i32, bool),
) -> Result<Approved, Error> {
    const ACTION: Action = Action::DecideSupport;
    let asked = waiting(app, ctx, id).await?;
    if !(5..=asked.minutes).contains(&minutes) {
        return Err(Error::Invalid("minutes: 5 at least, and no more than was asked"));
    }
    if write && !asked.writes {
        return Err(Error::Invalid("write: more than was asked"));
    }
    let (db, now) = (app.store.db(), app.world.now());
    let tx = db.begin(ctx).await?;
    let of = store::find_target(&tx, ctx.organization(), target, now).await?;
    let told = store::list_told(&tx, ctx.organization(), now).await?;
    tx.commit().await?;
    let of = of.ok_or(Error::Invalid("membership: not a living post of the staff that somebody has"))?;
    let what = Told::SupportBegun(&asked.name, &of, now + SignedDuration::from_mins(i64::from(minutes)));
    people::tell(app, ctx.request(), ctx.slug(), &told, &what).await?;
    let tx = db.begin(ctx).await?;
    let granted = Granted { target, minutes, write };
    let made = match store::approve(&tx, ctx.organization(), ctx.membership(), id, &granted).await {
        Err(db::Error::RowSecurity) => return denied(app, ctx, ACTION, "refused by the database").await,
        made => made?.ok_or(Error::Decided)?,
    };
    let (membership, ends_at) = made;
    let detail = format!("request {id} membership {membership} for {target} minutes {minutes} write {write}");
    db.record(ctx, event(ACTION, ACTION.needs(), detail)).await?;
    tx.commit().await?;
    Ok(Approved { membership, ends_at })
}

/// Refuses it.
pub(super) async fn refuse(app: &App, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::DecideSupport;
    waiting(app, ctx, id).await?;
    let tx = app.store.db().begin(ctx).await?;
    if !store::refuse(&tx, ctx.organization(), ctx.membership(), id).await? {
        return Err(Error::Decided);
    }
    app.store.db().record(ctx, event(ACTION, ACTION.needs(), format!("request {id} refused"))).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends what runs: by whoever administers the organization, and by the support itself. It is out on the next request.
pub(super) async fn end(app: &App, ctx: &Ctx, id: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::EndSupport;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let found = store::find(&tx, ctx.organization(), ctx.membership(), id).await?;
    tx.commit().await?;
    let itself = found.as_ref().is_some_and(|asked| asked.membership == Some(ctx.membership()));
    if !itself {
        db.authorize(ctx, ACTION, Target::default()).await?;
    }
    let tx = db.begin(ctx).await?;
    if !store::end(&tx, ctx.organization(), id, app.world.now()).await? {
        db.record(ctx, Event::denied(ACTION.key(), "nothing runs")).await?;
        return Err(db::Error::NotFound.into());
    }
    let detail = Some(format!("request {id}"));
    let reason = if itself { "own post" } else { ACTION.needs().key() };
    db.record(ctx, Event { detail, ..Event::success(ACTION.key(), reason) }).await?;
    tx.commit().await?;
    db.forget_authority();
    Ok(())
}

/// Tells those who decide that somebody asks.
pub(crate) async fn tell_asked(
    app: &App,
    request: &Request,
    (organization, slug): (OrganizationId, &str),
    who: &str,
) -> Result<(), people::Error> {
    let program = Ctx::program(organization, request.clone());
    let tx = app.store.db().begin(&program).await?;
    let told = store::list_told(&tx, organization, app.world.now()).await?;
    tx.commit().await?;
    if told.is_empty() {
        tracing::warn!(target: "people", organization = %organization, "nobody decides about support access here");
    }
    people::tell(app, request, slug, &told, &Told::SupportAsked(who)).await
}
