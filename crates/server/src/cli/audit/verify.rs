//! `lamplight audit verify`: the logs in the database, or a bundle of them without one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use db::seal::{Finding, Known, Verified};
use eyre::{WrapErr as _, eyre};
use jiff::SignedDuration;
use serde::Serialize;

use super::archive::Archives;
use super::{Done, keys, keys_in, out, sealing, witness};
use crate::boot::{Database, Installation};

pub(super) const HELP: &str = "\
Exit codes:
  0  clean
  1  tampered with; the lines say how
  2  it could not be completed
  3  clean, and events wait longer to be sealed than they may

Keep the public key and the witness's file where whoever runs the database cannot write:
  lamplight audit verify --key audit.pub --witness /mnt/elsewhere/checkpoints.jsonl

A bundle is verified without a database, by anybody:
  lamplight audit verify --bundle oak-hill.jsonl.zst --key audit.pub --witness checkpoints.jsonl";

/// How long an event may wait to be sealed.
const LAG: SignedDuration = SignedDuration::from_secs(60);

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Public keys that checkpoints may be signed with, a line each [default: that of the installation]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// What a witness outside the database has kept
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
    /// The folder with the archived months: what was let go of in the database is looked for there
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    archive: Option<PathBuf>,
    /// A file that `audit export` or `audit archive` wrote, instead of the database
    #[arg(long, value_name = "FILE", requires = "key")]
    bundle: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// What was found in one database.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    verified: Verified,
    /// The databases that organizations have of their own.
    own: BTreeMap<String, Verified>,
}

impl Options {
    pub(super) fn is_of_bundle(&self) -> bool {
        self.bundle.is_some()
    }

    /// Verifies a bundle.
    pub(super) fn bundle(self) -> eyre::Result<Done> {
        let (Some(file), Some(key)) = (&self.bundle, &self.key) else {
            return Err(eyre!("a bundle is verified with --key"));
        };
        let keys = keys_in(key)?;
        let mut trouble = None;
        let witnessed = |own: Option<&str>| {
            let Some(file) = &self.witness else { return BTreeMap::new() };
            sealing::witnessed(&witness::witness_of(file, own), own, &keys).unwrap_or_else(|error| {
                trouble = Some(error);
                BTreeMap::new()
            })
        };
        let found = db::seal::verify_bundle(opened(file)?, &keys, witnessed);
        if let Some(error) = trouble {
            return Err(error);
        }
        let found = found.wrap_err_with(|| format!("{} cannot be verified", file.display()))?;
        if self.json {
            out::json(&found)?;
        } else {
            told(None, &found.verified)?;
            if let Some(until) = found.until {
                out::line(format!("it is of what was sealed until {until:.0}"))?;
            }
        }
        Ok(Done::With(u8::from(!found.verified.findings.is_empty())))
    }

    async fn database(&self, database: &Database, installation: &Installation) -> eyre::Result<Verified> {
        let (logs, keys) = (database.sealed_log()?, keys(self.key.as_deref(), installation)?);
        let witnessed = match &self.witness {
            Some(file) => sealing::witnessed(&witness::witness_of(file, logs.own()), logs.own(), &keys)?,
            None => BTreeMap::new(),
        };
        let archived = match &self.archive {
            Some(folder) => Archives::of(folder, logs.own())?.proved(&keys)?,
            None => BTreeMap::new(),
        };
        Ok(db::seal::verify(&logs, &keys, &Known { witnessed, archived }).await?)
    }
}

/// A bundle, compressed or not, by the end of its name.
pub(super) fn opened(file: &Path) -> eyre::Result<Box<dyn BufRead>> {
    let told = || format!("{} cannot be read", file.display());
    let plain = BufReader::new(File::open(file).wrap_err_with(told)?);
    if file.extension().is_some_and(|end| end == "zst") {
        let decoder = zstd::Decoder::with_buffer(plain).wrap_err_with(told)?;
        return Ok(Box::new(BufReader::new(decoder)));
    }
    Ok(Box::new(plain))
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    let verified = options.database(installation.main(), installation).await?;
    let mut own = BTreeMap::new();
    for database in sealing::own_databases(installation).await? {
        let name = database.own().unwrap_or_default().to_owned();
        let verified = options.database(&database, installation).await;
        own.insert(name.clone(), verified.wrap_err_with(|| format!("the database {name}"))?);
    }
    let all = Told { verified, own };
    let both = || std::iter::once(&all.verified).chain(all.own.values());
    let now = installation.world().now();
    let waits = both().filter_map(|one| one.waits_since).map(|since| now.duration_since(since)).max();
    let waits = waits.filter(|waits| *waits > LAG);
    if options.json {
        out::json(&all)?;
    } else {
        told(None, &all.verified)?;
        for (name, verified) in &all.own {
            told(Some(name), verified)?;
        }
        if let Some(waits) = waits {
            out::note(format!("events wait for {} s to be sealed", waits.as_secs()));
        }
    }
    Ok(Done::With(match (both().all(|one| one.findings.is_empty()), waits) {
        (false, _) => 1,
        (true, Some(_)) => 3,
        (true, None) => 0,
    }))
}

fn told(own: Option<&str>, verified: &Verified) -> eyre::Result<()> {
    let of = own.map(|own| format!("{own}: ")).unwrap_or_default();
    let archived = match verified.archived {
        0 => String::new(),
        some => format!("; {some} are in the archive alone"),
    };
    out::line(format!(
        "{of}{} events of {} organizations and {} checkpoints verified; {} events are not sealed yet{archived}",
        verified.events, verified.organizations, verified.checkpoints, verified.unsealed
    ))?;
    if verified.findings.is_empty() {
        out::line("clean")?;
        return Ok(());
    }
    let rows: Vec<_> = verified.findings.iter().map(row).collect();
    out::table(["ORGANIZATION", "SEQUENCE", "KIND", "EVENT", "WHAT"], &rows)?;
    if verified.more > 0 {
        out::note(format!("{} more were found", verified.more));
    }
    Ok(())
}

fn row(one: &Finding) -> [String; 5] {
    let place = match (one.sequence, one.until) {
        (Some(from), Some(until)) => format!("{from} to {until}"),
        (Some(at), None) => at.to_string(),
        (None, _) => String::new(),
    };
    let of = if one.organization == 0 { "all".to_owned() } else { one.organization.to_string() };
    let event = one.event.map(|event| event.to_string()).unwrap_or_default();
    [of, place, one.kind.to_string(), event, one.what.to_owned()]
}
