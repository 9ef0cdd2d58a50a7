//! Medications: who is to get what when, that it was given or not, and the counts of controlled ones (ADR 0029).
//!
//! Orders and doses are FHIR records of the chart. A row of `chart.dose` makes each dose happen once; sheets and their
//! entries are counts.

mod error;
mod fhir;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use ops::{Stocked, stock_up, waiting};
pub(crate) use routes::ROUTES;
