//! One thread reads, several tasks write. Ranks of files do not overlap.

use std::path::Path;
use std::sync::Arc;

use chart::{ImportOptions, Store};
use eyre::{WrapErr as _, eyre};
use kernel::FacilityId;
use policy::Action;
use serde::Deserialize;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::files::{self, Format, PARALLEL, Source};
use super::read::{self, Line, Lines, RUN_BYTES, RUN_LINES};
use super::report::Reporter;
use crate::cli::session::Session;
use crate::cli::unit::{self, Failure};

/// What the tasks share.
pub(super) struct Import {
    pub(super) store: Store,
    pub(super) session: Session,
    /// Every facility of the organization: records of a patient go where the patient is.
    pub(super) reach: Vec<FacilityId>,
    /// Where new patients go.
    pub(super) facilities: Vec<FacilityId>,
    pub(super) source: String,
    pub(super) dry_run: bool,
    pub(super) reporter: Reporter,
}

/// What is written in one transaction.
struct Unit {
    file: Arc<str>,
    facility: FacilityId,
    body: Body,
}

enum Body {
    Bundle(Vec<u8>),
    Lines(Vec<Line>),
}

/// Imports the files, rank after rank.
pub(super) async fn run(import: &Arc<Import>, sources: Vec<Source>, jobs: usize) -> eyre::Result<()> {
    for rank in sources.chunk_by(|a, b| a.rank == b.rank) {
        let jobs = if rank[0].rank < PARALLEL { 1 } else { jobs };
        run_rank(import, rank.to_vec(), jobs).await?;
    }
    Ok(())
}

async fn run_rank(import: &Arc<Import>, sources: Vec<Source>, jobs: usize) -> eyre::Result<()> {
    // Room for one: memory holds no more bundles than are being written, one waiting and one being read.
    let (sender, units) = mpsc::channel(1);
    let reader = Arc::clone(import);
    let reading = tokio::task::spawn_blocking(move || {
        for source in &sources {
            reader.read(source, &sender)?;
            reader.reporter.bar.inc(1);
        }
        Ok(())
    });
    let units = Arc::new(Mutex::new(units));
    let mut workers = JoinSet::new();
    for _ in 0..jobs {
        workers.spawn(write(Arc::clone(import), Arc::clone(&units)));
    }
    drop(units);
    let mut ended = Ok(());
    while let Some(worker) = workers.join_next().await {
        let worker = worker.wrap_err("a worker ended badly").flatten();
        if worker.is_err() {
            // The others end at their next wait, between two transactions or before a commit; the reader has nobody
            // to read for.
            workers.abort_all();
            ended = ended.and(worker);
        }
    }
    let read: eyre::Result<()> = reading.await.wrap_err("the reader ended badly")?;
    // A reader that nobody listened to any more is not the cause.
    ended.and(read)
}

async fn write(import: Arc<Import>, units: Arc<Mutex<mpsc::Receiver<Unit>>>) -> eyre::Result<()> {
    loop {
        let unit = units.lock().await.recv().await;
        let Some(unit) = unit else { return Ok(()) };
        import.write(&unit).await?;
    }
}

/// The head of an NDJSON line.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "resourceType", borrow)]
    rtype: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    id: Option<std::borrow::Cow<'a, str>>,
}

impl Import {
    /// Reads a file into units. An error means that nobody wants them any more.
    fn read(&self, source: &Source, units: &mpsc::Sender<Unit>) -> eyre::Result<()> {
        let file: Arc<str> = source.path.display().to_string().into();
        let read = match source.format {
            Format::Bundle => match read::whole(source) {
                Ok(body) => {
                    let facility = self.facility_of(files::stem(&source.path).as_bytes());
                    return send(units, Unit { file, facility, body: Body::Bundle(body) });
                }
                Err(message) => Err(message),
            },
            Format::Lines => self.read_lines(source, &file, units)?,
        };
        if let Err(message) = read {
            self.reporter.unreadable(&file, &message)?;
        }
        Ok(())
    }

    /// Reads the lines into runs, one run for each facility at a time.
    fn read_lines(
        &self,
        source: &Source,
        file: &Arc<str>,
        units: &mpsc::Sender<Unit>,
    ) -> eyre::Result<Result<(), String>> {
        let mut lines = match Lines::open(source) {
            Ok(lines) => lines,
            Err(message) => return Ok(Err(message)),
        };
        let mut runs: Vec<(Vec<Line>, usize)> = vec![(Vec::new(), 0); self.facilities.len()];
        let flush = |at: usize, run: &mut (Vec<Line>, usize)| {
            let (lines, _) = std::mem::take(run);
            if lines.is_empty() {
                return Ok(());
            }
            send(
                units,
                Unit { file: Arc::clone(file), facility: self.facilities[at], body: Body::Lines(lines) },
            )
        };
        let ended = loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break Ok(()),
                Err(message) => break Err(message),
            };
            let at = self.place_of_line(&line.1);
            runs[at].1 += line.1.len();
            runs[at].0.push(line);
            if runs[at].0.len() >= RUN_LINES || runs[at].1 >= RUN_BYTES {
                flush(at, &mut runs[at])?;
            }
        };
        for (at, run) in runs.iter_mut().enumerate() {
            flush(at, run)?;
        }
        Ok(ended)
    }

    /// Which facility a line belongs to: a Patient by its id; others follow their patient anyway.
    fn place_of_line(&self, line: &[u8]) -> usize {
        if self.facilities.len() < 2 {
            return 0;
        }
        match serde_json::from_slice::<Head<'_>>(line) {
            Ok(Head { rtype, id: Some(id) }) if rtype == "Patient" => {
                place(id.as_bytes(), self.facilities.len())
            }
            _ => 0,
        }
    }

    fn facility_of(&self, name: &[u8]) -> FacilityId {
        self.facilities[place(name, self.facilities.len())]
    }

    /// Writes a unit, in a context of its own.
    async fn write(&self, unit: &Unit) -> eyre::Result<()> {
        let options = ImportOptions {
            facility: unit.facility,
            source: self.source.clone(),
            dry_run: self.dry_run,
            action: Action::Import,
        };
        let lines: Vec<&[u8]> = match &unit.body {
            Body::Bundle(_) => Vec::new(),
            Body::Lines(lines) => lines.iter().map(|(_, line)| line.trim_ascii()).collect(),
        };
        let imported = unit::import(async || {
            let ctx = self.session.context(&self.reach);
            match &unit.body {
                Body::Bundle(body) => self.store.import_bundle(&ctx, body, &options).await,
                Body::Lines(_) => self.store.import_lines(&ctx, &lines, &options).await,
            }
        });
        let places: Option<Vec<usize>> = match &unit.body {
            Body::Bundle(_) => None,
            Body::Lines(lines) => Some(lines.iter().map(|(number, _)| *number).collect()),
        };
        match imported.await {
            Ok(report) => self.reporter.records(&unit.file, &report, places.as_deref()),
            Err(Failure::Refused(error)) => {
                let first = places.and_then(|places| places.first().copied());
                self.reporter.refused(&unit.file, first, &error.issues())
            }
            Err(Failure::Stop(error)) => {
                let name = Path::new(&*unit.file).display();
                Err(error.wrap_err(format!("stopped at {name}")))
            }
        }
    }
}

fn send(units: &mpsc::Sender<Unit>, unit: Unit) -> eyre::Result<()> {
    units.blocking_send(unit).map_err(|_| eyre!("stopped"))
}

/// A place among `count`, always the same for the same name (FNV-1a).
fn place(name: &[u8], count: usize) -> usize {
    let hash = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The upper half is mixed better than the lower.
    usize::try_from((hash >> 32) % count.max(1) as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn names_spread_and_stay() {
        let mut found = [0; 5];
        for number in 0..1000 {
            found[place(format!("Patient_{number}").as_bytes(), 5)] += 1;
        }
        assert!(found.iter().all(|count| (150..250).contains(count)), "{found:?}");
        // Changing this moves no patient that is there, but splits an import interrupted by an update.
        assert_eq!(place(b"Ann_Example_1", 5), place(b"Ann_Example_1", 5));
        assert_eq!(place(b"anything", 1), 0);
    }
}
