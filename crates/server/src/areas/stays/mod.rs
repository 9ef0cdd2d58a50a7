//! Stays: a patient is admitted, moves between rooms, is away and comes back, is discharged, and is admitted again. Each is
//! one FHIR Encounter of class IMP, changed from the version that its writer saw.

mod error;
mod house;
mod model;
mod ops;
mod routes;
mod view;

pub(crate) use house::{Here, Room, here, moved, rooms};
pub(crate) use ops::is_admitted;
pub(crate) use routes::ROUTES;
