//! One dose after the other.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Permission, TestApp};

use super::{AIDE, code, dose, give, hour, hourly, house, later, mar, order, post, resident, state, with};

#[tokio::test]
async fn a_dose_is_given_once_and_whoever_is_second_is_told_by_whom() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    assert_eq!(state(&house.nurse, &patient, due).await, "missed");
    let sent = dose(&patient, &order, due);
    let made = give(&house.nurse, &sent).await.expect_status(201).json();
    assert_eq!((&made["result"], &made["outcome"]), (&json!("made"), &json!("given")));
    // Sent again, it is the same.
    let same = give(&house.nurse, &sent).await.expect_status(200).json();
    assert_eq!((&same["result"], &same["administration"]), (&json!("same"), &made["administration"]));
    // Its id is good for no other dose, and for nobody else.
    let changed = with(sent.clone(), json!({"outcome": "refused", "reason": "Did not want it"}));
    assert_eq!(code(give(&house.nurse, &changed).await, 422).await, "request-used");
    assert_eq!(code(give(&house.other, &sent).await, 422).await, "request-used");

    let second = give(&house.other, &dose(&patient, &order, due)).await.expect_status(409).json();
    assert_eq!(second["code"], "dose-taken");
    assert_eq!(second["dose"]["administration"], made["administration"]);
    assert_eq!((&second["dose"]["outcome"], &second["dose"]["at"]), (&json!("given"), &json!(later(due, 5))));
    assert!(!second["dose"]["by"].as_str().unwrap().is_empty());
    assert_eq!(state(&house.nurse, &patient, due).await, "given");

    let path = format!("/fhir/R4/MedicationAdministration/{}", made["administration"].as_str().unwrap());
    let record = house.nurse.get(&path).await.expect_status(200).json();
    assert_eq!(
        (&record["status"], &record["effectiveDateTime"]),
        (&json!("completed"), &json!(later(due, 5)))
    );
    assert_eq!(record["request"]["reference"], format!("MedicationRequest/{order}"));
    // What is recorded at the pass is changed there alone.
    let over = house
        .nurse
        .put(&path, &with(record, json!({"status": "entered-in-error"})))
        .if_match("W/\"1\"")
        .await;
    over.expect_status(422);
    let all = house.clinic.all_powers(&[&house.north]).await;
    all.delete(&path).if_match("W/\"1\"").await.expect_status(422);
}

#[tokio::test]
async fn of_ten_tablets_one_gives_it() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    let tablets = (0..10).map(|_| async { give(&house.nurse, &dose(&patient, &order, due)).await.status });
    let mut answers = join_all(tablets).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201].as_slice(), &[409; 9]].concat());
    // One request that is sent ten times at once is one dose too.
    let sent = dose(&patient, &order, later(due, -60));
    let mut answers = join_all((0..10).map(|_| async { give(&house.nurse, &sent).await.status })).await;
    answers.sort_unstable();
    assert_eq!(answers, [[200; 9].as_slice(), &[201]].concat());
}

#[tokio::test]
async fn what_is_not_given_says_why_and_what_was_wrong_is_corrected() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    for (back, outcome) in [(0, "refused"), (1, "held"), (2, "unavailable"), (3, "away")] {
        let due = later(due, -60 * back);
        let bare = with(dose(&patient, &order, due), json!({"outcome": outcome}));
        assert_eq!(code(give(&house.nurse, &bare).await, 422).await, "reason-needed");
        give(&house.nurse, &with(bare, json!({"reason": "So it was"}))).await.expect_status(201);
        assert_eq!(state(&house.nurse, &patient, due).await, outcome);
    }
    let listed = mar(&house.nurse, &patient).await;
    let refused = listed["orders"][0]["doses"].as_array().unwrap();
    let refused = refused.iter().find(|dose| dose["state"] == "refused").unwrap();
    let path = format!("/api/medications/doses/{}/wrong", refused["administration"].as_str().unwrap());
    post(&house.other, &path, &json!({"reason": " "})).await.expect_status(422);
    post(&house.other, &path, &json!({"reason": "Wrong resident"})).await.expect_status(204);
    assert_eq!(code(post(&house.other, &path, &json!({"reason": "Again"})).await, 409).await, "dose-wrong");
    // The record stays and says so; its place is free.
    let record = format!("/fhir/R4/MedicationAdministration/{}", refused["administration"].as_str().unwrap());
    assert_eq!(house.nurse.get(&record).await.expect_status(200).json()["status"], "entered-in-error");
    give(&house.other, &dose(&patient, &order, due)).await.expect_status(201);
    assert_eq!(state(&house.nurse, &patient, due).await, "given");
}

#[tokio::test]
async fn times_packages_and_orders_are_checked() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    let odd = dose(&patient, &order, later(due, 7));
    assert_eq!(code(give(&house.nurse, &odd).await, 422).await, "no-such-dose");
    let ahead = with(dose(&patient, &order, later(due, 300)), json!({"at": later(due, 5)}));
    let early = give(&house.nurse, &ahead).await.expect_status(409).json();
    assert_eq!((&early["code"], &early["from"]), (&json!("too-early"), &json!(later(due, 240))));
    let missed = with(dose(&patient, &order, later(due, -180)), json!({"at": later(due, 5)}));
    assert_eq!(code(give(&house.nurse, &missed).await, 409).await, "dose-missed");
    give(&house.nurse, &with(missed, json!({"despite": "The doctor said so"}))).await.expect_status(201);
    let needless = with(dose(&patient, &order, due), json!({"due": null, "reason": "pain"}));
    assert_eq!(code(give(&house.nurse, &needless).await, 422).await, "not-as-needed");
    let other_package = with(dose(&patient, &order, due), json!({"scanned": "0093-1048-01"}));
    assert_eq!(code(give(&house.nurse, &other_package).await, 422).await, "wrong-package");
    let future = with(dose(&patient, &order, due), json!({"at": later(due, 300)}));
    assert_eq!(code(give(&house.nurse, &future).await, 422).await, "dose-invalid");

    // On hold, nothing is given; that it was held is recorded.
    let path = format!("/api/patients/{patient}/medications/{order}");
    let turn = |what: &'static str, version: &'static str, body: Value| {
        let ask = house.nurse.ask("POST", &format!("{path}/{what}"));
        async move { ask.body("application/json", body.to_string()).if_match(version).await }
    };
    turn("hold", "W/\"7\"", json!({"reason": "Low pressure"})).await.expect_status(412);
    turn("hold", "W/\"1\"", json!({"reason": "Low pressure"})).await.expect_status(204);
    let listed = mar(&house.nurse, &patient).await;
    assert_eq!(
        (&listed["orders"][0]["status"], &listed["orders"][0]["held_because"]),
        (&json!("on-hold"), &json!("Low pressure"))
    );
    assert_eq!(code(give(&house.nurse, &dose(&patient, &order, due)).await, 409).await, "order-held");
    turn("hold", "W/\"2\"", json!({"reason": "Low pressure"})).await.expect_status(409);
    turn("resume", "W/\"2\"", json!({})).await.expect_status(204);
    let right = with(dose(&patient, &order, due), json!({"scanned": "861007"}));
    give(&house.nurse, &right).await.expect_status(201);
}

#[tokio::test]
async fn as_needed_is_given_within_its_limits_and_somebody_says_whether_it_helped() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let needed = json!({"asNeededBoolean": true,
        "timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "h"}},
        "maxDosePerPeriod": {"numerator": {"value": 3}, "denominator": {"value": 24, "code": "h"}}});
    let order = order(&house.nurse, &patient, needed, json!({})).await;
    let start = later(hour(), -24 * 60);
    let at = |hours: i64| {
        with(
            dose(&patient, &order, start),
            json!({"due": null, "at": later(start, hours * 60), "reason": "Pain in the knee"}),
        )
    };
    assert_eq!(
        code(give(&house.nurse, &with(at(0), json!({"reason": null}))).await, 422).await,
        "reason-needed"
    );
    let first = give(&house.nurse, &at(0)).await.expect_status(201).json();
    let soon = give(&house.nurse, &at(3)).await.expect_status(409).json();
    assert_eq!((&soon["code"], &soon["from"]), (&json!("too-soon"), &json!(later(start, 240))));
    give(&house.nurse, &at(4)).await.expect_status(201);
    give(&house.nurse, &at(8)).await.expect_status(201);
    let many = give(&house.nurse, &at(20)).await.expect_status(409).json();
    assert_eq!((&many["code"], &many["from"]), (&json!("limit-reached"), &json!(later(start, 24 * 60))));
    // It was given all the same, while nobody knew: that is recorded with why.
    give(&house.nurse, &with(at(20), json!({"despite": "No network"}))).await.expect_status(201);
    // Of many at once, one.
    let answers = join_all((0..6).map(|_| async { give(&house.nurse, &at(24)).await.status })).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 0, "the last was four hours ago");
    let listed = mar(&house.nurse, &patient).await;
    let given = listed["orders"][0]["doses"].as_array().unwrap().clone();
    assert_eq!(given.len(), 4);
    assert_eq!(given[0]["effect_due"], json!(later(start, 60)));
    let path = format!("/api/medications/doses/{}/effect", first["administration"].as_str().unwrap());
    post(&house.nurse, &path, &json!({"effect": "helped", "note": "Sleeps"})).await.expect_status(204);
    assert_eq!(
        code(post(&house.nurse, &path, &json!({"effect": "helped"})).await, 409).await,
        "effect-known"
    );
    let listed = mar(&house.nurse, &patient).await;
    let first = &listed["orders"][0]["doses"][0];
    assert_eq!((&first["effect"], &first["effect_due"]), (&json!("helped"), &Value::Null));
}

#[tokio::test]
async fn out_of_reach_there_is_no_dose_and_without_the_right_none_is_given() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let sent = dose(&patient, &order, hour());
    let south = house.clinic.facility("south").await;
    let elsewhere = house.clinic.token(&AIDE, &[&south]).await;
    let birch = app.organization("birch").await;
    let there = birch.facility("there").await;
    let stranger = birch.token(&AIDE, &[&there]).await;
    for client in [&elsewhere, &stranger] {
        give(client, &sent).await.expect_status(404);
        client.get(&format!("/api/patients/{patient}/medications")).await.expect_status(404);
        let pass = client.get("/api/medications/pass").await.expect_status(200).json();
        assert_eq!(pass["residents"], json!([]));
    }
    let made = give(&house.nurse, &sent).await.expect_status(201).json();
    let path = format!("/api/medications/doses/{}/wrong", made["administration"].as_str().unwrap());
    for client in [&elsewhere, &stranger] {
        post(client, &path, &json!({"reason": "Not mine"})).await.expect_status(404);
    }
    let reads = [Permission::ChartRead, Permission::ChartSearch, Permission::ChartWrite];
    let reader = house.clinic.token(&reads, &[&house.north]).await;
    give(&reader, &dose(&patient, &order, later(hour(), -60))).await.expect_status(403);
    post(&reader, &path, &json!({"reason": "No"})).await.expect_status(403);
    assert_eq!(mar(&reader, &patient).await["orders"].as_array().unwrap().len(), 1);
    // An order of somebody else is none of this one.
    let other = resident(&house.nurse, "Runner").await;
    give(&house.nurse, &dose(&other, &order, hour())).await.expect_status(404);
}

#[tokio::test]
async fn of_a_batch_each_has_its_own_answer() {
    let app = TestApp::new().await;
    let house = house(&app).await;
    let patient = resident(&house.nurse, "Walker").await;
    let order = order(&house.nurse, &patient, hourly(), json!({})).await;
    let due = hour();
    let first = dose(&patient, &order, due);
    let unknown = dose(&patient, &kernel::World::system().uuid().to_string(), due);
    let batch = json!({"doses": [first, unknown, first, dose(&patient, &order, due), dose(&patient, &order, later(due, -60))]});
    let told = post(&house.nurse, "/api/medications/doses/batch", &batch).await.expect_status(200).json();
    let results: Vec<&Value> =
        told["answers"].as_array().unwrap().iter().map(|answer| &answer["result"]).collect();
    assert_eq!(results, ["made", "refused", "same", "conflict", "made"]);
    assert_eq!(told["answers"][1]["code"], "not-found");
    let many: Vec<Value> = (0..101).map(|_| dose(&patient, &order, due)).collect();
    post(&house.nurse, "/api/medications/doses/batch", &json!({"doses": many})).await.expect_status(400);
}
