//! What the browser says (client data, WebAuthn 5.8.1), and which pages are ours.

use serde::Deserialize;

use super::Refusal;
use super::ceremony::RelyingParty;
use crate::base64url::Bytes;
use crate::secret::equal;

/// The relying party's id is no host name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a relying party's id is a host name in lower case")]
pub struct BadRelyingParty;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: Bytes,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Checks client data (WebAuthn 7.1, steps 7 to 11; 7.2, steps 10 to 14).
pub(super) fn judge(
    json: &[u8],
    r#type: &str,
    challenge: &[u8],
    party: &RelyingParty,
) -> Result<(), Refusal> {
    let client: ClientData = serde_json::from_slice(json).map_err(|_| Refusal::Malformed)?;
    if client.r#type != r#type {
        return Err(Refusal::Ceremony);
    }
    if !equal(&client.challenge.0, challenge) {
        return Err(Refusal::Challenge);
    }
    // We never ask from within a frame, so whoever does is not us.
    if client.cross_origin || client.top_origin.is_some() || !is_ours(&client.origin, party) {
        return Err(Refusal::Origin);
    }
    Ok(())
}

/// Whether `origin` (RFC 6454, 6.2, as browsers write it) is one of the relying party's pages. Compared piece by piece
/// and never by prefix: `https://care.example.evil` is not `https://care.example`.
pub(super) fn is_ours(origin: &str, party: &RelyingParty) -> bool {
    // Names below `localhost` are the machine's own too (RFC 6761, section 6.3).
    let local = party.id == "localhost" || party.id.ends_with(".localhost");
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().ok().filter(|number| number.to_string() == port)),
        None => (authority, None),
    };
    let has_port = authority.contains(':');
    // Developers' servers have any port, and browsers trust plain HTTP to localhost.
    let secure = scheme == "https" || (local && scheme == "http");
    let right_port = match (has_port, port) {
        (false, _) => local || party.port.is_none(),
        (true, None) => false,
        (true, port) => local || party.port == port,
    };
    let below = host.strip_suffix(&party.id).and_then(|rest| rest.strip_suffix('.'));
    let right_host = host == party.id || (party.subdomains && below.is_some_and(is_host));
    secure && right_port && right_host
}

/// Labels of letters, digits and hyphens, in lower case, as browsers write them.
pub(super) fn is_host(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(sign)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}
