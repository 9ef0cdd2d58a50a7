//! Other people's programs that judge ours: fetched once from their registries into the build folder, under
//! `tests/`. Where they cannot be had the tests that need them say so and show nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(150);

/// Node, and the folder with the npm package `package` in its `node_modules`.
pub(crate) async fn npm(name: &str, package: &str) -> Result<PathBuf, String> {
    fetch(name, Path::new("node_modules").join(package), |folder| {
        let mut command = Command::new("npm");
        command.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=0",
            "--ignore-scripts",
            "--prefix",
        ]);
        command.arg(folder).arg(package);
        command
    })
    .await
}

/// The folder with the Python package `name`, of these requirements: for PYTHONPATH.
pub(crate) async fn pip(name: &str, module: &str, requirements: &[&str]) -> Result<PathBuf, String> {
    fetch(name, PathBuf::from(module), |folder| {
        let mut command = Command::new("python3");
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--retries=0",
            "--target",
        ]);
        command.arg(folder).args(requirements);
        command
    })
    .await
}

/// Runs `command` unless `proof` is there already; one process at a time.
async fn fetch(name: &str, proof: PathBuf, command: impl Fn(&Path) -> Command) -> Result<PathBuf, String> {
    // `target/tmp`, where Cargo lets tests write.
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests");
    std::fs::create_dir_all(&tests).unwrap();
    let lock = File::create(tests.join(format!("{name}.lock"))).unwrap();
    tokio::task::spawn_blocking({
        let lock = lock.try_clone().unwrap();
        move || lock.lock().unwrap()
    })
    .await
    .unwrap();
    let folder = tests.join(name);
    if folder.join(&proof).exists() {
        return Ok(folder);
    }
    let mut command = command(&folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let fetching = async {
        let status = tokio::process::Command::from(command).kill_on_drop(true).status().await;
        status.map_err(|error| error.to_string())
    };
    let why = match tokio::time::timeout(PATIENCE, fetching).await {
        Ok(Ok(status)) if status.success() && folder.join(&proof).exists() => return Ok(folder),
        Ok(Ok(status)) => status.to_string(),
        Ok(Err(error)) => error,
        Err(_) => "it took too long".to_owned(),
    };
    // What is half there must not count the next time.
    let _ = std::fs::remove_dir_all(&folder);
    Err(format!("{name} cannot be fetched here: {why}"))
}

/// A program, ended with its test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks until something listens at `port`.
pub(crate) async fn listens(port: u16, patience: Duration) -> bool {
    let asking = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(patience, asking).await.is_ok()
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
