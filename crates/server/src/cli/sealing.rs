//! Sealing the audit log while the program runs, and what a witness outside the database is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use db::seal::Sealer;
use eyre::{WrapErr as _, bail, eyre};
use futures_util::future::join_all;
use kernel::World;
use merkle::{Checkpoint, Verifier};

use super::out;
use super::witness::{Kept, Place, Witness};
use crate::boot::{BootOptions, Database, Installation};
use crate::http::Metrics;

/// How often what was written is sealed: every event is signed within a minute, also when a round fails.
const EVERY: Duration = Duration::from_secs(20);
/// How long a witness may keep the next round waiting.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often months that are over are looked for.
const DAILY: Duration = Duration::from_hours(24);

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

/// The databases that organizations have of their own, where they can be found out and their logs seen: of a login that sees
/// the sealed log alone, those that the placements file gives.
pub(super) async fn own_databases(installation: &Installation) -> eyre::Result<Vec<Database>> {
    let main = installation.main();
    let names: Vec<String> = if main.has_owner() {
        let all = main.operator().await?.placements().await?;
        all.into_iter().filter(|(_, ready)| *ready).map(|(placement, _)| placement.database).collect()
    } else {
        match main.open(1) {
            Ok(db) => db.placements().await?.into_iter().map(|placement| placement.database).collect(),
            Err(_) => installation.databases().listed_names()?,
        }
    };
    let mut databases = Vec::new();
    for name in names {
        let database = installation.databases().placed(&name)?;
        if database.sealed_log().is_ok() {
            databases.push(database);
        } else {
            tracing::warn!(database = name, "no login for the sealed log is known");
        }
    }
    Ok(databases)
}

/// Refuses what no production installation may do.
pub(super) fn check(boot: &BootOptions) -> eyre::Result<()> {
    if boot.is_production() && boot.audit_key_beside_log() {
        bail!(
            "refused with LAMPLIGHT_ENV=production: the key that seals the audit log would lie beside it; keep it \
             elsewhere and name it in LAMPLIGHT_AUDIT_KEY_FILE"
        );
    }
    Ok(())
}

/// What is told of the sealed log, and to whom.
#[derive(Args, Clone)]
#[group(id = "sealing")]
pub(super) struct Options {
    /// Who keeps what is signed of the audit log: a file, best on another machine; s3://bucket/prefix, best under Object Lock,
    /// with the credentials of the environment (AWS_*); the https address of a webhook. May be given more than once
    #[arg(long, env = "LAMPLIGHT_AUDIT_WITNESS", value_name = "PLACE", value_delimiter = ',')]
    audit_witness: Vec<String>,
    /// A folder outside the database that is given every month of the audit log once it is over
    #[arg(long, env = "LAMPLIGHT_AUDIT_ARCHIVE", value_name = "DIR")]
    pub(super) audit_archive: Option<PathBuf>,
}

impl Options {
    pub(super) fn beside(&self) -> eyre::Result<Beside> {
        let witnesses = self.audit_witness.iter().map(|place| Place::parse(place));
        Ok(Beside { witnesses: witnesses.collect::<eyre::Result<_>>()?, archive: self.audit_archive.clone() })
    }
}

/// What is done beside sealing.
#[derive(Clone, Default)]
pub(super) struct Beside {
    /// Places outside the database that are given every checkpoint.
    pub(super) witnesses: Vec<Place>,
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
    let witnesses = beside.witnesses.into_iter().map(|place| Witness::new(place, database.own())).collect();
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
    let sealed = rounds(sealer, witnesses, &name, &metrics, &world);
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
    mut witnesses: Vec<Witness>,
    name: &str,
    metrics: &Metrics,
    world: &World,
) {
    let mut elsewhere = false;
    loop {
        let more = match sealer.round().await {
            Ok(round) => {
                if round.elsewhere != elsewhere {
                    tracing::info!(
                        database = name,
                        elsewhere = round.elsewhere,
                        "who seals the audit log has changed"
                    );
                }
                elsewhere = round.elsewhere;
                tracing::debug!(database = name, events = round.events, "sealed");
                metrics.sealed(name, world.now(), round.waits_since);
                round.more
            }
            Err(error) => {
                tracing::error!(database = name, %error, "the audit log cannot be sealed");
                false
            }
        };
        // What one does not take is given to it the next time, and keeps no other waiting.
        let sealer = &sealer;
        let kept = witnesses.iter_mut().map(async |witness| {
            tokio::time::timeout(PATIENCE, witness.keep(sealer))
                .await
                .unwrap_or_else(|_| Err(eyre!("it takes too long")))
        });
        for (kept, at) in join_all(kept).await.into_iter().zip(1..) {
            if let Err(error) = kept {
                tracing::error!(database = name, witness = at, %error, "a witness of the audit log cannot be written");
            }
        }
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
}
