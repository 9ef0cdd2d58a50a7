//! An order on hold: nothing of it is given until somebody resumes it.

use db::Ctx;
use fhir::ResourceType;
use kernel::{PatientId, Version};
use policy::Action;
use uuid::Uuid;

use super::{event, id, parsed, place_of, said, sees_whole};
use crate::app::App;
use crate::areas::medications::error::Error;
use crate::areas::medications::fhir as resources;
use crate::http::Failure;

/// Puts an order on hold, with why, or resumes it; gives its new version.
pub(in super::super) async fn turn(
    app: &App,
    ctx: &Ctx,
    (patient, order, version): (PatientId, Uuid, Version),
    hold: Option<&str>,
) -> Result<Version, Error> {
    const ACTION: Action = Action::HoldMedication;
    const RTYPE: ResourceType = ResourceType::MedicationRequest;
    sees_whole(app, ctx, ACTION).await?;
    let reason = hold.map(said).transpose()?;
    let facility = place_of(app, ctx, ACTION, patient).await?;
    let found = app.store.read(ctx, RTYPE, id(order)).await?;
    let body = parsed(&found.body)?;
    if body["subject"]["reference"] != format!("Patient/{patient}").as_str() {
        return Err(Failure::unlisted().into());
    }
    let expected = if reason.is_some() { "active" } else { "on-hold" };
    if found.version != version {
        return Err(db::Error::Conflict.into());
    }
    if body["status"] != expected {
        return Err(Error::coded(409, "order-otherwise", "the order is not in the state that this changes"));
    }
    let body = resources::held(body, reason).to_string();
    let what = if reason.is_some() { "on hold" } else { "resumed" };
    let mut event = event(ACTION, facility, patient, what.to_owned());
    let tx = app.store.db().begin(ctx).await?;
    app.store.hold(&tx, patient).await?;
    app.store.alter(&tx, ACTION, (RTYPE, id(order), version), body.as_bytes(), &mut event).await?;
    event = event.about(RTYPE.code(), Some((id(order), version.next())));
    tx.last_audited(crate::areas::medications::store::NOTHING, &[], event).await?;
    Ok(version.next())
}
