//! A database of one test.

use std::sync::Arc;

use db::keys::{Custody, KeyServices};
use db::{Config, Db, Endpoint, Operator, PoolSizes};
use kernel::World;

use crate::cluster::{self, Cluster, TEMPLATE};
use crate::pg;

/// A migrated database of its own, opened as the runtime role. It is dropped with this.
pub struct TestDb {
    /// The program's door.
    pub db: Db,
    cluster: Arc<Cluster>,
    name: String,
    world: World,
    services: KeyServices,
}

impl TestDb {
    /// A new one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn new() -> Self {
        Self::in_world(World::system()).await
    }

    /// A new one with this clock and these dice. PostgreSQL has a clock of its own: one far from it will not do.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn in_world(world: World) -> Self {
        Self::kept_by(KeyServices::default(), world).await
    }

    /// A new one whose keys these services wrap.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn kept_by(services: KeyServices, world: World) -> Self {
        let cluster = Cluster::shared().await;
        let name = format!("t_{}", World::system().uuid().simple());
        let maker = cluster.client("postgres").await;
        // What may be done with a database as a whole is not copied with it.
        for statement in [
            format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"),
            format!("REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC"),
        ] {
            maker
                .batch_execute(&statement)
                .await
                .unwrap_or_else(|error| panic!("the test's database: {error}"));
        }
        let db = open(&cluster.owner(&name), &services, &world);
        Self { db, cluster, name, world, services }
    }

    /// Another door to the same database, with its own pools and keys in memory: a second program's.
    ///
    /// # Panics
    /// When it does not open.
    pub fn open_again(&self) -> Db {
        self.open_kept_by(&self.services)
    }

    /// The same, told of other key services.
    ///
    /// # Panics
    /// When it does not open.
    pub fn open_kept_by(&self, services: &KeyServices) -> Db {
        open(&self.owner(), services, &self.world)
    }

    /// What wraps organizations' keys here, where these services do.
    pub fn custody(&self, services: &KeyServices) -> Custody {
        Custody::new(&cluster::root_key(), services.clone(), self.world.clone())
    }

    /// The owner's endpoint, for migrations and the operator.
    pub fn owner(&self) -> Endpoint {
        self.cluster.owner(&self.name)
    }

    /// The endpoint of who seals the log.
    pub fn sealer(&self) -> Endpoint {
        let root = cluster::root_key();
        self.owner().login("lamplight_sealer", &root.role_password("lamplight_sealer"))
    }

    /// The operator's login.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn operator(&self) -> Operator {
        let login = Operator::login(&self.owner(), self.world.clone()).await;
        login.unwrap_or_else(|error| panic!("the operator: {error}"))
    }

    /// A client that no wall holds back, to look into tables.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn superuser(&self) -> pg::Client {
        self.cluster.client(&self.name).await
    }
}

fn open(owner: &Endpoint, services: &KeyServices, world: &World) -> Db {
    let root = cluster::root_key();
    let endpoint = owner.login("lamplight_app", &root.role_password("lamplight_app"));
    let platform = Some(endpoint.login("lamplight_platform", &root.role_password("lamplight_platform")));
    let (sizes, key_services, world) = (PoolSizes::default(), services.clone(), world.clone());
    let config = Config { endpoint, platform, keyring: None, sizes, root, key_services, world };
    Db::open(config).unwrap_or_else(|error| panic!("the test's database: {error}"))
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (superuser, name) = (self.cluster.superuser().to_owned(), self.name.clone());
        // A thread of its own: a runtime may not wait inside a runtime. Best effort.
        let dropper = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                let client = cluster::connect(&superuser, "postgres").await;
                let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            });
        });
        let _ = dropper.join();
    }
}
