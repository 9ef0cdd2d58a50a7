//! The private PostgreSQL: started by the first program on the data folder, attached to by the others.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::keys::RootKey;
use db::{Endpoint, Installed};
use embedded::{Attached, Embedded};

use super::error::During as _;
use super::{DATABASE, Error, Purpose, folder};

/// How often, and with which pause, a server that is being made by another program is looked for: a minute.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// The folder of the keyring's own PostgreSQL, in the data folder.
pub(super) const KEYRING: &str = "keyring";

/// It holds little: a key is some hundred bytes. What is erased leaves its log soon.
const KEYRING_SETTINGS: [(&str, &str); 6] = [
    ("shared_buffers", "16MB"),
    ("max_connections", "200"),
    ("max_wal_size", "64MB"),
    ("min_wal_size", "32MB"),
    ("wal_recycle", "off"),
    ("autovacuum_vacuum_scale_factor", "0.01"),
];

pub(super) type Settings = Vec<(String, String)>;

/// The two servers: one has the data, the other one its keys.
pub(super) enum Private {
    /// Ours to stop.
    Own { server: Box<Embedded>, keyring: Box<Embedded>, users: PathBuf },
    /// Another program's. The shared lock tells it that we are here.
    Attached { server: Attached, keyring: Attached, _user: File },
}

impl Private {
    /// Starts them, or attaches to those that run.
    pub(super) async fn open(
        data_dir: &Path,
        root: &RootKey,
        purpose: Purpose,
        settings: (Settings, Settings),
    ) -> Result<Self, Error> {
        let users = data_dir.join("users.lock");
        for _ in 0..TRIES {
            match start(data_dir, settings.clone()).await {
                Ok((server, keyring)) => {
                    let (server, keyring) = (Box::new(server), Box::new(keyring));
                    return Ok(Self::Own { server, keyring, users });
                }
                Err(Error::Private(error @ embedded::Error::InUse { .. })) if purpose == Purpose::Serve => {
                    return Err(error.into());
                }
                Err(Error::Private(embedded::Error::InUse { .. })) => {}
                Err(error) => return Err(error),
            }
            if let Some(attached) = Self::attach(data_dir, &users, root).await? {
                return Ok(attached);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::NeverReady(data_dir.to_path_buf()))
    }

    /// Attaches when both servers are up and their schemas there; while their owner is about to stop them, waits for that.
    async fn attach(data_dir: &Path, users: &Path, root: &RootKey) -> Result<Option<Self>, Error> {
        let user = lock(users, Kind::Shared).await?;
        let (server, keyring) = match (embedded::attach(data_dir), embedded::attach(&data_dir.join(KEYRING)))
        {
            (Ok(server), Ok(keyring)) => (server, keyring),
            (Err(embedded::Error::NotRunning { .. }), _) | (_, Err(embedded::Error::NotRunning { .. })) => {
                return Ok(None);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error.into()),
        };
        let attached = Self::Attached { server, keyring, _user: user };
        for owner in [attached.owner(DATABASE)?, attached.keyring_owner(DATABASE)?] {
            match db::installed(&owner, root).await {
                Ok(Installed::WithThisKey) => {}
                Ok(Installed::WithAnotherKey) => return Err(Error::OtherKey),
                Ok(Installed::No) | Err(db::Error::Unavailable(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(attached))
    }

    /// The superuser's login at `database`.
    pub(super) fn owner(&self, database: &str) -> Result<Endpoint, Error> {
        let text = match self {
            Self::Own { server, .. } => server.connection_string(server.superuser(), database),
            Self::Attached { server, .. } => server.connection_string(server.superuser(), database),
        };
        Ok(Endpoint::parse(&text, None)?)
    }

    /// The superuser's login at `database` of the keyring's server.
    pub(super) fn keyring_owner(&self, database: &str) -> Result<Endpoint, Error> {
        let text = match self {
            Self::Own { keyring, .. } => keyring.connection_string(keyring.superuser(), database),
            Self::Attached { keyring, .. } => keyring.connection_string(keyring.superuser(), database),
        };
        Ok(Endpoint::parse(&text, None)?)
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// Stops them if they are ours; `wait` for those attached to them first.
    pub(super) async fn close(self, wait: bool) -> Result<(), Error> {
        let Self::Own { server, keyring, users } = self else { return Ok(()) };
        // Held until the servers are down, so that nobody attaches to one about to stop.
        let _alone = if wait { Some(lock(&users, Kind::Exclusive).await?) } else { None };
        let (server, keyring) = tokio::join!(server.stop(), keyring.stop());
        Ok(server.and(keyring)?)
    }
}

/// Starts both servers. A keyring is made for data that has none yet, and never for data whose keyring is missing.
async fn start(data_dir: &Path, settings: (Settings, Settings)) -> Result<(Embedded, Embedded), Error> {
    let apart = data_dir.join(KEYRING);
    let with = |dir: &Path, settings| embedded::Config {
        data_dir: dir.to_path_buf(),
        settings,
        ..embedded::Config::default()
    };
    let small = KEYRING_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_keyring = small.into_iter().chain(settings.1).collect();
    let (main, keyring) = (with(data_dir, settings.0), with(&apart, of_keyring));
    if folder::holds_cluster(data_dir) && !folder::holds_cluster(&apart) {
        let server = Embedded::start(main).await?;
        let owner = Endpoint::parse(&server.connection_string(server.superuser(), DATABASE), None)?;
        if db::keys::keyring_home(&owner).await?.is_some() {
            server.stop().await?;
            return Err(Error::NoKeyring(apart));
        }
        folder::make(&apart, true)?;
        return Ok((server, Embedded::start(keyring).await?));
    }
    folder::make(&apart, true)?;
    match tokio::join!(Embedded::start(main), Embedded::start(keyring)) {
        (Ok(server), Ok(keyring)) => Ok((server, keyring)),
        // One that another program is about to start or stop: dropped, ours stops.
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Shared,
    Exclusive,
}

/// Takes the lock, looking again until it is free. The file's owner decides who may: it is made for us alone.
async fn lock(path: &Path, kind: Kind) -> Result<File, Error> {
    let what = || format!("lock {}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .during(what)?;
    let mut told = false;
    loop {
        let taken = match kind {
            Kind::Shared => file.try_lock_shared(),
            Kind::Exclusive => file.try_lock(),
        };
        match taken {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(Error::Io { what: what(), source }),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    tracing::info!("waiting for another lamplight command that uses this PostgreSQL");
                    told = true;
                }
                tokio::time::sleep(PAUSE / 5).await;
            }
        }
    }
}
