//! `/api/roles`.

use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grants::{etag, if_match, permissions, proved};
use super::sessions::kinds;
use crate::areas::people::ops::{self, RoleText, RoleView, tie_or_none};
use crate::http::{Call, Doc, Failure, Reply};

/// The roles of an organization.
#[derive(Serialize, ToSchema)]
struct Roles {
    roles: Vec<RoleView>,
}

pub(super) const LIST: Doc = Doc::new("The organization's roles").gives::<Roles>(200);

pub(super) async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &Roles { roles: ops::list_roles(&call.app, &call.ctx).await? })
}

/// What a role says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// 1 to 100 characters.
    title: String,
    #[schema(schema_with = kinds)]
    kind: String,
    /// The tie by which its patients come to it; null where it reaches everyone at its facilities.
    #[schema(schema_with = tie_or_none)]
    tie: Option<String>,
    /// The keys of what its posts may do.
    permissions: Vec<String>,
    /// FHIR types and elements that its posts do not see, such as `Observation` or `Patient.telecom`.
    #[serde(default)]
    hidden: Vec<String>,
}

impl RoleBody {
    async fn understood(self, call: &Call) -> Result<RoleText, Failure> {
        let unknown = "permissions: there is one that is not known";
        let permissions = permissions(call, Action::EditRole, &self.permissions, unknown).await?;
        Ok(RoleText { title: self.title, plane: self.kind, tie: self.tie, permissions, hidden: self.hidden })
    }
}

/// A role of the organization's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// Lower-case letters, digits and inner hyphens; it cannot be changed.
    role_key: String,
    role: RoleBody,
}

/// A role as it is now.
#[derive(Serialize, ToSchema)]
struct RoleVersion {
    role_key: String,
    version: i32,
}

pub(super) const CREATE: Doc = Doc::new("Add a role, with no more than one holds")
    .takes::<NewRole>()
    .gives::<RoleVersion>(201)
    .step_up("role.edit")
    .problems(&["invalid"]);

pub(super) async fn create(call: Call) -> Result<Reply, Failure> {
    let NewRole { role_key, role } = call.json()?;
    let text = role.understood(&call).await?;
    proved(&call, "role.edit").await?;
    ops::create_role(&call.app, &call.ctx, &role_key, text).await?;
    Ok(Reply::json(201, &RoleVersion { role_key, version: 1 })?.with("etag", etag(1)))
}

pub(super) const CHANGE: Doc = Doc::new("Change a role, and with it every post that has it")
    .takes::<RoleBody>()
    .gives::<RoleVersion>(200)
    .conditional()
    .step_up("role.edit")
    .problems(&["invalid", "last-administrator"]);

pub(super) async fn change(call: Call) -> Result<Reply, Failure> {
    let key = call.param("role").to_owned();
    let body: RoleBody = call.json()?;
    let version = if_match(&call)?;
    let text = body.understood(&call).await?;
    proved(&call, "role.edit").await?;
    let version = ops::change_role(&call.app, &call.ctx, (&key, version), text).await?;
    Ok(Reply::json(200, &RoleVersion { role_key: key, version })?.with("etag", etag(version)))
}
