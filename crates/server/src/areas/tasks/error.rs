//! What goes wrong with tasks.

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the chart.
    #[error(transparent)]
    Chart(#[from] chart::Error),
    /// It was finished already.
    #[error("the task is finished")]
    Finished,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Chart(error.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Chart(chart::Error::Entry(_, error)) => (*error).into(),
            Error::Chart(error) => error.into(),
            Error::Finished => Self::coded(409, "task-finished", "the task is finished already"),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
