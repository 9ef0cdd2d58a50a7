//! Opens an installation: its folder, its root key, its PostgreSQL (a private one, or one of the operator's) at the
//! present schema.
//!
//! A private PostgreSQL belongs to the first program on the data folder, usually `lamplight serve`. Commands run at the
//! same time attach to it; a command that started it waits for those before it stops it.

mod backups;
mod custody;
mod databases;
mod error;
mod folder;
mod options;
mod private;
mod sealing;

pub use backups::{BackupTool, Backups, keyring_repository};
pub use custody::CustodyOptions;
pub use databases::{Database, Databases};
pub use error::Error;
pub use options::{BootOptions, Environment};

use std::fs;
use std::path::PathBuf;

use db::keys::{LedgerHead, RootKey};
use db::{Endpoint, Installed};
use embedded::Site;
use kernel::World;

use self::error::During as _;
use self::private::Private;

/// The database of a private PostgreSQL.
const DATABASE: &str = "lamplight";

/// The role that the program works as, and the one of the plane above organizations.
const RUNTIME: &str = "lamplight_app";
const PLATFORM: &str = "lamplight_platform";
/// How far the keyring's ledger has come, in the data folder and in the keyring's repository.
pub const ERASURES: &str = "erasures.json";
/// The role that seals the audit log.
const SEALER: &str = "lamplight_sealer";

/// What the installation is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: this program wants the private PostgreSQL for itself, and migrates.
    Serve,
    /// To bring the schema up to date.
    Migrate,
    /// To do one thing, beside a server or not.
    Command,
}

/// An open installation.
pub struct Installation {
    private: Option<Private>,
    backups: Option<Backups>,
    databases: Databases,
    data_dir: PathBuf,
    applied: usize,
}

impl Installation {
    /// Opens it. A private PostgreSQL is made on first use and migrated by whoever starts it; one of the operator's is
    /// migrated by [`Purpose::Serve`] (when the owner's address is known) and [`Purpose::Migrate`]. Where the sealer's login
    /// alone is known, a command sees the sealed log and nothing else, and needs no root key.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(options: &BootOptions, world: &World, purpose: Purpose) -> Result<Self, Error> {
        let opened = Self::open_any(options, world, purpose).await?;
        opened.joined().await?;
        Ok(opened)
    }

    /// Refuses a keyring that is not the data's, or from before an erasure that is known of: nothing is to be read with it.
    async fn joined(&self) -> Result<(), Error> {
        let main = self.main();
        if main.runtime.is_some() {
            let mut known = self.known_erasures()?;
            // A folder that came back as a whole is older than its backups. A repository that is away or damaged stops nobody:
            // the nightly rehearsal tells of it.
            match self.backups.as_ref().map(noted_erasures) {
                None => {}
                Some(Ok(noted)) => known.extend(noted),
                Some(Err(error)) => {
                    tracing::warn!(%error, "the backups cannot be asked how old the keyring is")
                }
            }
            main.open(1)?.refuse_other_keyring(&known).await?;
        }
        Ok(())
    }

    /// How far the keyring's ledger of erasures had come when it was looked at last: kept beside data and keyring, for the day
    /// when both come out of an older backup.
    ///
    /// # Errors
    /// When what is kept is not understood.
    pub fn known_erasures(&self) -> Result<Vec<LedgerHead>, Error> {
        let file = self.data_dir.join(ERASURES);
        if !file.exists() {
            return Ok(Vec::new());
        }
        let bytes = fs::read(&file).during(|| format!("read {}", file.display()))?;
        serde_json::from_slice(&bytes).map_err(|_| Error::ErasuresUnclear(file))
    }

    /// Keeps that.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep_erasures(&self, heads: &[LedgerHead]) -> Result<(), Error> {
        folder::write(&self.data_dir.join(ERASURES), &serde_json::to_vec(heads).unwrap_or_default())
    }

    async fn open_any(options: &BootOptions, world: &World, purpose: Purpose) -> Result<Self, Error> {
        let log_alone = purpose == Purpose::Command && options.is_log_alone();
        if !log_alone {
            options.check()?;
        }
        let data_dir = options.folder()?;
        let root_key_file = options.root_key_file.clone().unwrap_or_else(|| data_dir.join("root.key"));
        let main = Database {
            runtime: None,
            platform: None,
            sealer: None,
            owner: None,
            keyring: None,
            keyring_owner: None,
            own: None,
            root_key_file,
            key_services: options.custody.services(world)?,
            audit_key_file: options.audit_key_file.clone().unwrap_or_else(|| data_dir.join("audit.key")),
            world: world.clone(),
            private: false,
        };
        let ca = options.database_ca_file.as_deref().map(folder::read_ca).transpose()?;
        let databases = Databases { main, elsewhere: options.placements_file.clone(), ca };
        let mut base =
            Self { private: None, backups: None, databases, data_dir: data_dir.clone(), applied: 0 };
        if log_alone {
            // Neither the root key nor the records are within reach of who seals.
            let (url, ca) = (options.database_sealer_url.as_deref(), base.databases.ca.clone());
            base.databases.main.sealer = url.map(|url| Endpoint::parse(url, ca)).transpose()?;
            Ok(base)
        } else if options.database_url.is_some() || options.database_owner_url.is_some() {
            base.open_external(options, &data_dir, purpose).await
        } else {
            if options.keyring_url.is_some() || options.keyring_owner_url.is_some() {
                return Err(Error::KeyringBesidePrivate);
            }
            base.open_private(options, data_dir, purpose).await
        }
    }

    async fn open_external(
        mut self,
        options: &BootOptions,
        data_dir: &std::path::Path,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let ca = self.databases.ca.clone();
        let endpoint =
            |url: &Option<String>| url.as_deref().map(|url| Endpoint::parse(url, ca.clone())).transpose();
        let main = &mut self.databases.main;
        main.runtime = endpoint(&options.database_url)?;
        main.platform = endpoint(&options.database_platform_url)?;
        main.sealer = endpoint(&options.database_sealer_url)?;
        main.owner = endpoint(&options.database_owner_url)?;
        main.keyring = endpoint(&options.keyring_url)?;
        main.keyring_owner = endpoint(&options.keyring_owner_url)?;
        if !main.root_key_file.exists() {
            self.may_make_key(data_dir, purpose).await?;
        }
        let main = &self.databases.main;
        let root = main.root()?;
        let Some(owner) = &main.owner else {
            return if purpose == Purpose::Migrate { Err(Error::NoOwner) } else { Ok(self) };
        };
        match (db::installed(owner, &root).await?, purpose) {
            (Installed::WithAnotherKey, _) => return Err(Error::OtherKey),
            (Installed::No, Purpose::Command) => return Err(Error::NotMigrated),
            (_, Purpose::Command) => {}
            _ => {
                main.migrate_keyring().await?;
                self.applied = main.migrate().await?;
            }
        }
        Ok(self)
    }

    /// A new root key would open nothing of a database that was made with another one.
    async fn may_make_key(&self, data_dir: &std::path::Path, purpose: Purpose) -> Result<(), Error> {
        let main = &self.databases.main;
        let missing = || Error::NoRootKey(main.root_key_file.clone());
        let owner = main.owner.as_ref().ok_or_else(missing)?;
        let nobody = RootKey::from_bytes([0; 32]);
        match (db::installed(owner, &nobody).await?, purpose) {
            (Installed::No, Purpose::Command) => return Err(Error::NotMigrated),
            (Installed::No, _) => {}
            _ => return Err(missing()),
        }
        if main.root_key_file.starts_with(data_dir) {
            folder::make(data_dir, false)?;
        }
        RootKey::load_or_create(&main.root_key_file, &main.world)?;
        Ok(())
    }

    async fn open_private(
        mut self,
        options: &BootOptions,
        data_dir: PathBuf,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let main = &mut self.databases.main;
        folder::make(&data_dir, true)?;
        if !main.root_key_file.exists() {
            if folder::holds_cluster(&data_dir) {
                return Err(Error::NoRootKey(main.root_key_file.clone()));
            }
            RootKey::load_or_create(&main.root_key_file, &main.world)?;
        }
        let root = main.root()?;
        let backups = Backups::find(options, &data_dir, &root)?;
        let settings = backups.as_ref().map(|backups| backups.settings(&data_dir)).transpose()?;
        let private = Private::open(&data_dir, &root, purpose, settings.unwrap_or_default()).await?;
        let (owner, keyring) = (private.owner(DATABASE)?, private.keyring_owner(DATABASE)?);
        main.keyring = Some(keyring.login(RUNTIME, &root.role_password(RUNTIME)));
        main.keyring_owner = Some(keyring);
        let login = |role: &str| Some(owner.login(role, &root.role_password(role)));
        (main.runtime, main.platform, main.sealer) = (login(RUNTIME), login(PLATFORM), login(SEALER));
        main.owner = Some(owner);
        main.private = true;
        if private.is_own() {
            // Before anything is written: what is archived needs a place.
            if let Some(backups) = &backups {
                prepare(backups, &data_dir).await;
            }
            main.create_keyring().await?;
            main.migrate_keyring().await?;
            main.create().await?;
            self.applied = main.migrate().await?;
        }
        self.backups = backups;
        self.private = Some(private);
        Ok(self)
    }

    /// Where its private PostgreSQL is backed up to, if anywhere.
    pub fn backups(&self) -> Option<&Backups> {
        self.backups.as_ref()
    }

    /// Whether its PostgreSQL is its own, and not the operator's.
    pub fn is_private(&self) -> bool {
        self.main().private
    }

    /// Its private PostgreSQL, for programs beside the server's; nothing when it is the operator's.
    ///
    /// # Errors
    /// As any IO.
    pub fn site(&self) -> Result<Option<Site>, Error> {
        Ok(self.main().private.then(|| Site::of(&self.data_dir)).transpose()?)
    }

    /// The folder of the keyring's own private PostgreSQL.
    pub fn keyring_dir(&self) -> PathBuf {
        self.data_dir.join(private::KEYRING)
    }

    /// The same for a task beside those who opened it: closing it closes nothing, and it lasts no longer than they do.
    pub fn beside(&self) -> Self {
        let (databases, data_dir) = (self.databases.clone(), self.data_dir.clone());
        Self { private: None, backups: self.backups.clone(), databases, data_dir, applied: self.applied }
    }

    /// The databases of this installation as they are in copies of its private PostgreSQL and of its keyring's, into which the
    /// connections lead (libpq's key/value form, as the superuser).
    ///
    /// # Errors
    /// As [`Installation::open`].
    pub fn copied(&self, connection: &str, keyring: &str) -> Result<Databases, Error> {
        let root = self.main().root()?;
        let owner = Endpoint::parse(connection, None)?.database(self.databases.main_name());
        let login = |role: &str| Some(owner.login(role, &root.role_password(role)));
        let (runtime, platform, sealer) = (login(RUNTIME), login(PLATFORM), login(SEALER));
        let ring = Endpoint::parse(keyring, None)?.database(DATABASE);
        let keyring = Some(ring.login(RUNTIME, &root.role_password(RUNTIME)));
        let main = Database {
            runtime,
            platform,
            sealer,
            owner: Some(owner),
            keyring,
            keyring_owner: Some(ring),
            ..self.main().clone()
        };
        Ok(Databases { main, elsewhere: None, ca: None })
    }

    /// Where its databases are.
    pub fn databases(&self) -> &Databases {
        &self.databases
    }

    /// The main database.
    pub fn main(&self) -> &Database {
        &self.databases.main
    }

    /// How many migrations ran when it was opened.
    pub fn applied_migrations(&self) -> usize {
        self.applied
    }

    /// Its folder, which need not be there when its PostgreSQL is the operator's.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.data_dir
    }

    /// Clock and dice.
    pub fn world(&self) -> &World {
        &self.databases.main.world
    }

    /// Stops a private PostgreSQL that this program started. Whoever only does one thing (`wait`) first waits for the
    /// commands that are attached to it.
    ///
    /// # Errors
    /// When PostgreSQL could not be stopped.
    pub async fn close(self, wait: bool) -> Result<(), Error> {
        match self.private {
            Some(private) => private.close(wait).await,
            None => Ok(()),
        }
    }
}

/// How far the ledger of erasures had come when the keyring was backed up last.
///
/// # Errors
/// When the repository is away or damaged.
pub fn noted_erasures(backups: &Backups) -> Result<Vec<LedgerHead>, Error> {
    let repository = backups.keyring()?;
    let unclear = || Error::ErasuresUnclear(repository.dir().join(ERASURES));
    match repository.note(ERASURES)? {
        Some(note) => serde_json::from_slice(&note).map_err(|_| unclear()),
        None => Ok(Vec::new()),
    }
}

/// A repository that cannot be used now keeps nobody from working: PostgreSQL keeps what it cannot archive, and that no
/// backup is taken is told where backups are.
async fn prepare(backups: &Backups, data_dir: &std::path::Path) {
    let prepared = async {
        backups.repository()?.prepare(&Site::of(data_dir)?).await?;
        Ok::<_, Error>(backups.keyring()?.prepare(&Site::of(&data_dir.join(private::KEYRING))?).await?)
    };
    if let Err(error) = prepared.await {
        tracing::error!(%error, "the repository of backups cannot be used: nothing is archived until it can");
    }
}
