//! Accounts: invitation, password, factors, links.

use serde_json::json;
use testkit::{PASSWORD, Permission, TestApp};

#[tokio::test]
async fn a_nurse_is_invited_enrols_and_signs_in_with_two_factors() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    assert_eq!(nurse.recovery_codes.len(), 10);
    let me = nurse.browser.open("clinic", nurse.membership).await.get("/api/me").await.expect_status(200);
    let me = me.json();
    assert_eq!(me["permissions"], json!(["chart.read"]));
    assert_eq!(me["strength"], "two-factor");

    // Another browser: the password alone is not enough.
    let tablet = app.browser();
    let half = tablet.sign_in("Nurse@Care.Example ", PASSWORD).await.expect_status(200).json();
    assert_eq!(half["next"], "factor");
    assert_eq!(half["factors"], json!(["totp", "recovery"]));
    tablet.get("/api/auth/session").await.expect_status(401);
    let code = app.code(&nurse.totp, 0);
    let body = json!({"login": half["login"], "kind": "totp", "code": code});
    tablet.post("/api/auth/login/factor", &body).await.expect_status(200);
    let session = tablet.get("/api/auth/session").await.expect_status(200).json();
    assert_eq!(session["person"]["email"], "nurse@care.example");

    // The code was used, and so was the handle.
    let again = app.browser();
    again.post("/api/auth/login/factor", &body).await.expect_status(401);
    let half = again.sign_in("nurse@care.example", PASSWORD).await.json();
    let replayed = json!({"login": half["login"], "kind": "totp", "code": code});
    again.post("/api/auth/login/factor", &replayed).await.expect_status(401);

    // A recovery code, once.
    let spare = json!({"login": half["login"], "kind": "recovery", "code": nurse.recovery_codes[0]});
    again.post("/api/auth/login/factor", &spare).await.expect_status(200);
    let half = app.browser().sign_in("nurse@care.example", PASSWORD).await.json();
    let spare = json!({"login": half["login"], "kind": "recovery", "code": nurse.recovery_codes[0]});
    app.browser().post("/api/auth/login/factor", &spare).await.expect_status(401);
}

#[tokio::test]
async fn a_reset_works_once_signs_everyone_out_and_keeps_the_second_factor() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let stranger = app.browser();
    let asked = json!({"email": "nurse@care.example"});
    stranger.post("/api/auth/reset", &asked).await.expect_status(202);
    let token = app.token_mailed("nurse@care.example", "reset").await;
    let weak = json!({"token": token, "password": "password1234"});
    let refused = stranger.post("/api/auth/reset/finish", &weak).await.expect_status(400).json();
    assert_eq!(refused["code"], "password-breached");
    let new = json!({"token": token, "password": "another lamp in the corridor"});
    stranger.post("/api/auth/reset/finish", &new).await.expect_status(204);
    let used = stranger.post("/api/auth/reset/finish", &new).await.expect_status(400).json();
    assert_eq!(used["code"], "link-ended");
    nurse.browser.get("/api/auth/session").await.expect_status(401);
    stranger.sign_in("nurse@care.example", PASSWORD).await.expect_status(401);
    let half =
        stranger.sign_in("nurse@care.example", "another lamp in the corridor").await.expect_status(200);
    assert_eq!(half.json()["next"], "factor");
}

#[tokio::test]
async fn whether_an_account_exists_is_not_told() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let without_instance = |answer: testkit::Answer| {
        let mut problem = answer.json();
        problem["instance"] = json!(null);
        (answer.status, problem)
    };
    let browser = app.browser();
    let known = without_instance(browser.sign_in("nurse@care.example", "wrong wrong wrong").await);
    let unknown = without_instance(browser.sign_in("nobody@care.example", "wrong wrong wrong").await);
    assert_eq!(known, unknown);
    assert_eq!(known.0, 401);
    let before = app.sent().await.len();
    for email in ["nurse@care.example", "nobody@care.example"] {
        let answer = browser.post("/api/auth/reset", &json!({"email": email})).await.expect_status(202);
        assert!(answer.body.is_empty());
        assert!(app.sent().await.iter().any(|(to, _)| to == email));
    }
    assert_eq!(app.sent().await.len(), before + 2);
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_password_and_a_reset_opens_it() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let browser = app.browser();
    for _ in 0..10 {
        browser.sign_in("nurse@care.example", "wrong wrong wrong").await.expect_status(401);
    }
    browser.sign_in("nurse@care.example", PASSWORD).await.expect_status(401);
}

#[tokio::test]
async fn a_code_by_text_message_is_a_fallback() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let phone = json!({"phone": "+1 415 555 2671", "label": "Phone"});
    let asked = nurse.browser.post("/api/auth/factors/sms", &phone).await.expect_status(403).json();
    assert_eq!(asked["action"], "factor.add");
    let proof = nurse.browser.proof("factor.add", PASSWORD).await;
    let added =
        nurse.browser.post_proved("/api/auth/factors/sms", &phone, &proof).await.expect_status(201).json();
    let code = texted(&app).await;
    let path = format!("/api/auth/factors/{}/confirm", added["id"].as_str().unwrap());
    let wrong = if code == "000000" { "000001" } else { "000000" };
    nurse.browser.post(&path, &json!({"code": wrong})).await.expect_status(400);
    nurse.browser.post(&path, &json!({"code": code})).await.expect_status(200);
    let tablet = app.browser();
    let half = tablet.sign_in("nurse@care.example", PASSWORD).await.expect_status(200).json();
    assert_eq!(half["factors"], json!(["totp", "sms", "recovery"]));
    tablet.post("/api/auth/login/sms", &json!({"login": half["login"]})).await.expect_status(204);
    // Whoever asks with a handle of nobody's hears the same.
    tablet.post("/api/auth/login/sms", &json!({"login": "nobody's"})).await.expect_status(204);
    let code = json!({"login": half["login"], "kind": "sms", "code": texted(&app).await});
    tablet.post("/api/auth/login/factor", &code).await.expect_status(200);
    app.browser().post("/api/auth/login/factor", &code).await.expect_status(401);
    // The last factor stays; one of two may go.
    let factors = nurse.browser.get("/api/auth/factors").await.json();
    let ids: Vec<_> =
        factors["factors"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    let proof = nurse.browser.proof("factor.remove", PASSWORD).await;
    let remove = nurse.browser.ask("DELETE", &format!("/api/auth/factors/{}", ids[0]));
    nurse.browser.send(remove.header("lamplight-step-up", &proof)).await.expect_status(204);
    let last = nurse.browser.delete(&format!("/api/auth/factors/{}", ids[1])).await.expect_status(409).json();
    assert_eq!(last["code"], "last-factor");
}

/// The code in the newest text message.
async fn texted(app: &TestApp) -> String {
    let sent = app.sent().await;
    let (_, text) = sent.iter().find(|(to, _)| to.starts_with('+')).expect("a text message");
    text.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_changes_by_a_link_to_the_new_one_and_the_old_one_hears_of_it() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let proof = nurse.browser.proof("email.change", PASSWORD).await;
    let new = json!({"email": "ann@new.example"});
    nurse.browser.post_proved("/api/auth/email", &new, &proof).await.expect_status(202);
    let token = app.token_mailed("ann@new.example", "email").await;
    let notices = app.sent().await.into_iter().filter(|(to, _)| to == "nurse@care.example").count();
    assert!(notices >= 2, "the notice to the old address");
    let finish = json!({"token": token});
    app.browser().post("/api/auth/email/finish", &finish).await.expect_status(204);
    app.browser().post("/api/auth/email/finish", &finish).await.expect_status(400);
    app.browser().sign_in("nurse@care.example", PASSWORD).await.expect_status(401);
    app.browser().sign_in("ann@new.example", PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn a_portal_asks_for_a_second_factor_unless_the_organization_says_otherwise() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let accept = async |email: &str| {
        let membership = clinic.invite(email, "portal", &[Permission::ChartRead], &[&north]).await;
        let token = app.token_mailed(email, "invitation").await;
        let browser = app.browser();
        let body = json!({"token": token, "name": "Daughter", "password": PASSWORD});
        let next = browser.post("/api/auth/invitation/accept", &body).await.expect_status(200).json();
        (browser.open("clinic", membership).await, next["next"].as_str().unwrap().to_owned())
    };
    let (tab, next) = accept("first@home.example").await;
    assert_eq!(next, "enroll");
    tab.get("/api/me").await.expect_status(403);
    let rules = db::SignInRules { portal_second_factor: Some(false), ..db::SignInRules::default() };
    app.database.operator().await.sign_in_rules(clinic.id(), rules).await.unwrap();
    let (tab, next) = accept("second@home.example").await;
    assert_eq!(next, "done");
    tab.get("/api/me").await.expect_status(200);
}
