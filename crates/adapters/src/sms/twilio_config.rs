//! The settings of Twilio, read from text.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::sms::Phone;
use crate::{ConfigError, Secret, net};

/// Where Twilio's API is (<https://www.twilio.com/docs/global-infrastructure/understanding-twilio-regions>). Compared
/// whole: `api.twilio.com.evil.test` gets no key of ours.
const HOSTS: [&str; 3] = ["api.twilio.com", "api.dublin.ie1.twilio.com", "api.sydney.au1.twilio.com"];

/// In whose name messages go.
#[derive(Clone)]
pub(super) enum Sender {
    /// A number or short code.
    From(String),
    /// A messaging service, which picks the number.
    Service(String),
}

/// An account of Twilio, and in whose name we send.
#[derive(Clone)]
pub struct TwilioConfig {
    pub(super) account: String,
    pub(super) user: String,
    pub(super) secret: Secret,
    pub(super) sender: Sender,
    pub(super) base: Url,
    pub(super) connect: Duration,
    pub(super) whole: Duration,
}

impl TwilioConfig {
    /// An account (`AC...`) and its auth token or, with the SID of an API key (`SK...`), that key's secret. The sender is
    /// a phone number, a short code of 5 or 6 digits, or a messaging service (`MG...`).
    ///
    /// # Errors
    /// [`ConfigError`] names the part that cannot be used.
    pub fn new(account: &str, key: Option<&str>, secret: &str, sender: &str) -> Result<Self, ConfigError> {
        let account = sid(account, "AC").ok_or(ConfigError::TwilioAccount)?;
        let user = match key {
            Some(key) => sid(key, "SK").ok_or(ConfigError::TwilioKey)?,
            None => account.clone(),
        };
        let secret = secret.trim();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::TwilioSecret);
        }
        Ok(Self {
            account,
            user,
            secret: Secret(secret.to_owned()),
            sender: read_sender(sender)?,
            base: read_base("https://api.twilio.com")?,
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(10),
        })
    }

    /// Speaks to another of Twilio's regions (`https://api.dublin.ie1.twilio.com`), or to a stand-in on this machine,
    /// which may be `http`.
    ///
    /// # Errors
    /// [`ConfigError::TwilioBase`]: not such an address.
    pub fn with_base(mut self, base: &str) -> Result<Self, ConfigError> {
        self.base = read_base(base)?;
        Ok(self)
    }

    /// Waits this long for a connection (5 s unless told) and for the whole of one sending (10 s).
    #[must_use]
    pub fn with_patience(mut self, connect: Duration, whole: Duration) -> Self {
        (self.connect, self.whole) = (connect, whole);
        self
    }
}

impl fmt::Debug for TwilioConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TwilioConfig(..)")
    }
}

/// A SID: two letters for the kind and 32 hexadecimal digits.
pub(super) fn sid(text: &str, kind: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix(kind)?;
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}

fn read_sender(text: &str) -> Result<Sender, ConfigError> {
    let text = text.trim();
    if let Some(service) = sid(text, "MG") {
        return Ok(Sender::Service(service));
    }
    if (5..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Sender::From(text.to_owned()));
    }
    let phone = Phone::parse(text).map_err(|_| ConfigError::TwilioSender)?;
    Ok(Sender::From(phone.as_e164().to_owned()))
}

fn read_base(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text.trim()).map_err(|_| ConfigError::TwilioBase)?;
    let host = url.host_str().unwrap_or_default();
    let local = net::is_loopback(host);
    let known = url.scheme() == "https" && url.port().is_none() && HOSTS.contains(&host);
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if bare && (known || (local && matches!(url.scheme(), "http" | "https"))) {
        Ok(url)
    } else {
        Err(ConfigError::TwilioBase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AC0123456789abcdef0123456789ABCDEF";
    const KEY: &str = "SK0123456789abcdef0123456789ABCDEF";
    const SERVICE: &str = "MG0123456789abcdef0123456789ABCDEF";

    fn fails(account: &str, key: Option<&str>, secret: &str, sender: &str) -> ConfigError {
        TwilioConfig::new(account, key, secret, sender).unwrap_err()
    }

    #[test]
    fn each_mistake_has_its_words() {
        for sender in [SERVICE, "12345", "415 555 2671", "+44 20 7946 0958"] {
            assert!(TwilioConfig::new(ACCOUNT, Some(KEY), "secret", sender).is_ok(), "{sender}");
        }
        let traversal = "AC0123456789abcdef0123456789/../..";
        for account in ["", KEY, "AC12", traversal] {
            assert_eq!(fails(account, None, "secret", SERVICE), ConfigError::TwilioAccount);
        }
        assert_eq!(fails(ACCOUNT, Some(ACCOUNT), "secret", SERVICE), ConfigError::TwilioKey);
        assert_eq!(fails(ACCOUNT, None, " ", SERVICE), ConfigError::TwilioSecret);
        assert_eq!(fails(ACCOUNT, None, "a\r\nb", SERVICE), ConfigError::TwilioSecret);
        assert_eq!(fails(ACCOUNT, None, "secret", "Clinic"), ConfigError::TwilioSender);
    }

    #[test]
    fn the_key_goes_to_twilio_alone() {
        for base in [
            "https://api.twilio.com",
            "https://API.twilio.com/",
            "https://api.dublin.ie1.twilio.com",
            "http://127.0.0.1:4010",
            "http://localhost:4010",
            "https://[::1]:4010",
        ] {
            assert!(read_base(base).is_ok(), "{base}");
        }
        for base in [
            "",
            "api.twilio.com",
            "http://api.twilio.com",
            "https://api.twilio.com.evil.test",
            "https://evil.test/api.twilio.com",
            "https://evilapi.twilio.com",
            "https://api.twilio.com@evil.test",
            "https://user:pw@api.twilio.com",
            "https://api.twilio.com:8443",
            "https://api.twilio.com.",
            "https://api.twilio.com/?a=b",
            "https://api.twilio.com/#",
            "http://localhost.evil.test",
            "ftp://localhost",
            "file:///etc",
        ] {
            assert!(read_base(base).is_err(), "{base}");
        }
    }
}
