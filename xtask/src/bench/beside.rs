//! Reads beside two hundred people who sign in at once: what the reader notices of the hashing of their passwords.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Fallible;
use super::http::Caller;
use super::install::ORGANIZATION;
use super::load::{Latencies, Script};

/// People who sign in at once.
const PEOPLE: u8 = 200;

/// How often it is done: one storm has too few reads for a p99.
const STORMS: u8 = 5;

/// The most that a read beside them may take longer, at p99.
pub(super) const TARGET: f64 = 2.0;

/// What was seen.
pub(super) struct Beside {
    /// Reads by one client with nothing beside them.
    pub(super) calm: Latencies,
    /// Reads by the same client while people sign in.
    pub(super) beside: Latencies,
    /// Sign-ins by how they were answered.
    pub(super) answers: BTreeMap<u16, u32>,
    /// How long people signed in.
    pub(super) took: Duration,
}

/// Measures it with the reads of `script`.
pub(super) async fn sign_ins(caller: &Caller, mut script: Script) -> Fallible<Beside> {
    let mut seen = Beside {
        calm: Latencies::default(),
        beside: Latencies::default(),
        answers: BTreeMap::new(),
        took: Duration::ZERO,
    };
    for storm in 0..=STORMS {
        let over = Arc::new(AtomicBool::new(false));
        let calm = reads(caller, &mut script, &after(Duration::from_millis(1500))).await?;
        let people = tokio::spawn(people(caller.clone(), storm, Arc::clone(&over)));
        let beside = reads(caller, &mut script, &over).await?;
        let (answers, took) = people.await??;
        // The first fills caches and allocators.
        if storm > 0 {
            seen.calm.add(calm);
            seen.beside.add(beside);
            seen.took += took;
            answers.into_iter().for_each(|(status, times)| *seen.answers.entry(status).or_insert(0) += times);
        }
    }
    Ok(seen)
}

fn after(time: Duration) -> Arc<AtomicBool> {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        told.store(true, Ordering::Relaxed);
    });
    over
}

async fn reads(caller: &Caller, script: &mut Script, over: &AtomicBool) -> Fallible<Latencies> {
    let mut connection = caller.connect().await?;
    let mut latencies = Latencies::default();
    while !over.load(Ordering::Relaxed) {
        let request = script(None);
        let begun = Instant::now();
        let answer = connection.ask(&request).await?;
        if answer.status != 200 {
            return Err(answer.complaint().into());
        }
        latencies.count(begun);
    }
    Ok(latencies)
}

/// All of them at once, each from an address of their own: what one address may do is limited.
async fn people(
    caller: Caller,
    storm: u8,
    over: Arc<AtomicBool>,
) -> Fallible<(BTreeMap<u16, u32>, Duration)> {
    let (begun, mut asked) = (Instant::now(), JoinSet::new());
    for person in 1..=PEOPLE {
        let caller = caller.clone();
        asked.spawn(async move {
            let mut connection = caller.connect_from(Ipv4Addr::new(127, 1, storm + 1, person)).await?;
            let body = format!(r#"{{"email":"s{storm}-{person}@care.example","password":"not a password"}}"#);
            let request = caller.to_organization(ORGANIZATION, "/api/auth/login", body.as_bytes());
            Ok::<_, std::io::Error>(connection.ask(&request).await?.status)
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(status) = asked.join_next().await {
        *answers.entry(status??).or_insert(0) += 1;
    }
    over.store(true, Ordering::Relaxed);
    Ok((answers, begun.elapsed()))
}
