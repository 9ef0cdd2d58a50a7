//! Why an installation cannot be opened. For the operator's terminal: paths and remedies, never data.

use std::path::PathBuf;

/// An error of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// From the private PostgreSQL.
    #[error(transparent)]
    Private(#[from] embedded::Error),
    /// From the backups.
    #[error(transparent)]
    Backup(#[from] ::backup::Error),
    /// What the data folder says of backups is not understood.
    #[error("{0} does not say where backups go: remove it and name the place again in LAMPLIGHT_BACKUP_DIR")]
    BackupsUnclear(PathBuf),
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// There is data but not the key to it.
    #[error(
        "the root key file {0} is missing, and without it nothing stored can be read: restore it from its backup"
    )]
    NoRootKey(PathBuf),
    /// There is data but not the keyring to it.
    #[error(
        "the keyring is missing ({0}), and without it nothing stored can be read: restore its newest backup there"
    )]
    NoKeyring(PathBuf),
    /// What the data folder says of erasures is not understood.
    #[error(
        "{0} does not say how far the ledger of erasures had come: restore it from the backups of the keyring"
    )]
    ErasuresUnclear(PathBuf),
    /// A private PostgreSQL has a private keyring.
    #[error(
        "LAMPLIGHT_KEYRING_URL is for a PostgreSQL of your own (DATABASE_URL): the private one has its keyring beside it"
    )]
    KeyringBesidePrivate,
    /// The key is not that of this database.
    #[error(
        "the database was made with another root key; nothing was changed. Name the right file in LAMPLIGHT_ROOT_KEY_FILE"
    )]
    OtherKey,
    /// No key service of ours.
    #[error("`{0}` is no key service: say root, file:PATH, aws-kms:ARN or vault:https://HOST:PORT/MOUNT/KEY")]
    KeyService(String),
    /// The same one named twice.
    #[error(
        "the key service {0} is named twice, or two are called the same: give the other key a name of its own"
    )]
    KeyServiceTwice(String),
    /// Its key is a file that is not there.
    #[error(
        "the key file {0} is missing, and without it what it wrapped cannot be read: restore it from its backup"
    )]
    NoKeyFile(PathBuf),
    /// Vault asks who we are.
    #[error("Vault needs a token: name its file in LAMPLIGHT_VAULT_TOKEN_FILE")]
    NoVaultToken,
    /// From a key service.
    #[error(transparent)]
    Adapter(#[from] adapters::ConfigError),
    /// The login that sees the sealed log is not known.
    #[error("this needs the login that seals the audit log: set DATABASE_SEALER_URL")]
    NoSealer,
    /// The audit log's key is none.
    #[error("{0} holds no key that the audit log can be sealed with")]
    AuditKey(PathBuf),
    /// The audit log's key is readable by others.
    #[error("{0} may be read by others: set its mode to 0600")]
    AuditKeyOpen(PathBuf),
    /// Only the runtime login is known.
    #[error("this needs the owner's login: set DATABASE_OWNER_URL")]
    NoOwner,
    /// Only the owner's login is known.
    #[error("this needs the runtime login: set DATABASE_URL")]
    NoRuntime,
    /// The schema is not there.
    #[error("the database has no schema yet: run `lamplight migrate`")]
    NotMigrated,
    /// Another program uses the data folder, but its PostgreSQL does not answer.
    #[error(
        "{0} is in use by another Lamplight program, whose PostgreSQL did not become ready within a minute"
    )]
    NeverReady(PathBuf),
    /// What a production installation must not do.
    #[error("refused with LAMPLIGHT_ENV=production: {0}")]
    Production(&'static str),
    /// The placements file is readable by others.
    #[error("{0} holds passwords and others may read it: set its mode to 0600")]
    PlacementsOpen(PathBuf),
    /// A line of the placements file is not one.
    #[error("line {line} of {} is not `database runtime-url owner-url`, or names a database again", file.display())]
    Placements {
        /// The file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// The owner's login may not make databases.
    #[error(
        "this login may not make databases: make {0} yourself, with `CREATE DATABASE`, and run this again"
    )]
    MakeDatabase(String),
    /// There is no home to put the data into.
    #[error("neither HOME nor XDG_DATA_HOME is set: name a folder with --data-dir")]
    NoHome,
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
