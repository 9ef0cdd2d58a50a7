//! Looking at what is kept and how, and changing how long.

use db::{Ctx, Event};
use jiff::{SignedDuration, Timestamp};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::store::{self, Terms};
use crate::app::App;
use crate::http::{Failure, one_of};

/// The least years, and by which rule; PostgreSQL holds the same.
const RECORDS: (i32, &str) = (5, "42 CFR 483.70(h)(4)");
const LOG: (i32, &str) = (6, "45 CFR 164.316(b)(2)(i)");
/// An event is sealed within a minute; after two something is wrong.
const SEALED_WITHIN: SignedDuration = SignedDuration::from_mins(2);
/// The most years of anything.
const MOST: i32 = 100;
/// Days from one review of access to the next.
const REVIEW: (i32, i32) = (7, 366);
/// Days from the approval of an erasure to its being done.
const ERASURE: (i32, i32) = (0, 90);
/// With how many years somebody is of age, from which on a minor's record is kept.
const ADULT: (i32, i32) = (16, 21);

/// How long one kind is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = KeepingTerm)]
struct Term {
    years: i32,
    /// No fewer than this.
    least: i32,
    /// Because of this rule, which states may go beyond.
    rule: &'static str,
}

fn states() -> Object {
    one_of(&["working", "failing", "not-set-up"])
}

/// Whether something works, as far as the program can see.
#[derive(Serialize, ToSchema)]
#[schema(as = KeepingState)]
struct State {
    #[schema(schema_with = states)]
    state: &'static str,
    /// When it last did its work.
    #[schema(required)]
    last_at: Option<Timestamp>,
}

impl State {
    const MISSING: Self = Self { state: "not-set-up", last_at: None };

    /// Something of every night.
    fn nightly(last_at: Option<Timestamp>, current: Option<bool>) -> Self {
        current.map_or(Self::MISSING, |current| Self {
            state: if current { "working" } else { "failing" },
            last_at,
        })
    }
}

/// How long what is kept, and what there is to prove and to restore it.
#[derive(Serialize, ToSchema)]
pub(super) struct Keeping {
    /// Patients' records, from their last change.
    records: Term,
    /// The log of who did what.
    log: Term,
    /// Days from one review of access to the next.
    review_days: i32,
    /// Days from the approval of an erasure to its being done.
    erasure_days: i32,
    /// With how many years somebody is of age: from then on a minor's record is kept.
    adult_years: i32,
    /// The `ETag` that a change names is of this number: the organization's.
    pub(super) version: i32,
    /// Whether the program destroys anything when its time is over.
    destroys: bool,
    /// Since when the log has events.
    #[schema(required)]
    log_since: Option<Timestamp>,
    /// Whether the log is sealed, so that alteration is found.
    proof: State,
    /// Events that the last seal covers.
    #[schema(required)]
    sealed_events: Option<i64>,
    /// Whether the database's log is archived as it is written, for going back to a point in time.
    archive: State,
    /// Whether a backup is taken every night.
    backup: State,
    /// Whether backups are restored on trial every night.
    rehearsal: State,
}

/// What there is.
pub(super) async fn look(app: &App, ctx: &Ctx) -> Result<Keeping, Failure> {
    const ACTION: Action = Action::LookAtKeeping;
    let db = app.store.db();
    let organization = ctx.organization();
    let tx = db.begin(ctx).await?;
    let terms = store::fetch_terms(&tx, organization).await?;
    let due = app.world.now().saturating_sub(SEALED_WITHIN).unwrap_or(Timestamp::MIN);
    let sealed = store::find_sealed(&tx, organization, due).await?;
    let log_since = store::find_first_event(&tx, organization).await?;
    let (archives, archived, failed) = store::fetch_archiving(&tx).await?;
    let backups = store::fetch_backups(&tx).await?;
    let now = app.world.now();
    tx.commit().await?;
    db.record(ctx, Event::success(ACTION.key(), ACTION.needs().key())).await?;
    let term = |years, (least, rule)| Term { years, least, rule };
    let archive = match (archives, archived) {
        (false, _) => State::MISSING,
        // It failed since, or never did its work.
        (true, last) if last.is_none() || failed > last => State { state: "failing", last_at: last },
        (true, last_at) => State { state: "working", last_at },
    };
    Ok(Keeping {
        records: term(terms.records_years, RECORDS),
        log: term(terms.log_years, LOG),
        review_days: terms.review_days,
        erasure_days: terms.erasure_days,
        adult_years: terms.adult_years,
        version: terms.version,
        destroys: false,
        log_since,
        proof: match &sealed {
            Some(sealed) => {
                State { state: if sealed.behind { "failing" } else { "working" }, last_at: Some(sealed.at) }
            }
            None => State::MISSING,
        },
        sealed_events: sealed.map(|sealed| sealed.events),
        archive,
        backup: State::nightly(backups.backed_up_at, backups.backup(now)),
        rehearsal: State::nightly(backups.rehearsed_at, backups.rehearsal(now)),
    })
}

/// What is to be said.
pub(super) struct Asked {
    pub(super) records_years: i32,
    pub(super) log_years: i32,
    pub(super) review_days: i32,
    pub(super) erasure_days: i32,
    pub(super) adult_years: i32,
}

/// Says how long, from the version that was seen; gives the version now.
pub(super) async fn change(app: &App, ctx: &Ctx, was: i32, asked: &Asked) -> Result<i32, Failure> {
    const ACTION: Action = Action::ChangeKeeping;
    let refused = |message| Err(Failure::coded(400, "invalid", message));
    if !(RECORDS.0..=MOST).contains(&asked.records_years) {
        return refused("records_years: 5 to 100");
    }
    if !(LOG.0..=MOST).contains(&asked.log_years) {
        return refused("log_years: 6 to 100");
    }
    if !(REVIEW.0..=REVIEW.1).contains(&asked.review_days) {
        return refused("review_days: 7 to 366");
    }
    if !(ERASURE.0..=ERASURE.1).contains(&asked.erasure_days) {
        return refused("erasure_days: 0 to 90");
    }
    if !(ADULT.0..=ADULT.1).contains(&asked.adult_years) {
        return refused("adult_years: 16 to 21");
    }
    let db = app.store.db();
    let terms = Terms {
        records_years: asked.records_years,
        log_years: asked.log_years,
        review_days: asked.review_days,
        erasure_days: asked.erasure_days,
        adult_years: asked.adult_years,
        version: was,
    };
    let tx = db.begin(ctx).await?;
    let version = match store::update_terms(&tx, was, &terms).await {
        Err(db::Error::RowSecurity) => {
            db.record(ctx, Event::denied(ACTION.key(), "refused by the database")).await?;
            return Err(db::Error::Denied(None).into());
        }
        done => done?.ok_or(db::Error::Conflict)?,
    };
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!(
        "records {} log {} reviews {} erasure {} adult {}",
        terms.records_years, terms.log_years, terms.review_days, terms.erasure_days, terms.adult_years
    ));
    db.record(ctx, event).await?;
    tx.commit().await?;
    Ok(version)
}
