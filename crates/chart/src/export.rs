//! Records leaving in bulk: page by page, each page an event with all its patients.

use db::{Ctx, Event, ToSql};
use kernel::DataClass;
use policy::{Action, Target};
use uuid::Uuid;

use crate::model::{ExportPage, ExportRequest};
use crate::record::{Keys, Record};
use crate::{Error, Store};

/// Along the type's index, facility by facility; the place of the last row is looked up by its id.
const PAGE: &str = "
    SELECT f.* FROM unnest($2::int4[]) k (facility_id) CROSS JOIN LATERAL (
        SELECT c.id, c.version, c.facility_id, c.patient_id, c.class, c.updated_at, c.body, c.starts_at FROM chart.resource c
         WHERE c.organization_id = $1 AND c.facility_id = k.facility_id AND c.type = $3 AND c.class = ANY ($4::int2[])
           AND c.body IS NOT NULL AND (c.starts_at, c.id) > (
               coalesce((SELECT l.starts_at FROM chart.resource l WHERE l.organization_id = $1 AND l.id = $5), '-infinity'),
               coalesce($5, '00000000-0000-0000-0000-000000000000'::uuid))
         ORDER BY c.starts_at, c.id LIMIT $6) f
     ORDER BY f.starts_at, f.id LIMIT $6";

const PATIENT_PAGE: &str = "
    SELECT c.id, c.version, c.facility_id, c.patient_id, c.class, c.updated_at, c.body, c.starts_at FROM chart.resource c
     WHERE c.organization_id = $1 AND c.facility_id = ANY ($2::int4[]) AND c.type = $3 AND c.class = ANY ($4::int2[])
       AND c.body IS NOT NULL AND c.patient_id = $7 AND (c.starts_at, c.id) > (
           coalesce((SELECT l.starts_at FROM chart.resource l WHERE l.organization_id = $1 AND l.id = $5), '-infinity'),
           coalesce($5, '00000000-0000-0000-0000-000000000000'::uuid))
     ORDER BY c.starts_at, c.id LIMIT $6";

impl Store {
    /// One page of an export, in order of clinical date.
    ///
    /// # Errors
    /// Denied without the permission to export.
    pub async fn export(&self, ctx: &Ctx, request: ExportRequest) -> Result<ExportPage, Error> {
        self.db.authorize(ctx, Action::Export, Target::default()).await?;
        self.sees_all(ctx, Action::Export).await?;
        let mut facilities: Vec<i32> = ctx.facilities().iter().map(|facility| facility.0).collect();
        facilities.push(0);
        let classes: Vec<i16> = DataClass::ALL
            .into_iter()
            .filter(|class| ctx.may_see(*class))
            .map(|class| class as i16)
            .collect();
        let organization = ctx.organization().0;
        let rtype = request.rtype.code();
        let patient = request.patient.map(|patient| patient.0);
        let mut params: Vec<&(dyn ToSql + Sync)> =
            vec![&organization, &facilities, &rtype, &classes, &request.after, &request.limit];
        let tx = self.db.begin(ctx).await?;
        let rows = match &patient {
            None => tx.last(PAGE, &params).await?,
            Some(patient) => {
                params.push(patient);
                tx.last(PATIENT_PAGE, &params).await?
            }
        };
        drop(tx);
        let records =
            rows.iter().map(|row| Record::read(request.rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let bodies = records.iter().map(|record| keys.open(ctx, record)).collect::<Result<Vec<_>, _>>()?;
        let full = usize::try_from(request.limit).is_ok_and(|limit| records.len() >= limit);
        let next: Option<Uuid> = records.last().filter(|_| full).map(|record| record.id.0);
        if records.is_empty() {
            return Ok(ExportPage { documents: Vec::new(), next: None });
        }
        let mut event = Event::success(Action::Export.key(), Action::Export.needs().key()).about(rtype, None);
        event.detail = Some(format!("{} exported", records.len()));
        let receipt = self.db.record(ctx, event.showing(bodies.iter())).await?;
        let mut documents = Vec::with_capacity(records.len());
        for (record, body) in records.iter().zip(bodies) {
            documents.push(self.document(ctx, record, body.open(&receipt)?).await?);
        }
        Ok(ExportPage { documents, next })
    }
}
