//! The hasher for async code: few at a time, a bounded queue, and a bounded wait.
//!
//! A hash needs a core and 19 MiB for tens of milliseconds. Two hundred sign-ins at once must leave cores to everyone
//! else, so they wait in line here, and those for whom the line is too long are told to come back.
//!
//! Whoever's turn it is hashes in time that nobody else wants (`SCHED_IDLE`): whatever wakes up meanwhile does not wait
//! for a slice of it to end. On a machine that has no such time the hash is begun anew like any other work, so that one
//! can sign in there too.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kernel::World;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time;
use zeroize::Zeroizing;

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
    /// How long one whose turn it is tries with spare time alone.
    pub spare: Duration,
}

impl Limits {
    /// For a machine of so many cores: half of them, 64 waiting, five seconds, of which three tenths in spare time.
    pub fn for_cores(cores: usize) -> Self {
        Self {
            running: (cores / 2).max(1),
            waiting: 64,
            patience: Duration::from_secs(5),
            spare: Duration::from_millis(300),
        }
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
    /// One for everyone running in spare time. Who finds none is on a machine that has none.
    spares: Arc<Semaphore>,
    limits: Limits,
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
            spares: Arc::new(Semaphore::new(running)),
            limits,
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
        self.run(move |hasher| match &phc {
            Some(phc) => hasher.verify(phc, &password),
            None => hasher.verify_nobody(&password),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&Hasher) -> T + Send + Sync + 'static,
    ) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = self.turn().await?;
        let work = Arc::new(work);
        let Ok(spare) = Arc::clone(&self.spares).try_acquire_owned() else {
            return self.begin(false, &work, (place, turn))?.done().await;
        };
        let mut first = self.begin(true, &work, spare)?;
        if let Ok(done) = time::timeout(self.limits.spare, first.done()).await {
            return done;
        }
        let mut second = self.begin(false, &work, (place, turn))?;
        tokio::select! {
            done = first.done() => done,
            done = second.done() => done,
        }
    }

    /// Begins the work, which goes on when its caller gives up, and so keeps what is `held` for it until it is done.
    fn begin<T: Send + 'static>(
        &self,
        spare: bool,
        work: &Arc<impl Fn(&Hasher) -> T + Send + Sync + 'static>,
        held: impl Send + 'static,
    ) -> Result<Running<T>, Busy> {
        let (tell, told) = oneshot::channel();
        let (work, hasher) = (Arc::clone(work), Arc::clone(&self.hasher));
        let body = move || {
            if spare {
                stand_back();
            }
            let done = catch_unwind(AssertUnwindSafe(|| work(&hasher)));
            drop((work, held));
            // Nobody listens where the caller gave up.
            let _ = tell.send(done);
        };
        thread::Builder::new().name("hash".to_owned()).spawn(body).map_err(|_| Busy)?;
        Ok(Running(told))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        let turn = time::timeout(self.limits.patience, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(Busy)
    }
}

/// Work at a thread of its own.
struct Running<T>(oneshot::Receiver<Result<T, Box<dyn Any + Send>>>);

impl<T> Running<T> {
    async fn done(&mut self) -> Result<T, Busy> {
        match (&mut self.0).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Busy),
        }
    }
}

/// Gives the calling thread only the time that no other wants. Where the system does not know this, or refuses, it runs
/// like any other.
fn stand_back() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::unix::{
            NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let _ =
            set_thread_priority_and_policy(thread_native_id(), thread_priority::ThreadPriority::Min, idle);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task;

    use super::*;
    use crate::fixture::world;
    use crate::password::Cost;

    const LONG: Duration = Duration::from_secs(60);

    fn limited(waiting: usize, patience: Duration, spare: Duration) -> HashQueue {
        let hasher = Hasher::new(Cost { memory: 64, passes: 1, lanes: 1 }).unwrap();
        HashQueue::new(hasher, Limits { running: 1, waiting, patience, spare })
    }

    fn queue(waiting: usize, patience: Duration) -> HashQueue {
        limited(waiting, patience, LONG)
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
        let queue = queue(4, LONG);
        let phc = queue.hash(secret("a password"), &world(14)).await.unwrap();
        assert_eq!(queue.verify(Some(phc.clone()), secret("a password")).await, Ok(Verdict::Right));
        assert_eq!(queue.verify(Some(phc), secret("another")).await, Ok(Verdict::Wrong));
        assert_eq!(queue.verify(None, secret("a password")).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn one_runs_some_wait_and_the_rest_are_turned_away() {
        let queue = queue(2, LONG);
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

    /// Places, turns and spare time left.
    fn left(queue: &HashQueue) -> (usize, usize, usize) {
        let left = |of: &Semaphore| of.available_permits();
        (left(&queue.places), left(&queue.turns), left(&queue.spares))
    }

    /// Work that is at it as many times as it began, until it is let go.
    struct Long {
        begun: std::sync::mpsc::Receiver<()>,
        finish: Arc<std::sync::Barrier>,
        call: task::JoinHandle<Result<(), Busy>>,
    }

    /// `threads` begin it before all of them end.
    fn long(queue: &HashQueue, threads: usize) -> Long {
        let (begin, begun) = std::sync::mpsc::channel();
        let finish = Arc::new(std::sync::Barrier::new(threads + 1));
        let (queue, until) = (queue.clone(), Arc::clone(&finish));
        let call = tokio::spawn(async move {
            let work = move |_: &Hasher| {
                begin.send(()).unwrap();
                until.wait();
            };
            queue.run(work).await
        });
        Long { begun, finish, call }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_keeps_what_it_needs_until_it_is_done_even_if_its_caller_gives_up() {
        for (spare, threads, kept) in [(LONG, 1, (3, 1, 0)), (Duration::ZERO, 2, (2, 0, 0))] {
            let queue = limited(2, LONG, spare);
            let long = long(&queue, threads);
            for _ in 0..threads {
                long.begun.recv().unwrap();
            }
            long.call.abort();
            let _ = long.call.await;
            assert_eq!(left(&queue), kept);
            long.finish.wait();
            assert_eq!(queue.verify(None, secret("a password")).await, Ok(Verdict::Wrong));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_spare_time_it_is_done_like_other_work() {
        let queue = limited(2, LONG, Duration::ZERO);
        let straggler = long(&queue, 2);
        straggler.begun.recv().unwrap();
        straggler.begun.recv().unwrap();
        straggler.call.abort();
        let _ = straggler.call.await;
        // The two threads still run; a third is begun at once, in the turn that comes.
        queue.turns.add_permits(1);
        let done = tokio::spawn({
            let (queue, finish) = (queue.clone(), Arc::clone(&straggler.finish));
            async move { queue.run(move |_| finish.wait().is_leader()).await }
        });
        assert!(matches!(time::timeout(LONG, done).await, Ok(Ok(Ok(_)))));
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn what_is_hashed_stands_back() {
        use thread_priority::unix::{thread_native_id, thread_schedule_policy_param};
        let policy =
            |_: &Hasher| format!("{:?}", thread_schedule_policy_param(thread_native_id()).unwrap().0);
        assert_eq!(queue(1, LONG).run(policy).await.unwrap(), "Normal(Idle)");
    }

    #[tokio::test]
    async fn a_panic_is_that_of_the_caller() {
        let queue = queue(1, LONG);
        let call = tokio::spawn({
            let queue = queue.clone();
            async move { queue.run::<()>(|_| panic!("as it should")).await }
        });
        assert!(call.await.unwrap_err().is_panic());
        assert_eq!(left(&queue), (2, 1, 1));
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_gives_back_the_place() {
        let queue = queue(2, LONG);
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
