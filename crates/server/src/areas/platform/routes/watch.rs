//! `/platform/health`, `/platform/sessions`, `/platform/figures`.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::ops::{self, Figures, Health, SessionsView};
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

pub(super) const FIGURES: Doc = Doc::new(
    "How much there is of what, over the installation, by kind and by organization. Fewer than 11 people are not given \
     and enter no sum",
)
.gives::<Figures>(200);

pub(super) async fn figures(above: Above) -> Result<Reply, Failure> {
    Reply::json(200, ops::look_at_figures(&above).await?.as_ref())
}
