//! The two ceremonies (WebAuthn 7.1 and 7.2).

use jiff::{SignedDuration, Timestamp};
use kernel::World;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::authenticator::AuthenticatorData;
use super::key::ALGORITHMS;
use super::{BadRelyingParty, Passkey, Refusal, client};
use crate::base64url::{self, Bytes};
use crate::secret::{equal, sha256};

/// How long a person may take (WebAuthn 15.1 recommends five minutes).
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// By how much the clocks of two of our servers may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The most bytes of a credential in JSON.
const LONGEST: usize = 64 << 10;

/// What the transports of a credential may be (WebAuthn 5.8.4); others are dropped.
const TRANSPORTS: [&str; 7] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb", "cable"];

/// Who asks for passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain passkeys belong to, in lower case: `care.example`, `localhost`. Changing it loses all passkeys.
    pub id: String,
    /// The name that people are shown.
    pub name: String,
    /// Whether hosts below [`RelyingParty::id`] are ours too.
    pub subdomains: bool,
    /// The port of our pages where it is not 443. For `localhost` any port goes.
    pub port: Option<u16>,
}

/// Whom a passkey is for.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The user handle. It is stored in the authenticator for all to read: an id without meaning.
    pub handle: Uuid,
    /// What the person signs in with.
    pub name: &'a str,
    /// What the person is called.
    pub display_name: &'a str,
}

/// The first half of a ceremony.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// For the browser: `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
    /// For us: to be kept on the server and used once.
    pub state: Vec<u8>,
}

/// What [`Ceremony::state`] holds.
#[derive(Serialize, Deserialize)]
enum State {
    Registration(Pending),
    Authentication(Pending),
}

#[derive(Serialize, Deserialize)]
struct Pending {
    challenge: Bytes,
    began: Timestamp,
    /// In a registration whose the passkey will be.
    person: Option<Uuid>,
    /// In an authentication the passkeys asked for; `None` when any will do.
    asked: Option<Vec<Bytes>>,
}

/// A credential as `toJSON()` of the browser, or @simplewebauthn/browser, writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<R> {
    id: Bytes,
    raw_id: Bytes,
    r#type: String,
    response: R,
    #[serde(default)]
    client_extension_results: Extensions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    cred_props: Option<CredProps>,
}

#[derive(Deserialize)]
struct CredProps {
    rk: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    attestation_object: Bytes,
    #[serde(default)]
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    signature: Bytes,
    #[serde(default)]
    user_handle: Option<Bytes>,
}

/// An answer to an authentication, read but not yet believed: it names the passkey to look up.
pub struct Assertion {
    id: Vec<u8>,
    signed: Signed,
}

impl Assertion {
    /// Reads the credential that the browser sent.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn parse(credential: &[u8]) -> Result<Self, Refusal> {
        let (id, credential) = Credential::<Signed>::parse(credential)?;
        Ok(Self { id, signed: credential.response })
    }

    /// The credential id, under which the [`Passkey`] is stored.
    pub fn credential_id(&self) -> &[u8] {
        &self.id
    }
}

impl<R: DeserializeOwned> Credential<R> {
    fn parse(json: &[u8]) -> Result<(Vec<u8>, Self), Refusal> {
        let short = Some(json).filter(|json| json.len() <= LONGEST);
        let credential: Self =
            short.and_then(|json| serde_json::from_slice(json).ok()).ok_or(Refusal::Malformed)?;
        let id = credential.id.0.clone();
        let sound = id == credential.raw_id.0 && !id.is_empty() && credential.r#type == "public-key";
        if sound { Ok((id, credential)) } else { Err(Refusal::Malformed) }
    }
}

/// One relying party.
#[derive(Clone, Debug)]
pub struct Passkeys {
    party: RelyingParty,
    id_hash: [u8; 32],
}

impl Passkeys {
    /// The relying party of this installation.
    ///
    /// # Errors
    /// [`BadRelyingParty`].
    pub fn new(party: RelyingParty) -> Result<Self, BadRelyingParty> {
        // An address is no domain (WebAuthn 5.1.2): it has digits for its last label.
        let last = party.id.rsplit('.').next().unwrap_or_default();
        let address = last.bytes().all(|byte| byte.is_ascii_digit());
        if !client::is_host(&party.id) || address {
            return Err(BadRelyingParty);
        }
        Ok(Self { id_hash: sha256(party.id.as_bytes()), party })
    }

    /// Begins a registration. `exclude` are the credential ids that the person has already: an authenticator that holds
    /// one of them makes no second.
    pub fn start_registration(&self, world: &World, person: Person<'_>, exclude: &[Vec<u8>]) -> Ceremony {
        let challenge: [u8; 32] = world.random();
        let algorithms: Vec<_> = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg })).into();
        let exclude: Vec<_> =
            exclude.iter().map(|id| json!({ "type": "public-key", "id": base64url::encode(id) })).collect();
        let options = json!({
            "rp": { "id": self.party.id, "name": self.party.name },
            "user": {
                "id": base64url::encode(person.handle.as_bytes()),
                "name": person.name,
                "displayName": person.display_name,
            },
            "challenge": base64url::encode(challenge),
            "pubKeyCredParams": algorithms,
            "timeout": PATIENCE.as_millis() as u64,
            "excludeCredentials": exclude,
            // Discoverable, or else browsers cannot offer it in a form's autofill.
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "extensions": { "credProps": true },
        });
        let pending = Pending {
            challenge: Bytes(challenge.to_vec()),
            began: world.now(),
            person: Some(person.handle),
            asked: None,
        };
        Ceremony { options, state: state(&State::Registration(pending)) }
    }

    /// Ends a registration. The caller stores the passkey unless its id is known already, whoever's it is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn finish_registration(
        &self,
        state: &[u8],
        credential: &[u8],
        now: Timestamp,
    ) -> Result<Passkey, Refusal> {
        let State::Registration(pending) = read_state(state)? else { return Err(Refusal::Ceremony) };
        let person = pending.person.ok_or(Refusal::Malformed)?;
        pending.in_time(now)?;
        let (id, credential) = Credential::<Attestation>::parse(credential)?;
        let response = credential.response;
        client::judge(&response.client_data.0, "webauthn.create", &pending.challenge.0, &self.party)?;
        let data =
            AuthenticatorData::from_attestation(&response.attestation_object.0).ok_or(Refusal::Malformed)?;
        self.is_for_us(&data)?;
        data.judge()?;
        let (backup_eligible, backed_up, counter) = (data.backup_eligible(), data.backed_up(), data.counter);
        let attested = data.attested.ok_or(Refusal::Malformed)?;
        if attested.id != id {
            return Err(Refusal::Credential);
        }
        let known = |transport: &String| TRANSPORTS.contains(&transport.as_str());
        Ok(Passkey {
            id: Bytes(id),
            person,
            key: attested.key.ok_or(Refusal::Key)?,
            counter,
            backup_eligible,
            backed_up,
            discoverable: credential.client_extension_results.cred_props.and_then(|props| props.rk),
            transports: response.transports.into_iter().filter(known).take(TRANSPORTS.len()).collect(),
            aaguid: attested.aaguid,
            created: now,
        })
    }

    /// Begins an authentication with one of these passkeys: the second factor of someone known. With none of them,
    /// nothing will end it.
    pub fn start_authentication(&self, world: &World, passkeys: &[Passkey]) -> Ceremony {
        let allowed = passkeys.iter().map(|passkey| {
            json!({
                "type": "public-key",
                "id": base64url::encode(passkey.id()),
                "transports": passkey.transports,
            })
        });
        self.ask(world, allowed.collect(), Some(passkeys.iter().map(|passkey| passkey.id.clone()).collect()))
    }

    /// Begins an authentication with whatever passkey the person has here: a sign-in without a name, in a form's autofill
    /// or behind a button.
    pub fn start_discoverable(&self, world: &World) -> Ceremony {
        self.ask(world, Vec::new(), None)
    }

    fn ask(&self, world: &World, allowed: Vec<Value>, asked: Option<Vec<Bytes>>) -> Ceremony {
        let challenge: [u8; 32] = world.random();
        let options = json!({
            "rpId": self.party.id,
            "challenge": base64url::encode(challenge),
            "timeout": PATIENCE.as_millis() as u64,
            "allowCredentials": allowed,
            "userVerification": "required",
        });
        let pending =
            Pending { challenge: Bytes(challenge.to_vec()), began: world.now(), person: None, asked };
        Ceremony { options, state: state(&State::Authentication(pending)) }
    }

    /// Ends either authentication: `passkey` is the one stored under [`Assertion::credential_id`]. It comes back with the
    /// new counter, to be stored before the sign-in counts; [`Passkey::person`] is who is there.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::Cloned`] only after everything else held.
    pub fn finish_authentication(
        &self,
        state: &[u8],
        assertion: &Assertion,
        passkey: &Passkey,
        now: Timestamp,
    ) -> Result<Passkey, Refusal> {
        let State::Authentication(pending) = read_state(state)? else { return Err(Refusal::Ceremony) };
        pending.in_time(now)?;
        let asked = pending.asked.as_ref().is_none_or(|asked| asked.contains(&passkey.id));
        if assertion.id != passkey.id() || !asked {
            return Err(Refusal::Credential);
        }
        // WebAuthn 7.2, step 6: who has not said who they are is told by the handle; who has must not be another.
        let signed = &assertion.signed;
        match &signed.user_handle {
            Some(handle) if handle.0 != passkey.person.as_bytes() => return Err(Refusal::Person),
            None if pending.asked.is_none() => return Err(Refusal::Person),
            _ => {}
        }
        client::judge(&signed.client_data.0, "webauthn.get", &pending.challenge.0, &self.party)?;
        let data = AuthenticatorData::parse(&signed.authenticator_data.0).ok_or(Refusal::Malformed)?;
        self.is_for_us(&data)?;
        data.judge()?;
        if data.backup_eligible() != passkey.backup_eligible {
            return Err(Refusal::Backup);
        }
        let message = [&signed.authenticator_data.0[..], &sha256(&signed.client_data.0)].concat();
        if !passkey.key.verifies(&message, &signed.signature.0) {
            return Err(Refusal::Signature);
        }
        // Both zero: the authenticator does not count (WebAuthn 6.1.1).
        if (data.counter, passkey.counter) != (0, 0) && data.counter <= passkey.counter {
            return Err(Refusal::Cloned);
        }
        Ok(Passkey { counter: data.counter, backed_up: data.backed_up(), ..passkey.clone() })
    }

    fn is_for_us(&self, data: &AuthenticatorData) -> Result<(), Refusal> {
        if equal(&data.rp_id_hash, &self.id_hash) { Ok(()) } else { Err(Refusal::RelyingParty) }
    }
}

impl Pending {
    fn in_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let taken = now.duration_since(self.began);
        if (-SKEW..=PATIENCE).contains(&taken) { Ok(()) } else { Err(Refusal::Expired) }
    }
}

fn state(state: &State) -> Vec<u8> {
    serde_json::to_vec(state).expect("text, numbers and lists always have a JSON form")
}

fn read_state(state: &[u8]) -> Result<State, Refusal> {
    serde_json::from_slice(state).map_err(|_| Refusal::Malformed)
}
