//! What goes wrong with documents.

use adapters::objects::StoreError;
use adapters::scan::NoVerdict;

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// From the chart.
    #[error(transparent)]
    Chart(#[from] chart::Error),
    /// From the object store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scanner said nothing: nothing passes then.
    #[error(transparent)]
    Scanner(#[from] NoVerdict),
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
    /// A type that is not taken.
    #[error("files of this type are not taken")]
    Kind,
    /// Longer than is taken.
    #[error("the file is too long")]
    TooLong,
    /// The post has too many uploads open.
    #[error("too many uploads wait")]
    TooMany,
    /// Too many files are being looked through.
    #[error("too many files are being looked through")]
    Busy,
    /// The upload is over: complete, refused, expired, or being looked through.
    #[error("the upload is over")]
    Over,
    /// What was sent is not what was agreed on.
    #[error("not what was agreed on")]
    Terms,
    /// This one is not shown in the app.
    #[error("it cannot be shown")]
    NotShown,
    /// A way in or a link that is unknown, used or expired.
    #[error("unknown, used or expired")]
    Ended,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(error) => error.into(),
            Error::Store(_) => Self::coded(503, "storage-unavailable", "files cannot be stored or read now"),
            Error::Scanner(_) => {
                Self::coded(503, "scanner-unavailable", "files cannot be checked for viruses now")
            }
            Error::Invalid(message) => Self::coded(400, "invalid", message),
            Error::Kind => Self::coded(422, "type-not-taken", "files of this type are not taken"),
            Error::TooLong => Self::coded(422, "too-large", "the file is longer than is taken"),
            Error::TooMany => Self::coded(429, "too-many-uploads", "too many uploads of this post are open")
                .with("retry-after", "60"),
            Error::Busy => Self::busy(503, "too many files are being looked through: complete it again"),
            Error::Over => {
                Self::coded(409, "upload-over", "the upload was completed, refused or has expired")
            }
            Error::Terms => {
                Self::coded(422, "not-as-agreed", "what was sent is not what the upload was opened for")
            }
            Error::NotShown => Self::coded(422, "no-preview", "a file of this type can only be downloaded"),
            Error::Ended => Self::unlisted(),
        }
    }
}
