//! `lamplight audit report`.

use clap::{Args, ValueEnum};
use db::{ReportLine, ReportWindow};
use eyre::{bail, eyre};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::PatientId;

use super::super::session::Session;
use super::{Done, instant, out, session};
use crate::boot::Installation;

#[derive(Args)]
pub(in crate::cli) struct Report {
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

pub(super) async fn run(report: Report, installation: &Installation) -> eyre::Result<Done> {
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
    use super::csv;

    #[test]
    fn cells_are_quoted_and_no_formula_is_left() {
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("=1+1"), "'=1+1");
    }
}
