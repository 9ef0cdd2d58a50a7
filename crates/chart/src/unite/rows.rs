//! Records that go from one patient to another: sealed anew under the other's keys, as a version of their own. Their past
//! stays under the keys it was sealed with.

use db::{Event, Row, ToSql, Tx, Write};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{FacilityId, PatientId, Version};
use uuid::Uuid;

use crate::index::{Token, tokens_of};
use crate::intake::{self, Draft, Placed};
use crate::record::{Keys, Record};
use crate::write::{self, SealingKeys};
use crate::{Error, Store};

/// A row as it stands, held.
pub(super) struct Standing {
    pub(super) record: Record,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

impl Standing {
    /// Of the columns `id, version, facility_id, patient_id, class, updated_at, body, type, starts_at, ends_at`.
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        let rtype = ResourceType::from_code(row.get(7)).ok_or(db::Error::Seal("unknown type"))?;
        Ok(Self { record: Record::read(rtype, row)?, starts_at: row.get(8), ends_at: row.get(9) })
    }
}

/// A record on its way.
pub(super) struct Going {
    from: Version,
    placed: Placed,
    gone: Vec<Token>,
}

/// From whom to whom, where.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) from: PatientId,
    pub(super) to: PatientId,
    pub(super) facility: FacilityId,
}

const DELETE_TOKENS: &str = "
    DELETE FROM chart.token t USING unnest($2::int8[], $3::timestamptz[], $4::uuid[]) g (token, at, id)
     WHERE t.organization_id = $1 AND t.token = g.token AND t.at = g.at AND t.id = g.id AND t.patient_id = $5";

const INSERT_TOKENS: &str = "
    INSERT INTO chart.token (organization_id, facility_id, patient_id, token, at, id)
    SELECT $1, $2, $3, n.token, n.at, n.id FROM unnest($4::int8[], $5::timestamptz[], $6::uuid[]) n (token, at, id)";

/// The records of a merge are written down with it; those of its undoing are not.
const MOVE: &str = "
    WITH n AS (
        SELECT * FROM unnest($4::uuid[], $5::int4[], $6::timestamptz[], $7::timestamptz[], $8::int2[], $9::int2[], $10::bytea[])
            n (id, version, starts_at, ends_at, class, patient_by, body)
    ), old AS (
        SELECT r.facility_id, r.id, r.patient_id, r.updated_at, r.version, r.type, r.class, r.body
          FROM chart.resource r JOIN n ON n.id = r.id AND n.version = r.version
         WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.body IS NOT NULL
    ), past AS (
        INSERT INTO chart.resource_version (organization_id, facility_id, id, patient_id, updated_at, superseded_at, version,
            type, class, body)
        SELECT $1, facility_id, id, patient_id, updated_at, $11, version, type, class, body FROM old
    ), new AS (
        UPDATE chart.resource r
           SET version = n.version + 1, updated_at = $11, starts_at = n.starts_at, ends_at = n.ends_at, class = n.class,
               body = n.body, patient_by = n.patient_by, patient_id = $3
          FROM n WHERE r.organization_id = $1 AND r.id = n.id AND r.version = n.version AND r.patient_id = $2
        RETURNING r.facility_id, r.type, r.id, r.version
    ), listed AS (
        INSERT INTO org.merge_record (organization_id, facility_id, merge_id, patient_id, id, version_before, version_after)
        SELECT $1, facility_id, $12, $3, id, version - 1, version FROM new WHERE $12::uuid IS NOT NULL
    ), sent AS (
        INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id, version)
        SELECT $1, facility_id, $3, $11, 'chart.updated', type, id, version FROM new
    )
    SELECT chart.demand((SELECT count(*) FROM new) = cardinality($4::uuid[]))";

impl Store {
    /// Makes what a record becomes with the other patient. `body` says what of, given the body as it stands or stood.
    pub(super) async fn going(
        &self,
        tx: &Tx<'_>,
        (standing, content): (&Standing, Option<&Record>),
        way: Way,
        at: Timestamp,
        body: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Going, Error> {
        let ctx = tx.ctx();
        let record = &standing.record;
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let mut gone = Vec::new();
        let mut draft: Option<Result<Draft, Error>> = None;
        let place = (record.id, record.version.next(), at);
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(record)).await?;
        keys.open_whole(ctx, record)?.matches(|now| {
            let starts_at = standing.starts_at;
            gone = tokens_of(tokens.removed(), record.scope(), (now, &self.limits), starts_at)
                .unwrap_or_default();
            if content.is_none() {
                draft = body(now).map(|bytes| intake::draft(&bytes, &self.limits, Some(record.rtype), place));
            }
            true
        });
        if let Some(content) = content {
            let keys = Keys::of(&self.db, ctx, std::slice::from_ref(content)).await?;
            keys.open_whole(ctx, content)?.matches(|then| {
                draft =
                    body(then).map(|bytes| intake::draft(&bytes, &self.limits, Some(record.rtype), place));
                true
            });
        }
        let draft = draft.ok_or(db::Error::Seal("no JSON of ours"))??;
        if draft.patient() != Some(way.to) {
            return Err(Error::Request(409, "not-movable: a record is of neither patient alone"));
        }
        let order = if standing.ends_at > standing.starts_at { at } else { standing.starts_at };
        let placed = intake::place(draft, way.facility, tokens.written(), order)?;
        Ok(Going { from: record.version, placed, gone })
    }

    /// Writes all of them, and enters them into the event.
    pub(super) async fn go(
        &self,
        tx: &Tx<'_>,
        going: &[Going],
        way: Way,
        (at, merge): (Timestamp, Option<Uuid>),
        event: &mut Event,
    ) -> Result<(), Error> {
        if going.is_empty() {
            return Ok(());
        }
        let ctx = tx.ctx();
        let keys = SealingKeys::of(&self.db, ctx, going.iter().map(|one| &one.placed)).await?;
        let organization = ctx.organization().0;
        let (mut gone, mut fresh) = (Tokens::default(), Tokens::default());
        let (mut ids, mut versions, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        let (mut classes, mut by): (Vec<i16>, Vec<i16>) = (Vec::new(), Vec::new());
        for one in going {
            let (draft, index) = (&one.placed.draft, &one.placed.index);
            let sealed = keys.seal(&self.db, ctx, &one.placed)?;
            write::note(event, way.facility, Some(way.to), Write::of(draft.id, draft.version, &sealed));
            ids.push(draft.id.0);
            versions.push(one.from.0);
            starts.push(index.starts_at);
            ends.push(index.ends_at);
            classes.push(draft.class as i16);
            by.push(draft.owner_by);
            bodies.push(sealed);
            gone.add(draft.id.0, &one.gone);
            fresh.add(draft.id.0, &index.tokens);
        }
        tx.query(DELETE_TOKENS, &[&organization, &gone.token, &gone.at, &gone.id, &way.from.0]).await?;
        let moved: [&(dyn ToSql + Sync); 12] = [
            &organization,
            &way.from.0,
            &way.to.0,
            &ids,
            &versions,
            &starts,
            &ends,
            &classes,
            &by,
            &bodies,
            &at,
            &merge,
        ];
        tx.query(MOVE, &moved).await?;
        let tokens: [&(dyn ToSql + Sync); 6] =
            [&organization, &way.facility.0, &way.to.0, &fresh.token, &fresh.at, &fresh.id];
        tx.query(INSERT_TOKENS, &tokens).await?;
        Ok(())
    }
}

#[derive(Default)]
struct Tokens {
    token: Vec<i64>,
    at: Vec<Timestamp>,
    id: Vec<Uuid>,
}

impl Tokens {
    fn add(&mut self, id: Uuid, tokens: &[Token]) {
        for token in tokens {
            self.token.push(token.token);
            self.at.push(token.at);
            self.id.push(id);
        }
    }
}
