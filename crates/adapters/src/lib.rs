//! What stands between us and the world outside: mail, text messages, identity providers, object stores, virus scanners,
//! key services.
//! Knows no database, no tenant and no HTTP server.
//!
//! [`mail::Mailer`] and [`sms::Texter`] send; each has the real world behind it or, in development, a [`Mailbox`].
//! [`hook::Hook`] tells another program. [`custody`] asks services that keep keys. [`oidc::Oidc`] asks providers who somebody is. [`texts`] holds the words. What a person is reached by (an address, a
//! number), what they are told and what opens the way (passwords, keys) is in no `Debug`, no error and no log line of
//! this crate.

pub mod custody;
mod error;
pub mod hook;
pub mod mail;
mod mailbox;
mod net;
pub mod objects;
pub mod oidc;
pub mod scan;
pub mod sms;
pub mod texts;

pub use error::{ConfigError, Invalid, SendError, Why};
pub use mailbox::{Channel, Kept, Mailbox};

/// A password or key, kept out of debug output.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(..)")
    }
}
