//! `lamplight keys`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use db::{Event, KeyInfo};
use serde::Serialize;

use super::session::Session;
use super::{Done, out, session};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Which keys organizations have, since when, and how many each wraps
    Status(Status),
    /// Change an organization's wrapping key for another while programs work, and destroy the old one
    #[command(after_help = ROTATE)]
    Rotate(Rotate),
}

const ROTATE: &str = "\
Every key of the organization is wrapped anew; records stay as they are. Nobody is kept waiting. What was interrupted is \
ended by the same command. Backups of the keyring that were made before hold the old key as it was wrapped: let go of them \
when the new one is backed up.

Example:
  lamplight keys rotate --organization oak-hill";

#[derive(Args)]
pub(super) struct Status {
    /// The organization, by its slug [default: every one]
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Rotate {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
}

/// What an organization has.
#[derive(Serialize)]
struct Keys {
    keys: Vec<KeyInfo>,
    /// Patients' keys whose bytes are gone.
    destroyed: i64,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Status(options) => status(options, installation).await,
        Command::Rotate(options) => rotate(&options.organization, installation).await,
    }
}

async fn status(options: Status, installation: &Installation) -> eyre::Result<Done> {
    let slugs = match options.organization {
        Some(one) => vec![one],
        None => session::slugs(installation).await?,
    };
    let mut all = BTreeMap::new();
    for slug in slugs {
        let session = Session::enter(installation, &slug).await?;
        let operator = session.database().keys_operator().await?;
        let (keys, destroyed) = operator.keys(session.organization.id).await?;
        all.insert(slug, Keys { keys, destroyed });
    }
    if options.json {
        out::json(&all)?;
        return Ok(Done::Wholly);
    }
    let mut rows = Vec::new();
    for (slug, found) in &all {
        for key in &found.keys {
            let (state, since) = match (key.destroyed_at, key.retired_at) {
                (Some(at), _) => ("destroyed", at),
                (None, Some(at)) => ("retired", at),
                (None, None) => ("in use", key.created_at),
            };
            let wraps = if key.purpose == "wrapping" { key.wraps.to_string() } else { String::new() };
            let since = format!("{since:.0}");
            rows.push([
                slug.clone(),
                key.purpose.to_owned(),
                key.number.to_string(),
                state.to_owned(),
                since,
                wraps,
            ]);
        }
    }
    out::table(["ORGANIZATION", "KEY", "NUMBER", "STATE", "SINCE", "WRAPS"], &rows)?;
    for (slug, found) in all.iter().filter(|(_, found)| found.destroyed > 0) {
        out::line(format!("{slug}: {} keys of patients are destroyed", found.destroyed))?;
    }
    Ok(Done::Wholly)
}

async fn rotate(slug: &str, installation: &Installation) -> eyre::Result<Done> {
    let session = Session::enter(installation, slug).await?;
    let (db, ctx) = (session.database().open(2)?, session.context(&session.all()));
    // Before it is begun: what is interrupted was asked for all the same.
    db.record(&ctx, Event::success("keys.rotate", "operator")).await?;
    let root = session.database().root()?;
    let mut operator = session.database().keys_operator().await?;
    let rotated = operator.rotate_keys(&root, session.organization.id).await?;
    out::line(format!(
        "{slug}: key {} wraps {} keys; old keys destroyed: {}",
        rotated.number, rotated.keys, rotated.destroyed
    ))?;
    Ok(Done::Wholly)
}
