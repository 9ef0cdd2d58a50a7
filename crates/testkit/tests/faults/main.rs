//! What happens at moments that no test could hit from outside: `cargo nextest run -p testkit --features faults`.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use db::{Fault, Point};
use serde_json::{Value, json};
use testkit::{Client, TestApp, pg};

fn patient(family: &str) -> Value {
    json!({
        "resourceType": "Patient", "active": true, "gender": "female", "birthDate": "1941-03-02",
        "name": [{"family": family, "given": ["Ada"]}],
    })
}

/// A clinic with a nurse and a patient, and the tables behind the program's back.
struct Clinic {
    app: TestApp,
    nurse: Client,
    path: String,
    superuser: pg::Client,
}

impl Clinic {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let clinic = app.organization("clinic").await;
        let north = clinic.facility("north").await;
        let nurse = clinic.all_powers(&[&north]).await;
        let made = nurse.post("/fhir/R4/Patient", &patient("Before")).await.expect_status(201).id();
        let (superuser, path) = (app.superuser().await, format!("/fhir/R4/Patient/{made}"));
        nurse.get(&path).await.expect_status(200);
        Self { app, nurse, path, superuser }
    }

    fn set(&self, point: Point, fault: Option<Fault>) {
        self.app.database.db.set_fault(point, fault);
    }

    async fn count(&self, sql: &str) -> i64 {
        self.superuser.query_one(&format!("SELECT count(*) FROM {sql}"), &[]).await.unwrap().get(0)
    }

    async fn events(&self) -> i64 {
        self.count("audit.event WHERE outcome = 'success'").await
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_done_once_whoever_sends_it_again() {
    let clinic = Clinic::new().await;
    let create = || {
        let created = clinic.nurse.post("/fhir/R4/Patient", &patient("Created"));
        created.header("idempotency-key", "the one")
    };
    let change = || clinic.nurse.put(&clinic.path, &patient("Changed")).if_match("W/\"1\"");
    clinic.set(Point::Committed, Some(Fault::Lost));
    assert_eq!(create().await.expect_status(503).header("retry-after"), "1");
    change().await.expect_status(503);
    clinic.set(Point::Committed, None);
    assert_eq!(create().await.expect_status(201).header("idempotency-replayed"), "true");
    change().await.expect_status(412);
    let now = clinic.nurse.get(&clinic.path).await.expect_status(200);
    assert_eq!((now.header("etag"), now.json()["name"][0]["family"].as_str()), ("W/\"2\"", Some("Changed")));
    let found = clinic.nurse.get("/fhir/R4/Patient?family=Created").await.expect_status(200);
    assert_eq!(found.entries().len(), 1);
    assert_eq!(
        clinic.count("audit.event WHERE writes IS NOT NULL").await,
        3,
        "one event for each of three writes"
    );
    assert_eq!(clinic.count("ops.outbox WHERE type IS NOT NULL").await, 3);
}

#[tokio::test]
async fn a_write_that_was_lost_before_it_was_committed_left_nothing() {
    let clinic = Clinic::new().await;
    let (events, messages) = (clinic.events().await, clinic.count("ops.outbox").await);
    clinic.set(Point::Committing, Some(Fault::Lost));
    clinic.nurse.put(&clinic.path, &patient("Changed")).if_match("W/\"1\"").await.expect_status(503);
    clinic.nurse.post("/fhir/R4/Patient", &patient("Created")).await.expect_status(503);
    clinic.set(Point::Committing, None);
    assert_eq!((clinic.events().await, clinic.count("ops.outbox").await), (events, messages));
    clinic.nurse.put(&clinic.path, &patient("Changed")).if_match("W/\"1\"").await.expect_status(200);
}

#[tokio::test]
async fn what_is_in_the_log_and_was_not_told_so_is_not_shown() {
    let clinic = Clinic::new().await;
    let before = clinic.events().await;
    clinic.set(Point::Logged, Some(Fault::Lost));
    for path in [&clinic.path, "/fhir/R4/Patient?family=Before"] {
        let refused = clinic.nurse.get(path).await.expect_status(503);
        assert!(!refused.text().contains("Before"), "{}", refused.text());
    }
    clinic.set(Point::Logged, None);
    assert!(clinic.events().await > before, "the log tells of more than was shown, never of less");
    let began = Instant::now();
    while clinic.nurse.get(&clinic.path).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nobody_waits_for_a_log_that_hangs() {
    let clinic = Clinic::new().await;
    clinic.set(Point::Logged, Some(Fault::Late(Duration::from_secs(60))));
    for _ in 0..3 {
        let began = Instant::now();
        clinic.nurse.get(&clinic.path).await.expect_status(503);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        clinic.app.stranger().get("/health").await.expect_status(204);
    }
    clinic.set(Point::Logged, None);
    let began = Instant::now();
    while clinic.nurse.get(&clinic.path).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(5), "not well by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_follows_misses_nothing_while_nobody_can_be_told() {
    let clinic = Clinic::new().await;
    let mut follower = clinic.nurse.get("/api/events").listen().await;
    assert_eq!(follower.next().await.unwrap().word, "ready");
    clinic.set(Point::Telling, Some(Fault::Lost));
    let made = clinic.nurse.post("/fhir/R4/Patient", &patient("Followed")).await.expect_status(201).id();
    assert_eq!(follower.within(Duration::from_secs(1)).await, []);
    clinic.set(Point::Telling, None);
    let told = follower.next().await.unwrap();
    assert_eq!((told.word.as_str(), told.data["id"].as_str()), ("changed", Some(made.as_str())));
}
