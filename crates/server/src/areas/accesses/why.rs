//! Why something was allowed or refused: what was so then, and what is so today.

use db::{Ctx, Drawer, Event, Phi, Row, Tx};
use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, PatientId};
use policy::{Action, Permission, Purpose, What};
use uuid::Uuid;

use super::model::{Actor, EmergencyThen, Link, Rule, Sight, Then, TieThen, Today, Why, outcome};
use super::ops::{right, subject};
use super::store;
use crate::app::App;
use crate::http::Failure;

const ACTION: Action = Action::AuditWhy;

/// What the database says of an event.
struct Found {
    event: Row,
    /// The patients concerned, those that the asker is told of.
    subjects: Vec<(FacilityId, PatientId)>,
    chain: Vec<Row>,
    ties: Vec<Row>,
    emergency: Option<Row>,
}

impl Found {
    fn at(&self) -> Timestamp {
        self.event.get(0)
    }
}

/// Explains an event. It is a look at every patient concerned.
pub(super) async fn explain(app: &App, ctx: &Ctx, id: Uuid) -> Result<Why, Failure> {
    let db = app.store.db();
    let right = right(app, ctx).await?;
    let sight = match right {
        Permission::AuditReport => Sight::Report,
        _ => Sight::Own(ctx.membership()),
    };
    let tx = db.begin(ctx).await?;
    let found = find(app, &tx, id, sight).await?;
    tx.commit().await?;
    let Some(found) = found else {
        db.record(ctx, Event::denied(ACTION.key(), "no such event")).await?;
        return Err(Failure::unlisted());
    };
    let why = why(app, ctx, id, sight, &found).await?;
    let mut event = Event::success(ACTION.key(), right.key());
    event.detail = Some(format!("event {id}"));
    event.subjects.clone_from(&found.subjects);
    event.facility = match found.subjects.as_slice() {
        [(facility, _)] => *facility,
        _ => FacilityId::WHOLE,
    };
    match found.subjects.first() {
        Some((facility, patient)) => {
            let closed = Phi::new(why, subject(ctx, *facility, *patient));
            let receipt = db.record(ctx, event).await?;
            Ok(closed.open(&receipt)?)
        }
        // A refusal that named nobody.
        None => db.record(ctx, event).await.map(|_| why).map_err(Failure::from),
    }
}

/// The event within sight: of a patient of one's own, or with the right to the log as far as row security reaches. Who is
/// bound to their patients sees no event without one of them.
async fn find(app: &App, tx: &Tx<'_>, id: Uuid, sight: Sight) -> Result<Option<Found>, db::Error> {
    let (ctx, now) = (tx.ctx(), app.world.now());
    let organization = ctx.organization();
    let Some(millisecond) = millisecond_of(id) else { return Ok(None) };
    let Some(event) = store::find_event(tx, organization, id, millisecond).await? else { return Ok(None) };
    let at: Timestamp = event.get(0);
    let mut subjects = store::list_subjects(tx, organization, (at, id)).await?;
    if let Sight::Own(post) = sight {
        let selves = store::list_selves(tx, (organization, post), now).await?;
        subjects.retain(|(_, patient)| selves.contains(patient));
    }
    let free = sight == Sight::Report && !ctx.grants().by_relationship;
    if subjects.is_empty() && !free {
        return Ok(None);
    }
    let acting = (organization, MembershipId(event.get(7)));
    let patients: Vec<Uuid> = subjects.iter().map(|(_, patient)| patient.0).collect();
    let chain = store::list_chain(tx, acting, now).await?;
    let posts: Vec<i32> = chain.iter().map(|row| row.get(3)).collect();
    let ties = store::list_ties_at(tx, organization, &posts, &patients, at).await?;
    let emergency = if event.get::<_, &str>(4) == Purpose::BreakGlass.code() {
        store::find_emergency_at(tx, acting, &patients, at).await?
    } else {
        None
    };
    Ok(Some(Found { event, subjects, chain, ties, emergency }))
}

async fn why(app: &App, ctx: &Ctx, id: Uuid, sight: Sight, found: &Found) -> Result<Why, db::Error> {
    let event = &found.event;
    let ended = outcome(event.get(2));
    let relationships = found.ties.iter().map(|row| TieThen {
        membership: MembershipId(row.get(0)),
        patient: row.get(1),
        kind: row.get(2),
        from: row.get(3),
        until: row.get(4),
    });
    let at_the_time = Then {
        at: found.at(),
        what: What::of(event.get(1)).word(),
        outcome: ended,
        rule: rule(event.get(3), ended),
        purpose: event.get(4),
        facility: event.get(6),
        relationships: relationships.collect(),
        emergency: match &found.emergency {
            Some(row) => Some(emergency(app, ctx, row).await?),
            None => None,
        },
    };
    let today = Today { who: Actor::of(event, 7, sight), chain: chain(&found.chain, sight) };
    Ok(Why { event: id, at_the_time, today })
}

async fn emergency(app: &App, ctx: &Ctx, row: &Row) -> Result<EmergencyThen, db::Error> {
    let reason = if ctx.grants().permissions.contains(Permission::EmergencyReview) {
        let clear = app.store.db().vault(ctx).await?.open(Drawer::EmergencyReason, row.get(0), row.get(3))?;
        Some(String::from_utf8_lossy(&clear).into_owned())
    } else {
        None
    };
    Ok(EmergencyThen { opened_at: row.get(1), ends_at: row.get(2), reason })
}

/// A post lives while all above it do.
fn chain(rows: &[Row], sight: Sight) -> Vec<Link> {
    let mut alive = true;
    let mut links: Vec<Link> = rows
        .iter()
        .rev()
        .map(|row| {
            alive &= !row.get::<_, bool>(2);
            Link {
                membership: MembershipId(row.get(3)),
                who: Actor::of(row, 3, sight),
                by_relationship: row.get(0),
                alive,
                ends_at: row.get(1),
            }
        })
        .collect();
    links.reverse();
    links
}

/// The rule that an event names: a permission, or words of the program's own.
fn rule(reason: &str, ended: &str) -> Rule {
    let permission = reason.parse::<Permission>().ok();
    Rule {
        permission: permission.map(Permission::key),
        words: permission.map_or_else(|| reason.to_owned(), |held| held.words().to_owned()),
        missing: ended != "done",
    }
}

/// The millisecond in which an event was written, out of its id (RFC 9562, UUIDv7); `None` for what is no id of ours.
fn millisecond_of(id: Uuid) -> Option<(Timestamp, Timestamp)> {
    if id.get_version_num() != 7 {
        return None;
    }
    let milliseconds = i64::try_from(id.as_u128() >> 80).ok()?;
    let from = Timestamp::from_millisecond(milliseconds).ok()?;
    Some((from, Timestamp::from_millisecond(milliseconds + 1).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_an_event_is_in_its_id() {
        let world = kernel::World::system();
        let at = world.now();
        let (from, to) = millisecond_of(world.uuid_at(at)).unwrap();
        assert!(from <= at && at < to);
        assert_eq!(millisecond_of(Uuid::nil()), None);
    }

    #[test]
    fn a_rule_is_a_permission_in_words_or_what_the_log_says() {
        let held = rule("chart.read", "done");
        assert_eq!((held.permission, held.missing), (Some("chart.read"), false));
        assert_eq!(held.words, "Read a record of a chart, its past versions included.");
        let lost = rule("data class or type out of sight", "refused");
        assert_eq!((lost.permission, lost.missing), (None, true));
        assert_eq!(lost.words, "data class or type out of sight");
    }
}
