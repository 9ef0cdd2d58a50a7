//! A request on the plane above organizations.

use db::{Administrator, Ctx, Event, Outcome};
use kernel::OrganizationId;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::http::{Account, Failure};

/// One request of someone on the plane.
pub(crate) struct Above {
    /// What was asked, and from which session.
    pub(crate) account: Account,
    /// Who asks.
    pub(crate) administrator: Administrator,
}

impl Above {
    /// The program's parts.
    pub(crate) fn app(&self) -> &App {
        &self.account.visit.app
    }

    /// The part of the path that the template calls `name`; empty when it has none.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.account.visit.param(name)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400 that names the place or the member, never a value.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        self.account.visit.json()
    }

    /// The version that `If-Match` names.
    ///
    /// # Errors
    /// 428 without one, 400 when it is none of ours.
    pub(crate) fn if_match(&self) -> Result<i64, Failure> {
        let given = self.account.visit.header("if-match");
        let given = given.ok_or_else(|| Failure::new(428, "conflict", "say what you change, in If-Match"))?;
        let tag = given.trim().strip_prefix("W/").unwrap_or(given.trim()).trim_matches('"');
        tag.parse().map_err(|_| Failure::new(400, "value", "If-Match: not an ETag of ours"))
    }

    /// Writes an event into the log of the organization that it is about, where the organization reads it, or of the
    /// installation.
    ///
    /// # Errors
    /// 503 when it could not be made durable.
    pub(crate) async fn log(
        &self,
        organization: OrganizationId,
        action: &'static str,
        outcome: Outcome,
        detail: &str,
    ) -> Result<(), db::Error> {
        let ctx = Ctx::program(organization, self.account.visit.request.clone());
        let who =
            format!("administrator {} person {}", self.administrator.number(), self.administrator.person());
        let detail = if detail.is_empty() { who } else { format!("{who} {detail}") };
        let event = Event { outcome, detail: Some(detail), ..Event::success(action, "platform") };
        self.app().store.db().record(&ctx, event).await.map(|_| ())
    }
}
