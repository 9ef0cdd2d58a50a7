//! What goes wrong with facilities.

use crate::areas::people;
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
    /// From people.
    #[error(transparent)]
    People(#[from] people::Error),
    /// The code is another facility's.
    #[error("the code is taken")]
    Taken,
    /// It cannot go back to being prepared.
    #[error("the facility holds patients")]
    HoldsPatients,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(chart::Error::Request(409, message)) => match message.split_once(": ") {
                Some(("facility-not-open", text)) => Self::coded(409, "facility-not-open", text),
                Some(("already-there", text)) => Self::coded(409, "already-there", text),
                _ => Self::new(409, "conflict", message),
            },
            Error::Chart(error) => error.into(),
            Error::People(error) => error.into(),
            Error::Taken => Self::coded(409, "code-taken", "there is a facility with this code"),
            Error::HoldsPatients => Self::coded(
                409,
                "facility-holds-patients",
                "the facility holds patients: reassign them before it is prepared again",
            ),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
