//! `lamplight keys`.

use std::collections::BTreeMap;
use std::time::Duration;

use chart::{Tokens, Turned};
use clap::{Args, Subcommand};
use db::keys::TokenState;
use db::{Event, KeyInfo, Whose};
use eyre::{WrapErr as _, bail};
use kernel::PatientId;
use serde::Serialize;
use uuid::Uuid;

use super::session::Session;
use super::{Done, out, session};
use crate::boot::{Database, Error, Installation};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Which keys organizations have, since when, and how many each wraps
    Status(Status),
    /// Change an organization's wrapping key, its search key or patients' keys for others while programs work
    #[command(after_help = ROTATE)]
    Rotate(Rotate),
    /// Have organizations' wrapping keys wrapped by the key service that is named, while programs work
    #[command(after_help = REWRAP)]
    Rewrap(Rewrap),
}

const ROTATE: &str = "\
The wrapping key: every key of the organization is wrapped anew and the old wrapping key destroyed; records stay as they are. \
Backups of the keyring that were made before hold the old key as it was wrapped: let go of them when the new one is backed up.

Patients' keys: what is written from now on is sealed with new ones, in all programs at once, or within five minutes in one \
that cannot be told. What was written before stays as it is, and is read with the keys it was sealed with.

The search key: every record gets tokens made with a new one, those made with the old one are removed and it is destroyed. \
That takes four waits of --wait and the time to open every record twice. A damaged record gets none, and is told of.

Nobody is kept waiting. What was interrupted is ended by the same command.

Examples:
  lamplight keys rotate --organization oak-hill
  lamplight keys rotate --organization oak-hill --patient 0190c2a0-5f1e-7cc3-98c4-dc0c0c07398f
  lamplight keys rotate --organization oak-hill --worn
  lamplight keys rotate --organization oak-hill --search";

/// After how many bodies a key gets a successor.
const WORN: i64 = 1 << 20;

/// How long a program may know no better: for so long it keeps keys, and then there is its longest request.
const SETTLE: Duration = Duration::from_secs(360);

const REWRAP: &str = "\
What wraps them before is to be named in LAMPLIGHT_KEY_SERVICE_BEFORE here and for every program that serves, until this is \
through; the root key is always known. What was interrupted is ended by the same command. When it is through, what wrapped \
the keys before is needed no more, except for older backups of the keyring.

Examples:
  LAMPLIGHT_KEY_SERVICE=aws-kms:arn:aws:kms:... lamplight keys rewrap
  lamplight keys rewrap --anew     after Vault made a newer version of its key";

#[derive(Args)]
pub(super) struct Rewrap {
    /// Also those that are wrapped by it already, so that the newest version of its key wraps all
    #[arg(long)]
    anew: bool,
}

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
    /// The keys of this patient, by the id of the record
    #[arg(long, value_name = "ID", conflicts_with_all = ["patients", "worn"])]
    patient: Option<Uuid>,
    /// The keys of all patients
    #[arg(long, conflicts_with = "worn")]
    patients: bool,
    /// The keys of patients that sealed so many bodies or more [default: 1048576]
    #[arg(long, value_name = "BODIES", num_args = 0..=1, default_missing_value = "1048576",
          value_parser = clap::value_parser!(i64).range(1..=WORN))]
    worn: Option<i64>,
    /// The key of search tokens
    #[arg(long, conflicts_with_all = ["patient", "patients", "worn"])]
    search: bool,
    /// How long to wait for programs that cannot be told, before each step; 0 only while none serves
    #[arg(long, value_name = "SECONDS", requires = "search", default_value_t = SETTLE.as_secs(),
          value_parser = clap::value_parser!(u64).range(..=3600))]
    wait: u64,
}

/// What an organization has.
#[derive(Serialize)]
struct Keys {
    keys: Vec<KeyInfo>,
    /// The search keys that one is being changed for or with, by number.
    changing: Vec<i32>,
    /// Patients' keys whose bytes are gone.
    destroyed: i64,
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Status(options) => status(options, installation).await,
        Command::Rotate(options) => rotate(&options, installation).await,
        Command::Rewrap(options) => rewrap(options.anew, installation).await,
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
        let tokens = session.operator.token_states(session.organization.id).await?;
        let changing = tokens.iter().filter(|(_, state)| *state != TokenState::Searched);
        let changing = changing.map(|(number, _)| *number).collect();
        all.insert(slug, Keys { keys, changing, destroyed });
    }
    let services = services(installation).await?;
    if options.json {
        out::json(&serde_json::json!({"organizations": all, "services": services}))?;
        return Ok(Done::Wholly);
    }
    let mut rows = Vec::new();
    for (slug, found) in &all {
        for key in &found.keys {
            let (state, since) = match (key.destroyed_at, key.retired_at) {
                (Some(at), _) => ("destroyed", at),
                (None, Some(at)) => ("retired", at),
                (None, None) if key.purpose == "search" && found.changing.contains(&key.number) => {
                    ("changing", key.created_at)
                }
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
    out::line(String::new())?;
    let row = |one: Service| {
        let state = match (&one.error, one.current) {
            (Some(error), _) => error.clone(),
            (None, true) => "in use".to_owned(),
            (None, false) => "before".to_owned(),
        };
        [one.database, one.service, state, one.wraps.to_string()]
    };
    out::table(
        ["DATABASE", "WRAPPED BY", "STATE", "WRAPS"],
        &services.into_iter().map(row).collect::<Vec<_>>(),
    )?;
    for (slug, found) in all.iter().filter(|(_, found)| found.destroyed > 0) {
        out::line(format!("{slug}: {} keys of patients are destroyed", found.destroyed))?;
    }
    Ok(Done::Wholly)
}

/// What wraps wrapping keys, with how many, and whether it can be asked.
#[derive(Serialize)]
struct Service {
    database: String,
    service: String,
    wraps: u64,
    /// Whether new keys are wrapped by it.
    current: bool,
    /// Whether it answers, where it is the current one.
    error: Option<String>,
}

async fn services(installation: &Installation) -> eyre::Result<Vec<Service>> {
    let mut all = Vec::new();
    for database in databases(installation).await? {
        let custody = database.custody()?;
        let mut by = database.keys_operator().await?.wrapped_by().await?;
        by.entry(custody.current().to_owned()).or_default();
        for (service, wraps) in by {
            let current = service == custody.current();
            let checked = if current { custody.check().await } else { Ok(()) };
            let error = checked.err().map(|error| error.to_string());
            all.push(Service { database: database.name().to_owned(), service, wraps, current, error });
        }
    }
    Ok(all)
}

async fn rotate(options: &Rotate, installation: &Installation) -> eyre::Result<Done> {
    let slug = options.organization.as_str();
    if let Some(bodies) = options.worn {
        out::line(format!(
            "{slug}: {} keys have a successor",
            replace_worn(installation, slug, bodies).await?
        ))?;
        return Ok(Done::Wholly);
    }
    if options.search {
        let done = turn_tokens(installation, slug, Duration::from_secs(options.wait), true).await?;
        out::line(format!(
            "{slug}: search key {} made the tokens of {} records; old keys destroyed: {}",
            done.number, done.records, done.destroyed
        ))?;
        if done.unreadable > 0 {
            out::line(format!(
                "{slug}: {} records could not be opened and have no tokens; `lamplight phi verify` names them",
                done.unreadable
            ))?;
        }
        return Ok(Done::Wholly);
    }
    let session = Session::enter(installation, slug).await?;
    let whose = match options.patient {
        Some(patient) => Some(Whose::Patient(PatientId(patient))),
        None => options.patients.then_some(Whose::All),
    };
    let (db, ctx) = (session.database().open(2)?, session.context(&session.all()));
    let mut event = Event::success("keys.rotate", "operator");
    event.detail = match whose {
        None => None,
        Some(Whose::Patient(patient)) => Some(format!("of the patient {}", patient.0)),
        Some(_) => Some("of all patients".to_owned()),
    };
    // Before it is begun: what is interrupted was asked for all the same.
    db.record(&ctx, event).await?;
    if let Some(whose) = whose {
        let made = match succeed(&session, whose).await {
            Err(Error::Db(db::Error::NotFound)) => bail!("{slug} has no such patient, or one who was erased"),
            made => made?,
        };
        out::line(format!("{slug}: {made} keys have a successor"))?;
        return Ok(Done::Wholly);
    }
    let custody = session.database().custody()?;
    let mut operator = session.database().keys_operator().await?;
    let rotated = operator.rotate_keys(&custody, session.organization.id).await?;
    out::line(format!(
        "{slug}: key {} wraps {} keys; old keys destroyed: {}",
        rotated.number, rotated.keys, rotated.destroyed
    ))?;
    Ok(Done::Wholly)
}

/// Makes the tokens of an organization with another key (`anew`), or ends what was begun of that.
async fn turn_tokens(
    installation: &Installation,
    slug: &str,
    settle: Duration,
    anew: bool,
) -> eyre::Result<Turned> {
    let mut session = Session::enter(installation, slug).await?;
    let (store, ctx) = (session.store(1)?, session.context(&session.all()));
    let mut event = Event::success("keys.rotate", "operator");
    event.detail = Some("of search tokens".to_owned());
    // Before it is begun: what is interrupted was asked for all the same.
    store.db().record(&ctx, event).await?;
    let custody = session.database().custody()?;
    let mut keyring = session.database().keys_operator().await?;
    let mut how = Tokens {
        organization: &session.organization,
        request: ctx.request().clone(),
        data: &mut session.operator,
        keyring: &mut keyring,
        custody: &custody,
        settle,
    };
    match store.turn_tokens(&mut how, anew).await {
        Err(chart::Error::Db(db::Error::Conflict)) => {
            bail!("somebody else is changing keys of {slug}: see `lamplight keys status`, and try again")
        }
        turned => Ok(turned?),
    }
}

/// Gives the data of every organization tokens again that is older than its keyring: that comes of a restore. Until then its
/// searches look at records. One that fails keeps no other from it.
pub(super) async fn mend_tokens(installation: Installation) {
    let slugs = match session::slugs(&installation).await {
        Ok(slugs) => slugs,
        Err(error) => {
            return tracing::warn!(error = format!("{error:#}"), "search tokens were not looked at");
        }
    };
    for slug in slugs {
        let mended = async {
            let session = Session::enter(&installation, &slug).await?;
            let id = session.organization.id;
            let live = session.database().keys_operator().await?.search_keys(id).await?;
            if !chart::are_lost(&session.operator.token_states(id).await?, &live) {
                return Ok(());
            }
            drop(session);
            tracing::warn!(
                organization = slug,
                "the data is older than its keyring: it gets search tokens again"
            );
            let done = turn_tokens(&installation, &slug, SETTLE, false).await?;
            tracing::info!(organization = slug, records = done.records, "there are search tokens again");
            Ok::<_, eyre::Report>(())
        };
        if let Err(error) = mended.await {
            let error = format!("{error:#}");
            tracing::error!(organization = slug, error, "search tokens could not be made again");
        }
    }
}

/// Gives the keys that sealed so many bodies a successor; tells how many.
async fn replace_worn(installation: &Installation, slug: &str, bodies: i64) -> eyre::Result<u64> {
    let session = Session::enter(installation, slug).await?;
    let ctx = session.context(&session.all());
    let worn = session.store(1)?.worn_keys(&ctx, bodies).await?;
    if worn.is_empty() {
        return Ok(0);
    }
    Ok(succeed(&session, Whose::Keys(&worn)).await?)
}

/// Makes the next keys in the keyring, wherever it is, and tells the programs, which listen at the data.
async fn succeed(session: &Session, whose: Whose<'_>) -> Result<u64, Error> {
    let custody = session.database().custody()?;
    let mut operator = session.database().keys_operator().await?;
    Ok(operator.succeed_patient_keys(&custody, (session.organization.id, whose), &session.operator).await?)
}

/// Gives the worn keys of every organization successors, every night; one that fails keeps no other from it.
pub(super) async fn nightly(installation: &Installation) -> eyre::Result<()> {
    for slug in session::slugs(installation).await? {
        match replace_worn(installation, &slug, WORN).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(organization = slug, made, "keys that sealed much have a successor"),
            Err(error) => {
                tracing::error!(
                    organization = slug,
                    error = format!("{error:#}"),
                    "keys could not be counted"
                );
            }
        }
    }
    Ok(())
}

/// In the main database and in those that organizations have of their own.
async fn rewrap(anew: bool, installation: &Installation) -> eyre::Result<Done> {
    for slug in session::slugs(installation).await? {
        let session = Session::enter(installation, &slug).await?;
        let (db, ctx) = (session.database().open(2)?, session.context(&session.all()));
        // Before it is begun: what is interrupted was asked for all the same.
        db.record(&ctx, Event::success("keys.rewrap", "operator")).await?;
    }
    for database in databases(installation).await? {
        let (custody, mut operator) = (database.custody()?, database.keys_operator().await?);
        let done = operator.rewrap_keys(&custody, anew).await;
        let done = done.wrap_err_with(|| format!("in the database {}", database.name()))?;
        let changed: Vec<String> = done.from.iter().map(|(by, keys)| format!("{keys} from {by}")).collect();
        let changed = if changed.is_empty() { "nothing to do".to_owned() } else { changed.join(", ") };
        out::line(format!(
            "{}: {} keys are wrapped by {} ({changed})",
            database.name(),
            done.now,
            custody.current()
        ))?;
    }
    Ok(Done::Wholly)
}

/// Every database of the installation that has keys: one, where the keyring has a database of its own.
async fn databases(installation: &Installation) -> eyre::Result<Vec<Database>> {
    let mut all = vec![installation.main().clone()];
    if installation.main().keyring_owner().is_ok() {
        return Ok(all);
    }
    let placed = installation.main().operator().await?.placements().await?;
    for (placement, _) in placed.into_iter().filter(|(_, ready)| *ready) {
        all.push(installation.databases().placed(&placement.database)?);
    }
    Ok(all)
}
