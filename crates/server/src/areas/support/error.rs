//! What goes wrong with support access.

use crate::areas::people;
use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// From people.
    #[error(transparent)]
    People(#[from] people::Error),
    /// Decided, withdrawn, or asked too long ago.
    #[error("the request waits no more")]
    Decided,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::People(error) => error.into(),
            Error::Decided => Self::coded(
                409,
                "support-decided",
                "this request was decided or withdrawn, or it was asked too long ago",
            ),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
