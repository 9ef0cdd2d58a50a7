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
