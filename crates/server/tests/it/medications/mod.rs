//! Medications are given once, whoever gives them, and the counts balance (ADR 0029).

mod counts;
mod doses;
mod elsewhere;
mod moves;
mod pass;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{Answer, Client, Facility, Organization, Permission, TestApp};

pub(crate) const AIDE: [Permission; 5] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::MedicationsGive,
    Permission::MedicationsWitness,
];
/// A controlled one.
pub(crate) const OXYCODONE: &str = "1049621";

pub(crate) struct House<'a> {
    pub(crate) clinic: Organization<'a>,
    pub(crate) north: Facility,
    pub(crate) nurse: Client,
    pub(crate) other: Client,
}

pub(crate) async fn house(app: &TestApp) -> House<'_> {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&AIDE, &[&north]).await;
    let other = clinic.token(&AIDE, &[&north]).await;
    House { clinic, north, nurse, other }
}

pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

pub(crate) async fn resident(client: &Client, family: &str) -> String {
    let body = json!({"resourceType": "Patient", "birthDate": "1940-01-01", "name": [{"family": family}],
        "identifier": [{"system": "urn:mrn", "value": family}]});
    let patient = client.post("/fhir/R4/Patient", &body).facility("north").await.expect_status(201).id();
    let stay = json!({"room": {"name": "Room 1"}});
    post(client, &format!("/api/patients/{patient}/stays"), &stay).await.expect_status(201);
    patient
}

/// A dose on each hour.
pub(crate) fn hourly() -> Value {
    json!({"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "h"}}})
}

pub(crate) async fn order(client: &Client, patient: &str, dosage: Value, more: Value) -> String {
    let mut dosage = dosage;
    dosage["text"] = json!("1 tablet");
    dosage["doseAndRate"] = json!([{"doseQuantity": {"value": 1, "unit": "tablet"}}]);
    let mut body = json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
        "subject": {"reference": format!("Patient/{patient}")},
        "authoredOn": (hour() - SignedDuration::from_hours(72)).to_string(),
        "medicationCodeableConcept": {"text": "Metformin 500 mg tablet", "coding": [{"code": "861007"}]},
        "dosageInstruction": [dosage]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post("/fhir/R4/MedicationRequest", &body).await.expect_status(201).id()
}

/// The hour before this one: its dose is neither early nor in the future.
pub(crate) fn hour() -> Timestamp {
    let now = kernel::World::system().now().as_second();
    Timestamp::from_second(now - now.rem_euclid(3600) - 3600).unwrap()
}

pub(crate) fn later(at: Timestamp, minutes: i64) -> Timestamp {
    at + SignedDuration::from_mins(minutes)
}

/// Given five minutes after its time.
pub(crate) fn dose(patient: &str, order: &str, due: Timestamp) -> Value {
    json!({"request": kernel::World::system().uuid(), "patient": patient, "order": order, "due": due, "at": later(due, 5),
        "outcome": "given"})
}

pub(crate) fn with(mut dose: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        dose[name] = value.clone();
    }
    dose
}

pub(crate) async fn give(client: &Client, dose: &Value) -> Answer {
    post(client, "/api/medications/doses", dose).await
}

pub(crate) async fn code(answer: Answer, status: u16) -> String {
    answer.expect_status(status).json()["code"].as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn mar(client: &Client, patient: &str) -> Value {
    client.get(&format!("/api/patients/{patient}/medications")).await.expect_status(200).json()
}

/// How the dose of this time stands.
pub(crate) async fn state(client: &Client, patient: &str, due: Timestamp) -> String {
    let mar = mar(client, patient).await;
    let doses = mar["orders"][0]["doses"].as_array().unwrap();
    let found = doses.iter().find(|dose| dose["due"] == due.to_string().as_str());
    found.unwrap_or_else(|| panic!("no dose at {due}: {mar}"))["state"].as_str().unwrap().to_owned()
}
