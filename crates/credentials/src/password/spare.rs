//! Threads that work in time nobody else wants.
//!
//! Such a thread may not run for a long while, wherever it stands. So it takes no lock that anyone but the caller of
//! [`Spares::run`] waits for: not those of an async runtime, and no thread is begun or ended for a single piece of work.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// A number of them, made when they are needed. Cheap to clone; they end with the last clone.
#[derive(Clone)]
pub(super) struct Spares(Arc<Mutex<Pool>>);

struct Pool {
    free: Vec<Spare>,
    /// How many may still be made.
    unmade: usize,
}

/// The way to one of them. It travels with the work, so that a thread whose pool is gone ends.
struct Spare(Sender<Piece>);

/// What to do, which gives the way back.
type Piece = Box<dyn FnOnce() + Send>;

impl Spares {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Pool { free: Vec::new(), unmade: most })))
    }

    /// Does the work on one of them and waits; `None` when none is free, or it takes longer than `patience`. Then it goes
    /// on there and nobody hears of it. Blocks.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: &Arc<impl Fn() -> T + Send + Sync + 'static>,
        patience: Duration,
    ) -> Option<T> {
        let spare = self.free()?;
        let (tell, told) = mpsc::sync_channel::<Result<T, Box<dyn Any + Send>>>(1);
        let (work, way, home) = (Arc::clone(work), spare.0.clone(), Arc::downgrade(&self.0));
        let piece = move || {
            let done = catch_unwind(AssertUnwindSafe(|| work()));
            drop(work);
            // First: whoever is told may come with the next piece at once.
            give_back(&home, spare);
            // Nobody listens any more where it took too long.
            let _ = tell.send(done);
        };
        way.send(Box::new(piece)).ok()?;
        match told.recv_timeout(patience).ok()? {
            Ok(done) => Some(done),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn free(&self) -> Option<Spare> {
        let mut pool = lock(&self.0);
        if let Some(spare) = pool.free.pop() {
            return Some(spare);
        }
        pool.unmade = pool.unmade.checked_sub(1)?;
        let (way, pieces) = mpsc::channel::<Piece>();
        let begun = thread::Builder::new().name("spare time".to_owned()).spawn(move || {
            stand_back();
            pieces.iter().for_each(|piece| piece());
        });
        begun.is_ok().then_some(Spare(way))
    }
}

fn give_back(home: &Weak<Mutex<Pool>>, spare: Spare) {
    if let Some(pool) = home.upgrade() {
        lock(&pool).free.push(spare);
    }
}

fn lock(pool: &Mutex<Pool>) -> MutexGuard<'_, Pool> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::sync::Barrier;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn one_after_the_other_is_done_on_the_same_thread() {
        let spares = Spares::new(1);
        let work = Arc::new(|| thread::current().id());
        let first = spares.run(&work, LONG).unwrap();
        assert!(first != thread::current().id());
        assert!((0..100).all(|_| spares.run(&work, LONG) == Some(first)));
    }

    #[test]
    fn what_takes_too_long_goes_on_and_comes_back() {
        let spares = Spares::new(1);
        let until = Arc::new(Barrier::new(2));
        let slow = Arc::new({
            let until = Arc::clone(&until);
            move || until.wait().is_leader()
        });
        assert_eq!(spares.run(&slow, Duration::ZERO), None);
        assert_eq!(spares.run(&Arc::new(|| 1), LONG), None, "the only thread is at work");
        until.wait();
        while spares.run(&Arc::new(|| 1), LONG).is_none() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_panic_ends_the_work_and_not_the_thread() {
        let spares = Spares::new(1);
        let panics = Arc::new(|| -> () { panic!("as it should") });
        assert!(catch_unwind(AssertUnwindSafe(|| spares.run(&panics, LONG))).is_err());
        assert_eq!(spares.run(&Arc::new(|| 1), LONG), Some(1));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_stands_back() {
        use thread_priority::unix::{thread_native_id, thread_schedule_policy_param};
        let policy = || format!("{:?}", thread_schedule_policy_param(thread_native_id()).unwrap().0);
        assert_eq!(Spares::new(1).run(&Arc::new(policy), LONG).unwrap(), "Normal(Idle)");
    }
}
