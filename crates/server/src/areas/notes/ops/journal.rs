//! The key of a post's journal: derived from a key of the organization, so that it ends with it, and stored nowhere.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Ctx, Event};

use crate::app::App;
use crate::areas::notes::error::Error;

/// A name for the key, and the key.
pub(in super::super) async fn journal_key(app: &App, ctx: &Ctx) -> Result<(String, String), Error> {
    let db = app.store.db();
    let vault = db.vault(ctx).await?;
    let post = ctx.membership().0.to_be_bytes();
    let name = vault.index("journal-name", &post)[..8].iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let key = URL_SAFE_NO_PAD.encode(vault.index("journal-key", &post));
    db.record(ctx, Event::success("notes.journal-key", "own post")).await?;
    Ok((name, key))
}
