//! Recovery codes: ten codes on paper, each good for one sign-in when every other second factor is lost.

use kernel::World;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::secret::{DigestKey, equal};

/// Codes in a set.
pub const CODES: usize = 10;

/// Characters of a code without its hyphen; each has 5 bits, so a code has 50.
const LENGTH: usize = 10;

/// Crockford's base 32, in lower case: no i, l, o, u, which are misread or make words.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new set, as `xxxxx-xxxxx`. It is shown once; [`digest`] is what is kept. A new set ends the old one.
pub fn generate(world: &World) -> [Zeroizing<String>; CODES] {
    std::array::from_fn(|_| {
        let dice: [u8; LENGTH] = world.random();
        let mut code = Zeroizing::new(String::with_capacity(LENGTH + 1));
        for (at, die) in dice.into_iter().enumerate() {
            if at == LENGTH / 2 {
                code.push('-');
            }
            code.push(char::from(ALPHABET[usize::from(die % 32)]));
        }
        code
    })
}

/// HMAC of a code as `typed` by `person`; `None` when it cannot be a code. Case, spaces and hyphens do not matter; o is
/// read as 0, and i and l as 1. With a key, because 50 bits alone can be tried out by whoever holds the digests.
pub fn digest(key: &DigestKey, person: Uuid, typed: &str) -> Option<[u8; 32]> {
    let code = normalise(typed)?;
    Some(key.mac("recovery", person.as_bytes(), &*code))
}

/// Which of `digests` the `typed` code belongs to. All are compared, whichever matches.
pub fn find(digests: &[[u8; 32]], key: &DigestKey, person: Uuid, typed: &str) -> Option<usize> {
    let wanted = digest(key, person, typed)?;
    digests
        .iter()
        .enumerate()
        .fold(None, |found, (at, digest)| if equal(digest, &wanted) { Some(at) } else { found })
}

fn normalise(typed: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut code = Zeroizing::new([0; LENGTH]);
    let mut at = 0;
    for c in typed.chars().take(64) {
        let c = match c.to_ascii_lowercase() {
            // Word processors turn the hyphen into dashes.
            '-' | '\u{2010}'..='\u{2015}' => continue,
            c if c.is_whitespace() => continue,
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        *code.get_mut(at)? = u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte))?;
        at += 1;
    }
    (at == LENGTH && typed.chars().nth(64).is_none()).then_some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::world;

    const KEY: [u8; 32] = [9; 32];

    #[test]
    fn every_code_of_a_set_is_found_however_it_is_typed() {
        let (key, person) = (DigestKey::new(KEY), Uuid::from_u128(7));
        let codes = generate(&world(5));
        let digests = codes.clone().map(|code| digest(&key, person, &code).unwrap());
        for (at, code) in codes.iter().enumerate() {
            assert_eq!((code.len(), code.as_bytes()[5]), (11, b'-'));
            let sloppy = format!(
                " {} ",
                code.to_uppercase().replace('-', " \u{2013}").replace('0', "O").replace('1', "l")
            );
            for typed in [code.to_string(), code.replace('-', ""), sloppy] {
                assert_eq!(find(&digests, &key, person, &typed), Some(at), "{typed}");
            }
        }
        let all: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(all.len(), CODES);
    }

    #[test]
    fn a_code_is_of_no_use_to_another_person_or_under_another_key() {
        let code = &generate(&world(6))[0];
        let of = |key: [u8; 32], person| digest(&DigestKey::new(key), Uuid::from_u128(person), code).unwrap();
        assert_ne!(of(KEY, 1), of(KEY, 2));
        assert_ne!(of(KEY, 1), of([8; 32], 1));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for typed in
            ["", "abcde", "abcde-fghjk-m", "abcde-fghju", "abcde-fghj!", "abcde-fghjé", &"-".repeat(65)]
        {
            assert!(normalise(typed).is_none(), "{typed}");
        }
        assert_eq!(*normalise("OIL00-abcde").unwrap(), *b"01100abcde");
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(typed in ".*") {
            prop_assert!(find(&[[0; 32]], &DigestKey::new(KEY), Uuid::nil(), &typed).is_none());
        }
    }
}
