//! The store's one entrance: single resources. Searches, bundles, imports and exports have files of their own.

use db::{Answered, Ctx, Db, Event, Outcome, Phi, Tx, Write};
use fhir::ResourceType;
use fhir::json::{Limits, parse};
use fhir::search::extract;
use fhir::validate::Issue;
use jiff::Timestamp;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, Version};
use policy::{Action, Target};

use crate::directory::Directory;
use crate::hooks::{self, By};
use crate::index::{self, Token};
use crate::intake::{self, Draft, Placed};
use crate::model::{CreateOptions, Document, History, Revision, Written};
use crate::places::{Places, hold, stands};
use crate::record::{Keys, Record};
use crate::search::Door;
use crate::write::{self, Change, SealingKeys};
use crate::{Error, search, view};

/// The sealed FHIR store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) directory: Directory,
    pub(crate) limits: Limits,
}

/// A current row with what an update needs to know of it.
pub(crate) struct Current {
    pub(crate) record: Record,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

const READ: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, starts_at, ends_at FROM chart.resource
     WHERE organization_id = $1 AND id = $2 AND type = $3";

const READ_VERSION: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
     WHERE organization_id = $1 AND id = $2 AND type = $3 AND version = $4
    UNION ALL
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource_version
     WHERE organization_id = $1 AND id = $2 AND type = $3 AND version = $4";

const HISTORY: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body, max(version) OVER () FROM (
        SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
         WHERE organization_id = $1 AND id = $2 AND type = $3
        UNION ALL
        SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource_version
         WHERE organization_id = $1 AND id = $2 AND type = $3) all_versions
     WHERE version < $4 ORDER BY version DESC LIMIT $5";

const HAS_RECORDS: &str = "
    (SELECT 1 FROM chart.resource WHERE organization_id = $1 AND patient_id = $2 AND id <> $2 AND body IS NOT NULL LIMIT 1)
    UNION ALL
    (SELECT 1 FROM chart.draft WHERE organization_id = $1 AND patient_id = $2 AND body IS NOT NULL LIMIT 1)";

impl Store {
    /// The store on `db`.
    pub fn new(db: Db) -> Self {
        Self { db, directory: Directory::new(), limits: Limits::default() }
    }

    /// The database under it.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// FHIR `read` (<https://hl7.org/fhir/R4/http.html#read>).
    ///
    /// # Errors
    /// [`Error::Gone`] when deleted; not found when there is none that this context may see.
    pub async fn read(&self, ctx: &Ctx, rtype: ResourceType, id: ResourceId) -> Result<Document, Error> {
        self.db.authorize(ctx, Action::Read, Target::default()).await?;
        let record = self.current_row(&Door::Own(ctx), rtype, id).await?;
        self.show(ctx, Action::Read, rtype, id, record).await
    }

    pub(crate) async fn current_row(
        &self,
        door: &Door<'_>,
        rtype: ResourceType,
        id: ResourceId,
    ) -> Result<Option<Record>, Error> {
        let organization = door.ctx().organization().0;
        let rows = door.rows(&self.db, READ, &[&organization, &id.0, &rtype.code()]).await?;
        rows.first().map(|row| Record::read(rtype, row)).transpose()
    }

    /// FHIR `vread` (<https://hl7.org/fhir/R4/http.html#vread>).
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_version(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        version: Version,
    ) -> Result<Document, Error> {
        self.db.authorize(ctx, Action::Read, Target::default()).await?;
        if ctx.fields().is_some() {
            // Every change makes a version, also of what is hidden.
            return Err(self.absent(ctx, Action::Read, rtype, id).await?);
        }
        let tx = self.db.begin(ctx).await?;
        let params: [&(dyn db::ToSql + Sync); 4] = [&ctx.organization().0, &id.0, &rtype.code(), &version.0];
        let rows = tx.last(READ_VERSION, &params).await?;
        drop(tx);
        let record = rows.first().map(|row| Record::read(rtype, row)).transpose()?;
        self.show(ctx, Action::Read, rtype, id, record).await
    }

    /// Shows one record, or says that there is none; either way the log knows.
    async fn show(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
        id: ResourceId,
        record: Option<Record>,
    ) -> Result<Document, Error> {
        let Some(record) = record else {
            return Err(self.absent(ctx, action, rtype, id).await?);
        };
        let mut event = write::event(action, rtype, id, record.version);
        event.facility = record.facility;
        event.concerns(record.subject(ctx));
        if !view::exists(ctx, &record) {
            event.outcome = Outcome::Denied;
            event.reason = "data class or type out of sight";
            self.db.record(ctx, event).await?;
            return Err(db::Error::NotFound.into());
        }
        if record.sealed.is_none() {
            event.detail = Some("deleted".to_owned());
            self.db.record(ctx, event).await?;
            return Err(self.gone(ctx, &record).await?);
        }
        let records = [record];
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let [record] = records;
        let body = keys.open(ctx, &record)?;
        let receipt = self.db.record(ctx, event).await?;
        self.document(ctx, &record, body.open(&receipt)?).await
    }

    /// Logs that someone asked for what is not there, or not for them, and gives the error that says so.
    pub(crate) async fn absent(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
        id: ResourceId,
    ) -> Result<Error, Error> {
        let mut event = Event::success(action.key(), "not found or out of reach").about(rtype.code(), None);
        event.resource = Some(id);
        event.outcome = Outcome::Failure;
        self.db.record(ctx, event).await?;
        if rtype == ResourceType::Patient {
            self.refuse_closed(ctx, PatientId(id.0)).await?;
        }
        Ok(db::Error::NotFound.into())
    }

    /// The error of a record that has no body any more: it was deleted, or erased with its patient.
    async fn gone(&self, ctx: &Ctx, record: &Record) -> Result<Error, Error> {
        if let Some(patient) = record.patient {
            self.refuse_closed(ctx, patient).await?;
        }
        Ok(Error::Gone(record.version))
    }

    /// FHIR `create`, also conditional (<https://hl7.org/fhir/R4/http.html#ccreate>).
    ///
    /// # Errors
    /// [`Error::Invalid`] naming each fault of the document; 412 when `if_none_exist` matches several.
    pub async fn create(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        body: &[u8],
        options: CreateOptions<'_>,
    ) -> Result<Written, Error> {
        self.db.authorize(ctx, Action::Create, Target::default()).await?;
        self.may_change(ctx, Action::Create).await?;
        let at = self.db.world().now();
        let id = ResourceId(self.db.world().uuid_at(at));
        let draft = self.draft(ctx, body, rtype, (id, Version::FIRST, at))?;
        let mut tx = None;
        if let Some(query) = options.if_none_exist {
            let open = self.db.begin(ctx).await?;
            if let Some(existing) = self.if_none_exist(&open, rtype, query).await? {
                if let Some(key) = options.idempotency {
                    open.record_answer(key, &answer(200, rtype, existing, Version::FIRST, at)).await?;
                }
                open.commit().await?;
                let document = self.read(ctx, rtype, existing).await?;
                return Ok(Written { document, created: false });
            }
            tx = Some(open);
        }
        if tx.is_none() && !draft.links.is_empty() {
            tx = Some(self.db.begin(ctx).await?);
        }
        let places = match &tx {
            Some(tx) => Places::look_up(tx, [&draft]).await?,
            None => Places::default(),
        };
        let facility = places.settle(ctx, &draft, options.facility)?;
        let target = Target { facility: Some(facility), class: Some(draft.class) };
        self.db.authorize(ctx, Action::Create, target).await?;
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let placed = [intake::place(draft, facility, tokens.written(), at)?];
        let keys = SealingKeys::of(&self.db, ctx, placed.iter()).await?;
        let tx = match tx {
            Some(tx) => tx,
            None => self.db.begin(ctx).await?,
        };
        if let Some(key) = options.idempotency {
            tx.record_answer(key, &answer(201, rtype, id, Version::FIRST, at)).await?;
        }
        let event = write::event(Action::Create, rtype, id, Version::FIRST);
        write::insert(&self.db, &tx, &keys, By::Client, &placed, event).await?;
        let [placed] = placed;
        Ok(Written { document: self.written(ctx, placed).await?, created: true })
    }

    /// FHIR `update` (<https://hl7.org/fhir/R4/http.html#update>). Ids are given by the server: an unknown one is not
    /// found.
    ///
    /// # Errors
    /// 428 without `if_match`; 412 when it is not the current version; 422 when the record would change its patient.
    pub async fn update(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        if_match: Option<Version>,
        body: &[u8],
    ) -> Result<Written, Error> {
        self.db.authorize(ctx, Action::Update, Target::default()).await?;
        self.may_change(ctx, Action::Update).await?;
        match self.update_once(ctx, (rtype, id), if_match, body).await {
            // Another change was faster, which is said now, or the patient moved meanwhile.
            Err(Error::Db(db::Error::Conflict)) => self.update_once(ctx, (rtype, id), if_match, body).await,
            done => done,
        }
    }

    async fn update_once(
        &self,
        ctx: &Ctx,
        (rtype, id): (ResourceType, ResourceId),
        if_match: Option<Version>,
        body: &[u8],
    ) -> Result<Written, Error> {
        let tx = self.db.begin(ctx).await?;
        let current = self.current(&tx, Action::Update, rtype, id, if_match).await?;
        let at = self.db.world().now();
        let version = current.record.version;
        let draft = self.redraft(ctx, &current.record, body, at).await?;
        let draft = self.keep_links(ctx, &current, draft).await?;
        Places::look_up(&tx, [&draft]).await?.check(&draft)?;
        let (placed, change) = self.change(&tx, Action::Update, &current, draft).await?;
        let keys = SealingKeys::of(&self.db, ctx, std::iter::once(&placed)).await?;
        let event = write::event(Action::Update, rtype, id, version.next());
        let change = Change { new: Some(&placed), ..change };
        write::replace(&self.db, &tx, &keys, By::Client, &change, Some(event)).await?;
        Ok(Written { document: self.written(ctx, placed).await?, created: false })
    }

    /// FHIR `delete` (<https://hl7.org/fhir/R4/http.html#delete>): a tombstone; the past stays. Gives its version.
    ///
    /// # Errors
    /// As [`Store::update`]; 409 for a patient who still has records.
    pub async fn delete(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        if_match: Option<Version>,
    ) -> Result<Version, Error> {
        self.db.authorize(ctx, Action::Delete, Target::default()).await?;
        self.may_change(ctx, Action::Delete).await?;
        match self.delete_once(ctx, rtype, id, if_match).await {
            Err(Error::Db(db::Error::Conflict)) => self.delete_once(ctx, rtype, id, if_match).await,
            done => done,
        }
    }

    async fn delete_once(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        if_match: Option<Version>,
    ) -> Result<Version, Error> {
        let tx = self.db.begin(ctx).await?;
        let current = self.current(&tx, Action::Delete, rtype, id, if_match).await?;
        if current.record.sealed.is_none() {
            return Err(Error::Gone(current.record.version));
        }
        self.may_delete(&tx, &current).await?;
        let change = self.deletion(ctx, &current).await?;
        let version = current.record.version.next();
        let event = write::event(Action::Delete, rtype, id, version);
        write::replace(&self.db, &tx, &SealingKeys::default(), By::Client, &change, Some(event)).await?;
        Ok(version)
    }

    /// FHIR `history-instance` (<https://hl7.org/fhir/R4/http.html#history>), newest first, before version `before`.
    ///
    /// # Errors
    /// Not found when there is none that this context may see.
    pub async fn history(
        &self,
        ctx: &Ctx,
        rtype: ResourceType,
        id: ResourceId,
        count: u32,
        before: Option<Version>,
    ) -> Result<History, Error> {
        self.db.authorize(ctx, Action::History, Target::default()).await?;
        if ctx.fields().is_some() {
            return Err(self.absent(ctx, Action::History, rtype, id).await?);
        }
        let tx = self.db.begin(ctx).await?;
        let before = before.map_or(i32::MAX, |version| version.0);
        let limit = i64::from(count) + 1;
        let params: [&(dyn db::ToSql + Sync); 5] =
            [&ctx.organization().0, &id.0, &rtype.code(), &before, &limit];
        let rows = tx.last(HISTORY, &params).await?;
        drop(tx);
        let mut records = rows.iter().map(|row| Record::read(rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let seen = |record: &Record| ctx.may_see(record.class);
        if records.is_empty() || !records.iter().all(seen) {
            return self
                .show(ctx, Action::History, rtype, id, records.into_iter().find(|r| !seen(r)))
                .await
                .map(|_| History { revisions: Vec::new(), total: 0, next: None });
        }
        if records.iter().any(|record| record.sealed.is_none())
            && let Some(record) = records.first()
        {
            // A deleted record has a history; an erased one has none any more.
            self.gone(ctx, record).await?;
        }
        let total = rows.first().map_or(0, |row| u64::try_from(row.get::<_, i32>(7)).unwrap_or(0));
        let more = records.len() > count as usize;
        records.truncate(count as usize);
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let mut event = Event::success(Action::History.key(), Action::History.needs().key());
        event = event.about(rtype.code(), records.first().map(|record| (id, record.version)));
        for record in &records {
            event.concerns(record.subject(ctx));
            event.facility = record.facility;
        }
        let bodies = records
            .iter()
            .map(|record| record.sealed.is_some().then(|| keys.open(ctx, record)).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let receipt = self.db.record(ctx, event).await?;
        let next = more.then(|| records.last().map(|record| record.version)).flatten();
        let mut revisions = Vec::with_capacity(records.len());
        for (record, body) in records.iter().zip(bodies) {
            let body = body.map(|body: Phi<Vec<u8>>| body.open(&receipt)).transpose()?;
            revisions.push(Revision { version: record.version, updated_at: record.updated_at, body });
        }
        Ok(History { revisions, total, next })
    }

    /// The patient's facility, when the context reaches it.
    ///
    /// # Errors
    /// Not found otherwise.
    pub async fn facility_of(&self, ctx: &Ctx, patient: PatientId) -> Result<FacilityId, Error> {
        let tx = self.db.begin(ctx).await?;
        let params: [&(dyn db::ToSql + Sync); 3] =
            [&ctx.organization().0, &patient.0, &ResourceType::Patient.code()];
        let rows = tx.last(READ, &params).await?;
        rows.first().map(|row| FacilityId(row.get(2))).ok_or_else(|| db::Error::NotFound.into())
    }

    /// Where a patient is who exists for `ctx`, among the rows that `sight` reaches: not deleted, of a class and type that
    /// the caller sees.
    ///
    /// # Errors
    /// As [`Store::refuse_closed`].
    pub async fn find_patient(
        &self,
        sight: &Ctx,
        ctx: &Ctx,
        patient: PatientId,
    ) -> Result<Option<FacilityId>, db::Error> {
        let tx = self.db.begin(sight).await?;
        let params: [&(dyn db::ToSql + Sync); 3] =
            [&ctx.organization().0, &patient.0, &ResourceType::Patient.code()];
        let rows = tx.last(READ, &params).await?;
        drop(tx);
        if rows.first().is_none_or(|row| row.get::<_, Option<&[u8]>>(6).is_none()) {
            self.refuse_closed(sight, patient).await?;
        }
        let Some(row) = rows.first() else { return Ok(None) };
        let class = DataClass::from_code(row.get(4)).ok_or(db::Error::Seal("unknown data class"))?;
        let exists = row.get::<_, Option<&[u8]>>(6).is_some()
            && ctx.may_see(class)
            && view::shows(ctx, ResourceType::Patient, Some(patient));
        Ok(exists.then(|| FacilityId(row.get(2))))
    }

    /// The current row, checked against If-Match. What may not be seen is not found.
    pub(crate) async fn current(
        &self,
        tx: &Tx<'_>,
        action: Action,
        rtype: ResourceType,
        id: ResourceId,
        if_match: Option<Version>,
    ) -> Result<Current, Error> {
        let ctx = tx.ctx();
        let rows = tx.query(READ, &[&ctx.organization().0, &id.0, &rtype.code()]).await?;
        let record = rows.first().map(|row| Record::read(rtype, row)).transpose()?;
        let visible = record.filter(|record| view::exists(ctx, record));
        let (Some(row), Some(record)) = (rows.first(), visible) else {
            return Err(self.absent(ctx, action, rtype, id).await?);
        };
        let target = Target { facility: Some(record.facility), class: Some(record.class) };
        self.db.authorize(ctx, action, target).await?;
        if record.sealed.is_none() {
            // A deleted record may be written again; an erased one is nobody's any more.
            self.gone(ctx, &record).await?;
        }
        match if_match {
            None => Err(Error::Request(428, "say with If-Match which version you mean to change")),
            Some(version) if version != record.version => Err(db::Error::Conflict.into()),
            Some(_) => Ok(Current { record, starts_at: row.get(7), ends_at: row.get(8) }),
        }
    }

    /// Leaves only the references that the current version does not have: those were looked up when it was written.
    async fn keep_links(&self, ctx: &Ctx, current: &Current, mut draft: Draft) -> Result<Draft, Error> {
        if draft.links.is_empty() || current.record.sealed.is_none() {
            return Ok(draft);
        }
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(&current.record)).await?;
        keys.open_whole(ctx, &current.record)?.matches(|body| {
            let Ok(root) = parse(body, &self.limits) else { return false };
            let before = intake::links(&root).unwrap_or_default();
            draft.links.retain(|link| !before.iter().any(|old| old.id == link.id && old.rtype == link.rtype));
            true
        });
        Ok(draft)
    }

    /// Places a draft over the current row, and describes the change without its new half.
    pub(crate) async fn change(
        &self,
        tx: &Tx<'_>,
        action: Action,
        current: &Current,
        draft: Draft,
    ) -> Result<(Placed, Change<'static>), Error> {
        let (ctx, record) = (tx.ctx(), &current.record);
        self.keeps_file(ctx, record, &draft).await?;
        if draft.patient() != record.patient {
            let issue = Issue::error(
                "business-rule",
                draft.rtype.as_str(),
                "a record cannot move to another patient",
            );
            return Err(Error::Invalid(vec![issue]));
        }
        let target = Target { facility: Some(record.facility), class: Some(draft.class) };
        self.db.authorize(ctx, action, target).await?;
        if let Some(patient) = record.patient.filter(|_| draft.class != record.class) {
            // Its key may be new, and is made where the patient is.
            stands(&hold(tx, &[patient]).await?, patient, record.facility)?;
        }
        let mut change = self.deletion(ctx, current).await?;
        change.at = draft.at;
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let dated = current.ends_at > current.starts_at;
        let order = if dated { draft.at } else { current.starts_at };
        Ok((intake::place(draft, record.facility, tokens.written(), order)?, change))
    }

    /// The change that deletes the current row: its tokens, computed again from its body.
    pub(crate) async fn deletion(&self, ctx: &Ctx, current: &Current) -> Result<Change<'static>, Error> {
        let record = &current.record;
        let tokens = self.db.keyring().token_keys(ctx).await?;
        let mut old_tokens: Vec<Token> = Vec::new();
        let mut was = None;
        if record.sealed.is_some() {
            let keys = Keys::of(&self.db, ctx, std::slice::from_ref(record)).await?;
            keys.open_whole(ctx, record)?.matches(|body| {
                let Ok(root) = parse(body, &self.limits) else { return false };
                was = hooks::kept(record.rtype, &root);
                let found = extract(record.rtype, &root);
                old_tokens = index::index(tokens.removed(), record.scope(), &found, current.starts_at).tokens;
                true
            });
        }
        Ok(Change {
            rtype: record.rtype,
            id: record.id,
            facility: record.facility,
            patient: record.patient,
            from: record.version,
            at: self.db.world().now(),
            old_tokens,
            hold: tokens.are_changing(),
            was,
            new: None,
        })
    }

    /// A patient goes last: not while records hang on them.
    pub(crate) async fn may_delete(&self, tx: &Tx<'_>, current: &Current) -> Result<(), Error> {
        if current.record.rtype != ResourceType::Patient {
            return Ok(());
        }
        // The answer would tell of records that are not in sight.
        self.sees_all(tx.ctx(), Action::Delete).await?;
        let rows = tx.query(HAS_RECORDS, &[&tx.ctx().organization().0, &current.record.id.0]).await?;
        if rows.is_empty() { Ok(()) } else { Err(Error::Request(409, "the patient still has records")) }
    }

    /// `If-None-Exist`: the one match, none, or 412. Equal conditions wait for each other, so that two that run at the
    /// same time create one resource.
    pub(crate) async fn if_none_exist(
        &self,
        tx: &Tx<'_>,
        rtype: ResourceType,
        query: &str,
    ) -> Result<Option<ResourceId>, Error> {
        let ctx = tx.ctx();
        let key = self.db.keyring().index_key(ctx).await?;
        let lock = key.token(&[b"if-none-exist", &rtype.code().to_be_bytes(), query.as_bytes()]);
        tx.query("SELECT pg_advisory_xact_lock($1)", &[&lock]).await?;
        let matches = search::conditional(self, tx, rtype, query).await?;
        match matches.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(Error::Request(412, "the condition matches several resources")),
        }
    }
}

fn answer(
    status: u16,
    resource_type: ResourceType,
    resource: ResourceId,
    version: Version,
    at: Timestamp,
) -> Answered {
    Answered { status, resource_type: resource_type.code(), resource, version, at }
}

/// The write of a deletion, for events.
pub(crate) fn tombstone(change: &Change<'_>) -> Write {
    Write::of(change.id, change.from.next(), &[])
}
