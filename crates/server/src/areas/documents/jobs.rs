//! Deletes what nobody wants: uploads that were never completed, halves of what a killed program wrote.

use std::time::Duration;

use db::{Ctx, Purpose, Request};
use jiff::SignedDuration;
use kernel::{OrganizationId, PatientId, RequestId};

use super::error::Error;
use super::model::{QUARANTINE, object, quarantine};
use super::store;
use crate::app::App;

/// How often it is looked for.
const OFTEN: Duration = Duration::from_mins(10);
/// Older than this nothing in quarantine is waited for.
const OLD: SignedDuration = SignedDuration::from_hours(3);

/// Sweeps for as long as the program runs.
pub(crate) async fn sweep_always(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(target: "documents", %error, "what is left of uploads cannot be swept");
        }
        tokio::time::sleep(OFTEN).await;
    }
}

/// Sweeps once; how many objects went.
pub(crate) async fn sweep(app: &App) -> Result<usize, db::Error> {
    match all(app).await {
        Ok(swept) => Ok(swept),
        Err(Error::Db(error)) => Err(error),
        Err(_) => Err(db::Error::Unavailable("the object store cannot be used now")),
    }
}

/// Deletes what the object store holds of these patients, who are being erased.
pub(crate) async fn forget(app: &App, ctx: &Ctx, patients: &[PatientId]) -> Result<(), crate::http::Failure> {
    let tx = app.store.db().begin(ctx).await?;
    let objects = store::list_objects(&tx, patients).await?;
    tx.commit().await?;
    for (put, sealed) in objects {
        app.cabinet.objects.delete(&quarantine(put)).await.map_err(Error::from)?;
        app.cabinet.objects.delete(&object(sealed)).await.map_err(Error::from)?;
    }
    Ok(())
}

async fn all(app: &App) -> Result<usize, Error> {
    let id = RequestId(app.world.uuid());
    let request = Request { id, address: None, purpose: Purpose::Operations };
    let ctx = Ctx::program(OrganizationId::PLATFORM, request);
    let (db, objects, now) = (app.store.db(), &app.cabinet.objects, app.world.now());
    let tx = db.begin(&ctx).await?;
    let stale = store::list_stale(&tx, now).await?;
    tx.commit().await?;
    let mut swept = 0;
    for one in &stale {
        objects.delete(&quarantine(one.quarantine)).await?;
        if !one.clean {
            objects.delete(&object(one.object)).await?;
        }
        let tx = db.begin(&ctx).await?;
        store::swept(&tx, one, now).await?;
        tx.commit().await?;
        swept += 1;
    }
    for name in objects.older(QUARANTINE, now - OLD).await? {
        objects.delete(&name).await?;
        swept += 1;
    }
    for folder in [QUARANTINE, "sealed"] {
        swept += objects.drop_halves(folder, now - OLD).await?;
    }
    Ok(swept)
}
