//! HTTP: the router built from the table of routes, and everything that stands between the network and a handler.
//!
//! A request passes, from the outside in: `placed` (which program), `edge` (request id, time limit, panics, log line, metrics, headers), the
//! router, the `gate` of its row (token, host, share of the machine, policy, body), the handler. A handler is reached
//! through a row of the table and in no other way, and it gets a context from the gate and from nowhere else.

mod above;
mod auth;
mod call;
mod cookie;
mod edge;
mod errors;
mod gate;
mod headers;
mod health;
mod host;
mod incoming;
mod limits;
mod logs;
mod mailbox;
mod metrics;
mod openapi;
mod pages;
mod placed;
mod quota;
mod reply;
mod request_id;
mod routes;
mod serve;
mod stream;
mod visit;

use std::collections::BTreeSet;

use axum::Router;
use axum::middleware::from_fn_with_state;

pub(crate) use above::Above;
pub(crate) use call::{Call, FACILITY};
pub(crate) use cookie::Cookie;
pub(crate) use errors::Failure;
pub(crate) use host::Place;
pub(crate) use incoming::Incoming;
pub(crate) use limits::Gauges;
pub use limits::Limits;
pub use logs::quiet_panics;
pub(crate) use metrics::Metrics;
pub use openapi::description;
pub(crate) use openapi::{Doc, one_of, one_of_or_null};
pub(crate) use placed::Placed;
pub use quota::Quota;
pub(crate) use quota::{Quotas, source};
pub(crate) use reply::Reply;
pub use routes::{Access, Body, Route, Verb, routes};
pub(crate) use routes::{Answer, Handler};
pub(crate) use serve::serve_sealing;
pub use serve::{Peer, serve, serve_metrics};
pub(crate) use stream::{CHECK, DOWNLOAD, Holder, STREAM, Told};
pub(crate) use visit::{Account, Visit};

use crate::app::App;

/// The router: the rows of [`routes`] and nothing else.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for row in routes() {
        router = router.route(row.path, gate::handle(row, &app));
    }
    let programs: BTreeSet<&str> =
        routes().iter().filter(|row| matches!(row.access, Access::Program(_))).map(|row| row.path).collect();
    for path in programs {
        router = router.route(path, axum::routing::options(gate::preflight));
    }
    router
        .fallback(|| async { Failure::unlisted() })
        .method_not_allowed_fallback(|| async { Failure::wrong_method() })
        .layer(from_fn_with_state(app, edge::edge))
}

#[cfg(test)]
mod tests;
