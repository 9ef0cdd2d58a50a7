//! The hasher for async code: few at a time, a bounded queue, and a bounded wait.
//!
//! A hash needs a core and 19 MiB for tens of milliseconds. Two hundred sign-ins at once must leave cores to everyone
//! else, so they wait in line here, and those for whom the line is too long are told to come back.

use std::{sync::Arc, time::Duration};

use kernel::World;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};
use zeroize::Zeroizing;

use super::threads::Threads;
use super::{Hasher, Verdict};

/// How much may be going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Hashes at the same time; at least 1.
    pub running: usize,
    /// Callers that wait.
    pub waiting: usize,
    /// How long one of them waits at most.
    pub patience: Duration,
}

impl Limits {
    /// For a machine of so many cores: half of them, 64 waiting, five seconds.
    pub fn for_cores(cores: usize) -> Self {
        Self { running: (cores / 2).max(1), waiting: 64, patience: Duration::from_secs(5) }
    }
}

/// Too many are waiting, or the wait was too long. To be answered with 503 and `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords to hash")]
pub struct Busy;

/// A [`Hasher`] behind a queue. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub struct HashQueue {
    hasher: Arc<Hasher>,
    /// One for everyone inside, running or waiting.
    places: Arc<Semaphore>,
    /// One for everyone running.
    turns: Arc<Semaphore>,
    threads: Threads,
    patience: Duration,
}

impl HashQueue {
    /// A queue before `hasher`.
    pub fn new(hasher: Hasher, limits: Limits) -> Self {
        let running = limits.running.clamp(1, 1 << 10);
        let places = running + limits.waiting.min(1 << 20);
        Self {
            hasher: Arc::new(hasher),
            places: Arc::new(Semaphore::new(places)),
            turns: Arc::new(Semaphore::new(running)),
            threads: Threads::start(running),
            patience: limits.patience,
        }
    }

    /// [`Hasher::hash`] when it is our turn.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: Zeroizing<String>, world: &World) -> Result<String, Busy> {
        let salt = world.random();
        self.run(move |hasher| hasher.hash_salted(&password, salt)).await
    }

    /// [`Hasher::verify`] when it is our turn; [`Hasher::verify_nobody`] where there is no hash because there is no such
    /// account, which takes as long.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, phc: Option<String>, password: Zeroizing<String>) -> Result<Verdict, Busy> {
        self.run(move |hasher| match phc {
            Some(phc) => hasher.verify(&phc, &password),
            None => hasher.verify_nobody(&password),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = self.turn().await?;
        let hasher = Arc::clone(&self.hasher);
        // The work goes on when its caller gives up, and so must keep its place and turn itself.
        let work = move || {
            let _held = (place, turn);
            work(&hasher)
        };
        match self.threads.run(work).await.ok_or(Busy)? {
            Ok(done) => Ok(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        let turn = time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(Busy)
    }
}

#[cfg(test)]
mod tests {
    use tokio::task;

    use super::*;
    use crate::fixture::world;
    use crate::password::Cost;

    fn queue(waiting: usize, patience: Duration) -> HashQueue {
        let hasher = Hasher::new(Cost { memory: 64, passes: 1, lanes: 1 }).unwrap();
        HashQueue::new(hasher, Limits { running: 1, waiting, patience })
    }

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[test]
    fn half_of_the_cores_hash() {
        assert_eq!([1, 2, 3, 8].map(|cores| Limits::for_cores(cores).running), [1, 1, 1, 4]);
    }

    #[tokio::test]
    async fn what_is_hashed_verifies_and_nobody_does_not() {
        let queue = queue(4, Duration::from_secs(60));
        let phc = queue.hash(secret("a password"), &world(14)).await.unwrap();
        assert_eq!(queue.verify(Some(phc.clone()), secret("a password")).await, Ok(Verdict::Right));
        assert_eq!(queue.verify(Some(phc), secret("another")).await, Ok(Verdict::Wrong));
        assert_eq!(queue.verify(None, secret("a password")).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn one_runs_some_wait_and_the_rest_are_turned_away() {
        let queue = queue(2, Duration::from_secs(60));
        let held = Arc::clone(&queue.turns).acquire_owned().await.unwrap();
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.verify(None, secret("a password")).await })
            })
            .collect();
        while queue.places.available_permits() > 0 {
            task::yield_now().await;
        }
        drop(held);
        let mut served = 0;
        for call in calls {
            served += usize::from(call.await.unwrap().is_ok());
        }
        assert!((3..10).contains(&served), "{served}");
        assert_eq!((queue.places.available_permits(), queue.turns.available_permits()), (3, 1));
    }

    #[tokio::test]
    async fn patience_ends() {
        let queue = queue(2, Duration::from_millis(5));
        let held = Arc::clone(&queue.turns).acquire_owned().await.unwrap();
        assert_eq!(queue.verify(None, secret("a password")).await, Err(Busy));
        drop(held);
        assert_eq!(queue.verify(None, secret("a password")).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn work_keeps_its_turn_until_it_is_done_even_if_its_caller_gives_up() {
        let queue = queue(2, Duration::from_secs(60));
        let (finish, until) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let call = tokio::spawn({
            let queue = queue.clone();
            async move {
                let work = move |_: &Hasher| {
                    begin.send(()).unwrap();
                    until.recv().unwrap();
                };
                queue.run(work).await
            }
        });
        begun.await.unwrap();
        call.abort();
        let _ = call.await;
        assert_eq!((queue.places.available_permits(), queue.turns.available_permits()), (2, 0));
        finish.send(()).unwrap();
        assert_eq!(queue.verify(None, secret("a password")).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_gives_back_the_place() {
        let queue = queue(2, Duration::from_secs(60));
        let held = Arc::clone(&queue.turns).acquire_owned().await.unwrap();
        let call = tokio::spawn({
            let queue = queue.clone();
            async move { queue.verify(None, secret("a password")).await }
        });
        while queue.places.available_permits() == 3 {
            task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
        drop(held);
        assert_eq!((queue.places.available_permits(), queue.turns.available_permits()), (3, 1));
    }
}
