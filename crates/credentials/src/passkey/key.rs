//! Public keys of authenticators: COSE (RFC 9052, 7; RFC 9053) in, signatures checked.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use ciborium::Value;
use serde::{Deserialize, Serialize};

use crate::base64url::Bytes;

/// The COSE algorithms we offer, the one we like best first: ES256, EdDSA, RS256 (Windows Hello).
pub(super) const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// A key of one of [`ALGORITHMS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alg")]
pub(super) enum PublicKey {
    /// P-256: the uncompressed point of SEC 1.
    #[serde(rename = "ES256")]
    Es256 { point: Bytes },
    /// Ed25519.
    EdDSA { point: Bytes },
    /// RSA of 2,048 to 8,192 bits.
    #[serde(rename = "RS256")]
    Rs256 { modulus: Bytes, exponent: Bytes },
}

impl PublicKey {
    /// The key of a COSE_Key map; `None` when it is of another kind or no valid key.
    pub(super) fn from_cose(cose: &Value) -> Option<Self> {
        let integer = |label: i64| i64::try_from(member(cose, label)?.as_integer()?).ok();
        let bytes = |label: i64, sizes: std::ops::RangeInclusive<usize>| {
            let bytes = member(cose, label)?.as_bytes()?;
            sizes.contains(&bytes.len()).then(|| bytes.clone())
        };
        // kty (1), alg (3); for curves crv (-1), x (-2), y (-3); for RSA n (-1), e (-2).
        match (integer(1)?, integer(3)?) {
            (2, -7) if integer(-1)? == 1 => {
                let point = [vec![4], bytes(-2, 32..=32)?, bytes(-3, 32..=32)?].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).parse().ok()?;
                Some(Self::Es256 { point: Bytes(point) })
            }
            (1, -8) if integer(-1)? == 6 => Some(Self::EdDSA { point: Bytes(bytes(-2, 32..=32)?) }),
            (3, -257) => {
                let (modulus, exponent) = (bytes(-1, 256..=1024)?, bytes(-2, 1..=8)?);
                let proper = modulus[0] != 0 && exponent[0] != 0;
                proper.then_some(Self::Rs256 { modulus: Bytes(modulus), exponent: Bytes(exponent) })
            }
            _ => None,
        }
    }

    /// Whether `signature` is this key's over `message` (WebAuthn 6.5.5 for the forms).
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point.0).verify(message, signature).is_ok()
            }
            Self::EdDSA { point } => {
                UnparsedPublicKey::new(&ED25519, &point.0).verify(message, signature).is_ok()
            }
            Self::Rs256 { modulus, exponent } => RsaPublicKeyComponents { n: &modulus.0, e: &exponent.0 }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}

/// The value under an integer label of a CBOR map.
fn member(map: &Value, label: i64) -> Option<&Value> {
    let label = Value::from(label);
    map.as_map()?.iter().find(|(key, _)| *key == label).map(|(_, value)| value)
}
