//! Sealing a file in chunks, so that any part of it can be opened by itself and none can be moved, swapped or cut off.
//!
//! A file is sealed under a key of its own: HKDF of the patient's key, the row's id and a random salt. Chunk after chunk
//! is `ciphertext | tag (16)`; its nonce is its number and whether it is the last. The associated data is the place, the
//! header (algorithm, key number, salt), the length of the whole file and the number once more. The header stands in the
//! row, the chunks lie in an object store.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use kernel::World;

use super::root::derive;
use super::seal::{DataKey, Place};
use crate::Error;

const ALGORITHM: u8 = 2;
const SALT: usize = 16;
const HEADER: usize = 3 + SALT;
const TAG: u64 = 16;

/// The bytes of a file in one chunk; the last may have fewer.
pub const CHUNK: u64 = 64 * 1024;

/// The chunks of one file.
pub struct Chunks {
    key: LessSafeKey,
    bound: Vec<u8>,
    length: u64,
}

impl DataKey {
    /// The chunks of a new file of this length, with the header to be kept beside it.
    pub fn seal_chunks(&self, place: &Place, length: u64, world: &World) -> (Chunks, Vec<u8>) {
        let [high, low] = self.number().to_be_bytes();
        let mut header = vec![ALGORITHM, high, low];
        header.extend_from_slice(&world.random::<SALT>());
        (self.chunks(place, length, &header), header)
    }

    /// The chunks of a file that was sealed with this header.
    ///
    /// # Errors
    /// [`Error::Seal`] when the header is none of ours or names another key.
    pub fn open_chunks(&self, place: &Place, length: u64, header: &[u8]) -> Result<Chunks, Error> {
        if header.len() != HEADER || header[0] != ALGORITHM {
            return Err(Error::Seal("no header of a file"));
        }
        if header[1..3] != self.number().to_be_bytes() {
            return Err(Error::Seal("the file was sealed with another key"));
        }
        Ok(self.chunks(place, length, header))
    }

    fn chunks(&self, place: &Place, length: u64, header: &[u8]) -> Chunks {
        let own = derive(self.bytes(), &[b"lamplight/file/", place.row.0.as_bytes(), &header[3..]]);
        let key = UnboundKey::new(&AES_256_GCM, own.as_ref()).expect("AES-256 takes 32 bytes");
        let mut bound = place.bound().to_vec();
        bound.extend_from_slice(header);
        bound.extend_from_slice(&length.to_be_bytes());
        Chunks { key: LessSafeKey::new(key), bound, length }
    }
}

impl Chunks {
    /// How many there are; an empty file has one.
    pub fn count(&self) -> u64 {
        self.length.div_ceil(CHUNK).max(1)
    }

    /// How long they are together when sealed.
    pub fn sealed_length(&self) -> u64 {
        self.length + self.count() * TAG
    }

    /// How long this chunk is, in clear.
    pub fn length_of(&self, number: u64) -> u64 {
        self.length.saturating_sub(number * CHUNK).min(CHUNK)
    }

    /// Where sealed chunks lie, from one to another, the latter not among them.
    pub fn range(&self, from: u64, to: u64) -> std::ops::Range<u64> {
        let end = (to * (CHUNK + TAG)).min(self.sealed_length());
        (from * (CHUNK + TAG)).min(end)..end
    }

    /// How long a whole sealed chunk is.
    pub fn sealed_chunk() -> usize {
        usize::try_from(CHUNK + TAG).unwrap_or(usize::MAX)
    }

    fn bound(&self, number: u64) -> ([u8; 12], Vec<u8>) {
        let last = u8::from(number + 1 == self.count());
        let mut nonce = [0; 12];
        nonce[3] = last;
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        let mut bound = self.bound.clone();
        bound.extend_from_slice(&number.to_be_bytes());
        bound.push(last);
        (nonce, bound)
    }

    /// Seals one chunk. Each number is sealed once: the key is this file's own.
    ///
    /// # Errors
    /// [`Error::Seal`] when it is not as long as this chunk has to be.
    pub fn seal(&self, number: u64, mut clear: Vec<u8>) -> Result<Vec<u8>, Error> {
        if number >= self.count() || clear.len() as u64 != self.length_of(number) {
            return Err(Error::Seal("a chunk of another length"));
        }
        let (nonce, bound) = self.bound(number);
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut clear)
            .map_err(|_| Error::Seal("a chunk cannot be sealed"))?;
        Ok(clear)
    }

    /// Opens one chunk.
    ///
    /// # Errors
    /// [`Error::Seal`] when it was altered, or is another chunk or another file's.
    pub fn open(&self, number: u64, mut sealed: Vec<u8>) -> Result<Vec<u8>, Error> {
        const REFUSED: Error = Error::Seal("a chunk does not open here under this key");
        if number >= self.count() {
            return Err(REFUSED);
        }
        let (nonce, bound) = self.bound(number);
        let clear = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut sealed)
            .map_err(|_| REFUSED)?;
        let length = clear.len();
        if length as u64 != self.length_of(number) {
            return Err(REFUSED);
        }
        sealed.truncate(length);
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use kernel::{DataClass, OrganizationId, PatientId, ResourceId, Version};
    use proptest::prelude::*;
    use uuid::Uuid;
    use zeroize::Zeroizing;

    use super::*;

    fn place(row: u128) -> Place {
        Place {
            organization: OrganizationId(1),
            patient: Some(PatientId(Uuid::from_u128(2))),
            class: DataClass::Documents,
            table: 31,
            row: ResourceId(Uuid::from_u128(row)),
            version: Version::FIRST,
        }
    }

    fn key() -> DataKey {
        DataKey::new(1, Zeroizing::new([9; 32]))
    }

    fn sealed(row: u128, clear: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (chunks, header) = key().seal_chunks(&place(row), clear.len() as u64, &World::system());
        let size = usize::try_from(CHUNK).unwrap();
        let mut parts: Vec<Vec<u8>> = clear.chunks(size).map(<[u8]>::to_vec).collect();
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        let sealed = (0..).zip(parts).map(|(number, part)| chunks.seal(number, part).unwrap()).collect();
        (header, sealed)
    }

    fn opened(row: u128, length: usize, header: &[u8], sealed: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
        let chunks = key().open_chunks(&place(row), length as u64, header)?;
        if sealed.len() as u64 != chunks.count() {
            return Err(Error::Seal("chunks are missing"));
        }
        let mut whole = Vec::new();
        for (number, part) in (0..).zip(sealed) {
            whole.extend(chunks.open(number, part.clone())?);
        }
        Ok(whole)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_file_of_any_length_comes_out_as_it_went_in(length in 0_usize..300_000, fill: u8) {
            let clear = vec![fill; length];
            let (header, parts) = sealed(3, &clear);
            let chunks = key().open_chunks(&place(3), length as u64, &header).unwrap();
            prop_assert_eq!(parts.iter().map(|part| part.len() as u64).sum::<u64>(), chunks.sealed_length());
            prop_assert_eq!(opened(3, length, &header, &parts).unwrap(), clear);
        }
    }

    #[test]
    fn chunks_are_neither_swapped_nor_cut_nor_taken_from_another_file() {
        let clear = vec![7; 200_000];
        let (header, parts) = sealed(3, &clear);
        let refused = |row, length, header: &[u8], parts: &[Vec<u8>]| {
            assert!(matches!(opened(row, length, header, parts), Err(Error::Seal(_))));
        };
        let mut swapped = parts.clone();
        swapped.swap(0, 1);
        refused(3, 200_000, &header, &swapped);
        // Cut at a chunk's end, and called as long as what is left.
        refused(3, 2 * 65_536, &header, &parts[..2]);
        refused(3, 200_000, &header, &parts[..3]);
        let mut bent = parts.clone();
        bent[2][5] ^= 1;
        refused(3, 200_000, &header, &bent);
        // Another document of the same patient, and the same document sealed again.
        refused(4, 200_000, &header, &parts);
        let (again, others) = sealed(3, &clear);
        refused(3, 200_000, &again, &parts);
        let mut mixed = parts.clone();
        mixed[1] = others[1].clone();
        refused(3, 200_000, &header, &mixed);
        let mut relabelled = header.clone();
        relabelled[2] ^= 1;
        refused(3, 200_000, &relabelled, &parts);
    }
}
