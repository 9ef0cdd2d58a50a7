//! What people have and show: pure.

use std::net::IpAddr;

use adapters::mail::Address;
use jiff::{SignedDuration, Timestamp};
use kernel::{MembershipId, OrganizationId, PersonId, SessionId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often something may be tried within [`ATTEMPT_WINDOW`].
#[derive(Clone, Copy)]
pub(super) struct Allowance {
    /// At one account.
    pub(super) account: i32,
    /// From one source, which may be a whole house.
    pub(super) source: i32,
}

/// Failures before passwords and codes are no longer looked at.
pub(super) const SIGN_INS: Allowance = Allowance { account: 10, source: 100 };
/// Links to a new password, to one address: nobody's mailbox is flooded through us.
pub(super) const RESETS: Allowance = Allowance { account: 3, source: 50 };
/// Codes sent to a person's phone, and to phones from one source: each costs money.
pub(super) const CODES: Allowance = Allowance { account: 5, source: 50 };
/// For how long attempts are counted together, and for how long they lock.
pub(super) const ATTEMPT_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Tries at one handle.
pub(super) const TRIES: i32 = 5;

/// What is stored of a person in clear, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Details {
    /// The address, as typed.
    pub(crate) email: String,
    /// The name.
    pub(crate) name: String,
}

/// A person's row, opened.
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) handle: Uuid,
    pub(crate) details: Details,
    /// The Argon2id hash (PHC).
    pub(crate) password: Option<zeroize::Zeroizing<String>>,
    pub(crate) password_at: Option<Timestamp>,
    pub(crate) disabled: bool,
}

/// The address as it is compared: two that differ in case or blanks are one. `None` when it cannot be an address.
pub(crate) fn normal_address(text: &str) -> Option<String> {
    Address::parse(text).ok().map(|address| address.as_str().to_lowercase())
}

/// The kinds of factor beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Totp,
    Sms,
    Passkey,
}

impl Kind {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Sms => "sms",
            Self::Passkey => "passkey",
        }
    }

    pub(super) fn of(key: &str) -> Option<Self> {
        [Self::Totp, Self::Sms, Self::Passkey].into_iter().find(|kind| kind.key() == key)
    }
}

/// What is sealed in a factor's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct FactorSecret {
    pub(crate) label: String,
    pub(crate) what: FactorWhat,
}

/// By kind.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FactorWhat {
    /// The shared secret.
    Totp(Vec<u8>),
    /// The number (E.164).
    Sms(String),
    /// The stored passkey, as the credentials crate writes it.
    Passkey(Vec<u8>),
}

/// A factor's row, opened.
pub(crate) struct Factor {
    pub(crate) id: Uuid,
    pub(crate) person: PersonId,
    pub(crate) kind: Kind,
    pub(crate) secret: FactorSecret,
    pub(crate) added_at: Timestamp,
    pub(crate) confirmed: bool,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) last_step: Option<i64>,
}

/// What a ticket is for. A ticket of one purpose is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    SignInPasskey,
    EnrolPasskey,
    StepUpPasskey,
    SmsCode,
    StepUp,
    Reset,
    Email,
    Invitation,
    Provider,
    Authorization,
}

impl Purpose {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignInPasskey => "sign-in.passkey",
            Self::EnrolPasskey => "enrol.passkey",
            Self::StepUpPasskey => "step-up.passkey",
            Self::SmsCode => "sms-code",
            Self::StepUp => "step-up",
            Self::Reset => "reset",
            Self::Email => "email",
            Self::Invitation => "invitation",
            Self::Provider => "provider",
            Self::Authorization => "authorization",
        }
    }

    /// For how long one is good.
    pub(super) fn life(self) -> SignedDuration {
        match self {
            Self::SignIn | Self::SignInPasskey | Self::EnrolPasskey | Self::StepUpPasskey => {
                SignedDuration::from_mins(10)
            }
            Self::SmsCode | Self::StepUp => SignedDuration::from_mins(5),
            Self::Provider | Self::Authorization => SignedDuration::from_mins(15),
            Self::Reset => SignedDuration::from_mins(30),
            Self::Email => SignedDuration::from_hours(2),
            Self::Invitation => SignedDuration::from_hours(24 * 7),
        }
    }
}

/// What a ticket stands for, sealed in its row.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub(crate) enum Ticket {
    /// The password was right; a second factor is wanted.
    SignIn,
    /// A WebAuthn ceremony: the authenticator's answer must fit `state`. As the second factor of `login`, if that.
    Ceremony { state: Vec<u8>, login: Option<Vec<u8>>, action: Option<String>, session: Option<SessionId> },
    /// A code that was sent: its digest.
    SmsCode { digest: Vec<u8> },
    /// A fresh proof for one action in one session.
    StepUp { action: String, session: SessionId },
    /// A link to a new password.
    Reset,
    /// A link to a new address.
    Email { address: String },
    /// A post offered.
    Invitation { organization: OrganizationId, membership: MembershipId, address: String },
    /// On the way to an identity provider or to an application: what that area makes of it.
    Other { state: serde_json::Value },
}

/// A ticket's row, opened.
pub(crate) struct Found {
    /// SHA-256 of its secret.
    pub(crate) digest: Vec<u8>,
    /// Whose.
    pub(crate) person: Option<PersonId>,
    /// What it stands for.
    pub(crate) ticket: Ticket,
    /// How often it was tried before.
    pub(crate) tries: i32,
}

/// A text of a person's own choosing: no control characters, not too long, trimmed.
#[derive(Clone)]
pub(crate) struct SmallText(pub(crate) String);

impl SmallText {
    /// The most characters.
    pub(crate) const LONGEST: usize = 100;

    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count());
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }
}

/// The browser and system that a `User-Agent` names, in words for a list of devices.
pub(crate) fn agent(text: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name)
    };
    // Each claims to be those after it.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "Another program".to_owned(),
    }
}

/// An address as a list of devices shows it: the network, not the house.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            format!("{a}.{b}.{c}.0")
        }
        IpAddr::V6(six) => {
            let [a, b, c, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}::")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case_and_blanks() {
        assert_eq!(normal_address(" Ann@Care.Example "), Some("ann@care.example".to_owned()));
        for none in ["", "@", "a@", "@b", "a b@c", "a\n@c", &format!("{}@b", "a".repeat(300))] {
            assert_eq!(normal_address(none), None, "{none}");
        }
    }

    #[test]
    fn agents_in_words() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36";
        assert_eq!(agent(chrome), "Chrome on Linux");
        assert_eq!(agent("curl/8"), "Another program");
    }

    #[test]
    fn small_texts() {
        assert_eq!(SmallText::new("  Phone ").unwrap().0, "Phone");
        assert!(SmallText::new(" ").is_none() && SmallText::new("a\u{0}").is_none());
        assert!(SmallText::new(&"x".repeat(101)).is_none());
    }
}
