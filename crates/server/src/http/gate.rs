//! What stands before a handler: who asks, at which address, whether there is room, whether the policy allows it, what
//! was sent. In this order, so that nothing is read from someone who may not ask.

use axum::body::{Body as HttpBody, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{MethodFilter, MethodRouter, on};
use db::{Ctx, Event};
use kernel::{OrganizationId, PatientId};
use policy::Target;

use crate::app::App;
use crate::http::auth::{CONTEXT, Caller};
use crate::http::logs::Who;
use crate::http::routes::{Access, Body, Handler, Route, Verb};
use crate::http::{Above, Account, Call, Failure, Holder, Incoming, Place, Visit, auth, host};

/// The row as a part of the router.
pub(super) fn handle(row: &'static Route, app: &App) -> MethodRouter {
    let filter = match row.method {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Delete => MethodFilter::DELETE,
    };
    let app = app.clone();
    on(filter, move |request: Request| pass(row, app, request))
}

async fn pass(row: &'static Route, app: App, request: Request) -> Response<HttpBody> {
    let (parts, body) = request.into_parts();
    match row.handler {
        Handler::Public(handler) => answer(handler(app).await),
        Handler::Anyone(handler) => {
            let ctx = auth::known(&app, &parts, row).await;
            answer(handler(app, ctx).await)
        }
        Handler::Visitor(handler) if matches!(row.access, Access::Program(_)) => {
            let mut response = answer(program(row, handler, app, parts, body).await);
            any_origin(response.headers_mut());
            response
        }
        Handler::Visitor(handler) => answer(visitor(row, handler, app, parts, body).await),
        Handler::Upload(handler) => answer(upload(row, handler, app, parts, body).await),
        Handler::Account(handler) => answer(account(row, handler, app, parts, body).await),
        Handler::Platform(handler) => answer(platform(row, handler, app, parts, body).await),
        Handler::Private(handler) => private(row, handler, app, parts, body).await,
    }
}

async fn visitor(
    row: &Route,
    handler: fn(Visit) -> super::Answer,
    app: App,
    parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    let mut visit = auth::visit(&app, &parts).await?;
    // Files are served from memory, and a house of two hundred opens the app from one address at seven in the morning.
    if !row.is_page() {
        app.quotas.visitor(visit.request.address)?;
    }
    auth::own_origin(&parts, &visit.origin, row.method)?;
    let _share = app.gauges.enter(&app.limits, OrganizationId::PLATFORM).await?;
    fill(&mut visit, row, &app, parts, body).await?;
    handler(visit).await
}

/// A file, read by its handler as it comes: what it may be was agreed on before, and is in the address.
async fn upload(
    row: &Route,
    handler: fn(Visit, Incoming) -> super::Answer,
    app: App,
    mut parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    parts.headers.remove(header::COOKIE);
    let mut visit = auth::visit(&app, &parts).await?;
    app.quotas.visitor(visit.request.address)?;
    auth::own_origin(&parts, &visit.origin, row.method)?;
    let _share =
        app.gauges.enter(&app.limits, visit.organization.unwrap_or(OrganizationId::PLATFORM)).await?;
    visit.params = params(&mut parts).await?;
    visit.headers = parts.headers;
    handler(visit, Incoming::new(body)).await
}

/// A request that counts by what it says alone: the browser's cookie is left aside before anyone looks, so that no page
/// of another origin can lend itself a person's.
async fn program(
    row: &Route,
    handler: fn(Visit) -> super::Answer,
    app: App,
    mut parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    parts.headers.remove(header::COOKIE);
    let mut visit = auth::visit(&app, &parts).await?;
    app.quotas.visitor(visit.request.address)?;
    let _share = app.gauges.enter(&app.limits, OrganizationId::PLATFORM).await?;
    fill(&mut visit, row, &app, parts, body).await?;
    handler(visit).await
}

/// Says that any page may read the answer, without credentials.
fn any_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// What a browser asks before it lets a page of another origin ask.
pub(super) async fn preflight() -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    any_origin(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

async fn account(
    row: &Route,
    handler: fn(Account) -> super::Answer,
    app: App,
    parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    let mut visit = auth::visit(&app, &parts).await?;
    let signed_in = auth::signed_in(&app, &visit, None, row.active).await?;
    auth::own_origin(&parts, &visit.origin, row.method)?;
    app.quotas.person(signed_in.session.person())?;
    let _share = app.gauges.enter(&app.limits, OrganizationId::PLATFORM).await?;
    fill(&mut visit, row, &app, parts, body).await?;
    handler(Account { visit, session: signed_in.session }).await
}

/// The plane above organizations, at the installation's own address: whoever is not on it does not find it.
async fn platform(
    row: &Route,
    handler: fn(Above) -> super::Answer,
    app: App,
    parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    let mut visit = auth::visit(&app, &parts).await?;
    if visit.place != Place::Installation || !app.store.db().has_platform() {
        return Err(Failure::unlisted());
    }
    let session = auth::signed_in(&app, &visit, None, row.active).await?.session;
    auth::own_origin(&parts, &visit.origin, row.method)?;
    app.quotas.person(session.person())?;
    let administrator = auth::administrator(&app, &visit, &session, row.access).await?;
    let _share = app.gauges.enter(&app.limits, OrganizationId::PLATFORM).await?;
    fill(&mut visit, row, &app, parts, body).await?;
    handler(Above { account: Account { visit, session }, administrator }).await
}

/// Reads what the handler gets beside who asks.
async fn fill(
    visit: &mut Visit,
    row: &Route,
    app: &App,
    mut parts: Parts,
    body: HttpBody,
) -> Result<(), Failure> {
    visit.body = read(row.body, app.limits.body(row.body), &parts.headers, body).await?;
    visit.params = params(&mut parts).await?;
    visit.headers = parts.headers;
    Ok(())
}

async fn params(parts: &mut Parts) -> Result<Vec<(String, String)>, Failure> {
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Failure::unlisted())?;
    Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

async fn private(
    row: &'static Route,
    handler: fn(Call) -> super::Answer,
    app: App,
    mut parts: Parts,
    body: HttpBody,
) -> Response<HttpBody> {
    if row.is_download() {
        linked(&mut parts).await;
    }
    let caller = match auth::caller(&app, &parts, row).await {
        Ok(caller) => caller,
        Err(failure) => return failure.into_response(),
    };
    let who = Who { organization: caller.ctx.organization(), membership: caller.ctx.membership() };
    let context = caller.context();
    // Every context of the request, however narrowed, writes down in the same place what it shows.
    let shown = caller.ctx.shown().clone();
    let mut response = answer(within(row, handler, app, caller, parts, body).await);
    if let Some(context) = context.and_then(|context| HeaderValue::try_from(context.to_string()).ok()) {
        response.headers_mut().insert(HeaderName::from_static(CONTEXT), context);
    }
    if let Some(notice) = shown.notice() {
        response
            .headers_mut()
            .insert(HeaderName::from_static(auth::NOTICE), HeaderValue::from_static(notice));
    }
    response.extensions_mut().insert(who);
    response
}

/// The address of a file names the context it is good in, because a browser that follows a link sends no header of ours.
async fn linked(parts: &mut Parts) {
    let given = params(parts).await.unwrap_or_default();
    let context = given.into_iter().find(|(name, _)| name == "context");
    if let Some(context) = context.and_then(|(_, context)| HeaderValue::try_from(context).ok()) {
        parts.headers.insert(HeaderName::from_static(CONTEXT), context);
    }
}

async fn within(
    row: &Route,
    handler: fn(Call) -> super::Answer,
    app: App,
    caller: Caller,
    mut parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    app.quotas.organization(caller.ctx.organization())?;
    auth::admit(&app, &parts, &caller.ctx).await?;
    let _share = app.gauges.enter(&app.limits, caller.ctx.organization()).await?;
    if row.audited {
        app.store.db().log_is_open()?;
    }
    auth::in_use(&app, &caller.ctx).await?;
    let ctx = auth::in_emergency(&app, &parts.headers, caller.ctx).await?;
    let ctx = auth::for_purpose(&app, &parts.headers, ctx).await?;
    match row.access {
        Access::Needs(action) => app.store.db().authorize(&ctx, action, Target::default()).await?,
        Access::EachEntry | Access::Own => {}
        Access::Public(_)
        | Access::Visitor(_)
        | Access::Program(_)
        | Access::Account
        | Access::Platform(_)
        | Access::OnPlatform => {
            return Err(Failure::broken("a row without a context has a private handler"));
        }
    }
    let limit = app.limits.body(row.body);
    let _room = app.gauges.room(&app.limits, declared(&parts.headers).unwrap_or(limit).min(limit)).await?;
    let body = read(row.body, limit, &parts.headers, body).await?;
    let params = params(&mut parts).await?;
    open(row, &app, &ctx, &params).await?;
    let origin = host::origin(&parts, app.settings.https).ok_or_else(Failure::unlisted)?;
    let holder = row.asks_again().then(|| Holder { app: app.clone(), parts: Box::new(parts.clone()) });
    handler(Call {
        holder,
        origin,
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        params,
        body,
        app,
        ctx,
        session: caller.session,
    })
    .await
}

/// Refuses what is asked of a patient by name whose record is erased, or restricted for who asks, whatever the answer would
/// be made of; what is about such records themselves, and who looked at them, is answered.
async fn open(row: &Route, app: &App, ctx: &Ctx, params: &[(String, String)]) -> Result<(), Failure> {
    let Access::Needs(action) = row.access else { return Ok(()) };
    if action.is_about_closed() {
        return Ok(());
    }
    let named = params.iter().find(|(name, _)| name == "patient").and_then(|(_, id)| id.parse().ok());
    let Some(patient) = named.map(PatientId) else { return Ok(()) };
    let refused = app.store.refuse_closed(ctx, patient).await;
    if matches!(refused, Err(db::Error::Erased | db::Error::Restricted | db::Error::NotFound)) {
        app.store.db().record(ctx, Event::denied(action.key(), "erased or restricted")).await?;
    }
    Ok(refused?)
}

fn answer(answered: Result<super::Reply, Failure>) -> Response<HttpBody> {
    match answered {
        Ok(reply) => reply.into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// How long the body says it is.
fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(kind: Body, limit: usize, headers: &HeaderMap, body: HttpBody) -> Result<Bytes, Failure> {
    if kind == Body::None {
        return Ok(Bytes::new());
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Failure::new(415, "not-supported", "bodies are taken without a content encoding"));
    }
    let too_long = || Failure::new(413, "too-long", &format!("the body is longer than {limit} bytes"));
    if declared(headers).is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    to_bytes(body, limit).await.map_err(|error| {
        let limited =
            std::error::Error::source(&error).is_some_and(|e| e.is::<http_body_util::LengthLimitError>());
        if limited { too_long() } else { Failure::new(400, "incomplete", "the body ended too early") }
    })
}
