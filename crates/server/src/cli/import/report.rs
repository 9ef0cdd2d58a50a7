//! What became of each record: counted, shown on the terminal, written to a file of JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chart::{ImportReport, Imported};
use eyre::WrapErr as _;
use fhir::validate::{Issue, Severity};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::unit::Counts;
use crate::cli::{out, progress};

/// How many refusals are shown on the terminal.
const SHOWN: u64 = 10;

/// Takes in what the workers have done.
pub(super) struct Reporter {
    pub(super) bar: ProgressBar,
    inner: Mutex<Inner>,
}

struct Inner {
    file: Option<BufWriter<File>>,
    counts: Counts,
    unreadable: u64,
    shown: u64,
}

impl Inner {
    fn flush(&mut self) -> eyre::Result<()> {
        match &mut self.file {
            Some(file) => file.flush().wrap_err("the report cannot be written"),
            None => Ok(()),
        }
    }
}

/// A line of the report.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    /// The place in the bundle, or the line from 0; absent for the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    rtype: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `created`, `updated`, `unchanged`, `kept`, `refused` or `unreadable`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Shown<'a>>,
}

/// An issue: elements and words, never values.
#[derive(Serialize)]
struct Shown<'a> {
    severity: &'static str,
    code: &'a str,
    path: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Issue> for Shown<'a> {
    fn from(issue: &'a Issue) -> Self {
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        Self { severity, code: issue.code, path: &issue.path, message: &issue.message }
    }
}

impl Reporter {
    /// Begins a report, in `file` if one is wanted.
    pub(super) fn new(file: Option<&Path>, files: usize) -> eyre::Result<Self> {
        let open = |path: &Path| {
            let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
            opened.map(BufWriter::new).wrap_err_with(|| format!("{} cannot be written", path.display()))
        };
        let inner =
            Inner { file: file.map(open).transpose()?, counts: Counts::default(), unreadable: 0, shown: 0 };
        Ok(Self { bar: progress::bar(files as u64, "files"), inner: Mutex::new(inner) })
    }

    /// The records of a unit. `places` are their places in the file, where those are not the report's own.
    pub(super) fn records(
        &self,
        file: &str,
        report: &ImportReport,
        places: Option<&[usize]>,
    ) -> eyre::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counts.add(report);
        for record in &report.records {
            let (outcome, issues) = match &record.outcome {
                Imported::Created => ("created", &[][..]),
                Imported::Updated => ("updated", &[][..]),
                Imported::Unchanged => ("unchanged", &[][..]),
                Imported::Kept => ("kept", &[][..]),
                Imported::Refused(issues) => ("refused", &issues[..]),
            };
            let index = places.map_or(Some(record.index), |places| places.get(record.index).copied());
            let entry = Entry {
                file,
                index,
                rtype: record.rtype.map(fhir::ResourceType::as_str),
                id: record.id.map(|id| id.to_string()),
                outcome,
                issues: issues.iter().map(Shown::from).collect(),
            };
            self.write(&mut inner, &entry)?;
        }
        // Whole units, so that the report of a killed import tells what was done.
        inner.flush()
    }

    /// A bundle that was refused as a whole.
    pub(super) fn refused(&self, file: &str, index: Option<usize>, issues: &[Issue]) -> eyre::Result<()> {
        let issues = issues.iter().map(Shown::from).collect();
        self.whole(&Entry { file, index, rtype: None, id: None, outcome: "refused", issues })
    }

    /// A file that could not be read.
    pub(super) fn unreadable(&self, file: &str, message: &str) -> eyre::Result<()> {
        let issues = vec![Shown { severity: "error", code: "incomplete", path: "", message }];
        self.whole(&Entry { file, index: None, rtype: None, id: None, outcome: "unreadable", issues })
    }

    fn whole(&self, entry: &Entry<'_>) -> eyre::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.unreadable += 1;
        self.write(&mut inner, entry)?;
        inner.flush()
    }

    fn write(&self, inner: &mut Inner, entry: &Entry<'_>) -> eyre::Result<()> {
        if !entry.issues.is_empty() {
            self.show(inner, entry);
        }
        if let Some(file) = &mut inner.file {
            let mut line = serde_json::to_vec(entry)?;
            line.push(b'\n');
            file.write_all(&line).wrap_err("the report cannot be written")?;
        }
        Ok(())
    }

    fn show(&self, inner: &mut Inner, entry: &Entry<'_>) {
        inner.shown += 1;
        if inner.shown > SHOWN {
            return;
        }
        let words: Vec<_> = entry
            .issues
            .iter()
            .take(3)
            .map(|issue| {
                if issue.path.is_empty() {
                    issue.message.to_owned()
                } else {
                    format!("{}: {}", issue.path, issue.message)
                }
            })
            .collect();
        let place = entry.index.map(|index| format!(" #{index}")).unwrap_or_default();
        let rtype = entry.rtype.map(|rtype| format!(" {rtype}")).unwrap_or_default();
        let text = format!("{}: {}{place}{rtype}: {}", entry.outcome, entry.file, words.join("; "));
        self.bar.suspend(|| {
            out::note(text);
            if inner.shown == SHOWN {
                out::note("(further ones are only counted; --report FILE has them all)");
            }
        });
    }

    /// Ends the report: what was counted, and how many files were not taken.
    pub(super) fn finish(&self) -> eyre::Result<(Counts, u64)> {
        self.bar.finish_and_clear();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.flush()?;
        Ok((inner.counts, inner.unreadable))
    }
}
