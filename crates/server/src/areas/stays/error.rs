//! What goes wrong with stays.

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the chart.
    #[error(transparent)]
    Chart(#[from] chart::Error),
    /// They are here already.
    #[error("the patient is admitted")]
    Admitted,
    /// They died.
    #[error("the patient has died")]
    Died,
    /// The stay has ended, or never was.
    #[error("the stay has ended")]
    Ended,
    /// They are away.
    #[error("the patient is away")]
    Away,
    /// They are here.
    #[error("the patient is here")]
    Here,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Chart(error) => error.into(),
            Error::Admitted => {
                Self::coded(409, "already-admitted", "the patient is admitted: change that stay")
            }
            Error::Died => Self::coded(409, "patient-died", "the patient has died"),
            Error::Ended => Self::coded(409, "stay-ended", "the stay has ended"),
            Error::Away => Self::coded(409, "patient-away", "the patient is away: have them return first"),
            Error::Here => Self::coded(409, "patient-here", "the patient is not away"),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
