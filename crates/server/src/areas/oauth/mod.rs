//! Other programs: an organization is an authorization server (OAuth 2.1, OpenID Connect Core 1.0) to the clients that
//! it knows. A client acts as one membership of one person, or as a membership of its own.
//!
//! Everything is bound to the organization whose own host is asked: the issuer is that host's origin, and at the
//! installation's host none of this exists. SMART App Launch adds scopes and launch contexts to what stands here.

mod error;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use error::Error;
pub(crate) use model::{Scope, Scopes, may_register};
pub(crate) use routes::ROUTES;

/// Forgets codes, tokens, assertions and keys that have ended, of every organization.
pub(crate) async fn sweep(app: &crate::app::App) -> Result<(), db::Error> {
    ops::sweep(app).await
}
