//! The log of who did what to whose record.
//!
//! Writes log in their own transaction ([`crate::Tx::last_audited`]); reads queue here, are written many at a time, and
//! get their [`Receipt`] when the batch is durable (ADR 0006).

use std::net::IpAddr;

use deadpool_postgres::Pool;
use futures_util::future::join4;
use jiff::Timestamp;
use kernel::{
    EventId, FacilityId, MembershipId, OrganizationId, PatientId, RequestId, ResourceId, Version, World,
};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::context::cell;
use crate::group::Group;
use crate::signing::{Signer, sha256};
use crate::tx::ENTER;
use crate::{Ctx, Error, Phi, Shown, Subject};

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

/// Inserts events and their subjects; both halves take one array a column.
pub(crate) const INSERT: &str = "
    WITH event AS (
        INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason,
            resource_type, resource_id, version, writes, request_id, address, purpose, detail)
        SELECT * FROM unnest($1::int4[], $2::int4[], $3::timestamptz[], $4::uuid[], $5::int4[], $6::text[],
            $7::text[], $8::text[], $9::int2[], $10::uuid[], $11::int4[], $12::bytea[], $13::uuid[], $14::inet[],
            $15::text[], $16::text[])
    )
    INSERT INTO audit.subject (organization_id, facility_id, patient_id, at, event_id)
    SELECT * FROM unnest($17::int4[], $18::int4[], $19::uuid[], $20::timestamptz[], $21::uuid[])";

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
        for (facility, patient) in &event.subjects {
            self.subject_organization.push(stamped.organization.0);
            self.subject_facility.push(facility.0);
            self.subject_patient.push(patient.0);
            self.subject_at.push(stamped.at);
            self.subject_event.push(stamped.id.0);
        }
    }

    pub(crate) fn params(&self) -> [&(dyn ToSql + Sync); 21] {
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
    world: World,
}

impl Writer {
    pub(crate) fn spawn(pool: Pool, signer: Signer, world: World) -> Self {
        let time = world.clone();
        let group = Group::spawn(move |events: Vec<Stamped>| {
            let (pool, signer, world) = (pool.clone(), signer.clone(), time.clone());
            async move { write_batch(&pool, &signer, &world, events).await }
        });
        Self { group, world }
    }

    pub(crate) async fn append(&self, ctx: &Ctx, event: Event) -> Result<Receipt, Error> {
        let stamped = Stamped::new(ctx, event, &self.world);
        let receipt = Receipt {
            organization: stamped.organization,
            event: stamped.id,
            subjects: stamped.event.subjects.iter().map(|(_, patient)| *patient).collect(),
            shown: ctx.shown().clone(),
        };
        if self.group.write(stamped).await == Some(true) { Ok(receipt) } else { Err(Error::AuditUnavailable) }
    }
}

/// Writes a batch; when it is refused as a whole, item by item, so that one bad event fails alone.
async fn write_batch(pool: &Pool, signer: &Signer, world: &World, events: Vec<Stamped>) -> Vec<bool> {
    let whole = insert(pool, signer, world, &events).await;
    match whole {
        Ok(()) => vec![true; events.len()],
        Err(error) if events.len() > 1 && !error.is_transient() => {
            let mut durable = Vec::with_capacity(events.len());
            for event in &events {
                durable.push(insert(pool, signer, world, std::slice::from_ref(event)).await.is_ok());
            }
            durable
        }
        Err(error) => {
            tracing::error!(%error, events = events.len(), "audit events could not be written");
            vec![false; events.len()]
        }
    }
}

async fn insert(pool: &Pool, signer: &Signer, world: &World, events: &[Stamped]) -> Result<(), Error> {
    let mut cells: Vec<i64> = events.iter().flat_map(Stamped::cells).collect();
    cells.sort_unstable();
    cells.dedup();
    let signed = signer.context(MembershipId(0), &cells, world.now());
    let columns = Columns::of(events);
    let client = pool.get().await.map_err(Error::from_pool)?;
    let enter = client.prepare_cached(ENTER).await.map_err(Error::from_postgres)?;
    let insert = client.prepare_cached(INSERT).await.map_err(Error::from_postgres)?;
    let context: [&(dyn ToSql + Sync); 1] = [&signed];
    let params = columns.params();
    let (begun, entered, written, committed) = join4(
        client.batch_execute("BEGIN"),
        client.query(&enter, &context),
        client.query(&insert, &params),
        client.batch_execute("COMMIT"),
    )
    .await;
    begun.map_err(Error::from_postgres)?;
    entered.map_err(Error::from_postgres)?;
    written.map_err(Error::from_postgres)?;
    committed.map_err(Error::from_postgres)
}
