//! What is refused, and that it is in the log.

use serde_json::json;
use testkit::{PASSWORD, Permission, TestApp, pg};

/// How many refusals with this reason are in the log of any organization.
async fn refusals(database: &pg::Client, action: &str, reason: &str) -> i64 {
    let sql = "SELECT count(*) FROM audit.event WHERE action = $1 AND reason = $2 AND outcome = 'denied'";
    database.query_one(sql, &[&action, &reason]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_cookie_from_before_the_sign_in_is_worth_nothing_after_it() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let attacker = clinic.person("other@care.example", &[Permission::ChartRead], &[&north]).await;
    // Fixation: the victim's browser holds the attacker's session when the victim signs in.
    let planted = attacker.browser.cookie();
    let victim = app.browser();
    victim.plant(planted.clone());
    let half = victim.sign_in("nurse@care.example", PASSWORD).await.expect_status(200).json();
    let code = json!({"login": half["login"], "kind": "totp", "code": app.code(&nurse.totp, 0)});
    victim.post("/api/auth/login/factor", &code).await.expect_status(200);
    assert_ne!(victim.cookie(), planted);
    attacker.browser.get("/api/auth/session").await.expect_status(401);
    let session = victim.get("/api/auth/session").await.expect_status(200).json();
    assert_eq!(session["person"]["email"], "nurse@care.example");
}

#[tokio::test]
async fn cookies_of_siblings_and_of_other_places_are_refused() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    app.organization("other").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let own = nurse.browser.cookie().unwrap();
    // A sibling subdomain can only add a cookie of the same name without the prefix, or a second one.
    let (_, secret) = own.split_once('=').unwrap();
    let browser = app.browser();
    browser.plant(Some(format!("lamplight={secret}")));
    browser.get("/api/auth/session").await.expect_status(401);
    browser.plant(Some(format!("{own}; __Host-lamplight={}", "A".repeat(43))));
    browser.get("/api/auth/session").await.expect_status(401);
    assert_eq!(refusals(&database, "session.use", "cookie of another kind").await, 1);
    for host in ["other.localhost", "clinic.localhost"] {
        let elsewhere = browser.at(host);
        elsewhere.plant(Some(own.clone()));
        elsewhere.get("/api/auth/session").await.expect_status(401);
    }
    assert_eq!(refusals(&database, "session.use", "cookie of another address").await, 2);
}

#[tokio::test]
async fn another_site_cannot_make_the_browser_act() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    for origin in ["https://evil.example", "http://localhost.evil.example", "http://evil.localhost", "null"] {
        let page = nurse.browser.page_of(origin);
        let refused = page.post("/api/auth/logout", &json!({"scope": "device"})).await.expect_status(403);
        assert_eq!(refused.json()["code"], "foreign-origin", "{origin}");
        page.sign_in("nurse@care.example", PASSWORD).await.expect_status(403);
    }
    nurse.browser.get("/api/auth/session").await.expect_status(200);
}

#[tokio::test]
async fn a_context_that_is_not_named_or_not_ones_own_is_refused_and_logged() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let other = clinic.person("other@care.example", &[Permission::ChartRead], &[&north]).await;
    nurse.browser.get("/api/me").await.expect_status(400);
    let theirs = other.browser.open("clinic", other.membership).await;
    let id = theirs.get("/api/me").await.json()["context"].as_str().unwrap().to_owned();
    nurse.browser.tab(&id).get("/api/me").await.expect_status(403);
    assert_eq!(refusals(&database, "context.use", "no context named").await, 1);
    assert_eq!(refusals(&database, "context.use", "not a context of this session").await, 1);
    let post = json!({"organization": "clinic", "membership": other.membership});
    nurse.browser.post("/api/auth/contexts", &post).await.expect_status(404);
    assert_eq!(refusals(&database, "context.open", "not a post of this person").await, 1);
}

#[tokio::test]
async fn a_proof_is_for_one_action_one_session_and_once() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let browser = &nurse.browser;
    let new = json!({"password": "quite another long lamp"});
    let asked = browser.post("/api/auth/password", &new).await.expect_status(403).json();
    assert_eq!(
        (asked["code"].as_str(), asked["action"].as_str()),
        (Some("step-up-required"), Some("password.change"))
    );
    let before = browser.cookie();
    let wrong = browser.proof("email.change", PASSWORD).await;
    assert_ne!(browser.cookie(), before, "the cookie turns with a step-up");
    let old = app.browser();
    old.plant(before);
    old.get("/api/auth/session").await.expect_status(401);
    browser.post_proved("/api/auth/password", &new, &wrong).await.expect_status(403);
    let right = browser.proof("password.change", PASSWORD).await;
    // Another session of the same person cannot use it.
    let tablet = app.browser();
    let half = tablet.sign_in("nurse@care.example", PASSWORD).await.json();
    let code = json!({"login": half["login"], "kind": "totp", "code": app.code(&nurse.totp, 0)});
    tablet.post("/api/auth/login/factor", &code).await.expect_status(200);
    tablet.post_proved("/api/auth/password", &new, &right).await.expect_status(403);
    let mine = browser.proof("password.change", PASSWORD).await;
    browser.post_proved("/api/auth/password", &new, &mine).await.expect_status(204);
    browser.post_proved("/api/auth/password", &new, &mine).await.expect_status(403);
    // The other browser is out, this one is not.
    tablet.get("/api/auth/session").await.expect_status(401);
    browser.get("/api/auth/session").await.expect_status(200);
}

#[tokio::test]
async fn wrong_passwords_from_many_sources_lock_as_those_from_one() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    for _ in 0..10 {
        // In one process every browser is one source; the count is the account's.
        app.browser().sign_in("nurse@care.example", "not this one, no").await.expect_status(401);
    }
    app.browser().sign_in("nurse@care.example", PASSWORD).await.expect_status(401);
    assert_eq!(refusals(&database, "session.sign-in", "wrong password").await, 10);
    assert_eq!(refusals(&database, "session.sign-in", "account locked").await, 1);
    // Whoever is signed in works on.
    nurse.browser.get("/api/auth/session").await.expect_status(200);
}

#[tokio::test]
async fn a_staff_member_without_a_second_factor_gets_no_further_than_setting_one_up() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let membership = clinic.invite("new@care.example", "staff", &[Permission::ChartRead], &[&north]).await;
    let token = app.token_mailed("new@care.example", "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "New", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(400);
    let tab = browser.open("clinic", membership).await;
    let refused = tab.get("/api/me").await.expect_status(403).json();
    assert_eq!(refused["code"], "second-factor-required");
    testkit::enrol(&app, &browser).await;
    tab.get("/api/me").await.expect_status(200);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_nothing_is_repeated() {
    let app = TestApp::new().await;
    let browser = app.browser();
    let send = async |body: Vec<u8>| {
        let ask = browser.ask("POST", "/api/auth/login").body("application/json", body);
        browser.send(ask).await
    };
    let unknown = send(br#"{"email":"a@b","password":"secret secret","admin":true}"#.to_vec()).await;
    let unknown = unknown.expect_status(400).json();
    assert_eq!(unknown["detail"], "unknown field admin");
    for body in [
        &b"{"[..],
        b"[]",
        br#"{"email":1,"password":"secret secret"}"#,
        b"{\"email\":\"\xff\xfe\",\"password\":\"secret secret\"}",
        br#"{"email":"a@b","email":"c@d","password":"secret secret"}"#,
    ] {
        let refused = send(body.to_vec()).await.expect_status(400);
        assert!(!refused.text().contains("secret"), "{}", refused.text());
    }
    let long = json!({"email": "a@b", "password": "x".repeat(70_000)}).to_string();
    send(long.into_bytes()).await.expect_status(413);
    let long = json!({"email": "a@b", "password": "x".repeat(5_000)}).to_string();
    send(long.into_bytes()).await.expect_status(401);
    browser.form("/api/auth/login", "email=a@b").await.expect_status(415);
    for path in ["/api/auth/reset/finish", "/api/auth/email/finish", "/api/auth/invitation"] {
        let mut body = json!({"token": "no such token"});
        if path.contains("reset") {
            body["password"] = json!(PASSWORD);
        }
        let ended = browser.post(path, &body).await.expect_status(400).json();
        assert_eq!(ended["code"], "link-ended", "{path}");
    }
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_again() {
    use testkit::{Limits, Quota, Settings};

    let limits = Limits { per_source: Quota::new(1, 5), ..Limits::default() };
    let app = TestApp::with(Settings { limits, ..Settings::default() }).await;
    let port = app.listen().await;
    let browser = app.browser();
    let mut refused = None;
    for _ in 0..8 {
        let body = json!({"email": "a@b", "password": "x"}).to_string();
        let ask = browser.ask("POST", "/api/auth/login").body("application/json", body).over(port.address);
        let answer = ask.await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("a refusal");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn whoever_has_the_password_alone_is_put_out_when_a_second_factor_comes() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    clinic.invite("new@care.example", "staff", &[Permission::ChartRead], &[&north]).await;
    let token = app.token_mailed("new@care.example", "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "New", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    // A thief signs in before there is a second factor, and begins to add one of their own.
    let thief = app.browser();
    assert_eq!(thief.sign_in("new@care.example", PASSWORD).await.expect_status(200).json()["next"], "enroll");
    thief.post("/api/auth/factors/totp", &json!({"label": "Mine"})).await.expect_status(201);
    let before = browser.cookie();
    testkit::enrol(&app, &browser).await;
    assert_ne!(browser.cookie(), before, "the cookie turns when the session can do more");
    browser.get("/api/auth/session").await.expect_status(200);
    thief.get("/api/auth/session").await.expect_status(401);
    assert_eq!(thief.sign_in("new@care.example", PASSWORD).await.expect_status(200).json()["next"], "factor");
    // Should a session of the password alone be left over, the password once more does not help it on.
    let database = app.superuser().await;
    database.execute("UPDATE people.session SET strength = 1 WHERE ended_at IS NULL", &[]).await.unwrap();
    app.app.store.db().forget_authority();
    let step_up = json!({"action": "factor.add", "with": "password", "secret": PASSWORD});
    browser.post("/api/auth/step-up", &step_up).await.expect_status(401);
}

#[tokio::test]
async fn nobody_is_flooded_through_us() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    for address in ["nurse@care.example", "nobody@care.example"] {
        let before = app.sent().await.len();
        for _ in 0..6 {
            let asked = json!({"email": address});
            app.browser().post("/api/auth/reset", &asked).await.expect_status(202);
        }
        assert_eq!(app.sent().await.len(), before + 3, "{address}");
    }
    // A phone is told no more than a few codes, whoever asks.
    let proof = nurse.browser.proof("factor.add", PASSWORD).await;
    let phone = json!({"phone": "+12025550143", "label": "Mine"});
    nurse.browser.post_proved("/api/auth/factors/sms", &phone, &proof).await.expect_status(201);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(nurse.browser.post("/api/auth/step-up/sms", &json!({})).await.status);
    }
    assert_eq!(answers, [204, 204, 204, 204, 429, 429]);
}

#[tokio::test]
async fn where_no_text_messages_are_sent_no_phone_is_a_factor() {
    use kernel::World;
    use server::app::Carriers;
    use testkit::Settings;

    let carriers = Carriers { texter: None, ..Carriers::mailbox(&World::system()) };
    let app = TestApp::with(Settings { carriers: Some(carriers), ..Settings::default() }).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    let phone = json!({"phone": "+12025550143", "label": "Mine"});
    let refused = nurse.browser.post("/api/auth/factors/sms", &phone).await.expect_status(400).json();
    assert_eq!(refused["code"], "invalid");
}

#[tokio::test]
async fn what_no_mail_server_takes_is_no_address() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &[Permission::ChartRead], &[&north]).await;
    for bad in ["nurse", "nurse@10.0.0.1", "nürse@care.example", "a b@care.example", "nurse@-care.example"] {
        let refused = nurse.browser.post("/api/auth/email", &json!({"email": bad})).await;
        assert_eq!(refused.expect_status(400).json()["code"], "invalid", "{bad}");
    }
}
