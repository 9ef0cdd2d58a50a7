//! Counting, in the database and under its walls. Nothing is opened; that somebody looked is in the log.

use chart::Coded;
use db::{Ctx, Event};
use fhir::ResourceType;
use futures_util::future::try_join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use kernel::FacilityId;
use policy::{Action, Permission, Plane};

use super::model::{
    FacilityView, Figures, Measure, Now, Span, SpanView, Step, USUAL_DAYS, bounds, spans, told,
};
use super::store::{self, Place, Where};
use crate::app::App;
use crate::areas::{medications, shifts, tasks};
use crate::http::Failure;

const ACTION: Action = Action::LookAtFigures;
/// A note is in time when it is signed so soon after it was begun.
const NOTE_IN_TIME: SignedDuration = SignedDuration::from_hours(24);
/// A dose is late so long after it was due, as at the pass.
const DOSE_LATE: SignedDuration = SignedDuration::from_hours(1);
/// Stays, whether they go on or are over.
const STAYS: [Coded<'static>; 2] = [
    Coded { param: "class", codes: &["IMP"] },
    Coded { param: "status", codes: &["arrived", "triaged", "in-progress", "onleave", "finished"] },
];
const INCIDENTS: Coded<'static> = Coded { param: "event", codes: &["fall", "wound", "behaviour", "other"] };
const DOSES: Coded<'static> = Coded { param: "status", codes: &["completed", "not-done"] };

/// What is asked for.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    /// A facility's code.
    pub(super) facility: Option<String>,
}

/// Figures of everything within reach, or of one facility.
pub(super) async fn figures(app: &App, ctx: &Ctx, asked: &Asked) -> Result<Figures, Failure> {
    let db = app.store.db();
    staff(app, ctx).await?;
    let reach: Vec<i32> = match &asked.facility {
        None => ctx.facilities().iter().map(|facility| facility.0).collect(),
        Some(code) => match app.facility(ctx, code).await? {
            Some(facility) => vec![facility.0],
            None => {
                db.record(ctx, Event::denied(ACTION.key(), "facility out of reach")).await?;
                return Err(Failure::coded(400, "invalid", "facility: none within reach has this code"));
            }
        },
    };
    let sees_charts = ctx.grants().permissions.contains(Permission::ChartSearch);
    let step = if sees_charts { Step::Day } else { Step::Week };
    let now = app.world.now();
    let tx = db.begin(ctx).await?;
    let places = store::list_places(&tx, ctx.organization(), &reach).await?;
    tx.commit().await?;
    let today = places.iter().map(|place| now.to_zoned(zone(place)).date()).max();
    let to = asked.to.or(today).unwrap_or_else(|| now.to_zoned(TimeZone::UTC).date());
    let usual = || to.checked_sub((USUAL_DAYS - 1).days()).unwrap_or(to);
    let from = asked.from.unwrap_or_else(usual);
    let period = "from and to: days, from not after to, 92 at most";
    let spans = spans((from, to), step).ok_or_else(|| Failure::coded(400, "invalid", period))?;

    let facilities = try_join_all(places.iter().map(|place| count(app, ctx, place, &spans))).await?;
    // The days of what is of no house are those of the first.
    let first = places.first().map_or(TimeZone::UTC, zone);
    let whole = match asked.facility {
        None => elsewhere(app, ctx, &spans, &first).await?,
        Some(_) => Vec::new(),
    };
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.detail = Some(format!("{} facilities {} spans", places.len(), spans.len()));
    if let [place] = places.as_slice() {
        event.facility = place.facility;
    }
    db.record(ctx, event).await?;

    let view = |counts: &Counts| view(&spans, counts, sees_charts);
    let is_hidden = |measure: &Measure| {
        let index = Measure::ALL.iter().position(|one| one == measure);
        facilities.iter().any(|counts| index.is_some_and(|index| counts[index].is_none()))
    };
    Ok(Figures {
        from: spans.first().map_or(from, |span| span.from),
        to,
        step: step.key(),
        at: now,
        measures: Measure::ALL.map(Measure::key).to_vec(),
        hidden: Measure::ALL.iter().filter(|measure| is_hidden(measure)).map(|one| one.key()).collect(),
        few: !sees_charts,
        facilities: places
            .iter()
            .zip(&facilities)
            .map(|(place, counts)| FacilityView {
                code: place.code.clone(),
                name: place.name.clone(),
                time_zone: place.time_zone.clone(),
                spans: view(counts),
            })
            .collect(),
        elsewhere: if whole.is_empty() { Vec::new() } else { view(&whole) },
    })
}

/// Figures are for the staff.
async fn staff(app: &App, ctx: &Ctx) -> Result<(), Failure> {
    if ctx.plane() == Plane::Staff {
        return Ok(());
    }
    app.store.db().record(ctx, Event::denied(ACTION.key(), "not of the staff")).await?;
    Err(db::Error::Denied(None).into())
}

/// By measure, then by span; nothing of what is out of the context's sight.
type Counts = Vec<Option<Vec<i64>>>;

fn zone(place: &Place) -> TimeZone {
    TimeZone::get(&place.time_zone).unwrap_or(TimeZone::UTC)
}

fn view(spans: &[Span], counts: &Counts, sees_charts: bool) -> Vec<SpanView> {
    let value = |measure: Measure, counts: &Option<Vec<i64>>, at: usize| {
        let count = counts.as_ref().and_then(|counts| counts.get(at).copied());
        told(measure, count, sees_charts)
    };
    spans
        .iter()
        .enumerate()
        .map(|(at, span)| SpanView {
            from: span.from,
            to: span.to,
            values: Measure::ALL
                .iter()
                .zip(counts)
                .map(|(measure, counts)| value(*measure, counts, at))
                .collect(),
        })
        .collect()
}

/// Whether everything of these records is in sight; counts of a part would tell of the rest.
fn sees(ctx: &Ctx, rtype: ResourceType) -> bool {
    ctx.fields().is_none_or(|fields| fields.shows_all_of(rtype.as_str()))
}

fn at_bounds(spans: &[Span], zone: &TimeZone) -> Result<Vec<Timestamp>, Failure> {
    bounds(spans, zone).ok_or_else(|| Failure::coded(400, "invalid", "from and to: days that there are"))
}

/// All that is counted of one facility.
async fn count(app: &App, ctx: &Ctx, place: &Place, spans: &[Span]) -> Result<Counts, Failure> {
    let (store, now) = (&app.store, app.world.now());
    let bounds = at_bounds(spans, &zone(place))?;
    // What has not happened yet is not counted: whoever is here now is here at the end of today.
    let until_now: Vec<(Timestamp, Timestamp)> =
        bounds.windows(2).map(|pair| (pair[0], pair[1].min(now.max(pair[0])))).collect();
    let at = Where { organization: ctx.organization(), facility: place.facility, bounds: &bounds };
    let of = |rtype| (place.facility, rtype);
    let tx = store.db().begin(ctx).await?;
    let stays = match sees(ctx, ResourceType::Encounter) {
        true => store.overlaps(&tx, of(ResourceType::Encounter), STAYS, &until_now).await?,
        false => None,
    };
    let incidents = match sees(ctx, ResourceType::AdverseEvent) {
        true => store.tally(&tx, of(ResourceType::AdverseEvent), INCIDENTS, &bounds).await?,
        false => None,
    };
    let sees_doses = sees(ctx, ResourceType::MedicationAdministration);
    let doses = match sees_doses {
        true => store.tally(&tx, of(ResourceType::MedicationAdministration), DOSES, &bounds).await?,
        false => None,
    };
    let [late] = store::count_late_doses(&tx, &at, DOSE_LATE).await?;
    let [begun, in_time, overdue] = store::count_notes(&tx, &at, (NOTE_IN_TIME, now)).await?;
    let [emergencies] = store::count_emergencies(&tx, &at).await?;
    let [exports, refusals] = store::count_exceptions(&tx, &at).await?;
    tx.commit().await?;
    let sees_notes = sees(ctx, ResourceType::Composition);
    let note = |counts: Vec<i64>| Some(counts).filter(|_| sees_notes);
    let stay = |read: fn(&chart::Overlap) -> i64| stays.as_ref().map(|all| all.iter().map(read).collect());
    let incident = |index: usize| incidents.as_ref().and_then(|all| all.get(index).cloned());
    let dose = |index: usize| doses.as_ref().and_then(|all| all.get(index).cloned());
    let of = |measure| match measure {
        Measure::Residents => stay(|one| one.standing),
        Measure::Admitted => stay(|one| one.begun),
        Measure::Discharged => stay(|one| one.ended),
        Measure::Falls => incident(0),
        Measure::Wounds => incident(1),
        Measure::Behaviours => incident(2),
        Measure::OtherIncidents => incident(3),
        Measure::NotesBegun => note(begun.clone()),
        Measure::NotesInTime => note(in_time.clone()),
        Measure::NotesLate => note(overdue.clone()),
        Measure::DosesGiven => dose(0),
        Measure::DosesNotGiven => dose(1),
        Measure::DosesLate => Some(late.clone()).filter(|_| sees_doses),
        Measure::Emergencies => Some(emergencies.clone()),
        Measure::Exports => Some(exports.clone()),
        Measure::Refusals => Some(refusals.clone()),
    };
    Ok(Measure::ALL.map(of).to_vec())
}

/// What the log has of no one facility.
async fn elsewhere(app: &App, ctx: &Ctx, spans: &[Span], zone: &TimeZone) -> Result<Counts, Failure> {
    let bounds = at_bounds(spans, zone)?;
    let at = Where { organization: ctx.organization(), facility: FacilityId::WHOLE, bounds: &bounds };
    let tx = app.store.db().begin(ctx).await?;
    let [exports, refusals] = store::count_exceptions(&tx, &at).await?;
    tx.commit().await?;
    let of = |measure| match measure {
        Measure::Exports => Some(exports.clone()),
        Measure::Refusals => Some(refusals.clone()),
        _ => Some(vec![0; spans.len()]),
    };
    Ok(Measure::ALL.map(of).to_vec())
}

/// What waits at a facility: of its records, for who may look for them.
pub(super) async fn now(app: &App, ctx: &Ctx, code: &str) -> Result<Now, Failure> {
    let place = shifts::entered(app, ctx, ACTION, code).await?;
    app.store.db().authorize(ctx, Action::Search, policy::Target::default()).await?;
    let at = app.world.now();
    let open = tasks::open_at(app, ctx, place.facility).await?;
    let waiting = if sees(ctx, ResourceType::MedicationAdministration) {
        medications::waiting(app, ctx, place.facility).await?
    } else {
        None
    };
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = place.facility;
    event.detail = Some("now".to_owned());
    app.store.db().record(ctx, event).await?;
    let overdue = |tasks: &Vec<tasks::TaskView>| {
        tasks.iter().filter(|task| task.due.is_some_and(|due| due < at)).count()
    };
    Ok(Now {
        at,
        tasks_overdue: open.as_ref().map(overdue),
        tasks_open: open.map(|tasks| tasks.len()),
        doses_late: waiting.as_ref().map(|waiting| waiting.late),
        doses_missed: waiting.map(|waiting| waiting.missed),
    })
}
