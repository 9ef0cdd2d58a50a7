//! Handing a shift over, reading what was handed over, receiving it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chart::HANDOVER;
use db::{Ctx, Event};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{DataClass, FacilityId, PatientId, ResourceId};
use policy::{Action, Target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::error::Error;
use super::super::fhir::{Signing, read, record};
use super::super::model::{Line, Shift};
use super::super::store::{self, Handed};
use super::{entered, shifts};
use crate::app::App;
use crate::areas::every::{Within, every_in_sight};
use crate::areas::notes::patient_names;
use crate::areas::tasks::who;

/// How long those of before are listed, and those that nobody received are unread.
const LISTED: SignedDuration = SignedDuration::from_hours(14 * 24);
const UNREAD: SignedDuration = SignedDuration::from_hours(48);
const MOST_RESIDENTS: usize = 300;
const MOST_LINES: usize = 30;
const MOST_CHARACTERS: usize = 500;

/// A shift that was handed over.
#[derive(Serialize, ToSchema)]
#[schema(as = Handover)]
pub(in super::super) struct HandoverView {
    handover: Uuid,
    /// The facility's code.
    facility: String,
    shift: Shift,
    /// What the post is called that handed it over.
    by: String,
    /// Whether the person who asks did.
    own: bool,
    signed_at: Timestamp,
    #[schema(required)]
    received_by: Option<String>,
    #[schema(required)]
    received_at: Option<Timestamp>,
}

impl HandoverView {
    pub(super) fn id(&self) -> Uuid {
        self.handover
    }

    fn of(handed: Handed) -> Self {
        let (received_by, received_at) = handed.received.unzip();
        Self {
            handover: handed.id,
            facility: handed.code,
            shift: handed.shift,
            by: if handed.by.1.is_empty() { format!("Post {}", handed.by.0) } else { handed.by.1 },
            own: handed.own,
            signed_at: handed.at,
            received_by,
            received_at,
        }
    }
}

/// Those of a facility, the newest first.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Handovers {
    handovers: Vec<HandoverView>,
}

/// What was handed over, by resident.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct HandoverWords {
    handover: HandoverView,
    residents: Vec<Resident>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HandoverResident)]
struct Resident {
    #[schema(value_type = String)]
    patient: PatientId,
    name: String,
    lines: Vec<Line>,
}

/// What is to be handed over of a resident.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandoverEntry)]
pub(in super::super) struct Entry {
    #[schema(value_type = String)]
    patient: PatientId,
    /// 1 to 30.
    lines: Vec<Line>,
}

/// One that is signed.
#[derive(Serialize, ToSchema)]
#[schema(as = HandoverSigned)]
pub(in super::super) struct Signed {
    handover: Uuid,
}

fn me(ctx: &Ctx) -> (kernel::OrganizationId, kernel::MembershipId) {
    (ctx.organization(), ctx.membership())
}

/// What was handed over at a facility and received by nobody yet.
pub(super) async fn unread(app: &App, ctx: &Ctx, at: FacilityId) -> Result<Vec<HandoverView>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let found = store::list(tx, me(ctx), at, app.world.now() - UNREAD).await?;
    Ok(found.into_iter().filter(|one| one.received.is_none()).map(HandoverView::of).collect())
}

/// What was said in these, of whom: as the chart shows it, which logs it.
pub(super) async fn words(
    app: &App,
    ctx: &Ctx,
    at: FacilityId,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, PatientId, Vec<Line>)>, Error> {
    let mut said = Vec::new();
    for some in ids.chunks(10) {
        let named: Vec<String> = some.iter().map(|id| format!("{HANDOVER}|{id}")).collect();
        let query = [("identifier", named.join(","))];
        let within = (Within::Facility(at), ResourceType::Communication);
        let found = every_in_sight(app, ctx, within, &query, |document| read(&document)).await?;
        said.extend(found.unwrap_or_default());
    }
    Ok(said)
}

/// What was handed over at a facility in the last two weeks.
pub(in super::super) async fn list(app: &App, ctx: &Ctx, code: &str) -> Result<Handovers, Error> {
    const ACTION: Action = Action::LookAtShift;
    let place = entered(app, ctx, ACTION, code).await?;
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let found = store::list(tx, me(ctx), place.facility, app.world.now() - LISTED).await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = place.facility;
    event.detail = Some(format!("handovers {}", found.len()));
    db.record(ctx, event).await?;
    Ok(Handovers { handovers: found.into_iter().map(HandoverView::of).collect() })
}

async fn find(app: &App, ctx: &Ctx, action: Action, handover: Uuid) -> Result<Handed, Error> {
    let db = app.store.db();
    let found = store::find(db.begin(ctx).await?, me(ctx), handover).await?;
    match found.filter(|one| ctx.facilities().contains(&one.facility)) {
        Some(found) => Ok(found),
        None => {
            db.record(ctx, Event::denied(action.key(), "no such hand-over")).await?;
            Err(db::Error::NotFound.into())
        }
    }
}

/// What was handed over.
pub(in super::super) async fn look(app: &App, ctx: &Ctx, handover: Uuid) -> Result<HandoverWords, Error> {
    let found = find(app, ctx, Action::LookAtShift, handover).await?;
    entered(app, ctx, Action::LookAtShift, &found.code).await?;
    let mut lines: HashMap<PatientId, Vec<Line>> = HashMap::new();
    for (_, patient, said) in words(app, ctx, found.facility, &[handover]).await? {
        // Of two records that became one there are two.
        lines.entry(patient).or_default().extend(said);
    }
    let patients: Vec<PatientId> = lines.keys().copied().collect();
    let names = patient_names(app, ctx, &patients).await?;
    let mut residents: Vec<Resident> = lines
        .into_iter()
        .map(|(patient, lines)| Resident {
            patient,
            name: names.get(&patient).cloned().unwrap_or_default(),
            lines,
        })
        .collect();
    residents.sort_by(|a, b| a.name.cmp(&b.name).then(a.patient.cmp(&b.patient)));
    Ok(HandoverWords { handover: HandoverView::of(found), residents })
}

fn checked(entries: Vec<Entry>) -> Result<BTreeMap<PatientId, Vec<Line>>, Error> {
    if !(1..=MOST_RESIDENTS).contains(&entries.len()) {
        return Err(Error::Invalid("residents: 1 to 300"));
    }
    let mut by_patient = BTreeMap::new();
    for Entry { patient, lines } in entries {
        let lines: Vec<Line> = lines.into_iter().map(|line| Line::new(line.kind, line.text.trim())).collect();
        let fits = |line: &Line| {
            (1..=MOST_CHARACTERS).contains(&line.text.chars().count())
                && !line.text.chars().any(|one| one.is_control() && one != '\n')
        };
        if !(1..=MOST_LINES).contains(&lines.len()) || !lines.iter().all(fits) {
            return Err(Error::Invalid("lines: 1 to 30, each of 1 to 500 characters"));
        }
        if by_patient.insert(patient, lines).is_some() {
            return Err(Error::Invalid("residents: each once"));
        }
    }
    Ok(by_patient)
}

/// Signs what is handed over of the shift that began then: the one that is on, or the one before. One record a resident,
/// and the row that says whose it is, in one transaction.
pub(in super::super) async fn sign(
    app: &App,
    ctx: &Ctx,
    (code, from): (&str, Timestamp),
    entries: Vec<Entry>,
) -> Result<Signed, Error> {
    const ACTION: Action = Action::SignHandover;
    let place = entered(app, ctx, ACTION, code).await?;
    let (on, last) = shifts(app, &place)?;
    let shift = [on, last].into_iter().find(|shift| shift.from == from);
    let shift = shift.ok_or(Error::Invalid("from: the beginning of this shift or of the one before"))?;
    let entries = checked(entries)?;
    let who = who(app, ctx).await?;
    let (handover, at) = (app.world.uuid(), app.world.now());
    let signing = Signing { handover, who: &who, at };
    let records = entries
        .iter()
        .map(|(patient, lines)| record(&signing, *patient, lines, ResourceId(app.world.uuid())))
        .collect();
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let mut places = BTreeSet::new();
    // In the order of ids, as everybody holds several.
    for patient in entries.keys() {
        places.insert(app.store.hold(&tx, *patient).await?);
    }
    if places.iter().any(|held| *held != place.facility) {
        return Err(Error::Elsewhere);
    }
    let target = Target { facility: Some(place.facility), class: Some(DataClass::General) };
    db.authorize(ctx, ACTION, target).await?;
    store::insert(&tx, me(ctx), (place.facility, handover), shift, at).await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = place.facility;
    event.detail = Some(format!("handover {handover} residents {}", entries.len()));
    app.store.enter(&tx, ACTION, records, event).await?;
    Ok(Signed { handover })
}

/// Receives what somebody else handed over.
pub(in super::super) async fn receive(app: &App, ctx: &Ctx, handover: Uuid) -> Result<(), Error> {
    const ACTION: Action = Action::ReceiveHandover;
    let found = find(app, ctx, ACTION, handover).await?;
    entered(app, ctx, ACTION, &found.code).await?;
    if found.received.is_some() {
        return Err(Error::Received);
    }
    if found.own {
        return Err(Error::Own);
    }
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = found.facility;
    event.detail = Some(format!("handover {handover}"));
    let ((organization, membership), now) = (me(ctx), app.world.now());
    let params: [&(dyn db::ToSql + Sync); 4] = [&organization.0, &handover, &membership.0, &now];
    match tx.last_audited(store::RECEIVE, &params, event).await {
        Err(db::Error::Conflict) => Err(Error::Received),
        Err(db::Error::RowSecurity) => Err(db::Error::Denied(None).into()),
        done => Ok(done.map(|_| ())?),
    }
}
