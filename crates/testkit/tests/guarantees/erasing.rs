//! A patient's keys are destroyed: what was sealed with them is closed to every program at once and for good, and a ledger says
//! so that the data knows of (ADR 0039).

use chart::{CreateOptions, Store};
use db::keys::LedgerHead;
use db::{Ctx, PoolSizes};
use fhir::ResourceType;
use kernel::{FacilityId, PatientId, ResourceId};

use crate::support::{House, another_program, login, note, patient};

/// A patient with a record.
async fn admit(store: &Store, ctx: &Ctx, facility: FacilityId, name: &str) -> (PatientId, ResourceId) {
    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
    let person = store.create(ctx, ResourceType::Patient, &patient(name), options).await.unwrap().document.id;
    let body = note(person, 1, name);
    let made = store.create(ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
    (PatientId(person.0), made.document.id)
}

fn is_erased<T>(read: Result<T, chart::Error>) -> bool {
    matches!(read, Err(chart::Error::Db(db::Error::Erased)))
}

async fn reads(store: &Store, ctx: &Ctx, id: ResourceId) -> Result<(), chart::Error> {
    store.read(ctx, ResourceType::Observation, id).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_for_an_erased_patient_is_closed_everywhere_and_stays_closed() {
    let house = House::new().await;
    let (ctx, north) = (house.everywhere(&house.a), house.a.north);
    let (ada, of_ada) = admit(&house.store, &ctx, north, "Ada").await;
    let (_, of_bea) = admit(&house.store, &ctx, north, "Bea").await;
    // Another program that has the key unwrapped, and listens.
    let other = Store::new(another_program(&house.database, PoolSizes::default()).await);
    reads(&other, &ctx, of_ada).await.unwrap();
    let world = house.store.db().world().clone();
    let ring = house.store.db().keyring();
    let erasure = world.uuid();
    assert_eq!(ring.erase(&ctx, ada, erasure).await.unwrap(), 1);
    assert!(is_erased(reads(&house.store, &ctx, of_ada).await), "this program remembers nothing");
    let fresh = Store::new(another_program(&house.database, PoolSizes::default()).await);
    assert!(is_erased(reads(&fresh, &ctx, of_ada).await));
    for id in [of_bea, of_ada] {
        let read = reads(&fresh, &ctx, id).await;
        assert_eq!(read.is_ok(), id == of_bea, "{read:?}");
    }
    // Nothing is written for them again, in no class, by nobody.
    for store in [&house.store, &fresh] {
        let again = note(ResourceId(ada.0), 2, "again");
        let made = store.create(&ctx, ResourceType::Observation, &again, CreateOptions::default()).await;
        assert!(made.is_err());
    }
    for class in kernel::DataClass::ALL {
        let made = fresh.db().keyring().current_patient_key(&ctx, north, ada, class).await;
        assert!(matches!(made, Err(db::Error::Erased)), "{class:?}");
    }
    // Once more changes nothing, and adds nothing to the ledger.
    assert_eq!(ring.erase(&ctx, ada, world.uuid()).await.unwrap(), 0);
    let ledger = ring.erasures(ctx.organization()).await.unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].patient, ledger[0].erasure), (ada, erasure));
    // The other program is told.
    for _ in 0..100 {
        if is_erased(reads(&other, &ctx, of_ada).await) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a program that had the key goes on reading");
}

#[tokio::test]
async fn a_keyring_from_before_an_erasure_is_refused() {
    let house = House::new().await;
    let (ctx, north) = (house.everywhere(&house.a), house.a.north);
    let db = house.store.db();
    db.refuse_other_keyring(&[]).await.unwrap();
    let mut heads = Vec::new();
    for name in ["Ada", "Bea"] {
        let (patient, _) = admit(&house.store, &ctx, north, name).await;
        db.keyring().erase(&ctx, patient, db.world().uuid()).await.unwrap();
        heads.push(db.ledger_heads().await.unwrap().pop().unwrap());
    }
    assert_eq!((heads[0].sequence, heads[1].sequence), (1, 2));
    // Data that knows less is joined with a keyring that knows more.
    db.refuse_other_keyring(&heads).await.unwrap();
    let more = LedgerHead { sequence: 3, ..heads[1].clone() };
    let another = LedgerHead { digest: heads[0].digest.clone(), ..heads[1].clone() };
    for known in [more, another] {
        let refused = db.refuse_other_keyring(&[known]).await;
        assert!(matches!(refused, Err(db::Error::OldKeyring(id)) if id == house.a.row.id), "{refused:?}");
    }
    // As the keyring was before, beside data that was told.
    let superuser = house.superuser().await;
    superuser.batch_execute("DELETE FROM keyring.erasure WHERE sequence = 2").await.unwrap();
    assert!(matches!(db.refuse_other_keyring(&[]).await, Err(db::Error::OldKeyring(_))));
}

/// Another organization destroys nothing here, nor does the role by itself.
#[tokio::test]
async fn keys_are_destroyed_by_their_organization_alone() {
    let house = House::new().await;
    let ctx = house.everywhere(&house.a);
    let (ada, of_ada) = admit(&house.store, &ctx, house.a.north, "Ada").await;
    let ring = house.store.db().keyring();
    let erasure = house.store.db().world().uuid();
    // The other organization has no such patient: what it destroys is its own.
    assert_eq!(ring.erase(&house.everywhere(&house.b), ada, erasure).await.unwrap(), 0);
    reads(&house.store, &ctx, of_ada).await.unwrap();
    let client = login(&house.database, "lamplight_app").await;
    for sql in [
        "INSERT INTO keyring.erasure SELECT 1, 1, gen_random_uuid(), gen_random_uuid(), now(), sha256('')",
        "DELETE FROM keyring.erasure",
        "UPDATE keyring.known SET sequence = 1",
        "SELECT keyring.erase(1, gen_random_uuid(), gen_random_uuid(), now())",
        "SELECT keyring.note(1, 1, sha256(''))",
    ] {
        assert!(client.batch_execute(sql).await.is_err(), "{sql}");
    }
}
