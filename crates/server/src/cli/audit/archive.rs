//! `lamplight audit archive`: a file for each month that is over, and the months that need not be kept here any more.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use db::Event;
use db::seal::{Logs, Month, Wanted};
use eyre::{WrapErr as _, ensure, eyre};
use kernel::RequestId;
use merkle::Verifier;

use super::bundle::written;
use super::verify::opened;
use super::{Done, keys, out};
use crate::boot::{Database, Installation};
use crate::cli::sealing;

pub(super) const HELP: &str = "\
A file is written once, verified, and never changed: keep the folder where whoever runs the database cannot write, such as \
an object-locked bucket. `lamplight serve --audit-archive DIR` does the same once a day.

With --let-go the events of months that nobody needs here any more leave the database: those whose retention is over for \
every organization (six years or more), and which the archive proves. Their leaves stay; from then on
  lamplight audit verify --archive DIR
asks for the folder.";

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The folder with the archived months
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Public keys that checkpoints may be signed with, a line each [default: that of the installation]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Let go of the events of months whose retention is over
    #[arg(long)]
    let_go: bool,
}

/// The archived months of one database.
pub(in crate::cli) struct Archives {
    files: BTreeMap<Month, PathBuf>,
}

impl Archives {
    /// Those in a folder; `own` is the database, where it is an organization's own.
    pub(in crate::cli) fn of(folder: &Path, own: Option<&str>) -> eyre::Result<Self> {
        let told = || format!("{} cannot be read", folder.display());
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).wrap_err_with(told)? {
            let path = entry.wrap_err_with(told)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let month = name.strip_prefix(&prefix(own)).and_then(|rest| rest.strip_suffix(SUFFIX));
            if let Some(month) = month.and_then(|month| month.parse().ok()) {
                files.insert(month, path);
            }
        }
        Ok(Self { files })
    }

    /// The leaves that the archives prove, by organization.
    ///
    /// # Errors
    /// When one cannot be read, or is not what was sealed.
    pub(in crate::cli) fn proved(&self, keys: &[Verifier]) -> eyre::Result<BTreeMap<i32, Vec<Range<u64>>>> {
        let mut proved: BTreeMap<i32, Vec<Range<u64>>> = BTreeMap::new();
        for file in self.files.values() {
            for (organization, range) in proof(file, keys)? {
                proved.entry(organization).or_default().push(range);
            }
        }
        Ok(proved)
    }
}

const SUFFIX: &str = ".jsonl.zst";

fn prefix(own: Option<&str>) -> String {
    own.map_or_else(|| "audit-".to_owned(), |own| format!("audit-{own}-"))
}

fn proof(file: &Path, keys: &[Verifier]) -> eyre::Result<BTreeMap<i32, Range<u64>>> {
    let told = || format!("{} cannot be verified", file.display());
    let found = db::seal::verify_bundle(opened(file)?, keys, |_| BTreeMap::new()).wrap_err_with(told)?;
    if let Some(one) = found.verified.findings.first() {
        return Err(eyre!(
            "{} is not what was sealed: {}, organization {}; `lamplight audit verify --bundle` tells more",
            file.display(),
            one.kind,
            one.organization
        ));
    }
    Ok(found.proved)
}

/// Whether every one of these leaves is among those that are proved.
fn covers(proved: &BTreeMap<i32, Range<u64>>, leaves: &BTreeMap<i32, Range<u64>>) -> bool {
    leaves.iter().all(|(organization, wanted)| {
        proved.get(organization).is_some_and(|range| range.start <= wanted.start && wanted.end <= range.end)
    })
}

/// Archives what is over and not archived yet; tells which months.
pub(in crate::cli) async fn keep(
    logs: &Logs,
    keys: &[Verifier],
    folder: &Path,
    now: jiff::Timestamp,
) -> eyre::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).wrap_err_with(|| format!("{} cannot be made", folder.display()))?;
    let there = Archives::of(folder, logs.own())?;
    let mut made = Vec::new();
    for (month, leaves) in logs.closed_months(now).await? {
        if there.files.contains_key(&month) {
            continue;
        }
        let file = folder.join(format!("{}{month}{SUFFIX}", prefix(logs.own())));
        let (from, until) = (Some(month.begins()), Some(month.next().begins()));
        written(logs, keys, &Wanted { organization: None, from, until }, &file).await?;
        ensure!(covers(&proof(&file, keys)?, &leaves), "{} does not hold its month", file.display());
        made.push(file);
    }
    Ok(made)
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let keys = keys(options.key.as_deref(), installation)?;
    let mut databases = vec![installation.main().clone()];
    databases.extend(sealing::own_databases(installation).await?);
    for database in &databases {
        let logs = database.sealed_log()?;
        for file in keep(&logs, &keys, &options.to, installation.world().now()).await? {
            out::line(format!("{} is written", file.display()))?;
        }
        if options.let_go {
            let_go(database, &logs, &keys, options, installation).await?;
        }
    }
    Ok(Done::Wholly)
}

async fn let_go(
    database: &Database,
    logs: &Logs,
    keys: &[Verifier],
    options: &Options,
    installation: &Installation,
) -> eyre::Result<()> {
    let (operator, now) = (database.operator().await?, installation.world().now());
    let years = operator.log_years().await?;
    let there = Archives::of(&options.to, logs.own())?;
    for (month, leaves) in logs.closed_months(now).await? {
        if month.next().years_later(years).begins() > now {
            break;
        }
        if !logs.has_events(month).await? {
            continue;
        }
        let file = there.files.get(&month).ok_or_else(|| eyre!("{month} is not archived"))?;
        ensure!(covers(&proof(file, keys)?, &leaves), "{} does not hold its month", file.display());
        // Before it is done: whoever lets go leaves a line of it, in the log of everybody concerned.
        let db = database.open(2)?;
        for organization in operator.organizations().await? {
            if leaves.contains_key(&organization.id.0) {
                let request = db::Request {
                    id: RequestId(installation.world().uuid()),
                    address: None,
                    purpose: db::Purpose::Administration,
                };
                let event = Event {
                    detail: Some(format!("month {month}")),
                    ..Event::success("audit.let-go", "operator")
                };
                db.record(&operator.enter(&organization, &[], request), event).await?;
            }
        }
        operator.let_go_of_month(month.first()).await?;
        out::line(format!("{month} is in the archive alone"))?;
    }
    Ok(())
}
