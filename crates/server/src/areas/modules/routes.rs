//! `/api/modules`: what is asked and answered, and nothing else.

use policy::{Action, Module};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ops::{self, ModuleView};
use crate::areas::people::proved;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

/// The rows of modules.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, "/api/modules", Action::ListModules, &LIST, |c| Box::pin(list(c))),
    row(Verb::Put, "/api/modules/{module}", Action::SwitchModule, &SWITCH, |c| Box::pin(switch(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("module", (method, path), Access::Needs(action), doc, handler)
}

/// Every part of the product that not everyone has.
#[derive(Serialize, ToSchema)]
struct Modules {
    modules: Vec<ModuleView>,
}

const LIST: Doc = Doc::new("Which parts of the product the organization has in use").gives::<Modules>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &Modules { modules: ops::list(&call.app, &call.ctx).await? })
}

/// Whether a module is to be in use.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

const SWITCH: Doc =
    Doc::new("Switch a part of the product off, or on again; the same twice is the same once")
        .takes::<Switch>()
        .step_up("module.switch");

async fn switch(call: Call) -> Result<Reply, Failure> {
    let module: Module = call.param("module").parse().map_err(|()| Failure::unlisted())?;
    let Switch { on } = call.json()?;
    proved(&call, "module.switch").await?;
    ops::switch(&call.app, &call.ctx, module, on).await?;
    Ok(Reply::empty(204))
}
