//! What is remembered of authority between requests, and how it is forgotten when an authority ends.
//!
//! The database tells every process that a session, a post or a token ended (`NOTIFY lamplight_revoked`). Answers come
//! from memory only while this process listens; when its listening connection is lost it asks the database each time. A
//! patient's unwrapped keys are forgotten in the same way when they are destroyed, and an organization's search keys when
//! something else is to be done with them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use kernel::{ContextId, OrganizationId, PatientId, PersonId};
use moka::sync::Cache;
use tokio_postgres::AsyncMessage;

use uuid::Uuid;

use crate::context::Principal;
use crate::keys::Keyring;
use crate::session::Known;
use crate::{Db, Endpoint, Error};

/// How long anything is remembered, should a message be lost.
const KEEP: Duration = Duration::from_secs(3);
const REMEMBERED: u64 = 20_000;
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(1);
/// How soon a dead connection is noticed.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// SHA-256 of a secret that somebody holds.
pub(crate) type Digest = [u8; 32];

/// What is remembered.
pub(crate) struct Memory {
    pub(crate) tokens: Cache<Digest, Arc<Principal>>,
    pub(crate) sessions: Cache<(Digest, Option<ContextId>), Arc<Known>>,
    listening: AtomicBool,
    /// How often something was forgotten: an answer that was asked for before is not remembered after.
    epoch: AtomicU64,
    keyring: Arc<Keyring>,
}

impl Memory {
    fn new(keyring: Arc<Keyring>) -> Self {
        let tokens = Cache::builder().max_capacity(REMEMBERED).time_to_live(KEEP).build();
        let sessions = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(KEEP)
            .support_invalidation_closures()
            .build();
        Self { tokens, sessions, listening: AtomicBool::new(false), epoch: AtomicU64::new(0), keyring }
    }

    /// To be taken before the database is asked.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn remember_token(&self, digest: Digest, principal: Arc<Principal>, asked_in: u64) {
        self.tokens.insert(digest, principal);
        if self.epoch() != asked_in {
            self.tokens.invalidate(&digest);
        }
    }

    pub(crate) fn remember_session(
        &self,
        key: (Digest, Option<ContextId>),
        known: Arc<Known>,
        asked_in: u64,
    ) {
        self.sessions.insert(key, known);
        if self.epoch() != asked_in {
            self.sessions.invalidate(&key);
        }
    }

    fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.tokens.invalidate_all();
        self.sessions.invalidate_all();
    }

    fn forget_person(&self, person: PersonId) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        // Fails only without `support_invalidation_closures`, and then forgets everything.
        if self.sessions.invalidate_entries_if(move |_, known| known.person() == person).is_err() {
            self.sessions.invalidate_all();
        }
    }

    fn told(&self, payload: &str) {
        if let Some(patient) = payload.strip_prefix("patient:").and_then(|id| id.parse::<Uuid>().ok()) {
            return self.keyring.forget_patient(PatientId(patient));
        }
        if let Some(number) = payload.strip_prefix("keys:").and_then(|number| number.parse().ok()) {
            return self.keyring.forget_organization(OrganizationId(number));
        }
        let person = payload.strip_prefix("person:").and_then(|number| number.parse().ok());
        match person {
            Some(person) => self.forget_person(PersonId(person)),
            None => self.forget_all(),
        }
    }
}

/// The memory and the listener behind it, which starts with the first question.
pub(crate) struct Revocations {
    endpoint: Endpoint,
    memory: Arc<Memory>,
    started: AtomicBool,
}

impl Revocations {
    pub(crate) fn new(endpoint: Endpoint, keyring: Arc<Keyring>) -> Self {
        Self { endpoint, memory: Arc::new(Memory::new(keyring)), started: AtomicBool::new(false) }
    }
}

impl Db {
    /// What may be answered from memory now; nothing while nobody would tell us of an end.
    pub(crate) fn memory(&self) -> Option<Arc<Memory>> {
        self.listen();
        let memory = &self.inner.revocations.memory;
        memory.listening.load(Ordering::Acquire).then(|| Arc::clone(memory))
    }

    /// Begins to listen, once.
    pub(crate) fn listen(&self) {
        let revocations = &self.inner.revocations;
        if !revocations.started.swap(true, Ordering::Relaxed) {
            let memory = Arc::downgrade(&revocations.memory);
            tokio::spawn(listen(revocations.endpoint.clone(), memory));
        }
    }

    /// Forgets what is remembered of a person, at once in this process; others are told by the database.
    pub fn forget_person(&self, person: PersonId) {
        self.inner.revocations.memory.forget_person(person);
    }

    /// Forgets everything remembered of authority, at once in this process.
    pub fn forget_authority(&self) {
        self.inner.revocations.memory.forget_all();
    }
}

/// Listens for as long as anybody uses the memory.
async fn listen(endpoint: Endpoint, memory: Weak<Memory>) {
    while memory.strong_count() > 0 {
        let ended = listen_once(&endpoint, &memory).await;
        let Some(memory) = memory.upgrade() else { return };
        memory.listening.store(false, Ordering::Release);
        memory.forget_all();
        if let Err(error) = ended {
            tracing::warn!(target: "people", %error, "not listening for revocations: each request asks the database");
        }
        drop(memory);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(endpoint: &Endpoint, memory: &Weak<Memory>) -> Result<(), Error> {
    let (client, mut messages) = endpoint.connect_listening().await?;
    let hear = async {
        while let Some(message) = messages.next().await {
            if let (Ok(AsyncMessage::Notification(told)), Some(memory)) = (message, memory.upgrade()) {
                memory.told(told.payload());
            }
        }
        Err(Error::Unavailable("the connection failed"))
    };
    let hold = async {
        client.batch_execute("LISTEN lamplight_revoked").await.map_err(Error::from_postgres)?;
        if let Some(memory) = memory.upgrade() {
            // Whatever was remembered while nobody listened is not to be trusted.
            memory.forget_all();
            memory.keyring.forget_patients();
            memory.listening.store(true, Ordering::Release);
        }
        let mut alive = tokio::time::interval(HEARTBEAT);
        while memory.strong_count() > 0 {
            alive.tick().await;
            client.simple_query("").await.map_err(Error::from_postgres)?;
        }
        Ok(())
    };
    tokio::select! {
        ended = hear => ended,
        ended = hold => ended,
    }
}
