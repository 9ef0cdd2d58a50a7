//! `/api/auth/password`, `email`, `reset`, `invitation`: what is changed through links sent by mail, and invitations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Hidden;
use super::sign_in::{SignInStep, step};
use crate::areas::people::ops;
use crate::http::{Account, Doc, Failure, Reply, Visit};

/// The characters of a password.
const LENGTH: PasswordRules = PasswordRules { min: 12, max: 256 };

/// An e-mail address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Email {
    /// The address.
    #[schema(format = "email")]
    email: String,
}

pub(super) const RESET: Doc = Doc::new("Send a link to a new password").takes::<Email>().status(202);

pub(super) async fn reset(visit: Visit) -> Result<Reply, Failure> {
    let Email { email } = visit.json()?;
    ops::reset(&visit, &email).await?;
    Ok(Reply::empty(202))
}

/// The token of a link and a new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetPassword {
    /// What stood in the fragment of the link.
    #[schema(value_type = String, format = Password, write_only)]
    token: Hidden,
    /// 12 to 256 characters.
    #[schema(value_type = String, format = Password, write_only)]
    password: Hidden,
}

pub(super) const RESET_FINISH: Doc =
    Doc::new("Set a new password with a link; signs out everywhere").takes::<ResetPassword>().problems(&[
        "link-ended",
        "password-too-short",
        "password-too-long",
        "password-breached",
        "password-guessable",
    ]);

pub(super) async fn reset_finish(visit: Visit) -> Result<Reply, Failure> {
    let ResetPassword { token, password } = visit.json()?;
    ops::finish_reset(&visit, &token, password).await?;
    Ok(Reply::empty(204))
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Token {
    /// What stood in the fragment of the link.
    #[schema(value_type = String, format = Password, write_only)]
    token: Hidden,
}

pub(super) const EMAIL_FINISH: Doc =
    Doc::new("Confirm a new e-mail address").takes::<Token>().problems(&["link-ended"]);

pub(super) async fn email_finish(visit: Visit) -> Result<Reply, Failure> {
    let Token { token } = visit.json()?;
    ops::finish_email(&visit, &token).await?;
    Ok(Reply::empty(204))
}

/// A post that is offered.
#[derive(Serialize, ToSchema)]
struct Invitation {
    organization: InvitingOrganization,
    /// What the post is called.
    role: String,
    /// The address that was invited.
    email: String,
    /// Whether there is an account with this address: its owner signs in to accept.
    account: bool,
    password_rules: PasswordRules,
}

/// Who invites.
#[derive(Serialize, ToSchema)]
struct InvitingOrganization {
    /// Its name in addresses.
    slug: String,
    name: String,
}

/// How long a password may be.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct PasswordRules {
    /// The fewest characters.
    min: u16,
    /// The most characters.
    max: u16,
}

pub(super) const INVITATION: Doc =
    Doc::new("Look at an invitation").takes::<Token>().gives::<Invitation>(200).problems(&["link-ended"]);

pub(super) async fn invitation(visit: Visit) -> Result<Reply, Failure> {
    let Token { token } = visit.json()?;
    let offer = ops::look_at_invitation(&visit, &token).await?;
    let invitation = Invitation {
        organization: InvitingOrganization { slug: offer.slug, name: offer.organization },
        role: offer.role,
        email: offer.email,
        account: offer.account,
        password_rules: LENGTH,
    };
    Reply::json(200, &invitation)
}

/// A new account for who was invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// What stood in the fragment of the link.
    #[schema(value_type = String, format = Password, write_only)]
    token: Hidden,
    /// The person's name, 1 to 100 characters.
    name: String,
    /// 12 to 256 characters.
    #[schema(value_type = String, format = Password, write_only)]
    password: Hidden,
}

pub(super) const ACCEPT: Doc = Doc::new("Accept an invitation with a new account")
    .takes::<NewAccount>()
    .gives::<SignInStep>(200)
    .problems(&[
        "link-ended",
        "invalid",
        "password-too-short",
        "password-too-long",
        "password-breached",
        "password-guessable",
    ]);

pub(super) async fn accept(visit: Visit) -> Result<Reply, Failure> {
    let NewAccount { token, name, password } = visit.json()?;
    step(ops::accept_invitation(&visit, &token, &name, password).await?)
}

pub(super) const TAKE_UP: Doc = Doc::new("Accept an invitation with the account that is signed in")
    .takes::<Token>()
    .gives::<SignInStep>(200)
    .problems(&["link-ended", "invalid"]);

pub(super) async fn take_up(account: Account) -> Result<Reply, Failure> {
    let Token { token } = account.visit.json()?;
    ops::accept_signed_in(&account, &token).await?;
    Reply::json(200, &SignInStep::Done)
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// 12 to 256 characters.
    #[schema(value_type = String, format = Password, write_only)]
    password: Hidden,
}

pub(super) const PASSWORD: Doc = Doc::new("Change the password")
    .takes::<NewPassword>()
    .step_up("password.change")
    .problems(&["password-too-short", "password-too-long", "password-breached", "password-guessable"]);

pub(super) async fn password(account: Account) -> Result<Reply, Failure> {
    let NewPassword { password } = account.visit.json()?;
    ops::change_password(&account, password).await?;
    Ok(Reply::empty(204))
}

pub(super) const EMAIL: Doc = Doc::new("Send a link to a new e-mail address")
    .takes::<Email>()
    .status(202)
    .step_up("email.change")
    .problems(&["invalid"]);

pub(super) async fn email(account: Account) -> Result<Reply, Failure> {
    let Email { email } = account.visit.json()?;
    ops::change_email(&account, &email).await?;
    Ok(Reply::empty(202))
}
