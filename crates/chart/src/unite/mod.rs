//! Making one record of two of the same patient, and two again (ADR 0025).
//!
//! Everything of who is absorbed becomes a version of its own under who goes on, sealed under their keys, in one
//! transaction; their past stays sealed as it was. What went over is written down, so that undoing puts each record back
//! as it stood, and what was written since stays where it is.

mod body;
mod drafts;
mod rows;

use db::{Ctx, Event, ToSql, Tx};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::{FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};
use uuid::Uuid;

use crate::hooks::By;
use crate::record::{Keys, Record};
use crate::store::Current;
use crate::write::{self, Change, SealingKeys};
use crate::{Error, Store, intake};
use drafts::Merge;
use rows::{Standing, Way};

/// For how long a merge can be undone.
pub const UNDOABLE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The most records that go over at once: they are all in memory.
const MOST: i64 = 20_000;

/// Which two are one.
pub struct Union<'a> {
    /// What the merge is called.
    pub id: Uuid,
    /// Whose records go over, and the version of their Patient that was seen.
    pub absorbed: (PatientId, Version),
    /// Who goes on, and the version of their Patient that was seen.
    pub survivor: (PatientId, Version),
    /// What of the Patient is taken from who is absorbed; all else is as who goes on has it.
    pub keep: &'a [String],
}

/// What a merge did.
#[derive(Debug)]
pub struct United {
    /// How many records went over.
    pub records: usize,
    /// The posts of care teams that are tied to who goes on by it.
    pub carried: Vec<i32>,
    /// Posts whose ties to who was absorbed stay there.
    pub waiting: Vec<i32>,
    /// The version of who goes on.
    pub version: Version,
}

/// What undoing a merge did.
#[derive(Debug)]
pub struct Parted {
    /// How many records went back.
    pub records: usize,
    /// How many of them had been changed since, and went back with their changes.
    pub changed: usize,
    /// Whether who goes on had been changed since, and keeps what they are now.
    pub kept: bool,
}

const HOLD: &str = "
    SELECT id, version, facility_id FROM chart.resource
     WHERE organization_id = $1 AND id = ANY ($2) AND type = $3 AND body IS NOT NULL ORDER BY id FOR UPDATE";

const RECORDS: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, type, starts_at, ends_at FROM chart.resource
     WHERE organization_id = $1 AND patient_id = $2 AND id <> $2 AND body IS NOT NULL ORDER BY id LIMIT $3
       FOR NO KEY UPDATE";

const BEGIN: &str = "
    INSERT INTO org.merge (organization_id, merge_id, facility_id, patient_id, absorbed_id, membership_id, at,
        patient_version, absorbed_version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const CARRY: &str = "
    WITH c AS (SELECT carried, waiting FROM org.carry_ties($2, $3)),
    kept AS (UPDATE org.merge m SET carried = c.carried FROM c WHERE m.organization_id = $1 AND m.merge_id = $2)
    SELECT carried, waiting FROM c";

const FIND: &str = "
    SELECT facility_id, absorbed_id, at, patient_version, absorbed_version, undone_at IS NOT NULL FROM org.merge
     WHERE organization_id = $1 AND merge_id = $2 AND patient_id = $3 FOR UPDATE";

const UNDO: &str = "
    UPDATE org.merge SET undone_at = $3, undone_by = $4 WHERE organization_id = $1 AND merge_id = $2";

const GONE_OVER: &str = "
    SELECT r.id, r.version, r.facility_id, r.patient_id, r.class, r.updated_at, r.body, r.type, r.starts_at, r.ends_at,
           m.version_before, m.version_after
      FROM org.merge_record m JOIN chart.resource r ON r.organization_id = m.organization_id AND r.id = m.id
     WHERE m.organization_id = $1 AND m.merge_id = $2 ORDER BY r.id FOR NO KEY UPDATE OF r";

const PAST: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource_version
     WHERE organization_id = $1 AND id = $2 AND version = $3";

const DROP: &str = "SELECT org.drop_ties($1, $2)";

impl Store {
    /// Makes one record of two of the same patient.
    ///
    /// # Errors
    /// Not found when one of them does not exist for the context; 412 when a version is not the current one; 409 when
    /// they are at two facilities, one of them was merged before, or there is too much.
    pub async fn unite(&self, ctx: &Ctx, wanted: &Union<'_>) -> Result<United, Error> {
        const ACTION: Action = Action::MergePatients;
        self.may_unite(ctx, ACTION).await?;
        if wanted.absorbed.0 == wanted.survivor.0 {
            return Err(Error::Request(409, "same-patient: it is one record already"));
        }
        if !wanted.keep.iter().all(|name| body::is_choice(name)) {
            return Err(Error::Request(400, "keep: names of elements of a Patient that may be chosen"));
        }
        let tx = self.db.begin(ctx).await?;
        let at = self.db.world().now();
        let both = [wanted.absorbed.0, wanted.survivor.0];
        let facility = self.hold_both(&tx, ACTION, both).await?;
        let [absorbed, survivor] =
            [self.patient(&tx, wanted.absorbed).await?, self.patient(&tx, wanted.survivor).await?];
        let mut event = Event::success(ACTION.key(), ACTION.needs().key());
        event.detail = Some(format!("merge {}", wanted.id));
        let own = self.opened(ctx, &survivor.record).await?;
        let other = self.opened(ctx, &absorbed.record).await?;
        let survivor_body = body::survivor(&own, &other, wanted.absorbed.0, wanted.keep);
        let absorbed_body = body::absorbed(&other, wanted.survivor.0);
        let rows = tx.query(RECORDS, &[&ctx.organization().0, &both[0].0, &(MOST + 1)]).await?;
        if i64::try_from(rows.len()).unwrap_or(MOST + 1) > MOST {
            return Err(Error::Request(409, "too-many: the record is too long to be merged at once"));
        }
        let way = Way { from: both[0], to: both[1], facility };
        let mut going = Vec::with_capacity(rows.len());
        for row in &rows {
            let standing = Standing::read(row)?;
            let readdressed = |old: &[u8]| body::readdressed(old, way.from, way.to);
            going.push(self.going(&tx, (&standing, None), way, at, readdressed).await?);
        }
        self.rewrite(&tx, &absorbed, absorbed_body, at, &mut event).await?;
        self.rewrite(&tx, &survivor, survivor_body, at, &mut event).await?;
        let (version, other) = (wanted.survivor.1.next(), wanted.absorbed.1.next());
        let membership = ctx.membership().0;
        let begun: [&(dyn ToSql + Sync); 9] = [
            &ctx.organization().0,
            &wanted.id,
            &facility.0,
            &both[1].0,
            &both[0].0,
            &membership,
            &at,
            &version.0,
            &other.0,
        ];
        tx.query(BEGIN, &begun).await.map_err(taken)?;
        self.go(&tx, &going, way, (at, Some(wanted.id)), &mut event).await?;
        self.carry_drafts(&tx, way, Merge::Made(wanted.id), &mut event).await?;
        let (rows, _) = tx.last_audited(CARRY, &[&ctx.organization().0, &wanted.id, &at], event).await?;
        let ties = rows.first().ok_or(db::Error::Conflict)?;
        Ok(United { records: going.len(), carried: ties.get(0), waiting: ties.get(1), version })
    }

    /// Makes two records of one again: what went over goes back.
    ///
    /// # Errors
    /// Not found when there is no such merge of the patient for the context; 409 when it was undone before or too long
    /// ago, or a record went on to somebody else since.
    pub async fn part(&self, ctx: &Ctx, survivor: PatientId, merge: Uuid) -> Result<Parted, Error> {
        const ACTION: Action = Action::UnmergePatients;
        self.may_unite(ctx, ACTION).await?;
        let tx = self.db.begin(ctx).await?;
        let at = self.db.world().now();
        let organization = ctx.organization().0;
        let found = tx.query(FIND, &[&organization, &merge, &survivor.0]).await?;
        let Some(row) = found.first() else {
            return Err(self.absent(ctx, ACTION, ResourceType::Patient, ResourceId(survivor.0)).await?);
        };
        let (was_at, absorbed): (FacilityId, PatientId) = (FacilityId(row.get(0)), PatientId(row.get(1)));
        let merged_at: Timestamp = row.get(2);
        let (version, other) = (Version(row.get(3)), Version(row.get(4)));
        if row.get(5) {
            return Err(Error::Request(409, "already-undone: the merge was undone"));
        }
        if at.duration_since(merged_at) > UNDOABLE {
            return Err(Error::Request(409, "too-late: a merge can be undone for thirty days"));
        }
        if self.hold_both(&tx, ACTION, [absorbed, survivor]).await? != was_at {
            return Err(Error::Request(409, "elsewhere: the patient was moved since: move them back first"));
        }
        tx.query(UNDO, &[&organization, &merge, &at, &ctx.membership().0]).await?;
        let mut event = Event::success(ACTION.key(), ACTION.needs().key());
        event.detail = Some(format!("merge {merge}"));
        let way = Way { from: survivor, to: absorbed, facility: was_at };
        let (going, changed) = self.coming_back(&tx, merge, way, at).await?;
        let kept = self.patients_part(&tx, way, (version, other), at, &mut event).await?;
        self.go(&tx, &going, way, (at, None), &mut event).await?;
        self.carry_drafts(&tx, way, Merge::Undone(merge), &mut event).await?;
        tx.last_audited(DROP, &[&merge, &at], event).await?;
        Ok(Parted { records: going.len(), changed, kept })
    }

    /// What goes back: as it stood, or as it stands where it was changed since.
    async fn coming_back(
        &self,
        tx: &Tx<'_>,
        merge: Uuid,
        way: Way,
        at: Timestamp,
    ) -> Result<(Vec<rows::Going>, usize), Error> {
        let organization = tx.ctx().organization().0;
        let (mut going, mut changed) = (Vec::new(), 0);
        for row in &tx.query(GONE_OVER, &[&organization, &merge]).await? {
            let standing = Standing::read(row)?;
            let record = &standing.record;
            if record.patient != Some(way.from) {
                return Err(Error::Request(409, "merged-on: undo what was merged later first"));
            }
            // What was deleted since stays deleted.
            if record.sealed.is_none() {
                continue;
            }
            let (before, after): (i32, i32) = (row.get(10), row.get(11));
            if record.version.0 == after {
                let past = self.past(tx, record, Version(before)).await?;
                let as_it_was = |old: &[u8]| Some(old.to_vec());
                going.push(self.going(tx, (&standing, Some(&past)), way, at, as_it_was).await?);
            } else {
                changed += 1;
                let readdressed = |now: &[u8]| body::readdressed(now, way.from, way.to);
                going.push(self.going(tx, (&standing, None), way, at, readdressed).await?);
            }
        }
        Ok((going, changed))
    }

    /// Both Patients as they were; who went on as they are now, without the link, if they were changed since.
    async fn patients_part(
        &self,
        tx: &Tx<'_>,
        way: Way,
        (version, other): (Version, Version),
        at: Timestamp,
        event: &mut Event,
    ) -> Result<bool, Error> {
        let ctx = tx.ctx();
        let [absorbed, survivor] = [self.held(tx, way.to).await?, self.held(tx, way.from).await?];
        let before = self.past(tx, &absorbed.record, Version(other.0 - 1)).await?;
        let then = self.opened(ctx, &before).await?;
        self.rewrite(tx, &absorbed, Some(then), at, event).await?;
        let kept = survivor.record.version != version;
        let then = if kept {
            body::parted(&self.opened(ctx, &survivor.record).await?, way.to)
        } else {
            let before = self.past(tx, &survivor.record, Version(version.0 - 1)).await?;
            Some(self.opened(ctx, &before).await?)
        };
        self.rewrite(tx, &survivor, then, at, event).await?;
        Ok(kept)
    }

    async fn may_unite(&self, ctx: &Ctx, action: Action) -> Result<(), Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        self.sees_all(ctx, action).await?;
        if ctx.grants().by_relationship {
            self.db.record(ctx, Event::denied(action.key(), "bound to its patients")).await?;
            return Err(db::Error::Denied(None).into());
        }
        Ok(())
    }

    /// Holds both, in the order in which everybody does; gives where they are.
    async fn hold_both(
        &self,
        tx: &Tx<'_>,
        action: Action,
        both: [PatientId; 2],
    ) -> Result<FacilityId, Error> {
        let ids: Vec<Uuid> = both.iter().map(|patient| patient.0).collect();
        let params: [&(dyn ToSql + Sync); 3] =
            [&tx.ctx().organization().0, &ids, &ResourceType::Patient.code()];
        let rows = tx.query(HOLD, &params).await?;
        let missing = both.iter().find(|patient| !rows.iter().any(|row| row.get::<_, Uuid>(0) == patient.0));
        if let Some(missing) = missing {
            return Err(self.absent(tx.ctx(), action, ResourceType::Patient, ResourceId(missing.0)).await?);
        }
        match rows.iter().map(|row| FacilityId(row.get(2))).collect::<Vec<_>>().as_slice() {
            [one, other] if one == other => Ok(*one),
            _ => Err(Error::Request(409, "two-facilities: move one of them first")),
        }
    }

    async fn patient(&self, tx: &Tx<'_>, (patient, seen): (PatientId, Version)) -> Result<Current, Error> {
        let id = ResourceId(patient.0);
        self.current(tx, Action::Update, ResourceType::Patient, id, Some(seen)).await
    }

    /// A patient who is held: their version is what it is.
    async fn held(&self, tx: &Tx<'_>, patient: PatientId) -> Result<Current, Error> {
        let params: [&(dyn ToSql + Sync); 3] =
            [&tx.ctx().organization().0, &vec![patient.0], &ResourceType::Patient.code()];
        let rows = tx.query(HOLD, &params).await?;
        let version = rows.first().map(|row| Version(row.get(1))).ok_or(db::Error::Conflict)?;
        self.patient(tx, (patient, version)).await
    }

    async fn past(&self, tx: &Tx<'_>, record: &Record, version: Version) -> Result<Record, Error> {
        let rows = tx.query(PAST, &[&tx.ctx().organization().0, &record.id.0, &version.0]).await?;
        let row = rows.first().ok_or(db::Error::Stored("the version before a merge"))?;
        Record::read(record.rtype, row)
    }

    /// The body of a record, for what is computed from it and does not leave.
    async fn opened(&self, ctx: &Ctx, record: &Record) -> Result<Vec<u8>, Error> {
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(record)).await?;
        let mut copy = Vec::new();
        keys.open_whole(ctx, record)?.matches(|body| {
            copy.clone_from(body);
            true
        });
        Ok(copy)
    }

    /// Writes a Patient's next version.
    async fn rewrite(
        &self,
        tx: &Tx<'_>,
        current: &Current,
        body: Option<Vec<u8>>,
        at: Timestamp,
        event: &mut Event,
    ) -> Result<(), Error> {
        let ctx = tx.ctx();
        let record = &current.record;
        let body = body.ok_or(db::Error::Seal("no JSON of ours"))?;
        let place = (record.id, record.version.next(), at);
        let draft = intake::draft(&body, &self.limits, Some(record.rtype), place)?;
        let (placed, change) = self.change(tx, Action::Update, current, draft).await?;
        let keys = SealingKeys::of(&self.db, ctx, std::iter::once(&placed)).await?;
        let change = Change { new: Some(&placed), ..change };
        let (note, _) = write::replace(&self.db, tx, &keys, By::Area, &change, None).await.map_err(merged)?;
        write::note(event, change.facility, change.patient, note);
        Ok(())
    }
}

/// One of them was merged before.
fn merged(error: Error) -> Error {
    match error {
        Error::Db(error) => taken(error),
        other => other,
    }
}

fn taken(error: db::Error) -> Error {
    match error {
        db::Error::Constraint(name) if name == "patient_merged" || name == "merge_absorbed" => {
            crate::places::MERGED
        }
        other => other.into(),
    }
}
