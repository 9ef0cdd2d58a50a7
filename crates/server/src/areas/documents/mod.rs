//! Documents: files of patients (ADR 0024). Whoever may write is let in for one file of stated length, type and checksum;
//! what came is checked as it is read, sealed under the patient's key for documents, and filed as a DocumentReference.
//! Bytes go out through us alone, by links that are good for a minute and for whoever asked for them.

mod check;
mod error;
mod intake;
mod jobs;
mod links;
mod model;
mod ops;
mod outgoing;
mod routes;
mod send;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use adapters::objects::Objects;
use adapters::scan::Scanner;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use jobs::{forget, sweep, sweep_always};
pub(crate) use outgoing::{Guard, Outgoing, Sealed};
pub(crate) use routes::ROUTES;

/// Whether these bytes are a PNG, whole and nothing else.
pub(crate) fn is_png(bytes: &[u8]) -> bool {
    let mut check = check::Check::new(check::Format::Png);
    check.feed(bytes).and_then(|()| check.end()).is_ok()
}

/// The most files that are looked through at a time: each takes some megabytes.
const TOGETHER: usize = 8;

/// How long a file waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// What documents need of the machine.
#[derive(Clone)]
pub struct Cabinet {
    pub(crate) objects: Objects,
    pub(crate) scanner: Option<Scanner>,
    pub(crate) limit: u64,
    places: Arc<Semaphore>,
}

impl Cabinet {
    /// The largest file that is taken, in bytes.
    pub const LIMIT: u64 = 50 << 20;

    /// Files lie in `objects`; `scanner` is asked about each, where there is one.
    pub fn new(objects: Objects, scanner: Option<Scanner>) -> Self {
        Self { objects, scanner, limit: Self::LIMIT, places: Arc::new(Semaphore::new(TOGETHER)) }
    }

    /// A place among those that are looked through, after a short wait if need be; given back when dropped.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(TURN, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()
    }
}

impl Default for Cabinet {
    fn default() -> Self {
        Self::new(Objects::memory(), None)
    }
}

impl fmt::Debug for Cabinet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cabinet").field("objects", &self.objects).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod turns {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn files_wait_their_turn_and_not_for_long() {
        let cabinet = Cabinet::default();
        let held = join_all((0..TOGETHER).map(|_| cabinet.place())).await;
        assert!(held.iter().all(Option::is_some));
        assert!(cabinet.place().await.is_none());
        drop(held);
        assert!(cabinet.place().await.is_some());
    }
}
