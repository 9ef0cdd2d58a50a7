//! `lamplight organization`.

use clap::{Args, Subcommand};
use db::{Facility, NewFacility, NewHouse, NewOrganization, Operator, Organization, Placement, SignInRules};
use eyre::eyre;
use kernel::{OrganizationId, RequestId};
use serde::Serialize;

use super::person::Place;
use super::placing::Making;
use super::session::Session;
use super::{Done, out, person, session};
use crate::areas::people;
use crate::boot::{Database, Installation};
use crate::kits::{ADMINISTRATOR, Kit};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create an organization: from a kit with its roles, first facility and first administrator, or empty
    #[command(
        after_help = "Examples:\n  lamplight organization create oak-hill --name 'Oak Hill Senior Care' --kit senior-care \
                            --facility north --facility-name 'North House' --time-zone America/Chicago \
                            --administrator ann@oak-hill.example --administrator-name 'Ann Ortiz'\n  \
                            lamplight organization create lab --name 'Laboratory' --kind clinic\n  \
                            lamplight organization create elm --name 'Elm Clinic' --kind clinic --own-database"
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
    /// Put it in a database of its own, beside the main one and named after both; or in the one of this name, which the
    /// placements file may say where to find. If this is interrupted, the same command goes on
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    own_database: Option<String>,
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
    match command {
        Command::Create(create) => self::create(&create, installation).await?,
        Command::List(List { json }) => list(json, installation).await?,
        Command::SignIn(SignIn { slug, portal_second_factor, idle, session: hours }) => {
            let Session { operator, organization, .. } = Session::enter(installation, &slug).await?;
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

/// An organization as lists show it. What only its own database knows is not there while that is not reached.
#[derive(Serialize)]
struct Listed {
    id: OrganizationId,
    slug: String,
    name: Option<String>,
    kind: Option<String>,
    facilities: Option<i64>,
    /// Its own database; none: the main one.
    database: Option<String>,
    /// `ready`, `unfinished` or `unreachable`.
    state: &'static str,
}

impl Listed {
    fn known(organization: Organization, database: Option<String>) -> Self {
        let Organization { id, slug, name, kind, facilities } = organization;
        let (name, kind, facilities) = (Some(name), Some(kind), Some(facilities));
        Self { id, slug, name, kind, facilities, database, state: "ready" }
    }

    fn unknown(placement: Placement, state: &'static str) -> Self {
        let Placement { organization: id, slug, database } = placement;
        Self { id, slug, name: None, kind: None, facilities: None, database: Some(database), state }
    }
}

async fn list(json: bool, installation: &Installation) -> eyre::Result<()> {
    let operator = installation.main().operator().await?;
    let here = operator.organizations().await?;
    let mut all: Vec<_> = here.into_iter().map(|organization| Listed::known(organization, None)).collect();
    for (placement, ready) in operator.placements().await? {
        all.push(if ready {
            ask(placement, installation).await
        } else {
            Listed::unknown(placement, "unfinished")
        });
    }
    all.sort_by(|a, b| a.slug.cmp(&b.slug));
    if json {
        return out::json(&all);
    }
    let rows: Vec<_> = all
        .into_iter()
        .map(|one| {
            let database = match (one.database, one.state) {
                (None, _) => "main".to_owned(),
                (Some(name), "ready") => name,
                (Some(name), state) => format!("{name} ({state})"),
            };
            let facilities = one.facilities.map(|count| count.to_string());
            let [name, kind, facilities] = [one.name, one.kind, facilities].map(Option::unwrap_or_default);
            [one.slug, name, kind, facilities, database]
        })
        .collect();
    Ok(out::table(["SLUG", "NAME", "KIND", "FACILITIES", "DATABASE"], &rows)?)
}

/// Asks an organization's own database about it.
async fn ask(placement: Placement, installation: &Installation) -> Listed {
    let asked = async {
        let operator = installation.databases().placed(&placement.database)?.operator().await?;
        eyre::Ok(operator.organization(&placement.slug).await?)
    };
    match asked.await {
        Ok(organization) => Listed::known(organization, Some(placement.database)),
        Err(_) => Listed::unknown(placement, "unreachable"),
    }
}

/// A whole organization as JSON shows it.
#[derive(Serialize)]
struct Made {
    organization: Organization,
    facility: Option<Facility>,
    link: Option<String>,
}

async fn create(create: &Create, installation: &Installation) -> eyre::Result<()> {
    let Some(name) = &create.own_database else {
        let mut operator = installation.main().operator().await?;
        let made = make(create, installation.main(), &mut operator, None).await?;
        return show(create, &made);
    };
    let mut making = Making::begin(installation, &create.slug, name).await?;
    let made = match making.made_before().await? {
        Some(organization) => {
            out::note(
                "an earlier run made it, and this one finished it; if the link to its administrator's post was not \
                 seen, offer another with `lamplight person invite`",
            );
            Made { organization, facility: None, link: None }
        }
        None => {
            let (database, id) = (making.database.clone(), making.placement.organization);
            make(create, &database, making.own(), Some(id)).await?
        }
    };
    making.end(&made.organization).await?;
    show(create, &made)
}

/// Makes the organization in `database`, under the number that was set aside for it if one was.
async fn make(
    create: &Create,
    database: &Database,
    operator: &mut Operator,
    number: Option<OrganizationId>,
) -> eyre::Result<Made> {
    if create.kit.kit.is_some() {
        return house(create, database, operator, number).await;
    }
    let new = NewOrganization { slug: &create.slug, name: &create.name, kind: &create.kind };
    let made = match number {
        Some(number) => operator.create_organization_numbered(number, &new).await,
        None => operator.create_organization(&new).await,
    };
    let organization = made.map_err(|error| session::explain(error, &taken(create)))?;
    Ok(Made { organization, facility: None, link: None })
}

fn taken(create: &Create) -> String {
    format!("there is an organization `{}` already", create.slug)
}

fn show(create: &Create, made: &Made) -> eyre::Result<()> {
    let organization = &made.organization;
    if create.json {
        return if create.kit.kit.is_some() { out::json(made) } else { out::json(organization) };
    }
    match &made.link {
        Some(link) => {
            out::line(link)?;
            let facility = made.facility.as_ref().map(|facility| &*facility.code).unwrap_or_default();
            out::note(format!(
                "created {} with its roles and the facility {facility}; the link makes its administrator, once and for \
                 seven days",
                organization.slug
            ));
        }
        None => {
            out::line(format!(
                "created the organization {} (number {})",
                organization.slug, organization.id
            ))?;
        }
    }
    Ok(())
}

/// Makes an organization from a kit.
async fn house(
    create: &Create,
    database: &Database,
    operator: &mut Operator,
    number: Option<OrganizationId>,
) -> eyre::Result<Made> {
    let of = &create.kit;
    let given = |value: &'_ Option<String>| {
        value.clone().ok_or_else(|| eyre!("a kit needs a facility and an administrator"))
    };
    let (code, facility, address) =
        (given(&of.facility)?, given(&of.facility_name)?, given(&of.administrator)?);
    let kit = of.kit.as_deref().and_then(Kit::find).ok_or_else(|| eyre!("there is no such kit"))?;
    let app = person::app(database, Some(&of.place))?;
    let numbers = match number {
        Some(number) => operator.set_aside_for(number).await?,
        None => operator.set_aside().await?,
    };
    let request = db::Request {
        id: RequestId(database.world().uuid()),
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
    let (organization, facility) =
        operator.create_house(&new).await.map_err(|error| session::explain(error, &taken(create)))?;
    // The log begins with how the organization came to be.
    let ctx = operator.enter(&organization, &[facility.id], request);
    let detail =
        Some(format!("kit {} facility {} membership {}", kit.key, facility.id, numbers.administrator));
    let event = db::Event { detail, ..db::Event::success("organization.create", "operator") };
    app.store.db().record(&ctx, event).await?;
    Ok(Made { organization, facility: Some(facility), link: Some(link) })
}
