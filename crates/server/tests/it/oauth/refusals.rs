//! What is refused at the token endpoint and after it, one by one, and that each is in the log.

use std::sync::Arc;

use jiff::SignedDuration;
use kernel::{FixedClock, SystemEntropy, World};
use serde_json::json;
use testkit::{Settings, TestApp};

use super::{ALL, House, VERIFIER, but, by_code, request, sign_in};

const ACTION: &str = "oauth.token";
const GRANT: &str = "invalid_grant";

#[tokio::test]
async fn a_replayed_code_ends_what_was_issued_for_it() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let code = house.code(&client, ALL).await;
    let given = house.token(&by_code(&client, &code)).await.expect_status(200).json();
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(house.reads(access).await, 200);
    house.refused(house.token(&by_code(&client, &code)).await, GRANT, ACTION, "replayed code").await;
    assert_eq!(house.reads(access).await, 401);
    let refresh = house.refresh(&client, given["refresh_token"].as_str().unwrap()).await;
    house.refused(refresh, GRANT, ACTION, "refresh token of an ended family").await;
}

#[tokio::test]
async fn of_two_who_show_a_code_at_once_one_gets_tokens_and_they_die() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let code = house.code(&client, ALL).await;
    let params = by_code(&client, &code);
    let (one, other) = tokio::join!(house.token(&params), house.token(&params));
    let (good, bad) = if one.status == 200 { (one, other) } else { (other, one) };
    let access = good.expect_status(200).json()["access_token"].as_str().unwrap().to_owned();
    house.refused(bad, GRANT, ACTION, "replayed code").await;
    assert_eq!(house.reads(&access).await, 401);
}

#[tokio::test]
async fn a_code_is_bound_to_its_verifier_address_and_client_and_used_up_by_a_wrong_one() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let (client, other) = (house.client(ALL, None).await, house.client(ALL, None).await);
    let wrong = VERIFIER.replace('d', "e");
    for (name, value, reason) in [
        ("code_verifier", wrong.as_str(), "verifier mismatch"),
        ("code_verifier", super::CHALLENGE, "verifier mismatch"),
        ("redirect_uri", "https://notes.example/callback/", "redirect mismatch"),
        ("redirect_uri", "http://127.0.0.1/callback", "redirect mismatch"),
        ("client_id", other.as_str(), "code of another client"),
    ] {
        let code = house.code(&client, "openid").await;
        let params = by_code(&client, &code);
        let refused = house.token(&but(&params, name, Some(value))).await;
        house.refused(refused, GRANT, ACTION, reason).await;
        house.refused(house.token(&params).await, GRANT, ACTION, "replayed code").await;
    }
    let code = house.code(&client, "openid").await;
    for missing in ["code_verifier", "redirect_uri", "code", "grant_type"] {
        let answer = house.token(&but(&by_code(&client, &code), missing, None)).await.expect_status(400);
        assert_eq!(answer.json()["error"], "invalid_request", "{missing}");
    }
    let unknown = by_code(&client, VERIFIER);
    house.refused(house.token(&unknown).await, GRANT, ACTION, "unknown code").await;
}

#[tokio::test]
async fn a_code_of_another_organization_is_unknown_here() {
    let app = TestApp::new().await;
    let (house, elsewhere) = (House::new(&app).await, House::called(&app, "elsewhere").await);
    let (client, other) = (house.client(ALL, None).await, elsewhere.client(ALL, None).await);
    let code = house.code(&client, ALL).await;
    let refused = elsewhere.token(&by_code(&other, &code)).await;
    elsewhere.refused(refused, GRANT, ACTION, "unknown code").await;
    let refused = elsewhere.token(&by_code(&client, &code)).await;
    elsewhere.refused(refused, "invalid_client", ACTION, "unknown client").await;
    let access = house.tokens(&client, ALL).await;
    let access = access["access_token"].as_str().unwrap();
    let refused = elsewhere.userinfo(access).await;
    elsewhere.refused(refused, "invalid_token", "oauth.userinfo", "token of another organization").await;
    let refused = elsewhere.post("/oauth/revoke", &[("client_id", &other), ("token", access)]).await;
    elsewhere.refused(refused, GRANT, "oauth.revoke", "token of another organization").await;
    elsewhere.app.bearer(access).at("elsewhere.localhost").get("/fhir/R4/Patient").await.expect_status(404);
    assert_eq!(house.refusals("token.use").await, ["address of another organization"]);
    assert_eq!(house.reads(access).await, 200);
}

#[tokio::test]
async fn a_refresh_token_shown_twice_ends_the_family() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let (client, other) = (house.client(ALL, None).await, house.client(ALL, None).await);
    let first = house.tokens(&client, ALL).await;
    let stolen = first["refresh_token"].as_str().unwrap();
    let refused = house.refresh(&other, stolen).await;
    house.refused(refused, GRANT, ACTION, "refresh token of another client").await;
    let second = house.refresh(&client, stolen).await.expect_status(200).json();
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(house.reads(access).await, 200);
    house.refused(house.refresh(&client, stolen).await, GRANT, ACTION, "refresh token reused").await;
    assert_eq!(house.reads(access).await, 401);
    assert_eq!(house.reads(first["access_token"].as_str().unwrap()).await, 401);
    let last = house.refresh(&client, second["refresh_token"].as_str().unwrap()).await;
    house.refused(last, GRANT, ACTION, "refresh token of an ended family").await;
    // A token of another kind, and of nobody.
    for text in [access, "lmr_x", stolen.trim_start_matches("lmr_")] {
        house.refused(house.refresh(&client, text).await, GRANT, ACTION, "unknown refresh token").await;
    }
    // Another client's token is not ended by who is not its owner.
    let given = house.tokens(&client, ALL).await;
    let token = given["access_token"].as_str().unwrap();
    let refused = house.post("/oauth/revoke", &[("client_id", &other), ("token", token)]).await;
    house.refused(refused, GRANT, "oauth.revoke", "token of another client").await;
    assert_eq!(house.reads(token).await, 200);
    // More than was given is not got by refreshing.
    let given = house.tokens(&client, "openid offline_access").await;
    let refresh = given["refresh_token"].as_str().unwrap();
    let more =
        [("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", refresh), ("scope", ALL)];
    house.refused(house.token(&more).await, "invalid_scope", ACTION, "scope beyond what was given").await;
    house.refresh(&client, refresh).await.expect_status(200);
}

#[tokio::test]
async fn everything_ends_by_itself_and_is_swept() {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(SystemEntropy::default()));
    let app = TestApp::in_world(Settings::default(), world).await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let given = house.tokens(&client, ALL).await;
    let late = house.code(&client, ALL).await;
    clock.advance(SignedDuration::from_secs(61));
    house.refused(house.token(&by_code(&client, &late)).await, GRANT, ACTION, "expired code").await;
    let access = given["access_token"].as_str().unwrap();
    house.userinfo(access).await.expect_status(200);
    clock.advance(SignedDuration::from_mins(9));
    let refused = house.userinfo(access).await;
    house.refused(refused, "invalid_token", "oauth.userinfo", "access token ended").await;
    let waiting = {
        clock.advance(SignedDuration::from_secs(1));
        house.asked(&request(&client, ALL)).await
    };
    clock.advance(SignedDuration::from_mins(16));
    house.browser.get(&format!("/api/auth/authorizations/{waiting}")).await.expect_status(404);
    clock.advance(SignedDuration::from_hours(24 * 30));
    let refresh = house.refresh(&client, given["refresh_token"].as_str().unwrap()).await;
    house.refused(refresh, GRANT, ACTION, "refresh token expired").await;
    clock.advance(SignedDuration::from_hours(24 * 70));
    app.app.sweep_tokens().await.unwrap();
    let rows = app.superuser().await;
    for table in ["code", "access", "refresh", "family", "assertion_jti"] {
        let left: i64 =
            rows.query_one(&format!("SELECT count(*) FROM oauth.{table}"), &[]).await.unwrap().get(0);
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn support_access_is_lent_to_no_program() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let olga = crate::support::shared(&app, &house.clinic, &house.north, house.nurse.membership).await;
    let browser = app.browser().at("clinic.localhost");
    sign_in(&app, &browser, &olga).await;
    let house = House { nurse: olga, browser, ..house };
    let client = house.client(ALL, None).await;
    let handle = house.asked(&request(&client, "openid lamplight")).await;
    let path = format!("/api/auth/authorizations/{handle}");
    let look = house.browser.get(&path).await.expect_status(200).json();
    assert_eq!(look["contexts"], json!([]));
    let yes = json!({"approve": true, "membership": house.nurse.membership});
    house.browser.post(&path, &yes).await.expect_status(404);
}
