//! Sealing the audit log while the program runs, and what a witness outside the database is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::seal::{Round, Sealer};
use eyre::{WrapErr as _, bail};
use merkle::{Checkpoint, Verifier};
use serde::{Deserialize, Serialize};

/// How often what was written is sealed: every event is signed within a minute, also when a round fails.
const EVERY: Duration = Duration::from_secs(20);

/// A file outside the database that keeps what was signed: a line of JSON for each round.
#[derive(Clone, Debug)]
pub(super) struct Witness(PathBuf);

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
        Self(file)
    }

    /// How large the log of all was when it was kept last.
    fn last(&self) -> eyre::Result<Option<u64>> {
        let file = match fs::File::open(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut last = None;
        for line in BufReader::new(file).lines() {
            last = serde_json::from_str(&line?).ok().map(|Kept { size, .. }| size).or(last);
        }
        Ok(last)
    }

    /// Adds what was sealed, for good before this returns.
    fn keep(&self, size: u64, notes: Vec<String>) -> eyre::Result<()> {
        let mut line = serde_json::to_vec(&Kept { size, notes })?;
        line.push(b'\n');
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.0)?;
        file.write_all(&line)?;
        Ok(file.sync_data()?)
    }
}

/// The checkpoints that a witness's file has of these keys' logs, by organization. What none of the keys signed is refused:
/// somebody else wrote it there.
pub(super) fn witnessed(file: &Path, keys: &[Verifier]) -> eyre::Result<BTreeMap<i32, Vec<Checkpoint>>> {
    let told = || format!("{} cannot be read", file.display());
    let mut found: BTreeMap<i32, Vec<Checkpoint>> = BTreeMap::new();
    for (number, line) in BufReader::new(fs::File::open(file).wrap_err_with(told)?).lines().enumerate() {
        let line = line.wrap_err_with(told)?;
        // The last line may have been cut off by whatever ended the program.
        let Ok(kept) = serde_json::from_str::<Kept>(&line) else {
            bail!("{}, line {}: not a line of a witness", file.display(), number + 1)
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
    Ok(found)
}

async fn catch_up(sealer: &Sealer, witness: &Witness) -> eyre::Result<Vec<(u64, Vec<String>)>> {
    Ok(sealer.signed_since(witness.last()?).await?)
}

/// Seals what is written, again and again.
pub(super) async fn always(mut sealer: Sealer, witness: Option<Witness>) {
    tracing::info!(key = %sealer.verifier(), "the audit log is sealed");
    // What a witness could not take is given to it again, also what another program sealed or this one before it ended.
    let mut owed: Vec<(u64, Vec<String>)> = Vec::new();
    let mut behind = witness.is_some();
    loop {
        if let Some(witness) = witness.as_ref().filter(|_| behind) {
            match catch_up(&sealer, witness).await {
                Ok(rounds) => (owed, behind) = (rounds, false),
                Err(error) => tracing::error!(%error, "the witness of the audit log cannot be read"),
            }
        }
        let more = match sealer.round().await {
            Ok(Round { events, size, notes, more }) => {
                tracing::debug!(events, "sealed");
                owed.extend(size.filter(|_| witness.is_some() && !behind).map(|size| (size, notes)));
                more
            }
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be sealed");
                false
            }
        };
        if let Some(witness) = &witness {
            while let Some((size, notes)) = owed.first().cloned() {
                if let Err(error) = witness.keep(size, notes) {
                    tracing::error!(error = %error, waiting = owed.len(), "the witness of the audit log cannot be written");
                    break;
                }
                owed.remove(0);
            }
        }
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
}
