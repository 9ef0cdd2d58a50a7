//! The private PostgreSQL: started by the first program on the data folder, attached to by the others.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::keys::RootKey;
use db::{Endpoint, Installed};
use embedded::{Attached, Embedded};

use super::error::During as _;
use super::{DATABASE, Error, Purpose};

/// How often, and with which pause, a server that is being made by another program is looked for: a minute.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

pub(super) enum Private {
    /// Ours to stop.
    Own { server: Embedded, users: PathBuf },
    /// Another program's. The shared lock tells it that we are here.
    Attached { server: Attached, _user: File },
}

impl Private {
    /// Starts it, or attaches to the one that runs.
    pub(super) async fn open(
        data_dir: &Path,
        root: &RootKey,
        purpose: Purpose,
        settings: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        let users = data_dir.join("users.lock");
        for _ in 0..TRIES {
            let settings = settings.clone();
            let config = embedded::Config {
                data_dir: data_dir.to_path_buf(),
                settings,
                ..embedded::Config::default()
            };
            match Embedded::start(config).await {
                Ok(server) => return Ok(Self::Own { server, users }),
                Err(error @ embedded::Error::InUse { .. }) if purpose == Purpose::Serve => {
                    return Err(error.into());
                }
                Err(embedded::Error::InUse { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(attached) = Self::attach(data_dir, &users, root).await? {
                return Ok(attached);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::NeverReady(data_dir.to_path_buf()))
    }

    /// Attaches when the server is up and its schema is there; while its owner is about to stop it, waits for that.
    async fn attach(data_dir: &Path, users: &Path, root: &RootKey) -> Result<Option<Self>, Error> {
        let user = lock(users, Kind::Shared).await?;
        let server = match embedded::attach(data_dir) {
            Ok(server) => server,
            Err(embedded::Error::NotRunning { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let attached = Self::Attached { server, _user: user };
        match db::installed(&attached.owner(DATABASE)?, root).await {
            Ok(Installed::WithThisKey) => Ok(Some(attached)),
            Ok(Installed::WithAnotherKey) => Err(Error::OtherKey),
            Ok(Installed::No) | Err(db::Error::Unavailable(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The superuser's login at `database`.
    pub(super) fn owner(&self, database: &str) -> Result<Endpoint, Error> {
        let text = match self {
            Self::Own { server, .. } => server.connection_string(server.superuser(), database),
            Self::Attached { server, .. } => server.connection_string(server.superuser(), database),
        };
        Ok(Endpoint::parse(&text, None)?)
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// Stops it if it is ours; `wait` for those attached to it first.
    pub(super) async fn close(self, wait: bool) -> Result<(), Error> {
        let Self::Own { server, users } = self else { return Ok(()) };
        // Held until the server is down, so that nobody attaches to one about to stop.
        let _alone = if wait { Some(lock(&users, Kind::Exclusive).await?) } else { None };
        Ok(server.stop().await?)
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
