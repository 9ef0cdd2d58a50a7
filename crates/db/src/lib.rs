//! The only owner of a database pool: contexts, transactions, permits, sealed data, audit.
//!
//! No context, no connection: the pools are private to this crate, a [`Ctx`] is made only by authentication, by a
//! claimed job or by the operator's login, and [`Db::begin`] is the one door. Nothing readable leaves before the log of
//! who read it is durable: bodies come out as [`Phi`], and only a [`Receipt`] opens one.

mod admin;
mod audit;
mod context;
mod digests;
mod doctor;
mod emergency;
mod erasures;
mod error;
mod exports;
mod facilities;
mod faults;
mod fields;
mod fuse;
mod group;
mod idempotency;
mod imports;
mod jobs;
pub mod keys;
mod migrate;
mod operator;
mod phi;
mod platform;
mod pool;
mod report;
mod revoked;
pub mod seal;
mod session;
mod signing;
mod tx;
mod vault;

use std::sync::Arc;

pub use admin::{Installed, create_database, installed};
pub use audit::{Event, Outcome, Receipt, Write};
pub use context::{Credential, Ctx, Principal, Request};
pub use digests::DigestTie;
pub use doctor::{Check, Finding};
pub use erasures::ClaimedErasure;
pub use error::Error;
pub use exports::LostExport;
#[cfg(feature = "faults")]
pub use faults::Fault;
pub use faults::Point;
pub use idempotency::{Answered, IdempotencyKey, Recorded};
pub use imports::ClaimedImport;
pub use jobs::ClaimedJob;
pub use migrate::{migrate, migrate_keyring};
pub use operator::backups;
pub use operator::{
    COMPLETE, ClientInfo, Facility, IssuedToken, KeyInfo, NewClient, NewFacility, NewHouse, NewOrganization,
    NewProvider, NewRole, NewToken, Numbers, Operator, Organization, Placement, ProviderInfo, Rewrapped,
    Rotated, SealedInvitation, SignInRules, TokenInfo, Whose,
};
pub use phi::{Phi, Shown, Subject};
pub use platform::Administrator;
pub use policy::Purpose;
pub use pool::{Endpoint, PoolSizes};
pub use report::{ReportLine, ReportWindow, parts};
pub use session::{Opened, Session, SignedIn};
pub use tokio_postgres::Row;
pub use tokio_postgres::types::ToSql;
pub use tx::{Permit, Tx};
pub use vault::{Drawer, Vault};

use kernel::World;

/// What the runtime needs to open the database.
pub struct Config {
    /// Where it is, as the runtime role.
    pub endpoint: Endpoint,
    /// The same place as the role of the plane above organizations, where this program serves it.
    pub platform: Option<Endpoint>,
    /// The database of the keyring as the runtime role, where it has one of its own.
    pub keyring: Option<Endpoint>,
    /// How many connections each pool may hold.
    pub sizes: PoolSizes,
    /// The root key, from which everything secret of this installation hangs.
    pub root: keys::RootKey,
    /// What else wraps organizations' keys, or once did.
    pub key_services: keys::KeyServices,
    /// Time and randomness.
    pub world: World,
}

/// The database behind its one door. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    pools: pool::Pools,
    signer: signing::Signer,
    audit: audit::Writer,
    faults: faults::Faults,
    keyring: Arc<keys::Keyring>,
    revocations: revoked::Revocations,
    world: World,
}

impl Db {
    /// Opens the pools. Connections are made as they are needed.
    ///
    /// # Errors
    /// When the endpoint cannot be understood.
    pub fn open(config: Config) -> Result<Self, Error> {
        let (platform, keyring) = (config.platform.as_ref(), config.keyring.as_ref());
        let pools = pool::Pools::new(&config.endpoint, platform, keyring, &config.sizes)?;
        let signer = signing::Signer::new(&config.root);
        let faults = faults::Faults::default();
        let time = config.world.clone();
        let audit = audit::Writer::spawn(pools.audit.clone(), signer.clone(), time, faults.clone());
        let custody = keys::Custody::new(&config.root, config.key_services, config.world.clone());
        let ring = (pools.keyring.clone(), pools.runtime.clone(), config.keyring.is_some());
        let keyring = Arc::new(keys::Keyring::new(ring, signer.clone(), custody, config.world.clone()));
        let revocations = revoked::Revocations::new(config.endpoint, Arc::clone(&keyring));
        Ok(Self {
            inner: Arc::new(Inner {
                pools,
                signer,
                audit,
                faults,
                keyring,
                revocations,
                world: config.world,
            }),
        })
    }

    /// Opens a transaction that speaks for `ctx`. Nothing is sent before its first statement.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection can be had in time.
    pub async fn begin<'c>(&'c self, ctx: &'c Ctx) -> Result<Tx<'c>, Error> {
        let signed = self.inner.signer.context(ctx.membership(), ctx.cells(), self.inner.world.now());
        Tx::open(self, ctx, signed).await
    }

    /// The keys of organizations and patients.
    pub fn keyring(&self) -> &keys::Keyring {
        // Whoever may have a key unwrapped hears of its end.
        self.listen();
        &self.inner.keyring
    }

    /// What wraps organizations' keys, and how it is.
    pub fn custody(&self) -> &keys::Custody {
        self.inner.keyring.custody()
    }

    /// The clock and dice.
    pub fn world(&self) -> &World {
        &self.inner.world
    }

    /// Writes a read's event, waits until it is durable, and gives the receipt that opens what was read.
    ///
    /// # Errors
    /// [`Error::AuditUnavailable`] when the event could not be made durable: nothing may be shown then.
    pub async fn record(&self, ctx: &Ctx, event: Event) -> Result<Receipt, Error> {
        self.inner.audit.append(ctx, event).await
    }

    /// Refuses at once what could not be shown or done because the log lets everybody wait in vain: nobody then holds a
    /// connection that others need. One now and then is let through, and finds out.
    ///
    /// # Errors
    /// [`Error::AuditUnavailable`].
    pub fn log_is_open(&self) -> Result<(), Error> {
        if self.inner.audit.is_closed() { Err(Error::AuditUnavailable) } else { Ok(()) }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] otherwise.
    pub async fn ping(&self) -> Result<(), Error> {
        let client = self.inner.pools.runtime.get().await.map_err(Error::from_pool)?;
        client.simple_query("").await.map(|_| ()).map_err(Error::from_postgres)
    }

    /// By how much the database's clock is ahead of this machine's; contexts are signed by the one and judged by the other.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not answer.
    pub async fn clock_ahead(&self) -> Result<jiff::SignedDuration, Error> {
        let client = self.inner.pools.runtime.get().await.map_err(Error::from_pool)?;
        let asked = self.inner.world.now();
        let row = client.query_one("SELECT clock_timestamp()", &[]).await.map_err(Error::from_postgres)?;
        let answered = self.inner.world.now();
        // It was read somewhere between the two.
        let between = asked.duration_until(answered) / 2;
        Ok(asked.duration_until(row.get(0)) - between)
    }

    /// Whether the database lets us in. A pool whose connections are all at work says nothing against it.
    pub async fn is_reachable(&self) -> bool {
        match self.inner.pools.runtime.get().await {
            Ok(client) => client.simple_query("").await.is_ok(),
            Err(error) => error::is_busy(&error),
        }
    }

    /// Connections of the runtime pool: open, free, waited for.
    pub fn pool_status(&self) -> (usize, usize, usize) {
        let status = self.inner.pools.runtime.status();
        (status.size, status.available, status.waiting)
    }

    /// Connections of every pool: name, most, open, free, waited for.
    pub fn pools(&self) -> Vec<(&'static str, usize, usize, usize, usize)> {
        let pools = &self.inner.pools;
        [
            ("requests", Some(&pools.runtime)),
            ("audit", Some(&pools.audit)),
            ("keys", Some(&pools.keyring)),
            ("plane", pools.platform.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, pool)| {
            let status = pool?.status();
            Some((name, status.max_size, status.size, status.available, status.waiting))
        })
        .collect()
    }

    /// Makes the audit partitions of this month and the next five. Returns how many were made.
    ///
    /// # Errors
    /// As any statement.
    pub async fn prepare_audit_months(&self) -> Result<i32, Error> {
        self.inner.audit.prepare_months().await
    }
}
