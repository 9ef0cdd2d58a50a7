//! Proof key for code exchange (RFC 7636), method S256 only.

use crate::base64url;
use crate::secret::{equal, sha256};

/// Whether `verifier` is what `challenge` was made from (RFC 7636, 4.6, method `S256`). A verifier outside the grammar
/// of 4.1 never matches, so that nobody gets by with a guessable one.
pub fn matches(challenge: &str, verifier: &str) -> bool {
    is_verifier(verifier)
        && equal(base64url::encode(sha256(verifier.as_bytes())).as_bytes(), challenge.as_bytes())
}

/// Whether `challenge` can be an S256 challenge: 43 characters of base64url. To be asked when a request arrives, long
/// before the verifier does.
pub fn is_challenge(challenge: &str) -> bool {
    challenge.len() == 43 && base64url::decode(challenge).is_some()
}

/// 43 to 128 unreserved characters (RFC 7636, 4.1).
fn is_verifier(verifier: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_matches() {
        assert!(is_challenge(CHALLENGE));
        assert!(matches(CHALLENGE, VERIFIER));
        assert!(!matches(CHALLENGE, &VERIFIER.replace('d', "e")));
    }

    #[test]
    fn the_plain_method_does_not_match() {
        assert!(!matches(VERIFIER, VERIFIER));
    }

    #[test]
    fn verifiers_outside_the_grammar_never_match() {
        for verifier in
            ["", "short", &"a".repeat(42), &"a".repeat(129), &format!("{}é", "a".repeat(43)), &" ".repeat(43)]
        {
            let challenge = base64url::encode(sha256(verifier.as_bytes()));
            assert!(!matches(&challenge, verifier), "{verifier}");
        }
        let longest = "~".repeat(128);
        assert!(matches(&base64url::encode(sha256(longest.as_bytes())), &longest));
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(challenge in ".*", verifier in ".*") {
            prop_assert!(!matches(&challenge, &verifier));
            is_challenge(&challenge);
        }
    }
}
