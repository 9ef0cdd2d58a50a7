//! What goes wrong at the door of a provider. Whoever is refused gets one answer; the log has the reason.

use crate::areas::people;
use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// Not signed in; the reason is in the audit log.
    #[error("not signed in")]
    Refused,
    /// From people.
    #[error(transparent)]
    People(people::Error),
}

impl From<people::Error> for Error {
    fn from(error: people::Error) -> Self {
        match error {
            people::Error::SignIn => Self::Refused,
            people::Error::Db(error) => Self::Db(error),
            error => Self::People(error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Refused => people::Error::SignIn.into(),
            Error::People(error) => error.into(),
        }
    }
}
