//! The program over HTTP, against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod accesses;
mod audit;
mod bundles;
mod conditions;
mod delegation;
mod emergency;
mod events;
mod facilities;
mod fields;
mod hygiene;
mod instances;
mod limits;
mod matrix;
mod notes;
mod notes_kept;
mod notes_signed;
mod notes_templates;
mod oauth;
mod openapi;
mod people;
mod platform;
mod platform_usage;
mod platform_watch;
mod providers;
mod reassign;
mod roles;
mod routes;
mod searches;
mod signing_in;
mod support;
mod ties;
