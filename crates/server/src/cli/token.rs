//! `lamplight token`.

use clap::{Args, Subcommand};
use db::NewToken;
use jiff::SignedDuration;
use kernel::TokenId;
use serde::Serialize;

use super::session::Session;
use super::{Done, grant, out};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Issue a token; its text is shown once and stored nowhere
    #[command(after_help = "Examples:\n  lamplight token issue --organization oak-hill --facility north \
                            --name laboratory --permission chart.read --permission chart.write --days 90\n  \
                            lamplight token issue --organization oak-hill --all-facilities --name trial --all --days 1")]
    Issue(Issue),
    /// List the tokens of an organization, newest first
    List(List),
    /// Revoke a token: it is dead on the next request
    Revoke(Revoke),
}

#[derive(Args)]
pub(super) struct Issue {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// What or whom it is for
    #[arg(long)]
    name: String,
    #[command(flatten)]
    grant: grant::Options,
    /// For how many days
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
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

#[derive(Args)]
pub(super) struct Revoke {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its id, as `lamplight token list` shows it
    token: TokenId,
}

/// A token as JSON shows it, once.
#[derive(Serialize)]
struct Shown<'a> {
    id: TokenId,
    token: &'a str,
    expires_at: jiff::Timestamp,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Issue(issue) => {
            let mut session = Session::enter(installation, &issue.organization).await?;
            let facilities = issue.grant.facilities(&session)?;
            let permissions = issue.grant.permissions();
            let expires_at =
                installation.world().now() + SignedDuration::from_hours(24 * i64::from(issue.days));
            let new = NewToken { name: &issue.name, permissions, facilities: &facilities, expires_at };
            let token = session.operator.issue_token(session.organization.id, &new).await?;
            if issue.json {
                out::json(&Shown { id: token.id, token: &token.text, expires_at })?;
            } else {
                out::line(&token.text)?;
                out::note(format!(
                    "token {} for {}, good until {expires_at}; keep it secret, it is not shown again",
                    token.id, session.organization.slug
                ));
            }
        }
        Command::List(list) => {
            let session = Session::enter(installation, &list.organization).await?;
            let tokens = session.operator.tokens(session.organization.id).await?;
            if list.json {
                out::json(&tokens)?;
                return Ok(Done::Wholly);
            }
            let now = installation.world().now();
            let rows: Vec<_> = tokens
                .into_iter()
                .map(|token| {
                    let state = match token.revoked_at {
                        Some(at) => format!("revoked {at:.0}"),
                        None if token.expires_at <= now => "expired".to_owned(),
                        None => format!("until {:.0}", token.expires_at),
                    };
                    let permissions = token.permissions.join(" ");
                    [token.id.to_string(), token.name, state, token.facilities.join(" "), permissions]
                })
                .collect();
            out::table(["ID", "NAME", "STATE", "FACILITIES", "PERMISSIONS"], &rows)?;
        }
        Command::Revoke(revoke) => {
            let session = Session::enter(installation, &revoke.organization).await?;
            match session.operator.revoke_token(session.organization.id, revoke.token).await {
                Err(db::Error::NotFound) => eyre::bail!("there is no living token {}", revoke.token),
                other => other?,
            }
            out::line(format!("revoked {}", revoke.token))?;
        }
    }
    Ok(Done::Wholly)
}
