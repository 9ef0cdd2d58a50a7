//! `/platform`: what is asked and answered, and nothing else.

mod administrators;
mod announcements;
mod organizations;
mod plans;
mod support;
mod usage;
mod watch;

use policy::PlatformPermission as P;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Above, Access, Answer, Body, Doc, Failure, Handler, Reply, Route, Verb};

/// The rows of the plane.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        audited: false,
        access: Access::OnPlatform,
        ..row(Verb::Get, "/platform/me", P::Watch, &ME, |a| Box::pin(me(a)))
    },
    row(Verb::Get, "/platform/organizations", P::Watch, &organizations::LIST, |a| {
        Box::pin(organizations::list(a))
    }),
    row(Verb::Post, "/platform/organizations", P::Organizations, &organizations::CREATE, |a| {
        Box::pin(organizations::create(a))
    }),
    row(Verb::Get, "/platform/organizations/{organization}", P::Watch, &organizations::LOOK, |a| {
        Box::pin(organizations::look(a))
    }),
    row(Verb::Put, "/platform/organizations/{organization}", P::Organizations, &organizations::SET, |a| {
        Box::pin(organizations::set(a))
    }),
    row(
        Verb::Put,
        "/platform/organizations/{organization}/subscription",
        P::Plans,
        &organizations::SUBSCRIBE,
        |a| Box::pin(organizations::subscribe(a)),
    ),
    row(Verb::Get, "/platform/organizations/{organization}/usage", P::Watch, &usage::LOOK, |a| {
        Box::pin(usage::look(a))
    }),
    row(Verb::Post, "/platform/organizations/{organization}/usage", P::Plans, &usage::READ, |a| {
        Box::pin(usage::read(a))
    }),
    row(
        Verb::Post,
        "/platform/organizations/{organization}/sign-out",
        P::Organizations,
        &watch::SIGN_OUT,
        |a| Box::pin(watch::sign_out(a)),
    ),
    row(Verb::Get, "/platform/announcements", P::Watch, &announcements::LIST, |a| {
        Box::pin(announcements::list(a))
    }),
    row(Verb::Post, "/platform/announcements", P::Announce, &announcements::ANNOUNCE, |a| {
        Box::pin(announcements::announce(a))
    }),
    row(Verb::Delete, "/platform/announcements/{announcement}", P::Announce, &announcements::WITHDRAW, |a| {
        Box::pin(announcements::withdraw(a))
    }),
    row(Verb::Get, "/platform/health", P::Watch, &watch::HEALTH, |a| Box::pin(watch::health(a))),
    row(Verb::Get, "/platform/sessions", P::Watch, &watch::SESSIONS, |a| Box::pin(watch::sessions(a))),
    row(Verb::Get, "/platform/figures", P::Watch, &watch::FIGURES, |a| Box::pin(watch::figures(a))),
    row(Verb::Get, "/platform/plans", P::Watch, &plans::LIST, |a| Box::pin(plans::list(a))),
    row(Verb::Put, "/platform/plans/{plan}", P::Plans, &plans::PUT, |a| Box::pin(plans::put(a))),
    row(Verb::Get, "/platform/administrators", P::Watch, &administrators::LIST, |a| {
        Box::pin(administrators::list(a))
    }),
    row(Verb::Post, "/platform/administrators", P::Administrators, &administrators::INVITE, |a| {
        Box::pin(administrators::invite(a))
    }),
    row(
        Verb::Put,
        "/platform/administrators/{administrator}",
        P::Administrators,
        &administrators::CHANGE,
        |a| Box::pin(administrators::change(a)),
    ),
    row(
        Verb::Delete,
        "/platform/administrators/{administrator}",
        P::Administrators,
        &administrators::END,
        |a| Box::pin(administrators::end(a)),
    ),
    row(Verb::Get, "/platform/support", P::Support, &support::LIST, |a| Box::pin(support::list(a))),
    row(Verb::Post, "/platform/support", P::Support, &support::ASK, |a| Box::pin(support::ask(a))),
    row(Verb::Delete, "/platform/support/{request}", P::Support, &support::END, |a| {
        Box::pin(support::end(a))
    }),
];

const fn row(
    method: Verb,
    path: &'static str,
    permission: P,
    doc: &'static Doc,
    handler: fn(Above) -> Answer,
) -> Route {
    Route {
        method,
        path,
        interaction: "platform",
        access: Access::Platform(permission),
        resource: "platform",
        health_data: false,
        audited: true,
        body: if matches!(method, Verb::Post | Verb::Put) { Body::Json } else { Body::None },
        active: true,
        doc: Some(doc),
        handler: Handler::Platform(handler),
    }
}

/// Who asks on the plane.
#[derive(Serialize, ToSchema)]
struct PlatformMe {
    administrator: i32,
    name: String,
    permissions: Vec<&'static str>,
}

const ME: Doc = Doc::new("Who one is on the plane above organizations, and what one may do there")
    .gives::<PlatformMe>(200);

async fn me(above: Above) -> Result<Reply, Failure> {
    let who = &above.administrator;
    let permissions = who.permissions().iter().map(|permission| permission.key()).collect();
    Reply::json(200, &PlatformMe { administrator: who.number(), name: who.name().to_owned(), permissions })
}

fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}
