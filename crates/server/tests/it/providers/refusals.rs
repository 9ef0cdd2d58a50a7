//! What is refused, each for its own reason and with one answer.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use testkit::{Permission, TestApp};
use uuid::Uuid;

use super::house::{CALLBACK, EMAIL, Entered, HOST, SECRET, Tab, app, enter, logged, nurse, parameter, why};
use super::stand_in::{StandIn, token};

const REFUSED: &str = "/sign-in?error=provider";

/// A clinic with a nurse and a provider that is believed about second factors.
async fn clinic(app: &TestApp) -> (StandIn, Uuid) {
    let clinic = app.organization("clinic").await;
    nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&stand_in.issuer()) }).await;
    (stand_in, id)
}

/// Nobody got in and nobody was linked.
async fn nobody(app: &TestApp, tab: &mut Tab, to: &str, reason: &str) {
    assert_eq!(to, REFUSED);
    assert!(tab.jar.is_empty(), "{:?}", tab.jar.keys());
    let why = why(app).await;
    assert!(why.contains(reason), "{why} is not {reason}");
    assert_eq!(logged(app, "provider.vouch").await.len(), 0);
}

#[tokio::test]
async fn a_state_is_good_once_and_in_one_browser() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    // Somebody else's state: a sign-in into their account is forced on nobody.
    let (mut theirs, mut ours) = (Tab::at(&app, HOST), Tab::at(&app, HOST));
    let url = theirs.start(id, "/").await;
    stand_in.says(stand_in.claims(&url, "ada", EMAIL));
    ours.start(id, "/").await;
    let to = ours.follow(&stand_in.back(&url)).await;
    nobody(&app, &mut ours, &to, "another browser").await;
    // It is gone for them as well.
    let to = theirs.follow(&stand_in.back(&url)).await;
    nobody(&app, &mut theirs, &to, "state ended").await;
    // A browser without the cookie.
    let url = ours.start(id, "/").await;
    ours.jar.clear();
    let to = ours.follow(&stand_in.back(&url)).await;
    nobody(&app, &mut ours, &to, "another browser").await;
    // No state of ours at all.
    for query in ["", "?code=a", "?state=a", "?code=a&state=a", "?state=a&state=b&code=c"] {
        let to = ours.follow(&format!("{CALLBACK}{query}")).await;
        nobody(&app, &mut ours, &to, "state ended").await;
    }
    // Used.
    let url = ours.start(id, "/").await;
    stand_in.says(stand_in.claims(&url, "ada", EMAIL));
    let cookies = ours.jar.clone();
    assert_eq!(ours.follow(&stand_in.back(&url)).await, "/");
    ours.jar = cookies;
    assert_eq!(ours.follow(&stand_in.back(&url)).await, REFUSED);
    assert!(why(&app).await.contains("state ended"));
    assert!(stand_in.asked().len() == 1, "a state that is refused buys no code");
}

#[tokio::test]
async fn an_answer_without_a_code_or_of_another_issuer_is_refused() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let mut tab = Tab::at(&app, HOST);
    let url = tab.start(id, "/").await;
    let to = tab.follow(&format!("{CALLBACK}?error=access_denied&state={}", parameter(&url, "state"))).await;
    nobody(&app, &mut tab, &to, "refused there").await;
    let url = tab.start(id, "/").await;
    let to = tab.follow(&format!("{}&iss=https%3A%2F%2Fevil.test", stand_in.back(&url))).await;
    nobody(&app, &mut tab, &to, "another issuer").await;
    assert!(stand_in.asked().is_empty());
}

#[tokio::test]
async fn a_token_that_is_not_for_this_sign_in_is_refused() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let now = kernel::World::system().now().as_second();
    let wrong: [(&str, Value, &str); 12] = [
        ("nonce", json!("another"), "nonce"),
        ("nonce", json!(null), "nonce"),
        ("aud", json!("another"), "audience"),
        ("aud", json!(["lamplight", "another"]), "audience"),
        ("azp", json!("another"), "authorized party"),
        ("iss", json!("https://evil.test"), "issuer"),
        ("exp", json!(now - 61), "time"),
        ("iat", json!(now + 120), "time"),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"), "access token"),
        ("exp", json!(null), "refused the code"),
        ("sub", json!(""), "subject"),
        ("sub", json!("x".repeat(501)), "subject"),
    ];
    for (claim, value, reason) in wrong {
        let mut tab = Tab::at(&app, HOST);
        let to = stand_in
            .sign_in(&mut tab, id, |claims| {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(claim);
                } else {
                    claims[claim] = value.clone();
                }
            })
            .await;
        nobody(&app, &mut tab, &to, reason).await;
    }
    // Clocks may be a minute apart.
    let mut tab = Tab::at(&app, HOST);
    let to = stand_in
        .sign_in(&mut tab, id, |claims| {
            claims["exp"] = json!(now - 30);
            claims["iat"] = json!(now + 30);
        })
        .await;
    assert_eq!(to, "/o/clinic", "{}", why(&app).await);
}

#[tokio::test]
async fn a_token_that_the_provider_s_key_did_not_sign_is_refused() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let hmac_of = |key: Vec<u8>| {
        move |kid: &str, claims: Value| {
            let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
            let bare = token(&header, &claims, b"");
            let signed = bare.trim_end_matches('.');
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
            token(&header, &claims, mac.as_ref())
        }
    };
    let by_secret = hmac_of(SECRET.as_bytes().to_vec());
    let forgeries: Vec<super::stand_in::Forge> = vec![
        Box::new(|_, claims| token(&json!({"alg": "none"}), &claims, b"")),
        Box::new(|key, claims| token(&json!({"alg": "none", "kid": key.kid()}), &claims, b"")),
        Box::new(move |key, claims| by_secret(key.kid(), claims)),
        Box::new(move |key, claims| hmac_of(key.public_jwk().to_string().into_bytes())(key.kid(), claims)),
        Box::new(|key, claims| token(&json!({"alg": "ES256", "kid": key.kid()}), &claims, &[7; 64])),
        // Another key under the name of theirs, and one with its own name.
        Box::new(|key, claims| {
            let other = credentials::jwt::SigningKey::generate().unwrap();
            let signed = other.sign_id_token(&claims).unwrap();
            let signature = signed.rsplit('.').next().unwrap();
            let bare = token(&json!({"alg": "ES256", "kid": key.kid()}), &claims, b"");
            format!("{bare}{signature}")
        }),
        Box::new(|_, claims| {
            credentials::jwt::SigningKey::generate().unwrap().sign_id_token(&claims).unwrap()
        }),
        Box::new(|_, _| "no token".to_owned()),
    ];
    for forge in forgeries {
        stand_in.forges(forge);
        let mut tab = Tab::at(&app, HOST);
        let to = stand_in.sign_in(&mut tab, id, |_| {}).await;
        nobody(&app, &mut tab, &to, "provider failed").await;
    }
}

#[tokio::test]
async fn who_cannot_be_recognized_is_refused() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let birch = app.organization("birch").await;
    let south = birch.facility("south").await;
    birch.person("elsewhere@care.example", &[Permission::ChartRead], &[&south]).await;
    let wrong: [(&str, Value, &str); 7] = [
        ("email_verified", json!(false), "not verified"),
        ("email_verified", json!(null), "not verified"),
        ("email", json!(null), "no e-mail"),
        ("email", json!("nurse@evil.test"), "another domain"),
        ("email", json!("nurse@care.example.evil.test"), "another domain"),
        ("email", json!("nobody@care.example"), "no post here"),
        ("email", json!("elsewhere@care.example"), "no post here"),
    ];
    for (claim, value, reason) in wrong {
        let mut tab = Tab::at(&app, HOST);
        let to = stand_in
            .sign_in(&mut tab, id, |claims| {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(claim);
                } else {
                    claims[claim] = value.clone();
                }
            })
            .await;
        nobody(&app, &mut tab, &to, reason).await;
    }
    assert_eq!(logged(&app, "provider.link").await.len(), 0);
}

#[tokio::test]
async fn an_address_that_is_given_to_somebody_else_is_not_the_person() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    let mut tab = Tab::at(&app, HOST);
    let to = stand_in.sign_in(&mut tab, id, |claims| claims["sub"] = json!("another")).await;
    assert_eq!(to, REFUSED);
    assert!(why(&app).await.contains("another account there is linked"));
}

#[tokio::test]
async fn whose_post_ended_is_refused_though_linked() {
    let app = app().await;
    let clinic = app.organization("clinic").await;
    let nurse = nurse(&clinic).await;
    let stand_in = StandIn::start().await;
    let id = enter(&app, &clinic, Entered { trusts_mfa: true, ..Entered::at(&stand_in.issuer()) }).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    clinic.dismiss(kernel::MembershipId(i32::try_from(nurse.membership).unwrap())).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, REFUSED);
    assert!(why(&app).await.contains("no post here"));
}

#[tokio::test]
async fn a_provider_of_another_organization_and_one_that_was_disabled_do_nothing() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let birch = app.organization("birch").await;
    let theirs = enter(&app, &birch, Entered::at(&stand_in.issuer())).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(tab.start(theirs, "/").await, REFUSED);
    assert_eq!(tab.follow("/api/auth/providers/nonsense/start").await, REFUSED);
    // Begun at one address, finished at another: the cookie does not go there, and would not help.
    let url = tab.start(id, "/").await;
    let mut other = Tab::at(&app, "birch.localhost");
    other.jar = tab.jar.clone();
    stand_in.says(stand_in.claims(&url, "ada", EMAIL));
    let to = other.follow(&stand_in.back(&url)).await;
    nobody(&app, &mut other, &to, "another organization").await;
    // Disabled between start and end.
    let mut tab = Tab::at(&app, HOST);
    let url = tab.start(id, "/").await;
    let operator = app.database.operator().await;
    let clinic = operator.organization("clinic").await.unwrap();
    operator.disable_provider(clinic.id, id).await.unwrap();
    let to = tab.follow(&stand_in.back(&url)).await;
    nobody(&app, &mut tab, &to, "no provider here").await;
    assert_eq!(tab.start(id, "/").await, REFUSED);
    assert_eq!(tab.get("/api/auth/providers").await.json(), json!({"providers": []}));
    assert!(stand_in.asked().is_empty());
}

#[tokio::test]
async fn the_way_back_is_a_path_of_ours() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    for (given, back) in [
        ("%2Fo%2Fclinic%3Fa%3D1", "/o/clinic?a=1"),
        ("https%3A%2F%2Fevil.test", "/"),
        ("%2F%2Fevil.test", "/"),
        ("%2F%5Cevil.test", "/"),
        ("%2F%0D%0Aset-cookie:x", "/"),
        ("%2F%09%2Fevil.test", "/"),
        ("/a&return=//evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ] {
        let mut tab = Tab::at(&app, HOST);
        let url = tab.start(id, given).await;
        stand_in.says(stand_in.claims(&url, "ada", EMAIL));
        assert_eq!(tab.follow(&stand_in.back(&url)).await, back, "{given}");
    }
}

#[tokio::test]
async fn a_provider_on_this_machine_is_asked_in_development_only() {
    let app = TestApp::new().await;
    let (stand_in, id) = clinic(&app).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(tab.start(id, "/").await, REFUSED);
    assert!(why(&app).await.contains("may not be asked"));
    assert_eq!(stand_in.keys_asked().await, 0);
}

#[tokio::test]
async fn what_is_kept_of_a_provider_says_nothing() {
    let app = app().await;
    let (stand_in, id) = clinic(&app).await;
    let mut tab = Tab::at(&app, HOST);
    assert_eq!(stand_in.sign_in(&mut tab, id, |_| {}).await, "/o/clinic");
    let rows = app
        .superuser()
        .await
        .query(
            "SELECT row_to_json(p)::text || row_to_json(i)::text FROM org.identity_provider p JOIN org.identity i USING (provider_id)",
            &[],
        )
        .await
        .unwrap();
    let text: String = rows[0].get(0);
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for hidden in [SECRET, EMAIL, "ada\""] {
        assert!(!text.contains(hidden) && !text.contains(&hex(hidden)), "{text}");
    }
}
