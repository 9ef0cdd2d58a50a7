//! A patient's key gets a successor while programs read and write: what is written from then on is sealed with it, what was
//! written before stays readable, and who is erased gets none (ADR 0043).

use std::time::{Duration, Instant};

use chart::{CreateOptions, Store};
use db::keys::{Custody, KeyServices, Keyring, join_keyring};
use db::{Ctx, Error, Operator, PoolSizes, Whose};
use fhir::ResourceType;
use kernel::{DataClass, FacilityId, PatientId, ResourceId, World};
use testkit::pg;

use crate::apart::{keyring, program};
use crate::support::{House, another_program, login, note, patient, root_key};

fn custody() -> Custody {
    Custody::new(&root_key(), KeyServices::default(), World::system())
}

async fn fresh(house: &House) -> Store {
    Store::new(another_program(&house.database, PoolSizes::default()).await)
}

async fn admit(store: &Store, ctx: &Ctx, facility: FacilityId, name: &str) -> PatientId {
    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
    PatientId(store.create(ctx, ResourceType::Patient, &patient(name), options).await.unwrap().document.id.0)
}

async fn write(store: &Store, ctx: &Ctx, patient: PatientId, text: &str) -> ResourceId {
    let body = note(ResourceId::from(patient), 1, text);
    store.create(ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap().document.id
}

/// Which key a stored body names.
async fn key_of(superuser: &pg::Client, id: ResourceId) -> u16 {
    let row = superuser.query_one("SELECT body FROM chart.resource WHERE id = $1", &[&id.0]).await.unwrap();
    Keyring::number_of(row.get(0)).unwrap()
}

async fn numbers(superuser: &pg::Client, patient: PatientId) -> Vec<(i32, bool)> {
    let sql = "SELECT number, wrapped IS NOT NULL FROM keyring.patient_key WHERE patient_id = $1 AND class = 0 ORDER BY 1";
    let rows = superuser.query(sql, &[&patient.0]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_a_suspicion_is_sealed_with_another_key_in_every_program() {
    let house = House::new().await;
    let (ctx, organization) = (house.everywhere(&house.a), house.a.row.id);
    let (superuser, mut operator) = (house.superuser().await, house.database.operator().await);
    let other = fresh(&house).await;
    let ada = admit(&house.store, &ctx, house.a.north, "Ada").await;
    let bea = admit(&house.store, &ctx, house.a.south, "Bea").await;
    let mut records = Vec::new();
    for store in [&house.store, &other] {
        for patient in [ada, bea] {
            records.push(write(store, &ctx, patient, "before").await);
        }
    }
    assert_eq!(
        operator
            .succeed_patient_keys(&custody(), (organization, Whose::Patient(ada)), &house.operator)
            .await
            .unwrap(),
        1
    );
    assert_eq!(numbers(&superuser, ada).await, [(1, true), (2, true)]);
    assert_eq!(numbers(&superuser, bea).await, [(1, true)]);
    // Both programs are told, and have it in moments; a third one begins with it.
    let third = fresh(&house).await;
    for store in [&house.store, &other, &third] {
        let begun = Instant::now();
        loop {
            let id = write(store, &ctx, ada, "after").await;
            records.push(id);
            if key_of(&superuser, id).await == 2 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "a program goes on with the key before");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let of_bea = write(store, &ctx, bea, "after").await;
        assert_eq!(key_of(&superuser, of_bea).await, 1);
        records.push(of_bea);
    }
    // Everybody, and the wrapping key too; both again and again.
    for expected in 3..=4 {
        let made = operator
            .succeed_patient_keys(&custody(), (organization, Whose::All), &house.operator)
            .await
            .unwrap();
        assert_eq!((made, numbers(&superuser, ada).await.len()), (2, expected));
        operator.rotate_keys(&custody(), organization).await.unwrap();
        records.push(write(&fresh(&house).await, &ctx, ada, "again").await);
    }
    for store in [&house.store, &other, &third, &fresh(&house).await] {
        for id in &records {
            store.read(&ctx, ResourceType::Observation, *id).await.unwrap();
        }
    }
    // No body was touched: each is still what its event says.
    assert_eq!(house.store.verify_bodies(&ctx).await.unwrap().wrong, []);
    let nobody = Whose::Patient(PatientId(World::system().uuid()));
    let told = operator.succeed_patient_keys(&custody(), (organization, nobody), &house.operator).await;
    assert!(matches!(told, Err(Error::NotFound)), "{told:?}");
    // Not the other organization's.
    let told = operator
        .succeed_patient_keys(&custody(), (house.b.row.id, Whose::Patient(ada)), &house.operator)
        .await;
    assert!(matches!(told, Err(Error::NotFound)), "{told:?}");
}

/// Keys are made in the keyring's database; programs listen at the data.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_apart_gets_the_next_key_and_programs_are_told_all_the_same() {
    let house = House::new().await;
    let (ctx, organization) = (house.everywhere(&house.a), house.a.row.id);
    let (ring, login) = keyring(&house, "next").await;
    join_keyring(&house.database.owner(), &ring, World::system().now()).await.unwrap();
    let store = program(&house, &login);
    let ada = admit(&store, &ctx, house.a.north, "Ada").await;
    let before = write(&store, &ctx, ada, "before").await;
    let mut operator = Operator::login(&ring, World::system()).await.unwrap();
    let whose = (organization, Whose::Patient(ada));
    assert_eq!(operator.succeed_patient_keys(&custody(), whose, &house.operator).await.unwrap(), 1);
    let superuser = house.superuser().await;
    let begun = Instant::now();
    loop {
        let after = write(&store, &ctx, ada, "after").await;
        store.read(&ctx, ResourceType::Observation, after).await.unwrap();
        if key_of(&superuser, after).await == 2 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "the program goes on with the key before");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.read(&ctx, ResourceType::Observation, before).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_sealed_much_gets_a_successor_once() {
    let house = House::new().await;
    let (ctx, organization) = (house.everywhere(&house.a), house.a.row.id);
    let (superuser, mut operator) = (house.superuser().await, house.database.operator().await);
    let ada = admit(&house.store, &ctx, house.a.north, "Ada").await;
    let bea = admit(&house.store, &ctx, house.a.north, "Bea").await;
    for text in ["a", "b", "c"] {
        write(&house.store, &ctx, ada, text).await;
    }
    write(&house.store, &ctx, bea, "a").await;
    assert_eq!(house.store.worn_keys(&ctx, 5).await.unwrap(), []);
    let worn = house.store.worn_keys(&ctx, 4).await.unwrap();
    assert_eq!(worn, [(ada, DataClass::General, 1)]);
    for expected in [1, 0] {
        // The key before stays worn; it is not the newest any more.
        let worn = house.store.worn_keys(&ctx, 4).await.unwrap();
        let made = operator
            .succeed_patient_keys(&custody(), (organization, Whose::Keys(&worn)), &house.operator)
            .await
            .unwrap();
        assert_eq!(made, expected);
    }
    assert_eq!(numbers(&superuser, ada).await, [(1, true), (2, true)]);
    assert_eq!(numbers(&superuser, bea).await, [(1, true)]);
    // What the successor seals is counted from nothing.
    let store = fresh(&house).await;
    for text in ["d", "e", "f", "g"] {
        write(&store, &ctx, ada, text).await;
    }
    let mut worn = store.worn_keys(&ctx, 4).await.unwrap();
    worn.sort_unstable();
    assert_eq!(worn, [(ada, DataClass::General, 1), (ada, DataClass::General, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_gets_no_key_even_at_the_same_moment() {
    let house = House::new().await;
    let (ctx, organization) = (house.everywhere(&house.a), house.a.row.id);
    let superuser = house.superuser().await;
    let ring = house.store.db().keyring();
    for turn in 0..12 {
        let ada = admit(&house.store, &ctx, house.a.north, "Ada").await;
        let mut operator = house.database.operator().await;
        let custody = custody();
        let succeeding = async {
            tokio::time::sleep(Duration::from_millis(turn % 4)).await;
            operator
                .succeed_patient_keys(&custody, (organization, Whose::Patient(ada)), &house.operator)
                .await
        };
        let (made, erased) = tokio::join!(succeeding, ring.erase(&ctx, ada, World::system().uuid()));
        erased.unwrap();
        assert!(matches!(made, Ok(0 | 1) | Err(Error::NotFound)), "{made:?}");
        let left = numbers(&superuser, ada).await;
        assert!(left.iter().all(|(_, there)| !there), "{left:?}");
        let key = ring.current_patient_key(&ctx, house.a.north, ada, DataClass::General).await;
        assert!(matches!(key, Err(Error::Erased)));
        let mut operator = house.database.operator().await;
        let made = operator
            .succeed_patient_keys(&custody, (organization, Whose::Patient(ada)), &house.operator)
            .await;
        assert!(matches!(made, Err(Error::NotFound)), "{made:?}");
    }
    // Nor does the program make one by itself.
    let client = login(&house.database, "lamplight_app").await;
    let refused =
        client.batch_execute("SELECT keyring.succeed(1, '{}', '{}', '{}', '{}', 1, '{}', now())").await;
    assert_eq!(refused.unwrap_err().code().map(|code| code.code().to_owned()).as_deref(), Some("42501"));
}
