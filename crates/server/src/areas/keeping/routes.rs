//! `/api/organization/keeping`: what is asked and answered, and nothing else.

use policy::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ops::{self, Asked, Keeping};
use crate::areas::people::{etag, if_match, proved};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const KEEPING: &str = "/api/organization/keeping";

/// The rows of keeping.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, Action::LookAtKeeping, &LOOK, |c| Box::pin(look(c))),
    row(Verb::Put, Action::ChangeKeeping, &CHANGE, |c| Box::pin(change(c))),
];

const fn row(method: Verb, action: Action, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    Route::within("organization", (method, KEEPING), Access::Needs(action), doc, handler)
}

const LOOK: Doc = Doc::new(
    "How long what is kept, and whether log and backups are proved; what is not there is `not-set-up`",
)
.gives::<Keeping>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    let found = ops::look(&call.app, &call.ctx).await?;
    Ok(Reply::json(200, &found)?.with("etag", etag(found.version)))
}

/// How long what is to be kept. Nothing is destroyed by it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeepingBody)]
struct Body {
    /// 5 to 100.
    records_years: i32,
    /// 6 to 100.
    log_years: i32,
    /// 7 to 366.
    review_days: i32,
    /// 0 to 90.
    erasure_days: i32,
    /// 16 to 21.
    adult_years: i32,
}

const CHANGE: Doc = Doc::new("Say how long what is kept, and how often access is reviewed")
    .takes::<Body>()
    .gives::<Keeping>(200)
    .conditional()
    .step_up("organization.manage")
    .problems(&["invalid"]);

async fn change(call: Call) -> Result<Reply, Failure> {
    let Body { records_years, log_years, review_days, erasure_days, adult_years } = call.json()?;
    let version = if_match(&call)?;
    proved(&call, "organization.manage").await?;
    let asked = Asked { records_years, log_years, review_days, erasure_days, adult_years };
    let version = ops::change(&call.app, &call.ctx, version, &asked).await?;
    Ok(Reply::json(200, &ops::look(&call.app, &call.ctx).await?)?.with("etag", etag(version)))
}
