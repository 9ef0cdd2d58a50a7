//! A keyring in a database of its own: which one it is, and how keys come to it (ADR 0039).

use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::Keyring;
use crate::{Endpoint, Error};

/// A table of the keyring, whose rows move out.
struct Moving {
    name: &'static str,
    open: &'static str,
    rows: &'static str,
    bring: &'static str,
    clear: &'static str,
    close: &'static str,
}

macro_rules! moving {
    ($name:literal) => {
        Moving {
            name: $name,
            // Rows of all organizations: the wall is for who serves them.
            open: concat!(
                "CREATE POLICY moving ON ",
                $name,
                " TO lamplight_owner USING (organization_id > 0)"
            ),
            rows: concat!("SELECT to_jsonb(t)::text FROM ", $name, " t"),
            bring: concat!(
                "INSERT INTO ",
                $name,
                " SELECT * FROM jsonb_populate_recordset(NULL::",
                $name,
                ", $1::text::jsonb) ON CONFLICT DO NOTHING"
            ),
            clear: concat!("DELETE FROM ", $name),
            close: concat!("DROP POLICY moving ON ", $name),
        }
    };
}

const TABLES: [Moving; 3] =
    [moving!("keyring.organization_key"), moving!("keyring.patient_key"), moving!("keyring.erasure")];

const LOCK: &str =
    "LOCK TABLE keyring.organization_key, keyring.patient_key, keyring.erasure IN EXCLUSIVE MODE";

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
    run(&opening, TABLES.map(|table| table.open)).await?;
    // Whoever writes a key waits, and is then refused.
    run(&opening, [LOCK]).await?;
    let mut moved = 0;
    let arriving = to.transaction().await.map_err(Error::from_postgres)?;
    arriving.batch_execute("SET LOCAL ROLE lamplight_owner").await.map_err(Error::from_postgres)?;
    run(&arriving, TABLES.map(|table| table.open)).await?;
    for table in TABLES {
        let rows = opening.query(table.rows, &[]).await.map_err(Error::from_postgres)?;
        moved += rows.len();
        for some in rows.chunks(TOGETHER) {
            let all: Vec<&str> = some.iter().map(|row| row.get(0)).collect();
            let all = format!("[{}]", all.join(","));
            arriving.execute(table.bring, &[&all]).await.map_err(Error::from_postgres)?;
        }
    }
    run(&arriving, TABLES.map(|table| table.close)).await?;
    arriving.commit().await.map_err(Error::from_postgres)?;
    // They are safe there; broken off here, the next call does the same again.
    run(&opening, TABLES.map(|table| table.clear)).await?;
    run(&opening, TABLES.map(|table| table.close)).await?;
    let sql = "INSERT INTO platform.keyring_apart (keyring_id, since) VALUES ($1, $2)";
    opening.execute(sql, &[&id, &now]).await.map_err(Error::from_postgres)?;
    opening.commit().await.map_err(Error::from_postgres)?;
    if moved > 0 {
        sweep(&from, &TABLES.map(|table| table.name)).await?;
    }
    Ok(moved)
}

async fn run(tx: &Transaction<'_>, statements: impl IntoIterator<Item = &'static str>) -> Result<(), Error> {
    for sql in statements {
        tx.batch_execute(sql).await.map_err(Error::from_postgres)?;
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
