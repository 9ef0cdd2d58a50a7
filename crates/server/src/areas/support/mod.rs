//! Support access, on the organization's side: somebody of the platform asks to see what one post sees; who administers
//! the organization approves it for a while, refuses it or ends it (ADR 0019).

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use ops::tell_asked;
pub(crate) use routes::ROUTES;
