//! What goes wrong with incidents.

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the chart.
    #[error(transparent)]
    Chart(#[from] chart::Error),
    /// From another area.
    #[error("{0:?}")]
    Failure(Failure),
    /// Somebody closed it.
    #[error("the incident is closed")]
    Closed,
    /// What follows from it is not finished, and nobody said why it need not be.
    #[error("follow-ups are open")]
    Open,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Chart(error.into())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Chart(error) => error.into(),
            Error::Failure(failure) => failure,
            Error::Closed => Self::coded(409, "incident-closed", "the incident was reviewed and closed"),
            Error::Open => Self::coded(
                409,
                "follow-ups-open",
                "what follows from the incident is not finished: finish it, or say why it is closed all the same",
            ),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
