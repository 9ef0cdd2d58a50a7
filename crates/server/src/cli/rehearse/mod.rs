//! `lamplight rehearse`: the newest backup restored on trial, looked through, and thrown away (ADR 0037). What a rehearsal
//! has not shown is no backup.

mod checks;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use ::backup::Wanted;
use clap::Args;
use db::Outcome;
use db::backups::Rehearsal;
use embedded::{Embedded, Site};
use eyre::{WrapErr as _, ensure};

use self::checks::check;
use self::report::Report;
use super::Done;
use super::backup::{self, Place};
use crate::boot::{Database, Databases, Installation};

/// The folder of the restored copy, in the data folder.
const SCRATCH: &str = "rehearsal";

#[derive(Args)]
#[command(after_help = "\
Restores into a folder of its own, with a server of its own, and throws both away. Looked at are:
  repository  every file of the repository of backups, and of the keyring's, against what was put there
  restore     the newest backup with everything that was archived since
  keyring     the newest backup of the keyring
  erasures    that nobody who was erased has keys in it
  pages       every page and every index (pg_amcheck)
  walls       the checks of `lamplight doctor`
  log         the audit log, as `lamplight audit verify`
  charts      every record: it opens under its keys, is a document, and is what the log says was written last
  counts      that nothing is missing of what was counted before the backup

How it ended is written into the audit log of every organization, and shown to administrators and operators.

Exit codes:
  0  everything is as it was
  1  something is not; the lines say what and where
  2  it could not be completed")]
pub(super) struct Options {
    /// Look at the database of this installation where it is, such as a copy restored by other tools; nothing is restored
    /// and nothing recorded
    #[arg(long)]
    here: bool,
    /// Where to restore to, for a while [default: rehearsal in the data folder]
    #[arg(long, value_name = "DIR", conflicts_with = "here")]
    scratch: Option<PathBuf>,
    /// The folder with the archived months of the audit log: what was let go of in the database is looked for there
    #[arg(long, env = "LAMPLIGHT_AUDIT_ARCHIVE", value_name = "DIR")]
    audit_archive: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let archive = options.audit_archive.as_deref();
    let report = if options.here {
        here(installation, archive).await?
    } else {
        rehearse(installation, options.scratch.as_deref(), archive).await?
    };
    report.tell(options.json)?;
    Ok(report.done())
}

/// A rehearsal of the program's own; how it ended is recorded.
pub(super) async fn nightly(installation: &Installation, archive: Option<&Path>) -> eyre::Result<()> {
    let report = rehearse(installation, None, archive).await?;
    if report.outcome() == "passed" {
        tracing::info!(summary = report.summary(), "a backup was rehearsed");
    } else {
        tracing::error!(
            summary = report.summary(),
            "a rehearsed backup did not pass: `lamplight rehearse` tells more"
        );
    }
    Ok(())
}

async fn rehearse(
    installation: &Installation,
    scratch: Option<&Path>,
    archive: Option<&Path>,
) -> eyre::Result<Report> {
    let place = Place::find(installation)?;
    let operator = backup::alone(installation).await?;
    let mut report = Report::begin(installation.world().now());
    let scratch = scratch.map_or_else(|| installation.data_dir().join(SCRATCH), Path::to_owned);
    let tried = through(installation, &place, (&scratch, archive), &mut report).await;
    report.broken_off = tried.err().map(|error| format!("{error:#}"));
    report.ended = installation.world().now();
    record(installation, &report).await?;
    drop(operator);
    Ok(report)
}

/// Restores and looks. What is found is in the report; an error is why it could not go on.
async fn through(
    installation: &Installation,
    place: &Place,
    (scratch, archive): (&Path, Option<&Path>),
    report: &mut Report,
) -> eyre::Result<()> {
    let (world, repository) = (installation.world(), &place.repository);
    check(report, "repository", world, async |check| {
        let keyring = Place::of_keyring(installation)?;
        for fault in repository.verify(&place.site).await? {
            check.fault(fault.what, fault.how);
        }
        for fault in keyring.repository.verify(&keyring.site).await? {
            check.fault(format!("keyring/{}", fault.what), fault.how);
        }
        Ok(repository.dir().display().to_string())
    })
    .await;
    let scratch = Scratch::make(scratch)?;
    let mut restored = None;
    check(report, "restore", world, async |check| {
        match repository.restore(&scratch.0, Wanted { on_trial: true, ..Wanted::default() }).await {
            Ok(done) => restored = Some(done),
            // That nothing can be restored is what a rehearsal is there to find.
            Err(error) => check.fault(repository.dir().display().to_string(), error.to_string()),
        }
        Ok("the newest backup and the log since".to_owned())
    })
    .await;
    let Some(restored) = restored else { return Ok(()) };
    let noted = installation.main().operator().await?.backup_labelled(&restored.label).await?;
    (report.backup, report.last_transaction) = (Some(restored.label), restored.last_transaction);
    let ring = scratch.0.join("keyring");
    let current = installation.main().open(1)?.ledger_heads().await?;
    check(report, "keyring", world, async |_| {
        let wanted = Wanted { on_trial: true, ..Wanted::default() };
        Ok(Place::of_keyring(installation)?.repository.restore(&ring, wanted).await?.label)
    })
    .await;
    let (server, keyring) = tokio::join!(copy(&scratch.0), copy(&ring));
    let (server, keyring) = (server?, keyring?);
    let site = Site::of(&scratch.0)?;
    let at = |server: &Embedded| server.connection_string(server.superuser(), "postgres");
    let copied = installation.copied(&at(&server), &at(&keyring))?;
    // The keyring of the backup is as new as the one at work: else who is erased would have keys again.
    check(report, "erasures", world, async |_| {
        copied.main().open(1)?.refuse_other_keyring(&current).await?;
        Ok(format!("{} ledgers of erasures", current.len()))
    })
    .await;
    let databases = copies(installation, &copied).await?;
    check(report, "pages", world, async |check| checks::pages(check, &server, &site).await).await;
    look(installation, (&databases, archive), noted, report).await?;
    server.stop().await?;
    keyring.stop().await?;
    Ok(())
}

/// A server on a restored copy. It serves this rehearsal alone, beside those at work.
async fn copy(dir: &Path) -> eyre::Result<Embedded> {
    let settings = [("archive_mode", "off"), ("shared_buffers", "64MB"), ("max_connections", "30")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let config = embedded::Config { data_dir: dir.to_owned(), settings, ..embedded::Config::default() };
    Embedded::start(config).await.wrap_err("a restored copy does not start")
}

/// What is looked at in databases, wherever they are.
async fn look(
    installation: &Installation,
    (databases, archive): (&[Database], Option<&Path>),
    noted: Option<uuid::Uuid>,
    report: &mut Report,
) -> eyre::Result<()> {
    let world = installation.world();
    let key = installation.main().audit_verifier()?;
    check(report, "walls", world, async |check| checks::walls(check, databases).await).await;
    check(report, "log", world, async |check| checks::log(check, databases, (key, archive)).await).await;
    check(report, "charts", world, async |check| checks::charts(check, databases).await).await;
    check(report, "counts", world, async |check| checks::counts(check, databases, noted).await).await;
    Ok(())
}

/// The databases of the copy: those that the installation has beside its main one.
async fn copies(installation: &Installation, copied: &Databases) -> eyre::Result<Vec<Database>> {
    let all = backup::databases(installation).await?;
    all.iter().map(|database| Ok(copied.placed(database.name())?)).collect::<eyre::Result<Vec<_>>>()
}

/// A database where it is.
async fn here(installation: &Installation, archive: Option<&Path>) -> eyre::Result<Report> {
    let mut report = Report::begin(installation.world().now());
    let databases = backup::databases(installation).await?;
    look(installation, (&databases, archive), None, &mut report).await?;
    report.ended = installation.world().now();
    Ok(report)
}

/// Writes down how it ended: for operators, and in the log of every organization.
async fn record(installation: &Installation, report: &Report) -> eyre::Result<()> {
    let text = serde_json::to_string(report)?;
    let rehearsal = Rehearsal {
        id: installation.world().uuid(),
        began: report.began,
        ended: report.ended,
        label: report.backup.as_deref(),
        outcome: report.outcome(),
        report: &text,
    };
    for database in backup::databases(installation).await? {
        database.operator().await?.record_rehearsal(&rehearsal).await?;
    }
    let outcome = if report.outcome() == "passed" { Outcome::Success } else { Outcome::Failure };
    backup::tell(installation, "backup.rehearse", outcome, &report.summary()).await
}

/// A folder that goes when it was used.
struct Scratch(PathBuf);

impl Scratch {
    /// What a rehearsal left that was ended with its program goes; nothing else does.
    fn make(dir: &Path) -> eyre::Result<Self> {
        const MARK: &str = "rehearsal.lamplight";
        let mark = dir.join(MARK);
        if mark.exists() {
            fs::remove_dir_all(dir).wrap_err_with(|| format!("{} cannot be removed", dir.display()))?;
        }
        fs::create_dir_all(dir).wrap_err_with(|| format!("{} cannot be made", dir.display()))?;
        let mut there = fs::read_dir(dir).wrap_err_with(|| format!("{} cannot be listed", dir.display()))?;
        ensure!(there.next().is_none(), "{} is not empty: name another folder", dir.display());
        fs::write(&mark, "A copy that a rehearsal of a backup made; it may be removed.\n")?;
        Ok(Self(dir.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(dir = %self.0.display(), %error, "the copy of a rehearsal cannot be removed");
        }
    }
}
