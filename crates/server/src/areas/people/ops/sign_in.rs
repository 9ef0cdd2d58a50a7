//! Signing in: a password, then a second factor. Every failure has one answer and takes the same work, so that nobody
//! learns whether an account exists, is locked, or has another factor.

use std::time::Duration;

use credentials::password::Verdict;
use credentials::{otp, recovery, totp::Totp};
use db::{Outcome, Tx};
use jiff::SignedDuration;
use kernel::{PersonId, SessionId};
use zeroize::Zeroizing;

use super::{Desk, Outgoing, posts};
use crate::areas::people::Error;
use crate::areas::people::model::{
    Allowance, CODES, Factor, FactorWhat, Person, Purpose, SIGN_INS, Ticket, agent, normal_address,
};
use crate::areas::people::store::{self, Attempt, NewSession};
use crate::http::{Cookie, Visit};

/// What comes after a step of signing in.
pub(crate) enum Step {
    /// A second factor is wanted: the handle of this sign-in and what the person has.
    Factor { login: String, factors: Vec<&'static str> },
    /// Signed in, but a second factor must be set up before anything else.
    Enrol(Cookie),
    /// Signed in.
    Done(Cookie),
}

const ACTION: &str = "session.sign-in";

/// How long someone waits for a place.
const PATIENCE: Duration = Duration::from_secs(8);

/// The first step.
pub(crate) async fn password(visit: &Visit, email: &str, password: Zeroizing<String>) -> Result<Step, Error> {
    let place = tokio::time::timeout(PATIENCE, visit.app.sign_ins.acquire()).await;
    let _place = place.ok().and_then(Result::ok).ok_or(Error::Busy)?;
    let desk = Desk::at(&visit.app, visit.program()).await?;
    // What cannot be an address is looked for all the same, and not found.
    let address = normal_address(email).unwrap_or_else(|| "none".to_owned());
    let attempt = attempt(&desk, visit, &address);
    let tx = desk.begin().await?;
    let (locked, source_locked) = store::count_attempt(&tx, &attempt, SIGN_INS, desk.now).await?;
    let person = store::find_person_by_address(&tx, &desk.vault, &address).await?;
    tx.commit().await?;
    if source_locked {
        refused(visit, "source locked", None).await?;
        return Err(Error::Source);
    }
    let phc = person.as_ref().and_then(|person| person.password.as_ref()).map(|phc| phc.as_str().to_owned());
    let again = password.clone();
    let verdict = visit.app.passwords.verify(phc, password).await?;
    let number = person.as_ref().map(|person| person.id);
    let right = person.filter(|person| verdict != Verdict::Wrong && !person.disabled && !locked);
    let Some(person) = right else {
        let why = match number {
            None => "unknown account",
            Some(_) if locked => "account locked",
            Some(_) => "wrong password",
        };
        refused(visit, why, number).await?;
        return Err(Error::SignIn);
    };
    if verdict == Verdict::RightButOld {
        let phc = visit.app.passwords.hash(again, &visit.app.world).await?;
        let tx = desk.begin().await?;
        store::update_password(&tx, &desk.vault, &person, &phc, person.password_at.unwrap_or(desk.now))
            .await?;
        tx.commit().await?;
    }
    after_one_factor(&desk, visit, &person, &attempt).await
}

/// What comes after one proof that was right: one of the person's own factors, or, where there is none, a session.
pub(super) async fn after_one_factor(
    desk: &Desk<'_>,
    visit: &Visit,
    person: &Person,
    attempt: &Attempt,
) -> Result<Step, Error> {
    let tx = desk.begin().await?;
    let factors = store::list_factors(&tx, &desk.vault, person.id).await?;
    let mut kinds: Vec<&'static str> = Vec::new();
    for factor in factors.iter().filter(|factor| factor.confirmed) {
        if !kinds.contains(&factor.kind.key()) {
            kinds.push(factor.kind.key());
        }
    }
    if kinds.is_empty() {
        store::forgive_attempt(&tx, attempt).await?;
        tx.commit().await?;
        let required = second_factor_required(desk, visit, person.id).await?;
        let cookie = begin_session(desk, visit, person, How::Password).await?;
        return Ok(if required { Step::Enrol(cookie) } else { Step::Done(cookie) });
    }
    if store::count_recovery_codes(&tx, person.id).await? > 0 {
        kinds.push("recovery");
    }
    // The attempt stays counted until the second factor is right: codes are guessed no more often than passwords.
    let login = desk.issue(&tx, Some(person.id), Purpose::SignIn, &Ticket::SignIn).await?;
    tx.commit().await?;
    Ok(Step::Factor { login, factors: kinds })
}

/// The second step: a code.
pub(crate) async fn second(visit: &Visit, login: &str, kind: &str, code: &str) -> Result<Step, Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, login, Purpose::SignIn).await;
    let Ok(found) = found else {
        tx.commit().await?;
        refused(visit, "sign-in ended", None).await?;
        return Err(Error::SignIn);
    };
    let person = desk.person(&tx, found.person.ok_or(Error::SignIn)?).await?;
    let right = check_code(&desk, &tx, &person, kind, code, &found.digest).await?;
    if !right || person.disabled || !store::spend_ticket(&tx, &found.digest, desk.now).await? {
        tx.commit().await?;
        refused(visit, "wrong second factor", Some(person.id)).await?;
        return Err(Error::SignIn);
    }
    let address = normal_address(&person.details.email).unwrap_or_default();
    store::forgive_attempt(&tx, &attempt(&desk, visit, &address)).await?;
    tx.commit().await?;
    Ok(Step::Done(begin_session(&desk, visit, &person, How::TwoFactors).await?))
}

/// Whether a code of this kind is right, and uses it up. `subject` is what a code sent by SMS was sent for.
pub(super) async fn check_code(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    person: &Person,
    kind: &str,
    code: &str,
    subject: &[u8],
) -> Result<bool, Error> {
    match kind {
        "totp" => check_totp(desk, tx, person.id, code, None).await,
        "recovery" => match recovery::digest(&desk.codes(), person.handle, code) {
            Some(digest) => Ok(store::use_recovery_code(tx, person.id, &digest, desk.now).await?),
            None => Ok(false),
        },
        "sms" => check_sent(desk, tx, code, subject).await,
        _ => Ok(false),
    }
}

/// Whether a code is one of the person's authenticators', of a time step not used before; of `only` this one, which may
/// be unconfirmed.
pub(super) async fn check_totp(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    person: PersonId,
    code: &str,
    only: Option<uuid::Uuid>,
) -> Result<bool, Error> {
    for factor in store::list_factors(tx, &desk.vault, person).await? {
        let Factor { id, secret, confirmed, last_step, .. } = &factor;
        let FactorWhat::Totp(bytes) = &secret.what else { continue };
        if only.map_or(!confirmed, |only| only != *id) {
            continue;
        }
        let Some(totp) = Totp::from_bytes(bytes) else { continue };
        if let Ok(step) = totp.check(code, desk.now, *last_step) {
            return Ok(store::use_factor(tx, person, *id, Some(step), desk.now).await?);
        }
    }
    Ok(false)
}

/// The digest under which a code stands that was sent for `subject`.
fn sent_for(subject: &[u8]) -> [u8; 32] {
    credentials::secret::sha256(&[b"sms/", subject].concat())
}

/// Whether a code is the one that was sent for `subject`, and uses it up.
pub(super) async fn check_sent(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    code: &str,
    subject: &[u8],
) -> Result<bool, Error> {
    let key = sent_for(subject);
    let found = store::find_ticket(tx, &desk.vault, &key, Purpose::SmsCode, desk.now).await?;
    let Some(found) = found.filter(|found| found.tries < crate::areas::people::model::TRIES) else {
        return Ok(false);
    };
    let Ticket::SmsCode { digest } = &found.ticket else { return Ok(false) };
    Ok(otp::check(digest, code, &desk.codes(), subject)
        && store::spend_ticket(tx, &found.digest, desk.now).await?)
}

/// Sends a code to the person's phone, for `subject`; nothing happens when there is no phone, or no way to it.
pub(super) async fn send_to_phone(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    person: PersonId,
    only: Option<uuid::Uuid>,
    subject: &[u8],
    origin: &str,
) -> Result<(), Error> {
    let factors = store::list_factors(tx, &desk.vault, person).await?;
    let phone = factors.into_iter().find_map(|factor| match factor.secret.what {
        FactorWhat::Sms(phone) if only.map_or(factor.confirmed, |only| only == factor.id) => Some(phone),
        _ => None,
    });
    let Some(to) = phone.filter(|_| desk.app.carriers.texter.is_some()) else { return Ok(()) };
    let code = otp::OneTimeCode::new(&desk.app.world);
    let ticket = Ticket::SmsCode { digest: code.digest(&desk.codes(), subject).to_vec() };
    let key = sent_for(subject);
    store::insert_ticket(tx, &desk.vault, &key, Some(person), (Purpose::SmsCode, &ticket), desk.now).await?;
    let text = desk.app.texts().one_time_code(code.text(), origin)?;
    Outgoing::Sms { to, text }.post(desk, tx, Some(person)).await
}

/// Sends the code of a sign-in. Whatever the handle is worth, the answer is the same.
pub(crate) async fn send_code(visit: &Visit, login: &str) -> Result<(), Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let found = desk.ticket(&tx, login, Purpose::SignIn).await;
    tx.commit().await?;
    if let Ok(found) = found
        && let Some(person) = found.person
        && may_text(&desk, visit, person).await?
    {
        let tx = desk.begin().await?;
        send_to_phone(&desk, &tx, person, None, &found.digest, visit.origin()).await?;
        tx.commit().await?;
    }
    visit.app.post.notify_one();
    Ok(())
}

/// Signs a person in who proved themselves with two factors elsewhere: by passkey or at an identity provider.
pub(crate) async fn sign_in_two_factors(
    desk: &Desk<'_>,
    visit: &Visit,
    person: &Person,
) -> Result<Cookie, Error> {
    begin_session(desk, visit, person, How::TwoFactors).await
}

/// How somebody was proved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By the password alone.
    Password,
    /// By two factors.
    TwoFactors,
    /// By nothing: one of a demonstration's people. Counts as two factors.
    Shown,
}

impl How {
    fn reason(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::TwoFactors => "two factors",
            Self::Shown => "demonstration",
        }
    }
}

/// Begins a session; the one that the browser had is ended, whosever it was.
pub(super) async fn begin_session(
    desk: &Desk<'_>,
    visit: &Visit,
    person: &Person,
    how: How,
) -> Result<Cookie, Error> {
    let posts = posts(desk, person.id, visit.slug()).await?;
    let least = |of: fn(&super::Post) -> i32, usual| posts.iter().map(of).min().unwrap_or(usual);
    let idle_seconds = least(|post| post.idle_seconds, 900);
    let whole = SignedDuration::from_secs(i64::from(least(|post| post.session_seconds, 43_200)));
    let cookie = Cookie::new(visit.app.world.random());
    let agent = agent(visit.agent());
    let new = NewSession {
        id: SessionId(visit.app.world.uuid()),
        person: person.id,
        digest: credentials::secret::sha256(cookie.secret()),
        place: visit.slug(),
        two_factors: how != How::Password,
        idle_seconds,
        ends_at: desk.now + whole,
        address: visit.address(),
        agent: &agent,
    };
    let tx = desk.begin().await?;
    if let Some(old) = &visit.cookie {
        store::end_session_by_digest(&tx, &credentials::secret::sha256(old.secret()), desk.now).await?;
    }
    let (ever, of_this_kind) = store::insert_session(&tx, &new, desk.now).await?;
    if ever > 0 && of_this_kind == 0 && how != How::Shown {
        let content = desk.app.texts().new_sign_in(&agent, desk.now)?;
        Outgoing::mail(&person.details.email, content).post(desk, &tx, Some(person.id)).await?;
    }
    let who = format!("person {} session {}", person.id, new.id);
    log(visit, Outcome::Success, how.reason(), Some(who)).await?;
    tx.commit().await?;
    visit.app.post.notify_one();
    Ok(cookie)
}

/// Whether a post of the person, at this address, asks for a second factor; the plane above organizations does.
pub(super) async fn second_factor_required(
    desk: &Desk<'_>,
    visit: &Visit,
    person: PersonId,
) -> Result<bool, Error> {
    let posts = posts(desk, person, visit.slug()).await?;
    if !visit.slug().is_empty() || posts.iter().any(|post| post.second_factor_required) {
        return Ok(posts.iter().any(|post| post.second_factor_required));
    }
    let tx = desk.begin().await?;
    let required = store::is_administrator(&tx, person, desk.now).await?;
    tx.commit().await?;
    Ok(required)
}

pub(super) fn attempt(desk: &Desk<'_>, visit: &Visit, address: &str) -> Attempt {
    Attempt {
        account: desk.vault.index("attempt.account", address.as_bytes()),
        source: desk.vault.index("attempt.source", source(visit, address.as_bytes()).as_bytes()),
    }
}

fn source(visit: &Visit, whose: &[u8]) -> String {
    // Where nobody knows where a request came from, all of them would be one source.
    let address = visit.address().map(|address| crate::http::source(address).to_string());
    address.unwrap_or_else(|| format!("unknown/{}", String::from_utf8_lossy(whose)))
}

/// Counts a message that a stranger may cause; false when there were too many lately. The desk is the program's.
pub(super) async fn may_send(
    desk: &Desk<'_>,
    visit: &Visit,
    what: &'static str,
    (whose, allowed): (&[u8], Allowance),
) -> Result<bool, Error> {
    let attempt = Attempt {
        account: desk.vault.index(what, whose),
        source: desk.vault.index(what, &[b"from/", source(visit, whose).as_bytes()].concat()),
    };
    let tx = desk.begin().await?;
    let (account, source) = store::count_attempt(&tx, &attempt, allowed, desk.now).await?;
    tx.commit().await?;
    if account || source {
        let logged = visit.log(what, Outcome::Denied, "too many", None).await;
        logged.map_err(|_| db::Error::AuditUnavailable)?;
    }
    Ok(!account && !source)
}

/// Whether a code may go to the person's phone.
pub(super) async fn may_text(desk: &Desk<'_>, visit: &Visit, person: PersonId) -> Result<bool, Error> {
    may_send(desk, visit, "factor.code-asked", (&person.0.to_be_bytes(), CODES)).await
}

pub(super) async fn refused(visit: &Visit, why: &'static str, person: Option<PersonId>) -> Result<(), Error> {
    log(visit, Outcome::Denied, why, person.map(|person| format!("person {person}"))).await
}

async fn log(
    visit: &Visit,
    outcome: Outcome,
    reason: &'static str,
    who: Option<String>,
) -> Result<(), Error> {
    visit.log(ACTION, outcome, reason, who).await.map_err(|_| Error::Db(db::Error::AuditUnavailable))
}
