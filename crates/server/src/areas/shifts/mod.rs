//! The shift: who is here and what is due, and what is handed over at its end (ADR 0030).
//!
//! What is handed over of a resident is a Communication of theirs; a row of ours says of which shift it is, who signed it
//! and who received it. Nothing unfinished is kept: the draft is what happened, and is made anew whenever it is asked for.

mod error;
mod fhir;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use ops::entered;
pub(crate) use routes::ROUTES;
