//! Who did what with a patient's record, and why that was allowed or refused (MISSION 28, 52, 53, 55; ADR 0017).

mod model;
mod ops;
mod paper;
mod routes;
mod search;
mod store;
mod why;

pub(crate) use routes::ROUTES;
