//! Backups of a private PostgreSQL, and of the files that lie beside it, in a *repository*: a folder, best on another
//! machine.
//!
//! The cluster is copied as a whole and its log (WAL) is archived as it is written, so that any moment since the oldest
//! backup can be restored. pgBackRest does that where it is on the machine; else PostgreSQL's own `pg_basebackup` and we.
//! A repository is of one of them for good ([`Tool`]).
//!
//! Invariants:
//! - What lies in a repository is encrypted with a secret that lies elsewhere. No secret is on a command line, and none in
//!   a file that others may read.
//! - A restore touches no folder that holds a cluster, and leaves a cluster that starts like any other.
//! - What was altered in a repository is named; it is never restored as if it were whole.

mod error;
mod files;
mod list;
mod own;
mod pgbackrest;
mod run;
mod seal;

pub use error::Error;
pub use seal::Secret;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use embedded::{Blank, Site};
use jiff::{SignedDuration, Timestamp};
use kernel::World;
use serde::{Deserialize, Serialize};

use crate::error::During as _;

/// What says that a folder is a repository, and of which tool.
const DESCRIPTION: &str = "lamplight.json";

/// From one full backup to the next; between them, differences from the last full one.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(6 * 24 + 12);

/// What takes the backups of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// pgBackRest.
    PgBackRest,
    /// `pg_basebackup`, and this crate.
    Own,
}

/// How much a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The whole cluster.
    Full,
    /// What differs from the last full one.
    Differential,
}

impl Kind {
    /// `full` or `differential`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Differential => "differential",
        }
    }
}

/// A backup that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its name in the repository.
    pub label: String,
    /// How much it holds.
    pub kind: Kind,
    /// When it was begun.
    pub began: Timestamp,
    /// From when on it can be restored.
    pub ended: Timestamp,
    /// What it takes in the repository.
    pub bytes: u64,
}

/// Something in a repository that is not what was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, within the repository.
    pub what: String,
    /// How it shows.
    pub how: String,
}

/// What is to be restored.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The state at this time; else of the log all there is.
    pub at: Option<Timestamp>,
    /// Where files go, if anywhere.
    pub files: Option<&'a Path>,
    /// Whether it is thrown away again: then nothing waits for the disk.
    pub on_trial: bool,
}

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup that it began with.
    pub label: String,
    /// The time of the last transaction in it, in PostgreSQL's words; nothing when none was replayed.
    pub last_transaction: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u32,
    tool: Tool,
}

/// A folder of backups. It has no `Debug`: it knows its secret.
#[derive(Clone)]
pub struct Repository {
    dir: PathBuf,
    tool: Tool,
    secret: Secret,
    newest_only: bool,
}

impl Repository {
    /// Opens the repository in `dir`.
    ///
    /// # Errors
    /// [`Error::NoRepository`]; [`Error::NoPgBackRest`].
    pub fn open(dir: &Path, secret: Secret) -> Result<Self, Error> {
        let file = dir.join(DESCRIPTION);
        if !file.exists() {
            return Err(Error::NoRepository(dir.to_owned()));
        }
        let text = fs::read_to_string(&file).during(|| format!("read {}", file.display()))?;
        let damaged = || Error::Damaged { what: DESCRIPTION.to_owned(), how: "it is not ours".to_owned() };
        let description: Description = serde_json::from_str(&text).map_err(|_| damaged())?;
        if description.format != 1 {
            return Err(damaged());
        }
        if description.tool == Tool::PgBackRest && pgbackrest::program().is_none() {
            return Err(Error::NoPgBackRest(dir.to_owned()));
        }
        let dir = dir.canonicalize().during(|| format!("open {}", dir.display()))?;
        text_of(&dir)?;
        Ok(Self { dir, tool: description.tool, secret, newest_only: false })
    }

    /// Opens the repository in `dir`, or makes it there: with `wanted`, else with pgBackRest where it is on the machine.
    ///
    /// # Errors
    /// [`Error::Foreign`] when something else is there; as [`Repository::open`].
    pub fn open_or_make(dir: &Path, secret: Secret, wanted: Option<Tool>) -> Result<Self, Error> {
        if !dir.join(DESCRIPTION).exists() {
            Self::make(dir, wanted)?;
        }
        Self::open(dir, secret)
    }

    fn make(dir: &Path, wanted: Option<Tool>) -> Result<(), Error> {
        let here = pgbackrest::program().is_some();
        let tool = wanted.unwrap_or(if here { Tool::PgBackRest } else { Tool::Own });
        if tool == Tool::PgBackRest && !here {
            return Err(Error::NoPgBackRest(dir.to_owned()));
        }
        let what = || format!("make {}", dir.display());
        DirBuilder::new().recursive(true).mode(0o700).create(dir).during(what)?;
        if fs::read_dir(dir).during(what)?.next().is_some() {
            return Err(Error::Foreign(dir.to_owned()));
        }
        // PostgreSQL's user passes through it to the part that is pgBackRest's; nobody looks into it.
        fs::set_permissions(dir, fs::Permissions::from_mode(0o711)).during(what)?;
        let description = serde_json::to_string(&Description { format: 1, tool }).unwrap_or_default();
        write_whole(&dir.join(DESCRIPTION), description.as_bytes())
    }

    /// The repository that was in `dir` and of `tool`, whether it is there now or not.
    #[must_use]
    pub fn known(dir: &Path, tool: Tool, secret: Secret) -> Self {
        Self { dir: dir.to_owned(), tool, secret, newest_only: false }
    }

    /// The same, which keeps its newest backup alone, every one full, and the log from it on: what was taken away from the
    /// cluster is in no backup once another one was taken.
    #[must_use]
    pub fn newest_only(self) -> Self {
        Self { newest_only: true, ..self }
    }

    /// How many full backups are kept, of so many as are kept otherwise.
    fn kept(&self, otherwise: usize) -> usize {
        if self.newest_only { 1 } else { otherwise }
    }

    /// Whether it is there, as it was.
    ///
    /// # Errors
    /// As [`Repository::open`]; [`Error::Foreign`] when it is another tool's.
    pub fn present(&self) -> Result<(), Error> {
        let there = Self::open(&self.dir, self.secret.clone())?;
        if there.tool == self.tool { Ok(()) } else { Err(Error::Foreign(self.dir.clone())) }
    }

    /// Makes it where it is not there, of its tool.
    ///
    /// # Errors
    /// As [`Repository::open_or_make`]; [`Error::Foreign`] when it is another tool's.
    pub fn make_if_missing(&self) -> Result<(), Error> {
        if !self.dir.join(DESCRIPTION).exists() {
            Self::make(&self.dir, Some(self.tool))?;
        }
        self.present()
    }

    /// What takes its backups.
    #[must_use]
    pub fn tool(&self) -> Tool {
        self.tool
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The settings with which the private PostgreSQL of `data_dir` hands its log to this repository.
    ///
    /// # Errors
    /// [`Error::BadPath`].
    pub fn settings(&self, data_dir: &Path) -> Result<Vec<(String, String)>, Error> {
        let command = match self.tool {
            Tool::PgBackRest => pgbackrest::archive_command(data_dir)?,
            Tool::Own => own::archive_command(data_dir)?,
        };
        let settings = [
            ("archive_mode", "on"),
            ("archive_command", &command),
            // At most a minute is lost with the machine.
            ("archive_timeout", "60"),
        ];
        Ok(settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    /// Prepares repository and data folder for the running PostgreSQL. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Program`]; [`Error::Io`].
    pub async fn prepare(&self, site: &Site) -> Result<(), Error> {
        match self.tool {
            Tool::PgBackRest => pgbackrest::prepare(self, site).await,
            Tool::Own => own::prepare(self, site),
        }
    }

    /// Takes a backup now, of the wanted kind, else of the one that is due, and of the files in `files`. What is past
    /// keeping goes.
    ///
    /// # Errors
    /// [`Error::Busy`]; [`Error::Program`]; [`Error::Io`].
    pub async fn back_up(
        &self,
        site: &Site,
        wanted: Option<Kind>,
        folder: Option<&Path>,
        world: &World,
    ) -> Result<Backup, Error> {
        let _alone = self.alone()?;
        self.prepare(site).await?;
        let before = self.list(site).await?;
        let full = before.iter().rev().find(|backup| backup.kind == Kind::Full);
        let due = full.is_none_or(|full| world.now().duration_since(full.began) > FULL_EVERY);
        let due = due || self.newest_only;
        let kind = wanted.unwrap_or(if due { Kind::Full } else { Kind::Differential });
        match self.tool {
            Tool::PgBackRest => {
                pgbackrest::back_up(site, kind).await?;
                pgbackrest::note(self, world).await?;
            }
            Tool::Own => own::back_up(self, site, world).await?,
        }
        if let Some(folder) = folder {
            // After the cluster: every file that its rows name is there by now.
            files::take(self, folder, world).await?;
        }
        self.list(site).await?.pop().ok_or_else(|| Error::NoBackup(self.dir.clone()))
    }

    /// The complete backups, oldest first.
    ///
    /// # Errors
    /// [`Error::Program`]; [`Error::Damaged`].
    pub async fn list(&self, site: &Site) -> Result<Vec<Backup>, Error> {
        match self.tool {
            Tool::PgBackRest => pgbackrest::list(&site.owner, &site.data_dir).await,
            Tool::Own => own::list(self),
        }
    }

    /// Takes what PostgreSQL has archived into the repository, where a tool does not do so by itself; tells how much that
    /// was.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when the repository has another log of the same name.
    pub async fn drain(&self, data_dir: &Path, world: &World) -> Result<usize, Error> {
        match self.tool {
            Tool::PgBackRest => Ok(0),
            Tool::Own => own::drain(self, data_dir, world).await,
        }
    }

    /// Keeps a few bytes under a name, sealed, instead of those before.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep_note(&self, name: &str, bytes: &[u8], world: &World) -> Result<(), Error> {
        let path = self.dir.join(name);
        let sealed = seal::Sealer::new(Vec::new(), &self.secret, name, world).and_then(|mut sealer| {
            sealer.write_all(bytes)?;
            sealer.finish()
        });
        write_whole(&path, &sealed.during(|| format!("seal {}", path.display()))?.0)
    }

    /// What is kept under a name; nothing when nothing is.
    ///
    /// # Errors
    /// [`Error::Damaged`]; [`Error::Io`].
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.dir.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let file = File::open(&path).during(|| format!("read {}", path.display()))?;
        let mut bytes = Vec::new();
        seal::Opener::new(file, &self.secret, name)
            .and_then(|mut opener| opener.read_to_end(&mut bytes))
            .map_err(|error| Error::Damaged { what: name.to_owned(), how: error.to_string() })?;
        Ok(Some(bytes))
    }

    /// Reads every file of the repository and compares it with what was put there.
    ///
    /// # Errors
    /// When that cannot be found out; what is found is no error.
    pub async fn verify(&self, site: &Site) -> Result<Vec<Fault>, Error> {
        let mut faults = match self.tool {
            Tool::PgBackRest => pgbackrest::verify(self, site).await?,
            Tool::Own => own::verify(self).await?,
        };
        faults.extend(files::verify(self).await?);
        Ok(faults)
    }

    /// Restores the newest backup, and of its log what is wanted, into a folder without a cluster. The folder is then as
    /// one of a program that was stopped.
    ///
    /// # Errors
    /// [`Error::NoBackup`], [`Error::TooEarly`], [`Error::TooLate`]; [`Error::Damaged`] or [`Error::Program`] naming what
    /// is damaged. The folder is then as it was.
    pub async fn restore(&self, data_dir: &Path, wanted: Wanted<'_>) -> Result<Restored, Error> {
        let half = Half::of(data_dir)?;
        let blank = Blank::take(data_dir)?;
        let restored = match self.tool {
            Tool::PgBackRest => pgbackrest::restore(self, blank, wanted).await?,
            Tool::Own => own::restore(self, blank, wanted).await?,
        };
        if let Some(folder) = wanted.files {
            files::restore(self, folder).await?;
        }
        half.whole();
        Ok(restored)
    }

    /// The newest backup that was complete at that time.
    fn choose(&self, backups: Vec<Backup>, at: Option<Timestamp>) -> Result<Backup, Error> {
        if backups.is_empty() {
            return Err(Error::NoBackup(self.dir.clone()));
        }
        let fits = |backup: &Backup| at.is_none_or(|at| backup.ended <= at);
        backups.into_iter().rfind(fits).ok_or_else(|| Error::TooEarly(at.unwrap_or_default()))
    }

    /// One at a time changes what is in it.
    fn alone(&self) -> Result<File, Error> {
        let path = self.dir.join("lock");
        let what = || format!("lock {}", path.display());
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let file = options.open(&path).during(what)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(self.dir.clone())),
            Err(TryLockError::Error(source)) => Err(Error::Io { what: what(), source }),
        }
    }
}

/// A folder that is being restored into. Dropped before it is whole, everything goes that was not there before.
struct Half {
    dir: PathBuf,
    before: Option<BTreeSet<OsString>>,
}

impl Half {
    fn of(dir: &Path) -> Result<Self, Error> {
        let before = if dir.exists() { names(dir)? } else { BTreeSet::new() };
        Ok(Self { dir: dir.to_owned(), before: Some(before) })
    }

    fn whole(mut self) {
        self.before = None;
    }
}

fn names(dir: &Path) -> Result<BTreeSet<OsString>, Error> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.during(|| format!("list {}", dir.display()))?;
    Ok(entries.into_iter().map(|entry| entry.file_name()).collect())
}

impl Drop for Half {
    fn drop(&mut self) {
        let Some(before) = &self.before else { return };
        for name in names(&self.dir).unwrap_or_default().difference(before) {
            let path = self.dir.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if let Err(error) = removed {
                tracing::warn!(path = %path.display(), %error, "what was restored in part cannot be removed");
            }
        }
    }
}

/// What PostgreSQL's log says when it got no further than the wanted time.
const NOT_REACHED: &str = "recovery ended before configured recovery target was reached";

/// A recovery that ended before the wanted time says so in words of ours.
fn explain(error: embedded::Error, at: Option<Timestamp>) -> Error {
    match (&error, at) {
        (embedded::Error::Exited { log }, Some(at)) if log.contains(NOT_REACHED) => Error::TooLate(at),
        _ => error.into(),
    }
}

/// Settings of a recovery up to a time, or the end of the log: nothing of it is archived, and nobody looks in.
fn recovery(restore_command: &str, wanted: Wanted<'_>) -> Vec<(String, String)> {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = vec![
        setting("archive_mode", "off"),
        setting("hot_standby", "off"),
        setting("restore_command", restore_command),
        setting("recovery_target_action", "promote"),
    ];
    settings.extend(wanted.at.map(|at| setting("recovery_target_time", &target_time(at))));
    if wanted.on_trial {
        settings.push(setting("fsync", "off"));
    }
    settings
}

/// As `recovery_target_time` takes it.
fn target_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
}

/// A path as it goes into a configuration.
fn text_of(path: &Path) -> Result<&str, Error> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control));
    text.ok_or_else(|| Error::BadPath(path.to_owned()))
}

/// Replaces a file of ours in one step.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let what = || format!("write {}", path.display());
    let fresh = path.with_extension("part");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(true).write(true).mode(0o600).open(&fresh);
    file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
    .during(what)?;
    fs::rename(&fresh, path).during(what)?;
    sync_parent(path)
}

/// Makes sure that a new name in a folder outlives the machine's fall.
fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    File::open(parent).and_then(|dir| dir.sync_all()).during(|| format!("sync {}", parent.display()))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("lamplight-repository-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    fn secret() -> Secret {
        Secret::new(Zeroizing::new("a secret".to_owned()))
    }

    #[test]
    fn a_repository_is_made_once_and_stays_its_tools() {
        let dir = folder("made");
        assert!(matches!(Repository::open(&dir, secret()), Err(Error::NoRepository(_))));
        let made = Repository::open_or_make(&dir, secret(), Some(Tool::Own)).unwrap();
        assert_eq!(made.tool(), Tool::Own);
        let again = Repository::open_or_make(&dir, secret(), Some(Tool::PgBackRest)).unwrap();
        assert_eq!(again.tool(), Tool::Own, "what it was made with");
        fs::remove_dir_all(&dir).unwrap();
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("somebody's"), "x").unwrap();
        assert!(matches!(Repository::open_or_make(&dir, secret(), Some(Tool::Own)), Err(Error::Foreign(_))));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_newest_backup_that_was_complete_is_chosen() {
        let dir = folder("chosen");
        let repository = Repository::open_or_make(&dir, secret(), Some(Tool::Own)).unwrap();
        let time = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let backup = |hour: i64| Backup {
            label: format!("{hour}F"),
            kind: Kind::Full,
            began: time(hour),
            ended: time(hour + 1),
            bytes: 1,
        };
        let all = vec![backup(1), backup(5), backup(9)];
        let label = |at| repository.choose(all.clone(), at).map(|backup| backup.label);
        assert_eq!(label(None).unwrap(), "9F");
        assert_eq!(label(Some(time(6))).unwrap(), "5F");
        assert_eq!(label(Some(time(5))).unwrap(), "1F");
        assert!(matches!(label(Some(time(1))), Err(Error::TooEarly(_))));
        assert!(matches!(repository.choose(Vec::new(), None), Err(Error::NoBackup(_))));
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_programs_that_take_the_log_at_once_take_each_part_once() {
        let (dir, data) = (folder("taken"), folder("spooled"));
        fs::create_dir_all(data.join("wal-spool")).unwrap();
        let parts: Vec<String> = (1..=40).map(|part| format!("{part:024X}")).collect();
        let bytes = |name: &str| name.repeat(20_000).into_bytes();
        for name in &parts {
            fs::write(data.join("wal-spool").join(name), bytes(name)).unwrap();
        }
        Repository::open_or_make(&dir, secret(), Some(Tool::Own)).unwrap();
        fs::create_dir_all(dir.join("wal")).unwrap();
        let takes = (0..3).map(|_| {
            let (dir, data) = (dir.clone(), data.clone());
            tokio::spawn(async move {
                let repository = Repository::open(&dir, secret()).unwrap();
                repository.drain(&data, &World::system()).await.unwrap()
            })
        });
        let mut taken = 0;
        for take in takes.collect::<Vec<_>>() {
            taken += take.await.unwrap();
        }
        assert_eq!(taken, parts.len());
        let repository = Repository::open(&dir, secret()).unwrap();
        for name in &parts {
            assert!(own::open_log(&repository, name).unwrap() == bytes(name), "{name}");
        }
        assert_eq!(fs::read_dir(data.join("wal-spool")).unwrap().count(), 0);
        fs::remove_dir_all(dir).unwrap();
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_time_is_written_as_postgresql_reads_it() {
        let at: Timestamp = "2026-03-01T02:03:04.5Z".parse().unwrap();
        assert_eq!(target_time(at), "2026-03-01 02:03:04.500000+00");
    }
}
