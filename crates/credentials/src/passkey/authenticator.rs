//! Authenticator data (WebAuthn 6.1) and the attestation object around it (6.5.4).

use ciborium::Value;
use uuid::Uuid;

use super::Refusal;
use super::key::PublicKey;

/// Bits of the flags.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// What an authenticator says, and signs.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    /// SHA-256 of the relying party's id.
    pub(super) rp_id_hash: [u8; 32],
    flags: u8,
    /// Signatures so far.
    pub(super) counter: u32,
    /// The new credential, in a registration.
    pub(super) attested: Option<Attested>,
}

/// Attested credential data (WebAuthn 6.5.1).
#[derive(Debug)]
pub(super) struct Attested {
    pub(super) aaguid: Uuid,
    pub(super) id: Vec<u8>,
    /// `None` when it is of a kind we did not ask for.
    pub(super) key: Option<PublicKey>,
}

impl AuthenticatorData {
    /// Reads all of `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (&[flags], rest) = rest.split_first_chunk::<1>()?;
        let (counter, mut rest) = rest.split_first_chunk::<4>()?;
        let attested = if flags & ATTESTED == 0 { None } else { Some(Attested::parse(&mut rest)?) };
        if flags & EXTENSIONS != 0 {
            cbor(&mut rest)?.as_map()?;
        }
        let data = Self { rp_id_hash: *rp_id_hash, flags, counter: u32::from_be_bytes(*counter), attested };
        rest.is_empty().then_some(data)
    }

    /// The authenticator data in an attestation object. Format and statement are not looked at: we ask for attestation
    /// `none`, so there is nothing in them to trust.
    pub(super) fn from_attestation(mut object: &[u8]) -> Option<Self> {
        let value = cbor(&mut object).filter(|_| object.is_empty())?;
        let mut members = value.as_map()?.iter();
        let data = members.find(|(key, _)| key.as_text() == Some("authData")).map(|(_, value)| value)?;
        Self::parse(data.as_bytes()?)
    }

    /// Asks for a person, present and verified, and for backup flags that make sense (WebAuthn 7.1, steps 16 to 18;
    /// 7.2, steps 17 to 19).
    pub(super) fn judge(&self) -> Result<(), Refusal> {
        if self.flags & PRESENT == 0 {
            return Err(Refusal::NotPresent);
        }
        if self.flags & VERIFIED == 0 {
            return Err(Refusal::NotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Refusal::Backup);
        }
        Ok(())
    }

    /// Whether the credential may be copied to other devices, ever.
    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether it is, now.
    pub(super) fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl Attested {
    fn parse(rest: &mut &[u8]) -> Option<Self> {
        let (aaguid, after) = rest.split_first_chunk::<16>()?;
        let (length, after) = after.split_first_chunk::<2>()?;
        let (id, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        *rest = after;
        let key = cbor(rest)?;
        key.as_map()?;
        // WebAuthn 7.1, step 25: at most 1,023 bytes.
        let fits = (1..=1023).contains(&id.len());
        fits.then(|| Self {
            aaguid: Uuid::from_bytes(*aaguid),
            id: id.to_vec(),
            key: PublicKey::from_cose(&key),
        })
    }
}

/// The next CBOR item, which may be 16 deep; real ones are 4.
fn cbor(rest: &mut &[u8]) -> Option<Value> {
    ciborium::de::from_reader_with_recursion_limit(rest, 16).ok()
}
