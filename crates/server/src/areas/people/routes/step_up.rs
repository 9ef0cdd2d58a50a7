//! `/api/auth/step-up`: proving once more that it is you, for one action.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::{Ceremony, Finish, Hidden, Nothing, signed_in};
use crate::areas::people::ops;
use crate::http::{Account, Doc, Failure, Reply, one_of};

/// A secret, as proof for an action.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepUp {
    /// What the problem `step-up-required` named.
    action: String,
    #[schema(schema_with = proofs)]
    with: String,
    /// The password, or six digits, or a recovery code.
    #[schema(value_type = String, format = Password, write_only)]
    secret: Hidden,
}

fn proofs() -> Object {
    one_of(&["password", "totp", "recovery", "sms"])
}

/// A proof.
#[derive(Serialize, ToSchema)]
struct StepUpProof {
    /// For the header Lamplight-Step-Up: one action, one use, five minutes.
    #[schema(format = Password)]
    step_up: String,
}

pub(super) const SECRET: Doc = Doc::new("Prove oneself for an action with a secret; the cookie changes")
    .takes::<StepUp>()
    .gives::<StepUpProof>(200)
    .problems(&["step-up-failed", "invalid", "busy"]);

pub(super) async fn secret(account: Account) -> Result<Reply, Failure> {
    let StepUp { action, with, secret } = account.visit.json()?;
    let (proof, cookie) = ops::step_up(&account, &action, &with, secret).await?;
    signed_in(&cookie, &StepUpProof { step_up: proof })
}

pub(super) const SMS: Doc = Doc::new("Send a code to the phone on file").takes::<Nothing>();

pub(super) async fn sms(account: Account) -> Result<Reply, Failure> {
    let Nothing {} = account.visit.json()?;
    ops::send_step_up_code(&account).await?;
    Ok(Reply::empty(204))
}

/// An action that asks for a step-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepUpAction {
    /// What the problem `step-up-required` named.
    action: String,
}

pub(super) const PASSKEY: Doc = Doc::new("Begin to prove oneself for an action with a passkey")
    .takes::<StepUpAction>()
    .gives::<Ceremony>(200)
    .problems(&["invalid"]);

pub(super) async fn passkey(account: Account) -> Result<Reply, Failure> {
    let StepUpAction { action } = account.visit.json()?;
    let (ceremony, options) = ops::step_up_passkey_start(&account, &action).await?;
    Reply::json(200, &Ceremony { ceremony, options })
}

pub(super) const PASSKEY_FINISH: Doc =
    Doc::new("Prove oneself for an action with a passkey; the cookie changes")
        .takes::<Finish>()
        .gives::<StepUpProof>(200)
        .problems(&["step-up-failed"]);

pub(super) async fn passkey_finish(account: Account) -> Result<Reply, Failure> {
    let Finish { ceremony, credential } = account.visit.json()?;
    let (proof, cookie) = ops::step_up_passkey(&account, &ceremony, &credential).await?;
    signed_in(&cookie, &StepUpProof { step_up: proof })
}
