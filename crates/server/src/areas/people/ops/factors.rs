//! What a person can prove themselves with, beside the password.

use adapters::sms::Phone;
use adapters::texts::Factor as Word;
use credentials::secret::sha256;
use credentials::{recovery, totp::Totp};
use db::Tx;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::sign_in::{check_sent, check_totp, may_text, second_factor_required, send_to_phone};
use super::step_up::spend;
use super::{Desk, Outgoing};
use crate::areas::people::model::{Factor, FactorSecret, FactorWhat, Kind, Person, SmallText};
use crate::areas::people::{Error, store};
use crate::http::{Account, Cookie};

/// The header that carries a step-up's proof.
pub(crate) const STEP_UP: &str = "lamplight-step-up";

/// The most factors of a person.
const MOST: usize = 20;

/// The confirmed factors and how many recovery codes are left.
pub(crate) async fn list(account: &Account) -> Result<(Vec<Factor>, i64, Person), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let mut factors = store::list_factors(&tx, &desk.vault, person.id).await?;
    let left = store::count_recovery_codes(&tx, person.id).await?;
    tx.commit().await?;
    factors.retain(|factor| factor.confirmed);
    Ok((factors, left, person))
}

/// Asks for a step-up when there is a factor already: the first one is what enrolment is for.
pub(super) async fn may_add(account: &Account) -> Result<(), Error> {
    let (factors, _, _) = list(account).await?;
    if factors.is_empty() {
        return Ok(());
    }
    if factors.len() >= MOST {
        return Err(Error::Invalid("there are too many factors; remove one first"));
    }
    step_up(account, "factor.add").await
}

pub(crate) async fn step_up(account: &Account, action: &'static str) -> Result<(), Error> {
    let given = account.visit.header(STEP_UP);
    spend(&account.visit.app, &account.visit.request, &account.session, given, action).await
}

pub(super) fn label(text: &str) -> Result<String, Error> {
    let label = SmallText::new(text).ok_or(Error::Invalid("label: 1 to 100 characters"))?;
    Ok(label.0)
}

/// A new authenticator app, to be confirmed with a code.
pub(crate) struct NewTotp {
    pub(crate) id: Uuid,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) uri: Zeroizing<String>,
    pub(crate) qr: String,
}

/// Makes the shared secret.
pub(crate) async fn add_totp(account: &Account, text: &str) -> Result<NewTotp, Error> {
    let label = label(text)?;
    may_add(account).await?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let totp = Totp::new(&desk.app.world);
    let id = desk.app.world.uuid();
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    forget_unconfirmed(&desk, &tx, &person, Kind::Totp).await?;
    let secret = FactorSecret { label, what: FactorWhat::Totp(totp.as_bytes().to_vec()) };
    store::insert_factor(&tx, &desk.vault, person.id, (id, Kind::Totp, &secret), None, desk.now).await?;
    tx.commit().await?;
    let email = &person.details.email;
    let qr =
        totp.qr_svg("Lamplight", email).map_err(|_| Error::Invalid("the address is too long for a code"))?;
    Ok(NewTotp { id, secret: totp.base32(), uri: totp.uri("Lamplight", email), qr })
}

/// A phone, to be confirmed with the code that is sent there.
pub(crate) async fn add_sms(account: &Account, phone: &str, text: &str) -> Result<Uuid, Error> {
    let label = label(text)?;
    let phone = Phone::parse(phone).map_err(|_| Error::Invalid("phone: not a number that can be called"))?;
    if account.visit.app.carriers.texter.is_none() {
        return Err(Error::Invalid("phone: this installation sends no text messages"));
    }
    let program = Desk::at(&account.visit.app, account.visit.program()).await?;
    if !may_text(&program, &account.visit, account.session.person()).await? {
        return Err(Error::TooMany);
    }
    may_add(account).await?;
    let desk = Desk { ctx: account.ctx(), ..program };
    let id = desk.app.world.uuid();
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    forget_unconfirmed(&desk, &tx, &person, Kind::Sms).await?;
    let secret = FactorSecret { label, what: FactorWhat::Sms(phone.as_e164().to_owned()) };
    store::insert_factor(&tx, &desk.vault, person.id, (id, Kind::Sms, &secret), None, desk.now).await?;
    send_to_phone(&desk, &tx, person.id, Some(id), id.as_bytes(), account.visit.origin()).await?;
    tx.commit().await?;
    account.visit.app.post.notify_one();
    Ok(id)
}

/// What was begun and not finished is begun anew.
async fn forget_unconfirmed(desk: &Desk<'_>, tx: &Tx<'_>, person: &Person, kind: Kind) -> Result<(), Error> {
    for factor in store::list_factors(tx, &desk.vault, person.id).await? {
        if !factor.confirmed && factor.kind == kind {
            store::delete_factor(tx, person.id, factor.id).await?;
        }
    }
    Ok(())
}

/// What a new factor brings.
pub(crate) struct Added {
    /// Recovery codes, with the first one.
    pub(crate) codes: Option<Vec<Zeroizing<String>>>,
    /// Another cookie, when the session counts two factors from now on.
    pub(crate) cookie: Option<Cookie>,
}

/// Who signed in with the password alone adds the first factor and no other: what was begun before there was one may
/// have been begun by somebody who knows the password.
pub(super) fn first_or_proved(account: &Account, factors: &[Factor]) -> Result<(), Error> {
    if account.session.two_factors() || !factors.iter().any(|factor| factor.confirmed) {
        return Ok(());
    }
    Err(Error::StepUpRequired("factor.add"))
}

/// Confirms a factor with a code of it.
pub(crate) async fn confirm(account: &Account, id: Uuid, code: &str) -> Result<Added, Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let factors = store::list_factors(&tx, &desk.vault, person.id).await?;
    let factor = factors.iter().find(|factor| factor.id == id && !factor.confirmed);
    let Some(factor) = factor else { return Err(db::Error::NotFound.into()) };
    first_or_proved(account, &factors)?;
    let right = match factor.kind {
        Kind::Totp => check_totp(&desk, &tx, person.id, code, Some(id)).await?,
        Kind::Sms => check_sent(&desk, &tx, code, id.as_bytes()).await?,
        Kind::Passkey => false,
    };
    if !right {
        tx.commit().await?;
        return Err(Error::WrongCode);
    }
    store::confirm_factor(&tx, person.id, id, desk.now).await?;
    let word = if factor.kind == Kind::Totp { Word::Authenticator } else { Word::Phone };
    let added = added(&desk, &tx, account, &person, word).await?;
    tx.commit().await?;
    after(account);
    Ok(added)
}

/// What follows a new factor: the log, a notice, the first recovery codes. A session that had shown the password alone
/// counts two factors, under another cookie; the others end, because any of them may be a thief's who has the password.
pub(super) async fn added(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    account: &Account,
    person: &Person,
    word: Word,
) -> Result<Added, Error> {
    Outgoing::mail(&person.details.email, desk.app.texts().factor_added(word, desk.now)?)
        .post(desk, tx, Some(person.id))
        .await?;
    account.log("factor.add", "own account").await.map_err(|_| db::Error::AuditUnavailable)?;
    let mut cookie = None;
    if !account.session.two_factors() {
        let next = Cookie::new(desk.app.world.random());
        store::rotate_session(tx, account.session.id(), &sha256(next.secret()), true).await?;
        store::end_sessions(tx, person.id, None, Some(account.session.id()), desk.now).await?;
        cookie = Some(next);
    }
    let codes = if store::count_recovery_codes(tx, person.id).await? > 0 {
        None
    } else {
        Some(new_codes(desk, tx, person).await?)
    };
    Ok(Added { codes, cookie })
}

pub(super) fn after(account: &Account) {
    account.visit.app.store.db().forget_person(account.session.person());
    account.visit.app.post.notify_one();
}

async fn new_codes(desk: &Desk<'_>, tx: &Tx<'_>, person: &Person) -> Result<Vec<Zeroizing<String>>, Error> {
    let codes = recovery::generate(&desk.app.world);
    let key = desk.codes();
    let digests: Vec<[u8; 32]> =
        codes.iter().filter_map(|code| recovery::digest(&key, person.handle, code)).collect();
    store::replace_recovery_codes(tx, person.id, &digests).await?;
    Ok(codes.into())
}

/// New recovery codes; the old ones are void.
pub(crate) async fn renew_recovery_codes(account: &Account) -> Result<Vec<Zeroizing<String>>, Error> {
    step_up(account, "recovery.renew").await?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let person = desk.person(&tx, account.session.person()).await?;
    let codes = new_codes(&desk, &tx, &person).await?;
    Outgoing::mail(&person.details.email, desk.app.texts().factor_added(Word::RecoveryCodes, desk.now)?)
        .post(&desk, &tx, Some(person.id))
        .await?;
    account.log("factor.renew", "own account").await.map_err(|_| db::Error::AuditUnavailable)?;
    tx.commit().await?;
    account.visit.app.post.notify_one();
    Ok(codes)
}

/// Removes a factor. The last one stays while any post asks for one.
pub(crate) async fn remove(account: &Account, id: Uuid) -> Result<(), Error> {
    let (factors, _, person) = list(account).await?;
    let factor = factors.iter().find(|factor| factor.id == id).ok_or(db::Error::NotFound)?;
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let keep_one = second_factor_required(&desk, &account.visit, person.id).await?;
    if keep_one && factors.len() == 1 {
        return Err(Error::LastFactor);
    }
    step_up(account, "factor.remove").await?;
    let word = match factor.kind {
        Kind::Totp => Word::Authenticator,
        Kind::Sms => Word::Phone,
        Kind::Passkey => Word::Passkey,
    };
    let tx = desk.begin().await?;
    // Of two that remove one each at once, the second sees what the first left.
    store::lock_person(&tx, person.id).await?;
    let left = store::list_factors(&tx, &desk.vault, person.id).await?;
    if keep_one && !left.iter().any(|other| other.confirmed && other.id != id) {
        return Err(Error::LastFactor);
    }
    if !store::delete_factor(&tx, person.id, id).await? {
        return Err(db::Error::NotFound.into());
    }
    Outgoing::mail(&person.details.email, desk.app.texts().factor_removed(word, desk.now)?)
        .post(&desk, &tx, Some(person.id))
        .await?;
    account.log("factor.remove", "own account").await.map_err(|_| db::Error::AuditUnavailable)?;
    tx.commit().await?;
    account.visit.app.post.notify_one();
    Ok(())
}
