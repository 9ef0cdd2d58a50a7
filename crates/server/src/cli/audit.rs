//! `lamplight audit`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use db::seal::Verified;
use db::{ReportLine, ReportWindow};
use eyre::{WrapErr as _, bail, eyre};
use fhir::ResourceType;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::PatientId;
use merkle::Verifier;

use super::session::Session;
use super::{Done, out, sealing, session};
use crate::boot::Installation;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Who did what with a patient's record, newest first; asking is itself logged
    #[command(after_help = "Example:\n  lamplight audit report --organization oak-hill \
                            --patient 01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10 --from 2026-01-01 --to 2026-04-01 --format csv")]
    Report(Report),
    /// The public key that the log's checkpoints are signed with
    Key,
    /// Derive the whole log anew and compare it with what was signed
    #[command(after_help = VERIFY)]
    Verify(Verify),
}

impl Command {
    /// Whether its exit codes are those of a verification.
    pub(super) fn verifies(&self) -> bool {
        matches!(self, Self::Verify(_))
    }
}

const VERIFY: &str = "\
Exit codes:
  0  clean
  1  tampered with; the lines say how
  2  it could not be completed
  3  clean, and events wait longer to be sealed than they may

Keep the public key and the witness's file where whoever runs the database cannot write:
  lamplight audit verify --key audit.pub --witness /mnt/elsewhere/checkpoints.jsonl";

/// How long an event may wait to be sealed.
const LAG: SignedDuration = SignedDuration::from_secs(60);

#[derive(Args)]
pub(super) struct Verify {
    /// Public keys that checkpoints may be signed with, a line each [default: that of the installation]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// What a witness outside the database has kept
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

fn keys(verify: &Verify, installation: &Installation) -> eyre::Result<Vec<Verifier>> {
    let Some(file) = &verify.key else {
        return installation
            .main()
            .audit_verifier()?
            .map(|key| vec![key])
            .ok_or_else(|| eyre!("the log's key is not here: name a file with its public key with --key"));
    };
    let text =
        std::fs::read_to_string(file).wrap_err_with(|| format!("{} cannot be read", file.display()))?;
    let keys = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys = keys.map(|line| line.parse().wrap_err("a public key")).collect::<eyre::Result<Vec<_>>>()?;
    eyre::ensure!(!keys.is_empty(), "{} holds no key", file.display());
    Ok(keys)
}

async fn verify(verify: Verify, installation: &Installation) -> eyre::Result<Done> {
    let keys = keys(&verify, installation)?;
    let witnessed = match &verify.witness {
        Some(file) => sealing::witnessed(file, &keys)?,
        None => BTreeMap::new(),
    };
    let verified = db::seal::verify(installation.main().sealed_log()?, &keys, &witnessed).await?;
    let now = installation.world().now();
    let waits = verified.waits_since.map(|since| now.duration_since(since)).filter(|waits| *waits > LAG);
    if verify.json {
        out::json(&verified)?;
    } else {
        told(&verified)?;
        if let Some(waits) = waits {
            out::note(format!("events wait for {} s to be sealed", waits.as_secs()));
        }
    }
    Ok(Done::With(match (verified.findings.is_empty(), waits) {
        (false, _) => 1,
        (true, Some(_)) => 3,
        (true, None) => 0,
    }))
}

fn told(verified: &Verified) -> eyre::Result<()> {
    out::line(format!(
        "{} events of {} organizations and {} checkpoints verified; {} events are not sealed yet",
        verified.events, verified.organizations, verified.checkpoints, verified.unsealed
    ))?;
    if verified.findings.is_empty() {
        out::line("clean")?;
        return Ok(());
    }
    let rows: Vec<_> = verified
        .findings
        .iter()
        .map(|one| {
            let place = match (one.sequence, one.until) {
                (Some(from), Some(until)) => format!("{from} to {until}"),
                (Some(at), None) => at.to_string(),
                (None, _) => String::new(),
            };
            let of = if one.organization == 0 { "all".to_owned() } else { one.organization.to_string() };
            let event = one.event.map(|event| event.to_string()).unwrap_or_default();
            [of, place, one.kind.to_string(), event, one.what.to_owned()]
        })
        .collect();
    out::table(["ORGANIZATION", "SEQUENCE", "KIND", "EVENT", "WHAT"], &rows)?;
    if verified.more > 0 {
        out::note(format!("{} more were found", verified.more));
    }
    Ok(())
}

#[derive(Args)]
pub(super) struct Report {
    /// The patient's logical id
    #[arg(long, value_name = "ID")]
    patient: PatientId,
    /// The organization, by its slug [default: the one there is]
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
    /// From this day or instant on (UTC unless it says otherwise) [default: a year before --to]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    from: Option<Timestamp>,
    /// Until before this day or instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    to: Option<Timestamp>,
    /// At most this many lines
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Columns for reading
    Text,
    /// Comma-separated values (RFC 4180)
    Csv,
    /// JSON
    Json,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: Date = text
        .parse()
        .map_err(|_| "a date such as 2026-01-31 or an instant such as 2026-01-31T08:00:00Z".to_owned())?;
    day.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|error| error.to_string())
}

pub(super) async fn run(command: Command, installation: &Installation) -> eyre::Result<Done> {
    match command {
        Command::Report(asked) => report(asked, installation).await,
        Command::Verify(asked) => verify(asked, installation).await,
        Command::Key => {
            let key = installation.main().audit_verifier()?;
            let key = key.ok_or_else(|| eyre!("there is no key here: `lamplight serve` makes it"))?;
            out::line(key.to_string())?;
            Ok(Done::Wholly)
        }
    }
}

async fn report(report: Report, installation: &Installation) -> eyre::Result<Done> {
    let slug = match report.organization {
        Some(slug) => slug,
        None => match &mut *session::slugs(installation).await? {
            [one] => std::mem::take(one),
            [] => bail!("there is no organization"),
            _ => bail!("there are several organizations: name one with --organization"),
        },
    };
    let session = Session::enter(installation, &slug).await?;
    // The report that is asked for now is a line of the next.
    let to = report.to.unwrap_or_else(|| installation.world().now());
    let from = match report.from {
        Some(from) => from,
        None => to.checked_sub(SignedDuration::from_hours(365 * 24))?,
    };
    if from >= to {
        return Err(eyre!("--from must be before --to"));
    }
    let store = session.store(1)?;
    let window = ReportWindow { from, to, limit: i64::from(report.limit) };
    let lines = store.db().audit_report(&session.context(&session.all()), report.patient, window).await?;
    match report.format {
        Format::Json => out::json(&lines)?,
        Format::Csv => {
            out::line(HEADINGS.join(","))?;
            for line in &lines {
                out::line(cells(line).map(|cell| csv(&cell)).join(","))?;
            }
        }
        Format::Text => {
            let rows: Vec<_> = lines
                .iter()
                .map(|line| {
                    let [
                        at,
                        _,
                        membership,
                        name,
                        _,
                        action,
                        outcome,
                        _,
                        purpose,
                        rtype,
                        resource,
                        _,
                        _,
                        detail,
                    ] = cells(line);
                    let who = if line.membership.0 == 0 {
                        "operator".to_owned()
                    } else {
                        format!("{name} ({membership})")
                    };
                    let what = [rtype, resource].join("/");
                    [at, who, action, outcome, purpose, what.trim_matches('/').to_owned(), detail]
                })
                .collect();
            out::table(["WHEN", "WHO", "ACTION", "OUTCOME", "PURPOSE", "RESOURCE", "DETAIL"], &rows)?;
        }
    }
    if lines.len() == report.limit as usize {
        out::note(format!(
            "only the newest {} lines are shown: narrow --from and --to, or raise --limit",
            report.limit
        ));
    }
    Ok(Done::Wholly)
}

const HEADINGS: [&str; 14] = [
    "at",
    "event",
    "membership",
    "name",
    "facility",
    "action",
    "outcome",
    "reason",
    "purpose",
    "resource_type",
    "resource",
    "request",
    "address",
    "detail",
];

fn cells(line: &ReportLine) -> [String; 14] {
    let rtype =
        line.resource_type.and_then(ResourceType::from_code).map(ResourceType::as_str).unwrap_or_default();
    [
        format!("{:.3}", line.at),
        line.event.to_string(),
        line.membership.to_string(),
        called(line),
        line.facility.to_string(),
        line.action.clone(),
        line.outcome.clone(),
        line.reason.clone(),
        line.purpose.clone(),
        rtype.to_owned(),
        line.resource.map(|id| id.to_string()).unwrap_or_default(),
        line.request.to_string(),
        line.address.map(|address| address.to_string()).unwrap_or_default(),
        line.detail.clone().unwrap_or_default(),
    ]
}

/// Who it was; of support access both, who looked and whose view it was (ADR 0019).
fn called(line: &ReportLine) -> String {
    let name = line.name.clone().unwrap_or_default();
    match (line.on_behalf_of, &line.on_behalf_of_name) {
        (Some(_), Some(of)) => format!("support {name} for {of}"),
        (Some(of), None) => format!("support {name} for {of}"),
        (None, _) => name,
    }
}

/// A cell as RFC 4180 writes it; one that a spreadsheet would take for a formula gets an apostrophe before it.
fn csv(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::{csv, instant};

    #[test]
    fn cells_are_quoted_and_no_formula_is_left() {
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("=1+1"), "'=1+1");
    }

    #[test]
    fn days_and_instants_are_understood() {
        assert_eq!(instant("2026-01-31"), instant("2026-01-31T00:00:00Z"));
        assert_eq!(instant("2026-01-31T01:00:00+01:00"), instant("2026-01-31"));
        assert!(instant("yesterday").is_err());
    }
}
