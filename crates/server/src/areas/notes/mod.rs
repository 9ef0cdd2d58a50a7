//! Notes: templates, unfinished notes, and signed ones, which never change (ADR 0023).
//!
//! A template is a FHIR Questionnaire, a signed note a Composition over a QuestionnaireResponse; only what is unfinished
//! is a row of our own.

mod error;
mod fhir;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use fhir::POST;
pub(crate) use ops::{Memory, patient_names};
pub(crate) use routes::ROUTES;
