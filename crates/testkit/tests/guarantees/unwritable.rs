//! A log that cannot be written, for four reasons, while the program is asked: health data is refused within two seconds,
//! everything else is answered, nothing is half done, and the program goes on by itself once the reason is gone.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use policy::Permission;
use serde_json::{Value, json};
use testkit::{Answer, Ask, Client, TestApp, pg};

use crate::full_disk::{Small, fill, hand_over};
use crate::support::{chart_rows, say, skipped};

/// What is promised of an answer.
const PROMISED: Duration = Duration::from_secs(2);
/// How long who needs no database may wait: for nothing but a processor.
const AT_ONCE: Duration = Duration::from_millis(500);
/// How long who needs a connection and no log may wait for those who wait for the log.
const BRIEFLY: Duration = Duration::from_secs(1);
/// How soon all is well again.
const SOON: Duration = Duration::from_secs(5);

fn patient(phone: &str) -> Value {
    json!({
        "resourceType": "Patient", "active": true, "gender": "female", "birthDate": "1941-03-02",
        "name": [{"family": "Fault", "given": ["Ada"]}], "telecom": [{"system": "phone", "value": phone}],
    })
}

/// A clinic whose log is about to fail.
struct Clinic {
    app: TestApp,
    nurse: Client,
    /// Somebody who may read nothing: a refusal is written down too.
    visitor: Client,
    patient: String,
    superuser: pg::Client,
}

impl Clinic {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let clinic = app.organization("clinic").await;
        let north = clinic.facility("north").await;
        let nurse = clinic.all_powers(&[&north]).await;
        let visitor = clinic.token(&[Permission::FiguresRead], &[&north]).await;
        let made = nurse.post("/fhir/R4/Patient", &patient("1")).await.expect_status(201).id();
        let superuser = app.superuser().await;
        let clinic = Self { nurse, visitor, patient: made, superuser, app };
        // Statements are prepared and keys unwrapped.
        join_all(clinic.asked().into_iter().map(timed)).await;
        clinic
    }

    fn path(&self) -> String {
        format!("/fhir/R4/Patient/{}", self.patient)
    }

    /// Reads, searches, writes and what is refused: each needs the log.
    fn asked(&self) -> Vec<Ask> {
        let mut asked = Vec::new();
        for _ in 0..8 {
            asked.push(self.nurse.get(&self.path()));
            asked.push(self.nurse.get("/fhir/R4/Patient?family=Fault"));
            asked.push(self.nurse.put(&self.path(), &patient("2")).if_match("W/\"99\""));
            asked.push(self.visitor.get(&self.path()));
        }
        asked
    }

    /// As [`Clinic::asked`], with writes that would be done.
    fn pressing(&self, version: u32) -> Vec<Ask> {
        let mut asked = self.asked();
        for number in 0..24 {
            let phone = format!("5550{number}");
            let write = self.nurse.put(&self.path(), &patient(&phone));
            asked.push(write.if_match(&format!("W/\"{version}\"")));
            asked.push(self.nurse.post("/fhir/R4/Patient", &patient(&phone)));
        }
        asked
    }

    async fn events(&self) -> i64 {
        self.superuser.query_one("SELECT count(*) FROM audit.event", &[]).await.unwrap().get(0)
    }

    /// What holds while the log cannot be written. Gives the longest time that anybody waited.
    async fn is_closed(&self) -> Duration {
        let (before, events) = (chart_rows(&self.superuser).await, self.events().await);
        let longest = self.refuses().await;
        assert_eq!(chart_rows(&self.superuser).await, before, "something is half done");
        assert_eq!(self.events().await, events, "the log was written after all");
        longest
    }

    async fn refuses(&self) -> Duration {
        let mut longest = Duration::ZERO;
        for round in 0..3 {
            let refused = join_all(self.pressing(1).into_iter().map(|ask| tokio::spawn(timed(ask))));
            let unlogged = async {
                // In the middle of it.
                tokio::time::sleep(Duration::from_millis(100 * round)).await;
                let unlogged = [
                    ("/health", AT_ONCE),
                    ("/fhir/R4/metadata", AT_ONCE),
                    ("/ready", BRIEFLY),
                    ("/api/announcements", BRIEFLY),
                ];
                for (path, patience) in unlogged {
                    let (answer, took) = timed(self.nurse.get(path)).await;
                    assert!(
                        answer.status < 300 && took < patience,
                        "{path}: {} after {took:?}",
                        answer.status
                    );
                }
            };
            let (refused, ()) = tokio::join!(refused, unlogged);
            for refused in refused {
                let (answer, took) = refused.unwrap();
                // A stale version is found out before anything is written; nothing of the record is told.
                if answer.status != 412 {
                    assert_eq!(answer.status, 503, "{}", answer.text());
                    assert_eq!(answer.header("retry-after"), "1");
                    assert!(!answer.text().contains("Fault"), "{}", answer.text());
                }
                longest = longest.max(took);
            }
        }
        assert!(longest < PROMISED, "somebody waited {longest:?}");
        longest
    }

    /// What holds soon after the reason has gone. Gives how soon.
    async fn is_well(&self) -> Duration {
        let began = Instant::now();
        loop {
            let read = self.nurse.get(&self.path()).await;
            if read.status == 200 {
                assert_eq!(read.json()["telecom"][0]["value"], "1", "a refused write was done");
                break;
            }
            assert_eq!(read.status, 503, "{}", read.text());
            assert!(began.elapsed() < SOON, "not well by itself after {:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let took = began.elapsed();
        self.nurse.put(&self.path(), &patient("3")).if_match("W/\"1\"").await.expect_status(200);
        self.nurse.get("/fhir/R4/Patient?family=Fault").await.expect_status(200);
        self.visitor.get(&self.path()).await.expect_status(403);
        took
    }

    async fn does(&self, sql: &str) {
        self.superuser.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The partition that is written to.
    async fn month(&self) -> String {
        let sql = "SELECT 'audit.event_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')";
        self.superuser.query_one(sql, &[]).await.unwrap().get(0)
    }
}

async fn timed(ask: Ask) -> (Answer, Duration) {
    let began = Instant::now();
    let answer = ask.await;
    (answer, began.elapsed())
}

fn told(why: &str, (waited, well): (Duration, Duration)) {
    say(&format!("{why}: nobody waited longer than {waited:?}, well again after {well:?}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_log_may_not_be_written_nothing_is_shown_or_done() {
    let clinic = Clinic::new().await;
    clinic.does("REVOKE INSERT ON audit.event FROM lamplight_app").await;
    let waited = clinic.is_closed().await;
    clinic.does("GRANT INSERT ON audit.event TO lamplight_app").await;
    told("revoked", (waited, clinic.is_well().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_log_has_no_place_for_the_month_nothing_is_shown_or_done() {
    let clinic = Clinic::new().await;
    let month = clinic.month().await;
    let bounds = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = $1::text::regclass";
    let bounds: String = clinic.superuser.query_one(bounds, &[&month]).await.unwrap().get(0);
    // Set aside: the program cannot make another of its name.
    clinic.does(&format!("ALTER TABLE audit.event DETACH PARTITION {month}")).await;
    let aside: i64 =
        clinic.superuser.query_one(&format!("SELECT count(*) FROM {month}"), &[]).await.unwrap().get(0);
    assert!(aside > 0);
    let waited = clinic.is_closed().await;
    clinic.does(&format!("ALTER TABLE audit.event ATTACH PARTITION {month} {bounds}")).await;
    told("no partition", (waited, clinic.is_well().await));
}

/// Nobody made the months ahead, for whatever reason: the program makes the one that it misses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_was_not_made_ahead_is_made_when_it_is_missed() {
    let clinic = Clinic::new().await;
    let month = clinic.month().await;
    clinic.does(&format!("DROP TABLE {month}")).await;
    let well = clinic.is_well().await;
    told("not made ahead", (Duration::ZERO, well));
    // A write misses it as a read does.
    clinic.does(&format!("DROP TABLE {month}")).await;
    let began = Instant::now();
    loop {
        let write = clinic.nurse.put(&clinic.path(), &patient("4")).if_match("W/\"2\"").await;
        if write.status == 200 {
            break;
        }
        assert_eq!(write.status, 503, "{}", write.text());
        assert!(began.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_somebody_locks_the_log_nothing_is_shown_or_done() {
    let clinic = Clinic::new().await;
    let mut other = clinic.app.superuser().await;
    let (before, events) = (chart_rows(&clinic.superuser).await, clinic.events().await);
    let lock = other.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE audit.event IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let waited = clinic.refuses().await;
    // Who looks at the log through the lock's own transaction waits for nobody.
    let now: i64 = lock.query_one("SELECT count(*) FROM audit.event", &[]).await.unwrap().get(0);
    assert_eq!(now, events, "the log was written after all");
    lock.rollback().await.unwrap();
    assert_eq!(chart_rows(&clinic.superuser).await, before, "something is half done");
    told("locked", (waited, clinic.is_well().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_disk_of_the_log_is_full_nothing_is_shown_or_done() {
    let clinic = Clinic::new().await;
    let folder = std::env::temp_dir().join(format!("lamplight-log-disk-{}", clinic.patient));
    let Some(small) = Small::mount(&folder, 8) else {
        return skipped("a small disk cannot be mounted here");
    };
    let data: String = clinic.superuser.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
    let place = small.0.join("log");
    std::fs::create_dir(&place).unwrap();
    hand_over(&PathBuf::from(data), &place);
    let name = format!("log_{}", clinic.patient.replace('-', ""));
    let month = clinic.month().await;
    clinic.does(&format!("CREATE TABLESPACE {name} LOCATION '{}'", place.display())).await;
    clinic.does(&format!("ALTER TABLE {month} SET TABLESPACE {name}")).await;
    let ballast = fill(&small, 0);
    // What is left of the page that is written to holds some more events.
    let began = Instant::now();
    while clinic.nurse.get(&clinic.path()).await.status == 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "the disk does not fill");
    }
    let waited = clinic.is_closed().await;
    std::fs::remove_file(ballast).unwrap();
    told("disk full", (waited, clinic.is_well().await));
    clinic.does(&format!("ALTER TABLE {month} SET TABLESPACE pg_default")).await;
    clinic.does(&format!("DROP TABLESPACE {name}")).await;
    drop(small);
}
