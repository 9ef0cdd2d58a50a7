//! A keyring in a database of its own: which one it is, and how keys come to it (ADR 0039).

use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::Keyring;
use crate::{Endpoint, Error};

/// The keyring's tables, whose rows move out.
const TABLES: [&str; 3] = ["keyring.organization_key", "keyring.patient_key", "keyring.erasure"];

/// Rows that are brought over together.
const TOGETHER: usize = 5_000;

/// Another keyring than the one that the data was sealed with.
const OTHER: &str =
    "the keyring is another one than the one that this data was sealed with: restore that one";
const UNTOLD: &str = "the keyring of this data is in a database of its own, and nothing says where: name it in \
                      LAMPLIGHT_KEYRING_URL";

/// Which keyring the data in `main` was sealed with, when it has moved out; nothing where there is no schema yet. `main` is the
/// owner's login.
///
/// # Errors
/// As any statement.
pub async fn keyring_home(main: &Endpoint) -> Result<Option<Uuid>, Error> {
    let answer = async {
        let client = main.connect().await?;
        client.batch_execute("SET ROLE lamplight_owner").await.map_err(Error::from_postgres)?;
        let sql = "SELECT keyring_id FROM platform.keyring_apart";
        client.query_opt(sql, &[]).await.map_err(Error::from_postgres)
    };
    match answer.await {
        Err(Error::Database(code)) if crate::admin::NOT_THERE.contains(&code.as_str()) => Ok(None),
        found => Ok(found?.map(|row| row.get(0))),
    }
}

/// Joins the data in `main` with the keyring in `keyring`, both at the present schema; the logins are the owners'. Keys that
/// are still in `main` are brought over, and nobody makes keys there again. What the keyring has already stays as it is: where it
/// is newer than the data, that counts. Tells how many rows `main` had.
///
/// # Errors
/// [`Error::Config`] when the data was sealed with another keyring; as any statement. Nothing is lost then.
pub async fn join_keyring(main: &Endpoint, keyring: &Endpoint, now: Timestamp) -> Result<usize, Error> {
    let mut to = keyring.connect().await?;
    let mut from = main.connect().await?;
    let opening = from.transaction().await.map_err(Error::from_postgres)?;
    opening.batch_execute("SET LOCAL ROLE lamplight_owner").await.map_err(Error::from_postgres)?;
    let known = opening.query_opt("SELECT keyring_id FROM platform.keyring_apart", &[]).await;
    let known: Option<Uuid> = known.map_err(Error::from_postgres)?.map(|row| row.get(0));
    let id = id_of(&to).await?;
    if let Some(known) = known {
        return if known == id { Ok(0) } else { Err(Error::Config(OTHER.to_owned())) };
    }
    // Whoever writes a key waits, and is then refused.
    open_for_moving(&opening).await?;
    let tables = TABLES.join(", ");
    let lock = format!("LOCK TABLE {tables} IN EXCLUSIVE MODE");
    opening.batch_execute(&lock).await.map_err(Error::from_postgres)?;
    let mut moved = 0;
    let arriving = to.transaction().await.map_err(Error::from_postgres)?;
    arriving.batch_execute("SET LOCAL ROLE lamplight_owner").await.map_err(Error::from_postgres)?;
    open_for_moving(&arriving).await?;
    for table in TABLES {
        let sql = format!("SELECT to_jsonb(t)::text FROM {table} t");
        let rows = opening.query(&sql, &[]).await.map_err(Error::from_postgres)?;
        moved += rows.len();
        let sql = format!(
            "INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::text::jsonb) ON CONFLICT DO NOTHING"
        );
        for some in rows.chunks(TOGETHER) {
            let all: Vec<&str> = some.iter().map(|row| row.get(0)).collect();
            let all = format!("[{}]", all.join(","));
            arriving.execute(&sql, &[&all]).await.map_err(Error::from_postgres)?;
        }
    }
    close_after_moving(&arriving).await?;
    arriving.commit().await.map_err(Error::from_postgres)?;
    // They are safe there; broken off here, the next call does the same again.
    for table in TABLES {
        opening.batch_execute(&format!("DELETE FROM {table}")).await.map_err(Error::from_postgres)?;
    }
    close_after_moving(&opening).await?;
    let sql = "INSERT INTO platform.keyring_apart (keyring_id, since) VALUES ($1, $2)";
    opening.execute(sql, &[&id, &now]).await.map_err(Error::from_postgres)?;
    opening.commit().await.map_err(Error::from_postgres)?;
    if moved > 0 {
        sweep(&from, &TABLES).await?;
    }
    Ok(moved)
}

/// Rows of all organizations: the wall is for who serves them.
async fn open_for_moving(tx: &Transaction<'_>) -> Result<(), Error> {
    for table in TABLES {
        let sql = format!("CREATE POLICY moving ON {table} TO lamplight_owner USING (organization_id > 0)");
        tx.batch_execute(&sql).await.map_err(Error::from_postgres)?;
    }
    Ok(())
}

async fn close_after_moving(tx: &Transaction<'_>) -> Result<(), Error> {
    for table in TABLES {
        tx.batch_execute(&format!("DROP POLICY moving ON {table}")).await.map_err(Error::from_postgres)?;
    }
    Ok(())
}

async fn id_of(keyring: &Client) -> Result<Uuid, Error> {
    let own = "SET ROLE lamplight_owner";
    keyring.batch_execute(own).await.map_err(Error::from_postgres)?;
    let row = keyring.query_one("SELECT keyring_id FROM sec.keyring", &[]).await;
    keyring.batch_execute("RESET ROLE").await.map_err(Error::from_postgres)?;
    Ok(row.map_err(Error::from_postgres)?.get(0))
}

/// Clears away the rows that are gone: until then their bytes are on the disk. What others still see stays for the vacuum
/// after them.
pub(crate) async fn sweep(client: &Client, tables: &[&str]) -> Result<(), Error> {
    let own = "RESET ROLE; SET ROLE lamplight_owner";
    client.batch_execute(own).await.map_err(Error::from_postgres)?;
    let mut swept = Ok(());
    for table in tables {
        let sql = format!("VACUUM {table}");
        swept = swept.and(client.batch_execute(&sql).await.map_err(Error::from_postgres));
    }
    client.batch_execute("RESET ROLE").await.map_err(Error::from_postgres).and(swept)
}

impl Keyring {
    /// Whether this is the keyring that the data was sealed with.
    pub(super) async fn is_joined(&self) -> Result<(), Error> {
        let one = async |pool: &Pool, sql: &'static str| {
            let rows = self.as_program(pool, sql, &[]).await?;
            Ok::<Option<Uuid>, Error>(rows.first().and_then(|row| row.get(0)))
        };
        let home = one(self.main(), "SELECT keyring.home()").await?;
        if !self.is_apart() {
            return if home.is_none() { Ok(()) } else { Err(Error::Config(UNTOLD.to_owned())) };
        }
        let id = one(self.pool(), "SELECT sec.keyring_id()").await?;
        if id.is_some() && id == home { Ok(()) } else { Err(Error::Config(OTHER.to_owned())) }
    }
}
