//! Sealing the audit log while the program runs, and what a witness outside the database is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::seal::Sealer;
use eyre::{WrapErr as _, bail};
use merkle::{Checkpoint, Verifier};
use serde::{Deserialize, Serialize};

use super::out;

/// How often what was written is sealed: every event is signed within a minute, also when a round fails.
const EVERY: Duration = Duration::from_secs(20);

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

/// The checkpoints that a witness's file has of these keys' logs, by organization. What none of the keys signed is refused:
/// somebody else wrote it there.
pub(super) fn witnessed(file: &Path, keys: &[Verifier]) -> eyre::Result<BTreeMap<i32, Vec<Checkpoint>>> {
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
            let organization = match checkpoint.origin.strip_prefix(key.name()) {
                Some("") => 0,
                Some(rest) => rest.trim_start_matches('/').parse().wrap_err("a log of no organization")?,
                None => bail!("{}, line {}: a checkpoint of another log", file.display(), number + 1),
            };
            found.entry(organization).or_default().push(checkpoint);
        }
    }
    eyre::ensure!(!found.is_empty(), "{} holds no checkpoint", file.display());
    Ok(found)
}

/// Seals what is written, again and again.
pub(super) async fn always(mut sealer: Sealer, mut witness: Option<Witness>) {
    tracing::info!(key = %sealer.verifier(), "the audit log is sealed");
    loop {
        let more = match sealer.round().await {
            Ok(round) => {
                tracing::debug!(events = round.events, "sealed");
                round.more
            }
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be sealed");
                false
            }
        };
        if let Some(witness) = &mut witness
            && let Err(error) = witness.keep(&sealer).await
        {
            // What it does not have is given to it the next time.
            tracing::error!(%error, "the witness of the audit log cannot be written");
        }
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
}
