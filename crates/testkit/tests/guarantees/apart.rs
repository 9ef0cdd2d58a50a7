//! A keyring in a database of its own: keys come to it once, nobody makes any in the main database again, and data is opened with
//! its own keyring alone (ADR 0039).

use chart::{CreateOptions, Store};
use db::keys::{KeyServices, join_keyring, keyring_home};
use db::{Config, Db, Endpoint, PoolSizes};
use fhir::ResourceType;
use kernel::{PatientId, ResourceId, World};

use crate::boundary::{Signer, cell, number};
use crate::support::{House, another_program, bare, patient, root_key};

/// The owner's and the program's login at an empty database beside the house's, with a keyring's schema.
pub(crate) async fn keyring(house: &House, name: &str) -> (Endpoint, Endpoint) {
    let main = house.database.owner();
    let name = format!("{}_{name}", main.name().unwrap());
    db::create_database(&main, &name).await.unwrap();
    let owner = main.database(&name);
    db::migrate_keyring(&owner, &root_key(), true).await.unwrap();
    let program = owner.login("lamplight_app", &root_key().role_password("lamplight_app"));
    (owner, program)
}

pub(crate) fn program(house: &House, keyring: &Endpoint) -> Store {
    let login = house.database.owner();
    let endpoint = login.login("lamplight_app", &root_key().role_password("lamplight_app"));
    let config = Config {
        endpoint,
        platform: None,
        keyring: Some(keyring.clone()),
        key_services: KeyServices::default(),
        sizes: PoolSizes::default(),
        root: root_key(),
        world: World::system(),
    };
    Store::new(Db::open(config).unwrap())
}

async fn admit(store: &Store, house: &House, name: &str) -> Result<ResourceId, chart::Error> {
    let ctx = house.everywhere(&house.a);
    let options = CreateOptions { facility: Some(house.a.north), ..CreateOptions::default() };
    Ok(store.create(&ctx, ResourceType::Patient, &patient(name), options).await?.document.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_move_once_and_what_the_keyring_has_stays() {
    let house = House::new().await;
    let (ctx, main) = (house.everywhere(&house.a), house.database.owner());
    let ada = admit(&house.store, &house, "Ada").await.unwrap();
    let bea = admit(&house.store, &house, "Bea").await.unwrap();
    let (ring, login) = keyring(&house, "ring").await;
    assert_eq!(keyring_home(&main).await.unwrap(), None);
    // A program that is told of the keyring before the keys are there does not begin.
    let apart = program(&house, &login);
    assert!(apart.db().refuse_other_keyring(&[]).await.is_err());
    let now = World::system().now();
    let superuser = house.superuser().await;
    let count = async || {
        let sql = "SELECT (SELECT count(*) FROM keyring.organization_key) + (SELECT count(*) FROM keyring.patient_key)";
        superuser.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let keys = count().await;
    // As if the main database came out of a backup from before: its keys are there once more.
    let tables = ["keyring.organization_key", "keyring.patient_key"];
    for table in tables {
        let sql = format!("CREATE TABLE public.{} AS SELECT * FROM {table}", table.replace('.', "_"));
        superuser.batch_execute(&sql).await.unwrap();
    }
    assert_eq!(join_keyring(&main, &ring, now).await.unwrap(), usize::try_from(keys).unwrap());
    assert_eq!(join_keyring(&main, &ring, now).await.unwrap(), 0);
    assert_eq!(count().await, 0, "they are in one place");
    assert!(keyring_home(&main).await.unwrap().is_some());
    apart.db().refuse_other_keyring(&[]).await.unwrap();
    for id in [ada, bea] {
        apart.read(&ctx, ResourceType::Patient, id).await.unwrap();
    }
    let cleo = admit(&apart, &house, "Cleo").await.unwrap();
    // One that is not told makes no keys of its own, for nobody.
    let untold = Store::new(another_program(&house.database, PoolSizes::default()).await);
    assert!(untold.db().refuse_other_keyring(&[]).await.is_err());
    assert!(admit(&untold, &house, "Dora").await.is_err());
    assert!(untold.db().keyring().token_keys(&house.everywhere(&house.b)).await.is_err());
    assert_eq!(count().await, 0);

    apart.db().keyring().erase(&ctx, PatientId(ada.0), World::system().uuid()).await.unwrap();
    let back = "ALTER TABLE {t} DISABLE TRIGGER USER; INSERT INTO {t} SELECT * FROM public.{k};
                ALTER TABLE {t} ENABLE TRIGGER USER;";
    for table in tables {
        let sql = back.replace("{t}", table).replace("{k}", &table.replace('.', "_"));
        superuser.batch_execute(&sql).await.unwrap();
    }
    superuser.batch_execute("DELETE FROM platform.keyring_apart").await.unwrap();
    assert_eq!(join_keyring(&main, &ring, now).await.unwrap(), usize::try_from(keys).unwrap());
    let fresh = program(&house, &login);
    fresh.db().refuse_other_keyring(&[]).await.unwrap();
    let erased = fresh.read(&ctx, ResourceType::Patient, ada).await;
    assert!(matches!(erased, Err(chart::Error::Db(db::Error::Erased))), "no key comes back");
    for id in [bea, cleo] {
        fresh.read(&ctx, ResourceType::Patient, id).await.unwrap();
    }
    // Data is joined with no other keyring than its own.
    let (other, login) = keyring(&house, "other").await;
    assert!(matches!(join_keyring(&main, &other, now).await, Err(db::Error::Config(_))));
    assert!(matches!(
        program(&house, &login).db().refuse_other_keyring(&[]).await,
        Err(db::Error::Config(_))
    ));
}

/// Its walls: an organization's context sees its own keys and no other's, none sees nothing, and the role changes none.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_of_its_own_has_walls_between_organizations() {
    let house = House::new().await;
    let (ring, login) = keyring(&house, "walls").await;
    join_keyring(&house.database.owner(), &ring, World::system().now()).await.unwrap();
    let store = program(&house, &login);
    admit(&store, &house, "Ada").await.unwrap();
    store.db().keyring().token_keys(&house.everywhere(&house.b)).await.unwrap();
    let superuser = bare(ring.name().unwrap(), None).await;
    let forced = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname IN ('keyring', 'sec') AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)";
    assert_eq!(superuser.query_one(forced, &[]).await.unwrap().get::<_, i64>(0), 0);
    let signer = Signer::of(&superuser).await;
    let client = bare(ring.name().unwrap(), Some("lamplight_app")).await;
    let (a, b, north) = (house.a.id(), house.b.id(), house.a.north.0);
    let of_a = signer.context(1, &[cell(a, 0), cell(a, north)]);
    let bound = signer.context(1, &[-cell(a, north)]);
    let of_b = signer.context(1, &[cell(b, 0)]);
    // Whose rows are seen: 0 of nobody, a sum of more than one organization is neither's number.
    let seen = async |context: Option<&str>, table: &str| {
        let sql = format!("SELECT coalesce(sum(DISTINCT organization_id), 0)::int8 FROM keyring.{table}");
        i32::try_from(number(&client, context, &sql).await.unwrap()).unwrap()
    };
    for table in ["organization_key", "patient_key"] {
        assert_eq!(seen(None, table).await, 0);
        assert_eq!(seen(Some(&of_a), table).await, a);
        assert_eq!(seen(Some(&bound), table).await, a);
    }
    assert_eq!(seen(Some(&of_b), "organization_key").await, b);
    assert_eq!(seen(Some(&of_b), "patient_key").await, 0);
    for sql in [
        "UPDATE keyring.patient_key SET wrapped = NULL, destroyed_at = now()",
        "DELETE FROM keyring.patient_key",
        "SELECT * FROM keyring.erasure",
        "SELECT * FROM sec.context_key",
        "SELECT * FROM sec.keyring",
        "TRUNCATE keyring.organization_key",
    ] {
        assert!(client.batch_execute(sql).await.is_err(), "{sql}");
    }
}
