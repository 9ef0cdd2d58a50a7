//! What can go wrong at the database. No SQL, no parameter and no row is ever part of a message.

use deadpool::managed::TimeoutType;
use deadpool_postgres::PoolError;
use kernel::OrganizationId;
use policy::{Module, Permission};
use tokio_postgres::error::SqlState;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller is not who they say, or their token ended.
    #[error("not authenticated")]
    Unauthenticated,
    /// The caller may not do this; the denial is in the audit log.
    #[error("not permitted: {}", .0.map_or("out of reach", Permission::key))]
    Denied(Option<Permission>),
    /// The organization does not have this part of the product in use; the denial is in the audit log.
    #[error("not in use here: {}", .0.key())]
    NotEntitled(Module),
    /// No such row, or none that this context may see: the two are not told apart.
    #[error("not found")]
    NotFound,
    /// The version named is not the current one.
    #[error("the version is not the current one")]
    Conflict,
    /// A uniqueness, exclusion or check constraint of this name refused the row.
    #[error("refused by the constraint {0}")]
    Constraint(String),
    /// The database, or a connection to it, cannot be had now.
    #[error("the database is not available: {0}")]
    Unavailable(&'static str),
    /// What wraps an organization's keys cannot be asked, and what was remembered of them is over.
    #[error("the keys cannot be unwrapped: {0}")]
    KeyService(&'static str),
    /// A statement or lock took longer than it may.
    #[error("the database took too long")]
    Timeout,
    /// The audit event could not be made durable, so nothing may be shown.
    #[error("the audit log is not available")]
    AuditUnavailable,
    /// The database refused the context or the row (row security).
    #[error("refused by row security")]
    RowSecurity,
    /// The database refused the signed context: another context key, or clocks that are minutes apart. A defect of the
    /// installation, never of a request.
    #[error("the database refused the signed context")]
    Context,
    /// A sealed value does not open: altered, moved, or under another key.
    #[error("sealed value refused: {0}")]
    Seal(&'static str),
    /// The keys of this record were destroyed.
    #[error("the record was erased")]
    Erased,
    /// The keyring is older than the data: somebody is erased there who has keys here. Nothing may be read with it.
    #[error(
        "the keyring is older than what is known of it (organization {0}): somebody who was erased has keys again. Restore \
         the newest backup of the keyring, whatever the time of the data"
    )]
    OldKeyring(OrganizationId),
    /// The record is restricted: read for a legal reason by who may, and not written.
    #[error("the record is restricted")]
    Restricted,
    /// A receipt was used for something it does not cover. A defect of the program.
    #[error("the receipt does not cover this record")]
    NotCovered,
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// A stored value is not what is written there. A defect of the installation, never of a request.
    #[error("what is stored as {0} cannot be read")]
    Stored(&'static str),
    /// Any other failure of the database, by its SQLSTATE.
    #[error("database error {0}")]
    Database(String),
}

/// Why a row of a month cannot be written: the month has no partition.
const NO_PARTITION: &str = "the month has no partition";

impl Error {
    pub(crate) fn from_pool(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) if is_shut_out(&error) => Self::Unavailable("it does not let us in"),
            PoolError::Backend(error) => Self::from_postgres(error),
            PoolError::Timeout(TimeoutType::Wait) => Self::Unavailable("all connections are busy"),
            _ => Self::Unavailable("no connection"),
        }
    }

    /// Maps a driver error without repeating what it says: its text can hold values.
    #[expect(clippy::needless_pass_by_value, reason = "reads better as a function for map_err")]
    pub fn from_postgres(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return Self::Unavailable("the connection failed");
        };
        let code = db.code();
        match code.code() {
            "LL401" => return Self::Context,
            "LL412" => return Self::Conflict,
            "LL409" => {
                return Self::Config("the keyring of this data is in a database of its own".to_owned());
            }
            _ => {}
        }
        // It names the table and no constraint: nobody's row is wrong, the installation is.
        if *code == SqlState::CHECK_VIOLATION && db.constraint().is_none() && db.table().is_some() {
            return Self::Unavailable(NO_PARTITION);
        }
        if [
            SqlState::UNIQUE_VIOLATION,
            SqlState::EXCLUSION_VIOLATION,
            SqlState::CHECK_VIOLATION,
            SqlState::FOREIGN_KEY_VIOLATION,
        ]
        .contains(code)
        {
            return match db.constraint() {
                Some("patient_erased") => Self::Erased,
                Some("patient_restricted") => Self::Restricted,
                name => Self::Constraint(name.unwrap_or("unnamed").to_owned()),
            };
        }
        match code {
            c if *c == SqlState::INSUFFICIENT_PRIVILEGE => Self::RowSecurity,
            c if *c == SqlState::QUERY_CANCELED || *c == SqlState::LOCK_NOT_AVAILABLE => Self::Timeout,
            c if *c == SqlState::T_R_DEADLOCK_DETECTED || *c == SqlState::T_R_SERIALIZATION_FAILURE => {
                Self::Conflict
            }
            c if c.code().starts_with("08") || c.code().starts_with("57P") => {
                Self::Unavailable("the connection failed")
            }
            c if c.code().starts_with("53") => Self::Unavailable("out of resources"),
            c => Self::Database(c.code().to_owned()),
        }
    }

    /// Whether the month of a row has no partition.
    pub(crate) fn lacks_partition(&self) -> bool {
        matches!(self, Self::Unavailable(NO_PARTITION))
    }

    /// Whether waiting and trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::KeyService(_) | Self::Timeout | Self::AuditUnavailable)
    }
}

/// Whether the pool has no connection only because all of them are at work.
pub(crate) fn is_busy(error: &PoolError) -> bool {
    matches!(error, PoolError::Timeout(TimeoutType::Wait))
}

/// Whether a new connection was refused for what an operator can mend: no such database, no right to connect, none
/// allowed, a wrong login. Statements have these codes too, and there they mean something else.
fn is_shut_out(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        matches!(code.code(), "3D000" | "42501" | "55000") || code.code().starts_with("28")
    })
}
