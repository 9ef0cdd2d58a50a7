//! How much may be asked at once, and by one organization. Nobody can use up what others need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::OrganizationId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::{Body, Failure, Quota};

/// Bounds of what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest resource, in bytes.
    pub resource_bytes: usize,
    /// Largest bundle, in bytes.
    pub bundle_bytes: usize,
    /// Largest form, in bytes.
    pub form_bytes: usize,
    /// Largest small JSON document, in bytes.
    pub json_bytes: usize,
    /// Largest spreadsheet, in bytes.
    pub sheet_bytes: usize,
    /// Longest query in an address, in bytes.
    pub query_bytes: usize,
    /// All bodies being received and worked on, in bytes.
    pub bodies_bytes: usize,
    /// How long a request may take, its body included.
    pub request: Duration,
    /// How long a file may take to come in.
    pub upload: Duration,
    /// How long a request may wait for others to end before it is turned away.
    pub patience: Duration,
    /// Requests at work.
    pub concurrency: usize,
    /// Of them, those of one organization.
    pub per_organization: usize,
    /// Open connections.
    pub connections: usize,
    /// How long a client may take over the head of a request.
    pub head: Duration,
    /// How long requests at work may go on when the program is to stop.
    pub drain: Duration,
    /// How often someone who is not signed in may ask, by where they come from. A house of many shares an address.
    pub per_source: Quota,
    /// Tokens and cookies that are none, from one source: each costs a look at the database, and some a line of the log. A
    /// house whose sessions all ended in the night stays far below it.
    pub failures_per_source: Quota,
    /// How often a person may ask.
    pub per_person: Quota,
    /// How often the members of an organization may ask together.
    pub rate_per_organization: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resource_bytes: 16 << 20,
            bundle_bytes: 64 << 20,
            form_bytes: 64 << 10,
            json_bytes: 64 << 10,
            sheet_bytes: 20 << 20,
            query_bytes: 8 << 10,
            bodies_bytes: 512 << 20,
            request: Duration::from_secs(30),
            upload: Duration::from_mins(10),
            patience: Duration::from_secs(1),
            concurrency: 256,
            per_organization: 128,
            connections: 4096,
            head: Duration::from_secs(10),
            drain: Duration::from_secs(20),
            per_source: Quota::new(10, 300),
            failures_per_source: Quota::new(50, 2_000),
            per_person: Quota::new(50, 500),
            rate_per_organization: Quota::new(1_000, 5_000),
        }
    }
}

impl Limits {
    /// The largest body of a kind.
    pub(crate) fn body(&self, body: Body) -> usize {
        match body {
            Body::None | Body::File => 0,
            Body::Resource => self.resource_bytes,
            Body::Bundle => self.bundle_bytes,
            Body::Form => self.form_bytes,
            Body::Json => self.json_bytes,
            Body::Sheet => self.sheet_bytes,
            Body::LongJson => self.json_bytes.saturating_mul(8),
        }
    }
}

/// What is in use.
pub(crate) struct Gauges {
    requests: Arc<Semaphore>,
    /// In KiB.
    bodies: Arc<Semaphore>,
    organizations: Arc<Mutex<HashMap<OrganizationId, usize>>>,
}

/// A request's place; given back when dropped.
pub(crate) struct Share {
    organization: OrganizationId,
    organizations: Arc<Mutex<HashMap<OrganizationId, usize>>>,
    _request: OwnedSemaphorePermit,
}

impl Gauges {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.concurrency)),
            bodies: Arc::new(Semaphore::new(kib(limits.bodies_bytes))),
            organizations: Arc::default(),
        }
    }

    /// A place for a request of `organization`, after a short wait if need be.
    ///
    /// # Errors
    /// 429 when the organization has its share already, 503 when the program is full.
    pub(crate) async fn enter(
        &self,
        limits: &Limits,
        organization: OrganizationId,
    ) -> Result<Share, Failure> {
        let waited = tokio::time::timeout(limits.patience, Arc::clone(&self.requests).acquire_owned()).await;
        let Ok(Ok(request)) = waited else {
            return Err(Failure::busy(503, "too many requests are being worked on"));
        };
        let mut organizations = self.organizations.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = organizations.entry(organization).or_default();
        if *mine >= limits.per_organization {
            return Err(Failure::busy(429, "too many requests of this organization are being worked on"));
        }
        *mine += 1;
        Ok(Share { organization, organizations: Arc::clone(&self.organizations), _request: request })
    }

    /// Room for a body of `bytes`, after a short wait if need be.
    ///
    /// # Errors
    /// 503 when there is none.
    pub(crate) async fn room(&self, limits: &Limits, bytes: usize) -> Result<OwnedSemaphorePermit, Failure> {
        let wanted = u32::try_from(kib(bytes).min(kib(limits.bodies_bytes))).unwrap_or(u32::MAX);
        let waited =
            tokio::time::timeout(limits.patience, Arc::clone(&self.bodies).acquire_many_owned(wanted)).await;
        match waited {
            Ok(Ok(room)) => Ok(room),
            _ => Err(Failure::busy(503, "too many large requests are being worked on")),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut organizations = self.organizations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = organizations.get_mut(&self.organization) {
            *mine -= 1;
            if *mine == 0 {
                organizations.remove(&self.organization);
            }
        }
    }
}

fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_organization_gets_its_share_and_the_others_theirs() {
        let limits =
            Limits { concurrency: 3, per_organization: 2, patience: Duration::ZERO, ..Limits::default() };
        let gauges = Gauges::new(&limits);
        let first = gauges.enter(&limits, OrganizationId(1)).await.ok().unwrap();
        let _second = gauges.enter(&limits, OrganizationId(1)).await.ok().unwrap();
        assert!(gauges.enter(&limits, OrganizationId(1)).await.is_err());
        let _other = gauges.enter(&limits, OrganizationId(2)).await.ok().unwrap();
        assert!(gauges.enter(&limits, OrganizationId(3)).await.is_err());
        drop(first);
        assert!(gauges.enter(&limits, OrganizationId(1)).await.is_ok());
    }
}
