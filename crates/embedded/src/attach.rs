//! The way to the server that another program runs on the same data folder, for commands beside a running server.

use crate::{
    Error,
    cluster::{self, Password},
    error::During,
    quoted, settings,
};
use std::{
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

/// A private PostgreSQL that another program started and will stop. Dropping it does nothing.
#[derive(Debug, Clone)]
pub struct Attached {
    socket_dir: PathBuf,
    password: Password,
}

/// Finds the server that runs on `data_dir`. Nothing is started, made or changed; the same user's (or root's) right to
/// read the password file and to enter the socket's folder is what lets the caller in.
///
/// # Errors
/// [`Error::NotRunning`] when none accepts connections there; [`Error::Io`] when the folder cannot be read.
pub fn attach(data_dir: &Path) -> Result<Attached, Error> {
    let data_dir = data_dir.canonicalize().during(|| format!("open {}", data_dir.display()))?;
    let not_running = || Error::NotRunning { data_dir: data_dir.clone() };
    let password = cluster::read_password(&data_dir).ok_or_else(not_running)?;
    let socket_dir = cluster::known_socket_dir(&data_dir).ok_or_else(not_running)?;
    let socket = socket_dir.join(format!(".s.PGSQL.{}", settings::PORT));
    UnixStream::connect(socket).map_err(|_| not_running())?;
    Ok(Attached { socket_dir, password })
}

impl Attached {
    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The name of the cluster's superuser.
    #[must_use]
    pub fn superuser(&self) -> &str {
        cluster::SUPERUSER
    }

    /// As [`crate::Embedded::connection_string`].
    #[must_use]
    pub fn connection_string(&self, user: &str, database: &str) -> String {
        connection_string(&self.socket_dir, &self.password, user, database)
    }
}

/// libpq's key/value form; only the superuser's holds the password.
pub(crate) fn connection_string(
    socket_dir: &Path,
    password: &Password,
    user: &str,
    database: &str,
) -> String {
    let host = socket_dir.to_string_lossy();
    let mut text = format!("host={} port={}", quoted(&host), settings::PORT);
    text += &format!(" user={} dbname={}", quoted(user), quoted(database));
    if user == cluster::SUPERUSER {
        text += &format!(" password={}", quoted(&password.0));
    }
    text
}
