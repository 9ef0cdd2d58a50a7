//! The boundary, at the runtime role's own connection: what the program would be held back from if it had been taken
//! over down to its SQL.

mod context;
mod delegation;
mod documents;
mod erasures;
mod exports;
mod fields;
mod functions;
mod furnish;
mod imports;
mod merges;
mod oracles;
mod own;
mod plane;
mod posts;
mod records;
mod relationships;
mod sessions;
mod support;
mod tables;
mod updates;
mod walls;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::World;
use testkit::pg;

use crate::support::House;

/// Signs contexts as the program does; the pads are what only the superuser and a definer function can read.
pub(crate) struct Signer {
    inner: Vec<u8>,
    outer: Vec<u8>,
}

impl Signer {
    pub(crate) async fn of(superuser: &pg::Client) -> Self {
        let row = superuser.query_one("SELECT inner_pad, outer_pad FROM sec.context_key", &[]).await.unwrap();
        Self { inner: row.get(0), outer: row.get(1) }
    }

    /// HMAC-SHA-256 in hex, then `payload`.
    pub(crate) fn sign(&self, payload: &str) -> String {
        let inside = digest(&SHA256, &[&self.inner, payload.as_bytes()].concat());
        let mac = digest(&SHA256, &[&self.outer, inside.as_ref()].concat());
        let mut signed: String = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        signed.push_str(payload);
        signed
    }

    /// A context of five minutes for `membership` at `cells`.
    pub(crate) fn context(&self, membership: i32, cells: &[i64]) -> String {
        let cells: Vec<String> = cells.iter().map(i64::to_string).collect();
        self.sign(&format!("{},{membership},{}", now() + 300, cells.join(",")))
    }
}

pub(crate) fn now() -> i64 {
    World::system().now().as_second()
}

/// `sec.cell`
pub(crate) fn cell(organization: i32, facility: i32) -> i64 {
    (i64::from(organization) << 32) | i64::from(facility)
}

/// The runtime role at a bare connection.
pub(crate) async fn runtime(house: &House) -> pg::Client {
    login(house, "lamplight_app").await
}

/// A role of ours at a bare connection.
pub(crate) async fn login(house: &House, role: &str) -> pg::Client {
    crate::support::login(&house.database, role).await
}

/// What a refusal tells whoever was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
    detail: Option<String>,
    hint: Option<String>,
    constraint: Option<String>,
    table: Option<String>,
}

impl Refusal {
    fn of(error: &pg::Error) -> Self {
        let error = error.as_db_error().unwrap_or_else(|| panic!("{error}"));
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: owned(error.detail()),
            hint: owned(error.hint()),
            constraint: owned(error.constraint()),
            table: owned(error.table()),
        }
    }
}

/// Runs one statement in a transaction of its own under `signed`, and commits. Gives how many rows it touched.
pub(crate) async fn attempt(client: &pg::Client, signed: Option<&str>, sql: &str) -> Result<u64, Refusal> {
    run(client, signed, sql, "COMMIT").await
}

/// As [`attempt`], undone afterwards.
pub(crate) async fn rehearse(client: &pg::Client, signed: Option<&str>, sql: &str) -> Result<u64, Refusal> {
    run(client, signed, sql, "ROLLBACK").await
}

async fn run(client: &pg::Client, signed: Option<&str>, sql: &str, end: &str) -> Result<u64, Refusal> {
    client.batch_execute("BEGIN").await.unwrap();
    if let Some(signed) = signed {
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&signed]).await.unwrap();
    }
    let done = client.execute(sql, &[]).await.map_err(|error| Refusal::of(&error));
    client.batch_execute(if done.is_ok() { end } else { "ROLLBACK" }).await.unwrap();
    done
}

/// As [`attempt`] for a query of one number.
pub(crate) async fn number(client: &pg::Client, signed: Option<&str>, sql: &str) -> Result<i64, Refusal> {
    client.batch_execute("BEGIN").await.unwrap();
    if let Some(signed) = signed {
        client.query("SELECT set_config('lamplight.context', $1, true)", &[&signed]).await.unwrap();
    }
    let row = client.query_one(sql, &[]).await.map_err(|error| Refusal::of(&error));
    client.batch_execute("ROLLBACK").await.unwrap();
    row.map(|row| row.get(0))
}
