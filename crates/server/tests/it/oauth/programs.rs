//! Programs that act by themselves, and how they prove who they are.

use credentials::jwt::SigningKey;
use serde_json::{Value, json};
use testkit::{Permission, TestApp};

use super::{ALL, ASSERTION, House, by_code};

const ACTION: &str = "oauth.token";

fn by_itself(assertion: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
    ]
}

#[tokio::test]
async fn a_laboratory_acts_as_itself() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let key = SigningKey::generate().unwrap();
    let client = house.service(&key, &[Permission::ChartRead, Permission::ChartSearch]).await;
    let given = house.token(&by_itself(&house.assertion(&client, &key))).await.expect_status(200).json();
    assert!(given.get("refresh_token").is_none() && given.get("id_token").is_none());
    assert_eq!(given["scope"], "lamplight");
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(house.reads(access).await, 200);
    let laboratory = app.bearer(access).at("clinic.localhost");
    laboratory.post("/fhir/R4/Patient", &crate::people::patient("Ada", "Ada")).await.expect_status(403);
    let refused = house.userinfo(access).await.expect_status(403);
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    assert_eq!(house.refusals("oauth.userinfo").await, ["no openid scope"]);

    // The same to the older name of the audience, once.
    let now = app.app.world.now().as_second();
    let endpoint = format!("{}/oauth/token", house.issuer());
    let claims = json!({"iss": client, "sub": client, "aud": endpoint, "exp": now + 60, "jti": "one"});
    let assertion = key.sign("JWT", &claims).unwrap();
    house.token(&by_itself(&assertion)).await.expect_status(200);
    let replayed = house.token(&by_itself(&assertion)).await;
    house.refused(replayed, "invalid_client", ACTION, "replayed assertion").await;

    // It does not get what is a person's.
    for scope in ["openid", "lamplight openid", "offline_access", "system/*.rs"] {
        let assertion = house.assertion(&client, &key);
        let mut params = by_itself(&assertion).to_vec();
        params.push(("scope", scope));
        house.refused(house.token(&params).await, "invalid_scope", ACTION, "scope not of this client").await;
    }
    let assertion = house.assertion(&client, &key);
    let mut params = by_code(&client, super::VERIFIER);
    params.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())]);
    let refused = house.token(&params).await;
    house.refused(refused, "unauthorized_client", ACTION, "grant not of this client").await;

    let operator = app.database.operator().await;
    operator.revoke_client(house.clinic.id(), client.parse().unwrap()).await.unwrap();
    house
        .refused(
            house.token(&by_itself(&house.assertion(&client, &key))).await,
            "invalid_client",
            ACTION,
            "unknown client",
        )
        .await;
}

/// A token of these parts that nobody signed, or that was signed with `signature`.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    use base64::Engine as _;
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let body = format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
    format!("{body}.{}", text(&sign(&body)))
}

#[tokio::test]
async fn an_assertion_proves_the_client_or_nothing() {
    let app = TestApp::new().await;
    let (house, elsewhere) = (House::new(&app).await, House::called(&app, "elsewhere").await);
    let (key, stranger) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let client = house.service(&key, &[Permission::ChartRead]).await;
    let now = app.app.world.now().as_second();
    let good = json!({
        "iss": client, "sub": client, "aud": house.issuer(), "exp": now + 60, "jti": "good",
    });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        key.sign("JWT", &claims).unwrap()
    };
    let public = key.public_jwk().to_string();
    let hmac = |body: &str| {
        // The public key as the secret of an HMAC; any bytes will do, none may be looked at.
        credentials::secret::sha256(format!("{public}{body}").as_bytes()).to_vec()
    };
    let none = |_: &str| Vec::new();
    let cases = [
        (forged(&json!({"alg": "none"}), &good, none), "assertion algorithm refused"),
        (forged(&json!({"alg": "None"}), &good, none), "assertion algorithm refused"),
        (forged(&json!({"alg": "HS256", "kid": key.kid()}), &good, hmac), "assertion algorithm refused"),
        (
            forged(&json!({"alg": "RS256", "kid": key.kid()}), &good, hmac),
            "assertion without a key of the client",
        ),
        (
            forged(
                &json!({"alg": "ES256", "jwk": stranger.public_jwk(), "kid": stranger.kid()}),
                &good,
                none,
            ),
            "assertion without a key of the client",
        ),
        (forged(&json!({"alg": "ES256", "crit": ["x"]}), &good, none), "assertion critical extension"),
        (forged(&json!({"alg": "ES256"}), &good, |_| vec![0; 64]), "assertion wrongly signed"),
        (stranger.sign("JWT", &good).unwrap(), "assertion without a key of the client"),
        (key.sign("at+jwt", &good).unwrap(), "assertion of another type"),
        (with("aud", json!(elsewhere.issuer())), "assertion for another audience"),
        (with("aud", json!([house.issuer(), elsewhere.issuer()])), "assertion for another audience"),
        (with("aud", json!(format!("{}/", house.issuer()))), "assertion for another audience"),
        (with("iss", json!("somebody")), "assertion of another client"),
        (with("exp", json!(now - 61)), "assertion expired"),
        (with("exp", json!(now + 3_600)), "assertion from the future"),
        ("nonsense".to_owned(), "assertion malformed"),
    ];
    for (assertion, reason) in cases {
        house.refused(house.token(&by_itself(&assertion)).await, "invalid_client", ACTION, reason).await;
    }
    // Without any, with the name of another, with a secret.
    let bare = [("grant_type", "client_credentials"), ("client_id", client.as_str())];
    house.refused(house.token(&bare).await, "invalid_client", ACTION, "no assertion").await;
    let assertion = house.assertion(&client, &key);
    let mut other = by_itself(&assertion).to_vec();
    other.push(("client_id", "00000000-0000-4000-8000-000000000000"));
    house.refused(house.token(&other).await, "invalid_client", ACTION, "assertion of another client").await;
    let secret =
        [("grant_type", "client_credentials"), ("client_id", client.as_str()), ("client_secret", "x")];
    house.refused(house.token(&secret).await, "invalid_client", ACTION, "client secret").await;
    // All that was refused used nothing up.
    house.token(&by_itself(&with("aud", json!(house.issuer())))).await.expect_status(200);
}

#[tokio::test]
async fn who_has_no_key_looks_into_nothing() {
    let app = TestApp::new().await;
    let house = House::new(&app).await;
    let (key, other_key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let public = house.client(ALL, None).await;
    let other = house.client(ALL, Some(&other_key)).await;
    let service = house.service(&key, &[Permission::ChartRead]).await;
    let given = house.tokens(&public, ALL).await;
    let token = given["access_token"].as_str().unwrap();
    let refused = house.post("/oauth/introspect", &[("client_id", &public), ("token", token)]).await;
    house.refused(refused, "invalid_client", "oauth.introspect", "public client").await;
    for (client, key) in [(&other, &other_key), (&service, &key)] {
        for token in [token, given["refresh_token"].as_str().unwrap()] {
            let assertion = house.assertion(client, key);
            let params = [
                ("client_assertion_type", ASSERTION),
                ("client_assertion", assertion.as_str()),
                ("token", token),
            ];
            let seen = house.post("/oauth/introspect", &params).await.expect_status(200).json();
            assert_eq!(seen, json!({"active": false}));
        }
    }
    assert_eq!(house.refusals("oauth.introspect").await[1..], ["token of another client"; 4]);
    let elsewhere = House::called(&app, "elsewhere").await;
    let service = elsewhere.service(&key, &[Permission::ChartRead]).await;
    let assertion = elsewhere.assertion(&service, &key);
    let params =
        [("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str()), ("token", token)];
    let seen = elsewhere.post("/oauth/introspect", &params).await.expect_status(200).json();
    assert_eq!(seen, json!({"active": false}));
    assert_eq!(elsewhere.refusals("oauth.introspect").await, ["token of another organization"]);
    // The browser's cookie is no proof of anything here.
    let ask = house.browser.ask("POST", "/oauth/userinfo").body("application/x-www-form-urlencoded", "");
    house.refused(house.browser.send(ask).await, "invalid_token", "oauth.userinfo", "no access token").await;
}
