//! Mails that there is news: asked for by a relative, sent when there is some, and stopped by whoever holds one. What a mail
//! says is said to anybody who sees it: that there is something, and where to sign in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Ctx, DigestTie, Drawer, Event, Purpose, Request};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use kernel::{MembershipId, OrganizationId, RequestId};
use policy::{Action, Decision, Target, decide};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::looks::{Shelf, shown};
use super::news::{Book, News, Page};
use super::{letters, ops, store};
use crate::app::App;
use crate::areas::{fields, people};
use crate::http::{Failure, Visit};

/// How often it is looked whether a mail is due.
const IDLE: Duration = Duration::from_secs(20);
/// How long one is a worker's; then another takes it over.
const LEASE: Duration = Duration::from_secs(10 * 60);
/// When mails are sent, by the clock of the facility.
const MORNING: i8 = 8;
/// On which day those who want one a week get it.
const DAY: Weekday = Weekday::Monday;

/// How often somebody wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FamilyDigest)]
pub(super) enum Every {
    /// Never.
    Off,
    /// Each morning on which there is something.
    Daily,
    /// On Mondays.
    Weekly,
}

impl Every {
    fn key(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    fn find(key: &str) -> Option<Self> {
        [Self::Off, Self::Daily, Self::Weekly].into_iter().find(|one| one.key() == key)
    }

    /// The first morning after `now` on which it is looked whether there is news.
    fn next(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = now.to_zoned(zone.clone()).date();
        loop {
            let morning = day.at(MORNING, 0, 0, 0).to_zoned(zone.clone()).ok()?.timestamp();
            let is_day = match self {
                Self::Off => return None,
                Self::Daily => true,
                Self::Weekly => day.weekday() == DAY,
            };
            if is_day && morning > now {
                return Some(morning);
            }
            day = day.checked_add(1.day()).ok()?;
        }
    }
}

fn zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// What a relative chose about mails.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyMails)]
pub(super) struct Chosen {
    digest: Every,
    /// What a change names in `If-Match`.
    version: String,
}

/// What the context's post chose, and its version.
pub(super) async fn chosen(app: &App, ctx: &Ctx) -> Result<Chosen, Failure> {
    let program = Ctx::program(ctx.organization(), ctx.request().clone());
    let tx = app.store.db().begin(&program).await?;
    let row = store::find_digest(&tx, ctx.membership()).await?;
    tx.commit().await?;
    let (digest, version) = row.map_or((Every::Off, 1), |row| (read(&row.digest), row.version));
    Ok(Chosen { digest, version: people::etag(version) })
}

fn read(key: &str) -> Every {
    // One that this version does not know sends nothing.
    Every::find(key).unwrap_or(Every::Off)
}

/// Chooses, from the version named. A post that is no person's has no address.
pub(super) async fn choose(app: &App, ctx: &Ctx, every: Every, version: i32) -> Result<Chosen, Failure> {
    // Of who sees everything nobody is told that there is news.
    ops::needs_relative(ctx).map_err(|_| db::Error::Denied(None))?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let (person, _) = store::find_self(&tx).await?;
    let zone = zone(store::find_time_zone(&tx).await?.as_deref());
    tx.commit().await?;
    let nobody = || Failure::coded(409, "no-address", "this post is no person's: there is no address");
    let person = person.ok_or_else(nobody)?;
    let due = every.next(app.world.now(), &zone);
    let program = Ctx::program(ctx.organization(), ctx.request().clone());
    let tx = db.begin(&program).await?;
    store::make(&tx, ctx.membership()).await?;
    let key = if due.is_some() { every } else { Every::Off }.key();
    if !store::set_digest(&tx, ctx.membership(), (key, person, due), version).await? {
        return Err(db::Error::Conflict.into());
    }
    let event = Event::success("family.mails", Action::Read.needs().key());
    db.record(ctx, Event { detail: Some(key.to_owned()), ..event }).await?;
    tx.commit().await?;
    Ok(Chosen { digest: every, version: people::etag(version + 1) })
}

/// Looks for as long as the program runs.
pub(crate) async fn always(app: App) {
    loop {
        if let Err(error) = send_due(&app).await {
            tracing::warn!(target: "family", %error, "mails about news cannot be looked for");
        }
        tokio::time::sleep(IDLE).await;
    }
}

/// Tells everybody who is due; how many were looked at.
pub(crate) async fn send_due(app: &App) -> Result<usize, db::Error> {
    for count in 0.. {
        let claim = app.world.uuid();
        let Some((organization, membership)) = app.store.db().claim_digest(claim, LEASE).await? else {
            return Ok(count);
        };
        if let Err(failure) = send(app, (organization, membership), claim).await {
            // Its lease ends by itself, and it is looked at again; the others are not held up by it.
            let (code, _) = failure.words();
            tracing::warn!(target: "family", %organization, %membership, code, "a mail about news was not made");
        }
    }
    Ok(0)
}

/// Looks whether there is news for a post, and writes the mail: it, what was told by it, and when it is looked again are one.
async fn send(app: &App, post: (OrganizationId, MembershipId), claim: Uuid) -> Result<(), Failure> {
    let (organization, membership) = post;
    let db = app.store.db();
    let request = Request { id: RequestId(app.world.uuid()), address: None, purpose: Purpose::Operations };
    let ties = db.digest_ties(organization, membership, &request).await?;
    let program = Ctx::program(organization, request.clone());
    let shelf = Shelf::of(app, program.clone(), membership).await?;
    let tx = db.begin(&program).await?;
    let row = store::find_digest(&tx, membership).await?.ok_or(db::Error::NotFound)?;
    tx.commit().await?;
    let looked = shelf.open(Drawer::FamilyLooked, row.looked.as_deref())?;
    let mut told = shelf.open(Drawer::FamilyTold, row.told.as_deref())?;
    let patients: Vec<_> = ties.iter().map(|tie| tie.patient).collect();
    told.keep(&patients);
    let mut news = false;
    for tie in &ties {
        news |= is_new(&shelf, tie, membership, (&looked, &mut told)).await?;
    }
    let every = read(&row.digest);
    let due = every.next(app.world.now(), &zone(ties.first().map(|tie| tie.time_zone.as_str())));
    let desk = people::Desk::at(app, program).await?;
    let tx = desk.begin().await?;
    let sealed = shelf.seal(Drawer::FamilyTold, &told);
    if !store::set_told(&tx, membership, claim, &sealed, due).await? {
        // Somebody else took it over, or nobody wants it any more.
        return Ok(());
    }
    if let Some(tie) = ties.first().filter(|_| news) {
        let stop = shelf.vault.seal(Drawer::StopMails, Uuid::nil(), &membership.0.to_be_bytes());
        let mail = people::News {
            post,
            person: tie.person,
            name: &tie.organization,
            slug: tie.ctx.slug(),
            weekly: every == Every::Weekly,
            stop: &URL_SAFE_NO_PAD.encode(stop),
        };
        mail.post(&desk, &tx).await?;
        let powerless = Ctx::powerless(organization, membership, request);
        let event = Event::success("family.told", Action::Read.needs().key());
        db.record(&powerless, Event { detail: Some("by mail".to_owned()), ..event }).await?;
    }
    tx.commit().await?;
    app.post.notify_one();
    Ok(())
}

/// Whether there is something of a patient that the relative has not seen and was not told of. It is looked with their eyes,
/// in the name of the program: they did not look.
async fn is_new(
    shelf: &Shelf<'_>,
    tie: &DigestTie,
    membership: MembershipId,
    (looked, told): (&Book, &mut Book),
) -> Result<bool, Failure> {
    let (app, patient) = (shelf.app, tie.patient);
    let eyes = there(fields::eyes(app, &tie.ctx, (patient, membership), None).await)?;
    let Some(eyes) = eyes else { return Ok(false) };
    let Some(seen) = there(ops::home(app, &eyes, patient).await)? else { return Ok(false) };
    let shown = shown(&shelf.vault, &seen);
    let glance = looked.find(patient);
    let told = told.of(patient);
    let mut known: Page = glance.map(|glance| glance.page.clone()).unwrap_or_default();
    known.take(told.page.clone());
    let mut news = known.new_of(&shown) != News::default();
    told.page.take(known.beyond(&shown));
    let purpose = eyes.request().purpose;
    if decide(eyes.grants(), purpose, Action::ReadLetters, Target::default()) == Decision::Allow {
        let thread = letters::thread(app, &tie.ctx, patient, (membership, String::new())).await?;
        let unread = thread.unread_after(glance.and_then(|glance| glance.letter));
        news |= unread.min(thread.unread_after(told.letter)) > 0;
        told.letter = thread.last().or(told.letter);
    }
    Ok(news)
}

/// What is not there for them any more is no news.
fn there<T>(found: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match found {
        Err(failure) if failure.is_refusal() => Ok(None),
        found => found.map(Some),
    }
}

/// Stops mails to the post that a mail's own token names. It can do nothing else, and nothing twice.
pub(super) async fn stop(visit: &Visit, token: &str) -> Result<(), Failure> {
    let organization = visit.organization.ok_or_else(Failure::unlisted)?;
    let db = visit.app.store.db();
    let program = Ctx::program(organization, visit.request.clone());
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Failure::unlisted())?;
    let vault = db.vault(&program).await?;
    let clear = vault.open(Drawer::StopMails, Uuid::nil(), &sealed).map_err(|_| Failure::unlisted())?;
    let number: [u8; 4] = clear.as_slice().try_into().map_err(|_| Failure::unlisted())?;
    let membership = MembershipId(i32::from_be_bytes(number));
    let tx = db.begin(&program).await?;
    let stopped = store::stop_digest(&tx, membership).await?;
    let event = Event::success("family.mails", "the mail's own link");
    let detail = Some(if stopped { "off" } else { "off already" }.to_owned());
    let powerless = Ctx::powerless(organization, membership, visit.request.clone());
    db.record(&powerless, Event { detail, ..event }).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(every: Every, now: &str, zone: &str) -> Option<String> {
        let zone = TimeZone::get(zone).unwrap();
        every.next(now.parse().unwrap(), &zone).map(|at| at.to_string())
    }

    #[test]
    fn a_mail_is_due_in_the_morning_of_the_facility() {
        let is = |every, now, at: &str| {
            assert_eq!(next(every, now, "America/New_York").as_deref(), Some(at), "{now}");
        };
        is(Every::Daily, "2026-03-05T12:59:59Z", "2026-03-05T13:00:00Z");
        is(Every::Daily, "2026-03-05T13:00:00Z", "2026-03-06T13:00:00Z");
        // Before and after clocks are set: eight in the morning is eight in the morning.
        is(Every::Daily, "2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z");
        is(Every::Daily, "2026-10-31T12:00:00Z", "2026-11-01T13:00:00Z");
        is(Every::Weekly, "2026-03-05T13:00:00Z", "2026-03-09T12:00:00Z");
        is(Every::Weekly, "2026-03-09T12:00:00Z", "2026-03-16T12:00:00Z");
        assert_eq!(next(Every::Off, "2026-03-05T13:00:00Z", "UTC"), None);
        assert_eq!(
            next(Every::Daily, "2026-03-05T22:00:00Z", "Pacific/Auckland").as_deref(),
            Some("2026-03-06T19:00:00Z")
        );
    }

    #[test]
    fn every_word_is_its_own() {
        for every in [Every::Off, Every::Daily, Every::Weekly] {
            assert_eq!(Every::find(every.key()), Some(every));
            assert_eq!(serde_json::to_string(&every).unwrap(), format!("\"{}\"", every.key()));
        }
        assert_eq!(read("hourly"), Every::Off);
    }
}
