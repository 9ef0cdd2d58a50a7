//! The roles of an organization: seen by whoever sees its people, changed by whoever may, never beyond what they hold.

use db::{Ctx, Event};
use policy::{Action, Permission, PermissionSet, Tie};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::grants::{refuse, told};
use super::members::planes;
use crate::app::App;
use crate::areas::people::Error;
use crate::areas::people::model::SmallText;
use crate::areas::people::store::{self, Role, StandingRole};
use crate::http::{one_of, one_of_or_null};

/// The most names of what a role does not see.
const MOST_HIDDEN: usize = 500;

pub(crate) fn ties() -> Object {
    one_of(&Tie::ALL.map(Tie::key))
}

pub(crate) fn tie_or_none() -> Object {
    one_of_or_null(&Tie::ALL.map(Tie::key))
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleView {
    role_key: String,
    title: String,
    #[serde(rename = "kind")]
    #[schema(schema_with = planes)]
    plane: String,
    /// The tie by which its patients come to it; null where it reaches everyone at its facilities.
    #[schema(schema_with = tie_or_none, required)]
    tie: Option<String>,
    permissions: Vec<String>,
    /// FHIR types and elements that its posts do not see.
    hidden: Vec<String>,
    /// The role of the program that it was copied from.
    #[schema(required)]
    template: Option<String>,
    /// The `ETag` that a change names is of this number.
    pub(crate) version: i32,
    /// How many living posts have it.
    posts: i64,
}

impl From<StandingRole> for RoleView {
    fn from(found: StandingRole) -> Self {
        let StandingRole { key, role, template, version, posts } = found;
        let Role { title, plane, tie, permissions, hidden } = role;
        Self { role_key: key, title, plane, tie, permissions, hidden, template, version, posts }
    }
}

/// All of them.
pub(crate) async fn list_roles(app: &App, ctx: &Ctx) -> Result<Vec<RoleView>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::list_roles(&tx, ctx.organization(), None, app.world.now()).await?;
    tx.commit().await?;
    let detail = Some(format!("count {}", found.len()));
    let event = Event { detail, ..Event::success(Action::ListRoles.key(), Permission::PeopleRead.key()) };
    app.store.db().record(ctx, event).await?;
    Ok(found.into_iter().map(RoleView::from).collect())
}

/// What a role is to say.
pub(crate) struct RoleText {
    pub(crate) title: String,
    pub(crate) plane: String,
    pub(crate) tie: Option<String>,
    pub(crate) permissions: PermissionSet,
    pub(crate) hidden: Vec<String>,
}

impl RoleText {
    fn checked(self) -> Result<Role, Error> {
        let title = SmallText::new(&self.title).ok_or(Error::Invalid("title: 1 to 100 characters"))?.0;
        if !matches!(&*self.plane, "staff" | "portal") {
            return Err(Error::Invalid("kind: staff or portal"));
        }
        if self.tie.as_deref().is_some_and(|tie| !Tie::ALL.into_iter().any(|known| known.key() == tie)) {
            return Err(Error::Invalid("tie: care-team, client, referral, family, self or null"));
        }
        let reads = self.permissions.iter().any(|key| key.key().starts_with("chart."));
        if self.plane == "portal"
            && (self.tie.as_deref() == Some("care-team") || (self.tie.is_none() && reads))
        {
            return Err(Error::Invalid("tie: whoever comes from outside reads charts by a tie of theirs"));
        }
        if self.hidden.len() > MOST_HIDDEN || !self.hidden.iter().all(|path| fhir::element::is_path(path)) {
            return Err(Error::Invalid("hidden: FHIR types and elements, 500 at most"));
        }
        Ok(Role {
            title,
            plane: self.plane,
            tie: self.tie,
            permissions: self.permissions.iter().map(|key| key.key().to_owned()).collect(),
            hidden: self.hidden,
        })
    }
}

/// Whether the role adds what its author does not hold.
fn exceeds(ctx: &Ctx, old: Option<&Role>, new: &Role) -> bool {
    let had = |key: &String| old.is_some_and(|old| old.permissions.contains(key));
    let held = |key: &String| key.parse().is_ok_and(|held| ctx.grants().permissions.contains(held));
    let bound = old.is_none_or(|old| old.tie.is_some());
    new.permissions.iter().any(|key| !had(key) && !held(key))
        || (ctx.grants().by_relationship && bound && new.tie.is_none())
}

/// A new role.
pub(crate) async fn create_role(app: &App, ctx: &Ctx, key: &str, text: RoleText) -> Result<(), Error> {
    let new = text.checked()?;
    if exceeds(ctx, None, &new) {
        return refuse_beyond(app, ctx).await;
    }
    let tx = app.store.db().begin(ctx).await?;
    let made = store::insert_role(&tx, ctx.organization(), key, &new, app.world.now()).await;
    match made {
        Err(db::Error::Constraint(name)) if name == "role_pkey" => {
            return Err(Error::Invalid("role_key: there is such a role already"));
        }
        Err(db::Error::Constraint(_)) => {
            return Err(Error::Invalid("role_key: lower-case letters, digits and inner hyphens, 63 at most"));
        }
        other => told(app, ctx, Action::EditRole, other).await?,
    }
    let detail = Some(format!("role {key} permissions {}", new.permissions.len()));
    app.store.db().record(ctx, Event { detail, ..success() }).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes a role, and with it every post that has it. Gives the new version.
pub(crate) async fn change_role(
    app: &App,
    ctx: &Ctx,
    (key, version): (&str, i32),
    text: RoleText,
) -> Result<i32, Error> {
    let new = text.checked()?;
    let tx = app.store.db().begin(ctx).await?;
    let found = store::list_roles(&tx, ctx.organization(), Some(key), app.world.now()).await?;
    let Some(old) = found.into_iter().next() else {
        return refuse(app, ctx, Action::EditRole, "no such role", db::Error::NotFound.into()).await;
    };
    if old.role.plane != new.plane {
        return Err(Error::Invalid("kind: a role stays on its side of the counter"));
    }
    if old.version != version {
        return Err(db::Error::Conflict.into());
    }
    if exceeds(ctx, Some(&old.role), &new) {
        return refuse_beyond(app, ctx).await;
    }
    let changed = store::update_role(&tx, ctx.organization(), (key, version), &new, app.world.now()).await;
    if !told(app, ctx, Action::EditRole, changed).await? {
        return Err(db::Error::Conflict.into());
    }
    let lost = old.role.permissions.iter().filter(|key| !new.permissions.contains(key)).count();
    let gained = new.permissions.iter().filter(|key| !old.role.permissions.contains(key)).count();
    let detail = Some(format!("role {key} posts {} gained {gained} lost {lost}", old.posts));
    app.store.db().record(ctx, Event { detail, ..success() }).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(version + 1)
}

fn success() -> Event {
    Event::success(Action::EditRole.key(), Permission::RolesEdit.key())
}

async fn refuse_beyond<T>(app: &App, ctx: &Ctx) -> Result<T, Error> {
    let error = Error::Db(db::Error::Denied(Some(Permission::RolesEdit)));
    refuse(app, ctx, Action::EditRole, "more than the author has", error).await
}

/// A role as a post that is offered takes it: title, side of the counter, permissions, whether it is bound.
pub(crate) async fn role_for_post(
    app: &App,
    ctx: &Ctx,
    key: &str,
) -> Result<(String, String, PermissionSet, bool), Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::list_roles(&tx, ctx.organization(), Some(key), app.world.now()).await?;
    tx.commit().await?;
    let found = found.into_iter().next().ok_or(Error::Invalid("role_key: there is no such role"))?;
    let Role { title, plane, tie, permissions, .. } = found.role;
    // A key that this version does not know grants nothing.
    let permissions = permissions.iter().filter_map(|key| key.parse::<Permission>().ok()).collect();
    Ok((title, plane, permissions, tie.is_some()))
}
