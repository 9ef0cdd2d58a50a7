//! Signs contexts, so that the database can tell ours from one that injected SQL made up.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jiff::Timestamp;
use kernel::MembershipId;

use crate::keys::RootKey;

/// How long a signed context is good for; longer than any transaction may last.
const LIFETIME_SECONDS: i64 = 300;

/// The key that the database's `sec.context_key` also holds.
#[derive(Clone)]
pub(crate) struct Signer {
    key: hmac::Key,
}

impl Signer {
    pub(crate) fn new(root: &RootKey) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, root.derive("context").as_ref()) }
    }

    /// `mac || expiry,membership,cell,...` as `sec.cells()` reads it.
    pub(crate) fn context(&self, membership: MembershipId, cells: &[i64], now: Timestamp) -> String {
        use std::fmt::Write as _;

        let mut payload = format!("{},{}", now.as_second() + LIFETIME_SECONDS, membership.0);
        for cell in cells {
            // Writing to a String cannot fail.
            let _ = write!(payload, ",{cell}");
        }
        let mac = hmac::sign(&self.key, payload.as_bytes());
        let mut signed = String::with_capacity(64 + payload.len());
        for byte in mac.as_ref() {
            let _ = write!(signed, "{byte:02x}");
        }
        signed.push_str(&payload);
        signed
    }
}

/// The two pads of RFC 2104 for `key`, as the migration stores them.
pub(crate) fn pads(key: &[u8; 32]) -> ([u8; 64], [u8; 64]) {
    let (mut inner, mut outer) = ([0x36; 64], [0x5c; 64]);
    for (index, byte) in key.iter().enumerate() {
        inner[index] ^= byte;
        outer[index] ^= byte;
    }
    (inner, outer)
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}
