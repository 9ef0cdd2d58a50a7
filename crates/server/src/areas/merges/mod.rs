//! Two records of one person are made one, and two again (ADR 0025). The chart does it; here is who asks, and what is told.

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
pub(crate) use store::list_absorbed;
