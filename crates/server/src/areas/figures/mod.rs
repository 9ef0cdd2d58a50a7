//! Figures of facilities: how many, when and where, and never of whom (ADR 0034).

mod model;
mod ops;
mod routes;
mod store;
mod table;

pub(crate) use routes::ROUTES;
