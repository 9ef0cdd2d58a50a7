//! Who did what with a patient's record.

use chart::{Cursor, has_type};
use db::{Ctx, Event, Phi, Row, Subject};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, FacilityId, PatientId, ResourceId};
use policy::{Action, Permission, Target, What};
use uuid::Uuid;

use super::model::{Access, Accesses, Actor, Sight, outcome};
use super::store::{self, Part};
use crate::app::App;
use crate::areas::merges;
use crate::http::Failure;

/// Events on a page.
const PAGE: usize = 100;
/// The longest period.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The period, if nobody says.
const USUAL: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What is asked for.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) cursor: Option<String>,
}

/// The permission by which the context asks about records: of anybody within reach, or of its own patient.
///
/// # Errors
/// Denied, and written down, with neither.
pub(super) async fn right(app: &App, ctx: &Ctx) -> Result<Permission, Failure> {
    if ctx.grants().permissions.contains(Permission::AuditReport) {
        return Ok(Permission::AuditReport);
    }
    app.store.db().authorize(ctx, Action::AuditOwn, Target::default()).await?;
    Ok(Permission::AuditOwn)
}

/// A page of what was done with the patient's record. Asking is a look at it.
pub(super) async fn list(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    asked: &Asked,
) -> Result<Accesses, Failure> {
    let db = app.store.db();
    let right = right(app, ctx).await?;
    let (from, to) = period(asked, app.world.now())?;
    let (facility, sight) = find(app, ctx, patient, right).await?;
    let key = db.keyring().index_key(ctx).await.map_err(Failure::from)?;
    let bound_to = fingerprint(patient, from, to);
    let before = match &asked.cursor {
        None => (to, Uuid::nil()),
        Some(text) => {
            let cursor = Cursor::read(text, &key, &bound_to).map_err(|_| {
                Failure::coded(400, "invalid", "cursor: not a cursor of this patient and period")
            })?;
            (cursor.instant(), cursor.id())
        }
    };
    let at_most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let tx = db.begin(ctx).await?;
    let time_zone = store::fetch_time_zone(&tx, ctx.organization(), facility).await?;
    // What was done with a record that went on in this one is of this patient too.
    let mut patients = merges::list_absorbed(&tx, ctx.organization(), patient).await?;
    patients.push(patient);
    let part = Part { patients: &patients, from, to, before, at_most };
    let mut rows = store::list_accesses(&tx, ctx.organization(), &part).await?;
    tx.commit().await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| Cursor::new(row.get(0), row.get(1)));
    let accesses: Vec<Access> = rows.iter().map(|row| access(ctx, row, sight)).collect();
    let action = if right == Permission::AuditReport { Action::AuditReport } else { Action::AuditOwn };
    let detail = Some(format!("{} lines", accesses.len()));
    let event = Event { detail, ..Event::success(action.key(), right.key()) };
    let closed = Phi::new(accesses, subject(ctx, facility, patient));
    let receipt = db.record(ctx, event.showing([&closed])).await?;
    let accesses = closed.open(&receipt)?;
    Ok(Accesses { from, to, time_zone, accesses, next: next.map(|cursor| cursor.write(&key, &bound_to)) })
}

/// Where the patient is whom the log is asked about; where they were, when their record is restricted or erased: the log
/// outlives it.
pub(super) async fn find_logged(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
) -> Result<Option<FacilityId>, db::Error> {
    match app.store.find_patient(ctx, ctx, patient).await {
        Err(db::Error::Erased | db::Error::Restricted) => {
            Ok(app.store.closed(ctx, patient).await?.map(|(_, facility)| facility))
        }
        found => found,
    }
}

/// Where the patient is, when they exist for who asks: within reach, and their own for who asks about themselves.
pub(super) async fn find(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    right: Permission,
) -> Result<(FacilityId, Sight), Failure> {
    let db = app.store.db();
    let found = match right {
        Permission::AuditReport => find_logged(app, ctx, patient).await?,
        _ => app.store.find_patient(ctx, ctx, patient).await?,
    };
    let (action, sight) = match right {
        Permission::AuditReport => (Action::AuditReport, Sight::Report),
        _ => (Action::AuditOwn, Sight::Own(ctx.membership())),
    };
    let own = match sight {
        Sight::Report => true,
        Sight::Own(post) => {
            let tx = db.begin(ctx).await?;
            let selves = store::list_selves(&tx, (ctx.organization(), post), app.world.now()).await?;
            tx.commit().await?;
            selves.contains(&patient)
        }
    };
    match found.filter(|_| own) {
        Some(facility) => Ok((facility, sight)),
        None => {
            db.record(ctx, Event::denied(action.key(), "no such patient")).await?;
            Err(Failure::unlisted())
        }
    }
}

pub(super) fn subject(ctx: &Ctx, facility: FacilityId, patient: PatientId) -> Subject {
    Subject {
        organization: ctx.organization(),
        facility,
        patient: Some(patient),
        resource: ResourceId::from(patient),
        class: DataClass::General,
    }
}

pub(super) fn access(ctx: &Ctx, row: &Row, sight: Sight) -> Access {
    let rtype = row.get::<_, Option<i16>>(3).and_then(ResourceType::from_code);
    Access {
        event: row.get(1),
        at: row.get(0),
        who: Actor::of(row, 8, sight),
        what: What::of(row.get(2)).word(),
        record: rtype.filter(|rtype| has_type(ctx, *rtype)).map(ResourceType::as_str),
        outcome: outcome(row.get(4)),
        purpose: row.get(5),
        facility: row.get(6),
        address: row.get::<_, Option<String>>(7).filter(|_| sight == Sight::Report),
    }
}

pub(super) fn period(asked: &Asked, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
    let refused = |message| Failure::coded(400, "invalid", message);
    let to = asked.to.unwrap_or(now);
    let from = match asked.from {
        Some(from) => from,
        None => to.checked_sub(USUAL).map_err(|_| refused("to: too early"))?,
    };
    if from >= to {
        return Err(refused("from: must be before to"));
    }
    if to.duration_since(from) > LONGEST {
        return Err(refused("from: at most 400 days before to"));
    }
    Ok((from, to))
}

/// What a cursor is bound to.
fn fingerprint(patient: PatientId, from: Timestamp, to: Timestamp) -> Vec<u8> {
    let mut bytes = b"accesses".to_vec();
    bytes.extend_from_slice(patient.0.as_bytes());
    bytes.extend_from_slice(&from.as_microsecond().to_be_bytes());
    bytes.extend_from_slice(&to.as_microsecond().to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_as_said_or_ninety_days_and_never_longer_than_four_hundred() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let now = at("2026-06-30T00:00:00Z").unwrap();
        let days = |from, to| {
            let asked = Asked { from, to, cursor: None };
            period(&asked, now).ok().map(|(from, to)| to.duration_since(from).as_hours() / 24)
        };
        assert_eq!(days(None, None), Some(90));
        assert_eq!(days(at("2026-06-01T00:00:00Z"), None), Some(29));
        assert_eq!(days(None, at("2020-01-01T00:00:00Z")), Some(90));
        assert_eq!(days(at("2025-05-26T00:00:00Z"), None), Some(400));
        assert_eq!(days(at("2025-05-25T00:00:00Z"), None), None);
        assert_eq!(days(at("2026-06-30T00:00:00Z"), None), None, "an empty one");
    }
}
