//! Records leaving in bulk: page by page, each page an event with all its patients.

use db::{Ctx, Event, Row, Subject, ToSql};
use fhir::ResourceType;
use kernel::{DataClass, FacilityId, PatientId, ResourceId};
use policy::{Action, Target};
use uuid::Uuid;

use crate::model::{Document, ExportPage, ExportRequest, ExportScope};
use crate::record::{Keys, Record};
use crate::{Error, Store, view};

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

/// In order of id, which no change moves: what is written meanwhile makes nothing be left out or come twice. `$10`: what was
/// deleted instead of what is there.
const LIST: &str = "
    SELECT c.id FROM chart.resource c
     WHERE c.organization_id = $1 AND c.facility_id = ANY ($2::int4[]) AND c.type = $3 AND c.class = ANY ($4::int2[])
       AND (c.body IS NULL) = $10 AND ($5::uuid IS NULL OR c.id > $5)
       AND ($7::uuid[] IS NULL OR c.patient_id = ANY ($7)) AND (NOT $8 OR c.patient_id IS NOT NULL)
       AND ($9::timestamptz IS NULL OR c.updated_at > $9)
       AND ($11::uuid[] IS NULL OR c.patient_id IS NULL OR c.patient_id = ANY ($11))
     ORDER BY c.id LIMIT $6";

const NAMED: &str = "
    SELECT c.id, c.version, c.facility_id, c.patient_id, c.class, c.updated_at, c.body FROM unnest($5::uuid[]) k (id)
      JOIN chart.resource c ON c.organization_id = $1 AND c.id = k.id
     WHERE c.facility_id = ANY ($2::int4[]) AND c.type = $3 AND c.class = ANY ($4::int2[])
     ORDER BY c.id";

fn numbers(facilities: &[FacilityId]) -> Vec<i32> {
    facilities.iter().copied().chain([FacilityId::WHOLE]).map(|facility| facility.0).collect()
}

/// Of these classes those that the context may see.
fn codes(ctx: &Ctx, classes: &[DataClass]) -> Vec<i16> {
    classes.iter().filter(|class| ctx.may_see(**class)).map(|class| *class as i16).collect()
}

fn uuids(patients: Option<&[PatientId]>) -> Option<Vec<Uuid>> {
    patients.map(|patients| patients.iter().map(|patient| patient.0).collect())
}

impl Store {
    /// One page of an export, in order of clinical date.
    ///
    /// # Errors
    /// Denied without the permission to export, and to who sees a part of the record: the order would tell of the rest.
    pub async fn export(&self, ctx: &Ctx, request: ExportRequest) -> Result<ExportPage, Error> {
        self.db.authorize(ctx, Action::Export, Target::default()).await?;
        self.sees_all(ctx, Action::Export).await?;
        let (facilities, classes) = (numbers(ctx.facilities()), codes(ctx, &DataClass::ALL));
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
        let full = usize::try_from(request.limit).is_ok_and(|limit| rows.len() >= limit);
        let next = rows.last().filter(|_| full).map(|row| row.get(0));
        Ok(ExportPage { documents: self.exported(ctx, request.rtype, &rows, "").await?, next })
    }

    /// The next ids of what an export takes of a type, in order, or of what was deleted of it. Nothing of them leaves.
    ///
    /// # Errors
    /// Denied without the permission to export.
    pub async fn list_exported(
        &self,
        ctx: &Ctx,
        (rtype, deleted): (ResourceType, bool),
        scope: &ExportScope<'_>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Uuid>, Error> {
        self.db.authorize(ctx, Action::Export, Target::default()).await?;
        if !crate::has_type(ctx, rtype) {
            return Ok(Vec::new());
        }
        let (facilities, classes) = (numbers(scope.facilities), codes(ctx, scope.classes));
        let (organization, rtype) = (ctx.organization().0, rtype.code());
        let (patients, related) = (uuids(scope.patients), uuids(scope.related));
        let params: [&(dyn ToSql + Sync); 11] = [
            &organization,
            &facilities,
            &rtype,
            &classes,
            &after,
            &limit,
            &patients,
            &scope.patients_only,
            &scope.since,
            &deleted,
            &related,
        ];
        let rows = self.db.begin(ctx).await?.last(LIST, &params).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Those of these records that are still there for the context, as it sees them; `note` goes into the log with them.
    ///
    /// # Errors
    /// Denied without the permission to export.
    pub async fn export_listed(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        scope: &ExportScope<'_>,
        ids: &[Uuid],
        note: &str,
    ) -> Result<Vec<Document>, Error> {
        let rows = self.named(ctx, rtype, scope, ids).await?;
        self.exported(ctx, rtype, &rows, note).await
    }

    /// Those of these records that are deleted, in sight of the context.
    ///
    /// # Errors
    /// Denied without the permission to export.
    pub async fn export_deleted(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        scope: &ExportScope<'_>,
        ids: &[Uuid],
        note: &str,
    ) -> Result<Vec<ResourceId>, Error> {
        let rows = self.named(ctx, rtype, scope, ids).await?;
        let gone: Vec<Subject> = records(ctx, rtype, &rows)?
            .iter()
            .filter(|record| record.sealed.is_none())
            .map(|record| record.subject(ctx))
            .collect();
        let mut event = event(rtype, &format!("{} deletions exported{note}", gone.len()));
        gone.iter().for_each(|subject| event.concerns(*subject));
        self.db.record(ctx, event).await?;
        Ok(gone.into_iter().map(|subject| subject.resource).collect())
    }

    async fn named(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        scope: &ExportScope<'_>,
        ids: &[Uuid],
    ) -> Result<Vec<Row>, Error> {
        self.db.authorize(ctx, Action::Export, Target::default()).await?;
        let (facilities, classes) = (numbers(scope.facilities), codes(ctx, scope.classes));
        let params: [&(dyn ToSql + Sync); 5] =
            [&ctx.organization().0, &facilities, &rtype.code(), &classes, &ids];
        Ok(self.db.begin(ctx).await?.last(NAMED, &params).await?)
    }

    /// The documents of these rows, once it is in the log that they leave.
    async fn exported(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        rows: &[Row],
        note: &str,
    ) -> Result<Vec<Document>, Error> {
        let mut records = records(ctx, rtype, rows)?;
        records.retain(|record| record.sealed.is_some());
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let mut opened = Vec::with_capacity(records.len());
        for record in &records {
            match keys.open(ctx, record) {
                Ok(body) => opened.push((record, body)),
                // Erased since, or nothing of it is left for this reader.
                Err(Error::Db(db::Error::Erased)) => {}
                Err(Error::Db(db::Error::Seal(_))) if ctx.fields().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        if opened.is_empty() {
            return Ok(Vec::new());
        }
        let event = event(rtype, &format!("{} exported{note}", opened.len()));
        let receipt = self.db.record(ctx, event.showing(opened.iter().map(|(_, body)| body))).await?;
        let mut documents = Vec::with_capacity(opened.len());
        for (record, body) in opened {
            documents.push(self.document(ctx, record, body.open(&receipt)?).await?);
        }
        Ok(documents)
    }
}

fn event(rtype: ResourceType, detail: &str) -> Event {
    let event = Event::success(Action::Export.key(), Action::Export.needs().key());
    Event { detail: Some(detail.to_owned()), ..event.about(rtype.code(), None) }
}

/// The rows that exist for the context.
fn records(ctx: &Ctx, rtype: ResourceType, rows: &[Row]) -> Result<Vec<Record>, Error> {
    let mut records = rows.iter().map(|row| Record::read(rtype, row)).collect::<Result<Vec<_>, _>>()?;
    records.retain(|record| view::exists(ctx, record));
    Ok(records)
}
