//! What became of each row, and of each field of all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ::sheets::{Fault, Field, Look};
use eyre::WrapErr as _;
use indicatif::ProgressBar;
use kernel::ResourceId;
use serde::Serialize;

use crate::cli::{out, progress};

/// How many refusals are shown on the terminal.
const SHOWN: u64 = 10;

/// What became of a row.
#[derive(Serialize)]
pub(super) struct Outcome {
    /// As a spreadsheet program numbers it.
    pub(super) row: u32,
    /// `created`, `updated`, `unchanged`, `refused`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Shown>,
    /// Fields of the record that do not say what the cell does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs: Vec<&'static str>,
    #[serde(skip)]
    same: Vec<Field>,
    #[serde(skip)]
    other: Vec<Field>,
}

/// A fault: the heading and words, never the value.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    fault: &'static str,
    words: &'static str,
    #[serde(skip)]
    at: Option<u16>,
}

impl Outcome {
    pub(super) fn of(row: u32, outcome: &'static str, id: Option<ResourceId>) -> Self {
        let id = id.map(|id| id.to_string());
        Self {
            row,
            outcome,
            id,
            faults: Vec::new(),
            differs: Vec::new(),
            same: Vec::new(),
            other: Vec::new(),
        }
    }

    pub(super) fn refused(row: u32, faults: Vec<Fault>) -> Self {
        let shown = |fault: Fault| Shown {
            column: fault.field.map(|field| field.key().to_owned()),
            fault: fault.wrong.key(),
            words: fault.wrong.words(),
            at: fault.column,
        };
        Self { faults: faults.into_iter().map(shown).collect(), ..Self::of(row, "refused", None) }
    }

    /// Takes in whether the record says what a cell does.
    pub(super) fn cell(&mut self, field: Field, same: bool) {
        if same {
            self.same.push(field);
        } else {
            self.other.push(field);
            self.differs.push(field.key());
        }
    }
}

/// What was compared of a field.
#[derive(Clone, Copy, Default, Serialize)]
struct Compared {
    cells: u64,
    differences: u64,
}

/// What an import comes to.
#[derive(Clone, Default, Serialize)]
pub(super) struct Summary {
    dry_run: bool,
    rows: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    refused: u64,
    /// How many cells were read again from the records.
    cells: u64,
    /// How many of them say something else there.
    differences: u64,
    fields: BTreeMap<&'static str, Compared>,
    /// How often each fault is there.
    faults: BTreeMap<&'static str, u64>,
    seconds: f64,
}

impl Summary {
    pub(super) fn is_whole(&self) -> bool {
        self.refused + self.differences == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dry = if self.dry_run { "dry run, nothing written: " } else { "" };
        let Self { rows, created, updated, unchanged, refused, cells, differences, .. } = self;
        writeln!(
            f,
            "{dry}{rows} rows: {created} created, {updated} updated, {unchanged} unchanged, {refused} refused; {:.1} s",
            self.seconds
        )?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {count} x {fault}")?;
        }
        write!(f, "{cells} cells read again from the records, {differences} differ")?;
        for (field, Compared { cells, differences }) in &self.fields {
            write!(f, "\n  {field}: {cells} cells, {differences} differ")?;
        }
        Ok(())
    }
}

/// Takes in what the workers have done.
pub(super) struct Reporter {
    bar: ProgressBar,
    headings: Vec<String>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    file: Option<BufWriter<File>>,
    summary: Summary,
    shown: u64,
}

impl Reporter {
    /// Begins a report, in `file` if one is wanted.
    pub(super) fn new(file: Option<&Path>, look: &Look) -> eyre::Result<Self> {
        let open = |path: &Path| {
            let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
            opened.map(BufWriter::new).wrap_err_with(|| format!("{} cannot be written", path.display()))
        };
        let inner = Inner { file: file.map(open).transpose()?, ..Inner::default() };
        Ok(Self {
            bar: progress::bar(look.rows.into(), "rows"),
            headings: look.columns.iter().map(|column| column.heading.clone()).collect(),
            inner: Mutex::new(inner),
        })
    }

    /// Takes in a batch.
    pub(super) fn batch(&self, mut outcomes: Vec<Outcome>) -> eyre::Result<()> {
        outcomes.sort_by_key(|outcome| outcome.row);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.inc(outcomes.len() as u64);
        for mut outcome in outcomes {
            for fault in &mut outcome.faults {
                let heading = fault.at.and_then(|at| self.headings.get(usize::from(at)));
                if let Some(heading) = heading.filter(|heading| !heading.is_empty()) {
                    fault.column = Some(heading.clone());
                }
            }
            inner.count(&outcome);
            if let Some(file) = &mut inner.file {
                let mut line = serde_json::to_vec(&outcome)?;
                line.push(b'\n');
                file.write_all(&line).wrap_err("the report cannot be written")?;
            }
            if !outcome.faults.is_empty() || !outcome.differs.is_empty() {
                inner.shown += 1;
                if inner.shown <= SHOWN {
                    self.bar.suspend(|| show(&outcome));
                } else if inner.shown == SHOWN + 1 {
                    self.bar
                        .suspend(|| out::note("(further ones are only counted; --report FILE has them all)"));
                }
            }
        }
        Ok(())
    }

    /// Ends the report.
    pub(super) fn finish(&self, dry_run: bool, seconds: f64) -> eyre::Result<Summary> {
        self.bar.finish_and_clear();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut inner.file {
            file.flush().wrap_err("the report cannot be written")?;
        }
        Ok(Summary { dry_run, seconds, ..inner.summary.clone() })
    }
}

impl Inner {
    fn count(&mut self, outcome: &Outcome) {
        let summary = &mut self.summary;
        summary.rows += 1;
        match outcome.outcome {
            "created" => summary.created += 1,
            "updated" => summary.updated += 1,
            "unchanged" => summary.unchanged += 1,
            _ => summary.refused += 1,
        }
        for fault in &outcome.faults {
            *summary.faults.entry(fault.fault).or_default() += 1;
        }
        for field in outcome.same.iter().chain(&outcome.other) {
            summary.fields.entry(field.key()).or_default().cells += 1;
            summary.cells += 1;
        }
        for field in &outcome.other {
            summary.fields.entry(field.key()).or_default().differences += 1;
            summary.differences += 1;
        }
    }
}

fn show(outcome: &Outcome) {
    let mut words: Vec<String> = outcome
        .faults
        .iter()
        .map(|fault| match &fault.column {
            Some(column) => format!("{column}: {}", fault.words),
            None => fault.words.to_owned(),
        })
        .collect();
    words.extend(outcome.differs.iter().map(|field| format!("{field}: the record says something else")));
    out::note(format!("row {}: {}", outcome.row, words.join("; ")));
}
