//! Transactions and batches over HTTP.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::people::{clinic, patient, weight};

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn post(full_url: &str, resource: Value) -> Value {
    let url = resource["resourceType"].clone();
    json!({ "fullUrl": full_url, "resource": resource, "request": { "method": "POST", "url": url } })
}

fn observation_of(reference: &str) -> Value {
    let mut observation = weight("x", "01", "60");
    observation["subject"]["reference"] = json!(reference);
    observation
}

const PATIENT: &str = "urn:uuid:9b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a11";
const WEIGHT: &str = "urn:uuid:9b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a12";

#[tokio::test]
async fn a_transaction_writes_all_and_ties_them_together() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let entries = [post(PATIENT, patient("Herschel", "Caroline")), post(WEIGHT, observation_of(PATIENT))];
    for root in ["/fhir/R4", "/fhir/R4/"] {
        let done = nurse.post(root, &bundle("transaction", &entries)).await.expect_status(200);
        let answer = done.json();
        assert_eq!(answer["type"], "transaction-response");
        let location = answer["entry"][0]["response"]["location"].as_str().unwrap();
        let id = location.split("Patient/").nth(1).unwrap().split('/').next().unwrap();
        let found = nurse.get(&format!("/fhir/R4/Observation?patient={id}")).await.expect_status(200);
        assert_eq!(found.entries()[0]["subject"]["reference"], format!("Patient/{id}"));
    }
}

#[tokio::test]
async fn a_transaction_with_one_bad_entry_writes_nothing() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let entries = [
        post(PATIENT, patient("Nobody", "Ada")),
        post(WEIGHT, json!({ "resourceType": "Observation", "status": "Secretvalue" })),
    ];
    let refused = nurse.post("/fhir/R4", &bundle("transaction", &entries)).await.expect_status(422);
    assert!(refused.text().contains("Bundle.entry[1]"), "{}", refused.text());
    assert!(!refused.text().contains("Secretvalue"));
    let rows = app.superuser().await;
    let count: i64 = rows.query_one("SELECT count(*) FROM chart.resource", &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_batch_answers_each_entry_for_itself() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let entries = [
        post(PATIENT, patient("Fine", "Ada")),
        post(WEIGHT, json!({ "resourceType": "Observation", "status": "nonsense" })),
    ];
    let done = nurse.post("/fhir/R4", &bundle("batch", &entries)).await.expect_status(200);
    let status =
        |index: usize| done.json()["entry"][index]["response"]["status"].as_str().unwrap()[..3].to_owned();
    assert_eq!((status(0).as_str(), status(1).as_str()), ("201", "422"));
}

#[tokio::test]
async fn a_bundle_takes_no_key() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let sent = nurse.post("/fhir/R4", &bundle("batch", &[])).header("idempotency-key", "k");
    sent.await.expect_status(400);
}
