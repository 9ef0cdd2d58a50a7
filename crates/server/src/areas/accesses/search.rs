//! Searching the log: what was done here, by whom and to whom, however it is asked for.

use std::collections::HashMap;

use chart::Cursor;
use db::{Ctx, Event, Row};
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, MembershipId, PatientId};
use policy::{Action, What};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Access, Sight};
use super::ops::{LONGEST, access, find_logged};
use super::store::{self, Narrowed};
use crate::app::App;
use crate::areas::merges;
use crate::areas::notes::patient_names;
use crate::http::Failure;

const ACTION: Action = Action::SearchLog;
/// Events on a page.
const PAGE: usize = 100;
/// Patients that a line names; a search may have shown hundreds.
const NAMED: i32 = 3;
/// The period, if nobody says.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is looked for. Everything that is said must be so.
#[derive(Default)]
pub(super) struct Sought {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) patient: Option<PatientId>,
    pub(super) membership: Option<MembershipId>,
    pub(super) what: Option<What>,
    pub(super) refused: bool,
    pub(super) emergency: bool,
    /// A facility's code.
    pub(super) facility: Option<String>,
    pub(super) cursor: Option<String>,
}

/// A patient whom an event concerned.
#[derive(Serialize, ToSchema)]
#[schema(as = LogPatient)]
struct Concerned {
    #[schema(value_type = String)]
    patient: PatientId,
    /// Null where names are out of the asker's sight.
    #[schema(required)]
    name: Option<String>,
}

/// An event of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLine)]
struct Line {
    #[serde(flatten)]
    access: Access,
    /// The post that did it, for asking what else it did; 0 is the program.
    #[schema(value_type = i32)]
    membership: MembershipId,
    /// The patients concerned within reach, three at most.
    patients: Vec<Concerned>,
    /// How many they are.
    concerned: i64,
}

/// A page of the log, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = LogPage)]
pub(super) struct Page {
    from: Timestamp,
    to: Timestamp,
    lines: Vec<Line>,
    /// What `cursor` goes on with, together with the same question and this `from` and `to`; null at the end.
    #[schema(required)]
    next: Option<String>,
}

/// A page of what was done within reach. It is a look at every patient whom it names.
pub(super) async fn search(app: &App, ctx: &Ctx, sought: &Sought) -> Result<Page, Failure> {
    let db = app.store.db();
    let (from, to) = period(sought, app.world.now())?;
    let facility = facility(app, ctx, sought).await?;
    let about = match sought.patient {
        None => None,
        Some(patient) => match find_logged(app, ctx, patient).await? {
            Some(facility) => Some((patient, facility)),
            None => {
                db.record(ctx, Event::denied(ACTION.key(), "no such patient")).await?;
                return Err(Failure::unlisted());
            }
        },
    };
    let key = db.keyring().index_key(ctx).await.map_err(Failure::from)?;
    let bound_to = fingerprint(sought, (from, to));
    let before = match &sought.cursor {
        None => (to, Uuid::nil()),
        Some(text) => {
            let refused = |_| Failure::coded(400, "invalid", "cursor: not a cursor of this question");
            let cursor = Cursor::read(text, &key, &bound_to).map_err(refused)?;
            (cursor.instant(), cursor.id())
        }
    };
    let organization = ctx.organization();
    let tx = db.begin(ctx).await?;
    let patients = match about {
        // What was done with a record that went on in this one is of this patient too.
        Some((patient, _)) => {
            let mut all = merges::list_absorbed(&tx, organization, patient).await?;
            all.push(patient);
            Some(all)
        }
        None => None,
    };
    let narrowed = Narrowed {
        from,
        before,
        membership: sought.membership,
        actions: sought.what.map(What::keys),
        refused: sought.refused,
        emergency: sought.emergency,
        facility,
        bound: ctx.grants().by_relationship,
        named: NAMED,
        at_most: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
    };
    let mut rows = store::search(&tx, organization, patients.as_deref(), &narrowed).await?;
    tx.commit().await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| Cursor::new(row.get(0), row.get(1)));
    let mut subjects = subjects(&rows);
    subjects.extend(about);
    let shown: Vec<PatientId> = subjects.keys().copied().collect();
    let names = patient_names(app, ctx, &shown).await?;
    let lines: Vec<Line> = rows.iter().map(|row| line(ctx, row, &names)).collect();
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!("{} lines", lines.len()));
    event.subjects = subjects.into_iter().map(|(patient, facility)| (facility, patient)).collect();
    if let [(facility, _)] = event.subjects.as_slice() {
        event.facility = *facility;
    }
    db.record(ctx, event).await?;
    Ok(Page { from, to, lines, next: next.map(|cursor| cursor.write(&key, &bound_to)) })
}

/// The facility that is asked for, which must be within reach.
async fn facility(app: &App, ctx: &Ctx, sought: &Sought) -> Result<Option<FacilityId>, Failure> {
    let Some(code) = &sought.facility else { return Ok(None) };
    match app.facility(ctx, code).await? {
        Some(facility) => Ok(Some(facility)),
        None => Err(Failure::coded(400, "invalid", "facility: none within reach has this code")),
    }
}

/// The patients whom the lines name, and where they are.
fn subjects(rows: &[Row]) -> HashMap<PatientId, FacilityId> {
    let mut all = HashMap::new();
    for row in rows {
        let (patients, facilities): (Vec<Uuid>, Vec<i32>) = (row.get(14), row.get(15));
        all.extend(patients.into_iter().map(PatientId).zip(facilities.into_iter().map(FacilityId)));
    }
    all
}

fn line(ctx: &Ctx, row: &Row, names: &HashMap<PatientId, String>) -> Line {
    let patients: Vec<Uuid> = row.get(14);
    let patients = patients.into_iter().map(PatientId);
    Line {
        access: access(ctx, row, Sight::Report),
        membership: MembershipId(row.get(8)),
        patients: patients.map(|patient| Concerned { patient, name: names.get(&patient).cloned() }).collect(),
        concerned: row.get(16),
    }
}

fn period(sought: &Sought, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
    let refused = |message| Failure::coded(400, "invalid", message);
    let to = sought.to.unwrap_or(now);
    let from = match sought.from {
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

/// What a cursor is bound to: the whole question.
fn fingerprint(sought: &Sought, (from, to): (Timestamp, Timestamp)) -> Vec<u8> {
    let part = |text: Option<String>| text.unwrap_or_default();
    let parts = [
        "log".to_owned(),
        from.as_microsecond().to_string(),
        to.as_microsecond().to_string(),
        part(sought.patient.map(|patient| patient.to_string())),
        part(sought.membership.map(|post| post.to_string())),
        part(sought.what.map(|what| what.word().to_owned())),
        sought.refused.to_string(),
        sought.emergency.to_string(),
        part(sought.facility.clone()),
    ];
    parts.join("\n").into_bytes()
}
