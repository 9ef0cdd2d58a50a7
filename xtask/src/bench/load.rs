//! A number of clients, each asking again as soon as it is answered, and what that costs.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Fallible;
use super::cpu::{Meter, Spent};
use super::http::{Answer, Caller};

/// What a client asks next, given the answer to what it asked before.
pub(super) type Script = Box<dyn FnMut(Option<&Answer<'_>>) -> Vec<u8> + Send>;

/// How long to measure, and what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) meter: Meter,
    /// Not measured: caches fill, statements are prepared.
    pub(super) warm: Duration,
    pub(super) length: Duration,
}

/// What a load cost.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Work done in the window: requests, or statements.
    pub(super) done: u64,
    /// Requests that were answered otherwise than expected.
    pub(super) failed: u64,
    /// What the first of them was answered.
    pub(super) complaint: Option<String>,
    /// Bytes of the answers' bodies.
    pub(super) bytes: u64,
    pub(super) spent: Spent,
    pub(super) took: Duration,
    pub(super) latencies: Latencies,
}

/// How long requests took, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<u32>);

impl Latencies {
    /// Counts one that began at `begun`.
    pub(super) fn count(&mut self, begun: Instant) {
        self.0.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The latency that this share of the requests stays within, in milliseconds.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        let last = sorted.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        if sorted.is_empty() { 0.0 } else { f64::from(*sorted.select_nth_unstable(at).1) / 1000.0 }
    }
}

impl Load {
    /// CPU milliseconds of server and PostgreSQL for one of `done`.
    pub(super) fn each(&self) -> Spent {
        let done = self.done.max(1) as f64;
        Spent { server: self.spent.server / done, postgres: self.spent.postgres / done }
    }

    pub(super) fn per_second(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// Takes another window's load to this one's.
    pub(super) fn join(&mut self, other: Self) {
        self.spent.server += other.spent.server;
        self.spent.postgres += other.spent.postgres;
        self.took += other.took;
        self.add(other);
    }

    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.bytes += other.bytes;
        self.complaint = self.complaint.take().or(other.complaint);
        self.latencies.add(other.latencies);
    }
}

const WARM: u8 = 0;
const MEASURE: u8 = 1;
const STOP: u8 = 2;

/// Tells the clients how far the run is.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == STOP
    }

    fn is_measured(&self) -> bool {
        self.0.load(Ordering::Relaxed) == MEASURE
    }
}

/// What one client did in the window.
#[derive(Default)]
pub(super) struct Tally(Load);

impl Tally {
    /// Counts one piece of work that began at `begun`, if the window is open.
    pub(super) fn count(&mut self, phase: &Phase, begun: Instant, bytes: usize) {
        if phase.is_measured() {
            self.0.done += 1;
            self.0.bytes += bytes as u64;
            self.0.latencies.count(begun);
        }
    }

    fn fail(&mut self, complaint: impl FnOnce() -> String) {
        self.0.failed += 1;
        self.0.complaint.get_or_insert_with(complaint);
    }
}

/// Runs one client for each script against the server.
///
/// # Errors
/// When a connection fails.
pub(super) async fn drive(
    caller: &Caller,
    expect: u16,
    scripts: Vec<Script>,
    window: Window,
) -> Fallible<Load> {
    let clients = scripts.into_iter().map(|mut script| {
        let caller = caller.clone();
        |phase: Phase| async move {
            let mut tally = Tally::default();
            let mut connection = caller.connect().await?;
            let mut request = script(None);
            while !phase.is_over() {
                let begun = Instant::now();
                let answer = connection.ask(&request).await?;
                if answer.status == expect {
                    tally.count(&phase, begun, answer.body.len());
                } else {
                    tally.fail(|| answer.complaint());
                }
                request = script(Some(&answer));
            }
            Ok(tally)
        }
    });
    measure(clients, window).await
}

/// Runs clients of any kind for the window, and measures.
///
/// # Errors
/// The first of a client.
pub(super) async fn measure<C, F>(clients: impl IntoIterator<Item = C>, window: Window) -> Fallible<Load>
where
    C: FnOnce(Phase) -> F,
    F: Future<Output = Fallible<Tally>> + Send + 'static,
{
    let phase = Phase::default();
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client(phase.clone()));
    }
    tokio::time::sleep(window.warm).await;
    let (before, begun) = (window.meter.read()?, Instant::now());
    phase.0.store(MEASURE, Ordering::Relaxed);
    tokio::time::sleep(window.length).await;
    phase.0.store(WARM, Ordering::Relaxed);
    let (after, took) = (window.meter.read()?, begun.elapsed());
    phase.0.store(STOP, Ordering::Relaxed);
    let mut load = Load { spent: after.since(before), took, ..Load::default() };
    while let Some(ended) = running.join_next().await {
        load.add(ended.map_err(io::Error::other)??.0);
    }
    if load.done == 0 {
        let complaint = load.complaint.unwrap_or_else(|| "nothing was done in the time".to_owned());
        return Err(complaint.into());
    }
    Ok(load)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_latencies() {
        let taken = Latencies((1..=101).rev().map(|n| n * 1000).collect());
        assert_eq!((taken.quantile(0.5), taken.quantile(0.99), taken.quantile(1.0)), (51.0, 100.0, 101.0));
        assert_eq!(Latencies::default().quantile(0.5), 0.0);
    }
}
