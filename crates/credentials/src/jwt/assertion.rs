//! How a client proves who it is with a key of its own: `private_key_jwt` (RFC 7523, 3; OpenID Connect Core 1.0, 9; SMART
//! App Launch 2, client-confidential-asymmetric).
//!
//! The token's header is never asked which key to trust: `jwk`, `jku` and `x5c` in it are ignored. The algorithm is the
//! one of the key that the client registered, so that no public key ends up as the secret of an HMAC.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::base64url;

/// Seconds that an assertion may still have to live (SMART App Launch 2: five minutes).
const LIFETIME: i64 = 300;

/// Seconds by which two clocks may differ.
const SKEW: i64 = 60;

/// The most bytes of an assertion.
const LONGEST: usize = 16 << 10;

/// The most keys of a client that are looked at.
const MOST_KEYS: usize = 64;

/// What an assertion must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client whose keys are used, as registered.
    pub client_id: &'a str,
    /// Our names: the issuer and, for older clients, the URL of the token endpoint. Each audience of an assertion must be
    /// one of them, and equal to the last character.
    pub audiences: &'a [&'a str],
    /// The present instant.
    pub now: Timestamp,
}

/// The claims of an assertion that holds. The caller remembers `jti` of this client until a minute after `exp`, and
/// refuses it when it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAssertion {
    /// The issuer: the client's id.
    pub iss: String,
    /// The subject: the same.
    pub sub: String,
    /// The id of this assertion, 1 to 255 bytes.
    pub jti: String,
    /// When it ends.
    pub exp: Timestamp,
}

/// Why an assertion does not hold. For our log: the client hears `invalid_client` and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    /// Not three parts of base64url with a header and claims of the right form, or too long.
    #[error("malformed")]
    Malformed,
    /// An algorithm that we do not take: `none`, an HMAC, an unknown one.
    #[error("algorithm refused")]
    Algorithm,
    /// `crit` names extensions; we know none (RFC 7515, 4.1.11).
    #[error("critical extension")]
    Critical,
    /// `typ` says that it is some other token.
    #[error("another type of token")]
    Type,
    /// No registered key of this `kid` and algorithm, or, without `kid`, not exactly one.
    #[error("no such key")]
    Key,
    /// The signature is not that key's.
    #[error("wrong signature")]
    Signature,
    /// `iss` or `sub` is not the client.
    #[error("another client")]
    Client,
    /// An audience is missing or not us.
    #[error("another audience")]
    Audience,
    /// `exp` is past.
    #[error("expired")]
    Expired,
    /// `exp` is too far ahead, or `iat` or `nbf` is ahead.
    #[error("from the future")]
    Future,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Seconds,
    iat: Option<Seconds>,
    nbf: Option<Seconds>,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A NumericDate (RFC 7519, 2), which may have a fraction.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Seconds {
    Whole(i64),
    Broken(f64),
}

impl Seconds {
    fn whole(self) -> i64 {
        match self {
            Self::Whole(seconds) => seconds,
            // Casting keeps within the bounds.
            Self::Broken(seconds) => seconds.floor() as i64,
        }
    }
}

/// The client that an assertion says it is from, unproven: good for finding the client's keys and for nothing else.
pub fn claimed_client(jwt: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    let claims = jwt.split('.').nth(1).filter(|_| jwt.len() <= LONGEST)?;
    serde_json::from_slice::<Claimed>(&base64url::decode(claims)?).ok().map(|claimed| claimed.sub)
}

/// Checks an assertion against the keys which the client registered, as a JWK set (RFC 7517, 5).
///
/// # Errors
/// [`BadAssertion`]: the first thing that does not hold.
pub fn verify_client_assertion(
    jwt: &str,
    jwks: &Value,
    expected: Expected<'_>,
) -> Result<ClientAssertion, BadAssertion> {
    if jwt.len() > LONGEST {
        return Err(BadAssertion::Malformed);
    }
    let head = jwt.split('.').next().and_then(base64url::decode);
    let head: Head =
        head.and_then(|head| serde_json::from_slice(&head).ok()).ok_or(BadAssertion::Malformed)?;
    let algorithm = algorithm(&head.alg).ok_or(BadAssertion::Algorithm)?;
    if head.crit.is_some() {
        return Err(BadAssertion::Critical);
    }
    if !head.typ.as_deref().is_none_or(is_our_type) {
        return Err(BadAssertion::Type);
    }
    let key = key(jwks, &head, algorithm).ok_or(BadAssertion::Key)?;

    let mut validation = Validation::new(algorithm);
    // Time and audience are judged below: the library asks the machine's clock, and lets some audiences pass.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims =
        jsonwebtoken::decode::<Claims>(jwt, &key, &validation).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => BadAssertion::Signature,
            _ => BadAssertion::Malformed,
        })?;
    judge(claims.claims, expected)
}

fn judge(claims: Claims, expected: Expected<'_>) -> Result<ClientAssertion, BadAssertion> {
    if claims.iss != expected.client_id || claims.sub != expected.client_id {
        return Err(BadAssertion::Client);
    }
    let audiences = match claims.aud {
        Audience::One(audience) => vec![audience],
        Audience::Many(audiences) => audiences,
    };
    // One that is also meant for others could be used by them, or be theirs.
    let ours = |audience: &String| expected.audiences.contains(&audience.as_str());
    if audiences.is_empty() || !audiences.iter().all(ours) {
        return Err(BadAssertion::Audience);
    }
    let (now, exp) = (expected.now.as_second(), claims.exp.whole());
    if exp <= now.saturating_sub(SKEW) {
        return Err(BadAssertion::Expired);
    }
    let begins = [claims.iat, claims.nbf].into_iter().flatten().map(Seconds::whole).max();
    if exp > now.saturating_add(LIFETIME + SKEW)
        || begins.is_some_and(|begin| begin > now.saturating_add(SKEW))
    {
        return Err(BadAssertion::Future);
    }
    if claims.jti.is_empty() || claims.jti.len() > 255 {
        return Err(BadAssertion::Malformed);
    }
    let exp = Timestamp::from_second(exp).map_err(|_| BadAssertion::Malformed)?;
    Ok(ClientAssertion { iss: claims.iss, sub: claims.sub, jti: claims.jti, exp })
}

/// The algorithms we take: signatures only, of at least 128 bits of strength where the curve decides.
fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "PS256" => Some(Algorithm::PS256),
        "PS384" => Some(Algorithm::PS384),
        "EdDSA" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// RFC 7515, 4.1.9: compared without case, and without `application/`.
fn is_our_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    ["jwt", "client-authentication+jwt"].contains(&typ.strip_prefix("application/").unwrap_or(&typ))
}

/// The one registered key that may have signed.
fn key(jwks: &Value, head: &Head, algorithm: Algorithm) -> Option<DecodingKey> {
    let keys = jwks.get("keys")?.as_array()?.iter().take(MOST_KEYS);
    let named = |jwk: &&Value| head.kid.is_none() || jwk["kid"].as_str() == head.kid.as_deref();
    let mut fitting = keys.filter(named).filter_map(|jwk| fit(jwk, &head.alg, algorithm));
    let key = fitting.next()?;
    fitting.next().is_none().then_some(key)
}

/// The key of a JWK, when it is for signatures of this algorithm.
fn fit(jwk: &Value, name: &str, algorithm: Algorithm) -> Option<DecodingKey> {
    let text = |member: &str| jwk[member].as_str();
    let verifies = jwk["key_ops"].as_array().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if text("use").is_some_and(|purpose| purpose != "sig")
        || text("alg").is_some_and(|alg| alg != name)
        || !verifies
    {
        return None;
    }
    let coordinate = |member: &str, bytes: usize| {
        text(member).filter(|text| base64url::decode(text).is_some_and(|number| number.len() == bytes))
    };
    match (text("kty")?, text("crv"), algorithm) {
        ("EC", Some("P-256"), Algorithm::ES256) => {
            DecodingKey::from_ec_components(coordinate("x", 32)?, coordinate("y", 32)?).ok()
        }
        ("EC", Some("P-384"), Algorithm::ES384) => {
            DecodingKey::from_ec_components(coordinate("x", 48)?, coordinate("y", 48)?).ok()
        }
        ("OKP", Some("Ed25519"), Algorithm::EdDSA) => {
            DecodingKey::from_ed_components(coordinate("x", 32)?).ok()
        }
        ("RSA", _, Algorithm::RS256 | Algorithm::RS384 | Algorithm::PS256 | Algorithm::PS384) => {
            let modulus = base64url::decode(text("n")?)?;
            let bits =
                modulus.iter().position(|byte| *byte != 0).map_or(0, |zeros| (modulus.len() - zeros) * 8);
            (2048..=8192)
                .contains(&bits)
                .then(|| DecodingKey::from_rsa_components(text("n")?, text("e")?).ok())?
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
