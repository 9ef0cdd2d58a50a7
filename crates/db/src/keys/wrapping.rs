//! Wrapping one key with another, and what wrapped keys are bound to.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use kernel::{DataClass, OrganizationId, PatientId, World};
use zeroize::Zeroizing;

use crate::Error;

const NONCE: usize = 12;

/// How long a wrapped key is.
pub(crate) const WRAPPED: usize = NONCE + 32 + 16;

/// The purpose of an organization's key that wraps the others.
pub(crate) const WRAPS_OTHERS: i16 = 1;
/// The purpose of one that makes search tokens.
pub(crate) const SEARCH: i16 = 2;
/// The purpose of the one that makes everything else that is an HMAC. An organization from before ADR 0044 has none until its
/// search key is first changed: until then that one makes both.
pub(crate) const INDEX: i16 = 4;

/// What an organization's key is bound to.
pub(crate) fn organization_label(organization: OrganizationId, purpose: i16, number: i32) -> Vec<u8> {
    [
        b"lamplight/organization".as_slice(),
        &organization.0.to_be_bytes(),
        &purpose.to_be_bytes(),
        &number.to_be_bytes(),
    ]
    .concat()
}

/// What a patient's key is bound to.
pub(crate) fn patient_label(
    organization: OrganizationId,
    patient: PatientId,
    class: DataClass,
    number: u16,
) -> Vec<u8> {
    [
        b"lamplight/patient".as_slice(),
        &organization.0.to_be_bytes(),
        patient.0.as_bytes(),
        &(class as i16).to_be_bytes(),
        &number.to_be_bytes(),
    ]
    .concat()
}

/// AES-256-GCM of a key under another: `nonce (12) | ciphertext (32) | tag (16)`, bound to what the key is for.
pub(crate) fn wrap(under: &[u8; 32], label: &[u8], key: &[u8; 32], world: &World) -> Vec<u8> {
    let nonce = world.random::<NONCE>();
    let mut body = key.to_vec();
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, under).expect("AES-256 takes 32 bytes"))
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(label), &mut body)
        .expect("32 bytes are within AES-GCM's limit");
    [nonce.as_slice(), &body].concat()
}

/// Unwraps a key and compares it with its commitment: AES-GCM alone would let one ciphertext open under two keys.
pub(crate) fn unwrap(
    under: &[u8; 32],
    label: &[u8],
    wrapped: &[u8],
    committed: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let key = open(under, label, wrapped).ok_or(Error::Seal("a stored key does not unwrap"))?;
    committed_to(&key, committed)?;
    Ok(key)
}

/// Unwraps a key; nothing when it was not wrapped so.
pub(crate) fn open(under: &[u8; 32], label: &[u8], wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let (nonce, body) = wrapped.split_at_checked(NONCE)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = Zeroizing::new(body.to_vec());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, under).expect("AES-256 takes 32 bytes"));
    let clear = key.open_in_place(nonce, Aad::from(label), &mut body).ok()?;
    Some(Zeroizing::new((&*clear).try_into().ok()?))
}

/// That this is the key that the commitment was made of.
pub(crate) fn committed_to(key: &[u8; 32], committed: &[u8]) -> Result<(), Error> {
    let same = verify_slices_are_equal(&commitment(key), committed);
    same.map_err(|_| Error::Seal("a stored key does not match its commitment"))
}

/// What is stored beside a wrapped key, so that no other key passes for it.
pub(crate) fn commitment(key: &[u8; 32]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"lamplight/commitment");
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_under_its_own_label_and_commitment_only() {
        let world = World::system();
        let (under, key) = ([1; 32], [2; 32]);
        let wrapped = wrap(&under, b"a", &key, &world);
        assert_eq!(*unwrap(&under, b"a", &wrapped, &commitment(&key)).unwrap(), key);
        assert!(unwrap(&under, b"b", &wrapped, &commitment(&key)).is_err());
        assert!(unwrap(&[3; 32], b"a", &wrapped, &commitment(&key)).is_err());
        assert!(unwrap(&under, b"a", &wrapped, &commitment(&[9; 32])).is_err());
        assert!(unwrap(&under, b"a", &wrapped[..40], &commitment(&key)).is_err());
    }
}
