//! The in-memory directory: names, addresses and birth dates of the people and places of a facility, in clear, for a
//! few minutes, so that nothing about them needs to be stored searchable (ADR 0004).
//!
//! A shard is brought up to date at each search with the rows whose writing transaction was not yet visible at the last
//! refresh (`follow >= xmin`), so it is exact across processes. It never answers anything by itself: what it finds are
//! ids, which are then read through row security, opened against a receipt, and logged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use db::{Ctx, Db};
use fhir::ResourceType;
use fhir::json::{Limits, parse};
use fhir::search::{
    Clause, Indexed, Modifier, Param, PathId, Predicate, Range, SortKey, Subject, extract, matches_predicate,
    normalize,
};
use kernel::{FacilityId, OrganizationId};
use moka::sync::Cache;
use rphonetic::{DoubleMetaphone, Encoder as _};
use tokio::sync::{Mutex, RwLock};
use uuid::Uuid;

use crate::Error;
use crate::record::{Keys, Record};
use crate::search::{Door, order};

const KEEP_IDLE: Duration = Duration::from_mins(10);
const KEPT_SHARDS: u64 = 1_000;
/// Dead positions that a shard may carry.
const MOST_DEAD: usize = 1_000;

/// The types whose texts and dates are searched here rather than through stored tokens.
pub(crate) fn follows(rtype: ResourceType) -> bool {
    matches!(
        rtype,
        ResourceType::Patient
            | ResourceType::Person
            | ResourceType::RelatedPerson
            | ResourceType::Practitioner
            | ResourceType::Organization
            | ResourceType::Location
            | ResourceType::HealthcareService
    )
}

type ShardId = (OrganizationId, FacilityId, i16);

/// The shards in memory.
#[derive(Clone)]
pub(crate) struct Directory {
    shards: Cache<ShardId, Arc<Slot>>,
}

/// A shard, and whose turn it is to fill it: without turns, everyone who comes while it is empty would read it whole.
#[derive(Default)]
struct Slot {
    turn: Mutex<()>,
    shard: RwLock<Shard>,
}

/// One facility's people or places of one type.
#[derive(Default)]
struct Shard {
    /// Every transaction below this had ended at the last refresh.
    seen_below: i64,
    entries: Vec<Option<Entry>>,
    /// Positions that `words` and `sounds` still name and nothing stands at.
    dead: usize,
    by_id: HashMap<Uuid, usize>,
    /// Normalized text -> where it stands.
    words: BTreeMap<Box<str>, Vec<(PathId, usize)>>,
    /// Double Metaphone code -> entries with a word that sounds so.
    sounds: HashMap<Box<str>, Vec<(PathId, usize)>>,
}

/// A version and the transaction that brought it here: a patient who comes back has the same version.
type Stamp = (i32, i64);

struct Entry {
    id: Uuid,
    patient: Option<Uuid>,
    stamp: Stamp,
    texts: Vec<(PathId, Box<str>)>,
    dates: Vec<(PathId, Range)>,
}

impl Directory {
    pub(crate) fn new() -> Self {
        Self { shards: Cache::builder().max_capacity(KEPT_SHARDS).time_to_idle(KEEP_IDLE).build() }
    }

    /// Whether the directory answers this clause exactly.
    pub(crate) fn answers(rtype: ResourceType, clause: &Clause) -> bool {
        let Subject::Param(param) = clause.param else { return false };
        follows(rtype)
            && match param.kind {
                fhir::search::Kind::String => matches!(clause.modifier, None | Some(Modifier::Contains)),
                fhir::search::Kind::Date => clause.modifier.is_none(),
                _ => false,
            }
    }

    /// The ids, in order, that satisfy all of `clauses` (each of which [`Directory::answers`]) at the facilities.
    pub(crate) async fn find(
        &self,
        db: &Db,
        door: &Door<'_>,
        rtype: ResourceType,
        facilities: &[FacilityId],
        clauses: &[&Clause],
    ) -> Result<Vec<Uuid>, Error> {
        let shards = self.fresh(db, door, rtype, facilities).await?;
        let mut found = Vec::new();
        for (_, slot) in &shards {
            slot.shard.read().await.find(clauses, &mut found);
        }
        found.sort_unstable();
        // Who was moved is in two facilities' memory until the first has heard of it.
        found.dedup();
        Ok(found)
    }

    /// These ids, or everyone's at the facilities, in the order of `keys`, each of which is a text.
    pub(crate) async fn ordered(
        &self,
        db: &Db,
        door: &Door<'_>,
        rtype: ResourceType,
        facilities: &[FacilityId],
        of: Option<&[Uuid]>,
        keys: &[SortKey],
    ) -> Result<Vec<Uuid>, Error> {
        let shards = self.fresh(db, door, rtype, facilities).await?;
        let mut all = Vec::new();
        for (_, slot) in &shards {
            slot.shard.read().await.keyed(of, keys, &mut all);
        }
        all.sort_unstable_by(|(a, one), (b, other)| order(keys, a, b).then(one.cmp(other)));
        // As above; after a change of name they need not stand beside each other.
        let mut seen = HashSet::new();
        Ok(all.into_iter().map(|(_, id)| id).filter(|id| seen.insert(*id)).collect())
    }

    /// The shards of the facilities, brought up to date.
    async fn fresh(
        &self,
        db: &Db,
        door: &Door<'_>,
        rtype: ResourceType,
        facilities: &[FacilityId],
    ) -> Result<Vec<(FacilityId, Arc<Slot>)>, Error> {
        // In one order for all, because turns are waited for in it.
        let mut facilities = facilities.to_vec();
        facilities.sort_unstable();
        let shards: Vec<_> = facilities
            .iter()
            .map(|facility| {
                let id = (door.ctx().organization(), *facility, rtype.code());
                (*facility, self.shards.get_with(id, Arc::default))
            })
            .collect();
        refresh(db, door, rtype, &shards).await?;
        Ok(shards)
    }
}

/// One round trip for all facilities: what each shard has not seen, which patients were moved away since (version 0), and
/// the horizon below which it now has seen all. `OFFSET 0` keeps the planner from joining all rows ever followed to the
/// facilities: each is asked for what is new.
const CHANGES: &str = "
    WITH h AS (
        SELECT s.facility_id, s.seen, pg_snapshot_xmin(pg_current_snapshot())::text::int8 AS horizon
          FROM unnest($2::int4[], $3::int8[]) s (facility_id, seen))
    SELECT h.facility_id, h.horizon, r.id, r.version, r.facility_id, r.patient_id, r.class, r.updated_at, r.body, r.follow
      FROM h
      LEFT JOIN LATERAL (SELECT * FROM chart.resource c
                          WHERE c.organization_id = $1 AND c.facility_id = h.facility_id AND c.type = $4
                            AND c.follow >= h.seen OFFSET 0) r ON true
    UNION ALL
    SELECT h.facility_id, h.horizon, l.patient_id, 0, h.facility_id, l.patient_id, 0::int2, l.at, NULL, l.xact
      FROM h
      JOIN LATERAL (SELECT * FROM org.reassignment m
                     WHERE m.organization_id = $1 AND m.facility_id = h.facility_id AND m.xact >= h.seen AND h.seen > 0
                    OFFSET 0) l ON true";

async fn refresh(
    db: &Db,
    door: &Door<'_>,
    rtype: ResourceType,
    shards: &[(FacilityId, Arc<Slot>)],
) -> Result<(), Error> {
    let facilities: Vec<i32> = shards.iter().map(|(facility, _)| facility.0).collect();
    let mut seen = Vec::with_capacity(shards.len());
    let mut turns = Vec::new();
    for (_, slot) in shards {
        // Nobody waits for a turn with a connection in hand: whoever has the turn may need that very connection.
        if door.waits() && slot.shard.read().await.seen_below == 0 {
            turns.push(slot.turn.lock().await);
        }
        seen.push(slot.shard.read().await.seen_below);
    }
    let ctx = door.ctx();
    let rows = door.rows(db, CHANGES, &[&ctx.organization().0, &facilities, &seen, &rtype.code()]).await?;
    let mut changed: Vec<((i32, Stamp), Record)> = Vec::new();
    let mut left: Vec<(i32, Uuid, i64)> = Vec::new();
    let mut horizons: HashMap<i32, i64> = HashMap::new();
    for row in &rows {
        let facility: i32 = row.get(0);
        horizons.insert(facility, row.get(1));
        let Some(id) = row.get::<_, Option<Uuid>>(2) else { continue };
        let stamp: Stamp = (row.get(3), row.get(9));
        if stamp.0 == 0 {
            left.push((facility, id, stamp.1));
            continue;
        }
        let known = match shards.iter().find(|(f, _)| f.0 == facility) {
            Some((_, slot)) => slot.shard.read().await.stamp(id),
            None => None,
        };
        if known.is_none_or(|known| known < stamp) {
            changed.push(((facility, stamp), record(rtype, row)?));
        }
    }
    let (places, records): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
    let keys = Keys::of(db, ctx, &records).await?;
    for (facility, slot) in shards {
        let Some(horizon) = horizons.get(&facility.0) else { continue };
        let mine: Vec<_> = places.iter().zip(&records).filter(|((at, _), _)| *at == facility.0).collect();
        let gone: Vec<_> = left.iter().filter(|(at, ..)| *at == facility.0).collect();
        if mine.is_empty() && gone.is_empty() && slot.shard.read().await.seen_below >= *horizon {
            continue;
        }
        let mut shard = slot.shard.write().await;
        for (_, patient, xact) in gone {
            shard.leave(*patient, *xact);
        }
        for ((_, stamp), record) in mine {
            // Another search may have been faster, with a newer version.
            if shard.stamp(record.id.0).is_none_or(|known| known < *stamp) {
                shard.put(ctx, &keys, *stamp, record)?;
            }
        }
        shard.seen_below = shard.seen_below.max(*horizon);
        if shard.is_worn() {
            shard.tidy();
        }
    }
    Ok(())
}

/// Reads the columns of [`CHANGES`] from the third on.
fn record(rtype: ResourceType, row: &db::Row) -> Result<Record, Error> {
    Ok(Record {
        rtype,
        id: kernel::ResourceId(row.get(2)),
        version: kernel::Version(row.get(3)),
        facility: FacilityId(row.get(4)),
        patient: row.get::<_, Option<_>>(5).map(kernel::PatientId),
        class: kernel::DataClass::from_code(row.get(6)).ok_or(db::Error::Seal("unknown data class"))?,
        updated_at: row.get(7),
        sealed: row.get(8),
    })
}

impl Shard {
    fn is_worn(&self) -> bool {
        self.dead > MOST_DEAD && self.dead > self.by_id.len()
    }

    fn stamp(&self, id: Uuid) -> Option<Stamp> {
        self.by_id.get(&id).and_then(|at| self.entries[*at].as_ref()).map(|entry| entry.stamp)
    }

    /// Forgets what came here with a patient before the transaction that moved them away.
    fn leave(&mut self, patient: Uuid, xact: i64) {
        let theirs = |entry: &&Entry| entry.patient == Some(patient) && entry.stamp.1 < xact;
        let ids: Vec<Uuid> = self.entries.iter().flatten().filter(theirs).map(|entry| entry.id).collect();
        ids.into_iter().for_each(|id| self.forget(id));
    }

    /// Takes in a row, or forgets it when it was deleted, erased, or is of a class that type-level search never shows.
    fn put(&mut self, ctx: &Ctx, keys: &Keys, stamp: Stamp, record: &Record) -> Result<(), Error> {
        self.forget(record.id.0);
        if record.sealed.is_none() || record.class.is_sensitive() {
            return Ok(());
        }
        let body = match keys.open_whole(ctx, record) {
            Ok(body) => body,
            Err(Error::Db(db::Error::Erased)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let patient = record.patient.map(|patient| patient.0);
        let mut entry = Entry { id: record.id.0, patient, stamp, texts: Vec::new(), dates: Vec::new() };
        body.matches(|body| {
            let Ok(root) = parse(body, &Limits::default()) else { return false };
            for one in extract(record.rtype, &root) {
                match one.value {
                    Indexed::String(text) => entry.texts.push((one.path, normalize(text).into())),
                    Indexed::Date(range) => entry.dates.push((one.path, range)),
                    _ => {}
                }
            }
            true
        });
        self.add(entry);
        Ok(())
    }

    /// Lets go of what has piled up, in one step under the lock: a search finds everyone before it and after it.
    fn tidy(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        self.words.clear();
        self.sounds.clear();
        self.by_id.clear();
        self.dead = 0;
        entries.into_iter().flatten().for_each(|entry| self.add(entry));
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.len();
        let metaphone = DoubleMetaphone::default();
        for (path, text) in &entry.texts {
            self.words.entry(text.clone()).or_default().push((*path, at));
            for word in text.split(' ').filter(|word| is_name_word(word)) {
                let sound: Box<str> = metaphone.encode(word).into();
                self.sounds.entry(sound).or_default().push((*path, at));
            }
        }
        self.by_id.insert(entry.id, at);
        self.entries.push(Some(entry));
    }

    fn forget(&mut self, id: Uuid) {
        // The lists keep the dead position; it is skipped when they are read.
        if let Some(at) = self.by_id.remove(&id) {
            self.entries[at] = None;
            self.dead += 1;
        }
    }

    fn find(&self, clauses: &[&Clause], found: &mut Vec<Uuid>) {
        let mut result: Option<HashSet<usize>> = None;
        for clause in clauses {
            let Subject::Param(param) = clause.param else { continue };
            let mut hits = HashSet::new();
            for predicate in &clause.any {
                self.hits(param, clause.modifier, predicate, &mut hits);
            }
            result = Some(match result {
                None => hits,
                Some(before) => before.intersection(&hits).copied().collect(),
            });
        }
        let entries = result.unwrap_or_default();
        found.extend(entries.into_iter().filter_map(|at| self.entries[at].as_ref()).map(|entry| entry.id));
    }

    /// What they are ordered by (the least text that an entry has under a key, or the greatest), with their ids.
    fn keyed(&self, of: Option<&[Uuid]>, keys: &[SortKey], into: &mut Vec<(Vec<Option<Box<str>>>, Uuid)>) {
        let value = |entry: &Entry, key: &SortKey| {
            let Subject::Param(param) = key.by else { return None };
            let texts =
                entry.texts.iter().filter(|(path, _)| param.paths.contains(path)).map(|(_, text)| text);
            if key.descending { texts.max().cloned() } else { texts.min().cloned() }
        };
        let mut take =
            |entry: &Entry| into.push((keys.iter().map(|key| value(entry, key)).collect(), entry.id));
        match of {
            Some(ids) => {
                ids.iter().filter_map(|id| self.entries[*self.by_id.get(id)?].as_ref()).for_each(&mut take);
            }
            None => self.entries.iter().flatten().for_each(&mut take),
        }
    }

    fn hits(
        &self,
        param: &'static Param,
        modifier: Option<Modifier>,
        predicate: &Predicate,
        hits: &mut HashSet<usize>,
    ) {
        match predicate {
            Predicate::Text(text) if param.code == "phonetic" => self.similar(param, &normalize(text), hits),
            Predicate::Text(text) if modifier.is_none() => {
                let start = normalize(text);
                let from = (Bound::Included(start.as_str()), Bound::Unbounded);
                for (word, places) in self.words.range::<str, _>(from) {
                    if !word.starts_with(start.as_str()) {
                        break;
                    }
                    hits.extend(
                        places.iter().filter(|(path, _)| param.paths.contains(path)).map(|(_, at)| *at),
                    );
                }
            }
            Predicate::Text(text) => {
                let part = normalize(text);
                for (word, places) in &self.words {
                    if word.contains(part.as_str()) {
                        hits.extend(
                            places.iter().filter(|(path, _)| param.paths.contains(path)).map(|(_, at)| *at),
                        );
                    }
                }
            }
            Predicate::Date { .. } => {
                for (at, entry) in self.entries.iter().enumerate() {
                    let Some(entry) = entry else { continue };
                    let mut dates = entry.dates.iter().filter(|(path, _)| param.paths.contains(path));
                    if dates
                        .any(|(_, range)| matches_predicate(param, None, predicate, &Indexed::Date(*range)))
                    {
                        hits.insert(at);
                    }
                }
            }
            _ => {}
        }
    }

    /// Entries with a word that sounds like each asked word, or is one slip of the finger away from it.
    fn similar(&self, param: &'static Param, asked: &str, hits: &mut HashSet<usize>) {
        let metaphone = DoubleMetaphone::default();
        let mut result: Option<HashSet<usize>> = None;
        for word in asked.split(' ').filter(|word| !word.is_empty()) {
            let mut near = HashSet::new();
            let mut take = |places: &[(PathId, usize)]| {
                near.extend(places.iter().filter(|(path, _)| param.paths.contains(path)).map(|(_, at)| *at));
            };
            if is_name_word(word)
                && let Some(places) = self.sounds.get(metaphone.encode(word).as_str())
            {
                take(places);
            }
            // Slips after the first letter; a wrong first letter is caught when it sounds the same.
            let mut initial = [0; 4];
            let initial = word.chars().next().map(|c| &*c.encode_utf8(&mut initial)).unwrap_or_default();
            let slips = if word.chars().count() > 7 { 2 } else { 1 };
            for (known, places) in self.words.range::<str, _>((Bound::Included(initial), Bound::Unbounded)) {
                if !known.starts_with(initial) {
                    break;
                }
                if known.len().abs_diff(word.len()) <= slips && strsim::osa_distance(known, word) <= slips {
                    take(places);
                }
            }
            result = Some(match result {
                None => near,
                Some(before) => before.intersection(&near).copied().collect(),
            });
        }
        hits.extend(result.unwrap_or_default());
    }
}

/// Double Metaphone knows Latin letters; digits and other scripts have no sound for it.
fn is_name_word(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'' || b == b'-')
}
