//! What goes wrong with events.

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The post follows in as many places as it may.
    #[error("too many streams")]
    TooMany,
    /// No place of ours to go on from.
    #[error("no such place")]
    Place,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::TooMany => {
                Self::coded(429, "too-many-requests", "this post follows in as many places as it may")
                    .with("retry-after", "5")
            }
            Error::Place => Self::coded(400, "invalid", "Last-Event-ID: not one of ours for this context"),
        }
    }
}
