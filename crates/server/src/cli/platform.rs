//! `lamplight platform`: the plane above organizations.

use clap::{Args, Subcommand};
use policy::PlatformPermission;

use super::person::{self, Place};
use super::{Done, out};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Invite someone to the plane above organizations: they get a mail with a link, which is also printed here
    #[command(
        after_help = "Example:\n  lamplight platform invite --email olga@lamplight.example --name 'Olga Ruiz' --all\n\n\
                            Whoever is on the plane sees organizations, plans and figures, and nobody's record."
    )]
    Invite(Invite),
}

#[derive(Args)]
pub(super) struct Invite {
    /// Their e-mail address
    #[arg(long)]
    email: String,
    /// What they are called until they say it themselves
    #[arg(long)]
    name: String,
    /// What they may do there; several are allowed
    #[arg(long = "permission", value_name = "KEY", value_parser = permission, required_unless_present = "all")]
    permissions: Vec<PlatformPermission>,
    /// Everything
    #[arg(long, conflicts_with = "permissions")]
    all: bool,
    #[command(flatten)]
    place: Place,
}

fn permission(key: &str) -> Result<PlatformPermission, String> {
    key.parse().map_err(|_| {
        let known: Vec<_> = PlatformPermission::ALL.into_iter().map(PlatformPermission::key).collect();
        format!("one of {}", known.join(", "))
    })
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    let Command::Invite(invite) = command;
    let app = person::app(installation.main(), Some(&invite.place))?;
    let operator = installation.main().operator().await?;
    let permissions = if invite.all { PlatformPermission::ALL.to_vec() } else { invite.permissions };
    let whom = (&*invite.email, &*invite.name);
    let (number, link) = app.invite_administrator(&operator, whom, permissions).await?;
    out::line(&link)?;
    out::note(format!("administrator {number} invited; the link is good for seven days and once"));
    Ok(Done::Wholly)
}
