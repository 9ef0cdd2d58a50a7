//! What goes wrong with exports.

use adapters::objects::StoreError;

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
    /// Something asked for is not what it should be; the text names the parameter and never its value.
    #[error("{0}")]
    Invalid(&'static str),
    /// A parameter that Bulk Data Access has and this server does not.
    #[error("the parameter {0} is not supported")]
    Unsupported(&'static str),
    /// As many of the organization wait as may.
    #[error("too many exports wait")]
    TooMany,
    /// There is none, or it was cancelled.
    #[error("no such export")]
    NotFound,
    /// It ended; why.
    #[error("{0}")]
    Gone(&'static str),
    /// It could not be done.
    #[error("the export failed")]
    Failed,
    /// Its files are not there yet.
    #[error("the export is not complete")]
    NotYet,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(error) => error.into(),
            Error::Store(_) => Self::coded(503, "storage-unavailable", "files cannot be stored or read now"),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
            Error::Unsupported(name) => {
                Self::new(400, "not-supported", &format!("the parameter {name} is not supported"))
            }
            Error::TooMany => {
                let message =
                    "as many exports of this organization wait as may: cancel one, or ask again later";
                Self::coded(429, "too-many-exports", message).with("retry-after", "120")
            }
            Error::NotFound => Self::unlisted(),
            Error::Gone(message) => Self::coded(410, "export-ended", message),
            Error::Failed => Self::new(500, "exception", "the export failed: ask for another"),
            Error::NotYet => Self::coded(409, "export-running", "the export is not complete yet"),
        }
    }
}
