//! `lamplight import`.

mod files;
mod read;
mod report;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use eyre::bail;
use serde::Serialize;

use super::session::{self, Session};
use super::unit::Counts;
use super::{Done, out};
use crate::boot::Installation;
use report::Reporter;
use work::Import;

/// Largest bundle, and largest run of NDJSON, once decompressed, in bytes.
const LARGEST_BUNDLE: u64 = 64 << 20;

#[derive(Args)]
#[command(after_help = "\
Files end in .json (one bundle each: transaction, batch, collection, searchset) or .ndjson (one resource a line), either
with .gz behind it; of a folder all such files are taken. What others refer to goes first: files whose names begin with
`0-`, bundles without a patient, NDJSON files of a directory type (Organization.ndjson), then Patient.ndjson, then the rest.

With several facilities each patient goes to one of them, always the same: it follows from the name of the bundle's
file, or from the id of a Patient line. Where a patient is already, the records follow.

An import may be repeated: what is there already is left as it is, so an interrupted one goes on where it stopped.

Examples:
  lamplight import --organization oak-hill --facility north bundles/
  lamplight import --organization oak-hill --facility north,south --source old-system --dry-run export/*.ndjson.gz
  lamplight import --organization oak-hill --facility north --report import.jsonl bundle.json

Ends with 3 when a record was refused or a file could not be read; the others are imported all the same.")]
pub(super) struct Options {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Where new patients go, by code; with several, each patient to one of them
    #[arg(long, value_name = "CODE", value_delimiter = ',', required = true)]
    facility: Vec<String>,
    /// A name for where the records come from: ids of one source never meet those of another
    #[arg(long, default_value = "import", value_name = "NAME")]
    source: String,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write what became of each record to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How many bundles to write at a time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What an import comes to.
#[derive(Serialize)]
struct Summary {
    dry_run: bool,
    #[serde(flatten)]
    counts: Counts,
    files: usize,
    /// Files, bundles and lines that could not be read, or were refused as a whole.
    unreadable: u64,
    seconds: f64,
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    if options.source.is_empty() || options.source.len() > 100 {
        bail!("--source has 1 to 100 characters");
    }
    let session = Session::enter(installation, &options.organization).await?;
    let facilities = session.choose(&options.facility)?;
    let jobs: usize = options.jobs.into();
    let store = session.store(jobs)?;
    session::ready(&store).await?;
    let (sources, mut problems) = files::find(&options.paths);
    if sources.is_empty() && problems.is_empty() {
        bail!("no .json, .ndjson, .json.gz or .ndjson.gz file is there");
    }
    let reporter = Reporter::new(options.report.as_deref(), sources.len())?;
    let began = installation.world().now();
    let import = Arc::new(Import {
        store,
        reach: session.all(),
        session,
        facilities,
        source: options.source,
        dry_run: options.dry_run,
        reporter,
    });
    for problem in problems.drain(..) {
        import.reporter.unreadable(&problem.file, &problem.message)?;
    }
    let files = sources.len();
    let ended = work::run(&import, sources, jobs).await;
    // What was done is told also when it did not come to its end.
    let (counts, unreadable) = import.reporter.finish()?;
    let took = installation.world().now().duration_since(began);
    let summary =
        Summary { dry_run: options.dry_run, counts, files, unreadable, seconds: took.as_secs_f64() };
    if options.json {
        out::json(&summary)?;
    } else {
        let dry = if options.dry_run { "dry run, nothing written: " } else { "" };
        out::line(format!(
            "{dry}{} records of {files} files: {counts}; {unreadable} files or bundles not taken; {:.1} s",
            counts.total(),
            summary.seconds
        ))?;
    }
    ended?;
    Ok(if counts.refused + unreadable == 0 { Done::Wholly } else { Done::InPart })
}
