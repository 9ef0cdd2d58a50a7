//! What goes wrong with shifts.

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
    /// The shift was handed over by this post.
    #[error("the shift was handed over")]
    Signed,
    /// Somebody received it.
    #[error("it was received")]
    Received,
    /// Whoever handed it over does not receive it.
    #[error("nobody receives what they handed over")]
    Own,
    /// A resident who is somewhere else.
    #[error("a resident is not of this facility")]
    Elsewhere,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Constraint(name) if name == "handover_own" => Self::Own,
            db::Error::Constraint(name) if name.starts_with("handover_organization_id_facility_id") => {
                Self::Signed
            }
            error => Self::Chart(error.into()),
        }
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
            Error::Signed => Self::coded(409, "already-handed-over", "you handed this shift over already"),
            Error::Received => Self::coded(409, "already-received", "somebody received it already"),
            Error::Own => {
                Self::coded(409, "own-handover", "whoever comes receives it, not whoever handed it over")
            }
            Error::Elsewhere => {
                Self::coded(409, "not-here", "a resident is not of this facility any more: look again")
            }
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
