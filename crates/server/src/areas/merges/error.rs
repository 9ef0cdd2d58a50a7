//! What goes wrong with merges.

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
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
    /// Both have a stay under way.
    #[error("both are admitted: end the stay that was opened by mistake first")]
    BothAdmitted,
    /// Already as it is answered.
    #[error("{0:?}")]
    Failure(Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Codes that the chart puts before its words.
const CODES: [&str; 8] = [
    "same-patient",
    "too-many",
    "already-undone",
    "too-late",
    "elsewhere",
    "merged-on",
    "two-facilities",
    "patient-merged",
];

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(chart::Error::Request(409, message)) => {
                let (code, text) = message.split_once(": ").unwrap_or(("", message));
                let known = CODES.iter().find(|known| **known == code);
                known.map_or_else(|| Self::new(409, "conflict", message), |code| Self::coded(409, code, text))
            }
            Error::Chart(error) => error.into(),
            Error::BothAdmitted => Self::coded(409, "both-admitted", &error.to_string()),
            Error::Failure(failure) => failure,
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
