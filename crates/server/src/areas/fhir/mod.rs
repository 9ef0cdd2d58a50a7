//! The FHIR R4 interface (<https://hl7.org/fhir/R4/http.html>): one file an interaction, all on the chart.
//!
//! JSON only. An unknown parameter is refused, never ignored. What is asked for in an address is echoed in links as it
//! was sent; what is asked for in a form is not.

mod answers;
mod capability;
mod conditional;
mod create;
mod history;
mod negotiate;
mod read;
mod routes;
mod search;
mod target;
mod transaction;
mod update;

pub(crate) use conditional::http_date;
pub(crate) use negotiate::{accepts_json, brings_json};
pub(crate) use routes::ROUTES;
pub(crate) use search::pairs;
pub(crate) use target::base;
