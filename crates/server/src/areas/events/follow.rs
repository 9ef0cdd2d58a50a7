//! Following: what one who listens is told, and when they are not told any more.

use std::collections::VecDeque;
use std::time::Duration;

use db::{Ctx, Event, Vault};
use fhir::ResourceType;
use futures_util::Stream;
use futures_util::stream::unfold;
use kernel::{DataClass, PatientId};
use policy::fields::Sight;
use policy::{Action, Target};
use tokio::sync::watch;

use super::error::Error;
use super::hub::Place;
use super::model::{Changed, Position, Resume, open, seal};
use super::store;
use crate::app::App;
use crate::http::{Holder, Told};

/// How often authority is asked for again while nothing happens.
const AGAIN: Duration = Duration::from_secs(1);
/// Rows looked at together.
const PAGE: i64 = 200;

/// One who listens.
pub(super) struct Follower {
    app: App,
    holder: Holder,
    ctx: Ctx,
    vault: Vault,
    at: Position,
    tail: watch::Receiver<Position>,
    ready: VecDeque<Told>,
    /// What was missed while nobody listened is told at once.
    behind: bool,
    ended: bool,
    told: u64,
    _place: Place,
}

/// Whose places these are: another post's are refused.
fn whose(ctx: &Ctx) -> [u8; 4] {
    ctx.membership().0.to_be_bytes()
}

impl Follower {
    /// Takes a place, and begins where `from` left off, or now.
    pub(super) async fn begin(
        app: &App,
        ctx: &Ctx,
        holder: Holder,
        from: Option<&str>,
    ) -> Result<Self, Error> {
        let place = app.events.enter(ctx)?;
        let vault = app.store.db().vault(ctx).await?;
        let now = app.world.now();
        let resume = from.map(|text| open(&vault, &whose(ctx), text, now).ok_or(Error::Place)).transpose()?;
        let tail = app.events.tail(app, ctx.organization()).await?;
        let newest = *tail.borrow();
        let (at, again) = match resume {
            Some(Resume::After(at)) => (at, false),
            Some(Resume::TooOld) => (newest, true),
            None => (newest, false),
        };
        let action = Action::Follow;
        app.store.db().record(ctx, Event::success(action.key(), action.needs().key())).await?;
        let mut follower = Self {
            app: app.clone(),
            holder,
            ctx: ctx.clone(),
            vault,
            at,
            tail,
            ready: VecDeque::new(),
            behind: at < newest,
            ended: false,
            told: 0,
            _place: place,
        };
        // So that whoever is cut off at once can come back to where they were.
        let word = if again { "reset" } else { "ready" };
        let first = follower.say(word, &serde_json::json!({}));
        follower.ready.push_back(first);
        Ok(follower)
    }

    /// What is told, until the authority ends or the program does.
    pub(super) fn stream(self) -> impl Stream<Item = Told> + Send {
        unfold(self, |mut follower| async move {
            let told = follower.next().await?;
            Some((told, follower))
        })
    }

    fn say(&self, word: &'static str, data: &impl serde::Serialize) -> Told {
        let id = seal(&self.vault, &whose(&self.ctx), self.at, self.app.world.now());
        Told { word, id, data: serde_json::to_string(data).unwrap_or_default() }
    }

    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Some(told);
            }
            if self.ended {
                return None;
            }
            if !std::mem::take(&mut self.behind) {
                let mut stopping = self.app.stopping.clone();
                tokio::select! {
                    // The sender is gone only when the program is about to be.
                    moved = self.tail.changed() => if moved.is_err() { tokio::time::sleep(AGAIN).await },
                    () = tokio::time::sleep(AGAIN) => {}
                    _ = async { stopping.wait_for(|stopping| *stopping).await.is_ok() } => return None,
                }
            }
            match self.again().await {
                Ok(true) => self.look().await,
                // Whether they still may cannot be asked now: nothing is told until it can.
                Ok(false) => {}
                Err(reason) => self.end(reason).await,
            }
        }
    }

    /// Asks for the authority again. What it is now decides, not what it was.
    async fn again(&mut self) -> Result<bool, &'static str> {
        let now = match self.holder.ctx().await {
            Ok(now) => now,
            Err(failure) if failure.is_refusal() => return Err("authority ended"),
            Err(_) => return Ok(false),
        };
        let same_post =
            (now.organization(), now.membership()) == (self.ctx.organization(), self.ctx.membership());
        let allowed = policy::decide(now.grants(), now.request().purpose, Action::Follow, Target::default());
        if !same_post || allowed != policy::Decision::Allow {
            return Err("authority ended");
        }
        let changed = now.grants() != self.ctx.grants() || now.fields() != self.ctx.fields();
        self.ctx = now;
        if changed {
            let told = self.say("authority", &serde_json::json!({}));
            self.ready.push_back(told);
        }
        Ok(true)
    }

    async fn end(&mut self, reason: &'static str) {
        self.ended = true;
        let detail = Some(format!("told {}", self.told));
        let event = Event { detail, ..Event::denied(Action::Follow.key(), reason) };
        if self.app.store.db().record(&self.ctx, event).await.is_err() {
            tracing::warn!("the end of a stream could not be logged");
        }
        self.ready.push_back(Told { word: "ended", id: String::new(), data: "{}".to_owned() });
    }

    /// Puts what is new in order. A database that is away is waited for: nothing is skipped.
    async fn look(&mut self) {
        let to = *self.tail.borrow_and_update();
        while self.at < to {
            match self.page(to).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(%error, "events cannot be read");
                    break;
                }
            }
        }
    }

    async fn page(&mut self, to: Position) -> Result<bool, db::Error> {
        let classes = DataClass::ALL.into_iter().filter(|class| self.ctx.may_see(*class));
        let classes: Vec<i16> = classes.map(|class| class as i16).collect();
        let tx = self.app.store.db().begin(&self.ctx).await?;
        let rows = store::list(&tx, &self.ctx, (self.at, to), &classes, PAGE).await?;
        tx.commit().await?;
        let mut news = Vec::new();
        for row in &rows {
            self.at = Position { xact: row.get(0), sequence: row.get(1) };
            if let Some(changed) = seen(&self.ctx, row) {
                news.push(self.say("changed", &changed));
            }
        }
        let whole = rows.len() == usize::try_from(PAGE).unwrap_or(0);
        if !whole {
            self.at = to;
        }
        self.told += news.len() as u64;
        self.ready.extend(news);
        Ok(whole && self.ready.is_empty())
    }
}

/// The change as the context may know it. Of a record of which it sees a part it is not told: what changed may be in the
/// other part (ADR 0012).
fn seen(ctx: &Ctx, row: &db::Row) -> Option<Changed> {
    let rtype = ResourceType::from_code(row.get::<_, Option<i16>>(3)?)?;
    let patient: Option<uuid::Uuid> = row.get(5);
    let whole = ctx.fields().is_none_or(|fields| {
        matches!(fields.view(patient.map(PatientId)).resource(rtype.as_str()), Sight::Whole)
    });
    let what = match row.get::<_, &str>(2) {
        "chart.created" => "created",
        "chart.updated" => "updated",
        "chart.deleted" => "deleted",
        _ => return None,
    };
    whole.then(|| Changed { what, rtype: rtype.as_str(), id: row.get(4), patient })
}
