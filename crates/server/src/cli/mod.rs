//! The command line: `lamplight COMMAND`. Every command opens the installation, does one thing and closes it.

mod audit;
mod backup;
mod client;
mod doctor;
mod documents;
mod erasures;
mod export;
mod facility;
mod grant;
mod import;
mod keepers;
mod keys;
mod log;
mod messages;
mod nightly;
mod organization;
mod out;
mod person;
mod phi;
mod placing;
mod platform;
mod progress;
mod provider;
mod rehearse;
mod restore;
mod routes;
mod sealing;
mod seed;
mod serve;
mod session;
mod sheets;
mod tasks;
mod token;
mod unit;
mod witness;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use eyre::WrapErr as _;
use kernel::World;

use crate::boot::{BootOptions, Installation, Purpose};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; the message says why
  2  the command line was not understood
  3  done in part: records were refused, or files could not be read
  4  a check of `doctor` found something

Examples:
  lamplight serve --demo
  lamplight organization create oak-hill --name 'Oak Hill Senior Care'
  lamplight facility create --organization oak-hill north --name 'North House' --time-zone America/Chicago
  lamplight token issue --organization oak-hill --facility north --name 'laboratory' --permission chart.write
  lamplight import --organization oak-hill --facility north ./bundles

Without DATABASE_URL a private PostgreSQL in the data folder is used; while `lamplight serve` runs there, the other
commands work beside it.";

/// A clinical platform for groups that care for older people.
#[derive(Parser)]
#[command(name = "lamplight", version, after_help = EXIT_CODES, disable_help_subcommand = false, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    installation: BootOptions,
    /// What to log, as JSON lines on standard error: error, warn, info, debug, trace, or by module as in
    /// `info,http=warn` [default: info for serve, else warn]
    #[arg(long, env = "LAMPLIGHT_LOG", value_name = "LEVEL", global = true, help_heading = "Installation")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to stop (SIGTERM, SIGINT)
    Serve(Box<serve::Options>),
    /// Bring the database to the present schema
    Migrate,
    /// Create and list organizations
    #[command(subcommand)]
    Organization(organization::Command),
    /// Create and list facilities, the sites of an organization
    #[command(subcommand)]
    Facility(facility::Command),
    /// Issue, list and revoke tokens for the API
    #[command(subcommand)]
    Token(token::Command),
    /// Invite people, list them, end their posts
    #[command(subcommand)]
    Person(person::Command),
    /// Invite people to the plane above organizations
    #[command(subcommand)]
    Platform(platform::Command),
    /// Enter, list and disable the identity providers of an organization
    #[command(subcommand)]
    Provider(provider::Command),
    /// Register, list and revoke other programs that use the interface
    #[command(subcommand)]
    Client(client::Command),
    /// Bring FHIR bundles and NDJSON files in
    Import(import::Options),
    /// Bring a spreadsheet in, CSV or XLSX: patients, contacts, medications, allergies, notes
    ImportSheet(sheets::Options),
    /// Take records out as NDJSON files
    Export(export::Options),
    /// Fill in invented people
    Seed(seed::Options),
    /// List the routes of the API with the policy of each
    Routes(routes::Options),
    /// Ask the audit log, seal it, verify it
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at the keys of organizations, and change them
    #[command(subcommand)]
    Keys(keys::Command),
    /// Verify the sealed records as a whole
    #[command(subcommand)]
    Phi(phi::Command),
    /// Check that the walls between organizations stand
    Doctor(doctor::Options),
    /// Back up the private PostgreSQL and the files beside it; list backups
    Backup(backup::Options),
    /// Restore a backup, or the state at a time, into an empty folder
    Restore(restore::Options),
    /// Restore the newest backup on trial, look through all of it, and throw it away
    Rehearse(rehearse::Options),
}

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// All of it.
    Wholly,
    /// Some records were refused.
    InPart,
    /// A check found something.
    ChecksFailed,
    /// As the command's own help says.
    With(u8),
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        match done {
            Done::Wholly => Self::SUCCESS,
            Done::InPart => Self::from(3),
            Done::ChecksFailed => Self::from(4),
            Done::With(code) => Self::from(code),
        }
    }
}

/// Runs the program with these arguments, the first being its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, world: World) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // What goes on until it is told to stop, and listens for that itself.
    let stays = match &cli.command {
        Command::Serve(_) => true,
        Command::Audit(command) => command.stays(),
        _ => false,
    };
    // What verifies has exit codes of its own.
    let failed = match &cli.command {
        Command::Audit(command) if command.verifies() => 2,
        Command::Phi(_) | Command::Rehearse(_) => 2,
        _ => 1,
    };
    let ended = log::start(cli.log.as_deref(), stays).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .wrap_err("the runtime cannot be started")?;
        runtime.block_on(async {
            if stays { dispatch(cli, world).await } else { interruptible(dispatch(cli, world)).await }
        })
    });
    match ended {
        Ok(done) => done.into(),
        Err(error) => {
            out::note(format!("error: {error:#}"));
            ExitCode::from(failed)
        }
    }
}

/// Ends a command that is told to stop, through its destructors: they stop a private PostgreSQL.
async fn interruptible(command: impl Future<Output = eyre::Result<Done>>) -> eyre::Result<Done> {
    tokio::select! {
        ended = command => ended,
        signal = serve::stop_signal() => {
            signal.wrap_err("signals cannot be listened for")?;
            Err(eyre::eyre!("interrupted"))
        }
    }
}

async fn dispatch(cli: Cli, world: World) -> eyre::Result<Done> {
    let boot = cli.installation;
    let open = async |purpose| Installation::open(&boot, &world, purpose).await;
    match cli.command {
        Command::Serve(mut options) => {
            options.check(&boot)?;
            options.development = !boot.is_production();
            serve::run(*options, open(Purpose::Serve).await?).await
        }
        Command::Migrate => {
            let installation = open(Purpose::Migrate).await?;
            let applied = installation.applied_migrations();
            let placed = placing::migrate_all(&installation).await;
            installation.close(true).await?;
            let failed = placed?;
            eyre::ensure!(
                failed == 0,
                "{failed} databases of organizations were not brought to the present schema"
            );
            out::line(if applied == 0 {
                "the schema is up to date".to_owned()
            } else {
                format!("{applied} migrations applied; the schema is up to date")
            })?;
            Ok(Done::Wholly)
        }
        Command::Routes(options) => routes::run(&options),
        Command::Restore(options) => restore::run(&options, &boot).await,
        command => {
            let command = match command {
                Command::Audit(command) => {
                    command.check(&boot)?;
                    match command.alone() {
                        Ok(done) => return done,
                        Err(command) => Command::Audit(command),
                    }
                }
                other => other,
            };
            let installation = open(Purpose::Command).await?;
            if installation.applied_migrations() > 0 {
                // What could not be done is told, and matters to the command only if it works there.
                placing::migrate_all(&installation).await?;
            }
            let ended = work(command, &installation).await;
            let closed = installation.close(true).await;
            let done = ended?;
            closed?;
            Ok(done)
        }
    }
}

async fn work(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Organization(command) => organization::run(command, installation).await,
        Command::Facility(command) => facility::run(command, installation).await,
        Command::Token(command) => token::run(command, installation).await,
        Command::Client(command) => client::run(command, installation).await,
        Command::Person(command) => person::run(command, installation).await,
        Command::Keys(command) => keys::run(command, installation).await,
        Command::Phi(command) => phi::run(command, installation).await,
        Command::Platform(command) => platform::run(command, installation).await,
        Command::Provider(command) => provider::run(command, installation).await,
        Command::Import(options) => import::run(options, installation).await,
        Command::ImportSheet(options) => sheets::run(options, installation).await,
        Command::Export(options) => export::run(options, installation).await,
        Command::Seed(options) => seed::run(options, installation).await,
        Command::Audit(command) => audit::run(command, installation).await,
        Command::Doctor(options) => doctor::run(&options, installation).await,
        Command::Backup(options) => backup::run(&options, installation).await,
        Command::Rehearse(options) => rehearse::run(&options, installation).await,
        Command::Serve(_) | Command::Migrate | Command::Routes(_) | Command::Restore(_) => Ok(Done::Wholly),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
