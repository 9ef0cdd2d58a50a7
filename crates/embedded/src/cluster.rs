//! The cluster on disk: made once, its settings written at every start.

use crate::{Binaries, Error, error::During, owner::Owner, settings};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The cluster's superuser.
pub(crate) const SUPERUSER: &str = "postgres";

/// The longest path of a Unix socket, in bytes (108 in Linux with the closing zero).
const SOCKET_PATH_LIMIT: usize = 107;

/// A new log file is begun at a start that finds more than this many bytes.
const LOG_LIMIT: u64 = 8 << 20;

/// Where everything of one private PostgreSQL lies.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) binaries: Binaries,
    pub(crate) owner: Owner,
    /// `data_dir/postgres`.
    pub(crate) dir: PathBuf,
    /// `data_dir/socket`, or a short folder elsewhere.
    pub(crate) socket_dir: PathBuf,
    /// `data_dir/postgres.log`.
    pub(crate) log: PathBuf,
    /// The superuser's password.
    pub(crate) password: Password,
}

/// A password, kept out of debug output.
#[derive(Clone)]
pub(crate) struct Password(pub(crate) String);

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Password(..)")
    }
}

/// The major version that made the cluster in `data_dir`, if there is one.
pub(crate) fn made_by(data_dir: &Path) -> Option<u32> {
    fs::read_to_string(data_dir.join("postgres/PG_VERSION")).ok()?.trim().parse().ok()
}

impl Cluster {
    /// Opens the cluster of `data_dir`, making it on first use. The caller holds the lock.
    pub(crate) fn open(data_dir: &Path, binaries: Binaries, owner: Owner, ours: u32) -> Result<Self, Error> {
        let dir = data_dir.join("postgres");
        if let Some(made_by) = made_by(data_dir).filter(|major| *major != binaries.major) {
            return Err(Error::WrongVersion {
                cluster: dir,
                made_by,
                bin_dir: binaries.dir,
                found: binaries.major,
            });
        }
        if matches!(owner, Owner::Other { .. }) {
            // Our own folder may be entered, not listed; the folders above it are not ours to change.
            set_mode(data_dir, 0o711)?;
        }
        owner.must_enter(data_dir)?;
        owner.must_enter(&binaries.dir)?;
        let password = password(data_dir, &owner)?;
        let socket_dir = socket_dir(data_dir, &owner, ours)?;
        let cluster = Self { binaries, owner, dir, socket_dir, log: data_dir.join("postgres.log"), password };
        if made_by(data_dir).is_none() {
            cluster.make(data_dir)?;
        }
        Ok(cluster)
    }

    /// Runs `initdb` beside the final place and renames, so that an interrupted first start leaves no half a cluster.
    fn make(&self, data_dir: &Path) -> Result<(), Error> {
        tracing::info!(cluster = %self.dir.display(), version = self.binaries.major, "making the PostgreSQL cluster");
        let unfinished = data_dir.join("postgres.new");
        if self.initdb(data_dir, &unfinished, "C.UTF-8").is_err() {
            // A system without the C.UTF-8 locale: upper() and lower() then know ASCII only.
            self.initdb(data_dir, &unfinished, "C")?;
        }
        fs::rename(&unfinished, &self.dir).during(|| format!("make {}", self.dir.display()))?;
        File::open(data_dir).and_then(|dir| dir.sync_all()).during(|| format!("sync {}", data_dir.display()))
    }

    fn initdb(&self, data_dir: &Path, target: &Path, ctype: &str) -> Result<(), Error> {
        if target.exists() {
            fs::remove_dir_all(target).during(|| format!("remove {}", target.display()))?;
        }
        fs::create_dir(target).during(|| format!("make {}", target.display()))?;
        self.owner.hand_over(target, 0o700)?;
        let mut command = self.owner.command(&self.binaries.program("initdb"));
        command.arg("--pgdata").arg(target).arg("--pwfile").arg(data_dir.join(PASSWORD_FILE));
        command.args(["--username", SUPERUSER, "--auth-local=scram-sha-256", "--auth-host=reject"]);
        command.args(["--data-checksums", "--encoding=UTF8", "--locale=C", "--lc-ctype", ctype]);
        run("initdb", command)
    }

    /// Writes the include file of settings, so that a new program's settings take effect on an old cluster.
    pub(crate) fn configure(&self, callers: &[(String, String)]) -> Result<(), Error> {
        self.write("lamplight.conf", &settings::render(&self.socket_dir, callers, "on")?)?;
        let main = self.dir.join("postgresql.conf");
        let text = fs::read_to_string(&main).during(|| format!("read {}", main.display()))?;
        const INCLUDE: &str = "include 'lamplight.conf'";
        if text.lines().next_back() != Some(INCLUDE) {
            let mut lines: Vec<&str> = text.lines().filter(|line| *line != INCLUDE).collect();
            lines.push(INCLUDE);
            self.write("postgresql.conf", &(lines.join("\n") + "\n"))?;
        }
        if self.accepts("wal_compression=lz4") {
            self.write("lamplight.conf", &settings::render(&self.socket_dir, callers, "lz4")?)?;
        }
        Ok(())
    }

    /// Whether this build of PostgreSQL accepts a setting.
    fn accepts(&self, setting: &str) -> bool {
        let name = setting.split('=').next().unwrap_or(setting);
        let mut command = self.owner.command(&self.binaries.program("postgres"));
        command.arg("-D").arg(&self.dir).args(["-C", name, "-c", setting]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Replaces a file of the cluster's folder in one step.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.dir.join(name);
        let fresh = self.dir.join(format!("{name}.new"));
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh);
        file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .during(|| format!("write {}", fresh.display()))?;
        self.owner.hand_over(&fresh, 0o600)?;
        fs::rename(&fresh, &path).during(|| format!("write {}", path.display()))
    }

    /// The log file for a server about to start.
    pub(crate) fn open_log(&self) -> Result<File, Error> {
        if fs::metadata(&self.log).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
            let old = self.log.with_extension("log.1");
            fs::rename(&self.log, &old).during(|| format!("rename {}", self.log.display()))?;
        }
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.log);
        opened.during(|| format!("open {}", self.log.display()))
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        tail(&fs::read_to_string(&self.log).unwrap_or_default(), 6)
    }
}

/// Runs a program to its end; its last lines become the error.
pub(crate) fn run(program: &'static str, mut command: Command) -> Result<(), Error> {
    let output = command.output().during(|| format!("run {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(Error::Program { program, output: tail(&String::from_utf8_lossy(&text), 6) })
}

pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .during(|| format!("set the mode of {}", path.display()))
}

const PASSWORD_FILE: &str = "postgres.password";

/// The superuser's password: read, or made before the first `initdb`, which takes it from this file.
fn password(data_dir: &Path, owner: &Owner) -> Result<Password, Error> {
    if let Some(password) = read_password(data_dir) {
        return Ok(password);
    }
    let path = data_dir.join(PASSWORD_FILE);
    let password = random_hex(32)?;
    let _ = fs::remove_file(&path);
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
    file.and_then(|mut file| writeln!(file, "{password}").and_then(|()| file.sync_all()))
        .during(|| format!("write {}", path.display()))?;
    owner.hand_over(&path, 0o600)?;
    Ok(Password(password))
}

/// The superuser's password, if it was made.
pub(crate) fn read_password(data_dir: &Path) -> Option<Password> {
    let text = fs::read_to_string(data_dir.join(PASSWORD_FILE)).ok()?;
    (text.trim().len() >= 32).then(|| Password(text.trim().to_owned()))
}

/// `bytes` of the system's randomness in hexadecimal. A secret of the machine, hence no seeded source.
fn random_hex(bytes: usize) -> Result<String, Error> {
    let mut raw = vec![0; bytes];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut raw))
        .during(|| "read /dev/urandom".to_owned())?;
    Ok(raw.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The folder of the socket, private to the owner: `data_dir/socket`, unless the path is too long for a socket; then
/// a folder of a random name under the system's run or temporary folder, remembered in `data_dir/socket.path`.
fn socket_dir(data_dir: &Path, owner: &Owner, ours: u32) -> Result<PathBuf, Error> {
    let usual = data_dir.join("socket");
    if fits(&usual) {
        if !usual.is_dir() {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&usual)
                .during(|| format!("make {}", usual.display()))?;
        }
        owner.hand_over(&usual, 0o700)?;
        return Ok(usual);
    }
    let memory = data_dir.join("socket.path");
    if let Some(dir) = known_socket_dir(data_dir).filter(|dir| fits(dir) && owner.has_private(dir, ours)) {
        return Ok(dir);
    }
    let name = format!("lamplight-{}", random_hex(8)?);
    let run_dir = format!("/run/user/{ours}");
    let parents = [PathBuf::from(run_dir), std::env::temp_dir(), PathBuf::from("/tmp")];
    let parents = parents.iter().filter(|parent| parent.is_dir() && owner.must_enter(parent).is_ok());
    let short =
        parents.map(|parent| parent.join(&name)).find(|dir| fits(dir)).unwrap_or_else(|| usual.clone());
    // `create` fails when somebody made the folder before us: it is never shared with a stranger.
    fs::DirBuilder::new().mode(0o700).create(&short).during(|| format!("make {}", short.display()))?;
    owner.hand_over(&short, 0o700)?;
    fs::write(&memory, format!("{}\n", short.display())).during(|| format!("write {}", memory.display()))?;
    Ok(short)
}

/// Where the socket's folder is, when a program made it before.
pub(crate) fn known_socket_dir(data_dir: &Path) -> Option<PathBuf> {
    let usual = data_dir.join("socket");
    if fits(&usual) {
        return Some(usual);
    }
    fs::read_to_string(data_dir.join("socket.path")).ok().map(|text| PathBuf::from(text.trim()))
}

fn fits(dir: &Path) -> bool {
    dir.join(format!(".s.PGSQL.{}", settings::PORT)).as_os_str().len() <= SOCKET_PATH_LIMIT
}
