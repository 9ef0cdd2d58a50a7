//! What only the owner's login does beside migrations: making the database, and telling whether it is ready.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio_postgres::error::SqlState;

use crate::keys::RootKey;
use crate::signing::pads;
use crate::{Endpoint, Error};

/// Creates the database `name` (UTF-8, the cluster's collation) when there is none; tells whether it was made. `owner`
/// must be a login that may create databases, connected to another one, such as `postgres`.
///
/// # Errors
/// [`Error::Config`] when the name is not made of lower-case letters, digits and underscores; as any statement.
pub async fn create_database(owner: &Endpoint, name: &str) -> Result<bool, Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(Error::Config(
            "a database name is lower-case letters, digits and underscores".to_owned(),
        ));
    }
    let client = owner.connect().await?;
    let there = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await
        .map_err(Error::from_postgres)?;
    if there.is_some() {
        return Ok(false);
    }
    // The name was looked at above; a utility statement takes no parameters.
    let statement = ["CREATE DATABASE ", name, " ENCODING 'UTF8' TEMPLATE template0"].concat();
    match client.batch_execute(&statement).await {
        Ok(()) => Ok(true),
        // Another program was faster.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(false),
        Err(error) => Err(Error::from_postgres(error)),
    }
}

/// What [`crate::migrate`] left in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It was never through: no such database, role, table or context key.
    No,
    /// It was through, with this root key.
    WithThisKey,
    /// It was through with another root key. Migrating with this one would lock every other program out.
    WithAnotherKey,
}

/// Tells whether [`crate::migrate`] has been through to its end at least once, and with which root key. `owner` must be
/// a login that may act as `lamplight_owner`.
///
/// # Errors
/// As any statement; that a database, role or table is not there yet is no error.
pub async fn installed(owner: &Endpoint, root: &RootKey) -> Result<Installed, Error> {
    let answer = async {
        let client = owner.connect().await?;
        client.batch_execute("SET ROLE lamplight_owner").await.map_err(Error::from_postgres)?;
        client.query_opt("SELECT inner_pad FROM sec.context_key", &[]).await.map_err(Error::from_postgres)
    };
    match answer.await {
        Ok(Some(row)) => {
            let (inner, _) = pads(&root.derive("context"));
            let same = verify_slices_are_equal(row.get(0), inner.as_slice()).is_ok();
            Ok(if same { Installed::WithThisKey } else { Installed::WithAnotherKey })
        }
        Ok(None) => Ok(Installed::No),
        Err(Error::Database(code)) if NOT_THERE.contains(&code.as_str()) => Ok(Installed::No),
        Err(error) => Err(error),
    }
}

/// `invalid_catalog_name`, `invalid_schema_name`, `undefined_table`, `undefined_object`, and `invalid_parameter_value`,
/// which is what `SET ROLE` says of a role that is not there.
pub(crate) const NOT_THERE: [&str; 5] = ["3D000", "3F000", "42P01", "42704", "22023"];
