//! An organization's search key is changed for another while programs write and search: nobody misses a record or finds one that is
//! not so, nothing of the old key is left, and data that is older than its keyring is searched all the same (ADR 0044).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chart::{CreateOptions, SearchRequest, Store, Tokens, Turned};
use db::keys::{Custody, KeyServices};
use db::{Ctx, PoolSizes};
use fhir::ResourceType;
use kernel::{FacilityId, ResourceId, Version, World};
use serde_json::json;
use testkit::pg;

use crate::support::{House, patient, program_with, request, root_key};

/// How long these programs remember keys; nobody tells them anything.
const KEEP: Duration = Duration::from_secs(2);
const SETTLE: Duration = Duration::from_millis(2_500);

fn services() -> KeyServices {
    KeyServices::within(None, Vec::new(), Duration::from_secs(5), KEEP)
}

async fn program(house: &House) -> Store {
    Store::new(program_with(&house.database, PoolSizes::default(), services()).await)
}

fn reading(person: ResourceId, code: &str) -> Vec<u8> {
    json!({
        "resourceType": "Observation", "status": "final", "subject": {"reference": format!("Patient/{person}")},
        "effectiveDateTime": "2026-03-01T08:00:00Z", "code": {"coding": [{"system": "urn:t", "code": code}]}
    })
    .to_string()
    .into_bytes()
}

async fn admit(store: &Store, ctx: &Ctx, facility: FacilityId) -> ResourceId {
    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
    store.create(ctx, ResourceType::Patient, &patient("Ada"), options).await.unwrap().document.id
}

async fn found(store: &Store, ctx: &Ctx, code: &str) -> Vec<ResourceId> {
    let query = [("code".to_owned(), code.to_owned()), ("_count".to_owned(), "100".to_owned())];
    let search = SearchRequest { rtype: ResourceType::Observation, compartment: None, query: &query };
    store.search(ctx, search).await.unwrap().entries.into_iter().map(|document| document.id).collect()
}

/// Every token of the organization, with what it stands for.
async fn tokens(superuser: &pg::Client, organization: i32) -> BTreeSet<(i64, String, String)> {
    let sql = "SELECT token, at::text, id::text FROM chart.token WHERE organization_id = $1";
    let rows = superuser.query(sql, &[&organization]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn turn(house: &House, anew: bool) -> Turned {
    let store = program(house).await;
    let (mut data, mut keyring) = (house.database.operator().await, house.database.operator().await);
    let custody = Custody::new(&root_key(), services(), World::system());
    let mut how = Tokens {
        organization: &house.a.row,
        request: request(),
        data: &mut data,
        keyring: &mut keyring,
        custody: &custody,
        settle: SETTLE,
    };
    store.turn_tokens(&mut how, anew).await.unwrap()
}

/// Lets no program be told anything, until told to stop.
async fn deafen(superuser: pg::Client, stop: Arc<AtomicBool>) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND query ILIKE 'listen %'";
    while !stop.load(Ordering::Relaxed) {
        superuser.query(sql, &[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Makes a record in one program and finds it in another, changes it there and finds it in the first as it is and not as it was,
/// until told to stop; deletes every third.
async fn work(
    [one, other]: [Store; 2],
    (ctx, person): (Ctx, ResourceId),
    name: String,
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
) {
    for round in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let code = |step: usize| format!("{name}-{round}-{step}");
        let body = reading(person, &code(0));
        let made = one.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await;
        let id = made.unwrap().document.id;
        assert_eq!(found(&other, &ctx, &code(0)).await, [id]);
        for (step, [writes, reads]) in [(1, [&other, &one]), (2, [&one, &other])] {
            let version = Version(i32::try_from(step).unwrap());
            let body = reading(person, &code(step));
            writes.update(&ctx, ResourceType::Observation, id, Some(version), &body).await.unwrap();
            assert_eq!(found(reads, &ctx, &code(step)).await, [id], "{}", code(step));
            assert_eq!(found(reads, &ctx, &code(step - 1)).await, [], "{}", code(step - 1));
        }
        if round % 3 == 0 {
            other.delete(&ctx, ResourceType::Observation, id, Some(Version(3))).await.unwrap();
            assert_eq!(found(&one, &ctx, &code(2)).await, []);
        }
        served.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_key_is_changed_under_load_and_everything_is_found_all_the_time() {
    let house = House::new().await;
    let (ctx, superuser) = (house.everywhere(&house.a), house.superuser().await);
    let first = program(&house).await;
    let person = admit(&first, &ctx, house.a.north).await;
    let mut kept = Vec::new();
    for n in 0..300 {
        let body = reading(person, &format!("kept{}", n % 10));
        let made = first.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await;
        kept.push(made.unwrap().document.id);
    }
    let theirs = house.everywhere(&house.b);
    let stranger = admit(&first, &theirs, house.b.north).await;
    let body = reading(stranger, "theirs");
    first.create(&theirs, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
    let before = tokens(&superuser, house.a.id()).await;
    let others = tokens(&superuser, house.b.id()).await;

    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for client in 0..3 {
        // Each remembers keys for itself, and learns of a step at a time of its own.
        let stores = [program(&house).await, program(&house).await];
        let (who, name) = ((ctx.clone(), person), format!("c{client}"));
        clients.push(tokio::spawn(work(stores, who, name, Arc::clone(&stop), Arc::clone(&served))));
    }
    let deaf = tokio::spawn(deafen(house.superuser().await, Arc::clone(&stop)));
    for number in 2..=3 {
        let turned = turn(&house, true).await;
        assert_eq!((turned.number, turned.destroyed, turned.unreadable), (number, 1, 0));
        assert!(turned.records >= 301, "{turned:?}");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    deaf.await.unwrap();
    assert!(served.load(Ordering::Relaxed) > 10, "the clients did little: {served:?}");
    assert_eq!(found(&first, &ctx, "kept3").await.len(), 30);
    assert_eq!(found(&first, &theirs, "theirs").await.len(), 1);

    // The keys before are gone, and so is every token of theirs; nobody else's was touched.
    let operator = house.database.operator().await;
    assert_eq!(operator.search_keys(house.a.row.id).await.unwrap(), [3]);
    assert_eq!(operator.search_keys(house.b.row.id).await.unwrap(), [1]);
    let now = tokens(&superuser, house.a.id()).await;
    assert!(now.is_disjoint(&before));
    assert_eq!(tokens(&superuser, house.b.id()).await, others);

    // Made anew from nothing with the same key they are the same: none was missing, and none stood for nothing.
    let older = format!("DELETE FROM chart.token_key WHERE organization_id = {}", house.a.id());
    superuser.batch_execute(&older).await.unwrap();
    let turned = turn(&house, false).await;
    assert_eq!((turned.number, turned.destroyed), (3, 0));
    let anew = tokens(&superuser, house.a.id()).await;
    let differ: Vec<_> = now.symmetric_difference(&anew).take(5).collect();
    assert!(differ.is_empty(), "{} of {}: {differ:?}", now.symmetric_difference(&anew).count(), now.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_older_than_its_keyring_is_searched_and_gets_tokens_again() {
    let house = House::new().await;
    let (ctx, superuser) = (house.everywhere(&house.a), house.superuser().await);
    let store = program(&house).await;
    let person = admit(&store, &ctx, house.a.north).await;
    let body = reading(person, "old");
    let old = store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await;
    let old = old.unwrap().document.id;
    superuser.batch_execute("CREATE TABLE public.copy AS TABLE chart.token").await.unwrap();
    assert_eq!(turn(&house, true).await.number, 2);
    // The data of before, with the keyring of now.
    let back = "DELETE FROM chart.token; DELETE FROM chart.token_key; INSERT INTO chart.token SELECT * FROM public.copy";
    superuser.batch_execute(back).await.unwrap();
    let operator = house.database.operator().await;
    let organization = house.a.row.id;
    let states = operator.token_states(organization).await.unwrap();
    let live = operator.search_keys(organization).await.unwrap();
    assert!(chart::are_lost(&states, &live), "{states:?} {live:?}");

    // Found by looking at records, also what is written now.
    let store = program(&house).await;
    assert_eq!(found(&store, &ctx, "old").await, [old]);
    let body = reading(person, "new");
    let new = store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await;
    let new = new.unwrap().document.id;
    assert_eq!(found(&store, &ctx, "new").await, [new]);

    let turned = turn(&house, false).await;
    assert_eq!((turned.number, turned.records, turned.destroyed), (2, 3, 0));
    let store = program(&house).await;
    assert_eq!((found(&store, &ctx, "old").await, found(&store, &ctx, "new").await), (vec![old], vec![new]));
    let states = operator.token_states(organization).await.unwrap();
    assert!(!chart::are_lost(&states, &live) && states.len() == 1, "{states:?}");
    // Nothing is left to do.
    assert_eq!(turn(&house, false).await, Turned { number: 2, ..Turned::default() });
}
