//! Signed tokens of an OAuth 2.0 and OpenID Connect server: ours, and those by which clients prove who they are.

mod assertion;
mod keys;

pub use assertion::{BadAssertion, ClientAssertion, Expected, claimed_client, verify_client_assertion};
pub use keys::{BadKey, SigningKey, Unsignable, jwks};
