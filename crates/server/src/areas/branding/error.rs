//! What goes wrong with a logo.

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
    /// No picture that can be shown.
    #[error("logo: a PNG of at most 32 KiB, in base64")]
    Picture,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::People(error) => error.into(),
            Error::Picture => Self::coded(400, "invalid", &error.to_string()),
        }
    }
}
