//! What is said of a dose later: that it helped, or that it was recorded wrongly.

use db::Ctx;
use fhir::ResourceType;
use kernel::ResourceId;
use policy::Action;
use serde_json::Value;
use uuid::Uuid;

use super::counts;
use super::{Effect, Outcome, event, house, id, parsed, said, sees_whole};
use crate::app::App;
use crate::areas::medications::error::Error;
use crate::areas::medications::fhir::{self as resources, Recorder};
use crate::areas::medications::store;
use crate::http::Failure;

const ACTION: Action = Action::GiveMedication;
const RTYPE: ResourceType = ResourceType::MedicationAdministration;

/// A dose that was recorded, with its record.
struct Found {
    row: store::Dose,
    version: kernel::Version,
    body: Value,
    name: String,
}

async fn find(app: &App, ctx: &Ctx, administration: Uuid) -> Result<Found, Error> {
    sees_whole(app, ctx, ACTION).await?;
    let record = app.store.read(ctx, RTYPE, id(administration)).await?;
    let tx = app.store.db().begin(ctx).await?;
    let row = store::find_administration(&tx, ctx.organization(), id(administration)).await?;
    drop(tx);
    let row = row.ok_or_else(Failure::unlisted)?;
    if row.revoked {
        return Err(Error::coded(409, "dose-wrong", "the dose was recorded in error, and is corrected"));
    }
    let name = house(app, ctx, row.facility).await?.name;
    Ok(Found { row, version: record.version, body: parsed(&record.body)?, name })
}

fn recorder<'a>(app: &App, ctx: &'a Ctx, name: &'a str) -> Recorder<'a> {
    Recorder { slug: ctx.slug(), membership: ctx.membership(), name, at: app.world.now() }
}

/// Corrects a dose that was recorded in error: its place is free again, and what was counted for it comes back.
pub(in super::super) async fn wrong(
    app: &App,
    ctx: &Ctx,
    administration: Uuid,
    reason: &str,
) -> Result<(), Error> {
    let reason = said(reason)?;
    let Found { row, version, body, name } = find(app, ctx, administration).await?;
    let body = resources::wrong(body, reason, &recorder(app, ctx, &name)).to_string();
    let mut event = event(ACTION, row.facility, row.patient, format!("request {} was wrong", row.request));
    let tx = app.store.db().begin(ctx).await?;
    app.store.hold(&tx, row.patient).await?;
    let at = app.world.now();
    counts::give_back(app, &tx, row.administration, at).await?;
    let place = (RTYPE, row.administration, version);
    app.store.alter(&tx, ACTION, place, body.as_bytes(), &mut event).await?;
    event = event.about(RTYPE.code(), Some((row.administration, version.next())));
    let params: [&(dyn db::ToSql + Sync); 4] =
        [&ctx.organization().0, &row.request, &at, &ctx.membership().0];
    tx.last_audited(store::REVOKE, &params, event).await?;
    Ok(())
}

/// Says whether what was given as needed helped.
pub(in super::super) async fn effect(
    app: &App,
    ctx: &Ctx,
    administration: Uuid,
    effect: Effect,
    note: Option<&str>,
) -> Result<(), Error> {
    let note = note.map(said).transpose()?;
    let Found { row, version, body, name } = find(app, ctx, administration).await?;
    let known = resources::read(&body);
    if known.outcome != Some(Outcome::Given) || row.due.is_some() {
        return Err(Error::invalid("only what was given as needed has an effect that is looked for"));
    }
    if known.effect.is_some() {
        return Err(Error::coded(409, "effect-known", "somebody said already whether it helped"));
    }
    let body = resources::effective(body, effect, note, &recorder(app, ctx, &name)).to_string();
    let mut event = event(ACTION, row.facility, row.patient, format!("effect of request {}", row.request));
    let tx = app.store.db().begin(ctx).await?;
    app.store.hold(&tx, row.patient).await?;
    let place: (_, ResourceId, _) = (RTYPE, row.administration, version);
    app.store.alter(&tx, ACTION, place, body.as_bytes(), &mut event).await?;
    event = event.about(RTYPE.code(), Some((row.administration, version.next())));
    tx.last_audited(store::NOTHING, &[], event).await?;
    Ok(())
}
