//! What whoever brings records in needs besides: whether somebody is here already, what stands now, and taking it back.

use db::{Ctx, Event, Phi};
use fhir::ResourceType;
use fhir::search::{Clause, Limits, parse_known};
use kernel::{FacilityId, ResourceId, Version};
use policy::{Action, Target};
use uuid::Uuid;

use crate::directory::Directory;
use crate::hooks::By;
use crate::intake::Draft;
use crate::model::Document;
use crate::record::{Keys, Record};
use crate::search::Door;
use crate::write::{self, Change, SealingKeys};
use crate::{Error, Store, has_parameter};

const STANDS: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource
     WHERE organization_id = $1 AND id = ANY ($2) AND type = $3 AND body IS NOT NULL";

const PAST: &str = "
    SELECT id, version, facility_id, patient_id, class, updated_at, body FROM chart.resource_version
     WHERE organization_id = $1 AND id = $2 AND type = $3 AND version = $4";

/// Somebody who may be here already.
#[derive(Clone, Copy, Debug)]
pub struct Alike<'a> {
    /// Family name.
    pub family: &'a str,
    /// First given name.
    pub given: &'a str,
    /// Birth date, as FHIR writes it.
    pub born: Option<&'a str>,
}

/// What became of what was to be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// It is gone, or is what it was before.
    Done,
    /// It was changed since, and stays.
    Changed,
    /// Other records hang on the patient, who stays.
    Needed,
    /// It was gone already.
    Gone,
}

impl Store {
    /// The patients at these facilities who may be the same: born on the day with a family or given name that sounds alike;
    /// without a birth date, those of both names. The answer is ids, which nobody reads but through the store; that it was
    /// asked is in the log.
    ///
    /// # Errors
    /// Denied without the permission for `action`.
    pub async fn alike(
        &self,
        ctx: &Ctx,
        action: Action,
        facilities: &[FacilityId],
        persons: &[Alike<'_>],
    ) -> Result<Vec<Vec<ResourceId>>, Error> {
        const PATIENT: ResourceType = ResourceType::Patient;
        self.db.authorize(ctx, action, Target::default()).await?;
        self.sees_all(ctx, action).await?;
        let mut event = Event::success(action.key(), action.needs().key()).about(PATIENT.code(), None);
        event.detail = Some(format!("{} looked for", persons.len()));
        self.db.record(ctx, event).await?;
        let now = self.db.world().now().as_microsecond();
        let mut found = Vec::with_capacity(persons.len());
        for person in persons {
            let questions: Vec<[(&str, &str); 2]> = match person.born {
                Some(born) => [person.family, person.given]
                    .into_iter()
                    .map(|name| [("birthdate", born), ("phonetic", name)])
                    .collect(),
                None => vec![[("family", person.family), ("given", person.given)]],
            };
            let mut ids: Vec<Uuid> = Vec::new();
            for question in
                questions.iter().filter(|question| question.iter().all(|(_, value)| !value.trim().is_empty()))
            {
                let escaped = question.map(|(name, value)| (name, escape(value)));
                let pairs = escaped.iter().map(|(name, value)| (*name, value.as_str()));
                let known = |subject| has_parameter(ctx, PATIENT, subject);
                let search = parse_known(PATIENT, pairs, &Limits::at(now), &known).map_err(Error::Query)?;
                let clauses: Vec<&Clause> =
                    search.clauses.iter().filter(|clause| Directory::answers(PATIENT, clause)).collect();
                if clauses.len() == question.len() {
                    ids.extend(
                        self.directory.find(&self.db, &Door::Own(ctx), PATIENT, facilities, &clauses).await?,
                    );
                }
            }
            ids.sort_unstable();
            ids.dedup();
            found.push(ids.into_iter().map(ResourceId).collect());
        }
        Ok(found)
    }

    /// The records of these ids that stand, as whoever brought them in compares them.
    ///
    /// # Errors
    /// Denied without the permission for `action`.
    pub async fn read_back(
        &self,
        ctx: &Ctx,
        action: Action,
        rtype: ResourceType,
        ids: &[ResourceId],
    ) -> Result<Vec<Document>, Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        self.sees_all(ctx, action).await?;
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let tx = self.db.begin(ctx).await?;
        let rows = tx.last(STANDS, &[&ctx.organization().0, &ids, &rtype.code()]).await?;
        drop(tx);
        let records = rows.iter().map(|row| Record::read(rtype, row)).collect::<Result<Vec<_>, _>>()?;
        let keys = Keys::of(&self.db, ctx, &records).await?;
        let mut event = Event::success(action.key(), action.needs().key()).about(rtype.code(), None);
        event.detail = Some(format!("{} compared", records.len()));
        let mut bodies: Vec<(&Record, Phi<Vec<u8>>)> = Vec::with_capacity(records.len());
        for record in &records {
            event.facility = record.facility;
            event.concerns(record.subject(ctx));
            bodies.push((record, keys.open(ctx, record)?));
        }
        let receipt = self.db.record(ctx, event).await?;
        let mut documents = Vec::with_capacity(bodies.len());
        for (record, body) in bodies {
            documents.push(self.document(ctx, record, body.open(&receipt)?).await?);
        }
        Ok(documents)
    }

    /// Takes a record back that stands as `version`: deletes it, or makes it again what it was at `before`.
    ///
    /// # Errors
    /// As [`Store::delete`]; what was changed since is no error.
    pub async fn withdraw(
        &self,
        ctx: &Ctx,
        action: Action,
        (rtype, id, version): (ResourceType, ResourceId, Version),
        before: Option<Version>,
    ) -> Result<Withdrawn, Error> {
        self.db.authorize(ctx, action, Target::default()).await?;
        self.sees_all(ctx, action).await?;
        let tx = self.db.begin(ctx).await?;
        let current = match self.current(&tx, action, rtype, id, Some(version)).await {
            Ok(current) => current,
            Err(Error::Db(db::Error::Conflict)) => return Ok(Withdrawn::Changed),
            Err(Error::Db(db::Error::NotFound)) => return Ok(Withdrawn::Gone),
            Err(error) => return Err(error),
        };
        if current.record.sealed.is_none() {
            return Ok(Withdrawn::Gone);
        }
        let event = write::event(action, rtype, id, version.next());
        let written = match before {
            None => {
                match self.may_delete(&tx, &current).await {
                    Err(Error::Request(409, _)) => return Ok(Withdrawn::Needed),
                    other => other?,
                }
                let change = self.deletion(ctx, &current).await?;
                write::replace(&self.db, &tx, &SealingKeys::default(), By::Import, &change, Some(event)).await
            }
            Some(before) => {
                let rows = tx.query(PAST, &[&ctx.organization().0, &id.0, &rtype.code(), &before.0]).await?;
                let Some(row) = rows.first() else { return Ok(Withdrawn::Gone) };
                let past = Record::read(rtype, row)?;
                if past.sealed.is_none() {
                    let change = self.deletion(ctx, &current).await?;
                    let none = SealingKeys::default();
                    let replaced =
                        write::replace(&self.db, &tx, &none, By::Import, &change, Some(event)).await;
                    return withdrawn(replaced.map(|_| ()));
                }
                let draft = self.past_draft(ctx, &past, version).await?;
                let (placed, change) = self.change(&tx, action, &current, draft).await?;
                let keys = SealingKeys::of(&self.db, ctx, std::iter::once(&placed)).await?;
                let change = Change { new: Some(&placed), ..change };
                write::replace(&self.db, &tx, &keys, By::Import, &change, Some(event)).await
            }
        };
        withdrawn(written.map(|_| ()))
    }

    /// A past version as the draft of the next one. It does not leave.
    async fn past_draft(&self, ctx: &Ctx, past: &Record, version: Version) -> Result<Draft, Error> {
        let keys = Keys::of(&self.db, ctx, std::slice::from_ref(past)).await?;
        let at = self.db.world().now();
        let mut draft = None;
        keys.open_whole(ctx, past)?.matches(|body| {
            draft = Some(self.draft(ctx, body, past.rtype, (past.id, version.next(), at)));
            true
        });
        draft.unwrap_or(Err(db::Error::NotFound.into()))
    }
}

/// Somebody else was faster, or it went.
fn withdrawn(written: Result<(), Error>) -> Result<Withdrawn, Error> {
    match written {
        Ok(()) => Ok(Withdrawn::Done),
        Err(Error::Db(db::Error::Conflict)) => Ok(Withdrawn::Changed),
        Err(error) => Err(error),
    }
}

/// Escapes what has a meaning in a search (<https://hl7.org/fhir/R4/search.html#escaping>).
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
