//! Patients come, move, go and come again, each time from what was seen before.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Answer, Client, Permission, TestApp};

const CARE: [Permission; 3] = [Permission::ChartRead, Permission::ChartSearch, Permission::ChartWrite];

fn post(client: &Client, path: &str, body: &Value) -> testkit::Ask {
    client.ask("POST", path).body("application/json", body.to_string())
}

async fn patient(client: &Client, more: Value) -> String {
    let mut body = json!({"resourceType": "Patient", "name": [{"family": "Walker"}],
        "managingOrganization": {"display": "North House"}});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post("/fhir/R4/Patient", &body).await.expect_status(201).id()
}

async fn admit(client: &Client, patient: &str, room: &str) -> Answer {
    post(client, &format!("/api/patients/{patient}/stays"), &json!({"room": {"name": room}})).await
}

async fn turn(client: &Client, stay: &Value, what: &str, body: Value) -> Answer {
    let [patient, id, version] = ["patient", "stay", "version"].map(|name| stay[name].as_str().unwrap());
    let path = format!("/api/patients/{patient}/stays/{id}/{what}");
    client.ask("POST", &path).body("application/json", body.to_string()).if_match(version).await
}

async fn census(client: &Client) -> Vec<Value> {
    let all = client.get("/api/stays").await.expect_status(200).json();
    all["stays"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_patient_is_admitted_moves_goes_to_hospital_returns_is_discharged_and_comes_again() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&CARE, &[&north]).await;
    let one = patient(&nurse, json!({})).await;
    assert!(census(&nurse).await.is_empty());

    let body = json!({"room": {"name": "Room 12"}, "reason": "Needs help to walk", "source": "Home",
        "from": "2026-01-02T10:00:00Z"});
    let made = post(&nurse, &format!("/api/patients/{one}/stays"), &body).await.expect_status(201);
    let stay = made.json();
    assert_eq!(made.header("etag"), stay["version"]);
    assert_eq!(
        (&stay["room"], &stay["status"], &stay["at"]),
        (&json!("Room 12"), &json!("in-progress"), &json!("North House"))
    );
    admit(&nurse, &one, "Room 13").await.expect_status(409);

    let at = |text: &str| json!(format!("2026-01-0{text}:00:00Z"));
    let moved = turn(&nurse, &stay, "transfer", json!({"room": {"name": "Room 14"}, "at": at("3T08")})).await;
    let moved = moved.expect_status(200).json();
    assert_eq!(moved["room"], "Room 14");
    // From what was seen before nothing is changed any more.
    turn(&nurse, &stay, "transfer", json!({"room": {"name": "Room 15"}})).await.expect_status(412);
    let away =
        turn(&nurse, &moved, "leave", json!({"kind": "hospital", "to": "County Hospital", "at": at("4T08")}))
            .await;
    let away = away.expect_status(200).json();
    assert_eq!(
        (&away["status"], &away["room"], &away["away"]),
        (&json!("onleave"), &json!("Room 14"), &json!("County Hospital"))
    );
    assert_eq!(census(&nurse).await[0]["away"], "County Hospital");
    turn(&nurse, &away, "transfer", json!({"room": {"name": "Room 1"}})).await.expect_status(409);
    let back = turn(&nurse, &away, "return", json!({"at": at("5T08")})).await.expect_status(200).json();
    assert_eq!((&back["room"], &back["away"]), (&json!("Room 14"), &Value::Null));
    turn(&nurse, &back, "return", json!({})).await.expect_status(409);
    let body = json!({"resourceType": "MedicationStatement", "status": "active", "subject": {"reference": format!("Patient/{one}")},
        "medicationCodeableConcept": {"text": "donepezil"}});
    nurse.post("/fhir/R4/MedicationStatement", &body).await.expect_status(201);
    let loose = nurse.get(&format!("/api/patients/{one}/loose-ends")).await.expect_status(200).json();
    assert_eq!((&loose["medications"], &loose["tasks"]), (&json!(1), &json!(0)));
    let gone = json!({"disposition": "home", "destination": "With her daughter", "at": at("6T08")});
    let gone = turn(&nurse, &back, "discharge", gone).await.expect_status(200).json();
    assert_eq!(
        (&gone["status"], &gone["room"], &gone["until"]),
        (&json!("finished"), &Value::Null, &at("6T08"))
    );
    assert_eq!(gone["past"].as_array().unwrap().len(), 3);
    turn(&nurse, &gone, "discharge", json!({"disposition": "home"})).await.expect_status(409);
    assert!(census(&nurse).await.is_empty());

    let again = admit(&nurse, &one, "Room 3").await.expect_status(201).json();
    let encounter =
        nurse.get(&format!("/fhir/R4/Encounter/{}", again["stay"].as_str().unwrap())).await.json();
    assert_eq!(encounter["hospitalization"]["reAdmission"]["coding"][0]["code"], "R");
    let all = nurse.get(&format!("/api/patients/{one}/stays")).await.expect_status(200).json();
    assert_eq!(all["stays"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn admitted_ten_times_at_once_somebody_is_admitted_once() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&CARE, &[&north]).await;
    let one = patient(&nurse, json!({})).await;
    let all = join_all((0..10).map(|_| admit(&nurse, &one, "Room 12"))).await;
    let mut told: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    told.sort_unstable();
    assert_eq!(told, [&[201][..], &[409; 9][..]].concat());
    assert_eq!(census(&nurse).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_is_written() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let nurse = clinic.token(&CARE, &[&north]).await;
    let elsewhere = clinic.token(&CARE, &[&south]).await;
    let reader = clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&north]).await;
    let dead = patient(&nurse, json!({"deceasedBoolean": true})).await;
    let refused = admit(&nurse, &dead, "Room 1").await.expect_status(409);
    assert_eq!(refused.json()["code"], "patient-died");
    let one = patient(&nurse, json!({})).await;
    let other = patient(&nurse, json!({})).await;
    admit(&elsewhere, &one, "Room 1").await.expect_status(404);
    admit(&reader, &one, "Room 1").await.expect_status(403);
    let path = format!("/api/patients/{one}/stays");
    let marker = "zebrafever";
    for body in [
        json!({"room": {"name": ""}}),
        json!({"room": {"name": marker.repeat(20)}}),
        json!({"from": "2099-01-01T00:00:00Z"}),
        json!({"from": marker}),
        json!({"reason": marker.repeat(60)}),
        json!({"patient": marker}),
    ] {
        let refused = post(&nurse, &path, &body).await;
        assert!((400..500).contains(&refused.status), "{body}: {}", refused.status);
        assert!(!refused.text().contains(marker), "{}", refused.text());
    }
    // A room that is none of ours.
    let nowhere = json!({"room": {"name": "Room 1", "location": "0190a000-0000-7000-8000-000000000000"}});
    post(&nurse, &path, &nowhere).await.expect_status(422);
    assert!(census(&nurse).await.is_empty());

    let stay = admit(&nurse, &one, "Room 1").await.expect_status(201).json();
    let mut foreign = stay.clone();
    foreign["patient"] = json!(other);
    turn(&nurse, &foreign, "discharge", json!({"disposition": "home"})).await.expect_status(404);
    turn(&elsewhere, &stay, "discharge", json!({"disposition": "home"})).await.expect_status(404);
    turn(&reader, &stay, "discharge", json!({"disposition": "home"})).await.expect_status(403);
    for (what, body) in [
        ("discharge", json!({"disposition": marker})),
        ("discharge", json!({"disposition": "home", "at": "2001-01-01T00:00:00Z"})),
        ("discharge", json!({"disposition": "home", "at": "2099-01-01T00:00:00Z"})),
        ("discharge", json!({})),
        ("transfer", json!({"room": {"name": "\u{0}".repeat(200)}})),
        ("transfer", json!({})),
        ("leave", json!({"kind": "moon", "to": marker})),
        ("leave", json!({"kind": "home", "to": " "})),
        ("return", json!({"room": 7})),
    ] {
        let refused = turn(&nurse, &stay, what, body.clone()).await;
        assert!((400..500).contains(&refused.status), "{what} {body}: {}", refused.status);
        assert!(!refused.text().contains(marker), "{}", refused.text());
    }
    let path = format!("/api/patients/{one}/stays/{}/discharge", stay["stay"].as_str().unwrap());
    post(&nurse, &path, &json!({"disposition": "home"})).await.expect_status(428);
    for cursor in ["/api/stays?cursor=zzz", "/api/stays?page=2", "/api/stays?cursor=%ff"] {
        nurse.get(cursor).await.expect_status(400);
    }
    assert_eq!(census(&nurse).await[0]["version"], stay["version"]);
}

#[tokio::test]
async fn every_coming_and_going_is_in_the_log() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    let one = patient(&nurse, json!({})).await;
    let stay = admit(&nurse, &one, "Room 1").await.expect_status(201).json();
    turn(&nurse, &stay, "discharge", json!({"disposition": "home"})).await.expect_status(200);
    let log = nurse.get(&format!("/api/patients/{one}/accesses")).await.expect_status(200).json();
    let told: Vec<_> =
        log["accesses"].as_array().unwrap().iter().map(|one| (&one["what"], &one["record"])).collect();
    for wanted in [("added", "Encounter"), ("changed", "Encounter"), ("viewed", "Patient")] {
        assert!(told.contains(&(&json!(wanted.0), &json!(wanted.1))), "{wanted:?}: {told:?}");
    }
}
