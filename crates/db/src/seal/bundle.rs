//! A part of the log in a file: its events, the checkpoints over them, and the nodes that their tree goes on from. Whoever
//! has the public key verifies it without a database.
//!
//! A line of JSON each: what it is, then every log after another (where it begins, its checkpoints as signed notes, its
//! leaves in order), at last how much there was.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::ops::Range;

use jiff::Timestamp;
use merkle::{Checkpoint, Hash, Tree, Verifier};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio_postgres::{IsolationLevel, Row, Transaction};
use uuid::Uuid;

use super::check::{Check, Finding, Kind, Signed, Whose};
use super::entry::{COLUMNS, Entry};
use super::verify::Verified;
use super::{ALL, Logs, kept, number, organization_of, verify};

/// The form of the lines; another would have another number.
const FORM: u32 = 1;
/// Leaves that are read together.
const TOGETHER: u64 = 10_000;

/// Why a bundle cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// As any statement.
    #[error(transparent)]
    Db(#[from] crate::Error),
    /// The file cannot be read or written.
    #[error("the file: {0}")]
    File(#[from] io::Error),
    /// A line is not what a bundle has there; the number counts from 1.
    #[error("line {0} is not what a bundle has there")]
    Line(usize),
    /// Its last line is missing.
    #[error("its end is missing")]
    CutOff,
    /// What is to go into it is not whole: log and place.
    #[error(
        "organization {0}, event {1}: it is not there, so no bundle is made; `lamplight audit verify` tells more"
    )]
    Missing(i32, u64),
    /// A checkpoint that none of the keys signed.
    #[error("organization {0}: a checkpoint that the key did not sign, so no bundle is made")]
    Unsigned(i32),
    /// There is nothing sealed to put into it.
    #[error("nothing of that is sealed")]
    Nothing,
}

impl From<tokio_postgres::Error> for BundleError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Db(crate::Error::from_postgres(error))
    }
}

/// What is to go into a bundle.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// One organization's log; without, those of all, and the log of all where no time is named.
    pub organization: Option<i32>,
    /// Events from then on.
    pub from: Option<Timestamp>,
    /// Events before then.
    pub until: Option<Timestamp>,
}

/// How much is in a bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// How many logs.
    pub logs: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// How many events.
    pub events: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Bundle {
        form: u32,
        /// The database, where it is an organization's own.
        database: Option<String>,
    },
    Log {
        organization: i32,
        /// The first leaf's place.
        from: u64,
        /// The nodes that [`Tree::resume`] goes on from.
        nodes: Vec<Vec<Hex>>,
    },
    Note(String),
    Leaf {
        sequence: u64,
        xact: i64,
        hash: Hex,
        event: Box<Entry>,
    },
    End(Contents),
}

/// A hash in hexadecimal.
struct Hex(Hash);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

struct Writer<W> {
    to: W,
    contents: Contents,
}

impl<W: Write> Writer<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Log { .. } => self.contents.logs += 1,
            Line::Note(_) => self.contents.checkpoints += 1,
            Line::Leaf { .. } => self.contents.events += 1,
            Line::Bundle { .. } | Line::End(_) => {}
        }
        serde_json::to_writer(&mut self.to, line)?;
        self.to.write_all(b"\n")
    }
}

/// Writes a part of the logs of a database: from a checkpoint at or before the first
/// event that is wanted to one at or after the last. What is not sealed is not in it.
///
/// # Errors
/// [`BundleError`]; what was written until then is no bundle.
pub async fn export(
    logs: &Logs,
    keys: &[Verifier],
    wanted: &Wanted,
    to: impl Write,
) -> Result<Contents, BundleError> {
    let mut client = logs.endpoint.connect().await?;
    let tx = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let tx = tx.start().await?;
    tx.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'").await?;
    let mut writer = Writer { to, contents: Contents::default() };
    writer.line(&Line::Bundle { form: FORM, database: logs.own.clone() })?;
    let organizations = match wanted.organization {
        Some(one) => vec![one],
        None => verify::having_leaves(&tx).await?,
    };
    for organization in organizations {
        if let Some(range) = extent(&tx, organization, wanted).await? {
            log(&tx, (logs.own(), keys), (organization, range.clone()), &mut writer).await?;
            leaves(&tx, organization, range, &mut writer).await?;
        }
    }
    if writer.contents.logs == 0 {
        return Err(BundleError::Nothing);
    }
    if (wanted.organization, wanted.from, wanted.until) == (None, None, None) {
        log(&tx, (logs.own(), keys), (ALL, 0..u64::MAX), &mut writer).await?;
    }
    let contents = writer.contents;
    writer.line(&Line::End(contents))?;
    writer.to.flush()?;
    Ok(contents)
}

/// From which leaf to before which, at checkpoints.
async fn extent(
    tx: &Transaction<'_>,
    organization: i32,
    wanted: &Wanted,
) -> Result<Option<Range<u64>>, tokio_postgres::Error> {
    let sql = "WITH wanted AS (
                   SELECT min(sequence) AS first, max(sequence) AS last FROM audit.leaf
                    WHERE organization_id = $1 AND event_at >= COALESCE($2::timestamptz, '-infinity') AND event_at < COALESCE($3::timestamptz, 'infinity')
               ) SELECT (SELECT max(size) FROM audit.checkpoint WHERE organization_id = $1 AND size <= first),
                        (SELECT min(size) FROM audit.checkpoint WHERE organization_id = $1 AND size > last)
                   FROM wanted WHERE first IS NOT NULL";
    let row = tx.query_opt(sql, &[&organization, &wanted.from, &wanted.until]).await?;
    let size = |row: &Row, at: usize| row.get::<_, Option<i64>>(at).and_then(|size| u64::try_from(size).ok());
    Ok(row.and_then(|row| Some(size(&row, 0).unwrap_or_default()..size(&row, 1)?)))
}

/// Where a log begins, and its checkpoints.
async fn log(
    tx: &Transaction<'_>,
    (own, keys): (Option<&str>, &[Verifier]),
    (organization, range): (i32, Range<u64>),
    writer: &mut Writer<impl Write>,
) -> Result<(), BundleError> {
    let mut nodes = Vec::new();
    for (level, first, count) in Tree::tail(range.start) {
        let found = kept(tx, organization, level, (first, first + count)).await?;
        let gone = found.iter().zip(first..).find(|((at, _), wanted)| at != wanted).map(|(_, at)| at);
        if gone.is_some() || u64::try_from(found.len()) != Ok(count) {
            return Err(BundleError::Missing(organization, range.start.saturating_sub(1)));
        }
        nodes.push(found.into_iter().map(|(_, hash)| Hex(hash)).collect());
    }
    writer.line(&Line::Log { organization, from: range.start, nodes })?;
    let sql = "SELECT origin, size, root, signed_at, signature FROM audit.checkpoint
                WHERE organization_id = $1 AND size >= $2 AND size <= $3 ORDER BY size";
    let rows = tx.query(sql, &[&organization, &number(range.start), &number(range.end)]).await?;
    for row in &rows {
        let signed = verify::signed(row)?;
        let key = signed.key(Whose { own, organization }, keys).ok_or(BundleError::Unsigned(organization))?;
        let text = signed.checkpoint.text();
        writer.line(&Line::Note(key.note(&text, &signed.signature)))?;
    }
    Ok(())
}

async fn leaves(
    tx: &Transaction<'_>,
    organization: i32,
    range: Range<u64>,
    writer: &mut Writer<impl Write>,
) -> Result<(), BundleError> {
    let sql = format!(
        "WITH l AS MATERIALIZED (
             SELECT sequence, xact, event_at, event_id, hash FROM audit.leaf
              WHERE organization_id = $1 AND sequence >= $2 AND sequence < $3
         ), s AS (
             SELECT at, event_id, string_agg(int4send(facility_id) || uuid_send(patient_id), ''::bytea
                                             ORDER BY patient_id, facility_id) AS who
               FROM audit.subject
              WHERE organization_id = $1 AND at >= (SELECT min(event_at) FROM l) AND at <= (SELECT max(event_at) FROM l)
              GROUP BY at, event_id
         ), e AS (
             SELECT * FROM audit.event
              WHERE organization_id = $1 AND at >= (SELECT min(event_at) FROM l) AND at <= (SELECT max(event_at) FROM l)
         )
         SELECT {COLUMNS}, l.sequence, l.xact, l.hash FROM l
           LEFT JOIN e ON (e.at, e.id) = (l.event_at, l.event_id)
           LEFT JOIN s ON (s.at, s.event_id) = (e.at, e.id)
          ORDER BY l.sequence"
    );
    let statement = tx.prepare(&sql).await?;
    let mut expected = range.start;
    while expected < range.end {
        let until = range.end.min(expected.saturating_add(TOGETHER));
        for row in tx.query(&statement, &[&organization, &number(expected), &number(until)]).await? {
            let sequence = u64::try_from(row.try_get::<_, i64>("sequence")?).unwrap_or_default();
            let there = row.try_get::<_, Option<Uuid>>("id")?.is_some();
            if sequence != expected || !there {
                return Err(BundleError::Missing(organization, expected));
            }
            let hash = row.try_get::<_, &[u8]>("hash")?.try_into().unwrap_or_else(|_| Hash::of_nothing());
            let (xact, event) = (row.try_get("xact")?, Box::new(Entry::of(&row)?));
            writer.line(&Line::Leaf { sequence, xact, hash: Hex(hash), event })?;
            expected += 1;
        }
        if expected < until {
            return Err(BundleError::Missing(organization, expected));
        }
    }
    Ok(())
}

/// What a bundle was found to be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BundleVerified {
    /// What was looked at and found.
    #[serde(flatten)]
    pub verified: Verified,
    /// When its last checkpoint was signed: what came later is not in it.
    pub until: Option<Timestamp>,
    /// Which leaves of which log are proved by it, where nothing was found in that log.
    #[serde(skip)]
    pub proved: BTreeMap<i32, Range<u64>>,
}

/// Goes through a bundle with nothing but these public keys, and what witnesses have: `witnessed` is asked for the database
/// that the bundle is of.
///
/// # Errors
/// [`BundleError::File`], [`BundleError::Line`], [`BundleError::CutOff`]: then nothing was found out.
pub fn verify_bundle(
    from: impl BufRead,
    keys: &[Verifier],
    witnessed: impl FnOnce(Option<&str>) -> BTreeMap<i32, Vec<Checkpoint>>,
) -> Result<BundleVerified, BundleError> {
    let mut lines = from.lines().zip(1..).map(|(text, number)| -> Result<_, BundleError> {
        let line: Line = serde_json::from_str(&text?).map_err(|_| BundleError::Line(number))?;
        Ok((number, line))
    });
    let Some((_, Line::Bundle { form: FORM, database })) = lines.next().transpose()? else {
        return Err(BundleError::Line(1));
    };
    let witnessed = witnessed(database.as_deref());
    let mut reader = Reader {
        keys,
        own: database.as_deref(),
        witnessed: &witnessed,
        open: None,
        all: Vec::new(),
        counted: Contents::default(),
        done: BundleVerified::default(),
    };
    for line in lines.by_ref() {
        let (number, line) = line?;
        if let Line::End(contents) = line {
            // After the last line there is nothing.
            return match lines.next() {
                None if contents == reader.counted => Ok(reader.end()),
                _ => Err(BundleError::Line(number)),
            };
        }
        reader.line(line).ok_or(BundleError::Line(number))?;
    }
    Err(BundleError::CutOff)
}

/// Goes through the lines of a bundle.
struct Reader<'r> {
    keys: &'r [Verifier],
    own: Option<&'r str>,
    witnessed: &'r BTreeMap<i32, Vec<Checkpoint>>,
    /// The log whose lines are read.
    open: Option<Log>,
    /// The checkpoints of the logs before it.
    all: Vec<Signed>,
    counted: Contents,
    done: BundleVerified,
}

/// A log of a bundle while it is read.
struct Log {
    organization: i32,
    from: u64,
    tree: Tree,
    signed: Vec<Signed>,
    findings: Vec<Finding>,
    /// Since its first leaf.
    check: Option<Check>,
}

impl Reader<'_> {
    /// Takes the next line in; nothing when it cannot stand there.
    fn line(&mut self, line: Line) -> Option<()> {
        match line {
            Line::Bundle { .. } | Line::End(_) => return None,
            Line::Log { organization, from, nodes } => {
                self.counted.logs += 1;
                let before = self.open.take();
                // In the order of their numbers, that of all at last: none twice.
                let follows = |before: &Log| {
                    before.organization != ALL && (organization == ALL || organization > before.organization)
                };
                if organization < ALL || !before.as_ref().is_none_or(follows) {
                    return None;
                }
                if let Some(before) = before {
                    self.close(before);
                }
                let nodes: Vec<Vec<Hash>> = nodes
                    .into_iter()
                    .map(|level| level.into_iter().map(|Hex(hash)| hash).collect())
                    .collect();
                let tree = Tree::resume(from, &nodes)?;
                let (signed, findings) = (Vec::new(), Vec::new());
                self.open = Some(Log { organization, from, tree, signed, findings, check: None });
            }
            Line::Note(note) => {
                self.counted.checkpoints += 1;
                let log = self.open.as_mut().filter(|log| log.check.is_none())?;
                log.note(&note, self.own, self.keys)?;
            }
            Line::Leaf { sequence, xact, hash: Hex(hash), event } => {
                self.counted.events += 1;
                let mut log = self.open.take().filter(|log| log.organization != ALL)?;
                if event.organization != log.organization || event.hash() != hash {
                    let what = "the event, or whom it concerns, is not what was sealed";
                    let one = Finding::new(log.organization, Kind::Altered, what);
                    log.findings.push(one.at(sequence).of(event.id));
                }
                self.checked(&mut log).leaf(sequence, (xact, event.at, event.id), hash);
                self.open = Some(log);
            }
        }
        Some(())
    }

    fn checked<'l>(&self, log: &'l mut Log) -> &'l mut Check {
        let (organization, from) = (log.organization, log.from);
        log.check.get_or_insert_with(|| {
            // What a witness has of before and after this part is not in it.
            let last = log.signed.iter().map(|one| one.checkpoint.size).max().unwrap_or_default();
            let of = self.witnessed.get(&organization).into_iter().flatten();
            let within: Vec<Checkpoint> =
                of.filter(|one| one.size >= from && one.size <= last).cloned().collect();
            let whose = Whose { own: self.own, organization };
            Check::new(whose, &log.signed, &within, self.keys).after(log.tree.clone())
        })
    }

    fn close(&mut self, mut log: Log) {
        let done = &mut self.done;
        done.verified.checkpoints += log.signed.len();
        done.until = done.until.max(log.signed.iter().map(|one| one.checkpoint.at).max());
        if log.organization == ALL {
            // Its leaves are the checkpoints of the others, in the order in which they were signed.
            let of = |one: &Signed| {
                let own = self.keys.iter().find_map(|key| organization_of(key, self.own, &one.checkpoint));
                (one.checkpoint.at, own.map_or(0, i32::unsigned_abs))
            };
            let mut all = std::mem::take(&mut self.all);
            all.sort_by_key(of);
            let check = self.checked(&mut log);
            for (sequence, one) in (0..).zip(&all) {
                let (at, organization) = of(one);
                let place = (0, at, Uuid::from_u128(organization.into()));
                check.leaf(sequence, place, Hash::of_leaf(one.checkpoint.text().as_bytes()));
            }
        }
        self.checked(&mut log);
        let (size, found) = log.check.map(Check::end).unwrap_or_default();
        log.findings.extend(found);
        if log.organization != ALL {
            let done = &mut self.done;
            done.verified.organizations += 1;
            done.verified.events += size.saturating_sub(log.from);
            if log.findings.is_empty() {
                done.proved.insert(log.organization, log.from..size);
            }
            self.all.append(&mut log.signed);
        }
        log.findings.into_iter().for_each(|finding| self.done.verified.found(finding));
    }

    fn end(mut self) -> BundleVerified {
        if let Some(last) = self.open.take() {
            self.close(last);
        }
        self.done
    }
}

impl Log {
    /// A checkpoint of it, whoever signed it; nothing when it is no note of a checkpoint.
    fn note(&mut self, note: &str, own: Option<&str>, keys: &[Verifier]) -> Option<()> {
        let opened = keys.iter().find_map(|key| Some((key, key.opened(note).ok()?)));
        if let Some((key, (text, signature))) = opened {
            let checkpoint: Checkpoint = text.parse().ok()?;
            if organization_of(key, own, &checkpoint) == Some(self.organization) {
                self.signed.push(Signed { checkpoint, signature });
                return Some(());
            }
        }
        let what = "a checkpoint of this log that the key did not sign";
        self.findings.push(Finding::new(self.organization, Kind::BadSignature, what));
        Some(())
    }
}
