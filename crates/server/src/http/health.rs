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

async fn ready(app: App) -> Result<Reply, Failure> {
    app.store.db().ping().await?;
    Ok(Reply::empty(204))
}
