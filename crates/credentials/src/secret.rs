//! Opaque random tokens, keyed digests of short codes, and comparison that takes the same time whatever differs.

use std::fmt;

use aws_lc_rs::{constant_time, digest, hmac};
use kernel::World;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::base64url;

/// Whether two strings of bytes are equal, in a time that depends on their lengths alone.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// A token of 256 random bits: a session, an invitation, a reset link. The holder gets [`Secret::text`]; the server
/// keeps [`Secret::digest`] only, so that a copy of the database opens nothing.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn new(world: &World) -> Self {
        Self(world.random())
    }

    /// The token that `text` is; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        base64url::decode(text)?.try_into().ok().map(Self)
    }

    /// 43 characters of base64url.
    pub fn text(&self) -> String {
        base64url::encode(self.0)
    }

    /// SHA-256 of the 32 bytes. It needs neither salt nor stretching: 256 bits cannot be guessed.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// Whether `digest` is this token's.
    pub fn matches(&self, digest: &[u8]) -> bool {
        equal(&self.digest(), digest)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// The server's key for digests of codes too short to be hashed bare: without it, whoever holds the digests could try
/// every code.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// A key of 256 secret bits.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 of `code` for one `purpose` and one `subject`: neither serves for another. The lengths go in
    /// first, so that no two inputs run into each other.
    pub(crate) fn mac(&self, purpose: &str, subject: &[u8], code: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        for part in [purpose.as_bytes(), subject, code] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DigestKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::world;

    #[test]
    fn a_secret_is_found_by_its_text_and_shows_nothing() {
        let world = world(1);
        let (one, other) = (Secret::new(&world), Secret::new(&world));
        assert_ne!(one.text(), other.text());
        let found = Secret::parse(&one.text()).unwrap();
        assert!(found.matches(&one.digest()) && !found.matches(&other.digest()) && !found.matches(b""));
        assert_eq!(format!("{one:?}"), "Secret(..)");
    }

    #[test]
    fn only_the_one_text_form_is_a_secret() {
        let text = Secret::new(&world(2)).text();
        for bad in
            ["", "a", &text[..42], &format!("{text}="), &format!("{text}A"), &text.replace(&text[..1], "+")]
        {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parts_of_a_keyed_digest_do_not_run_together() {
        let key = DigestKey::new([7; 32]);
        assert_ne!(key.mac("a", b"bc", b"d"), key.mac("ab", b"c", b"d"));
        assert_ne!(key.mac("a", b"bc", b"d"), key.mac("a", b"b", b"cd"));
        assert_ne!(key.mac("a", b"b", b"c"), DigestKey::new([8; 32]).mac("a", b"b", b"c"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".*") {
            if let Some(secret) = Secret::parse(&text) {
                prop_assert_eq!(secret.text(), text);
            }
        }
    }
}
