//! Which passwords may be chosen (NIST SP 800-63B-4, 3.1.1.2): long ones that nobody would try first. No rules of
//! composition, which make passwords worse.

use std::collections::BTreeSet;

use super::normalise;
use crate::secret::sha256;

/// The fewest characters (Unicode scalar values after NFKC). NIST asks for 8 where a second factor follows and for 15
/// where none does (SP 800-63B-4, 3.1.1.2).
pub const SHORTEST: usize = 12;

/// The most characters. Enough for any manager's password or sentence; a bound, so that nobody feeds us megabytes.
pub const LONGEST: usize = 256;

/// Fingerprints of known passwords, sorted. `data/README.md` says where they come from.
static BREACHED: &[u8] = include_bytes!("../../data/breached.bin");

/// Bytes of a fingerprint. Among 100,000 of them a password that is not listed is refused once in 11 million times.
const FINGERPRINT: usize = 5;

/// Why a password cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer than [`SHORTEST`] characters.
    #[error("shorter than 12 characters")]
    TooShort,
    /// More than [`LONGEST`] characters, or more than 1,024 bytes.
    #[error("longer than 256 characters")]
    TooLong,
    /// Known from breaches, bare or with digits and signs around it.
    #[error("known from breaches")]
    Breached,
    /// The person's own name or address, a sequence, or one thing repeated.
    #[error("easy to guess")]
    Guessable,
}

impl Weakness {
    /// Every weakness.
    pub const ALL: [Self; 4] = [Self::TooShort, Self::TooLong, Self::Breached, Self::Guessable];

    /// The stable code that clients show a text for.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::Breached => "password-breached",
            Self::Guessable => "password-guessable",
        }
    }
}

/// Judges a new password. `about` holds what an attacker knows: e-mail address, names, the clinic's name.
///
/// Digits and signs at either end are set aside where at least half of the password is left: `sunshine2026!` is
/// `sunshine`, but a known word inside a long sentence does no harm.
///
/// # Errors
/// The first [`Weakness`] found.
pub fn check(password: &str, about: &[&str]) -> Result<(), Weakness> {
    let text = normalise(password).ok_or(Weakness::TooLong)?;
    let length = text.chars().count();
    if length < SHORTEST {
        return Err(Weakness::TooShort);
    }
    if length > LONGEST {
        return Err(Weakness::TooLong);
    }
    let lower = zeroize::Zeroizing::new(text.to_lowercase());
    let unit = repeated_unit(&lower);
    if is_monotonous(&lower) || unit.is_some_and(|unit| unit.chars().count() <= 4) {
        return Err(Weakness::Guessable);
    }
    let known = candidates(&lower).chain(unit.into_iter().flat_map(candidates));
    for candidate in known {
        if is_breached(candidate) {
            return Err(Weakness::Breached);
        }
        if about.iter().any(|fact| is_about(candidate, fact)) {
            return Err(Weakness::Guessable);
        }
    }
    Ok(())
}

/// The fingerprint of a password in the list: the first bytes of SHA-256 of its NFKC form in lower case. `cargo xtask
/// gen passwords` writes the list with it.
pub fn fingerprint(password: &str) -> Option<[u8; FINGERPRINT]> {
    Some(fingerprint_of(&normalise(password)?.to_lowercase()))
}

fn fingerprint_of(lower: &str) -> [u8; FINGERPRINT] {
    let mut print = [0; FINGERPRINT];
    print.copy_from_slice(&sha256(lower.as_bytes())[..FINGERPRINT]);
    print
}

fn is_breached(lower: &str) -> bool {
    let (prints, _) = BREACHED.as_chunks::<FINGERPRINT>();
    prints.binary_search(&fingerprint_of(lower)).is_ok()
}

/// The password itself, and what is left without digits and signs at its end, and at both ends.
fn candidates(lower: &str) -> impl Iterator<Item = &str> {
    let frill = |c: char| !c.is_alphabetic();
    let trimmed = [lower.trim_end_matches(frill), lower.trim_matches(frill)];
    let half = lower.chars().count().div_ceil(2);
    std::iter::once(lower).chain(trimmed.into_iter().filter(move |core| core.chars().count() >= half.max(4)))
}

/// Whether `candidate` is one of the things known about the person: as it is written, without signs, or the part of an
/// address before the `@`.
fn is_about(candidate: &str, fact: &str) -> bool {
    let Some(fact) = normalise(fact) else { return false };
    let letters =
        |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let wanted = letters(candidate);
    let local = fact.split('@').next().unwrap_or_default();
    !wanted.is_empty() && [fact.as_str(), local].into_iter().any(|known| letters(known) == wanted)
}

/// Hardly any different characters, or each one step from the one before: `aaaaaaaaaaab`, `123456789012`, `zyxwvutsrqpo`.
fn is_monotonous(lower: &str) -> bool {
    let characters: BTreeSet<char> = lower.chars().collect();
    if characters.len() <= 3 {
        return true;
    }
    let step = |from: char, to: char| match (from, to) {
        ('9', '0') => 1,
        ('0', '9') => -1,
        _ => i64::from(u32::from(to)) - i64::from(u32::from(from)),
    };
    let mut steps = lower.chars().zip(lower.chars().skip(1)).map(|(from, to)| step(from, to));
    let first = steps.next().unwrap_or(0);
    first.abs() == 1 && steps.all(|next| next == first)
}

/// The part which, repeated at least twice, is the whole.
fn repeated_unit(lower: &str) -> Option<&str> {
    let cuts = lower.char_indices().map(|(at, _)| at).skip(1).take_while(|at| at * 2 <= lower.len());
    let mut units = cuts.filter(|at| lower.len().is_multiple_of(*at)).map(|at| &lower[..at]);
    units.find(|unit| lower.split(*unit).all(str::is_empty))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: [&str; 6] = [
        "correct horse battery staple",
        "purple-monkey-dishwasher",
        "xK4#mP9$vL2q",
        "ich wohne am alten hafen",
        "雨の日は本を読んで過ごすのが好き",
        "tr0ub4dor&3 and more of it",
    ];

    #[test]
    fn long_and_unknown_passwords_are_good() {
        for password in GOOD {
            assert_eq!(check(password, &["ada@example.org", "Ada Lovelace"]), Ok(()), "{password}");
        }
    }

    #[test]
    fn length_counts_characters_after_normalisation() {
        assert_eq!(check("xK4#mP9$vL2", &[]), Err(Weakness::TooShort));
        assert_eq!(check("äöüßéèêëàáâ", &[]), Err(Weakness::TooShort), "eleven, though twenty-two bytes");
        assert_eq!(
            check("a\u{308}o\u{308}u\u{308}xyzqwvk", &[]),
            Err(Weakness::TooShort),
            "ten when composed"
        );
        let words: String = (0..52).map(|n| format!("{n:03}ab")).collect();
        assert_eq!(check(&words[..256], &[]), Ok(()));
        assert_eq!(check(&words[..257], &[]), Err(Weakness::TooLong));
        assert_eq!(
            check(&"\u{fdfa}".repeat(60), &[]),
            Err(Weakness::TooLong),
            "1,080 characters when decomposed"
        );
        assert_eq!(check(&"é".repeat(1 << 20), &[]), Err(Weakness::TooLong));
    }

    #[test]
    fn breached_passwords_are_refused_with_what_people_hang_on() {
        let refused = [
            "1qaz2wsx3edc",
            "1QAZ2WSX3EDC",
            "qwerty123456",
            "administrator",
            "Sunshine2026!",
            "!!Princess!!",
            "passwordpassword",
            "Password1!Password1!",
            "ｓｕｎｓｈｉｎｅ２０２６",
        ];
        for password in refused {
            assert_eq!(check(password, &[]), Err(Weakness::Breached), "{password}");
        }
    }

    #[test]
    fn a_known_word_in_a_long_password_does_no_harm() {
        assert_eq!(check("dragon 4829-1736-2937-0054", &[]), Ok(()));
    }

    #[test]
    fn sequences_and_repetitions_are_refused() {
        for password in
            ["aaaaaaaaaaaa", "abababababab", "123456789012", "098765432109", "abcdefghijklm", "x7$qx7$qx7$q"]
        {
            let weakness = check(password, &[]).unwrap_err();
            assert!(matches!(weakness, Weakness::Guessable | Weakness::Breached), "{password}");
        }
        assert_eq!(check("lkjihgfedcba", &[]), Err(Weakness::Guessable));
    }

    #[test]
    fn what_is_known_about_the_person_is_refused() {
        let about = ["ada.lovelace@example.org", "Augusta Ada King", "Sankt-Marien-Klinik"];
        for password in [
            "ada.lovelace@example.org",
            "Ada.Lovelace",
            "adalovelace1815",
            "AUGUSTA ADA KING",
            "augustaadaking!",
            "sankt marien klinik 2026",
        ] {
            assert_eq!(check(password, &about), Err(Weakness::Guessable), "{password}");
        }
        assert_eq!(check("ada lovelace wrote the first program", &about), Ok(()));
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        let (prints, rest) = BREACHED.as_chunks::<FINGERPRINT>();
        assert!(rest.is_empty() && prints.is_sorted_by(|a, b| a < b));
        assert!((50_000..100_000).contains(&prints.len()), "{}", prints.len());
        assert_eq!(fingerprint("ＰＡＳＳＷＯＲＤ"), fingerprint("password"));
    }

    #[test]
    fn codes_are_stable() {
        let codes = Weakness::ALL.map(Weakness::code);
        assert_eq!(
            codes,
            ["password-too-short", "password-too-long", "password-breached", "password-guessable"]
        );
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(password in ".{0,300}", fact in ".*") {
            let _ = check(&password, &[&fact]);
        }

        #[test]
        fn the_same_password_typed_otherwise_is_judged_the_same(password in "[a-zA-Z0-9äé ]{8,20}") {
            use unicode_normalization::UnicodeNormalization;
            let decomposed: String = password.nfd().collect();
            prop_assert_eq!(check(&password, &[]), check(&decomposed, &[]));
        }
    }
}
