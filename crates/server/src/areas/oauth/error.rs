//! What goes wrong with other programs. The answer has the few words of RFC 6749; the reason is in the audit log.

use crate::http::Failure;

/// An error of this area.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// From people.
    #[error(transparent)]
    People(#[from] crate::areas::people::Error),
    /// Another failure, as it is to be answered.
    #[error("failed")]
    Failed(Failure),
    /// An error of RFC 6749, 5.2 with its description.
    #[error("{0}: {1}")]
    OAuth(&'static str, &'static str),
    /// A refusal at userinfo (RFC 6750, 3.1).
    #[error("{0}")]
    Bearer(&'static str),
    /// The client or its address is not known: nothing may be sent there.
    #[error("{0}")]
    Unknown(&'static str),
    /// The consent page's request has ended.
    #[error("the request has ended")]
    Ended,
    /// The person must sign in once more.
    #[error("sign in again")]
    SignInAgain,
    /// The membership asks for a second factor.
    #[error("a second factor is required")]
    SecondFactor,
    /// Here no such thing exists.
    #[error("unlisted")]
    Unlisted,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::People(error) => error.into(),
            Error::Failed(failure) => failure,
            Error::OAuth(code, description) => {
                let status = if code == "invalid_client" { 401 } else { 400 };
                Self::oauth(status, code, description).with("pragma", "no-cache")
            }
            Error::Bearer(code) => {
                let status = if code == "insufficient_scope" { 403 } else { 401 };
                let told = if code == "insufficient_scope" {
                    "Bearer error=\"insufficient_scope\", scope=\"openid\""
                } else {
                    "Bearer error=\"invalid_token\""
                };
                Self::oauth(status, code, "this token does not open this").with("www-authenticate", told)
            }
            Error::Unknown(message) => Self::coded(400, "client-refused", message),
            Error::Ended => Self::coded(404, "request-ended", "this request has ended; begin again"),
            Error::SignInAgain => {
                Self::coded(403, "sign-in-again", "the application asks that you sign in again")
            }
            Error::SecondFactor => Self::coded(403, "second-factor-required", "set up a second factor first"),
            Error::Unlisted => Self::unlisted(),
        }
    }
}
