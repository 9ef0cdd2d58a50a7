//! What is seen besides the pass's own rows: what other programs recorded, sensitive orders, and what is hidden.

use serde_json::{Value, json};
use testkit::{Client, Permission, TestApp};

use super::{AIDE, code, dose, give, hour, hourly, house, later, mar, order, post, resident, with};

/// As another program writes it.
async fn elsewhere(client: &Client, patient: &str, order: &str, more: Value) -> String {
    let body = json!({"resourceType": "MedicationAdministration", "status": "completed",
        "subject": {"reference": format!("Patient/{patient}")},
        "medicationCodeableConcept": {"text": "Metformin 500 mg tablet"},
        "performer": [{"actor": {"display": "Pat Kim, RN"}}],
        "request": {"reference": format!("MedicationRequest/{order}")}});
    client.post("/fhir/R4/MedicationAdministration", &with(body, more)).await.expect_status(201).id()
}

fn doses(mar: &Value) -> Vec<Value> {
    mar["orders"][0]["doses"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_another_program_recorded_is_seen_and_not_given_again() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    let other = elsewhere(&house.nurse, &patient, &order, json!({"effectiveDateTime": later(due, -5)})).await;
    let shown = doses(&mar(&house.nurse, &patient).await);
    let shown = shown.iter().find(|dose| dose["due"] == json!(due)).unwrap();
    assert_eq!(
        (&shown["state"], &shown["elsewhere"], &shown["by"], &shown["administration"]),
        (&json!("given"), &json!(true), &json!("Pat Kim, RN"), &json!(other))
    );
    let told = give(&house.nurse, &dose(&patient, &order, due)).await.expect_status(409).json();
    assert_eq!((&told["code"], &told["dose"]["administration"]), (&json!("dose-taken"), &json!(other)));
    // It is corrected where it was made.
    let path = format!("/api/medications/doses/{other}/wrong");
    post(&house.nurse, &path, &json!({"reason": "Wrong resident"})).await.expect_status(404);
    give(&house.nurse, &dose(&patient, &order, later(due, -60))).await.expect_status(201);
    // Whoever gave it all the same says why; the other is there besides, and is no dose of another time.
    let despite = with(dose(&patient, &order, due), json!({"despite": "That was the day before"}));
    give(&house.nurse, &despite).await.expect_status(201);
    let shown = doses(&mar(&house.nurse, &patient).await);
    let of = |wanted: Value| shown.iter().filter(move |dose| dose["due"] == wanted).collect::<Vec<_>>();
    assert_eq!((of(json!(due)).len(), &of(json!(due))[0]["elsewhere"]), (1, &json!(false)));
    assert_eq!(of(Value::Null)[0]["administration"], json!(other));
    assert_eq!(of(json!(later(due, 60)))[0]["administration"], Value::Null);
}

#[tokio::test]
async fn what_another_program_gave_as_needed_counts_for_the_limits() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let needed = json!({"asNeededCodeableConcept": {"text": "pain"},
        "timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "h"}}});
    let order = order(&house.nurse, &patient, needed, json!({})).await;
    let start = later(hour(), -180);
    elsewhere(&house.nurse, &patient, &order, json!({"effectiveDateTime": start})).await;
    let soon = with(dose(&patient, &order, start), json!({"due": null, "at": later(start, 120)}));
    let told = give(&house.nurse, &soon).await.expect_status(409).json();
    assert_eq!((&told["code"], &told["from"]), (&json!("too-soon"), &json!(later(start, 240))));
    let listed = mar(&house.nurse, &patient).await;
    let next: jiff::Timestamp = listed["orders"][0]["as_needed"]["next"].as_str().unwrap().parse().unwrap();
    assert!(next >= later(start, 240));
    assert_eq!(doses(&listed)[0]["state"], "given");
}

#[tokio::test]
async fn a_sensitive_order_is_on_the_pass_of_who_may_see_it() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let mut held = AIDE.to_vec();
    held.push(Permission::ClassSubstanceUse);
    let nurse = house.clinic.token(&held, &[&house.north]).await;
    let patient = resident(&house.nurse, "Walker").await;
    let label = json!({"meta": {"security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}]}});
    let order = order(&nurse, &patient, hourly(), label).await;
    let pass = async |client: &Client| {
        let pass = client.get("/api/medications/pass").await.expect_status(200).json();
        pass["residents"].as_array().unwrap().first().map(|resident| resident["orders"][0].clone())
    };
    let due = hour();
    give(&nurse, &dose(&patient, &order, due)).await.expect_status(201);
    let shown = pass(&nurse).await.unwrap();
    let given = shown["doses"].as_array().unwrap().iter().find(|dose| dose["due"] == json!(due)).unwrap();
    assert_eq!((&shown["order"], &given["state"]), (&json!(order), &json!("given")));
    assert_eq!(pass(&house.nurse).await, None);
    give(&house.nurse, &dose(&patient, &order, later(due, -60))).await.expect_status(404);
}

#[tokio::test]
async fn who_sees_a_part_learns_no_more_of_a_dose_and_gives_none() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    give(&house.nurse, &dose(&patient, &order, due)).await.expect_status(201);
    let office = house.clinic.all_powers(&[&house.north]).await;
    let me = house.other.get("/api/me").await.expect_status(200).json();
    let hide = async |paths: Value| {
        let ask = office.ask("PUT", &format!("/api/people/{}/hidden-fields", me["membership"]));
        ask.body("application/json", json!({"paths": paths}).to_string()).await.expect_status(200);
    };
    hide(json!(["MedicationAdministration.dosage"])).await;
    let shown = doses(&mar(&house.other, &patient).await);
    // What they do not see was missed by nobody.
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (&shown[0]["due"], &shown[0]["state"], &shown[0]["at"]),
        (&json!(due), &json!("given"), &json!(later(due, 5)))
    );
    hide(json!(["MedicationAdministration.effective"])).await;
    assert!(!mar(&house.other, &patient).await.to_string().contains(&later(due, 5).to_string()));
    // Whose a record is shows in its performer too: without that there is no list of them.
    hide(json!(["MedicationAdministration.performer"])).await;
    assert_eq!(doses(&mar(&house.other, &patient).await), Vec::<Value>::new());
    house.other.get("/api/medications/pass").await.expect_status(403);
    give(&house.other, &dose(&patient, &order, later(due, -60))).await.expect_status(403);
    hide(json!(["MedicationAdministration"])).await;
    assert_eq!(doses(&mar(&house.other, &patient).await), Vec::<Value>::new());
    hide(json!(["MedicationRequest"])).await;
    assert_eq!(mar(&house.other, &patient).await["orders"], json!([]));
    assert_eq!(code(give(&house.nurse, &dose(&patient, &order, due)).await, 409).await, "dose-taken");
}
