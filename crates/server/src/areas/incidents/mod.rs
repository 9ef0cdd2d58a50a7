//! Incidents: falls, wounds, behaviour. Each is a FHIR AdverseEvent with the tasks that follow from it, written in one
//! transaction; it is closed by finishing its review, itself a task (ADR 0030).

mod error;
mod fhir;
mod model;
mod ops;
mod routes;

pub(crate) use routes::ROUTES;
