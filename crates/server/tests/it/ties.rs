//! Ties of posts to patients: what they open, whom they wait for, when they end.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{Answer, Browser, Client, Facility, Organization, PASSWORD, Permission, TestApp, enrol};

const SEES: [&str; 2] = ["chart.read", "chart.search"];

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    client.ask("PUT", path).body("application/json", body.to_string()).await
}

async fn patient(client: &Client, born: &str) -> String {
    let body = json!({"resourceType": "Patient", "birthDate": born});
    client.post("/fhir/R4/Patient", &body).facility("north").await.expect_status(201).id().to_string()
}

/// Somebody whose post reaches only patients it is tied to.
async fn bound(
    app: &TestApp,
    administrator: &Client,
    email: &str,
    (kind, more): (&str, &[&str]),
    at: &Facility,
) -> (i64, Browser) {
    let keys: Vec<&str> = SEES.iter().chain(more).copied().collect();
    let offer = json!({
        "email": email, "name": "Somebody", "role": "Somebody", "kind": kind, "permissions": keys,
        "facilities": [at.code], "by_relationship": true,
    });
    let offered = post(administrator, "/api/people", &offer).await.expect_status(201).json();
    let membership = offered["membership"].as_i64().unwrap();
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Somebody Real", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    enrol(app, &browser).await;
    (membership, browser.open("clinic", membership).await)
}

async fn house(app: &TestApp) -> (Organization<'_>, Facility, Client) {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let administrator = clinic.all_powers(&[&north]).await;
    (clinic, north, administrator)
}

#[tokio::test]
async fn a_tie_opens_one_patient_and_its_end_closes_them() {
    let app = TestApp::new().await;
    let (_clinic, north, administrator) = house(&app).await;
    let (one, other) =
        (patient(&administrator, "1950-01-01").await, patient(&administrator, "1951-01-01").await);
    let (doctor, tab) =
        bound(&app, &administrator, "doctor@care.example", ("staff", &["relationships.edit"]), &north).await;
    let total =
        async || tab.get("/fhir/R4/Patient?_total=accurate").await.expect_status(200).json()["total"].clone();
    assert_eq!(total().await, 0);
    let tie = format!("/api/patients/{one}/relationships/{doctor}/care-team");
    put(&administrator, &tie, &json!({})).await.expect_status(204);
    assert_eq!(total().await, 1);
    tab.get(&format!("/fhir/R4/Patient/{other}")).await.expect_status(404);
    let listed =
        administrator.get(&format!("/api/patients/{one}/relationships")).await.expect_status(200).json();
    let first = &listed["relationships"][0];
    assert_eq!((&first["kind"], &first["state"]), (&json!("care-team"), &json!("active")));
    // A bound post ties others to its own patients alone, and nobody ties themselves.
    let proof = tab.proof("relationship.edit", PASSWORD).await;
    let aside = format!("/api/patients/{other}/relationships/{doctor}/client");
    let ask = tab.ask("PUT", &aside).body("application/json", "{}".to_owned());
    tab.send(ask.header("lamplight-step-up", &proof)).await.expect_status(403);
    let (scribe, _) = bound(&app, &administrator, "scribe@care.example", ("staff", &[]), &north).await;
    let proof = tab.proof("relationship.edit", PASSWORD).await;
    let out = format!("/api/patients/{other}/relationships/{scribe}/care-team");
    let ask = tab.ask("PUT", &out).body("application/json", "{}".to_owned());
    tab.send(ask.header("lamplight-step-up", &proof)).await.expect_status(404);
    administrator.delete(&tie).await.expect_status(204);
    assert_eq!(total().await, 0);
    administrator.delete(&tie).await.expect_status(404);
    // What is wrong is said, and what is not there is not.
    let past = json!({"ends_at": "2001-01-01T00:00:00Z"});
    put(&administrator, &tie, &past).await.expect_status(400);
    put(&administrator, &tie, &json!({"until": 3})).await.expect_status(400);
    put(&administrator, &format!("/api/patients/{one}/relationships/{doctor}/friend"), &json!({}))
        .await
        .expect_status(404);
    put(&administrator, &format!("/api/patients/{one}/relationships/999999/client"), &json!({}))
        .await
        .expect_status(404);
}

#[tokio::test]
async fn a_familys_tie_waits_for_both_sides() {
    let app = TestApp::new().await;
    let (_clinic, north, administrator) = house(&app).await;
    let mother = patient(&administrator, "1950-01-01").await;
    let (daughter, tab) = bound(&app, &administrator, "daughter@home.example", ("portal", &[]), &north).await;
    let tie = format!("/api/patients/{mother}/relationships/{daughter}/family");
    let own =
        async || tab.get("/api/me/relationships").await.expect_status(200).json()["relationships"][0].clone();
    let reads = async || tab.get(&format!("/fhir/R4/Patient/{mother}")).await.status;
    put(&administrator, &tie, &json!({})).await.expect_status(204);
    assert_eq!((own().await["waits_for"].clone(), reads().await), (json!(["patient", "member"]), 404));
    put(&administrator, &tie, &json!({"patient_consent": true})).await.expect_status(204);
    assert_eq!((own().await["waits_for"].clone(), reads().await), (json!(["member"]), 404));
    let yes = json!({"patient": mother});
    tab.post("/api/me/relationships/accept", &yes).await.expect_status(204);
    assert_eq!((own().await["waits_for"].clone(), reads().await), (json!([]), 200));
    tab.post("/api/me/relationships/accept", &yes).await.expect_status(404);
    // After its end it comes back only with both sides' consent.
    administrator.delete(&tie).await.expect_status(204);
    assert_eq!(reads().await, 404);
    put(&administrator, &tie, &json!({"patient_consent": true})).await.expect_status(204);
    assert_eq!((own().await["waits_for"].clone(), reads().await), (json!(["member"]), 404));
}

#[tokio::test]
async fn what_was_agreed_for_a_child_ends_when_they_are_of_age() {
    let app = TestApp::new().await;
    let (_clinic, north, administrator) = house(&app).await;
    let today = app.app.world.now();
    let born = (today - SignedDuration::from_hours(24 * 365 * 10)).strftime("%Y-%m-%d").to_string();
    let child = patient(&administrator, &born).await;
    let (parent, _) = bound(&app, &administrator, "parent@home.example", ("portal", &[]), &north).await;
    let tie = format!("/api/patients/{child}/relationships/{parent}/family");
    put(&administrator, &tie, &json!({"patient_consent": true})).await.expect_status(204);
    let listed =
        administrator.get(&format!("/api/patients/{child}/relationships")).await.expect_status(200).json();
    let ends: Timestamp = listed["relationships"][0]["ends_at"].as_str().unwrap().parse().unwrap();
    let years = ends.duration_since(today).as_hours() / 24 / 365;
    assert!((7..=8).contains(&years), "{ends}");
    assert_eq!(ends.strftime("%m-%d").to_string(), born[5..]);
}

#[tokio::test]
async fn only_who_may_ties_and_it_is_in_the_log() {
    let app = TestApp::new().await;
    let (clinic, north, administrator) = house(&app).await;
    let one = patient(&administrator, "1950-01-01").await;
    let (doctor, _) = bound(&app, &administrator, "doctor@care.example", ("staff", &[]), &north).await;
    let reader = clinic.token(&[Permission::ChartRead], &[&north]).await;
    let tie = format!("/api/patients/{one}/relationships/{doctor}/care-team");
    put(&reader, &tie, &json!({})).await.expect_status(403);
    put(&administrator, &tie, &json!({})).await.expect_status(204);
    let database = app.superuser().await;
    let sql = "SELECT count(*) FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
                WHERE e.action = 'relationships.edit' AND e.outcome = 'success' AND s.patient_id::text = $1";
    let rows = database.query_one(sql, &[&one]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn who_does_not_see_when_a_child_was_born_ties_no_family_to_it() {
    let app = TestApp::new().await;
    let (clinic, north, administrator) = house(&app).await;
    let child = patient(&administrator, "2020-05").await;
    let (parent, _) = bound(&app, &administrator, "parent@home.example", ("portal", &[]), &north).await;
    let tie = format!("/api/patients/{child}/relationships/{parent}/family");
    let held = [Permission::ChartRead, Permission::RelationshipsEdit];
    let clerk = clinic.person("clerk@care.example", &held, &[&north]).await;
    let tab = clerk.browser.open("clinic", clerk.membership).await;
    let asked = async || {
        let proof = tab.proof("relationship.edit", PASSWORD).await;
        let ask = tab.ask("PUT", &tie).body("application/json", "{}".to_owned());
        tab.send(ask.header("lamplight-step-up", &proof)).await
    };
    let hidden = format!("/api/people/{}/hidden-fields", clerk.membership);
    put(&administrator, &hidden, &json!({"paths": ["Patient.birthDate"]})).await.expect_status(200);
    asked().await.expect_status(403);
    put(&administrator, &hidden, &json!({"paths": []})).await.expect_status(200);
    asked().await.expect_status(204);
    // Of a month the first day counts.
    let listed =
        administrator.get(&format!("/api/patients/{child}/relationships")).await.expect_status(200).json();
    assert_eq!(listed["relationships"][0]["ends_at"], "2038-05-01T00:00:00Z");
}

#[tokio::test]
async fn a_post_comes_to_its_patients_by_one_tie_and_nobody_by_their_own_hand() {
    let app = TestApp::new().await;
    let (clinic, north, administrator) = house(&app).await;
    let (one, other) =
        (patient(&administrator, "1950-01-01").await, patient(&administrator, "1951-01-01").await);
    let at =
        |patient: &str, post: i64, kind: &str| format!("/api/patients/{patient}/relationships/{post}/{kind}");
    // A relative is nothing else: another tie would show what nobody approved.
    let (daughter, _) = bound(&app, &administrator, "dora@care.example", ("portal", &[]), &north).await;
    put(&administrator, &at(&one, daughter, "family"), &json!({})).await.expect_status(204);
    for kind in ["client", "referral", "self", "care-team"] {
        put(&administrator, &at(&one, daughter, kind), &json!({})).await.expect_status(403);
        put(&administrator, &at(&other, daughter, kind), &json!({})).await.expect_status(403);
    }
    put(&administrator, &at(&other, daughter, "family"), &json!({})).await.expect_status(204);
    // Whoever may tie others has no second post tied by it.
    let held = [Permission::ChartRead, Permission::ChartSearch, Permission::RelationshipsEdit];
    let clerk = clinic.person("clerk@care.example", &held, &[&north]).await;
    let second = clinic.take_up(&clerk, "portal", &[Permission::ChartRead], &[&north]).await;
    let tab = clerk.browser.open("clinic", clerk.membership).await;
    let proof = clerk.browser.proof("relationship.edit", PASSWORD).await;
    let ask = tab.ask("PUT", &at(&one, second, "client")).body("application/json", "{}".to_owned());
    tab.send(ask.header("lamplight-step-up", &proof)).await.expect_status(403);
}
