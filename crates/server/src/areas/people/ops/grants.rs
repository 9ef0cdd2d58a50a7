//! What a post may do: seeing it, changing it, and asking what a change would do. The database refuses the same again.

use db::{Ctx, Event, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId};
use policy::{Action, Permission, PermissionSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::members::{planes, state, states};
use crate::app::App;
use crate::areas::people::Error;
use crate::areas::people::model::SmallText;
use crate::areas::people::store::{self, Grant, Standing};

/// Of the posts below one, as many are shown.
const SHOWN: i64 = 200;

/// What is left of a grant at use: what every post of the chain has, without what one of them is denied.
#[derive(Serialize, ToSchema)]
pub(crate) struct Effective {
    /// Permission keys.
    permissions: Vec<String>,
    /// The codes of the facilities, those within the asker's sight.
    facilities: Vec<String>,
    /// Whether only patients that it has a relationship with are within reach.
    by_relationship: bool,
    /// Whether neither it nor a post above it has ended.
    pub(super) alive: bool,
    /// When the first of them ends.
    #[schema(required)]
    ends_at: Option<Timestamp>,
}

impl Effective {
    /// From five columns of a row.
    pub(super) fn of(row: &Row, first: usize) -> Self {
        Self {
            permissions: row.get(first),
            facilities: row.get(first + 1),
            by_relationship: row.get(first + 2),
            alive: row.get(first + 3),
            ends_at: row.get(first + 4),
        }
    }
}

/// What the post's own row says.
#[derive(Serialize, ToSchema)]
struct Own {
    permissions: Vec<String>,
    /// What neither it nor a post below it may do, whatever else says so.
    denied: Vec<String>,
    facilities: Vec<String>,
    by_relationship: bool,
    #[schema(required)]
    ends_at: Option<Timestamp>,
}

/// A post beside another.
#[derive(Serialize, ToSchema)]
pub(super) struct Neighbour {
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    role: String,
}

impl Neighbour {
    fn of(row: &Row) -> Self {
        Self::new(row.get(0), row.get(1), row.get(2))
    }

    pub(super) fn new(membership: i32, name: String, role: String) -> Self {
        Self { membership: MembershipId(membership), name, role }
    }
}

/// A post, with what stands above and below it.
#[derive(Serialize, ToSchema)]
pub(crate) struct View {
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// The `ETag` that a change names is of this number.
    pub(crate) version: i32,
    name: String,
    role: String,
    #[serde(rename = "kind")]
    #[schema(schema_with = planes)]
    plane: String,
    #[schema(schema_with = states)]
    state: &'static str,
    own: Own,
    effective: Effective,
    /// The posts above it, the nearest first.
    chain: Vec<Neighbour>,
    /// The posts right below it, 200 at most.
    children: Vec<Neighbour>,
    /// How many there are below it at any depth.
    below: i64,
}

/// Refuses, and writes that down first.
pub(crate) async fn refuse<T>(
    app: &App,
    ctx: &Ctx,
    action: Action,
    reason: &'static str,
    error: Error,
) -> Result<T, Error> {
    app.store.db().record(ctx, Event::denied(action.key(), reason)).await?;
    Err(error)
}

/// Where the patient is, when they exist for the context; out of reach is unknown.
pub(super) async fn facility_of(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    action: Action,
) -> Result<FacilityId, Error> {
    match app.store.find_patient(ctx, ctx, patient).await? {
        Some(facility) => Ok(facility),
        None => refuse(app, ctx, action, "no such patient", db::Error::NotFound.into()).await,
    }
}

/// What the database says to a change, its refusals written down.
pub(super) async fn told<T>(
    app: &App,
    ctx: &Ctx,
    action: Action,
    answered: Result<T, db::Error>,
) -> Result<T, Error> {
    match answered {
        Err(db::Error::RowSecurity) => {
            refuse(app, ctx, action, "refused by the database", db::Error::Denied(None).into()).await
        }
        Err(db::Error::Constraint(name)) if name == "last_administrator" => {
            refuse(app, ctx, action, "last administrator", Error::LastAdministrator).await
        }
        other => Ok(other?),
    }
}

/// The post, when it has not ended and the context may change it: it stands below the context's own, or the context
/// administers the organization.
pub(super) async fn from_above(
    app: &App,
    tx: &Tx<'_>,
    membership: MembershipId,
    action: Action,
) -> Result<Standing, Error> {
    let ctx = tx.ctx();
    let post = (ctx.organization(), membership);
    let found = store::find_post(tx, post, ctx.membership(), app.world.now()).await?;
    let Some(standing) = found.filter(|standing| !standing.ended) else {
        return refuse(app, ctx, action, "no such post", db::Error::NotFound.into()).await;
    };
    let manages = ctx.grants().permissions.contains(Permission::OrganizationManage);
    if membership == ctx.membership() {
        return refuse(app, ctx, action, "own post", db::Error::Denied(None).into()).await;
    }
    if !standing.is_below && !manages {
        let error = db::Error::Denied(Some(Permission::OrganizationManage));
        return refuse(app, ctx, action, Permission::OrganizationManage.key(), error.into()).await;
    }
    Ok(standing)
}

/// A post with what stands above and below it.
pub(crate) async fn look(app: &App, ctx: &Ctx, membership: MembershipId) -> Result<View, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let (post, now) = ((ctx.organization(), membership), app.world.now());
    let Some(standing) = store::find_post(&tx, post, ctx.membership(), now).await? else {
        return refuse(app, ctx, Action::LookAtPost, "no such post", db::Error::NotFound.into()).await;
    };
    let itself = store::list_below(&tx, post, now, 1).await?;
    let itself = itself.first().ok_or(db::Error::NotFound)?;
    let chain = store::list_chain(&tx, post).await?;
    let children = store::list_children(&tx, post, SHOWN).await?;
    tx.commit().await?;
    let detail = Some(format!("membership {membership}"));
    let event = Event { detail, ..Event::success(Action::LookAtPost.key(), Permission::PeopleRead.key()) };
    app.store.db().record(ctx, event).await?;
    let effective = Effective::of(itself, 3);
    Ok(View {
        membership,
        version: standing.version,
        name: standing.name,
        role: standing.own.role,
        plane: standing.plane,
        state: state(effective.alive, standing.taken_up),
        own: Own {
            permissions: standing.own.permissions,
            denied: standing.own.denied,
            facilities: standing.facilities,
            by_relationship: standing.own.by_relationship,
            ends_at: standing.own.ends_at,
        },
        effective,
        chain: chain.iter().map(Neighbour::of).collect(),
        children: children.iter().map(Neighbour::of).collect(),
        below: itself.get::<_, i64>(8) - 1,
    })
}

/// What is to be otherwise; what is not said stays.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) role: Option<String>,
    pub(crate) permissions: Option<PermissionSet>,
    pub(crate) denied: Option<PermissionSet>,
    /// Those within the changer's reach; others stay as they are.
    pub(crate) facilities: Option<Vec<FacilityId>>,
    pub(crate) by_relationship: Option<bool>,
    /// `Some(None)`: without an end of its own.
    pub(crate) ends_at: Option<Option<Timestamp>>,
}

impl Change {
    fn of(&self, own: &Grant, mine: &[FacilityId], now: Timestamp) -> Result<Grant, Error> {
        let keys = |set: PermissionSet| set.iter().map(|held| held.key().to_owned()).collect();
        let role = match &self.role {
            Some(role) => SmallText::new(role).ok_or(Error::Invalid("role: 1 to 100 characters"))?.0,
            None => own.role.clone(),
        };
        if self.ends_at.flatten().is_some_and(|end| end <= now) {
            return Err(Error::Invalid("ends_at: it is over"));
        }
        let facilities = self.facilities.as_ref().map(|given| {
            let out_of_reach = own.facilities.iter().filter(|id| !mine.contains(&FacilityId(**id))).copied();
            out_of_reach.chain(given.iter().map(|facility| facility.0)).collect()
        });
        Ok(Grant {
            role,
            permissions: self.permissions.map_or_else(|| own.permissions.clone(), keys),
            denied: self.denied.map_or_else(|| own.denied.clone(), keys),
            facilities: facilities.unwrap_or_else(|| own.facilities.clone()),
            by_relationship: self.by_relationship.unwrap_or(own.by_relationship),
            ends_at: self.ends_at.unwrap_or(own.ends_at),
        })
    }
}

/// Whether the new grant adds something that the changer does not have.
fn exceeds(ctx: &Ctx, old: &Grant, new: &Grant) -> bool {
    let mine = ctx.grants();
    let given = |grant: &Grant, key: &String| grant.permissions.contains(key) && !grant.denied.contains(key);
    let adds = |key: &String| given(new, key) && !given(old, key);
    let held = |key: &String| key.parse().is_ok_and(|held| mine.permissions.contains(held));
    let site = |id: &i32| old.facilities.contains(id) || mine.facilities.contains(&FacilityId(*id));
    new.permissions.iter().any(|key| adds(key) && !held(key))
        || !new.facilities.iter().all(site)
        || (mine.by_relationship && old.by_relationship && !new.by_relationship)
}

/// Counts of what a change adds and takes, for the log.
fn counts(membership: MembershipId, old: &Grant, new: &Grant) -> String {
    fn both<T: PartialEq>(old: &[T], new: &[T]) -> (usize, usize) {
        let missing = |from: &[T], other: &[T]| from.iter().filter(|one| !other.contains(one)).count();
        (missing(new, old), missing(old, new))
    }
    let (more, less) = both(&old.permissions, &new.permissions);
    let (denies, allows) = both(&old.denied, &new.denied);
    let (opens, closes) = both(&old.facilities, &new.facilities);
    let mut text = format!(
        "membership {membership} permissions +{more} -{less} denied +{denies} -{allows} facilities +{opens} -{closes}"
    );
    for (changed, name) in [
        (old.role != new.role, " role"),
        (old.by_relationship != new.by_relationship, " by_relationship"),
        (old.ends_at != new.ends_at, " ends_at"),
    ] {
        if changed {
            text.push_str(name);
        }
    }
    text
}

/// Changes what a post may do, and so what every post below it may: at once.
pub(crate) async fn change(
    app: &App,
    ctx: &Ctx,
    membership: MembershipId,
    version: i32,
    change: &Change,
) -> Result<i32, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let (standing, new) = planned(app, &tx, membership, change, Action::ChangePost).await?;
    let post = (ctx.organization(), membership);
    let changed = store::update_membership(&tx, post, version, &new, app.world.now()).await;
    let version = told(app, ctx, Action::ChangePost, changed).await?.ok_or(db::Error::Conflict)?;
    let detail = Some(counts(membership, &standing.own, &new));
    let reason = if standing.is_below { Permission::PeopleInvite } else { Permission::OrganizationManage };
    app.store.db().record(ctx, Event { detail, ..Event::success("people.change", reason.key()) }).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(version)
}

async fn planned(
    app: &App,
    tx: &Tx<'_>,
    membership: MembershipId,
    change: &Change,
    action: Action,
) -> Result<(Standing, Grant), Error> {
    let standing = from_above(app, tx, membership, action).await?;
    let new = change.of(&standing.own, tx.ctx().facilities(), app.world.now())?;
    if exceeds(tx.ctx(), &standing.own, &new) {
        let error = db::Error::Denied(None).into();
        return refuse(app, tx.ctx(), action, "more than the changer has", error).await;
    }
    Ok((standing, new))
}

/// What to try.
pub(crate) enum Trial {
    Change(Change),
    End,
}

/// What would be otherwise at one post.
#[derive(Serialize, ToSchema)]
struct Difference {
    #[schema(value_type = i32)]
    membership: MembershipId,
    name: String,
    role: String,
    /// Whether it would be alive, and whether it is now.
    alive: bool,
    was_alive: bool,
    permissions_gained: Vec<String>,
    permissions_lost: Vec<String>,
    facilities_gained: Vec<String>,
    facilities_lost: Vec<String>,
    /// Whether it would reach only patients that it has a relationship with, and whether it does now.
    by_relationship: bool,
    was_by_relationship: bool,
}

/// What a change would do to the post and to those below it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Outlook {
    /// From above, 200 at most, the unchanged among them.
    posts: Vec<Difference>,
    /// How many there are.
    total: i64,
}

/// Does it, looks, and undoes it: what is told is what would be.
pub(crate) async fn what_if(
    app: &App,
    ctx: &Ctx,
    membership: MembershipId,
    trial: &Trial,
) -> Result<Outlook, Error> {
    const ACTION: Action = Action::WhatIf;
    let tx = app.store.db().begin(ctx).await?;
    let (post, now) = ((ctx.organization(), membership), app.world.now());
    let (before, done) = match trial {
        Trial::Change(change) => {
            let (standing, new) = planned(app, &tx, membership, change, ACTION).await?;
            let before = store::list_below(&tx, post, now, SHOWN).await?;
            let done = store::update_membership(&tx, post, standing.version, &new, now).await;
            (before, done.map(|version| version.is_some()))
        }
        Trial::End => {
            from_above(app, &tx, membership, ACTION).await?;
            let before = store::list_below(&tx, post, now, SHOWN).await?;
            (before, store::end_membership(&tx, post, now).await)
        }
    };
    if !told(app, ctx, ACTION, done).await? {
        return Err(db::Error::Conflict.into());
    }
    let after = store::list_below(&tx, post, now, SHOWN).await?;
    tx.rollback().await?;
    let detail = Some(format!("membership {membership}"));
    let event = Event { detail, ..Event::success(ACTION.key(), ACTION.needs().key()) };
    app.store.db().record(ctx, event).await?;
    // The tree is the same before and after, but for posts that were made in between.
    let posts = before.iter().filter_map(|old| {
        let new = after.iter().find(|new| new.get::<_, i32>(0) == old.get::<_, i32>(0))?;
        Some(difference(old, new))
    });
    Ok(Outlook { posts: posts.collect(), total: before.first().map_or(0, |row| row.get(8)) })
}

fn difference(old: &Row, new: &Row) -> Difference {
    let (was, is) = (Effective::of(old, 3), Effective::of(new, 3));
    // A post that has ended may do nothing, wherever.
    let alive = |alive: bool, held: &[String]| if alive { held.to_vec() } else { Vec::new() };
    let less = |from: &[String], other: &[String]| -> Vec<String> {
        from.iter().filter(|one| !other.contains(one)).cloned().collect()
    };
    let (may, might) = (alive(is.alive, &is.permissions), alive(was.alive, &was.permissions));
    let (here, there) = (alive(is.alive, &is.facilities), alive(was.alive, &was.facilities));
    Difference {
        membership: MembershipId(old.get(0)),
        name: new.get(1),
        role: new.get(2),
        alive: is.alive,
        was_alive: was.alive,
        permissions_gained: less(&may, &might),
        permissions_lost: less(&might, &may),
        facilities_gained: less(&here, &there),
        facilities_lost: less(&there, &here),
        by_relationship: is.by_relationship,
        was_by_relationship: was.by_relationship,
    }
}
