//! What goes wrong with people, and what of it is told. Causes that must not be told apart have one answer.

use credentials::password::{Busy, Weakness};

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// Unknown, wrong, disabled, locked: whatever it was.
    #[error("sign-in failed")]
    SignIn,
    /// The proof asked for again was not right.
    #[error("step-up failed")]
    StepUp,
    /// This action needs a fresh proof.
    #[error("step-up required: {0}")]
    StepUpRequired(&'static str),
    /// Too many failures from where the request came from.
    #[error("too many failures from this source")]
    Source,
    /// Too many messages were asked for.
    #[error("too many messages")]
    TooMany,
    /// A link or handle that is unknown, used or ended.
    #[error("the link has ended")]
    LinkEnded,
    /// A code that is not right.
    #[error("wrong code")]
    WrongCode,
    /// The last proof may not go.
    #[error("the last factor")]
    LastFactor,
    /// The organization would be left without an administrator.
    #[error("the last administrator")]
    LastAdministrator,
    /// A change that does not say which version it starts from.
    #[error("which version is meant to be changed")]
    VersionMissing,
    /// A password that is too easy.
    #[error("weak password")]
    Weak(Weakness),
    /// Too many passwords are being looked at.
    #[error("too many sign-ins at once")]
    Busy,
    /// Something given is not what it should be; the text names it without repeating it.
    #[error("{0}")]
    Invalid(&'static str),
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::SignIn => Self::coded(401, "sign-in-failed", "this did not sign you in"),
            Error::StepUp => Self::coded(401, "step-up-failed", "this did not prove that it is you"),
            Error::StepUpRequired(action) => {
                Self::coded(403, "step-up-required", "prove once more that it is you")
                    .member("action", action)
            }
            Error::Source => Self::coded(429, "too-many-requests", "too many failures; wait a little")
                .with("retry-after", "900"),
            Error::TooMany => Self::coded(429, "too-many-requests", "too many messages; wait a little")
                .with("retry-after", "900"),
            Error::LinkEnded => Self::coded(400, "link-ended", "this link or step has ended; begin again"),
            Error::WrongCode => Self::coded(400, "wrong-code", "this code is not right"),
            Error::LastFactor => {
                Self::coded(409, "last-factor", "this is the last factor, and one is asked for")
            }
            Error::LastAdministrator => Self::coded(
                409,
                "last-administrator",
                "an organization keeps an administrator: give another post organization.manage first",
            ),
            Error::VersionMissing => {
                Self::new(428, "conflict", "say with If-Match which version you mean to change")
            }
            Error::Weak(weakness) => {
                let message = match weakness {
                    Weakness::TooShort => "the password is too short",
                    Weakness::TooLong => "the password is too long",
                    _ => "this password is known or easily guessed",
                };
                Self::coded(400, weakness.code(), message)
            }
            Error::Busy => {
                Self::coded(503, "busy", "many people are signing in; try again").with("retry-after", "2")
            }
            Error::Invalid(message) => Self::coded(400, "invalid", message),
        }
    }
}
