//! `lamplight organization`.

use clap::{Args, Subcommand};
use db::{NewOrganization, SignInRules};

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
    /// Show or change how an organization's people sign in
    SignIn(SignIn),
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

#[derive(Args)]
pub(super) struct SignIn {
    /// Its subdomain
    slug: String,
    /// Whether patients, relatives and others at the portal are asked for a second factor; staff always is
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    portal_second_factor: Option<bool>,
    /// After how many minutes of nothing a session ends
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i32).range(1..=1440))]
    idle: Option<i32>,
    /// After how many hours a session ends whatever is done
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(i32).range(1..=720))]
    session: Option<i32>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
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
        Command::SignIn(SignIn { slug, portal_second_factor, idle, session: hours }) => {
            let organization = session::find(&operator, &slug).await?;
            let rules = SignInRules {
                portal_second_factor,
                idle_seconds: idle.map(|minutes| minutes * 60),
                session_seconds: hours.map(|hours| hours * 3600),
            };
            let now = operator.sign_in_rules(organization.id, rules).await?;
            out::line(format!(
                "{slug}: second factor at the portal {}, idle {} minutes, a session {} hours",
                if now.portal_second_factor == Some(true) { "yes" } else { "no" },
                now.idle_seconds.unwrap_or_default() / 60,
                now.session_seconds.unwrap_or_default() / 3600,
            ))?;
        }
    }
    Ok(Done::Wholly)
}
