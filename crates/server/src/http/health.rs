//! Whether the program lives, and whether it can work.

use crate::app::App;
use crate::http::{Access, Answer, Body, Failure, Handler, Reply, Route, Verb};

pub(super) const ROUTES: &[Route] = &[
    probe("/health", "alive", |_| Box::pin(async { Ok(Reply::empty(204)) })),
    probe("/ready", "ready", |app| Box::pin(ready(app))),
];

const fn probe(path: &'static str, interaction: &'static str, handler: fn(App) -> Answer) -> Route {
    Route {
        method: Verb::Get,
        path,
        interaction,
        access: Access::Public("load balancers ask without a login; the answer is yes or no"),
        resource: "program",
        health_data: false,
        audited: false,
        body: Body::None,
        active: false,
        doc: None,
        handler: Handler::Public(handler),
    }
}

/// The main database decides: a program that is taken away because one organization's own database is down would be
/// taken from all the others. Which ones are down is told on the private listener: their names are customers'.
async fn ready(app: App) -> Result<Reply, Failure> {
    app.store.db().ping().await?;
    match app.placed.down().len() {
        0 => Ok(Reply::empty(204)),
        down => Reply::json(200, &serde_json::json!({"own_databases_down": down})),
    }
}
