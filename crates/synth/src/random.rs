//! Streams of pseudo-random numbers, each named by the numbers it is seeded with.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Folds `parts` into one number; the finalizer is that of SplitMix64.
pub(crate) fn mix(parts: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        state = finalize(state ^ finalize(part.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    }
    state
}

fn finalize(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Folds text into one number, for salts that come from names.
pub(crate) fn mix_text(text: &str) -> u64 {
    text.bytes().fold(0, |state, byte| finalize(state ^ u64::from(byte)).wrapping_add(1))
}

/// `urn:uuid:` with the 122 free bits of a version 4 UUID taken from `parts`.
pub(crate) fn urn(parts: &[u64]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let base = mix(parts);
    let high = finalize(base ^ 0x5bd1_e995_0000_0001) & !0xf000 | 0x4000;
    let low =
        finalize(base.rotate_left(29) ^ mix(&[parts.len() as u64, base])) & !(0b11 << 62) | (0b10 << 62);
    let mut out = String::with_capacity(45);
    out.push_str("urn:uuid:");
    for nibble in 0..32 {
        if matches!(nibble, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        let word = if nibble < 16 { high } else { low };
        out.push(char::from(HEX[(word >> (60 - (nibble % 16) * 4) & 0xf) as usize]));
    }
    out
}

/// One stream of numbers.
pub(crate) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    pub(crate) fn new(parts: &[u64]) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(mix(parts)))
    }

    /// A number in `0..bound`; 0 where `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.0.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.below(u32::try_from(high - low + 1).unwrap_or(1)))
    }

    /// A number near `mean`, seldom further off than `spread`; the sum of three draws stands in for a normal curve.
    pub(crate) fn near(&mut self, mean: i64, spread: i64) -> i64 {
        let third = spread.max(1) / 2;
        mean + (0..3).map(|_| self.between(-third, third)).sum::<i64>()
    }

    /// True in `percent` of 100 draws.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u32) as usize]
    }

    pub(crate) fn pick_one<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u32) as usize]
    }
}
