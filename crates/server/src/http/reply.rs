//! An answer, before it is HTTP.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use crate::http::Failure;
use crate::http::stream::{self, Told};

/// A successful answer.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    events: Option<BoxStream<'static, Told>>,
    file: Option<BoxStream<'static, Result<Bytes, io::Error>>>,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), events: None, file: None }
    }

    /// An answer of this media type.
    pub(crate) fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
            ..Self::empty(status)
        }
    }

    /// An answer that goes on as long as there is something to tell.
    pub(crate) fn events(told: impl Stream<Item = Told> + Send + 'static) -> Self {
        Self { events: Some(told.boxed()), ..Self::empty(200) }
    }

    /// A file, sent as it is read. What breaks it off breaks the connection off: the length was said before.
    pub(crate) fn file(
        status: u16,
        media_type: &str,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    ) -> Self {
        let reply = Self { file: Some(bytes.boxed()), ..Self::of(status, media_type, Vec::new()) };
        reply.with("content-length", length.to_string())
    }

    /// An answer in JSON.
    ///
    /// # Errors
    /// When `value` has no JSON.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(value).map_err(|_| Failure::broken("an answer cannot be written"))?;
        Ok(Self::of(status, "application/json", body))
    }

    /// With a header; its name in lower case.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = match (self.events, self.file) {
            (Some(told), _) => stream::response(told),
            (None, Some(bytes)) => Response::new(Body::from_stream(bytes)),
            (None, None) => Response::new(Body::from(self.body)),
        };
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
