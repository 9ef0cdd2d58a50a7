//! Emergency access: one patient, for minutes, in the log, told and judged.

use std::sync::Arc;

use jiff::SignedDuration;
use kernel::{FixedClock, SystemEntropy, World};
use serde_json::{Value, json};
use server::app::Settings;
use testkit::{Answer, Browser, Facility, Organization, PASSWORD, Permission, Person, TestApp};

use crate::people::admit;

const ALL: &str = "/api/emergency-access";
const REASON: &str = "Collapsed in the hall, no pulse found";
const DOCTOR: [Permission; 3] = [Permission::ChartRead, Permission::ChartSearch, Permission::EmergencyAccess];
const OFFICER: [Permission; 3] =
    [Permission::ChartRead, Permission::EmergencyAccess, Permission::EmergencyReview];

/// A physician bound to patients of their own, of whom there are none.
async fn doctor(app: &TestApp, clinic: &Organization<'_>, north: &Facility) -> (Person, Browser) {
    let person = clinic.person("doctor@care.example", &DOCTOR, &[north]).await;
    let bind = format!(
        "UPDATE org.membership SET by_relationship = true WHERE membership_id = {}",
        person.membership
    );
    app.superuser().await.batch_execute(&bind).await.unwrap();
    let tab = person.browser.open("clinic", person.membership).await;
    (person, tab)
}

async fn officer(clinic: &Organization<'_>, north: &Facility) -> (Person, Browser) {
    let person = clinic.person("officer@care.example", &OFFICER, &[north]).await;
    let tab = person.browser.open("clinic", person.membership).await;
    (person, tab)
}

async fn proved(by: &(Person, Browser), path: &str, action: &str, body: &Value) -> Answer {
    let proof = by.0.browser.proof(action, PASSWORD).await;
    by.1.post_proved(path, body, &proof).await
}

async fn open(by: &(Person, Browser), patient: &str) -> Answer {
    proved(by, ALL, "emergency.access", &json!({"patient": patient, "reason": REASON, "minutes": 10})).await
}

async fn opened(by: &(Person, Browser), patient: &str) -> String {
    let answer = open(by, patient).await.expect_status(200).json();
    answer["emergency"].as_str().unwrap().to_owned()
}

async fn review(by: &(Person, Browser), emergency: &str, verdict: &str) -> Answer {
    let path = format!("{ALL}/{emergency}/review");
    proved(by, &path, "emergency.review", &json!({"verdict": verdict, "note": "Seen"})).await
}

async fn get(tab: &Browser, path: &str, emergency: &str) -> Answer {
    tab.send(tab.ask("GET", path).header("lamplight-emergency", emergency)).await
}

fn path(patient: &str) -> String {
    format!("/fhir/R4/Patient/{patient}")
}

#[tokio::test]
async fn one_patient_opens_for_minutes_and_every_look_is_marked() {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(SystemEntropy::default()));
    let app = TestApp::in_world(Settings::default(), world).await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let desk = clinic.all_powers(&[&north]).await;
    let (patient, other) = (admit(&desk, "Alder").await, admit(&desk, "Birch").await);
    let elsewhere = admit(&clinic.all_powers(&[&south]).await, "Cedar").await;
    let doctor = doctor(&app, &clinic, &north).await;
    let officer = officer(&clinic, &north).await;
    let tab = &doctor.1;
    tab.get(&path(&patient)).await.expect_status(404);

    let body = json!({"patient": patient, "reason": REASON, "minutes": 10});
    let asked = tab.post(ALL, &body).await.expect_status(403).json();
    assert_eq!(
        (asked["code"].clone(), asked["action"].clone()),
        (json!("step-up-required"), json!("emergency.access"))
    );
    let emergency = opened(&doctor, &patient).await;
    assert_eq!(opened(&doctor, &patient).await, emergency, "the one that lives");

    // It opens where it is named, and that patient alone.
    tab.get(&path(&patient)).await.expect_status(404);
    get(tab, &path(&patient), &emergency).await.expect_status(200);
    for closed in [&other, &elsewhere] {
        get(tab, &path(closed), &emergency).await.expect_status(404);
    }
    let found = get(tab, "/fhir/R4/Patient?_total=accurate", &emergency).await.expect_status(200).json();
    assert_eq!(found["total"], 1);
    let database = app.superuser().await;
    let looks = "SELECT DISTINCT e.purpose FROM audit.subject s
                   JOIN audit.event e ON e.organization_id = s.organization_id AND e.at = s.at AND e.id = s.event_id
                  WHERE s.patient_id = $1::text::uuid AND e.membership_id = $2 AND e.action LIKE 'chart.%'";
    let membership = i32::try_from(doctor.0.membership).unwrap();
    let purposes = database.query(looks, &[&patient, &membership]).await.unwrap();
    assert_eq!(purposes.iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["BTG"]);

    // Who reviews is told, of nothing that stays in the house.
    let mails = app.sent().await;
    let told: Vec<_> = mails.iter().filter(|(_, text)| text.contains("emergency")).collect();
    assert_eq!(told.len(), 1, "once");
    assert!(
        told[0].0 == "officer@care.example"
            && told[0].1.contains(&format!("/open/clinic/{}", officer.0.membership))
    );
    for kept in [patient.as_str(), "Alder", "Collapsed", emergency.as_str()] {
        assert!(!told[0].1.contains(kept), "{kept}");
    }

    // Another's emergency is like none, and so is a patient elsewhere.
    for (tab, named) in [(&officer.1, emergency.as_str()), (tab, patient.as_str()), (tab, "none")] {
        let refused = get(tab, &path(&patient), named).await.expect_status(403);
        assert!(refused.text().contains("not yours, or it is over"), "{}", refused.text());
    }
    let mut answers = Vec::new();
    for unknown in [elsewhere.as_str(), "0190a000-0000-7000-8000-000000000000"] {
        let mut told = open(&doctor, unknown).await.expect_status(404).json();
        told["instance"] = Value::Null;
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);

    clock.advance(SignedDuration::from_mins(11));
    get(tab, &path(&patient), &emergency).await.expect_status(403);
}

#[tokio::test]
async fn somebody_else_judges_it_and_what_nobody_judged_suspends_the_right() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let patient = admit(&desk, "Alder").await;
    let doctor = doctor(&app, &clinic, &north).await;
    let officer = officer(&clinic, &north).await;
    let emergency = opened(&doctor, &patient).await;
    let own = opened(&officer, &patient).await;

    let listed = doctor.1.get(ALL).await.expect_status(200).json();
    assert_eq!(listed["emergencies"].as_array().unwrap().len(), 1, "one's own");
    assert_eq!(listed["emergencies"][0]["reason"], REASON);
    let listed = officer.1.get(ALL).await.expect_status(200).json();
    assert_eq!(listed["emergencies"].as_array().unwrap().len(), 2);
    let database = app.superuser().await;
    let looked =
        "SELECT count(*) FROM audit.subject s JOIN audit.event e ON e.organization_id = s.organization_id
                     AND e.at = s.at AND e.id = s.event_id
                   WHERE s.patient_id = $1::text::uuid AND e.action = 'emergency.list'";
    assert_eq!(database.query_one(looked, &[&patient]).await.unwrap().get::<_, i64>(0), 2);

    review(&officer, &own, "justified").await.expect_status(403);
    review(&officer, &emergency, "fine").await.expect_status(400);
    let refused = doctor.1.post(&format!("{ALL}/{emergency}/review"), &json!({"verdict": "justified"})).await;
    refused.expect_status(403);
    get(&doctor.1, &path(&patient), &emergency).await.expect_status(200);
    review(&officer, &emergency, "not-justified").await.expect_status(204);
    get(&doctor.1, &path(&patient), &emergency).await.expect_status(403);
    let again = review(&officer, &emergency, "justified").await.expect_status(409);
    assert_eq!(again.json()["code"], "already-reviewed");

    let second = opened(&doctor, &patient).await;
    assert_ne!(second, emergency);
    let mine = format!("{ALL}/{second}");
    officer.1.delete(&mine).await.expect_status(404);
    doctor.1.delete(&mine).await.expect_status(204);
    doctor.1.delete(&mine).await.expect_status(404);
    get(&doctor.1, &path(&patient), &second).await.expect_status(403);

    let long_ago = "UPDATE org.emergency SET ends_at = ends_at - interval '73 hours',
                        opened_at = opened_at - interval '73 hours' WHERE reviewed_at IS NULL";
    database.batch_execute(long_ago).await.unwrap();
    let suspended = open(&doctor, &patient).await.expect_status(403);
    assert_eq!(suspended.json()["code"], "emergency-suspended");
    review(&officer, &second, "justified").await.expect_status(204);
    open(&doctor, &patient).await.expect_status(200);

    let bad = [
        json!({"patient": patient, "reason": " ", "minutes": 10}),
        json!({"patient": patient, "reason": "x".repeat(501), "minutes": 10}),
        json!({"patient": patient, "reason": REASON, "minutes": 0}),
        json!({"patient": patient, "reason": REASON, "minutes": 61}),
        json!({"patient": "Alder", "reason": REASON, "minutes": 10}),
        json!({"patient": patient, "reason": REASON, "minutes": 10, "facility": "north"}),
    ];
    for body in &bad {
        let refused = proved(&doctor, ALL, "emergency.access", body).await.expect_status(400);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert!(!refused.text().contains("Collapsed") && !refused.text().contains("Alder"));
    }
}

#[tokio::test]
async fn what_is_hidden_from_a_post_stays_hidden_in_an_emergency() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let patient = admit(&desk, "Alder").await;
    let doctor = doctor(&app, &clinic, &north).await;
    let hide = desk.ask("PUT", &format!("/api/people/{}/hidden-fields", doctor.0.membership));
    let paths = json!({"paths": ["Patient.birthDate"]});
    hide.body("application/json", paths.to_string()).await.expect_status(200);
    let emergency = opened(&doctor, &patient).await;
    let seen = get(&doctor.1, &path(&patient), &emergency).await.expect_status(200).text();
    assert!(seen.contains("Alder") && !seen.contains("1941"), "{seen}");
}
