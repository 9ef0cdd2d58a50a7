//! Rows of people, as they are. Whoever calls says in whose context, and row security shows that person's rows alone.

mod grants;
mod posts;
mod roles;
mod sessions;
mod ties;

pub(super) use grants::{
    Grant, Standing, end_membership, find_post, list_below, list_chain, list_children, list_members,
    list_reach, update_membership,
};
pub(crate) use posts::{
    NewMembership, claim_messages, delete_message, find_looks, find_offer, find_own_organization,
    insert_membership, insert_message, is_administrator, list_posts, postpone_message, take_up_post,
};

pub(super) use roles::{Role, StandingRole, insert_role, list_roles, update_role};
pub(super) use sessions::{
    NewSession, close_context, end_session_by_digest, end_sessions, end_sessions_at, insert_context,
    insert_session, list_contexts, list_sessions, rotate_session,
};

pub(super) use ties::{NewTie, consent, end_tie, list_own_ties, list_ties, put_tie};

use db::{Drawer, Error, Row, Tx, Vault};
use jiff::Timestamp;
use kernel::PersonId;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::areas::people::model::{
    ATTEMPT_WINDOW, Allowance, Details, Factor, FactorSecret, Found, Kind, Person, Purpose, Ticket,
};

macro_rules! person_columns {
    () => {
        "person_id, handle, details, password, password_at, disabled_at IS NOT NULL"
    };
}

fn person(vault: &Vault, row: &Row) -> Result<Person, Error> {
    let handle: Uuid = row.get(1);
    let details: Details = unsealed(&vault.open(Drawer::Person, handle, row.get(2))?)?;
    let password = match row.get::<_, Option<&[u8]>>(3) {
        None => None,
        Some(sealed) => {
            let clear = vault.open(Drawer::Password, handle, sealed)?;
            let text = std::str::from_utf8(&clear).map_err(|_| Error::Seal("not what was sealed"))?;
            Some(Zeroizing::new(text.to_owned()))
        }
    };
    Ok(Person {
        id: PersonId(row.get(0)),
        handle,
        details,
        password,
        password_at: row.get(4),
        disabled: row.get(5),
    })
}

fn unsealed<T: serde::de::DeserializeOwned>(clear: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(clear).map_err(|_| Error::Seal("not what was sealed"))
}

fn to_seal<T: serde::Serialize>(value: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(value).expect("our own types have no maps with keys that are no text"))
}

/// The key by which a person is found, of a normal address.
pub(super) fn email_key(vault: &Vault, address: &str) -> [u8; 32] {
    vault.index("email", address.as_bytes())
}

/// The person with this normal address.
pub(super) async fn find_person_by_address(
    tx: &Tx<'_>,
    vault: &Vault,
    address: &str,
) -> Result<Option<Person>, Error> {
    const SQL: &str = concat!("SELECT ", person_columns!(), " FROM people.person WHERE email_key = $1");
    let rows = tx.query(SQL, &[&email_key(vault, address).as_slice()]).await?;
    rows.first().map(|row| person(vault, row)).transpose()
}

/// The person of this number.
pub(super) async fn find_person(tx: &Tx<'_>, vault: &Vault, id: PersonId) -> Result<Option<Person>, Error> {
    const SQL: &str = concat!("SELECT ", person_columns!(), " FROM people.person WHERE person_id = $1");
    let rows = tx.query(SQL, &[&id.0]).await?;
    rows.first().map(|row| person(vault, row)).transpose()
}

/// The person of this WebAuthn user handle.
pub(super) async fn find_person_by_handle(
    tx: &Tx<'_>,
    vault: &Vault,
    handle: Uuid,
) -> Result<Option<Person>, Error> {
    const SQL: &str = concat!("SELECT ", person_columns!(), " FROM people.person WHERE handle = $1");
    let rows = tx.query(SQL, &[&handle]).await?;
    rows.first().map(|row| person(vault, row)).transpose()
}

/// Holds the person until the transaction ends.
pub(super) async fn lock_person(tx: &Tx<'_>, id: PersonId) -> Result<(), Error> {
    tx.query("SELECT 1 FROM people.person WHERE person_id = $1 FOR UPDATE", &[&id.0]).await.map(|_| ())
}

/// A new person. Refused by `person_email_key_key` when the address is somebody's.
pub(super) async fn insert_person(
    tx: &Tx<'_>,
    vault: &Vault,
    handle: Uuid,
    details: &Details,
    address: &str,
    password: Option<&str>,
    now: Timestamp,
) -> Result<PersonId, Error> {
    let sealed = vault.seal(Drawer::Person, handle, &to_seal(details));
    let password = password.map(|phc| vault.seal(Drawer::Password, handle, phc.as_bytes()));
    let rows = tx
        .query(
            "INSERT INTO people.person (person_id, handle, email_key, details, password, password_at, created_at)
             VALUES (nextval('people.person_number'), $1, $2, $3, $4, CASE WHEN $4::bytea IS NULL THEN NULL ELSE $5::timestamptz END, $5)
             RETURNING person_id",
            &[&handle, &email_key(vault, address).as_slice(), &sealed, &password, &now],
        )
        .await?;
    Ok(PersonId(rows[0].get(0)))
}

/// Another password.
pub(super) async fn update_password(
    tx: &Tx<'_>,
    vault: &Vault,
    person: &Person,
    phc: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = vault.seal(Drawer::Password, person.handle, phc.as_bytes());
    tx.query(
        "UPDATE people.person SET password = $2, password_at = $3 WHERE person_id = $1",
        &[&person.id.0, &sealed, &now],
    )
    .await
    .map(|_| ())
}

/// Another address, under which nobody else may be.
pub(super) async fn update_details(
    tx: &Tx<'_>,
    vault: &Vault,
    person: &Person,
    details: &Details,
    address: &str,
) -> Result<(), Error> {
    let sealed = vault.seal(Drawer::Person, person.handle, &to_seal(details));
    tx.query(
        "UPDATE people.person SET details = $2, email_key = $3 WHERE person_id = $1",
        &[&person.id.0, &sealed, &email_key(vault, address).as_slice()],
    )
    .await
    .map(|_| ())
}

/// Whose attempts are counted.
pub(super) struct Attempt {
    pub(super) account: [u8; 32],
    pub(super) source: [u8; 32],
}

/// Counts an attempt before it is looked at, so that many at once are many; says whether account and source are beyond what is
/// allowed.
pub(super) async fn count_attempt(
    tx: &Tx<'_>,
    attempt: &Attempt,
    allowed: Allowance,
    now: Timestamp,
) -> Result<(bool, bool), Error> {
    let (account, source) = (attempt.account.as_slice(), attempt.source.as_slice());
    // A count lost in a crash of the machine is one try more; nobody waits for the disk because of it.
    tx.query("SELECT set_config('synchronous_commit', 'off', true)", &[]).await?;
    let rows = tx
        .query(
            "INSERT INTO people.attempt AS a (key, failures, since)
             SELECT k.key, 1, $4::timestamptz FROM unnest(ARRAY[$1, $2]::bytea[]) k (key) ORDER BY k.key
             ON CONFLICT (key) DO UPDATE SET
                 failures = CASE WHEN a.since < $3::timestamptz THEN 1 ELSE a.failures + 1 END,
                 since = CASE WHEN a.since < $3 THEN $4 ELSE a.since END
             RETURNING key, failures",
            &[&account, &source, &(now - ATTEMPT_WINDOW), &now],
        )
        .await?;
    let over = |key: &[u8], most: i32| {
        rows.iter().any(|row| row.get::<_, &[u8]>(0) == key && row.get::<_, i32>(1) > most)
    };
    Ok((over(account, allowed.account), over(source, allowed.source)))
}

/// Takes back what was counted: it was no failure.
pub(super) async fn forgive_attempt(tx: &Tx<'_>, attempt: &Attempt) -> Result<(), Error> {
    tx.query("DELETE FROM people.attempt WHERE key = $1", &[&attempt.account.as_slice()]).await?;
    tx.query(
        "UPDATE people.attempt SET failures = greatest(failures - 1, 0) WHERE key = $1",
        &[&attempt.source.as_slice()],
    )
    .await
    .map(|_| ())
}

macro_rules! factor_columns {
    () => {
        "factor_id, person_id, kind, secret, created_at, confirmed_at IS NOT NULL, used_at, last_step"
    };
}

fn factor(vault: &Vault, row: &Row) -> Result<Factor, Error> {
    let id: Uuid = row.get(0);
    let secret: FactorSecret = unsealed(&vault.open(Drawer::Factor, id, row.get(3))?)?;
    Ok(Factor {
        id,
        person: PersonId(row.get(1)),
        kind: Kind::of(row.get(2)).ok_or(Error::Seal("unknown kind of factor"))?,
        secret,
        added_at: row.get(4),
        confirmed: row.get(5),
        used_at: row.get(6),
        last_step: row.get(7),
    })
}

/// The factors of a person, oldest first, those not confirmed among them.
pub(super) async fn list_factors(tx: &Tx<'_>, vault: &Vault, person: PersonId) -> Result<Vec<Factor>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        factor_columns!(),
        " FROM people.factor WHERE person_id = $1 ORDER BY created_at, factor_id"
    );
    let rows = tx.query(SQL, &[&person.0]).await?;
    rows.iter().map(|row| factor(vault, row)).collect()
}

/// The passkey of this credential.
pub(super) async fn find_passkey(
    tx: &Tx<'_>,
    vault: &Vault,
    credential_key: &[u8; 32],
) -> Result<Option<Factor>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        factor_columns!(),
        " FROM people.factor WHERE credential_key = $1 AND confirmed_at IS NOT NULL"
    );
    let rows = tx.query(SQL, &[&credential_key.as_slice()]).await?;
    rows.first().map(|row| factor(vault, row)).transpose()
}

/// A new factor; with a credential key it is a passkey and confirmed by its ceremony.
pub(super) async fn insert_factor(
    tx: &Tx<'_>,
    vault: &Vault,
    person: PersonId,
    (id, kind, secret): (Uuid, Kind, &FactorSecret),
    credential_key: Option<[u8; 32]>,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = vault.seal(Drawer::Factor, id, &to_seal(secret));
    let confirmed = credential_key.is_some().then_some(now);
    tx.query(
        "INSERT INTO people.factor (person_id, factor_id, kind, secret, credential_key, created_at, confirmed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[&person.0, &id, &kind.key(), &sealed, &credential_key.as_ref().map(<[u8; 32]>::as_slice), &now, &confirmed],
    )
    .await
    .map(|_| ())
}

/// From now on it counts.
pub(super) async fn confirm_factor(
    tx: &Tx<'_>,
    person: PersonId,
    id: Uuid,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE people.factor SET confirmed_at = coalesce(confirmed_at, $3) WHERE person_id = $1 AND factor_id = $2",
        &[&person.0, &id, &now],
    )
    .await
    .map(|_| ())
}

/// Notes a use. With a time step: false when that step, or a later one, was used before.
pub(super) async fn use_factor(
    tx: &Tx<'_>,
    person: PersonId,
    id: Uuid,
    step: Option<i64>,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE people.factor SET used_at = $3, last_step = coalesce($4, last_step)
              WHERE person_id = $1 AND factor_id = $2 AND ($4::int8 IS NULL OR last_step IS NULL OR last_step < $4)
             RETURNING 1",
            &[&person.0, &id, &now, &step],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A passkey's counter and state moved on.
pub(super) async fn update_factor_secret(
    tx: &Tx<'_>,
    vault: &Vault,
    person: PersonId,
    id: Uuid,
    secret: &FactorSecret,
) -> Result<(), Error> {
    let sealed = vault.seal(Drawer::Factor, id, &to_seal(secret));
    tx.query(
        "UPDATE people.factor SET secret = $3 WHERE person_id = $1 AND factor_id = $2",
        &[&person.0, &id, &sealed],
    )
    .await
    .map(|_| ())
}

/// Away with it; false when it was not there.
pub(super) async fn delete_factor(tx: &Tx<'_>, person: PersonId, id: Uuid) -> Result<bool, Error> {
    let rows = tx
        .query(
            "DELETE FROM people.factor WHERE person_id = $1 AND factor_id = $2 RETURNING 1",
            &[&person.0, &id],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// These codes and no others.
pub(super) async fn replace_recovery_codes(
    tx: &Tx<'_>,
    person: PersonId,
    digests: &[[u8; 32]],
) -> Result<(), Error> {
    let digests: Vec<&[u8]> = digests.iter().map(<[u8; 32]>::as_slice).collect();
    tx.query("DELETE FROM people.recovery_code WHERE person_id = $1", &[&person.0]).await?;
    tx.query(
        "INSERT INTO people.recovery_code (person_id, digest) SELECT $1, unnest($2::bytea[])",
        &[&person.0, &digests],
    )
    .await
    .map(|_| ())
}

/// How many are left.
pub(super) async fn count_recovery_codes(tx: &Tx<'_>, person: PersonId) -> Result<i64, Error> {
    let rows = tx
        .query(
            "SELECT count(*) FROM people.recovery_code WHERE person_id = $1 AND used_at IS NULL",
            &[&person.0],
        )
        .await?;
    Ok(rows[0].get(0))
}

/// Uses one up; false when there is no such code left.
pub(super) async fn use_recovery_code(
    tx: &Tx<'_>,
    person: PersonId,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE people.recovery_code SET used_at = $3 WHERE person_id = $1 AND digest = $2 AND used_at IS NULL
             RETURNING 1",
            &[&person.0, &digest.as_slice(), &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The row of a ticket in its seal: the first half of its digest.
fn ticket_row(digest: &[u8]) -> Uuid {
    let mut row = [0; 16];
    row.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(row)
}

/// What a ticket's row keeps of it.
pub(super) fn seal_ticket(vault: &Vault, digest: &[u8; 32], ticket: &Ticket) -> Vec<u8> {
    vault.seal(Drawer::Ticket, ticket_row(digest), &to_seal(ticket))
}

/// A new ticket; one of the same digest is replaced.
pub(crate) async fn insert_ticket(
    tx: &Tx<'_>,
    vault: &Vault,
    digest: &[u8; 32],
    person: Option<PersonId>,
    (purpose, ticket): (Purpose, &Ticket),
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = seal_ticket(vault, digest, ticket);
    tx.query(
        "INSERT INTO people.ticket (digest, person_id, purpose, state, created_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (digest) DO UPDATE SET state = excluded.state, created_at = excluded.created_at,
             ends_at = excluded.ends_at, used_at = NULL, tries = 0",
        &[&digest.as_slice(), &person.map(|id| id.0), &purpose.key(), &sealed, &now, &(now + purpose.life())],
    )
    .await
    .map(|_| ())
}

/// The ticket of this digest and purpose, when it is still good; counts the try.
pub(crate) async fn find_ticket(
    tx: &Tx<'_>,
    vault: &Vault,
    digest: &[u8; 32],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Found>, Error> {
    let rows = tx
        .query(
            "UPDATE people.ticket SET tries = tries + 1
              WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND ends_at > $3
             RETURNING person_id, state, tries - 1",
            &[&digest.as_slice(), &purpose.key(), &now],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Found {
        digest: digest.to_vec(),
        person: row.get::<_, Option<i32>>(0).map(PersonId),
        ticket: unsealed(&vault.open(Drawer::Ticket, ticket_row(digest), row.get(1))?)?,
        tries: row.get(2),
    }))
}

/// Uses a ticket up; false when somebody was faster.
pub(crate) async fn spend_ticket(tx: &Tx<'_>, digest: &[u8], now: Timestamp) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE people.ticket SET used_at = $2 WHERE digest = $1 AND used_at IS NULL RETURNING 1",
            &[&digest, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends what of this purpose a person still has.
pub(super) async fn end_tickets(
    tx: &Tx<'_>,
    person: PersonId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE people.ticket SET used_at = $3 WHERE person_id = $1 AND purpose = $2 AND used_at IS NULL",
        &[&person.0, &purpose.key(), &now],
    )
    .await
    .map(|_| ())
}

/// Forgets tickets a day after their end, and failures that no longer count.
pub(super) async fn delete_ended(tx: &Tx<'_>, now: Timestamp) -> Result<(), Error> {
    let day = now - jiff::SignedDuration::from_hours(24);
    tx.query("DELETE FROM people.ticket WHERE ends_at < $1", &[&day]).await?;
    tx.query("DELETE FROM people.attempt WHERE since < $1", &[&(now - ATTEMPT_WINDOW)]).await.map(|_| ())
}
