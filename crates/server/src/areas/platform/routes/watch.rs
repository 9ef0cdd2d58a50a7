//! `/platform/health`, `/platform/sessions`, `/platform/figures`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::ops::{self, Figures, Health, SessionsView};
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

pub(super) const HEALTH: Doc =
    Doc::new("How the installation is, each thing with the values from which it is a warning, and bad")
        .gives::<Health>(200);

pub(super) async fn health(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, &ops::health(&above).await?)
}

/// Every organization, and last the installation's own address.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformSessions)]
struct Sessions {
    organizations: Vec<SessionsView>,
}

pub(super) const SESSIONS: Doc =
    Doc::new("Who is at work at each organization, as counts").gives::<Sessions>(200);

pub(super) async fn sessions(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, &Sessions { organizations: ops::sessions(&above).await? })
}

/// How many.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformSessionsEnded)]
struct Ended {
    /// Browsers that were signed in at the organization's address.
    sessions: u64,
}

/// Nothing is said: the address names the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlatformSignOut)]
struct SignOut {}

pub(super) const SIGN_OUT: Doc = Doc::new(
    "Sign everyone of an organization out; whoever goes on signs in again. It is in the organization's log",
)
.takes::<SignOut>()
.gives::<Ended>(200)
.step_up("platform.organizations");

pub(super) async fn sign_out(above: Above) -> Result<Reply, Failure> {
    let SignOut {} = above.json()?;
    proved_above(&above, "platform.organizations").await?;
    Reply::json(200, &Ended { sessions: ops::end_sessions(&above, above.param("organization")).await? })
}

pub(super) const FIGURES: Doc = Doc::new(
    "How much there is of what, over the installation, by kind and by organization. Fewer than 11 people are not given \
     and enter no sum",
)
.gives::<Figures>(200);

pub(super) async fn figures(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, ops::look_at_figures(&above).await?.as_ref())
}
