//! Asking for an export, looking at it, giving it up, and its end.

use db::{Ctx, Drawer, Event, Request, Session};
use fhir::ResourceType;
use kernel::{ContextId, FacilityId, MembershipId, OrganizationId, ResourceId};
use policy::{Action, Purpose};
use uuid::Uuid;

use super::error::Error;
use super::model::{Asked, KEPT, classes, hidden, is_within, object};
use super::store::{self, File, New, Row};
use crate::app::App;

pub(super) const ACTION: Action = Action::Export;

/// The event of something done with an export.
pub(super) fn event(export: Uuid, what: &str) -> Event {
    let detail = Some(format!("export {export} {what}"));
    Event { detail, ..Event::success(ACTION.key(), ACTION.needs().key()) }
}

/// The program at work in an organization.
pub(super) fn program(app: &App, organization: OrganizationId) -> Ctx {
    Ctx::program(organization, request(app))
}

fn request(app: &App) -> Request {
    let id = kernel::RequestId(app.world.uuid());
    Request { id, address: None, purpose: Purpose::Operations }
}

/// Puts an export in the queue.
pub(super) async fn ask(
    app: &App,
    ctx: &Ctx,
    session: Option<&(Session, ContextId)>,
    asked: &Asked,
    request: &str,
) -> Result<Uuid, Error> {
    let db = app.store.db();
    let refuse = async |reason: &'static str| {
        db.record(ctx, Event::denied(ACTION.key(), reason)).await?;
        Err::<(), Error>(db::Error::Denied(None).into())
    };
    if ctx.request().purpose == Purpose::BreakGlass {
        refuse("an emergency is no export").await?;
    }
    if ctx.fields().is_some_and(policy::fields::Fields::is_approved_only) {
        refuse("sees a part of the record").await?;
    }
    asked.check(ctx)?;
    for patient in asked.patients.iter().flatten() {
        if !app.store.sees(ctx, ResourceType::Patient, ResourceId(patient.0), |_| true).await? {
            return Err(Error::Invalid("patient: one of them is not within reach"));
        }
    }
    let (export, now) = (app.world.uuid(), app.world.now());
    let (_, key) = db.vault(ctx).await?.new_key(Drawer::ExportKey, export);
    let new = New {
        export,
        person: session.map(|(session, _)| session.person()),
        asked,
        request,
        classes: classes(ctx),
        fields: hidden(ctx),
        key: &key,
        now,
        expires_at: now + KEPT,
    };
    let tx = db.begin(ctx).await?;
    match store::insert(&tx, &new, event(export, "asked for")).await {
        Err(db::Error::Conflict) => return Err(Error::TooMany),
        written => written?,
    }
    app.exports.asked.notify_one();
    Ok(export)
}

/// One's own export, and its files; what it took must still be in sight.
pub(super) async fn look(app: &App, ctx: &Ctx, export: Uuid) -> Result<(Row, Vec<File>), Error> {
    let db = app.store.db();
    let tx = db.begin(ctx).await?;
    let Some(row) = store::find_own(&tx, export).await? else {
        drop(tx);
        db.record(ctx, Event::denied(ACTION.key(), "no such export")).await?;
        return Err(Error::NotFound);
    };
    let files = store::list_files(&tx, export).await?;
    tx.commit().await?;
    if row.state != "ended" && !is_within(ctx, &row) {
        if still_stands(app, ctx.organization(), export).await? {
            // This request alone is for less: another purpose, another token of the post.
            db.record(ctx, Event::denied(ACTION.key(), "out of sight of this request")).await?;
            return Err(Error::NotFound);
        }
        end(app, (ctx.organization(), ctx.membership()), export, "authority").await?;
        return Err(Error::Gone(GONE));
    }
    match row.reason.as_deref() {
        None if row.expires_at <= app.world.now() => Err(Error::Gone("the files of the export have expired")),
        None => Ok((row, files)),
        Some("cancelled") => Err(Error::NotFound),
        Some("expired") => Err(Error::Gone("the files of the export have expired")),
        Some("failed") => Err(Error::Failed),
        Some("erased") => {
            Err(Error::Gone("a patient was erased, and the files went with them: export again"))
        }
        Some(_) => Err(Error::Gone(GONE)),
    }
}

/// Whether the post that asked still may have what the export took, whatever a request of its says.
async fn still_stands(app: &App, organization: OrganizationId, export: Uuid) -> Result<bool, Error> {
    let db = app.store.db();
    let Some(ctx) = db.export_ctx(organization, export).await? else { return Ok(false) };
    let tx = db.begin(&ctx).await?;
    let row = store::find_own(&tx, export).await?;
    tx.commit().await?;
    Ok(row.is_some_and(|row| is_within(&ctx, &row)))
}

const GONE: &str = "what the export was asked for with has ended or shrunk, and its files are gone";

/// One's own exports with their files, newest first.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<(Row, Vec<File>)>, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let rows = store::list_own(&tx).await?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in rows {
        let files =
            if row.state == "complete" { store::list_files(&tx, row.export).await? } else { Vec::new() };
        listed.push((row, files));
    }
    tx.commit().await?;
    Ok(listed)
}

/// Gives one's own export up.
pub(super) async fn cancel(app: &App, ctx: &Ctx, export: Uuid) -> Result<(), Error> {
    look(app, ctx, export).await?;
    let tx = app.store.db().begin(ctx).await?;
    if store::end(&tx, export, "cancelled", app.world.now()).await? {
        app.store.db().record(ctx, event(export, "cancelled")).await?;
    }
    tx.commit().await?;
    sweep(app, ctx.organization(), export).await
}

/// Ends an export of a post, whatever it was at, and deletes what there is of it.
pub(super) async fn end(
    app: &App,
    (organization, membership): (OrganizationId, MembershipId),
    export: Uuid,
    reason: &'static str,
) -> Result<(), Error> {
    let ctx = program(app, organization);
    let db = app.store.db();
    let tx = db.begin(&ctx).await?;
    if store::end(&tx, export, reason, app.world.now()).await? {
        let told = match reason {
            "authority" => Event { reason: "authority ended", ..denied(export) },
            "failed" => {
                Event { outcome: db::Outcome::Failure, reason: "it could not be done", ..denied(export) }
            }
            "erased" => Event { reason: "a patient was erased", ..denied(export) },
            _ => event(export, "expired"),
        };
        db.record(&Ctx::powerless(organization, membership, request(app)), told).await?;
    }
    tx.commit().await?;
    sweep(app, organization, export).await
}

/// Ends every export that may hold records of a facility's patients: one of them was erased.
pub(crate) async fn end_of_facility(
    app: &App,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<(), crate::http::Failure> {
    let ctx = program(app, organization);
    let tx = app.store.db().begin(&ctx).await?;
    let living = store::list_living(&tx, facility).await?;
    tx.commit().await?;
    for (export, membership) in living {
        end(app, (organization, membership), export, "erased").await?;
    }
    Ok(())
}

fn denied(export: Uuid) -> Event {
    Event { outcome: db::Outcome::Denied, ..event(export, "ended") }
}

/// Deletes the files of one that ended. What cannot be deleted now is tried again; its key is gone already.
pub(super) async fn sweep(app: &App, organization: OrganizationId, export: Uuid) -> Result<(), Error> {
    let ctx = program(app, organization);
    let tx = app.store.db().begin(&ctx).await?;
    let files = store::list_files(&tx, export).await?;
    tx.commit().await?;
    for file in &files {
        app.cabinet.objects.delete(&object(file.object)).await?;
    }
    let tx = app.store.db().begin(&ctx).await?;
    Ok(store::swept(&tx, export, app.world.now()).await?)
}
