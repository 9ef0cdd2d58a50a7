//! An organization's wrapping key is changed for another while programs read and write: nobody notices, the old key is gone,
//! and everything that was sealed before can be read (ADR 0038).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chart::{CreateOptions, Store};
use db::keys::{Custody, KeyServices};
use db::{Ctx, PoolSizes};
use fhir::ResourceType;
use kernel::{FacilityId, ResourceId, World};

use crate::support::{House, another_program, note, patient, root_key};

/// A patient with a record.
async fn admit(store: &Store, ctx: &Ctx, facility: FacilityId, name: &str) -> ResourceId {
    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
    let person = store.create(ctx, ResourceType::Patient, &patient(name), options).await.unwrap().document.id;
    let body = note(person, 1, name);
    store.create(ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap().document.id
}

/// The root key wraps.
fn custody() -> Custody {
    Custody::new(&root_key(), KeyServices::default(), World::system())
}

async fn fresh(house: &House) -> Store {
    Store::new(another_program(&house.database, PoolSizes::default()).await)
}

async fn all_are_read(house: &House, ctx: &Ctx, records: &[ResourceId]) {
    let store = fresh(house).await;
    for id in records {
        store.read(ctx, ResourceType::Observation, *id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_for_another_under_load_and_the_old_one_is_gone() {
    let mut house = House::new().await;
    let (ctx, north) = (house.everywhere(&house.a), house.a.north);
    let other = house.everywhere(&house.b);
    let theirs = admit(&house.store, &other, house.b.north, "Cleo").await;
    let mut records = Vec::new();
    for n in 0..30 {
        records.push(admit(&house.store, &ctx, north, &format!("Patient{n}")).await);
    }
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for client in 0..4_usize {
        // Two programs, each with what it remembers: one that has read everything, one that reads as it goes.
        let store = if client % 2 == 0 { house.store.clone() } else { fresh(&house).await };
        let (ctx, records, stop, served) =
            (ctx.clone(), records.clone(), Arc::clone(&stop), Arc::clone(&served));
        clients.push(tokio::spawn(async move {
            let mut made = Vec::new();
            for turn in 0_usize.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let id = records[(turn * 7 + client) % records.len()];
                store.read(&ctx, ResourceType::Observation, id).await.unwrap();
                if turn % 3 == 0 {
                    made.push(admit(&store, &ctx, north, &format!("New{client}x{turn}")).await);
                }
                served.fetch_add(1, Ordering::Relaxed);
            }
            made
        }));
    }
    let organization = house.a.row.id;
    let mut operator = house.database.operator().await;
    for expected in 2..=4 {
        let before = served.load(Ordering::Relaxed);
        let rotated = operator.rotate_keys(&custody(), organization).await.unwrap();
        assert_eq!((rotated.number, rotated.destroyed), (expected, 1));
        assert!(rotated.keys >= 32, "{rotated:?}");
        while served.load(Ordering::Relaxed) < before + 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        records.extend(client.await.unwrap());
    }
    all_are_read(&house, &ctx, &records).await;
    all_are_read(&house, &other, &[theirs]).await;

    let (keys, gone) = operator.keys(organization).await.unwrap();
    let wrapping: Vec<_> = keys.iter().filter(|key| key.purpose == "wrapping").collect();
    assert_eq!(wrapping.iter().map(|key| key.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(wrapping[..3].iter().all(|key| key.destroyed_at.is_some() && key.wraps == 0), "{wrapping:?}");
    assert!(wrapping[3].retired_at.is_none() && wrapping[3].wraps > 32 && gone == 0);
    // The other organization's is as it was.
    let (keys, _) = operator.keys(house.b.row.id).await.unwrap();
    assert!(keys.iter().all(|key| key.number == 1 && key.retired_at.is_none()));
    house.operator = operator;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_interrupted_is_ended_by_the_next_and_stops_nobody() {
    let house = House::new().await;
    let (ctx, north) = (house.everywhere(&house.a), house.a.north);
    let mut records = vec![admit(&house.store, &ctx, north, "Ada").await];
    let mut superuser = house.superuser().await;
    // A transaction that is not over holds it up, and whoever asked goes away.
    let late = superuser.transaction().await.unwrap();
    late.query("SELECT pg_current_xact_id()", &[]).await.unwrap();
    let mut operator = house.database.operator().await;
    let organization = house.a.row.id;
    let custody = custody();
    let waited =
        tokio::time::timeout(Duration::from_secs(2), operator.rotate_keys(&custody, organization)).await;
    assert!(waited.is_err(), "did not wait for the transaction: {waited:?}");
    // Halfway: both keys are there, new ones are wrapped with the new one, whatever a program remembers.
    records.push(admit(&house.store, &ctx, north, "Bea").await);
    records.push(admit(&fresh(&house).await, &ctx, north, "Cleo").await);
    all_are_read(&house, &ctx, &records).await;
    let mut operator = house.database.operator().await;
    let (keys, _) = operator.keys(organization).await.unwrap();
    let wraps: Vec<_> = keys.iter().filter(|key| key.purpose == "wrapping").map(|key| key.wraps).collect();
    assert!(wraps.len() == 2 && wraps.iter().all(|wraps| *wraps > 0), "{wraps:?}");
    late.commit().await.unwrap();
    let rotated = operator.rotate_keys(&custody, organization).await.unwrap();
    assert_eq!((rotated.number, rotated.destroyed), (2, 1));
    all_are_read(&house, &ctx, &records).await;
    house.store.read(&ctx, ResourceType::Observation, records[0]).await.unwrap();
}

/// Neither the program nor its role can bring a destroyed key back, or take one away.
#[tokio::test]
async fn the_runtime_role_changes_no_key() {
    let house = House::new().await;
    let client = crate::support::login(&house.database, "lamplight_app").await;
    for refused in [
        "UPDATE keyring.organization_key SET wrapped_by = 1",
        "UPDATE keyring.patient_key SET wrapped = NULL, destroyed_at = now()",
        "DELETE FROM keyring.organization_key",
    ] {
        let error = client.batch_execute(refused).await.expect_err(refused);
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{refused}");
    }
}
