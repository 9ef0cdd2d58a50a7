//! Unfinished notes go where the records go: sealed anew, as a version of their own.

use db::keys::{Keyring, Place};
use db::{Event, ToSql, Tx, Write};
use kernel::{DataClass, PatientId, ResourceId, Version};
use uuid::Uuid;

use super::rows::Way;
use crate::record::DRAFT;
use crate::{Error, Store};

/// Which merge the drafts go over by, and whether it is made or undone.
#[derive(Clone, Copy)]
pub(super) enum Merge {
    Made(Uuid),
    Undone(Uuid),
}

const ALL: &str = "
    SELECT draft_id, version, body FROM chart.draft
     WHERE organization_id = $1 AND patient_id = $2 AND body IS NOT NULL ORDER BY draft_id FOR UPDATE";

const BROUGHT: &str = "
    SELECT draft_id, version, body FROM chart.draft
     WHERE organization_id = $1 AND patient_id = $2 AND body IS NOT NULL AND merges[cardinality(merges)] = $3
     ORDER BY draft_id FOR UPDATE";

const MOVE: &str = "
    UPDATE chart.draft d
       SET patient_id = $3, version = n.version + 1, body = n.body,
           merges = CASE WHEN $8 THEN d.merges || $7::uuid ELSE trim_array(d.merges, 1) END
      FROM unnest($4::uuid[], $5::int4[], $6::bytea[]) n (id, version, body)
     WHERE d.organization_id = $1 AND d.patient_id = $2 AND d.draft_id = n.id AND d.version = n.version";

impl Store {
    /// Takes the unfinished notes over, or back. What was signed meanwhile is a record and stays where it was signed.
    pub(super) async fn carry_drafts(
        &self,
        tx: &Tx<'_>,
        way: Way,
        merge: Merge,
        event: &mut Event,
    ) -> Result<(), Error> {
        let ctx = tx.ctx();
        let organization = ctx.organization();
        let (made, merge) = match merge {
            Merge::Made(merge) => (true, merge),
            Merge::Undone(merge) => (false, merge),
        };
        let rows = if made {
            tx.query(ALL, &[&organization.0, &way.from.0]).await?
        } else {
            tx.query(BROUGHT, &[&organization.0, &way.from.0, &merge]).await?
        };
        if rows.is_empty() {
            return Ok(());
        }
        let place = |patient: PatientId, row: Uuid, version: i32| Place {
            organization,
            patient: Some(patient),
            class: DataClass::General,
            table: DRAFT,
            row: ResourceId(row),
            version: Version(version),
        };
        let ring = self.db.keyring();
        let to = ring.current_patient_key(ctx, way.facility, way.to, DataClass::General).await?;
        let (mut ids, mut versions, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (id, version, body): (Uuid, i32, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            let number = Keyring::number_of(&body).ok_or(db::Error::Seal("too short"))?;
            let name = (way.from, DataClass::General, number);
            let key = ring.patient_keys(ctx, [name]).await?.remove(&name);
            let key =
                key.ok_or(db::Error::Seal("the key it names is not there"))?.ok_or(db::Error::Erased)?;
            let (_, clear) = key.open(&place(way.from, id, version), &body)?;
            let sealed = to.seal(&place(way.to, id, version + 1), 0, &clear, self.db.world());
            event.writes.push(Write::of(ResourceId(id), Version(version + 1), &sealed));
            ids.push(id);
            versions.push(version);
            bodies.push(sealed);
        }
        let params: [&(dyn ToSql + Sync); 8] =
            [&organization.0, &way.from.0, &way.to.0, &ids, &versions, &bodies, &merge, &made];
        tx.query(MOVE, &params).await?;
        Ok(())
    }
}
