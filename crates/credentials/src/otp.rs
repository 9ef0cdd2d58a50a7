//! Six-digit codes sent by SMS or mail.
//!
//! A code has only 20 bits: the caller lets it live for minutes, counts the tries, and deletes it at the first success.

use std::fmt;

use kernel::World;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::secret::{DigestKey, equal};

/// The greatest multiple of 1,000,000 that fits in 32 bits. Throws at or above it are repeated, because they would make
/// the low codes likelier.
const FAIR: u32 = u32::MAX / 1_000_000 * 1_000_000;

/// A code to be sent once and then kept only as its digest.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// A new one; all million are equally likely.
    pub fn new(world: &World) -> Self {
        loop {
            let throw = u32::from_be_bytes(world.random());
            if throw < FAIR {
                return Self(format!("{:06}", throw % 1_000_000));
            }
        }
    }

    /// Six digits, for the message.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is stored. `subject` says what the code is for, such as the id of the sign-in it was sent in.
    pub fn digest(&self, key: &DigestKey, subject: &[u8]) -> [u8; 32] {
        key.mac("otp", subject, self.0.as_bytes())
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OneTimeCode(..)")
    }
}

/// Whether `typed` is the code behind `digest`, made with the same key and subject. Spaces are ignored.
pub fn check(digest: &[u8], typed: &str, key: &DigestKey, subject: &[u8]) -> bool {
    six_digits(typed).is_some_and(|code| equal(digest, &key.mac("otp", subject, &code)))
}

/// The digits of a typed code; `None` unless there are six of them and nothing else but spaces.
pub(crate) fn six_digits(typed: &str) -> Option<[u8; 6]> {
    // Phones group digits with spaces, some of them unbreakable.
    let mut code = [0; 6];
    let mut at = 0;
    for c in typed.chars().take(32).filter(|c| !c.is_whitespace()) {
        *code.get_mut(at)? = u8::try_from(c).ok().filter(u8::is_ascii_digit)?;
        at += 1;
    }
    (at == code.len() && typed.chars().nth(32).is_none()).then_some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::world;

    #[test]
    fn a_code_is_right_for_its_key_and_subject_only() {
        let (key, other) = (DigestKey::new([1; 32]), DigestKey::new([2; 32]));
        let code = OneTimeCode::new(&world(3));
        let digest = code.digest(&key, b"sign-in 1");
        let spaced = format!(" {}\u{a0}{} ", &code.text()[..3], &code.text()[3..]);
        assert!(check(&digest, code.text(), &key, b"sign-in 1"));
        assert!(check(&digest, &spaced, &key, b"sign-in 1"));
        assert!(!check(&digest, code.text(), &other, b"sign-in 1"));
        assert!(!check(&digest, code.text(), &key, b"sign-in 2"));
        assert!(!check(&[], code.text(), &key, b"sign-in 1"));
    }

    #[test]
    fn all_first_digits_are_about_as_likely() {
        let world = world(4);
        let mut seen = [0; 10];
        for _ in 0..10_000 {
            let code = OneTimeCode::new(&world);
            assert_eq!(code.text().len(), 6);
            seen[usize::from(code.text().as_bytes()[0] - b'0')] += 1;
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
    }

    #[test]
    fn anything_but_six_digits_is_no_code() {
        for typed in ["", "12345", "1234567", "12345a", "+12345", "١٢٣٤٥٦", "123456\0", &" ".repeat(33)]
        {
            assert_eq!(six_digits(typed), None, "{typed:?}");
        }
        assert_eq!(six_digits("12 34 56"), Some(*b"123456"));
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(digest in any::<Vec<u8>>(), typed in ".*") {
            prop_assert!(!check(&digest, &typed, &DigestKey::new([0; 32]), b""));
        }
    }
}
