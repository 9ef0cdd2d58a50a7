//! Who is on the plane.

use db::Outcome;
use jiff::Timestamp;
use kernel::OrganizationId;
use policy::PlatformPermission;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Error, store};
use super::text;
use crate::app::App;
use crate::areas::people;
use crate::http::Above;

/// Someone on the plane, or invited to it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AdministratorView {
    pub(in super::super) administrator: i32,
    pub(in super::super) name: String,
    pub(in super::super) permissions: Vec<String>,
    /// Whether the invitation was taken up.
    pub(in super::super) arrived: bool,
    pub(in super::super) since: Timestamp,
    pub(in super::super) version: i32,
}

/// Everyone on the plane.
pub(in super::super) async fn list(above: &Above) -> Result<Vec<AdministratorView>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::list_administrators(&tx, above.app().world.now()).await?;
    tx.commit().await?;
    above.log(OrganizationId::PLATFORM, "platform.administrators.list", Outcome::Success, "").await?;
    Ok(all)
}

/// Someone to be brought onto the plane.
pub(crate) struct Invite<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) permissions: Vec<PlatformPermission>,
}

fn keys(permissions: &[PlatformPermission]) -> Vec<&'static str> {
    PlatformPermission::ALL.into_iter().filter(|key| permissions.contains(key)).map(|key| key.key()).collect()
}

/// Writes the post down and sends its link. Nobody gives what they have not.
pub(in super::super) async fn invite(above: &Above, new: &Invite<'_>) -> Result<i32, Error> {
    let app = above.app();
    let name = text(new.name, 100, "name: 1 to 100 characters")?;
    within(above, &new.permissions).await?;
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let number = store::insert_administrator(
        &tx,
        (&name, &keys(&new.permissions)),
        above.administrator.number(),
        app.world.now(),
    )
    .await?;
    let detail = format!("invited {number} {}", keys(&new.permissions).join(" "));
    above.log(OrganizationId::PLATFORM, "platform.administrators.invite", Outcome::Success, &detail).await?;
    tx.commit().await?;
    people::invite_to_platform(app, above.account.visit.request.clone(), number, new.email).await?;
    Ok(number)
}

/// The first one, by whoever holds the owner's login; gives the number and the link.
pub(crate) async fn invite_by_operator(
    app: &App,
    operator: &db::Operator,
    request: db::Request,
    new: &Invite<'_>,
) -> Result<(i32, String), Error> {
    let name = text(new.name, 100, "name: 1 to 100 characters")?;
    let number = operator.create_administrator(&name, &keys(&new.permissions)).await?;
    let ctx = db::Ctx::program(OrganizationId::PLATFORM, request.clone());
    let detail = Some(format!("invited {number} {}", keys(&new.permissions).join(" ")));
    let event = db::Event { detail, ..db::Event::success("platform.administrators.invite", "operator") };
    app.store.db().record(&ctx, event).await?;
    let link = people::invite_to_platform(app, request, number, new.email).await?;
    Ok((number, link))
}

async fn within(above: &Above, permissions: &[PlatformPermission]) -> Result<(), Error> {
    if permissions.is_empty() {
        return Err(Error::Invalid("permissions: at least one"));
    }
    if permissions.iter().all(|permission| above.administrator.may(*permission)) {
        return Ok(());
    }
    above
        .log(
            OrganizationId::PLATFORM,
            "platform.administrators.invite",
            Outcome::Denied,
            "more than one's own",
        )
        .await?;
    Err(db::Error::Denied(None).into())
}

/// Says anew what someone may do there.
pub(in super::super) async fn change(
    above: &Above,
    number: i32,
    version: i64,
    permissions: &[PlatformPermission],
) -> Result<(), Error> {
    within(above, permissions).await?;
    let detail = format!("changed {number} to {}", keys(permissions).join(" "));
    update(above, number, version, Some(&keys(permissions)), "platform.administrators.change", &detail).await
}

/// Ends it: whoever it is does not find the plane on the next request.
pub(in super::super) async fn end(above: &Above, number: i32, version: i64) -> Result<(), Error> {
    update(above, number, version, None, "platform.administrators.end", &format!("ended {number}")).await
}

async fn update(
    above: &Above,
    number: i32,
    version: i64,
    permissions: Option<&[&str]>,
    action: &'static str,
    detail: &str,
) -> Result<(), Error> {
    let now = above.app().world.now();
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let found = store::find_administrator_version(&tx, number, now).await?.ok_or(db::Error::NotFound)?;
    if i64::from(found) != version {
        return Err(db::Error::Conflict.into());
    }
    let changed = store::update_administrator(&tx, (number, found), permissions, now).await;
    match changed {
        Err(db::Error::Constraint(name)) if name == "last_administrator" => Err(Error::LastAdministrator),
        // Their permissions are not all mine to give, or to take.
        Err(db::Error::RowSecurity) => {
            above.log(OrganizationId::PLATFORM, action, Outcome::Denied, detail).await?;
            Err(db::Error::Denied(None).into())
        }
        Err(error) => Err(error.into()),
        Ok(false) => Err(db::Error::Conflict.into()),
        Ok(true) => {
            above.log(OrganizationId::PLATFORM, action, Outcome::Success, detail).await?;
            Ok(tx.commit().await?)
        }
    }
}
