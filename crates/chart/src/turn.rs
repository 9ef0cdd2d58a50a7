//! The tokens of an organization, made with another search key while programs read and write (ADR 0044).
//!
//! The steps are those of an online schema change (F1, VLDB 2013): what every program does with the tokens of a key changes by one
//! step at a time, and the next is taken when none can be left that knows only the one before the last.

use std::time::Duration;

use db::keys::{Custody, FIRST_SEARCH_KEY, TokenState};
use db::{Ctx, Operator, Organization, Request, ToSql};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::FacilityId;
use serde::Serialize;
use uuid::Uuid;

use crate::index::{Token, tokens_of};
use crate::record::{Keys, Record};
use crate::{Error, Store};

/// Records opened at once.
const TOGETHER: i64 = 200;
/// Before those that somebody held are tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// How tokens are made anew.
pub struct Tokens<'a> {
    /// Whose.
    pub organization: &'a Organization,
    /// For what they are logged.
    pub request: Request,
    /// At the data.
    pub data: &'a mut Operator,
    /// At the keyring.
    pub keyring: &'a mut Operator,
    /// What wraps the organization's wrapping key.
    pub custody: &'a Custody,
    /// How long a program may know no better that is not told: as long as it keeps keys, and its longest request.
    pub settle: Duration,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Turned {
    /// The key that tokens are made with.
    pub number: i32,
    /// How many records have tokens of it that had none.
    pub records: u64,
    /// How many records could not be opened, and have none: `phi verify` says why.
    pub unreadable: u64,
    /// How many keys were destroyed.
    pub destroyed: u64,
}

impl Tokens<'_> {
    /// At all facilities that there are now.
    async fn context(&self) -> Result<Ctx, Error> {
        let facilities = self.data.facilities(self.organization.id).await?;
        let facilities: Vec<FacilityId> = facilities.iter().map(|facility| facility.id).collect();
        Ok(self.data.enter(self.organization, &facilities, self.request.clone()))
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A key is made, or one that nobody uses yet taken, and known beside the one that is searched by.
    Begin { searched: i32 },
    /// All tokens are of keys that are gone: the newest is known alone.
    BeginAlone { number: i32 },
    /// The next is written too.
    Write { number: i32 },
    /// What is there gets tokens of it, and searches go by it.
    Fill { number: i32 },
    /// The ones before are written no more.
    Leave { number: i32 },
    /// Theirs are removed, and they are destroyed.
    Remove { number: i32 },
}

/// The key that searches go by.
fn searched(states: &[(i32, TokenState)]) -> Option<i32> {
    match states {
        [] => Some(FIRST_SEARCH_KEY),
        some => some.iter().find(|(_, state)| *state == TokenState::Searched).map(|(number, _)| *number),
    }
}

/// Whether the tokens that are to be searched by are of a key that is gone, given what the data says of its tokens and which
/// keys there are: the data is older than the keyring.
pub fn are_lost(states: &[(i32, TokenState)], live: &[i32]) -> bool {
    !live.is_empty() && searched(states).is_none_or(|number| !live.contains(&number))
}

/// The step from what is done with which key; `live` are the keys there are. Nothing when all is at rest.
fn next(states: &[(i32, TokenState)], live: &[i32]) -> Option<Step> {
    let newest = *live.last()?;
    let is_live = |number: &i32| live.contains(number);
    let Some(searched) = searched(states).filter(is_live) else {
        // An older copy of the data, or such a one on its way.
        return Some(match states.iter().find(|(number, _)| *number == newest) {
            Some((number, TokenState::Removed)) => Step::Write { number: *number },
            Some((number, TokenState::Written)) => Step::Fill { number: *number },
            _ => Step::BeginAlone { number: newest },
        });
    };
    if let Some((number, state)) = states.iter().find(|(number, _)| *number > searched && is_live(number)) {
        return Some(match state {
            TokenState::Removed => Step::Write { number: *number },
            _ => Step::Fill { number: *number },
        });
    }
    let before: Vec<_> = states.iter().filter(|(number, _)| *number < searched).collect();
    if before.iter().any(|(_, state)| *state == TokenState::Written) {
        return Some(Step::Leave { number: searched });
    }
    let gone = live.iter().any(|number| *number < searched) || !before.is_empty();
    if gone { Some(Step::Remove { number: searched }) } else { None }
}

const PAGE: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, type, starts_at FROM chart.resource
     WHERE organization_id = $1 AND id > $2 AND body IS NOT NULL ORDER BY id LIMIT $3";

const NAMED: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, type, starts_at FROM chart.resource
     WHERE organization_id = $1 AND id = ANY ($2) AND body IS NOT NULL ORDER BY id";

/// Whoever writes one of them waits, and whoever was first is looked at again: tokens are of the version that stands. One that was
/// erased meanwhile has the same version, and no body.
const PUT: &str = "
    WITH held AS MATERIALIZED (
        SELECT r.id, r.facility_id, r.patient_id
          FROM chart.resource r JOIN unnest($2::uuid[], $3::int4[], $4::int4[]) n (id, version, facility_id) ON n.id = r.id
         WHERE r.organization_id = $1 AND r.version = n.version AND r.facility_id = n.facility_id AND r.body IS NOT NULL
         ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED
    ), put AS (
        INSERT INTO chart.token (organization_id, facility_id, patient_id, token, at, id)
        SELECT $1, h.facility_id, h.patient_id, n.token, n.at, h.id
          FROM unnest($5::uuid[], $6::int8[], $7::timestamptz[]) n (id, token, at) JOIN held h ON h.id = n.id
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM held";

/// Nobody writes them any more.
const TAKE: &str = "
    DELETE FROM chart.token t USING unnest($2::uuid[], $3::int8[], $4::timestamptz[]) g (id, token, at)
     WHERE t.organization_id = $1 AND t.token = g.token AND t.at = g.at AND t.id = g.id";

const CLEAR: &str = "DELETE FROM chart.token WHERE organization_id = $1";

/// As long as it takes.
const PATIENT: &str = "SELECT set_config('statement_timeout', '0', true)";

/// Records as they stand, and their tokens of one key.
#[derive(Default)]
struct Batch {
    id: Vec<Uuid>,
    version: Vec<i32>,
    facility: Vec<i32>,
    token_id: Vec<Uuid>,
    token: Vec<i64>,
    token_at: Vec<Timestamp>,
    /// The last that was looked at.
    last: Option<Uuid>,
    /// How many could not be opened.
    unreadable: u64,
}

impl Batch {
    fn add(&mut self, record: &Record, tokens: &[Token]) {
        self.id.push(record.id.0);
        self.version.push(record.version.0);
        self.facility.push(record.facility.0);
        for one in tokens {
            self.token_id.push(record.id.0);
            self.token.push(one.token);
            self.token_at.push(one.at);
        }
    }
}

impl Store {
    /// Makes another search key for an organization, gives every record tokens of it, and removes those of the key
    /// before, which is destroyed; programs go on meanwhile. Tokens that are of no key any more, because the data is older than
    /// the keyring, are made anew with the newest key alone. What was interrupted is ended by the next call, which then makes
    /// no other key. `anew` says whether a key is to be changed that is well.
    ///
    /// # Errors
    /// [`db::Error::Conflict`] when somebody else is at it; as [`Operator::add_search_key`]; as any statement.
    pub async fn turn_tokens(&self, how: &mut Tokens<'_>, anew: bool) -> Result<Turned, Error> {
        let organization = how.organization.id;
        if !how.data.hold_search_keys(organization).await? {
            return Err(db::Error::Conflict.into());
        }
        let mut turned = Turned::default();
        let mut begin = anew;
        loop {
            let states = how.data.token_states(organization).await?;
            let live = how.keyring.search_keys(organization).await?;
            turned.number = searched(&states).unwrap_or(FIRST_SEARCH_KEY);
            let unused = live.last().filter(|newest| **newest > turned.number);
            let step = match next(&states, &live) {
                Some(step) => step,
                None if begin || unused.is_some() => Step::Begin { searched: turned.number },
                None => return Ok(turned),
            };
            begin = false;
            match step {
                Step::Begin { searched } => {
                    let number = match unused {
                        Some(number) => *number,
                        None => how.keyring.add_search_key(how.custody, organization).await?,
                    };
                    let states = [(searched, TokenState::Searched), (number, TokenState::Removed)];
                    self.say(how, &states).await?;
                }
                Step::BeginAlone { number } => self.say(how, &[(number, TokenState::Removed)]).await?,
                Step::Write { number } => {
                    self.settle(how).await?;
                    self.say(how, &with(&states, (number, TokenState::Written))).await?;
                }
                Step::Fill { number } => {
                    self.settle(how).await?;
                    let before = searched(&states).filter(|number| live.contains(number));
                    let ctx = how.context().await?;
                    if before.is_none() {
                        self.clear(&ctx).await?;
                    }
                    (turned.records, turned.unreadable) = self.fill(&ctx, number).await?;
                    let mut states = vec![(number, TokenState::Searched)];
                    states.extend(before.map(|before| (before, TokenState::Written)));
                    self.say(how, &states).await?;
                }
                Step::Leave { number } => {
                    self.settle(how).await?;
                    let leaving = |(other, state): &(i32, TokenState)| match *other == number {
                        true => (*other, *state),
                        false => (*other, TokenState::Removed),
                    };
                    let states: Vec<_> = states.iter().map(leaving).collect();
                    self.say(how, &states).await?;
                }
                Step::Remove { number } => {
                    self.settle(how).await?;
                    let ctx = how.context().await?;
                    for before in live.iter().filter(|before| **before < number) {
                        self.remove(&ctx, *before).await?;
                    }
                    self.say(how, &[(number, TokenState::Searched)]).await?;
                    turned.destroyed += how.keyring.destroy_search_keys(organization, number).await?;
                    self.db().keyring().forget_organization(organization);
                }
            }
        }
    }

    /// Says what is to be done with tokens, and knows it too.
    async fn say(&self, how: &mut Tokens<'_>, states: &[(i32, TokenState)]) -> Result<(), Error> {
        how.data.set_token_states(how.organization.id, states).await?;
        self.db().keyring().forget_organization(how.organization.id);
        Ok(())
    }

    /// Waits until no program can be at work with what was said before the last time.
    async fn settle(&self, how: &mut Tokens<'_>) -> Result<(), Error> {
        tokio::time::sleep(how.settle).await;
        Ok(how.data.all_are_over().await?)
    }

    /// Gives every record tokens of the key; tells how many records got them and how many could not be opened.
    async fn fill(&self, ctx: &Ctx, number: i32) -> Result<(u64, u64), Error> {
        let organization = ctx.organization().0;
        let (mut after, mut done, mut unreadable) = (Uuid::nil(), 0, 0);
        loop {
            let mut batch = self.page(ctx, number, PAGE, &[&organization, &after, &TOGETHER]).await?;
            let Some(last) = batch.last else { return Ok((done, unreadable)) };
            after = last;
            unreadable += batch.unreadable;
            while !batch.id.is_empty() {
                let params: [&(dyn ToSql + Sync); 7] = [
                    &organization,
                    &batch.id,
                    &batch.version,
                    &batch.facility,
                    &batch.token_id,
                    &batch.token,
                    &batch.token_at,
                ];
                let tx = self.db().begin(ctx).await?;
                let rows = tx.query(PUT, &params).await?;
                tx.commit().await?;
                done += rows.len() as u64;
                let held: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
                let missed: Vec<Uuid> = batch.id.into_iter().filter(|id| !held.contains(id)).collect();
                if missed.is_empty() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
                batch = self.page(ctx, number, NAMED, &[&organization, &missed]).await?;
            }
        }
    }

    /// Takes the tokens of a key away that nobody writes any more.
    async fn remove(&self, ctx: &Ctx, number: i32) -> Result<(), Error> {
        let organization = ctx.organization().0;
        let mut after = Uuid::nil();
        loop {
            let batch = self.page(ctx, number, PAGE, &[&organization, &after, &TOGETHER]).await?;
            let Some(last) = batch.last else { return Ok(()) };
            after = last;
            let tx = self.db().begin(ctx).await?;
            tx.query(TAKE, &[&organization, &batch.token_id, &batch.token, &batch.token_at]).await?;
            tx.commit().await?;
        }
    }

    /// Takes all tokens away.
    async fn clear(&self, ctx: &Ctx) -> Result<(), Error> {
        let tx = self.db().begin(ctx).await?;
        tx.query(PATIENT, &[]).await?;
        tx.query(CLEAR, &[&ctx.organization().0]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Opens records, and computes their tokens of one key.
    async fn page(
        &self,
        ctx: &Ctx,
        number: i32,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Batch, Error> {
        let rows = self.db().begin(ctx).await?.last(sql, params).await?;
        let tokens = self.db().keyring().token_keys(ctx).await?;
        let key = tokens.numbered(number).ok_or(db::Error::Seal("the organization's keys are incomplete"))?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            let rtype = ResourceType::from_code(row.get(7)).ok_or(db::Error::Seal("unknown type"))?;
            records.push(Record::read(rtype, row)?);
        }
        let keys = Keys::of(self.db(), ctx, &records).await?;
        let mut batch = Batch { last: records.last().map(|record| record.id.0), ..Batch::default() };
        for (row, record) in rows.iter().zip(&records) {
            let mut found = None;
            let opened = match keys.open_whole(ctx, record) {
                Ok(opened) => opened,
                // It is being erased, tokens and all.
                Err(Error::Db(db::Error::Erased)) => continue,
                Err(_) => {
                    batch.unreadable += 1;
                    continue;
                }
            };
            opened.matches(|body| {
                let one = std::slice::from_ref(key);
                found = tokens_of(one, record.scope(), (body, &self.limits), row.get(8));
                true
            });
            match found {
                Some(tokens) => batch.add(record, &tokens),
                None => batch.unreadable += 1,
            }
        }
        Ok(batch)
    }
}

/// `states`, but for one.
fn with(states: &[(i32, TokenState)], one: (i32, TokenState)) -> Vec<(i32, TokenState)> {
    let others = states.iter().filter(|(number, _)| *number != one.0);
    others.copied().chain(std::iter::once(one)).collect()
}

#[cfg(test)]
mod tests {
    use TokenState::{Removed, Searched, Written};

    use super::*;

    #[test]
    fn the_steps_follow_each_other_from_wherever_they_were_interrupted() {
        for (states, live, step) in [
            (vec![], vec![1], None),
            (vec![(1, Searched), (2, Removed)], vec![1, 2], Some(Step::Write { number: 2 })),
            (vec![(1, Searched), (2, Written)], vec![1, 2], Some(Step::Fill { number: 2 })),
            (vec![(1, Written), (2, Searched)], vec![1, 2], Some(Step::Leave { number: 2 })),
            (vec![(1, Removed), (2, Searched)], vec![1, 2], Some(Step::Remove { number: 2 })),
            // Interrupted before the key was destroyed.
            (vec![(2, Searched)], vec![1, 2], Some(Step::Remove { number: 2 })),
            (vec![(2, Searched)], vec![2], None),
        ] {
            assert_eq!(next(&states, &live), step, "{states:?} {live:?}");
        }
    }

    #[test]
    fn data_that_is_older_than_its_keyring_is_made_anew_with_the_newest_key() {
        for states in [vec![], vec![(1, Searched)], vec![(1, Searched), (2, Removed)], vec![(2, Searched)]] {
            assert_eq!(next(&states, &[3]), Some(Step::BeginAlone { number: 3 }), "{states:?}");
        }
        assert_eq!(next(&[(3, Removed)], &[3]), Some(Step::Write { number: 3 }));
        assert_eq!(next(&[(3, Written)], &[3]), Some(Step::Fill { number: 3 }));
        // A copy from the middle of a change: the key that it searched by is gone, the next is there.
        let middle = [(1, Searched), (2, Written)];
        assert_eq!(next(&middle, &[2]), Some(Step::Fill { number: 2 }));
        assert_eq!(next(&[], &[]), None);
    }
}
