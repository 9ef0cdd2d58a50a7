//! Links and codes: what opens the way, and is therefore never shown.

use std::fmt;

use url::Url;

use super::html;
use crate::{Invalid, net};

/// A link in a message. Where it holds a token, whoever sees it can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(Url);

impl Link {
    /// An `https` URL (or `http` of this machine) without user name, up to 900 characters once escaped for HTML.
    ///
    /// # Errors
    /// [`Invalid::Link`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let url = Url::parse(text).map_err(|_| Invalid::Link)?;
        let host = url.host_str().unwrap_or_default();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(host));
        let nobody = url.username().is_empty() && url.password().is_none();
        let plain = url.as_str().bytes().all(|byte| byte.is_ascii_graphic());
        if safe && nobody && plain && html::escape(url.as_str()).len() <= 900 {
            Ok(Self(url))
        } else {
            Err(Invalid::Link)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host alone.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

/// Names below `localhost` are the machine's own (RFC 6761, section 6.3): organizations have such in development.
fn is_this_machine(host: &str) -> bool {
    net::is_loopback(host) || host.to_ascii_lowercase().ends_with(".localhost")
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Link(..)")
    }
}

/// A one-time code: 4 to 10 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Takes a code.
    ///
    /// # Errors
    /// [`Invalid::Code`].
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if (4..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Code)
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_https() {
        for text in ["https://care.example/join#t=a%20b", "http://localhost:8080/join?t=1&u=2"] {
            assert!(Link::parse(text).is_ok(), "{text}");
        }
        let long = format!("https://care.example/{}", "&".repeat(200));
        for text in [
            "",
            "care.example",
            "http://care.example",
            "http://localhost.evil.test",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@care.example",
            "https://care.example@evil.test",
            &long,
        ] {
            assert_eq!(Link::parse(text), Err(Invalid::Link), "{text}");
        }
        assert_eq!(Code::parse("12345a"), Err(Invalid::Code));
        assert_eq!(Code::parse("123"), Err(Invalid::Code));
        assert!(Code::parse("012345").is_ok());
    }
}
