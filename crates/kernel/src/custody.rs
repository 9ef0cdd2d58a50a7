//! Who keeps the key of keys: a file, AWS KMS, Vault. The trait stands here because the one crate that asks and the one
//! that knows the network know nothing of each other.

use std::pin::Pin;

use zeroize::Zeroizing;

use crate::OrganizationId;

/// An answer to be waited for.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which of an organization's wrapping keys: bound to what a service wraps, so that none passes for another. A service may
/// write it into a log of its own; it says nothing of any person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WrappingKey {
    /// Whose.
    pub organization: OrganizationId,
    /// Which one.
    pub number: i32,
}

/// Wraps organizations' wrapping keys and unwraps them, with a key that it keeps.
pub trait KeyService: Send + Sync {
    /// What kind it is: a word of a closed set, for figures.
    fn kind(&self) -> &'static str;

    /// Which key of which service, without secrets. It stands beside every key that is wrapped, at most 255 bytes, and never
    /// changes: what another one is called the same was not wrapped by this one.
    fn name(&self) -> &str;

    /// Wraps `key`, bound to what it is.
    fn wrap<'a>(
        &'a self,
        of: WrappingKey,
        key: &'a [u8; 32],
    ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>>;

    /// Unwraps what was wrapped for `of`.
    fn unwrap<'a>(
        &'a self,
        of: WrappingKey,
        wrapped: &'a [u8],
    ) -> Waiting<'a, Result<Zeroizing<[u8; 32]>, KeyServiceError>>;
}

/// A key was not wrapped or unwrapped. Numbers are HTTP statuses; no text of the other side is ever part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyServiceError {
    /// It cannot be reached, is busy or is sealed: the same may work in a moment.
    Away(Option<u16>),
    /// It answers and does not let us: a login that ended, a key that is disabled, a setting. Somebody has to mend it.
    Refused(u16),
    /// What was to be unwrapped is not what it wrapped for this.
    Altered,
}
