//! Who is killed.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::{Dice, PATIENCE};
use crate::house::House;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    /// The program, its PostgreSQL left behind.
    Server,
    Postmaster,
    /// One that works for the program.
    Backend,
    Checkpointer,
    WalWriter,
    BackgroundWriter,
}

impl Victim {
    pub(super) const ALL: [Self; 6] = [
        Self::Server,
        Self::Backend,
        Self::Postmaster,
        Self::Checkpointer,
        Self::WalWriter,
        Self::BackgroundWriter,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Server => "the server",
            Self::Postmaster => "the postmaster",
            Self::Backend => "a backend",
            Self::Checkpointer => "the checkpointer",
            Self::WalWriter => "the WAL writer",
            Self::BackgroundWriter => "the background writer",
        }
    }

    /// Kills one of the private PostgreSQL's own processes, and never another's.
    pub(super) fn kill(self, house: &House, dice: &mut Dice) {
        let postmaster = postmaster(house);
        let title = match self {
            Self::Server => return,
            Self::Postmaster => return send("KILL", postmaster),
            Self::Backend => "lamplight_app",
            Self::Checkpointer => "checkpointer",
            Self::WalWriter => "walwriter",
            Self::BackgroundWriter => "background writer",
        };
        let found: Vec<u32> = children(postmaster)
            .into_iter()
            .filter(|(_, its)| its.contains(title))
            .map(|(pid, _)| pid)
            .collect();
        assert!(!found.is_empty(), "there is no {}", self.name());
        send("KILL", found[dice.below(found.len())]);
    }
}

/// Stops the private PostgreSQL in all form: its sessions are ended, and it is started again by whoever watches it.
pub(super) fn restart(house: &House) {
    let before = postmaster(house);
    send("INT", before);
    let began = Instant::now();
    while fs::read_to_string(house.path(PID_FILE)).is_ok_and(|file| first(&file) == Some(before)) {
        assert!(began.elapsed() < PATIENCE, "PostgreSQL does not stop");
        thread::sleep(Duration::from_millis(20));
    }
}

const PID_FILE: &str = "data/postgres/postmaster.pid";

fn first(file: &str) -> Option<u32> {
    file.lines().next()?.trim().parse().ok()
}

fn postmaster(house: &House) -> u32 {
    let file = fs::read_to_string(house.path(PID_FILE)).unwrap();
    first(&file).unwrap_or_else(|| panic!("no process id: {file}"))
}

fn send(signal: &str, pid: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(sent.success());
}

/// The processes that this one has made, with their titles.
fn children(parent: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().map(Result::unwrap) {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        // Some end while they are looked at.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(rest) = stat.rsplit_once(") ").map(|(_, rest)| rest) else { continue };
        if rest.split(' ').nth(1).and_then(|text| text.parse().ok()) != Some(parent) {
            continue;
        }
        let title = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        found.push((pid, String::from_utf8_lossy(&title).into_owned()));
    }
    found
}
