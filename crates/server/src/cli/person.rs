//! `lamplight person`: the first people of an organization come by the operator; they invite the others.

use chart::Store;
use clap::{Args, Subcommand, ValueEnum};
use db::Ctx;
use kernel::MembershipId;
use policy::PermissionSet;
use serde::Serialize;

use super::session::Session;
use super::{Done, grant, out};
use crate::app::{App, Settings};
use crate::areas::people;
use crate::boot::{Database, Installation};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Offer someone a post: they get a mail with a link, which is also printed here
    #[command(
        after_help = "Example:\n  lamplight person invite --organization oak-hill --email ann@oak-hill.example \
                            --name 'Ann Ortiz' --role Administrator --all --all-facilities"
    )]
    Invite(Invite),
    /// List who has a post in an organization
    List(List),
    /// End a post: whoever has it is out on the next request
    End(End),
}

/// On which side of the counter.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Someone who works there
    Staff,
    /// A patient, relative, attorney, supplier
    Portal,
}

#[derive(Args)]
pub(super) struct Invite {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Their e-mail address
    #[arg(long)]
    email: String,
    /// What they are called until they say it themselves
    #[arg(long)]
    name: String,
    /// What they are there, as others read it
    #[arg(long)]
    role: String,
    /// On which side of the counter
    #[arg(long, value_enum, default_value = "staff")]
    kind: Kind,
    #[command(flatten)]
    grant: grant::Options,
    /// Only with patients they have a relationship with
    #[arg(long)]
    by_relationship: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where the pages are that links lead to.
#[derive(Args)]
#[group(id = "place")]
pub(super) struct Place {
    /// The domain whose subdomains are the organizations, as `lamplight serve` is told
    #[arg(long, env = "LAMPLIGHT_DOMAIN", value_name = "NAME")]
    domain: Option<String>,
    /// The port of the pages where there is no domain
    #[arg(long, default_value_t = 8080)]
    port: u16,
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
pub(super) struct End {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Its number, as `lamplight person list` shows it
    membership: i32,
}

#[derive(Serialize)]
struct Offered<'a> {
    membership: MembershipId,
    link: &'a str,
}

/// The program without a server around it, and the operator's context in the organization.
pub(super) fn app(database: &Database, place: Option<&Place>) -> eyre::Result<App> {
    let store = Store::new(database.open(2)?);
    let domain = place.and_then(|place| place.domain.clone());
    let port = place.filter(|place| place.domain.is_none()).map(|place| place.port);
    let settings = Settings { domain, port, ..Settings::default() };
    Ok(App::new(store, database.world().clone(), settings))
}

fn context(session: &Session) -> Ctx {
    session.context(&session.all())
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Invite(invite) => {
            let session = Session::enter(installation, &invite.organization).await?;
            let app = app(session.database(), Some(&invite.place))?;
            let facilities = invite.grant.facilities(&session)?;
            let new = people::NewPost {
                email: &invite.email,
                name: &invite.name,
                role: &invite.role,
                role_key: None,
                plane: match invite.kind {
                    Kind::Staff => "staff",
                    Kind::Portal => "portal",
                },
                permissions: invite.grant.permissions(),
                denied: PermissionSet::default(),
                facilities: &facilities,
                by_relationship: invite.by_relationship,
                ends_at: None,
            };
            let (membership, link) = people::invite(&app, &context(&session), &new).await?;
            if invite.json {
                out::json(&Offered { membership, link: &link })?;
            } else {
                out::line(&link)?;
                out::note(format!("post {membership} offered; the link is good for seven days and once"));
            }
        }
        Command::List(list) => {
            let session = Session::enter(installation, &list.organization).await?;
            let members = people::list(&app(session.database(), None)?, &context(&session)).await?;
            if list.json {
                out::json(&members)?;
                return Ok(Done::Wholly);
            }
            let rows: Vec<_> = members
                .into_iter()
                .map(|member| {
                    let facilities = member.facilities.join(" ");
                    [
                        member.membership.to_string(),
                        member.name,
                        member.role,
                        member.state.to_owned(),
                        facilities,
                    ]
                })
                .collect();
            out::table(["POST", "NAME", "ROLE", "STATE", "FACILITIES"], &rows)?;
        }
        Command::End(end) => {
            let session = Session::enter(installation, &end.organization).await?;
            let app = app(session.database(), None)?;
            match people::end(&app, &context(&session), MembershipId(end.membership)).await {
                Err(people::Error::Db(db::Error::NotFound)) => {
                    eyre::bail!("there is no living post {}", end.membership);
                }
                other => other?,
            }
            out::line(format!("ended {}", end.membership))?;
        }
    }
    Ok(Done::Wholly)
}
