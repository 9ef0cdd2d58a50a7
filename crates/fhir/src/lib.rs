//! FHIR R4: parsing, search, compartments, validation, bundles; no IO, knows no tenant.

pub mod bundle;
pub mod compartment;
pub mod element;
mod generated;
pub mod json;
pub mod outcome;
pub mod reference;
mod resource_type;
pub mod search;
pub mod stamp;
pub mod validate;

pub use compartment::{Compartment, Owner};
pub use reference::Reference;
pub use resource_type::ResourceType;
