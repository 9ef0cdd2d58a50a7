//! `/platform/organizations`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::ops::{self, NewOrganization, OrganizationView, Settings};
use super::etag;
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

/// Organizations, by subdomain, 200 at most.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformOrganizations)]
struct Organizations {
    organizations: Vec<OrganizationView>,
    /// Whether there are more, after the last.
    more: bool,
}

pub(super) const LIST: Doc = Doc::new("The organizations of the installation")
    .query(&[("after", "the subdomain after which to go on")])
    .gives::<Organizations>(200);

pub(super) async fn list(above: Above) -> Result<Reply, Failure> {
    let query = above.account.visit.query().to_owned();
    let after = query.split('&').find_map(|pair| pair.strip_prefix("after=")).unwrap_or("");
    let organizations = ops::list_organizations(&above, after).await?;
    let more = organizations.len() == 200;
    Reply::json(200, &Organizations { organizations, more })
}

fn one(status: u16, organization: &OrganizationView) -> Result<Reply, Failure> {
    Ok(Reply::json(status, organization)?.with("etag", etag(organization.version)))
}

pub(super) const LOOK: Doc = Doc::new("An organization").gives::<OrganizationView>(200);

pub(super) async fn look(above: Above) -> Result<Reply, Failure> {
    one(200, &ops::look_at_organization(&above, above.param("organization")).await?)
}

pub(super) const CREATE: Doc =
    Doc::new("Make an organization from a kit, with its first site and its first administrator's invitation")
        .takes::<NewOrganization>()
        .gives::<OrganizationView>(201)
        .step_up("platform.organizations")
        .problems(&["invalid", "slug-taken"]);

pub(super) async fn create(above: Above) -> Result<Reply, Failure> {
    let new: NewOrganization = above.json()?;
    proved_above(&above, "platform.organizations").await?;
    one(201, &ops::create_organization(&above, &new).await?)
}

pub(super) const SET: Doc = Doc::new("Set an organization's name and rules for sign-in")
    .takes::<Settings>()
    .gives::<OrganizationView>(200)
    .conditional()
    .step_up("platform.organizations")
    .problems(&["invalid"]);

pub(super) async fn set(above: Above) -> Result<Reply, Failure> {
    let settings: Settings = above.json()?;
    let version = above.if_match()?;
    proved_above(&above, "platform.organizations").await?;
    one(200, &ops::set_organization(&above, above.param("organization"), version, &settings).await?)
}

/// What an organization has from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Subscription {
    /// The key of a plan on sale; its newest version is taken.
    plan: String,
    /// Modules beside those of the plan.
    #[serde(default)]
    extra: Vec<String>,
}

pub(super) const SUBSCRIBE: Doc = Doc::new("Give an organization a plan, and modules beside it, from now on")
    .takes::<Subscription>()
    .gives::<OrganizationView>(200)
    .step_up("platform.plans")
    .problems(&["invalid"]);

pub(super) async fn subscribe(above: Above) -> Result<Reply, Failure> {
    let Subscription { plan, extra } = above.json()?;
    proved_above(&above, "platform.plans").await?;
    one(200, &ops::subscribe(&above, above.param("organization"), &plan, &extra).await?)
}
