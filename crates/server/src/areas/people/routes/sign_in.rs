//! `/api/auth/login`: a password, then a second factor; or a passkey.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, Object};

use super::{Ceremony, Finish, Hidden, signed_in};
use crate::areas::people::ops::{self, Step};
use crate::http::{Doc, Failure, Reply, Visit, one_of};

/// What comes after a step of signing in.
#[derive(Serialize, ToSchema)]
#[serde(tag = "next", rename_all = "lowercase")]
pub(super) enum SignInStep {
    /// A second factor is wanted.
    Factor {
        /// The handle of this sign-in, good for 10 minutes and five tries.
        #[schema(format = Password)]
        login: String,
        /// What the person has.
        #[schema(schema_with = second_factors)]
        factors: Vec<&'static str>,
    },
    /// Signed in with the password alone: a second factor must be set up before anything else.
    Enroll,
    /// Signed in.
    Done,
}

fn second_factors() -> Array {
    Array::new(one_of(&["totp", "passkey", "sms", "recovery"]))
}

/// The answer that goes with a step, and its cookie.
pub(super) fn step(step: Step) -> Result<Reply, Failure> {
    match step {
        Step::Factor { login, factors } => Reply::json(200, &SignInStep::Factor { login, factors }),
        Step::Enrol(cookie) => signed_in(&cookie, &SignInStep::Enroll),
        Step::Done(cookie) => signed_in(&cookie, &SignInStep::Done),
    }
}

/// An account's address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The e-mail address, in any case.
    email: String,
    #[schema(value_type = String, format = Password, write_only)]
    password: Hidden,
}

pub(super) const PASSWORD: Doc = Doc::new("Sign in with a password")
    .takes::<Login>()
    .gives::<SignInStep>(200)
    .problems(&["sign-in-failed", "busy"]);

pub(super) async fn password(visit: Visit) -> Result<Reply, Failure> {
    let Login { email, password } = visit.json()?;
    step(ops::sign_in(&visit, &email, password).await?)
}

/// A code of a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginFactor {
    /// The handle of the sign-in.
    #[schema(value_type = String, format = Password, write_only)]
    login: Hidden,
    #[schema(schema_with = kinds_of_code)]
    kind: String,
    /// Six digits, or a recovery code.
    #[schema(value_type = String, format = Password, write_only)]
    code: Hidden,
}

fn kinds_of_code() -> Object {
    one_of(&["totp", "sms", "recovery"])
}

pub(super) const FACTOR: Doc = Doc::new("Answer with a second factor")
    .takes::<LoginFactor>()
    .gives::<SignInStep>(200)
    .problems(&["sign-in-failed"]);

pub(super) async fn factor(visit: Visit) -> Result<Reply, Failure> {
    let LoginFactor { login, kind, code } = visit.json()?;
    step(ops::second_factor(&visit, &login, &kind, &code).await?)
}

/// A sign-in that has begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginHandle {
    /// The handle of the sign-in.
    #[schema(value_type = String, format = Password, write_only)]
    login: Hidden,
}

pub(super) const SMS: Doc = Doc::new("Send a code to the phone on file").takes::<LoginHandle>();

pub(super) async fn sms(visit: Visit) -> Result<Reply, Failure> {
    let LoginHandle { login } = visit.json()?;
    ops::send_code(&visit, &login).await?;
    Ok(Reply::empty(204))
}

/// A sign-in that has begun, or none: then any passkey of this site may answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MaybeLoginHandle {
    /// The handle of the sign-in.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    login: Option<Hidden>,
}

pub(super) const PASSKEY: Doc = Doc::new("Begin to sign in with a passkey")
    .takes::<MaybeLoginHandle>()
    .gives::<Ceremony>(200)
    .problems(&["sign-in-failed"]);

pub(super) async fn passkey(visit: Visit) -> Result<Reply, Failure> {
    let MaybeLoginHandle { login } = visit.json()?;
    let (ceremony, options): (String, Value) =
        ops::passkey_start(&visit, login.as_ref().map(|login| login.as_str())).await?;
    Reply::json(200, &Ceremony { ceremony, options })
}

pub(super) const PASSKEY_FINISH: Doc = Doc::new("Sign in with a passkey")
    .takes::<Finish>()
    .gives::<SignInStep>(200)
    .problems(&["sign-in-failed"]);

pub(super) async fn passkey_finish(visit: Visit) -> Result<Reply, Failure> {
    let Finish { ceremony, credential } = visit.json()?;
    let cookie = ops::passkey_sign_in(&visit, &ceremony, &credential).await?;
    signed_in(&cookie, &SignInStep::Done)
}
