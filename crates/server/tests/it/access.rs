//! Who may, where.

use std::time::{Duration, Instant};

use testkit::{Permission, Settings, TestApp};

use crate::people::{admit, clinic, patient, weight};

#[tokio::test]
async fn without_a_token_nothing_is_said() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    for caller in
        [app.stranger(), app.bearer("lmp_1_nonsense"), app.bearer(&format!("lmp_{}_AAAA.AAAA", clinic.id()))]
    {
        let refused = caller.get("/fhir/R4/Patient").await.expect_status(401);
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        assert_eq!(refused.json()["issue"][0]["code"], "login");
    }
}

#[tokio::test]
async fn a_revoked_token_is_dead_within_three_seconds() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.all_powers(&[&north]).await;
    nurse.get("/fhir/R4/Patient").await.expect_status(200);
    clinic.revoke(&nurse).await;
    let revoked = Instant::now();
    while nurse.get("/fhir/R4/Patient").await.status != 401 {
        assert!(revoked.elapsed() < Duration::from_millis(3200), "still alive");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_another_organization_has_does_not_exist() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Secretname").await;
    let other = app.organization("other").await;
    let south = other.facility("south").await;
    let stranger = other.all_powers(&[&south]).await;
    let path = format!("/fhir/R4/Patient/{id}");

    let unseen = stranger.get(&path).await.expect_status(404);
    let absent =
        stranger.get("/fhir/R4/Patient/0190a000-0000-7000-8000-000000000000").await.expect_status(404);
    assert_eq!(unseen.json()["issue"], absent.json()["issue"]);
    stranger.get(&format!("{path}/_history")).await.expect_status(404);
    stranger.get(&format!("{path}/_history/1")).await.expect_status(404);
    stranger.put(&path, &nurse.get(&path).await.json()).if_match("W/\"1\"").await.expect_status(404);
    stranger.delete(&path).if_match("W/\"1\"").await.expect_status(404);
    assert!(stranger.get("/fhir/R4/Patient?family=Secretname").await.expect_status(200).entries().is_empty());
    assert!(
        stranger.get(&format!("/fhir/R4/Patient?_id={id}")).await.expect_status(200).entries().is_empty()
    );
    nurse.get(&path).await.expect_status(200);
}

#[tokio::test]
async fn what_another_facility_has_does_not_exist() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let (in_north, in_south) = (clinic.all_powers(&[&north]).await, clinic.all_powers(&[&south]).await);
    let id = admit(&in_north, "Northern").await;
    in_north.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
    in_south.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(404);
    let refused = in_south.post("/fhir/R4/Observation", &weight(&id, "01", "60")).await;
    assert!(matches!(refused.status, 404 | 422), "{}", refused.text());
}

#[tokio::test]
async fn a_caller_of_two_facilities_says_which() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    clinic.facility("elsewhere").await;
    let roving = clinic.all_powers(&[&north, &south]).await;
    let create = || roving.post("/fhir/R4/Patient", &patient("Roving", "Ada"));
    let unclear = create().await;
    assert!((400..500).contains(&unclear.status), "{}", unclear.text());
    let id = create().facility("south").await.expect_status(201).id();
    let in_south = clinic.all_powers(&[&south]).await;
    in_south.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
    let out_of_reach = create().facility("elsewhere").await.expect_status(400);
    let unknown = create().facility("atlantis").await.expect_status(400);
    assert_eq!(out_of_reach.json()["issue"], unknown.json()["issue"]);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_and_logged() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let reader = clinic.token(&[Permission::ChartRead], &[&north]).await;
    let refused = reader.post("/fhir/R4/Patient", &patient("Never", "Ada")).await.expect_status(403);
    assert_eq!(refused.json()["issue"][0]["code"], "forbidden");
    assert!(refused.text().contains("chart.write"));
    let rows = app.superuser().await;
    let logged =
        rows.query("SELECT action, reason FROM audit.event WHERE outcome = 'denied'", &[]).await.unwrap();
    let logged: Vec<(String, String)> = logged.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(logged, [("chart.create".to_owned(), "chart.write".to_owned())]);
}

#[tokio::test]
async fn an_organizations_address_serves_that_organization_alone() {
    let app =
        TestApp::with(Settings { domain: Some("care.example".to_owned()), ..Settings::default() }).await;
    let (_, nurse) = clinic(&app).await;
    for host in [
        "clinic.care.example",
        "clinic.localhost:8080",
        "CLINIC.care.example",
        "care.example",
        "127.0.0.1:80",
    ] {
        nurse.at(host).get("/fhir/R4/Patient").await.expect_status(200);
    }
    for host in ["other.care.example", "other.localhost", "clinic.care.example.evil.test", "evil.test"] {
        let refused = nurse.at(host).get("/fhir/R4/Patient").await.expect_status(404);
        let unlisted = nurse.get("/fhir/R9").await.expect_status(404);
        assert_eq!(refused.json()["issue"], unlisted.json()["issue"], "{host}");
    }
    let at_home = nurse.at("clinic.care.example").post("/fhir/R4/Patient", &patient("Home", "Ada")).await;
    let location = at_home.expect_status(201).header("location").to_owned();
    assert!(location.starts_with("http://clinic.care.example/fhir/R4/Patient/"), "{location}");
}
