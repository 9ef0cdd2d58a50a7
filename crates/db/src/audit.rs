//! The log of who did what to whose record.
//!
//! Writes log in their own transaction ([`crate::Tx::last_audited`]); reads queue here, are written many at a time, and
//! get their [`Receipt`] when the batch is durable (ADR 0006).

use std::net::IpAddr;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use futures_util::future::join4;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{
    EventId, FacilityId, MembershipId, OrganizationId, PatientId, RequestId, ResourceId, Version, World,
};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::context::cell;
use crate::faults::{Faults, Point};
use crate::fuse::Fuse;
use crate::group::Group;
use crate::signing::{Signer, sha256};
use crate::tx::ENTER;
use crate::{Ctx, Error, Phi, Shown, Subject};

/// How long a reader waits for its event to be durable: through what is left of the batch before and its own.
const PATIENCE: Duration = Duration::from_millis(1_600);

/// How long a batch may take, a connection for it included.
const BATCH: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused by the policy.
    Denied,
    /// Tried and failed.
    Failure,
}

impl Outcome {
    fn code(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failure => "failure",
        }
    }
}

/// One body written: what a later check of integrity compares the stored body with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// The row.
    pub resource: ResourceId,
    /// Its version.
    pub version: Version,
    /// SHA-256 of the sealed body; of nothing for a deletion.
    pub hash: [u8; 32],
}

impl Write {
    /// The record of `sealed` as the body of this version.
    pub fn of(resource: ResourceId, version: Version, sealed: &[u8]) -> Self {
        Self { resource, version, hash: sha256(sealed) }
    }
}

/// One thing that happened, with all whom it concerns. Names and counts only; never a value.
#[derive(Clone, Debug)]
pub struct Event {
    /// The key of the action, `area.verb`.
    pub action: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was allowed or refused.
    pub reason: &'static str,
    /// The facility of the rows, or [`FacilityId::WHOLE`].
    pub facility: FacilityId,
    /// The FHIR resource type, by code.
    pub resource_type: Option<i16>,
    /// The one resource concerned, if it is one.
    pub resource: Option<ResourceId>,
    /// Its version.
    pub version: Option<Version>,
    /// Bodies written.
    pub writes: Vec<Write>,
    /// The patients concerned.
    pub subjects: Vec<(FacilityId, PatientId)>,
    /// Names of parameters or fields, counts.
    pub detail: Option<String>,
}

impl Event {
    /// A success of `action`, allowed by `reason`.
    pub fn success(action: &'static str, reason: &'static str) -> Self {
        Self {
            action,
            outcome: Outcome::Success,
            reason,
            facility: FacilityId::WHOLE,
            resource_type: None,
            resource: None,
            version: None,
            writes: Vec::new(),
            subjects: Vec::new(),
            detail: None,
        }
    }

    /// A refusal of `action` for want of `reason`.
    pub fn denied(action: &'static str, reason: &'static str) -> Self {
        Self { outcome: Outcome::Denied, ..Self::success(action, reason) }
    }

    /// Names the type, and the row when it is one.
    #[must_use]
    pub fn about(mut self, resource_type: i16, resource: Option<(ResourceId, Version)>) -> Self {
        self.resource_type = Some(resource_type);
        self.resource = resource.map(|(id, _)| id);
        self.version = resource.map(|(_, version)| version);
        self
    }

    /// Adds the patient of a closed value, once.
    pub fn concerns(&mut self, subject: Subject) {
        if let Some(patient) = subject.patient
            && !self.subjects.iter().any(|(_, known)| *known == patient)
        {
            self.subjects.push((subject.facility, patient));
        }
    }

    /// The event of showing all of `phis`.
    #[must_use]
    pub fn showing<'a, T: 'a>(mut self, phis: impl IntoIterator<Item = &'a Phi<T>>) -> Self {
        for phi in phis {
            self.concerns(phi.subject());
        }
        if let [(facility, _)] = self.subjects.as_slice() {
            self.facility = *facility;
        }
        self
    }
}

/// Proof that an event is durable. It opens the [`Phi`]s of the patients that the event names.
#[derive(Clone, Debug)]
pub struct Receipt {
    organization: OrganizationId,
    event: EventId,
    subjects: Vec<PatientId>,
    shown: Shown,
}

impl Receipt {
    /// The event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// What the request that it belongs to has shown.
    pub(crate) fn shown(&self) -> &Shown {
        &self.shown
    }

    pub(crate) fn covers(&self, subject: &Subject) -> bool {
        self.organization == subject.organization
            && subject.patient.is_none_or(|patient| self.subjects.contains(&patient))
    }
}

/// An event with the context, time and id it is written with.
pub(crate) struct Stamped {
    organization: OrganizationId,
    membership: MembershipId,
    on_behalf_of: Option<MembershipId>,
    request: RequestId,
    address: Option<IpAddr>,
    purpose: &'static str,
    at: Timestamp,
    id: EventId,
    event: Event,
}

impl Stamped {
    pub(crate) fn new(ctx: &Ctx, event: Event, world: &World) -> Self {
        let request = ctx.request();
        let at = world.now();
        Self {
            organization: ctx.organization(),
            membership: ctx.member(),
            on_behalf_of: ctx.on_behalf_of(),
            request: request.id,
            address: request.address,
            purpose: request.purpose.code(),
            at,
            id: EventId(world.uuid_at(at)),
            event,
        }
    }

    fn cells(&self) -> impl Iterator<Item = i64> {
        let organization = self.organization;
        [self.event.facility]
            .into_iter()
            .chain(self.event.subjects.iter().map(|(facility, _)| *facility))
            .map(move |facility| cell(organization, facility))
    }
}

/// Writes events and their subjects, one array a column. It waits for no lock longer than 300 ms.
pub(crate) const WRITE: &str =
    "SELECT audit.write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22)";

/// A batch of events as columns.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    organization: Vec<i32>,
    facility: Vec<i32>,
    at: Vec<Timestamp>,
    id: Vec<Uuid>,
    membership: Vec<i32>,
    action: Vec<&'a str>,
    outcome: Vec<&'a str>,
    reason: Vec<&'a str>,
    resource_type: Vec<Option<i16>>,
    resource: Vec<Option<Uuid>>,
    version: Vec<Option<i32>>,
    writes: Vec<Option<Vec<u8>>>,
    request: Vec<Uuid>,
    address: Vec<Option<IpAddr>>,
    purpose: Vec<&'a str>,
    detail: Vec<Option<String>>,
    on_behalf_of: Vec<Option<i32>>,
    subject_organization: Vec<i32>,
    subject_facility: Vec<i32>,
    subject_patient: Vec<Uuid>,
    subject_at: Vec<Timestamp>,
    subject_event: Vec<Uuid>,
}

impl Columns<'_> {
    pub(crate) fn of(events: &[Stamped]) -> Columns<'static> {
        let mut columns = Columns::default();
        for stamped in events {
            columns.push(stamped);
        }
        columns
    }

    fn push(&mut self, stamped: &Stamped) {
        let event = &stamped.event;
        self.organization.push(stamped.organization.0);
        self.facility.push(event.facility.0);
        self.at.push(stamped.at);
        self.id.push(stamped.id.0);
        self.membership.push(stamped.membership.0);
        self.action.push(event.action);
        self.outcome.push(event.outcome.code());
        self.reason.push(event.reason);
        self.resource_type.push(event.resource_type);
        self.resource.push(event.resource.map(|id| id.0));
        self.version.push(event.version.map(|version| version.0));
        self.writes.push(pack(&event.writes));
        self.request.push(stamped.request.0);
        self.address.push(stamped.address);
        self.purpose.push(stamped.purpose);
        self.detail.push(event.detail.clone());
        self.on_behalf_of.push(stamped.on_behalf_of.map(|of| of.0));
        for (facility, patient) in &event.subjects {
            self.subject_organization.push(stamped.organization.0);
            self.subject_facility.push(facility.0);
            self.subject_patient.push(patient.0);
            self.subject_at.push(stamped.at);
            self.subject_event.push(stamped.id.0);
        }
    }

    pub(crate) fn params(&self) -> [&(dyn ToSql + Sync); 22] {
        [
            &self.organization,
            &self.facility,
            &self.at,
            &self.id,
            &self.membership,
            &self.action,
            &self.outcome,
            &self.reason,
            &self.resource_type,
            &self.resource,
            &self.version,
            &self.writes,
            &self.request,
            &self.address,
            &self.purpose,
            &self.detail,
            &self.on_behalf_of,
            &self.subject_organization,
            &self.subject_facility,
            &self.subject_patient,
            &self.subject_at,
            &self.subject_event,
        ]
    }

    /// The receipt of a batch of one.
    pub(crate) fn receipt(&self, ctx: &Ctx) -> Receipt {
        Receipt {
            organization: OrganizationId(self.organization[0]),
            event: EventId(self.id[0]),
            subjects: self.subject_patient.iter().copied().map(PatientId).collect(),
            shown: ctx.shown().clone(),
        }
    }
}

fn pack(writes: &[Write]) -> Option<Vec<u8>> {
    if writes.is_empty() {
        return None;
    }
    let mut packed = Vec::with_capacity(writes.len() * 52);
    for write in writes {
        packed.extend_from_slice(write.resource.0.as_bytes());
        packed.extend_from_slice(&write.version.0.to_be_bytes());
        packed.extend_from_slice(&write.hash);
    }
    Some(packed)
}

/// The group-committing writer of reads.
pub(crate) struct Writer {
    group: Group<Stamped, bool>,
    log: Log,
}

impl Writer {
    pub(crate) fn spawn(pool: Pool, signer: Signer, world: World, faults: Faults) -> Self {
        let log = Log { pool, signer, world, faults, fuse: Fuse::default() };
        let writing = log.clone();
        let group = Group::spawn(move |events: Vec<Stamped>| {
            let log = writing.clone();
            async move { log.write(events).await }
        });
        Self { group, log }
    }

    pub(crate) async fn append(&self, ctx: &Ctx, event: Event) -> Result<Receipt, Error> {
        let stamped = Stamped::new(ctx, event, &self.log.world);
        let receipt = Receipt {
            organization: stamped.organization,
            event: stamped.id,
            subjects: stamped.event.subjects.iter().map(|(_, patient)| *patient).collect(),
            shown: ctx.shown().clone(),
        };
        if !self.passes() {
            return Err(Error::AuditUnavailable);
        }
        match tokio::time::timeout(PATIENCE, self.group.write(stamped)).await {
            Ok(Some(true)) => Ok(receipt),
            // An event of something that was not shown may still be written, and does no harm.
            _ => Err(Error::AuditUnavailable),
        }
    }

    /// Whether the log lets everybody wait in vain at the moment.
    pub(crate) fn is_closed(&self) -> bool {
        self.log.fuse.is_blown()
    }

    /// Whether an event may be tried: not while the log lets everybody wait in vain, but for one now and then.
    pub(crate) fn passes(&self) -> bool {
        self.log.fuse.passes()
    }

    /// Takes notice of how the event of a write fared, which is written in the write's own transaction.
    ///
    /// # Errors
    /// [`Error::AuditUnavailable`] when it was not written.
    pub(crate) async fn heed<T>(&self, logged: Result<T, Error>) -> Result<(), Error> {
        let Err(error) = logged else {
            self.log.fuse.mend();
            return Ok(());
        };
        tracing::error!(%error, "the audit event of a write could not be written");
        // In vain as well: the next one tells.
        let _ = tokio::time::timeout(BATCH, self.log.failed(&error)).await;
        Err(Error::AuditUnavailable)
    }

    /// Makes the partitions of this month and the next five. Returns how many were made.
    pub(crate) async fn prepare_months(&self) -> Result<i32, Error> {
        self.log.prepare_months().await
    }
}

/// Where the writer writes.
#[derive(Clone)]
struct Log {
    pool: Pool,
    signer: Signer,
    world: World,
    faults: Faults,
    fuse: Fuse,
}

impl Log {
    /// Writes a batch within [`BATCH`]; says of each event whether it is durable.
    async fn write(&self, events: Vec<Stamped>) -> Vec<bool> {
        let mut durable = vec![false; events.len()];
        let written = tokio::time::timeout(BATCH, self.batch(&events, &mut durable)).await;
        match written.unwrap_or(Err(Error::Timeout)) {
            Ok(()) => self.fuse.mend(),
            Err(error) => {
                let lost = durable.iter().filter(|durable| !**durable).count();
                tracing::error!(%error, events = lost, "audit events could not be written");
                // In vain as well: the next batch tells.
                let _ = tokio::time::timeout(BATCH, self.failed(&error)).await;
            }
        }
        durable
    }

    /// What is done when events could not be written: others are spared the wait, and a month that is missing is made.
    async fn failed(&self, error: &Error) {
        if error.is_transient() {
            self.fuse.blow();
        }
        if error.lacks_partition() {
            match self.prepare_months().await {
                Ok(made) => tracing::warn!(made, "a month of the audit log was missing"),
                Err(error) => tracing::error!(%error, "a month of the audit log is missing"),
            }
        }
    }

    async fn prepare_months(&self) -> Result<i32, Error> {
        let lent = self.lent().await?;
        let today = self.world.now().to_zoned(TimeZone::UTC).date();
        let row = lent.client()?.query_one("SELECT audit.prepare_months($1, 6)", &[&today]).await;
        lent.give_back();
        Ok(row.map_err(Error::from_postgres)?.get(0))
    }

    /// Writes them together; when they are refused as a whole, one by one, so that one bad event fails alone.
    async fn batch(&self, events: &[Stamped], durable: &mut [bool]) -> Result<(), Error> {
        match self.insert(events).await {
            Ok(()) => {
                self.faults.pass(Point::Logged).await?;
                durable.fill(true);
            }
            Err(error) if events.len() > 1 && !error.is_transient() => {
                let mut last = Ok(());
                for (event, durable) in events.iter().zip(durable) {
                    let written = self.insert(std::slice::from_ref(event)).await;
                    *durable = written.is_ok();
                    last = last.and(written);
                }
                return last;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn lent(&self) -> Result<Lent, Error> {
        Ok(Lent(Some(self.pool.get().await.map_err(Error::from_pool)?)))
    }

    async fn insert(&self, events: &[Stamped]) -> Result<(), Error> {
        let mut cells: Vec<i64> = events.iter().flat_map(Stamped::cells).collect();
        cells.sort_unstable();
        cells.dedup();
        let signed = self.signer.context(MembershipId(0), &cells, self.world.now());
        let columns = Columns::of(events);
        let lent = self.lent().await?;
        let client = lent.client()?;
        let enter = client.prepare_cached(ENTER).await.map_err(Error::from_postgres)?;
        let write = client.prepare_cached(WRITE).await.map_err(Error::from_postgres)?;
        let context: [&(dyn ToSql + Sync); 1] = [&signed];
        let params = columns.params();
        let (begun, entered, written, committed) = join4(
            client.batch_execute("BEGIN"),
            client.query(&enter, &context),
            client.query(&write, &params),
            client.batch_execute("COMMIT"),
        )
        .await;
        lent.give_back();
        begun.map_err(Error::from_postgres)?;
        entered.map_err(Error::from_postgres)?;
        written.map_err(Error::from_postgres)?;
        committed.map_err(Error::from_postgres)
    }
}

/// A connection that goes back to the pool only when everything that was asked on it was answered. One that was given up
/// half-way is closed: the next batch would wait behind what still hangs there.
struct Lent(Option<Object>);

impl Lent {
    fn client(&self) -> Result<&Object, Error> {
        self.0.as_ref().ok_or(Error::Unavailable("no connection"))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}
