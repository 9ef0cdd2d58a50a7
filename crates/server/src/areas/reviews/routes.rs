//! `/api/access-reviews`: what is asked and answered, and nothing else.

use jiff::Timestamp;
use kernel::MembershipId;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ops::{self, Reviews, Whole};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const REVIEWS: &str = "/api/access-reviews";
const REVIEW: &str = "/api/access-reviews/{review}";
const POST: &str = "/api/access-reviews/{review}/posts/{membership}";
const SIGNED: &str = "/api/access-reviews/{review}/sign";

/// The rows of reviews.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, REVIEWS, Action::LookAtReviews, &LIST, |c| Box::pin(list(c))),
    row(Verb::Post, REVIEWS, Action::StartReview, &START, |c| Box::pin(start(c))),
    row(Verb::Get, REVIEW, Action::LookAtReviews, &LOOK, |c| Box::pin(look(c))),
    row(Verb::Put, POST, Action::DecideReview, &DECIDE, |c| Box::pin(decide(c))),
    row(Verb::Post, SIGNED, Action::SignReview, &SIGN, |c| Box::pin(sign(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("reviews", (method, path), Access::Needs(action), doc, handler)
}

fn review(call: &Call) -> Result<Uuid, Failure> {
    let text = call.param("review");
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or_else(Failure::unlisted)
}

const LIST: Doc =
    Doc::new("Reviews of who has access, newest first, and when the next of each facility is due")
        .gives::<Reviews>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::list(&call.app, &call.ctx).await?)
}

/// What is to be reviewed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccessReviewNew)]
struct New {
    /// The facility's code.
    facility: String,
    /// By when, within 92 days; in 14 days when nothing is said.
    #[serde(default)]
    due_at: Option<Timestamp>,
}

/// The review.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReviewStarted)]
struct Started {
    review: Uuid,
}

const START: Doc = Doc::new(
    "Begin a review of every post of the staff, and of programs, that reaches a facility; one at a time",
)
.takes::<New>()
.gives::<Started>(201)
.problems(&["invalid", "review-open"]);

async fn start(call: Call) -> Result<Reply, Failure> {
    let New { facility, due_at } = call.json()?;
    let review = ops::start(&call.app, &call.ctx, &facility, due_at).await?;
    Reply::json(201, &Started { review })
}

const LOOK: Doc = Doc::new("A review with its posts, by name").gives::<Whole>(200);

async fn look(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &ops::look(&call.app, &call.ctx, review(&call)?).await?)
}

/// What becomes of a post.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AccessReviewVerdict)]
enum Verdict {
    /// It stays as it is.
    Kept,
    /// It ends now, with every post below it.
    Ended,
}

/// What is decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccessReviewDecision)]
struct Decision {
    verdict: Verdict,
}

const DECIDE: Doc = Doc::new(
    "Keep a post, or end it and what hangs on it, as the right to end it allows; nobody decides about themselves",
)
.takes::<Decision>()
.step_up("person.end")
.problems(&["invalid", "last-administrator", "own-post", "review-closed"]);

async fn decide(call: Call) -> Result<Reply, Failure> {
    let review = review(&call)?;
    let membership = call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())?;
    let Decision { verdict } = call.json()?;
    let verdict = match verdict {
        Verdict::Kept => ops::Verdict::Kept,
        Verdict::Ended => {
            proved(&call, "person.end").await?;
            ops::Verdict::Ended
        }
    };
    ops::decide(&call.app, &call.ctx, (review, membership), verdict).await?;
    Ok(Reply::empty(204))
}

/// Nothing is said: the address names the review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccessReviewSigning)]
struct Signing {}

const SIGN: Doc = Doc::new("Sign a review in which everything is decided; it never changes again")
    .takes::<Signing>()
    .step_up("sign")
    .problems(&["review-closed", "review-undecided"]);

async fn sign(call: Call) -> Result<Reply, Failure> {
    let review = review(&call)?;
    let Signing {} = call.json()?;
    proved(&call, "sign").await?;
    ops::sign(&call.app, &call.ctx, review).await?;
    Ok(Reply::empty(204))
}
