use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::authenticator::AuthenticatorData;
use super::client::is_ours;
use super::key::PublicKey;
use super::soft::{HONEST, Soft, registration};
use super::*;
use crate::base64url;
use crate::fixture::{at, world};
use crate::secret::sha256;

const ORIGIN: &str = "https://north.care.example";

fn party(id: &str) -> RelyingParty {
    RelyingParty { id: id.to_owned(), name: "Lamplight".to_owned(), subdomains: true, port: None }
}

fn passkeys() -> Passkeys {
    Passkeys::new(party("care.example")).unwrap()
}

fn ada() -> Person<'static> {
    Person { handle: Uuid::from_u128(0xada), name: "ada@example.org", display_name: "Ada Lovelace" }
}

fn register(soft: &mut Soft) -> Result<Passkey, Refusal> {
    let ceremony = passkeys().start_registration(&world(20), ada(), &[]);
    let credential = soft.create(&ceremony.options);
    passkeys().finish_registration(&ceremony.state, credential.to_string().as_bytes(), at(60))
}

fn authenticate(ceremony: &Ceremony, soft: &Soft, passkey: &Passkey) -> Result<Passkey, Refusal> {
    finish(&ceremony.state, &soft.get(&ceremony.options), passkey)
}

fn finish(state: &[u8], credential: &Value, passkey: &Passkey) -> Result<Passkey, Refusal> {
    let assertion = Assertion::parse(credential.to_string().as_bytes())?;
    passkeys().finish_authentication(state, &assertion, passkey, at(60))
}

#[test]
fn a_passkey_is_registered_and_signs_in_by_name_and_without() {
    let mut soft = Soft::new(ORIGIN);
    let passkey = register(&mut soft).unwrap();
    assert_eq!((passkey.id(), passkey.person(), passkey.counter()), (&[1; 32][..], ada().handle, 0));
    assert_eq!(
        (passkey.discoverable(), passkey.backed_up(), passkey.aaguid()),
        (Some(true), true, Uuid::nil())
    );
    assert_eq!(passkey.created(), at(60));
    let stored = Passkey::from_bytes(&passkey.to_bytes()).unwrap();
    assert_eq!(stored, passkey);

    let named = passkeys().start_authentication(&world(21), std::slice::from_ref(&stored));
    let allowed = &named.options["allowCredentials"][0];
    assert_eq!(allowed["id"], base64url::encode(stored.id()));
    assert_eq!(allowed["transports"], json!(["internal", "hybrid"]), "unknown ones are dropped");
    soft.counter = 5;
    let used = authenticate(&named, &soft, &stored).unwrap();
    assert_eq!(used.counter(), 5);

    let nameless = passkeys().start_discoverable(&world(22));
    assert_eq!(nameless.options["allowCredentials"], json!([]));
    soft.counter = 6;
    assert_eq!(authenticate(&nameless, &soft, &used).unwrap().person(), ada().handle);
}

#[test]
fn options_have_the_shape_of_the_standard() {
    let ceremony = passkeys().start_registration(&world(23), ada(), &[vec![1, 2, 3]]);
    let options = ceremony.options;
    assert_eq!(options["rp"], json!({ "id": "care.example", "name": "Lamplight" }));
    assert_eq!(options["user"]["id"], base64url::encode(ada().handle.as_bytes()));
    assert_eq!(options["user"]["displayName"], "Ada Lovelace");
    assert_eq!(options["excludeCredentials"], json!([{ "type": "public-key", "id": "AQID" }]));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!((&options["attestation"], &options["timeout"]), (&json!("none"), &json!(300_000)));
    assert_eq!(options["pubKeyCredParams"][0], json!({ "type": "public-key", "alg": -7 }));
    assert_eq!(options["challenge"].as_str().unwrap().len(), 43);
    let request = passkeys().start_discoverable(&world(23)).options;
    assert_eq!(
        (&request["rpId"], &request["userVerification"]),
        (&json!("care.example"), &json!("required"))
    );
    let other = passkeys().start_discoverable(&world(24)).options;
    assert_ne!(request["challenge"], other["challenge"]);
}

/// How an authenticator, a browser or a thief lies, and what we say to it.
type Lie = (fn(&mut Soft), Refusal);

const LIES: [Lie; 10] = [
    (|soft| soft.origin = "https://care.example.evil".to_owned(), Refusal::Origin),
    (|soft| soft.origin = "http://care.example".to_owned(), Refusal::Origin),
    (|soft| soft.client = json!({ "crossOrigin": true }), Refusal::Origin),
    (|soft| soft.client = json!({ "topOrigin": "https://evil.example" }), Refusal::Origin),
    (|soft| soft.client = json!({ "challenge": "AAAA" }), Refusal::Challenge),
    (|soft| soft.client = json!({ "type": "payment.get" }), Refusal::Ceremony),
    (|soft| soft.rp_id = Some("evil.example"), Refusal::RelyingParty),
    (|soft| soft.flags = HONEST & !1, Refusal::NotPresent),
    (|soft| soft.flags = HONEST & !(1 << 2), Refusal::NotVerified),
    (|soft| soft.flags = HONEST & !(1 << 3), Refusal::Backup),
];

#[test]
fn lies_are_refused_in_both_ceremonies() {
    for (lie, refusal) in LIES {
        let mut soft = Soft::new(ORIGIN);
        lie(&mut soft);
        assert_eq!(register(&mut soft).unwrap_err(), refusal);

        let mut soft = Soft::new(ORIGIN);
        let passkey = register(&mut soft).unwrap();
        lie(&mut soft);
        let ceremony = passkeys().start_authentication(&world(25), std::slice::from_ref(&passkey));
        assert_eq!(authenticate(&ceremony, &soft, &passkey).unwrap_err(), refusal);
    }
}

#[test]
fn an_algorithm_we_did_not_offer_is_refused() {
    let mut soft = Soft::new(ORIGIN);
    soft.alg = -47;
    assert_eq!(register(&mut soft).unwrap_err(), Refusal::Key);
    let no_point = ciborium::Value::Map(
        [(1, 2.into()), (3, (-7).into()), (-1, 1.into()), (-2, vec![1; 32].into()), (-3, vec![1; 32].into())]
            .map(|(label, value): (i64, ciborium::Value)| (label.into(), value))
            .to_vec(),
    );
    assert_eq!(PublicKey::from_cose(&no_point), None);
}

#[test]
fn a_counter_that_does_not_go_on_is_a_copy() {
    let mut soft = Soft::new(ORIGIN);
    soft.counter = 7;
    let passkey = register(&mut soft).unwrap();
    let ceremony = passkeys().start_discoverable(&world(26));
    for (counter, held) in [(0, false), (6, false), (7, false), (8, true)] {
        soft.counter = counter;
        let outcome = authenticate(&ceremony, &soft, &passkey);
        assert_eq!(outcome.map(|used| used.counter()), if held { Ok(8) } else { Err(Refusal::Cloned) });
    }
}

#[test]
fn nobody_signs_in_with_what_is_not_theirs() {
    let mut soft = Soft::new(ORIGIN);
    let passkey = register(&mut soft).unwrap();
    let mut thief = Soft::new(ORIGIN);
    thief.handle = soft.handle.clone();
    let nameless = passkeys().start_discoverable(&world(27));
    assert_eq!(authenticate(&nameless, &thief, &passkey).unwrap_err(), Refusal::Signature);

    thief.id = vec![2; 32];
    let theirs = register(&mut thief).unwrap();
    let named = passkeys().start_authentication(&world(28), std::slice::from_ref(&passkey));
    assert_eq!(
        authenticate(&named, &thief, &theirs).unwrap_err(),
        Refusal::Credential,
        "not the one asked for"
    );
    assert_eq!(
        authenticate(&named, &thief, &passkey).unwrap_err(),
        Refusal::Credential,
        "not the one looked up"
    );
    let none = passkeys().start_authentication(&world(28), &[]);
    assert_eq!(
        authenticate(&none, &soft, &passkey).unwrap_err(),
        Refusal::Credential,
        "none asked for, none good"
    );

    soft.handle = json!(base64url::encode(Uuid::from_u128(0xbad)));
    assert_eq!(authenticate(&named, &soft, &passkey).unwrap_err(), Refusal::Person);
    soft.handle = Value::Null;
    assert_eq!(authenticate(&nameless, &soft, &passkey).unwrap_err(), Refusal::Person);
    assert!(
        authenticate(&named, &soft, &passkey).is_ok(),
        "keys of old give no handle to those who are known"
    );
}

#[test]
fn ceremonies_do_not_mix_and_do_not_last() {
    let mut soft = Soft::new(ORIGIN);
    let passkey = register(&mut soft).unwrap();
    let (begun, asked) =
        (passkeys().start_registration(&world(29), ada(), &[]), passkeys().start_discoverable(&world(30)));
    let created = soft.create(&begun.options).to_string();
    let got = soft.get(&asked.options);
    let end = |state: &[u8], now| passkeys().finish_registration(state, created.as_bytes(), now).map(|_| ());
    assert_eq!(end(&asked.state, at(1)), Err(Refusal::Ceremony));
    assert_eq!(end(&begun.state, at(301)), Err(Refusal::Expired));
    assert_eq!(end(&begun.state, at(-61)), Err(Refusal::Expired));
    assert_eq!(end(&begun.state, at(300)), Ok(()));
    assert_eq!(end(b"{}", at(1)), Err(Refusal::Malformed));
    assert_eq!(finish(&begun.state, &got, &passkey).unwrap_err(), Refusal::Ceremony);
    let later = passkeys().start_discoverable(&world(31));
    assert_eq!(finish(&later.state, &got, &passkey).unwrap_err(), Refusal::Challenge);
}

#[test]
fn a_change_of_what_was_signed_is_noticed() {
    let mut soft = Soft::new(ORIGIN);
    let passkey = register(&mut soft).unwrap();
    let ceremony = passkeys().start_discoverable(&world(32));
    let mut credential = soft.get(&ceremony.options);
    let data = base64url::decode(credential["response"]["clientDataJSON"].as_str().unwrap()).unwrap();
    credential["response"]["clientDataJSON"] = base64url::encode([&data[..], b" "].concat()).into();
    assert_eq!(finish(&ceremony.state, &credential, &passkey).unwrap_err(), Refusal::Signature);
}

#[test]
fn a_credential_has_one_id() {
    let mut soft = Soft::new(ORIGIN);
    let ceremony = passkeys().start_registration(&world(36), ada(), &[]);
    let honest = soft.create(&ceremony.options);
    let end = |credential: &Value| {
        passkeys().finish_registration(&ceremony.state, credential.to_string().as_bytes(), at(1)).map(|_| ())
    };
    let mut two = honest.clone();
    two["rawId"] = "AQID".into();
    assert_eq!(end(&two), Err(Refusal::Malformed));
    let mut unsigned = two;
    unsigned["id"] = "AQID".into();
    assert_eq!(end(&unsigned), Err(Refusal::Credential), "not the one the authenticator made");
    assert_eq!(end(&honest), Ok(()));
}

#[test]
fn a_passkey_cannot_become_eligible_for_backup() {
    let mut soft = Soft::new(ORIGIN);
    soft.flags = 0b101;
    let passkey = register(&mut soft).unwrap();
    soft.flags = HONEST;
    let ceremony = passkeys().start_discoverable(&world(33));
    assert_eq!(authenticate(&ceremony, &soft, &passkey).unwrap_err(), Refusal::Backup);
}

#[test]
fn pages_are_ours_by_scheme_host_and_port() {
    let care = party("care.example");
    let local = party("localhost");
    let ported = RelyingParty { port: Some(8443), ..care.clone() };
    let alone = RelyingParty { subdomains: false, ..care.clone() };
    let cases = [
        (&care, "https://care.example", true),
        (&care, "https://north.care.example", true),
        (&care, "https://a.b.care.example", true),
        (&care, "http://care.example", false),
        (&care, "https://care.example:8443", false),
        (&care, "https://care.example:", false),
        (&care, "https://care.example/", false),
        (&care, "https://evilcare.example", false),
        (&care, "https://care.example.evil", false),
        (&care, "https://.care.example", false),
        (&care, "https://evil@care.example", false),
        (&care, "https://evil.example/.care.example", false),
        (&care, "https://evil.example#.care.example", false),
        (&care, "null", false),
        (&care, "android:apk-key-hash:abc", false),
        (&alone, "https://care.example", true),
        (&alone, "https://north.care.example", false),
        (&ported, "https://north.care.example:8443", true),
        (&ported, "https://care.example", false),
        (&ported, "https://care.example:08443", false),
        (&local, "http://localhost", true),
        (&local, "http://localhost:5173", true),
        (&local, "https://north.localhost:8080", true),
        (&local, "http://localhost:99999", false),
        (&local, "http://localhost.evil:80", false),
        (&local, "ftp://localhost", false),
    ];
    for (party, origin, ours) in cases {
        assert_eq!(is_ours(origin, party), ours, "{origin} for {party:?}");
    }
    for id in [
        "",
        "Care.example",
        "care.example.",
        "https://care.example",
        "care.example:443",
        "127.0.0.1",
        "-a.example",
    ] {
        assert_eq!(Passkeys::new(party(id)).err(), Some(BadRelyingParty), "{id}");
    }
}

// WebAuthn Level 3, 16: "ES256 Credential with No Attestation", for `example.org`; the person is not verified.
const ATTESTATION: &str = "\
    a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735a\
    e7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70\
    189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20d\
    b90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b\
    9220";
const DATA: &str = "\
    bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
const CLIENT_DATA: &str = "\
    7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455\
    506f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a226874747073\
    3a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
const SIGNATURE: &str = "\
    3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b935381\
    74f575bf11a1dd5d78c6e486013f937295ea13653e331e87";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_example_of_the_standard_is_read_and_verified_but_refused_for_want_of_verification() {
    let attested = AuthenticatorData::from_attestation(&hex(ATTESTATION)).unwrap();
    assert_eq!(attested.rp_id_hash, sha256(b"example.org"));
    assert_eq!(attested.judge(), Err(Refusal::NotVerified));
    let credential = attested.attested.unwrap();
    assert_eq!(credential.id, hex("f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4"));
    assert_eq!(credential.aaguid.as_bytes()[..], hex("8446ccb9ab1db374750b2367ff6f3a1f"));
    let key = credential.key.unwrap();

    let message = [hex(DATA), sha256(&hex(CLIENT_DATA)).to_vec()].concat();
    assert!(key.verifies(&message, &hex(SIGNATURE)));
    assert!(!key.verifies(&message[1..], &hex(SIGNATURE)));
    let challenge = hex("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408");
    assert_eq!(client::judge(&hex(CLIENT_DATA), "webauthn.get", &challenge, &party("example.org")), Ok(()));
    assert_eq!(AuthenticatorData::parse(&hex(DATA)).unwrap().judge(), Err(Refusal::NotVerified));
}

#[test]
fn keys_of_the_other_algorithms_verify() {
    let map = |members: Vec<(i64, ciborium::Value)>| {
        ciborium::Value::Map(members.into_iter().map(|(label, value)| (label.into(), value)).collect())
    };
    let pair = Ed25519KeyPair::generate().unwrap();
    let point = |bytes: &[u8]| vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, bytes.into())];
    let key = PublicKey::from_cose(&map(point(pair.public_key().as_ref()))).unwrap();
    assert!(key.verifies(b"text", pair.sign(b"text").as_ref()) && !key.verifies(b"text", &[0; 64]));
    assert_eq!(PublicKey::from_cose(&map(point(&[1; 31]))), None);

    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
    let rsa = |n: &[u8]| vec![(1, 3.into()), (3, (-257).into()), (-1, n.into()), (-2, e.into())];
    let key = PublicKey::from_cose(&map(rsa(n))).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), b"text", &mut signature).unwrap();
    assert!(key.verifies(b"text", &signature) && !key.verifies(b"other", &signature));
    assert_eq!(PublicKey::from_cose(&map(rsa(&n[..128]))), None, "1,024 bits");
    let stored: PublicKey = serde_json::from_slice(&serde_json::to_vec(&key).unwrap()).unwrap();
    assert_eq!(stored, key);
}

#[test]
fn trailing_and_missing_bytes_are_malformed() {
    let data = hex(DATA);
    assert!(AuthenticatorData::parse(&[&data[..], &[0]].concat()).is_none());
    for length in 0..data.len() {
        assert!(AuthenticatorData::parse(&data[..length]).is_none(), "{length}");
    }
    let object = hex(ATTESTATION);
    assert!(AuthenticatorData::from_attestation(&[&object[..], &[0]].concat()).is_none());
    for length in 0..object.len() {
        assert!(AuthenticatorData::from_attestation(&object[..length]).is_none(), "{length}");
    }
    // An array nested deeper than any stack.
    assert!(AuthenticatorData::from_attestation(&[0x81; 1 << 16]).is_none());
    // A string that claims to have 2^63 bytes.
    assert!(
        AuthenticatorData::from_attestation(&[0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
            .is_none()
    );
}

proptest! {
    #[test]
    fn nothing_an_authenticator_says_panics(mut object in Just(hex(ATTESTATION)), place in 0_usize..190, byte: u8, noise: Vec<u8>) {
        AuthenticatorData::parse(&noise);
        AuthenticatorData::from_attestation(&noise);
        let place = place % object.len();
        object[place] = byte;
        AuthenticatorData::from_attestation(&object);
        let ceremony = passkeys().start_registration(&world(34), ada(), &[]);
        let credential = registration(&[1], &noise, &object).to_string();
        prop_assert!(passkeys().finish_registration(&ceremony.state, credential.as_bytes(), at(1)).is_err());
    }

    #[test]
    fn nothing_a_browser_says_panics(credential in ".*", origin in ".*", stored: Vec<u8>) {
        let ceremony = passkeys().start_registration(&world(35), ada(), &[]);
        prop_assert!(passkeys().finish_registration(&ceremony.state, credential.as_bytes(), at(1)).is_err());
        prop_assert!(passkeys().finish_registration(&stored, credential.as_bytes(), at(1)).is_err());
        prop_assert!(Assertion::parse(credential.as_bytes()).is_err());
        prop_assert!(Passkey::from_bytes(&stored).is_none());
        is_ours(&origin, &party("care.example"));
    }
}
