//! `lamplight restore`: a folder that can be served from, out of a repository of backups and the root key alone.

use std::fs;
use std::path::{Path, PathBuf};

use ::backup::{Repository, Secret, Wanted};
use clap::Args;
use db::keys::RootKey;
use eyre::{WrapErr as _, bail, ensure};
use jiff::Timestamp;

use super::{Done, backup, documents, out};
use crate::boot::BootOptions;

/// What an operator puts into the folder before: keys, which are in no backup.
const KEYS: [&str; 2] = ["root.key", "audit.key"];

#[derive(Args)]
#[command(after_help = "\
The folder must be empty; it may have root.key and audit.key in it, which no backup holds. No running program is asked and
none is changed. Without --at everything that was archived is restored.

Example:
  LAMPLIGHT_BACKUP_DIR=/mnt/backups lamplight restore --to /var/lib/lamplight --at 2026-11-23T09:30:00Z")]
pub(super) struct Options {
    /// The folder to restore into: empty, or not there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The time whose state to restore, such as 2026-11-23T09:30:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    files: backup::Files,
}

pub(super) async fn run(options: &Options, boot: &BootOptions) -> eyre::Result<Done> {
    let Some(from) = &boot.backup_dir else {
        bail!("name the folder of the backups in LAMPLIGHT_BACKUP_DIR (--backup-dir)");
    };
    let to = std::path::absolute(&options.to).wrap_err("--to")?;
    make_empty(&to)?;
    let key = boot.root_key_file.clone().unwrap_or_else(|| to.join("root.key"));
    ensure!(
        key.exists(),
        "the root key is not in {}: without it no backup can be read. Put it there, or name it in LAMPLIGHT_ROOT_KEY_FILE",
        key.display()
    );
    let root = RootKey::load(&key)?;
    let repository = Repository::open(from, Secret::new(root.backup_passphrase()))?;
    let folder = documents::folder(options.files.documents.as_deref(), &to)?;
    let restored =
        repository.restore(&to, Wanted { at: options.at, files: folder.as_deref(), on_trial: false }).await?;
    match restored.last_transaction {
        Some(time) => out::line(format!("restored {}, and what was written until {time}", restored.label))?,
        None => out::line(format!("restored {}", restored.label))?,
    }
    out::note(format!(
        "Look through it, then start from it:\n\n  lamplight doctor --data-dir {0}\n  \
                       lamplight audit verify --data-dir {0}\n  lamplight serve --data-dir {0}\n",
        to.display()
    ));
    if !to.join("audit.key").exists() && boot.audit_key_file.is_none() {
        out::note(
            "the key of the audit log is not there: put audit.key into the folder before, or the log goes on under another",
        );
    }
    if folder.is_none() {
        out::note("files of patients lie in a bucket, which has its own backups");
    }
    Ok(Done::Wholly)
}

/// Refuses a folder that holds anything but keys.
fn make_empty(dir: &Path) -> eyre::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let what = || format!("{} cannot be listed", dir.display());
    for entry in fs::read_dir(dir).wrap_err_with(what)? {
        let name = entry.wrap_err_with(what)?.file_name();
        ensure!(
            KEYS.iter().any(|key| name == *key),
            "{} is not empty (there is {}): name another folder",
            dir.display(),
            name.to_string_lossy()
        );
    }
    Ok(())
}
