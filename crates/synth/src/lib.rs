//! Deterministic synthetic people and records; no IO.
//!
//! Everything is a pure function of `(profile, seed, today)`, and of the hour where one is asked for. Each patient draws from streams of its own, so patient
//! `k` is built without building the patients before it, and charts can be built in parallel.
//!
//! Nobody described here exists. Social security numbers start with 999, telephone numbers use the 555-01xx block,
//! mail addresses end in `example.org` and NPIs start with 9: none of these is ever issued.
//!
//! Resources are FHIR R4 JSON without an `id`. A reference is the `urn:uuid:` of a resource of the same patient that
//! comes earlier in the list, or of a resource of the organization's directory.

mod chart;
mod codes;
mod directory;
mod exam;
mod json;
mod names;
mod person;
mod profile;
mod random;
mod sheet;
mod time;
mod training;
mod world;

pub use exam::Canary;
pub use profile::{FacilityPlan, OrganizationKind, OrganizationPlan, Profile};
pub use sheet::SynthResource;
pub use training::{training, training_corpus};
pub use world::World;
