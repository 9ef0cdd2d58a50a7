//! Sealing the audit log while the program runs, and what a witness outside the database is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use db::seal::Sealer;
use eyre::{WrapErr as _, bail};
use kernel::World;
use merkle::{Checkpoint, Verifier};
use serde::{Deserialize, Serialize};

use super::out;
use crate::boot::{Database, Installation};
use crate::http::Metrics;

/// How often what was written is sealed: every event is signed within a minute, also when a round fails.
const EVERY: Duration = Duration::from_secs(20);
/// How often months that are over are looked for.
const DAILY: Duration = Duration::from_hours(24);

/// A file outside the database that keeps what was signed: a line of JSON for each round.
pub(super) struct Witness {
    file: PathBuf,
    /// How large the log of all was in its last line, once that was looked up.
    last: Option<u64>,
}

/// A line of it.
#[derive(Deserialize, Serialize)]
struct Kept {
    /// How large the log of all was.
    size: u64,
    /// Its note, then those of the organizations that had new events.
    notes: Vec<String>,
}

impl Witness {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, last: None }
    }

    /// Adds every round that it does not have, whoever sealed it and however long ago.
    async fn keep(&mut self, sealer: &Sealer) -> eyre::Result<()> {
        if self.last.is_none() {
            self.last = last(&self.file)?;
        }
        for (size, notes) in sealer.signed_since(self.last).await? {
            let mut line = serde_json::to_vec(&Kept { size, notes })?;
            line.push(b'\n');
            let mut file = fs::OpenOptions::new().create(true).read(true).append(true).open(&self.file)?;
            if !ends_a_line(&mut file)? {
                line.insert(0, b'\n');
            }
            file.write_all(&line)?;
            file.sync_data()?;
            self.last = Some(size);
        }
        Ok(())
    }
}

/// Whether what is added stands in a line of its own.
fn ends_a_line(file: &mut fs::File) -> std::io::Result<bool> {
    let mut end = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut end)?;
    }
    Ok(end == [b'\n'])
}

/// How large the log of all was when it was kept last.
fn last(file: &Path) -> eyre::Result<Option<u64>> {
    let file = match fs::File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut last = None;
    for line in BufReader::new(file).lines() {
        last = serde_json::from_str(&line?).ok().map(|Kept { size, .. }| size).or(last);
    }
    Ok(last)
}

/// The file of a database beside that of the main one: `checkpoints.jsonl` and `checkpoints-NAME.jsonl`.
pub(super) fn witness_of(file: &Path, own: Option<&str>) -> PathBuf {
    let Some(own) = own else { return file.to_owned() };
    let of = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let (stem, end) = (of(file.file_stem()), of(file.extension()));
    let end = if end.is_empty() { end } else { format!(".{end}") };
    file.with_file_name(format!("{stem}-{own}{end}"))
}

/// The checkpoints that a witness's file has of a database's logs, by organization. What none of the keys signed is refused:
/// somebody else wrote it there.
pub(super) fn witnessed(
    file: &Path,
    own: Option<&str>,
    keys: &[Verifier],
) -> eyre::Result<BTreeMap<i32, Vec<Checkpoint>>> {
    let told = || format!("{} cannot be read", file.display());
    let mut found: BTreeMap<i32, Vec<Checkpoint>> = BTreeMap::new();
    for (number, line) in BufReader::new(fs::File::open(file).wrap_err_with(told)?).lines().enumerate() {
        let line = line.wrap_err_with(told)?;
        let Ok(kept) = serde_json::from_str::<Kept>(&line) else {
            // What ended the program while it wrote; the round is in the next line again.
            out::note(format!("{}, line {}: cut off, and passed over", file.display(), number + 1));
            continue;
        };
        for note in kept.notes {
            let Some((key, text)) = keys.iter().find_map(|key| Some((key, key.open(&note).ok()?))) else {
                bail!("{}, line {}: a checkpoint that the key did not sign", file.display(), number + 1)
            };
            let checkpoint: Checkpoint = text.parse()?;
            let Some(organization) = db::seal::organization_of(key, own, &checkpoint) else {
                bail!("{}, line {}: a checkpoint of another log", file.display(), number + 1)
            };
            found.entry(organization).or_default().push(checkpoint);
        }
    }
    eyre::ensure!(!found.is_empty(), "{} holds no checkpoint", file.display());
    Ok(found)
}

/// The databases that organizations have of their own, where they can be found out and their logs seen.
pub(super) async fn own_databases(installation: &Installation) -> eyre::Result<Vec<Database>> {
    let main = installation.main();
    let placements = if main.has_owner() {
        let all = main.operator().await?.placements().await?;
        all.into_iter().filter(|(_, ready)| *ready).map(|(placement, _)| placement).collect()
    } else {
        match main.open(1) {
            Ok(db) => db.placements().await?,
            Err(_) => {
                out::note("which organizations have a database of their own is not known to this login");
                Vec::new()
            }
        }
    };
    let mut databases = Vec::new();
    for placement in placements {
        let database = installation.databases().placed(&placement.database)?;
        if database.sealed_log().is_ok() {
            databases.push(database);
        } else {
            out::note(format!("no login for the sealed log of {} is known", placement.database));
        }
    }
    Ok(databases)
}

/// What is done beside sealing.
#[derive(Clone, Default)]
pub(super) struct Beside {
    /// A file outside the database that is given every checkpoint.
    pub(super) witness: Option<PathBuf>,
    /// A folder outside the database that is given every month.
    pub(super) archive: Option<PathBuf>,
}

/// Seals what is written in one database, again and again.
pub(super) async fn always(database: Database, beside: Beside, metrics: Arc<Metrics>) {
    let name = database.own().unwrap_or("main").to_owned();
    let (logs, sealer) = match (database.sealed_log(), database.sealer()) {
        (Ok(logs), Ok(Some(sealer))) => (logs, sealer),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(database = name, %error, "this program does not seal the audit log");
            return;
        }
        (_, Ok(None)) => return,
    };
    tracing::info!(database = name, key = %sealer.verifier(), "the audit log is sealed");
    let (keys, world) = ([sealer.verifier()], database.world().clone());
    metrics.sealed(&name, world.now(), None);
    let _until_left = Left(&name, &metrics);
    let witness = beside.witness.map(|file| Witness::new(witness_of(&file, database.own())));
    let archived = async {
        let Some(folder) = &beside.archive else { return std::future::pending().await };
        let mut day = tokio::time::interval(DAILY);
        loop {
            day.tick().await;
            match super::audit::archive(&logs, &keys, folder, world.now()).await {
                Ok(files) => {
                    tracing::info!(database = name, files = files.len(), "months of the audit log archived")
                }
                Err(error) => tracing::error!(
                    database = name,
                    error = format!("{error:#}"),
                    "the audit log cannot be archived"
                ),
            }
        }
    };
    let sealed = rounds(sealer, witness, &name, &metrics, &world);
    tokio::select! {
        () = sealed => {}
        () = archived => {}
    }
}

/// Takes a database out of the figures when it is sealed no more.
struct Left<'a>(&'a str, &'a Metrics);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.1.seals_no_more(self.0);
    }
}

async fn rounds(
    mut sealer: Sealer,
    mut witness: Option<Witness>,
    name: &str,
    metrics: &Metrics,
    world: &World,
) {
    loop {
        let more = match sealer.round().await {
            Ok(round) => {
                tracing::debug!(database = name, events = round.events, "sealed");
                metrics.sealed(name, world.now(), round.waits_since);
                round.more
            }
            Err(error) => {
                tracing::error!(database = name, %error, "the audit log cannot be sealed");
                false
            }
        };
        if let Some(witness) = &mut witness
            && let Err(error) = witness.keep(&sealer).await
        {
            // What it does not have is given to it the next time.
            tracing::error!(database = name, %error, "the witness of the audit log cannot be written");
        }
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_a_file_of_its_own() {
        let of = |file: &str, own| witness_of(Path::new(file), own).display().to_string();
        assert_eq!(of("/mnt/seen.jsonl", None), "/mnt/seen.jsonl");
        assert_eq!(of("/mnt/seen.jsonl", Some("oak")), "/mnt/seen-oak.jsonl");
        assert_eq!(of("seen", Some("oak")), "seen-oak");
    }
}
