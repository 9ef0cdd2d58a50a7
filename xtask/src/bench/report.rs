//! The figures as a table and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::audit::{Audit, Reads};
use super::beside::{self, Beside};
use super::load::{Latencies, Load};
use super::rows::Row;

/// A row of requests, measured.
pub(super) struct Line {
    pub(super) row: Row,
    /// How many of what is counted a request does.
    pub(super) units: usize,
    /// With 32 clients.
    pub(super) many: Load,
    pub(super) one: Load,
    pub(super) bare: Load,
}

/// A bulk operation, measured.
pub(super) struct Bulk {
    pub(super) key: &'static str,
    pub(super) title: String,
    pub(super) resources: u64,
    /// CPU milliseconds of the program's process and of PostgreSQL.
    pub(super) program: f64,
    pub(super) postgres: f64,
    pub(super) took: Duration,
    /// Resources per CPU second, at least.
    pub(super) target: f64,
}

/// What was measured besides.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) resources: i64,
    pub(super) first_start: Duration,
    pub(super) start: Duration,
    pub(super) memory: Option<(u64, u64)>,
    pub(super) disk_per_resource: i64,
    pub(super) bare: String,
    /// Load average before the rows and after.
    pub(super) load: [f64; 2],
}

/// Everything.
#[derive(Default)]
pub(super) struct Report {
    pub(super) facts: Facts,
    pub(super) lines: Vec<Line>,
    pub(super) bulk: Vec<Bulk>,
    pub(super) beside: Option<Beside>,
    pub(super) audit: Option<Audit>,
    /// Rows that could not be measured, and why.
    pub(super) failed: Vec<(&'static str, String)>,
}

impl Line {
    /// CPU milliseconds for one resource or request: server, PostgreSQL, both.
    fn costs(&self, load: &Load) -> (f64, f64, f64) {
        let (each, units) = (load.each(), self.units as f64);
        (each.server / units, each.postgres / units, (each.server + each.postgres) / units)
    }

    fn json(&self) -> Value {
        let costs = |load: &Load| {
            let (server, postgres, both) = self.costs(load);
            json!({
                "cpu_ms": round(both), "server_cpu_ms": round(server), "postgres_cpu_ms": round(postgres),
                "requests": load.done, "failed": load.failed, "requests_per_second": round(load.per_second()),
                "p50_ms": load.latencies.quantile(0.5), "p99_ms": load.latencies.quantile(0.99),
                "bytes_per_answer": load.bytes / load.done.max(1),
            })
        };
        json!({
            "row": self.row.key(), "title": self.row.title(), "target_cpu_ms": self.row.target(),
            "clients_32": costs(&self.many), "clients_1": costs(&self.one), "bare_postgres": costs(&self.bare),
            "ratio_to_bare": round(self.costs(&self.many).2 / self.costs(&self.bare).2),
        })
    }
}

impl Bulk {
    fn rate(&self) -> f64 {
        self.resources as f64 * 1000.0 / (self.program + self.postgres).max(f64::EPSILON)
    }

    fn json(&self) -> Value {
        json!({
            "row": self.key, "title": self.title, "resources": self.resources,
            "target_per_cpu_second": self.target, "per_cpu_second": self.rate().round(),
            "program_cpu_ms": self.program, "postgres_cpu_ms": self.postgres,
            "seconds": round(self.took.as_secs_f64()),
        })
    }
}

impl Beside {
    /// How many times longer a read takes beside sign-ins, at this quantile.
    fn ratio(&self, share: f64) -> f64 {
        self.beside.quantile(share) / self.calm.quantile(share).max(f64::EPSILON)
    }

    fn json(&self) -> Value {
        let times = |of: &Latencies| json!({"p50_ms": of.quantile(0.5), "p99_ms": of.quantile(0.99)});
        json!({
            "calm": times(&self.calm), "beside": times(&self.beside), "p99_ratio": round(self.ratio(0.99)),
            "target_p99_ratio": beside::TARGET, "answers": self.answers, "seconds": round(self.took.as_secs_f64()),
        })
    }

    fn told(&self) -> String {
        let answers: Vec<_> =
            self.answers.iter().map(|(status, times)| format!("{times} x {status}")).collect();
        format!(
            "reads beside sign-ins: p50 {:.2} ms, p99 {:.2} ms; alone {:.2} and {:.2}: p99 times {:.2} (target {:.1}); \
             answered {} in {:.1} s",
            self.beside.quantile(0.5),
            self.beside.quantile(0.99),
            self.calm.quantile(0.5),
            self.calm.quantile(0.99),
            self.ratio(0.99),
            beside::TARGET,
            answers.join(", "),
            self.took.as_secs_f64(),
        )
    }
}

impl Reads {
    /// CPU milliseconds of a read with 32 clients, and how long one takes with one.
    fn costs(&self) -> (f64, f64) {
        let each = self.many.each();
        (each.server + each.postgres, self.one.latencies.quantile(0.5))
    }

    fn json(&self) -> Value {
        let each = self.many.each();
        json!({
            "cpu_ms": round(each.server + each.postgres), "server_cpu_ms": round(each.server),
            "postgres_cpu_ms": round(each.postgres), "requests": self.many.done,
            "p50_ms": self.many.latencies.quantile(0.5), "p50_ms_1_client": self.one.latencies.quantile(0.5),
        })
    }
}

impl Audit {
    fn told(&self) -> String {
        let ((with, waited), (without, alone)) = (self.with.costs(), self.without.costs());
        format!(
            "a read with its event: {with:.3} CPU-ms, p50 {:.2} ms with 32 clients and {waited:.2} ms with one; without: \
             {without:.3} CPU-ms, {:.2} and {alone:.2} ms: a durable event costs {:.3} CPU-ms and {:.2} ms",
            self.with.many.latencies.quantile(0.5),
            self.without.many.latencies.quantile(0.5),
            with - without,
            waited - alone,
        )
    }
}

impl Report {
    /// All figures.
    pub(super) fn json(&self) -> Value {
        let facts = &self.facts;
        json!({
            "rows": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
            "bulk": self.bulk.iter().map(Bulk::json).collect::<Vec<_>>(),
            "failed": self.failed.iter().map(|(row, why)| json!({"row": row, "why": why})).collect::<Vec<_>>(),
            "reads_beside_sign_ins": self.beside.as_ref().map(Beside::json),
            "reads_with_their_events": self.audit.as_ref().map(|audit| audit.with.json()),
            "reads_without_events": self.audit.as_ref().map(|audit| audit.without.json()),
            "resources": facts.resources,
            "first_start_seconds": round(facts.first_start.as_secs_f64()),
            "start_seconds": round(facts.start.as_secs_f64()),
            "server_memory_mb": facts.memory.map(|(now, _)| now),
            "server_memory_peak_mb": facts.memory.map(|(_, peak)| peak),
            "disk_bytes_per_resource": facts.disk_per_resource,
            "load_average_before": facts.load[0],
            "load_average_after": facts.load[1],
        })
    }

    /// All figures, for people.
    pub(super) fn table(&self) -> String {
        let mut cells = vec![
            [
                "CPU-ms a request, 32 clients",
                "target",
                "here",
                "server",
                "postgres",
                "1 client",
                "bare",
                "ratio",
                "req/s",
                "p50 ms",
                "p99 ms",
            ]
            .map(str::to_owned),
        ];
        for line in &self.lines {
            let ((server, postgres, both), bare) = (line.costs(&line.many), line.costs(&line.bare).2);
            let ms = |value: f64| format!("{value:.3}");
            cells.push([
                line.row.title().to_owned(),
                format!("{:.2}", line.row.target()),
                format!("{both:.3}{}", if both > line.row.target() { " !" } else { "" }),
                ms(server),
                ms(postgres),
                ms(line.costs(&line.one).2),
                ms(bare),
                format!("{:.1}", both / bare),
                format!("{:.0}", line.many.per_second()),
                format!("{:.1}", line.many.latencies.quantile(0.5)),
                format!("{:.1}", line.many.latencies.quantile(0.99)),
            ]);
        }
        let mut text = aligned(&cells);
        if let Some(read) = self.lines.iter().find(|line| line.row == Row::Read) {
            let over = read.costs(&read.many).2 - read.costs(&read.bare).2;
            let _ = writeln!(
                text,
                "HTTP, policy, row security, opening and audit of a read: {over:.3} CPU-ms over the bare one"
            );
        }
        if !self.bulk.is_empty() {
            let headings = [
                "resources a CPU-second",
                "target",
                "here",
                "resources",
                "program s",
                "postgres s",
                "took s",
            ];
            let mut cells = vec![headings.map(str::to_owned)];
            for bulk in &self.bulk {
                let rate = bulk.rate();
                cells.push([
                    bulk.title.clone(),
                    format!("{:.0}", bulk.target),
                    format!("{rate:.0}{}", if rate < bulk.target { " !" } else { "" }),
                    bulk.resources.to_string(),
                    format!("{:.1}", bulk.program / 1000.0),
                    format!("{:.1}", bulk.postgres / 1000.0),
                    format!("{:.1}", bulk.took.as_secs_f64()),
                ]);
            }
            text.push('\n');
            text.push_str(&aligned(&cells));
        }
        if let Some(beside) = &self.beside {
            let _ = writeln!(text, "\n{}", beside.told());
        }
        if let Some(audit) = &self.audit {
            let _ = writeln!(text, "\n{}", audit.told());
        }
        let facts = &self.facts;
        let (now, peak) = facts.memory.unwrap_or_default();
        let _ = write!(
            text,
            "\n{} resources, {} B of disk each; server memory {now} MB, at most {peak} MB; first start {:.1} s, then {:.2} s\n{}\n",
            facts.resources,
            facts.disk_per_resource,
            facts.first_start.as_secs_f64(),
            facts.start.as_secs_f64(),
            facts.bare,
        );
        let [before, after] = facts.load;
        let _ = writeln!(
            text,
            "load average {before:.1} before, {after:.1} after: what others use the machine for adds CPU time"
        );
        for line in self.lines.iter().filter(|line| line.many.failed > 0) {
            let why = line.many.complaint.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{}: {} requests failed: {why}", line.row.key(), line.many.failed);
        }
        for (row, why) in &self.failed {
            let _ = writeln!(text, "{row}: not measured: {why}");
        }
        text
    }
}

/// The first column to the left, the others to the right.
fn aligned<const N: usize>(cells: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in cells {
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ = match at {
                0 => write!(text, "{cell:width$}"),
                _ => write!(text, "  {cell:>width$}"),
            };
        }
        text.push('\n');
    }
    text
}

/// To four decimals: more is noise.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let cells = [["a", "b"], ["long", "10"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&cells), "a      b\nlong  10\n");
    }
}
