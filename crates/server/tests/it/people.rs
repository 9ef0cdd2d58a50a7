//! Records of nobody.

use serde_json::{Value, json};
use testkit::{Client, Facility, TestApp};

/// A patient by name.
pub(crate) fn patient(family: &str, given: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "active": true,
        "name": [{ "family": family, "given": [given] }],
        "gender": "female",
        "birthDate": "1941-03-02"
    })
}

/// A body weight of a patient.
pub(crate) fn weight(patient: &str, day: &str, kilograms: &str) -> Value {
    let value: Value = serde_json::from_str(kilograms).unwrap();
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "29463-7" }] },
        "subject": { "reference": format!("Patient/{patient}") },
        "effectiveDateTime": format!("2026-01-{day}T08:00:00Z"),
        "valueQuantity": { "value": value, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg" }
    })
}

/// A clinic with one facility and someone there who may do everything.
pub(crate) async fn clinic(app: &TestApp) -> (Facility, Client) {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let client = clinic.all_powers(&[&north]).await;
    (north, client)
}

/// Admits a patient and gives the id.
pub(crate) async fn admit(client: &Client, family: &str) -> String {
    client.post("/fhir/R4/Patient", &patient(family, "Ada")).await.expect_status(201).id()
}
