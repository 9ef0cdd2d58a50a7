//! Exports that are asked for now and fetched later: what comes out, for whom, and how it ends.

mod authority;
mod refusals;
mod stories;

use std::time::Duration;

use adapters::objects::Objects;
use serde_json::{Value, json};
use server::app::{Cabinet, Settings};
use testkit::{Answer, Browser, Client, Facility, PASSWORD, Permission, TestApp, enrol};
use tokio::task::JoinHandle;

use crate::documents::Folder;

/// The program with its files in a folder, at work on exports.
pub(crate) struct House {
    pub(crate) app: TestApp,
    pub(crate) folder: Folder,
    worker: JoinHandle<()>,
}

impl House {
    /// Reads so many records at a time.
    pub(crate) async fn new(page: u16) -> Self {
        let folder = Folder::new();
        let cabinet = Some(Cabinet::new(Objects::folder(&folder.0).unwrap(), None));
        let settings = Settings { cabinet, export_page: Some(page), ..Settings::default() };
        let app = TestApp::with(settings).await;
        let worker = work(&app);
        Self { app, folder, worker }
    }

    /// Stops the work, as a program that is killed does.
    pub(crate) fn kill(&mut self) {
        self.worker.abort();
    }

    /// Begins to work again, as another process does when the lease of the killed one is over.
    pub(crate) async fn start(&mut self) {
        self.change("locked_until = now() - interval '1 second' WHERE state = 'running'").await;
        self.worker = work(&self.app);
    }

    /// Changes rows of exports behind the program's back.
    pub(crate) async fn change(&self, what: &str) {
        let sql = format!("UPDATE ops.export SET {what}");
        self.app.superuser().await.batch_execute(&sql).await.unwrap();
    }

    /// How many lines the log has of exports that end in this way.
    pub(crate) async fn logged(&self, outcome: &str, reason: &str) -> i64 {
        let sql =
            "SELECT count(*) FROM audit.event WHERE action = 'chart.export' AND outcome = $1 AND reason = $2";
        self.app.superuser().await.query_one(sql, &[&outcome, &reason]).await.unwrap().get(0)
    }

    /// What the rows of exports say: state and reason.
    pub(crate) async fn states(&self) -> Vec<(String, Option<String>)> {
        let sql = "SELECT state, reason FROM ops.export ORDER BY created_at";
        let rows = self.app.superuser().await.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Waits until something holds, for five seconds at most.
    pub(crate) async fn within_five_seconds(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let begin = std::time::Instant::now();
        while !holds().await {
            assert!(begin.elapsed() < Duration::from_secs(5), "{what}: not within five seconds");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

fn work(app: &TestApp) -> JoinHandle<()> {
    let app = app.app.clone();
    tokio::spawn(async move { app.work_on_exports().await })
}

/// Asks for an export; gives the address of its status.
pub(crate) async fn kick_off(client: &Client, at: &str) -> String {
    let asked = client.get(at).header("prefer", "respond-async").await.expect_status(202);
    asked.header("content-location").to_owned()
}

/// Asks until it is more than waiting or running.
pub(crate) async fn settled(client: &Client, status: &str) -> Answer {
    for _ in 0..1200 {
        let answer = client.get(status).await;
        if answer.status != 202 {
            return answer;
        }
        assert!(!answer.header("x-progress").is_empty());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never complete");
}

/// Asks for an export, waits for it and fetches it: the manifest, and the resources of each type.
pub(crate) async fn whole(client: &Client, at: &str) -> (Value, Vec<(String, Vec<Value>)>) {
    let manifest = settled(client, &kick_off(client, at).await).await.expect_status(200).json();
    let mut types = Vec::new();
    for file in manifest["output"].as_array().unwrap() {
        let given = client.get(file["url"].as_str().unwrap()).await.expect_status(200);
        assert_eq!(given.header("content-type"), "application/fhir+ndjson");
        let lines: Vec<Value> =
            given.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(file["count"], lines.len());
        assert!(lines.iter().all(|line| line["resourceType"] == file["type"]));
        types.push((file["type"].as_str().unwrap().to_owned(), lines));
    }
    (manifest, types)
}

/// Weights of a patient, each with a note of this length.
pub(crate) async fn weigh(client: &Client, patient: &str, times: usize, note: usize) {
    for begin in (0..times).step_by(100) {
        let entries: Vec<Value> = (begin..times.min(begin + 100))
            .map(|n| {
                let mut weight = crate::people::weight(patient, "05", &format!("{}.5", 40 + n % 30));
                if note > 0 {
                    weight["note"] = json!([{"text": "x".repeat(note)}]);
                }
                json!({"resource": weight, "request": {"method": "POST", "url": "Observation"}})
            })
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        client.post("/fhir/R4", &bundle).await.expect_status(200);
    }
}

/// What posts of a chain hold here.
pub(crate) const HELD: [Permission; 7] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::ChartExport,
    Permission::PeopleInvite,
    Permission::PeopleRead,
    Permission::PeopleEnd,
];

/// A chain of posts: a director, a head below, and below that someone at a browser, who exports.
pub(crate) struct Chain {
    pub(crate) director: i64,
    pub(crate) head: i64,
    pub(crate) exporter: i64,
    pub(crate) browser: Browser,
    pub(crate) tab: Browser,
}

pub(crate) async fn chain(app: &TestApp, clinic: &testkit::Organization<'_>, at: &Facility) -> Chain {
    let director = clinic.person("director@care.example", &HELD, &[at]).await;
    let office = director.browser.open("clinic", director.membership).await;
    let (head, desk) = hire(app, &office, "head@care.example", at).await;
    let (exporter, tab) = hire(app, &desk, "exporter@care.example", at).await;
    Chain { director: director.membership, head, exporter, browser: tab.clone(), tab }
}

/// Someone at a tab offers a post below their own, and someone new takes it up: the number and their tab.
async fn hire(app: &TestApp, by: &Browser, email: &str, at: &Facility) -> (i64, Browser) {
    let keys: Vec<&str> = HELD.iter().map(|permission| permission.key()).collect();
    let body = json!({
        "email": email, "name": "Somebody", "role": "Nurse", "kind": "staff", "permissions": keys, "facilities": [at.code],
    });
    let proof = by.proof("person.invite", PASSWORD).await;
    let offered = by.post_proved("/api/people", &body, &proof).await.expect_status(201).json();
    let membership = offered["membership"].as_i64().unwrap();
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Somebody Real", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    enrol(app, &browser).await;
    (membership, browser.open("clinic", membership).await)
}

impl Chain {
    /// Asks for an export at the browser, with a step-up.
    pub(crate) async fn ask(&self) -> String {
        let proof = self.tab.proof("chart.export", PASSWORD).await;
        let asked = self.tab.post_proved("/api/exports", &json!({}), &proof).await.expect_status(201).json();
        asked["export"].as_str().unwrap().to_owned()
    }

    /// The newest export, as its list shows it.
    pub(crate) async fn newest(&self) -> Value {
        self.tab.get("/api/exports").await.expect_status(200).json()["exports"][0].clone()
    }
}
