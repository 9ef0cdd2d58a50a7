//! `/platform/organizations/{organization}/usage`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::ops::{self, UsageView};
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

pub(super) const LOOK: Doc = Doc::new(
    "How many clinicians an organization had in a month and what it costs: what the log says now, and what was fixed",
)
.query(&[("month", "which month (UTC), as 2026-04")])
.gives::<UsageView>(200)
.problems(&["invalid"]);

pub(super) async fn look(above: Above) -> Result<Reply, Failure> {
    let query = above.account.visit.query().to_owned();
    let month = query.split('&').find_map(|pair| pair.strip_prefix("month=")).unwrap_or("");
    Reply::json(200, &ops::look_at_usage(&above, above.param("organization"), month).await?)
}

/// The month to be fixed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageMonth)]
struct Month {
    /// `YYYY-MM`, UTC.
    month: String,
}

pub(super) const READ: Doc = Doc::new("Fix what the log says of a finished month, once and for good")
    .takes::<Month>()
    .gives::<UsageView>(201)
    .step_up("platform.plans")
    .problems(&["invalid", "month-running", "already-read"]);

pub(super) async fn read(above: Above) -> Result<Reply, Failure> {
    let Month { month } = above.json()?;
    proved_above(&above, "platform.plans").await?;
    Reply::json(201, &ops::read_usage(&above, above.param("organization"), &month).await?)
}
