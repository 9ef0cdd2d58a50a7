//! Merging, undoing it, and saying what was merged.

use chart::{Parted, UNDOABLE, Union, United};
use db::{Ctx, Event};
use jiff::Timestamp;
use kernel::{MembershipId, PatientId, Version};
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Error;
use super::store;
use crate::app::App;
use crate::areas::stays;

/// The most elements that may be chosen.
const KEPT: usize = 20;

/// What a merge did.
#[derive(Serialize, ToSchema)]
pub(super) struct Merged {
    /// What it is undone by.
    merge: Uuid,
    /// Who goes on.
    #[schema(value_type = String)]
    into: PatientId,
    /// How many records went over.
    records: usize,
    /// How many posts of the care team are tied to who goes on by it.
    ties_carried: usize,
    /// Posts of relatives, attorneys and others whose ties stay with the record that was merged: they see nothing of the
    /// other until they are tied to it.
    #[schema(value_type = Vec<i32>)]
    ties_waiting: Vec<MembershipId>,
    /// Until when it can be undone.
    undoable_until: Option<Timestamp>,
}

/// Merges `from` into `into`: each with the version that was seen.
pub(super) async fn merge(
    app: &App,
    ctx: &Ctx,
    from: (PatientId, Version),
    into: (PatientId, Version),
    keep: &[String],
) -> Result<Merged, Error> {
    if keep.len() > KEPT {
        return Err(Error::Invalid("keep: at most 20 elements"));
    }
    if stays::is_admitted(app, ctx, from.0).await? && stays::is_admitted(app, ctx, into.0).await? {
        return Err(Error::BothAdmitted);
    }
    let wanted = Union { id: app.world.uuid(), absorbed: from, survivor: into, keep };
    let at = app.world.now();
    let United { records, carried, waiting, .. } = app.store.unite(ctx, &wanted).await?;
    app.store.db().forget_authority();
    Ok(Merged {
        merge: wanted.id,
        into: into.0,
        records,
        ties_carried: carried.len(),
        ties_waiting: waiting.into_iter().map(MembershipId).collect(),
        undoable_until: at.checked_add(UNDOABLE).ok(),
    })
}

/// What undoing did.
#[derive(Serialize, ToSchema)]
pub(super) struct Unmerged {
    /// How many records went back.
    records: usize,
    /// How many of them had been changed since, and went back with their changes.
    changed: usize,
    /// Whether what is said of who went on had been changed since, and stays as it is now.
    kept: bool,
}

/// Undoes a merge.
pub(super) async fn undo(app: &App, ctx: &Ctx, patient: PatientId, merge: Uuid) -> Result<Unmerged, Error> {
    let Parted { records, changed, kept } = app.store.part(ctx, patient, merge).await?;
    app.store.db().forget_authority();
    Ok(Unmerged { records, changed, kept })
}

/// A merge.
#[derive(Serialize, ToSchema)]
pub(super) struct Merge {
    merge: Uuid,
    /// Who goes on.
    #[schema(value_type = String)]
    into: PatientId,
    /// Who was merged into them.
    #[schema(value_type = String)]
    from: PatientId,
    at: Timestamp,
    /// Who did it.
    by: Option<String>,
    /// How many records went over.
    records: i64,
    undone_at: Option<Timestamp>,
    /// Until when it can be undone; null when it is over.
    undoable_until: Option<Timestamp>,
}

/// The merges of a patient, on either side, newest first.
pub(super) async fn list(app: &App, ctx: &Ctx, patient: PatientId) -> Result<Vec<Merge>, Error> {
    let db = app.store.db();
    let action = Action::ListMerges;
    let mut event = Event::success(action.key(), action.needs().key());
    let Some(facility) = app.store.find_patient(ctx, ctx, patient).await? else {
        db.record(ctx, Event::denied(action.key(), "no such patient")).await?;
        return Err(db::Error::NotFound.into());
    };
    event.facility = facility;
    event.subjects.push((facility, patient));
    let tx = db.begin(ctx).await?;
    let rows = store::list(&tx, ctx.organization(), patient).await?;
    tx.commit().await?;
    db.record(ctx, event).await?;
    let now = app.world.now();
    let merge = |row: &db::Row| {
        let (at, undone_at): (Timestamp, Option<Timestamp>) = (row.get(3), row.get(5));
        let until = at.checked_add(UNDOABLE).ok();
        Merge {
            merge: row.get(0),
            into: PatientId(row.get(1)),
            from: PatientId(row.get(2)),
            at,
            by: row.get(4),
            records: row.get(6),
            undone_at,
            undoable_until: until.filter(|until| undone_at.is_none() && *until > now),
        }
    };
    Ok(rows.iter().map(merge).collect())
}
