//! What goes wrong with medications.

use jiff::Timestamp;

use super::ops::Told;
use crate::http::Failure;

/// An error of this area.
pub(super) enum Error {
    /// Anything that is told in the usual way.
    Failure(Failure),
    /// Somebody recorded this dose already.
    Taken(Box<Told>),
    /// It may be given from then on.
    Limited(&'static str, &'static str, Timestamp),
}

impl Error {
    pub(super) fn coded(status: u16, code: &'static str, message: &str) -> Self {
        Self::Failure(Failure::coded(status, code, message))
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::coded(422, "dose-invalid", message)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        chart::Error::from(error).into()
    }
}

impl From<chart::Error> for Error {
    fn from(error: chart::Error) -> Self {
        let db::Error::Constraint(name) = (match &error {
            chart::Error::Db(error) => error,
            _ => return Self::Failure(error.into()),
        }) else {
            return Self::Failure(error.into());
        };
        match name.as_str() {
            "patient_merged" => Self::coded(
                409,
                "patient-merged",
                "the record goes on in another, and nothing is written to this one",
            ),
            "stock_on_hand" => Self::coded(409, "count-short", "the sheet counts less than that"),
            "stock_witness_needed" => {
                Self::coded(409, "witness-needed", "a second person has to confirm it first")
            }
            "stock_witness_other" => {
                Self::coded(409, "witness-other", "a witness is another person, who may be one")
            }
            _ => Self::Failure(error.into()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Failure(failure) => failure,
            Error::Taken(_) => Self::coded(409, "dose-taken", "somebody recorded this dose already"),
            Error::Limited(code, detail, _) => Self::coded(409, code, detail),
        }
    }
}
