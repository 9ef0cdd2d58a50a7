//! The bytes of a file on their way out, while whoever asked may have them.

use db::{Ctx, Drawer, Event};
use kernel::DataClass;
use uuid::Uuid;

use super::error::Error;
use super::model::{is_within, object, place};
use super::ops::{ACTION, event, look};
use super::store;
use crate::app::App;
use crate::areas::documents::{Guard, Outgoing, Sealed};
use crate::http::Holder;

/// Whoever a file is sent to.
pub(super) struct Reader {
    app: App,
    ctx: Ctx,
    holder: Holder,
    export: Uuid,
}

/// A file, about to be sent: its length and its bytes.
pub(super) async fn file(
    app: &App,
    ctx: &Ctx,
    holder: Holder,
    (export, number): (Uuid, i32),
) -> Result<(u64, Outgoing<Reader>), Error> {
    let (row, files) = look(app, ctx, export).await?;
    if row.state != "complete" {
        return Err(Error::NotYet);
    }
    let file = files.into_iter().find(|file| file.number == number).ok_or(Error::NotFound)?;
    let sealed = row.key.as_deref().ok_or(Error::NotFound)?;
    let key = app.store.db().vault(ctx).await?.open_key(Drawer::ExportKey, export, sealed)?;
    let length = u64::try_from(file.bytes).unwrap_or_default();
    let chunks = key.open_chunks(&place(ctx.organization(), file.object), length, &file.header)?;
    if file.noticed {
        ctx.shown().note(DataClass::SubstanceUse);
    }
    // Durable before the first byte leaves.
    app.store.db().record(ctx, event(export, &format!("file {number} sent"))).await?;
    let reader = Reader { app: app.clone(), ctx: ctx.clone(), holder, export };
    let sealed = Sealed { object: object(file.object), chunks };
    let place = (&app.cabinet.objects, &app.world);
    Ok((length, Outgoing::begin(place, sealed, 0..length, reader).await?))
}

impl Guard for Reader {
    /// Asks whether they still may: the session, the post, its permission, what it sees, and whether the export is there.
    async fn again(&mut self) -> Result<(), &'static str> {
        const ENDED: &str = "authority ended";
        let now = self.holder.ctx().await.map_err(|_| ENDED)?;
        if (now.organization(), now.membership()) != (self.ctx.organization(), self.ctx.membership()) {
            return Err(ENDED);
        }
        let found = async {
            let tx = self.app.store.db().begin(&now).await?;
            let found = store::find_own(&tx, self.export).await?;
            tx.commit().await?;
            Ok::<_, db::Error>(found)
        };
        let row = found.await.map_err(|_| "whether they still may cannot be asked")?;
        let kept = row.filter(|row| row.state == "complete" && row.expires_at > self.app.world.now());
        match kept {
            Some(row) if is_within(&now, &row) => Ok(()),
            _ => Err(ENDED),
        }
    }

    async fn ended(&mut self, reason: &'static str) {
        tracing::info!(target: "exports", export = %self.export, reason, "a download was broken off");
        let detail = Some(format!("export {} broken off", self.export));
        let event = Event { detail, ..Event::denied(ACTION.key(), reason) };
        if self.app.store.db().record(&self.ctx, event).await.is_err() {
            tracing::warn!("the end of a download could not be logged");
        }
    }
}
