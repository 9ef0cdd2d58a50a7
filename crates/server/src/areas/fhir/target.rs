//! What an address names. What cannot exist is not found.

use fhir::ResourceType;
use kernel::{ResourceId, Version};

use crate::http::{Call, Failure};

/// The address of the interface, as the caller reached it.
pub(crate) fn base(call: &Call) -> String {
    format!("{}/fhir/R4", call.origin())
}

/// The type that the part `name` of the path names, if there is such a type for the caller.
///
/// # Errors
/// 404.
pub(super) fn rtype(call: &Call, name: &str) -> Result<ResourceType, Failure> {
    let known = ResourceType::parse(call.param(name)).filter(|rtype| chart::has_type(&call.ctx, *rtype));
    known.ok_or_else(unknown)
}

/// As [`rtype`], for records asked for by whose they are.
///
/// # Errors
/// 404.
pub(super) fn rtype_of_patient(call: &Call, name: &str) -> Result<ResourceType, Failure> {
    let rtype = rtype(call, name)?;
    if chart::has_compartment(&call.ctx, rtype) { Ok(rtype) } else { Err(unknown()) }
}

fn unknown() -> Failure {
    Failure::new(404, "not-supported", "no such resource type")
}

/// The id in the path. Ours are UUIDs in lower case; no other text names a resource, nor does another spelling.
///
/// # Errors
/// 404.
pub(super) fn id(call: &Call) -> Result<ResourceId, Failure> {
    let text = call.param("id");
    text.parse().ok().filter(|id: &ResourceId| id.to_string() == text).ok_or_else(Failure::unlisted)
}

/// The type and id in the path.
///
/// # Errors
/// 404.
pub(super) fn instance(call: &Call) -> Result<(ResourceType, ResourceId), Failure> {
    Ok((rtype(call, "type")?, id(call)?))
}

/// The version in the path.
///
/// # Errors
/// 404.
pub(super) fn version(call: &Call) -> Result<Version, Failure> {
    let text = call.param("vid");
    text.parse().ok().filter(|version: &Version| version.to_string() == text).ok_or_else(Failure::unlisted)
}
