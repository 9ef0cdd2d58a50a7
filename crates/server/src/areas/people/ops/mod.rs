//! What people do with their accounts: one file an errand, one transaction each where one suffices.

mod factors;
mod grants;
mod links;
mod members;
mod outgoing;
mod passkeys;
mod reach;
mod reviewers;
mod roles;
mod sessions;
mod shown;
mod sign_in;
mod step_up;
mod ties;
mod vouched;

pub(crate) use factors::{
    Added, STEP_UP, add_sms, add_totp, confirm, list as list_factors, remove as remove_factor,
    renew_recovery_codes, step_up as prove,
};
pub(crate) use grants::{Change, Outlook, Trial, View, change, look, refuse, what_if};
pub(crate) use links::{
    accept_invitation, accept_signed_in, change_email, change_password, finish_email, finish_reset,
    invite_to_platform, look_at_invitation, reset, seal_invitation,
};
pub(crate) use members::{Member, NewPost, end as end_post, end_within, invite, list as list_people};
pub(crate) use outgoing::News;
pub(super) use outgoing::{Outgoing, Post as NewsPost};
pub(crate) use passkeys::{enrol, enrol_start, sign_in as passkey_sign_in, sign_in_start as passkey_start};
pub(crate) use reach::{Reach, reach};
pub(crate) use reviewers::{Told, tell};
pub(crate) use roles::{
    RoleText, RoleView, change_role, create_role, list_roles, role_for_post, tie_or_none,
};
pub(crate) use sessions::{
    Post, Support, close_context, devices, end_device, is_on_plane, looks, me, open_context, open_contexts,
    posts, session_of, sign_all_out, sign_out, whoami,
};
pub(crate) use shown::{find_or_make, hand_over, insert_post, posts_at, prove_shown, sign_in_shown};
pub(crate) use sign_in::{Step, password as sign_in, second as second_factor, send_code};
pub(crate) use step_up::{
    check_passkey as step_up_passkey, passkey_start as step_up_passkey_start, send_code as send_step_up_code,
    spend as spend_step_up, with as step_up,
};
pub(crate) use ties::{OwnTie, TieText, TieView, accept_tie, end_tie, list_own_ties, list_ties, put_tie};
pub(crate) use vouched::{find_colleague, sign_in_vouched, tell_linked};

use credentials::secret::{DigestKey, Secret};
use db::{Ctx, Tx, Vault};
use jiff::Timestamp;
use kernel::PersonId;

use super::model::{Found, Person, Purpose, Ticket};
use super::{Error, store};
use crate::app::App;

/// Where people's rows are worked on: in whose context, with which keys, when.
pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) ctx: Ctx,
    pub(crate) vault: Vault,
    pub(crate) now: Timestamp,
}

impl<'a> Desk<'a> {
    /// In this context, which is the program's or a person's.
    pub(crate) async fn at(app: &'a App, ctx: Ctx) -> Result<Self, Error> {
        // People's secrets are sealed under the installation's keys, whichever organization's address was used.
        let keys = Ctx::program(kernel::OrganizationId::PLATFORM, ctx.request().clone());
        let vault = app.store.db().vault(&keys).await?;
        Ok(Self { app, ctx, vault, now: app.world.now() })
    }

    pub(crate) async fn begin(&self) -> Result<Tx<'_>, Error> {
        Ok(self.app.store.db().begin(&self.ctx).await?)
    }

    /// The key of short codes.
    pub(super) fn codes(&self) -> DigestKey {
        DigestKey::new(self.vault.index("codes", b""))
    }

    /// Hands out a ticket; its text is for the holder alone.
    pub(super) async fn issue(
        &self,
        tx: &Tx<'_>,
        person: Option<PersonId>,
        purpose: Purpose,
        ticket: &Ticket,
    ) -> Result<String, Error> {
        let secret = Secret::new(&self.app.world);
        store::insert_ticket(tx, &self.vault, &secret.digest(), person, (purpose, ticket), self.now).await?;
        Ok(secret.text())
    }

    /// The ticket of this text, when it is good and was not tried too often.
    pub(super) async fn ticket(&self, tx: &Tx<'_>, text: &str, purpose: Purpose) -> Result<Found, Error> {
        let secret = Secret::parse(text).ok_or(Error::LinkEnded)?;
        let found = store::find_ticket(tx, &self.vault, &secret.digest(), purpose, self.now).await?;
        found.filter(|found| found.tries < super::model::TRIES).ok_or(Error::LinkEnded)
    }

    /// The person of this number, who is there because something of theirs was.
    pub(super) async fn person(&self, tx: &Tx<'_>, id: PersonId) -> Result<Person, Error> {
        Ok(store::find_person(tx, &self.vault, id).await?.ok_or(db::Error::NotFound)?)
    }
}

/// The person of this number, in their own context or the program's.
pub(crate) async fn person_of(desk: &Desk<'_>, id: PersonId) -> Result<Person, Error> {
    let tx = desk.begin().await?;
    let person = desk.person(&tx, id).await?;
    tx.commit().await?;
    Ok(person)
}
