//! Writing rows: each statement carries the row, its past, its tokens and its outbox event; the audit event and the
//! commit travel behind it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use db::keys::DataKey;
use db::{Ctx, Db, Event, Receipt, ToSql, Tx, Write};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::Action;
use uuid::Uuid;

use crate::Error;
use crate::directory::follows;
use crate::hooks::{self, By, Kept};
use crate::index::Token;
use crate::intake::{Owned, Placed};
use crate::places::admitted;
use crate::record::place;

/// The keys that new bodies are sealed with.
#[derive(Default)]
pub(crate) struct SealingKeys {
    directory: Option<Arc<DataKey>>,
    patients: HashMap<(PatientId, DataClass), Arc<DataKey>>,
}

impl SealingKeys {
    /// Gathers them, making those of patients in `placed` that are new.
    pub(crate) async fn of<'p>(
        db: &Db,
        ctx: &Ctx,
        placed: impl Iterator<Item = &'p Placed> + Clone,
    ) -> Result<Self, Error> {
        let mut keys = Self::default();
        let mut fresh: Vec<(FacilityId, PatientId, DataClass)> = Vec::new();
        let new_patients: HashSet<PatientId> = placed
            .clone()
            .filter(|one| one.draft.owner == Owned::Own && one.draft.version == Version::FIRST)
            .filter_map(|one| one.draft.patient())
            .collect();
        for one in placed {
            let Some(patient) = one.draft.patient() else {
                if keys.directory.is_none() {
                    keys.directory = Some(db.keyring().directory_key(ctx).await?);
                }
                continue;
            };
            let wanted = (patient, one.draft.class);
            if keys.patients.contains_key(&wanted) {
                continue;
            }
            if new_patients.contains(&patient) {
                if !fresh.iter().any(|(_, p, c)| (*p, *c) == wanted) {
                    fresh.push((one.facility, patient, one.draft.class));
                }
            } else {
                let key =
                    db.keyring().current_patient_key(ctx, one.facility, patient, one.draft.class).await?;
                keys.patients.insert(wanted, key);
            }
        }
        if fresh.is_empty() {
            return Ok(keys);
        }
        let made = db.keyring().create_patient_keys(ctx, &fresh).await?;
        for ((_, patient, class), key) in fresh.into_iter().zip(made) {
            keys.patients.insert((patient, class), key);
        }
        Ok(keys)
    }

    pub(crate) fn seal(&self, db: &Db, ctx: &Ctx, one: &Placed) -> Result<Vec<u8>, Error> {
        let patient = one.draft.patient();
        let key = match patient {
            None => self.directory.as_ref(),
            Some(patient) => self.patients.get(&(patient, one.draft.class)),
        };
        let key = key.ok_or(db::Error::Seal("no key for the record"))?;
        let place = place(ctx, patient, one.draft.class, one.draft.id, one.draft.version);
        Ok(key.seal(&place, one.packed.0, &one.packed.1, db.world()))
    }
}

/// New rows as columns, for one statement however many they are.
#[derive(Default)]
struct Columns {
    facility: Vec<i32>,
    id: Vec<Uuid>,
    patient: Vec<Option<Uuid>>,
    at: Vec<Timestamp>,
    starts_at: Vec<Timestamp>,
    ends_at: Vec<Timestamp>,
    follow: Vec<bool>,
    rtype: Vec<i16>,
    class: Vec<i16>,
    patient_by: Vec<i16>,
    body: Vec<Vec<u8>>,
    token_facility: Vec<i32>,
    token_patient: Vec<Option<Uuid>>,
    token: Vec<i64>,
    token_at: Vec<Timestamp>,
    token_id: Vec<Uuid>,
}

const INSERT: &str = "
    WITH row AS (
        INSERT INTO chart.resource (organization_id, facility_id, id, patient_id, updated_at, starts_at, ends_at, follow,
            version, type, class, patient_by, body)
        SELECT $1, facility_id, id, patient_id, at, starts_at, ends_at,
               CASE WHEN follow THEN pg_current_xact_id()::text::int8 END, 1, type, class, patient_by, body
          FROM unnest($2::int4[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
                      $8::bool[], $9::int2[], $10::int2[], $11::bytea[], $17::int2[])
            n (facility_id, id, patient_id, at, starts_at, ends_at, follow, type, class, body, patient_by)
    ), sent AS (
        INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id, version)
        SELECT $1, facility_id, patient_id, at, 'chart.created', type, id, 1
          FROM unnest($2::int4[], $4::uuid[], $5::timestamptz[], $9::int2[], $3::uuid[]) n (facility_id, patient_id, at, type, id)
    )
    INSERT INTO chart.token (organization_id, facility_id, patient_id, token, at, id)
    SELECT $1, facility_id, patient_id, token, at, id
      FROM unnest($12::int4[], $13::uuid[], $14::int8[], $15::timestamptz[], $16::uuid[])
        n (facility_id, patient_id, token, at, id)";

/// Inserts new rows, logs them as one event and commits.
pub(crate) async fn insert<'p>(
    db: &Db,
    tx: &Tx<'_>,
    keys: &SealingKeys,
    by: By,
    placed: impl IntoIterator<Item = &'p Placed>,
    mut event: Event,
) -> Result<Receipt, Error> {
    let ctx = tx.ctx();
    let mut columns = Columns::default();
    for one in placed {
        let draft = &one.draft;
        hooks::new(by, draft.kept)?;
        let patient = draft.patient().map(|patient| patient.0);
        let sealed = keys.seal(db, ctx, one)?;
        note(&mut event, one.facility, draft.patient(), Write::of(draft.id, draft.version, &sealed));
        columns.facility.push(one.facility.0);
        columns.id.push(draft.id.0);
        columns.patient.push(patient);
        columns.at.push(draft.at);
        columns.starts_at.push(one.index.starts_at);
        columns.ends_at.push(one.index.ends_at);
        columns.follow.push(follows(draft.rtype));
        columns.rtype.push(draft.rtype.code());
        columns.class.push(draft.class as i16);
        columns.patient_by.push(draft.owner_by);
        columns.body.push(sealed);
        for token in &one.index.tokens {
            columns.token_facility.push(one.facility.0);
            columns.token_patient.push(patient);
            columns.token.push(token.token);
            columns.token_at.push(token.at);
            columns.token_id.push(draft.id.0);
        }
    }
    let params: [&(dyn ToSql + Sync); 17] = [
        &ctx.organization().0,
        &columns.facility,
        &columns.id,
        &columns.patient,
        &columns.at,
        &columns.starts_at,
        &columns.ends_at,
        &columns.follow,
        &columns.rtype,
        &columns.class,
        &columns.body,
        &columns.token_facility,
        &columns.token_patient,
        &columns.token,
        &columns.token_at,
        &columns.token_id,
        &columns.patient_by,
    ];
    let (_, receipt) = admitted(tx.last_audited(INSERT, &params, event).await)?;
    Ok(receipt)
}

/// Enters a write and its patient into the event.
pub(crate) fn note(event: &mut Event, facility: FacilityId, patient: Option<PatientId>, write: Write) {
    event.writes.push(write);
    if let Some(patient) = patient
        && !event.subjects.iter().any(|(_, known)| *known == patient)
    {
        event.subjects.push((facility, patient));
    }
    if event.writes.len() == 1 {
        event.facility = facility;
    } else if event.facility != facility {
        event.facility = FacilityId::WHOLE;
    }
}

/// What replaces the current version of a row.
pub(crate) struct Change<'a> {
    pub(crate) rtype: ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) facility: FacilityId,
    pub(crate) patient: Option<PatientId>,
    /// The version replaced.
    pub(crate) from: Version,
    pub(crate) at: Timestamp,
    /// Tokens of the version replaced.
    pub(crate) old_tokens: Vec<Token>,
    /// Whether somebody else may write tokens of it, who holds the row meanwhile: the search key is being changed.
    pub(crate) hold: bool,
    /// Whose the version replaced was to write.
    pub(crate) was: Option<Kept>,
    /// `None`: a deletion.
    pub(crate) new: Option<&'a Placed>,
}

/// A row that stands elsewhere by now is not replaced: its tokens are those of another facility.
const UPDATE: &str = "
    WITH old AS (
        SELECT facility_id, id, patient_id, updated_at, starts_at, ends_at, version, type, class, body FROM chart.resource
         WHERE organization_id = $1 AND id = $2 AND version = $3 AND facility_id = $16 FOR NO KEY UPDATE
    ), past AS (
        INSERT INTO chart.resource_version (organization_id, facility_id, id, patient_id, updated_at, superseded_at, version,
            type, class, body)
        SELECT $1, facility_id, id, patient_id, updated_at, $4, version, type, class, body FROM old
    ), new AS (
        UPDATE chart.resource r
           SET version = old.version + 1, updated_at = $4, starts_at = coalesce($5, old.starts_at),
               ends_at = coalesce($6, old.ends_at), class = coalesce($7, old.class), body = $8,
               patient_by = coalesce($15, r.patient_by),
               follow = CASE WHEN $9 THEN pg_current_xact_id()::text::int8 END
          FROM old WHERE r.organization_id = $1 AND r.id = old.id
        RETURNING r.facility_id, r.patient_id, r.type, r.id, r.version
    ), gone AS (
        DELETE FROM chart.token t USING unnest($10::int8[], $11::timestamptz[]) g (token, at)
         WHERE t.organization_id = $1 AND t.token = g.token AND t.at = g.at AND t.id = $2
    ), fresh AS (
        INSERT INTO chart.token (organization_id, facility_id, patient_id, token, at, id)
        SELECT $1, new.facility_id, new.patient_id, n.token, n.at, new.id
          FROM new, unnest($12::int8[], $13::timestamptz[]) n (token, at)
    ), sent AS (
        INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id, version)
        SELECT $1, facility_id, patient_id, $4, $14, type, id, version FROM new
    )
    SELECT chart.demand((SELECT count(*) FROM new) = 1)";

const HOLD: &str = "SELECT FROM chart.resource WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE";

/// Replaces or deletes a row whose version is `change.from`, as the last statement when `event` is given. Returns the
/// record of the write.
pub(crate) async fn replace(
    db: &Db,
    tx: &Tx<'_>,
    keys: &SealingKeys,
    by: By,
    change: &Change<'_>,
    event: Option<Event>,
) -> Result<(Write, Option<Receipt>), Error> {
    let ctx = tx.ctx();
    let is = change.new.and_then(|placed| placed.draft.kept);
    hooks::changed((db, ctx), (change.rtype, change.id, change.from), by, (change.was, is)).await?;
    let sealed = change.new.map(|placed| keys.seal(db, ctx, placed)).transpose()?;
    let write = Write::of(change.id, change.from.next(), sealed.as_deref().unwrap_or_default());
    let fresh: &[Token] = change.new.map(|placed| placed.index.tokens.as_slice()).unwrap_or_default();
    // Most tokens stay the same from one version to the next; only the difference is written.
    let (gone_tokens, gone_at) = split(change.old_tokens.iter().filter(|token| !fresh.contains(token)));
    let (new_tokens, new_at) = split(fresh.iter().filter(|token| !change.old_tokens.contains(token)));
    let starts_at = change.new.map(|placed| placed.index.starts_at);
    let ends_at = change.new.map(|placed| placed.index.ends_at);
    let class = change.new.map(|placed| placed.draft.class as i16);
    let patient_by = change.new.map(|placed| placed.draft.owner_by);
    let kind = if change.new.is_some() { "chart.updated" } else { "chart.deleted" };
    let follow = follows(change.rtype);
    let params: [&(dyn ToSql + Sync); 16] = [
        &ctx.organization().0,
        &change.id.0,
        &change.from.0,
        &change.at,
        &starts_at,
        &ends_at,
        &class,
        &sealed,
        &follow,
        &gone_tokens,
        &gone_at,
        &new_tokens,
        &new_at,
        &kind,
        &patient_by,
        &change.facility.0,
    ];
    if change.hold {
        // A statement of its own: what `UPDATE` removes is what was there when it began, not what it waited for.
        admitted(tx.query(HOLD, &[&ctx.organization().0, &change.id.0]).await)?;
    }
    match event {
        None => {
            admitted(tx.query(UPDATE, &params).await)?;
            Ok((write, None))
        }
        Some(mut event) => {
            note(&mut event, change.facility, change.patient, write);
            let (_, receipt) = admitted(tx.last_audited(UPDATE, &params, event).await)?;
            Ok((write, Some(receipt)))
        }
    }
}

fn split<'a>(tokens: impl Iterator<Item = &'a Token>) -> (Vec<i64>, Vec<Timestamp>) {
    tokens.map(|token| (token.token, token.at)).unzip()
}

/// The event of writing one resource.
pub(crate) fn event(action: Action, rtype: ResourceType, id: ResourceId, version: Version) -> Event {
    Event::success(action.key(), action.needs().key()).about(rtype.code(), Some((id, version)))
}
