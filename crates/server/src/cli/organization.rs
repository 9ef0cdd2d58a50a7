//! `lamplight organization`.

use clap::{Args, Subcommand};
use db::{Facility, NewFacility, NewHouse, NewOrganization, Operator, Organization, SignInRules};
use eyre::eyre;
use kernel::RequestId;
use serde::Serialize;

use super::person::Place;
use super::{Done, out, person, session};
use crate::areas::people;
use crate::boot::Installation;
use crate::kits::{ADMINISTRATOR, Kit};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create an organization: from a kit with its roles, first facility and first administrator, or empty
    #[command(
        after_help = "Examples:\n  lamplight organization create oak-hill --name 'Oak Hill Senior Care' --kit senior-care \
                            --facility north --facility-name 'North House' --time-zone America/Chicago \
                            --administrator ann@oak-hill.example --administrator-name 'Ann Ortiz'\n  \
                            lamplight organization create lab --name 'Laboratory' --kind clinic"
    )]
    Create(Box<Create>),
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
    /// Its line of work, where there is no kit
    #[arg(long, default_value = "senior-care", value_parser = Kit::keys(), conflicts_with = "kit")]
    kind: String,
    #[command(flatten)]
    kit: FromKit,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a kit needs beside the organization's name.
#[derive(Args)]
#[group(id = "from_kit")]
struct FromKit {
    /// What it begins with: roles, hours, rules for sign-in, colours
    #[arg(long, value_parser = Kit::keys(), requires_all = ["facility", "facility_name", "administrator"])]
    kit: Option<String>,
    /// Its first facility's short name
    #[arg(long, value_name = "CODE", requires = "kit")]
    facility: Option<String>,
    /// Its first facility's name
    #[arg(long, value_name = "NAME", requires = "kit")]
    facility_name: Option<String>,
    /// The facility's IANA time zone
    #[arg(long, default_value = "America/New_York", value_name = "ZONE")]
    time_zone: String,
    /// Where the invitation of the first administrator goes
    #[arg(long, value_name = "EMAIL", requires = "kit")]
    administrator: Option<String>,
    /// What they are called until they say it themselves
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    administrator_name: String,
    /// What it pays for: `complete`, `essentials`, or a plan of your own
    #[arg(long, default_value = db::COMPLETE, value_name = "KEY")]
    plan: String,
    #[command(flatten)]
    place: Place,
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
        Command::Create(create) if create.kit.kit.is_some() => {
            house(&create, &mut operator, installation).await?;
        }
        Command::Create(create) => {
            let Create { slug, name, kind, json, .. } = *create;
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

/// A whole organization as JSON shows it.
#[derive(Serialize)]
struct Made<'a> {
    organization: &'a Organization,
    facility: &'a Facility,
    link: &'a str,
}

/// Makes an organization from a kit.
async fn house(create: &Create, operator: &mut Operator, installation: &Installation) -> eyre::Result<()> {
    let of = &create.kit;
    let given = |value: &'_ Option<String>| {
        value.clone().ok_or_else(|| eyre!("a kit needs a facility and an administrator"))
    };
    let (code, facility, address) =
        (given(&of.facility)?, given(&of.facility_name)?, given(&of.administrator)?);
    let kit = of.kit.as_deref().and_then(Kit::find).ok_or_else(|| eyre!("there is no such kit"))?;
    let app = person::app(installation, Some(&of.place))?;
    let numbers = operator.set_aside().await?;
    let request = db::Request {
        id: RequestId(installation.world().uuid()),
        address: None,
        purpose: db::Purpose::Administration,
    };
    let whose = (numbers.organization, &*create.slug, &*create.name);
    let (invitation, link) =
        people::seal_invitation(&app, request.clone(), whose, numbers.administrator, &address).await?;
    let roles = kit.roles();
    let new = NewHouse {
        numbers,
        organization: NewOrganization { slug: &create.slug, name: &create.name, kind: kit.key },
        kit: kit.key,
        plan: &of.plan,
        accent: kit.accent,
        session: (kit.idle_minutes * 60, kit.session_hours * 3600),
        roles: &roles,
        facility: NewFacility { code: &code, name: &facility, time_zone: &of.time_zone, state: "preparing" },
        hours: &kit.hours(),
        administrator: (&of.administrator_name, ADMINISTRATOR),
        invitation: &invitation,
    };
    let taken = format!("there is an organization `{}` already", create.slug);
    let (organization, facility) =
        operator.create_house(&new).await.map_err(|error| session::explain(error, &taken))?;
    // The log begins with how the organization came to be.
    let ctx = operator.enter(&organization, &[facility.id], request);
    let detail =
        Some(format!("kit {} facility {} membership {}", kit.key, facility.id, numbers.administrator));
    let event = db::Event { detail, ..db::Event::success("organization.create", "operator") };
    app.store.db().record(&ctx, event).await?;
    if create.json {
        out::json(&Made { organization: &organization, facility: &facility, link: &link })?;
    } else {
        out::line(&link)?;
        out::note(format!(
            "created {} with {} roles and the facility {}; the link makes its administrator, once and for seven days",
            organization.slug,
            roles.len(),
            facility.code
        ));
    }
    Ok(())
}
