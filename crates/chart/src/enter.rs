//! Records that an area of the program makes, in its own transaction, under its own action: the clinic's verbs write
//! FHIR by the same path as everybody.

use std::collections::HashMap;

use db::{Ctx, Event, Phi, Receipt, Tx};
use fhir::ResourceType;
use fhir::json::parse;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};

use crate::hooks::{self, By};
use crate::intake;
use crate::model::Document;
use crate::places::{Places, hold};
use crate::record::{Keys, Record};
use crate::search::Door;
use crate::sight::{has_compartment, has_type};
use crate::write::{self, Change, SealingKeys};
use crate::{Error, Store, view};

/// Most records of a type that are listed of an organization.
const MOST: i64 = 1_000;
/// Most sensitive records of several patients that are opened at once.
const MOST_SENSITIVE: usize = 5_000;

const DIRECTORY: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
     WHERE organization_id = $1 AND facility_id = 0 AND type = $2 AND body IS NOT NULL ORDER BY starts_at, id LIMIT $3";

/// Along the records of each patient, as [`crate::search`] goes along those of one.
const SENSITIVE: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
     WHERE organization_id = $1 AND patient_id = ANY ($2) AND type = $3 AND class = ANY ($4) AND body IS NOT NULL
       AND ($5::timestamptz IS NULL OR ends_at >= $5)
     ORDER BY starts_at, id LIMIT $6";

const HOLD_RECORD: &str = "
    SELECT version FROM chart.resource
     WHERE organization_id = $1 AND id = $2 AND type = $3 AND body IS NOT NULL FOR NO KEY UPDATE";

const FACILITIES: &str = "
    SELECT id, facility_id FROM chart.resource WHERE organization_id = $1 AND id = ANY ($2) AND type = $3";

/// A record to be.
pub struct New {
    /// Its type.
    pub rtype: ResourceType,
    /// Its id.
    pub id: ResourceId,
    /// The document, without `id` and `meta`.
    pub body: Vec<u8>,
}

impl Store {
    /// Holds a patient where they are until the transaction ends, before anything else of theirs is touched.
    ///
    /// # Errors
    /// Not found when there is none within reach.
    pub async fn hold(&self, tx: &Tx<'_>, patient: PatientId) -> Result<FacilityId, Error> {
        let held: HashMap<_, _> = hold(tx, &[patient]).await?;
        held.get(&patient).copied().ok_or_else(|| db::Error::NotFound.into())
    }

    /// Holds a record as it is until the transaction ends, after its patient; gives its version.
    ///
    /// # Errors
    /// Not found when there is none within reach.
    pub async fn hold_record(
        &self,
        tx: &Tx<'_>,
        rtype: ResourceType,
        id: ResourceId,
    ) -> Result<Version, Error> {
        let rows = tx.query(HOLD_RECORD, &[&tx.ctx().organization().0, &id.0, &rtype.code()]).await?;
        rows.first().map(|row| Version(row.get(0))).ok_or_else(|| db::Error::NotFound.into())
    }

    /// Where these patients are; those out of reach are missing.
    ///
    /// # Errors
    /// As any statement.
    pub async fn facilities_of(
        &self,
        ctx: &Ctx,
        patients: &[PatientId],
    ) -> Result<HashMap<PatientId, FacilityId>, Error> {
        let ids: Vec<uuid::Uuid> = patients.iter().map(|patient| patient.0).collect();
        let params: [&(dyn db::ToSql + Sync); 3] =
            [&ctx.organization().0, &ids, &ResourceType::Patient.code()];
        let rows = self.db.begin(ctx).await?.last(FACILITIES, &params).await?;
        Ok(rows.iter().map(|row| (PatientId(row.get(0)), FacilityId(row.get(1)))).collect())
    }

    /// Writes new records as the last act of a transaction, with the event of the whole, and commits.
    ///
    /// # Errors
    /// As [`Store::create`]; a constraint when one of the ids is taken.
    pub async fn enter(
        &self,
        tx: &Tx<'_>,
        action: Action,
        records: Vec<New>,
        event: Event,
    ) -> Result<Receipt, Error> {
        let ctx = tx.ctx();
        self.sees_all(ctx, action).await?;
        let at = self.db.world().now();
        let mut drafts = Vec::with_capacity(records.len());
        for new in &records {
            drafts.push(self.draft(ctx, &new.body, new.rtype, (new.id, Version::FIRST, at))?);
        }
        let mut places = Places::look_up(tx, &drafts).await?;
        for draft in &drafts {
            places.add(draft.rtype, draft.id, FacilityId::WHOLE);
        }
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let mut placed = Vec::with_capacity(drafts.len());
        for draft in drafts {
            // What is no patient's is the organization's as a whole.
            let facility = places.settle(ctx, &draft, Some(FacilityId::WHOLE))?;
            self.db
                .authorize(ctx, action, Target { facility: Some(facility), class: Some(draft.class) })
                .await?;
            placed.push(intake::place(draft, facility, tokens.written(), at)?);
        }
        let keys = SealingKeys::of(&self.db, ctx, placed.iter()).await?;
        write::insert(&self.db, tx, &keys, By::Area, &placed, event).await
    }

    /// Replaces a record within a transaction; its references are not looked up again.
    ///
    /// # Errors
    /// As [`Store::update`].
    pub async fn alter(
        &self,
        tx: &Tx<'_>,
        action: Action,
        (rtype, id, version): (ResourceType, ResourceId, Version),
        body: &[u8],
        event: &mut Event,
    ) -> Result<(), Error> {
        let ctx = tx.ctx();
        let current = self.current(tx, action, rtype, id, Some(version)).await?;
        let at: Timestamp = self.db.world().now();
        let draft = self.draft(ctx, body, rtype, (id, version.next(), at))?;
        let (placed, change) = self.change(tx, action, &current, draft).await?;
        let keys = SealingKeys::of(&self.db, ctx, std::iter::once(&placed)).await?;
        let change = Change { new: Some(&placed), ..change };
        let (write, _) = write::replace(&self.db, tx, &keys, By::Area, &change, None).await?;
        write::note(event, placed.facility, placed.draft.patient(), write);
        Ok(())
    }

    /// A record of the organization as a whole, under an area's own action; nothing when it is not there.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn find_whole(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
        id: ResourceId,
    ) -> Result<Option<Document>, Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        let found = self.current_row(&Door::Own(ctx), rtype, id).await?;
        let found = found.filter(|record| record.sealed.is_some() && record.patient.is_none());
        let Some(record) = found.filter(|record| view::exists(ctx, record)) else { return Ok(None) };
        let event = write::event(action, rtype, id, record.version);
        let mut documents = self.shown(ctx, vec![record], event, |_| true).await?;
        Ok(documents.pop())
    }

    /// The records of a type that an area keeps for the organization as a whole, oldest first.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn list_kept(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
    ) -> Result<Vec<Document>, Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        let params: [&(dyn db::ToSql + Sync); 3] = [&ctx.organization().0, &rtype.code(), &MOST];
        let rows = Door::Own(ctx).rows(&self.db, DIRECTORY, &params).await?;
        let records = rows.iter().map(|row| Record::read(rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let records: Vec<Record> = records.into_iter().filter(|record| view::exists(ctx, record)).collect();
        let event = Event::success(action.key(), action.needs().key()).about(rtype.code(), None);
        let limits = self.limits;
        self.shown(ctx, records, event, |body| {
            parse(body, &limits).is_ok_and(|root| hooks::kept(rtype, &root).is_some())
        })
        .await
    }

    /// The sensitive records of a type of these patients that ended since, as far as they are for the caller. A search finds
    /// them inside one patient only; who goes from one patient to the next asks for those by name.
    ///
    /// # Errors
    /// As [`Store::search`]; 400 when there are too many.
    pub async fn list_sensitive(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        patients: &[PatientId],
        since: Option<Timestamp>,
    ) -> Result<Vec<Document>, Error> {
        const ACTION: Action = Action::Search;
        self.db.authorize(ctx, ACTION, Target::default()).await?;
        let classes = DataClass::ALL.into_iter().filter(|class| class.is_sensitive() && ctx.may_see(*class));
        let classes: Vec<i16> = classes.map(|class| class as i16).collect();
        if classes.is_empty() || patients.is_empty() || !has_type(ctx, rtype) || !has_compartment(ctx, rtype)
        {
            return Ok(Vec::new());
        }
        let ids: Vec<uuid::Uuid> = patients.iter().map(|patient| patient.0).collect();
        let most = i64::try_from(MOST_SENSITIVE).unwrap_or(i64::MAX);
        let params: [&(dyn db::ToSql + Sync); 6] =
            [&ctx.organization().0, &ids, &rtype.code(), &classes, &since, &most];
        let rows = Door::Own(ctx).rows(&self.db, SENSITIVE, &params).await?;
        if rows.len() >= MOST_SENSITIVE {
            return Err(Error::Request(400, "too many records: ask for fewer patients"));
        }
        let records = rows.iter().map(|row| Record::read(rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let records: Vec<Record> = records.into_iter().filter(|record| view::exists(ctx, record)).collect();
        let mut event = Event::success(ACTION.key(), ACTION.needs().key()).about(rtype.code(), None);
        event.detail = Some(format!("{} sensitive of {} patients", records.len(), patients.len()));
        self.shown(ctx, records, event, |_| true).await
    }

    async fn shown(
        &self,
        ctx: &Ctx,
        records: Vec<Record>,
        mut event: Event,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Document>, Error> {
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let mut bodies: Vec<(&Record, Phi<Vec<u8>>)> = Vec::new();
        for record in &records {
            let body = keys.open(ctx, record)?;
            if body.matches(|body| wanted(body)) {
                event.concerns(record.subject(ctx));
                bodies.push((record, body));
            }
        }
        let receipt = self.db.record(ctx, event).await?;
        let mut documents = Vec::with_capacity(bodies.len());
        for (record, body) in bodies {
            documents.push(self.document(ctx, record, body.open(&receipt)?).await?);
        }
        Ok(documents)
    }
}
