//! Threads that do nothing but hash, and stand back for everyone else.
//!
//! Low priority alone does not do it. Once Linux has let a thread begin, it looks for a more urgent one only when some
//! thread wakes up on that core or at its tick, every 4 ms on many kernels: a record read that became runnable a moment
//! too late waits for the tick, and one read in a hundred met that. So each hashing thread shares its core with one
//! that wakes up twice a millisecond while there is work, which makes the kernel look. Measured beside 200 sign-ins
//! (`cargo xtask bench --only sign-ins`): p99 of reads five times the usual without, less than twice with it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// How often the kernel is made to look for a more urgent thread.
const BEAT: Duration = Duration::from_micros(300);

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when the last clone is gone.
#[derive(Clone)]
pub(super) struct Threads(Sender<Job>);

impl Threads {
    /// So many of them.
    pub(super) fn start(many: usize) -> Self {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..many {
            let (waiting, busy) = (Arc::clone(&waiting), Arc::new(Busy::default()));
            let beat = spawn("password-beat", {
                let busy = Arc::clone(&busy);
                move || {
                    stay_on_core(number);
                    busy.beat();
                }
            });
            spawn("password", move || {
                stay_on_core(number);
                stand_back();
                work(&waiting, &busy, beat.thread());
            });
        }
        Self(jobs)
    }

    /// Does `work` on one of the threads. The end of the caller does not end it; `None` when the threads are gone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<Result<T, Box<dyn Any + Send>>> {
        let (tell, told) = oneshot::channel();
        let job = move || {
            // Whoever asked may be gone.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
        };
        self.0.send(Box::new(job)).ok()?;
        told.await.ok()
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).expect("a thread can be started")
}

fn work(waiting: &Mutex<Receiver<Job>>, busy: &Busy, beat: &thread::Thread) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { break };
        busy.working.store(true, Ordering::Release);
        beat.unpark();
        job();
        busy.working.store(false, Ordering::Release);
    }
    busy.over.store(true, Ordering::Release);
    beat.unpark();
}

/// Whether a thread hashes, for the one beside it.
#[derive(Default)]
struct Busy {
    working: AtomicBool,
    over: AtomicBool,
}

impl Busy {
    fn beat(&self) {
        while !self.over.load(Ordering::Acquire) {
            match self.working.load(Ordering::Acquire) {
                true => thread::sleep(BEAT),
                false => thread::park(),
            }
        }
    }
}

/// The least of the processor, for this thread. Where the system will not have it, hashing is only ruder.
fn stand_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}

/// Keeps this thread on one of the cores that we may use, counted from the last.
fn stay_on_core(number: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(allowed) = sched_getaffinity(None) else { return };
        let mut cores = (0..CpuSet::MAX_CPU).rev().filter(|core| allowed.is_set(*core));
        if let Some(core) = cores.nth(number) {
            let mut only = CpuSet::new();
            only.set(core);
            let _ = sched_setaffinity(None, &only);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = number;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_a_panic_is_told_and_the_threads_go_on() {
        let threads = Threads::start(1);
        assert_eq!(threads.run(|| 1).await.unwrap().unwrap(), 1);
        let panicked = threads.run(|| -> u8 { std::panic::resume_unwind(Box::new("as meant")) }).await;
        assert_eq!(panicked.unwrap().unwrap_err().downcast_ref(), Some(&"as meant"));
        assert_eq!(threads.run(|| 2).await.unwrap().unwrap(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_end_with_their_owner() {
        let ours = || {
            let names = std::fs::read_dir("/proc/self/task").unwrap();
            let names = names.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
            names.filter(|name| name.starts_with("password")).count()
        };
        let before = ours();
        let threads = Threads::start(2);
        while ours() < before + 4 {
            thread::yield_now();
        }
        drop(threads);
        while ours() > before {
            thread::yield_now();
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_stands_back() {
        let threads = Threads::start(1);
        let seen = threads.run(|| rustix::process::getpriority_process(None).unwrap()).await;
        assert_eq!(seen.unwrap().unwrap(), 19);
        assert!(rustix::process::getpriority_process(None).unwrap() < 19, "only the hashing threads");
    }
}
