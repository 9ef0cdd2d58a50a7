//! Who asks: a program by its bearer token (RFC 6750), a person by cookie and named context; and where from.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use db::{Administrator, Ctx, Event, Outcome, Purpose, Request, Session, SignedIn};
use kernel::{ContextId, RequestId};

use crate::app::App;
use crate::http::host::{self, Place};
use crate::http::{Access, Cookie, Failure, Peer, Route, Verb, Visit};

/// The header that names the context a browser's request speaks in. There is no current one.
pub(crate) const CONTEXT: &str = "lamplight-context";

/// The header that names the emergency by which a request reaches its patient. Without it an emergency opens nothing.
const EMERGENCY: &str = "lamplight-emergency";

/// The header that names what a request uses records for, by its code (HL7 v3 PurposeOfUse), where that is not what the
/// post is there for.
const PURPOSE: &str = "lamplight-purpose";

/// The header that says what has to be said with what an answer shows.
pub(super) const NOTICE: &str = "lamplight-notice";

/// Who asks in an organization.
pub(super) struct Caller {
    /// As this membership.
    pub(super) ctx: Ctx,
    /// From this browser.
    pub(super) session: Option<(Session, ContextId)>,
}

impl Caller {
    pub(super) fn context(&self) -> Option<ContextId> {
        self.session.as_ref().map(|(_, context)| *context)
    }
}

/// Finds out who asks: a program with a token, or a person with a cookie who names a context.
pub(super) async fn caller(app: &App, parts: &Parts, row: &Route) -> Result<Caller, Failure> {
    if let Some(token) = bearer(&parts.headers) {
        let ctx = with_token(app, parts, token).await?;
        return Ok(Caller { ctx, session: None });
    }
    if !parts.headers.contains_key(header::COOKIE) {
        return Err(Failure::unauthenticated());
    }
    let visit = visit(app, parts).await?;
    let named = context(&parts.headers);
    let signed_in = signed_in(app, &visit, named, row.active && !is_background(&parts.headers)).await?;
    own_origin(parts, &visit.origin, row.method)?;
    app.quotas.person(signed_in.session.person())?;
    let session = signed_in.session;
    let who = Some(format!("person {} session {}", session.person(), session.id()));
    let Some(context) = named else {
        visit.log("context.use", Outcome::Denied, "no context named", who).await?;
        let message = "name the context you speak in, in the header Lamplight-Context";
        return Err(Failure::coded(400, "context-required", message));
    };
    let Some(opened) = signed_in.opened else {
        visit.log("context.use", Outcome::Denied, "not a context of this session", who).await?;
        return Err(Failure::coded(403, "context-refused", "this context is not open here"));
    };
    if opened.second_factor_required && !session.two_factors() {
        visit.log("context.use", Outcome::Denied, "second factor", who).await?;
        return Err(Failure::coded(403, "second-factor-required", "set up a second factor first"));
    }
    Ok(Caller { ctx: opened.ctx, session: Some((session, context)) })
}

/// Who asked, asked again while an answer goes on: whether they still may. It extends no session.
pub(super) async fn again(app: &App, parts: &Parts) -> Result<Ctx, Failure> {
    let ctx = if let Some(token) = bearer(&parts.headers) {
        with_token(app, parts, token).await?
    } else {
        let visit = visit(app, parts).await?;
        let signed_in = signed_in(app, &visit, context(&parts.headers), false).await?;
        let refused = || Failure::coded(403, "context-refused", "this context is not open here");
        let opened = signed_in.opened.ok_or_else(refused)?;
        if opened.second_factor_required && !signed_in.session.two_factors() {
            return Err(refused());
        }
        opened.ctx
    };
    admit(app, parts, &ctx).await?;
    in_use(app, &ctx).await?;
    let ctx = in_emergency(app, &parts.headers, ctx).await?;
    for_purpose(app, &parts.headers, ctx).await
}

/// Whose token it is. Wrong ones count for where they come from: each costs a look at the database.
async fn with_token(app: &App, parts: &Parts, token: &str) -> Result<Ctx, Failure> {
    let request = request(app, parts);
    let address = request.address;
    let found = app.store.db().authenticate(token, request).await;
    if matches!(found, Err(db::Error::Unauthenticated)) {
        app.quotas.failure(address)?;
    }
    Ok(found?)
}

/// Who asks, where nobody has to say so: nothing is refused to whoever shows no context, or one that is not good here.
pub(super) async fn known(app: &App, parts: &Parts, row: &Route) -> Option<Ctx> {
    if bearer(&parts.headers).is_none() && !parts.headers.contains_key(CONTEXT) {
        return None;
    }
    let caller = caller(app, parts, row).await.ok()?;
    admit(app, parts, &caller.ctx).await.ok()?;
    Some(caller.ctx)
}

/// What is known of a request before anyone is asked about its cookie.
pub(super) async fn visit(app: &App, parts: &Parts) -> Result<Visit, Failure> {
    let authority = host::authority(&parts.uri, &parts.headers).ok_or_else(Failure::unlisted)?;
    let place = host::place(authority.host(), app.settings.domain.as_deref());
    let organization = match &place {
        Place::Installation => None,
        Place::Organization(slug) => Some(app.organization(slug).await?.ok_or_else(Failure::unlisted)?),
        Place::Elsewhere => return Err(Failure::unlisted()),
    };
    let mut visit = Visit {
        app: app.clone(),
        request: request(app, parts),
        place,
        organization,
        cookie: None,
        origin: host::origin(parts, app.settings.https).ok_or_else(Failure::unlisted)?,
        headers: HeaderMap::new(),
        params: Vec::new(),
        query: parts.uri.query().map(str::to_owned),
        body: Bytes::new(),
    };
    match Cookie::of(&parts.headers) {
        Ok(cookie) => visit.cookie = cookie,
        Err(()) => {
            // Before it is written down: the log of an organization is not anybody's to fill.
            app.quotas.failure(visit.request.address)?;
            let refused = visit.log("session.use", Outcome::Denied, "cookie of another kind", None).await;
            refused.and(Err(Failure::signed_out()))?;
        }
    }
    Ok(visit)
}

/// Finds out who is signed in.
pub(super) async fn signed_in(
    app: &App,
    visit: &Visit,
    context: Option<ContextId>,
    active: bool,
) -> Result<SignedIn, Failure> {
    let cookie = visit.cookie.as_ref().ok_or_else(Failure::signed_out)?;
    let request = visit.request.clone();
    let found = app.store.db().authenticate_session(cookie.secret(), context, active, request).await;
    let signed_in = match found {
        Err(db::Error::Unauthenticated) => {
            app.quotas.failure(visit.request.address)?;
            return Err(Failure::signed_out());
        }
        found => found?,
    };
    if signed_in.session.place() != visit.slug() {
        // The prefix keeps browsers from doing this: somebody carried the cookie here.
        let who = Some(format!("person {}", signed_in.session.person()));
        visit.log("session.use", Outcome::Denied, "cookie of another address", who).await?;
        return Err(Failure::signed_out());
    }
    Ok(signed_in)
}

/// Refuses what another site made the browser send: the origin of a request that changes something must be ours. A
/// program that sends no cookie needs to say nothing.
pub(super) fn own_origin(parts: &Parts, own: &str, method: Verb) -> Result<(), Failure> {
    if method == Verb::Get {
        return Ok(());
    }
    let text = |name| parts.headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""));
    let same = match (text(header::ORIGIN), text(HeaderName::from_static("sec-fetch-site"))) {
        (Some(origin), _) => origin.eq_ignore_ascii_case(own),
        (None, Some(site)) => site == "same-origin",
        (None, None) => !parts.headers.contains_key(header::COOKIE),
    };
    if same {
        Ok(())
    } else {
        Err(Failure::coded(403, "foreign-origin", "this request comes from another site"))
    }
}

fn request(app: &App, parts: &Parts) -> Request {
    let id = parts.extensions.get::<RequestId>().copied();
    let id = id.unwrap_or_else(|| super::request_id::new(&app.world));
    Request { id, address: address(app, parts), purpose: Purpose::Treatment }
}

/// The context that the request names.
fn context(headers: &HeaderMap) -> Option<ContextId> {
    named(headers, CONTEXT).map(ContextId)
}

/// The id in a header; one that is no id of ours, or is not alone, is like one that is not there.
fn named(headers: &HeaderMap, header: &str) -> Option<uuid::Uuid> {
    let mut given = headers.get_all(header).iter();
    let value = given.next()?;
    let id = value.to_str().ok().filter(|_| given.next().is_none()).and_then(|text| text.parse().ok());
    Some(id.unwrap_or(uuid::Uuid::nil()))
}

/// The context narrowed to the patient of the emergency that the request names. One that is not the post's own, or is
/// over, is like one that never was.
pub(super) async fn in_emergency(app: &App, headers: &HeaderMap, ctx: Ctx) -> Result<Ctx, Failure> {
    let Some(id) = named(headers, EMERGENCY) else { return Ok(ctx) };
    if let Some(narrow) = app.store.db().in_emergency(&ctx, id).await? {
        return Ok(narrow);
    }
    app.store.db().record(&ctx, Event::denied("emergency.use", "no such emergency")).await?;
    Err(Failure::coded(403, "emergency-refused", "this emergency is not yours, or it is over"))
}

/// Who asks on the plane above organizations, where they may do what the row says.
pub(super) async fn administrator(
    app: &App,
    visit: &Visit,
    session: &Session,
    access: Access,
) -> Result<Administrator, Failure> {
    let found = app.store.db().administrator(session, visit.request.clone()).await?;
    let who = Some(format!("person {} session {}", session.person(), session.id()));
    let Some(administrator) = found else {
        // The app asks everyone's account whether there is a way to the plane: that is no attempt.
        if access != Access::OnPlatform {
            visit.log("platform.use", Outcome::Denied, "not on the plane", who).await?;
        }
        return Err(Failure::unlisted());
    };
    if let Access::Platform(permission) = access
        && !administrator.may(permission)
    {
        visit.log("platform.use", Outcome::Denied, permission.key(), who).await?;
        return Err(Failure::new(403, "forbidden", &format!("not permitted: {}", permission.key())));
    }
    Ok(administrator)
}

/// Refuses a post that is of a part of the product which its organization does not have in use.
pub(super) async fn in_use(app: &App, ctx: &Ctx) -> Result<(), Failure> {
    let Some(module) = ctx.grants().missing_module() else { return Ok(()) };
    let detail = Some(format!("module {}", module.key()));
    app.store.db().record(ctx, Event { detail, ..Event::denied("context.use", "not in use") }).await?;
    Err(db::Error::NotEntitled(module).into())
}

/// The context with the purpose that the request names. An emergency has its own, and no other purpose opens one.
pub(super) async fn for_purpose(app: &App, headers: &HeaderMap, ctx: Ctx) -> Result<Ctx, Failure> {
    let mut given = headers.get_all(PURPOSE).iter();
    let Some(value) = given.next() else { return Ok(ctx) };
    let alone = value.to_str().ok().filter(|_| given.next().is_none());
    let Some(purpose) = alone.and_then(|code| code.parse().ok()) else {
        app.store.db().record(&ctx, Event::denied("purpose.use", "no such purpose")).await?;
        let message = "the header Lamplight-Purpose names no purpose of use";
        return Err(Failure::coded(400, "purpose-unknown", message));
    };
    if let Some(narrowed) = ctx.for_purpose(purpose) {
        return Ok(narrowed);
    }
    app.store.db().record(&ctx, Event::denied("purpose.use", "not a purpose of this post")).await?;
    let message = "the header Lamplight-Purpose names a purpose that this post may not claim";
    Err(Failure::coded(403, "purpose-refused", message))
}

/// Whether the caller says that nobody is at the screen. It can only shorten a session.
fn is_background(headers: &HeaderMap) -> bool {
    headers.contains_key("lamplight-background")
}

/// Refuses a context at an address that is not its organization's, with the answer for an address that does not exist.
pub(crate) async fn admit(app: &App, parts: &Parts, ctx: &Ctx) -> Result<(), Failure> {
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
    let event = Event::denied("token.use", "address of another organization");
    app.store.db().record(ctx, event).await?;
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
