//! What works.

use serde_json::json;
use testkit::PASSWORD;

use super::house::{EMAIL, Entered, HOST, Tab, app, enter, logged, nurse, parameter};
use super::stand_in::{StandIn, basic};

#[tokio::test]
async fn a_nurse_signs_in_with_her_work_account_and_no_further_factor() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    let nurse = nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&stand_in.issuer()) }).await;
    let mut tab = Tab::at(&app, HOST);
    let listed = tab.get("/api/auth/providers").await.expect_status(200).json();
    assert_eq!(listed, json!({"providers": [{"id": id, "name": "Work account"}]}));
    // Elsewhere there is none.
    let mut elsewhere = Tab::at(&app, "localhost");
    assert_eq!(elsewhere.get("/api/auth/providers").await.json(), json!({"providers": []}));
    assert_eq!(elsewhere.start(id, "/").await, "/sign-in?error=provider");

    let to = stand_in.sign_in(&mut tab, id, |_| {}).await;
    assert_eq!(to, "/o/clinic");
    let session = tab.session().await.unwrap();
    assert_eq!((&session["strength"], &session["person"]["email"]), (&json!("two-factor"), &json!(EMAIL)));
    assert_eq!(tab.jar.keys().collect::<Vec<_>>(), ["__Host-lamplight"]);
    assert_eq!(logged(&app, "provider.link").await, ["verified e-mail"]);
    assert_eq!(logged(&app, "provider.vouch").await, ["two factors"]);
    // We proved who we are, with the verifier of the challenge.
    let asked = stand_in.asked().pop().unwrap();
    assert!(
        asked.starts_with(&basic()) && asked.contains("code_verifier=") && asked.contains("code=a-code"),
        "{asked}"
    );
    // She is told, once.
    let told = async || {
        app.sent().await.iter().filter(|(to, text)| to == EMAIL && text.contains("Work account")).count()
    };
    assert_eq!(told().await, 1);
    // From now on the subject is enough, whatever happens to the address.
    let mut tablet = Tab::at(&app, HOST);
    let to =
        stand_in.sign_in(&mut tablet, id, |claims| claims["email"] = json!("other@elsewhere.example")).await;
    assert_eq!(to, "/o/clinic");
    assert_eq!(told().await, 1);
    // The session is good here alone.
    let mut carried = Tab::at(&app, "localhost");
    carried.jar = tablet.jar.clone();
    assert!(carried.session().await.is_none());
    // Her posts elsewhere are not among what it opens.
    let birch = app.organization("birch").await;
    let south = birch.facility("south").await;
    birch.take_up(&nurse, "portal", &[], &[&south]).await;
    let contexts = tablet.get("/api/auth/contexts").await.expect_status(200).json();
    let slugs: Vec<_> =
        contexts["memberships"].as_array().unwrap().iter().map(|m| &m["organization"]["slug"]).collect();
    assert_eq!(slugs, ["clinic"]);
}

#[tokio::test]
async fn where_the_provider_s_word_is_one_factor_ours_is_asked_for() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    let nurse = nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered::at(&stand_in.issuer())).await;
    let mut tab = Tab::at(&app, HOST);
    let to = stand_in.sign_in(&mut tab, id, |_| {}).await;
    let (page, fragment) = to.split_once('#').unwrap();
    assert_eq!(page, "/sign-in?return=%2Fo%2Fclinic");
    let (login, factors) = fragment.strip_prefix("login=").unwrap().split_once("&factors=").unwrap();
    assert_eq!(factors, "totp,recovery");
    assert!(tab.session().await.is_none());
    let body = json!({"login": login, "kind": "totp", "code": app.code(&nurse.totp, 0)});
    let browser = app.browser().at(HOST);
    browser.post("/api/auth/login/factor", &body).await.expect_status(200);
    assert_eq!(browser.get("/api/auth/session").await.json()["strength"], "two-factor");

    // Codes are guessed no more often than after passwords.
    for _ in 0..10 {
        stand_in.sign_in(&mut tab, id, |_| {}).await;
    }
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/sign-in?error=provider");
    app.browser().sign_in(EMAIL, PASSWORD).await.expect_status(401);
}

#[tokio::test]
async fn who_has_no_factor_here_sets_one_up() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    clinic.invite(EMAIL, "staff", &[], &[&north]).await;
    let token = app.token_mailed(EMAIL, "invitation").await;
    let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
    app.browser().post("/api/auth/invitation/accept", &body).await.expect_status(200);
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered::at(&stand_in.issuer())).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/enroll?return=%2Fo%2Fclinic");
    assert_eq!(tab.session().await.unwrap()["strength"], "password");
}

#[tokio::test]
async fn new_keys_of_the_provider_are_found_once_they_are_needed() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&stand_in.issuer()) }).await;
    let mut tab = Tab::at(&app, HOST);
    for _ in 0..2 {
        assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    }
    assert_eq!(stand_in.keys_asked().await, 1);
    stand_in.turns_its_key();
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    assert_eq!(stand_in.keys_asked().await, 2);
}

#[tokio::test]
async fn a_class_that_counts_is_asked_for_and_believed() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&stand_in.issuer()) }).await;
    let mut tab = Tab::at(&app, HOST);
    let url = tab.start(id, "/").await;
    assert_eq!(parameter(&url, "acr_values"), "urn:care:two");
    let to = stand_in
        .sign_in(&mut tab, id, |claims| {
            claims["amr"] = json!(["pwd"]);
            claims["acr"] = json!("urn:care:two");
        })
        .await;
    assert_eq!(to, "/o/clinic");
    assert_eq!(tab.session().await.unwrap()["strength"], "two-factor");
}

#[tokio::test]
async fn a_public_client_shows_no_secret() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let issuer = stand_in.issuer();
    let given = Entered { trusts_mfa: true, secret: None, ..Entered::at(&issuer) };
    let id = enter(&app, &clinic, given).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    let asked = stand_in.asked().pop().unwrap();
    assert!(asked.starts_with(' ') && asked.contains("client_id=lamplight"), "{asked}");
}
