//! What stands before a handler: who asks, at which address, whether there is room, whether the policy allows it, what
//! was sent. In this order, so that nothing is read from someone who may not ask.

use axum::body::{Body as HttpBody, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, header};
use axum::response::IntoResponse as _;
use axum::routing::{MethodFilter, MethodRouter, on};
use db::Ctx;
use kernel::RequestId;
use policy::Target;

use crate::app::App;
use crate::http::logs::Who;
use crate::http::routes::{Access, Body, Handler, Route, Verb};
use crate::http::{Call, Failure, auth, host};

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
    let handler = match row.handler {
        Handler::Public(handler) => return answer(handler(app).await),
        Handler::Private(handler) => handler,
    };
    let (parts, body) = request.into_parts();
    let id =
        parts.extensions.get::<RequestId>().copied().unwrap_or_else(|| super::request_id::new(&app.world));
    let ctx = match auth::authenticate(&app, &parts, id).await {
        Ok(ctx) => ctx,
        Err(failure) => return failure.into_response(),
    };
    let who = Who { organization: ctx.organization(), membership: ctx.membership() };
    let mut response = answer(within(row, handler, app, ctx, parts, body).await);
    response.extensions_mut().insert(who);
    response
}

async fn within(
    row: &Route,
    handler: fn(Call) -> super::Answer,
    app: App,
    ctx: Ctx,
    mut parts: Parts,
    body: HttpBody,
) -> Result<super::Reply, Failure> {
    auth::admit(&app, &parts, &ctx)?;
    let _share = app.gauges.enter(&app.limits, ctx.organization()).await?;
    match row.access {
        Access::Needs(action) => app.store.db().authorize(&ctx, action, Target::default()).await?,
        Access::EachEntry => {}
        Access::Public(_) => return Err(Failure::broken("a public row has a private handler")),
    }
    let limit = app.limits.body(row.body);
    let _room = app.gauges.room(&app.limits, declared(&parts.headers).unwrap_or(limit).min(limit)).await?;
    let body = read(row.body, limit, &parts.headers, body).await?;
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.map_err(|_| Failure::unlisted())?;
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let authority = host::authority(&parts.uri, &parts.headers).ok_or_else(Failure::unlisted)?;
    let scheme = if app.settings.https { "https" } else { "http" };
    handler(Call {
        origin: format!("{scheme}://{authority}"),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        params,
        body,
        app,
        ctx,
    })
    .await
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
