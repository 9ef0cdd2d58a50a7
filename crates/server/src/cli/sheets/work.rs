//! Several tasks write, each its batch: in one transaction, then read again and compared.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::sheets::{Fault, Made, Reading, Wrong};
use chart::{ImportOptions, Imported, Store};
use eyre::{WrapErr as _, eyre};
use fhir::ResourceType;
use kernel::{FacilityId, ResourceId};
use policy::Action;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::read::{self, Item};
use super::report::{Outcome, Reporter};
use crate::cli::session::Session;
use crate::cli::unit::{self, Failure};

/// What the tasks share.
pub(super) struct Import {
    pub(super) store: Store,
    pub(super) session: Session,
    pub(super) reach: Vec<FacilityId>,
    pub(super) facility: FacilityId,
    pub(super) reading: Reading,
    pub(super) dry_run: bool,
    pub(super) reporter: Reporter,
}

type Batches = Arc<Mutex<mpsc::Receiver<Vec<Item>>>>;

pub(super) async fn run(import: &Arc<Import>, file: PathBuf, jobs: usize) -> eyre::Result<()> {
    // Room for one: memory holds what is written, one batch that waits and one being read.
    let (sender, batches) = mpsc::channel(1);
    let reader = Arc::clone(import);
    let reading = tokio::task::spawn_blocking(move || read::read(&file, &reader.reading, &sender));
    let batches: Batches = Arc::new(Mutex::new(batches));
    let mut workers = JoinSet::new();
    for _ in 0..jobs {
        workers.spawn(work(Arc::clone(import), Arc::clone(&batches)));
    }
    drop(batches);
    let mut ended = Ok(());
    while let Some(worker) = workers.join_next().await {
        let worker = worker.wrap_err("a worker ended badly").flatten();
        if worker.is_err() {
            workers.abort_all();
            ended = ended.and(worker);
        }
    }
    let read = reading.await.wrap_err("the reader ended badly")?;
    // A reader that nobody listened to any more is not the cause.
    ended.and(read)
}

async fn work(import: Arc<Import>, batches: Batches) -> eyre::Result<()> {
    loop {
        let batch = batches.lock().await.recv().await;
        let Some(batch) = batch else { return Ok(()) };
        import.write(batch).await?;
    }
}

impl Import {
    async fn write(&self, batch: Vec<Item>) -> eyre::Result<()> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.len());
        let mut made: Vec<(u32, Made)> = Vec::with_capacity(batch.len());
        for item in batch {
            match item.made {
                Ok(one) => made.push((item.row, one)),
                Err(faults) => outcomes.push(Outcome::refused(item.row, faults)),
            }
        }
        let options = ImportOptions {
            facility: self.facility,
            source: self.reading.source.clone(),
            dry_run: self.dry_run,
            action: Action::Import,
        };
        let lines: Vec<&[u8]> = made.iter().map(|(_, made)| &*made.document).collect();
        let imported = unit::import(async || {
            let ctx = self.session.context(&self.reach);
            self.store.import_lines(&ctx, &lines, &options).await
        });
        let report = match imported.await {
            Ok(report) => report,
            Err(Failure::Stop(error)) => return Err(error),
            // Of a run of lines each is refused alone: what refuses all of them is nobody's fault among them.
            Err(Failure::Refused(error)) => {
                let words: Vec<String> =
                    error.issues().iter().map(|issue| issue.message.to_string()).collect();
                return Err(eyre!("a batch of rows was refused: {}", words.join("; ")));
            }
        };
        let mut written: Vec<(ResourceId, usize)> = Vec::new();
        for record in &report.records {
            let Some((row, _)) = made.get(record.index) else { continue };
            let outcome = match &record.outcome {
                Imported::Created => Outcome::of(*row, "created", record.id),
                Imported::Updated => Outcome::of(*row, "updated", record.id),
                Imported::Unchanged | Imported::Kept => Outcome::of(*row, "unchanged", record.id),
                Imported::Refused(issues) => {
                    let lost = issues.iter().any(|issue| issue.code == "not-found");
                    let wrong = if lost { Wrong::NoPatient } else { Wrong::Refused };
                    outcomes.push(Outcome::refused(*row, vec![Fault::of_row(wrong)]));
                    continue;
                }
            };
            outcomes.push(outcome);
            written.extend(record.id.map(|id| (id, record.index)));
        }
        if !self.dry_run {
            self.compare(&options, &made, &written, &mut outcomes).await?;
        }
        self.reporter.batch(outcomes)
    }

    /// Reads again what was written, and compares cell by cell.
    async fn compare(
        &self,
        options: &ImportOptions,
        made: &[(u32, Made)],
        written: &[(ResourceId, usize)],
        outcomes: &mut [Outcome],
    ) -> eyre::Result<()> {
        let rtype = ResourceType::parse(self.reading.kind.resource()).ok_or_else(|| eyre!("no such type"))?;
        let ctx = self.session.context(&self.reach);
        let ids: Vec<ResourceId> = written.iter().map(|(id, _)| *id).collect();
        let documents = self.store.read_back(&ctx, Action::Import, rtype, &ids).await?;
        let found: HashMap<ResourceId, Value> = documents
            .iter()
            .filter_map(|document| Some((document.id, serde_json::from_slice(&document.body).ok()?)))
            .collect();
        let names: Vec<String> =
            made.iter().map(|(_, made)| sheets::patient_named(&made.cells).unwrap_or_default()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let patients = self.store.imported_ids(&ctx, options, ResourceType::Patient, &names).await?;
        let by_row: HashMap<u32, usize> =
            outcomes.iter().enumerate().map(|(at, outcome)| (outcome.row, at)).collect();
        for (id, index) in written {
            let (row, made) = &made[*index];
            let record = found.get(id);
            for cell in &made.cells {
                let same = record.is_some_and(|record| match cell.field {
                    sheets::Field::Patient => sheets::is_of(record, &format!("Patient/{}", patients[*index])),
                    _ => sheets::says(record, cell),
                });
                if let Some(outcome) = by_row.get(row).and_then(|at| outcomes.get_mut(*at)) {
                    outcome.cell(cell.field, same);
                }
            }
        }
        Ok(())
    }
}
