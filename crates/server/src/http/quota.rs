//! How often: by source, by person, by organization (token buckets, GCRA). What is refused is told when to come again.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota as Bucket};
use kernel::{OrganizationId, PersonId};

use crate::http::Failure;

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// So many a second in the long run.
    pub per_second: u32,
    /// So many at once.
    pub burst: u32,
}

impl Quota {
    /// `per_second` in the long run and `burst` at once.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }

    fn bucket(self) -> Bucket {
        let positive = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Bucket::per_second(positive(self.per_second)).allow_burst(positive(self.burst))
    }
}

/// The buckets in use.
pub(crate) struct Quotas {
    visitors: Buckets<IpAddr>,
    failures: Buckets<IpAddr>,
    people: Buckets<PersonId>,
    organizations: Buckets<OrganizationId>,
}

impl Quotas {
    pub(crate) fn new(limits: &super::Limits) -> Self {
        Self {
            visitors: Buckets::new(limits.per_source),
            failures: Buckets::new(limits.failures_per_source),
            people: Buckets::new(limits.per_person),
            organizations: Buckets::new(limits.rate_per_organization),
        }
    }

    /// A request of someone not signed in.
    pub(super) fn visitor(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        address.map_or(Ok(()), |address| self.visitors.take(source(address)))
    }

    /// A token or cookie that is none.
    pub(crate) fn failure(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        address.map_or(Ok(()), |address| self.failures.take(source(address)))
    }

    /// A request of a person.
    pub(super) fn person(&self, person: PersonId) -> Result<(), Failure> {
        self.people.take(person)
    }

    /// A request in an organization.
    pub(super) fn organization(&self, organization: OrganizationId) -> Result<(), Failure> {
        self.organizations.take(organization)
    }

    /// Forgets the buckets that are full again.
    pub(crate) fn sweep(&self) {
        self.visitors.limiter.retain_recent();
        self.failures.limiter.retain_recent();
        self.people.limiter.retain_recent();
        self.organizations.limiter.retain_recent();
    }
}

/// Where someone comes from: with IPv6 a network, because a home has as many addresses as it likes.
pub(crate) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let mut octets = six.octets();
            octets[8..].fill(0);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        four @ IpAddr::V4(_) => four,
    }
}

struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(quota: Quota) -> Self {
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota.bucket()), clock: DefaultClock::default() }
    }

    fn take(&self, key: K) -> Result<(), Failure> {
        self.limiter.check_key(&key).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now()).as_secs_f64().ceil();
            let seconds = format!("{:.0}", wait.max(1.0));
            Failure::coded(429, "too-many-requests", "too many requests; wait a little")
                .with("retry-after", &seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_one_source() {
        let at = |text: &str| source(text.parse().unwrap()).to_string();
        assert_eq!(at("203.0.113.9"), "203.0.113.9");
        assert_eq!(at("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), at("2001:db8:1:2:ffff::1"));
    }

    #[test]
    fn a_bucket_runs_dry_and_says_for_how_long() {
        let buckets = Buckets::new(Quota::new(1, 2));
        assert!(buckets.take(1).is_ok() && buckets.take(1).is_ok());
        assert!(buckets.take(1).is_err());
        assert!(buckets.take(2).is_ok());
    }
}
