//! What goes wrong with imports.

use sheets::{BadReading, Unreadable};

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
    /// The file is no table.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The columns do not say enough.
    #[error(transparent)]
    Reading(#[from] BadReading),
    /// Something asked for is not what it should be; the text names it and never its value.
    #[error("{0}")]
    Invalid(&'static str),
    /// No such import within reach.
    #[error("no such import")]
    NotFound,
    /// It is not at the point where this can be done.
    #[error("{0}")]
    State(&'static str),
    /// Another at the same facility is worked on.
    #[error("another import is worked on")]
    Busy,
    /// A task of the program ended badly.
    #[error("the file could not be worked on")]
    Lost,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(error) => error.into(),
            Error::Unreadable(error) => Self::coded(422, "sheet-unreadable", &error.to_string()),
            Error::Reading(error) => Self::coded(422, "sheet-columns", &error.to_string()),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
            Error::NotFound => Self::unlisted(),
            Error::State(message) => Self::coded(409, "import-state", message),
            Error::Busy => Self::coded(
                409,
                "import-busy",
                "another import at this facility is being worked on: wait for its end",
            ),
            Error::Lost => Self::new(500, "exception", "the file could not be worked on: send it again"),
        }
    }
}
