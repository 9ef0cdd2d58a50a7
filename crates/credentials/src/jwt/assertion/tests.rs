use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture::at;
use crate::jwt::{SigningKey, jwks};

const ISSUER: &str = "https://care.example";

fn expected() -> Expected<'static> {
    Expected { client_id: "app", audiences: &[ISSUER, "https://care.example/oauth/token"], now: at(0) }
}

fn claims() -> Value {
    json!({ "iss": "app", "sub": "app", "aud": ISSUER, "exp": at(120).as_second(), "jti": "one" })
}

/// [`claims`] with members set, or taken out where the value is null.
fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// A token of any header and claims, signed by `key` as ES256 whatever the header says.
fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let body = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()));
    let encoding = EncodingKey::from_ec_der(key.pkcs8());
    let signature = jsonwebtoken::crypto::sign(body.as_bytes(), &encoding, Algorithm::ES256).unwrap();
    format!("{body}.{signature}")
}

fn judged(key: &SigningKey, changes: Value) -> Result<ClientAssertion, BadAssertion> {
    let token = key.sign("JWT", &claims_with(changes)).unwrap();
    verify_client_assertion(&token, &jwks([key]), expected())
}

#[test]
fn a_right_assertion_holds() {
    let key = SigningKey::generate().unwrap();
    let token = key.sign("JWT", &claims()).unwrap();
    let assertion = verify_client_assertion(&token, &jwks([&key]), expected()).unwrap();
    assert_eq!(
        (assertion.iss.as_str(), assertion.sub.as_str(), assertion.jti.as_str()),
        ("app", "app", "one")
    );
    assert_eq!(assertion.exp, at(120));
    assert_eq!(claimed_client(&token).as_deref(), Some("app"));
    assert!(judged(&key, json!({ "aud": [ISSUER, "https://care.example/oauth/token"] })).is_ok());
    assert!(
        judged(&key, json!({ "exp": at(120).as_second() as f64 + 0.5, "iat": at(30).as_second() })).is_ok()
    );
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    use BadAssertion::{Audience, Client, Expired, Future, Malformed};
    let key = SigningKey::generate().unwrap();
    let second = |seconds: i64| at(seconds).as_second();
    let cases = [
        (json!({ "iss": "other" }), Client),
        (json!({ "sub": "other" }), Client),
        (json!({ "iss": "other", "sub": "other" }), Client),
        (json!({ "aud": "https://care.example.evil" }), Audience),
        (json!({ "aud": "https://care.example/" }), Audience),
        (json!({ "aud": [] }), Audience),
        (json!({ "aud": [ISSUER, "https://evil.example"] }), Audience),
        (json!({ "aud": null }), Malformed),
        (json!({ "exp": second(-60) }), Expired),
        (json!({ "exp": i64::MIN }), Expired),
        (json!({ "exp": second(361) }), Future),
        (json!({ "exp": i64::MAX }), Future),
        (json!({ "exp": 1e300 }), Future),
        (json!({ "iat": second(61) }), Future),
        (json!({ "nbf": second(61) }), Future),
        (json!({ "exp": null }), Malformed),
        (json!({ "exp": "soon" }), Malformed),
        (json!({ "jti": null }), Malformed),
        (json!({ "jti": "" }), Malformed),
        (json!({ "jti": "x".repeat(256) }), Malformed),
    ];
    for (changes, error) in cases {
        assert_eq!(judged(&key, changes.clone()), Err(error), "{changes}");
    }
    assert!(judged(&key, json!({ "exp": second(-59) })).is_ok());
    assert!(judged(&key, json!({ "exp": second(360) })).is_ok());
}

#[test]
fn tokens_without_a_signature_are_refused() {
    let key = SigningKey::generate().unwrap();
    for alg in ["none", "None", "NONE", ""] {
        let head = base64url::encode(json!({ "alg": alg, "kid": key.kid() }).to_string());
        let body = base64url::encode(claims().to_string());
        for token in [format!("{head}.{body}."), format!("{head}.{body}")] {
            assert_eq!(
                verify_client_assertion(&token, &jwks([&key]), expected()),
                Err(BadAssertion::Algorithm)
            );
        }
    }
    let token = key.sign("JWT", &claims()).unwrap();
    let bare = &token[..=token.rfind('.').unwrap()];
    assert_eq!(verify_client_assertion(bare, &jwks([&key]), expected()), Err(BadAssertion::Signature));
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let key = SigningKey::generate().unwrap();
    let published = jwks([&key]);
    let jwk = &published["keys"][0];
    let point = [&[4][..], &base64url::decode(jwk["x"].as_str().unwrap()).unwrap()].concat();
    for secret in [jwk.to_string().into_bytes(), point, b"".to_vec()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.kid().to_owned());
        let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(verify_client_assertion(&token, &published, expected()), Err(BadAssertion::Algorithm));
        // Nor does a client get there by registering a symmetric key.
        let symmetric =
            json!({ "keys": [{ "kty": "oct", "k": base64url::encode(&secret), "kid": key.kid() }] });
        assert_eq!(verify_client_assertion(&token, &symmetric, expected()), Err(BadAssertion::Algorithm));
    }
}

#[test]
fn the_algorithm_is_the_keys_own() {
    let key = SigningKey::generate().unwrap();
    for alg in ["ES384", "RS256", "PS256", "EdDSA"] {
        let token = signed(&key, &json!({ "alg": alg, "kid": key.kid() }), &claims());
        assert_eq!(
            verify_client_assertion(&token, &jwks([&key]), expected()),
            Err(BadAssertion::Key),
            "{alg}"
        );
    }
    let mut pinned = jwks([&key]);
    pinned["keys"][0]["alg"] = "ES512".into();
    let token = key.sign("JWT", &claims()).unwrap();
    assert_eq!(verify_client_assertion(&token, &pinned, expected()), Err(BadAssertion::Key));
}

#[test]
fn the_key_is_one_the_client_registered() {
    let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let header = |kid: Option<&str>| json!({ "alg": "ES256", "kid": kid, "jwk": other.public_jwk() });
    let verify = |token: &str, keys: &[&SigningKey]| {
        verify_client_assertion(token, &jwks(keys.iter().copied()), expected()).map(|assertion| assertion.jti)
    };
    let claims = claims();
    // Another key under the right name, the right key under another name, a key from the header.
    assert_eq!(
        verify(&signed(&other, &header(Some(key.kid())), &claims), &[&key]),
        Err(BadAssertion::Signature)
    );
    assert_eq!(verify(&signed(&key, &header(Some("?")), &claims), &[&key]), Err(BadAssertion::Key));
    assert_eq!(verify(&signed(&other, &header(Some(other.kid())), &claims), &[&key]), Err(BadAssertion::Key));
    // Without a name only where there is one candidate.
    let nameless = signed(&key, &json!({ "alg": "ES256" }), &claims);
    assert!(verify(&nameless, &[&key]).is_ok());
    assert_eq!(verify(&nameless, &[&key, &other]), Err(BadAssertion::Key));
    assert_eq!(verify(&nameless, &[]), Err(BadAssertion::Key));
    // A key for encryption does not verify.
    let mut published = jwks([&key]);
    published["keys"][0]["use"] = "enc".into();
    assert_eq!(verify_client_assertion(&nameless, &published, expected()), Err(BadAssertion::Key));
}

#[test]
fn extensions_and_other_types_are_refused() {
    let key = SigningKey::generate().unwrap();
    let verify = |header: Value| {
        verify_client_assertion(&signed(&key, &header, &claims()), &jwks([&key]), expected()).map(|_| ())
    };
    assert_eq!(verify(json!({ "alg": "ES256", "crit": ["b64"], "b64": false })), Err(BadAssertion::Critical));
    assert_eq!(verify(json!({ "alg": "ES256", "crit": [] })), Err(BadAssertion::Critical));
    assert_eq!(verify(json!({ "alg": "ES256", "typ": "at+jwt" })), Err(BadAssertion::Type));
    for typ in ["JWT", "jwt", "application/JWT", "client-authentication+jwt"] {
        assert_eq!(verify(json!({ "alg": "ES256", "typ": typ })), Ok(()), "{typ}");
    }
    let token = signed(&key, &json!({ "alg": "ES256" }), &claims());
    let twice = token.replacen(
        &token[..token.find('.').unwrap()],
        &base64url::encode(r#"{"alg":"ES256","alg":"none"}"#),
        1,
    );
    assert_eq!(verify_client_assertion(&twice, &jwks([&key]), expected()), Err(BadAssertion::Malformed));
}

#[test]
fn the_other_families_work_and_small_rsa_keys_do_not() {
    let header = |alg: Algorithm| Header::new(alg);
    let verify = |token: &str, jwk: Value| {
        verify_client_assertion(token, &json!({ "keys": [jwk] }), expected()).map(|_| ())
    };

    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let jwk = json!({ "kty": "EC", "crv": "P-384", "x": base64url::encode(x), "y": base64url::encode(y) });
    let encoding = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    let token = jsonwebtoken::encode(&header(Algorithm::ES384), &claims(), &encoding).unwrap();
    assert_eq!(verify(&token, jwk), Ok(()));

    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(pair.public_key().as_ref()) });
    let encoding = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    let token = jsonwebtoken::encode(&header(Algorithm::EdDSA), &claims(), &encoding).unwrap();
    assert_eq!(verify(&token, jwk), Ok(()));

    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pair = RsaKeyPair::from_pkcs8(private.as_der().unwrap().as_ref()).unwrap();
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let n = n.big_endian_without_leading_zero();
    let jwk = json!({
        "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e.big_endian_without_leading_zero()),
    });
    let pkcs1 = pkcs1_of(private.as_der().unwrap().as_ref());
    for alg in [Algorithm::RS256, Algorithm::RS384, Algorithm::PS256, Algorithm::PS384] {
        let token =
            jsonwebtoken::encode(&header(alg), &claims(), &EncodingKey::from_rsa_der(&pkcs1)).unwrap();
        assert_eq!(verify(&token, jwk.clone()), Ok(()), "{alg:?}");
        let mut small = jwk.clone();
        small["n"] = base64url::encode(&n[..128]).into();
        assert_eq!(verify(&token, small), Err(BadAssertion::Key), "{alg:?}");
    }
}

/// The RSAPrivateKey (RFC 8017, A.1.2) inside PKCS#8: after the header of 26 bytes for a key of 2048 bits.
fn pkcs1_of(pkcs8: &[u8]) -> Vec<u8> {
    pkcs8[26..].to_vec()
}

proptest! {
    #[test]
    fn nothing_sent_panics(jwt in ".*", head in ".*", body in ".*", signature in any::<Vec<u8>>()) {
        let key = SigningKey::generate().unwrap();
        let made = [&base64url::encode(head), &base64url::encode(body), &base64url::encode(signature)].map(String::as_str).join(".");
        for token in [jwt, made] {
            prop_assert!(verify_client_assertion(&token, &jwks([&key]), expected()).is_err());
            claimed_client(&token);
        }
    }

    #[test]
    fn no_change_of_a_byte_goes_unnoticed(at in 0_usize..300, with in "[A-Za-z0-9_.-]") {
        let key = SigningKey::generate().unwrap();
        let mut token = key.sign("JWT", &claims()).unwrap();
        let at = at % token.len();
        let before = token.clone();
        token.replace_range(at..=at, &with);
        prop_assume!(token != before);
        prop_assert!(verify_client_assertion(&token, &jwks([&key]), expected()).is_err());
    }

    #[test]
    fn no_key_set_panics(kty in "EC|RSA|OKP|oct|", crv in "P-256|P-384|Ed25519|", n in "[A-Za-z0-9_-]{0,400}", any in ".*") {
        let token = SigningKey::generate().unwrap().sign("JWT", &claims()).unwrap();
        let keys = json!({ "keys": [{ "kty": kty, "crv": crv, "n": n, "e": any, "x": n, "y": n, "key_ops": any }, any] });
        prop_assert!(verify_client_assertion(&token, &keys, expected()).is_err());
    }
}
