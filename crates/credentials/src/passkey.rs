//! Passkeys: the relying party's side of W3C Web Authentication Level 3, with attestation `none`.
//!
//! One installation is one relying party. Its id is the installation's domain (`care.example`, or `localhost`), and the
//! hosts of organizations below it (`north.care.example`) may use the same passkeys: browsers allow an id that is a
//! suffix of the page's host. Whoever can serve pages below that domain can ask for its passkeys, so no subdomain may be
//! given to strangers.
//!
//! Each ceremony has two halves. The first gives options for the browser and a state for us; the second needs that state
//! back. The caller keeps the state sealed on the server, bound to the browser, and deletes it when the second half
//! begins, whatever comes of it: that makes each challenge good for one try.

mod authenticator;
mod ceremony;
mod client;
mod key;
#[cfg(test)]
mod soft;
#[cfg(test)]
mod tests;

pub use ceremony::{Assertion, Ceremony, Passkeys, Person, RelyingParty};
pub use client::BadRelyingParty;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base64url::Bytes;
use key::PublicKey;

/// A person's passkey as we keep it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    id: Bytes,
    person: Uuid,
    key: PublicKey,
    counter: u32,
    backup_eligible: bool,
    backed_up: bool,
    discoverable: Option<bool>,
    transports: Vec<String>,
    aaguid: Uuid,
    created: Timestamp,
}

impl Passkey {
    /// The passkey stored as `bytes`; `None` when they are not what [`Passkey::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// JSON, to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text, numbers and lists always have a JSON form")
    }

    /// The credential id, 1 to 1,023 bytes: unique in the whole installation (WebAuthn 7.1, step 26).
    pub fn id(&self) -> &[u8] {
        &self.id.0
    }

    /// Whose passkey it is: the user handle.
    pub fn person(&self) -> Uuid {
        self.person
    }

    /// Signatures so far, as the authenticator counts them; 0 where it does not.
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// Whether it is copied to the person's other devices.
    pub fn backed_up(&self) -> bool {
        self.backed_up
    }

    /// Whether it can be found without knowing who is there; `None` when the browser did not say.
    pub fn discoverable(&self) -> Option<bool> {
        self.discoverable
    }

    /// The authenticator's model, unproven; nil where it does not say. Good for a name in a list.
    pub fn aaguid(&self) -> Uuid {
        self.aaguid
    }

    /// When it was registered.
    pub fn created(&self) -> Timestamp {
        self.created
    }
}

/// Why a ceremony fails. For our log: the browser hears one text for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// State or credential is not what it should be.
    #[error("malformed")]
    Malformed,
    /// The ceremony began more than five minutes ago.
    #[error("expired")]
    Expired,
    /// The state or the answer belongs to the other kind of ceremony.
    #[error("another ceremony")]
    Ceremony,
    /// It answers another challenge.
    #[error("another challenge")]
    Challenge,
    /// The page was not one of ours, or sat in a frame of another's.
    #[error("another origin")]
    Origin,
    /// The authenticator signed for another relying party.
    #[error("another relying party")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("nobody present")]
    NotPresent,
    /// The authenticator did not ask for a PIN, a finger or a face.
    #[error("person not verified")]
    NotVerified,
    /// The backup flags contradict each other or the registration.
    #[error("contradictory backup state")]
    Backup,
    /// The key is of an algorithm we did not offer, or no point of its curve.
    #[error("unsupported key")]
    Key,
    /// Not a passkey that was asked for.
    #[error("another passkey")]
    Credential,
    /// The passkey is another person's than the browser says.
    #[error("another person")]
    Person,
    /// The signature is not the passkey's.
    #[error("wrong signature")]
    Signature,
    /// The counter did not go on: someone may have a copy of the authenticator. Worth an alarm.
    #[error("counter went back")]
    Cloned,
}
