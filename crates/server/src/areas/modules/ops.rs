//! Looking at modules, and switching them.

use db::{Ctx, Event};
use policy::{Action, Module};
use serde::Serialize;
use utoipa::ToSchema;

use super::store;
use crate::app::App;

/// A part of the product.
#[derive(Serialize, ToSchema)]
pub(super) struct ModuleView {
    key: &'static str,
    /// Whether it is in use.
    on: bool,
    /// Whether it was switched off here. One that is neither is not part of what the organization pays for.
    switched_off: bool,
}

/// Every module there is.
pub(super) async fn list(app: &App, ctx: &Ctx) -> Result<Vec<ModuleView>, db::Error> {
    let tx = app.store.db().begin(ctx).await?;
    let (on, off) = store::list(&tx, ctx.organization(), app.world.now()).await?;
    tx.commit().await?;
    let of = |all: &[String], module: Module| all.iter().any(|key| key == module.key());
    let view = |module: Module| ModuleView {
        key: module.key(),
        on: of(&on, module),
        switched_off: of(&off, module),
    };
    let action = Action::ListModules;
    app.store.db().record(ctx, Event::success(action.key(), action.needs().key())).await?;
    Ok(Module::ALL.into_iter().map(view).collect())
}

/// Switches one. On does not make it part of what is paid for.
pub(super) async fn switch(app: &App, ctx: &Ctx, module: Module, on: bool) -> Result<(), db::Error> {
    let action = Action::SwitchModule;
    let tx = app.store.db().begin(ctx).await?;
    store::switch(&tx, ctx.organization(), module.key(), on).await?;
    let detail = Some(format!("{} {}", module.key(), if on { "on" } else { "off" }));
    let event = Event { detail, ..Event::success(action.key(), action.needs().key()) };
    app.store.db().record(ctx, event).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(())
}
