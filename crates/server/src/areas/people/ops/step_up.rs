//! Proving once more that it is you, for one action: the proof is a ticket bound to the action and the session, good for
//! minutes and once. The cookie changes with it.

use credentials::password::Verdict;
use db::Tx;
use zeroize::Zeroizing;

use super::sign_in::{check_code, may_text, send_to_phone};
use super::{Desk, passkeys};
use crate::areas::people::Error;
use crate::areas::people::model::{Person, Purpose, SIGN_INS, Ticket, normal_address};
use crate::areas::people::store::{self, Attempt};
use crate::http::{Account, Cookie};

/// What can be asked for again. An action that is not here needs no step-up.
pub(super) const ACTIONS: [&str; 26] = [
    "factor.add",
    "factor.remove",
    "recovery.renew",
    "password.change",
    "email.change",
    "person.invite",
    "person.end",
    "person.change",
    "role.edit",
    "patients.merge",
    "chart.export",
    "relationship.edit",
    "fields.hide",
    "sharing.approve",
    "sign",
    "emergency.access",
    "emergency.review",
    "module.switch",
    "platform.organizations",
    "platform.plans",
    "platform.administrators",
    "organization.manage",
    "platform.support",
    "support.approve",
    "medications.witness",
    "records.erase",
];

fn action(name: &str) -> Result<&'static str, Error> {
    ACTIONS.into_iter().find(|known| *known == name).ok_or(Error::Invalid("this action needs no step-up"))
}

/// Checks a secret; gives the proof and the new cookie.
pub(crate) async fn with(
    account: &Account,
    name: &str,
    kind: &str,
    secret: Zeroizing<String>,
) -> Result<(String, Cookie), Error> {
    let action = action(name)?;
    let desk = Desk::at(&account.visit.app, account.visit.program()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let address = normal_address(&person.details.email).unwrap_or_default();
    let attempt = Attempt {
        account: desk.vault.index("attempt.step-up", address.as_bytes()),
        source: desk.vault.index("attempt.step-up.session", account.session.id().0.as_bytes()),
    };
    let (locked, _) = store::count_attempt(&tx, &attempt, SIGN_INS, desk.now).await?;
    let factors = store::list_factors(&tx, &desk.vault, person.id).await?;
    tx.commit().await?;
    let has_factor = factors.iter().any(|factor| factor.confirmed);
    let right = match kind {
        // Where there is a second factor, a session that never showed one is not helped on by the password once more.
        "password" if has_factor && !account.session.two_factors() => false,
        "password" => {
            let phc = person.password.as_ref().map(|phc| phc.as_str().to_owned());
            account.visit.app.passwords.verify(phc, secret).await? != Verdict::Wrong
        }
        _ if has_factor => {
            let tx = desk.begin().await?;
            let right =
                check_code(&desk, &tx, &person, kind, &secret, account.session.id().0.as_bytes()).await?;
            tx.commit().await?;
            right
        }
        _ => false,
    };
    if !right || locked {
        log(account, false, action).await?;
        return Err(Error::StepUp);
    }
    let tx = desk.begin().await?;
    store::forgive_attempt(&tx, &attempt).await?;
    grant(&desk, tx, account, &person, action).await
}

/// Sends a code to the person's phone.
pub(crate) async fn send_code(account: &Account) -> Result<(), Error> {
    let desk = Desk::at(&account.visit.app, account.visit.program()).await?;
    if !may_text(&desk, &account.visit, account.session.person()).await? {
        return Err(Error::TooMany);
    }
    let tx = desk.begin().await?;
    let session = account.session.id().0;
    send_to_phone(&desk, &tx, account.session.person(), None, session.as_bytes(), account.visit.origin())
        .await?;
    tx.commit().await?;
    account.visit.app.post.notify_one();
    Ok(())
}

/// Begins a ceremony with a passkey for an action.
pub(crate) async fn passkey_start(
    account: &Account,
    name: &str,
) -> Result<(String, serde_json::Value), Error> {
    passkeys::step_up_start(account, action(name)?).await
}

/// Ends it; gives the proof and the new cookie.
pub(crate) async fn check_passkey(
    account: &Account,
    ceremony: &str,
    credential: &serde_json::Value,
) -> Result<(String, Cookie), Error> {
    let desk = Desk::at(&account.visit.app, account.visit.program()).await?;
    let tx = desk.begin().await?;
    match passkeys::step_up_finish(&desk, &tx, account, ceremony, credential).await {
        Ok((person, name)) => grant(&desk, tx, account, &person, action(&name)?).await,
        Err(error) => {
            tx.commit().await?;
            log(account, false, "passkey").await?;
            Err(error)
        }
    }
}

/// For somebody of a demonstration, who has nothing to show.
pub(super) async fn shown(account: &Account, name: &str) -> Result<(String, Cookie), Error> {
    let action = action(name)?;
    let desk = Desk::at(&account.visit.app, account.visit.program()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    grant(&desk, tx, account, &person, action).await
}

/// Hands out the proof and turns the cookie.
async fn grant(
    desk: &Desk<'_>,
    tx: Tx<'_>,
    account: &Account,
    person: &Person,
    action: &'static str,
) -> Result<(String, Cookie), Error> {
    let session = account.session.id();
    let ticket = Ticket::StepUp { action: action.to_owned(), session };
    let proof = desk.issue(&tx, Some(person.id), Purpose::StepUp, &ticket).await?;
    let cookie = Cookie::new(desk.app.world.random());
    let digest = credentials::secret::sha256(cookie.secret());
    if !store::rotate_session(&tx, session, &digest, false).await? {
        return Err(Error::StepUp);
    }
    log(account, true, action).await?;
    tx.commit().await?;
    desk.app.store.db().forget_person(person.id);
    Ok((proof, cookie))
}

/// Uses a proof up. Without a good one for this action and session: what is asked for.
pub(crate) async fn spend(
    app: &crate::app::App,
    request: &db::Request,
    session: &db::Session,
    given: Option<&str>,
    name: &'static str,
) -> Result<(), Error> {
    let missing = || Error::StepUpRequired(name);
    let desk = Desk::at(app, session.account(request.clone())).await?;
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, given.ok_or_else(missing)?, Purpose::StepUp).await;
    let found = match found {
        Err(Error::LinkEnded) => None,
        found => Some(found?),
    };
    let fits = found.as_ref().is_some_and(|found| {
        matches!(&found.ticket, Ticket::StepUp { action, session: of } if action == name && *of == session.id())
    });
    let spent = match found.filter(|_| fits) {
        Some(found) => store::spend_ticket(&tx, &found.digest, desk.now).await?,
        None => false,
    };
    tx.commit().await?;
    if spent { Ok(()) } else { Err(missing()) }
}

async fn log(account: &Account, done: bool, action: &'static str) -> Result<(), Error> {
    let outcome = if done { db::Outcome::Success } else { db::Outcome::Denied };
    let who = format!("person {} session {}", account.session.person(), account.session.id());
    let logged = account.visit.log("session.step-up", outcome, action, Some(who)).await;
    logged.map_err(|_| Error::Db(db::Error::AuditUnavailable))
}
