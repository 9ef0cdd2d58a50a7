//! The server process: started, asked whether it is ready, stopped, its leftovers cleared.

use crate::{Error, cluster::Cluster, error::During, settings};
use std::{
    fs,
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Stdio},
    thread::sleep,
    time::Duration,
};

/// How often a state is looked at while waiting.
const TICK: Duration = Duration::from_millis(20);

/// How long a start may take: the recovery after a crash replays up to `max_wal_size` and more.
const START_SECONDS: u64 = 600;

/// How long a fast shutdown may take (it writes everything out) before it becomes an immediate one.
const STOP_SECONDS: u64 = 60;

/// How long processes get to end after an immediate shutdown.
const QUIT_SECONDS: u64 = 10;

fn ticks(seconds: u64) -> u64 {
    seconds * 1000 / 20
}

/// A `postgres` process that is our child.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts the server and waits until it accepts connections. `abandon` is asked while waiting; when it says
    /// true the server is stopped again.
    pub(crate) fn start(cluster: &Cluster, abandon: impl Fn() -> bool) -> Result<Self, Error> {
        Self::start_within(cluster, START_SECONDS, abandon)
    }

    /// The same with another limit, for a recovery that replays days.
    pub(crate) fn start_within(
        cluster: &Cluster,
        seconds: u64,
        abandon: impl Fn() -> bool,
    ) -> Result<Self, Error> {
        let log = cluster.open_log()?;
        let log_too = log.try_clone().during(|| "share the log".to_owned())?;
        let mut command = cluster.owner.command(&cluster.binaries.program("postgres"));
        command.arg("-D").arg(&cluster.dir).stdout(Stdio::from(log)).stderr(Stdio::from(log_too));
        let child = command.spawn().during(|| "run postgres".to_owned())?;
        let mut server = Self { child };
        for _ in 0..ticks(seconds) {
            if server.has_ended() {
                return Err(Error::Exited { log: cluster.log_tail() });
            }
            if server.is_ready(cluster) {
                return Ok(server);
            }
            if abandon() {
                server.stop(cluster)?;
                return Err(Error::Stopped);
            }
            sleep(TICK);
        }
        server.stop(cluster)?;
        Err(Error::Timeout { what: "start", seconds, log: cluster.log.clone() })
    }

    /// The process id of the postmaster.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended (and then takes it off the system's list).
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// `postmaster.pid` names our child and says `ready`, and the socket answers.
    fn is_ready(&self, cluster: &Cluster) -> bool {
        let Some(file) = PidFile::read(&cluster.dir) else { return false };
        let socket = cluster.socket_dir.join(format!(".s.PGSQL.{}", settings::PORT));
        file.pid == self.pid() && file.ready && UnixStream::connect(socket).is_ok()
    }

    /// Fast shutdown: sessions are ended, everything is written out. Past the limit an immediate one, which the next
    /// start recovers from.
    pub(crate) fn stop(&mut self, cluster: &Cluster) -> Result<(), Error> {
        for (name, seconds) in [("INT", STOP_SECONDS), ("QUIT", QUIT_SECONDS)] {
            if self.has_ended() {
                return Ok(());
            }
            signal(cluster, name, self.pid());
            for _ in 0..ticks(seconds) {
                if self.has_ended() {
                    return Ok(());
                }
                sleep(TICK);
            }
        }
        self.child.kill().and_then(|()| self.child.wait()).during(|| "kill postgres".to_owned())?;
        clear_leftovers(cluster)
    }
}

/// What matters of `postmaster.pid`: its first line and its eighth
/// (<https://www.postgresql.org/docs/15/storage-file-layout.html>).
struct PidFile {
    pid: u32,
    ready: bool,
}

impl PidFile {
    fn read(cluster_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(cluster_dir.join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        Some(Self { pid, ready: text.lines().nth(7).is_some_and(|line| line.trim() == "ready") })
    }
}

/// Makes way for a new server: ends the one an earlier program left running, ends server processes that outlived
/// their postmaster, and removes a `postmaster.pid` whose number now belongs to somebody else's process (after a
/// crash of the machine or in a new container), which PostgreSQL itself would take for a running server. The caller
/// holds the lock of the data folder, so none of them has a program any more.
pub(crate) fn clear_leftovers(cluster: &Cluster) -> Result<(), Error> {
    let file = PidFile::read(&cluster.dir).filter(|file| exists(file.pid));
    if let Some(orphan) = file.as_ref().filter(|file| is_postmaster(cluster, file.pid)) {
        tracing::warn!(pid = orphan.pid, "stopping the PostgreSQL that an earlier program left running");
        let waits = [("INT", STOP_SECONDS), ("QUIT", QUIT_SECONDS), ("KILL", QUIT_SECONDS)];
        end(
            cluster,
            &waits,
            || if is_postmaster(cluster, orphan.pid) { vec![orphan.pid] } else { Vec::new() },
        )?;
    }
    let waits = [("QUIT", QUIT_SECONDS), ("KILL", QUIT_SECONDS)];
    end(cluster, &waits, || processes_in(&cluster.dir))?;
    if let Some(stranger) = file.filter(|file| exists(file.pid) && !is_postmaster(cluster, file.pid)) {
        let path = cluster.dir.join("postmaster.pid");
        tracing::warn!(pid = stranger.pid, "removing a postmaster.pid that names a process of somebody else");
        // It may have gone meanwhile.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

/// Sends each signal in turn to the processes still there until there are none.
fn end(cluster: &Cluster, waits: &[(&str, u64)], there: impl Fn() -> Vec<u32>) -> Result<(), Error> {
    for (name, seconds) in waits {
        for pid in there() {
            signal(cluster, name, pid);
        }
        for _ in 0..ticks(*seconds) {
            if there().is_empty() {
                return Ok(());
            }
            sleep(TICK);
        }
    }
    let seconds = waits.iter().map(|(_, seconds)| seconds).sum();
    Err(Error::Timeout { what: "stop", seconds, log: cluster.log.clone() })
}

/// `pg_ctl kill` is there on every machine that has a server, and needs no unsafe code.
fn signal(cluster: &Cluster, name: &str, pid: u32) {
    let mut command = cluster.owner.command(&cluster.binaries.program("pg_ctl"));
    command.args(["kill", name, &pid.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    // The process may have ended by itself; the caller looks.
    if let Err(error) = command.status() {
        tracing::warn!(%error, "cannot run pg_ctl");
    }
}

fn exists(pid: u32) -> bool {
    // Without /proc nothing can be told of a process, and PostgreSQL's own checks decide.
    Path::new(&format!("/proc/{pid}")).exists() && !is_zombie(pid)
}

/// A dead process that its parent has not asked about: it holds nothing any more.
fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// Whether `pid` is a server of this cluster: it works in the cluster's folder, or was started with its path (where
/// the system does not let us see the former).
fn is_postmaster(cluster: &Cluster, pid: u32) -> bool {
    if !exists(pid) {
        return false;
    }
    let Some(dir) = cluster.dir.to_str() else { return false };
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    works_in(pid, &cluster.dir) || command.split(|byte| *byte == 0).any(|word| word == dir.as_bytes())
}

fn works_in(pid: u32, dir: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == dir)
}

/// Server processes change into the cluster's folder; nothing else has business there.
fn processes_in(dir: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| works_in(*pid, dir) && is_server_program(*pid) && !is_zombie(*pid)).collect()
}

/// An operator's shell may stand in the folder too.
fn is_server_program(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
}
