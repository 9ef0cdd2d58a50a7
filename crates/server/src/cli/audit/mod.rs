//! `lamplight audit`.

mod archive;
mod bundle;
mod report;
mod seal;
mod verify;

use std::fs;
use std::path::Path;

use clap::Subcommand;
use eyre::{WrapErr as _, eyre};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use merkle::Verifier;

use super::{Done, out, sealing, session, witness};
use crate::boot::{BootOptions, Installation};

pub(super) use archive::{Archives, keep as archive};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Who did what with a patient's record, newest first; asking is itself logged
    #[command(after_help = "Example:\n  lamplight audit report --organization oak-hill \
                            --patient 01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10 --from 2026-01-01 --to 2026-04-01 --format csv")]
    Report(report::Report),
    /// The public key that the log's checkpoints are signed with
    Key,
    /// Derive the whole log anew and compare it with what was signed
    #[command(after_help = verify::HELP)]
    Verify(verify::Options),
    /// Write a part of the log into a file that `verify --bundle` checks with the public key alone
    #[command(after_help = bundle::HELP)]
    Export(bundle::Options),
    /// Seal the log as `serve` does, in a process of its own: with the login of the role `lamplight_sealer` and the log's key, and
    /// nothing else
    #[command(after_help = seal::HELP)]
    Seal(seal::Options),
    /// Write every month that is over into a file of its own, and let go of those that need not be kept here any more
    #[command(after_help = archive::HELP)]
    Archive(archive::Options),
}

impl Command {
    /// Whether its exit codes are those of a verification.
    pub(super) fn verifies(&self) -> bool {
        matches!(self, Self::Verify(_))
    }

    /// Whether it goes on until it is told to stop.
    pub(super) fn stays(&self) -> bool {
        matches!(self, Self::Seal(options) if !options.once)
    }

    /// Refuses what no production installation may do, before anything is opened.
    pub(super) fn check(&self, boot: &BootOptions) -> eyre::Result<()> {
        if matches!(self, Self::Seal(_)) { sealing::check(boot) } else { Ok(()) }
    }

    /// What needs no installation, done; `Err` gives the others back.
    pub(super) fn alone(self) -> Result<eyre::Result<Done>, Self> {
        match self {
            Self::Verify(options) if options.is_of_bundle() => Ok(options.bundle()),
            other => Err(other),
        }
    }
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Report(asked) => report::run(asked, installation).await,
        Command::Verify(asked) => verify::run(asked, installation).await,
        Command::Export(asked) => bundle::run(asked, installation).await,
        Command::Seal(asked) => seal::run(&asked, installation).await,
        Command::Archive(asked) => archive::run(&asked, installation).await,
        Command::Key => {
            let key = installation.main().audit_verifier()?;
            let key = key.ok_or_else(|| eyre!("there is no key here: who seals first makes it"))?;
            out::line(key.to_string())?;
            Ok(Done::Wholly)
        }
    }
}

/// The public keys in a file, a line each.
fn keys_in(file: &Path) -> eyre::Result<Vec<Verifier>> {
    let text = fs::read_to_string(file).wrap_err_with(|| format!("{} cannot be read", file.display()))?;
    let keys = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys = keys.map(|line| line.parse().wrap_err("a public key")).collect::<eyre::Result<Vec<_>>>()?;
    eyre::ensure!(!keys.is_empty(), "{} holds no key", file.display());
    Ok(keys)
}

/// The keys that were named, or that of the installation.
fn keys(named: Option<&Path>, installation: &Installation) -> eyre::Result<Vec<Verifier>> {
    if let Some(file) = named {
        return keys_in(file);
    }
    let own = installation.main().audit_verifier()?;
    own.map(|key| vec![key])
        .ok_or_else(|| eyre!("the log's key is not here: name a file with its public key with --key"))
}

/// A day or an instant.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date = text
        .parse()
        .map_err(|_| "a date such as 2026-01-31 or an instant such as 2026-01-31T08:00:00Z".to_owned())?;
    day.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn days_and_instants_are_understood() {
        assert_eq!(instant("2026-01-31"), instant("2026-01-31T00:00:00Z"));
        assert_eq!(instant("2026-01-31T01:00:00+01:00"), instant("2026-01-31"));
        assert!(instant("yesterday").is_err());
    }
}
