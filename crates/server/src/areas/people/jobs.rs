//! Sends what was written down to be sent, again and again until it is, and forgets it then.

use std::time::Duration;

use adapters::mail::{Address, Content, Message};
use adapters::sms::{Phone, Text};
use adapters::texts::Link;
use db::{Drawer, Purpose, Request};
use jiff::SignedDuration;
use kernel::{MembershipId, OrganizationId, RequestId};
use uuid::Uuid;

use super::ops::{Desk, NewsPost, Outgoing};
use super::{Error, store};
use crate::app::App;

/// How often is looked without being told.
const IDLE: Duration = Duration::from_secs(5);
/// How long a message is ours to send.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// After so many attempts it is given up.
const ATTEMPTS: i32 = 12;
/// How often ended tickets are forgotten, in looks.
const SWEEP: u32 = 720;

/// Sends for as long as the program runs.
pub(crate) async fn deliver(app: App) {
    for look in 0_u32.. {
        match deliver_due(&app).await {
            Ok(0) => {
                // Told at once by this process, found soon after another's.
                let _ = tokio::time::timeout(IDLE, app.post.notified()).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(target: "people", %error, "messages cannot be sent");
                tokio::time::sleep(IDLE).await;
            }
        }
        if look % SWEEP == 0
            && let Err(error) = sweep(&app).await
        {
            tracing::warn!(target: "people", %error, "ended tickets cannot be forgotten");
        }
    }
}

async fn desk(app: &App) -> Result<Desk<'_>, Error> {
    let request =
        Request { id: RequestId(app.world.uuid()), address: None, purpose: Purpose::Administration };
    Desk::at(app, db::Ctx::program(OrganizationId::PLATFORM, request)).await
}

async fn sweep(app: &App) -> Result<(), Error> {
    app.quotas.sweep();
    app.sweep_tokens().await?;
    let desk = desk(app).await?;
    let tx = desk.begin().await?;
    store::delete_ended(&tx, desk.now).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends what is due; how many were tried.
pub(crate) async fn deliver_due(app: &App) -> Result<usize, Error> {
    let desk = desk(app).await?;
    let tx = desk.begin().await?;
    let rows = store::claim_messages(&tx, desk.now, desk.now + LEASE).await?;
    tx.commit().await?;
    for row in &rows {
        let (id, attempts): (Uuid, i32) = (row.get(0), row.get(2));
        let clear = desk.vault.open(Drawer::Message, id, row.get(1))?;
        let sent = match serde_json::from_slice(&clear) {
            Ok(outgoing) => send(app, id, outgoing).await,
            Err(_) => Err(Trouble::Final),
        };
        let tx = desk.begin().await?;
        match sent {
            Ok(()) => store::delete_message(&tx, id).await?,
            Err(Trouble::Passing) if attempts < ATTEMPTS => {
                let pause = SignedDuration::from_secs(10 << attempts.clamp(0, 9));
                store::postpone_message(&tx, id, Some(desk.now + pause), desk.now).await?;
            }
            Err(_) => {
                tracing::warn!(target: "people", message = %id, attempts, "a message cannot be delivered and is given up");
                store::postpone_message(&tx, id, None, desk.now).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(rows.len())
}

enum Trouble {
    Passing,
    Final,
}

/// Whether a relative still wants to be told, and may be: it may be long since the mail was written.
async fn wants(app: &App, post: &NewsPost) -> Result<bool, Trouble> {
    let request = Request { id: RequestId(app.world.uuid()), address: None, purpose: Purpose::Operations };
    let (organization, membership) = (OrganizationId(post.organization), MembershipId(post.membership));
    let ties = app.store.db().digest_ties(organization, membership, &request).await;
    ties.map(|ties| !ties.is_empty()).map_err(|_| Trouble::Passing)
}

async fn send(app: &App, id: Uuid, outgoing: Outgoing) -> Result<(), Trouble> {
    let sent = match outgoing {
        Outgoing::Mail { to, subject, text, html, news } => {
            let to = Address::parse(&to).map_err(|_| Trouble::Final)?;
            let mut message =
                Message::new(id, to, Content { subject, text, html }).map_err(|_| Trouble::Final)?;
            if let Some(post) = news {
                if !wants(app, &post).await? {
                    return Ok(());
                }
                message = message.stopped_by(Link::parse(&post.stop).map_err(|_| Trouble::Final)?);
            }
            app.carriers.mailer.send(&message).await
        }
        Outgoing::Sms { to, text } => {
            let to = Phone::parse(&to).map_err(|_| Trouble::Final)?;
            let text = Text::new(id, to, text).map_err(|_| Trouble::Final)?;
            let Some(texter) = &app.carriers.texter else { return Err(Trouble::Final) };
            texter.send(&text).await.map(|_| ())
        }
    };
    sent.map_err(|error| {
        tracing::info!(target: "people", message = %id, %error, "a message was not taken");
        if error.is_transient() { Trouble::Passing } else { Trouble::Final }
    })
}
