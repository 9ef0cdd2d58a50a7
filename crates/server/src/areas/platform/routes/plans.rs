//! `/platform/plans`.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::ops::{self, PlanText, PlanView};
use super::etag;
use crate::areas::people::proved_above;
use crate::http::{Above, Doc, Failure, Reply};

/// What is sold.
#[derive(Serialize, ToSchema)]
struct Plans {
    plans: Vec<PlanView>,
    /// Every module there is.
    modules: Vec<&'static str>,
}

pub(super) const LIST: Doc = Doc::new("What is sold, and at which price").gives::<Plans>(200);

pub(super) async fn list(above: Above) -> Result<Reply, Failure> {
    let modules = policy::Module::ALL.into_iter().map(policy::Module::key).collect();
    Reply::json(200, &Plans { plans: ops::list_plans(&above).await?, modules })
}

pub(super) const PUT: Doc =
    Doc::new("Write the next version of a plan; `If-Match: 0` for the first. Who has an older one keeps it")
        .takes::<PlanText>()
        .gives::<PlanView>(200)
        .conditional()
        .step_up("platform.plans")
        .problems(&["invalid"]);

pub(super) async fn put(above: Above) -> Result<Reply, Failure> {
    let plan: PlanText = above.json()?;
    let version = above.if_match()?;
    proved_above(&above, "platform.plans").await?;
    let key = above.param("plan").to_owned();
    let next = ops::put_plan(&above, &key, version, plan).await?;
    let plans = ops::list_plans(&above).await?;
    let now = plans.into_iter().find(|plan| plan.key == key);
    let now = now.ok_or_else(|| Failure::broken("a plan that was just written is not there"))?;
    Ok(Reply::json(200, &now)?.with("etag", etag(i64::from(next))))
}
