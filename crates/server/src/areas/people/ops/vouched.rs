//! People whom somebody else vouches for: an identity provider says who is there, and how well they proved it.

use db::Tx;
use kernel::PersonId;

use super::sign_in::{after_one_factor, attempt, refused, sign_in_two_factors};
use super::{Desk, Outgoing, Step, posts};
use crate::areas::people::model::{Person, SIGN_INS, normal_address};
use crate::areas::people::{Error, store};
use crate::http::Visit;

/// The person with this address, if they have a post at the organization whose address this is.
pub(crate) async fn find_colleague(
    desk: &Desk<'_>,
    visit: &Visit,
    address: &str,
) -> Result<Option<Person>, Error> {
    let Some(address) = normal_address(address) else { return Ok(None) };
    let tx = desk.begin().await?;
    let person = store::find_person_by_address(&tx, &desk.vault, &address).await?;
    tx.commit().await?;
    let Some(person) = person else { return Ok(None) };
    let here = !posts(desk, person.id, visit.slug()).await?.is_empty();
    Ok((here && !person.disabled).then_some(person))
}

/// Signs in whom a provider vouches for, at the organization whose address this is. Where one factor was shown there,
/// the person shows one of ours as well, as after a password. What is refused is in the log.
pub(crate) async fn sign_in_vouched(
    desk: &Desk<'_>,
    visit: &Visit,
    id: PersonId,
    two_factors: bool,
) -> Result<Step, Error> {
    let tx = desk.begin().await?;
    let person = desk.person(&tx, id).await?;
    tx.commit().await?;
    let why = if person.disabled {
        Some("account disabled")
    } else if posts(desk, id, visit.slug()).await?.is_empty() {
        Some("no post here")
    } else {
        None
    };
    if let Some(why) = why {
        refused(visit, why, Some(id)).await?;
        return Err(Error::SignIn);
    }
    if two_factors {
        return Ok(Step::Done(sign_in_two_factors(desk, visit, &person).await?));
    }
    // A right proof there opens as many guesses at our codes as a right password, and no more.
    let attempt = attempt(desk, visit, &normal_address(&person.details.email).unwrap_or_default());
    let tx = desk.begin().await?;
    let (locked, source_locked) = store::count_attempt(&tx, &attempt, SIGN_INS, desk.now).await?;
    tx.commit().await?;
    if locked || source_locked {
        refused(visit, if locked { "account locked" } else { "source locked" }, Some(id)).await?;
        return Err(Error::SignIn);
    }
    after_one_factor(desk, visit, &person, &attempt).await
}

/// Tells a person that `provider` opens their account from now on.
pub(crate) async fn tell_linked(
    desk: &Desk<'_>,
    tx: &Tx<'_>,
    person: &Person,
    provider: &str,
) -> Result<(), Error> {
    let content = desk.app.texts().provider_linked(provider, desk.now)?;
    Outgoing::mail(&person.details.email, content).post(desk, tx, Some(person.id)).await
}
