//! Tasks: care that is due for a patient (FHIR Task). One that comes again makes the next when it is finished, in the same
//! transaction, so that of what repeats there is one open task and no calendar to keep (ADR 0030).

mod error;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use model::{Again, TaskView, Wanted, instant};
pub(crate) use ops::{about, finish, open_at, who};
pub(crate) use routes::ROUTES;
