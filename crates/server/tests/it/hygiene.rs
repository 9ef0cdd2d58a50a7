//! What answers and logs carry, and what they never do.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testkit::{Settings, TestApp};

use crate::people::{admit, clinic, patient};

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let app = TestApp::with(Settings { https: true, ..Settings::default() }).await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Headed").await;
    for path in [
        format!("/fhir/R4/Patient/{id}"),
        "/fhir/R4/Patient".to_owned(),
        "/health".to_owned(),
        "/no".to_owned(),
    ] {
        let answer = nurse.get(&path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn a_request_id_is_ours_alone() {
    let app = TestApp::new().await;
    let given = "0190a000-0000-7000-8000-000000000000";
    let refused = app.stranger().get("/fhir/R4/Patient").header("x-request-id", given).await;
    assert_ne!(refused.header("x-request-id"), given);
    assert_eq!(refused.json()["id"], refused.header("x-request-id"));
}

#[tokio::test]
async fn readiness_asks_the_database() {
    let app = TestApp::new().await;
    app.stranger().get("/health").await.expect_status(204);
    app.stranger().get("/ready").await.expect_status(204);
}

#[tokio::test]
async fn figures_are_private_and_name_nobody() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Counted").await;
    nurse.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
    nurse.get("/metrics").await.expect_status(404);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::http::serve_metrics(app.app.clone(), listener, std::future::pending()));
    let figures = app.stranger().over(address).get("/metrics").await.expect_status(200).text();
    let read = r#"lamplight_http_request_duration_seconds_count{method="GET",route="/fhir/R4/{type}/{id}",status="200"} 1"#;
    for expected in [read, "lamplight_db_connections{state=", "lamplight_process_resident_memory_bytes "] {
        assert!(figures.contains(expected), "{figures}");
    }
    for never in [id.as_str(), "clinic", "organization"] {
        assert!(!figures.contains(never), "{never} in {figures}");
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// One thread, so that the log of this test is this thread's.
#[tokio::test(flavor = "current_thread")]
async fn a_request_leaves_one_line_without_any_record_in_it() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Secretname").await;
    let read = nurse.get(&format!("/fhir/R4/Patient/{id}?_pretty=Secretquery")).await.expect_status(200);
    nurse.get("/fhir/R4/Patient?family=Secretname").await.expect_status(200);
    nurse.get("/fhir/R4/Patient?unknown=Secretname").await.expect_status(400);
    nurse.post("/fhir/R4/Secretname", &patient("Secretname", "Ada")).await.expect_status(404);
    nurse.get("/Secretname").await.expect_status(404);

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for never in ["Secretname", "Secretquery", &id] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests: Vec<Value> = parsed.filter(|line| line["target"] == "http").collect();
    assert_eq!(requests.len(), 6);
    assert_eq!(requests[1]["route"], "/fhir/R4/{type}/{id}");
    assert_eq!(requests[1]["request"], read.header("x-request-id"));
    assert_eq!((&requests[1]["method"], &requests[1]["status"]), (&"GET".into(), &200.into()));
    assert!(requests[1]["organization"].is_number() && requests[1]["membership"].is_number());
    assert_eq!(requests[5]["route"], "unlisted");
}
