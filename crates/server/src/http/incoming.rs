//! A body that is read as it comes, never whole.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;

use crate::http::Failure;

/// What is being sent.
pub(crate) struct Incoming(axum::body::BodyDataStream);

impl Incoming {
    pub(super) fn new(body: Body) -> Self {
        Self(body.into_data_stream())
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// 400 when it breaks off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let broken = |_| Failure::new(400, "incomplete", "the body ended too early");
        self.0.next().await.transpose().map_err(broken)
    }
}
