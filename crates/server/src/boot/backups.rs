//! Where the private PostgreSQL is backed up to. What was said once is kept in the data folder (`backup.json`): a command
//! that starts the server without being told again must not leave a gap in its log.

use std::fs;
use std::path::{Path, PathBuf};

use ::backup::{Repository, Secret, Tool};
use clap::ValueEnum;
use db::keys::RootKey;
use serde::{Deserialize, Serialize};

use super::error::During as _;
use super::private::Settings;
use super::{BootOptions, Error, folder};

const KEPT: &str = "backup.json";
/// Where in the repository the keyring's own one is.
const KEYRING: &str = "keyring";
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
    keyring: Repository,
}

/// The repository of the keyring in the folder of backups.
///
/// # Errors
/// As [`Repository::open`].
pub fn keyring_repository(dir: &Path, root: &RootKey) -> Result<Repository, ::backup::Error> {
    let secret = Secret::new(root.keyring_backup_passphrase());
    Ok(Repository::open(&dir.join(KEYRING), secret)?.newest_only())
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
        let known = |kept: &Kept| {
            let of_keyring = Secret::new(root.keyring_backup_passphrase());
            let keyring = Repository::known(&kept.dir.join(KEYRING), kept.tool, of_keyring).newest_only();
            Self { repository: Repository::known(&kept.dir, kept.tool, secret.clone()), keyring }
        };
        let Some(dir) = &options.backup_dir else {
            return Ok(kept.as_ref().map(known));
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
            return Ok(Some(known(&kept)));
        }
        let repository = Repository::open_or_make(&dir, secret.clone(), options.backup_tool.map(Tool::from))?;
        let kept = Kept { dir: repository.dir().to_owned(), tool: repository.tool() };
        write(&file, &kept)?;
        Ok(Some(known(&kept)))
    }

    /// The repository, which is there.
    ///
    /// # Errors
    /// When it is not, or not ours.
    pub fn repository(&self) -> Result<&Repository, Error> {
        self.repository.present()?;
        Ok(&self.repository)
    }

    /// The keyring's repository, which is in the other one and made where it is not there yet.
    ///
    /// # Errors
    /// When the other one is not there, or it is not ours.
    pub fn keyring(&self) -> Result<&Repository, Error> {
        self.repository.present()?;
        self.keyring.make_if_missing()?;
        Ok(&self.keyring)
    }

    /// The settings of both servers, also while the repository is not there: what they cannot hand away then they keep.
    pub(super) fn settings(&self, data_dir: &Path) -> Result<(Settings, Settings), Error> {
        let apart = data_dir.join(super::private::KEYRING);
        Ok((self.repository.settings(data_dir)?, self.keyring.settings(&apart)?))
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
    folder::write(file, &serde_json::to_vec(kept).unwrap_or_default())
}
