//! `lamplight facility`.

use clap::{Args, Subcommand};
use db::NewFacility;

use super::session::Session;
use super::{Done, out, session};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create a facility
    #[command(
        after_help = "Example:\n  lamplight facility create --organization oak-hill north --name 'North House' \
                            --time-zone America/Chicago"
    )]
    Create(Create),
    /// List the facilities of an organization
    List(List),
    /// Let a facility take patients
    Start(Start),
}

#[derive(Args)]
pub(super) struct Start {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// The facility, by its code
    code: String,
    /// How far it is; the app takes it back while it holds no patients
    #[arg(long, default_value = "pilot", value_parser = ["pilot", "live"])]
    state: String,
}

#[derive(Args)]
pub(super) struct Create {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its short name in addresses and commands: lower-case letters, digits and hyphens
    code: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// Its IANA time zone
    #[arg(long, default_value = "America/New_York", value_name = "ZONE")]
    time_zone: String,
    /// How far it is
    #[arg(long, default_value = "preparing", value_parser = ["preparing", "pilot", "live"])]
    state: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Create(create) => {
            let Session { operator, organization, .. } =
                Session::enter(installation, &create.organization).await?;
            let new = NewFacility {
                code: &create.code,
                name: &create.name,
                time_zone: &create.time_zone,
                state: &create.state,
            };
            let taken = format!("{} has a facility `{}` already", organization.slug, create.code);
            let made = operator
                .create_facility(organization.id, &new)
                .await
                .map_err(|error| session::explain(error, &taken))?;
            if create.json {
                out::json(&made)?;
            } else {
                out::line(format!(
                    "created the facility {} of {} (number {})",
                    made.code, organization.slug, made.id
                ))?;
            }
        }
        Command::Start(start) => {
            let Session { operator, organization, .. } =
                Session::enter(installation, &start.organization).await?;
            let none = format!("{} has no facility `{}`", organization.slug, start.code);
            operator
                .start_facility(organization.id, &start.code, &start.state)
                .await
                .map_err(|error| session::explain(error, &none))?;
            out::line(format!("{} of {} is {}", start.code, organization.slug, start.state))?;
        }
        Command::List(list) => {
            let all = Session::enter(installation, &list.organization).await?.facilities;
            if list.json {
                out::json(&all)?;
            } else {
                let rows: Vec<_> = all.into_iter().map(|f| [f.code, f.name, f.time_zone, f.state]).collect();
                out::table(["CODE", "NAME", "TIME ZONE", "STATE"], &rows)?;
            }
        }
    }
    Ok(Done::Wholly)
}
