//! Whether every body is what was last written: its hash is in the event of the write, and that is sealed (ADR 0035).
//!
//! A body that opens under its key may still be an old one of the same place, put back. Nothing is opened here.

use std::fmt;

use db::{Ctx, Event};
use fhir::ResourceType;
use kernel::ResourceId;
use policy::Action;
use serde::Serialize;

use crate::{Error, Store};

/// What was done to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It is not what was written.
    Altered,
    /// It is what was written as another version of the same record, or the record's last versions are gone.
    RolledBack,
    /// It is what was written as another record.
    Swapped,
    /// What was written is not there.
    Gone,
    /// It was never written.
    Inserted,
}

impl Fault {
    fn of(name: &str) -> Self {
        match name {
            "rolled-back" => Self::RolledBack,
            "swapped" => Self::Swapped,
            "gone" => Self::Gone,
            "inserted" => Self::Inserted,
            _ => Self::Altered,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::RolledBack => "rolled back",
            Self::Swapped => "swapped",
            Self::Gone => "gone",
            Self::Inserted => "inserted",
        })
    }
}

/// A body that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// The record's type; nothing for an unfinished note, and where the record is not there.
    pub rtype: Option<&'static str>,
    /// The record.
    pub id: ResourceId,
    /// Its version.
    pub version: i32,
    /// What was done.
    pub fault: Fault,
}

/// What was found of an organization's bodies.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Integrity {
    /// How many bodies there are: records, their earlier versions, unfinished notes.
    pub bodies: i64,
    /// How many of them were written before the month in which the log begins, and cannot be looked up in it any more.
    pub before_log: i64,
    /// Those that are wrong, at most a thousand.
    pub wrong: Vec<Wrong>,
}

/// Reading all takes as long as it takes, and is sorted in memory.
const PATIENT: &str =
    "SELECT set_config('statement_timeout', '0', true), set_config('work_mem', '128MB', true),
    set_config('plan_cache_mode', 'force_custom_plan', true)";

const LOOK: &str = "
    WITH w AS MATERIALIZED (
        SELECT encode(substring(e.writes FROM n * 52 + 1 FOR 16), 'hex')::uuid AS id,
               (get_byte(e.writes, n * 52 + 16) << 24) | (get_byte(e.writes, n * 52 + 17) << 16)
                   | (get_byte(e.writes, n * 52 + 18) << 8) | get_byte(e.writes, n * 52 + 19) AS version,
               substring(e.writes FROM n * 52 + 21 FOR 32) AS hash, e.action = $2 AS draft
          FROM audit.event e, generate_series(0, length(e.writes) / 52 - 1) n
         WHERE e.organization_id = $1 AND e.writes IS NOT NULL
    ), erased AS MATERIALIZED (
        SELECT patient_id FROM org.erased WHERE organization_id = $1
    ), r AS MATERIALIZED (
        SELECT id, version, type, sha256(coalesce(body, '')) AS hash, updated_at AS at,
               body IS NULL AND patient_id IN (SELECT patient_id FROM erased) AS erased
          FROM chart.resource WHERE organization_id = $1
        UNION ALL
        SELECT v.id, v.version, v.type, sha256(coalesce(v.body, '')), v.updated_at,
               v.body IS NULL AND (v.patient_id IN (SELECT patient_id FROM erased)
                                   OR v.id IN (SELECT id FROM chart.resource
                                                WHERE organization_id = $1 AND patient_id IN (SELECT patient_id FROM erased)))
          FROM chart.resource_version v WHERE v.organization_id = $1
        UNION ALL
        SELECT draft_id, version, NULL, sha256(body), saved_at, false
          FROM chart.draft WHERE organization_id = $1 AND body IS NOT NULL
    ), drafts AS (
        SELECT id FROM w WHERE draft UNION SELECT draft_id FROM chart.draft WHERE organization_id = $1
    ), pairs AS (
        SELECT coalesce(r.id, w.id) AS id, coalesce(r.version, w.version) AS version, r.type, r.at, r.hash AS stands, w.hash AS written, r.erased
          FROM r FULL JOIN w ON w.id = r.id AND w.version = r.version
    ), begins AS (
        SELECT date_trunc('month', min(at), 'UTC') AS at FROM audit.event WHERE organization_id = $1
    ), wrong AS (
        SELECT pairs.* FROM pairs
         WHERE stands IS DISTINCT FROM written AND erased IS NOT TRUE AND (stands IS NOT NULL OR id NOT IN (SELECT id FROM drafts))
           AND NOT (written IS NULL AND pairs.at < (SELECT at FROM begins))
         ORDER BY id, version LIMIT 1000
    )
    SELECT NULL::uuid, NULL::int4, NULL::int2, NULL::text, (SELECT count(*) FROM r),
           (SELECT count(*) FROM pairs WHERE written IS NULL AND at < (SELECT at FROM begins))
    UNION ALL
    SELECT id, version, type, CASE
               WHEN written IS NULL THEN 'inserted'
               WHEN stands IS NULL AND EXISTS (SELECT FROM r WHERE r.id = wrong.id AND r.version < wrong.version) THEN 'rolled-back'
               WHEN stands IS NULL THEN 'gone'
               WHEN stands = sha256('') THEN 'altered'
               WHEN EXISTS (SELECT FROM w WHERE w.hash = wrong.stands AND w.id = wrong.id) THEN 'rolled-back'
               WHEN EXISTS (SELECT FROM w WHERE w.hash = wrong.stands) THEN 'swapped'
               ELSE 'altered' END, NULL, NULL
      FROM wrong";

impl Store {
    /// Compares every body that the context reaches with the last event of its write. Asked by the operator, for all
    /// facilities of an organization: what is out of the context's reach would seem gone.
    ///
    /// # Errors
    /// As any statement.
    pub async fn verify_bodies(&self, ctx: &Ctx) -> Result<Integrity, Error> {
        let mut event = Event::success("phi.verify", "operator");
        let tx = self.db().begin(ctx).await?;
        tx.query(PATIENT, &[]).await?;
        let rows = tx.query(LOOK, &[&ctx.organization().0, &Action::WriteDraft.key()]).await?;
        tx.commit().await?;
        let mut found = Integrity::default();
        for row in &rows {
            if let Some(bodies) = row.get::<_, Option<i64>>(4) {
                (found.bodies, found.before_log) = (bodies, row.get(5));
                continue;
            }
            let rtype = row.get::<_, Option<i16>>(2).and_then(ResourceType::from_code);
            found.wrong.push(Wrong {
                rtype: rtype.map(ResourceType::as_str),
                id: ResourceId(row.get(0)),
                version: row.get(1),
                fault: Fault::of(row.get(3)),
            });
        }
        event.detail = Some(format!("{} bodies, {} wrong", found.bodies, found.wrong.len()));
        self.db().record(ctx, event).await?;
        Ok(found)
    }
}
