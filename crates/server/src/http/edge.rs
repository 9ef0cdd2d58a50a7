//! The outermost layer: everything that holds for every answer, also for those that no handler gave.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;

use crate::app::App;
use crate::http::logs::{Line, Who};
use crate::http::{Body, Failure, Route, headers, request_id, routes};

/// Answers a request, whatever happens.
pub(super) async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response<HttpBody> {
    let id = request_id::new(&app.world);
    request.extensions_mut().insert(id);
    let fhir = request
        .uri()
        .path()
        .strip_prefix("/fhir")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut line = Line::begin(id, method(request.method()), route(&request), Arc::clone(&app.metrics));
    let mut response = answer(&app, request, next).await;
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() {
        line.failed(failure.cause());
        // A 405 brings the router's `Allow` with it.
        let router = std::mem::take(response.headers_mut());
        let who = response.extensions_mut().remove::<Who>();
        response = failure.write(fhir, id);
        for (name, value) in router {
            if let Some(name) =
                name.filter(|name| !response.headers().contains_key(name) && name != "content-length")
            {
                response.headers_mut().insert(name, value);
            }
        }
        if let Some(who) = who {
            response.extensions_mut().insert(who);
        }
    }
    request_id::show(id, &mut response);
    headers::secure(app.settings.https, &mut response);
    line.end(response.status().as_u16(), response.extensions().get::<Who>());
    response
}

async fn answer(app: &App, request: Request, next: Next) -> Response<HttpBody> {
    if request.uri().query().is_some_and(|query| query.len() > app.limits.query_bytes) {
        let message = "the query is too long; a search can be sent as a form to _search";
        return Failure::new(414, "too-long", message).into_response();
    }
    let patience = if brings_file(&request) { app.limits.upload } else { app.limits.request };
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(patience, answered).await {
        Ok(Ok(response)) => response,
        // What the panic said may hold values; where it was is in the log already.
        Ok(Err(_)) => Failure::broken("a handler panicked").into_response(),
        Err(_) => Failure::new(503, "timeout", "the request took too long and was given up").into_response(),
    }
}

/// The template of the path: never the path itself, which holds ids.
fn route(request: &Request) -> &'static str {
    listed(request).map_or("unlisted", |row| row.path)
}

fn listed(request: &Request) -> Option<&'static Route> {
    let matched = request.extensions().get::<MatchedPath>()?;
    routes().iter().find(|row| row.path == matched.as_str())
}

/// Whether a file comes with the request: over a slow line that takes its time.
fn brings_file(request: &Request) -> bool {
    let Some(matched) = request.extensions().get::<MatchedPath>() else { return false };
    request.method() != Method::GET
        && routes()
            .iter()
            .any(|row| row.path == matched.as_str() && matches!(row.body, Body::File | Body::Sheet))
}

/// The method, of a closed set.
fn method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("OTHER")
}
