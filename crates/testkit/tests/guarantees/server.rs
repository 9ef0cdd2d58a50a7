//! A PostgreSQL of one test's own, with the settings that an installation has, its files within reach.

use std::path::PathBuf;

use chart::Store;
use db::{Db, Endpoint, Operator, PoolSizes};
use embedded::Embedded;
use kernel::World;
use testkit::pg;

use crate::support::root_key;

pub(crate) const DATABASE: &str = "lamplight";

/// The server, its folder and a migrated database. All of it goes with this.
pub(crate) struct Server {
    pub(crate) embedded: Embedded,
    pub(crate) folder: Folder,
}

/// A folder that is removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: a temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        let path =
            std::env::temp_dir().join(format!("lamplight-guarantee-{}", World::system().uuid().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Server {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::within(Folder::new(), settings).await
    }

    pub(crate) async fn within(folder: Folder, settings: &[(&str, &str)]) -> Self {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = embedded::Config { data_dir: folder.0.join("data"), bin_dir: None, settings };
        let embedded = Embedded::start(config).await.unwrap_or_else(|error| panic!("PostgreSQL: {error}"));
        let server = Self { embedded, folder };
        server.superuser("postgres").await.batch_execute("CREATE DATABASE lamplight").await.unwrap();
        db::migrate(&server.owner(), &root_key(), true).await.unwrap();
        server
    }

    pub(crate) fn owner(&self) -> Endpoint {
        Endpoint::parse(&self.connection(DATABASE), None).unwrap()
    }

    /// The superuser's connection string.
    pub(crate) fn connection(&self, database: &str) -> String {
        self.embedded.connection_string(self.embedded.superuser(), database)
    }

    pub(crate) async fn superuser(&self, database: &str) -> pg::Client {
        let (client, connection) = pg::connect(&self.connection(database), pg::NoTls)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        tokio::spawn(connection);
        client
    }

    pub(crate) async fn operator(&self) -> Operator {
        Operator::login(&self.owner(), World::system()).await.unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        let endpoint = self.owner().login("lamplight_app", &root_key().role_password("lamplight_app"));
        let config = db::Config {
            endpoint,
            platform: None,
            keyring: None,
            sizes: PoolSizes::default(),
            root: root_key(),
            key_services: db::keys::KeyServices::default(),
            world: World::system(),
        };
        Store::new(Db::open(config).unwrap())
    }

    /// Everything the server has written on this disk, its log among it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.push(entry.path());
                }
            }
        }
        files
    }

    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.0.join("data/postgres.log")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
