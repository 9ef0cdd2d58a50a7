//! Where the private PostgreSQL is backed up to. What was said once is kept in the data folder (`backup.json`): a command
//! that starts the server without being told again must not leave a gap in its log.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ::backup::{Repository, Secret, Tool};
use clap::ValueEnum;
use db::keys::RootKey;
use serde::{Deserialize, Serialize};

use super::error::During as _;
use super::{BootOptions, Error};

const KEPT: &str = "backup.json";
/// What is said to back up no more.
const NONE: &str = "none";

/// What takes backups, as the command line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackupTool {
    /// pgBackRest
    Pgbackrest,
    /// PostgreSQL's own pg_basebackup
    Own,
}

impl From<BackupTool> for Tool {
    fn from(tool: BackupTool) -> Self {
        match tool {
            BackupTool::Pgbackrest => Self::PgBackRest,
            BackupTool::Own => Self::Own,
        }
    }
}

/// What is kept in the data folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    dir: PathBuf,
    tool: Tool,
}

/// Where a private PostgreSQL is backed up to.
#[derive(Clone)]
pub struct Backups {
    repository: Repository,
}

impl Backups {
    /// What is said of it now, else what was said before; nothing when that is nothing. A repository is made where one is
    /// named for the first time.
    pub(super) fn find(
        options: &BootOptions,
        data_dir: &Path,
        root: &RootKey,
    ) -> Result<Option<Self>, Error> {
        let file = data_dir.join(KEPT);
        let kept = read(&file)?;
        let secret = Secret::new(root.backup_passphrase());
        let Some(dir) = &options.backup_dir else {
            return Ok(kept.map(|kept| Self { repository: Repository::known(&kept.dir, kept.tool, secret) }));
        };
        if dir.as_os_str() == NONE {
            if kept.is_some() {
                fs::remove_file(&file).during(|| format!("remove {}", file.display()))?;
            }
            return Ok(None);
        }
        let what = || format!("find {}", dir.display());
        let dir = std::path::absolute(dir).during(what)?;
        let dir = dir.canonicalize().unwrap_or(dir);
        if let Some(kept) = kept.filter(|kept| kept.dir == dir) {
            // Not made anew where it is missing: perhaps it is not mounted.
            return Ok(Some(Self { repository: Repository::known(&kept.dir, kept.tool, secret) }));
        }
        let repository = Repository::open_or_make(&dir, secret, options.backup_tool.map(Tool::from))?;
        write(&file, &Kept { dir: repository.dir().to_owned(), tool: repository.tool() })?;
        Ok(Some(Self { repository }))
    }

    /// The repository, which is there.
    ///
    /// # Errors
    /// When it is not, or not ours.
    pub fn repository(&self) -> Result<&Repository, Error> {
        self.repository.present()?;
        Ok(&self.repository)
    }

    /// The server's settings, also while the repository is not there: what it cannot hand away then it keeps.
    pub(super) fn settings(&self, data_dir: &Path) -> Result<Vec<(String, String)>, Error> {
        Ok(self.repository.settings(data_dir)?)
    }
}

fn read(file: &Path) -> Result<Option<Kept>, Error> {
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(file).during(|| format!("read {}", file.display()))?;
    serde_json::from_str(&text).map(Some).map_err(|_| Error::BackupsUnclear(file.to_owned()))
}

fn write(file: &Path, kept: &Kept) -> Result<(), Error> {
    let what = || format!("write {}", file.display());
    let fresh = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let opened = options.create(true).truncate(true).write(true).mode(0o600).open(&fresh);
    opened
        .and_then(|mut out| {
            out.write_all(&serde_json::to_vec(kept)?)?;
            out.sync_all()
        })
        .during(what)?;
    fs::rename(&fresh, file).during(what)
}
