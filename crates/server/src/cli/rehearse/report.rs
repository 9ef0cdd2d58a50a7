//! What a rehearsal looked at and found: kinds, names and places, never a value of a record.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{Done, out};

/// Faults of one check that are told one by one.
const TOLD: usize = 100;

/// Something that is not as it was.
#[derive(Debug, Serialize)]
pub(super) struct Fault {
    /// Where: a file of the repository, a table or index, an organization's record or place in the log.
    pub(super) place: String,
    /// What is wrong there.
    pub(super) what: String,
}

/// One of the things that are looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// Its name.
    pub(super) name: &'static str,
    /// What was looked at, in words; why not, when it was not.
    pub(super) looked_at: String,
    /// Whether it could be looked at.
    pub(super) done: bool,
    /// Seconds.
    pub(super) took: f64,
    /// What was found, at most a hundred.
    pub(super) faults: Vec<Fault>,
    /// How many more there are.
    pub(super) more: usize,
}

impl Check {
    /// Adds a fault, or counts it.
    pub(super) fn fault(&mut self, place: impl Into<String>, what: impl Into<String>) {
        if self.faults.len() < TOLD {
            self.faults.push(Fault { place: place.into(), what: what.into() });
        } else {
            self.more += 1;
        }
    }
}

/// A whole rehearsal.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Of which backup; nothing when a database was looked at where it is, or none could be restored.
    pub(super) backup: Option<String>,
    /// When it began.
    pub(super) began: Timestamp,
    /// When it ended.
    pub(super) ended: Timestamp,
    /// The last transaction that was restored, in PostgreSQL's words.
    pub(super) last_transaction: Option<String>,
    /// What was looked at, in order.
    pub(super) checks: Vec<Check>,
    /// Why it could not go on.
    pub(super) broken_off: Option<String>,
}

impl Report {
    pub(super) fn begin(began: Timestamp) -> Self {
        let (backup, last_transaction, broken_off) = (None, None, None);
        Self { backup, began, ended: began, last_transaction, checks: Vec::new(), broken_off }
    }

    fn faults(&self) -> usize {
        self.checks.iter().map(|check| check.faults.len() + check.more).sum()
    }

    /// `passed`, `faults` or `failed`: what was found counts for more than what could not be looked at because of it.
    pub(super) fn outcome(&self) -> &'static str {
        match (self.faults(), &self.broken_off, self.checks.iter().all(|check| check.done)) {
            (1.., _, _) => "faults",
            (0, None, true) => "passed",
            _ => "failed",
        }
    }

    /// The exit code.
    pub(super) fn done(&self) -> Done {
        match self.outcome() {
            "passed" => Done::Wholly,
            "faults" => Done::With(1),
            _ => Done::With(2),
        }
    }

    /// In a few words, for the log of every organization.
    pub(super) fn summary(&self) -> String {
        let backup = self.backup.as_deref().unwrap_or("none");
        let checks: Vec<&str> =
            self.checks.iter().filter(|check| check.done).map(|check| check.name).collect();
        format!("backup {backup}: {}, {} faults; {}", self.outcome(), self.faults(), checks.join(", "))
    }

    pub(super) fn tell(&self, json: bool) -> eyre::Result<()> {
        if json {
            return out::json(self);
        }
        if let Some(backup) = &self.backup {
            let until = self.last_transaction.as_deref().unwrap_or("its end");
            out::line(format!("backup {backup}, with what was written until {until}"))?;
        }
        for check in &self.checks {
            let mark = match (check.done, check.faults.is_empty()) {
                (_, false) => "FAIL",
                (true, true) => "ok  ",
                (false, true) => "----",
            };
            out::line(format!("{mark} {:<11} {} ({:.1} s)", check.name, check.looked_at, check.took))?;
            for fault in &check.faults {
                out::line(format!("       {}: {}", fault.place, fault.what))?;
            }
            if check.more > 0 {
                out::line(format!("       and {} more", check.more))?;
            }
        }
        if let Some(why) = &self.broken_off {
            out::note(format!("broken off: {why}"));
        }
        let took = self.ended.duration_since(self.began).as_secs_f64();
        out::line(format!("{}; {} faults; {took:.1} s", self.outcome(), self.faults()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(done: bool, faults: usize) -> Check {
        let name = "charts";
        let mut check =
            Check { name, looked_at: String::new(), done, took: 0.0, faults: Vec::new(), more: 0 };
        for _ in 0..faults {
            check.fault("a place", "something");
        }
        check
    }

    #[test]
    fn a_fault_counts_for_more_than_what_was_not_looked_at() {
        let mut report = Report::begin(Timestamp::UNIX_EPOCH);
        assert_eq!((report.outcome(), report.done()), ("passed", Done::Wholly));
        report.checks.push(check(false, 0));
        assert_eq!((report.outcome(), report.done()), ("failed", Done::With(2)));
        report.checks.push(check(true, 130));
        assert_eq!((report.outcome(), report.done()), ("faults", Done::With(1)));
        assert!(report.summary().contains("130 faults"));
        assert_eq!(report.checks[1].faults.len(), 100);
    }
}
