//! Passwords: which ones may be chosen, and how they are kept.
//!
//! A password is normalised to NFKC before anything else looks at it, so that one typed on another keyboard, as
//! full-width or composed letters, is still the same (NIST SP 800-63B-4, 3.1.1.2).

mod hasher;
mod policy;
mod queue;
mod threads;

pub use hasher::{BadCost, Cost, Hasher, Verdict};
pub use policy::{LONGEST, SHORTEST, Weakness, check, fingerprint};
pub use queue::{Busy, HashQueue, Limits};

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The most bytes of UTF-8 that are looked at: four for each of [`LONGEST`] characters.
const MOST_BYTES: usize = 4 * LONGEST;

/// The form of a password that is judged and hashed; `None` when it is too long to be one.
fn normalise(password: &str) -> Option<Zeroizing<String>> {
    if password.len() > MOST_BYTES {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(MOST_BYTES));
    for c in password.nfkc() {
        // One character may become eighteen.
        if text.len() + c.len_utf8() > MOST_BYTES {
            return None;
        }
        text.push(c);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_bounded_before_and_after_it_is_normalised() {
        assert_eq!(normalise("ﬁｎｅ").unwrap().as_str(), "fine");
        assert!(normalise(&"a".repeat(1024)).is_some() && normalise(&"a".repeat(1025)).is_none());
        // 900 bytes, each three of which become thirty-three.
        assert!(normalise(&"\u{fdfa}".repeat(300)).is_none());
    }
}
