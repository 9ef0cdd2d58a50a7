//! `lamplight organization`.

use clap::{Args, Subcommand};
use db::NewOrganization;

use super::{Done, out, session};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create an organization
    #[command(
        after_help = "Example:\n  lamplight organization create oak-hill --name 'Oak Hill Senior Care'"
    )]
    Create(Create),
    /// List the organizations
    List(List),
}

#[derive(Args)]
pub(super) struct Create {
    /// Its subdomain: lower-case letters, digits and hyphens; it cannot be changed
    slug: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// Its line of work
    #[arg(long, default_value = "senior-care", value_parser = ["senior-care", "clinic", "behavioral-health", "home-care"])]
    kind: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    let mut operator = installation.operator().await?;
    match command {
        Command::Create(Create { slug, name, kind, json }) => {
            let new = NewOrganization { slug: &slug, name: &name, kind: &kind };
            let made = operator.create_organization(&new).await.map_err(|error| {
                session::explain(error, &format!("there is an organization `{slug}` already"))
            })?;
            if json {
                out::json(&made)?;
            } else {
                out::line(format!("created the organization {} (number {})", made.slug, made.id))?;
            }
        }
        Command::List(List { json }) => {
            let all = operator.organizations().await?;
            if json {
                out::json(&all)?;
            } else {
                let rows: Vec<_> =
                    all.into_iter().map(|o| [o.slug, o.name, o.kind, o.facilities.to_string()]).collect();
                out::table(["SLUG", "NAME", "KIND", "FACILITIES"], &rows)?;
            }
        }
    }
    Ok(Done::Wholly)
}
