//! Scopes, addresses and parameters of OAuth: pure.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use kernel::{MembershipId, OrganizationId, PersonId, SessionId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// For how long a code is good. RFC 6749, 4.1.2 allows ten minutes; a program needs a second.
pub(super) const CODE_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// For how long an access token is good, and an id token.
pub(super) const ACCESS_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// For how long a refresh token may lie unused.
pub(super) const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// After which the person is asked again, whatever was refreshed.
pub(super) const FAMILY_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What we know to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// An id token, and userinfo (OpenID Connect Core 1.0, 3.1.2.1).
    #[serde(rename = "openid")]
    OpenId,
    /// The name.
    Profile,
    /// The e-mail address.
    Email,
    /// A refresh token: it goes on when the person has signed out.
    OfflineAccess,
    /// To act with the membership's permissions.
    Lamplight,
}

impl Scope {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::OpenId, Self::Profile, Self::Email, Self::OfflineAccess, Self::Lamplight];

    /// The scope's name.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
            Self::Lamplight => "lamplight",
        }
    }

    /// What it allows, for the person who is asked.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::OpenId => "Know that it is you",
            Self::Profile => "See your name",
            Self::Email => "See your e-mail address",
            Self::OfflineAccess => "Go on when you are signed out, until you or the organization ends it",
            Self::Lamplight => "Act for you here, with what your post may do",
        }
    }
}

/// Whose records a SMART scope is about (SMART App Launch 2.2, "Scopes for requesting FHIR Resources").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One patient's.
    Patient,
    /// What the person may see.
    User,
    /// What the program may see by itself.
    System,
}

/// One scope as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// One that we give.
    Known(Scope),
    /// One about FHIR resources: told apart, and not given by this version.
    Clinical {
        /// Whose.
        subject: Subject,
        /// The rest: `Observation.rs?category=vital-signs`, `*.read`.
        rest: String,
    },
    /// Any other.
    Unknown,
}

impl Asked {
    fn parse(text: &str) -> Self {
        if let Some(known) = Scope::ALL.into_iter().find(|scope| scope.key() == text) {
            return Self::Known(known);
        }
        let subjects = [("patient", Subject::Patient), ("user", Subject::User), ("system", Subject::System)];
        match text.split_once('/') {
            Some((subject, rest)) => match subjects.into_iter().find(|(name, _)| *name == subject) {
                Some((_, subject)) => Self::Clinical { subject, rest: rest.to_owned() },
                None => Self::Unknown,
            },
            None => Self::Unknown,
        }
    }
}

/// The scopes that we give, each once, in their own order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scopes(Vec<Scope>);

impl Scopes {
    /// What `text` asks for (RFC 6749, 3.3). `None` when it asks for something that we do not give, or for nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let asked = text.split(' ').filter(|part| !part.is_empty()).map(Asked::parse);
        let known = asked.map(|asked| match asked {
            Asked::Known(scope) => Some(scope),
            // Nothing is left out silently: a program would take less for what it asked.
            Asked::Clinical { .. } | Asked::Unknown => None,
        });
        let scopes = Self::of(known.collect::<Option<Vec<_>>>()?);
        (!scopes.0.is_empty()).then_some(scopes)
    }

    /// Those of a column.
    pub(super) fn stored(keys: &[String]) -> Self {
        Self::of(Scope::ALL.into_iter().filter(|scope| keys.iter().any(|key| key == scope.key())).collect())
    }

    fn of(mut scopes: Vec<Scope>) -> Self {
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    pub(crate) fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub(super) fn within(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.contains(*scope))
    }

    pub(crate) fn keys(&self) -> Vec<&'static str> {
        self.0.iter().map(|scope| scope.key()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Those that make sense without a person.
    pub(super) fn of_programs(&self) -> Self {
        Self(self.iter().filter(|scope| *scope == Scope::Lamplight).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.keys().join(" "))
    }
}

/// A registered client.
pub(super) struct Client {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) uri: Option<String>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) grants: Vec<String>,
    pub(super) jwks: Option<Value>,
    pub(super) scope: Scopes,
    pub(super) membership: Option<MembershipId>,
}

impl Client {
    pub(super) fn may(&self, grant: &str) -> bool {
        self.grants.iter().any(|known| known == grant)
    }

    pub(super) fn takes(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect_matches(registered, redirect_uri))
    }
}

/// An authorization request that waits for the person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) organization: OrganizationId,
    pub(super) client: Uuid,
    pub(super) issuer: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) scope: Scopes,
    /// The person must have signed in since (`prompt=login`).
    pub(super) since: Option<Timestamp>,
    /// No longer ago than so many seconds.
    pub(super) max_age: Option<i64>,
}

impl Waiting {
    /// Whether whoever signed in then need not do it again.
    pub(super) fn is_fresh(&self, signed_in_at: Timestamp, now: Timestamp) -> bool {
        let oldest = self.max_age.map(|seconds| now.as_second().saturating_sub(seconds));
        self.since.is_none_or(|since| signed_in_at >= since)
            && oldest.is_none_or(|oldest| signed_in_at.as_second() >= oldest)
    }
}

/// For whom and what something is issued: what a code, a family and an id token have in common.
pub(super) struct Consent {
    pub(super) client: Uuid,
    pub(super) person: PersonId,
    pub(super) session: SessionId,
    pub(super) membership: MembershipId,
    pub(super) scope: Scopes,
    pub(super) auth_time: Timestamp,
    pub(super) two_factors: bool,
}

/// Whether `given` is the registered address: equal to the last character (RFC 9700, 4.1.3), but for the port of one
/// that is registered on the loopback interface (RFC 8252, 7.3).
fn redirect_matches(registered: &str, given: &str) -> bool {
    registered == given
        || matches!((loopback(registered), loopback(given)), (Some(one), Some(other)) if one == other)
}

/// Host and what follows the port of an address on the loopback interface.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    for host in ["http://127.0.0.1", "http://[::1]"] {
        let Some(rest) = uri.strip_prefix(host) else { continue };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (port, path) = rest.split_at(end);
        let sound = match port.strip_prefix(':') {
            None => port.is_empty(),
            Some(digits) => {
                digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse().is_ok_and(|port: u16| port > 0)
            }
        };
        return sound.then_some((host, path));
    }
    None
}

/// Whether an address may be registered: absolute, of plain characters, without fragment, user or wildcard; over TLS, on
/// the loopback interface, or of a program's own scheme (RFC 8252, 7.1).
pub(crate) fn may_register(uri: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"#*\"<>\\^`{|}".contains(&byte);
    if uri.len() > 500 || !uri.bytes().all(plain) {
        return false;
    }
    if let Some(rest) = uri.strip_prefix("https://") {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        return !authority.is_empty() && !authority.contains('@') && !authority.starts_with(':');
    }
    if uri.starts_with("http://") {
        return loopback(uri).is_some();
    }
    let Some((scheme, rest)) = uri.split_once(":/") else { return false };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    scheme.contains('.') && scheme.bytes().all(letter) && !rest.is_empty()
}

/// What a part of an address may hold unescaped (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `uri` with these parameters behind those it has.
pub(super) fn with_params(uri: &str, params: &[(&str, &str)]) -> String {
    let mut out = uri.to_owned();
    for (name, value) in params {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(name);
        out.push('=');
        out.extend(utf8_percent_encode(value, UNRESERVED));
    }
    out
}

/// The parameters of a query or form. An empty value is none (RFC 6749, 3.1).
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// `None` when it is no UTF-8.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let pairs = text.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode(name)?, decode(value)?))
        });
        let pairs: Vec<_> = pairs.collect::<Option<_>>()?;
        Some(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// The one value; `None` when there is none, or several.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Whether anything is given twice (RFC 6749, 3.1: it must not be).
    pub(super) fn repeats(&self) -> bool {
        let again = |(index, (name, _)): (usize, &(String, String))| {
            self.0[index + 1..].iter().any(|(other, _)| other == name)
        };
        self.0.iter().enumerate().any(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_or_refused_as_a_whole() {
        let scopes = Scopes::parse("email openid  email").unwrap();
        assert_eq!(scopes.to_string(), "openid email");
        for refused in ["", " ", "openid patient/*.rs", "launch/patient", "OPENID", "user/Observation.r", "x"]
        {
            assert_eq!(Scopes::parse(refused), None, "{refused}");
        }
        let clinical = Asked::parse("patient/Observation.rs?category=vital-signs");
        assert!(matches!(clinical, Asked::Clinical { subject: Subject::Patient, .. }), "{clinical:?}");
        assert_eq!(Asked::parse("launch/patient"), Asked::Unknown);
    }

    #[test]
    fn addresses_match_to_the_last_character() {
        let registered = "https://app.example/cb";
        assert!(redirect_matches(registered, registered));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/c",
            "https://APP.example/cb",
            "https://app.example/CB",
            "https://app.example/cb/../cb",
            "https://app.example.evil.test/cb",
            "https://app.example:443/cb",
            "http://app.example/cb",
        ] {
            assert!(!redirect_matches(registered, other), "{other}");
        }
    }

    #[test]
    fn the_port_is_free_on_the_loopback_interface_alone() {
        assert!(redirect_matches("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"));
        assert!(redirect_matches("http://[::1]:1/cb", "http://[::1]:2/cb"));
        for other in [
            "http://127.0.0.1:4711/other",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:+1/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1@evil.test/cb",
            "http://127.0.0.1:1@evil.test/cb",
            "http://localhost:1/cb",
            "http://[::1]/cb",
            "https://127.0.0.1:4711/cb",
        ] {
            assert!(!redirect_matches("http://127.0.0.1/cb", other), "{other}");
        }
        assert!(!redirect_matches("https://app.example:1/cb", "https://app.example:2/cb"));
    }

    #[test]
    fn what_may_be_registered() {
        for good in
            ["https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]:80", "com.example.app:/cb"]
        {
            assert!(may_register(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https://u@app.example/",
            "https://app.example/cb#x",
            "https://*.example/cb",
            "http://app.example/cb",
            "http://localhost/cb",
            "javascript:/alert",
            "data:/x",
            "https://app.example/c b",
        ] {
            assert!(!may_register(bad), "{bad}");
        }
    }

    #[test]
    fn parameters_come_once() {
        let params = Params::parse("a=1&b=%20x+y&c=&a=2").unwrap();
        assert_eq!((params.get("a"), params.get("b"), params.get("c")), (None, Some(" x y"), None));
        assert!(params.repeats());
        assert!(Params::parse("a=%ff").is_none());
        assert_eq!(with_params("https://a/?b=1", &[("c", "d&e ü")]), "https://a/?b=1&c=d%26e%20%C3%BC");
    }
}
