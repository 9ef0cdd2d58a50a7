//! What goes wrong on the plane.

use crate::areas::people;
use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// From people.
    #[error(transparent)]
    People(#[from] people::Error),
    /// The subdomain is somebody's.
    #[error("the subdomain is taken")]
    SlugTaken,
    /// Nobody would be left who says who is on the plane.
    #[error("the plane keeps an administrator")]
    LastAdministrator,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::People(error) => error.into(),
            Error::SlugTaken => Self::coded(409, "slug-taken", "the subdomain is another organization's"),
            Error::LastAdministrator => Self::coded(
                409,
                "last-administrator",
                "one administrator of the plane says who else is on it: name another first",
            ),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
