//! Every look leaves a line, before anything is shown.

use serde_json::json;
use testkit::{TestApp, pg};

use crate::people::{admit, clinic, weight};

/// Actions logged of a patient, oldest first.
async fn seen(rows: &pg::Client, patient: &str) -> Vec<String> {
    let patient: uuid::Uuid = patient.parse().unwrap();
    let rows = rows
        .query(
            "SELECT e.action FROM audit.subject s
               JOIN audit.event e ON e.organization_id = s.organization_id AND e.at = s.at AND e.id = s.event_id
              WHERE s.patient_id = $1 AND e.outcome = 'success' ORDER BY e.at, e.id",
            &[&patient],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn every_interaction_with_a_record_is_in_the_log() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let rows = app.superuser().await;
    let id = admit(&nurse, "Watched").await;
    let path = format!("/fhir/R4/Patient/{id}");
    assert_eq!(seen(&rows, &id).await, ["chart.create"]);

    let mut expected = vec!["chart.create"];
    nurse.get(&path).await.expect_status(200);
    expected.push("chart.read");
    nurse.get(&format!("{path}/_history/1")).await.expect_status(200);
    expected.push("chart.read");
    nurse.get(&path).header("if-none-match", "W/\"1\"").await.expect_status(304);
    expected.push("chart.read");
    nurse.get(&format!("{path}/_history")).await.expect_status(200);
    expected.push("chart.history");
    nurse.get("/fhir/R4/Patient?family=Watched").await.expect_status(200);
    expected.push("chart.search");
    nurse.form("/fhir/R4/Patient/_search", "family=Watched").await.expect_status(200);
    expected.push("chart.search");
    let weighed = nurse.post("/fhir/R4/Observation", &weight(&id, "01", "60")).await.expect_status(201);
    expected.push("chart.create");
    nurse.get(&format!("{path}/Observation")).await.expect_status(200);
    expected.push("chart.search");
    nurse.put(&path, &nurse.get(&path).await.json()).if_match("W/\"1\"").await.expect_status(200);
    expected.extend(["chart.read", "chart.update"]);
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{ "request": { "method": "GET", "url": format!("Patient/{id}") } }],
    });
    nurse.post("/fhir/R4", &bundle).await.expect_status(200);
    expected.push("chart.read");
    // A patient goes last.
    for (path, version) in [(format!("/fhir/R4/Observation/{}", weighed.id()), 1), (path, 2)] {
        nurse.delete(&path).if_match(&format!("W/\"{version}\"")).await.expect_status(204);
        expected.push("chart.delete");
    }
    assert_eq!(seen(&rows, &id).await, expected);
}

#[tokio::test]
async fn a_line_names_the_request_and_the_address() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Addressed").await;
    let listening = app.listen().await;
    let read = nurse.over(listening.address).get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
    let request: uuid::Uuid = read.header("x-request-id").parse().unwrap();
    let rows = app.superuser().await;
    let row = rows
        .query_one("SELECT address, purpose, reason FROM audit.event WHERE request_id = $1", &[&request])
        .await
        .unwrap();
    assert_eq!(row.get::<_, std::net::IpAddr>(0).to_string(), "127.0.0.1");
    assert_eq!((row.get::<_, &str>(1), row.get::<_, &str>(2)), ("TREAT", "chart.read"));
}

#[tokio::test]
async fn without_the_log_nothing_is_shown() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Secretname").await;
    app.superuser().await.batch_execute("REVOKE INSERT ON audit.event FROM lamplight_app").await.unwrap();
    for path in [format!("/fhir/R4/Patient/{id}"), "/fhir/R4/Patient?family=Secretname".to_owned()] {
        let withheld = nurse.get(&path).await.expect_status(503);
        assert!(!withheld.text().contains("Secretname"));
        assert_eq!(withheld.header("retry-after"), "1");
    }
}
