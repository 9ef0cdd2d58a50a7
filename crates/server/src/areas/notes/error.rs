//! What goes wrong with notes.

use super::model::{Draft, Fault};
use crate::http::Failure;

/// An error of this area.
pub(super) enum Error {
    /// Anything that is told in the usual way.
    Failure(Failure),
    /// Somebody saved a newer version: this one.
    Changed(Box<Draft>),
    /// It was signed, as this Composition.
    Signed(uuid::Uuid),
    /// An answer is not what the template asks for.
    Answer(Fault),
    /// What is still to be answered.
    Incomplete(Vec<String>),
    /// What is wrong with a template.
    Template(Vec<String>),
}

impl Error {
    pub(super) fn coded(status: u16, code: &'static str, message: &str) -> Self {
        Self::Failure(Failure::coded(status, code, message))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<chart::Error> for Error {
    fn from(error: chart::Error) -> Self {
        Self::Failure(error.into())
    }
}
