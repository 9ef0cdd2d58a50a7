//! What spares callers a wait that is known to be in vain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// How soon somebody may try again.
const PAUSE: Duration = Duration::from_millis(250);

const WHOLE: u8 = 0;
const BLOWN: u8 = 1;
/// Blown, and the next who asks may try whether it still is.
const TRIED: u8 = 2;

/// Blown by who waited in vain; then all others are turned away at once but one every [`PAUSE`], whose success mends it.
#[derive(Clone, Default)]
pub(crate) struct Fuse(Arc<AtomicU8>);

impl Fuse {
    /// Whether the caller may try.
    pub(crate) fn passes(&self) -> bool {
        match self.0.load(Ordering::Acquire) {
            WHOLE => true,
            BLOWN => false,
            // One alone. Should it be given up half-way, another may try after the pause.
            _ => self.turn(TRIED),
        }
    }

    /// Whether nobody may try at the moment.
    pub(crate) fn is_blown(&self) -> bool {
        self.0.load(Ordering::Acquire) == BLOWN
    }

    /// Somebody waited in vain.
    pub(crate) fn blow(&self) {
        self.turn(WHOLE);
    }

    /// Somebody did not.
    pub(crate) fn mend(&self) {
        if self.0.load(Ordering::Relaxed) != WHOLE {
            self.0.store(WHOLE, Ordering::Release);
        }
    }

    /// Blows it when it is as the caller saw it, and lets the next try after the pause; says whether it was.
    fn turn(&self, from: u8) -> bool {
        let turned = self.0.compare_exchange(from, BLOWN, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if turned {
            let state = Arc::clone(&self.0);
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                // Mended meanwhile, mostly.
                let _ = state.compare_exchange(BLOWN, TRIED, Ordering::AcqRel, Ordering::Relaxed);
            });
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_tries_at_a_time_until_one_succeeds() {
        let fuse = Fuse::default();
        assert!(fuse.passes() && fuse.passes());
        fuse.blow();
        assert!(!fuse.passes());
        for _ in 0..3 {
            tokio::time::sleep(PAUSE * 2).await;
            assert!(fuse.passes(), "nobody may try");
            assert!(!fuse.passes(), "two try at once");
        }
        tokio::time::sleep(PAUSE * 2).await;
        assert!(fuse.passes());
        fuse.mend();
        assert!(fuse.passes() && fuse.passes());
    }
}
