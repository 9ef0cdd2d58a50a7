//! Time-based one-time passwords of authenticator apps (RFC 6238): SHA-1, six digits, steps of 30 seconds, which is what
//! every app speaks.

use std::fmt;

use jiff::Timestamp;
use kernel::World;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{EcLevel, QrCode, render::svg};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::otp::six_digits;
use crate::secret::equal;

/// Seconds of a step (RFC 6238, 5.2).
const STEP: i64 = 30;

/// Steps before and after the present one that are accepted: clocks differ, people type slowly (RFC 6238, 5.2).
const SKEW: i64 = 1;

/// RFC 3986 unreserved characters stay.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The code is not one of this moment, or was used before. Which of them is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong code")]
pub struct WrongCode;

/// The secret that an authenticator app and the server share.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Totp([u8; 20]);

impl Totp {
    /// A new secret of 160 bits (RFC 4226, 4, R6).
    pub fn new(world: &World) -> Self {
        Self(world.random())
    }

    /// The secret stored as `bytes`; `None` when there are not 20 of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 20 bytes, to be sealed and stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret in base 32, for people who cannot scan: 32 characters, without padding.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(totp_rs::Secret::new_stack(self.0).to_base32())
    }

    /// The `otpauth://` URI that apps read (Google's "Key Uri Format"). Colons, which part the two, become spaces.
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let escape = |text: &str| utf8_percent_encode(&text.replace(':', " "), ESCAPED).to_string();
        let (issuer, account, secret) = (escape(issuer), escape(account), self.base32());
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}",
            *secret
        ))
    }

    /// The [`Totp::uri`] as a QR code: an `<svg>` element, black on white with a quiet zone, with a `viewBox` and without
    /// script, style or links, so that it fits into a page under a strict content security policy.
    ///
    /// # Errors
    /// [`TooLong`] when issuer and account together need a larger code than there is (about 2,300 bytes).
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<String, TooLong> {
        let uri = self.uri(issuer, account);
        let code = QrCode::with_error_correction_level(uri.as_bytes(), EcLevel::M).map_err(|_| TooLong)?;
        // One unit a module: the page gives the size.
        let document = code.render::<svg::Color<'_>>().module_dimensions(1, 1).build();
        // A page takes the element, not the XML declaration before it.
        let start = document.find("<svg").unwrap_or(0);
        Ok(document[start..].to_owned())
    }

    /// Checks the code typed at `now`. `last_step` is the step of the last code accepted for this secret: that one and
    /// earlier ones are refused, so that nobody uses a code twice (RFC 6238, 5.2). The caller stores the step it gets
    /// in the same transaction, and only if it is still greater than the stored one.
    ///
    /// # Errors
    /// [`WrongCode`].
    pub fn check(&self, typed: &str, now: Timestamp, last_step: Option<i64>) -> Result<i64, WrongCode> {
        let typed = six_digits(typed).ok_or(WrongCode)?;
        let present = now.as_second().div_euclid(STEP);
        // Every step is compared, so that time does not tell which one matched.
        let matching = (present - SKEW..=present + SKEW).fold(None, |found, step| {
            let right = self.code(step).is_some_and(|code| equal(code.as_bytes(), &typed));
            if right && last_step.is_none_or(|last| step > last) { Some(step) } else { found }
        });
        matching.ok_or(WrongCode)
    }

    /// The code of a step; `None` before 1970.
    fn code(&self, step: i64) -> Option<String> {
        let seconds = u64::try_from(step.checked_mul(STEP)?).ok()?;
        let totp = totp_rs::Builder::new()
            .with_algorithm(totp_rs::Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP.unsigned_abs())
            .with_secret(totp_rs::Secret::new_stack(self.0))
            .build()
            .expect("six digits and 160 bits are within the RFC");
        Some(totp.generate(seconds).to_string())
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Totp(..)")
    }
}

/// Issuer and account do not fit into a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too long for a QR code")]
pub struct TooLong;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{at, world};

    fn of_the_rfc() -> Totp {
        Totp::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        // RFC 6238, appendix B, SHA-1; six digits are the last six of its eight.
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (second, code) in vectors {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(of_the_rfc().check(code, now, None), Ok(second / 30), "{second}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_step_on_either_side() {
        let totp = Totp::new(&world(7));
        let step = at(0).as_second() / 30;
        let code = totp.code(step).unwrap();
        for (seconds, good) in [(-31, false), (-30, true), (0, true), (29, true), (59, true), (60, false)] {
            assert_eq!(totp.check(&code, at(seconds), None).is_ok(), good, "{seconds}");
        }
        assert_eq!(totp.check(&code, at(0), Some(step - 1)), Ok(step));
        assert_eq!(totp.check(&code, at(0), Some(step)), Err(WrongCode));
        assert_eq!(totp.check(&code, at(0), Some(step + 1)), Err(WrongCode));
        let next = totp.code(step + 1).unwrap();
        assert_eq!(totp.check(&next, at(0), Some(step)), Ok(step + 1));
    }

    #[test]
    fn spaces_are_allowed_and_other_signs_are_not() {
        let totp = of_the_rfc();
        let now = Timestamp::from_second(59).unwrap();
        assert_eq!(totp.check(" 287 082 ", now, None), Ok(1));
        for typed in ["", "28708", "2870822", "287-082", "٢٨٧٠٨٢", "28708２"] {
            assert_eq!(totp.check(typed, now, None), Err(WrongCode), "{typed}");
        }
        assert_eq!(totp.check("287082", Timestamp::from_second(-59).unwrap(), None), Err(WrongCode));
    }

    #[test]
    fn the_uri_is_what_apps_read() {
        let uri = of_the_rfc().uri("St. Mary's: Clinic", "ada@example.org");
        assert_eq!(
            *uri,
            "otpauth://totp/St.%20Mary%27s%20%20Clinic:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=St.%20Mary%27s%20%20Clinic&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_picture_is_plain_svg() {
        let svg = of_the_rfc().qr_svg("Lamplight", "ada@example.org").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && svg.contains("viewBox=\"0 0 "));
        assert!(svg.contains("fill=\"#fff\"") && svg.contains("fill=\"#000\""));
        for forbidden in ["<script", "style", "href", "<?xml", "ada"] {
            assert!(!svg.contains(forbidden), "{forbidden}");
        }
        assert!(svg.len() < 40_000, "{}", svg.len());
        assert_eq!(of_the_rfc().qr_svg("Lamplight", &"x".repeat(4000)), Err(TooLong));
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(typed in ".*", second in -100_000_000_i64..10_000_000_000, last in any::<Option<i64>>()) {
            let now = Timestamp::from_second(second).unwrap();
            let _ = of_the_rfc().check(&typed, now, last);
            let _ = of_the_rfc().uri(&typed, &typed);
        }
    }
}
