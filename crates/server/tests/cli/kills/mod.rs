//! `kill -9` of the server and of PostgreSQL's processes, again and again, while callers read and write.
//!
//! Three times in every run, `LAMPLIGHT_TEST_KILLS=50` times when asked for. `LAMPLIGHT_TEST_SEED` repeats the order and
//! the moments, as far as a machine repeats anything.

mod afterwards;
mod caller;
mod victims;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kernel::World;

use crate::house::{House, Server};
use afterwards::Found;
use caller::{Caller, Halfway, Told};
use victims::Victim;

/// Callers at a time.
const CALLERS: usize = 4;
/// Patients that all of them read; each changes one of its own as well.
const SHARED: usize = 30;
/// How long whoever is left may take to answer everybody again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all callers look at.
pub(super) struct Shared {
    pub(super) token: String,
    /// Where the server answers now.
    pub(super) address: Mutex<String>,
    pub(super) stop: AtomicBool,
    /// Whole answers of each.
    pub(super) answered: [AtomicUsize; CALLERS],
}

/// Dice that can be thrown again: xorshift64 (Marsaglia, 2003).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "what a test found out is told to whoever runs it")]
fn say(what: &str) {
    println!("{what}");
}

#[test]
fn whoever_is_killed_what_was_answered_is_in_the_log_and_what_was_acknowledged_is_there_once() {
    let kills = asked("LAMPLIGHT_TEST_KILLS").unwrap_or(3);
    let seed = asked("LAMPLIGHT_TEST_SEED").unwrap_or(u64::from_le_bytes(World::system().random::<8>()) | 1);
    say(&format!("{kills} kills, LAMPLIGHT_TEST_SEED={seed}"));
    let house = House::new("kills");
    house.make_oak(&["north"]);
    let all = ["--organization", "oak", "--all-facilities", "--all", "--days", "1", "--json"];
    let token = house.json(&[&["token", "issue", "--name", "kills"][..], &all].concat());
    let mut server = Server::start(&house, &[]);
    let shared = Arc::new(Shared {
        token: token["token"].as_str().unwrap().to_owned(),
        address: Mutex::new(server.address.clone()),
        stop: AtomicBool::new(false),
        answered: Default::default(),
    });
    let patients: Vec<String> =
        (0..SHARED).map(|number| caller::admitted(&shared, &format!("shared-{number}"))).collect();
    let callers: Vec<JoinHandle<Told>> = (0..CALLERS)
        .map(|number| {
            let own = caller::admitted(&shared, &format!("own-{number}"));
            let dice = Dice(seed.wrapping_add(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            let caller = Caller::new(number, Arc::clone(&shared), dice, own, patients.clone());
            thread::spawn(move || caller.call())
        })
        .collect();
    let talkative: Vec<String> =
        (0..10).map(|number| caller::admitted_talkative(&shared, &format!("long-{number}"))).collect();
    let mut cut = Told { own: talkative[0].clone(), ..Told::default() };
    let (mut dice, mut recovered) = (Dice(seed | 1), BTreeMap::new());
    all_are_answered(&shared, "the beginning");
    for kill in 0..kills {
        thread::sleep(Duration::from_millis(100 + dice.below(900) as u64));
        let victim = Victim::ALL[kill % Victim::ALL.len()];
        let halfway = (victim == Victim::Server).then(|| Halfway::begin(&shared));
        let began = Instant::now();
        if let Some(halfway) = halfway {
            server.child.kill().unwrap();
            server.child.wait().unwrap();
            cut.shown.push(halfway.end(&talkative));
            server = Server::start(&house, &[]);
            *shared.address.lock().unwrap() = server.address.clone();
        } else {
            victim.kill(&house, &mut dice);
        }
        all_are_answered(&shared, victim.name());
        recovered.entry(victim.name()).or_insert_with(Vec::new).push(began.elapsed());
    }
    shared.stop.store(true, Ordering::Release);
    let mut told: Vec<Told> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    told.push(cut);
    for (victim, mut took) in recovered {
        took.sort_unstable();
        let (middle, last) = (took[took.len() / 2], took[took.len() - 1]);
        say(&format!(
            "{victim}: {} times, all answered again after {middle:.1?}, at most {last:.1?}",
            took.len()
        ));
    }
    let found = Found::look(&house, &shared, &told);
    say(&found.told());
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(found.parts > 0, "no answer broke off after it had shown something");
    afterwards::verified(&house);
    assert_eq!(server.stop("TERM"), Some(0));
}

/// PostgreSQL is stopped in all form and started again by whoever watches it: the program goes on by itself, and so do those
/// who follow, what is heard of revocations, and what seals.
#[test]
fn a_database_that_comes_back_is_used_again_by_everything() {
    let house = House::new("back");
    house.make_oak(&["north"]);
    let issue = |name: &str| {
        let all = ["--organization", "oak", "--all-facilities", "--all", "--days", "1", "--json"];
        house.json(&[&["token", "issue", "--name", name][..], &all].concat())
    };
    let (token, lost) = (issue("stays"), issue("lost"));
    let server = Server::start(&house, &[]);
    let with = |token: &serde_json::Value| Shared {
        token: token["token"].as_str().unwrap().to_owned(),
        address: Mutex::new(server.address.clone()),
        stop: AtomicBool::new(false),
        answered: Default::default(),
    };
    let (shared, lost_one) = (with(&token), with(&lost));
    let patient = caller::admitted(&shared, "before");
    let path = format!("Patient/{patient}");
    let mut follower = caller::Follower::begin(&shared);
    assert!(follower.hears(&shared, "ready"));
    for round in 0..2 {
        victims::restart(&house);
        let began = Instant::now();
        while caller::ask(&shared, "GET", &path, "", "").status != 200 {
            assert!(began.elapsed() < PATIENCE, "not used again");
            thread::sleep(Duration::from_millis(50));
        }
        say(&format!("answered again after {:.1?}", began.elapsed()));
        let made = caller::admitted(&shared, &format!("after-{round}"));
        assert!(follower.hears(&shared, &made), "a follower missed what happened");
    }
    assert_eq!(caller::ask(&lost_one, "GET", &path, "", "").status, 200);
    let id = lost["id"].as_str().unwrap_or_default();
    house.ok(&["token", "revoke", "--organization", "oak", id]);
    // Told by the database, in less time than anything is remembered that nobody is told of.
    let began = Instant::now();
    while caller::ask(&lost_one, "GET", &path, "", "").status != 401 {
        assert!(began.elapsed() < Duration::from_secs(1), "the end of a token was not heard of");
        thread::sleep(Duration::from_millis(20));
    }
    afterwards::verified(&house);
    assert_eq!(server.stop("TERM"), Some(0));
}

/// Waits until every caller has had whole answers again.
fn all_are_answered(shared: &Shared, after: &str) {
    let before: Vec<usize> = shared.answered.iter().map(|count| count.load(Ordering::Acquire)).collect();
    let began = Instant::now();
    for (count, before) in shared.answered.iter().zip(before) {
        while count.load(Ordering::Acquire) < before + 2 {
            assert!(began.elapsed() < PATIENCE, "not everybody is answered {PATIENCE:?} after: {after}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
