//! Controlled medications: the sheet never falls below nothing, and a witness is somebody else.

use serde_json::{Value, json};
use testkit::{Browser, Client, PASSWORD, Permission, Person, TestApp};

use super::{
    AIDE, House, OXYCODONE, code, dose, give, hour, hourly, house, later, order, post, resident, with,
};

pub(super) async fn sheet(client: &Client, witness: bool) -> String {
    let body = json!({"medication": "Oxycodone 5 mg tablet", "codes": [OXYCODONE], "unit": "tablet",
        "place": "Cart 1", "witness_to_give": witness});
    let ask = client.ask("POST", "/api/medications/counts").body("application/json", body.to_string());
    ask.facility("north").await.expect_status(201).json()["stock"].as_str().unwrap().to_owned()
}

pub(super) fn controlled() -> Value {
    let concept = json!({"text": "Oxycodone 5 mg tablet", "coding": [{"code": OXYCODONE}]});
    json!({"medicationCodeableConcept": concept})
}

pub(super) async fn enter(client: &Client, sheet: &str, body: Value) -> testkit::Answer {
    post(client, &format!("/api/medications/counts/{sheet}/entries"), &body).await
}

/// On hand, by what the last count differed, how many wait.
pub(super) async fn stands(client: &Client, sheet: &str) -> (i64, Option<i64>, i64) {
    let all = client.get("/api/medications/counts").await.expect_status(200).json();
    let all = all["sheets"].as_array().unwrap().clone();
    let one = all.iter().find(|one| one["stock"] == sheet).unwrap();
    (one["on_hand"].as_i64().unwrap(), one["difference"].as_i64(), one["waiting"].as_i64().unwrap())
}

async fn at_work(house: &House<'_>, email: &str) -> (Person, Browser) {
    let person = house.clinic.person(email, &AIDE, &[&house.north]).await;
    let tab = person.browser.open("clinic", person.membership).await;
    (person, tab)
}

async fn confirm(tab: &Browser, sheet: &str, entry: &Value) -> testkit::Answer {
    let proof = tab.proof("medications.witness", PASSWORD).await;
    let path =
        format!("/api/medications/counts/{sheet}/entries/{}/witness", entry["entry"].as_str().unwrap());
    tab.post_proved(&path, &json!({}), &proof).await
}

async fn wastes(tab: &Browser, sheet: &str, amount: i64) -> Value {
    let body = json!({"kind": "wasted", "amount": amount, "note": "Dropped"});
    tab.post(&format!("/api/medications/counts/{sheet}/entries"), &body).await.expect_status(201).json()
}

#[tokio::test]
async fn what_is_given_comes_off_the_sheet_and_what_was_wrong_comes_back() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), controlled()).await;
    let sheet = sheet(&house.nurse, false).await;
    let due = hour();
    let given = dose(&patient, &order, due);
    assert_eq!(code(give(&house.nurse, &given).await, 422).await, "count-needed");
    let from_sheet = with(given, json!({"stock": sheet}));
    assert_eq!(code(give(&house.nurse, &from_sheet).await, 409).await, "count-short");
    enter(&house.nurse, &sheet, json!({"kind": "received", "amount": 2_000})).await.expect_status(201);
    // What was refused before took nothing: the same request goes through now.
    let made = give(&house.nurse, &from_sheet).await.expect_status(201).json();
    give(&house.nurse, &from_sheet).await.expect_status(200);
    assert_eq!(stands(&house.nurse, &sheet).await, (1_000, None, 0));
    let half = with(dose(&patient, &order, later(due, -60)), json!({"stock": sheet, "amount": 500}));
    give(&house.nurse, &half).await.expect_status(201);
    assert_eq!(stands(&house.nurse, &sheet).await.0, 500);
    let whole = with(dose(&patient, &order, later(due, -120)), json!({"stock": sheet}));
    assert_eq!(code(give(&house.nurse, &whole).await, 409).await, "count-short");
    let path = format!("/api/medications/doses/{}/wrong", made["administration"].as_str().unwrap());
    post(&house.nurse, &path, &json!({"reason": "Wrong resident"})).await.expect_status(204);
    assert_eq!(stands(&house.nurse, &sheet).await.0, 1_500);
    // Refused, it stays where it is.
    let refused =
        with(dose(&patient, &order, due), json!({"outcome": "refused", "reason": "Did not want it"}));
    give(&house.nurse, &refused).await.expect_status(201);
    let kinds =
        house.nurse.get(&format!("/api/medications/counts/{sheet}/entries")).await.expect_status(200).json();
    let kinds: Vec<(&Value, &Value)> = kinds["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["kind"], &entry["balance"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("corrected"), &json!(1_500)),
            (&json!("given"), &json!(500)),
            (&json!("given"), &json!(1_000)),
            (&json!("received"), &json!(2_000))
        ]
    );
    let south = house.clinic.facility("south").await;
    let elsewhere = house.clinic.token(&AIDE, &[&south]).await;
    enter(&elsewhere, &sheet, json!({"kind": "received", "amount": 1})).await.expect_status(404);
    let reader = house.clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&house.north]).await;
    reader.get("/api/medications/counts").await.expect_status(403);
}

#[tokio::test]
async fn a_witness_is_another_person_who_proves_it() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let sheet = sheet(&house.nurse, false).await;
    enter(&house.nurse, &sheet, json!({"kind": "received", "amount": 10_000})).await.expect_status(201);
    let (ann, at_ann) = at_work(&house, "ann@care.example").await;
    let (_, at_bob) = at_work(&house, "bob@care.example").await;
    let wasted = wastes(&at_ann, &sheet, 1_000).await;
    assert_eq!(stands(&house.nurse, &sheet).await, (10_000, None, 1), "it counts once it is confirmed");
    assert_eq!(code(confirm(&at_ann, &sheet, &wasted).await, 409).await, "witness-other");
    // Another post of the same person is the same person; a program is none.
    let second = house.clinic.take_up(&ann, "staff", &AIDE, &[&house.north]).await;
    let at_second = ann.browser.open("clinic", second).await;
    assert_eq!(code(confirm(&at_second, &sheet, &wasted).await, 409).await, "witness-other");
    let path =
        format!("/api/medications/counts/{sheet}/entries/{}/witness", wasted["entry"].as_str().unwrap());
    assert_eq!(code(post(&house.other, &path, &json!({})).await, 409).await, "witness-other");
    // Without a proof of their own nobody is asked anything else.
    assert_eq!(code(at_bob.post(&path, &json!({})).await, 403).await, "step-up-required");
    confirm(&at_bob, &sheet, &wasted).await.expect_status(204);
    assert_eq!(stands(&house.nurse, &sheet).await, (9_000, None, 0));
    assert_eq!(code(confirm(&at_bob, &sheet, &wasted).await, 409).await, "witness-done");

    // A count that differs is flagged until somebody corrects it, with a witness too.
    let path = format!("/api/medications/counts/{sheet}/entries");
    let counted =
        at_ann.post(&path, &json!({"kind": "counted", "amount": 8_000})).await.expect_status(201).json();
    confirm(&at_bob, &sheet, &counted).await.expect_status(204);
    assert_eq!(stands(&house.nurse, &sheet).await, (9_000, Some(-1_000), 0));
    let body = json!({"kind": "corrected", "amount": -1_000, "note": "Found on the floor"});
    let corrected = at_ann.post(&path, &body).await.expect_status(201).json();
    confirm(&at_bob, &sheet, &corrected).await.expect_status(204);
    assert_eq!(stands(&house.nurse, &sheet).await, (8_000, None, 0));
}

#[tokio::test]
async fn where_the_sheet_says_so_giving_needs_a_witness() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), controlled()).await;
    let sheet = sheet(&house.nurse, true).await;
    enter(&house.nurse, &sheet, json!({"kind": "received", "amount": 5_000})).await.expect_status(201);
    let (_, at_ann) = at_work(&house, "ann@care.example").await;
    let (_, at_bob) = at_work(&house, "bob@care.example").await;
    let given = with(dose(&patient, &order, hour()), json!({"stock": sheet}));
    let doses = "/api/medications/doses";
    assert_eq!(code(at_ann.post(doses, &given).await, 409).await, "witness-needed");
    let path = format!("/api/medications/counts/{sheet}/entries");
    let asked =
        at_ann.post(&path, &json!({"kind": "given", "amount": 1_000})).await.expect_status(201).json();
    let witnessed = with(given, json!({"witnessed": asked["entry"]}));
    assert_eq!(code(at_ann.post(doses, &witnessed).await, 409).await, "witness-needed");
    confirm(&at_bob, &sheet, &asked).await.expect_status(204);
    assert_eq!(stands(&house.nurse, &sheet).await.0, 5_000, "it is given once it is given");
    // It is hers, and good once.
    assert_eq!(
        code(
            at_bob
                .post(doses, &with(witnessed.clone(), json!({"request": kernel::World::system().uuid()})))
                .await,
            409
        )
        .await,
        "witness-needed"
    );
    at_ann.post(doses, &witnessed).await.expect_status(201);
    at_ann.post(doses, &witnessed).await.expect_status(200);
    let next = with(
        dose(&patient, &order, later(hour(), -60)),
        json!({"stock": sheet, "witnessed": asked["entry"]}),
    );
    assert_eq!(code(at_ann.post(doses, &next).await, 409).await, "witness-needed");
    assert_eq!(stands(&house.nurse, &sheet).await, (4_000, None, 0));
}
