//! What changes, as it changes, to whoever may see it: and not a moment after they may no more.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Heard, PASSWORD, Permission, TestApp, enrol};

use crate::people::{admit, patient, weight};

fn of(heard: &Heard) -> (&str, &str, &str) {
    let text = |name: &str| heard.data[name].as_str().unwrap_or("");
    (&heard.word, text("what"), text("type"))
}

#[tokio::test]
async fn who_may_see_a_record_is_told_that_it_changed_and_nobody_else() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let writer = clinic.all_powers(&[&north, &south]).await;
    let held = [Permission::ChartRead, Permission::ChartSearch];
    let nurse = clinic.token(&held, &[&north]).await;
    let elsewhere = clinic.token(&held, &[&south]).await;
    let other = app.organization("other").await;
    let away = other.facility("away").await;
    let stranger = other.token(&held, &[&away]).await;
    let mut told = nurse.get("/api/events").listen().await;
    let mut silent =
        vec![elsewhere.get("/api/events").listen().await, stranger.get("/api/events").listen().await];
    for listener in silent.iter_mut().chain([&mut told]) {
        assert_eq!(listener.next().await.unwrap().word, "ready");
    }
    let id = writer
        .post("/fhir/R4/Patient", &patient("Ember", "Ada"))
        .facility("north")
        .await
        .expect_status(201)
        .id();
    let first = told.next().await.unwrap();
    assert_eq!(of(&first), ("changed", "created", "Patient"));
    assert_eq!(first.data["id"], id);
    assert_eq!(first.data.as_object().unwrap().len(), 4, "ids and types alone");
    let observation = writer.post("/fhir/R4/Observation", &weight(&id, "03", "61")).await.expect_status(201);
    assert_eq!(of(&told.next().await.unwrap()), ("changed", "created", "Observation"));
    // Of a class that needs a grant of its own, nothing.
    let mut secret = weight(&id, "04", "62");
    secret["meta"] =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}]});
    writer.post("/fhir/R4/Observation", &secret).await.expect_status(201);
    writer
        .delete(&format!("/fhir/R4/Observation/{}", observation.id()))
        .if_match(observation.header("etag"))
        .await;
    let last = told.next().await.unwrap();
    assert_eq!(of(&last), ("changed", "deleted", "Observation"), "{last:?}");
    for listener in &mut silent {
        assert_eq!(listener.within(Duration::from_millis(700)).await, []);
    }
    // Whoever was away goes on where they were, and misses nothing; another's place is none of theirs.
    drop(told);
    for day in 10..30 {
        writer.post("/fhir/R4/Observation", &weight(&id, &day.to_string(), "60")).await.expect_status(201);
    }
    let mut back = nurse.get("/api/events").header("last-event-id", &first.id).listen().await;
    assert_eq!(back.next().await.unwrap().word, "ready");
    let mut all = Vec::new();
    while all.len() < 22 {
        all.push(back.next().await.unwrap().data["id"].clone());
    }
    let distinct: std::collections::BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), 21, "each once, and the one that was made and deleted twice");
    elsewhere.get("/api/events").header("last-event-id", &first.id).await.expect_status(400);
    nurse.get("/api/events").header("last-event-id", "nonsense").await.expect_status(400);
}

#[tokio::test]
async fn what_is_written_at_once_by_many_is_told_once_each() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let writer = clinic.all_powers(&[&north]).await;
    let id = admit(&writer, "Ember").await;
    let mut told = writer.get("/api/events").listen().await;
    let ready = told.next().await.unwrap();
    assert_eq!(ready.word, "ready");
    let path = "/fhir/R4/Observation";
    let writes = (0..120).map(|n| {
        let (writer, body) = (writer.clone(), weight(&id, "03", &n.to_string()));
        async move { writer.post(path, &body).await.expect_status(201).id() }
    });
    let mut made: Vec<String> = Vec::new();
    let mut running: tokio::task::JoinSet<String> = tokio::task::JoinSet::new();
    for write in writes {
        running.spawn(write);
    }
    while let Some(id) = running.join_next().await {
        made.push(id.unwrap());
    }
    let mut heard: Vec<String> = Vec::new();
    // Cut off now and then, and gone on from the last that came.
    let (mut last, mut cut) = (ready.id, 25);
    while heard.len() < made.len() {
        if heard.len() == cut {
            cut += 25;
            told = writer.get("/api/events").header("last-event-id", &last).listen().await;
        }
        let next = told.next().await.unwrap();
        last = next.id;
        if next.word == "changed" {
            heard.push(next.data["id"].as_str().unwrap().to_owned());
        }
    }
    heard.sort();
    made.sort();
    assert_eq!(heard, made);
}

#[tokio::test]
async fn a_stream_ends_when_a_post_above_ends() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let held = [
        Permission::ChartRead,
        Permission::ChartSearch,
        Permission::PeopleInvite,
        Permission::PeopleEnd,
        Permission::PeopleRead,
    ];
    let head = clinic.person("head@clinic.example", &held, &[&north]).await;
    let head_tab = head.browser.open("clinic", head.membership).await;
    let body = json!({"email": "aide@clinic.example", "name": "Aide", "role": "Aide", "kind": "staff",
                      "permissions": ["chart.read", "chart.search"], "facilities": ["north"]});
    let proof = head.browser.proof("person.invite", PASSWORD).await;
    let offered = head_tab.post_proved("/api/people", &body, &proof).await.expect_status(201).json();
    let token = app.token_mailed("aide@clinic.example", "invitation").await;
    let aide = app.browser();
    let accept = json!({"token": token, "name": "Aide", "password": PASSWORD});
    aide.post("/api/auth/invitation/accept", &accept).await.expect_status(200);
    enrol(&app, &aide).await;
    let tab = aide.open("clinic", offered["membership"].as_i64().unwrap()).await;
    let mut told = tab.follow(None).await;
    assert_eq!(told.next().await.unwrap().word, "ready");
    clinic.dismiss(kernel_membership(head.membership)).await;
    let since = Instant::now();
    assert_eq!(told.next().await.unwrap().word, "ended");
    assert_eq!(told.next().await, None);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let logged: i64 = app
        .superuser()
        .await
        .query_one(
            "SELECT count(*) FROM audit.event WHERE action = 'events.follow' AND outcome = 'denied'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(logged, 1);
}

fn kernel_membership(number: i64) -> testkit::MembershipId {
    testkit::MembershipId(i32::try_from(number).unwrap())
}

#[tokio::test]
async fn a_change_of_what_is_hidden_is_not_told() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let writer = clinic.all_powers(&[&north]).await;
    let held = [Permission::ChartRead, Permission::ChartSearch];
    let clerk = clinic.person("clerk@clinic.example", &held, &[&north]).await;
    app.superuser()
        .await
        .execute(
            "INSERT INTO org.hidden_field (organization_id, membership_id, path) VALUES ($1, $2, 'Patient.telecom'),
                 ($1, $2, 'Condition')",
            &[&clinic.id().0, &i32::try_from(clerk.membership).unwrap()],
        )
        .await
        .unwrap();
    let tab = clerk.browser.open("clinic", clerk.membership).await;
    let mut told = tab.follow(None).await;
    assert_eq!(told.next().await.unwrap().word, "ready");
    let id = admit(&writer, "Ember").await;
    let condition = json!({"resourceType": "Condition", "subject": {"reference": format!("Patient/{id}")},
        "code": {"text": "x"}});
    writer.post("/fhir/R4/Condition", &condition).await.expect_status(201);
    writer.post("/fhir/R4/Observation", &weight(&id, "03", "61")).await.expect_status(201);
    // Of the three, the one of which everything is seen.
    assert_eq!(of(&told.next().await.unwrap()), ("changed", "created", "Observation"));
    assert_eq!(told.within(Duration::from_millis(700)).await, []);
}
