//! `lamplight doctor`.

use clap::Args;
use db::{Db, Finding};
use serde::Serialize;

use super::{Done, out, placing};
use crate::boot::Installation;

#[derive(Args)]
#[command(
    after_help = "Looks at the main database and at those that organizations have of their own. Ends with 0 when every \
                  check passes and with 4 otherwise. `lamplight serve` refuses to start when the main database does not \
                  pass, and serves no organization from one of its own that does not."
)]
pub(super) struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    passed: bool,
    findings: Vec<Finding>,
    /// Organizations' own databases.
    placed: Vec<Placed>,
}

/// What was found in an organization's own database.
#[derive(Serialize)]
struct Placed {
    database: String,
    passed: bool,
    findings: Vec<Finding>,
    /// Why it could not be looked at.
    error: Option<String>,
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let main = installation.main().open(1)?;
    let findings = main.doctor().await?;
    let mut placed = Vec::new();
    for placement in main.placements().await? {
        placed.push(look(placement, installation).await);
    }
    let passed = passes(&findings) && placed.iter().all(|placed| placed.passed);
    if options.json {
        out::json(&Answer { passed, findings, placed })?;
    } else {
        tell(&findings)?;
        for placed in &placed {
            out::line(format!("\n{}", placed.database))?;
            match &placed.error {
                Some(error) => out::line(format!("FAIL {error}"))?,
                None => tell(&placed.findings)?,
            }
        }
    }
    Ok(if passed { Done::Wholly } else { Done::ChecksFailed })
}

async fn look(placement: db::Placement, installation: &Installation) -> Placed {
    let looked = async {
        let db = installation.databases().placed(&placement.database)?.open(1)?;
        placing::is_there(&db, &placement).await?;
        eyre::Ok(db.doctor().await?)
    };
    let (findings, error) = match looked.await {
        Ok(findings) => (findings, None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let passed = error.is_none() && passes(&findings);
    Placed { database: placement.database, passed, findings, error }
}

fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.offenders.is_empty())
}

fn tell(findings: &[Finding]) -> eyre::Result<()> {
    for finding in findings {
        let mark = if finding.offenders.is_empty() { "ok  " } else { "FAIL" };
        out::line(format!("{mark} {}  no {}", finding.check.id, finding.check.finds))?;
        for offender in &finding.offenders {
            out::line(format!("            {offender}"))?;
        }
    }
    let failed = findings.iter().filter(|finding| !finding.offenders.is_empty()).count();
    Ok(out::line(format!("{} checks, {failed} failed", findings.len()))?)
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
        "the walls between organizations do not stand; nothing is served from there:{text}"
    );
    Ok(())
}
