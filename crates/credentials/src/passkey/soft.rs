//! An authenticator and a browser in software, for tests: honest unless told otherwise.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use ciborium::Value as Cbor;
use serde_json::{Value, json};

use crate::base64url;
use crate::secret::sha256;

/// Present, verified, eligible for backup, backed up.
pub(super) const HONEST: u8 = 0b1_1101;

/// One credential, and what it will say next.
pub(super) struct Soft {
    pair: EcdsaKeyPair,
    pub(super) id: Vec<u8>,
    /// The user handle of the registration, as base64url.
    pub(super) handle: Value,
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) origin: String,
    /// Further members of the client data.
    pub(super) client: Value,
    /// Replaces the relying party's id of the options.
    pub(super) rp_id: Option<&'static str>,
    /// Replaces the COSE algorithm of the key.
    pub(super) alg: i64,
}

impl Soft {
    pub(super) fn new(origin: &str) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: vec![1; 32],
            handle: Value::Null,
            flags: HONEST,
            counter: 0,
            origin: origin.to_owned(),
            client: json!({}),
            rp_id: None,
            alg: -7,
        }
    }

    fn client_data(&self, r#type: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": r#type, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        for (name, value) in self.client.as_object().unwrap() {
            data[name] = value.clone();
        }
        data.to_string().into_bytes()
    }

    fn data(&self, rp_id: &Value, flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.unwrap_or(rp_id.as_str().unwrap());
        [&sha256(rp_id.as_bytes())[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// `navigator.credentials.create()`.
    pub(super) fn create(&mut self, options: &Value) -> Value {
        self.handle = options["user"]["id"].clone();
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let integer = |number: i64| Cbor::from(number);
        let key = Cbor::Map(vec![
            (integer(1), integer(2)),
            (integer(3), integer(self.alg)),
            (integer(-1), integer(1)),
            (integer(-2), Cbor::from(x)),
            (integer(-3), Cbor::from(y)),
        ]);
        let mut data = self.data(&options["rp"]["id"], self.flags | 1 << 6);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&key, &mut data).unwrap();
        let object = Cbor::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Cbor::Map(Vec::new())),
            ("authData".into(), Cbor::from(data)),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation).unwrap();
        let client_data = self.client_data("webauthn.create", options);
        registration(&self.id, &client_data, &attestation)
    }

    /// `navigator.credentials.get()`.
    pub(super) fn get(&self, options: &Value) -> Value {
        let data = self.data(&options["rpId"], self.flags);
        let client_data = self.client_data("webauthn.get", options);
        let message = [&data[..], &sha256(&client_data)].concat();
        let signature = self.pair.sign(&aws_lc_rs::rand::SystemRandom::new(), &message).unwrap();
        assertion(&self.id, &client_data, &data, signature.as_ref(), &self.handle)
    }
}

/// What a browser sends after a registration.
pub(super) fn registration(id: &[u8], client_data: &[u8], attestation: &[u8]) -> Value {
    json!({
        "id": base64url::encode(id),
        "rawId": base64url::encode(id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": { "credProps": { "rk": true } },
        "response": {
            "clientDataJSON": base64url::encode(client_data),
            "attestationObject": base64url::encode(attestation),
            "transports": ["internal", "hybrid", "telepathy"],
        },
    })
}

/// What a browser sends after an authentication.
pub(super) fn assertion(
    id: &[u8],
    client_data: &[u8],
    data: &[u8],
    signature: &[u8],
    handle: &Value,
) -> Value {
    json!({
        "id": base64url::encode(id),
        "rawId": base64url::encode(id),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url::encode(client_data),
            "authenticatorData": base64url::encode(data),
            "signature": base64url::encode(signature),
            "userHandle": handle,
        },
    })
}
