//! A person lets a program act for them, and takes it back.

use credentials::jwt::SigningKey;
use kernel::MembershipId;
use serde_json::json;
use testkit::{PASSWORD, TestApp};

use super::{ALL, ASSERTION, CALLBACK, House, by_code, claims, param, part, request};

#[tokio::test]
async fn a_program_acts_for_a_nurse_with_her_consent() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;

    // The page sees what is asked, and by whom.
    let handle = house.asked(&request(&client, ALL)).await;
    let path = format!("/api/auth/authorizations/{handle}");
    let stranger = app.browser().at("clinic.localhost").get(&path).await.expect_status(200).json();
    assert_eq!((&stranger["signed_in"], &stranger["contexts"]), (&json!(false), &json!([])));
    let seen = house.browser.get(&path).await.expect_status(200).json();
    assert_eq!(seen["client"], json!({"name": "Care Notes", "uri": "https://notes.example"}));
    assert_eq!(seen["signed_in"], true);
    assert_eq!(seen["contexts"][0]["membership"], house.nurse.membership);
    assert_eq!(seen["scopes"].as_array().unwrap().len(), 5);

    // Yes: a code, good once.
    let yes = json!({"approve": true, "membership": house.nurse.membership});
    let answered = house.browser.post(&path, &yes).await.expect_status(200).json();
    house.browser.post(&path, &yes).await.expect_status(404);
    let code = param(answered["redirect"].as_str().unwrap(), "code").unwrap();
    let given = house.token(&by_code(&client, &code)).await.expect_status(200);
    assert_eq!(given.header("cache-control"), "no-store");
    let given = given.json();
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(given["scope"], ALL);
    let access = given["access_token"].as_str().unwrap();
    assert!(access.starts_with(&format!("lma_{}_", house.clinic.id())));

    // The id token says who, to this client, for this request.
    let id = given["id_token"].as_str().unwrap();
    let token = claims(id);
    assert_eq!(token["iss"], house.issuer());
    assert_eq!(token["aud"], client);
    assert_eq!(token["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(token["amr"], json!(["mfa"]));
    assert_eq!((&token["name"], &token["email"]), (&json!("Somebody Real"), &json!("nurse@clinic.example")));
    assert_eq!(token["lamplight_membership"], house.nurse.membership);
    let published = house.browser.get("/oauth/jwks").await.expect_status(200).json();
    assert_eq!(published["keys"][0]["kid"], part(id, 0)["kid"]);
    assert!(published["keys"][0].get("d").is_none());

    // It acts as the membership, here and nowhere else.
    assert_eq!(house.reads(access).await, 200);
    let nurse = app.bearer(access).at("clinic.localhost");
    nurse.post("/fhir/R4/Patient", &crate::people::patient("Ada", "Ada")).await.expect_status(403);
    app.organization("other").await;
    app.bearer(access).at("other.localhost").get("/fhir/R4/Patient").await.expect_status(404);
    let info = house.userinfo(access).await.expect_status(200).json();
    assert_eq!((&info["sub"], &info["name"]), (&token["sub"], &json!("Somebody Real")));

    // Refreshed: other tokens, the same person. The narrower scope acts no more.
    let refresh = given["refresh_token"].as_str().unwrap();
    let again = house.refresh(&client, refresh).await.expect_status(200).json();
    assert_ne!(again["access_token"], given["access_token"]);
    assert_ne!(again["refresh_token"], given["refresh_token"]);
    let renewed = claims(again["id_token"].as_str().unwrap());
    assert_eq!((&renewed["sub"], &renewed["auth_time"]), (&token["sub"], &token["auth_time"]));
    assert!(renewed.get("nonce").is_none());
    let narrow = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", again["refresh_token"].as_str().unwrap()),
        ("scope", "openid"),
    ];
    let narrow = house.token(&narrow).await.expect_status(200).json();
    let narrow_access = narrow["access_token"].as_str().unwrap();
    assert_eq!(house.reads(narrow_access).await, 403);
    assert!(house.userinfo(narrow_access).await.expect_status(200).json().get("name").is_none());

    // Given back: the family is dead.
    let last = narrow["refresh_token"].as_str().unwrap();
    house.post("/oauth/revoke", &[("client_id", &client), ("token", last)]).await.expect_status(200);
    for token in [access, narrow_access] {
        assert_eq!(house.reads(token).await, 401);
        house.userinfo(token).await.expect_status(401);
    }
    house.refresh(&client, last).await.expect_status(400);
    house.post("/oauth/revoke", &[("client_id", &client), ("token", "nonsense")]).await.expect_status(200);
}

#[tokio::test]
async fn a_client_with_keys_looks_into_its_own_tokens() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let key = SigningKey::generate().unwrap();
    let client = house.client(ALL, Some(&key)).await;
    let code = house.code(&client, ALL).await;
    let assertion = house.assertion(&client, &key);
    let mut params = by_code(&client, &code);
    params.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())]);
    let given = house.token(&params).await.expect_status(200).json();
    let inspect = async |path: &str, token: &str| {
        let assertion = house.assertion(&client, &key);
        let params = [
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion.as_str()),
            ("token", token),
        ];
        house.post(path, &params).await
    };
    let access = given["access_token"].as_str().unwrap();
    let refresh = given["refresh_token"].as_str().unwrap();
    let seen = inspect("/oauth/introspect", access).await.expect_status(200).json();
    assert_eq!(
        (&seen["active"], &seen["client_id"], &seen["scope"]),
        (&json!(true), &json!(client), &json!(ALL))
    );
    assert_eq!(seen["sub"], claims(given["id_token"].as_str().unwrap())["sub"]);
    let seen = inspect("/oauth/introspect", refresh).await.expect_status(200).json();
    assert_eq!(seen["active"], true);
    // One access token is ended by itself; the family goes on.
    inspect("/oauth/revoke", access).await.expect_status(200);
    let inactive = json!({"active": false});
    assert_eq!(inspect("/oauth/introspect", access).await.expect_status(200).json(), inactive);
    assert_eq!(house.reads(access).await, 401);
    assert_eq!(inspect("/oauth/introspect", refresh).await.expect_status(200).json()["active"], true);
    assert_eq!(inspect("/oauth/introspect", "nonsense").await.expect_status(200).json(), inactive);
}

#[tokio::test]
async fn what_a_token_stands_on_may_not_end() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    // Without offline access there is nothing to refresh, and the token ends with the session.
    let online = house.tokens(&client, "openid lamplight").await;
    assert!(online.get("refresh_token").is_none());
    let offline = house.tokens(&client, "offline_access lamplight").await;
    assert!(offline.get("id_token").is_none());
    let (online, offline_access) =
        (online["access_token"].as_str().unwrap(), offline["access_token"].as_str().unwrap());
    let late = house.code(&client, ALL).await;
    assert_eq!((house.reads(online).await, house.reads(offline_access).await), (200, 200));
    house.browser.post("/api/auth/logout", &json!({"scope": "device"})).await.expect_status(204);
    assert_eq!((eventually(&house, online).await, house.reads(offline_access).await), (401, 200));
    // A code given before, used after.
    let refused = house.token(&by_code(&client, &late)).await;
    house.refused(refused, "invalid_grant", "oauth.token", "post or session ended").await;
    // The post ends, and with it what acts as it.
    house.clinic.dismiss(MembershipId(i32::try_from(house.nurse.membership).unwrap())).await;
    assert_eq!(eventually(&house, offline_access).await, 401);
    let refused = house.refresh(&client, offline["refresh_token"].as_str().unwrap()).await;
    house.refused(refused, "invalid_grant", "oauth.token", "post or person ended").await;
}

#[tokio::test]
async fn another_password_ends_what_was_lent_out() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let lent = house.tokens(&client, "offline_access lamplight").await;
    let access = lent["access_token"].as_str().unwrap();
    assert_eq!(house.reads(access).await, 200);
    let proof = house.browser.proof("password.change", PASSWORD).await;
    let new = json!({"password": "another lamp in the corridor"});
    house.browser.post_proved("/api/auth/password", &new, &proof).await.expect_status(204);
    assert_eq!(eventually(&house, access).await, 401);
    let refused = house.refresh(&client, lent["refresh_token"].as_str().unwrap()).await;
    house.refused(refused, "invalid_grant", "oauth.token", "refresh token of an ended family").await;
    // What is lent out after it is good.
    let again = house.tokens(&client, "offline_access lamplight").await;
    assert_eq!(house.reads(again["access_token"].as_str().unwrap()).await, 200);
}

#[tokio::test]
async fn a_client_that_is_revoked_is_out() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let given = house.tokens(&client, ALL).await;
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(house.reads(access).await, 200);
    let operator = app.database.operator().await;
    operator.revoke_client(house.clinic.id(), client.parse().unwrap()).await.unwrap();
    assert_eq!(eventually(&house, access).await, 401);
    let refused = house.refresh(&client, given["refresh_token"].as_str().unwrap()).await;
    house.refused(refused, "invalid_client", "oauth.token", "unknown client").await;
    let begun = house.begin(&request(&client, ALL)).await.expect_status(400);
    assert!(!begun.text().contains(CALLBACK));
}

/// What the answer comes to be when the database has told (at once, but not in the same instant).
async fn eventually(house: &House<'_>, token: &str) -> u16 {
    for _ in 0..50 {
        let status = house.reads(token).await;
        if status != 200 {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    200
}
