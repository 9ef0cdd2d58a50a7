//! Sealing the log (ADR 0035): every event becomes a leaf of its organization's tree, and what the trees are is signed.
//!
//! It works under a role of its own, which reads the log and writes nothing but leaves and checkpoints.

mod bundle;
mod check;
mod entry;
mod months;
mod verify;

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::World;
use merkle::{Checkpoint, Hash, Signer, Tile, Tree, Verifier};
use tokio_postgres::{Client, Row, Transaction};
use uuid::Uuid;

pub use bundle::{BundleError, BundleVerified, Contents, Wanted, export, verify_bundle};
pub use check::{Finding, Kind};
pub use entry::Entry;
pub use months::Month;
pub use verify::{Known, Verified, verify};

use crate::{Endpoint, Error};

/// The log of all: its leaves are the checkpoints of the organizations.
const ALL: i32 = 0;
/// How many transactions are looked at together when there is much to do.
const TOGETHER: i64 = 1_000;
/// Who seals holds this lock.
const LOCK: i64 = 7_310_498_203;

/// Leaves that are not written yet.
#[derive(Default)]
struct New {
    organization: Vec<i32>,
    sequence: Vec<i64>,
    xact: Vec<i64>,
    at: Vec<Timestamp>,
    id: Vec<Uuid>,
    hash: Vec<Vec<u8>>,
    tile_organization: Vec<i32>,
    tile_level: Vec<i16>,
    tile_index: Vec<i64>,
    tile_hash: Vec<Vec<u8>>,
}

/// What was sealed at once.
#[derive(Debug, Default)]
pub struct Round {
    /// How many events.
    pub events: usize,
    /// How large the log of all is, where anything was sealed.
    pub size: Option<u64>,
    /// The signed notes: that of all first, then one for each organization that has new events.
    pub notes: Vec<String>,
    /// Whether there is more to do at once.
    pub more: bool,
    /// When the first event was written that is not sealed yet: a transaction that is not over holds it up.
    pub waits_since: Option<Timestamp>,
    /// Whether somebody else is sealing.
    pub elsewhere: bool,
}

/// Who seals.
pub struct Sealer {
    logs: Logs,
    signer: Signer,
    world: World,
    client: Option<Client>,
    /// As far as this one has sealed: nothing where that is to be read anew.
    known: Option<Sealed>,
}

/// As far as the log is sealed.
struct Sealed {
    /// Every event of a transaction before this one is sealed.
    horizon: i64,
    signed_at: Timestamp,
    trees: HashMap<i32, Tree>,
}

/// The logs of one database: one for each organization, and the log of all, over those.
#[derive(Clone)]
pub struct Logs {
    endpoint: Endpoint,
    own: Option<String>,
}

impl Logs {
    /// Those at `endpoint`, a login of the role `lamplight_sealer`. `own` is the database's name where it is one that an
    /// organization has of its own: its log of all is another than that of the main database.
    #[must_use]
    pub fn new(endpoint: Endpoint, own: Option<String>) -> Self {
        Self { endpoint, own }
    }

    /// The database's name where an organization has it of its own.
    #[must_use]
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }
}

/// The name of a log in checkpoints: of the key, of the database that is an organization's own, of the organization.
fn origin(key: &str, own: Option<&str>, organization: i32) -> String {
    let base = own.map_or_else(|| key.to_owned(), |own| format!("{key}/{own}"));
    if organization == ALL { base } else { format!("{base}/{organization}") }
}

/// Whose log of these a checkpoint is of; nothing when it is of another database's.
#[must_use]
pub fn organization_of(key: &Verifier, own: Option<&str>, checkpoint: &Checkpoint) -> Option<i32> {
    let rest = checkpoint.origin.strip_prefix(&origin(key.name(), own, ALL))?;
    if rest.is_empty() {
        return Some(ALL);
    }
    rest.strip_prefix('/')?.parse().ok().filter(|organization| *organization > ALL)
}

impl Sealer {
    /// Who seals these logs. Nothing is connected before the first round.
    #[must_use]
    pub fn new(logs: Logs, signer: Signer, world: World) -> Self {
        Self { logs, signer, world, client: None, known: None }
    }

    /// Who can be asked whether a checkpoint is this one's.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }

    /// Seals what has been written, up to the oldest transaction that is not over. Nothing where somebody else is sealing.
    ///
    /// # Errors
    /// As any statement. What was begun is not kept, and the next round begins from what the database has.
    pub async fn round(&mut self) -> Result<Round, Error> {
        let mut client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => {
                self.known = None;
                self.logs.endpoint.connect().await?
            }
        };
        let known = self.known.take();
        let done = self.sealed(&mut client, known).await;
        // On an error the connection goes, and with it the lock.
        let (round, known) = done.map_err(Error::from_postgres)?;
        (self.client, self.known) = (Some(client), known);
        Ok(round)
    }

    /// What was signed since the log of all was of this size, round by round, as [`Round`] has it; what was signed last of
    /// each log where no size is named.
    ///
    /// # Errors
    /// As any statement.
    pub async fn signed_since(&self, size: Option<u64>) -> Result<Vec<(u64, Vec<String>)>, Error> {
        const LAST: &str =
            "SELECT * FROM (SELECT DISTINCT ON (organization_id) organization_id, origin, size, root,
            signed_at, signature FROM audit.checkpoint WHERE organization_id >= 0 AND $1::int8 IS NULL
            ORDER BY organization_id, size DESC) newest ORDER BY organization_id";
        const SINCE: &str = "SELECT organization_id, origin, size, root, signed_at, signature FROM audit.checkpoint
            WHERE organization_id >= 0 AND signed_at > COALESCE((SELECT max(signed_at) FROM audit.checkpoint
                  WHERE organization_id = 0 AND size <= $1::int8), '-infinity') ORDER BY signed_at, organization_id";
        let client = self.logs.endpoint.connect().await?;
        let sql = if size.is_some() { SINCE } else { LAST };
        let rows = client.query(sql, &[&size.map(number)]).await.map_err(Error::from_postgres)?;
        let mut rounds: Vec<(u64, Vec<String>)> = Vec::new();
        for row in &rows {
            let signed = verify::signed(row).map_err(Error::from_postgres)?;
            let note = self.signer.verifier().note(&signed.checkpoint.text(), &signed.signature);
            // That of all is the first of its round.
            if row.get::<_, i32>(0) == ALL {
                rounds.push((signed.checkpoint.size, vec![note]));
            } else if let Some((_, notes)) = rounds.last_mut() {
                notes.push(note);
            }
        }
        Ok(rounds)
    }

    async fn sealed(
        &self,
        client: &mut Client,
        known: Option<Sealed>,
    ) -> Result<(Round, Option<Sealed>), tokio_postgres::Error> {
        let mine: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.get(0);
        if !mine {
            return Ok((Round { elsewhere: true, ..Round::default() }, None));
        }
        let tx = client.build_transaction().isolation_level(tokio_postgres::IsolationLevel::RepeatableRead);
        let tx = tx.start().await?;
        let done = self.within(&tx, known).await?;
        tx.commit().await?;
        client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
        Ok((done.0, Some(done.1)))
    }

    async fn within(
        &self,
        tx: &Transaction<'_>,
        known: Option<Sealed>,
    ) -> Result<(Round, Sealed), tokio_postgres::Error> {
        // Every transaction before this one is over, and what it wrote is seen here.
        let over: i64 =
            tx.query_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8", &[]).await?.get(0);
        let sql = "SELECT min(at) FROM audit.event WHERE organization_id > 0 AND xact >= $1";
        let waits_since = tx.query_one(sql, &[&over]).await?.get(0);
        let mut known = match (known, last(tx).await?) {
            // Nobody else has sealed meanwhile.
            (Some(known), Some((_, signed_at))) if known.signed_at == signed_at => known,
            (_, Some((horizon, signed_at))) => Sealed { horizon, signed_at, trees: HashMap::new() },
            (_, None) => Sealed { horizon: 0, signed_at: Timestamp::UNIX_EPOCH, trees: HashMap::new() },
        };
        let mut until = over.min(known.horizon.saturating_add(TOGETHER));
        let mut events = events(tx, (known.horizon, until)).await?;
        if events.is_empty() && until < over {
            let sql =
                "SELECT min(xact) FROM audit.event WHERE organization_id > 0 AND xact >= $1 AND xact < $2";
            let next: Option<i64> = tx.query_one(sql, &[&until, &over]).await?.get(0);
            let Some(next) = next else { return Ok((Round { waits_since, ..Round::default() }, known)) };
            until = over.min(next.saturating_add(TOGETHER));
            events = self::events(tx, (next, until)).await?;
        }
        let mut round = Round { events: events.len(), more: until < over, waits_since, ..Round::default() };
        if events.is_empty() {
            return Ok((round, known));
        }
        let at = self.now(known.signed_at);
        let mut new = New::default();
        let mut changed: Vec<i32> = Vec::new();
        for row in &events {
            let entry = Entry::of(row)?;
            let tree = tree(tx, &mut known.trees, entry.organization).await?;
            if changed.last() != Some(&entry.organization) {
                changed.push(entry.organization);
            }
            new.leaf(tree, &entry, row.try_get("xact")?);
        }
        let mut notes = Vec::new();
        for organization in &changed {
            let Some(tree) = known.trees.get(organization) else { continue };
            let (checkpoint, note) = self.sign(tx, (*organization, tree), at, None).await?;
            notes.push((checkpoint, note));
        }
        let all = tree(tx, &mut known.trees, ALL).await?;
        for (checkpoint, _) in &notes {
            new.push(all, ALL, Hash::of_leaf(checkpoint.text().as_bytes()));
        }
        let (_, note) = self.sign(tx, (ALL, all), at, Some(until)).await?;
        round.size = Some(all.size());
        round.notes = std::iter::once(note).chain(notes.into_iter().map(|(_, note)| note)).collect();
        new.write(tx).await?;
        (known.horizon, known.signed_at) = (until, at);
        Ok((round, known))
    }

    /// Later than the round before, whatever the clock says, to the microsecond that the database keeps.
    fn now(&self, before: Timestamp) -> Timestamp {
        let after = |at: Timestamp| Timestamp::from_microsecond(at.as_microsecond() + 1).unwrap_or(at);
        let now = self.world.now();
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        now.max(after(before))
    }

    async fn sign(
        &self,
        tx: &Transaction<'_>,
        (organization, tree): (i32, &Tree),
        at: Timestamp,
        horizon: Option<i64>,
    ) -> Result<(Checkpoint, String), tokio_postgres::Error> {
        let verifier = self.signer.verifier();
        let origin = origin(verifier.name(), self.logs.own(), organization);
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root(), at };
        let signature = self.signer.signature(&checkpoint.text());
        tx.execute(
            "INSERT INTO audit.checkpoint (organization_id, origin, size, root, signed_at, signature, horizon)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &organization,
                &checkpoint.origin,
                &number(tree.size()),
                &checkpoint.root.0.as_slice(),
                &at,
                &signature,
                &horizon,
            ],
        )
        .await?;
        let note = verifier.note(&checkpoint.text(), &signature);
        Ok((checkpoint, note))
    }
}

/// A size or a place as the database keeps it: there are never as many events.
fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// As far as all is sealed, and when that was.
async fn last(tx: &Transaction<'_>) -> Result<Option<(i64, Timestamp)>, tokio_postgres::Error> {
    let sql = "SELECT horizon, signed_at FROM audit.checkpoint WHERE organization_id = 0 ORDER BY size DESC LIMIT 1";
    Ok(tx.query_opt(sql, &[]).await?.map(|row| (row.get(0), row.get(1))))
}

/// The events of these transactions, in the order of leaves.
async fn events(tx: &Transaction<'_>, (from, until): (i64, i64)) -> Result<Vec<Row>, tokio_postgres::Error> {
    let sql = format!(
        "WITH e AS MATERIALIZED (
             SELECT * FROM audit.event WHERE organization_id > 0 AND xact >= $1 AND xact < $2
         ), s AS (
             SELECT organization_id, at, event_id,
                    string_agg(int4send(facility_id) || uuid_send(patient_id), ''::bytea
                               ORDER BY patient_id, facility_id) AS who
               FROM audit.subject
              WHERE organization_id > 0 AND at >= (SELECT min(at) FROM e) AND at <= (SELECT max(at) FROM e)
              GROUP BY organization_id, at, event_id
         )
         SELECT {}, e.xact FROM e
           LEFT JOIN s ON (s.organization_id, s.at, s.event_id) = (e.organization_id, e.at, e.id)
          ORDER BY e.organization_id, e.xact, e.at, e.id",
        entry::COLUMNS
    );
    let statement = tx.prepare(&sql).await?;
    tx.query(&statement, &[&from, &until]).await
}

/// The tree of an organization, as it was sealed last.
async fn tree<'t>(
    tx: &Transaction<'_>,
    trees: &'t mut HashMap<i32, Tree>,
    organization: i32,
) -> Result<&'t mut Tree, tokio_postgres::Error> {
    use std::collections::hash_map::Entry;
    Ok(match trees.entry(organization) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(resumed(tx, organization).await?),
    })
}

/// The tree that was sealed last, from its last leaves and tiles. What is missing of them shows when the log is verified:
/// sealing goes on meanwhile, in a tree that is then another.
async fn resumed(tx: &Transaction<'_>, organization: i32) -> Result<Tree, tokio_postgres::Error> {
    let sql = "SELECT size FROM audit.checkpoint WHERE organization_id = $1 ORDER BY size DESC LIMIT 1";
    let size: i64 = tx.query_opt(sql, &[&organization]).await?.map_or(0, |row| row.get(0));
    let size = u64::try_from(size).unwrap_or_default();
    let (mut nodes, mut missing) = (Vec::new(), 0);
    for (level, first, count) in Tree::tail(size) {
        let mut hashes = vec![None; usize::try_from(count).unwrap_or_default()];
        for (at, hash) in kept(tx, organization, level, (first, first + count)).await? {
            let place = at.checked_sub(first).and_then(|at| hashes.get_mut(usize::try_from(at).ok()?));
            if let Some(place) = place {
                *place = Some(hash);
            }
        }
        missing += hashes.iter().filter(|hash| hash.is_none()).count();
        nodes.push(hashes.into_iter().map(|hash| hash.unwrap_or_else(Hash::of_nothing)).collect());
    }
    if missing > 0 {
        tracing::error!(
            organization,
            size,
            missing,
            "the sealed log is not whole: `lamplight audit verify` tells more"
        );
    }
    Ok(Tree::resume(size, &nodes).unwrap_or_default())
}

/// Nodes that were kept, with their places: leaves at level 0, tiles above.
async fn kept(
    tx: &Transaction<'_>,
    organization: i32,
    level: u8,
    (first, end): (u64, u64),
) -> Result<Vec<(u64, Hash)>, tokio_postgres::Error> {
    let (from, until) = (number(first), number(end));
    let rows = match (level, organization) {
        (0, ALL) => {
            let sql = "SELECT origin, size, root, signed_at, signature FROM audit.checkpoint WHERE organization_id > 0
                        ORDER BY signed_at, organization_id OFFSET $1 LIMIT $2";
            let rows = tx.query(sql, &[&from, &(until - from)]).await?;
            let leaf = |row| Ok(Hash::of_leaf(verify::signed(row)?.checkpoint.text().as_bytes()));
            let leaves = rows.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
            return Ok((first..).zip(leaves).collect());
        }
        (0, _) => {
            let sql = "SELECT sequence, hash FROM audit.leaf WHERE organization_id = $1 AND sequence >= $2 AND sequence < $3";
            tx.query(sql, &[&organization, &from, &until]).await?
        }
        _ => {
            let sql =
                "SELECT index, hash FROM audit.tile WHERE organization_id = $1 AND level = $2 AND index >= $3
                          AND index < $4";
            tx.query(sql, &[&organization, &i16::from(level), &from, &until]).await?
        }
    };
    let node = |row: &Row| {
        Some((u64::try_from(row.get::<_, i64>(0)).ok()?, row.get::<_, &[u8]>(1).try_into().ok()?))
    };
    Ok(rows.iter().filter_map(node).collect())
}

impl New {
    fn leaf(&mut self, tree: &mut Tree, entry: &Entry, xact: i64) {
        let hash = entry.hash();
        self.organization.push(entry.organization);
        self.sequence.push(number(tree.size()));
        self.xact.push(xact);
        self.at.push(entry.at);
        self.id.push(entry.id);
        self.hash.push(hash.0.to_vec());
        self.push(tree, entry.organization, hash);
    }

    /// Adds a leaf to the tree, and the tiles that it completes to what is kept.
    fn push(&mut self, tree: &mut Tree, organization: i32, leaf: Hash) {
        tree.push(leaf, |Tile { level, index, hash }| {
            self.tile_organization.push(organization);
            self.tile_level.push(i16::from(level));
            self.tile_index.push(number(index));
            self.tile_hash.push(hash.0.to_vec());
        });
    }

    async fn write(&self, tx: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        tx.execute(
            "INSERT INTO audit.leaf (organization_id, sequence, xact, event_at, event_id, hash)
             SELECT * FROM unnest($1::int4[], $2::int8[], $3::int8[], $4::timestamptz[], $5::uuid[], $6::bytea[])",
            &[&self.organization, &self.sequence, &self.xact, &self.at, &self.id, &self.hash],
        )
        .await?;
        tx.execute(
            "INSERT INTO audit.tile (organization_id, level, index, hash)
             SELECT * FROM unnest($1::int4[], $2::int2[], $3::int8[], $4::bytea[])",
            &[&self.tile_organization, &self.tile_level, &self.tile_index, &self.tile_hash],
        )
        .await?;
        Ok(())
    }
}
