//! The rows of the FHIR interface.

use policy::Action;

use super::{capability, create, history, read, search, transaction, update};
use crate::http::{Access, Answer, Body, Call, Handler, Route, Verb};

const TYPE: &str = "/fhir/R4/{type}";
const INSTANCE: &str = "/fhir/R4/{type}/{id}";
const PAST: &str = "/fhir/R4/{type}/{id}/_history";
const VERSION: &str = "/fhir/R4/{type}/{id}/_history/{vid}";
const FORM: &str = "/fhir/R4/{type}/_search";
const COMPARTMENT: &str = "/fhir/R4/{type}/{id}/{inner}";

/// What the interface answers. Interactions that FHIR knows and that are not here (patch, conditional update and
/// delete, system search and history, operations) are refused by their absence.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: Verb::Get,
        path: "/fhir/R4/metadata",
        interaction: "capabilities",
        access: Access::Public("clients read it before they sign in; it holds no data"),
        resource: "CapabilityStatement",
        health_data: false,
        audited: false,
        body: Body::None,
        active: true,
        doc: None,
        handler: Handler::Anyone(|app, ctx| Box::pin(capability::capabilities(app, ctx))),
    },
    row(Verb::Get, INSTANCE, "read", Action::Read, Body::None, |call| Box::pin(read::read(call))),
    row(Verb::Get, VERSION, "vread", Action::Read, Body::None, |call| Box::pin(read::vread(call))),
    row(Verb::Get, PAST, "history-instance", Action::History, Body::None, |call| {
        Box::pin(history::history(call))
    }),
    row(Verb::Post, TYPE, "create", Action::Create, Body::Resource, |call| Box::pin(create::create(call))),
    row(Verb::Put, INSTANCE, "update", Action::Update, Body::Resource, |call| Box::pin(update::update(call))),
    row(Verb::Delete, INSTANCE, "delete", Action::Delete, Body::None, |call| Box::pin(update::delete(call))),
    row(Verb::Get, TYPE, "search-type", Action::Search, Body::None, |call| {
        Box::pin(search::by_address(call))
    }),
    row(Verb::Post, FORM, "search-type", Action::Search, Body::Form, |call| Box::pin(search::by_form(call))),
    row(Verb::Get, COMPARTMENT, "search-compartment", Action::Search, Body::None, |call| {
        Box::pin(search::in_compartment(call))
    }),
    bundle("/fhir/R4"),
    bundle("/fhir/R4/"),
];

const fn row(
    method: Verb,
    path: &'static str,
    interaction: &'static str,
    action: Action,
    body: Body,
    handler: fn(Call) -> Answer,
) -> Route {
    Route {
        method,
        path,
        interaction,
        access: Access::Needs(action),
        resource: "{type}",
        health_data: true,
        audited: true,
        body,
        active: true,
        doc: None,
        handler: Handler::Private(handler),
    }
}

const fn bundle(path: &'static str) -> Route {
    Route {
        method: Verb::Post,
        path,
        interaction: "transaction, batch",
        access: Access::EachEntry,
        resource: "Bundle",
        health_data: true,
        audited: true,
        body: Body::Bundle,
        active: true,
        doc: None,
        handler: Handler::Private(|call| Box::pin(transaction::process(call))),
    }
}
