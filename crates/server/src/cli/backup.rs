//! `lamplight backup`: a backup now, or the log, or a list of what there is.

use std::path::PathBuf;
use std::time::Duration;

use ::backup::{Backup, Error, Kind, Repository};
use clap::{Args, ValueEnum};
use db::backups::{self, Taken};
use db::{Event, Operator, Organization, Outcome, Purpose, Request};
use embedded::Site;
use eyre::{WrapErr as _, bail, ensure, eyre};
use kernel::{RequestId, World};

use super::{Done, documents, out};
use crate::boot::{Database, ERASURES, Installation};

/// How long the log may take into the repository.
const ARCHIVED_WITHIN: u64 = 120;

#[derive(Args)]
#[command(after_help = "\
Where to is said by LAMPLIGHT_BACKUP_DIR (--backup-dir), once: `lamplight serve` then archives the database's log there as it
is written, and takes a backup and rehearses it every night. What lies there is encrypted with the root key, which is not
among it: keep root.key and audit.key in another place. docs/guides/backup.md says how to restore.

A PostgreSQL of your own (DATABASE_URL) is backed up by your own tools.

Examples:
  LAMPLIGHT_BACKUP_DIR=/mnt/backups lamplight serve
  lamplight backup
  lamplight backup --list")]
pub(super) struct Options {
    /// How much to take [default: full once a week, else what differs from the last full one]
    #[arg(long, value_enum, value_name = "KIND", conflicts_with_all = ["list", "archive_only"])]
    kind: Option<Wanted>,
    /// Take no backup; archive what was written of the log until now
    #[arg(long = "archive", conflicts_with = "list")]
    archive_only: bool,
    /// Take no backup; list those there are
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: Files,
}

/// Where files of patients lie, for what copies them.
#[derive(Args)]
#[group(id = "backed_up_files")]
pub(super) struct Files {
    /// Where files of patients lie, as for `lamplight serve`; a bucket is left to its own backups
    #[arg(long, env = "LAMPLIGHT_DOCUMENTS", value_name = "PLACE")]
    pub(super) documents: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Wanted {
    /// Everything
    Full,
    /// What differs from the last full one
    Differential,
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let place = Place::find(installation)?;
    if options.list {
        return list(&place.repository.list(&place.site).await?, options.json);
    }
    ensure!(backups::is_archiving(&place.owner).await?, Error::NotArchiving);
    if options.archive_only {
        place.archive(installation.world()).await?;
        Place::of_keyring(installation)?.archive(installation.world()).await?;
        out::note("the log is archived until now");
        return Ok(Done::Wholly);
    }
    let folder = documents::folder(options.files.documents.as_deref(), installation.data_dir())?;
    let kind = options.kind.map(|kind| match kind {
        Wanted::Full => Kind::Full,
        Wanted::Differential => Kind::Differential,
    });
    let taken = take(installation, &place, kind, folder).await?;
    list(&[taken], options.json)
}

fn list(backups: &[Backup], json: bool) -> eyre::Result<Done> {
    if json {
        out::json(&backups)?;
        return Ok(Done::Wholly);
    }
    if backups.is_empty() {
        out::note("there is no backup yet");
        return Ok(Done::Wholly);
    }
    let rows: Vec<_> = backups
        .iter()
        .map(|backup| {
            let seconds = backup.ended.duration_since(backup.began).as_secs();
            let ended = backup.ended.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
            let size = format!("{:.1} MB", megabytes(backup.bytes));
            [backup.label.clone(), backup.kind.name().to_owned(), ended, format!("{seconds} s"), size]
        })
        .collect();
    out::table(["BACKUP", "KIND", "COMPLETE AT", "TOOK", "SIZE"], &rows)?;
    Ok(Done::Wholly)
}

/// For reading: a tenth is enough.
fn megabytes(bytes: u64) -> f64 {
    // At most a tenth of a megabyte is lost.
    f64::from(u32::try_from(bytes / 100_000).unwrap_or(u32::MAX)) / 10.0
}

/// A private PostgreSQL and where it is backed up to.
pub(super) struct Place {
    pub(super) repository: Repository,
    pub(super) site: Site,
    /// Of the private PostgreSQL.
    data_dir: PathBuf,
    /// As the superuser.
    owner: db::Endpoint,
}

impl Place {
    /// That of the installation.
    pub(super) fn find(installation: &Installation) -> eyre::Result<Self> {
        let Some(site) = installation.site()? else {
            bail!(
                "this PostgreSQL is not Lamplight's own (DATABASE_URL is set): back it up with the tools that you run it \
                 with, and rehearse a restored copy of it with `lamplight rehearse --here`"
            );
        };
        let backups = installation.backups().ok_or_else(|| {
            eyre!("nothing says where backups go: name a folder, best on another machine, in LAMPLIGHT_BACKUP_DIR")
        })?;
        let (repository, data_dir) = (backups.repository()?.clone(), installation.data_dir().to_owned());
        Ok(Self { repository, site, data_dir, owner: installation.main().owner()?.clone() })
    }

    /// That of the installation's keyring.
    pub(super) fn of_keyring(installation: &Installation) -> eyre::Result<Self> {
        let backups = installation.backups().ok_or_else(|| eyre!("nothing says where backups go"))?;
        let (repository, data_dir) = (backups.keyring()?.clone(), installation.keyring_dir());
        let (site, owner) = (Site::of(&data_dir)?, installation.main().keyring_owner()?.clone());
        Ok(Self { repository, site, data_dir, owner })
    }

    /// Ends the present part of the log and waits until it is in the repository.
    pub(super) async fn archive(&self, world: &World) -> eyre::Result<()> {
        let name = backups::switch_log(&self.owner).await?;
        for _ in 0..ARCHIVED_WITHIN * 5 {
            if backups::is_archived(&self.owner, &name).await? {
                self.repository.drain(&self.data_dir, world).await?;
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(Error::NotArchived(ARCHIVED_WITHIN).into())
    }
}

/// Every database of the private PostgreSQL: the main one, and those of organizations beside it.
pub(super) async fn databases(installation: &Installation) -> eyre::Result<Vec<Database>> {
    let main = installation.main();
    let mut all = vec![main.clone()];
    for (placement, ready) in main.operator().await?.placements().await? {
        let placed = installation.databases().placed(&placement.database)?;
        if ready && placed.is_beside(main) {
            all.push(placed);
        }
    }
    Ok(all)
}

/// The login under which this program alone takes or rehearses backups, for as long as it lasts.
pub(super) async fn alone(installation: &Installation) -> eyre::Result<Operator> {
    let operator = installation.main().operator().await?;
    // The server notices a moment later that the login before this one is gone.
    for _ in 0..20 {
        if operator.takes_backups().await? {
            return Ok(operator);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("another program takes or rehearses a backup at this moment")
}

/// Takes a backup, with what is noted of it in every database.
pub(super) async fn take(
    installation: &Installation,
    place: &Place,
    kind: Option<Kind>,
    folder: Option<PathBuf>,
) -> eyre::Result<Backup> {
    let world = installation.world();
    let _alone = alone(installation).await?;
    let mut operators = Vec::new();
    for database in databases(installation).await? {
        operators.push(database.operator().await?);
    }
    let id = world.uuid();
    for operator in &mut operators {
        operator.begin_backup(id).await.wrap_err("what there is cannot be counted")?;
    }
    let taken = place.repository.back_up(&place.site, kind, folder.as_deref(), world).await;
    let noted = taken.as_ref().ok().map(|backup| Taken {
        label: &backup.label,
        kind: backup.kind.name(),
        bytes: backup.bytes,
    });
    for operator in &operators {
        operator.end_backup(id, noted.as_ref()).await?;
    }
    let taken = taken?;
    tell(installation, "backup.take", Outcome::Success, &taken.label).await?;
    // What was just noted is a part of the log too.
    place.archive(world).await?;
    take_keyring(installation).await?;
    Ok(taken)
}

/// Takes a backup of the keyring, which replaces the one before: who was erased meanwhile has keys in none.
pub(super) async fn take_keyring(installation: &Installation) -> eyre::Result<Backup> {
    let (place, world) = (Place::of_keyring(installation)?, installation.world());
    let heads = installation.main().open(1)?.ledger_heads().await?;
    let taken = place.repository.back_up(&place.site, None, None, world).await?;
    // Which erasures it has at least: one that has less is not the newest.
    place.repository.keep_note(ERASURES, &serde_json::to_vec(&heads)?, world)?;
    place.archive(world).await?;
    Ok(taken)
}

/// Writes into the log of every organization what was done for all of them.
pub(super) async fn tell(
    installation: &Installation,
    action: &'static str,
    outcome: Outcome,
    detail: &str,
) -> eyre::Result<()> {
    for database in databases(installation).await? {
        let (operator, db) = (database.operator().await?, database.open(2)?);
        for organization in operator.organizations().await? {
            let event =
                Event { outcome, detail: Some(detail.to_owned()), ..Event::success(action, "operator") };
            db.record(&context(&operator, &organization, installation), event).await?;
        }
    }
    Ok(())
}

/// The operator's context in an organization.
fn context(operator: &Operator, organization: &Organization, installation: &Installation) -> db::Ctx {
    let id = RequestId(installation.world().uuid());
    operator.enter(organization, &[], Request { id, address: None, purpose: Purpose::Administration })
}
