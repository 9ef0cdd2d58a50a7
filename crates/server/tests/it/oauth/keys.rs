//! The keys of an organization change without anyone noticing.

use std::sync::Arc;

use jiff::SignedDuration;
use kernel::{FixedClock, SystemEntropy, World};
use testkit::{Settings, TestApp};

use super::{ALL, House, part};

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_kept_until_its_last_token_ended() {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(SystemEntropy::default()));
    let app = TestApp::in_world(Settings::default(), world).await;
    let house = House::new(&app).await;
    let client = house.client(ALL, None).await;
    let given = house.tokens(&client, ALL).await;
    let kids = async || {
        let published = house.browser.get("/oauth/jwks").await.expect_status(200).json();
        let keys = published["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut refresh = given["refresh_token"].as_str().unwrap().to_owned();
    let mut signed = async || {
        let again = house.refresh(&client, &refresh).await.expect_status(200).json();
        again["refresh_token"].as_str().unwrap().clone_into(&mut refresh);
        part(again["id_token"].as_str().unwrap(), 0)["kid"].as_str().unwrap().to_owned()
    };
    let old = signed().await;
    assert_eq!(kids().await, std::slice::from_ref(&old));
    for _ in 0..3 {
        clock.advance(SignedDuration::from_hours(24 * 29));
        signed().await;
    }
    assert_eq!(kids().await, std::slice::from_ref(&old));
    // The ninetieth day is the family's last, and the key's.
    clock.advance(SignedDuration::from_hours(24 * 3));
    let both = kids().await;
    assert_eq!((both.len(), &both[0]), (2, &old));
    let again = house.browser.sign_in(&house.nurse.email, testkit::PASSWORD).await.expect_status(200).json();
    let code = app.code(&house.nurse.totp, 0);
    let body = serde_json::json!({"login": again["login"], "kind": "totp", "code": code});
    house.browser.post("/api/auth/login/factor", &body).await.expect_status(200);
    let given = house.tokens(&client, ALL).await;
    assert_eq!(part(given["id_token"].as_str().unwrap(), 0)["kid"], old, "published, not yet signing");
    let refresh = given["refresh_token"].as_str().unwrap();
    clock.advance(SignedDuration::from_hours(24));
    let given = house.refresh(&client, refresh).await.expect_status(200).json();
    assert_eq!(part(given["id_token"].as_str().unwrap(), 0)["kid"], both[1]);
    assert_eq!(kids().await, both, "the last tokens of the old key still stand");
    clock.advance(SignedDuration::from_mins(16));
    assert_eq!(kids().await, both[1..]);
}
