//! The work on one import: batch by batch, each as whoever began it may at that moment. A batch is planned, written down,
//! done and settled, so that whoever goes on after a stop knows what happened.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::ops::ControlFlow;
use std::time::Duration;

use chart::{Alike, ImportOptions, Imported, Withdrawn};
use db::{ClaimedImport, Ctx};
use fhir::ResourceType;
use jiff::{SignedDuration, Timestamp};
use kernel::ResourceId;
use policy::{Action, Decision, Target};
use serde_json::Value;
use sheets::{Fault, Field, Kind, Limits, Made, Reading, Wrong};
use tokio::sync::mpsc;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::Error;
use super::model::{Comparison, LEASE, Mapped, State, UNDOABLE, stored};
use super::ops;
use super::store::{self, Import, Line};
use crate::app::App;

/// How often it is looked for what waits, when nobody of this process says so.
const IDLE: Duration = Duration::from_secs(2);
const ACTION: Action = Action::ImportSheet;

/// Works for as long as the program runs.
pub(crate) async fn always(app: App) {
    loop {
        let claim = app.world.uuid();
        match app.store.db().claim_import(claim, LEASE).await {
            Ok(Some(claimed)) => work(&app, claimed, claim).await,
            Ok(None) => {
                tokio::select! {
                    () = app.imports.asked.notified() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
            Err(error) => {
                tracing::warn!(target: "imports", %error, "imports cannot be claimed");
                tokio::time::sleep(IDLE * 5).await;
            }
        }
    }
}

/// Why the work stopped.
enum Stop {
    /// Its authority ended, or another works on it: what becomes of it is found when the lease ends.
    NotMine,
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

async fn work(app: &App, claimed: ClaimedImport, claim: Uuid) {
    let mut work = Work { app, claimed, claim };
    let import = claimed.import;
    let Err(Stop::Error(error)) = work.all().await else { return };
    tracing::warn!(target: "imports", %import, %error, "an import stopped");
    // What the chart refuses it refuses again; anything else is tried again when the lease ends.
    if matches!(error, Error::Chart(chart::Error::Request(..)) | Error::Unreadable(_) | Error::Reading(_))
        && let Err(Stop::Error(error)) = work.finish(State::Failed, Some("failed"), None).await
    {
        tracing::warn!(target: "imports", %import, %error, "an import that failed is not ended yet");
    }
}

struct Work<'a> {
    app: &'a App,
    claimed: ClaimedImport,
    claim: Uuid,
}

/// A row on its way.
struct Item {
    row: i32,
    made: Result<Made, Vec<Fault>>,
}

impl Work<'_> {
    /// Asks for the authority, anew each time, and whether the import is still this worker's.
    async fn authority(&self) -> Result<(Ctx, Import), Stop> {
        let db = self.app.store.db();
        let ctx =
            db.import_ctx(self.claimed.organization, self.claimed.import).await?.ok_or(Stop::NotMine)?;
        let allowed = policy::decide(ctx.grants(), ctx.request().purpose, ACTION, Target::default());
        let within = allowed == Decision::Allow
            && ctx.fields().is_none()
            && !ctx.grants().by_relationship
            && ctx.facilities().contains(&self.claimed.facility);
        if !within {
            return Err(Stop::NotMine);
        }
        let tx = db.begin(&ctx).await?;
        let import = store::find(&tx, self.claimed.import).await?;
        tx.commit().await?;
        let import = import.filter(|import| import.claim == Some(self.claim)).ok_or(Stop::NotMine)?;
        Ok((ctx, import))
    }

    async fn all(&mut self) -> Result<(), Stop> {
        let (_, import) = self.authority().await?;
        match State::of(&import.state) {
            Some(State::Undoing) => self.undo(&import).await,
            Some(State::Checking) => {
                self.rows(&import, false).await?;
                self.finish(State::Checked, None, None).await
            }
            Some(State::Running) => {
                self.rows(&import, true).await?;
                self.finish(State::Done, None, Some(self.app.world.now() + UNDOABLE)).await
            }
            _ => Err(Stop::NotMine),
        }
    }

    async fn finish(
        &mut self,
        state: State,
        reason: Option<&str>,
        kept_until: Option<Timestamp>,
    ) -> Result<(), Stop> {
        let (ctx, import) = self.authority().await?;
        let db = self.app.store.db();
        let action = if import.state == State::Undoing.key() { Action::UndoSheet } else { ACTION };
        let mut told = ops::event(action, import.import, state.key());
        told.facility = import.facility;
        let tx = db.begin(&ctx).await?;
        let place = (self.claimed.import, self.claim);
        if !store::finish(&tx, place, (state, reason), self.app.world.now(), kept_until).await? {
            return Err(Stop::NotMine);
        }
        db.record(&ctx, told).await?;
        Ok(tx.commit().await?)
    }

    fn lease(&self) -> Timestamp {
        self.app.world.now() + SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::ZERO)
    }

    /// Reads the file and goes over its rows, from where somebody left off.
    async fn rows(&self, import: &Import, writes: bool) -> Result<(), Stop> {
        let (ctx, _) = self.authority().await?;
        let kind = Kind::of(&import.kind).ok_or(Stop::NotMine)?;
        let (Some(fields), Some(dates), Some(source)) = (&import.fields, &import.dates, &import.source)
        else {
            return Err(Stop::NotMine);
        };
        let zone = ops::zone(import);
        let today = import.created_at.to_zoned(zone.clone()).date();
        let reading = Mapped::of(fields, dates, source).reading(kind, today, zone);
        let sheet = ops::sheet(self.app, &ctx, import.import).await?;
        let (sender, mut batches) = mpsc::channel(1);
        let (batch, reached) = (self.app.imports.batch, import.reached);
        let reader = {
            let reading = reading.clone();
            tokio::task::spawn_blocking(move || read(&sheet, &reading, reached, batch, &sender))
        };
        let mut compared: Comparison = serde_json::from_value(import.compared.clone()).unwrap_or_default();
        while let Some(items) = batches.recv().await {
            self.batch(&reading, items, writes, &mut compared).await?;
        }
        Ok(reader.await.map_err(|_| Error::Lost)??)
    }

    fn options(&self, reading: &Reading, dry_run: bool) -> ImportOptions {
        ImportOptions {
            facility: self.claimed.facility,
            source: reading.source.clone(),
            dry_run,
            action: ACTION,
        }
    }

    async fn batch(
        &self,
        reading: &Reading,
        items: Vec<Item>,
        writes: bool,
        compared: &mut Comparison,
    ) -> Result<(), Stop> {
        let (ctx, import) = self.authority().await?;
        let reached = items.last().map_or(0, |item| item.row);
        let mut lines: Vec<Line> = Vec::with_capacity(items.len());
        let mut made: Vec<(i32, Made)> = Vec::with_capacity(items.len());
        for item in items {
            match item.made {
                Ok(one) => made.push((item.row, one)),
                Err(faults) => lines.push(faulty(item.row, faults.iter())),
            }
        }
        lines.extend(self.planned(&ctx, reading, &made, writes).await?);
        lines.sort_by_key(|line| line.number);
        let place = (import.import, import.facility);
        let db = self.app.store.db();
        let tx = db.begin(&ctx).await?;
        for line in &lines {
            store::plan(&tx, place, line, writes).await?;
        }
        if !writes {
            self.reach(&tx, reached, None).await?;
            return Ok(tx.commit().await?);
        }
        tx.commit().await?;
        let faulty: HashSet<i32> =
            lines.iter().filter(|line| !line.faults.is_empty()).map(|line| line.number).collect();
        made.retain(|(row, _)| !faulty.contains(row));
        let settled = self.write(&ctx, reading, &made, compared).await?;
        let tx = db.begin(&ctx).await?;
        for one in &settled {
            match one {
                Settled::Refused(row, fault) => {
                    store::refuse(&tx, import.import, *row, &stored(fault)).await?
                }
                Settled::Written { row, version, differs } => {
                    store::settle(&tx, import.import, *row, *version, differs).await?;
                }
            }
        }
        self.reach(&tx, reached, Some(compared)).await?;
        Ok(tx.commit().await?)
    }

    async fn reach(&self, tx: &db::Tx<'_>, row: i32, compared: Option<&Comparison>) -> Result<(), Stop> {
        let place = (self.claimed.import, self.claim);
        if store::reach(tx, place, row, compared, self.lease()).await? { Ok(()) } else { Err(Stop::NotMine) }
    }

    /// What is to become of rows, and who may be the same.
    async fn planned(
        &self,
        ctx: &Ctx,
        reading: &Reading,
        made: &[(i32, Made)],
        writes: bool,
    ) -> Result<Vec<Line>, Stop> {
        let store = &self.app.store;
        let documents: Vec<&[u8]> = made.iter().map(|(_, made)| &*made.document).collect();
        let report = store.import_lines(ctx, &documents, &self.options(reading, true)).await?;
        let rtype = rtype(reading.kind)?;
        let ids: Vec<ResourceId> = report.records.iter().filter_map(|record| record.id).collect();
        let stands: HashMap<ResourceId, i32> = store
            .read_back(ctx, ACTION, rtype, &ids)
            .await?
            .into_iter()
            .map(|document| (document.id, document.version.0))
            .collect();
        let mut lines = Vec::with_capacity(made.len());
        let mut newcomers: Vec<(usize, usize)> = Vec::new();
        for record in &report.records {
            let Some((row, one)) = made.get(record.index) else { continue };
            let before = record.id.and_then(|id| stands.get(&id).copied());
            let outcome = match &record.outcome {
                Imported::Refused(issues) => {
                    lines.push(faulty(*row, std::iter::once(&refused(issues))));
                    continue;
                }
                Imported::Unchanged | Imported::Kept => "same",
                // What was deleted comes back as new.
                Imported::Created | Imported::Updated if before.is_none() => "created",
                Imported::Created | Imported::Updated => "changed",
            };
            if outcome == "created" && one.person.is_some() {
                newcomers.push((lines.len(), record.index));
            }
            lines.push(Line {
                number: *row,
                outcome: outcome.to_owned(),
                resource: record.id.map(|id| id.0),
                before,
                ..Line::default()
            });
        }
        if !writes && !newcomers.is_empty() {
            self.look_for(ctx, made, &newcomers, &mut lines).await?;
        }
        Ok(lines)
    }

    /// Says of new patients who may be the same.
    async fn look_for(
        &self,
        ctx: &Ctx,
        made: &[(i32, Made)],
        newcomers: &[(usize, usize)],
        lines: &mut [Line],
    ) -> Result<(), Stop> {
        let persons: Vec<(&str, &str, Option<String>)> = newcomers
            .iter()
            .filter_map(|(_, index)| made[*index].1.person.as_ref())
            .map(|one| (&*one.family, &*one.given, one.born.map(|born| born.to_string())))
            .collect();
        let asked: Vec<Alike<'_>> = persons
            .iter()
            .map(|(family, given, born)| Alike { family, given, born: born.as_deref() })
            .collect();
        let facilities = [self.claimed.facility];
        let found = self.app.store.alike(ctx, ACTION, &facilities, &asked).await?;
        for ((line, _), alike) in newcomers.iter().zip(found) {
            let own = lines[*line].resource;
            lines[*line].alike =
                alike.into_iter().map(|id| id.0).filter(|id| Some(*id) != own).take(10).collect();
        }
        Ok(())
    }

    /// Writes rows, reads them again and compares cell by cell.
    async fn write(
        &self,
        ctx: &Ctx,
        reading: &Reading,
        made: &[(i32, Made)],
        compared: &mut Comparison,
    ) -> Result<Vec<Settled>, Stop> {
        let store = &self.app.store;
        let options = self.options(reading, false);
        let documents: Vec<&[u8]> = made.iter().map(|(_, made)| &*made.document).collect();
        let report = store.import_lines(ctx, &documents, &options).await?;
        let mut settled = Vec::with_capacity(made.len());
        let mut written: Vec<(ResourceId, usize)> = Vec::with_capacity(made.len());
        for record in &report.records {
            match (&record.outcome, record.id) {
                (Imported::Refused(issues), _) => {
                    settled.push(Settled::Refused(made[record.index].0, refused(issues)));
                }
                (_, Some(id)) => written.push((id, record.index)),
                (_, None) => {}
            }
        }
        let ids: Vec<ResourceId> = written.iter().map(|(id, _)| *id).collect();
        let documents = store.read_back(ctx, ACTION, rtype(reading.kind)?, &ids).await?;
        let found: HashMap<ResourceId, _> = documents
            .iter()
            .filter_map(|one| Some((one.id, (one.version, serde_json::from_slice::<Value>(&one.body).ok()?))))
            .collect();
        let names: Vec<String> = written
            .iter()
            .map(|(_, index)| sheets::patient_named(&made[*index].1.cells).unwrap_or_default())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let patients = store.imported_ids(ctx, &options, ResourceType::Patient, &names).await?;
        for ((id, index), patient) in written.iter().zip(patients) {
            let (row, one) = &made[*index];
            let record = found.get(id);
            let mut differs = Vec::new();
            for cell in &one.cells {
                let same = record.is_some_and(|(_, record)| match cell.field {
                    Field::Patient => sheets::is_of(record, &format!("Patient/{patient}")),
                    _ => sheets::says(record, cell),
                });
                let counted = compared.entry(cell.field.key().to_owned()).or_default();
                counted.cells += 1;
                if !same {
                    counted.differences += 1;
                    differs.push(cell.field.key());
                }
            }
            settled.push(Settled::Written {
                row: *row,
                version: record.map(|(version, _)| *version),
                differs,
            });
        }
        Ok(settled)
    }

    /// Takes back what was written, record by record.
    async fn undo(&mut self, import: &Import) -> Result<(), Stop> {
        let rtype = rtype(Kind::of(&import.kind).ok_or(Stop::NotMine)?)?;
        let db = self.app.store.db();
        self.settle_all(rtype).await?;
        let mut after = 0;
        loop {
            let (ctx, _) = self.authority().await?;
            let tx = db.begin(&ctx).await?;
            let most = i64::try_from(self.app.imports.batch).unwrap_or(i64::MAX);
            let written = store::written(&tx, import.import, after, most).await?;
            tx.commit().await?;
            let Some((last, ..)) = written.last() else { break };
            after = *last;
            let mut lines = Vec::with_capacity(written.len());
            for (number, id, version, before) in written {
                let done =
                    self.app.store.withdraw(&ctx, Action::UndoSheet, (rtype, id, version), before).await?;
                lines.push((
                    number,
                    match done {
                        Withdrawn::Done => "done",
                        Withdrawn::Changed => "changed",
                        Withdrawn::Needed => "needed",
                        Withdrawn::Gone => "gone",
                    },
                ));
            }
            let tx = db.begin(&ctx).await?;
            if !store::undone(&tx, (import.import, self.claim), &lines, self.lease()).await? {
                return Err(Stop::NotMine);
            }
            tx.commit().await?;
        }
        // Nothing more can be done with the file.
        self.finish(State::Undone, None, Some(self.app.world.now())).await
    }

    /// Finds out what a run wrote that was stopped for good before it could say so.
    async fn settle_all(&self, rtype: ResourceType) -> Result<(), Stop> {
        let (ctx, import) = self.authority().await?;
        let db = self.app.store.db();
        let tx = db.begin(&ctx).await?;
        let open = store::unsettled(&tx, import.import).await?;
        tx.commit().await?;
        if open.is_empty() {
            return Ok(());
        }
        let ids: Vec<ResourceId> = open.iter().map(|(_, id)| *id).collect();
        let stands: HashMap<_, _> = self
            .app
            .store
            .read_back(&ctx, Action::UndoSheet, rtype, &ids)
            .await?
            .into_iter()
            .map(|document| (document.id, document.version))
            .collect();
        let tx = db.begin(&ctx).await?;
        for (number, id) in open {
            if let Some(version) = stands.get(&id) {
                store::settle(&tx, import.import, number, Some(*version), &[]).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}

/// What a row came to.
enum Settled {
    Refused(i32, Fault),
    Written { row: i32, version: Option<kernel::Version>, differs: Vec<&'static str> },
}

fn rtype(kind: Kind) -> Result<ResourceType, Stop> {
    ResourceType::parse(kind.resource()).ok_or(Stop::NotMine)
}

fn faulty<'f>(row: i32, faults: impl Iterator<Item = &'f Fault>) -> Line {
    Line { number: row, outcome: "fault".to_owned(), faults: faults.map(stored).collect(), ..Line::default() }
}

/// Why the chart refused a record: mostly its patient is not there.
fn refused(issues: &[fhir::validate::Issue]) -> Fault {
    let lost = issues.iter().any(|issue| issue.code == "not-found");
    Fault::of_row(if lost { Wrong::NoPatient } else { Wrong::Refused })
}

/// Reads the rows behind `reached` into batches. Rows before are read as well: a later one may be the same.
fn read(
    sheet: &Zeroizing<Vec<u8>>,
    reading: &Reading,
    reached: i32,
    size: usize,
    batches: &mpsc::Sender<Vec<Item>>,
) -> Result<(), Error> {
    let (mut headed, mut batch, mut seen) = (false, Vec::with_capacity(size), HashSet::new());
    sheets::read(Cursor::new(&***sheet), &Limits::UPLOAD, &mut |row| {
        if !std::mem::replace(&mut headed, true) {
            return ControlFlow::Continue(());
        }
        let mut made = reading.record(&row);
        if made.as_ref().is_ok_and(|made| !seen.insert(made.name.clone())) {
            made = Err(vec![Fault::of_row(Wrong::Twice)]);
        }
        let number = i32::try_from(row.number).unwrap_or(i32::MAX);
        if number <= reached {
            return ControlFlow::Continue(());
        }
        batch.push(Item { row: number, made });
        if batch.len() < size {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(size));
        match batches.blocking_send(full) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    if !batch.is_empty() {
        // Nobody may want them any more; whoever stopped says why.
        let _ = batches.blocking_send(batch);
    }
    Ok(())
}
