//! Passkeys: as the whole sign-in, as a second factor, as a step-up. A passkey asks for the device's own lock, so it is
//! two factors in one. The lock of an account for wrong passwords does not concern it.

use adapters::texts::Factor as Word;
use credentials::passkey::{Assertion, Passkey, Passkeys, Person as Holder};
use credentials::secret::sha256;
use db::Tx;
use serde_json::Value;
use uuid::Uuid;

use super::Desk;
use super::factors::{Added, added, after, first_or_proved, label, may_add};
use super::sign_in::{How, begin_session, refused};
use crate::areas::people::model::{Factor, FactorSecret, FactorWhat, Kind, Person, Purpose, Ticket};
use crate::areas::people::{Error, store};
use crate::http::{Account, Cookie, Visit};

const WRONG: Error = Error::Invalid("this passkey could not be added");

fn stored(factor: &Factor) -> Option<Passkey> {
    match &factor.secret.what {
        FactorWhat::Passkey(bytes) => Passkey::from_bytes(bytes),
        FactorWhat::Totp(_) | FactorWhat::Sms(_) => None,
    }
}

async fn passkeys_of(desk: &Desk<'_>, tx: &Tx<'_>, person: &Person) -> Result<Vec<Passkey>, Error> {
    let factors = store::list_factors(tx, &desk.vault, person.id).await?;
    Ok(factors.iter().filter_map(stored).collect())
}

fn party(visit: &Visit) -> Passkeys {
    visit.app.passkeys(visit.host())
}

/// Begins the registration of a passkey.
pub(crate) async fn enrol_start(account: &Account) -> Result<(String, Value), Error> {
    may_add(account).await?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let known: Vec<Vec<u8>> =
        passkeys_of(&desk, &tx, &person).await?.iter().map(|passkey| passkey.id().to_vec()).collect();
    let Person { handle, details, .. } = &person;
    let holder = Holder { handle: *handle, name: &details.email, display_name: &details.name };
    let ceremony = party(&account.visit).start_registration(&desk.app.world, holder, &known);
    let ticket = Ticket::Ceremony {
        state: ceremony.state,
        login: None,
        action: None,
        session: Some(account.session.id()),
    };
    let text = desk.issue(&tx, Some(person.id), Purpose::EnrolPasskey, &ticket).await?;
    tx.commit().await?;
    Ok((text, ceremony.options))
}

/// Ends it.
pub(crate) async fn enrol(
    account: &Account,
    ceremony: &str,
    text: &str,
    credential: &Value,
) -> Result<(Uuid, Added), Error> {
    let label = label(text)?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    first_or_proved(account, &store::list_factors(&tx, &desk.vault, person.id).await?)?;
    let found = desk.ticket(&tx, ceremony, Purpose::EnrolPasskey).await?;
    let Ticket::Ceremony { state, session, .. } = &found.ticket else { return Err(Error::LinkEnded) };
    if *session != Some(account.session.id()) || !store::spend_ticket(&tx, &found.digest, desk.now).await? {
        return Err(Error::LinkEnded);
    }
    let credential = serde_json::to_vec(credential).map_err(|_| WRONG)?;
    let finished = party(&account.visit).finish_registration(state, &credential, desk.now);
    let passkey = match finished {
        Ok(passkey) if passkey.person() == person.handle => passkey,
        other => {
            tx.commit().await?;
            let refusal = other.err();
            tracing::info!(target: "people", request = %account.visit.request.id, ?refusal, "a passkey was refused");
            return Err(WRONG);
        }
    };
    let id = desk.app.world.uuid();
    let secret = FactorSecret { label, what: FactorWhat::Passkey(passkey.to_bytes()) };
    let key = sha256(passkey.id());
    let what = (id, Kind::Passkey, &secret);
    match store::insert_factor(&tx, &desk.vault, person.id, what, Some(key), desk.now).await {
        // Somebody's already, whoever's it is.
        Err(db::Error::Constraint(_)) => return Err(WRONG),
        inserted => inserted?,
    }
    let added = added(&desk, &tx, account, &person, Word::Passkey).await?;
    tx.commit().await?;
    after(account);
    Ok((id, added))
}

/// Begins a sign-in: with whatever passkey is there, or as the second factor of a sign-in under way.
pub(crate) async fn sign_in_start(visit: &Visit, login: Option<&str>) -> Result<(String, Value), Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let (ceremony, person, login) = match login {
        None => (party(visit).start_discoverable(&desk.app.world), None, None),
        Some(login) => {
            let found = desk.ticket(&tx, login, Purpose::SignIn).await.map_err(|_| Error::SignIn)?;
            let person = desk.person(&tx, found.person.ok_or(Error::SignIn)?).await?;
            let passkeys = passkeys_of(&desk, &tx, &person).await?;
            let ceremony = party(visit).start_authentication(&desk.app.world, &passkeys);
            (ceremony, Some(person.id), Some(found.digest))
        }
    };
    let ticket = Ticket::Ceremony { state: ceremony.state, login, action: None, session: None };
    let text = desk.issue(&tx, person, Purpose::SignInPasskey, &ticket).await?;
    tx.commit().await?;
    Ok((text, ceremony.options))
}

/// Ends it: signed in with two factors.
pub(crate) async fn sign_in(visit: &Visit, ceremony: &str, credential: &Value) -> Result<Cookie, Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let finished = finish(&desk, &tx, visit, (ceremony, Purpose::SignInPasskey), credential).await;
    tx.commit().await?;
    match finished? {
        Ok((person, Ticket::Ceremony { login, .. })) if !person.disabled => {
            if let Some(login) = login {
                let tx = desk.begin().await?;
                store::spend_ticket(&tx, &login, desk.now).await?;
                tx.commit().await?;
            }
            begin_session(&desk, visit, &person, How::TwoFactors).await
        }
        Ok((person, _)) => {
            refused(visit, "account disabled", Some(person.id)).await?;
            Err(Error::SignIn)
        }
        Err(why) => {
            refused(visit, why, None).await?;
            Err(Error::SignIn)
        }
    }
}

/// Begins a step-up.
pub(super) async fn step_up_start(account: &Account, action: &'static str) -> Result<(String, Value), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let passkeys = passkeys_of(&desk, &tx, &person).await?;
    let ceremony = party(&account.visit).start_authentication(&desk.app.world, &passkeys);
    let ticket = Ticket::Ceremony {
        state: ceremony.state,
        login: None,
        action: Some(action.to_owned()),
        session: Some(account.session.id()),
    };
    let text = desk.issue(&tx, Some(person.id), Purpose::StepUpPasskey, &ticket).await?;
    tx.commit().await?;
    Ok((text, ceremony.options))
}

/// Ends it: the person, and the action that was named at the beginning.
pub(super) async fn step_up_finish(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    account: &Account,
    ceremony: &str,
    credential: &Value,
) -> Result<(Person, String), Error> {
    match finish(desk, tx, &account.visit, (ceremony, Purpose::StepUpPasskey), credential).await? {
        Ok((person, Ticket::Ceremony { action: Some(action), session, .. }))
            if session == Some(account.session.id()) && person.id == account.session.person() =>
        {
            Ok((person, action))
        }
        _ => Err(Error::StepUp),
    }
}

/// Ends a ceremony that asked for a passkey; the inner error says, for the log, what was wrong.
async fn finish(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    visit: &Visit,
    (ceremony, purpose): (&str, Purpose),
    credential: &Value,
) -> Result<Result<(Person, Ticket), &'static str>, Error> {
    let found = match desk.ticket(tx, ceremony, purpose).await {
        Err(Error::LinkEnded) => return Ok(Err("ceremony ended")),
        found => found?,
    };
    if !store::spend_ticket(tx, &found.digest, desk.now).await? {
        return Ok(Err("ceremony ended"));
    }
    let Ticket::Ceremony { state, .. } = &found.ticket else { return Ok(Err("ceremony ended")) };
    let assertion = serde_json::to_vec(credential).ok().and_then(|bytes| Assertion::parse(&bytes).ok());
    let Some(assertion) = assertion else { return Ok(Err("no credential")) };
    let factor = store::find_passkey(tx, &desk.vault, &sha256(assertion.credential_id())).await?;
    let Some(factor) = factor else { return Ok(Err("unknown passkey")) };
    let Some(passkey) = stored(&factor) else { return Ok(Err("unknown passkey")) };
    let passkey = match party(visit).finish_authentication(state, &assertion, &passkey, desk.now) {
        Ok(passkey) => passkey,
        Err(refusal) => {
            tracing::info!(target: "people", request = %desk.ctx.request().id, ?refusal, "a passkey was refused");
            return Ok(Err("passkey refused"));
        }
    };
    let Some(person) = store::find_person_by_handle(tx, &desk.vault, passkey.person()).await? else {
        return Ok(Err("unknown passkey"));
    };
    if person.id != factor.person || found.person.is_some_and(|of| of != person.id) {
        return Ok(Err("passkey of another person"));
    }
    let secret = FactorSecret { label: factor.secret.label, what: FactorWhat::Passkey(passkey.to_bytes()) };
    store::update_factor_secret(tx, &desk.vault, person.id, factor.id, &secret).await?;
    store::use_factor(tx, person.id, factor.id, None, desk.now).await?;
    Ok(Ok((person, found.ticket)))
}
