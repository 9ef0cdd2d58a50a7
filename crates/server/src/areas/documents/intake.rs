//! What was put into quarantine, read once: measured, checked, shown to the scanner and sealed, in steps of one chunk.
//! Nothing of it is believed before, and nothing is read twice, so that it cannot be another the second time.

use adapters::objects::{StoreError, Writer};
use adapters::scan::Verdict;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use db::Ctx;
use db::keys::{CHUNK, Chunks, DataKey};
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::check::{Check, Fault};
use super::error::Error;
use super::model::{Details, Sealed, object, place, quarantine};
use super::store::Found;
use crate::app::App;

/// What came out.
pub(super) enum Looked {
    /// It is what was said, and lies sealed; the header opens it.
    Clean { header: Vec<u8>, sha1: Vec<u8> },
    /// It is not taken.
    Refused(Fault),
}

/// Looks through what was put there and seals it.
pub(super) async fn look_through(
    app: &App,
    ctx: &Ctx,
    (document, found): (Uuid, &Found),
    details: &Details,
    key: &DataKey,
) -> Result<Looked, Error> {
    let objects = &app.cabinet.objects;
    let length = u64::try_from(found.bytes).unwrap_or_default();
    let lies = quarantine(found.quarantine);
    match objects.size(&lies).await {
        Ok(size) if size == length => {}
        Ok(_) => return Ok(Looked::Refused(Fault::Length)),
        Err(StoreError::NotFound) => return Ok(Looked::Refused(Fault::Missing)),
        Err(error) => return Err(error.into()),
    }
    let at = place(ctx.organization(), found.sealed_for, document, Sealed::Bytes);
    let (chunks, header) = key.seal_chunks(&at, length, &app.world);
    let mut run = Run {
        check: Check::new(details.format()?),
        scan: match &app.cabinet.scanner {
            Some(scanner) => Some(scanner.begin().await?),
            None => None,
        },
        sealed: objects.writer(&object(found.object)).await?,
        chunks,
        number: 0,
        buffer: Vec::with_capacity(chunk()),
        left: length,
        sha256: Context::new(&SHA256),
        sha1: Context::new(&SHA1_FOR_LEGACY_USE_ONLY),
    };
    match run.all(app, &lies).await? {
        Some(fault) => {
            run.sealed.abort().await;
            Ok(Looked::Refused(fault))
        }
        None => run.end(details, header).await,
    }
}

fn chunk() -> usize {
    usize::try_from(CHUNK).unwrap_or(usize::MAX)
}

struct Run {
    check: Check,
    scan: Option<adapters::scan::Scan>,
    sealed: Writer,
    chunks: Chunks,
    number: u64,
    buffer: Vec<u8>,
    left: u64,
    sha256: Context,
    sha1: Context,
}

impl Run {
    /// Reads it all; gives what is wrong with it, if anything is by then.
    async fn all(&mut self, app: &App, lies: &str) -> Result<Option<Fault>, Error> {
        let mut stream = app.cabinet.objects.read(lies, None).await?;
        while let Some(part) = stream.next().await {
            let part = part?;
            let Some(left) = self.left.checked_sub(part.len() as u64) else { return Ok(Some(Fault::Length)) };
            self.left = left;
            self.sha256.update(&part);
            self.sha1.update(&part);
            // However much comes at a time: a step is a chunk, and others get their turn between two.
            for step in part.chunks(chunk()) {
                if let Err(fault) = self.check.feed(step) {
                    return Ok(Some(fault));
                }
                if let Some(scan) = &mut self.scan {
                    scan.feed(step).await?;
                }
                self.take(step).await?;
                tokio::task::yield_now().await;
            }
        }
        Ok((self.left > 0).then_some(Fault::Length))
    }

    async fn take(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let wanted = (chunk() - self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            if self.buffer.len() == chunk() {
                self.seal().await?;
            }
        }
        Ok(())
    }

    async fn seal(&mut self) -> Result<(), Error> {
        let clear = std::mem::replace(&mut self.buffer, Vec::with_capacity(chunk()));
        let sealed = self.chunks.seal(self.number, clear)?;
        self.number += 1;
        Ok(self.sealed.write(sealed.into()).await?)
    }

    async fn end(mut self, details: &Details, header: Vec<u8>) -> Result<Looked, Error> {
        if self.number < self.chunks.count() {
            self.seal().await?;
        }
        let mut fault = (self.sha256.finish().as_ref() != details.sha256).then_some(Fault::Checksum);
        if fault.is_none() {
            fault = self.check.end().err();
        }
        if fault.is_none()
            && let Some(scan) = self.scan
            && scan.verdict().await? == Verdict::Infected
        {
            fault = Some(Fault::Infected);
        }
        if let Some(fault) = fault {
            self.sealed.abort().await;
            return Ok(Looked::Refused(fault));
        }
        self.sealed.finish().await?;
        Ok(Looked::Clean { header, sha1: self.sha1.finish().as_ref().to_vec() })
    }
}
