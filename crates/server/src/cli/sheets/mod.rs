//! `lamplight import-sheet`: spreadsheets of any size from this machine, with a comparison of every cell.

mod read;
mod report;
mod work;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use ::sheets::{DateOrder, Field, Kind, Limits, Look, Reading};
use clap::Args;
use eyre::{WrapErr as _, bail, eyre};
use jiff::tz::TimeZone;

use super::session::{self, Session};
use super::{Done, out};
use crate::boot::Installation;
use report::Reporter;
use work::Import;

#[derive(Args)]
#[command(after_help = "\
Kinds: patients, contacts, medications, allergies, notes; patients first, because the others name them by the identifier
of the old system. Columns are understood by their headings; --map HEADING=FIELD says what is not, and HEADING= leaves
one out. What each column was taken for is told first.

Identifiers belong to --source: the same source gives the same records, so an import may be repeated. What is there and the
same is left; what differs is brought to what the sheet says. Every cell that went in is read again from the record and
compared.

Examples:
  lamplight import-sheet --organization oak-hill --facility north --kind patients --dry-run residents.xlsx
  lamplight import-sheet --organization oak-hill --facility north --kind allergies --map 'Res #=patient' allergies.csv

Ends with 3 when a row was refused or a cell differs; the others are imported all the same.")]
pub(super) struct Options {
    /// The organization, by its slug
    #[arg(long, value_name = "SLUG")]
    organization: String,
    /// Where new patients go, by code
    #[arg(long, value_name = "CODE")]
    facility: String,
    /// What the rows are
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Kind,
    /// A name for the system that the sheet is from: small letters, digits and hyphens
    #[arg(long, default_value = "sheet", value_name = "NAME", value_parser = source)]
    source: String,
    /// What a column is: HEADING=FIELD, or HEADING= to leave it out
    #[arg(long, value_name = "HEADING=FIELD", value_parser = mapped)]
    map: Vec<(String, Option<Field>)>,
    /// Which number of 3/4/2024 is the month: month-first or day-first [default: as the dates tell]
    #[arg(long, value_name = "ORDER", value_parser = order)]
    dates: Option<DateOrder>,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write what became of each row to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How many batches of rows to write at a time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// The file: CSV or XLSX
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::of(text).ok_or_else(|| format!("one of {}", Kind::ALL.map(Kind::key).join(", ")))
}

fn order(text: &str) -> Result<DateOrder, String> {
    DateOrder::of(text).ok_or_else(|| "month-first or day-first".to_owned())
}

fn source(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain && (1..=40).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("1 to 40 small letters, digits and hyphens".to_owned())
    }
}

fn mapped(text: &str) -> Result<(String, Option<Field>), String> {
    let (heading, field) = text.rsplit_once('=').ok_or("HEADING=FIELD")?;
    let field = match field.trim() {
        "" => None,
        key => Some(Field::of(key).ok_or_else(|| format!("there is no field {key}"))?),
    };
    Ok((heading.trim().to_owned(), field))
}

pub(super) async fn run(options: Options, installation: &Installation) -> eyre::Result<Done> {
    let session = Session::enter(installation, &options.organization).await?;
    let place = session.choose(std::slice::from_ref(&options.facility))?;
    let [facility] = *place else { bail!("one facility") };
    let jobs = usize::from(options.jobs);
    let store = session.store(jobs)?;
    session::ready(&store).await?;
    let name = options.file.display().to_string();
    let look = {
        let file = options.file.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let opened = File::open(&file).wrap_err("the file cannot be opened")?;
            sheets::look(opened, &Limits::OPERATOR).map_err(eyre::Report::from)
        });
        looked.await?.wrap_err_with(|| name.clone())?
    };
    let columns = columns(&options, &look)?;
    let zone = session.facilities.iter().find(|one| one.id == facility).map(|one| one.time_zone.clone());
    let zone = TimeZone::get(&zone.unwrap_or_default()).unwrap_or(TimeZone::UTC);
    let began = installation.world().now();
    let reading = Reading {
        kind: options.kind,
        columns,
        dates: options.dates.or(look.dates).unwrap_or(DateOrder::MonthFirst),
        source: options.source.clone(),
        today: began.to_zoned(zone.clone()).date(),
        zone,
    };
    reading.check().wrap_err("the columns do not say enough; --map HEADING=FIELD says what one is")?;
    tell(&reading, &look);
    let reporter = Reporter::new(options.report.as_deref(), &look)?;
    let import = Arc::new(Import {
        store,
        reach: session.all(),
        session,
        facility,
        reading,
        dry_run: options.dry_run,
        reporter,
    });
    let ended = work::run(&import, options.file, jobs).await;
    // What was done is told also when it did not come to its end.
    let took = installation.world().now().duration_since(began);
    let summary = import.reporter.finish(options.dry_run, took.as_secs_f64())?;
    if options.json {
        out::json(&summary)?;
    } else {
        out::line(summary.to_string())?;
    }
    ended?;
    Ok(if summary.is_whole() { Done::Wholly } else { Done::InPart })
}

/// The field of each column: as it was said, else as it is guessed.
fn columns(options: &Options, look: &Look) -> eyre::Result<Vec<Option<Field>>> {
    let mut columns = sheets::guess(options.kind, &look.columns);
    for (heading, field) in &options.map {
        let at =
            look.columns.iter().position(|column| sheets::words(&column.heading) == sheets::words(heading));
        let at = at.ok_or_else(|| eyre!("no column is headed `{heading}`"))?;
        if let Some(field) = field {
            for other in columns.iter_mut().filter(|other| **other == Some(*field)) {
                *other = None;
            }
        }
        columns[at] = *field;
    }
    Ok(columns)
}

fn tell(reading: &Reading, look: &Look) {
    for (column, field) in look.columns.iter().zip(&reading.columns) {
        let heading = if column.heading.is_empty() { "(no heading)" } else { &column.heading };
        match field {
            Some(field) => out::note(format!("  {heading} -> {}", field.key())),
            None => out::note(format!("  {heading} is not imported")),
        }
    }
    out::note(format!("  dates are {}; {} rows", reading.dates.key(), look.rows));
}
