//! Reviews of who has access: every post that reaches a facility is kept or ended by somebody else, and the whole is
//! signed (MISSION 56, ADR 0033).

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
