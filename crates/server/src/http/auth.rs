//! Who asks: the bearer token (RFC 6750) and the address the request came from.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use db::{Ctx, Purpose, Request};
use kernel::RequestId;

use crate::app::App;
use crate::http::host::{self, Place};
use crate::http::{Failure, Peer};

/// Makes the context of a request.
pub(crate) async fn authenticate(app: &App, parts: &Parts, id: RequestId) -> Result<Ctx, Failure> {
    let token = bearer(&parts.headers).ok_or_else(Failure::unauthenticated)?;
    let request = Request { id, address: address(app, parts), purpose: Purpose::Treatment };
    Ok(app.store.db().authenticate(token, request).await?)
}

/// Refuses a context at an address that is not its organization's, with the answer for an address that does not exist.
pub(crate) fn admit(app: &App, parts: &Parts, ctx: &Ctx) -> Result<(), Failure> {
    let authority = host::authority(&parts.uri, &parts.headers);
    let place = authority.map_or(Place::Elsewhere, |a| host::place(a.host(), app.settings.domain.as_deref()));
    let admitted = match &place {
        Place::Installation => true,
        Place::Organization(slug) => slug == ctx.slug(),
        Place::Elsewhere => false,
    };
    if admitted {
        return Ok(());
    }
    tracing::warn!(
        request = %ctx.request().id,
        organization = %ctx.organization(),
        membership = %ctx.membership(),
        elsewhere = place == Place::Elsewhere,
        "a token was used at an address that is not its organization's"
    );
    Err(Failure::unlisted())
}

/// The one bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let value = given.next().filter(|_| given.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The client's address. A proxy that we trust says whom it speaks for; anyone else may say what they like.
fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    let Peer(peer) = *parts.extensions.get::<Peer>()?;
    let trusted = &app.settings.trusted_proxies;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> =
        hops.flat_map(|v| v.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    while let Some(hop) = hops.pop() {
        if !trusted.contains(&hop) {
            return Some(hop);
        }
    }
    Some(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_and_no_other_scheme() {
        let token = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["Basic abc"]), None);
        assert_eq!(token(&["Bearer abc", "Bearer def"]), None);
        assert_eq!(token(&[]), None);
    }
}
