//! What stands between a record and its end: holds for legal matters, restriction, and erasure by two people (MISSION 55,
//! ADR 0040). Restriction is what comes first and can be lifted; erasure destroys the patient's keys and takes away what is
//! not sealed with them.

mod error;
mod jobs;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use jobs::always;
pub(crate) use routes::ROUTES;
