//! Whether the log is what was sealed: everything is derived anew, and compared with what was signed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use futures_util::{TryStreamExt as _, pin_mut};
use jiff::{SignedDuration, Timestamp};
use merkle::{Checkpoint, Hash, Verifier};
use serde::Serialize;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row, Transaction};
use uuid::Uuid;

use super::check::{Check, Finding, Kind, Place, Signed, Whose};
use super::entry::{COLUMNS, Entry};
use super::{ALL, Logs};
use crate::Error;

/// What is looked at together.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Beyond so many findings the rest is counted.
const FINDINGS: usize = 1_000;

/// What was looked at and found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// How many logs, that of all not counted.
    pub organizations: usize,
    /// How many sealed events.
    pub events: u64,
    /// How many checkpoints.
    pub checkpoints: usize,
    /// How many events wait to be sealed.
    pub unsealed: u64,
    /// How many events are in archives alone.
    pub archived: u64,
    /// When the first of the unsealed was written.
    pub waits_since: Option<Timestamp>,
    /// What was found, at most a thousand.
    pub findings: Vec<Finding>,
    /// How many more were found.
    pub more: usize,
}

impl Verified {
    pub(super) fn found(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// What is known from elsewhere of the logs of a database, by organization.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The checkpoints that witnesses have; their signatures were looked at.
    pub witnessed: BTreeMap<i32, Vec<Checkpoint>>,
    /// The leaves that archives prove, whose events need not be in the database any more.
    pub archived: BTreeMap<i32, Vec<Range<u64>>>,
}

impl Known {
    fn is_archived(&self, organization: i32, sequence: u64) -> bool {
        let ranges = self.archived.get(&organization).map(Vec::as_slice).unwrap_or_default();
        ranges.iter().any(|range| range.contains(&sequence))
    }
}

/// Goes through the logs of a database from their first event to their last.
///
/// # Errors
/// As any statement: then nothing was found out.
pub async fn verify(logs: &Logs, keys: &[Verifier], known: &Known) -> Result<Verified, Error> {
    let mut client = logs.endpoint.connect().await?;
    async {
        let tx = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let tx = tx.start().await?;
        // A look at everything is planned for what is asked, and hashes are made in memory.
        tx.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'")
            .await?;
        through(&tx, logs.own(), keys, known).await
    }
    .await
    .map_err(Error::from_postgres)
}

async fn through(
    tx: &Transaction<'_>,
    own: Option<&str>,
    keys: &[Verifier],
    known: &Known,
) -> Result<Verified, tokio_postgres::Error> {
    let mut done = Verified::default();
    let mut checkpoints = checkpoints(tx).await?;
    done.checkpoints = checkpoints.values().map(Vec::len).sum();
    let (all, horizon) = self::all(tx).await?;
    done.checkpoints += all.len();
    let witnessed = &known.witnessed;
    let seen = witnessed.keys().copied().filter(|organization| *organization != ALL);
    let organizations: HashSet<i32> =
        checkpoints.keys().copied().chain(seen).chain(having_leaves(tx).await?).collect();
    let mut organizations: Vec<i32> = organizations.into_iter().collect();
    organizations.sort_unstable();
    done.organizations = organizations.len();
    for organization in &organizations {
        let signed = checkpoints.remove(organization).unwrap_or_default();
        let witnessed = witnessed.get(organization).map(Vec::as_slice).unwrap_or_default();
        let mut check = Check::new(Whose { own, organization: *organization }, &signed, witnessed, keys);
        check.tiles(tiles(tx, *organization).await?);
        leaves(tx, *organization, &mut check).await?;
        let (size, findings) = check.end();
        done.events += size;
        findings.into_iter().for_each(|finding| done.found(finding));
    }
    let witnessed = witnessed.get(&ALL).map(Vec::as_slice).unwrap_or_default();
    let mut check = Check::new(Whose { own, organization: ALL }, &all, witnessed, keys);
    listed(tx, &mut check).await?;
    check.end().1.into_iter().for_each(|finding| done.found(finding));
    events(tx, horizon, known, &mut done).await?;
    Ok(done)
}

/// What a row of `audit.checkpoint` says.
pub(super) fn signed(row: &Row) -> Result<Signed, tokio_postgres::Error> {
    let root: &[u8] = row.try_get("root")?;
    let checkpoint = Checkpoint {
        origin: row.try_get("origin")?,
        size: u64::try_from(row.try_get::<_, i64>("size")?).unwrap_or_default(),
        root: root.try_into().unwrap_or_else(|_| Hash::of_nothing()),
        at: row.try_get("signed_at")?,
    };
    Ok(Signed { checkpoint, signature: row.try_get("signature")? })
}

async fn checkpoints(tx: &Transaction<'_>) -> Result<HashMap<i32, Vec<Signed>>, tokio_postgres::Error> {
    let sql = "SELECT organization_id, origin, size, root, signed_at, signature FROM audit.checkpoint
                WHERE organization_id > 0 ORDER BY organization_id, size";
    let mut all: HashMap<i32, Vec<Signed>> = HashMap::new();
    let rows = stream(tx, sql, &[]).await?;
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        all.entry(row.try_get(0)?).or_default().push(signed(&row)?);
    }
    Ok(all)
}

/// The checkpoints of the log of all, and up to which transaction they say that it is sealed.
async fn all(tx: &Transaction<'_>) -> Result<(Vec<Signed>, i64), tokio_postgres::Error> {
    let sql = "SELECT origin, size, root, signed_at, signature, horizon FROM audit.checkpoint
                WHERE organization_id = 0 ORDER BY size";
    let rows = tx.query(sql, &[]).await?;
    let horizon = rows.iter().filter_map(|row| row.get::<_, Option<i64>>("horizon")).max();
    Ok((rows.iter().map(signed).collect::<Result<_, _>>()?, horizon.unwrap_or_default()))
}

pub(super) async fn having_leaves(tx: &Transaction<'_>) -> Result<Vec<i32>, tokio_postgres::Error> {
    // One look into the index for each, however many leaves there are.
    let sql = "WITH RECURSIVE one AS (
                   SELECT min(organization_id) AS id FROM audit.leaf WHERE organization_id > 0
                   UNION ALL
                   SELECT (SELECT min(organization_id) FROM audit.leaf WHERE organization_id > one.id)
                     FROM one WHERE one.id IS NOT NULL
               ) SELECT id FROM one WHERE id IS NOT NULL";
    Ok(tx.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect())
}

async fn tiles(tx: &Transaction<'_>, organization: i32) -> Result<Vec<(u64, Hash)>, tokio_postgres::Error> {
    let sql = "SELECT index, hash FROM audit.tile WHERE organization_id = $1 AND level = 1";
    let tile = |row: &Row| {
        Some((u64::try_from(row.get::<_, i64>(0)).ok()?, row.get::<_, &[u8]>(1).try_into().ok()?))
    };
    Ok(tx.query(sql, &[&organization]).await?.iter().filter_map(tile).collect())
}

async fn leaves(
    tx: &Transaction<'_>,
    organization: i32,
    check: &mut Check,
) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT sequence, xact, event_at, event_id, hash FROM audit.leaf WHERE organization_id = $1 ORDER BY sequence";
    let rows = stream(tx, sql, &[&organization]).await?;
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await? {
        let (sequence, place): (i64, Place) =
            (row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        let hash = row.try_get::<_, &[u8]>(4)?.try_into().unwrap_or_else(|_| Hash::of_nothing());
        check.leaf(u64::try_from(sequence).unwrap_or_default(), place, hash);
    }
    Ok(())
}

/// The log of all: its leaves are the checkpoints of the organizations.
async fn listed(tx: &Transaction<'_>, check: &mut Check) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT organization_id, origin, size, root, signed_at, signature FROM audit.checkpoint
                WHERE organization_id > 0 ORDER BY signed_at, organization_id";
    let rows = stream(tx, sql, &[]).await?;
    pin_mut!(rows);
    let mut sequence = 0;
    while let Some(row) = rows.try_next().await? {
        let organization: i32 = row.try_get(0)?;
        let checkpoint = signed(&row)?.checkpoint;
        let place = (0, checkpoint.at, Uuid::from_u128(u128::from(organization.unsigned_abs())));
        check.leaf(sequence, place, Hash::of_leaf(checkpoint.text().as_bytes()));
        sequence += 1;
    }
    Ok(())
}

/// Every event beside its leaf.
const BESIDE: &str = "
    WITH s AS (
        SELECT organization_id, at, event_id,
               string_agg(int4send(facility_id) || uuid_send(patient_id), ''::bytea ORDER BY patient_id, facility_id) AS who
          FROM audit.subject WHERE organization_id > 0 AND at >= $1 AND at < $2
         GROUP BY organization_id, at, event_id
    ), e AS (
        SELECT * FROM audit.event WHERE organization_id > 0 AND at >= $1 AND at < $2
    ), l AS (
        SELECT * FROM audit.leaf WHERE organization_id > 0 AND event_at >= $1 AND event_at < $2
    )
    SELECT {columns}, e.xact, l.organization_id AS leaf_of, l.sequence, l.xact AS leaf_xact, l.event_id AS leaf_event, l.hash,
           COALESCE(s.organization_id, 0) AS subjects_of, s.event_id AS subjects_event
      FROM e FULL JOIN s ON s.organization_id = e.organization_id AND s.at = e.at AND s.event_id = e.id
      FULL JOIN l ON l.organization_id = e.organization_id AND l.event_at = e.at AND l.event_id = e.id";

/// What was found on one side alone.
#[derive(Default)]
struct Odd {
    /// Leaves whose event is not there: whose, where, which.
    leaves: Vec<(i32, u64, Uuid)>,
    /// Events that were never sealed, by id.
    events: HashMap<Uuid, i32>,
    /// Events of which only the patients are there.
    subjects: HashMap<Uuid, i32>,
}

async fn events(
    tx: &Transaction<'_>,
    horizon: i64,
    known: &Known,
    done: &mut Verified,
) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT least((SELECT min(at) FROM audit.event WHERE organization_id > 0),
                            (SELECT min(event_at) FROM audit.leaf WHERE organization_id > 0)),
                      greatest((SELECT max(at) FROM audit.event WHERE organization_id > 0),
                               (SELECT max(event_at) FROM audit.leaf WHERE organization_id > 0)),
                      pg_snapshot_xmax(pg_current_snapshot())::text::int8";
    let row = tx.query_one(sql, &[]).await?;
    let (Some(first), Some(last)) = (row.get::<_, Option<Timestamp>>(0), row.get::<_, Option<Timestamp>>(1))
    else {
        return Ok(());
    };
    let ahead: i64 = row.get(2);
    let sql = BESIDE.replace("{columns}", COLUMNS);
    let mut odd = Odd::default();
    let mut from = first;
    while from <= last {
        let until = from.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
        let rows = stream(tx, &sql, &[&from, &until]).await?;
        pin_mut!(rows);
        while let Some(row) = rows.try_next().await? {
            one(&row, (horizon, ahead), &mut odd, done)?;
        }
        from = until;
    }
    for (organization, sequence, event) in odd.leaves {
        odd.subjects.remove(&event);
        let (kind, what) = match odd.events.remove(&event) {
            Some(_) => (Kind::Altered, "the event has another time or organization"),
            None if known.is_archived(organization, sequence) => {
                done.archived += 1;
                continue;
            }
            None => (Kind::Deleted, "the event is gone"),
        };
        done.found(Finding::new(organization, kind, what).at(sequence).of(event));
    }
    let mut odd_events: Vec<(Uuid, i32, &'static str)> =
        odd.events.into_iter().map(|(event, of)| (event, of, "an event that was never sealed")).collect();
    odd_events.extend(
        odd.subjects.into_iter().map(|(event, of)| (event, of, "patients of an event that is not there")),
    );
    odd_events.sort_unstable();
    for (event, organization, what) in odd_events {
        done.found(Finding::new(organization, Kind::Inserted, what).of(event));
    }
    Ok(())
}

fn one(
    row: &Row,
    (horizon, ahead): (i64, i64),
    odd: &mut Odd,
    done: &mut Verified,
) -> Result<(), tokio_postgres::Error> {
    let leaf = match row.try_get::<_, Option<i32>>("leaf_of")? {
        Some(organization) => {
            let sequence = u64::try_from(row.try_get::<_, i64>("sequence")?).unwrap_or_default();
            Some((organization, sequence, row.try_get::<_, Uuid>("leaf_event")?))
        }
        None => None,
    };
    let Some(event) = row.try_get::<_, Option<Uuid>>("id")? else {
        if let Some(leaf) = leaf {
            odd.leaves.push(leaf);
        } else if let Some(event) = row.try_get::<_, Option<Uuid>>("subjects_event")? {
            odd.subjects.insert(event, row.try_get("subjects_of")?);
        }
        return Ok(());
    };
    let xact: i64 = row.try_get("xact")?;
    let Some((organization, sequence, _)) = leaf else {
        if xact < horizon || xact >= ahead {
            odd.events.insert(event, row.try_get("organization_id")?);
        } else {
            let at: Timestamp = row.try_get("at")?;
            done.unsealed += 1;
            done.waits_since = Some(done.waits_since.map_or(at, |since| since.min(at)));
        }
        return Ok(());
    };
    let is = Entry::of(row)?.hash();
    if row.try_get::<_, &[u8]>("hash")? != is.0 || row.try_get::<_, i64>("leaf_xact")? != xact {
        let what = "the event, or whom it concerns, is not what was sealed";
        done.found(Finding::new(organization, Kind::Altered, what).at(sequence).of(event));
    }
    Ok(())
}

async fn stream(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<tokio_postgres::RowStream, tokio_postgres::Error> {
    let statement = tx.prepare(sql).await?;
    tx.query_raw(&statement, parameters.iter().copied()).await
}
