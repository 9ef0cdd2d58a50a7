//! A world that tests can repeat.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{FixedClock, SeededEntropy, World};

/// 2026-11-22T03:20:00Z, with the dice of `seed`.
pub(crate) fn world(seed: u64) -> World {
    World::new(Arc::new(FixedClock::at(at(0))), Arc::new(SeededEntropy::new(seed)))
}

/// `seconds` after the moment of [`world`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_317_600 + seconds).unwrap()
}
