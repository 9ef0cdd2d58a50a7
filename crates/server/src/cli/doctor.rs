//! `lamplight doctor`.

use clap::Args;
use db::{Db, Finding};
use serde::Serialize;

use super::{Done, out};
use crate::boot::Installation;

#[derive(Args)]
#[command(
    after_help = "Ends with 0 when every check passes and with 4 otherwise. `lamplight serve` refuses to start then."
)]
pub(super) struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    passed: bool,
    findings: &'a [Finding],
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let findings = installation.database(1)?.doctor().await?;
    let passed = findings.iter().all(|finding| finding.offenders.is_empty());
    if options.json {
        out::json(&Answer { passed, findings: &findings })?;
    } else {
        for finding in &findings {
            let mark = if finding.offenders.is_empty() { "ok  " } else { "FAIL" };
            out::line(format!("{mark} {}  no {}", finding.check.id, finding.check.finds))?;
            for offender in &finding.offenders {
                out::line(format!("            {offender}"))?;
            }
        }
        let failed = findings.iter().filter(|finding| !finding.offenders.is_empty()).count();
        out::line(format!("{} checks, {failed} failed", findings.len()))?;
    }
    Ok(if passed { Done::Wholly } else { Done::ChecksFailed })
}

/// Refuses when a check finds something.
pub(super) async fn refuse_findings(db: &Db) -> eyre::Result<()> {
    let mut text = String::new();
    for finding in db.doctor().await?.iter().filter(|finding| !finding.offenders.is_empty()) {
        text +=
            &format!("\n  {} {}: {}", finding.check.id, finding.check.finds, finding.offenders.join(", "));
    }
    eyre::ensure!(
        text.is_empty(),
        "the walls between organizations do not stand; the server does not start:{text}"
    );
    Ok(())
}
