//! Unfinished notes. Saving is what happens most: one round trip to read, one to write, one event.

use std::sync::Arc;

use db::keys::{DataKey, Keyring, Place};
use db::{Ctx, Event, IdempotencyKey, Phi, Recorded, Subject, Write};
use fhir::ResourceType;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{carry, sees_whole, templates};
use crate::app::App;
use crate::areas::notes::error::Error;
use crate::areas::notes::model::{
    Answers, Author, Draft, DraftLine, LastNote, OwnDraftLine, PatientName, Saved, Snapshots, Template,
    checked, scores,
};
use crate::areas::notes::store::{self, Stored};
use crate::http::Failure;

/// The most drafts of a list.
const MOST: i64 = 200;

/// What is sealed of a draft.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) template: String,
    pub(super) answers: Answers,
    pub(super) last: Option<LastNote>,
    pub(super) corrects: Option<Uuid>,
    pub(super) snapshots: Snapshots,
}

/// A draft that was found, its body closed.
pub(super) struct Found {
    pub(super) row: Stored,
    pub(super) kept: Phi<Kept>,
}

fn place(ctx: &Ctx, patient: PatientId, draft: Uuid, version: i32) -> Place {
    Place {
        organization: ctx.organization(),
        patient: Some(patient),
        class: DataClass::General,
        table: chart::DRAFT,
        row: ResourceId(draft),
        version: Version(version),
    }
}

fn seal(app: &App, key: &DataKey, place: &Place, kept: &Kept) -> Result<Vec<u8>, Error> {
    let clear = serde_json::to_vec(kept).map_err(|_| db::Error::Stored("a draft has no JSON"))?;
    Ok(key.seal(place, 0, &clear, &app.world))
}

fn open(ctx: &Ctx, key: &DataKey, row: &Stored, body: &[u8]) -> Result<Phi<Kept>, Error> {
    let (_, clear) = key.open(&place(ctx, row.patient, row.id, row.version), body)?;
    let subject = Subject {
        organization: ctx.organization(),
        facility: row.facility,
        patient: Some(row.patient),
        resource: ResourceId(row.id),
        class: DataClass::General,
    };
    let kept = Phi::new(clear, subject).map(|bytes| {
        serde_json::from_slice(&bytes).map_err(|_| db::Error::Seal("a draft is not as it was written"))
    });
    Ok(kept.transpose()?)
}

/// The key of the patient's general records that a body names.
async fn key(app: &App, ctx: &Ctx, row: &Stored, body: &[u8]) -> Result<Arc<DataKey>, Error> {
    let number = Keyring::number_of(body).ok_or(db::Error::Seal("too short"))?;
    let name = (row.patient, DataClass::General, number);
    let mut keys = app.store.db().keyring().patient_keys(ctx, [name]).await?;
    let key = keys.remove(&name).ok_or(db::Error::Seal("the key it names is not there"))?;
    Ok(key.ok_or(db::Error::Erased)?)
}

fn event(action: Action, facility: FacilityId, patient: PatientId, detail: String) -> Event {
    let mut event = Event::success(action.key(), action.needs().key());
    event.facility = facility;
    event.subjects.push((facility, patient));
    event.detail = Some(detail);
    event
}

/// The draft, closed.
///
/// # Errors
/// 404, written down, when there is none within reach; [`Error::Signed`] when it is one no more.
pub(super) async fn find(app: &App, ctx: &Ctx, action: Action, draft: Uuid) -> Result<Found, Error> {
    let db = app.store.db();
    sees_whole(app, ctx, action).await?;
    let tx = db.begin(ctx).await?;
    let Some(row) = store::find(&tx, ctx.organization(), draft).await? else {
        let event = Event {
            outcome: db::Outcome::Failure,
            ..Event::success(action.key(), "not found or out of reach")
        };
        db.record(ctx, event).await?;
        return Err(Failure::unlisted().into());
    };
    let body = match &row.body {
        Ok(body) => body,
        Err(composition) => {
            let detail = format!("draft {draft}: signed");
            let event = event(action, row.facility, row.patient, detail);
            db.record(ctx, Event { outcome: db::Outcome::Failure, ..event }).await?;
            return Err(Error::Signed(composition.0));
        }
    };
    let key = key(app, ctx, &row, body).await?;
    let kept = open(ctx, &key, &row, body)?;
    Ok(Found { row, kept })
}

/// Shows a draft, and writes down that it was looked at.
pub(super) async fn show(app: &App, ctx: &Ctx, found: Found) -> Result<Draft, Error> {
    let Found { row, kept } = found;
    let detail = format!("draft {} version {}", row.id, row.version);
    let seen = event(Action::LookAtDrafts, row.facility, row.patient, detail);
    let receipt = app.store.db().record(ctx, seen).await?;
    let kept = kept.open(&receipt)?;
    let template = templates::fetch(app, ctx, &kept.template).await?;
    Ok(view(ctx, &row, kept, &template))
}

fn author((membership, name): &(kernel::MembershipId, String)) -> Author {
    Author { membership: *membership, name: name.clone() }
}

fn view(ctx: &Ctx, row: &Stored, kept: Kept, template: &Template) -> Draft {
    Draft {
        id: row.id,
        patient: row.patient.0,
        template: templates::of_draft(template),
        scores: scores(template, &kept.answers),
        answers: kept.answers,
        last: kept.last,
        corrects: kept.corrects,
        snapshots: kept.snapshots,
        author: author(&row.author),
        own: row.author.0 == ctx.membership(),
        started_at: row.started_at,
        saved_at: row.saved_at,
        saved_by: author(&row.saved_by),
        version: row.version,
    }
}

/// Looks at a draft.
pub(in super::super) async fn fetch(app: &App, ctx: &Ctx, draft: Uuid) -> Result<Draft, Error> {
    let found = find(app, ctx, Action::LookAtDrafts, draft).await?;
    show(app, ctx, found).await
}

/// What a new draft is to be.
pub(in super::super) struct Beginning<'a> {
    pub(in super::super) patient: PatientId,
    pub(in super::super) template: &'a str,
    /// In place of a template, the signed note that it corrects.
    pub(in super::super) corrects: Option<Uuid>,
    /// With it the same is begun once.
    pub(in super::super) idempotency: Option<IdempotencyKey>,
}

/// Begins a note.
pub(in super::super) async fn begin(app: &App, ctx: &Ctx, new: &Beginning<'_>) -> Result<Draft, Error> {
    const ACTION: Action = Action::WriteDraft;
    let db = app.store.db();
    sees_whole(app, ctx, ACTION).await?;
    if let Some(key) = &new.idempotency
        && let Some(draft) = before(app, ctx, key).await?
    {
        return fetch(app, ctx, draft).await;
    }
    let kept = beginning(app, ctx, new).await?;
    for _ in 0..2 {
        let Some(facility) = app.store.find_patient(ctx, ctx, new.patient).await? else {
            db.record(ctx, Event::denied(ACTION.key(), "no such patient")).await?;
            return Err(Failure::unlisted().into());
        };
        let target = Target { facility: Some(facility), class: Some(DataClass::General) };
        db.authorize(ctx, ACTION, target).await?;
        match insert(app, ctx, new, facility, &kept).await {
            // The patient moved meanwhile.
            Err(db::Error::Conflict) => {}
            Err(error) if error.is_key_used() => {
                let key = new.idempotency.as_ref().ok_or(db::Error::Conflict)?;
                let draft = before(app, ctx, key).await?.ok_or(db::Error::Conflict)?;
                return fetch(app, ctx, draft).await;
            }
            Err(error) => return Err(error.into()),
            Ok(draft) => return fetch(app, ctx, draft).await,
        }
    }
    Err(db::Error::Conflict.into())
}

/// What a new draft holds.
async fn beginning(app: &App, ctx: &Ctx, new: &Beginning<'_>) -> Result<Kept, Error> {
    let (template, corrects) = (new.template, new.corrects);
    if let Some(note) = corrects {
        let old = carry::corrected(app, ctx, new.patient, note).await?;
        let template = templates::fetch(app, ctx, &old.template).await?;
        let answers = carry::whole(&template, &old.last.answers);
        let template = old.template;
        return Ok(Kept { template, answers, last: Some(old.last), corrects, snapshots: old.snapshots });
    }
    let template = templates::active(app, ctx, template).await?;
    let last = carry::last(app, ctx, new.patient, &template).await?;
    let answers = last.as_ref().map(|last| carry::carried(&template, &last.answers)).unwrap_or_default();
    Ok(Kept { template: template.key(), answers, last, corrects, snapshots: Snapshots::default() })
}

async fn before(app: &App, ctx: &Ctx, key: &IdempotencyKey) -> Result<Option<Uuid>, Error> {
    match app.store.db().idempotent_lookup(ctx, key).await? {
        None => Ok(None),
        Some(Recorded::Same(answered)) => Ok(Some(answered.resource.0)),
        Some(Recorded::Other) => {
            Err(Failure::new(422, "business-rule", "the idempotency key was used for another request").into())
        }
    }
}

async fn insert(
    app: &App,
    ctx: &Ctx,
    new: &Beginning<'_>,
    facility: FacilityId,
    kept: &Kept,
) -> Result<Uuid, db::Error> {
    let db = app.store.db();
    let (draft, now) = (app.world.uuid(), app.world.now());
    let key = db.keyring().current_patient_key(ctx, facility, new.patient, DataClass::General).await?;
    let clear = serde_json::to_vec(kept).map_err(|_| db::Error::Stored("a draft has no JSON"))?;
    let sealed = key.seal(&place(ctx, new.patient, draft, 1), 0, &clear, &app.world);
    let mut event = event(Action::WriteDraft, facility, new.patient, format!("draft {draft} begun"));
    event.writes.push(Write::of(ResourceId(draft), Version::FIRST, &sealed));
    let tx = db.begin(ctx).await?;
    if let Some(key) = &new.idempotency {
        let answer = db::Answered {
            status: 201,
            resource_type: ResourceType::Composition.code(),
            resource: ResourceId(draft),
            version: Version::FIRST,
            at: now,
        };
        tx.record_answer(key, &answer).await?;
    }
    let params: [&(dyn db::ToSql + Sync); 7] =
        [&ctx.organization().0, &facility.0, &draft, &new.patient.0, &ctx.membership().0, &now, &sealed];
    tx.last_audited(store::INSERT, &params, event).await?;
    Ok(draft)
}

/// What a draft becomes.
pub(super) enum Edit {
    Answers(Answers),
    Snapshots(Snapshots),
}

/// Saves answers over a version.
pub(in super::super) async fn save(
    app: &App,
    ctx: &Ctx,
    (draft, version): (Uuid, i32),
    answers: Answers,
) -> Result<Saved, Error> {
    edit(app, ctx, (draft, version), Edit::Answers(answers)).await
}

/// Changes a version of a draft.
pub(super) async fn edit(
    app: &App,
    ctx: &Ctx,
    (draft, version): (Uuid, i32),
    edit: Edit,
) -> Result<Saved, Error> {
    const ACTION: Action = Action::WriteDraft;
    let found = find(app, ctx, ACTION, draft).await?;
    if found.row.version != version {
        return Err(Error::Changed(Box::new(show(app, ctx, found).await?)));
    }
    let Found { row, kept } = found;
    let mut name = String::new();
    kept.matches(|kept| {
        name.clone_from(&kept.template);
        true
    });
    let template = templates::fetch(app, ctx, &name).await?;
    let edit = match edit {
        Edit::Answers(answers) => Edit::Answers(checked(&template, answers).map_err(Error::Answer)?),
        other => other,
    };
    let scores = match &edit {
        Edit::Answers(answers) => scores(&template, answers),
        Edit::Snapshots(_) => crate::areas::notes::model::Scores::new(),
    };
    if let Err(composition) = &row.body {
        return Err(Error::Signed(composition.0));
    }
    let ring = app.store.db().keyring();
    let key = ring.current_patient_key(ctx, row.facility, row.patient, DataClass::General).await?;
    let now = app.world.now();
    let mut sealed = Err(Error::from(db::Error::Seal("a draft was not sealed")));
    // What is there already stays closed: it goes from one seal into the next.
    let changed = kept.map(|kept| match edit {
        Edit::Answers(answers) => Kept { answers, ..kept },
        Edit::Snapshots(snapshots) => Kept { snapshots, ..kept },
    });
    changed.matches(|kept| {
        sealed = seal(app, &key, &place(ctx, row.patient, draft, version + 1), kept);
        true
    });
    let sealed = sealed?;
    let mut event = event(ACTION, row.facility, row.patient, format!("draft {draft} saved"));
    event.version = Some(Version(version + 1));
    event.writes.push(Write::of(ResourceId(draft), Version(version + 1), &sealed));
    let params: [&(dyn db::ToSql + Sync); 6] =
        [&ctx.organization().0, &draft, &version, &ctx.membership().0, &now, &sealed];
    let tx = app.store.db().begin(ctx).await?;
    match tx.last_audited(store::SAVE, &params, event).await {
        Err(db::Error::Conflict) => Err(overtaken(app, ctx, draft).await),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Saved { version: version + 1, saved_at: now, scores }),
    }
}

/// What there is now where somebody else was faster.
pub(super) async fn overtaken(app: &App, ctx: &Ctx, draft: Uuid) -> Error {
    match find(app, ctx, Action::LookAtDrafts, draft).await {
        Err(error) => error,
        Ok(found) => match show(app, ctx, found).await {
            Err(error) => error,
            Ok(current) => Error::Changed(Box::new(current)),
        },
    }
}

/// Throws a draft away.
pub(in super::super) async fn discard(
    app: &App,
    ctx: &Ctx,
    (draft, version): (Uuid, i32),
) -> Result<(), Error> {
    const ACTION: Action = Action::WriteDraft;
    let found = find(app, ctx, ACTION, draft).await?;
    if found.row.version != version {
        return Err(Error::Changed(Box::new(show(app, ctx, found).await?)));
    }
    let row = found.row;
    let event = event(ACTION, row.facility, row.patient, format!("draft {draft} thrown away"));
    let params: [&(dyn db::ToSql + Sync); 3] = [&ctx.organization().0, &draft, &version];
    let tx = app.store.db().begin(ctx).await?;
    match tx.last_audited(store::DELETE, &params, event).await {
        Err(db::Error::Conflict) => Err(overtaken(app, ctx, draft).await),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// The unfinished notes about a patient, whoever writes them.
pub(in super::super) async fn list_of(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
) -> Result<Vec<DraftLine>, Error> {
    const ACTION: Action = Action::LookAtDrafts;
    let db = app.store.db();
    sees_whole(app, ctx, ACTION).await?;
    let Some(facility) = app.store.find_patient(ctx, ctx, patient).await? else {
        db.record(ctx, Event::denied(ACTION.key(), "no such patient")).await?;
        return Err(Failure::unlisted().into());
    };
    let tx = db.begin(ctx).await?;
    let rows = store::list_of(&tx, ctx.organization(), patient, MOST).await?;
    let seen = event(ACTION, facility, patient, format!("{} drafts", rows.len()));
    let lines = lines(app, ctx, rows, seen).await?;
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// One's own unfinished notes.
pub(in super::super) async fn list_own(app: &App, ctx: &Ctx) -> Result<Vec<OwnDraftLine>, Error> {
    const ACTION: Action = Action::LookAtDrafts;
    let db = app.store.db();
    sees_whole(app, ctx, ACTION).await?;
    let tx = db.begin(ctx).await?;
    let rows = store::list_by(&tx, ctx.organization(), ctx.membership(), MOST).await?;
    let mut seen = Event::success(ACTION.key(), ACTION.needs().key());
    seen.detail = Some(format!("{} drafts", rows.len()));
    let patients: Vec<PatientId> = rows.iter().map(|row| row.patient).collect();
    let names = super::patients::names(app, ctx, &patients).await?;
    let lines = lines(app, ctx, rows, seen).await?;
    Ok(lines
        .into_iter()
        .map(|(patient, draft)| {
            let name = names.get(&patient).cloned().unwrap_or_default();
            OwnDraftLine { patient: PatientName { id: patient.0, name }, draft }
        })
        .collect())
}

async fn lines(
    app: &App,
    ctx: &Ctx,
    rows: Vec<Stored>,
    mut seen: Event,
) -> Result<Vec<(PatientId, DraftLine)>, Error> {
    let mut opened = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok(body) = &row.body else { continue };
        let key = match key(app, ctx, &row, body).await {
            // The patient was erased, and what was written of them with them.
            Err(Error::Failure(failure)) if failure.is_gone() => continue,
            found => found?,
        };
        let kept = open(ctx, &key, &row, body)?;
        seen.concerns(kept.subject());
        opened.push((row, kept));
    }
    let receipt = app.store.db().record(ctx, seen).await?;
    let mut lines = Vec::with_capacity(opened.len());
    for (row, kept) in opened {
        let kept = kept.open(&receipt)?;
        let template = templates::fetch(app, ctx, &kept.template).await?;
        let line = DraftLine {
            id: row.id,
            title: template.title.clone(),
            template: kept.template,
            author: author(&row.author),
            own: row.author.0 == ctx.membership(),
            started_at: row.started_at,
            saved_at: row.saved_at,
            saved_by: author(&row.saved_by),
            version: row.version,
        };
        lines.push((row.patient, line));
    }
    Ok(lines)
}
