//! Announcements, health, sessions and figures.

use policy::PlatformPermission as P;
use serde_json::{Value, json};
use testkit::{PASSWORD, Permission, TestApp};

async fn count(app: &TestApp, organization: i32, action: &str) -> i64 {
    let sql =
        "SELECT count(*) FROM audit.event WHERE organization_id = $1 AND action = $2 AND outcome = 'success'";
    app.superuser().await.query_one(sql, &[&organization, &action]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_announcement_reaches_whom_it_names_and_is_in_their_log() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let paul = app.administrator("paul@lamplight.example", &[P::Watch]).await;
    let (clinic, elm) = (app.organization("clinic").await, app.organization("elm").await);
    let (north, house) = (clinic.facility("north").await, elm.facility("house").await);
    let nurse = clinic.person("nurse@clinic.example", &[], &[&north]).await;
    let nurse_tab = nurse.browser.open("clinic", nurse.membership).await;
    let elms = elm.all_powers(&[&house]).await;
    let path = "/platform/announcements";
    let new = |organizations: Value, level: &str| {
        json!({"title": "Maintenance tonight", "text": "From 22:00.\nTen minutes.", "level": level,
               "organizations": organizations, "ends_at": "2099-01-01T00:00:00Z"})
    };
    paul.browser.post(path, &new(Value::Null, "info")).await.expect_status(403);
    for (body, says) in [
        (new(json!(["nowhere"]), "info"), "organizations"),
        (new(json!([]), "info"), "organizations"),
        (new(Value::Null, "loud"), "level"),
        (json!({"title": "", "text": "x", "level": "info", "ends_at": "2099-01-01T00:00:00Z"}), "title"),
        (json!({"title": "x", "text": "\u{7}", "level": "info", "ends_at": "2099-01-01T00:00:00Z"}), "text"),
        (json!({"title": "x", "text": "x", "level": "info", "ends_at": "2020-01-01T00:00:00Z"}), "ends_at"),
    ] {
        let refused = olga.browser.post(path, &body).await.expect_status(400);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let all = olga.browser.post(path, &new(Value::Null, "info")).await.expect_status(201).json();
    olga.browser.post(path, &new(json!(["clinic"]), "maintenance")).await.expect_status(201);
    let levels = |answer: Value| -> Vec<String> {
        let all = answer["announcements"].as_array().unwrap().clone();
        all.iter().map(|one| one["level"].as_str().unwrap().to_owned()).collect()
    };
    let read = nurse_tab.get("/api/announcements").await.expect_status(200).json();
    assert!(
        !read.to_string().contains("organizations") && !read.to_string().contains("created_by"),
        "{read}"
    );
    assert_eq!(levels(read), ["maintenance", "info"]);
    assert_eq!(levels(elms.get("/api/announcements").await.expect_status(200).json()), ["info"]);
    app.stranger().get("/api/announcements").await.expect_status(401);
    assert_eq!(count(&app, clinic.id().0, "platform.announce").await, 1);
    assert_eq!(count(&app, elm.id().0, "platform.announce").await, 0);
    assert_eq!(count(&app, i32::MAX, "platform.announce").await, 1);

    let one = format!("{path}/{}", all["announcement"].as_str().unwrap());
    paul.browser.delete(&one).await.expect_status(403);
    olga.browser.delete(&one).await.expect_status(204);
    olga.browser.delete(&one).await.expect_status(404);
    assert!(levels(elms.get("/api/announcements").await.json()).is_empty());
    let listed = paul.browser.get(path).await.expect_status(200).json();
    assert_eq!(listed["announcements"].as_array().unwrap().len(), 2);
    assert!(listed["announcements"][1]["withdrawn_at"].is_string(), "{listed}");
    assert_eq!(listed["announcements"][0]["organizations"], json!(["clinic"]));
}

#[tokio::test]
async fn how_the_installation_is_comes_with_its_thresholds() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &[P::Watch]).await;
    let clinic = app.organization("clinic").await;
    clinic.facility("north").await;
    let look = || async { olga.browser.get("/platform/health").await.expect_status(200).json() };
    let health = look().await;
    let state = |health: &Value, key: &str| {
        let checks = health["checks"].as_array().unwrap().clone();
        let found = checks.into_iter().find(|check| check["key"] == key);
        found.unwrap_or_else(|| panic!("{key}"))["state"].as_str().unwrap().to_owned()
    };
    for key in ["audit-writer", "audit-last-event", "outbox-oldest", "jobs-failed", "mail-failed", "clock"] {
        assert_eq!(state(&health, key), "ok", "{health}");
    }
    // The tests' server writes less carefully than one may: that, and nothing else, is found.
    assert_eq!(health["doctor"]["findings"].as_array().unwrap().len(), 1, "{health}");
    assert_eq!(health["doctor"]["findings"][0]["check"], "C22");
    assert!(health["pools"].as_array().unwrap().iter().any(|pool| pool["name"] == "plane"), "{health}");
    assert!(!health["database_version"].as_str().unwrap().is_empty() && health["since"].is_string());
    app.superuser()
        .await
        .batch_execute(&format!(
            "INSERT INTO ops.job (organization_id, facility_id, id, kind, run_at, failed_at)
             SELECT {o}, 0, gen_random_uuid(), 'x', now(), now() FROM generate_series(1, 12);
             INSERT INTO ops.outbox (organization_id, facility_id, at, kind) VALUES ({o}, 0, now() - interval '9 days', 'x')",
            o = clinic.id().0
        ))
        .await
        .unwrap();
    let health = look().await;
    assert_eq!((&*state(&health, "jobs-failed"), &*state(&health, "outbox-oldest")), ("bad", "warn"));
    assert_eq!(health["state"], "bad");
}

#[tokio::test]
async fn sessions_are_counts_of_each_organization() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &[P::Watch]).await;
    let (clinic, elm) = (app.organization("clinic").await, app.organization("elm").await);
    let north = clinic.facility("north").await;
    elm.facility("house").await;
    let nurse = clinic.person("nurse@clinic.example", &[], &[&north]).await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    tab.get("/api/people").await.expect_status(403);
    // At the organization's own address somebody locks the nurse's account.
    let there = app.browser().at("clinic.localhost");
    for _ in 0..12 {
        let body = json!({"email": "nurse@clinic.example", "password": "not this one"});
        there.post("/api/auth/login", &body).await.expect_status(401);
    }
    let all = olga.browser.get("/platform/sessions").await.expect_status(200).json();
    let of = |slug: Value| {
        let found = all["organizations"].as_array().unwrap().iter().find(|one| one["organization"] == slug);
        found.unwrap_or_else(|| panic!("{slug}: {all}")).clone()
    };
    let here = of(json!("clinic"));
    assert_eq!((&here["contexts"], &here["locked"]), (&json!(1), &json!(1)), "{all}");
    assert!(here["refusals"].as_i64().unwrap() >= 12, "{all}");
    let elsewhere = of(json!("elm"));
    assert_eq!((&elsewhere["refusals"], &elsewhere["contexts"]), (&json!(0), &json!(0)));
    assert!(of(Value::Null)["sessions"].as_i64().unwrap() >= 2, "{all}");
    assert!(!all.to_string().contains("nurse") && !all.to_string().contains("Somebody"), "{all}");
}

#[tokio::test]
async fn everyone_of_an_organization_is_signed_out_at_once_and_nobody_else() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let paul = app.administrator("paul@lamplight.example", &[P::Watch]).await;
    let (clinic, elm) = (app.organization("clinic").await, app.organization("elm").await);
    let (north, house) = (clinic.facility("north").await, elm.facility("house").await);
    let nurse = clinic.person("nurse@clinic.example", &[], &[&north]).await;
    let other = elm.person("nurse@elm.example", &[], &[&house]).await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    let elsewhere = other.browser.open("elm", other.membership).await;
    for tab in [&tab, &elsewhere] {
        tab.get("/api/me").await.expect_status(200);
    }
    let path = "/platform/organizations/clinic/sign-out";
    paul.browser.post(path, &json!({})).await.expect_status(403);
    let asked = olga.browser.post(path, &json!({})).await.expect_status(403).json();
    assert_eq!(asked["code"], "step-up-required");
    let proof = olga.browser.proof("platform.organizations", PASSWORD).await;
    let nowhere = "/platform/organizations/nowhere/sign-out";
    olga.browser.post_proved(nowhere, &json!({}), &proof).await.expect_status(404);
    let proof = olga.browser.proof("platform.organizations", PASSWORD).await;
    olga.browser.post_proved(path, &json!({}), &proof).await.expect_status(200);
    assert!(tab.get("/api/me").await.status >= 400, "the post is open no more");
    elsewhere.get("/api/me").await.expect_status(200);
    olga.browser.get("/platform/me").await.expect_status(200);
    assert_eq!(count(&app, clinic.id().0, "organization.sign-out").await, 1);
    assert_eq!(count(&app, elm.id().0, "organization.sign-out").await, 0);
}

#[tokio::test]
async fn figures_name_nobody_and_give_no_few() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &[P::Watch]).await;
    let (clinic, elm) = (app.organization("clinic").await, app.organization("elm").await);
    let (north, house) = (clinic.facility("north").await, elm.facility("house").await);
    let (desk, elms) = (clinic.all_powers(&[&north]).await, elm.all_powers(&[&house]).await);
    let mut last = String::new();
    for _ in 0..12 {
        last = crate::people::admit(&desk, "Ember").await;
    }
    for _ in 0..3 {
        crate::people::admit(&elms, "Oak").await;
    }
    let gone = format!("/fhir/R4/Patient/{last}");
    let etag = desk.get(&gone).await.header("etag").to_owned();
    desk.ask("DELETE", &gone).header("if-match", &etag).await.expect_status(204);
    let nurse = clinic.person("nurse@clinic.example", &[Permission::ChartRead], &[&north]).await;
    nurse.browser.get("/platform/figures").await.expect_status(404);
    let figures = olga.browser.get("/platform/figures").await.expect_status(200).json();
    let of = |slug: &str| {
        let found =
            figures["organizations"].as_array().unwrap().iter().find(|one| one["organization"] == slug);
        found.unwrap_or_else(|| panic!("{slug}"))["counts"].clone()
    };
    assert_eq!(of("clinic")["patients"], json!({"count": 11, "few": false}), "the deleted one is none");
    assert_eq!(of("elm")["patients"], json!({"count": null, "few": true}));
    assert_eq!(figures["total"]["patients"], json!({"count": 11, "few": true}), "the difference is nothing");
    assert_eq!(of("clinic")["facilities"]["live"], 1);
    assert_eq!(of("clinic")["staff"], 1);
    assert_eq!(figures["kinds"][0]["organizations"], 2);
    assert!(figures["total"]["events"].as_i64().unwrap() > 15);
    for portal in of("elm")["portals"].as_array().unwrap() {
        assert_eq!(portal["posts"], json!({"count": null, "few": true}));
    }
    // Counted once in five minutes.
    crate::people::admit(&desk, "Ash").await;
    let again = olga.browser.get("/platform/figures").await.json();
    assert_eq!(again["counted_at"], figures["counted_at"]);
}
