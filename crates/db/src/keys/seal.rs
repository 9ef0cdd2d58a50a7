//! Sealing one value: AES-256-GCM under a key of its own row, bound to the place it stands in.
//!
//! A sealed value is `algorithm (1) | key number (2, big endian) | dictionary (1) | nonce (12) | ciphertext | tag (16)`.
//! The key of a row is HKDF of the patient's (or organization's) key and the row's id, so that the limit of messages
//! per key is counted per row. The associated data is the place and the header: nothing can be moved or relabelled.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use kernel::{DataClass, OrganizationId, PatientId, ResourceId, Version, World};
use zeroize::Zeroizing;

use super::root::derive;
use crate::Error;

const ALGORITHM: u8 = 1;
const HEADER: usize = 4;
const NONCE: usize = 12;

/// Where a sealed value stands. Opening it anywhere else fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The organization.
    pub organization: OrganizationId,
    /// The patient, for rows of a patient.
    pub patient: Option<PatientId>,
    /// The data class.
    pub class: DataClass,
    /// The table, by a number that never changes (1: `chart.resource` and its past; 24: `chart.draft`; the others are
    /// [`crate::Drawer`]s).
    pub table: u8,
    /// The row.
    pub row: ResourceId,
    /// The row's version.
    pub version: Version,
}

impl Place {
    /// The place alone, for what has a header of another form.
    pub(super) fn bound(&self) -> [u8; 59] {
        self.bytes([0; HEADER])
    }

    fn bytes(&self, header: [u8; HEADER]) -> [u8; 59] {
        let mut aad = [0; 59];
        aad[..11].copy_from_slice(b"lamplight/1");
        aad[11..15].copy_from_slice(&self.organization.0.to_be_bytes());
        aad[15] = u8::from(self.patient.is_some());
        if let Some(patient) = self.patient {
            aad[16..32].copy_from_slice(patient.0.as_bytes());
        }
        aad[32..34].copy_from_slice(&(self.class as i16).to_be_bytes());
        aad[34] = self.table;
        aad[35..51].copy_from_slice(self.row.0.as_bytes());
        aad[51..55].copy_from_slice(&self.version.0.to_be_bytes());
        aad[55..].copy_from_slice(&header);
        aad
    }
}

/// A key that seals values: of one patient and class, or of an organization.
pub struct DataKey {
    number: u16,
    key: Zeroizing<[u8; 32]>,
}

impl DataKey {
    pub(crate) fn new(number: u16, key: Zeroizing<[u8; 32]>) -> Self {
        Self { number, key }
    }

    /// A key of these bytes, for `fuzz/`: keys are made by the keyring alone.
    #[cfg(fuzzing)]
    pub fn for_fuzzing(bytes: [u8; 32]) -> Self {
        Self::new(1, Zeroizing::new(bytes))
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.key
    }

    fn row_key(&self, place: &Place) -> LessSafeKey {
        let bytes = derive(&self.key, &[b"lamplight/row/", place.row.0.as_bytes()]);
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).expect("AES-256 takes 32 bytes");
        LessSafeKey::new(key)
    }

    /// Seals `clear`, which was compressed with the dictionary set `dictionary` (0: not compressed).
    pub fn seal(&self, place: &Place, dictionary: u8, clear: &[u8], world: &World) -> Vec<u8> {
        let [high, low] = self.number.to_be_bytes();
        let header = [ALGORITHM, high, low, dictionary];
        let nonce = world.random::<NONCE>();
        let mut sealed = Vec::with_capacity(HEADER + NONCE + clear.len() + 16);
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(&nonce);
        let mut body = clear.to_vec();
        self.row_key(place)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.bytes(header)),
                &mut body,
            )
            .expect("bodies are far shorter than AES-GCM's limit");
        sealed.append(&mut body);
        sealed
    }

    /// Opens a sealed value; gives it with the number of its dictionary set.
    ///
    /// # Errors
    /// [`Error::Seal`] when it was altered, moved, or sealed under another key.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<(u8, Vec<u8>), Error> {
        let header: [u8; HEADER] =
            sealed.get(..HEADER).and_then(|h| h.try_into().ok()).ok_or(Error::Seal("too short"))?;
        if header[0] != ALGORITHM {
            return Err(Error::Seal("unknown algorithm"));
        }
        let nonce = sealed.get(HEADER..HEADER + NONCE).ok_or(Error::Seal("too short"))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Seal("too short"))?;
        let mut body = sealed[HEADER + NONCE..].to_vec();
        let length = self
            .row_key(place)
            .open_in_place(nonce, Aad::from(place.bytes(header)), &mut body)
            .map_err(|_| Error::Seal("it does not open here under this key"))?
            .len();
        body.truncate(length);
        Ok((header[3], body))
    }
}

/// The number of the key that a sealed value says it was sealed with.
pub(crate) fn key_number(sealed: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*sealed.get(1)?, *sealed.get(2)?]))
}

/// The key under which searchable values become tokens (HMAC-SHA-256, cut to 64 bits).
#[derive(Clone)]
pub struct SearchKey {
    key: hmac::Key,
}

impl SearchKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    /// The token of `parts`; the parts are kept apart by their lengths.
    pub fn token(&self, parts: &[&[u8]]) -> i64 {
        let digest = self.digest(parts);
        let mut token = [0; 8];
        token.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(token)
    }

    /// The whole HMAC of `parts`.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut message = [0u8; 256];
        let length: usize = parts.iter().map(|part| part.len() + 4).sum();
        let mut out = [0; 32];
        if length <= message.len() {
            let mut at = 0;
            for part in parts {
                message[at..at + 4]
                    .copy_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                message[at + 4..at + 4 + part.len()].copy_from_slice(part);
                at += 4 + part.len();
            }
            out.copy_from_slice(hmac::sign(&self.key, &message[..at]).as_ref());
        } else {
            let mut context = hmac::Context::with_key(&self.key);
            for part in parts {
                context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                context.update(part);
            }
            out.copy_from_slice(context.sign().as_ref());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemClock;
    use std::sync::Arc;
    use uuid::Uuid;

    use super::*;

    fn world() -> World {
        World::new(Arc::new(SystemClock), Arc::new(kernel::SeededEntropy::new(1)))
    }

    fn place() -> Place {
        Place {
            organization: OrganizationId(1),
            patient: Some(PatientId(Uuid::from_u128(2))),
            class: DataClass::General,
            table: 1,
            row: ResourceId(Uuid::from_u128(3)),
            version: Version(1),
        }
    }

    #[test]
    fn what_is_sealed_opens_only_where_it_stood() {
        let key = DataKey::new(1, Zeroizing::new([9; 32]));
        let sealed = key.seal(&place(), 4, b"blood pressure", &world());
        assert_eq!(key.open(&place(), &sealed).unwrap(), (4, b"blood pressure".to_vec()));
        let elsewhere = [
            Place { organization: OrganizationId(2), ..place() },
            Place { patient: Some(PatientId(Uuid::from_u128(9))), ..place() },
            Place { patient: None, ..place() },
            Place { class: DataClass::Counselling, ..place() },
            Place { table: 2, ..place() },
            Place { row: ResourceId(Uuid::from_u128(4)), ..place() },
            Place { version: Version(2), ..place() },
        ];
        for other in elsewhere {
            assert!(matches!(key.open(&other, &sealed), Err(Error::Seal(_))), "{other:?}");
        }
        let stranger = DataKey::new(1, Zeroizing::new([8; 32]));
        assert!(matches!(stranger.open(&place(), &sealed), Err(Error::Seal(_))));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let key = DataKey::new(1, Zeroizing::new([9; 32]));
        let sealed = key.seal(&place(), 0, b"x", &world());
        for bit in 0..sealed.len() * 8 {
            let mut bent = sealed.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&place(), &bent).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(&place(), &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn tokens_keep_their_parts_apart() {
        let key = SearchKey::new(&[1; 32]);
        assert_ne!(key.token(&[b"ab", b"c"]), key.token(&[b"a", b"bc"]));
        let long = [7u8; 400];
        assert_ne!(key.token(&[&long]), key.token(&[&long[..399]]));
        assert_eq!(key.token(&[&long]), key.token(&[&long]));
    }
}
