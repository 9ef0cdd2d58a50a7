//! Doing what was approved. Keys go first: from then on nothing of the patient can be read, wherever a copy of it is. What is
//! not sealed with them follows, and every step may be done again: whoever takes over begins with the keys.

use std::time::Duration;

use db::keys::LedgerHead;
use db::{ClaimedErasure, Event};
use jiff::SignedDuration;
use kernel::OrganizationId;

use super::error::Error;
use super::store;
use crate::app::App;
use crate::areas::{documents, exports};

/// How often it is looked for what is due.
const IDLE: Duration = Duration::from_secs(5);
/// How long whoever works on one is left alone.
const LEASE: Duration = Duration::from_mins(10);
/// After how long one is tried again that could not be ended.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// What it is called in the log.
const KEY: &str = "records.erase";

/// Erases what is due, and what the keyring's ledger has of this database's patients, for as long as the program runs.
pub(crate) async fn always(app: App) {
    let mut followed = Vec::new();
    loop {
        if let Err(error) = follow_ledger(&app, &mut followed).await {
            tracing::warn!(target: "records", %error, "the ledger of erasures cannot be followed");
        }
        if let Err(error) = app.erase_due().await {
            tracing::warn!(target: "records", %error, "erasures cannot be claimed");
        }
        tokio::time::sleep(IDLE).await;
    }
}

/// Has erased again whom the ledger has and this data, which came out of an older backup, does not know to be erased.
async fn follow_ledger(app: &App, followed: &mut Vec<LedgerHead>) -> Result<(), db::Error> {
    let db = app.store.db();
    for head in db.ledger_heads().await? {
        if followed.contains(&head) {
            continue;
        }
        let organization = OrganizationId(head.organization);
        for entry in db.keyring().erasures(organization).await? {
            if db.reapply_erasure(organization, entry.patient, entry.erasure, entry.at).await? {
                tracing::info!(target: "records", erasure = %entry.erasure, "an older copy is erased again");
            }
        }
        followed.retain(|known| known.organization != head.organization);
        followed.push(head);
    }
    Ok(())
}

impl App {
    /// Erases what is due now; how many erasures were ended. What cannot be ended is left for later.
    ///
    /// # Errors
    /// When nothing can be claimed.
    pub async fn erase_due(&self) -> Result<usize, db::Error> {
        let mut ended = 0;
        while let Some(claimed) = self.store.db().claim_erasure(self.world.uuid(), LEASE).await? {
            match erase(self, &claimed).await {
                Ok(()) => ended += 1,
                Err(error) => {
                    tracing::error!(target: "records", erasure = %claimed.erasure, %error, "an erasure could not be ended");
                    leave(self, &claimed).await;
                }
            }
        }
        Ok(ended)
    }
}

async fn erase(app: &App, claimed: &ClaimedErasure) -> Result<(), Error> {
    let (db, ctx) = (app.store.db(), &claimed.ctx);
    for patient in &claimed.patients {
        db.keyring().erase(ctx, *patient, claimed.erasure).await?;
    }
    exports::end_of_facility(app, ctx.organization(), claimed.facility).await.map_err(|_| Error::Objects)?;
    documents::forget(app, ctx, &claimed.patients).await.map_err(|_| Error::Objects)?;
    let tx = db.begin(ctx).await?;
    let records = store::erase(&tx, claimed.erasure, app.world.now()).await?;
    let mut event = Event::success(KEY, "approved by two people");
    event.facility = claimed.facility;
    event.subjects = claimed.patients.iter().map(|patient| (claimed.facility, *patient)).collect();
    event.detail = Some(format!("erasure {} done, {records} records", claimed.erasure));
    db.record(ctx, event).await?;
    tx.commit().await?;
    db.forget_authority();
    tracing::info!(target: "records", erasure = %claimed.erasure, records, "an erasure is done");
    Ok(())
}

async fn leave(app: &App, claimed: &ClaimedErasure) {
    let left = async {
        let tx = app.store.db().begin(&claimed.ctx).await?;
        store::leave(&tx, claimed.erasure, app.world.now() + AGAIN).await?;
        tx.commit().await
    };
    if let Err(error) = left.await {
        // The lease ends by itself.
        tracing::warn!(target: "records", %error, "an erasure cannot be left to others");
    }
}
