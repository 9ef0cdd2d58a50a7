//! What of a document goes out, and who may have it as long as it does.

use std::ops::Range;

use db::{Ctx, Event};
use policy::{Action, Target};
use uuid::Uuid;

use super::links::is_seen;
use super::outgoing::Guard;
use crate::app::App;
use crate::http::Holder;

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

/// Whoever a document is sent to.
pub(super) struct Reader {
    pub(super) app: App,
    pub(super) ctx: Ctx,
    pub(super) holder: Holder,
    pub(super) document: Uuid,
}

impl Guard for Reader {
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
        match is_seen(&self.app, &now, self.document).await {
            Ok(true) => Ok(()),
            _ => Err(ENDED),
        }
    }

    async fn ended(&mut self, reason: &'static str) {
        tracing::info!(target: "documents", document = %self.document, reason, "a download was broken off");
        let detail = Some(format!("document {} broken off", self.document));
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
