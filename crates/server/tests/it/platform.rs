//! The plane above organizations: who finds it, what is done there, and what of a product is in use.

use policy::PlatformPermission as P;
use serde_json::{Value, json};
use server::http::Access;
use testkit::{Answer, PASSWORD, Permission, Person, TestApp};

use crate::people::admit;

pub(crate) async fn proved(who: &Person, method: &str, path: &str, body: &Value, action: &str) -> Answer {
    let proof = who.browser.proof(action, PASSWORD).await;
    let ask = who.browser.ask(method, path).body("application/json", body.to_string());
    who.browser.send(ask.header("lamplight-step-up", &proof)).await
}

fn house(slug: &str, plan: &str) -> Value {
    json!({
        "slug": slug, "name": "Oak Hill", "kit": "senior-care", "plan": plan,
        "facility": {"code": "north", "name": "North House", "time_zone": "America/Chicago"},
        "administrator": {"email": format!("ann@{slug}.example"), "name": "Ann"},
    })
}

async fn logged(app: &TestApp, organization: i32, action: &str) -> Vec<(String, String)> {
    let rows = app
        .superuser()
        .await
        .query(
            "SELECT outcome, coalesce(detail, '') FROM audit.event WHERE organization_id = $1 AND action = $2 ORDER BY at",
            &[&organization, &action],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn whoever_is_not_on_the_plane_does_not_find_it() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@clinic.example", &Permission::ALL, &[&north]).await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    app.stranger().get("/platform/organizations").await.expect_status(401);
    nurse.browser.get("/platform/organizations").await.expect_status(404);
    clinic.all_powers(&[&north]).await.get("/platform/organizations").await.expect_status(401);
    assert!(logged(&app, i32::MAX, "platform.use").await.iter().any(|(outcome, _)| outcome == "denied"));
    let me = olga.browser.get("/platform/me").await.expect_status(200).json();
    assert_eq!(me["permissions"].as_array().unwrap().len(), P::ALL.len());
    // Not at an organization's address, and not without the second factor.
    let there = olga.browser.at("clinic.localhost");
    there.plant(olga.browser.cookie());
    assert!((400..500).contains(&there.get("/platform/organizations").await.status));
    let bare = app.browser();
    bare.sign_in("olga@lamplight.example", PASSWORD).await;
    assert_ne!(bare.get("/platform/organizations").await.status, 200);
    // And on the plane nobody has a post, so no record.
    let contexts = olga.browser.get("/api/auth/contexts").await.expect_status(200).json();
    assert_eq!(contexts["memberships"].as_array().map(Vec::len), Some(0), "{contexts}");
    assert!((400..404).contains(&olga.browser.get("/fhir/R4/Patient").await.status));
}

#[tokio::test]
async fn an_organization_is_made_from_a_kit_and_its_administrator_comes_in_by_mail() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let path = "/platform/organizations";
    let new = house("oak-hill", "essentials");
    let asked = olga.browser.post(path, &new).await.expect_status(403).json();
    assert_eq!(asked["code"], "step-up-required");
    let made = proved(&olga, "POST", path, &new, "platform.organizations").await.expect_status(201).json();
    assert_eq!(made["facilities"][0]["state"], "preparing");
    assert_eq!(made["plan"], "essentials");
    assert!(!made.to_string().contains("invitation"), "the link is the administrator's alone");
    for (body, says) in [
        (house("oak-hill", "essentials"), "slug-taken"),
        (house("Oak", "essentials"), "invalid"),
        (house("elm", "free"), "invalid"),
    ] {
        let refused = proved(&olga, "POST", path, &body, "platform.organizations").await;
        assert_eq!(refused.json()["code"], says, "{}", refused.text());
    }
    let token = app.token_mailed("ann@oak-hill.example", "invitation").await;
    let ann = app.browser();
    let body = json!({"token": token, "name": "Ann Ortiz", "password": PASSWORD});
    ann.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    testkit::enrol(&app, &ann).await;
    let posts = ann.get("/api/auth/contexts").await.json();
    let ann = ann.open("oak-hill", posts["memberships"][0]["membership"].as_i64().unwrap()).await;
    let number: i32 = app
        .superuser()
        .await
        .query_one("SELECT organization_id FROM org.organization WHERE slug = 'oak-hill'", &[])
        .await
        .unwrap()
        .get(0);
    let made = logged(&app, number, "organization.create").await;
    assert!(made.len() == 1 && made[0].1.contains("administrator 1"), "{made:?}");
    // Settings are the plane's to set as well, conditionally; it is in the organization's own log.
    let one = olga.browser.get("/platform/organizations/oak-hill").await.expect_status(200);
    let mut settings = one.json()["settings"].clone();
    settings["idle_seconds"] = json!(600);
    let put = |etag: String, proof: String| {
        let ask = olga.browser.ask("PUT", "/platform/organizations/oak-hill");
        let ask = ask.body("application/json", settings.to_string()).header("if-match", &etag);
        olga.browser.send(ask.header("lamplight-step-up", &proof))
    };
    let etag = one.header("etag").to_owned();
    let proof = olga.browser.proof("platform.organizations", PASSWORD).await;
    put(etag.clone(), proof).await.expect_status(200);
    let proof = olga.browser.proof("platform.organizations", PASSWORD).await;
    put(etag, proof).await.expect_status(412);
    assert_eq!(
        logged(&app, number, "organization.settings").await[0].1.split_once("changed ").unwrap().1,
        "idle_seconds"
    );
    drop(ann);
}

#[tokio::test]
async fn what_is_not_paid_for_is_unreachable_with_its_switch_on() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let admin = clinic.person("ann@clinic.example", &Permission::ALL, &[&north]).await;
    let admin_tab = admin.browser.open("clinic", admin.membership).await;
    let patient = admit(&clinic.all_powers(&[&north]).await, "Ember").await;
    // A relative, tied to the patient.
    let daughter = clinic
        .person("dora@clinic.example", &[Permission::ChartRead, Permission::ChartSearch], &[&north])
        .await;
    app.superuser()
        .await
        .batch_execute(&format!(
            "UPDATE org.membership SET plane = 'portal', by_relationship = true WHERE membership_id = {m};
             INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
             VALUES ({o}, {f}, '{patient}', {m}, 'family', now() - interval '1 minute')",
            m = daughter.membership,
            o = clinic.id().0,
            f = north.id.0,
        ))
        .await
        .unwrap();
    let tab = daughter.browser.open("clinic", daughter.membership).await;
    let record = format!("/fhir/R4/Patient/{patient}");
    assert_ne!(tab.get("/api/me").await.status, 403);

    let subscription = "/platform/organizations/clinic/subscription";
    let essentials = json!({"plan": "essentials", "extra": ["api"]});
    proved(&olga, "PUT", subscription, &essentials, "platform.plans").await.expect_status(200);
    // The switch is on, and says so; what is not paid for is not in use for that.
    let switch = "/api/modules/family-portal";
    let proof = admin.browser.proof("module.switch", PASSWORD).await;
    let ask = admin_tab.ask("PUT", switch).body("application/json", r#"{"on":true}"#.to_owned());
    admin_tab.send(ask.header("lamplight-step-up", &proof)).await.expect_status(204);
    let modules = admin_tab.get("/api/modules").await.expect_status(200).json();
    let family = modules["modules"].as_array().unwrap().iter().find(|m| m["key"] == "family-portal").unwrap();
    assert_eq!((&family["on"], &family["switched_off"]), (&json!(false), &json!(false)));
    for route in server::http::routes() {
        if !matches!(route.access, Access::Needs(_) | Access::Own | Access::EachEntry) {
            continue;
        }
        // A row that names the context in its path is asked in the tab's own.
        let path = crate::routes::example(&route.path.replace("{context}", tab.context()));
        let answered = tab.send(tab.ask(crate::routes::method(route.method), &path)).await;
        assert_eq!(answered.status, 403, "{path}: {}", answered.text());
        assert!(answered.text().contains("family-portal"), "{path}: {}", answered.text());
    }
    tab.get(&record).await.expect_status(403);
    let sharing = format!("/api/patients/{patient}/sharing/{}", daughter.membership);
    let refused = admin_tab.get(&sharing).await.expect_status(403).json();
    assert_eq!((&refused["code"], &refused["module"]), (&json!("module-required"), &json!("family-portal")));
    let me = admin_tab.get("/api/me").await.expect_status(200).json();
    assert!(!me.to_string().contains("sharing.approve"), "what is not in use is nobody's to do");
    assert!(
        logged(&app, clinic.id().0, "context.use").await.iter().any(|(_, d)| d == "module family-portal")
    );

    // Paid for, it is there on the next request; switched off by the organization, gone again.
    let complete = json!({"plan": "complete"});
    proved(&olga, "PUT", subscription, &complete, "platform.plans").await.expect_status(200);
    assert_ne!(tab.get(&record).await.status, 403);
    admin_tab.get(&sharing).await.expect_status(200);
    let proof = admin.browser.proof("module.switch", PASSWORD).await;
    let ask = admin_tab.ask("PUT", switch).body("application/json", r#"{"on":false}"#.to_owned());
    admin_tab.send(ask.header("lamplight-step-up", &proof)).await.expect_status(204);
    tab.get(&record).await.expect_status(403);
    // A program works by the module of programs.
    let program = clinic.token(&[Permission::ChartRead], &[&north]).await;
    program.get(&record).await.expect_status(200);
    proved(&olga, "PUT", subscription, &json!({"plan": "essentials"}), "platform.plans")
        .await
        .expect_status(200);
    let refused = program.get(&record).await.expect_status(403);
    assert!(refused.text().contains("api"), "{}", refused.text());
}

#[tokio::test]
async fn nobody_on_the_plane_gives_more_than_they_have_and_one_stays() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let paul = app.administrator("paul@lamplight.example", &[P::Watch, P::Administrators]).await;
    let (path, action) = ("/platform/administrators", "platform.administrators");
    let more = json!({"email": "eve@lamplight.example", "name": "Eve", "permissions": ["platform.plans"]});
    proved(&paul, "POST", path, &more, action).await.expect_status(403);
    let unknown = json!({"email": "eve@lamplight.example", "name": "Eve", "permissions": ["chart.read"]});
    proved(&paul, "POST", path, &unknown, action).await.expect_status(400);
    paul.browser.get("/platform/plans").await.expect_status(200);
    let plan = json!({"title": "P", "modules": [], "currency": "USD", "base_cents": 1, "clinician_cents": 0,
                      "module_cents": 0, "on_sale": true});
    paul.browser
        .send(paul.browser.ask("PUT", "/platform/plans/p").body("application/json", plan.to_string()))
        .await
        .expect_status(403);
    let end = |number: i64, version: i64, proof: String| {
        let ask = olga.browser.ask("DELETE", &format!("{path}/{number}"));
        olga.browser.send(ask.header("if-match", &version.to_string()).header("lamplight-step-up", &proof))
    };
    let proof = olga.browser.proof(action, PASSWORD).await;
    end(paul.membership, 2, proof).await.expect_status(204);
    paul.browser.get("/platform/me").await.expect_status(404);
    let proof = olga.browser.proof(action, PASSWORD).await;
    let refused = end(olga.membership, 2, proof).await.expect_status(409).json();
    assert_eq!(refused["code"], "last-administrator");
}

#[tokio::test]
async fn a_price_is_not_changed_behind_anyones_back() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let plan = |cents: i64| {
        json!({"title": "Pro", "modules": ["api"], "currency": "USD", "base_cents": cents, "clinician_cents": 4900,
               "module_cents": 1000, "on_sale": true})
    };
    let put = |version: i64, cents: i64, proof: String| {
        let ask =
            olga.browser.ask("PUT", "/platform/plans/pro").body("application/json", plan(cents).to_string());
        olga.browser.send(ask.header("if-match", &version.to_string()).header("lamplight-step-up", &proof))
    };
    let proof = olga.browser.proof("platform.plans", PASSWORD).await;
    put(0, 100, proof).await.expect_status(200);
    proved(&olga, "POST", "/platform/organizations", &house("oak", "pro"), "platform.organizations")
        .await
        .expect_status(201);
    let proof = olga.browser.proof("platform.plans", PASSWORD).await;
    put(0, 200, proof).await.expect_status(412);
    let proof = olga.browser.proof("platform.plans", PASSWORD).await;
    put(1, 200, proof).await.expect_status(200);
    let oak = olga.browser.get("/platform/organizations/oak").await.json();
    assert_eq!((&oak["plan"], &oak["plan_version"]), (&json!("pro"), &json!(1)));
}
