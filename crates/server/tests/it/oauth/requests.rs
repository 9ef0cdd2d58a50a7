//! The authorization endpoint: nothing is sent to an address that was not registered, and nothing is given unasked.

use serde_json::json;
use testkit::{Permission, TestApp};

use super::{ALL, CALLBACK, House, but, param, request};

const ACTION: &str = "oauth.authorize";

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_was_not_registered() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let good = request(&client, ALL);
    for address in [
        "https://notes.example/callback/",
        "https://notes.example/callback?x=1",
        "https://notes.example/callbac",
        "https://notes.example/callback#x",
        "https://notes.example/Callback",
        "https://NOTES.example/callback",
        "https://notes.example/callback.evil.test",
        "https://notes.example/callback/../other",
        "https://notes.example.evil.test/callback",
        "https://notes.example:443/callback",
        "http://notes.example/callback",
        "http://127.0.0.1:5000/callback/x",
        "http://127.0.0.1:5000@evil.test/callback",
        "http://localhost:5000/callback",
        "http://[::1]:5000/callback",
    ] {
        let answer = house.begin(&but(&good, "redirect_uri", Some(address))).await.expect_status(400);
        assert!(!answer.headers.contains_key("location"), "{address}");
        assert_eq!(answer.json()["code"], "client-refused");
        assert_eq!(house.refusals(ACTION).await.last().unwrap(), "redirect mismatch", "{address}");
    }
    house.begin(&but(&good, "redirect_uri", None)).await.expect_status(400);
    let mut twice = good.clone();
    twice.push(("redirect_uri", "https://evil.test/"));
    house.begin(&twice).await.expect_status(400);
    let upper = client.to_uppercase();
    for client in ["", "nobody", "00000000-0000-4000-8000-000000000000", &upper] {
        house.begin(&but(&good, "client_id", Some(client))).await.expect_status(400);
        assert_eq!(house.refusals(ACTION).await.last().unwrap(), "unknown client", "{client}");
    }
    // A program of this machine has another port each time.
    house.asked(&but(&good, "redirect_uri", Some("http://127.0.0.1:5000/callback"))).await;
}

#[tokio::test]
async fn a_wrong_request_is_told_to_the_client() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client("openid lamplight", None).await;
    let good = request(&client, "openid");
    let long = "x".repeat(1_001);
    let cases = [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code id_token"), "unsupported_response_type"),
        ("response_type", None, "invalid_request"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("scope", None, "invalid_scope"),
        ("scope", Some("openid email"), "invalid_scope"),
        ("scope", Some("openid patient/*.rs"), "invalid_scope"),
        ("scope", Some("launch/patient"), "invalid_scope"),
        ("request", Some("e30."), "request_not_supported"),
        ("request_uri", Some("https://evil.test"), "request_uri_not_supported"),
        ("nonce", Some(&long), "invalid_request"),
        ("max_age", Some("-1"), "invalid_request"),
        ("prompt", Some("none login"), "invalid_request"),
        ("prompt", Some("none"), "consent_required"),
    ];
    for (index, (name, value, error)) in cases.into_iter().enumerate() {
        let begun = house.begin(&but(&good, name, value)).await.expect_status(303);
        let location = begun.header("location");
        assert!(location.starts_with(&format!("{CALLBACK}?")), "{location}");
        assert_eq!(param(location, "error").as_deref(), Some(error), "{name}");
        assert_eq!(param(location, "state").as_deref(), Some("a state & more"));
        assert_eq!(param(location, "iss"), Some(house.issuer()));
        assert!(param(location, "code").is_none());
        assert_eq!(house.refusals(ACTION).await.len(), index + 1, "{name}");
    }
    // What a SMART client also says is left aside until it means something.
    let mut launch = good.clone();
    launch.extend([("launch", "xyz"), ("aud", "https://clinic.example/fhir")]);
    house.asked(&launch).await;
}

#[tokio::test]
async fn only_the_person_gives_and_only_their_own() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let colleague = house.clinic.person("c@clinic.example", &[Permission::ChartRead], &[&house.north]).await;
    let handle = house.asked(&request(&client, ALL)).await;
    let path = format!("/api/auth/authorizations/{handle}");
    let yes = json!({"approve": true, "membership": house.nurse.membership});
    let theirs = json!({"approve": true, "membership": colleague.membership});
    app.browser().at("clinic.localhost").post(&path, &yes).await.expect_status(401);
    house.browser.page_of("https://evil.test").post(&path, &yes).await.expect_status(403);
    house.browser.post(&path, &theirs).await.expect_status(404);
    assert_eq!(house.refusals(ACTION).await, ["not a post of this person"]);
    house.browser.post(&path, &json!({"approve": true})).await.expect_status(400);
    house.browser.post("/api/auth/authorizations/nonsense", &yes).await.expect_status(404);
    // At another organization's host, and at the installation's own, there is no such request.
    let elsewhere = House::called(&app, "elsewhere").await;
    elsewhere.browser.post(&path, &yes).await.expect_status(404);
    house.nurse.browser.post(&path, &yes).await.expect_status(404);
    house.nurse.browser.get("/oauth/authorize").await.expect_status(404);
    for path in ["/oauth/jwks", "/.well-known/openid-configuration"] {
        app.stranger().get(path).await.expect_status(404);
    }
    // No.
    let answered = house.browser.post(&path, &json!({"approve": false})).await.expect_status(200).json();
    let redirect = answered["redirect"].as_str().unwrap();
    assert_eq!(param(redirect, "error").as_deref(), Some("access_denied"));
    assert_eq!(house.refusals(ACTION).await.last().unwrap(), "the person declined");
    house.browser.post(&path, &yes).await.expect_status(404);
}

#[tokio::test]
async fn a_client_may_ask_that_the_person_signs_in_again() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let yes = json!({"approve": true, "membership": house.nurse.membership});
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let handle = house.asked(&but(&request(&client, ALL), name, Some(value))).await;
        let path = format!("/api/auth/authorizations/{handle}");
        let seen = house.browser.get(&path).await.expect_status(200).json();
        assert_eq!(seen["sign_in_again"], true);
        let refused = house.browser.post(&path, &yes).await.expect_status(403).json();
        assert_eq!(refused["code"], "sign-in-again");
        assert_eq!(house.refusals(ACTION).await.last().unwrap(), "signed in too long ago");
    }
    let handle = house.asked(&but(&request(&client, ALL), "max_age", Some("600"))).await;
    house.browser.post(&format!("/api/auth/authorizations/{handle}"), &yes).await.expect_status(200);
    // Nobody is signed in: a silent request says so.
    house.browser.plant(None);
    let silent = house.begin(&but(&request(&client, ALL), "prompt", Some("none"))).await.expect_status(303);
    assert_eq!(param(silent.header("location"), "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_as_a_program() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let page = house.browser.page_of("https://notes.example");
    let ask = page.ask("OPTIONS", "/oauth/token").header("access-control-request-method", "POST");
    let asked = page.send(ask).await.expect_status(204);
    assert_eq!(asked.header("access-control-allow-origin"), "*");
    assert!(!asked.headers.contains_key("access-control-allow-credentials"));
    let ask = page.ask("POST", "/oauth/token").body("application/x-www-form-urlencoded", "grant_type=x");
    let told = page.send(ask).await.expect_status(401);
    assert_eq!(told.header("access-control-allow-origin"), "*");
    assert_eq!(told.json()["error"], "invalid_client");
    let found = page.get("/.well-known/openid-configuration").await.expect_status(200);
    assert_eq!(found.header("access-control-allow-origin"), "*");
    let document = found.json();
    assert_eq!(document["issuer"], house.issuer());
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    // Everything else stays closed to it.
    let closed = page.post("/api/auth/logout", &json!({"scope": "device"})).await.expect_status(403);
    assert!(!closed.headers.contains_key("access-control-allow-origin"));
    let ask = page.ask("POST", "/oauth/token").body("application/json", "{}");
    assert_eq!(page.send(ask).await.expect_status(400).json()["error"], "invalid_request");
}
