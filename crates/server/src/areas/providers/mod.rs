//! Identity providers: an organization's people sign in with the accounts that it gave them elsewhere, by OpenID
//! Connect. A provider of an organization signs in to that organization's own address and nowhere else, and makes no
//! accounts: who has a post is said here (docs/guides/identity-providers.md).

mod error;
mod model;
mod ops;
mod routes;
mod store;
#[cfg(test)]
mod tests;

use error::Error;
pub(crate) use routes::ROUTES;
