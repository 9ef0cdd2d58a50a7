//! Working on exports, and watching over all there are.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::model::{FOLDER, LEASE};
use super::ops::{end, sweep};
use super::work::work;
use crate::app::App;

/// How often it is looked for what waits, when nobody of this process says so.
const IDLE: Duration = Duration::from_secs(2);
/// How often the authority behind all exports is asked for: an end is felt within a second of it.
const WATCH: Duration = Duration::from_secs(1);
/// How often the object store is looked through for what nothing names, and how old that is.
const TIDY: SignedDuration = SignedDuration::from_mins(10);
const OLD: SignedDuration = SignedDuration::from_hours(50);

/// Works and watches for as long as the program runs: two exports at a time, of two organizations.
pub(crate) async fn always(app: App) {
    tokio::join!(work_always(&app), work_always(&app), watch_always(&app));
}

async fn work_always(app: &App) {
    loop {
        let claim = app.world.uuid();
        match app.store.db().claim_export(claim, LEASE).await {
            Ok(Some(export)) => work(app, export, claim).await,
            Ok(None) => {
                tokio::select! {
                    () = app.exports.asked.notified() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
            Err(error) => {
                tracing::warn!(target: "exports", %error, "exports cannot be claimed");
                tokio::time::sleep(IDLE * 5).await;
            }
        }
    }
}

async fn watch_always(app: &App) {
    let mut tidied = Timestamp::UNIX_EPOCH;
    loop {
        if let Err(error) = watch(app).await {
            tracing::warn!(target: "exports", %error, "exports that ended cannot be swept");
        }
        let now = app.world.now();
        if now.duration_since(tidied) >= TIDY {
            tidied = now;
            if let Err(error) = tidy(app, now).await {
                tracing::warn!(target: "exports", %error, "what is left of exports cannot be swept");
            }
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// Ends what lost its authority or its time, and deletes what there is of it.
async fn watch(app: &App) -> Result<(), Error> {
    for lost in app.store.db().lost_exports().await? {
        let ended = match lost.reason {
            "cancelled" => sweep(app, lost.organization, lost.export).await,
            reason => end(app, (lost.organization, lost.membership), lost.export, reason).await,
        };
        if let Err(error) = ended {
            // The others are not held up by it.
            tracing::warn!(target: "exports", export = %lost.export, %error, "an export that ended cannot be swept");
        }
    }
    Ok(())
}

/// Deletes what killed programs left: files that no row names.
async fn tidy(app: &App, now: Timestamp) -> Result<(), Error> {
    for name in app.cabinet.objects.older(FOLDER, now - OLD).await? {
        app.cabinet.objects.delete(&name).await?;
    }
    app.cabinet.objects.drop_halves(FOLDER, now - OLD).await?;
    Ok(())
}
