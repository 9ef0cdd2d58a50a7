//! `/api/branding`, `/api/organization/logo`: what is asked and answered, and nothing else.

use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ops::{self, Branding};
use crate::areas::people::{etag, if_match, proved};
use crate::http::{Access, Answer, Body, Call, Doc, Failure, Handler, Reply, Route, Verb, Visit};

const DOOR: &str = "/api/branding";
const LOGO: &str = "/api/organization/logo";
const OUTSIDE: &str =
    "who stands at an organization's door sees whose it is; whoever knows the address knows that it is there";

/// The rows of branding.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: Verb::Get,
        path: DOOR,
        interaction: "branding",
        access: Access::Visitor(OUTSIDE),
        resource: "organization",
        health_data: false,
        audited: false,
        body: Body::None,
        active: true,
        doc: Some(&AT_THE_DOOR),
        handler: Handler::Visitor(|v| Box::pin(at_the_door(v))),
    },
    row(Verb::Get, Access::Own, &LOOK, |c| Box::pin(look(c))),
    row(Verb::Put, Access::Needs(Action::ChangeOrganization), &SET, |c| Box::pin(set(c))),
];

const fn row(method: Verb, access: Access, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    Route { interaction: "branding", ..Route::within("organization", (method, LOGO), access, doc, handler) }
}

const AT_THE_DOOR: Doc =
    Doc::new("Name and logo of the organization whose address is asked").gives::<Branding>(200);

async fn at_the_door(visit: Visit) -> Result<Reply, Failure> {
    Reply::json(200, &ops::at_the_door(&visit).await?)
}

const LOOK: Doc = Doc::new("Name and logo of one's organization").gives::<Branding>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::own(&call.app, &call.ctx).await?)
}

/// A logo.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogoBody {
    /// A PNG of at most 32 KiB in base64; null takes it away.
    #[schema(required)]
    logo: Option<String>,
}

/// Settings as they are now.
#[derive(Serialize, ToSchema)]
struct LogoVersion {
    version: i32,
}

const SET: Doc = Doc::new("Change the organization's logo; `If-Match` holds the version of its settings")
    .takes::<LogoBody>()
    .gives::<LogoVersion>(200)
    .conditional()
    .step_up("organization.manage")
    .problems(&["invalid"]);

async fn set(call: Call) -> Result<Reply, Failure> {
    let LogoBody { logo } = call.json()?;
    let version = if_match(&call)?;
    let logo = logo.as_deref().map(ops::picture).transpose()?;
    proved(&call, "organization.manage").await?;
    let version = ops::change(&call.app, &call.ctx, version, logo.as_deref()).await?;
    Ok(Reply::json(200, &LogoVersion { version })?.with("etag", etag(version)))
}
