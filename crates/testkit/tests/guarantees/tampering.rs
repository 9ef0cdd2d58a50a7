//! Whoever can write to the tables still cannot make the program show a record as something it is not: a flipped bit, a
//! moved cell and a swapped key are refused by name, and everyone else's records stay readable.

use chart::{CreateOptions, Error, Fault, Integrity, SearchRequest, Store};
use db::{Ctx, PoolSizes};
use fhir::ResourceType;
use kernel::{FacilityId, ResourceId, Version};
use testkit::pg;
use uuid::Uuid;

use crate::support::{House, another_program, note, patient};

/// Records whose bodies say whose they are.
struct Records {
    house: House,
    superuser: pg::Client,
    a: Ctx,
    b: Ctx,
    /// Two patients of A, one of B.
    ada: ResourceId,
    bea: ResourceId,
    cleo: ResourceId,
    /// A note of each.
    of_ada: ResourceId,
    of_bea: ResourceId,
    of_cleo: ResourceId,
    /// Another note of Ada's, changed once.
    changed: ResourceId,
}

async fn admit(store: &Store, ctx: &Ctx, facility: FacilityId, name: &str) -> (ResourceId, ResourceId) {
    let options = CreateOptions { facility: Some(facility), ..CreateOptions::default() };
    let person = store.create(ctx, ResourceType::Patient, &patient(name), options).await.unwrap().document.id;
    let body = note(person, 1, name);
    let note = store.create(ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
    (person, note.document.id)
}

impl Records {
    async fn new() -> Self {
        let house = House::new().await;
        let (a, b) = (house.everywhere(&house.a), house.everywhere(&house.b));
        let store = &house.store;
        let (ada, of_ada) = admit(store, &a, house.a.north, "ADASOWN").await;
        let (bea, of_bea) = admit(store, &a, house.a.north, "BEASOWN").await;
        let (cleo, of_cleo) = admit(store, &b, house.b.north, "CLEOSOWN").await;
        let body = note(ada, 2, "ADASOWN first");
        let changed = store
            .create(&a, ResourceType::Observation, &body, CreateOptions::default())
            .await
            .unwrap()
            .document
            .id;
        let body = note(ada, 2, "ADASOWN second");
        store.update(&a, ResourceType::Observation, changed, Some(Version(1)), &body).await.unwrap();
        let superuser = house.superuser().await;
        Self { house, superuser, a, b, ada, bea, cleo, of_ada, of_bea, of_cleo, changed }
    }

    /// A program that has nothing in its caches.
    async fn store(&self) -> Store {
        Store::new(another_program(&self.house.database, PoolSizes::default()).await)
    }

    /// Runs `sql` on one row, whose organization and id it takes as its parameters.
    async fn bend(&self, sql: &str, ctx: &Ctx, id: ResourceId) {
        let bent = self.superuser.execute(sql, &[&ctx.organization().0, &id.0]).await;
        assert_eq!(bent.unwrap_or_else(|error| panic!("{sql}: {error}")), 1, "{sql}");
    }

    /// The note is refused as damaged; those of the others read as ever.
    async fn refused(&self, what: &str, ctx: &Ctx, id: ResourceId) {
        let store = self.store().await;
        let told = store.read(ctx, ResourceType::Observation, id).await;
        match told {
            Err(error @ Error::Db(db::Error::Seal(_))) => {
                assert_eq!(error.status(), 500, "{what}");
                assert!(error.issues()[0].message.contains("damaged"), "{what}: {:?}", error.issues());
            }
            Ok(shown) => panic!("{what}: shown as {}", String::from_utf8_lossy(&shown.body)),
            Err(other) => panic!("{what}: {other:?} does not say that the record is damaged"),
        }
        let mut others = vec![
            (&self.a, self.of_ada),
            (&self.a, self.of_bea),
            (&self.b, self.of_cleo),
            (&self.a, self.changed),
        ];
        others.retain(|(_, other)| *other != id);
        for (ctx, other) in others {
            let read = store.read(ctx, ResourceType::Observation, other).await;
            assert!(read.is_ok(), "{what}: {other} cannot be read any more");
        }
    }

    /// Searches do not quietly leave the damaged note out.
    async fn missed(&self, what: &str, ctx: &Ctx) {
        let store = self.store().await;
        for query in [("code", "8716-3"), ("status", "final"), ("_lastUpdated", "ge2020")] {
            let pairs = [(query.0.to_owned(), query.1.to_owned())];
            let request =
                SearchRequest { rtype: ResourceType::Observation, compartment: None, query: &pairs };
            let found = store.search(ctx, request).await;
            // It may be refused as a whole, but it must not be quiet about the damage.
            let named = matches!(found, Err(Error::Db(db::Error::Seal(_))));
            assert!(named, "{what}: a search by {} passes over the damaged record", query.0);
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_in_a_body_is_refused_and_named() {
    let records = Records::new().await;
    let length: i32 = records
        .superuser
        .query_one("SELECT length(body) FROM chart.resource WHERE id = $1", &[&records.of_ada.0])
        .await
        .unwrap()
        .get(0);
    // Algorithm, number of the key, dictionary, nonce, text, tag.
    let flip = |at: i32| {
        format!(
            "UPDATE chart.resource SET body = set_byte(body, {at}, get_byte(body, {at}) # 1) WHERE organization_id = $1 AND id = $2"
        )
    };
    for at in [0, 3, 4, 15, 16, length / 2, length - 16, length - 1] {
        records.bend(&flip(at), &records.a, records.of_ada).await;
        let what = format!("byte {at} of {length}");
        records.refused(&what, &records.a, records.of_ada).await;
        records.missed(&what, &records.a).await;
        records.bend(&flip(at), &records.a, records.of_ada).await;
    }
    assert!(records.store().await.read(&records.a, ResourceType::Observation, records.of_ada).await.is_ok());
}

/// The number of the key stands outside the ciphertext. A number that leads to no key must not pass for an erasure.
#[tokio::test]
async fn a_flipped_bit_in_the_number_of_the_key_is_refused_and_named() {
    let records = Records::new().await;
    for at in [1, 2] {
        let flip = format!(
            "UPDATE chart.resource SET body = set_byte(body, {at}, get_byte(body, {at}) # 1) WHERE organization_id = $1 AND id = $2"
        );
        records.bend(&flip, &records.a, records.of_ada).await;
        let what = format!("byte {at}, the number of the key");
        records.refused(&what, &records.a, records.of_ada).await;
        records.missed(&what, &records.a).await;
        records.bend(&flip, &records.a, records.of_ada).await;
    }
}

#[tokio::test]
async fn a_cut_or_lengthened_body_is_refused_and_named() {
    for (what, body) in [
        ("cut", "substr(body, 1, length(body) - 1)"),
        ("lengthened", "body || '\\x00'::bytea"),
        ("header alone", "substr(body, 1, 4)"),
    ] {
        let bent = Records::new().await;
        let sql = format!("UPDATE chart.resource SET body = {body} WHERE organization_id = $1 AND id = $2");
        bent.bend(&sql, &bent.a, bent.of_ada).await;
        bent.refused(what, &bent.a, bent.of_ada).await;
    }
}

#[tokio::test]
async fn a_body_moved_to_another_row_version_patient_or_organization_is_refused() {
    let records = Records::new().await;
    let keep = "CREATE TABLE public.kept AS SELECT * FROM chart.resource";
    records.superuser.batch_execute(keep).await.unwrap();
    let put = |from: Uuid| {
        format!(
            "UPDATE chart.resource SET body = (SELECT body FROM public.kept WHERE id = '{from}') WHERE organization_id = $1 AND id = $2"
        )
    };
    for (what, from) in [
        ("from another row of the patient", records.changed),
        ("from another type of the patient", records.ada),
        ("from another patient", records.of_bea),
        ("from another organization", records.of_cleo),
    ] {
        records.bend(&put(from.0), &records.a, records.of_ada).await;
        records.refused(what, &records.a, records.of_ada).await;
        records.missed(what, &records.a).await;
        records.bend(&put(records.of_ada.0), &records.a, records.of_ada).await;
    }
    let older = format!(
        "UPDATE chart.resource SET body = (SELECT body FROM chart.resource_version WHERE id = '{}') WHERE organization_id = $1 AND id = $2",
        records.changed
    );
    records.bend(&older, &records.a, records.changed).await;
    records.refused("an older version in the place of the current", &records.a, records.changed).await;
    let newer = format!(
        "UPDATE chart.resource_version SET body = (SELECT body FROM public.kept WHERE id = '{}') WHERE organization_id = $1 AND id = $2",
        records.changed
    );
    records.bend(&newer, &records.a, records.changed).await;
    let store = records.store().await;
    let past = store.read_version(&records.a, ResourceType::Observation, records.changed, Version(1)).await;
    assert!(matches!(past, Err(Error::Db(db::Error::Seal(_)))), "the past is bound to its version too");
}

#[tokio::test]
async fn a_row_relabelled_is_refused() {
    for (what, set) in [
        ("another class", "class = 3"),
        ("another version", "version = 9"),
        ("another patient", "patient_id = '$bea'"),
        ("no patient", "patient_id = NULL"),
    ] {
        let records = Records::new().await;
        let set = set.replace("$bea", &records.bea.to_string());
        let sql = format!("UPDATE chart.resource SET {set} WHERE organization_id = $1 AND id = $2");
        records.bend(&sql, &records.a, records.of_ada).await;
        let store = records.store().await;
        let told =
            store.read(&records.a, ResourceType::Observation, records.of_ada).await.map(|_| ()).unwrap_err();
        // Of a class that the patient has no record of, there is no key: nothing was ever sealed so.
        let named = matches!(told, Error::Db(db::Error::Seal(_) | db::Error::Erased));
        assert!(named, "{what}: {told:?}");
        assert!(store.read(&records.a, ResourceType::Observation, records.of_bea).await.is_ok(), "{what}");
    }
    let records = Records::new().await;
    let sql = "UPDATE chart.resource SET class = 99 WHERE organization_id = $1 AND id = $2";
    records.bend(sql, &records.a, records.of_ada).await;
    records.refused("a class that there is not", &records.a, records.of_ada).await;
}

#[tokio::test]
async fn a_row_carried_to_another_organization_is_refused() {
    let records = Records::new().await;
    let carry = format!(
        "UPDATE chart.resource SET organization_id = {}, facility_id = {}, patient_id = '{}' WHERE organization_id = $1 AND id = $2",
        records.house.b.id(),
        records.house.b.north,
        records.cleo
    );
    records.bend(&carry, &records.a, records.of_ada).await;
    let store = records.store().await;
    let told =
        store.read(&records.b, ResourceType::Observation, records.of_ada).await.map(|_| ()).unwrap_err();
    assert!(matches!(told, Error::Db(db::Error::Seal(_))), "{told:?}");
    assert!(store.read(&records.b, ResourceType::Observation, records.of_cleo).await.is_ok());
}

#[tokio::test]
async fn swapped_keys_and_commitments_are_refused() {
    for (what, columns) in [
        ("wrapped keys", "wrapped = o.wrapped"),
        ("commitments", "commitment = o.commitment"),
        ("both", "wrapped = o.wrapped, commitment = o.commitment"),
    ] {
        let records = Records::new().await;
        let swap = format!(
            "WITH o AS (SELECT * FROM keyring.patient_key)
             UPDATE keyring.patient_key k SET {columns} FROM o
              WHERE k.organization_id = o.organization_id AND k.patient_id <> o.patient_id AND k.organization_id = {}",
            records.a.organization()
        );
        assert_eq!(records.superuser.execute(&swap, &[]).await.unwrap(), 2, "{what}");
        let store = records.store().await;
        for id in [records.of_ada, records.of_bea] {
            let told = store.read(&records.a, ResourceType::Observation, id).await.map(|_| ()).unwrap_err();
            assert!(matches!(told, Error::Db(db::Error::Seal(_))), "{what}: {told:?}");
        }
        assert!(store.read(&records.b, ResourceType::Observation, records.of_cleo).await.is_ok(), "{what}");
    }
    for (what, columns) in [
        ("wrapped", "wrapped = o.wrapped"),
        ("with their commitments", "wrapped = o.wrapped, commitment = o.commitment"),
    ] {
        let records = Records::new().await;
        let swap = format!(
            "WITH o AS (SELECT * FROM keyring.organization_key)
             UPDATE keyring.organization_key k SET {columns} FROM o
              WHERE k.organization_id <> o.organization_id AND k.purpose = o.purpose AND k.organization_id = {}",
            records.a.organization()
        );
        assert_eq!(records.superuser.execute(&swap, &[]).await.unwrap(), 4, "{what}");
        let store = records.store().await;
        let told =
            store.read(&records.a, ResourceType::Observation, records.of_ada).await.map(|_| ()).unwrap_err();
        assert!(matches!(told, Error::Db(db::Error::Seal(_))), "{what}: {told:?}");
        assert!(store.read(&records.b, ResourceType::Observation, records.of_cleo).await.is_ok(), "{what}");
    }
}

async fn bodies(records: &Records) -> Integrity {
    records.house.store.verify_bodies(&records.a).await.unwrap()
}

/// What opens may still be old: a body put back with its own version, and one with an old version's, are found by the log.
#[tokio::test]
async fn every_body_is_what_was_written_last_or_is_named() {
    let records = Records::new().await;
    let store = &records.house.store;
    let body = note(records.bea, 3, "x");
    let gone = store.create(&records.a, ResourceType::Observation, &body, CreateOptions::default());
    let gone = gone.await.unwrap().document.id;
    store.delete(&records.a, ResourceType::Observation, gone, Some(Version(1))).await.unwrap();
    let clean = bodies(&records).await;
    assert_eq!(clean.wrong, []);
    // Four records, two versions of one more, and one that was deleted with what it was.
    assert!(clean.bodies >= 8 && clean.before_log == 0, "{clean:?}");

    let (a, changed) = (&records.a, records.changed);
    let stored = "UPDATE chart.resource SET body = set_byte(body, length(body) / 2, get_byte(body, length(body) / 2) # 1)
                   WHERE organization_id = $1 AND id = $2";
    records.bend(stored, a, records.of_ada).await;
    let back = "UPDATE chart.resource r SET body = v.body FROM chart.resource_version v
                 WHERE r.organization_id = $1 AND r.id = $2 AND v.id = r.id AND v.organization_id = $1";
    records.bend(back, a, changed).await;
    let other = "UPDATE chart.resource r SET body = o.body FROM chart.resource o
                  WHERE r.organization_id = $1 AND r.id = $2 AND o.organization_id = $1 AND o.id = $3";
    let swapped = records
        .superuser
        .execute(other, &[&a.organization().0, &records.bea.0, &records.ada.0])
        .await
        .unwrap();
    assert_eq!(swapped, 1);
    let revived = "UPDATE chart.resource SET body = 'x' WHERE organization_id = $1 AND id = $2";
    records.bend(revived, a, gone).await;
    records
        .bend("DELETE FROM chart.resource WHERE organization_id = $1 AND id = $2", a, records.of_bea)
        .await;
    let twin = "INSERT INTO chart.resource SELECT (jsonb_populate_record(r, '{\"id\": \"00000000-0000-7000-8000-000000000001\"}')).*
                  FROM chart.resource r WHERE organization_id = $1 AND id = $2";
    records.bend(twin, a, records.ada).await;
    let mut found: Vec<_> =
        bodies(&records).await.wrong.into_iter().map(|one| (one.id, one.version, one.fault)).collect();
    let mut expected = vec![
        (records.of_ada, 1, Fault::Altered),
        (changed, 2, Fault::RolledBack),
        (records.bea, 1, Fault::Swapped),
        (gone, 2, Fault::Altered),
        (records.of_bea, 1, Fault::Gone),
        (ResourceId(Uuid::from_u128(0x7000_8000_0000_0000_0001)), 1, Fault::Inserted),
    ];
    found.sort_unstable_by_key(|one| one.0.0);
    expected.sort_unstable_by_key(|one| one.0.0);
    assert_eq!(found, expected);

    // The whole row as it was before its last change, and nothing of the change left beside it.
    let records = Records::new().await;
    let row = "UPDATE chart.resource r SET body = v.body, version = v.version, updated_at = v.updated_at
                 FROM chart.resource_version v WHERE r.organization_id = $1 AND r.id = $2 AND v.id = r.id AND v.organization_id = $1";
    records.bend(row, &records.a, records.changed).await;
    records
        .bend(
            "DELETE FROM chart.resource_version WHERE organization_id = $1 AND id = $2",
            &records.a,
            records.changed,
        )
        .await;
    let [one] = &bodies(&records).await.wrong[..] else { panic!("one record is wrong") };
    assert_eq!((one.id, one.version, one.fault), (records.changed, 2, Fault::RolledBack));
    // Who only asks for their own organization learns of no other.
    let theirs = records.house.store.verify_bodies(&records.b).await.unwrap();
    assert_eq!(theirs.wrong, []);
}
