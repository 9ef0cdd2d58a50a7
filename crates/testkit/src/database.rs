//! A database of one test.

use std::sync::Arc;

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
        let db = open(&cluster.owner(&name), &world);
        Self { db, cluster, name, world }
    }

    /// Another door to the same database, with its own pools and keys in memory: a second program's.
    ///
    /// # Panics
    /// When it does not open.
    pub fn open_again(&self) -> Db {
        open(&self.owner(), &self.world)
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

fn open(owner: &Endpoint, world: &World) -> Db {
    let root = cluster::root_key();
    let endpoint = owner.login("lamplight_app", &root.role_password("lamplight_app"));
    let platform = Some(endpoint.login("lamplight_platform", &root.role_password("lamplight_platform")));
    let config =
        Config { endpoint, platform, keyring: None, sizes: PoolSizes::default(), root, world: world.clone() };
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
