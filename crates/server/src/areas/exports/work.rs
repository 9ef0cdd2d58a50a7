//! The work on one export: type by type, page by page, each page as whoever asked may see it at that moment.

use chart::ExportScope;
use db::keys::DataKey;
use db::{Ctx, Drawer};
use fhir::ResourceType;
use jiff::SignedDuration;
use kernel::{DataClass, FacilityId, OrganizationId, PatientId};
use uuid::Uuid;

use super::error::Error;
use super::model::{FILE, KEPT, LEASE, TRIES, deletions, is_within, object, place, types};
use super::ops::{end, event, program};
use super::store::{self, File, Row};
use crate::app::App;

/// How many ids are looked up together: 16 bytes each.
const LISTED: i64 = 20_000;

/// Why the work stopped.
enum Stop {
    /// The post may not have it any more.
    Authority,
    /// Somebody gave it up, or another works on it.
    NotMine,
    /// Something failed: it is tried again when the lease ends.
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        match error.into() {
            Error::Db(db::Error::Denied(_) | db::Error::NotEntitled(_))
            | Error::Chart(chart::Error::Db(db::Error::Denied(_) | db::Error::NotEntitled(_))) => {
                Self::Authority
            }
            error => Self::Error(error),
        }
    }
}

/// Works on a claimed export to its end.
pub(super) async fn work(app: &App, (organization, export): (OrganizationId, Uuid), claim: Uuid) {
    let mut work = Work {
        app,
        program: program(app, organization),
        export,
        claim,
        number: 0,
        at: None,
        done: 0,
        records: 0,
        buffer: Vec::new(),
        open: Open::default(),
    };
    let stopped = match work.all().await {
        Ok(()) => return,
        Err(stopped) => stopped,
    };
    // What is in clear goes before anything is waited for.
    work.buffer = Vec::new();
    let ended = match stopped {
        Stop::NotMine => return,
        Stop::Error(error) => {
            tracing::warn!(target: "exports", %export, %error, "an export waits to be gone on with");
            return;
        }
        Stop::Authority => work.lost("authority").await,
    };
    if let Err(error) = ended {
        // Whoever looks after all of them ends it.
        tracing::warn!(target: "exports", %export, %error, "an export that lost its authority is not ended yet");
    }
}

/// What is in the buffer.
#[derive(Default)]
struct Open {
    records: i32,
    last: Uuid,
    noticed: bool,
}

struct Work<'a> {
    app: &'a App,
    program: Ctx,
    export: Uuid,
    claim: Uuid,
    /// The last file that was written.
    number: i32,
    /// Where that one ended, if the work is gone on with.
    at: Option<(bool, i16, Uuid, bool)>,
    done: i32,
    records: i64,
    buffer: Vec<u8>,
    open: Open,
}

impl Work<'_> {
    async fn all(&mut self) -> Result<(), Stop> {
        let (ctx, row) = self.authority().await?;
        if row.attempts > TRIES {
            return Ok(self.lost("failed").await?);
        }
        let key = self.begin(&row).await?;
        let types = types(&ctx, &row);
        for deleted in [false, true] {
            if deleted && row.since.is_none() {
                break;
            }
            for rtype in &types {
                self.of_type(&key, *rtype, deleted).await?;
                self.done += 1;
            }
        }
        let now = self.app.world.now();
        let progress = (self.done, self.records);
        let told =
            event(self.export, &format!("complete: {} records in {} files", self.records, self.number));
        let ctx = Ctx::powerless(ctx.organization(), ctx.membership(), ctx.request().clone());
        let tx = self.app.store.db().begin(&self.program).await?;
        match store::complete(&tx, (self.export, self.claim), progress, (now, now + KEPT)).await? {
            true => self.app.store.db().record(&ctx, told).await?,
            false => return Err(Stop::NotMine),
        };
        Ok(tx.commit().await?)
    }

    /// Opens the key, and finds where another left off.
    async fn begin(&mut self, row: &Row) -> Result<DataKey, Stop> {
        let db = self.app.store.db();
        let tx = db.begin(&self.program).await?;
        let files = store::list_files(&tx, self.export).await?;
        tx.commit().await?;
        self.records = files.iter().map(|file| i64::from(file.records)).sum();
        if let Some(last) = files.last() {
            self.number = last.number;
            self.at = Some((last.deleted, last.rtype, last.last, last.ends_type));
        }
        let sealed = row.key.as_deref().ok_or(Stop::NotMine)?;
        Ok(db.vault(&self.program).await?.open_key(Drawer::ExportKey, self.export, sealed)?)
    }

    /// Asks for the authority, anew each time.
    async fn authority(&self) -> Result<(Ctx, Row), Stop> {
        let db = self.app.store.db();
        let ctx = db.export_ctx(self.program.organization(), self.export).await?.ok_or(Stop::Authority)?;
        let tx = db.begin(&ctx).await?;
        let row = store::find_own(&tx, self.export).await?;
        tx.commit().await?;
        let row = row.filter(|row| row.state == "running" && row.claim == Some(self.claim));
        let row = row.ok_or(Stop::NotMine)?;
        if is_within(&ctx, &row) { Ok((ctx, row)) } else { Err(Stop::Authority) }
    }

    async fn of_type(&mut self, key: &DataKey, rtype: ResourceType, deleted: bool) -> Result<(), Stop> {
        let place = (deleted, rtype.code());
        let mut after = match self.at {
            Some((deleted, code, _, _)) if (deleted, code) > place => return Ok(()),
            Some((deleted, code, _, true)) if (deleted, code) == place => return Ok(()),
            Some((deleted, code, last, false)) if (deleted, code) == place => Some(last),
            _ => None,
        };
        loop {
            let (ctx, row) = self.authority().await?;
            let scope = Scope::of(&row);
            let of_type = (rtype, deleted);
            let listed = self.app.store.list_exported(&ctx, of_type, &scope.chart(), after, LISTED).await?;
            for ids in listed.chunks(self.app.exports.page) {
                let began = self.app.world.now();
                if self.buffer.len() >= FILE {
                    self.close(key, rtype, deleted, false).await?;
                }
                self.page(rtype, deleted, ids).await?;
                self.renew().await?;
                // As long as it worked, so long others have the machine to themselves.
                let took = self.app.world.now().duration_since(began);
                let pause = took.clamp(SignedDuration::ZERO, SignedDuration::from_secs(1));
                tokio::time::sleep(pause.unsigned_abs()).await;
            }
            after = listed.last().copied().or(after);
            if i64::try_from(listed.len()).is_ok_and(|count| count < LISTED) {
                break;
            }
        }
        if self.buffer.is_empty() { Ok(()) } else { self.close(key, rtype, deleted, true).await }
    }

    async fn page(&mut self, rtype: ResourceType, deleted: bool, ids: &[Uuid]) -> Result<(), Stop> {
        let (ctx, row) = self.authority().await?;
        let (scope, note) = (Scope::of(&row), format!("; export {}", self.export));
        let store = &self.app.store;
        let taken = if deleted {
            let gone = store.export_deleted(&ctx, rtype, &scope.chart(), ids, &note).await?;
            if !gone.is_empty() {
                deletions(rtype, &gone, &mut self.buffer);
            }
            gone.len()
        } else {
            let documents = store.export_listed(&ctx, rtype, &scope.chart(), ids, &note).await?;
            documents.iter().for_each(|document| document.write_line(&mut self.buffer));
            documents.len()
        };
        self.open.records += i32::try_from(taken).unwrap_or(i32::MAX);
        self.open.noticed |= ctx.shown().notice().is_some();
        self.open.last = ids.last().copied().unwrap_or_default();
        self.records += i64::try_from(taken).unwrap_or_default();
        Ok(())
    }

    /// Seals what is in the buffer as the next file.
    async fn close(
        &mut self,
        key: &DataKey,
        rtype: ResourceType,
        deleted: bool,
        ends_type: bool,
    ) -> Result<(), Stop> {
        let (clear, open) = (std::mem::take(&mut self.buffer), std::mem::take(&mut self.open));
        let (app, name) = (self.app, Uuid::from_bytes(self.app.world.random()));
        let length = clear.len() as u64;
        let (chunks, header) = key.seal_chunks(&place(self.program.organization(), name), length, &app.world);
        let mut writer = app.cabinet.objects.writer(&object(name)).await?;
        let size = usize::try_from(db::keys::CHUNK).unwrap_or(usize::MAX);
        for (number, part) in (0..).zip(clear.chunks(size)) {
            writer.write(chunks.seal(number, part.to_vec())?.into()).await?;
            tokio::task::yield_now().await;
        }
        writer.finish().await?;
        drop(clear);
        self.number += 1;
        let file = File {
            number: self.number,
            rtype: rtype.code(),
            deleted,
            ends_type,
            last: open.last,
            records: open.records,
            bytes: i64::try_from(length).unwrap_or(i64::MAX),
            noticed: open.noticed,
            object: name,
            header,
        };
        let tx = app.store.db().begin(&self.program).await?;
        if store::insert_file(&tx, (self.export, self.claim), &file).await? {
            return Ok(());
        }
        app.cabinet.objects.delete(&object(name)).await?;
        Err(Stop::NotMine)
    }

    async fn renew(&self) -> Result<(), Stop> {
        let until = self.app.world.now() + SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::ZERO);
        let tx = self.app.store.db().begin(&self.program).await?;
        let mine = store::renew(&tx, (self.export, self.claim), (self.done, self.records), until).await?;
        if mine { Ok(()) } else { Err(Stop::NotMine) }
    }

    async fn lost(&self, reason: &'static str) -> Result<(), Error> {
        let tx = self.app.store.db().begin(&self.program).await?;
        let membership = store::find_membership(&tx, self.export).await?;
        tx.commit().await?;
        end(self.app, (self.program.organization(), membership), self.export, reason).await
    }
}

/// What an export takes, as the chart is asked for it.
struct Scope {
    facilities: Vec<FacilityId>,
    classes: Vec<DataClass>,
    patients_only: bool,
    patients: Option<Vec<PatientId>>,
    related: Option<Vec<PatientId>>,
    since: Option<jiff::Timestamp>,
}

impl Scope {
    fn of(row: &Row) -> Self {
        let patients = |ids: &Option<Vec<Uuid>>| {
            ids.as_ref().map(|ids| ids.iter().copied().map(PatientId).collect::<Vec<_>>())
        };
        Self {
            facilities: row.facilities.iter().copied().map(FacilityId).collect(),
            classes: row.classes.iter().filter_map(|code| DataClass::from_code(*code)).collect(),
            patients_only: row.patients_only,
            patients: patients(&row.patients),
            related: patients(&row.related),
            since: row.since,
        }
    }

    fn chart(&self) -> ExportScope<'_> {
        ExportScope {
            facilities: &self.facilities,
            classes: &self.classes,
            patients_only: self.patients_only,
            patients: self.patients.as_deref(),
            related: self.related.as_deref(),
            since: self.since,
        }
    }
}
