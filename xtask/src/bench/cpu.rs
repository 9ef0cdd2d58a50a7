//! CPU time from `/proc` (proc(5)): machines are noisy, CPU time much less so.

use std::path::Path;
use std::{fs, io};

/// Milliseconds in a clock tick of `/proc`: USER_HZ is 100 on every architecture that we run on.
const TICK: f64 = 10.0;

/// CPU time so far, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Of the server's process.
    pub(super) server: f64,
    /// Of the postmaster and of every process that it has or had.
    pub(super) postgres: f64,
}

impl Spent {
    /// What was spent since.
    pub(super) fn since(self, before: Self) -> Self {
        Self { server: self.server - before.server, postgres: self.postgres - before.postgres }
    }
}

/// The processes that are watched. The load generator is none of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    server: u32,
    postmaster: u32,
}

impl Meter {
    /// Watches a server and the PostgreSQL cluster in `cluster`.
    ///
    /// # Errors
    /// When the cluster has no postmaster.
    pub(super) fn new(server: u32, cluster: &Path) -> io::Result<Self> {
        let file = fs::read_to_string(cluster.join("postmaster.pid"))?;
        let postmaster = file.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(Self { server, postmaster: postmaster.ok_or(io::ErrorKind::InvalidData)? })
    }

    /// What was spent until now.
    ///
    /// # Errors
    /// When one of the two is no more.
    pub(super) fn read(&self) -> io::Result<Spent> {
        let server = Stat::of(self.server)?;
        // The children first: one that ends in between is then counted among the reaped, at the price of its last tick.
        let mut alive = 0;
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Ok(stat) = Stat::of(pid)
                && stat.parent == self.postmaster
            {
                alive += stat.own;
            }
        }
        let postmaster = Stat::of(self.postmaster)?;
        let postgres = alive + postmaster.own + postmaster.reaped;
        Ok(Spent { server: server.own as f64 * TICK, postgres: postgres as f64 * TICK })
    }

    /// The server's resident memory, now and at its highest, in megabytes.
    pub(super) fn memory(&self) -> Option<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server)).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        Some((field("VmRSS:")? / 1024, field("VmHWM:")? / 1024))
    }
}

/// How many processes wanted to run on this machine, on average over the last minute. Above the number of cores even CPU
/// time grows: caches are shared.
pub(super) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// CPU milliseconds of the children that this process has waited for.
pub(super) fn of_ended_children() -> io::Result<f64> {
    Ok(Stat::of(std::process::id())?.reaped as f64 * TICK)
}

/// The part of `/proc/<pid>/stat` that counts, in ticks.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that were waited for.
    reaped: u64,
}

impl Stat {
    fn of(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(text: &str) -> Option<Self> {
        // The second field is the program's name in brackets, and may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(14)? + ticks(15)?,
            reaped: ticks(16)? + ticks(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_program_is_called() {
        let line = "42 (a) b (c) S 7 1 1 0 -1 4194560 10 20 0 0 100 20 3 4 20 0 1 0 5 6 7";
        assert_eq!(Stat::parse(line), Some(Stat { parent: 7, own: 120, reaped: 7 }));
        assert_eq!(Stat::parse("42 (a) S 7"), None);
    }

    #[test]
    fn this_process_spends_time() {
        assert!(Stat::of(std::process::id()).is_ok());
        assert!(of_ended_children().is_ok());
        assert!(load_average().is_some());
    }
}
