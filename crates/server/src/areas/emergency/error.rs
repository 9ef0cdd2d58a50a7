//! What goes wrong with emergency access.

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
    /// An emergency of the post waits for its review too long.
    #[error("emergency access is suspended")]
    Suspended,
    /// Judged already.
    #[error("already reviewed")]
    Reviewed,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::People(error) => error.into(),
            Error::Suspended => Self::coded(
                403,
                "emergency-suspended",
                "emergency access is suspended until the emergencies before are reviewed",
            ),
            Error::Reviewed => Self::coded(409, "already-reviewed", "this emergency has been reviewed"),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
