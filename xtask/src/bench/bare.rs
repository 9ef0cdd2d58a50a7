//! The same row work without row security, sealing, policy or audit: what PostgreSQL itself costs on this machine, in
//! this run, on the same rows.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::Fallible;
use super::dice::Dice;
use super::load::{Load, Phase, Tally, Window, measure};
use super::rows::{ENTRIES, Row};

/// As many as the server opens for requests.
const CONNECTIONS: usize = 16;

/// The code of the type Patient in our tables.
const PATIENT: i16 = 103;

/// The rows and indexes of the chart as they would be without organizations and walls.
const SETUP: &str = "
    CREATE SCHEMA bare;
    CREATE TABLE bare.resource AS
        SELECT id, patient_id, updated_at, starts_at, ends_at, version, type, class, body
          FROM chart.resource WHERE body IS NOT NULL;
    ALTER TABLE bare.resource ALTER COLUMN body SET STORAGE EXTERNAL, ADD PRIMARY KEY (id);
    CREATE INDEX ON bare.resource (patient_id, type, starts_at, id) WHERE patient_id IS NOT NULL;
    CREATE INDEX ON bare.resource (type, starts_at, id);
    CREATE INDEX ON bare.resource (type, updated_at, id);
    CREATE TABLE bare.version (LIKE bare.resource, PRIMARY KEY (id, version));
    CREATE TABLE bare.token AS SELECT token, at, id FROM chart.token;
    ALTER TABLE bare.token ADD PRIMARY KEY (token, at, id);
    ANALYZE bare.resource, bare.token;";

const READ: &str = "SELECT version, updated_at, body FROM bare.resource WHERE id = $1";

const NAMED: &str = "SELECT id, version, updated_at, body FROM bare.resource WHERE id = ANY ($1)";

const TOKEN: &str = "
    SELECT r.id, r.version, r.updated_at, r.body FROM bare.token t JOIN bare.resource r ON r.id = t.id
     WHERE t.token = $1 ORDER BY t.at DESC, t.id DESC LIMIT $2";

const INSERT: &str = "
    WITH row AS (
        INSERT INTO bare.resource
        SELECT id, $2, now(), now(), now(), 1, $3, 1, body FROM unnest($1::uuid[], $4::bytea[]) n (id, body)
    )
    INSERT INTO bare.token SELECT token, now(), id FROM unnest($5::int8[], $6::uuid[]) n (token, id)";

const UPDATE: &str = "
    WITH old AS (
        SELECT * FROM bare.resource WHERE id = $1 AND version = $2 FOR UPDATE
    ), past AS (
        INSERT INTO bare.version SELECT * FROM old
    ), new AS (
        UPDATE bare.resource r SET version = r.version + 1, updated_at = now(), body = $3 FROM old
         WHERE r.id = old.id RETURNING r.id
    ), gone AS (
        DELETE FROM bare.token t USING unnest($4::int8[]) g (token), old
         WHERE t.token = g.token AND t.at = old.starts_at AND t.id = old.id
    )
    INSERT INTO bare.token SELECT n.token, old.starts_at, old.id FROM old, unnest($5::int8[]) n (token)";

/// Numbers by which the work is the same.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    patient_bytes: usize,
    patient_tokens: usize,
    bytes: usize,
    tokens: usize,
}

/// What is asked for.
struct Sample {
    all: Vec<Uuid>,
    patients: Vec<Uuid>,
    /// Tokens of one row.
    single: Vec<i64>,
    /// Tokens of many rows.
    series: Vec<i64>,
    sizes: Sizes,
}

/// PostgreSQL alone.
pub(super) struct Bare {
    address: String,
    sample: Arc<Sample>,
    /// How many ids were given: they grow with time, as ours do.
    ids: Arc<AtomicU64>,
}

impl Bare {
    /// Copies the chart's rows.
    pub(super) async fn new(address: String) -> Fallible<Self> {
        let client = connect(&address).await?;
        client.batch_execute(SETUP).await?;
        let numbers = client
            .query_one(
                "SELECT (SELECT avg(length(body))::int8 FROM bare.resource WHERE type = $1),
                        (SELECT count(*) FROM bare.token t JOIN bare.resource r USING (id) WHERE r.type = $1)
                            / greatest((SELECT count(*) FROM bare.resource WHERE type = $1), 1),
                        (SELECT avg(length(body))::int8 FROM bare.resource),
                        (SELECT count(*) FROM bare.token) / greatest((SELECT count(*) FROM bare.resource), 1)",
                &[&PATIENT],
            )
            .await?;
        let number = |at: usize| usize::try_from(numbers.get::<_, i64>(at)).unwrap_or_default();
        let sizes = Sizes {
            patient_bytes: number(0),
            patient_tokens: number(1),
            bytes: number(2),
            tokens: number(3),
        };
        let all = "SELECT id FROM bare.resource ORDER BY random() LIMIT 4000";
        let patients = "SELECT id FROM bare.resource WHERE type = $1 ORDER BY random() LIMIT 4000";
        let single = "SELECT token FROM bare.token GROUP BY token HAVING count(*) = 1 LIMIT 4000";
        let series =
            "SELECT token FROM bare.token GROUP BY token HAVING count(*) BETWEEN 20 AND 100 LIMIT 200";
        let sample = Sample {
            all: column(&client, all, &[]).await?,
            patients: column(&client, patients, &[&PATIENT]).await?,
            single: column(&client, single, &[]).await?,
            series: column(&client, series, &[]).await?,
            sizes,
        };
        if sample.patients.len() < CONNECTIONS || sample.single.is_empty() || sample.series.is_empty() {
            return Err("too few rows to measure bare PostgreSQL with".into());
        }
        Ok(Self { address, sample: Arc::new(sample), ids: Arc::default() })
    }

    /// Removes the copies.
    pub(super) async fn drop_rows(self) -> Fallible<()> {
        Ok(connect(&self.address).await?.batch_execute("DROP SCHEMA bare CASCADE").await?)
    }

    /// What the table says of the rows.
    pub(super) fn describe(&self) -> String {
        let Sizes { patient_bytes, patient_tokens, bytes, tokens } = self.sample.sizes;
        format!(
            "bare rows: a Patient of {patient_bytes} B with {patient_tokens} tokens, \
             any resource of {bytes} B with {tokens} tokens"
        )
    }

    /// Does the row work of a row; `shown` is how many resources its answers held on average.
    pub(super) async fn run(&self, row: Row, shown: usize, window: Window) -> Fallible<Load> {
        let sizes = self.sample.sizes;
        let rows = row.units(shown);
        let work = match row {
            Row::Read => Work::Read,
            Row::Create => Work::Insert { rows, bytes: sizes.patient_bytes, tokens: sizes.patient_tokens },
            Row::Update => Work::Update { bytes: sizes.patient_bytes },
            // A note is about as long as any record, and has no token.
            Row::Autosave => Work::Update { bytes: sizes.bytes },
            Row::Identifier => Work::Identifier,
            Row::Name | Row::Shift => Work::Named { shown },
            Row::Observations => Work::Series { shown },
            Row::Bundle => Work::Insert { rows: ENTRIES, bytes: sizes.bytes, tokens: sizes.tokens },
        };
        self.drive(work, window).await
    }

    async fn drive(&self, work: Work, window: Window) -> Fallible<Load> {
        let mut clients = Vec::new();
        for number in 0..CONNECTIONS {
            let client = connect(&self.address).await?;
            let statement = client.prepare(work.sql()).await?;
            // Each has patients that no other changes.
            let share = self.sample.patients.len() / CONNECTIONS;
            let mine = number * share..(number + 1) * share;
            let worker = Worker {
                client,
                statement,
                work,
                sample: Arc::clone(&self.sample),
                dice: Dice::new(self.ids.load(Ordering::Relaxed) ^ (number as u64) << 40),
                mine,
                versions: Vec::new(),
                ids: Arc::clone(&self.ids),
            };
            clients.push(|phase| worker.run(phase));
        }
        measure(clients, window).await
    }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Read,
    Insert { rows: usize, bytes: usize, tokens: usize },
    Update { bytes: usize },
    Identifier,
    Named { shown: usize },
    Series { shown: usize },
}

impl Work {
    fn sql(self) -> &'static str {
        match self {
            Self::Read => READ,
            Self::Insert { .. } => INSERT,
            Self::Update { .. } => UPDATE,
            Self::Identifier | Self::Series { .. } => TOKEN,
            Self::Named { .. } => NAMED,
        }
    }
}

struct Worker {
    client: Client,
    statement: Statement,
    work: Work,
    sample: Arc<Sample>,
    dice: Dice,
    mine: Range<usize>,
    versions: Vec<i32>,
    ids: Arc<AtomicU64>,
}

impl Worker {
    async fn run(mut self, phase: Phase) -> Fallible<Tally> {
        self.versions = self.current_versions().await?;
        let mut tally = Tally::default();
        while !phase.is_over() {
            let begun = Instant::now();
            self.once().await?;
            tally.count(&phase, begun, 0);
        }
        Ok(tally)
    }

    async fn current_versions(&self) -> Fallible<Vec<i32>> {
        let Work::Update { .. } = self.work else { return Ok(Vec::new()) };
        let mut versions = Vec::new();
        for id in &self.sample.patients[self.mine.clone()] {
            versions.push(self.client.query_one(READ, &[id]).await?.get(0));
        }
        Ok(versions)
    }

    async fn once(&mut self) -> Fallible<()> {
        let sample = Arc::clone(&self.sample);
        match self.work {
            Work::Read => {
                let id = self.dice.pick(&sample.all);
                self.query(&[id]).await?;
            }
            Work::Identifier => {
                let token = self.dice.pick(&sample.single);
                self.query(&[token, &20_i64]).await?;
            }
            Work::Series { shown } => {
                let token = self.dice.pick(&sample.series);
                self.query(&[token, &i64::try_from(shown)?]).await?;
            }
            Work::Named { shown } => {
                let start = self.dice.below(sample.patients.len().saturating_sub(shown).max(1));
                let ids = &sample.patients[start..(start + shown).min(sample.patients.len())];
                self.query(&[&ids]).await?;
            }
            Work::Insert { rows, bytes, tokens } => {
                let (ids, bodies): (Vec<Uuid>, Vec<Vec<u8>>) = (0..rows).map(|_| self.fresh(bytes)).unzip();
                let owners: Vec<Uuid> = ids.iter().flat_map(|id| std::iter::repeat_n(*id, tokens)).collect();
                let tokens: Vec<i64> = owners.iter().map(|_| self.dice.next() as i64).collect();
                let patient = *self.dice.pick(&sample.patients);
                self.query(&[&ids, &patient, &PATIENT, &bodies, &tokens, &owners]).await?;
            }
            Work::Update { bytes } => {
                let at = self.dice.below(self.versions.len());
                let (id, version) = (sample.patients[self.mine.start + at], self.versions[at]);
                let tokens = |version: i32| {
                    let mut dice = Dice::new(id.as_u128() as u64 ^ version as u64);
                    vec![dice.next() as i64, dice.next() as i64]
                };
                let (_, body) = self.fresh(bytes);
                self.query(&[&id, &version, &body, &tokens(version), &tokens(version + 1)]).await?;
                self.versions[at] += 1;
            }
        }
        Ok(())
    }

    async fn query(&self, parameters: &[&(dyn ToSql + Sync)]) -> Fallible<()> {
        self.client.query(&self.statement, parameters).await?;
        Ok(())
    }

    /// An id above all before it, and a body that no compression makes smaller.
    fn fresh(&mut self, bytes: usize) -> (Uuid, Vec<u8>) {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        let id = Uuid::from_u128(0xFFFF << 112 | u128::from(number) << 64 | u128::from(self.dice.next()));
        let mut body = Vec::with_capacity(bytes + 8);
        while body.len() < bytes {
            body.extend_from_slice(&self.dice.next().to_le_bytes());
        }
        body.truncate(bytes);
        (id, body)
    }
}

async fn connect(address: &str) -> Fallible<Client> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn column<T>(client: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Fallible<Vec<T>>
where
    T: for<'r> tokio_postgres::types::FromSql<'r>,
{
    Ok(client.query(sql, parameters).await?.iter().map(|row| row.get(0)).collect())
}
