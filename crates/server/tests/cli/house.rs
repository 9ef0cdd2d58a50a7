//! An installation in a temporary folder, and the program run on it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_lamplight");

/// A folder that every user may enter (PostgreSQL may run as another), removed at the end.
pub(crate) struct House(PathBuf);

impl House {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lamplight-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Makes an organization `oak` with facilities.
    pub(crate) fn make_oak(&self, facilities: &[&str]) {
        self.ok(&["organization", "create", "oak", "--name", "Oak Hill"]);
        for code in facilities {
            self.ok(&["facility", "create", "--organization", "oak", code, "--name", "A House"]);
            self.ok(&["facility", "start", "--organization", "oak", code]);
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.env("LAMPLIGHT_DATA_DIR", self.path("data"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed; gives what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran.out
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server, the lines it logged until it was ready, and where it answers. Commands beside it are quick: PostgreSQL runs.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) log: String,
    pub(crate) address: String,
}

impl Server {
    /// Starts one on `house` and waits until it is ready. What it prints is in `serve.out`.
    pub(crate) fn start(house: &House, arguments: &[&str]) -> Self {
        let figures = arguments.contains(&"--metrics");
        let usual = if figures { &[][..] } else { &["--no-metrics"] };
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], usual, arguments].concat();
        let mut command = house.command(&arguments);
        // Not a pipe: nobody reads it while the server starts.
        command.stdout(fs::File::create(house.path("serve.out")).unwrap()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut log = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the server becomes ready: {log}"));
            log += &line;
            log.push('\n');
            let json: Value = serde_json::from_str(&line).unwrap_or_default();
            if json["message"] == "ready" {
                break json["listen"].as_str().unwrap().to_owned();
            }
        };
        // Read to its end, so that the server never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, log, address }
    }

    /// Stops it; gives its exit code.
    pub(crate) fn stop(mut self, with: &str) -> Option<i32> {
        signal(with, &self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Still there when a test failed or did not care.
        if let Ok(None) = self.child.try_wait() {
            signal("TERM", &self.child);
            let _ = self.child.wait();
        }
    }
}

/// The program without an installation, and without what this machine's environment says of one.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("DATABASE_") || name.starts_with("LAMPLIGHT_"))
            && name != "LAMPLIGHT_POSTGRES_BIN"
        {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(crate) fn signal(name: &str, child: &Child) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}
