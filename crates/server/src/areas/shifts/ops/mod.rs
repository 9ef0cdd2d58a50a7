//! Looking at a shift, and handing it over.

mod draft;
mod handovers;
mod queue;

use db::{Ctx, Event};
use policy::{Action, Plane};

use super::error::Error;
use super::model::{Shift, around, minutes, times};
use super::store::{self, Place};
use crate::app::App;
use crate::http::Failure;

pub(super) use draft::{Draft, draft};
pub(super) use handovers::{Entry, HandoverWords, Handovers, Signed, list, look, receive, sign};
pub(super) use queue::{Census, Queue, census, queue};

/// A facility within reach, for the staff: the shift is no portal's.
pub(crate) async fn entered(app: &App, ctx: &Ctx, action: Action, code: &str) -> Result<Place, Failure> {
    let db = app.store.db();
    if ctx.plane() != Plane::Staff {
        db.record(ctx, Event::denied(action.key(), "not of the staff")).await?;
        return Err(db::Error::Denied(None).into());
    }
    let Some(facility) = app.facility(ctx, code).await? else {
        db.record(ctx, Event::denied(action.key(), "facility out of reach")).await?;
        return Err(db::Error::NotFound.into());
    };
    place_of(app, ctx, facility).await
}

/// What there is to know of a facility within reach.
async fn place_of(app: &App, ctx: &Ctx, facility: kernel::FacilityId) -> Result<Place, Failure> {
    let tx = app.store.db().begin(ctx).await?;
    Ok(store::fetch_place(tx, ctx.organization(), facility).await?)
}

/// The shift that is on at a facility, and the one before it.
fn shifts(app: &App, place: &Place) -> Result<(Shift, Shift), Error> {
    around(&place.starts, &place.zone, app.world.now()).ok_or(Error::Invalid("the facility has no shifts"))
}

/// When the shifts of a facility begin, and the version of the facility.
pub(super) async fn starts(app: &App, ctx: &Ctx, code: &str) -> Result<(Vec<String>, i32), Error> {
    let place = entered(app, ctx, Action::LookAtShift, code).await?;
    let mut event = Event::success(Action::LookAtShift.key(), Action::LookAtShift.needs().key());
    event.facility = place.facility;
    app.store.db().record(ctx, event).await?;
    Ok((times(&place.starts), place.version))
}

/// Says when they begin, from the version of the facility that was seen; gives its version now.
pub(super) async fn change_starts(
    app: &App,
    ctx: &Ctx,
    (code, was): (&str, i32),
    starts: &[String],
) -> Result<i32, Error> {
    const ACTION: Action = Action::ChangeFacility;
    let starts = minutes(starts)?;
    let db = app.store.db();
    let Some(facility) = app.facility(ctx, code).await? else {
        db.record(ctx, Event::denied(ACTION.key(), "facility out of reach")).await?;
        return Err(db::Error::NotFound.into());
    };
    let tx = db.begin(ctx).await?;
    let version = match store::change_starts(&tx, facility, was, &starts).await {
        Err(db::Error::RowSecurity) => {
            db.record(ctx, Event::denied(ACTION.key(), "refused by the database")).await?;
            return Err(db::Error::Denied(None).into());
        }
        done => done?.ok_or(db::Error::Conflict)?,
    };
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = facility;
    event.detail = Some("shifts".to_owned());
    db.record(ctx, event).await?;
    tx.commit().await?;
    Ok(version)
}
