//! The tree: its root for any size, without keeping what is under its complete parts.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// How many nodes of a level are under one of the next level that is kept: 2 to the power of [`Tile::HEIGHT`].
const WIDTH: u64 = 1 << Tile::HEIGHT;

/// SHA-256 of a part of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of the tree that has no leaf.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self::over(&[])
    }

    /// The hash of a leaf: RFC 9162, section 2.1.1.
    #[must_use]
    pub fn of_leaf(entry: &[u8]) -> Self {
        Self::over(&[&[0], entry])
    }

    /// The hash of a node of two: RFC 9162, section 2.1.1.
    #[must_use]
    pub fn of_node(left: Self, right: Self) -> Self {
        Self::over(&[&[1], &left.0, &right.0])
    }

    fn over(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Hash {
    type Err = crate::Error;

    /// Reads exactly what is displayed: 64 hexadecimal digits, small letters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let text: &[u8; 64] = text.as_bytes().try_into().map_err(|_| crate::Error::Hash)?;
        let (mut hash, (pairs, _)) = ([0; 32], text.as_chunks::<2>());
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte =
                digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low).ok_or(crate::Error::Hash)?;
        }
        Ok(Self(hash))
    }
}

/// A complete part of a tree that is worth keeping: with these and the leaves after them a tree goes on from any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// 1 is over 256 leaves, 2 over 256 of those, and so on.
    pub level: u8,
    /// Its place among those of its level, from 0.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Tile {
    /// Levels of the tree within one level of tiles.
    pub const HEIGHT: u32 = 8;
    /// The levels that there are: 256 to the power of 7 leaves are beyond every log.
    pub const LEVELS: u8 = 7;
}

/// A tree, as the roots of its complete parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Heights and hashes, from left to right and from high to low.
    peaks: Vec<(u32, Hash)>,
}

impl Tree {
    /// The tree that has no leaf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `keep` gets each tile that it completes.
    pub fn push(&mut self, leaf: Hash, mut keep: impl FnMut(Tile)) {
        self.merge(0, leaf, &mut keep);
    }

    /// The hash of it all: RFC 9162, section 2.1.1.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = peaks.next() else { return Hash::of_nothing() };
        peaks.fold(last, |right, left| Hash::of_node(left, right))
    }

    /// Where the nodes are that a tree of this size goes on from: for each level, 0 being the leaves, the first and how many.
    #[must_use]
    pub fn tail(size: u64) -> Vec<(u8, u64, u64)> {
        let of = |level: u8| {
            let complete = size >> (Tile::HEIGHT * u32::from(level));
            (level, complete - complete % WIDTH, complete % WIDTH)
        };
        (0..=Tile::LEVELS).map(of).filter(|(_, _, count)| *count > 0).collect()
    }

    /// The tree of this size, from the nodes that [`Self::tail`] names, in the same order; nothing when they are not those.
    #[must_use]
    pub fn resume(size: u64, nodes: &[Vec<Hash>]) -> Option<Self> {
        let tail = Self::tail(size);
        if tail.len() != nodes.len() {
            return None;
        }
        let mut tree = Self::new();
        for ((level, _, count), hashes) in tail.iter().zip(nodes).rev() {
            if u64::try_from(hashes.len()) != Ok(*count) {
                return None;
            }
            for hash in hashes {
                tree.merge(Tile::HEIGHT * u32::from(*level), *hash, &mut |_| {});
            }
        }
        (tree.size == size).then_some(tree)
    }

    /// Adds a complete part of this height, which those before it are not lower than.
    fn merge(&mut self, mut height: u32, mut hash: Hash, keep: &mut impl FnMut(Tile)) {
        self.size += 1 << height;
        while let Some((_, left)) = self.peaks.pop_if(|(of, _)| *of == height) {
            hash = Hash::of_node(left, hash);
            height += 1;
            if height.is_multiple_of(Tile::HEIGHT)
                && let Ok(level) = u8::try_from(height / Tile::HEIGHT)
                && level <= Tile::LEVELS
            {
                keep(Tile { level, index: (self.size >> height) - 1, hash });
            }
        }
        self.peaks.push((height, hash));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                Hash::of_node(by_definition(left), by_definition(right))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    /// The roots that the implementations of Certificate Transparency agree on.
    #[test]
    fn roots_are_those_that_others_compute() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::new();
        assert_eq!(
            tree.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (entry, root) in entries.into_iter().zip(roots) {
            tree.push(Hash::of_leaf(entry), |_| {});
            assert_eq!(tree.root().to_string(), root, "of {}", tree.size());
        }
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_form() {
        let hash = Hash::of_leaf(b"a");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [
            text.to_uppercase(),
            text[1..].to_owned(),
            format!("{text}0"),
            text.replacen('6', "g", 1),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<Hash>(), Err(crate::Error::Hash), "{wrong:?}");
        }
    }

    #[test]
    fn a_tree_goes_on_from_what_was_kept_of_it() {
        let leaves = leaves(66_000);
        let mut tiles = [const { Vec::new() }; Tile::LEVELS as usize + 1];
        let mut tree = Tree::new();
        for (at, leaf) in leaves.iter().enumerate() {
            tree.push(*leaf, |tile| {
                assert_eq!(tiles[usize::from(tile.level)].len() as u64, tile.index);
                tiles[usize::from(tile.level)].push(tile.hash);
            });
            if ![0, 254, 255, 256, 257, 511, 65_534, 65_535, 65_536, 65_999].contains(&at) {
                continue;
            }
            let nodes: Vec<Vec<Hash>> = Tree::tail(tree.size())
                .into_iter()
                .map(|(level, first, count)| {
                    let all = if level == 0 { &leaves } else { &tiles[usize::from(level)] };
                    all[first as usize..(first + count) as usize].to_vec()
                })
                .collect();
            assert_eq!(Tree::resume(tree.size(), &nodes).as_ref(), Some(&tree), "of {}", tree.size());
            assert_eq!(Tree::resume(tree.size() + 1, &nodes), None);
        }
        assert_eq!((tiles[1].len(), tiles[2].len()), (257, 1));
        assert_eq!(Tree::resume(0, &[]), Some(Tree::new()));
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_definition(count in 0_usize..600) {
            let leaves = leaves(count);
            let mut tree = Tree::new();
            leaves.iter().for_each(|leaf| tree.push(*leaf, |_| {}));
            prop_assert_eq!(tree.root(), by_definition(&leaves));
            prop_assert_eq!(tree.size(), count as u64);
        }

        #[test]
        fn another_leaf_anywhere_is_another_root(count in 1_usize..300, at in any::<prop::sample::Index>()) {
            let mut leaves = leaves(count);
            let before = by_definition(&leaves);
            leaves[at.index(count)] = Hash::of_leaf(b"another");
            prop_assert_ne!(by_definition(&leaves), before);
        }
    }
}
