//! Patients move and are merged: their doses go along.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::{dose, give, hour, hourly, house, later, order, resident, state};

async fn etag(client: &Client, patient: &str) -> String {
    client.get(&format!("/fhir/R4/Patient/{patient}")).await.expect_status(200).header("etag").to_owned()
}

async fn post(client: &Client, path: &str, body: &Value, etag: &str) -> Value {
    let ask = client.ask("POST", path).body("application/json", body.to_string()).if_match(etag);
    ask.await.expect_status(200).json()
}

#[tokio::test]
async fn doses_go_where_the_patient_goes() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let south = house.clinic.facility("south").await;
    let both = house.clinic.all_powers(&[&house.north, &south]).await;
    let there = house.clinic.all_powers(&[&south]).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    give(&house.nurse, &dose(&patient, &order, due)).await.expect_status(201);
    let tag = etag(&both, &patient).await;
    let body = json!({"facility": "south", "reason": "Moved closer to her daughter"});
    post(&both, &format!("/api/patients/{patient}/reassign"), &body, &tag).await;
    assert_eq!(state(&there, &patient, due).await, "given");
    give(&there, &dose(&patient, &order, due)).await.expect_status(409);
    give(&there, &dose(&patient, &order, later(due, -60))).await.expect_status(201);
    give(&house.nurse, &dose(&patient, &order, later(due, -120))).await.expect_status(404);
}

#[tokio::test]
async fn doses_go_over_with_a_merge_and_back() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let desk = house.clinic.all_powers(&[&house.north]).await;
    let one = resident(&desk, "Walker").await;
    let body = json!({"resourceType": "Patient", "name": [{"family": "Walkre"}]});
    let other = desk.post("/fhir/R4/Patient", &body).facility("north").await.expect_status(201).id();
    let order = order(&desk, &other, hourly(), json!({})).await;
    let due = hour();
    give(&desk, &dose(&other, &order, due)).await.expect_status(201);
    let body = json!({"into": one, "into_version": 1});
    let tag = etag(&desk, &other).await;
    let merged = post(&desk, &format!("/api/patients/{other}/merge"), &body, &tag).await;
    assert_eq!(state(&desk, &one, due).await, "given");
    give(&desk, &dose(&one, &order, due)).await.expect_status(409);
    // Of who was merged nothing is recorded any more.
    give(&desk, &dose(&other, &order, later(due, -120))).await.expect_status(404);
    give(&desk, &dose(&one, &order, later(due, -60))).await.expect_status(201);
    let undo = format!("/api/patients/{one}/merges/{}/undo", merged["merge"].as_str().unwrap());
    desk.ask("POST", &undo).body("application/json", "{}".to_owned()).await.expect_status(200);
    assert_eq!(state(&desk, &other, due).await, "given");
    // What was given while they were one was given: it is offered to nobody again.
    give(&desk, &dose(&other, &order, later(due, -60))).await.expect_status(409);
    give(&desk, &dose(&other, &order, later(due, -120))).await.expect_status(201);
    let rows = app.superuser().await;
    let held = "SELECT count(*) FROM chart.dose WHERE patient_id = $1::text::uuid";
    let of = |patient: String| {
        let rows = &rows;
        async move { rows.query_one(held, &[&patient]).await.unwrap().get::<_, i64>(0) }
    };
    assert_eq!((of(one).await, of(other).await), (1, 2));
}
