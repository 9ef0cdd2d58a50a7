//! Who has a post in an organization: seeing, offering and ending posts.

use db::{Ctx, Event, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId};
use policy::{Action, Permission, PermissionSet};
use serde::Serialize;
use utoipa::openapi::schema::Object;

use super::Desk;
use super::grants::{Effective, from_above, refuse, told};
use super::links::send_invitation;
use crate::app::App;
use crate::areas::people::model::{SmallText, normal_address};
use crate::areas::people::{Error, store};
use crate::http::one_of;

/// Someone with a post.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Member {
    #[schema(value_type = i32)]
    pub(crate) membership: MembershipId,
    /// The post right above it.
    #[schema(value_type = Option<i32>, required)]
    pub(crate) parent: Option<MembershipId>,
    pub(crate) name: String,
    pub(crate) role: String,
    #[serde(rename = "kind")]
    #[schema(schema_with = planes)]
    pub(crate) plane: String,
    /// The codes of those within its own reach.
    pub(crate) facilities: Vec<String>,
    #[schema(schema_with = states)]
    pub(crate) state: &'static str,
    /// When its own time is over.
    #[schema(required)]
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) effective: Effective,
}

pub(super) fn planes() -> Object {
    one_of(&["staff", "portal"])
}

pub(super) fn states() -> Object {
    one_of(&["active", "invited", "ended"])
}

pub(super) fn state(alive: bool, taken_up: bool) -> &'static str {
    match (alive, taken_up) {
        (false, _) => "ended",
        (true, true) => "active",
        (true, false) => "invited",
    }
}

/// Everyone with a post, by name.
pub(crate) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Member>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_members(&tx, ctx.organization(), app.world.now()).await?;
    tx.commit().await?;
    let event = Event {
        detail: Some(format!("count {}", rows.len())),
        ..Event::success("people.list", "people.read")
    };
    app.store.db().record(ctx, event).await?;
    let member = |row: &db::Row| {
        let effective = Effective::of(row, 8);
        Member {
            membership: MembershipId(row.get(0)),
            parent: row.get::<_, Option<i32>>(1).map(MembershipId),
            name: row.get(2),
            role: row.get(3),
            plane: row.get(4),
            facilities: row.get(5),
            state: state(effective.alive, row.get(6)),
            ends_at: row.get(7),
            effective,
        }
    };
    Ok(rows.iter().map(member).collect())
}

/// A post to be offered.
pub(crate) struct NewPost<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: &'a str,
    /// The role of the organization that it has: what the four beside it say is then the role's.
    pub(crate) role_key: Option<&'a str>,
    pub(crate) plane: &'a str,
    pub(crate) permissions: PermissionSet,
    /// What neither it nor a post below it may do, whatever else says so.
    pub(crate) denied: PermissionSet,
    pub(crate) facilities: &'a [FacilityId],
    pub(crate) by_relationship: bool,
    /// As long as the post above it when nothing is said.
    pub(crate) ends_at: Option<Timestamp>,
}

impl NewPost<'_> {
    /// Address, name and role as they will stand; before anybody is asked to prove themselves.
    pub(crate) fn checked(&self, now: Timestamp) -> Result<(&str, String, String), Error> {
        let address = self.email.trim();
        normal_address(address).ok_or(Error::Invalid("email: not an address"))?;
        let name = SmallText::new(self.name).ok_or(Error::Invalid("name: 1 to 100 characters"))?.0;
        let role = SmallText::new(self.role).ok_or(Error::Invalid("role: 1 to 100 characters"))?.0;
        if !matches!(self.plane, "staff" | "portal") {
            return Err(Error::Invalid("kind: staff or portal"));
        }
        if self.ends_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid("ends_at: it is over"));
        }
        Ok((address, name, role))
    }
}

/// Offers a post below one's own, with no more than one has. Gives its number and the link that was sent.
pub(crate) async fn invite(app: &App, ctx: &Ctx, new: &NewPost<'_>) -> Result<(MembershipId, String), Error> {
    let (address, name, role) = new.checked(app.world.now())?;
    let mine = ctx.grants();
    let exceeds = new.permissions.iter().any(|permission| !mine.permissions.contains(permission))
        || new.facilities.iter().any(|facility| !mine.facilities.contains(facility))
        || (mine.by_relationship && !new.by_relationship);
    if exceeds {
        let error = Error::Db(db::Error::Denied(Some(Permission::PeopleInvite)));
        return refuse(app, ctx, Action::Invite, "more than the grantor has", error).await;
    }
    let row = store::NewMembership {
        parent: Some(ctx.membership()).filter(|membership| membership.0 > 0),
        name: &name,
        role: &role,
        role_key: new.role_key,
        plane: new.plane,
        permissions: new.permissions.iter().map(Permission::key).collect(),
        denied: new.denied.iter().map(Permission::key).collect(),
        facilities: new.facilities.iter().map(|facility| facility.0).collect(),
        by_relationship: new.by_relationship,
        ends_at: new.ends_at,
    };
    let tx = app.store.db().begin(ctx).await?;
    let (organization, organization_name) = store::find_own_organization(&tx, ctx.organization()).await?;
    let membership = store::insert_membership(&tx, ctx.organization(), &row, app.world.now()).await;
    let membership = told(app, ctx, Action::Invite, membership).await?;
    let detail = Some(format!("membership {membership}"));
    app.store.db().record(ctx, Event { detail, ..Event::success("people.invite", "people.invite") }).await?;
    tx.commit().await?;
    let desk = Desk::at(app, Ctx::program(kernel::OrganizationId::PLATFORM, ctx.request().clone())).await?;
    let which = (ctx.organization(), organization.as_str(), organization_name.as_str());
    let link = send_invitation(&desk, which, membership, address).await?;
    Ok((membership, link))
}

/// Ends a post: whoever has it is out on the next request, and whoever has one below it.
pub(crate) async fn end(app: &App, ctx: &Ctx, membership: MembershipId) -> Result<(), Error> {
    let tx = app.store.db().begin(ctx).await?;
    if !end_within(app, &tx, membership).await? {
        return Err(db::Error::NotFound.into());
    }
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}

/// The same within a transaction of others, who forget the authority once it is committed; whether it had not ended before.
pub(crate) async fn end_within(app: &App, tx: &Tx<'_>, membership: MembershipId) -> Result<bool, Error> {
    let ctx = tx.ctx();
    if membership == ctx.membership() {
        let error = Error::Invalid("your own post is for someone else to end");
        return refuse(app, ctx, Action::EndPost, "own post", error).await;
    }
    from_above(app, tx, membership, Action::EndPost).await?;
    let ended = store::end_membership(tx, (ctx.organization(), membership), app.world.now()).await;
    if !told(app, ctx, Action::EndPost, ended).await? {
        return Ok(false);
    }
    let detail = Some(format!("membership {membership}"));
    app.store.db().record(ctx, Event { detail, ..Event::success("people.end", "people.end") }).await?;
    Ok(true)
}
