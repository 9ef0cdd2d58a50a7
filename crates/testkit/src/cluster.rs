//! The PostgreSQL that tests run on: the one that `with-postgres` started, or one of this process.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use db::Endpoint;
use db::keys::RootKey;
use embedded::Embedded;
use kernel::World;
use tokio::sync::Mutex;

use crate::pg;

/// Holds the superuser's connection string of a prepared server.
pub const VARIABLE: &str = "LAMPLIGHT_TEST_POSTGRES";

/// The migrated database that tests clone theirs from.
pub(crate) const TEMPLATE: &str = "lamplight_template";

/// A prepared PostgreSQL. One that we started stops, and its files go, when the last owner lets go.
pub struct Cluster {
    superuser: String,
    own: Option<(Embedded, PathBuf)>,
}

impl Cluster {
    /// The server of this process and all its tests.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let cluster = Arc::new(match std::env::var(VARIABLE) {
            Ok(superuser) => Self { superuser, own: None },
            Err(_) => Self::start().await,
        });
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// Starts a server in a temporary folder and makes the template.
    ///
    /// # Panics
    /// When that fails.
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("lamplight-test-{}", World::system().uuid().simple()));
        let settings = [
            ("shared_buffers", "64MB"),
            ("max_connections", "400"),
            // A test may end while it is still connecting: its database is dropped no sooner than that is given up.
            ("authentication_timeout", "5s"),
            // The machine may lose what a test wrote.
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("synchronous_commit", "off"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let config = embedded::Config { data_dir: folder.clone(), bin_dir: None, settings };
        let server = Embedded::start(config).await.unwrap_or_else(|error| panic!("PostgreSQL: {error}"));
        let superuser = server.connection_string(server.superuser(), "postgres");
        let cluster = Self { superuser, own: Some((server, folder)) };
        cluster.make_template().await;
        cluster
    }

    /// The superuser's connection string, to the database `postgres`. Secret, as far as a test has secrets.
    pub fn superuser(&self) -> &str {
        &self.superuser
    }

    /// A client of the superuser in `database`.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn client(&self, database: &str) -> pg::Client {
        connect(&self.superuser, database).await
    }

    /// The owner's endpoint of `database`.
    pub(crate) fn owner(&self, database: &str) -> Endpoint {
        Endpoint::parse(&self.superuser, None).expect("the connection string is libpq's").database(database)
    }

    async fn make_template(&self) {
        let client = self.client("postgres").await;
        let made = client.batch_execute(&format!("CREATE DATABASE {TEMPLATE}")).await;
        made.unwrap_or_else(|error| panic!("the template: {error}"));
        let migrated = db::migrate(&self.owner(TEMPLATE), &root_key(), true).await;
        migrated.unwrap_or_else(|error| panic!("the template: {error}"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((server, folder)) = self.own.take() {
            // Best effort: a temporary folder.
            let _ = server.stop_blocking();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The root key of every test.
pub(crate) fn root_key() -> RootKey {
    RootKey::from_bytes(*b"the root key of all of our tests")
}

pub(crate) async fn connect(superuser: &str, database: &str) -> pg::Client {
    let mut config: pg::Config = superuser.parse().expect("the connection string is libpq's");
    let (client, connection) = config
        .dbname(database)
        .connect(pg::NoTls)
        .await
        .unwrap_or_else(|error| panic!("PostgreSQL: {error}"));
    tokio::spawn(connection);
    client
}
