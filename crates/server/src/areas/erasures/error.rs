//! What goes wrong with holds, restriction and erasure.

use jiff::Timestamp;

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(db::Error),
    /// From the chart.
    #[error(transparent)]
    Chart(#[from] chart::Error),
    /// The object store cannot be used.
    #[error("the object store cannot be used now")]
    Objects,
    /// A legal hold stands.
    #[error("a legal hold stands on the record")]
    Held,
    /// It is within its time; until when, where that is known.
    #[error("the record is within the time for which it is kept")]
    Kept(Option<Timestamp>),
    /// It is restricted already.
    #[error("the record is restricted already")]
    Restricted,
    /// An erasure is asked for, or approved.
    #[error("an erasure of the record is open")]
    Open,
    /// It is decided, done or withdrawn.
    #[error("it is decided")]
    Closed,
    /// Whoever asked does not decide.
    #[error("whoever asks does not decide")]
    Own,
    /// The record goes on in another.
    #[error("the record goes on in another")]
    Merged,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Constraint(name) if name == "record_held" => Self::Held,
            db::Error::Constraint(name) if name == "record_kept" => Self::Kept(None),
            db::Error::Constraint(name) if name == "erasure_open" => Self::Open,
            db::Error::Constraint(name) if name == "erasure_own" => Self::Own,
            db::Error::Constraint(name) if name == "patient_merged" => Self::Merged,
            db::Error::Conflict => Self::Closed,
            error => Self::Db(error),
        }
    }
}

impl From<adapters::objects::StoreError> for Error {
    fn from(_: adapters::objects::StoreError) -> Self {
        Self::Objects
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Chart(error) => error.into(),
            Error::Objects => Self::busy(503, "the object store cannot be used now"),
            Error::Held => {
                Self::coded(409, "record-held", "a legal hold stands on the record: it is released first")
            }
            Error::Kept(until) => {
                let until = until.map_or(String::new(), |until| {
                    format!(", until {}", until.to_zoned(jiff::tz::TimeZone::UTC).date())
                });
                Self::coded(
                    409,
                    "record-kept",
                    &format!("the record is within the time for which it is kept{until}"),
                )
            }
            Error::Restricted => Self::coded(409, "already-restricted", "the record is restricted already"),
            Error::Open => {
                Self::coded(409, "erasure-open", "an erasure of the record is asked for or approved")
            }
            Error::Closed => Self::coded(409, "erasure-closed", "it was decided, withdrawn, stopped or done"),
            Error::Own => {
                Self::coded(409, "erasure-own", "whoever asked does not decide: another person does")
            }
            Error::Merged => Self::coded(
                409,
                "patient-merged",
                "the record goes on in another, and nothing is written to this one",
            ),
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
