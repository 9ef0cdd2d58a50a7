//! A private PostgreSQL, run by the program from the machine's own binaries: made on first start, listening on a
//! Unix socket only, started again when it dies, stopped with the program.
//!
//! Invariants:
//! - One program per data folder, by a lock on `data_dir/lock`.
//! - Nothing listens on a network. The socket's folder is closed to other users, and every role needs a password.
//! - No statement, parameter or value reaches `data_dir/postgres.log`.
//! - A data folder left by a killed program, a killed server or a crashed machine starts again without help.
//!
//! The crate knows nothing of Lamplight's schema or roles: the caller makes them, over [`Embedded::connection_string`].

mod attach;
mod cluster;
mod error;
mod locate;
mod lock;
mod owner;
mod recover;
mod server;
mod settings;
mod site;
mod supervisor;

pub use attach::{Attached, attach};
pub use error::Error;
pub use locate::{BIN_VARIABLE, Binaries, OLDEST, locate};
pub use owner::{Owner, is_root};
pub use recover::{Blank, Recovered};
pub use site::Site;

use crate::{cluster::Cluster, error::During, lock::Lock, server::Server, supervisor::Stop};
use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::JoinHandle,
};
use tokio::sync::watch;

/// What to run, and where.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The folder of this private PostgreSQL, made if absent. It comes to hold `postgres/` (the cluster), `socket/`,
    /// `lock`, `postgres.log` and `postgres.password`; the caller may keep files of its own beside them.
    pub data_dir: PathBuf,
    /// The folder of the server programs; see [`locate`] for what happens without.
    pub bin_dir: Option<PathBuf>,
    /// Server settings over the defaults, such as `("shared_buffers", "1GB")`. What keeps the server private (no
    /// network, no values in the log) cannot be set.
    pub settings: Vec<(String, String)>,
}

/// What the server is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It accepts connections.
    Running {
        /// The process id of the postmaster.
        pid: u32,
    },
    /// It has died and is being started again.
    Restarting,
    /// It was stopped, for good.
    Stopped,
}

/// A running private PostgreSQL. Dropping it stops the server, blocking until it has stopped; prefer
/// [`Embedded::stop`], which tells how that went.
#[derive(Debug)]
pub struct Embedded {
    cluster: Cluster,
    orders: mpsc::Sender<Stop>,
    state: watch::Receiver<State>,
    thread: Option<JoinHandle<Result<(), Error>>>,
    // Released last: no other program may start before the server is down.
    _lock: Lock,
}

impl Embedded {
    /// Starts the server, making the cluster on first use, and waits until it accepts connections.
    ///
    /// # Errors
    /// See [`Error`]; after one, nothing runs.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let started = tokio::task::spawn_blocking(move || Self::start_blocking(&config)).await;
        started.map_err(std::io::Error::other).during(|| "start PostgreSQL".to_owned())?
    }

    /// As [`Embedded::start`], for callers without an async runtime.
    ///
    /// # Errors
    /// As for [`Embedded::start`].
    pub fn start_blocking(config: &Config) -> Result<Self, Error> {
        let wanted = &config.data_dir;
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(wanted);
        made.during(|| format!("make {}", wanted.display()))?;
        let data_dir = wanted.canonicalize().during(|| format!("open {}", wanted.display()))?;
        let lock = Lock::take(&data_dir)?;
        let ours = owner::our_uid()?;
        let owner = Owner::choose(ours, &data_dir.join("postgres"))?;
        let binaries = locate::locate_major(config.bin_dir.as_deref(), cluster::made_by(&data_dir))?;
        let cluster = Cluster::open(&data_dir, binaries, owner, ours)?;
        server::clear_leftovers(&cluster)?;
        cluster.configure(&config.settings)?;
        let server = Server::start(&cluster, || false)?;
        let (orders, received) = mpsc::channel();
        let (sender, state) = watch::channel(State::Running { pid: server.pid() });
        let watched = cluster.clone();
        let thread = std::thread::Builder::new()
            .name("postgres-supervisor".to_owned())
            .spawn(move || supervisor::supervise(&watched, server, &received, &sender))
            .during(|| "start a thread".to_owned())?;
        Ok(Self { cluster, orders, state, thread: Some(thread), _lock: lock })
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.cluster.socket_dir
    }

    /// The port, which here is only a part of the socket's file name.
    #[must_use]
    pub fn port(&self) -> u16 {
        settings::PORT
    }

    /// The name of the cluster's superuser.
    #[must_use]
    pub fn superuser(&self) -> &str {
        cluster::SUPERUSER
    }

    /// The programs in use, for instance to run the `pg_dump` of the same version.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.cluster.binaries
    }

    /// How to connect, in libpq's key/value form
    /// (<https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING>). The superuser's holds the password;
    /// for any other role append ` password='...'`. Secret: not for a log or a command line.
    #[must_use]
    pub fn connection_string(&self, user: &str, database: &str) -> String {
        attach::connection_string(&self.cluster.socket_dir, &self.cluster.password, user, database)
    }

    /// What the server is doing now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// A channel that tells every change of [`State`]; usable in any runtime.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits until the server accepts connections. A supervisor starts it again by itself when it died, about 0.1 s
    /// later and with growing pauses; right after a crash this may still see the server that died.
    ///
    /// # Errors
    /// [`Error::Stopped`] when it was stopped.
    pub async fn ensure_running(&self) -> Result<(), Error> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, State::Restarting)).await;
        match settled.as_deref() {
            Ok(State::Running { .. }) => Ok(()),
            _ => Err(Error::Stopped),
        }
    }

    /// Stops the server: sessions are ended, everything is written out, then it ends.
    ///
    /// # Errors
    /// When the server had to be killed and even that failed.
    pub async fn stop(self) -> Result<(), Error> {
        let stopped = tokio::task::spawn_blocking(move || self.stop_blocking()).await;
        stopped.map_err(std::io::Error::other).during(|| "stop PostgreSQL".to_owned())?
    }

    /// As [`Embedded::stop`], for callers without an async runtime.
    ///
    /// # Errors
    /// As for [`Embedded::stop`].
    pub fn stop_blocking(mut self) -> Result<(), Error> {
        self.halt()
    }

    fn halt(&mut self) -> Result<(), Error> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // The supervisor may have ended; the join tells.
        let _ = self.orders.send(Stop);
        thread.join().unwrap_or(Err(Error::Stopped))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Err(error) = self.halt() {
            tracing::error!(%error, "PostgreSQL was not stopped");
        }
    }
}

/// A value of a libpq connection string.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn connection_values_are_quoted() {
        assert_eq!(super::quoted(r"a'b\c d"), r"'a\'b\\c d'");
    }
}
