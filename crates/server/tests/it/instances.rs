//! One resource's life.

use serde_json::json;
use testkit::TestApp;

use crate::people::{admit, clinic, patient, weight};

#[tokio::test]
async fn a_patient_is_created_read_changed_and_deleted() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;

    let made = nurse.post("/fhir/R4/Patient", &patient("Lovelace", "Ada")).await.expect_status(201);
    let id = made.id();
    assert_eq!(made.header("location"), format!("http://localhost/fhir/R4/Patient/{id}/_history/1"));
    assert_eq!(made.header("etag"), "W/\"1\"");
    assert!(made.header("last-modified").ends_with(" GMT"));
    assert_eq!(made.json()["meta"]["versionId"], "1");

    let path = format!("/fhir/R4/Patient/{id}");
    let read = nurse.get(&path).await.expect_status(200);
    assert_eq!(read.header("etag"), "W/\"1\"");
    assert_eq!(read.header("content-type"), "application/fhir+json");
    assert_eq!(read.json(), made.json());

    let mut changed = read.json();
    changed["name"][0]["family"] = json!("King");
    let updated = nurse.put(&path, &changed).if_match("W/\"1\"").await.expect_status(200);
    assert_eq!(updated.header("etag"), "W/\"2\"");
    assert_eq!(nurse.get(&path).await.json()["name"][0]["family"], "King");
    let old = nurse.get(&format!("{path}/_history/1")).await.expect_status(200);
    assert_eq!(old.json()["name"][0]["family"], "Lovelace");

    let deleted = nurse.delete(&path).if_match("W/\"2\"").await.expect_status(204);
    assert_eq!(deleted.header("etag"), "W/\"3\"");
    nurse.get(&path).await.expect_status(410);
    nurse.get(&format!("{path}/_history/3")).await.expect_status(410);
    nurse.get(&format!("{path}/_history/2")).await.expect_status(200);
}

#[tokio::test]
async fn a_history_goes_backwards_page_by_page() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Hopper").await;
    let path = format!("/fhir/R4/Patient/{id}");
    for version in 1..=2 {
        let body = nurse.get(&path).await.json();
        let etag = format!("\"{version}\"");
        nurse.put(&path, &body).if_match(&etag).await.expect_status(200);
    }
    nurse.delete(&path).if_match("W/\"3\"").await.expect_status(204);

    let first = nurse.get(&format!("{path}/_history?_count=3")).await.expect_status(200);
    let bundle = first.json();
    assert_eq!((&bundle["type"], &bundle["total"]), (&json!("history"), &json!(4)));
    let methods: Vec<_> =
        bundle["entry"].as_array().unwrap().iter().map(|e| &e["request"]["method"]).collect();
    assert_eq!(methods, ["DELETE", "PUT", "PUT"]);
    let next = first.link("next").unwrap();
    let second = nurse.get(&next).await.expect_status(200);
    assert_eq!(second.json()["entry"][0]["request"]["method"], "POST");
    assert_eq!(second.link("next"), None);
}

#[tokio::test]
async fn decimals_stay_as_they_were_written() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Noether").await;
    let text = weight(&id, "05", "0").to_string().replace("\"value\":0", "\"value\":61.50");
    let made =
        nurse.ask("POST", "/fhir/R4/Observation").body("application/json", text).await.expect_status(201);
    let read = nurse.get(&format!("/fhir/R4/Observation/{}", made.id())).await.expect_status(200);
    assert!(read.text().contains("\"value\":61.50"), "{}", read.text());
}

#[tokio::test]
async fn a_caller_gets_back_what_it_prefers() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let create = || nurse.post("/fhir/R4/Patient", &patient("Curie", "Marie"));
    let minimal = create().header("prefer", "return=minimal").await.expect_status(201);
    assert!(minimal.body.is_empty());
    assert!(minimal.headers.contains_key("location"));
    let outcome = create().header("prefer", "return=OperationOutcome").await.expect_status(201);
    assert_eq!(outcome.json()["resourceType"], "OperationOutcome");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    for path in [
        "/fhir/R4/Patient/0190a000-0000-7000-8000-000000000000",
        "/fhir/R4/Patient/0190A000-0000-7000-8000-000000000000",
        "/fhir/R4/Patient/42",
        "/fhir/R4/Unicorn/42",
        "/fhir/R4/Patient/0190a000-0000-7000-8000-000000000000/_history/1",
        "/fhir/R4/Patient/0190a000-0000-7000-8000-000000000000/_history/x",
    ] {
        let answer = nurse.get(path).await.expect_status(404);
        assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{path}");
    }
}
