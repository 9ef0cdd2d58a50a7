//! A key service beside the root key (ADR 0041): when it is away, what is remembered works for a while, then answers are 503,
//! nothing is written in clear, and nobody has to do anything once it is back. Keys move from one service to another while
//! programs work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chart::{CreateOptions, Store};
use db::Error;
use db::keys::{KeyServices, LocalKey, RootKey};
use fhir::ResourceType;
use kernel::{KeyService, KeyServiceError, Waiting, World, WrappingKey};
use serde_json::json;
use testkit::{Permission, Settings, TestApp, TestDb};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::support::{House, chart_rows, note, patient};

/// How long a service is waited for, and how long keys are remembered.
const PATIENCE: Duration = Duration::from_millis(400);
const KEEP: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Works,
    /// It answers that it is sealed.
    Away,
    /// It takes the request and never answers.
    Hangs,
}

/// A service of this test: a key that wraps, and a switch.
struct Service {
    key: LocalKey,
    mode: watch::Sender<Mode>,
    /// Requests at this moment, and the most there ever were.
    at_once: AtomicUsize,
    most: AtomicUsize,
    /// How many keys it wraps before it goes away.
    wraps: AtomicUsize,
}

impl Service {
    fn new(seed: u8) -> Arc<Self> {
        Arc::new(Self {
            key: LocalKey::of_file(&RootKey::from_bytes([seed; 32]), World::system()),
            mode: watch::Sender::new(Mode::Works),
            at_once: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            wraps: AtomicUsize::new(usize::MAX),
        })
    }

    fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    async fn answer<T>(&self, answer: Waiting<'_, Result<T, KeyServiceError>>) -> Result<T, KeyServiceError> {
        struct Leaves<'a>(&'a AtomicUsize);
        impl Drop for Leaves<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.most.fetch_max(self.at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let _leaves = Leaves(&self.at_once);
        let mode = *self.mode.borrow();
        match mode {
            Mode::Works => {}
            Mode::Away => return Err(KeyServiceError::Away(Some(503))),
            Mode::Hangs => std::future::pending().await,
        }
        answer.await
    }
}

impl KeyService for Service {
    fn kind(&self) -> &'static str {
        "test"
    }

    fn name(&self) -> &str {
        self.key.name()
    }

    fn wrap<'a>(
        &'a self,
        of: WrappingKey,
        key: &'a [u8; 32],
    ) -> Waiting<'a, Result<Vec<u8>, KeyServiceError>> {
        let left = self.wraps.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            return Box::pin(async { Err(KeyServiceError::Away(None)) });
        }
        Box::pin(self.answer(self.key.wrap(of, key)))
    }

    fn unwrap<'a>(
        &'a self,
        of: WrappingKey,
        wrapped: &'a [u8],
    ) -> Waiting<'a, Result<Zeroizing<[u8; 32]>, KeyServiceError>> {
        Box::pin(self.answer(self.key.unwrap(of, wrapped)))
    }
}

fn only(service: &Arc<Service>) -> KeyServices {
    KeyServices::within(Some(Arc::clone(service) as _), Vec::new(), PATIENCE, KEEP)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_key_service_is_away_what_is_remembered_works_then_answers_are_503_until_it_is_back() {
    let service = Service::new(11);
    let database = TestDb::kept_by(only(&service), World::system()).await;
    let app = TestApp::on(database, Settings::default(), World::system());
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&[Permission::ChartRead, Permission::ChartWrite], &[&north]).await;
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Lovelace"}]});
    let made = nurse.post("/fhir/R4/Patient", &patient).await.expect_status(201);
    let path = format!("/fhir/R4/Patient/{}", made.json()["id"].as_str().unwrap());
    nurse.get(&path).await.expect_status(200);

    for mode in [Mode::Away, Mode::Hangs] {
        // What is remembered now was asked for not long ago.
        tokio::time::sleep(KEEP / 4).await;
        nurse.get(&path).await.expect_status(200);
        service.set(mode);
        let begun = Instant::now();
        let withheld = loop {
            let answer = nurse.get(&path).await;
            match answer.status {
                200 => tokio::time::sleep(Duration::from_millis(50)).await,
                503 => break answer,
                other => panic!("{other}: {}", answer.text()),
            }
            assert!(begun.elapsed() < KEEP * 4, "keys are remembered for ever");
        };
        assert!(begun.elapsed() > KEEP / 2, "after {:?}", begun.elapsed());
        assert_eq!(withheld.header("retry-after"), "1");
        assert!(!withheld.text().contains("Lovelace") && !withheld.text().contains("file:"));

        // Nothing new is written, in clear or otherwise, and nobody waits long.
        let before = chart_rows(&app.superuser().await).await;
        service.most.store(0, Ordering::SeqCst);
        let begun = Instant::now();
        let asking = (0..60).map(|n| {
            let (nurse, path, patient) = (&nurse, &path, &patient);
            async move {
                match n % 2 {
                    0 => nurse.get(path).await.status,
                    _ => nurse.post("/fhir/R4/Patient", patient).await.status,
                }
            }
        });
        let answers = futures_util::future::join_all(asking).await;
        assert!(answers.iter().all(|status| *status == 503), "{answers:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(service.most.load(Ordering::SeqCst) <= 1, "requests pile up at the service");
        assert_eq!(chart_rows(&app.superuser().await).await, before);
        // The program itself is well.
        app.stranger().get("/health").await.expect_status(204);
        app.stranger().get("/ready").await.expect_status(204);
        let states = app.app.store.db().custody().services().states();
        assert_eq!((states[0].state, states[0].is_failing()), ("away", true));

        service.set(Mode::Works);
        let begun = Instant::now();
        while nurse.get(&path).await.status != 200 {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "it does not find out that the service is back"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        nurse.post("/fhir/R4/Patient", &patient).await.expect_status(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_move_from_the_root_key_to_a_service_and_on_to_another_while_programs_work() {
    let mut house = House::new().await;
    let (ctx, other) = (house.everywhere(&house.a), house.everywhere(&house.b));
    let (first, second) = (Service::new(11), Service::new(12));
    let mut records = Vec::new();
    let options = || CreateOptions { facility: Some(house.a.north), ..CreateOptions::default() };
    for name in ["Ada", "Bea"] {
        let person = house
            .store
            .create(&ctx, ResourceType::Patient, &patient(name), options())
            .await
            .unwrap()
            .document
            .id;
        let body = note(person, 1, name);
        let made = house.store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await;
        records.push(made.unwrap().document.id);
    }
    let there = CreateOptions { facility: Some(house.b.north), ..CreateOptions::default() };
    house.store.create(&other, ResourceType::Patient, &patient("Cleo"), there).await.unwrap();
    let to_first = KeyServices::new(Some(Arc::clone(&first) as _), Vec::new());
    // Each program has what it knows of them to itself.
    let to_second = || KeyServices::new(Some(Arc::clone(&second) as _), vec![Arc::clone(&first) as _]);
    let mut operator = house.database.operator().await;
    assert_eq!(operator.wrapped_by().await.unwrap().keys().collect::<Vec<_>>(), ["root"]);

    // A program that is told of both reads all the while.
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let reading = {
        let (stop, served, ctx, records) =
            (Arc::clone(&stop), Arc::clone(&served), ctx.clone(), records.clone());
        let doors: Vec<_> = (0..2).map(|_| house.database.open_kept_by(&to_second())).collect();
        let short = KeyServices::within(
            Some(Arc::clone(&second) as _),
            vec![Arc::clone(&first) as _],
            Duration::from_secs(3),
            Duration::from_millis(50),
        );
        let doors: Vec<_> =
            doors.into_iter().chain([house.database.open_kept_by(&short)]).map(Store::new).collect();
        tokio::spawn(async move {
            for turn in 0_usize.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let store = &doors[turn % doors.len()];
                store.read(&ctx, ResourceType::Observation, records[turn % records.len()]).await.unwrap();
                served.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    let custody = house.database.custody(&to_first);
    let moved = operator.rewrap_keys(&custody, false).await.unwrap();
    assert_eq!(moved.from.keys().collect::<Vec<_>>(), ["root"]);
    assert_eq!((moved.now, moved.from["root"]), (2, 2));
    assert_eq!(operator.rewrap_keys(&custody, false).await.unwrap().from.len(), 0);
    // A wrapping key that is made from now on is wrapped by the service too.
    operator.rotate_keys(&custody, house.a.row.id).await.unwrap();
    let by = operator.wrapped_by().await.unwrap();
    assert_eq!(by.into_iter().collect::<Vec<_>>(), [(first.name().to_owned(), 2)]);

    // On to the second, which goes away in the middle: what is moved and what is not are both read, and the next call ends it.
    let custody = house.database.custody(&to_second());
    second.wraps.store(1, Ordering::SeqCst);
    assert!(matches!(operator.rewrap_keys(&custody, false).await, Err(Error::KeyService(_))));
    assert_eq!(operator.wrapped_by().await.unwrap().values().collect::<Vec<_>>(), [&1, &1]);
    let halfway = Store::new(house.database.open_kept_by(&to_second()));
    halfway.read(&ctx, ResourceType::Observation, records[0]).await.unwrap();
    second.wraps.store(usize::MAX, Ordering::SeqCst);
    let mut operator = house.database.operator().await;
    let moved = operator.rewrap_keys(&custody, false).await.unwrap();
    assert_eq!((moved.from[first.name()], moved.now), (1, 2));
    // Anew, for a newer version of the service's key: every row is another one, and it opens.
    let stored =
        "SELECT string_agg(encode(wrapped, 'hex'), ',') FROM keyring.organization_key WHERE purpose = 1";
    let superuser = house.superuser().await;
    let before: String = superuser.query_one(stored, &[]).await.unwrap().get(0);
    assert_eq!(operator.rewrap_keys(&custody, true).await.unwrap().from[second.name()], 2);
    assert_ne!(superuser.query_one(stored, &[]).await.unwrap().get::<_, String>(0), before);

    let before = served.load(Ordering::Relaxed);
    while served.load(Ordering::Relaxed) < before + 20 {
        assert!(!reading.is_finished(), "a reader was refused");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.store(true, Ordering::Relaxed);
    reading.await.unwrap();
    // What wrapped them before is needed no more; who was not told of the second reads nothing and says so.
    first.set(Mode::Away);
    let alone = KeyServices::new(Some(Arc::clone(&second) as _), Vec::new());
    let store = Store::new(house.database.open_kept_by(&alone));
    store.read(&ctx, ResourceType::Observation, records[1]).await.unwrap();
    let untold = Store::new(house.database.open_again());
    let told = untold.read(&ctx, ResourceType::Observation, records[1]).await.err();
    assert!(matches!(told, Some(chart::Error::Db(Error::KeyService(_)))), "{told:?}");
    house.operator = operator;
}
