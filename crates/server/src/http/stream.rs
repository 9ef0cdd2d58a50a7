//! Answers that go on: server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), and the
//! authority behind them, which is asked for again while they do.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use db::Ctx;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::app::App;
use crate::http::{Failure, auth};

/// The interaction of rows whose answer goes on.
pub(crate) const STREAM: &str = "stream";

/// The interaction of rows whose answer is a file: a link in the address names the context as a browser's own requests do
/// in a header, and who asked is asked again while it is sent.
pub(crate) const DOWNLOAD: &str = "download";

/// The interaction of rows that take a while, and ask who asked again before they end.
pub(crate) const CHECK: &str = "check";

/// How often something is sent when there is nothing to tell, so that nobody between us takes the connection for dead.
const ALIVE: Duration = Duration::from_secs(15);

/// Something told.
pub(crate) struct Told {
    /// The kind.
    pub(crate) word: &'static str,
    /// The place to go on from.
    pub(crate) id: String,
    /// JSON.
    pub(crate) data: String,
}

/// Whoever asked, to be asked again.
pub(crate) struct Holder {
    pub(super) app: App,
    pub(super) parts: Box<Parts>,
}

impl Holder {
    /// The context as it is now.
    ///
    /// # Errors
    /// When the token, the session, the context or the post ended, or the emergency is over.
    pub(crate) async fn ctx(&self) -> Result<Ctx, Failure> {
        auth::again(&self.app, &self.parts).await
    }
}

/// The answer.
pub(super) fn response(told: BoxStream<'static, Told>) -> Response<Body> {
    let events = told.map(|told| {
        let event = Event::default().event(told.word).data(told.data);
        Ok::<_, Infallible>(if told.id.is_empty() { event } else { event.id(told.id) })
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response();
    // Proxies that gather answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}
