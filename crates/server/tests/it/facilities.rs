//! Facilities and the organization's settings over the API.

use serde_json::{Value, json};
use testkit::{Answer, Browser, Client, Organization, PASSWORD, Permission, Person, TestApp};

const ALL: &str = "/api/facilities";
const MANAGES: [Permission; 5] = [
    Permission::OrganizationManage,
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::PatientsReassign,
];

/// Somebody who administers the organization, in the role of its kit.
async fn administrator(app: &TestApp, clinic: &Organization<'_>) -> (Person, Browser) {
    let north = clinic.facility("north").await;
    let person = clinic.person("boss@care.example", &MANAGES, &[&north]).await;
    let role = format!(
        "INSERT INTO org.role (organization_id, role_key, title, plane, by_relationship, permissions, created_at, changed_at)
         SELECT organization_id, 'organization-administrator', 'Administrator', 'staff', false, permissions, now(), now()
           FROM org.membership WHERE membership_id = {0};
         SET session_replication_role = replica;
         UPDATE org.membership SET role_key = 'organization-administrator', parent_id = NULL WHERE membership_id = {0};
         RESET session_replication_role",
        person.membership
    );
    app.superuser().await.batch_execute(&role).await.unwrap();
    let tab = person.browser.open("clinic", person.membership).await;
    (person, tab)
}

async fn send(
    by: &(Person, Browser),
    method: &str,
    path: &str,
    version: Option<i64>,
    body: &Value,
) -> Answer {
    let proof = by.0.browser.proof("organization.manage", PASSWORD).await;
    let ask = by.1.ask(method, path).body("application/json", body.to_string());
    let ask = ask.header("lamplight-step-up", &proof);
    let etag = version.map(|version| format!("W/\"{version}\""));
    by.1.send(match &etag {
        Some(etag) => ask.header("if-match", etag),
        None => ask,
    })
    .await
}

fn west() -> Value {
    json!({"code": "west", "name": "West House", "time_zone": "America/Chicago"})
}

fn text(state: &str) -> Value {
    json!({"name": "West Home", "time_zone": "America/Denver", "state": state,
        "hours": [{"daysOfWeek": ["mon"], "openingTime": "08:00:00", "closingTime": "17:00:00"}]})
}

async fn listed(tab: &Browser, code: &str) -> Value {
    let all = tab.get(ALL).await.expect_status(200).json();
    let all = all["facilities"].as_array().unwrap();
    all.iter().find(|one| one["code"] == code).cloned().unwrap_or_default()
}

async fn admit(tab: &Browser, code: &str) -> Answer {
    let body = json!({"resourceType": "Patient", "name": [{"family": "New"}]}).to_string();
    let ask = tab.ask("POST", "/fhir/R4/Patient").body("application/fhir+json", body);
    tab.send(ask.header("lamplight-facility", code)).await
}

#[tokio::test]
async fn a_facility_is_opened_prepared_and_then_takes_patients() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let boss = administrator(&app, &clinic).await;
    // A proof is asked for, and what is sent is looked at before it is used up.
    let refused = boss.1.post(ALL, &west()).await.expect_status(403).json();
    assert_eq!(
        (&refused["code"], &refused["action"]),
        (&json!("step-up-required"), &json!("organization.manage"))
    );
    send(&boss, "POST", ALL, None, &west()).await.expect_status(201);
    let again = send(&boss, "POST", ALL, None, &west()).await.expect_status(409).json();
    assert_eq!(again["code"], "code-taken");
    for wrong in [
        json!({"code": "West", "name": "x", "time_zone": "America/Chicago"}),
        json!({"code": "w", "name": " ", "time_zone": "America/Chicago"}),
        json!({"code": "w", "name": "x", "time_zone": "Mars/Olympus"}),
        json!({"code": "w", "name": "x", "time_zone": "America/Chicago", "state": "open"}),
    ] {
        boss.1.post(ALL, &wrong).await.expect_status(400);
    }
    let found = listed(&boss.1, "west").await;
    assert_eq!((&found["state"], &found["version"]), (&json!("preparing"), &json!(1)));

    let closed = admit(&boss.1, "west").await.expect_status(409);
    assert!(closed.text().contains("facility-not-open"), "{}", closed.text());
    let path = format!("{ALL}/west");
    send(&boss, "PUT", &path, None, &text("pilot")).await.expect_status(428);
    send(&boss, "PUT", &path, Some(4), &text("pilot")).await.expect_status(412);
    let now = send(&boss, "PUT", &path, Some(1), &text("pilot")).await.expect_status(200).json();
    assert_eq!(now["version"], 2);
    let found = listed(&boss.1, "west").await;
    assert_eq!(
        (&found["name"], &found["hours"][0]["openingTime"]),
        (&json!("West Home"), &json!("08:00:00"))
    );
    admit(&boss.1, "west").await.expect_status(201);
    let kept = send(&boss, "PUT", &path, Some(2), &text("preparing")).await.expect_status(409).json();
    assert_eq!(kept["code"], "facility-holds-patients");
    send(&boss, "PUT", &path, Some(2), &text("live")).await.expect_status(200);
    let wrong =
        json!({"name": "x", "time_zone": "America/Denver", "state": "live", "hours": [{"allDay": false}]});
    send(&boss, "PUT", &path, Some(3), &wrong).await.expect_status(400);
    send(&boss, "PUT", &format!("{ALL}/nowhere"), Some(1), &text("live")).await.expect_status(404);
}

#[tokio::test]
async fn a_facility_that_is_prepared_takes_nobody_by_any_way() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let boss = administrator(&app, &clinic).await;
    send(&boss, "POST", ALL, None, &west()).await.expect_status(201);
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [{
        "resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}}]});
    let ask = boss.1.ask("POST", "/fhir/R4").body("application/fhir+json", bundle.to_string());
    boss.1.send(ask.header("lamplight-facility", "west")).await.expect_status(409);
    let one = admit(&boss.1, "north").await.expect_status(201).id();
    let body = json!({"facility": "west", "reason": "Nearer"}).to_string();
    let ask = boss.1.ask("POST", &format!("/api/patients/{one}/reassign")).body("application/json", body);
    let refused = boss.1.send(ask.header("if-match", "W/\"1\"")).await.expect_status(409).json();
    assert_eq!(refused["code"], "facility-not-open");
    // What belongs to the house itself comes first.
    let location = json!({"resourceType": "Location", "name": "Room 1"}).to_string();
    let status = boss.1.ask("POST", "/fhir/R4/Location").body("application/fhir+json", location);
    let status = boss.1.send(status.header("lamplight-facility", "west")).await.status;
    assert_ne!(status, 409);
}

#[tokio::test]
async fn an_organization_is_renamed_and_says_how_people_sign_in() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let boss = administrator(&app, &clinic).await;
    let path = "/api/organization";
    let found = boss.1.get(path).await.expect_status(200);
    assert_eq!(found.header("etag"), "W/\"1\"");
    let body = json!({"name": "Oak Hill", "accent": "#0f5e73", "idle_seconds": 600, "session_seconds": 36000,
        "portal_second_factor": false});
    send(&boss, "PUT", path, None, &body).await.expect_status(428);
    send(&boss, "PUT", path, Some(1), &body).await.expect_status(200);
    send(&boss, "PUT", path, Some(1), &body).await.expect_status(412);
    let found = boss.1.get(path).await.expect_status(200).json();
    assert_eq!(
        (&found["name"], &found["accent"], &found["version"]),
        (&json!("Oak Hill"), &json!("#0f5e73"), &json!(2))
    );
    for (member, wrong) in [
        ("accent", json!("red")),
        ("idle_seconds", json!(5)),
        ("session_seconds", json!(301)),
        ("name", json!("")),
    ] {
        let mut body = body.clone();
        body[member] = wrong;
        send(&boss, "PUT", path, Some(2), &body).await.expect_status(400);
    }
}

#[tokio::test]
async fn who_does_not_administer_sees_facilities_and_changes_none() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, _south) = (clinic.facility("north").await, clinic.facility("south").await);
    let nurse: Client = clinic.token(&[Permission::ChartRead], &[&north]).await;
    let seen = nurse.get(ALL).await.expect_status(200).json();
    assert_eq!(seen["facilities"].as_array().unwrap().len(), 1);
    assert_eq!(seen["facilities"][0]["code"], "north");
    nurse.ask("POST", ALL).body("application/json", west().to_string()).await.expect_status(403);
    nurse.get("/api/organization").await.expect_status(403);
    let put = nurse.ask("PUT", "/api/facilities/north").body("application/json", text("live").to_string());
    put.if_match("W/\"1\"").await.expect_status(403);
}

/// One point, the smallest PNG that there is.
const POINT: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

#[tokio::test]
async fn a_logo_is_seen_at_the_door_and_behind_it_and_nothing_else_is_taken_for_one() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    app.organization("elsewhere").await;
    let boss = administrator(&app, &clinic).await;
    let path = "/api/organization/logo";
    let me = || async { boss.1.get("/api/me").await.expect_status(200).json()["logo"].clone() };
    let name = boss.1.get("/api/organization").await.json()["name"].clone();
    assert_eq!(boss.1.get(path).await.expect_status(200).json(), json!({"name": name, "logo": null}));
    assert_eq!(me().await, Value::Null);
    send(&boss, "PUT", path, Some(1), &json!({"logo": POINT})).await.expect_status(200);
    send(&boss, "PUT", path, Some(1), &json!({"logo": POINT})).await.expect_status(412);
    let shown = json!({"name": name, "logo": POINT});
    assert_eq!(boss.1.get(path).await.json(), shown);
    assert_eq!(me().await, 2);
    // Before anybody signs in, at the organization's own address and nowhere else.
    let door =
        Browser::new(app.stranger()).at("clinic.localhost").get("/api/branding").await.expect_status(200);
    assert_eq!(door.json(), shown);
    let other = Browser::new(app.stranger())
        .at("elsewhere.localhost")
        .get("/api/branding")
        .await
        .expect_status(200)
        .json();
    assert_eq!(other["logo"], Value::Null);
    let bare =
        Browser::new(app.stranger()).at("localhost").get("/api/branding").await.expect_status(200).json();
    assert_eq!(bare, json!({"name": null, "logo": null}));

    let text = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let whole = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, POINT).unwrap();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    for wrong in [
        text(svg),
        text(&whole[..60]),
        text(&[whole.as_slice(), b"<script>"].concat()),
        text(&vec![0; 40_000]),
        "A".repeat(65_000),
        "no base64".to_owned(),
        String::new(),
    ] {
        let refused = send(&boss, "PUT", path, Some(2), &json!({"logo": wrong})).await;
        refused.expect_status(400);
    }
    assert_eq!(boss.1.get(path).await.json(), shown, "nothing of it was kept");
    let nurse = clinic.token(&[Permission::ChartRead], &[]).await;
    let put = nurse.ask("PUT", path).body("application/json", json!({"logo": null}).to_string());
    put.if_match("W/\"2\"").await.expect_status(403);
    send(&boss, "PUT", path, Some(2), &json!({"logo": null})).await.expect_status(200);
    assert_eq!(me().await, Value::Null);
}
