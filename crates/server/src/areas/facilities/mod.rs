//! Facilities: which there are, how far each is, how the organization presents itself; and patients who move between them
//! (ADR 0015).

mod error;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
