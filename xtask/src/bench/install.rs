//! A private installation of its own, made by the program itself in a folder that is removed at the end.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Fallible;
use super::cpu::{self, Meter};
use super::http::Caller;

/// The organization that the bench works in: the first of a scale world.
pub(super) const ORGANIZATION: &str = "scale-000";

/// How long the program may take to start: the first time it makes a cluster.
const PATIENCE: Duration = Duration::from_secs(90);

/// Builds the program; gives its path.
pub(super) fn build(root: &Path) -> Fallible<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--package", "server", "--bin", "lamplight"]).current_dir(root);
    if !cargo.status()?.success() {
        return Err("the program does not build".into());
    }
    Ok(target(root).join("release/lamplight"))
}

/// Cargo's target folder.
pub(super) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// A running installation. Dropping it stops the program and removes the folder.
pub(super) struct Installation {
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    server: Option<Child>,
    /// What `serve` is told besides.
    flags: &'static [&'static str],
    keep: bool,
}

/// What a command of the program did.
pub(super) struct Ran {
    pub(super) output: String,
    /// CPU milliseconds of its process, PostgreSQL's not among them.
    pub(super) spent: f64,
    pub(super) took: Duration,
}

impl Installation {
    /// Makes the folder and starts the program there; gives how long it took to be ready as well.
    pub(super) async fn start(
        program: PathBuf,
        flags: &'static [&'static str],
        keep: bool,
    ) -> Fallible<(Self, Duration)> {
        let folder = std::env::temp_dir().join(format!("lamplight-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        // Freed at once, and hardly taken by another before the program takes it.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut this = Self { program, folder, address, server: None, flags, keep };
        let took = this.serve().await?;
        Ok((this, took))
    }

    async fn serve(&mut self) -> Fallible<Duration> {
        let begun = Instant::now();
        let log = File::create(self.log())?;
        let mut command =
            self.command(&["serve", "--no-metrics", "--organization-rate", "100000", "--listen"]);
        command.arg(self.address.to_string()).args(self.flags);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.server = Some(command.spawn()?);
        let anyone = Caller::new(self.address, "none".to_owned());
        loop {
            if let Ok(mut connection) = anyone.connect().await
                && connection.ask(&anyone.get("/ready")).await.is_ok_and(|answer| answer.status == 204)
            {
                return Ok(begun.elapsed());
            }
            let ended = self.server.as_mut().is_some_and(|server| !matches!(server.try_wait(), Ok(None)));
            if ended || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.log()).unwrap_or_default();
                return Err(
                    format!("the program did not become ready; its log ends with\n{}", tail(&log)).into()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the program and starts it again; gives how long it took to be ready.
    pub(super) async fn restart(&mut self) -> Fallible<Duration> {
        self.stop();
        self.serve().await
    }

    /// What the bench measures.
    pub(super) fn meter(&self) -> Fallible<Meter> {
        let server = self.server.as_ref().ok_or("the program does not run")?;
        Ok(Meter::new(server.id(), &self.folder.join("data/postgres"))?)
    }

    /// How to connect to the database as the superuser, whom no wall stops.
    pub(super) fn superuser(&self) -> Fallible<String> {
        let attached = embedded::attach(&self.folder.join("data"))?;
        Ok(attached.connection_string(attached.superuser(), "lamplight"))
    }

    /// What the database says of itself.
    pub(super) fn postgres_log(&self) -> PathBuf {
        self.folder.join("data/postgres.log")
    }

    /// The codes of the organization's facilities.
    pub(super) fn facilities(&self) -> Fallible<Vec<String>> {
        let listed = self.run(&["facility", "list", "--organization", ORGANIZATION, "--json"])?.output;
        let listed: serde_json::Value = serde_json::from_str(&listed)?;
        let codes = listed.as_array().into_iter().flatten().filter_map(|facility| facility["code"].as_str());
        Ok(codes.map(str::to_owned).collect())
    }

    /// The code of the organization's first facility.
    pub(super) fn facility(&self) -> Fallible<String> {
        Ok(self.facilities()?.into_iter().next().ok_or("the organization has no facility")?)
    }

    /// A caller with a token for everything at one facility.
    pub(super) fn caller(&self, facility: &str) -> Fallible<Caller> {
        self.caller_at(&["--facility", facility])
    }

    /// A caller with a token for everything at every facility.
    pub(super) fn caller_everywhere(&self) -> Fallible<Caller> {
        self.caller_at(&["--all-facilities"])
    }

    fn caller_at(&self, place: &[&str]) -> Fallible<Caller> {
        let issue =
            ["token", "issue", "--name", "bench", "--all", "--days", "1", "--organization", ORGANIZATION];
        let issue = [&issue[..], place].concat();
        Ok(Caller::new(self.address, self.run(&issue)?.output.trim().to_owned()))
    }

    /// A folder for files of the bench.
    pub(super) fn scratch(&self, name: &str) -> Fallible<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Runs a command of the program beside the server. Records that were refused (code 3) are no failure.
    pub(super) fn run(&self, arguments: &[&str]) -> Fallible<Ran> {
        let (before, begun) = (cpu::of_ended_children()?, Instant::now());
        let ended = self.command(arguments).stdin(Stdio::null()).output()?;
        let (spent, took) = (cpu::of_ended_children()? - before, begun.elapsed());
        if !matches!(ended.status.code(), Some(0 | 3)) {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(
                format!("lamplight {}: {}\n{}", arguments.join(" "), ended.status, tail(&said)).into()
            );
        }
        Ok(Ran { output: String::from_utf8(ended.stdout)?, spent, took })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // Nothing of the machine's own installation may reach this one.
        for name in ["DATABASE_URL", "DATABASE_OWNER_URL", "LAMPLIGHT_ROOT_KEY_FILE", "LAMPLIGHT_ENV"] {
            command.env_remove(name);
        }
        command.env("LAMPLIGHT_DATA_DIR", self.folder.join("data")).args(arguments);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }

    fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // SIGTERM, so that it stops its PostgreSQL; `Child::kill` would leave that running.
        let _ = Command::new("kill").arg(server.id().to_string()).status();
        let _ = server.wait();
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop();
        if self.keep {
            let _ = writeln!(std::io::stderr(), "bench: kept {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
