//! Tables written by `cargo xtask gen` from HL7's R4 definitions.

pub(crate) mod compartments;
pub(crate) mod elements;
pub(crate) mod resource_type;
