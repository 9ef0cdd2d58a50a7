//! Hiding fields and approving what relatives see: one transaction each, felt on the next request.

use chart::Seen;
use db::{Ctx, Event};
use kernel::{MembershipId, PatientId};
use policy::fields::Fields;
use policy::{Action, Grants};

use super::store;
use crate::app::App;
use crate::http::Failure;

/// Most paths of a list.
const MOST: usize = 500;
/// Most records of a type that are looked at.
const MOST_SEEN: usize = 1_000;

/// What is hidden from a post by a decision about itself.
pub(super) async fn hidden(app: &App, ctx: &Ctx, membership: MembershipId) -> Result<Vec<String>, Failure> {
    let tx = app.store.db().begin(ctx).await?;
    let there = store::has_post(&tx, membership, app.world.now()).await?;
    let paths = store::list_hidden(&tx, membership).await?;
    tx.commit().await?;
    let event = Event::success("fields.list", Action::ListPeople.needs().key());
    app.store.db().record(ctx, Event { detail: Some(format!("membership {membership}")), ..event }).await?;
    if there { Ok(paths) } else { Err(Failure::unlisted()) }
}

/// Hides these fields from a post, and from those below it, and shows it all others.
pub(super) async fn hide(
    app: &App,
    ctx: &Ctx,
    membership: MembershipId,
    paths: Vec<String>,
) -> Result<Vec<String>, Failure> {
    let paths = known(paths)?;
    let tx = app.store.db().begin(ctx).await?;
    if !store::has_post(&tx, membership, app.world.now()).await? {
        return Err(Failure::unlisted());
    }
    match store::replace_hidden(&tx, membership, &paths).await {
        // The post is there: it is the trigger that says for whom this is.
        Err(db::Error::RowSecurity) => {
            app.store
                .db()
                .record(ctx, Event::denied(Action::HideFields.key(), "not below this post"))
                .await?;
            return Err(db::Error::Denied(None).into());
        }
        done => done?,
    }
    let event = Event::success(Action::HideFields.key(), Action::HideFields.needs().key());
    app.store.db().record(ctx, Event { detail: Some(list(membership, &paths)), ..event }).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(paths)
}

/// What was approved for a relative.
pub(super) async fn shared(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    membership: MembershipId,
) -> Result<Vec<String>, Failure> {
    let now = app.world.now();
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let relative = store::find_relative(&tx, patient, membership, now).await?;
    let paths = store::list_shared(&tx, patient, membership, now).await?;
    tx.commit().await?;
    let mut event = Event::success("sharing.list", Action::ApproveSharing.needs().key());
    event.subjects.push((facility, patient));
    event.facility = facility;
    event.detail = Some(format!("membership {membership}"));
    app.store.db().record(ctx, event).await?;
    if relative.is_some() { Ok(paths) } else { Err(Failure::unlisted()) }
}

/// Approves these paths for a relative and no others. Nobody approves what they do not see.
pub(super) async fn share(
    app: &App,
    ctx: &Ctx,
    patient: PatientId,
    membership: MembershipId,
    paths: Vec<String>,
) -> Result<Vec<String>, Failure> {
    let now = app.world.now();
    let paths = in_sight(ctx, patient, known(paths)?)?;
    let facility = app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    if store::find_relative(&tx, patient, membership, now).await?.is_none() {
        return Err(Failure::unlisted());
    }
    store::replace_shared(&tx, (patient, facility), membership, &paths, now).await?;
    let mut event = Event::success(Action::ApproveSharing.key(), Action::ApproveSharing.needs().key());
    event.subjects.push((facility, patient));
    event.facility = facility;
    event.detail = Some(list(membership, &paths));
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(paths)
}

/// The context with the eyes of a relative: it sees of the patient what was approved for them, or what they would see with
/// these paths in its place.
pub(crate) async fn eyes(
    app: &App,
    ctx: &Ctx,
    (patient, membership): (PatientId, MembershipId),
    instead: Option<Vec<String>>,
) -> Result<Ctx, Failure> {
    let now = app.world.now();
    let instead = instead.map(known).transpose()?;
    app.store.facility_of(ctx, patient).await?;
    let tx = app.store.db().begin(ctx).await?;
    let grants: Option<Grants> = store::find_relative(&tx, patient, membership, now).await?;
    let approved = store::list_shared(&tx, patient, membership, now).await?;
    tx.commit().await?;
    let grants = grants.ok_or_else(Failure::unlisted)?;
    let theirs = app.store.db().fields_of(ctx, membership).await?;
    let paths = in_sight(ctx, patient, instead.unwrap_or(approved))?;
    let theirs = Fields::sharing(theirs.as_ref(), patient, paths.iter().map(String::as_str));
    Ok(ctx.with_eyes_of(&grants, Some(theirs)))
}

/// The patient's records as the relative sees them, or would with these paths in place of those approved.
pub(super) async fn preview(
    app: &App,
    ctx: &Ctx,
    which: (PatientId, MembershipId),
    instead: Option<Vec<String>>,
) -> Result<Seen, Failure> {
    let eyes = eyes(app, ctx, which, instead).await?;
    Ok(app.store.seen(&eyes, which.0, MOST_SEEN).await?)
}

/// The paths, in order and once; each must be one.
fn known(mut paths: Vec<String>) -> Result<Vec<String>, Failure> {
    if paths.len() > MOST {
        return Err(Failure::coded(400, "invalid", "paths: at most 500"));
    }
    paths.sort_unstable();
    paths.dedup();
    if paths.iter().all(|path| fhir::element::is_path(path)) { Ok(paths) } else { Err(unknown()) }
}

/// The paths, of which each must be seen by the context itself.
pub(crate) fn in_sight(ctx: &Ctx, patient: PatientId, paths: Vec<String>) -> Result<Vec<String>, Failure> {
    let Some(fields) = ctx.fields() else { return Ok(paths) };
    let view = fields.view(Some(patient));
    if paths.iter().all(|path| view.shows_all_of(path)) { Ok(paths) } else { Err(unknown()) }
}

fn unknown() -> Failure {
    Failure::coded(400, "invalid", "paths: there is one that is no element")
}

fn list(membership: MembershipId, paths: &[String]) -> String {
    format!("membership {membership}: {}", paths.join(", "))
}
