//! How the installation is, and who is at work on it: counts.

use std::sync::Arc;
use std::time::Duration;

use db::Outcome;
use jiff::Timestamp;
use kernel::OrganizationId;
use moka::sync::Cache;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Error, store};
use super::figures::Figures;
use crate::app::App;
use crate::areas::people;
use crate::http::{Above, one_of};

/// What is too dear to be asked each time.
pub(crate) struct Memory {
    doctor: Cache<(), Arc<Doctor>>,
    pub(super) figures: Cache<(), Arc<Figures>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            doctor: Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(60)).build(),
            figures: Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(300)).build(),
        }
    }
}

/// What the checks of the database's walls found; asked once a minute.
#[derive(Clone, Serialize, ToSchema)]
struct Doctor {
    checked_at: Timestamp,
    checks: usize,
    /// Those that found something.
    findings: Vec<DoctorFinding>,
}

/// A check that found something.
#[derive(Clone, Serialize, ToSchema)]
struct DoctorFinding {
    check: &'static str,
    finds: &'static str,
    offenders: usize,
}

/// One thing that is looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthCheck)]
struct Check {
    /// A word that never changes.
    key: &'static str,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Null: there is nothing to measure.
    value: Option<i64>,
    /// `ms`, `seconds`, `months` or `count`.
    unit: &'static str,
    /// From which value on it is a warning, and bad.
    warn: i64,
    bad: i64,
    /// Whether less is worse.
    less_is_worse: bool,
}

fn states() -> utoipa::openapi::Object {
    one_of(&["ok", "warn", "bad"])
}

const fn state(value: i64, warn: i64, bad: i64, less_is_worse: bool) -> &'static str {
    let (value, warn, bad) = if less_is_worse { (-value, -warn, -bad) } else { (value, warn, bad) };
    if value >= bad {
        "bad"
    } else if value >= warn {
        "warn"
    } else {
        "ok"
    }
}

fn check(key: &'static str, value: Option<i64>, unit: &'static str, (warn, bad): (i64, i64)) -> Check {
    let state = value.map_or("ok", |value| state(value, warn, bad, false));
    Check { key, state, value, unit, warn, bad, less_is_worse: false }
}

/// Connections of one pool.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthPool)]
struct Pool {
    name: &'static str,
    most: usize,
    open: usize,
    in_use: usize,
    waiting: usize,
}

/// How the installation is.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Health {
    /// The worst of the checks.
    #[schema(schema_with = states)]
    state: &'static str,
    version: &'static str,
    /// Since when this program runs.
    since: Timestamp,
    /// PostgreSQL's.
    database_version: String,
    checks: Vec<Check>,
    pools: Vec<Pool>,
    doctor: Doctor,
}

/// What the database says of itself.
pub(in super::super) struct Vitals {
    pub(in super::super) server_version: String,
    pub(in super::super) clock: Timestamp,
    pub(in super::super) last_event: Option<Timestamp>,
    pub(in super::super) oldest_effect: Option<Timestamp>,
    pub(in super::super) jobs: (i64, i64),
    pub(in super::super) mail: (i64, i64),
    pub(in super::super) months_ahead: i64,
}

/// How the installation is. Who can read this has the database: without it nobody is known to be on the plane.
pub(in super::super) async fn health(above: &Above) -> Result<Health, Error> {
    let app = above.app();
    let begun = app.world.now();
    above.log(OrganizationId::PLATFORM, "platform.health", Outcome::Success, "").await?;
    let logged = app.world.now();
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let vitals = store::look_at_vitals(&tx, logged).await?;
    tx.commit().await?;
    let now = app.world.now();
    let doctor = doctor(app).await?;
    let pools: Vec<Pool> = app
        .store
        .db()
        .pools()
        .into_iter()
        .map(|(name, most, open, free, waiting)| Pool {
            name,
            most,
            open,
            in_use: open.saturating_sub(free),
            waiting,
        })
        .collect();
    let checks = checks((begun, logged, now), &vitals, &pools, &doctor);
    let worst = |word| checks.iter().any(|check| check.state == word);
    let state = if worst("bad") { "bad" } else { if worst("warn") { "warn" } else { "ok" } };
    Ok(Health {
        state,
        version: env!("CARGO_PKG_VERSION"),
        since: app.since,
        database_version: vitals.server_version,
        checks,
        pools,
        doctor: doctor.as_ref().clone(),
    })
}

fn checks(
    (begun, logged, now): (Timestamp, Timestamp, Timestamp),
    vitals: &Vitals,
    pools: &[Pool],
    doctor: &Doctor,
) -> Vec<Check> {
    const DAY: i64 = 86_400;
    let between = |from: Timestamp, to: Timestamp| to.as_millisecond() - from.as_millisecond();
    let age = |at: Option<Timestamp>| at.map(|at| (now.as_second() - at.as_second()).max(0));
    let waiting = pools.iter().map(|pool| pool.waiting).sum::<usize>();
    let whole = |count: usize| Some(i64::try_from(count).unwrap_or(i64::MAX));
    // The database told its time somewhere between the two of ours.
    let clock = match vitals.clock {
        clock if clock < logged => between(clock, logged),
        clock if clock > now => between(now, clock),
        _ => 0,
    };
    vec![
        check("database", Some(between(logged, now)), "ms", (500, 5_000)),
        check("audit-writer", Some(between(begun, logged)), "ms", (500, 5_000)),
        // The event of this look is a moment old.
        check("audit-last-event", Some(age(vitals.last_event).unwrap_or(DAY)), "seconds", (60, 300)),
        check("clock", Some(clock), "ms", (1_000, 5_000)),
        check("connections-waiting", whole(waiting), "count", (1, 8)),
        // What nobody took is swept after seven days.
        check("outbox-oldest", age(vitals.oldest_effect), "seconds", (8 * DAY, 14 * DAY)),
        check("jobs-due", Some(vitals.jobs.0), "count", (100, 1_000)),
        check("jobs-failed", Some(vitals.jobs.1), "count", (1, 10)),
        check("mail-due", Some(vitals.mail.0), "count", (50, 500)),
        check("mail-failed", Some(vitals.mail.1), "count", (1, 50)),
        Check {
            state: state(vitals.months_ahead, 2, 0, true),
            less_is_worse: true,
            ..check("audit-months-ahead", Some(vitals.months_ahead), "months", (2, 0))
        },
        check("doctor", whole(doctor.findings.len()), "count", (1, 1)),
    ]
}

async fn doctor(app: &App) -> Result<Arc<Doctor>, Error> {
    if let Some(known) = app.plane.doctor.get(&()) {
        return Ok(known);
    }
    let all = app.store.db().doctor().await?;
    let found = all.iter().filter(|finding| !finding.offenders.is_empty());
    let findings = found
        .map(|finding| DoctorFinding {
            check: finding.check.id,
            finds: finding.check.finds,
            offenders: finding.offenders.len(),
        })
        .collect();
    let doctor = Arc::new(Doctor { checked_at: app.world.now(), checks: all.len(), findings });
    app.plane.doctor.insert((), Arc::clone(&doctor));
    Ok(doctor)
}

/// Who is at work at an organization: counts.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationSessions)]
pub(in super::super) struct SessionsView {
    /// The subdomain; null: the installation's own address.
    pub(in super::super) organization: Option<String>,
    /// Signed-in browsers.
    pub(in super::super) sessions: i64,
    /// Posts open in them.
    pub(in super::super) contexts: i64,
    /// Browsers that asked for something in the last 15 minutes.
    pub(in super::super) active: i64,
    /// In the last 24 hours, from its log.
    pub(in super::super) refusals: i64,
    /// Accounts at which someone was turned away in the last 24 hours because they were locked.
    pub(in super::super) locked: i64,
}

/// Who is at work, by organization.
pub(in super::super) async fn sessions(above: &Above) -> Result<Vec<SessionsView>, Error> {
    let tx = above.app().store.db().begin(above.administrator.ctx()).await?;
    let all = store::count_sessions(&tx, above.app().world.now()).await?;
    tx.commit().await?;
    above.log(OrganizationId::PLATFORM, "platform.sessions", Outcome::Success, "").await?;
    Ok(all)
}

/// Signs everyone of an organization out, at once: after an account was taken over, or a door was left open. That is in the
/// organization's log; a second time it ends whoever came since.
pub(in super::super) async fn end_sessions(above: &Above, slug: &str) -> Result<u64, Error> {
    let app = above.app();
    let tx = app.store.db().begin(above.administrator.ctx()).await?;
    let found = store::find_organization(&tx, slug, app.world.now()).await?.ok_or(db::Error::NotFound)?;
    tx.commit().await?;
    let request = above.account.visit.request.clone();
    let ended = people::sign_all_out(app, &request, (found.id, slug)).await?;
    let detail = format!("sessions {ended}");
    above.log(found.id, "organization.sign-out", Outcome::Success, &detail).await?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_belongs_to_what_it_begins() {
        let words = |less| [0, 1, 2, 9, 10].map(|value| state(value, 2, if less { 0 } else { 10 }, less));
        assert_eq!(words(false), ["ok", "ok", "warn", "warn", "bad"]);
        assert_eq!(words(true), ["bad", "warn", "warn", "ok", "ok"]);
        assert_eq!(check("x", None, "count", (1, 2)).state, "ok");
    }
}
