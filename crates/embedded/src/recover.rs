//! A cluster out of a backup: a place for its files, and the recovery that makes of them a cluster like any other.

use crate::{
    Binaries, Error,
    cluster::{self, Cluster, SUPERUSER},
    error::During,
    locate,
    lock::Lock,
    owner::{self, Owner},
    server::{Server, clear_leftovers},
    site::write_private,
};
use std::{
    fs,
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// How long a recovery may take: it may replay days.
const RECOVERY_SECONDS: u64 = 48 * 3600;

/// Of what a recovery said in the log.
const LAST: &str = "last completed transaction was at log time ";

/// A data folder whose cluster is still to come out of a backup. No other program uses it meanwhile.
#[derive(Debug)]
pub struct Blank {
    data_dir: PathBuf,
    owner: Owner,
    _lock: Lock,
}

/// What a recovery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The time of the last transaction in it, in PostgreSQL's words; nothing when none was replayed.
    pub last_transaction: Option<String>,
}

impl Blank {
    /// Takes `data_dir`, which has no cluster and is made when it is not there.
    ///
    /// # Errors
    /// [`Error::Occupied`] when a cluster is there, or the beginning of one; [`Error::InUse`]; [`Error::NotTraversable`].
    pub fn take(data_dir: &Path) -> Result<Self, Error> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(data_dir);
        made.during(|| format!("make {}", data_dir.display()))?;
        let data_dir = data_dir.canonicalize().during(|| format!("open {}", data_dir.display()))?;
        let lock = Lock::take(&data_dir)?;
        let cluster = data_dir.join("postgres");
        if cluster.exists() {
            return Err(Error::Occupied(cluster));
        }
        let owner = Owner::choose(owner::our_uid()?, &cluster)?;
        if matches!(owner, Owner::Other { .. }) {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o711))
                .during(|| format!("set the mode of {}", data_dir.display()))?;
        }
        owner.must_enter(&data_dir)?;
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&cluster)
            .during(|| format!("make {}", cluster.display()))?;
        owner.hand_over(&cluster, 0o700)?;
        Ok(Self { data_dir, owner, _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Where the files of the cluster go.
    #[must_use]
    pub fn cluster(&self) -> PathBuf {
        self.data_dir.join("postgres")
    }

    /// Whom they have to belong to.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The programs of the version of the cluster that was put here.
    ///
    /// # Errors
    /// As [`crate::locate`].
    pub fn binaries(&self) -> Result<Binaries, Error> {
        locate::locate_major(None, cluster::made_by(&self.data_dir))
    }

    /// Replaces a file that is the owner's alone, in one step.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        write_private(&self.owner, path, text)
    }

    /// Recovers the files put here up to what `settings` and the files themselves ask for, stops the server, and gives
    /// the superuser a password of this folder's own. What the backup's settings were is forgotten. Dropping the future
    /// stops the server.
    ///
    /// # Errors
    /// [`Error::Exited`] with the end of the server's log when the recovery fails.
    pub async fn recover(self, settings: Vec<(String, String)>) -> Result<Recovered, Error> {
        let abandoned = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&abandoned);
        let _guard = Abandon(abandoned);
        let recovered = tokio::task::spawn_blocking(move || self.recover_blocking(&settings, &flag)).await;
        recovered.map_err(std::io::Error::other).during(|| "recover".to_owned())?
    }

    fn recover_blocking(
        self,
        settings: &[(String, String)],
        abandoned: &AtomicBool,
    ) -> Result<Recovered, Error> {
        let cluster = Cluster::open(&self.data_dir, self.binaries()?, self.owner.clone(), owner::our_uid()?)?;
        clear_leftovers(&cluster)?;
        cluster.configure(settings)?;
        let mut server =
            Server::start_within(&cluster, RECOVERY_SECONDS, || abandoned.load(Ordering::Relaxed))?;
        server.stop(&cluster)?;
        let log = fs::read_to_string(&cluster.log).unwrap_or_default();
        let last = log.lines().rev().find_map(|line| line.split_once(LAST));
        // What was asked of this recovery is not asked of the next start.
        let asked = cluster.dir.join("postgresql.auto.conf");
        write_private(&self.owner, &asked, "")?;
        cluster.configure(&[])?;
        set_password(&cluster)?;
        Ok(Recovered { last_transaction: last.map(|(_, time)| time.trim().to_owned()) })
    }
}

/// Says when dropped that nobody waits any more.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sets the superuser's password to that of the folder, without a server that anybody else could enter.
fn set_password(cluster: &Cluster) -> Result<(), Error> {
    let during = || "set the password of the restored cluster".to_owned();
    let mut command = cluster.owner.command(&cluster.binaries.program("postgres"));
    command.arg("--single").arg("-j").arg("-D").arg(&cluster.dir).arg("postgres");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().during(during)?;
    if let Some(mut stdin) = child.stdin.take() {
        // Hexadecimal: nothing to quote.
        let statement = format!("ALTER ROLE {SUPERUSER} PASSWORD '{}';\n\n", cluster.password.0);
        stdin.write_all(statement.as_bytes()).during(during)?;
    }
    let output = child.wait_with_output().during(during)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !said.contains("ERROR") && !said.contains("FATAL") {
        return Ok(());
    }
    // Its words may repeat the statement.
    Err(Error::Program { program: "postgres --single", output: "the password could not be set".to_owned() })
}
