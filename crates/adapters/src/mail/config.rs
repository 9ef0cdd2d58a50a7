//! The settings of a mail server, read from text.

use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use super::address::is_domain;
use crate::mail::Address;
use crate::{ConfigError, Secret, net};

/// How a connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS (RFC 3207), or nothing is sent.
    StartTls,
    /// None: the server is on this machine.
    Loopback,
}

/// A mail server, and in whose name we send.
#[derive(Clone)]
pub struct SmtpConfig {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) credentials: Option<(String, Secret)>,
    pub(super) name: Option<String>,
    pub(super) from: Address,
    pub(super) roots: Option<Vec<u8>>,
    pub(super) connect: Duration,
    pub(super) whole: Duration,
}

impl SmtpConfig {
    /// Reads `smtps://user:password@host:port` (TLS, port 465 unless told) or `smtp://...` (STARTTLS, port 587 unless
    /// told; in clear only to `localhost` and loopback addresses), and the sender: `address` or `Name <address>`.
    /// User and password may be left out; their special characters are written `%XX`.
    ///
    /// # Errors
    /// [`ConfigError`] names the part that cannot be used.
    pub fn parse(url: &str, from: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(url.trim()).map_err(|_| ConfigError::MailUrl)?;
        let encrypted = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(ConfigError::MailScheme),
        };
        let written = url.host_str().ok_or(ConfigError::MailHost)?;
        let bare = written.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<std::net::IpAddr>().is_err() && !is_domain(written) {
            return Err(ConfigError::MailHost);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::MailExtra);
        }
        let protection = match encrypted {
            true => Protection::Tls,
            false if net::is_loopback(bare) => Protection::Loopback,
            false => Protection::StartTls,
        };
        let (name, from) = sender(from)?;
        Ok(Self {
            host: bare.to_ascii_lowercase(),
            port: url.port().unwrap_or(if encrypted { 465 } else { 587 }),
            protection,
            credentials: credentials(&url)?,
            name,
            from,
            roots: None,
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
        })
    }

    /// Trusts the certificates of this PEM text instead of the web's: a mail server of one's own.
    #[must_use]
    pub fn with_roots(mut self, pem: Vec<u8>) -> Self {
        self.roots = Some(pem);
        self
    }

    /// Waits this long for a connection (10 s unless told) and for the whole of one sending (30 s).
    #[must_use]
    pub fn with_patience(mut self, connect: Duration, whole: Duration) -> Self {
        (self.connect, self.whole) = (connect, whole);
        self
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protection, port, .. } = self;
        write!(out, "SmtpConfig {{ protection: {protection:?}, port: {port}, .. }}")
    }
}

fn credentials(url: &Url) -> Result<Option<(String, Secret)>, ConfigError> {
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| ConfigError::MailCredentials)?;
        let usable = !text.is_empty() && !text.chars().any(char::is_control);
        if usable { Ok(text.into_owned()) } else { Err(ConfigError::MailCredentials) }
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) => Ok(Some((decode(user)?, Secret(decode(password)?)))),
        (_, None) => Err(ConfigError::MailCredentials),
    }
}

/// `address` or `Name <address>`.
fn sender(text: &str) -> Result<(Option<String>, Address), ConfigError> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address),
        None => ("", text),
    };
    let plain = |c: char| !c.is_control() && !"<>\"\\@,;:".contains(c);
    if !name.chars().all(plain) || name.chars().count() > 64 {
        return Err(ConfigError::MailFrom);
    }
    let address = Address::parse(address).map_err(|_| ConfigError::MailFrom)?;
    Ok(((!name.is_empty()).then(|| name.to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Lamplight <no-reply@care.example>";

    fn of(url: &str) -> SmtpConfig {
        SmtpConfig::parse(url, FROM).unwrap()
    }

    #[test]
    fn the_scheme_and_the_host_decide_the_protection() {
        for (url, port, protection) in [
            ("smtps://mail.example", 465, Protection::Tls),
            ("smtps://localhost:4650", 4650, Protection::Tls),
            ("smtp://mail.example", 587, Protection::StartTls),
            ("smtp://mail.example:25", 25, Protection::StartTls),
            ("smtp://localhost.evil.test", 587, Protection::StartTls),
            ("smtp://127.0.0.1.evil.test", 587, Protection::StartTls),
            ("smtp://[::ffff:127.0.0.1]", 587, Protection::StartTls),
            ("smtp://localhost:1025/", 1025, Protection::Loopback),
            ("smtp://[::1]:1025", 1025, Protection::Loopback),
            ("smtp://127.0.0.1", 587, Protection::Loopback),
        ] {
            let config = of(url);
            assert_eq!((config.port, config.protection), (port, protection), "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded() {
        let (user, password) = of("smtps://a%40b.example:p%2Fw%3A%25@mail.example").credentials.unwrap();
        assert_eq!((user.as_str(), password.0.as_str()), ("a@b.example", "p/w:%"));
        assert!(of("smtps://mail.example").credentials.is_none());
    }

    #[test]
    fn each_mistake_has_its_words() {
        for (url, expected) in [
            ("mail.example", ConfigError::MailUrl),
            ("", ConfigError::MailUrl),
            ("http://mail.example", ConfigError::MailScheme),
            ("smtps:mail.example", ConfigError::MailHost),
            ("smtps://", ConfigError::MailHost),
            ("smtps://mail_server", ConfigError::MailHost),
            ("smtps://mail.example/queue", ConfigError::MailExtra),
            ("smtps://mail.example?tls=none", ConfigError::MailExtra),
            ("smtps://mail.example#a", ConfigError::MailExtra),
            ("smtps://user@mail.example", ConfigError::MailCredentials),
            ("smtps://user:@mail.example", ConfigError::MailCredentials),
            ("smtps://:secret@mail.example", ConfigError::MailCredentials),
            ("smtps://us%0d%0aer:secret@mail.example", ConfigError::MailCredentials),
            ("smtps://us%ffer:secret@mail.example", ConfigError::MailCredentials),
        ] {
            assert_eq!(SmtpConfig::parse(url, FROM).unwrap_err(), expected, "{url}");
        }
    }

    #[test]
    fn the_sender_is_an_address_with_or_without_a_name() {
        let from = |text: &str| {
            let config = SmtpConfig::parse("smtp://localhost", text).ok()?;
            Some((config.name, config.from.as_str().to_owned()))
        };
        let address = "no-reply@care.example".to_owned();
        assert_eq!(from("no-reply@care.example"), Some((None, address.clone())));
        assert_eq!(from(FROM), Some((Some("Lamplight".to_owned()), address.clone())));
        assert_eq!(
            from("\"Lamp light\" <no-reply@care.example>"),
            Some((Some("Lamp light".to_owned()), address))
        );
        for text in
            ["", "Lamplight", "a\r\nBcc: x@y.test <a@b.test>", "a <b> <a@b.test>", "a@b.test, c@d.test"]
        {
            assert_eq!(from(text), None, "{text:?}");
        }
    }
}
