//! What goes wrong with reviews.

use crate::areas::people;
use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(db::Error),
    /// From another area.
    #[error("{0:?}")]
    Failure(Failure),
    /// One of the facility is open.
    #[error("a review of the facility is open")]
    Open,
    /// Something is not decided.
    #[error("not everything is decided")]
    Undecided,
    /// It was signed, or the post was ended.
    #[error("it is decided")]
    Closed,
    /// One's own post.
    #[error("nobody reviews themselves")]
    Own,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Constraint(name) if name == "access_review_open" => Self::Open,
            db::Error::Constraint(name) if name == "access_review_whole" => Self::Undecided,
            db::Error::Constraint(name) if name == "access_review_own" => Self::Own,
            db::Error::Conflict => Self::Closed,
            error => Self::Db(error),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<people::Error> for Error {
    fn from(error: people::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Failure(failure) => failure,
            Error::Open => {
                Self::coded(409, "review-open", "a review of this facility is open: finish it first")
            }
            Error::Undecided => Self::coded(409, "review-undecided", "decide about every post first"),
            Error::Closed => {
                Self::coded(409, "review-closed", "the review was signed, or the post was ended")
            }
            Error::Own => Self::coded(409, "own-post", "your own post is for somebody else to review"),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
