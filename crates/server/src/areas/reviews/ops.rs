//! Beginning a review, deciding about posts, signing it.

use db::{Ctx, Event, Row};
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, MembershipId};
use policy::{Action, Plane};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::error::Error;
use super::store::{self, Review};
use crate::app::App;
use crate::areas::people;
use crate::http::{one_of, one_of_or_null};

/// How long a review may take, when nobody says.
const USUAL: SignedDuration = SignedDuration::from_hours(14 * 24);
/// At most.
const LONGEST: SignedDuration = SignedDuration::from_hours(92 * 24);

/// A review.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReview)]
pub(super) struct ReviewView {
    review: Uuid,
    /// The facility's code.
    facility: String,
    facility_name: String,
    started_by: String,
    started_at: Timestamp,
    due_at: Timestamp,
    /// Null: it is open.
    #[schema(required)]
    signed_by: Option<String>,
    #[schema(required)]
    signed_at: Option<Timestamp>,
    /// How many posts are in it, and what was decided of them.
    posts: i64,
    kept: i64,
    ended: i64,
}

impl From<Review> for ReviewView {
    fn from(found: Review) -> Self {
        let (signed_by, signed_at) = found.signed.unzip();
        Self {
            review: found.review,
            facility: found.code,
            facility_name: found.facility_name,
            started_by: found.started_by,
            started_at: found.started_at,
            due_at: found.due_at,
            signed_by,
            signed_at,
            posts: found.posts,
            kept: found.kept,
            ended: found.ended,
        }
    }
}

/// When the next review of a facility is due.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReviewDue)]
struct Due {
    /// The facility's code.
    facility: String,
    facility_name: String,
    #[schema(required)]
    last_signed_at: Option<Timestamp>,
    due_at: Timestamp,
}

/// Reviews within reach.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReviews)]
pub(super) struct Reviews {
    /// The newest first, 200 at most.
    reviews: Vec<ReviewView>,
    /// By facility.
    due: Vec<Due>,
}

fn kinds() -> Object {
    one_of(&["person", "service"])
}

fn verdicts() -> Object {
    one_of_or_null(&["kept", "ended"])
}

/// A post in a review.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReviewPost)]
struct Post {
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// As it was when the review began, as are role and permissions.
    name: String,
    role: String,
    permissions: Vec<String>,
    #[schema(schema_with = kinds)]
    kind: String,
    /// Who made it; null where nobody did.
    #[schema(required)]
    made_by: Option<String>,
    /// How many living posts would end with it.
    below: i64,
    /// When it last did something within the asker's reach, in the last 400 days.
    #[schema(required)]
    last_seen_at: Option<Timestamp>,
    /// Whether it lives.
    alive: bool,
    #[schema(schema_with = verdicts, required)]
    verdict: Option<String>,
    #[schema(required)]
    decided_by: Option<String>,
    #[schema(required)]
    decided_at: Option<Timestamp>,
    /// Whether it is the asker's own, by this post or another of theirs: somebody else decides.
    own: bool,
}

fn post(row: &Row) -> Post {
    let kind: String = row.get(4);
    Post {
        membership: MembershipId(row.get(0)),
        name: row.get(1),
        role: row.get(2),
        permissions: row.get(3),
        kind: if kind == "service" { kind } else { "person".to_owned() },
        made_by: row.get(5),
        below: row.get(6),
        last_seen_at: row.get(7),
        alive: row.get(8),
        verdict: row.get(9),
        decided_by: row.get(10),
        decided_at: row.get(11),
        own: row.get(12),
    }
}

/// A review with its posts.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessReviewWhole)]
pub(super) struct Whole {
    #[serde(flatten)]
    review: ReviewView,
    /// By name.
    people: Vec<Post>,
}

fn success(action: Action, facility: FacilityId, detail: String) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.detail = Some(detail);
    event
}

/// Refused and written down: the staff reviews, and nobody who reaches a part of the house.
async fn entered(app: &App, ctx: &Ctx, action: Action) -> Result<(), Error> {
    if ctx.plane() == Plane::Staff && !ctx.grants().by_relationship {
        return Ok(());
    }
    app.store.db().record(ctx, Event::denied(action.key(), "does not reach the whole house")).await?;
    Err(db::Error::Denied(None).into())
}

/// All of them, and when the next are due.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Reviews, Error> {
    const ACTION: Action = Action::LookAtReviews;
    entered(app, ctx, ACTION).await?;
    let reach: Vec<i32> = ctx.facilities().iter().map(|facility| facility.0).collect();
    let tx = app.store.db().begin(ctx).await?;
    let reviews = store::list(&tx, ctx.organization()).await?;
    let (sites, days) = store::list_sites(&tx, ctx.organization(), &reach).await?;
    tx.commit().await?;
    let event = success(ACTION, FacilityId::WHOLE, format!("count {}", reviews.len()));
    app.store.db().record(ctx, event).await?;
    let every = SignedDuration::from_hours(24 * i64::from(days));
    let due = sites.into_iter().map(|site| Due {
        facility: site.code,
        facility_name: site.name,
        last_signed_at: site.last,
        due_at: site.last.unwrap_or(site.created_at).saturating_add(every).unwrap_or(site.created_at),
    });
    Ok(Reviews { reviews: reviews.into_iter().map(ReviewView::from).collect(), due: due.collect() })
}

/// One, with its posts.
pub(super) async fn look(app: &App, ctx: &Ctx, id: Uuid) -> Result<Whole, Error> {
    const ACTION: Action = Action::LookAtReviews;
    entered(app, ctx, ACTION).await?;
    let tx = app.store.db().begin(ctx).await?;
    let found = store::find(&tx, ctx.organization(), id).await?;
    let Some(review) = found else { return missing(app, ctx, ACTION).await };
    let rows = store::list_posts(&tx, ctx.organization(), id, app.world.now()).await?;
    tx.commit().await?;
    app.store.db().record(ctx, success(ACTION, review.facility, format!("review {id}"))).await?;
    Ok(Whole { review: review.into(), people: rows.iter().map(post).collect() })
}

async fn missing<T>(app: &App, ctx: &Ctx, action: Action) -> Result<T, Error> {
    app.store.db().record(ctx, Event::denied(action.key(), "no such review")).await?;
    Err(db::Error::NotFound.into())
}

/// What the database refused is in the log as well.
async fn refused<T>(app: &App, ctx: &Ctx, action: Action, done: Result<T, db::Error>) -> Result<T, Error> {
    match done {
        Err(db::Error::RowSecurity) => {
            app.store.db().record(ctx, Event::denied(action.key(), "refused by the database")).await?;
            Err(db::Error::Denied(None).into())
        }
        done => Ok(done?),
    }
}

/// Begins one: of everyone whose post reaches the facility now.
pub(super) async fn start(
    app: &App,
    ctx: &Ctx,
    code: &str,
    due_at: Option<Timestamp>,
) -> Result<Uuid, Error> {
    const ACTION: Action = Action::StartReview;
    entered(app, ctx, ACTION).await?;
    let db = app.store.db();
    let now = app.world.now();
    let due_at = due_at.unwrap_or(now + USUAL);
    if due_at <= now || due_at > now + LONGEST {
        return Err(Error::Invalid("due_at: after now, within 92 days"));
    }
    let Some(facility) = app.facility(ctx, code).await? else {
        db.record(ctx, Event::denied(ACTION.key(), "facility out of reach")).await?;
        return Err(Error::Invalid("facility: none within reach has this code"));
    };
    let review = app.world.uuid();
    let tx = db.begin(ctx).await?;
    let posts = store::start(&tx, (review, facility), (now, due_at)).await;
    let posts = refused(app, ctx, ACTION, posts).await?;
    db.record(ctx, success(ACTION, facility, format!("review {review} posts {posts}"))).await?;
    tx.commit().await?;
    Ok(review)
}

/// What becomes of a post.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Ended,
}

impl Verdict {
    fn key(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Ended => "ended",
        }
    }
}

/// Keeps a post, or ends it: whoever may not end it elsewhere may not here, and what hangs on it ends too.
pub(super) async fn decide(
    app: &App,
    ctx: &Ctx,
    (review, membership): (Uuid, MembershipId),
    verdict: Verdict,
) -> Result<(), Error> {
    const ACTION: Action = Action::DecideReview;
    entered(app, ctx, ACTION).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let Some(found) = store::find(&tx, ctx.organization(), review).await? else {
        return missing(app, ctx, ACTION).await;
    };
    let done = store::decide(&tx, (review, membership), (verdict.key(), app.world.now())).await;
    if !refused(app, ctx, ACTION, done).await? {
        return missing(app, ctx, ACTION).await;
    }
    let ended = match verdict {
        // A post that ended meanwhile is no error of whoever wants it ended.
        Verdict::Ended => people::end_within(app, &tx, membership).await?,
        Verdict::Kept => false,
    };
    let detail = format!("review {review} membership {membership} {}", verdict.key());
    db.record(ctx, success(ACTION, found.facility, detail)).await?;
    tx.commit().await?;
    if ended {
        db.forget_authority();
    }
    Ok(())
}

/// Signs a review: it never changes again.
pub(super) async fn sign(app: &App, ctx: &Ctx, review: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::SignReview;
    entered(app, ctx, ACTION).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let Some(found) = store::find(&tx, ctx.organization(), review).await? else {
        return missing(app, ctx, ACTION).await;
    };
    let done = store::sign(&tx, review, app.world.now()).await;
    if !refused(app, ctx, ACTION, done).await? {
        return missing(app, ctx, ACTION).await;
    }
    db.record(ctx, success(ACTION, found.facility, format!("review {review}"))).await?;
    tx.commit().await?;
    Ok(())
}
