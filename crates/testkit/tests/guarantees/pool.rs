//! Many callers of two organizations over a handful of connections, some giving up half-way, some failing: nobody ever
//! sees anything of the other organization.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chart::{CreateOptions, SearchRequest, Store};
use db::{Ctx, PoolSizes};
use fhir::ResourceType;
use kernel::{FacilityId, ResourceId, SeededEntropy, SystemClock, Version, World};
use tokio::task::JoinSet;

use crate::support::{House, another_program, full_scale, note, patient};

const CALLERS: u64 = 64;
const CONNECTIONS: usize = 4;

/// One side: whose marker its answers carry.
struct Side {
    ctx: Ctx,
    facility: FacilityId,
    mark: &'static str,
    other: &'static str,
    patients: Vec<ResourceId>,
}

#[derive(Default)]
struct Tally {
    answered: AtomicU64,
    aborted: AtomicU64,
    failed: AtomicU64,
    unavailable: AtomicU64,
}

impl Side {
    async fn admit(
        store: &Store,
        ctx: Ctx,
        facility: FacilityId,
        mark: &'static str,
        other: &'static str,
    ) -> Self {
        let mut patients = Vec::new();
        for _ in 0..4 {
            let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
            let made = store.create(&ctx, ResourceType::Patient, &patient(mark), options).await.unwrap();
            for day in 1..6 {
                let body = note(made.document.id, day, mark);
                store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
            }
            patients.push(made.document.id);
        }
        Self { ctx, facility, mark, other, patients }
    }

    fn check(&self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains(self.other), "{} was shown something of {}", self.mark, self.other);
        assert!(text.contains(self.mark), "{} was shown something that is not theirs", self.mark);
    }

    async fn search(
        &self,
        store: &Store,
        rtype: ResourceType,
        query: &[(&str, &str)],
    ) -> Result<usize, chart::Error> {
        let pairs: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let page = store.search(&self.ctx, SearchRequest { rtype, compartment: None, query: &pairs }).await?;
        page.entries.iter().for_each(|one| self.check(&one.body));
        Ok(page.entries.len())
    }

    /// One request of some kind; the answer is looked at before it counts.
    async fn ask(&self, store: &Store, dice: u64) -> Result<(), chart::Error> {
        let id = self.patients[(dice >> 8) as usize % self.patients.len()];
        let person = id.to_string();
        match dice % 12 {
            0..3 => self.check(&store.read(&self.ctx, ResourceType::Patient, id).await?.body),
            3 => assert!(self.search(store, ResourceType::Patient, &[("identifier", "MRN-1")]).await? >= 4),
            4 => assert!(self.search(store, ResourceType::Patient, &[("given", "ada")]).await? >= 4),
            5 => {
                let shown = self
                    .search(store, ResourceType::Observation, &[("patient", &person), ("code", "8716-3")])
                    .await?;
                assert!(shown >= 5);
            }
            6 => assert!(
                self.search(store, ResourceType::Observation, &[("code", "8716-3"), ("_count", "7")]).await?
                    == 7
            ),
            7 => {
                for revision in store.history(&self.ctx, ResourceType::Patient, id, 5, None).await?.revisions
                {
                    revision.body.iter().for_each(|body| self.check(body));
                }
            }
            8 => {
                let body = note(id, 9, self.mark);
                let options = CreateOptions::default();
                self.check(
                    &store.create(&self.ctx, ResourceType::Observation, &body, options).await?.document.body,
                );
            }
            9 => {
                let version = store.read(&self.ctx, ResourceType::Patient, id).await?.version;
                let written = store
                    .update(&self.ctx, ResourceType::Patient, id, Some(version), &patient(self.mark))
                    .await;
                // Another caller may have been faster.
                match written {
                    Err(chart::Error::Db(db::Error::Conflict)) => {}
                    other => self.check(&other?.document.body),
                }
            }
            10 => {
                // Conditions and references are looked up inside the transaction that is open.
                let bundle = format!(
                    r#"{{"resourceType":"Bundle","type":"transaction","entry":[
                        {{"fullUrl":"urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a11","resource":{},"request":{{"method":"POST","url":"Observation"}}}},
                        {{"request":{{"method":"GET","url":"Patient?identifier=MRN-1&_count=2"}}}}]}}"#,
                    String::from_utf8_lossy(&note(id, 10, self.mark))
                );
                self.check(&store.process(&self.ctx, bundle.as_bytes(), Some(self.facility)).await?);
            }
            _ => {
                let bundle = format!(
                    r#"{{"resourceType":"Bundle","type":"batch","entry":[
                        {{"request":{{"method":"GET","url":"Patient/{person}"}}}},
                        {{"request":{{"method":"GET","url":"Observation?patient={person}&_count=3"}}}}]}}"#
                );
                self.check(&store.process(&self.ctx, bundle.as_bytes(), None).await?);
            }
        }
        Ok(())
    }

    /// A request that must fail, most of them after the transaction began.
    async fn fail(&self, store: &Store, dice: u64) {
        let id = self.patients[(dice >> 8) as usize % self.patients.len()];
        let failed = match dice % 5 {
            0 => store
                .update(&self.ctx, ResourceType::Patient, id, Some(Version(9_999)), &patient(self.mark))
                .await
                .map(|_| ()),
            1 => {
                let tx = store.db().begin(&self.ctx).await;
                match tx {
                    Ok(tx) => match tx.query("SELECT 1 / 0", &[]).await {
                        Ok(_) => Ok(()),
                        Err(error) => Err(error.into()),
                    },
                    Err(error) => Err(error.into()),
                }
            }
            2 => {
                // The same key twice: refused by a constraint.
                let duplicate = "INSERT INTO ops.job (organization_id, facility_id, id, kind, run_at)
                     SELECT $1, 0, '00000000-0000-7000-8000-000000000001', 'x', '2100-01-01' FROM generate_series(1, 2)";
                match store.db().begin(&self.ctx).await {
                    Ok(tx) => tx
                        .last(duplicate, &[&self.ctx.organization().0])
                        .await
                        .map(|_| ())
                        .map_err(Into::into),
                    Err(error) => Err(error.into()),
                }
            }
            3 => store
                .create(
                    &self.ctx,
                    ResourceType::Patient,
                    b"{\"resourceType\":\"Patient\",\"gender\":7}",
                    CreateOptions::default(),
                )
                .await
                .map(|_| ()),
            _ => store
                .read(&self.ctx, ResourceType::Patient, ResourceId(uuid::Uuid::from_u128(u128::from(dice))))
                .await
                .map(|_| ()),
        };
        assert!(failed.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_callers_of_two_organizations_over_four_connections_never_see_each_other() {
    let requests: u64 = if full_scale() { 200_000 } else { 10_000 };
    let house = House::new().await;
    let sizes = PoolSizes { runtime: CONNECTIONS, audit: 2, keyring: 2 };
    let store = Store::new(another_program(&house.database, sizes).await);
    let (marks, a, b) = (["MARKOFA", "MARKOFB"], &house.a, &house.b);
    let sides = Arc::new([
        Side::admit(&store, house.everywhere(a), a.north, marks[0], marks[1]).await,
        Side::admit(&store, house.everywhere(b), b.north, marks[1], marks[0]).await,
    ]);
    let tally = Arc::new(Tally::default());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, sides, tally) = (store.clone(), Arc::clone(&sides), Arc::clone(&tally));
        callers.spawn(async move {
            let world = World::new(Arc::new(SystemClock), Arc::new(SeededEntropy::new(caller)));
            for _ in 0..requests / CALLERS {
                let dice = u64::from_be_bytes(world.random());
                let side = &sides[(dice >> 20) as usize % 2];
                let count = match (dice >> 32) % 100 {
                    0..10 => {
                        let patience = Duration::from_micros((dice >> 40) % 6_000);
                        match tokio::time::timeout(patience, side.ask(&store, dice)).await {
                            Err(_) => &tally.aborted,
                            Ok(_) => &tally.answered,
                        }
                    }
                    10..15 => {
                        side.fail(&store, dice).await;
                        &tally.failed
                    }
                    _ => match side.ask(&store, dice).await {
                        Ok(()) => &tally.answered,
                        Err(chart::Error::Db(error)) if error.is_transient() => &tally.unavailable,
                        Err(error) => panic!("{error}: {:?}", error.issues()),
                    },
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let patience = Duration::from_secs(if full_scale() { 3_600 } else { 180 });
    let all = tokio::time::timeout(patience, async {
        while let Some(ended) = callers.join_next().await {
            ended.unwrap();
        }
    });
    all.await.expect("the callers wait for each other for ever");
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    println!(
        "{} answered, {} gave up, {} failed as they should, {} turned away",
        count(&tally.answered),
        count(&tally.aborted),
        count(&tally.failed),
        count(&tally.unavailable)
    );
    assert!(count(&tally.aborted) > requests / 100, "some must have given up half-way");
    assert_eq!(count(&tally.unavailable), 0, "everyone gets a connection in time");
    // Whatever was left half-done, the pool is whole again.
    let settled = tokio::time::timeout(Duration::from_secs(10), async {
        for _ in 0..CONNECTIONS * 4 {
            sides[0].ask(&store, 0).await.unwrap();
            sides[1].ask(&store, 5).await.unwrap();
        }
    });
    settled.await.unwrap();
    let (open, free, waiting) = store.db().pool_status();
    assert!(
        open <= CONNECTIONS && free == open && waiting == 0,
        "{open} open, {free} free, {waiting} waited for"
    );
}

/// Names are searched in memory. Whatever is renewed, dropped half-way or overtaken there, whoever is in the tables is
/// found, and by the present name.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_forgotten_by_the_directory_while_names_change() {
    const PEOPLE: usize = 6;
    let changes: usize = if full_scale() { 5_000 } else { 200 };
    let house = House::new().await;
    let store = house.store.clone();
    let ctx = house.at(&house.a, &[house.a.north]);
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        let made = store
            .create(&ctx, ResourceType::Patient, &patient("Start"), CreateOptions::default())
            .await
            .unwrap();
        people.push(made.document.id);
    }
    let done = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for (number, id) in people.into_iter().enumerate() {
        let (store, ctx, done) = (store.clone(), ctx.clone(), Arc::clone(&done));
        let facility = house.a.north;
        tasks.spawn(async move {
            let mut newcomers = Vec::new();
            for change in 0..changes {
                let name = format!("Name{number}x{change}x");
                let version = Version(i32::try_from(change).unwrap() + 1);
                store.update(&ctx, ResourceType::Patient, id, Some(version), &patient(&name)).await.unwrap();
                let found = found(&store, &ctx, "family", &name.to_lowercase()).await;
                assert_eq!(found, [id], "{name} is not found by its present name");
                if change % 10 == 0 {
                    // Someone who comes once and never changes.
                    let body =
                        String::from_utf8(patient(&format!("Come{name}"))).unwrap().replace("Ada", "Eve");
                    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
                    let made =
                        store.create(&ctx, ResourceType::Patient, body.as_bytes(), options).await.unwrap();
                    newcomers.push((format!("come{}", name.to_lowercase()), made.document.id));
                }
            }
            done.fetch_add(1, Ordering::Relaxed);
            newcomers
        });
    }
    for searcher in 0..10 {
        let (store, ctx, done) = (store.clone(), ctx.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            let world = World::new(Arc::new(SystemClock), Arc::new(SeededEntropy::new(searcher)));
            while done.load(Ordering::Relaxed) < PEOPLE as u64 {
                let dice = u64::from_be_bytes(world.random());
                let search = found(&store, &ctx, "given", "ada");
                if dice.is_multiple_of(4) {
                    let _ = tokio::time::timeout(Duration::from_micros(dice >> 8 & 0xfff), search).await;
                } else {
                    let found = search.await.len();
                    assert_eq!(found, PEOPLE, "someone is not found by a name that never changed");
                }
            }
            Vec::new()
        });
    }
    let mut newcomers = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        newcomers.extend(ended.unwrap());
    }
    assert_eq!(newcomers.len(), PEOPLE * changes / 10);
    for (name, id) in newcomers {
        assert_eq!(found(&store, &ctx, "family", &name).await, [id], "{name} came while others changed");
    }
}

async fn found(store: &Store, ctx: &Ctx, name: &str, value: &str) -> Vec<ResourceId> {
    let query = [(name.to_owned(), value.to_owned())];
    let request = SearchRequest { rtype: ResourceType::Patient, compartment: None, query: &query };
    store.search(ctx, request).await.unwrap().entries.iter().map(|one| one.id).collect()
}
