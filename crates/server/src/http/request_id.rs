//! The id of a request: of our own making, so that nobody can put words into our log or another request's name on theirs.

use axum::http::{HeaderName, HeaderValue, Response};
use kernel::{RequestId, World};

const NAME: HeaderName = HeaderName::from_static("x-request-id");

/// A new one.
pub(crate) fn new(world: &World) -> RequestId {
    RequestId(world.uuid())
}

/// Tells the caller.
pub(crate) fn show<B>(id: RequestId, response: &mut Response<B>) {
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(NAME, value);
    }
}
