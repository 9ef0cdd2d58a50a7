//! The key of a post's encrypted journal in the browser.

use serde::Serialize;
use utoipa::ToSchema;

use super::told;
use crate::areas::notes::ops;
use crate::http::{Call, Doc, Failure, Reply};

/// A key that is always the same for the same post, and stored nowhere.
#[derive(Serialize, ToSchema)]
struct JournalKey {
    /// Names the key.
    id: String,
    /// 32 bytes in base64url.
    key: String,
}

pub(super) const KEY: Doc =
    Doc::new("The key of this post's own encrypted journal in the browser").gives::<JournalKey>(200);

pub(super) async fn key(call: Call) -> Result<Reply, Failure> {
    let (id, key) = match ops::journal_key(&call.app, &call.ctx).await {
        Ok(named) => named,
        Err(error) => return told(&call, Err(error)),
    };
    Ok(Reply::json(200, &JournalKey { id, key })?.with("cache-control", "no-store"))
}
