//! Brings a database to the present schema. Forward only.

use std::time::Duration;

use refinery::{Migration, Runner};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::keys::RootKey;
use crate::signing::pads;
use crate::{Endpoint, Error};

mod embedded {
    refinery::embed_migrations!("migrations");
}

const ROLES: &str = include_str!("../roles.sql");

/// How often, and with which pause, roles are tried to be changed that somebody else changes at the same moment.
const ROLES_TRIES: u32 = 20;
const ROLES_PAUSE: Duration = Duration::from_millis(100);

/// The roles that sign in: the runtime's, the plane's and the log's sealer's.
const LOGINS: [&str; 3] = ["lamplight_app", "lamplight_platform", "lamplight_sealer"];

/// The schema of a keyring in a database of its own: a context to check, and what the main database has of the keyring.
const KEYRING: [(&str, &str); 7] = [
    ("V1__security_context", include_str!("../migrations/V1__security_context.sql")),
    ("V2__keyring_apart", include_str!("../keyring.sql")),
    ("V3__keyring", include_str!("../migrations/V3__keyring.sql")),
    ("V39__key_rotation", include_str!("../migrations/V39__key_rotation.sql")),
    ("V40__erasing_keys", include_str!("../migrations/V40__erasing_keys.sql")),
    ("V42__newer_patient_keys", include_str!("../migrations/V42__newer_patient_keys.sql")),
    ("V47__search_keys", include_str!("../migrations/V47__search_keys.sql")),
];

/// Creates the roles, runs the migrations that are missing and hands the context key to the database. `owner` must be a
/// login that may create roles and act as `lamplight_owner` and `lamplight_operator`. Returns how many migrations ran.
///
/// # Errors
/// [`Error::Config`] naming the migration that failed; as any statement.
pub async fn migrate(owner: &Endpoint, root: &RootKey, set_password: bool) -> Result<usize, Error> {
    bring(owner, root, set_password, embedded::migrations::runner()).await
}

/// As [`migrate`], for the database of a keyring.
///
/// # Errors
/// As [`migrate`].
pub async fn migrate_keyring(owner: &Endpoint, root: &RootKey, set_password: bool) -> Result<usize, Error> {
    let migrations = KEYRING.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    let migrations: Vec<_> = migrations
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Config(format!("migrations: {}", describe(&error))))?;
    bring(owner, root, set_password, Runner::new(&migrations)).await
}

async fn bring(owner: &Endpoint, root: &RootKey, set_password: bool, runner: Runner) -> Result<usize, Error> {
    let mut client = owner.connect().await?;
    client
        .batch_execute("SET client_min_messages = warning; SET lock_timeout = '30s'")
        .await
        .map_err(Error::from_postgres)?;
    for left in (0..ROLES_TRIES).rev() {
        match bring_roles(&client, root, set_password).await {
            // Roles are the cluster's, and the lock is the database's: another one is being migrated beside it.
            Err(Error::Database(code)) if code == SqlState::INTERNAL_ERROR.code() && left > 0 => {
                tokio::time::sleep(ROLES_PAUSE).await;
            }
            brought => {
                brought?;
                break;
            }
        }
    }
    let report = runner
        .set_abort_divergent(true)
        .run_async(&mut client)
        .await
        .map_err(|error| Error::Config(format!("migrations: {}", describe(&error))))?;
    let (inner, outer) = pads(&root.derive("context"));
    let setup = client.transaction().await.map_err(Error::from_postgres)?;
    setup
        .batch_execute(
            "ALTER TABLE refinery_schema_history ENABLE ROW LEVEL SECURITY;
             ALTER TABLE refinery_schema_history FORCE ROW LEVEL SECURITY;
             DROP POLICY IF EXISTS migrator ON refinery_schema_history;
             CREATE POLICY migrator ON refinery_schema_history TO CURRENT_USER USING (version > 0);
             SET LOCAL ROLE lamplight_owner",
        )
        .await
        .map_err(Error::from_postgres)?;
    setup
        .execute(
            "INSERT INTO sec.context_key (inner_pad, outer_pad) VALUES ($1, $2)
             ON CONFLICT (one) DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad",
            &[&inner.as_slice(), &outer.as_slice()],
        )
        .await
        .map_err(Error::from_postgres)?;
    setup.commit().await.map_err(Error::from_postgres)?;
    Ok(report.applied_migrations().len())
}

/// The roles, and the passwords of those that are ours to set.
async fn bring_roles(client: &Client, root: &RootKey, set_password: bool) -> Result<(), Error> {
    client.batch_execute(ROLES).await.map_err(Error::from_postgres)?;
    for login in LOGINS.into_iter().filter(|_| set_password) {
        // The password is base64url of our own making: nothing to escape.
        let statement = ["ALTER ROLE ", login, " PASSWORD '", &root.role_password(login), "'"].concat();
        client.batch_execute(&statement).await.map_err(Error::from_postgres)?;
    }
    Ok(())
}

/// The name of the failing migration and the SQLSTATE; migrations hold no data.
fn describe(error: &refinery::Error) -> String {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(db) = current.downcast_ref::<tokio_postgres::Error>().and_then(|e| e.as_db_error()) {
            return format!("{} ({})", db.message(), db.code().code());
        }
        source = current.source();
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_of_its_own_has_whatever_the_main_database_has_of_it() {
        // What the data knows of the keyring is not the keyring's.
        let beside = ["V45__keyring_apart"];
        for migration in embedded::migrations::runner().get_migrations() {
            let sql = migration.sql().unwrap_or_default();
            let name = migration.to_string();
            let words = [
                "TABLE keyring.",
                "FUNCTION keyring.",
                "CREATE FUNCTION sec.cell",
                "CREATE FUNCTION sec.wall(",
            ];
            let sql = sql.replace("CREATE OR REPLACE", "CREATE");
            let shapes = words.iter().any(|word| sql.contains(word));
            let known = KEYRING.iter().any(|(other, _)| *other == name) || beside.contains(&name.as_str());
            assert!(!shapes || known, "{name} changes the keyring: put it into KEYRING");
        }
    }
}
