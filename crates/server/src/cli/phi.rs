//! `lamplight phi`: the sealed bodies as a whole.

use std::collections::BTreeMap;

use chart::Integrity;
use clap::{Args, Subcommand};
use eyre::WrapErr as _;

use super::session::Session;
use super::{Done, out, session};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Compare every sealed body with the event of its last write
    #[command(after_help = HELP)]
    Verify(Verify),
}

const HELP: &str = "\
Exit codes:
  0  every body is what was written last
  1  some are not; the lines say which and how
  2  it could not be completed

Nothing is opened for it. That the events are what was written is what `lamplight audit verify` shows.";

#[derive(Args)]
pub(super) struct Verify {
    /// The organization, by its slug [default: every one]
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    let Command::Verify(options) = command;
    let slugs = match &options.organization {
        Some(one) => vec![one.clone()],
        None => session::slugs(installation).await?,
    };
    let mut all = BTreeMap::new();
    for slug in slugs {
        let found = verify(installation, &slug).await.wrap_err_with(|| format!("of `{slug}`"))?;
        all.insert(slug, found);
    }
    if options.json {
        out::json(&all)?;
    } else {
        told(&all)?;
    }
    Ok(Done::With(u8::from(all.values().any(|found| !found.wrong.is_empty()))))
}

/// Of one organization, all its facilities.
async fn verify(installation: &Installation, slug: &str) -> eyre::Result<Integrity> {
    let session = Session::enter(installation, slug).await?;
    Ok(session.store(1)?.verify_bodies(&session.context(&session.all())).await?)
}

fn told(all: &BTreeMap<String, Integrity>) -> eyre::Result<()> {
    for (slug, found) in all {
        let before = match found.before_log {
            0 => String::new(),
            some => format!("; {some} of them were written before its log begins, and are not known"),
        };
        out::line(format!("{slug}: {} bodies, {} wrong{before}", found.bodies, found.wrong.len()))?;
    }
    let of = |(slug, found): (&String, &Integrity)| {
        let slug = slug.clone();
        let row = |one: &chart::Wrong| {
            let what = one.rtype.unwrap_or("-").to_owned();
            [slug.clone(), what, one.id.to_string(), one.version.to_string(), one.fault.to_string()]
        };
        found.wrong.iter().map(row).collect::<Vec<_>>()
    };
    let rows: Vec<[String; 5]> = all.iter().flat_map(of).collect();
    if !rows.is_empty() {
        out::table(["ORGANIZATION", "TYPE", "ID", "VERSION", "FAULT"], &rows)?;
    }
    Ok(())
}
