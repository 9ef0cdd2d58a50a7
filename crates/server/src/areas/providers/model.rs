//! Where a browser may be sent, what two factors are, for whom a provider speaks: pure.

use adapters::oidc::Identity;
use credentials::secret::Secret;
use kernel::OrganizationId;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The longest path to come back to.
const LONGEST_PATH: usize = 1_000;

/// A provider's row, opened.
pub(super) struct Provider {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) trusts_mfa: bool,
    pub(super) mfa_acr: Vec<String>,
    pub(super) email_domains: Vec<String>,
}

impl Provider {
    /// The classes to ask for: those that count as two factors.
    pub(super) fn classes(&self) -> &[String] {
        if self.trusts_mfa { &self.mfa_acr } else { &[] }
    }

    /// Whether what somebody showed there counts as two factors here.
    pub(super) fn saw_two_factors(&self, identity: &Identity) -> bool {
        let class = identity.class.as_ref().is_some_and(|class| self.mfa_acr.contains(class));
        self.trusts_mfa && (class || are_two_factors(&identity.methods))
    }

    /// The address that this provider may speak for, if the identity has one that it verified.
    pub(super) fn address_of<'a>(&self, identity: &'a Identity) -> Result<&'a str, &'static str> {
        let address = identity.email.as_deref().ok_or("no e-mail told")?;
        if !identity.email_verified {
            return Err("e-mail not verified there");
        }
        let (_, domain) = address.split_once('@').ok_or("no e-mail told")?;
        let listed = self.email_domains.iter().any(|listed| listed.eq_ignore_ascii_case(domain));
        if listed { Ok(address) } else { Err("e-mail of another domain") }
    }
}

/// Whether authentication methods (RFC 8176) are two factors: said so, or of two kinds. A code or a key alone is one.
fn are_two_factors(methods: &[String]) -> bool {
    const KNOWN: [&str; 3] = ["pwd", "pin", "kba"];
    const HELD: [&str; 7] = ["otp", "hwk", "swk", "sc", "sms", "tel", "pop"];
    const BEING: [&str; 5] = ["face", "fpt", "iris", "retina", "vbm"];
    let of = |kind: &[&str]| methods.iter().any(|method| kind.contains(&method.as_str()));
    let kinds = [of(&KNOWN), of(&HELD), of(&BEING)].into_iter().filter(|there| *there).count();
    of(&["mfa"]) || kinds > 1
}

/// What is kept while a browser is at a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) organization: OrganizationId,
    pub(super) provider: Uuid,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// Where to go in the end: a path of ours.
    pub(super) back: String,
    /// SHA-256 of the secret in the browser's cookie.
    pub(super) browser: Vec<u8>,
}

/// `path` when it is a path of ours, else the beginning: never another site's address, however it is written.
pub(super) fn path_of_ours(path: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/')
            && path.len() <= LONGEST_PATH
            && !path.contains("//")
            && !path.contains('\\')
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    path.filter(ours).unwrap_or("/")
}

/// The parameter `name` of a query, when it is there once.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut given = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key)? == name).then_some(value)
    });
    let value = given.next()?;
    if given.next().is_some() { None } else { decoded(value) }
}

fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    Some(percent_decode_str(&text).decode_utf8().ok()?.into_owned())
}

/// The cookie that ties a sign-in to the browser that began it: somebody else's state is good for nothing in it.
pub(super) struct Binding;

impl Binding {
    const NAME: &str = "__Host-lamplight-provider";

    /// `Set-Cookie` that gives it, for as long as the state is good.
    pub(super) fn set(secret: &Secret) -> String {
        format!("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900", Self::NAME, secret.text())
    }

    /// `Set-Cookie` that takes it away.
    pub(super) fn clear() -> String {
        format!("{}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0", Self::NAME)
    }

    /// The secret of a request's cookies, when there is one.
    pub(super) fn of<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Secret> {
        let pairs = headers.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut given = pairs.filter(|(name, _)| *name == Self::NAME).map(|(_, value)| value);
        let value = given.next()?;
        if given.next().is_some() { None } else { Secret::parse(value) }
    }
}
