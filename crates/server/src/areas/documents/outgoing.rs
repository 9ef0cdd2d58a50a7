//! Sealed bytes on their way out: opened chunk by chunk, while whoever asked may still have them.

use std::future::Future;
use std::io;
use std::ops::Range;

use adapters::objects::{Objects, StoreError};
use bytes::Bytes;
use db::keys::{CHUNK, Chunks};
use futures_util::stream::{BoxStream, unfold};
use futures_util::{Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use kernel::World;

/// How long authority is believed in while bytes go out.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// Who knows whether the bytes may still go out.
pub(crate) trait Guard: Send + 'static {
    /// Asks again.
    ///
    /// # Errors
    /// Why they may not, in words for the log.
    fn again(&mut self) -> impl Future<Output = Result<(), &'static str>> + Send;

    /// Says that they were broken off.
    fn ended(&mut self, reason: &'static str) -> impl Future<Output = ()> + Send;
}

/// Where sealed bytes lie, and what opens them.
pub(crate) struct Sealed {
    /// The name in the object store.
    pub(crate) object: String,
    pub(crate) chunks: Chunks,
}

/// A part of a file that is being sent.
pub(crate) struct Outgoing<G> {
    world: World,
    guard: G,
    chunks: Chunks,
    stored: BoxStream<'static, Result<Bytes, StoreError>>,
    /// Sealed bytes that came and make no whole chunk yet.
    buffer: Vec<u8>,
    /// The next chunk.
    number: u64,
    part: Range<u64>,
    asked_at: Timestamp,
}

impl<G: Guard> Outgoing<G> {
    /// Begins to read.
    ///
    /// # Errors
    /// When the object store cannot be used.
    pub(crate) async fn begin(
        (objects, world): (&Objects, &World),
        sealed: Sealed,
        part: Range<u64>,
        guard: G,
    ) -> Result<Self, StoreError> {
        let Sealed { object, chunks } = sealed;
        let (from, to) = (part.start / CHUNK, part.end.div_ceil(CHUNK));
        let stored = objects.read(&object, Some(chunks.range(from, to))).await?;
        let (world, asked_at) = (world.clone(), world.now());
        Ok(Self { world, guard, chunks, stored, buffer: Vec::new(), number: from, part, asked_at })
    }

    /// The bytes, until they all went out or must not any more.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        unfold(Some(self), |sending| async move {
            let mut sending = sending?;
            match sending.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(sending))),
                Ok(None) => None,
                Err(reason) => {
                    sending.guard.ended(reason).await;
                    Some((Err(io::Error::other(reason)), None))
                }
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, &'static str> {
        let start = self.number * CHUNK;
        if start >= self.part.end {
            return Ok(None);
        }
        if self.world.now().duration_since(self.asked_at).abs() >= AGAIN {
            self.guard.again().await?;
            self.asked_at = self.world.now();
        }
        let sealed = self.sealed().await?;
        let clear = self.chunks.open(self.number, sealed).map_err(|_| "a chunk does not open")?;
        self.number += 1;
        let inside =
            |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(clear.len());
        let (from, to) = (inside(self.part.start), inside(self.part.end));
        Ok(Some(Bytes::from(clear).slice(from..to)))
    }

    /// The next sealed chunk, whole.
    async fn sealed(&mut self) -> Result<Vec<u8>, &'static str> {
        let range = self.chunks.range(self.number, self.number + 1);
        let length = usize::try_from(range.end - range.start).unwrap_or(Chunks::sealed_chunk());
        while self.buffer.len() < length {
            match self.stored.next().await {
                Some(Ok(part)) => self.buffer.extend_from_slice(&part),
                _ => return Err("the stored bytes ended"),
            }
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }
}
