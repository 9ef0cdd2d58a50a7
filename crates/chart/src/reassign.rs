//! Moving a patient, with everything of theirs, to another facility (ADR 0015).
//!
//! What takes time is done before anything is held: every body is opened and its tokens for both facilities computed. Then
//! the patient and every record are locked, what was written meanwhile is computed again, and one function of the
//! database moves it all. Readers see the patient at one facility or at the other.

use std::collections::HashMap;

use db::keys::TokenKeys;
use db::{Ctx, Event, Row, ToSql, Tx};
use fhir::ResourceType;
use fhir::json::parse;
use fhir::search::extract;
use jiff::Timestamp;
use kernel::{FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};
use uuid::Uuid;

use crate::index::{self, Scope, Token};
use crate::places::admitted;
use crate::record::{Keys, Record};
use crate::{Error, Store, view};

/// Records opened at once.
const TOGETHER: i64 = 500;

/// Who is to be moved where.
pub struct Reassignment<'a> {
    /// The patient.
    pub patient: PatientId,
    /// The version of the `Patient` that whoever decided had seen.
    pub if_match: Option<Version>,
    /// Where to.
    pub target: FacilityId,
    /// Why, sealed.
    pub reason: &'a [u8],
    /// What the move is called in the log.
    pub id: Uuid,
}

/// What a move did.
#[derive(Debug)]
pub struct Moved {
    /// Where the patient was.
    pub source: FacilityId,
    /// How many records moved, those deleted among them.
    pub records: i64,
    /// How many ties ended, because their posts do not reach the facility.
    pub ended: i64,
    /// Posts of relatives, and of the patient, that stay tied and open nothing there: those above them do not reach it.
    pub waiting: Vec<i32>,
}

/// The tokens that go and those that come, with the version they were computed from.
struct Turn {
    version: Version,
    gone: Vec<Token>,
    fresh: Vec<Token>,
}

const PAGE: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, type, starts_at FROM chart.resource
     WHERE organization_id = $1 AND patient_id = $2 AND id > $3 ORDER BY id LIMIT $4";

const NAMED: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, type, starts_at FROM chart.resource
     WHERE organization_id = $1 AND patient_id = $2 AND id = ANY ($3)";

const HOLD: &str = "
    SELECT version, facility_id FROM chart.resource
     WHERE organization_id = $1 AND id = $2 AND type = $3 AND body IS NOT NULL FOR UPDATE";

const HOLD_RECORDS: &str = "
    SELECT id, version FROM chart.resource WHERE organization_id = $1 AND patient_id = $2 ORDER BY id FOR NO KEY UPDATE";

const MOVE: &str =
    "SELECT records, ended, waiting FROM chart.reassign($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl Store {
    /// Moves a patient's whole compartment. Both facilities are within reach of the context, whole.
    ///
    /// # Errors
    /// Not found when there is no such patient for the context; 428 without `if_match`; 412 when it is not the current
    /// version; 409 when they are there already, or the facility takes no patients.
    pub async fn reassign(&self, ctx: &Ctx, wanted: &Reassignment<'_>) -> Result<Moved, Error> {
        const ACTION: Action = Action::Reassign;
        self.db.authorize(ctx, ACTION, Target { facility: Some(wanted.target), class: None }).await?;
        self.sees_all(ctx, ACTION).await?;
        if ctx.grants().by_relationship {
            self.db.record(ctx, Event::denied(ACTION.key(), "bound to its patients")).await?;
            return Err(db::Error::Denied(None).into());
        }
        match self.reassign_once(ctx, wanted).await {
            // Somebody else was faster, which is said now, or held what this waited for.
            Err(Error::Db(db::Error::Conflict)) => self.reassign_once(ctx, wanted).await,
            done => done,
        }
    }

    async fn reassign_once(&self, ctx: &Ctx, wanted: &Reassignment<'_>) -> Result<Moved, Error> {
        let source = self.may_leave(ctx, wanted).await?;
        let keys = self.db.keyring().token_keys(ctx).await?;
        let way = (source, wanted.target);
        let mut turns = HashMap::new();
        let mut after = Uuid::nil();
        loop {
            let params: [&(dyn ToSql + Sync); 4] =
                [&ctx.organization().0, &wanted.patient.0, &after, &TOGETHER];
            let rows = self.db.begin(ctx).await?.last(PAGE, &params).await?;
            let Some(last) = rows.last() else { break };
            after = last.get(0);
            self.turn(ctx, &keys, way, &rows, &mut turns).await?;
        }
        let tx = self.db.begin(ctx).await?;
        self.settle_turns(&tx, &keys, wanted, way, &mut turns).await?;
        self.carry_out(&tx, wanted, source, &turns).await
    }

    /// Where the patient is, when they may be moved from there.
    async fn may_leave(&self, ctx: &Ctx, wanted: &Reassignment<'_>) -> Result<FacilityId, Error> {
        let (rtype, id) = (ResourceType::Patient, ResourceId(wanted.patient.0));
        let row = self.current_row(&crate::search::Door::Own(ctx), rtype, id).await?;
        let Some(record) = row.filter(|record| view::exists(ctx, record)) else {
            return Err(self.absent(ctx, Action::Reassign, rtype, id).await?);
        };
        if record.sealed.is_none() {
            return Err(Error::Gone(record.version));
        }
        match wanted.if_match {
            None => Err(Error::Request(428, "say with If-Match which version you mean to change")),
            Some(version) if version != record.version => Err(db::Error::Conflict.into()),
            Some(_) if record.facility == wanted.target => {
                Err(Error::Request(409, "already-there: the patient is at this facility"))
            }
            Some(_) => Ok(record.facility),
        }
    }

    /// Opens records and computes what becomes of their tokens.
    async fn turn(
        &self,
        ctx: &Ctx,
        tokens: &TokenKeys,
        (source, target): (FacilityId, FacilityId),
        rows: &[Row],
        turns: &mut HashMap<Uuid, Turn>,
    ) -> Result<(), Error> {
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let rtype = ResourceType::from_code(row.get(7)).ok_or(db::Error::Seal("unknown type"))?;
            records.push(Record::read(rtype, row)?);
        }
        let keys = Keys::of(&self.db, ctx, &records).await?;
        for (row, record) in rows.iter().zip(&records) {
            let starts_at: Timestamp = row.get(8);
            let mut turn = Turn { version: record.version, gone: Vec::new(), fresh: Vec::new() };
            if record.sealed.is_some() {
                let scope = |facility| Scope { facility, ..record.scope() };
                let read = keys.open_whole(ctx, record)?.matches(|body| {
                    let Ok(root) = parse(body, &self.limits) else { return false };
                    let found = extract(record.rtype, &root);
                    turn.gone = index::index(tokens.removed(), scope(source), &found, starts_at).tokens;
                    turn.fresh = index::index(tokens.written(), scope(target), &found, starts_at).tokens;
                    true
                });
                if !read {
                    return Err(db::Error::Seal("no JSON of ours").into());
                }
            }
            turns.insert(record.id.0, turn);
        }
        Ok(())
    }

    /// Holds the patient and every record, and computes again what was written since.
    async fn settle_turns(
        &self,
        tx: &Tx<'_>,
        tokens: &TokenKeys,
        wanted: &Reassignment<'_>,
        way: (FacilityId, FacilityId),
        turns: &mut HashMap<Uuid, Turn>,
    ) -> Result<(), Error> {
        let (organization, patient) = (tx.ctx().organization().0, wanted.patient.0);
        let held = tx.query(HOLD, &[&organization, &patient, &ResourceType::Patient.code()]).await?;
        let stands = held.first().is_some_and(|row| {
            Some(Version(row.get(0))) == wanted.if_match && FacilityId(row.get(1)) == way.0
        });
        if !stands {
            return Err(db::Error::Conflict.into());
        }
        let rows = tx.query(HOLD_RECORDS, &[&organization, &patient]).await?;
        let is_new = |row: &&Row| {
            turns.get(&row.get::<_, Uuid>(0)).is_none_or(|turn| turn.version != Version(row.get(1)))
        };
        let new: Vec<Uuid> = rows.iter().filter(is_new).map(|row| row.get(0)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let rows = tx.query(NAMED, &[&organization, &patient, &new]).await?;
        self.turn(tx.ctx(), tokens, way, &rows, turns).await
    }

    /// Moves it all, and says so in the log of either facility.
    async fn carry_out(
        &self,
        tx: &Tx<'_>,
        wanted: &Reassignment<'_>,
        source: FacilityId,
        turns: &HashMap<Uuid, Turn>,
    ) -> Result<Moved, Error> {
        let gone = Columns::of(turns, |turn| &turn.gone);
        let fresh = Columns::of(turns, |turn| &turn.fresh);
        let at = self.db.world().now();
        let params: [&(dyn ToSql + Sync); 12] = [
            &wanted.patient.0,
            &source.0,
            &wanted.target.0,
            &wanted.id,
            &wanted.reason,
            &at,
            &gone.token,
            &gone.at,
            &gone.id,
            &fresh.token,
            &fresh.at,
            &fresh.id,
        ];
        let detail =
            format!("reassignment {} from facility {source} to facility {}", wanted.id, wanted.target);
        let event = |facility: FacilityId| {
            let mut event = Event::success(Action::Reassign.key(), Action::Reassign.needs().key());
            event.facility = facility;
            event.resource_type = Some(ResourceType::Patient.code());
            event.resource = Some(ResourceId(wanted.patient.0));
            event.version = wanted.if_match;
            event.subjects.push((facility, wanted.patient));
            event.detail = Some(detail.clone());
            event
        };
        let rows = admitted(tx.last_logged(MOVE, &params, vec![event(source), event(wanted.target)]).await)?;
        let row = rows.first().ok_or(db::Error::Conflict)?;
        Ok(Moved { source, records: row.get(0), ended: row.get(1), waiting: row.get(2) })
    }
}

#[derive(Default)]
struct Columns {
    token: Vec<i64>,
    at: Vec<Timestamp>,
    id: Vec<Uuid>,
}

impl Columns {
    fn of(turns: &HashMap<Uuid, Turn>, which: fn(&Turn) -> &Vec<Token>) -> Self {
        let mut columns = Self::default();
        for (id, turn) in turns {
            for token in which(turn) {
                columns.token.push(token.token);
                columns.at.push(token.at);
                columns.id.push(*id);
            }
        }
        columns
    }
}
