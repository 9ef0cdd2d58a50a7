//! The queue of a facility: its residents by wing and room, each with what is due. Medications come with their own area.

use std::collections::HashMap;

use chart::Document;
use db::Ctx;
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId};
use policy::Action;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::error::Error;
use super::super::model::{Line, Shift};
use super::super::store::Place;
use super::handovers::{self, HandoverView};
use super::{entered, shifts};
use crate::app::App;
use crate::areas::every::{Within, every_in_sight};
use crate::areas::notes::patient_names;
use crate::areas::stays::{self, Here};
use crate::areas::tasks::{self, TaskView};

/// What is urgent and due within this is shown, whenever the shift ends.
const NEARLY: SignedDuration = SignedDuration::from_hours(2);

/// A shift at a facility.
#[derive(Serialize, ToSchema)]
#[schema(as = ShiftQueue)]
pub(in super::super) struct Queue {
    /// What the facility is called.
    facility: String,
    /// An IANA name.
    time_zone: String,
    shift: Shift,
    /// When this was looked at.
    at: Timestamp,
    census: Census,
    residents: Vec<Resident>,
    /// Handed over, and received by nobody yet.
    unread: Vec<HandoverView>,
    /// What the post does not see of residents: `stays`, `tasks`, `vitals`, `alerts`.
    hidden: Vec<&'static str>,
}

/// Somebody who is admitted.
#[derive(Serialize, ToSchema)]
#[schema(as = ShiftResident)]
struct Resident {
    #[schema(value_type = String)]
    patient: PatientId,
    /// Empty where names are out of sight.
    name: String,
    #[schema(required)]
    wing: Option<String>,
    #[schema(required)]
    room: Option<String>,
    /// Where they are who are away.
    #[schema(required)]
    away: Option<String>,
    /// What is to be done until the end of the shift, and what is overdue; the earliest first.
    tasks: Vec<TaskView>,
    /// How many are due later.
    later: usize,
    alerts: Vec<Alert>,
    /// When vital signs were last taken in this shift.
    #[schema(required)]
    vitals: Option<Timestamp>,
    /// What was handed over of them and received by nobody yet.
    unread: Vec<Line>,
}

/// A warning that stands in a record.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = ShiftAlert)]
struct Alert {
    text: String,
    /// Whether it is of this shift.
    new: bool,
}

/// How many are where.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = ShiftCensus)]
pub(in super::super) struct Census {
    here: usize,
    away: usize,
    admitted_today: usize,
    discharged_today: usize,
    /// The rooms that are known of the facility.
    rooms: usize,
    /// Those in which nobody stays and which are held for nobody, by name.
    free: Vec<String>,
}

/// As [`every_in_sight`] at a facility, of documents that are read as JSON.
pub(super) async fn each<T>(
    app: &App,
    ctx: &Ctx,
    (facility, rtype): (FacilityId, ResourceType),
    query: &[(&str, String)],
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, chart::Error> {
    let whole = |document: Document| read(&serde_json::from_slice(&document.body).ok()?);
    every_in_sight(app, ctx, (Within::Facility(facility), rtype), query, whole).await
}

/// Whose a record is.
pub(super) fn subject(whole: &Value) -> Option<PatientId> {
    whole["subject"]["reference"].as_str()?.strip_prefix("Patient/")?.parse().ok()
}

/// The first of these that is a time.
pub(super) fn moment(values: &[&Value]) -> Option<Timestamp> {
    values.iter().find_map(|value| value.as_str()?.parse().ok())
}

fn measured(whole: &Value) -> Option<(PatientId, Timestamp)> {
    if whole["status"] == "entered-in-error" {
        return None;
    }
    let at = moment(&[
        &whole["effectiveDateTime"],
        &whole["effectiveInstant"],
        &whole["effectivePeriod"]["start"],
    ]);
    Some((subject(whole)?, at?))
}

fn warned(whole: &Value, since: Timestamp) -> Option<(PatientId, Alert)> {
    if whole["status"] != "active" {
        return None;
    }
    let words = [&whole["code"]["text"], &whole["code"]["coding"][0]["display"]];
    let text = words.into_iter().find_map(Value::as_str)?.to_owned();
    let from = moment(&[&whole["period"]["start"], &whole["meta"]["lastUpdated"]]);
    Some((subject(whole)?, Alert { text, new: from.is_some_and(|from| from >= since) }))
}

/// What is to be seen of a facility at once.
struct Seen {
    here: Option<Vec<Here>>,
    rooms: Vec<stays::Room>,
    moved: Vec<(PatientId, String)>,
    midnight: Timestamp,
}

async fn house(app: &App, ctx: &Ctx, place: &Place) -> Result<Seen, Error> {
    let now = app.world.now();
    let start = now.to_zoned(place.zone.clone()).start_of_day();
    let midnight = start.map(|zoned| zoned.timestamp()).unwrap_or(now);
    let at = place.facility;
    let (here, rooms, moved) = tokio::try_join!(
        stays::here(app, ctx, Within::Facility(at)),
        stays::rooms(app, ctx, (at, &place.name)),
        stays::moved(app, ctx, at, midnight),
    )?;
    Ok(Seen { here, rooms, moved, midnight })
}

fn counted(seen: &Seen) -> Census {
    let here = seen.here.as_deref().unwrap_or_default();
    let taken = |room: &&stays::Room| {
        let named = |one: &Here| {
            one.place.as_deref() == Some(&*room.place)
                || one.room.as_deref().is_some_and(|name| name == room.name)
        };
        here.iter().any(named)
    };
    let away = here.iter().filter(|one| one.away.is_some()).count();
    let mut free: Vec<String> =
        seen.rooms.iter().filter(|room| !taken(room)).map(|room| room.name.clone()).collect();
    free.sort_unstable();
    Census {
        here: here.len() - away,
        away,
        admitted_today: here.iter().filter(|one| one.from.is_some_and(|from| from >= seen.midnight)).count(),
        discharged_today: seen.moved.iter().filter(|(_, turn)| turn.starts_with("Discharged")).count(),
        rooms: seen.rooms.len(),
        free,
    }
}

/// How many are where at a facility.
pub(in super::super) async fn census(app: &App, ctx: &Ctx, code: &str) -> Result<Census, Error> {
    let place = entered(app, ctx, Action::LookAtShift, code).await?;
    Ok(counted(&house(app, ctx, &place).await?))
}

/// The queue: what it holds is looked for at once, and the names of those whom it is about afterwards.
pub(in super::super) async fn queue(app: &App, ctx: &Ctx, code: &str) -> Result<Queue, Error> {
    let place = entered(app, ctx, Action::LookAtShift, code).await?;
    let (shift, _) = shifts(app, &place)?;
    let at = place.facility;
    let vitals = [("category", "vital-signs".to_owned()), ("date", format!("ge{}", shift.from))];
    let (seen, tasks, vitals, alerts, unread) = tokio::try_join!(
        house(app, ctx, &place),
        async { Ok(tasks::open_at(app, ctx, at).await?) },
        async { Ok(each(app, ctx, (at, ResourceType::Observation), &vitals, measured).await?) },
        async {
            let read = |whole: &Value| warned(whole, shift.from);
            Ok(each(app, ctx, (at, ResourceType::Flag), &[], read).await?)
        },
        handovers::unread(app, ctx, at),
    )?;
    let census = counted(&seen);
    let here = seen.here.as_deref().unwrap_or_default();
    let patients: Vec<PatientId> = here.iter().map(|one| one.patient).collect();
    let ids: Vec<Uuid> = unread.iter().map(HandoverView::id).collect();
    let (names, words) = tokio::try_join!(
        async { Ok::<_, Error>(patient_names(app, ctx, &patients).await?) },
        handovers::words(app, ctx, at, &ids),
    )?;
    let out_of_sight = [
        ("stays", seen.here.is_none()),
        ("tasks", tasks.is_none()),
        ("vitals", vitals.is_none()),
        ("alerts", alerts.is_none()),
    ];
    let mut of = Of::gather(later_from(shift.until, app.world.now()), tasks, vitals, alerts);
    for (_, patient, lines) in words {
        of.unread.entry(patient).or_default().extend(lines);
    }
    let wings: HashMap<&str, &str> =
        seen.rooms.iter().filter_map(|room| Some((room.place.as_str(), room.wing.as_deref()?))).collect();
    let mut residents: Vec<Resident> = here
        .iter()
        .map(|one| {
            let name = names.get(&one.patient).cloned().unwrap_or_default();
            let wing = one.place.as_deref().and_then(|place| wings.get(place));
            of.resident(one, name, wing.map(|wing| (*wing).to_owned()))
        })
        .collect();
    residents.sort_by(|a, b| {
        let key =
            |one: &Resident| (one.wing.is_none(), one.wing.clone(), one.room.is_none(), one.room.clone());
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(Queue {
        facility: place.name.clone(),
        time_zone: place.zone.iana_name().unwrap_or("UTC").to_owned(),
        shift,
        at: app.world.now(),
        census,
        residents,
        unread,
        hidden: out_of_sight.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect(),
    })
}

/// What the next shift does. What is urgent and nearly due is not left to it: the end of a shift would hide what follows
/// from a fall.
fn later_from(until: Timestamp, now: Timestamp) -> impl Fn(&TaskView) -> bool {
    let urgent = until.max(now + NEARLY);
    move |task| task.due.is_some_and(|due| due >= if task.urgent { urgent } else { until })
}

/// What was found, by whom it is about.
#[derive(Default)]
struct Of {
    tasks: HashMap<String, Vec<TaskView>>,
    later: HashMap<String, usize>,
    vitals: HashMap<PatientId, Timestamp>,
    alerts: HashMap<PatientId, Vec<Alert>>,
    unread: HashMap<PatientId, Vec<Line>>,
}

impl Of {
    fn gather(
        is_later: impl Fn(&TaskView) -> bool,
        tasks: Option<Vec<TaskView>>,
        vitals: Option<Vec<(PatientId, Timestamp)>>,
        alerts: Option<Vec<(PatientId, Alert)>>,
    ) -> Self {
        let mut of = Self::default();
        for task in tasks.unwrap_or_default() {
            if is_later(&task) {
                *of.later.entry(task.patient).or_default() += 1;
            } else {
                of.tasks.entry(task.patient.clone()).or_default().push(task);
            }
        }
        for tasks in of.tasks.values_mut() {
            tasks.sort_by_key(|task| (task.due.is_none(), task.due, !task.urgent));
        }
        for (patient, at) in vitals.unwrap_or_default() {
            let last = of.vitals.entry(patient).or_insert(at);
            *last = (*last).max(at);
        }
        for (patient, alert) in alerts.unwrap_or_default() {
            of.alerts.entry(patient).or_default().push(alert);
        }
        of
    }

    fn resident(&mut self, one: &Here, name: String, wing: Option<String>) -> Resident {
        let id = one.patient.to_string();
        let mut alerts = self.alerts.remove(&one.patient).unwrap_or_default();
        alerts.sort_by_key(|alert| !alert.new);
        Resident {
            patient: one.patient,
            name,
            wing,
            room: one.room.clone(),
            away: one.away.clone(),
            tasks: self.tasks.remove(&id).unwrap_or_default(),
            later: self.later.remove(&id).unwrap_or_default(),
            alerts,
            vitals: self.vitals.get(&one.patient).copied(),
            unread: self.unread.remove(&one.patient).unwrap_or_default(),
        }
    }
}
