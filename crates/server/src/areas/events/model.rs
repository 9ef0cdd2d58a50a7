//! Where a follower is, and what they are told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Drawer, Vault};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Events are kept a week; whoever comes back later than this starts anew.
const KEPT: SignedDuration = SignedDuration::from_hours(6 * 24);

/// The writing transaction and the number in it, after which to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// PostgreSQL's number of the writing transaction.
    pub(crate) xact: i64,
    /// The event's number.
    pub(crate) sequence: i64,
}

/// A place to go on from, as it is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// After this one.
    After(Position),
    /// It is too long ago.
    TooOld,
}

/// What one row is known by in the seal: places are nobody's row.
const ROW: Uuid = Uuid::from_u128(0x6c61_6d70_0000_8000_8000_6576_656e_7473);

/// The place as text for its holder, sealed: the numbers count what others write.
pub(super) fn seal(vault: &Vault, whose: &[u8], at: Position, now: Timestamp) -> String {
    let mut clear = Vec::with_capacity(40);
    for number in [at.xact, at.sequence, now.as_second()] {
        clear.extend_from_slice(&number.to_be_bytes());
    }
    clear.extend_from_slice(whose);
    URL_SAFE_NO_PAD.encode(vault.seal(Drawer::EventPlace, ROW, &clear))
}

/// Reads it back; `None` when it is another's or none of ours.
pub(super) fn open(vault: &Vault, whose: &[u8], text: &str, now: Timestamp) -> Option<Resume> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok().filter(|sealed| sealed.len() < 200)?;
    let clear = vault.open(Drawer::EventPlace, ROW, &sealed).ok()?;
    let number =
        |index: usize| Some(i64::from_be_bytes(clear.get(index * 8..index * 8 + 8)?.try_into().ok()?));
    let (xact, sequence, at) = (number(0)?, number(1)?, number(2)?);
    if clear.get(24..) != Some(whose) {
        return None;
    }
    let old = Timestamp::from_second(at).ok()? + KEPT < now;
    Some(if old { Resume::TooOld } else { Resume::After(Position { xact, sequence }) })
}

/// Something that changed.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RecordChanged)]
pub(super) struct Changed {
    /// `created`, `updated` or `deleted`.
    pub(super) what: &'static str,
    /// The FHIR type.
    #[serde(rename = "type")]
    pub(super) rtype: &'static str,
    pub(super) id: Uuid,
    /// Whose record it is of; null for what is of no patient.
    #[schema(required)]
    pub(super) patient: Option<Uuid>,
}
