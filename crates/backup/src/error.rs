//! What can go wrong.

use std::path::PathBuf;

/// Why a backup could not be taken, read or restored. For the operator's terminal: paths, programs and remedies, never
/// data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the private PostgreSQL.
    #[error(transparent)]
    Private(#[from] embedded::Error),
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: &'static str,
        /// The last lines that it printed.
        output: String,
    },
    /// There is no repository in the folder.
    #[error("{0} holds no repository of backups")]
    NoRepository(PathBuf),
    /// There is something else in the folder.
    #[error("{0} is not empty and holds no repository of backups: name another folder")]
    Foreign(PathBuf),
    /// The repository was made by a program that is not here.
    #[error(
        "{0} was made with pgBackRest 2.39 or newer, which is not on this machine: install it (`apt-get install pgbackrest`)"
    )]
    NoPgBackRest(PathBuf),
    /// There is nothing to restore.
    #[error("{0} holds no backup yet")]
    NoBackup(PathBuf),
    /// The newest backup that is old enough is missing.
    #[error("no backup in the repository was complete by {0}")]
    TooEarly(jiff::Timestamp),
    /// The archive ends before the wanted time.
    #[error("nothing that was archived was written after {0}: leave the time out to restore all there is")]
    TooLate(jiff::Timestamp),
    /// What lies in the repository is not what was put there.
    #[error("{what} in the repository of backups is damaged: {how}")]
    Damaged {
        /// The file, within the repository.
        what: String,
        /// How it shows.
        how: String,
    },
    /// PostgreSQL does not hand its log away.
    #[error(
        "the running PostgreSQL does not archive: it was started without a repository of backups. \
         Start `lamplight serve` again with LAMPLIGHT_BACKUP_DIR"
    )]
    NotArchiving,
    /// The log that was switched away did not arrive in the repository.
    #[error("PostgreSQL did not archive its log within {0} seconds: see the end of its own log")]
    NotArchived(u64),
    /// A path cannot be written into a configuration.
    #[error("the path {0} is not UTF-8 or has a control character; use another folder")]
    BadPath(PathBuf),
    /// Another program works on the repository.
    #[error("another program is working on {0}; wait for it")]
    Busy(PathBuf),
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
