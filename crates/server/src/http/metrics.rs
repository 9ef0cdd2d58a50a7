//! Figures for Prometheus (OpenMetrics text), on a private listener. Labels are of closed sets: no tenant, no patient.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use db::backups::BackupState;
use db::keys::ServiceState;
use jiff::{SignedDuration, Timestamp};
use kernel::World;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;

/// An event that waits longer to be sealed is told of.
const SEALED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Connections {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Nightly {
    /// `backup` or `rehearsal`.
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Service {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Calls {
    kind: &'static str,
    /// `answered` or `failed`.
    outcome: &'static str,
}

/// The figures.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Answered, Histogram, fn() -> Histogram>,
    at_work: Gauge,
    audit_unavailable: Counter,
    connections: Family<Connections, Gauge>,
    memory: Gauge,
    nightly_done: Family<Nightly, Gauge>,
    nightly_failing: Family<Nightly, Gauge>,
    seal_lag: Gauge,
    clock_ahead: Gauge<f64, AtomicU64>,
    sealing: Mutex<BTreeMap<String, Sealed>>,
    key_services: Family<Service, Gauge>,
    key_service_calls: Family<Calls, Gauge>,
}

/// How far the audit log of a database is sealed.
#[derive(Clone, Copy)]
struct Sealed {
    /// When that was looked at last.
    at: Timestamp,
    /// When the first event was written that is not sealed.
    waits_since: Option<Timestamp>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("lamplight");
        let requests: Family<Answered, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let (at_work, audit_unavailable) = (Gauge::default(), Counter::default());
        let (connections, memory, seal_lag) = (Family::default(), Gauge::default(), Gauge::default());
        let (nightly_done, nightly_failing): (Family<_, _>, Family<_, _>) = Default::default();
        let help = "Requests by route template and status, and how long they took";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, requests.clone());
        registry.register("http_requests_at_work", "Requests being worked on", at_work.clone());
        let help = "Answers withheld because the audit log could not be written";
        registry.register("audit_unavailable", help, audit_unavailable.clone());
        registry.register("db_connections", "Connections of the runtime pools", connections.clone());
        registry.register_with_unit(
            "process_resident_memory",
            "Resident memory",
            Unit::Bytes,
            memory.clone(),
        );
        let help = "When a backup was last complete and a rehearsal last passed, in seconds since 1970";
        registry.register_with_unit("nightly_done_timestamp", help, Unit::Seconds, nightly_done.clone());
        let help = "1 when the last backup or rehearsal failed, or there was none last night";
        registry.register("nightly_failing", help, nightly_failing.clone());
        let help = "For how long events of the audit log have waited to be sealed, in the database where it is longest";
        registry.register_with_unit("audit_seal_lag", help, Unit::Seconds, seal_lag.clone());
        let clock_ahead = Gauge::<f64, AtomicU64>::default();
        let help =
            "By how much the main database's clock was ahead of this machine's when it was looked at last";
        registry.register_with_unit("db_clock_ahead", help, Unit::Seconds, clock_ahead.clone());
        let (key_services, key_service_calls): (Family<_, _>, Family<_, _>) = Default::default();
        let help = "1 when the key service did what it was asked last, 0 when it was away or refused";
        registry.register("key_service_up", help, key_services.clone());
        let help = "What key services of this kind were asked since the start, by whether they did it";
        registry.register("key_service_calls", help, key_service_calls.clone());
        let (registry, sealing) = (Mutex::new(registry), Mutex::default());
        Self {
            registry,
            requests,
            at_work,
            audit_unavailable,
            connections,
            memory,
            nightly_done,
            nightly_failing,
            seal_lag,
            clock_ahead,
            sealing,
            key_services,
            key_service_calls,
        }
    }

    pub(crate) fn begun(&self) {
        self.at_work.inc();
    }

    pub(crate) fn ended(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        self.at_work.dec();
        self.requests.get_or_create(&Answered { method, route, status }).observe(took.as_secs_f64());
    }

    pub(crate) fn audit_unavailable(&self) {
        self.audit_unavailable.inc();
    }

    /// What was done by night, as far as that is known.
    fn nightly(&self, state: &BackupState, now: Timestamp) {
        let all = [
            ("backup", state.backed_up_at, state.backup(now)),
            ("rehearsal", state.rehearsed_at, state.rehearsal(now)),
        ];
        for (what, done, current) in all {
            if let Some(done) = done {
                self.nightly_done.get_or_create(&Nightly { what }).set(done.as_second());
            }
            // None yet is none last night.
            let failing = current != Some(true);
            self.nightly_failing.get_or_create(&Nightly { what }).set(i64::from(failing));
        }
    }

    /// How key services are. Of several of a kind the worst counts.
    fn custody(&self, states: &[ServiceState]) {
        let mut kinds: BTreeMap<&'static str, (bool, u64, u64)> = BTreeMap::new();
        for one in states {
            let kind = kinds.entry(one.kind).or_insert((true, 0, 0));
            kind.0 &= !one.is_failing();
            (kind.1, kind.2) = (kind.1 + one.answered, kind.2 + one.failed);
        }
        for (kind, (up, answered, failed)) in kinds {
            self.key_services.get_or_create(&Service { kind }).set(i64::from(up));
            for (outcome, count) in [("answered", answered), ("failed", failed)] {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.key_service_calls.get_or_create(&Calls { kind, outcome }).set(count);
            }
        }
    }

    /// The main database's clock is so far ahead of this machine's.
    pub(crate) fn clock_ahead(&self, by: SignedDuration) {
        self.clock_ahead.set(by.as_secs_f64());
    }

    /// The log of a database was sealed up to the first event that waits.
    pub(crate) fn sealed(&self, database: &str, at: Timestamp, waits_since: Option<Timestamp>) {
        let mut sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        sealing.insert(database.to_owned(), Sealed { at, waits_since });
    }

    /// The log of a database is not sealed here any more.
    pub(crate) fn seals_no_more(&self, database: &str) {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner).remove(database);
    }

    /// For how long events have waited to be sealed, by database; whoever does not get to look cannot know of less.
    fn seal_lags(&self, now: Timestamp) -> Vec<(String, SignedDuration)> {
        let sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |one: &Sealed| one.waits_since.map_or(one.at, |waits| waits.min(one.at));
        sealing.iter().map(|(name, one)| (name.clone(), now.duration_since(since(one)))).collect()
    }

    /// The databases whose log waits to be sealed.
    fn unsealed(&self, now: Timestamp) -> Vec<String> {
        let late = self.seal_lags(now).into_iter().filter(|(_, lag)| *lag > SEALED_WITHIN);
        late.map(|(name, _)| name).collect()
    }

    /// All figures as OpenMetrics text; those that are asked for and not counted are asked now.
    fn text(&self, pool: (usize, usize, usize), now: Timestamp) -> String {
        let longest = self.seal_lags(now).into_iter().map(|(_, lag)| lag.as_secs()).max();
        self.seal_lag.set(longest.unwrap_or_default());
        let (open, free, waiting) = pool;
        for (state, count) in [("open", open), ("free", free), ("waiting", waiting)] {
            self.connections
                .get_or_create(&Connections { state })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.memory.set(resident_bytes().unwrap_or(0));
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// The program's resident memory, where the system tells (Linux).
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<i64>().ok()?.checked_mul(1024)
}

/// The private router: figures, and what is not ready by name.
pub(super) fn router(app: App) -> Router {
    Router::new().route("/metrics", get(show)).route("/ready", get(ready)).with_state(app)
}

/// The private router of a program that seals the audit log and does nothing else.
pub(super) fn sealing_router(metrics: Arc<Metrics>, world: World) -> Router {
    let (figures, time) = (Arc::clone(&metrics), world.clone());
    let show = move || async move { openmetrics(figures.text((0, 0, 0), time.now())) };
    let ready = move || async move {
        let late = metrics.unsealed(world.now());
        let status = if late.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, [(CONTENT_TYPE, "application/json")], serde_json::json!({ "unsealed": late }).to_string())
    };
    Router::new().route("/metrics", get(show)).route("/ready", get(ready))
}

fn openmetrics(text: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// What is known of backups, where this program takes them.
async fn backups(app: &App) -> Option<BackupState> {
    if !app.settings.backs_up {
        return None;
    }
    app.store.db().backup_state().await.ok()
}

/// How something of every night stands, and since when.
fn stands(done: Option<Timestamp>, current: Option<bool>) -> serde_json::Value {
    let state = match current {
        None => "none-yet",
        Some(true) => "working",
        Some(false) => "failing",
    };
    serde_json::json!({ "state": state, "last": done })
}

/// Names every database that is down, and every one whose audit log waits to be sealed; 503 when one is down. How backups
/// and key services stand is told beside it: a program is not taken away for what all of them lack.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    let mut down = app.placed.down();
    let ahead = app.store.db().clock_ahead().await;
    if ahead.is_err() {
        down.insert(0, "main".to_owned());
    }
    let status = if down.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let now = app.world.now();
    let mut body = serde_json::json!({ "down": down, "unsealed": app.metrics.unsealed(now) });
    if let Ok(ahead) = ahead {
        app.metrics.clock_ahead(ahead);
        body["clock_ahead_seconds"] = ahead.as_secs_f64().into();
    }
    if let Some(state) = backups(&app).await {
        body["backup"] = stands(state.backed_up_at, state.backup(now));
        body["rehearsal"] = stands(state.rehearsed_at, state.rehearsal(now));
    }
    let services = app.store.db().custody().services().states();
    if !services.is_empty() {
        let told = |one: ServiceState| serde_json::json!({"service": one.name, "state": one.state, "since": one.since});
        body["key_services"] = services.into_iter().map(told).collect();
    }
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}

async fn show(State(app): State<App>) -> impl IntoResponse {
    if let Some(state) = backups(&app).await {
        app.metrics.nightly(&state, app.world.now());
    }
    app.metrics.custody(&app.store.db().custody().services().states());
    let (main, placed) = (app.store.db().pool_status(), app.placed.pool_status());
    openmetrics(app.metrics.text((main.0 + placed.0, main.1 + placed.1, main.2 + placed.2), app.world.now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_holds_what_was_counted() {
        let metrics = Metrics::new();
        metrics.begun();
        metrics.ended("GET", "/health", 200, Duration::from_millis(3));
        metrics.audit_unavailable();
        let at: Timestamp = "2026-04-01T08:00:00Z".parse().unwrap();
        metrics.sealed("main", at, None);
        metrics.sealed("lamplight_oak", at, Some(at - SignedDuration::from_secs(40)));
        metrics.clock_ahead(SignedDuration::from_millis(-1_500));
        let text = metrics.text((4, 3, 0), at + SignedDuration::from_secs(20));
        let line =
            r#"lamplight_http_request_duration_seconds_count{method="GET",route="/health",status="200"} 1"#;
        for expected in [
            line,
            "lamplight_audit_seal_lag_seconds 60",
            "lamplight_audit_unavailable_total 1",
            r#"lamplight_db_connections{state="free"} 3"#,
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn a_key_service_that_is_away_is_a_figure() {
        let metrics = Metrics::new();
        let state = |state, failed| ServiceState {
            kind: "vault",
            name: "vault:transit/lamplight".to_owned(),
            state,
            since: None,
            answered: 3,
            failed,
        };
        for (states, up, failed) in [
            (vec![state("working", 0)], 1, 0),
            (vec![state("working", 0), state("away", 2)], 0, 2),
            (vec![state("refusing", 2)], 0, 2),
        ] {
            metrics.custody(&states);
            let text = metrics.text((0, 0, 0), Timestamp::UNIX_EPOCH);
            for expected in [
                format!(r#"lamplight_key_service_up{{kind="vault"}} {up}"#),
                format!(r#"lamplight_key_service_calls{{kind="vault",outcome="failed"}} {failed}"#),
            ] {
                assert!(text.contains(&expected), "{text}");
            }
            assert!(!text.contains("transit"), "{text}");
        }
    }

    #[test]
    fn a_failed_rehearsal_is_a_figure() {
        let metrics = Metrics::new();
        let at = |second| Timestamp::from_second(second).ok();
        let state = BackupState {
            backed_up_at: at(1_000),
            backup_tried_at: at(1_000),
            rehearsed_at: at(500),
            rehearsal_tried_at: at(1_100),
        };
        metrics.nightly(&state, at(2_000).unwrap());
        let text = metrics.text((0, 0, 0), at(2_000).unwrap());
        for expected in [
            r#"lamplight_nightly_done_timestamp_seconds{what="backup"} 1000"#,
            r#"lamplight_nightly_failing{what="backup"} 0"#,
            r#"lamplight_nightly_failing{what="rehearsal"} 1"#,
        ] {
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(stands(at(500), state.rehearsal(at(2_000).unwrap()))["state"], "failing");
        assert_eq!(stands(None, None)["state"], "none-yet");
    }
}
