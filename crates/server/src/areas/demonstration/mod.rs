//! The people of the demonstration, whom whoever tries the program chooses among to look through their eyes (ADR 0026).
//! They exist where `lamplight serve --demo` made them, and nobody signs in as one anywhere else.

mod cast;
mod ops;
mod routes;
mod store;

pub(crate) use ops::{Demonstration, House, Resident, settle};
pub(crate) use routes::ROUTES;
