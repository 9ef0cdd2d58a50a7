//! Our signing keys: ECDSA on P-256 with SHA-256 (`ES256`, RFC 7518, 3.4).

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::base64url;
use crate::secret::sha256;

/// The bytes are no P-256 key in PKCS#8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 key")]
pub struct BadKey;

/// The claims are not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claims that JSON cannot hold")]
pub struct Unsignable;

/// A private key and its name.
pub struct SigningKey {
    kid: String,
    x: String,
    y: String,
    encoding: EncodingKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A new key. Its randomness is that of the cryptographic module, not of a `World`: FIPS 186-5 keeps key generation
    /// inside the module's boundary, and no test needs the same key twice.
    ///
    /// # Errors
    /// [`BadKey`] when the module fails.
    pub fn generate() -> Result<Self, BadKey> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| BadKey)?;
        Self::from_pkcs8(pair.to_pkcs8v1().map_err(|_| BadKey)?.as_ref())
    }

    /// The key stored as PKCS#8 (RFC 5208).
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, BadKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| BadKey)?;
        // SEC 1, 2.3.3: 4, then both coordinates at full length.
        let &[4, ref point @ ..] = pair.public_key().as_ref() else { return Err(BadKey) };
        let (x, y) = point.split_at_checked(32).ok_or(BadKey)?;
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        // RFC 7638, 3.2: the required members in order of their names, without spaces.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Ok(Self {
            kid: base64url::encode(sha256(canonical.as_bytes())),
            x,
            y,
            encoding: EncodingKey::from_ec_der(pkcs8),
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
        })
    }

    /// The private key as PKCS#8, to be sealed and stored.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key's name: its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key (RFC 7517).
    pub fn public_jwk(&self) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "alg": "ES256", "use": "sig", "kid": self.kid })
    }

    /// Signs an ID token (OpenID Connect Core 1.0, 2). Which claims it holds is the caller's work.
    ///
    /// # Errors
    /// [`Unsignable`].
    pub fn sign_id_token(&self, claims: &impl Serialize) -> Result<String, Unsignable> {
        self.sign("JWT", claims)
    }

    /// Signs any other token, of the media type `typ` without `application/`: `at+jwt` (RFC 9068), `logout+jwt`.
    ///
    /// # Errors
    /// [`Unsignable`].
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Unsignable> {
        let claims = serde_json::to_value(claims).ok().filter(Value::is_object).ok_or(Unsignable)?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|_| Unsignable)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.kid)
    }
}

/// The key set to publish (RFC 7517, 5): the key that signs, and those that did or soon will.
pub fn jwks<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Value {
    json!({ "keys": keys.into_iter().map(SigningKey::public_jwk).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[test]
    fn what_we_sign_verifies_with_what_we_publish() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign_id_token(&json!({ "sub": "ada", "exp": 1 })).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!((header.kid.as_deref(), header.typ.as_deref()), (Some(key.kid()), Some("JWT")));
        let published = jwks([&key]);
        let jwk: Jwk = serde_json::from_value(published["keys"][0].clone()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        let decoded =
            jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation)
                .unwrap();
        assert_eq!(decoded.claims["sub"], "ada");
        assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), key.kid());
    }

    #[test]
    fn a_key_comes_back_from_its_bytes_and_publishes_no_secret() {
        let key = SigningKey::generate().unwrap();
        let back = SigningKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(back.public_jwk(), key.public_jwk());
        assert!(key.public_jwk().get("d").is_none());
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
        assert_ne!(SigningKey::generate().unwrap().kid(), key.kid());
    }

    #[test]
    fn other_bytes_are_no_key() {
        let key = SigningKey::generate().unwrap();
        assert!(SigningKey::from_pkcs8(b"").is_err());
        assert!(SigningKey::from_pkcs8(&key.pkcs8()[1..]).is_err());
        assert_eq!(key.sign("JWT", &"text").unwrap_err(), Unsignable);
    }
}
