//! `/api/facilities`, `/api/organization`, `/api/patients/{patient}/reassign`: what is asked and answered, and nothing else.

use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Hours, states};
use super::ops::{self, FacilityText, FacilityView, NewFacility, OrganizationView, Reassigned};
use super::store::Settings;
use crate::areas::people::{etag, if_match, proved};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const FACILITIES: &str = "/api/facilities";
const FACILITY: &str = "/api/facilities/{facility}";
const ORGANIZATION: &str = "/api/organization";
const REASSIGN: &str = "/api/patients/{patient}/reassign";

/// The rows of facilities.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, FACILITIES, Access::Own, &LIST, |c| Box::pin(list(c))),
    row(Verb::Post, FACILITIES, Access::Needs(Action::OpenFacility), &OPEN, |c| Box::pin(open(c))),
    row(Verb::Put, FACILITY, Access::Needs(Action::ChangeFacility), &CHANGE, |c| Box::pin(change(c))),
    row(Verb::Get, ORGANIZATION, Access::Needs(Action::LookAtOrganization), &LOOK, |c| Box::pin(look(c))),
    row(Verb::Put, ORGANIZATION, Access::Needs(Action::ChangeOrganization), &SET, |c| Box::pin(set(c))),
    row(Verb::Post, REASSIGN, Access::Needs(Action::Reassign), &MOVE, |c| Box::pin(reassign(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    access: Access,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route { interaction: "facilities", ..Route::within("facility", (method, path), access, doc, handler) }
}

/// The facilities within reach.
#[derive(Serialize, ToSchema)]
struct Facilities {
    facilities: Vec<FacilityView>,
}

const LIST: Doc = Doc::new("The facilities within reach").gives::<Facilities>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &Facilities { facilities: ops::list(&call.app, &call.ctx).await? })
}

fn preparing() -> String {
    "preparing".to_owned()
}

/// A facility to be opened, with the hours of the organization's first one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FacilityNew {
    /// Lower-case letters, digits and inner hyphens; it cannot be changed.
    code: String,
    /// 1 to 200 characters.
    name: String,
    /// An IANA name such as `America/Chicago`.
    time_zone: String,
    /// `preparing` when nothing is said.
    #[serde(default = "preparing")]
    #[schema(schema_with = states)]
    state: String,
}

/// A facility as it is now.
#[derive(Serialize, ToSchema)]
struct FacilityVersion {
    code: String,
    version: i32,
}

const OPEN: Doc = Doc::new("Open a facility, at once within reach of the organization's administrators")
    .takes::<FacilityNew>()
    .gives::<FacilityVersion>(201)
    .step_up("organization.manage")
    .problems(&["invalid", "code-taken"]);

async fn open(call: Call) -> Result<Reply, Failure> {
    let FacilityNew { code, name, time_zone, state } = call.json()?;
    let new = NewFacility { code: &code, name: &name, time_zone: &time_zone, state: &state };
    new.checked()?;
    proved(&call, "organization.manage").await?;
    ops::open(&call.app, &call.ctx, &new).await?;
    Ok(Reply::json(201, &FacilityVersion { code, version: 1 })?.with("etag", etag(1)))
}

/// What a facility is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FacilityBody {
    /// 1 to 200 characters.
    name: String,
    /// An IANA name such as `America/Chicago`.
    time_zone: String,
    /// Back to `preparing` only while it holds no patients.
    #[schema(schema_with = states)]
    state: String,
    hours: Vec<Hours>,
}

const CHANGE: Doc = Doc::new("Change a facility: its name, time zone, state and hours")
    .takes::<FacilityBody>()
    .gives::<FacilityVersion>(200)
    .conditional()
    .step_up("organization.manage")
    .problems(&["invalid", "facility-holds-patients"]);

async fn change(call: Call) -> Result<Reply, Failure> {
    let code = call.param("facility").to_owned();
    let body: FacilityBody = call.json()?;
    let version = if_match(&call)?;
    let text =
        FacilityText { name: &body.name, time_zone: &body.time_zone, state: &body.state, hours: &body.hours };
    text.checked()?;
    proved(&call, "organization.manage").await?;
    let version = ops::change(&call.app, &call.ctx, (&code, version), &text).await?;
    Ok(Reply::json(200, &FacilityVersion { code, version })?.with("etag", etag(version)))
}

const LOOK: Doc = Doc::new("The organization's settings").gives::<OrganizationView>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    let found = ops::organization(&call.app, &call.ctx).await?;
    Ok(Reply::json(200, &found)?.with("etag", etag(found.version)))
}

/// What the organization's settings are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganizationBody {
    /// 1 to 200 characters.
    name: String,
    /// The colour of its pages, as `#rrggbb` in lower case.
    accent: String,
    /// After how long nothing is done a session ends: 60 to 86400.
    idle_seconds: i32,
    /// After how long it ends whatever is done: 300 to 2592000.
    session_seconds: i32,
    /// Whether patients, families and partners need a second factor.
    portal_second_factor: bool,
}

/// Settings as they are now.
#[derive(Serialize, ToSchema)]
struct OrganizationVersion {
    version: i32,
}

const SET: Doc = Doc::new("Change the organization's settings; sessions that are open keep their times")
    .takes::<OrganizationBody>()
    .gives::<OrganizationVersion>(200)
    .conditional()
    .step_up("organization.manage")
    .problems(&["invalid"]);

async fn set(call: Call) -> Result<Reply, Failure> {
    let body: OrganizationBody = call.json()?;
    let version = if_match(&call)?;
    let settings = Settings {
        name: &body.name,
        accent: &body.accent,
        idle_seconds: body.idle_seconds,
        session_seconds: body.session_seconds,
        portal_second_factor: body.portal_second_factor,
    };
    ops::checked_settings(&settings)?;
    proved(&call, "organization.manage").await?;
    let version = ops::change_organization(&call.app, &call.ctx, version, &settings).await?;
    Ok(Reply::json(200, &OrganizationVersion { version })?.with("etag", etag(version)))
}

/// Where a patient is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPlace {
    /// The code of a facility within reach that takes patients.
    facility: String,
    /// Why, 1 to 500 characters.
    reason: String,
}

const MOVE: Doc = Doc::new("Move a patient, with everything of theirs, to another facility within reach")
    .takes::<NewPlace>()
    .gives::<Reassigned>(200)
    .conditional()
    .problems(&["invalid", "already-there", "facility-not-open"]);

async fn reassign(call: Call) -> Result<Reply, Failure> {
    let patient = call.param("patient").parse().map_err(|_| Failure::unlisted())?;
    let NewPlace { facility, reason } = call.json()?;
    let version = if_match(&call)?;
    let done = ops::reassign(&call.app, &call.ctx, (patient, version), &facility, &reason).await?;
    Reply::json(200, &done)
}
