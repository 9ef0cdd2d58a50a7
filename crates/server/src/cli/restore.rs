//! `lamplight restore`: a folder that can be served from, out of a repository of backups and the root key alone.

use std::fs;
use std::path::{Path, PathBuf};

use ::backup::{Repository, Secret, Wanted};
use clap::Args;
use db::keys::RootKey;
use eyre::{WrapErr as _, bail, ensure};
use jiff::Timestamp;
use kernel::World;

use super::{Done, backup, documents, out};
use crate::boot::{BootOptions, ERASURES, Installation, Purpose, keyring_repository};

/// What an operator puts into the folder before: keys, which are in no backup, and the keyring where it was not lost.
const KEYS: [&str; 4] = ["root.key", "audit.key", "keyring", ERASURES];

#[derive(Args)]
#[command(after_help = "\
The folder must be empty; it may have root.key and audit.key in it, which no backup holds. No running program is asked and
none is changed. Without --at everything that was archived is restored.

The keyring has backups of its own. It is restored as it was last, whatever --at says: who was erased since stays erased. Where
the folder has one already (keyring, of a program that was stopped), that one is kept.

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
    restore_keyring(from, &to, &root).await?;
    match restored.last_transaction {
        Some(time) => out::line(format!("restored {}, and what was written until {time}", restored.label))?,
        None => out::line(format!("restored {}", restored.label))?,
    }
    // Both are started once: data and keyring have to be of each other, and the keyring the newest.
    let there = BootOptions { data_dir: Some(to.clone()), backup_dir: Some("none".into()), ..boot.clone() };
    let opened = Installation::open(&there, &World::system(), Purpose::Command).await;
    opened.wrap_err("it is restored, and not to be served from")?.close(true).await?;
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

/// Restores the keyring as it was last, unless there is one, and what was known of its ledger last.
async fn restore_keyring(from: &Path, to: &Path, root: &RootKey) -> eyre::Result<()> {
    let repository = match keyring_repository(from, root) {
        // Data from before keyrings had a database of their own has its keys with it.
        Err(::backup::Error::NoRepository(_)) => return Ok(()),
        found => found?,
    };
    let (dir, known) = (to.join("keyring"), to.join(ERASURES));
    if !dir.join("postgres").exists() {
        repository.restore(&dir, Wanted::default()).await.wrap_err("the keyring")?;
    }
    match repository.note(ERASURES)? {
        Some(note) if !known.exists() => fs::write(known, note).wrap_err(ERASURES),
        _ => Ok(()),
    }
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
