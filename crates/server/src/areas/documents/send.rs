//! The bytes of a document on their way out: opened chunk by chunk, while whoever asked may still have them.

use std::io;
use std::ops::Range;

use adapters::objects::StoreError;
use bytes::Bytes;
use db::keys::{CHUNK, Chunks};
use db::{Ctx, Event};
use futures_util::stream::{BoxStream, unfold};
use futures_util::{Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use policy::{Action, Target};

use super::error::Error;
use super::links::{Seen, is_seen};
use super::model::object;
use crate::app::App;
use crate::http::Holder;

/// How long authority is believed in while bytes go out.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// What `Range` asks for of a file of this length (RFC 9110, section 14.2): all of it, a part, or a part that is not there.
/// Several parts, and other units, are answered with all of it, as the clause allows.
pub(super) fn wanted(range: Option<&str>, length: u64) -> Result<Option<Range<u64>>, ()> {
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return Ok(None);
    };
    let number =
        |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return Ok(None),
    };
    if part.start < part.end { Ok(Some(part)) } else { Err(()) }
}

/// A part of a document that is being sent.
pub(super) struct Sending {
    app: App,
    ctx: Ctx,
    holder: Holder,
    seen: Seen,
    stored: BoxStream<'static, Result<Bytes, StoreError>>,
    /// Sealed bytes that came and make no whole chunk yet.
    buffer: Vec<u8>,
    /// The next chunk.
    number: u64,
    part: Range<u64>,
    asked_at: Timestamp,
}

impl Sending {
    /// Begins to read.
    pub(super) async fn begin(
        app: &App,
        ctx: &Ctx,
        holder: Holder,
        seen: Seen,
        part: Range<u64>,
    ) -> Result<Self, Error> {
        let (from, to) = (part.start / CHUNK, part.end.div_ceil(CHUNK));
        let range = seen.chunks.range(from, to);
        let stored = app.cabinet.objects.read(&object(seen.found.object), Some(range)).await?;
        Ok(Self {
            app: app.clone(),
            ctx: ctx.clone(),
            holder,
            seen,
            stored,
            buffer: Vec::new(),
            number: from,
            part,
            asked_at: app.world.now(),
        })
    }

    /// The bytes, until they all went out or must not any more.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        unfold(Some(self), |sending| async move {
            let mut sending = sending?;
            match sending.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(sending))),
                Ok(None) => None,
                Err(reason) => {
                    sending.ended(reason).await;
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
        if self.app.world.now().duration_since(self.asked_at).abs() >= AGAIN {
            self.again().await?;
        }
        let sealed = self.sealed().await?;
        let clear = self.seen.chunks.open(self.number, sealed).map_err(|_| "a chunk does not open")?;
        self.number += 1;
        let inside =
            |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(clear.len());
        let (from, to) = (inside(self.part.start), inside(self.part.end));
        Ok(Some(Bytes::from(clear).slice(from..to)))
    }

    /// The next sealed chunk, whole.
    async fn sealed(&mut self) -> Result<Vec<u8>, &'static str> {
        let range = self.seen.chunks.range(self.number, self.number + 1);
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

    /// Asks whether they still may: the session, the post, its permissions, the tie to the patient, what of the record it
    /// sees.
    async fn again(&mut self) -> Result<(), &'static str> {
        const ENDED: &str = "authority ended";
        let now = self.holder.ctx().await.map_err(|_| ENDED)?;
        let same = (now.organization(), now.membership()) == (self.ctx.organization(), self.ctx.membership());
        let allowed =
            policy::decide(now.grants(), now.request().purpose, Action::Download, Target::default());
        if !same || allowed != policy::Decision::Allow {
            return Err(ENDED);
        }
        match is_seen(&self.app, &now, self.seen.document).await {
            Ok(true) => {
                self.asked_at = self.app.world.now();
                Ok(())
            }
            _ => Err(ENDED),
        }
    }

    async fn ended(&mut self, reason: &'static str) {
        tracing::info!(target: "documents", document = %self.seen.document, reason, "a download was broken off");
        let detail = Some(format!("document {} broken off", self.seen.document));
        let event = Event { detail, ..Event::denied(Action::Download.key(), reason) };
        if self.app.store.db().record(&self.ctx, event).await.is_err() {
            tracing::warn!("the end of a download could not be logged");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn ranges_are_all_of_it_a_part_or_not_there() {
        for all in [
            None,
            Some("items=1-2"),
            Some("bytes=1-2,4-5"),
            Some("bytes=5-2"),
            Some("bytes=a-b"),
            Some("bytes=-"),
        ] {
            assert_eq!(wanted(all, 10), Ok(None), "{all:?}");
        }
        assert_eq!(wanted(Some("bytes=0-3"), 10), Ok(Some(0..4)));
        assert_eq!(wanted(Some("bytes=4-"), 10), Ok(Some(4..10)));
        assert_eq!(wanted(Some("bytes=-3"), 10), Ok(Some(7..10)));
        assert_eq!(wanted(Some("bytes=2-18446744073709551615"), 10), Ok(Some(2..10)));
        for none in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(wanted(Some(none), 10), Err(()), "{none}");
        }
    }
}
