//! `generated/resource_type.rs`: the resource types of R4 and their numbers.

use super::{Definitions, list, text, wrap, write};

/// Writes the enumeration.
pub(super) fn run(definitions: &Definitions) -> Result<(), String> {
    let names = names(definitions)?;
    let variants: String =
        names.iter().enumerate().map(|(i, name)| format!("    {name} = {},\n", i + 1)).collect();
    let all = wrap(names.iter().map(|name| format!("ResourceType::{name}")));
    let texts = wrap(names.iter().map(|name| format!("{name:?}")));
    let count = names.len();
    write(
        "resource_type.rs",
        &format!(
            "
/// The concrete resource types of FHIR R4 (4.0.1). The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
#[expect(missing_docs, reason = \"each variant is a resource type of FHIR R4, named as there\")]
pub enum ResourceType {{
{variants}}}

/// In the order of their numbers.
#[rustfmt::skip]
pub(crate) static ALL: [ResourceType; {count}] = [{all}];

/// Their names, in the same order, which is also byte order.
#[rustfmt::skip]
pub(crate) static NAMES: [&str; {count}] = [{texts}];
"
        ),
    )
}

/// The concrete resource types of R4 in byte order. (The definitions package also carries the R4B `SubscriptionStatus`;
/// the code system of R4 does not.)
pub(super) fn names(definitions: &Definitions) -> Result<Vec<String>, String> {
    let resources = definitions.resources("valuesets.json")?;
    let system = resources
        .iter()
        .find(|r| r["resourceType"] == "CodeSystem" && r["url"] == "http://hl7.org/fhir/resource-types")
        .ok_or("no code system of resource types")?;
    let mut names: Vec<String> = list(system, "concept")
        .iter()
        .map(|concept| text(concept, "code").to_owned())
        .filter(|code| code != "Resource" && code != "DomainResource")
        .collect();
    names.sort_unstable();
    Ok(names)
}
