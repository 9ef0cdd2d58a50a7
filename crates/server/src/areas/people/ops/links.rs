//! Passwords, addresses and invitations: what goes by a link in a mail. A link is good once and for a while; what
//! has ended, was used or never was is not told apart.

use credentials::password;
use credentials::secret::Secret;
use kernel::{MembershipId, OrganizationId};
use zeroize::Zeroizing;

use super::factors::step_up;
use super::sign_in::{How, begin_session, may_send, refused, second_factor_required};
use super::{Desk, Outgoing, Step};
use crate::app::App;
use crate::areas::people::model::{Details, Person, Purpose, RESETS, SmallText, Ticket, normal_address};
use crate::areas::people::{Error, store};
use crate::http::{Account, Visit};

fn check_password(password: &str, details: &Details) -> Result<(), Error> {
    let local = details.email.split('@').next().unwrap_or_default();
    password::check(password, &[&details.email, local, &details.name]).map_err(Error::Weak)
}

/// Sends a link to a new password. An address without an account gets a mail as well, which says so: neither the
/// answer, nor the time it takes, nor the number of mails tells whether there is one.
pub(crate) async fn reset(visit: &Visit, email: &str) -> Result<(), Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let Some(address) = normal_address(email) else { return Ok(()) };
    if !may_send(&desk, visit, "password.reset-asked", (address.as_bytes(), RESETS)).await? {
        return Ok(());
    }
    let tx = desk.begin().await?;
    let person = store::find_person_by_address(&tx, &desk.vault, &address).await?;
    let known = person.as_ref().filter(|person| !person.disabled);
    let token = desk.issue(&tx, known.map(|person| person.id), Purpose::Reset, &Ticket::Reset).await?;
    let texts = desk.app.texts();
    let content = match known {
        Some(_) => texts.password_reset(&desk.app.link(visit.slug(), "reset", &token))?,
        None => texts.no_account(),
    };
    let to = known.map_or(email.trim(), |person| &person.details.email);
    Outgoing::mail(to, content).post(&desk, &tx, known.map(|person| person.id)).await?;
    let who = known.map(|person| format!("person {}", person.id));
    visit.log("password.reset-asked", db::Outcome::Success, "asked", who).await.map_err(|_| unlogged())?;
    tx.commit().await?;
    visit.app.post.notify_one();
    Ok(())
}

/// Sets a new password by link. Second factors stay; every browser is signed out.
pub(crate) async fn finish_reset(visit: &Visit, token: &str, new: Zeroizing<String>) -> Result<(), Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, token, Purpose::Reset).await;
    let person = match &found {
        Ok(found) => match found.person {
            Some(id) => Some(desk.person(&tx, id).await?),
            None => None,
        },
        Err(_) => None,
    };
    tx.commit().await?;
    let (Ok(found), Some(person)) = (found, person.filter(|person| !person.disabled)) else {
        refused(visit, "reset link ended", None).await?;
        return Err(Error::LinkEnded);
    };
    check_password(&new, &person.details)?;
    let phc = visit.app.passwords.hash(new, &visit.app.world).await?;
    let tx = desk.begin().await?;
    if !store::spend_ticket(&tx, &found.digest, desk.now).await? {
        tx.rollback().await?;
        return Err(Error::LinkEnded);
    }
    set_password(&desk, &tx, &person, &phc).await?;
    store::end_sessions(&tx, person.id, None, None, desk.now).await?;
    let who = Some(format!("person {}", person.id));
    visit.log("password.change", db::Outcome::Success, "reset link", who).await.map_err(|_| unlogged())?;
    tx.commit().await?;
    visit.app.store.db().forget_person(person.id);
    visit.app.post.notify_one();
    Ok(())
}

async fn set_password(desk: &Desk<'_>, tx: &db::Tx<'_>, person: &Person, phc: &str) -> Result<(), Error> {
    store::update_password(tx, &desk.vault, person, phc, desk.now).await?;
    store::end_tickets(tx, person.id, Purpose::Reset, desk.now).await?;
    store::end_tickets(tx, person.id, Purpose::SignIn, desk.now).await?;
    let content = desk.app.texts().password_changed(desk.now)?;
    Outgoing::mail(&person.details.email, content).post(desk, tx, Some(person.id)).await
}

/// Changes the password of someone signed in; their other browsers are signed out.
pub(crate) async fn change_password(account: &Account, new: Zeroizing<String>) -> Result<(), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let person = super::person_of(&desk, account.session.person()).await?;
    check_password(&new, &person.details)?;
    step_up(account, "password.change").await?;
    let phc = account.visit.app.passwords.hash(new, &account.visit.app.world).await?;
    let tx = desk.begin().await?;
    set_password(&desk, &tx, &person, &phc).await?;
    store::end_sessions(&tx, person.id, None, Some(account.session.id()), desk.now).await?;
    account.log("password.change", "own account").await.map_err(|_| unlogged())?;
    tx.commit().await?;
    account.visit.app.store.db().forget_person(person.id);
    account.visit.app.post.notify_one();
    Ok(())
}

/// Asks for another address: a link goes to the new one, a notice to the old. Whether the new one is somebody's is not
/// told here.
pub(crate) async fn change_email(account: &Account, email: &str) -> Result<(), Error> {
    let address = email.trim().to_owned();
    normal_address(&address).ok_or(Error::Invalid("email: not an address"))?;
    step_up(account, "email.change").await?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    store::end_tickets(&tx, person.id, Purpose::Email, desk.now).await?;
    let ticket = Ticket::Email { address: address.clone() };
    let token = desk.issue(&tx, Some(person.id), Purpose::Email, &ticket).await?;
    let texts = desk.app.texts();
    let link = desk.app.link(account.visit.slug(), "email", &token);
    let letter = texts.email_change(&link)?;
    Outgoing::mail(&address, letter).post(&desk, &tx, Some(person.id)).await?;
    let notice = texts.email_change_notice(desk.now)?;
    Outgoing::mail(&person.details.email, notice).post(&desk, &tx, Some(person.id)).await?;
    account.log("email.change-asked", "own account").await.map_err(|_| unlogged())?;
    tx.commit().await?;
    account.visit.app.post.notify_one();
    Ok(())
}

/// Confirms the new address by link.
pub(crate) async fn finish_email(visit: &Visit, token: &str) -> Result<(), Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, token, Purpose::Email).await?;
    let (Some(id), Ticket::Email { address }) = (found.person, &found.ticket) else {
        return Err(Error::LinkEnded);
    };
    let person = desk.person(&tx, id).await?;
    if !store::spend_ticket(&tx, &found.digest, desk.now).await? {
        return Err(Error::LinkEnded);
    }
    let normal = normal_address(address).ok_or(Error::LinkEnded)?;
    let details = Details { email: address.clone(), name: person.details.name.clone() };
    match store::update_details(&tx, &desk.vault, &person, &details, &normal).await {
        // Somebody else's in the meantime. Like a link that has ended.
        Err(db::Error::Constraint(_)) => return Err(Error::LinkEnded),
        changed => changed?,
    }
    let who = Some(format!("person {id}"));
    visit.log("email.change", db::Outcome::Success, "link", who).await.map_err(|_| unlogged())?;
    tx.commit().await?;
    Ok(())
}

/// What an invitation is for.
pub(crate) struct Offer {
    pub(crate) slug: String,
    pub(crate) organization: String,
    pub(crate) role: String,
    pub(crate) email: String,
    /// Whether there is an account with the address.
    pub(crate) account: bool,
}

/// An invitation as rows that somebody else writes, with its link: the first one of an organization that is yet to be.
pub(crate) async fn seal_invitation(
    app: &App,
    request: db::Request,
    (organization, slug, name): (OrganizationId, &str, &str),
    membership: MembershipId,
    address: &str,
) -> Result<(db::SealedInvitation, String), Error> {
    normal_address(address).ok_or(Error::Invalid("email: not an address"))?;
    let desk = Desk::at(app, db::Ctx::program(OrganizationId::PLATFORM, request)).await?;
    let ticket = Ticket::Invitation { organization, membership, address: address.trim().to_owned() };
    let secret = Secret::new(&app.world);
    let link = app.link(slug, "invitation", &secret.text());
    let letter = app.texts().invitation(name, &link)?;
    let (message, content) = Outgoing::mail(address.trim(), letter).seal(&desk)?;
    let sealed = db::SealedInvitation {
        digest: secret.digest(),
        ticket: store::seal_ticket(&desk.vault, &secret.digest(), &ticket),
        ends_at: desk.now + Purpose::Invitation.life(),
        message,
        content,
    };
    Ok((sealed, link))
}

/// Writes an invitation down and sends it.
pub(super) async fn send_invitation(
    desk: &Desk<'_>,
    (organization, slug, name): (OrganizationId, &str, &str),
    membership: MembershipId,
    address: &str,
) -> Result<String, Error> {
    let tx = desk.begin().await?;
    let ticket = Ticket::Invitation { organization, membership, address: address.to_owned() };
    let token = desk.issue(&tx, None, Purpose::Invitation, &ticket).await?;
    let link = desk.app.link(slug, "invitation", &token);
    let letter = desk.app.texts().invitation(name, &link)?;
    Outgoing::mail(address, letter).post(desk, &tx, None).await?;
    tx.commit().await?;
    desk.app.post.notify_one();
    Ok(link)
}

/// Invites someone to the plane above organizations; gives the link.
pub(crate) async fn invite_to_platform(
    app: &App,
    request: db::Request,
    administrator: i32,
    address: &str,
) -> Result<String, Error> {
    normal_address(address).ok_or(Error::Invalid("email: not an address"))?;
    let desk = Desk::at(app, db::Ctx::program(OrganizationId::PLATFORM, request)).await?;
    let whose = (OrganizationId::PLATFORM, "", "Lamplight");
    send_invitation(&desk, whose, MembershipId(administrator), address.trim()).await
}

struct Invited {
    digest: Vec<u8>,
    organization: OrganizationId,
    membership: MembershipId,
    address: String,
}

async fn invited(desk: &Desk<'_>, token: &str) -> Result<Invited, Error> {
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, token, Purpose::Invitation).await;
    tx.commit().await?;
    let found = found?;
    let Ticket::Invitation { organization, membership, address } = found.ticket else {
        return Err(Error::LinkEnded);
    };
    Ok(Invited { digest: found.digest, organization, membership, address })
}

/// Shows what was offered.
pub(crate) async fn look_at_invitation(visit: &Visit, token: &str) -> Result<Offer, Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let invited = invited(&desk, token).await?;
    let normal = normal_address(&invited.address).ok_or(Error::LinkEnded)?;
    let inside = Desk { ctx: db::Ctx::program(invited.organization, visit.request.clone()), ..desk };
    let tx = inside.begin().await?;
    let offer = store::find_offer(&tx, invited.organization, invited.membership, inside.now).await?;
    let account = store::find_person_by_address(&tx, &inside.vault, &normal).await?.is_some();
    tx.commit().await?;
    let (slug, organization, role) = offer.ok_or(Error::LinkEnded)?;
    Ok(Offer { slug, organization, role, email: invited.address, account })
}

/// Takes up a post with a new account.
pub(crate) async fn accept_invitation(
    visit: &Visit,
    token: &str,
    name: &str,
    new: Zeroizing<String>,
) -> Result<Step, Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let invited = invited(&desk, token).await?;
    let name = SmallText::new(name).ok_or(Error::Invalid("name: 1 to 100 characters"))?.0;
    let details = Details { email: invited.address.clone(), name };
    check_password(&new, &details)?;
    let normal = normal_address(&invited.address).ok_or(Error::LinkEnded)?;
    let phc = visit.app.passwords.hash(new, &visit.app.world).await?;
    let handle = visit.app.world.uuid();
    let inside = Desk { ctx: db::Ctx::program(invited.organization, visit.request.clone()), ..desk };
    let tx = inside.begin().await?;
    let made =
        store::insert_person(&tx, &inside.vault, handle, &details, &normal, Some(&phc), inside.now).await;
    let id = match made {
        Err(db::Error::Constraint(_)) => {
            return Err(Error::Invalid("there is an account already: sign in to accept"));
        }
        made => made?,
    };
    take_up(&inside, &tx, visit, &invited, id, &details.name).await?;
    tx.commit().await?;
    let desk = Desk { ctx: visit.program(), ..inside };
    let person = super::person_of(&desk, id).await?;
    let required = second_factor_required(&desk, visit, id).await?;
    let cookie = begin_session(&desk, visit, &person, How::Password).await?;
    Ok(if required { Step::Enrol(cookie) } else { Step::Done(cookie) })
}

/// Takes up a post with the account that is signed in.
pub(crate) async fn accept_signed_in(account: &Account, token: &str) -> Result<(), Error> {
    let visit = &account.visit;
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let invited = invited(&desk, token).await?;
    let person = super::person_of(&desk, account.session.person()).await?;
    if normal_address(&person.details.email) != normal_address(&invited.address) {
        return Err(Error::Invalid("the invitation went to another address"));
    }
    let inside = Desk { ctx: db::Ctx::program(invited.organization, visit.request.clone()), ..desk };
    let tx = inside.begin().await?;
    take_up(&inside, &tx, visit, &invited, person.id, &person.details.name).await?;
    tx.commit().await?;
    Ok(())
}

async fn take_up(
    inside: &Desk<'_>,
    tx: &db::Tx<'_>,
    visit: &Visit,
    invited: &Invited,
    person: kernel::PersonId,
    name: &str,
) -> Result<(), Error> {
    let what = (invited.organization, invited.membership);
    if !store::spend_ticket(tx, &invited.digest, inside.now).await?
        || !store::take_up_post(tx, what, person, name, inside.now).await?
    {
        return Err(Error::LinkEnded);
    }
    let detail = Some(format!("membership {} person {person}", invited.membership));
    let event = db::Event { detail, ..db::Event::success("people.accept", "invitation") };
    visit.app.store.db().record(&inside.ctx, event).await?;
    Ok(())
}

fn unlogged() -> Error {
    Error::Db(db::Error::AuditUnavailable)
}
