//! Whether the leaves of a log are those that were signed: pure, for a database and for a bundle alike.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use merkle::{Checkpoint, Hash, Tile, Tree, Verifier};
use serde::Serialize;
use uuid::Uuid;

/// What was done to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An event, or whom it concerns, is not what was sealed.
    Altered,
    /// What was sealed is gone.
    Deleted,
    /// There is what was never sealed.
    Inserted,
    /// Leaves stand in another order.
    Reordered,
    /// The log ends before its last checkpoint.
    Truncated,
    /// Events together with their leaves are others than those whose root was signed.
    Replaced,
    /// Two histories were signed.
    Forked,
    /// A checkpoint is not signed with the key.
    BadSignature,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Deleted => "deleted",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Replaced => "replaced",
            Self::Forked => "forked",
            Self::BadSignature => "bad signature",
        })
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whose log; 0 is the log of all.
    pub organization: i32,
    /// The place in it; where nothing narrower is known the first that it may be.
    pub sequence: Option<u64>,
    /// The last place that it may be, where that is not the first.
    pub until: Option<u64>,
    /// What was done.
    pub kind: Kind,
    /// The event, where it is known.
    pub event: Option<Uuid>,
    /// What that means, in a few words: no value.
    pub what: &'static str,
}

impl Finding {
    pub(super) fn new(organization: i32, kind: Kind, what: &'static str) -> Self {
        Self { organization, sequence: None, until: None, kind, event: None, what }
    }

    pub(super) fn at(self, sequence: u64) -> Self {
        Self { sequence: Some(sequence), ..self }
    }

    pub(super) fn of(self, event: Uuid) -> Self {
        Self { event: Some(event), ..self }
    }
}

/// A checkpoint as it was kept.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) signature: Vec<u8>,
}

impl Signed {
    /// Which of these keys signed it, as a checkpoint of this log.
    pub(super) fn key<'k>(&self, log: Whose<'_>, keys: &'k [Verifier]) -> Option<&'k Verifier> {
        let text = self.checkpoint.text();
        keys.iter().find(|key| {
            self.checkpoint.origin == super::origin(key.name(), log.own, log.organization)
                && key.check(&text, &self.signature).is_ok()
        })
    }
}

/// Whose log.
#[derive(Clone, Copy)]
pub(super) struct Whose<'l> {
    /// The database, where it is an organization's own.
    pub(super) own: Option<&'l str>,
    /// 0 is the log of all.
    pub(super) organization: i32,
}

/// Where a leaf stands among others.
pub(super) type Place = (i64, Timestamp, Uuid);

/// Roots that the log must have had.
#[derive(Default)]
struct Roots {
    /// That the log itself has of this size.
    own: Option<Hash>,
    /// That a witness has.
    witnessed: Option<Hash>,
}

/// Goes through the leaves of a log in order.
pub(super) struct Check {
    organization: i32,
    tree: Tree,
    roots: BTreeMap<u64, Roots>,
    /// Hashes of the first level of tiles that were kept, by index.
    tiles: BTreeMap<u64, Hash>,
    /// The first tile that is another.
    differs: Option<u64>,
    /// The last size whose root was right.
    good: u64,
    /// Whether a root was wrong: those after it are as well.
    broken: bool,
    before: [Option<Place>; 2],
    findings: Vec<Finding>,
}

impl Check {
    /// A log whose own checkpoints and whose witnessed ones are these.
    pub(super) fn new(whose: Whose<'_>, own: &[Signed], witnessed: &[Checkpoint], keys: &[Verifier]) -> Self {
        let organization = whose.organization;
        let (mut roots, mut findings) = (BTreeMap::<u64, Roots>::new(), Vec::new());
        for one in own {
            let size = one.checkpoint.size;
            if one.key(whose, keys).is_some() {
                roots.entry(size).or_default().own = Some(one.checkpoint.root);
            } else {
                let what = "a checkpoint that the key did not sign";
                findings
                    .push(Finding::new(organization, Kind::BadSignature, what).at(size.saturating_sub(1)));
            }
        }
        for one in witnessed {
            let at = roots.entry(one.size).or_default();
            match at.witnessed {
                Some(root) if root != one.root => findings.push(
                    Finding::new(organization, Kind::Forked, "witnesses have two histories of this length")
                        .at(one.size.saturating_sub(1)),
                ),
                _ => at.witnessed = Some(one.root),
            }
        }
        Self {
            organization,
            tree: Tree::new(),
            roots,
            tiles: BTreeMap::new(),
            differs: None,
            good: 0,
            broken: false,
            before: [None, None],
            findings,
        }
    }

    /// The log from this tree on: what is before it is proved by the root of a checkpoint at or after it, as it is part of
    /// that.
    pub(super) fn after(mut self, tree: Tree) -> Self {
        self.roots = self.roots.split_off(&tree.size());
        (self.good, self.tree) = (tree.size(), tree);
        if let Some(roots) = self.roots.remove(&self.tree.size()) {
            self.root(self.tree.size(), &roots);
        }
        self
    }

    /// The tiles over 256 leaves that were kept.
    pub(super) fn tiles(&mut self, tiles: impl IntoIterator<Item = (u64, Hash)>) {
        self.tiles.extend(tiles);
    }

    /// The next leaf that there is.
    pub(super) fn leaf(&mut self, sequence: u64, place: Place, hash: Hash) {
        let expected = self.tree.size();
        if sequence < expected {
            let what = "a second leaf of this place";
            self.found(Finding::new(self.organization, Kind::Inserted, what).at(sequence).of(place.2));
            return;
        }
        if sequence > expected {
            let what = "leaves are gone";
            let gone = Finding::new(self.organization, Kind::Deleted, what).at(expected);
            self.found(Finding { until: Some(sequence - 1).filter(|last| *last > expected), ..gone });
            // Bounded: a place far away would else be walked to.
            for _ in expected..sequence.min(expected + 1_000_000) {
                self.push(Hash::of_nothing());
            }
        }
        self.order(sequence, place);
        self.push(hash);
    }

    /// Leaves are in the order in which transactions were over.
    fn order(&mut self, sequence: u64, place: Place) {
        if let [two_before, Some(before)] = self.before
            && place <= before
        {
            // The one before it stands wrong if this one follows the one before that.
            let wrong = match two_before {
                Some(two_before) if place > two_before => (sequence.saturating_sub(1), before.2),
                None if sequence == 1 => (0, before.2),
                _ => (sequence, place.2),
            };
            let what = "the leaf stands at another place than when it was sealed";
            self.found(Finding::new(self.organization, Kind::Reordered, what).at(wrong.0).of(wrong.1));
            // What stood wrong is not what the next is compared with.
            if wrong.0 != sequence {
                self.before = [two_before, Some(place)];
            }
            return;
        }
        self.before = [self.before[1], Some(place)];
    }

    fn push(&mut self, leaf: Hash) {
        let (tiles, differs) = (&self.tiles, &mut self.differs);
        self.tree.push(leaf, |Tile { level, index, hash }| {
            if level == 1 && differs.is_none() && tiles.get(&index).is_some_and(|kept| *kept != hash) {
                *differs = Some(index);
            }
        });
        let size = self.tree.size();
        if let Some(roots) = self.roots.remove(&size) {
            self.root(size, &roots);
        }
    }

    fn root(&mut self, size: u64, roots: &Roots) {
        let Some(wanted) = roots.own.or(roots.witnessed) else { return };
        if let (Some(own), Some(witnessed)) = (roots.own, roots.witnessed)
            && own != witnessed
        {
            let what = "a witness has another history of this length";
            self.found(Finding::new(self.organization, Kind::Forked, what).at(size - 1));
            return;
        }
        if self.broken {
            return;
        }
        if self.tree.root() == wanted {
            self.good = size;
            return;
        }
        self.broken = true;
        // What else was found in these leaves says why.
        let (first, last) = (self.good, size - 1);
        if self
            .findings
            .iter()
            .any(|one| one.sequence.is_some_and(|at| at <= last) && one.kind != Kind::BadSignature)
        {
            return;
        }
        let (mut first, mut last) = (first, last);
        if let Some(tile) = self.differs {
            (first, last) = (first.max(tile << Tile::HEIGHT), last.min((tile << Tile::HEIGHT) | 255));
        }
        let (kind, what) = match roots.own {
            Some(_) => (Kind::Replaced, "events and their leaves are not those whose root was signed"),
            None => (Kind::Forked, "a witness has another history of this length"),
        };
        let one = Finding::new(self.organization, kind, what).at(first);
        self.found(Finding { until: Some(last).filter(|last| *last > first), ..one });
    }

    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The end: how many leaves there were, and what was found.
    pub(super) fn end(mut self) -> (u64, Vec<Finding>) {
        let size = self.tree.size();
        if let Some(longest) = self.roots.last_key_value().map(|(size, _)| *size) {
            let what = "the log ends before what was signed";
            let one = Finding::new(self.organization, Kind::Truncated, what).at(size);
            self.found(Finding { until: Some(longest - 1).filter(|last| *last > size), ..one });
        } else if self.good < size && !self.broken && self.findings.is_empty() {
            let what = "leaves that no checkpoint signs";
            let one = Finding::new(self.organization, Kind::Inserted, what).at(self.good);
            self.found(Finding { until: Some(size - 1).filter(|last| *last > self.good), ..one });
        }
        (size, self.findings)
    }
}

#[cfg(test)]
mod tests {
    use merkle::Signer;

    use super::*;

    const SEVEN: Whose<'_> = Whose { own: None, organization: 7 };
    const LENGTH: u64 = 2_000;
    const STEP: usize = 70;

    struct Log {
        signer: Signer,
        leaves: Vec<(u64, Place, Hash)>,
        checkpoints: Vec<Signed>,
        tiles: Vec<(u64, Hash)>,
        witnessed: Vec<Checkpoint>,
    }

    fn leaf(n: u64) -> (u64, Place, Hash) {
        let at = Timestamp::from_microsecond(i64::try_from(n).unwrap()).unwrap();
        (n, (i64::try_from(n / 3).unwrap(), at, Uuid::from_u128(n.into())), Hash::of_leaf(&n.to_be_bytes()))
    }

    fn log() -> Log {
        let signer: Signer = Signer::generate("log.example").unwrap().parse().unwrap();
        let leaves: Vec<_> = (0..LENGTH).map(leaf).collect();
        let (mut tree, mut tiles, mut checkpoints) = (Tree::new(), Vec::new(), Vec::new());
        for (at, (_, place, hash)) in leaves.iter().enumerate() {
            tree.push(*hash, |tile| {
                if tile.level == 1 {
                    tiles.push((tile.index, tile.hash));
                }
            });
            if at % STEP == STEP - 1 || at + 1 == leaves.len() {
                let origin = "log.example/7".to_owned();
                let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root(), at: place.1 };
                let signature = signer.signature(&checkpoint.text());
                checkpoints.push(Signed { checkpoint, signature });
            }
        }
        let witnessed = checkpoints.iter().map(|one| one.checkpoint.clone()).collect();
        Log { signer, leaves, checkpoints, tiles, witnessed }
    }

    fn found(log: &Log) -> Vec<(Kind, Option<u64>, Option<u64>)> {
        let mut check = Check::new(SEVEN, &log.checkpoints, &log.witnessed, &[log.signer.verifier()]);
        check.tiles(log.tiles.iter().copied());
        for (sequence, place, hash) in &log.leaves {
            check.leaf(*sequence, *place, *hash);
        }
        check.end().1.into_iter().map(|one| (one.kind, one.sequence, one.until)).collect()
    }

    #[test]
    fn nothing_is_found_where_nothing_was_done() {
        assert_eq!(found(&log()), []);
        let check = Check::new(SEVEN, &[], &[], &[]);
        assert_eq!(check.end(), (0, Vec::new()));
    }

    #[test]
    fn a_leaf_that_is_another_is_found_within_its_tile_and_round() {
        let mut log = log();
        log.leaves[1_000].2 = Hash::of_leaf(b"another");
        assert_eq!(found(&log), [(Kind::Replaced, Some(980), Some(1_023))]);
        // Together with its tile, within its round.
        let mut tree = Tree::new();
        log.leaves[768..1_024].iter().for_each(|leaf| tree.push(leaf.2, |_| {}));
        log.tiles[3].1 = tree.root();
        assert_eq!(found(&log), [(Kind::Replaced, Some(980), Some(1_049))]);
    }

    #[test]
    fn leaves_that_are_gone_are_named() {
        let mut log = log();
        log.leaves.drain(500..503);
        assert_eq!(found(&log), [(Kind::Deleted, Some(500), Some(502))]);
        let mut log = self::log();
        log.leaves.truncate(1_990);
        assert_eq!(found(&log), [(Kind::Truncated, Some(1_990), Some(1_999))]);
        // With the checkpoints that told of them: the witness knows.
        log.checkpoints.retain(|one| one.checkpoint.size <= 1_990);
        assert_eq!(found(&log), [(Kind::Truncated, Some(1_990), Some(1_999))]);
    }

    #[test]
    fn leaves_that_changed_places_are_named() {
        for (one, other) in [(500, 501), (300, 1_500), (0, 1), (1_998, 1_999)] {
            let mut log = log();
            let (a, b) = (log.leaves[one], log.leaves[other]);
            (log.leaves[one], log.leaves[other]) = ((a.0, b.1, b.2), (b.0, a.1, a.2));
            let found = found(&log);
            assert!(found.iter().all(|(kind, ..)| *kind == Kind::Reordered), "{one} and {other}: {found:?}");
            assert_eq!(found[0].1, Some(one as u64), "{one} and {other}: {found:?}");
        }
    }

    #[test]
    fn what_another_signed_is_named() {
        let mut log = log();
        let other: Signer = Signer::generate("log.example").unwrap().parse().unwrap();
        log.checkpoints[3].signature = other.signature(&log.checkpoints[3].checkpoint.text());
        assert_eq!(found(&log), [(Kind::BadSignature, Some(279), None)]);
        let mut log = self::log();
        log.checkpoints[3].checkpoint.root = Hash::of_nothing();
        assert_eq!(found(&log), [(Kind::BadSignature, Some(279), None)]);
    }

    #[test]
    fn a_second_history_is_named() {
        let mut log = log();
        log.witnessed[5].root = Hash::of_leaf(b"another");
        assert_eq!(found(&log), [(Kind::Forked, Some(419), None)]);
        // Also where the log has no checkpoint of that length.
        log.checkpoints.remove(5);
        assert_eq!(found(&log), [(Kind::Forked, Some(350), Some(419))]);
    }

    #[test]
    fn leaves_that_nobody_signed_are_named() {
        let mut log = log();
        log.leaves.push(leaf(LENGTH));
        assert_eq!(found(&log), [(Kind::Inserted, Some(LENGTH), None)]);
    }
}
