//! Phone numbers.

use std::fmt;
use std::str::FromStr;

use phonenumber::{Mode, country};

use crate::Invalid;

/// A phone number in E.164: `+` and up to 15 digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it; without a `+` it is one of the United States. It must be of the numbering
    /// plan; whether somebody has it is another matter. No extensions, no letters.
    ///
    /// # Errors
    /// [`Invalid::Phone`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_digit() || " +-.()\u{a0}\u{2010}\u{2011}\u{2013}".contains(c);
        let pluses = text.matches('+').count();
        let usual = text.chars().count() <= 32 && text.chars().all(plain);
        if !usual || pluses > 1 || (pluses == 1 && !text.starts_with(['+', '('])) {
            return Err(Invalid::Phone);
        }
        let number = phonenumber::parse(Some(country::Id::US), text).map_err(|_| Invalid::Phone)?;
        let e164 = number.format().mode(Mode::E164).to_string();
        let digits = e164.strip_prefix('+').unwrap_or_default();
        let formed = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !formed || number.extension().is_some() || !number.is_valid() {
            return Err(Invalid::Phone);
        }
        Ok(Self(e164))
    }

    /// The number in E.164.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// What may be shown to who knows the number already: `•••• 1234`.
    pub fn masked(&self) -> String {
        let last = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        format!("\u{2022}\u{2022}\u{2022}\u{2022} {last}")
    }
}

impl FromStr for Phone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Phone(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, e164) in [
            ("(415) 555-2671", "+14155552671"),
            ("415.555.2671", "+14155552671"),
            ("1 415 555 2671", "+14155552671"),
            ("+1 (415) 555\u{2011}2671", "+14155552671"),
            (" +14155552671 ", "+14155552671"),
            ("+44 20 7946 0958", "+442079460958"),
            ("+49 30 901820", "+4930901820"),
            ("+52 55 1234 5678", "+525512345678"),
        ] {
            assert_eq!(Phone::parse(text).map(|phone| phone.0), Ok(e164.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_to_text() {
        for text in [
            "",
            "+",
            "911",
            "555-2671",
            "1234567890",
            "415 555 2671 x12",
            "415 555 2671;ext=12",
            "tel:+1-415-555-2671",
            "1-800-FLOWERS",
            "+14155552671\r\nBcc: x",
            "+1415555267100000",
            "+999 12345678",
            "++14155552671",
            "415+5552671",
            "415 555 2671, 415 555 2672",
            &"4".repeat(99),
        ] {
            assert_eq!(Phone::parse(text), Err(Invalid::Phone), "{text:?}");
        }
    }

    #[test]
    fn the_mask_shows_the_last_four() {
        assert_eq!(Phone::parse("415 555 2671").unwrap().masked(), "•••• 2671");
    }
}
