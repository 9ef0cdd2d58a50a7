//! Showing and changing how an organization is recognised.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::{Ctx, Event};
use kernel::FacilityId;
use policy::Action;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Error;
use super::store;
use crate::app::App;
use crate::areas::documents::is_png;
use crate::http::Visit;

/// The most bytes of a logo.
const MOST: usize = 32 << 10;

/// How an organization is recognised.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Branding {
    /// What it is called; null where no organization has this address.
    #[schema(required)]
    name: Option<String>,
    /// A PNG in base64; null where there is none.
    #[schema(required)]
    logo: Option<String>,
}

async fn fetch(app: &App, ctx: &Ctx) -> Result<Branding, Error> {
    let tx = app.store.db().begin(ctx).await?;
    let (name, logo) = store::fetch(&tx, ctx.organization()).await?;
    tx.commit().await?;
    Ok(Branding { name: Some(name), logo: logo.map(|logo| STANDARD.encode(logo)) })
}

/// Of the organization whose address is asked.
pub(super) async fn at_the_door(visit: &Visit) -> Result<Branding, Error> {
    let Some(organization) = visit.organization else { return Ok(Branding::default()) };
    fetch(&visit.app, &Ctx::program(organization, visit.request.clone())).await
}

/// Of the context's organization.
pub(super) async fn own(app: &App, ctx: &Ctx) -> Result<Branding, Error> {
    fetch(app, ctx).await
}

/// The bytes of a logo in base64.
pub(super) fn picture(text: &str) -> Result<Vec<u8>, Error> {
    // What is far too long is not decoded first.
    if text.len() > MOST * 2 {
        return Err(Error::Picture);
    }
    let bytes = STANDARD.decode(text).map_err(|_| Error::Picture)?;
    if bytes.len() <= MOST && is_png(&bytes) { Ok(bytes) } else { Err(Error::Picture) }
}

/// Changes the logo, or takes it away; gives the version of the organization's settings.
pub(super) async fn change(app: &App, ctx: &Ctx, was: i32, logo: Option<&[u8]>) -> Result<i32, Error> {
    const ACTION: Action = Action::ChangeOrganization;
    let tx = app.store.db().begin(ctx).await?;
    let changed = match store::update(&tx, was, logo).await {
        Err(db::Error::RowSecurity) => {
            let event = Event::denied(ACTION.key(), "refused by the database");
            app.store.db().record(ctx, event).await?;
            return Err(db::Error::Denied(None).into());
        }
        other => other?,
    };
    let version = changed.ok_or(db::Error::Conflict)?;
    let mut event = Event::success(ACTION.key(), ACTION.needs().key());
    event.facility = FacilityId::WHOLE;
    event.detail = Some("logo".to_owned());
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    Ok(version)
}
