//! The host a request was sent to: an organization's own address serves that organization alone.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// What a host stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The installation: the token says which organization.
    Installation,
    /// The organization of this subdomain.
    Organization(String),
    /// Somebody else's name: a misdirected request or DNS rebinding.
    Elsewhere,
}

/// The host and port of a request (RFC 9112, section 3.2: the target's own come first).
pub(crate) fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let plain = |authority: &Authority| !authority.as_str().contains('@');
    if let Some(authority) = uri.authority() {
        return Some(authority.clone()).filter(plain);
    }
    let mut given = headers.get_all(header::HOST).iter();
    let host = given.next().filter(|_| given.next().is_none())?;
    host.to_str().ok()?.parse().ok().filter(plain)
}

/// Scheme, host and port that a request was sent to.
pub(super) fn origin(parts: &Parts, https: bool) -> Option<String> {
    let authority = authority(&parts.uri, &parts.headers)?;
    Some(format!("{}://{authority}", if https { "https" } else { "http" }))
}

/// What `host` stands for when the installation's domain is `domain`.
pub(crate) fn place(host: &str, domain: Option<&str>) -> Place {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // A name without a dot is one of the machine's or the container network's own.
    if bare.parse::<IpAddr>().is_ok() || (!host.is_empty() && !host.contains('.')) {
        return Place::Installation;
    }
    for domain in [Some("localhost"), domain].into_iter().flatten() {
        if host.eq_ignore_ascii_case(domain) {
            return Place::Installation;
        }
        let slug = host.strip_suffix(&domain.to_ascii_lowercase()).and_then(|rest| rest.strip_suffix('.'));
        if let Some(slug) = slug.filter(|slug| !slug.is_empty() && !slug.contains('.')) {
            return Place::Organization(slug.to_owned());
        }
    }
    Place::Elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_what_they_stand_for() {
        let at = |host: &str| place(host, Some("Care.Example"));
        for host in ["127.0.0.1", "[::1]", "localhost", "lamplight", "care.example", "CARE.example."] {
            assert_eq!(at(host), Place::Installation, "{host}");
        }
        for host in ["north.care.example", "NORTH.localhost", "north.care.example."] {
            assert_eq!(at(host), Place::Organization("north".to_owned()), "{host}");
        }
        for host in
            ["", "north.care.example.evil.test", "a.b.care.example", "notcare.example", ".care.example"]
        {
            assert_eq!(at(host), Place::Elsewhere, "{host}");
        }
        assert_eq!(place("north.care.example", None), Place::Elsewhere);
    }
}
