//! What keeps organizations' wrapping keys (ADR 0041): the root key, and the key services beside it.
//!
//! A wrapped key says which of them wrapped it: `form (1) | length of the name (1) | name | what the service gave`. What
//! the root key wraps has no such header: it is 60 bytes, which a header makes impossible.
//!
//! A service that is asked over a network may be slow or away. Of one key there is one request at a time, which everybody
//! who needs the key waits for, and not for long. After one that failed nobody waits: one request a second finds out whether
//! the service is back, and the others are told at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use jiff::Timestamp;
use kernel::{KeyService, KeyServiceError, OrganizationId, Waiting, World, WrappingKey};
use zeroize::Zeroizing;

use super::root::{RootKey, derive};
use super::wrapping::{self, WRAPPED, WRAPS_OTHERS, commitment, committed_to, organization_label};
use crate::Error;

/// How long a service may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long unwrapped keys are remembered, and so how long the program works without the service.
const KEEP: Duration = Duration::from_mins(5);
/// How often a service that failed is asked again.
const AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// The form of a wrapped key that names its service.
const NAMED: u8 = 2;

/// What the root key is called among services.
pub const ROOT: &str = "root";

type Key = Zeroizing<[u8; 32]>;
type Unwrapped = Result<Arc<Key>, KeyServiceError>;
type FlightId = (WrappingKey, Vec<u8>);
type Flight = Shared<BoxFuture<'static, Unwrapped>>;

/// The services beside the root key that a program was told of, and how they are. Cheap to clone; clones share what they
/// know.
#[derive(Clone)]
pub struct KeyServices {
    shared: Arc<Services>,
}

struct Services {
    /// The name of the one that wraps; without it, the root key does.
    current: Option<String>,
    known: BTreeMap<String, Arc<dyn KeyService>>,
    patience: Duration,
    keep: Duration,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Keys that are being unwrapped at this moment.
    flights: HashMap<FlightId, Flight>,
    health: HashMap<String, Health>,
}

#[derive(Clone, Copy, Default)]
struct Health {
    failure: Option<KeyServiceError>,
    since: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    answered: u64,
    failed: u64,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceState {
    /// Its kind, for figures.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// `working`, `away`, `refusing`, or `not-asked`.
    pub state: &'static str,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How often it did what it was asked.
    pub answered: u64,
    /// How often it did not.
    pub failed: u64,
}

impl ServiceState {
    /// Whether it did not do what it was asked last.
    pub fn is_failing(&self) -> bool {
        matches!(self.state, "away" | "refusing")
    }
}

impl Default for KeyServices {
    /// None: the root key wraps.
    fn default() -> Self {
        Self::new(None, Vec::new())
    }
}

impl KeyServices {
    /// `current` wraps, or else the root key; those of `before` unwrap what they once wrapped.
    pub fn new(current: Option<Arc<dyn KeyService>>, before: Vec<Arc<dyn KeyService>>) -> Self {
        Self::within(current, before, PATIENCE, KEEP)
    }

    /// The same, waiting for a service at most this long, and remembering keys this long.
    pub fn within(
        current: Option<Arc<dyn KeyService>>,
        before: Vec<Arc<dyn KeyService>>,
        patience: Duration,
        keep: Duration,
    ) -> Self {
        let name = current.as_ref().map(|service| service.name().to_owned());
        let all = before.into_iter().chain(current);
        let known = all.map(|service| (service.name().to_owned(), service)).collect();
        let seen = Mutex::default();
        Self { shared: Arc::new(Services { current: name, known, patience, keep, seen }) }
    }

    /// How each is.
    pub fn states(&self) -> Vec<ServiceState> {
        let seen = self.seen();
        let state = |service: &Arc<dyn KeyService>| {
            let health = seen.health.get(service.name()).copied().unwrap_or_default();
            ServiceState {
                kind: service.kind(),
                name: service.name().to_owned(),
                state: match health.failure {
                    Some(KeyServiceError::Refused(_)) => "refusing",
                    Some(_) => "away",
                    None if health.asked_at.is_none() => "not-asked",
                    None => "working",
                },
                since: health.since,
                answered: health.answered,
                failed: health.failed,
            }
        };
        self.shared.known.values().map(state).collect()
    }

    pub(crate) fn keep(&self) -> Duration {
        self.shared.keep
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a request went. That a value was altered says nothing against the service.
    fn note(&self, name: &str, failure: Option<KeyServiceError>, now: Timestamp) {
        let failure = failure.filter(|failure| *failure != KeyServiceError::Altered);
        let mut seen = self.seen();
        let health = seen.health.entry(name.to_owned()).or_default();
        let was_up = health.failure.is_none();
        if was_up != failure.is_none() || health.since.is_none() {
            health.since = Some(now);
            match failure {
                Some(failure) => tracing::error!(service = name, ?failure, "the key service does not help"),
                None => tracing::info!(service = name, "the key service answers"),
            }
        }
        (health.failure, health.asked_at) = (failure, Some(now));
        match failure {
            Some(_) => health.failed += 1,
            None => health.answered += 1,
        }
    }

    /// Joins the request for this key, or begins it; `Err` at once where the service failed last time.
    fn board(
        &self,
        service: &Arc<dyn KeyService>,
        (of, wrapped): (WrappingKey, &[u8]),
        world: &World,
    ) -> Result<Flight, KeyServiceError> {
        let (name, now) = (service.name(), world.now());
        let id = (of, wrapped.to_vec());
        let mut seen = self.seen();
        let seen = &mut *seen;
        let health = seen.health.entry(name.to_owned()).or_default();
        let failure = health.failure;
        if let Some(failure) = failure {
            let waits = health.asked_at.is_some_and(|at| at.duration_until(now) < AGAIN);
            if waits || seen.flights.contains_key(&id) {
                return Err(failure);
            }
            health.asked_at = Some(now);
        }
        if let Some(flight) = seen.flights.get(&id) {
            return Ok(flight.clone());
        }
        let (landing, service, world) =
            (Landing { services: self.clone(), id }, Arc::clone(service), world.clone());
        // A task of its own: whoever asked first may go away, the others still wait.
        let task = tokio::spawn(async move {
            let Landing { services, id: (of, wrapped) } = &landing;
            let unwrapped = services.in_time(service.unwrap(*of, wrapped)).await;
            services.note(service.name(), unwrapped.as_ref().err().copied(), world.now());
            unwrapped.map(Arc::new)
        });
        let flight = task.map(|ended| ended.unwrap_or(Err(KeyServiceError::Away(None)))).boxed().shared();
        seen.flights.insert((of, wrapped.to_vec()), flight.clone());
        failure.map_or(Ok(flight), Err)
    }

    async fn in_time<T>(
        &self,
        answer: Waiting<'_, Result<T, KeyServiceError>>,
    ) -> Result<T, KeyServiceError> {
        let waited = tokio::time::timeout(self.shared.patience, answer).await;
        waited.unwrap_or(Err(KeyServiceError::Away(None)))
    }
}

/// Takes a request off the list, however it ends.
struct Landing {
    services: KeyServices,
    id: FlightId,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.services.seen().flights.remove(&self.id);
    }
}

/// The root key and the services, for whoever wraps and unwraps organizations' keys.
#[derive(Clone)]
pub struct Custody {
    root: Arc<LocalKey>,
    services: KeyServices,
    world: World,
}

impl Custody {
    /// With what of the root key wraps others.
    pub fn new(root: &RootKey, services: KeyServices, world: World) -> Self {
        Self { root: Arc::new(LocalKey::root(root, world.clone())), services, world }
    }

    /// The services beside the root key.
    pub fn services(&self) -> &KeyServices {
        &self.services
    }

    /// The name of what wraps.
    pub fn current(&self) -> &str {
        self.services.shared.current.as_deref().unwrap_or(ROOT)
    }

    /// The name of what wrapped this.
    ///
    /// # Errors
    /// [`Error::Seal`] when it is no wrapped key.
    pub(crate) fn wrapper(wrapped: &[u8]) -> Result<&str, Error> {
        Ok(parse(wrapped)?.0)
    }

    /// Wraps a key with what wraps now.
    ///
    /// # Errors
    /// [`Error::KeyService`].
    pub(crate) async fn wrap(&self, of: WrappingKey, key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let Some(name) = self.services.shared.current.as_deref() else {
            return self.root.wrap(of, key).await.map_err(refused);
        };
        let service = self.services.shared.known.get(name).ok_or(UNKNOWN)?;
        let wrapped = self.services.in_time(service.wrap(of, key)).await;
        self.services.note(name, wrapped.as_ref().err().copied(), self.world.now());
        let length = u8::try_from(name.len()).map_err(|_| Error::Config(TOO_LONG.to_owned()))?;
        Ok([&[NAMED, length], name.as_bytes(), wrapped.map_err(refused)?.as_slice()].concat())
    }

    /// Unwraps a key with what wrapped it, and compares it with its commitment: a service says only that it wrapped something
    /// for this.
    ///
    /// # Errors
    /// [`Error::KeyService`] when a service does not help; [`Error::Seal`] when the key was altered.
    pub(crate) async fn unwrap(
        &self,
        of: WrappingKey,
        wrapped: &[u8],
        committed: &[u8],
    ) -> Result<Key, Error> {
        let (name, inner) = parse(wrapped)?;
        let key = if name == ROOT {
            self.root.unwrap(of, inner).await.map_err(refused)?
        } else {
            let service = self.services.shared.known.get(name).ok_or(UNKNOWN)?;
            let flight = self.services.board(service, (of, inner), &self.world).map_err(refused)?;
            Key::clone(&*flight.await.map_err(refused)?)
        };
        committed_to(&key, committed)?;
        Ok(key)
    }

    /// Wraps a key that is thrown away and unwraps it again.
    ///
    /// # Errors
    /// [`Error::KeyService`] when what wraps does not do so.
    pub async fn check(&self) -> Result<(), Error> {
        let of = WrappingKey { organization: OrganizationId::PLATFORM, number: 0 };
        let key = Zeroizing::new(self.world.random::<32>());
        let wrapped = self.wrap(of, &key).await?;
        self.unwrap(of, &wrapped, &commitment(&key)).await.map(drop)
    }
}

const UNKNOWN: Error = Error::KeyService("the keys are wrapped by one that this program was not told of");
const TOO_LONG: &str = "the name of a key service has more than 255 bytes";

fn refused(error: KeyServiceError) -> Error {
    match error {
        KeyServiceError::Away(_) => Error::KeyService("it does not answer"),
        KeyServiceError::Refused(_) => Error::KeyService("it refuses us"),
        KeyServiceError::Altered => Error::Seal("a stored key does not unwrap"),
    }
}

/// The name of what wrapped it, and what that gave.
fn parse(wrapped: &[u8]) -> Result<(&str, &[u8]), Error> {
    const NONE: Error = Error::Seal("no wrapped key");
    if wrapped.len() == WRAPPED {
        return Ok((ROOT, wrapped));
    }
    let [NAMED, length, rest @ ..] = wrapped else { return Err(NONE) };
    let (name, inner) = rest.split_at_checked(usize::from(*length)).ok_or(NONE)?;
    Ok((str::from_utf8(name).map_err(|_| NONE)?, inner))
}

/// A key in the program's own hands: of the root key, or of a file beside it.
pub struct LocalKey {
    kind: &'static str,
    name: String,
    key: Key,
    world: World,
}

impl LocalKey {
    fn root(root: &RootKey, world: World) -> Self {
        Self { kind: ROOT, name: ROOT.to_owned(), key: root.derive("wrap"), world }
    }

    /// A key file of its own that wraps nothing but organizations' keys, in the form of the root key's. Its name is made from
    /// the key, so that wherever the file lies it is the same.
    pub fn of_file(file: &RootKey, world: World) -> Self {
        let key = file.derive("wrap");
        let print = derive(&key, &[b"lamplight/name"]);
        let print: String = print[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { kind: "file", name: format!("file:{print}"), key, world }
    }

    fn label(of: WrappingKey) -> Vec<u8> {
        organization_label(of.organization, WRAPS_OTHERS, of.number)
    }
}

impl KeyService for LocalKey {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn wrap<'a>(
        &'a self,
        of: WrappingKey,
        key: &'a [u8; 32],
    ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>> {
        Box::pin(async move { Ok(wrapping::wrap(&self.key, &Self::label(of), key, &self.world)) })
    }

    fn unwrap<'a>(&'a self, of: WrappingKey, wrapped: &'a [u8]) -> Waiting<'a, Result<Key, KeyServiceError>> {
        let opened = wrapping::open(&self.key, &Self::label(of), wrapped);
        Box::pin(async move { opened.ok_or(KeyServiceError::Altered) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::SignedDuration;
    use kernel::{FixedClock, SeededEntropy};
    use tokio::sync::Semaphore;

    use super::*;

    const OF: WrappingKey = WrappingKey { organization: OrganizationId(7), number: 2 };

    /// A service that does what it is told: it answers as many requests as it is let.
    struct Stub {
        key: LocalKey,
        asked: AtomicUsize,
        let_through: Semaphore,
        fault: Mutex<Option<KeyServiceError>>,
    }

    impl KeyService for Stub {
        fn kind(&self) -> &'static str {
            "stub"
        }

        fn name(&self) -> &str {
            self.key.name()
        }

        fn wrap<'a>(
            &'a self,
            of: WrappingKey,
            key: &'a [u8; 32],
        ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>> {
            self.key.wrap(of, key)
        }

        fn unwrap<'a>(
            &'a self,
            of: WrappingKey,
            wrapped: &'a [u8],
        ) -> Waiting<'a, Result<Key, KeyServiceError>> {
            Box::pin(async move {
                self.asked.fetch_add(1, Ordering::SeqCst);
                self.let_through.acquire().await.unwrap().forget();
                let fault = *self.fault.lock().unwrap();
                match fault {
                    Some(fault) => Err(fault),
                    None => self.key.unwrap(of, wrapped).await,
                }
            })
        }
    }

    struct House {
        stub: Arc<Stub>,
        clock: Arc<FixedClock>,
        custody: Custody,
        world: World,
    }

    fn house() -> House {
        let clock = Arc::new(FixedClock::at("2026-11-22T03:00:00Z".parse().unwrap()));
        let world = World::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::new(3)));
        let stub = Arc::new(Stub {
            key: LocalKey::of_file(&RootKey::from_bytes([5; 32]), world.clone()),
            asked: AtomicUsize::new(0),
            let_through: Semaphore::new(0),
            fault: Mutex::new(None),
        });
        let services = KeyServices::new(Some(Arc::clone(&stub) as _), Vec::new());
        let custody = Custody::new(&RootKey::from_bytes([1; 32]), services, world.clone());
        House { stub, clock, custody, world }
    }

    impl House {
        async fn wrapped(&self) -> (Vec<u8>, [u8; 32]) {
            (self.custody.wrap(OF, &[9; 32]).await.unwrap(), commitment(&[9; 32]))
        }

        fn state(&self) -> &'static str {
            self.custody.services().states()[0].state
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_need_a_key_are_one_request() {
        let house = house();
        let (wrapped, committed) = house.wrapped().await;
        let asking: Vec<_> = (0..50)
            .map(|_| {
                let (custody, wrapped) = (house.custody.clone(), wrapped.clone());
                tokio::spawn(async move { custody.unwrap(OF, &wrapped, &committed).await })
            })
            .collect();
        // Whoever asked first goes away; the others get it all the same.
        asking[0].abort();
        tokio::time::sleep(Duration::from_millis(10)).await;
        house.stub.let_through.add_permits(1);
        for (at, asked) in asking.into_iter().enumerate() {
            let answer = asked.await;
            assert!(if at == 0 { answer.is_err() } else { *answer.unwrap().unwrap() == [9; 32] }, "{at}");
        }
        assert_eq!((house.stub.asked.load(Ordering::SeqCst), house.state()), (1, "working"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_keeps_nobody_waiting_twice_and_is_found_again() {
        let house = house();
        let (wrapped, committed) = house.wrapped().await;
        let ask = || house.custody.unwrap(OF, &wrapped, &committed);
        let begun = tokio::time::Instant::now();
        assert!(matches!(ask().await, Err(Error::KeyService(_))));
        assert_eq!((begun.elapsed().as_secs(), house.state()), (PATIENCE.as_secs(), "away"));
        // Nobody waits from then on, and one request a second is made.
        let begun = tokio::time::Instant::now();
        for _ in 0..20 {
            assert!(matches!(ask().await, Err(Error::KeyService(_))));
        }
        assert_eq!((begun.elapsed(), house.stub.asked.load(Ordering::SeqCst)), (Duration::ZERO, 1));
        house.clock.advance(SignedDuration::from_secs(2));
        for _ in 0..20 {
            assert!(matches!(ask().await, Err(Error::KeyService(_))));
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(house.stub.asked.load(Ordering::SeqCst), 2);
        // It is back, and the request that is on its way finds that out.
        house.stub.let_through.add_permits(2);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(*ask().await.unwrap(), [9; 32]);
        assert_eq!(house.state(), "working");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_refuses_is_told_from_one_that_is_away_and_from_an_altered_key() {
        let house = house();
        let (wrapped, committed) = house.wrapped().await;
        house.stub.let_through.add_permits(9);
        *house.stub.fault.lock().unwrap() = Some(KeyServiceError::Refused(403));
        assert!(matches!(house.custody.unwrap(OF, &wrapped, &committed).await, Err(Error::KeyService(_))));
        assert_eq!(house.state(), "refusing");
        house.clock.advance(SignedDuration::from_secs(2));
        *house.stub.fault.lock().unwrap() = None;
        let _ = house.custody.unwrap(OF, &wrapped, &committed).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        // Another organization's, another number, another commitment, a bent one: none passes, and the service is well.
        let other = WrappingKey { number: 3, ..OF };
        let mut bent = wrapped.clone();
        *bent.last_mut().unwrap() ^= 1;
        for (of, wrapped, committed) in
            [(other, &wrapped, committed), (OF, &bent, committed), (OF, &wrapped, [0; 32])]
        {
            assert!(matches!(house.custody.unwrap(of, wrapped, &committed).await, Err(Error::Seal(_))));
        }
        assert_eq!(house.state(), "working");
    }

    #[tokio::test]
    async fn a_wrapped_key_names_what_wrapped_it() {
        let house = house();
        house.stub.let_through.add_permits(9);
        let root = Custody::new(&RootKey::from_bytes([1; 32]), KeyServices::default(), house.world.clone());
        let (ours, committed) = (root.wrap(OF, &[9; 32]).await.unwrap(), commitment(&[9; 32]));
        let (theirs, _) = house.wrapped().await;
        assert_eq!((Custody::wrapper(&ours).unwrap(), ours.len()), (ROOT, WRAPPED));
        assert_eq!(Custody::wrapper(&theirs).unwrap(), house.stub.key.name());
        // Who was told of a service reads both; who was not says so.
        for wrapped in [&ours, &theirs] {
            assert_eq!(*house.custody.unwrap(OF, wrapped, &committed).await.unwrap(), [9; 32]);
        }
        assert!(matches!(root.unwrap(OF, &theirs, &committed).await, Err(Error::KeyService(_))));
        for none in [&[][..], &[NAMED], &[NAMED, 9, b'x'], &[9; 80]] {
            assert!(matches!(root.unwrap(OF, none, &committed).await, Err(Error::Seal(_))), "{none:?}");
        }
    }
}
