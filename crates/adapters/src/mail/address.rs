//! E-mail addresses, and our own name beside ours.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// An e-mail address in plain ASCII: `local@domain` (RFC 5321, section 4.1.2, without quoted strings, address literals
/// and comments), up to 254 characters. Names in other scripts are written in their ASCII form (RFC 5891).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(lettre::Address);

impl Address {
    /// Reads one; blanks around it are dropped, its case is kept.
    ///
    /// # Errors
    /// [`Invalid::Address`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let plain = text.len() <= 254 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let (local, domain) = text.rsplit_once('@').filter(|_| plain).ok_or(Invalid::Address)?;
        if local.len() > 64 || local.contains(['"', '\\', '@']) || !is_domain(domain) {
            return Err(Invalid::Address);
        }
        lettre::Address::new(local, domain).map(Self).map_err(|_| Invalid::Address)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// What stands behind the `@`.
    pub(crate) fn domain(&self) -> &str {
        self.0.domain()
    }

    pub(crate) fn inner(&self) -> lettre::Address {
        self.0.clone()
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Address(..)")
    }
}

/// A host name (RFC 1123, section 2.1) whose last label is not a number, so that no IP address is one.
pub(crate) fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 253 && text.split('.').all(label) && !text.rsplit('.').next().is_none_or(numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        for text in
            ["ada@example.com", "a.b+tag@mail.example.org", "x@localhost", " o'neil@xn--bcher-kva.example "]
        {
            assert_eq!(Address::parse(text).unwrap().as_str(), text.trim());
        }
    }

    #[test]
    fn nothing_else_gets_into_a_header_or_a_command() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@exa mple.com",
            "ada@example.com\r\nBcc: eve@evil.test",
            "ada@example.com\nRCPT TO:<eve@evil.test>",
            "ada\r@example.com",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "ada@example.com,eve@evil.test",
            "ada@example.com> NOTIFY=NEVER",
            "\"a b\"@example.com",
            "ada@eve@example.com",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada..b@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@b\u{fc}cher.example",
            "ada\u{0}@example.com",
            &long,
        ] {
            assert_eq!(Address::parse(text), Err(Invalid::Address), "{text:?}");
        }
    }
}
