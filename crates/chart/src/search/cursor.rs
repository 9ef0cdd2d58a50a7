//! Where a page ends: opaque to clients, useless to anyone else, bound to its query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::keys::SearchKey;
use jiff::Timestamp;
use uuid::Uuid;

use crate::Error;
use crate::index::instant;

/// The place of the last row shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its instant in the order walked, or, for orders made in memory, how many were shown.
    pub(crate) at: i64,
    /// Its id.
    pub(crate) id: Uuid,
}

impl Cursor {
    /// Behind a row of this time and id.
    pub fn new(at: Timestamp, id: Uuid) -> Self {
        Self { at: at.as_microsecond(), id }
    }

    /// The time of the row.
    pub fn instant(self) -> Timestamp {
        instant(self.at)
    }

    /// The id of the row.
    pub fn id(self) -> Uuid {
        self.id
    }

    /// `at (8) | id (16) | tag (16)`, the tag over both and the query.
    pub fn write(self, key: &SearchKey, query: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(40);
        bytes.extend_from_slice(&self.at.to_be_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        let tag = key.digest(&[b"cursor", query, &bytes]);
        bytes.extend_from_slice(&tag[..16]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of the same query.
    ///
    /// # Errors
    /// 400 for one of another query, or none of ours.
    pub fn read(text: &str, key: &SearchKey, query: &[u8]) -> Result<Self, Error> {
        const REFUSED: Error = Error::Request(400, "_cursor: not a cursor of this query");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| REFUSED)?;
        let (place, tag) = bytes.split_at_checked(24).ok_or(REFUSED)?;
        if key.digest(&[b"cursor", query, place])[..16] != *tag {
            return Err(REFUSED);
        }
        let at = place[..8].try_into().map_err(|_| REFUSED)?;
        let id = place[8..].try_into().map_err(|_| REFUSED)?;
        Ok(Self { at: i64::from_be_bytes(at), id: Uuid::from_bytes(id) })
    }
}
