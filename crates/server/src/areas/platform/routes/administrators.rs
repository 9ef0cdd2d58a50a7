//! `/platform/administrators`.

use policy::PlatformPermission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::ops::{self, AdministratorView, Invite};
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

/// Who is on the plane.
#[derive(Serialize, ToSchema)]
struct Administrators {
    administrators: Vec<AdministratorView>,
}

pub(super) const LIST: Doc = Doc::new("Who is on the plane").gives::<Administrators>(200);

pub(super) async fn list(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, &Administrators { administrators: ops::list_administrators(&above).await? })
}

/// Someone to be brought onto the plane.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAdministrator {
    email: String,
    /// What they are called until they say it themselves.
    name: String,
    /// Keys of what they may do there.
    permissions: Vec<String>,
}

/// Their number on the plane.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitedAbove)]
struct Invited {
    administrator: i32,
}

fn permissions(keys: &[String]) -> Result<Vec<PlatformPermission>, Failure> {
    let known: Result<Vec<_>, _> = keys.iter().map(|key| key.parse()).collect();
    known.map_err(|_| Failure::coded(400, "invalid", "permissions: there is one that is not known"))
}

pub(super) const INVITE: Doc =
    Doc::new("Invite someone to the plane, with no more than one's own permissions")
        .takes::<NewAdministrator>()
        .gives::<Invited>(201)
        .step_up("platform.administrators")
        .problems(&["invalid"]);

pub(super) async fn invite(above: Above) -> Result<Reply, Failure> {
    let NewAdministrator { email, name, permissions: keys } = above.json()?;
    let permissions = permissions(&keys)?;
    proved_above(&above, "platform.administrators").await?;
    let new = Invite { email: &email, name: &name, permissions };
    Reply::json(201, &Invited { administrator: ops::invite(&above, &new).await? })
}

/// What someone may do on the plane.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdministratorChange {
    permissions: Vec<String>,
}

fn number(above: &Above) -> Result<i32, Failure> {
    above.param("administrator").parse().map_err(|_| Failure::unlisted())
}

pub(super) const CHANGE: Doc = Doc::new("Say anew what someone may do on the plane")
    .takes::<AdministratorChange>()
    .conditional()
    .step_up("platform.administrators")
    .problems(&["invalid", "last-administrator"]);

pub(super) async fn change(above: Above) -> Result<Reply, Failure> {
    let (number, version) = (number(&above)?, above.if_match()?);
    let AdministratorChange { permissions: keys } = above.json()?;
    let permissions = permissions(&keys)?;
    proved_above(&above, "platform.administrators").await?;
    ops::change_administrator(&above, number, version, &permissions).await?;
    Ok(Reply::empty(204))
}

pub(super) const END: Doc = Doc::new("Take someone off the plane")
    .conditional()
    .step_up("platform.administrators")
    .problems(&["last-administrator"]);

pub(super) async fn end(above: Above) -> Result<Reply, Failure> {
    let (number, version) = (number(&above)?, above.if_match()?);
    proved_above(&above, "platform.administrators").await?;
    ops::end_administrator(&above, number, version).await?;
    Ok(Reply::empty(204))
}
