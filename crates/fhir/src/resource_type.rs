//! The resource types of R4: <https://hl7.org/fhir/R4/valueset-resource-types.html>.

use std::fmt;
use std::str::FromStr;

pub use crate::generated::resource_type::ResourceType;
use crate::generated::resource_type::{ALL, NAMES};

/// The text names no concrete R4 resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a resource type of FHIR R4")]
pub struct UnknownResourceType;

impl ResourceType {
    /// Every type, in the order of [`ResourceType::code`].
    pub const ALL: &'static [ResourceType] = &ALL;

    /// The name as FHIR writes it.
    pub fn as_str(self) -> &'static str {
        NAMES[self.index()]
    }

    /// The type called `name`, case-sensitive; abstract types (`Resource`, `DomainResource`) are none.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.binary_search(&name).ok().map(|i| ALL[i])
    }

    /// The number this type is stored under: its place, from 1, among R4's types in alphabetical order.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The type stored under `code`.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|c| c.checked_sub(1)).and_then(|i| ALL.get(i)).copied()
    }

    /// The place of this type in tables ordered like [`ResourceType::ALL`].
    pub(crate) fn index(self) -> usize {
        usize::from(self as u16) - 1
    }
}

impl FromStr for ResourceType {
    type Err = UnknownResourceType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name).ok_or(UnknownResourceType)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable() {
        for (name, code) in [
            ("Account", 1),
            ("Bundle", 12),
            ("Encounter", 44),
            ("Observation", 96),
            ("Patient", 103),
            ("VisionPrescription", 146),
        ] {
            assert_eq!(ResourceType::parse(name).map(ResourceType::code), Some(code), "{name}");
        }
        assert_eq!(ResourceType::ALL.len(), 146);
    }

    #[test]
    fn names_and_numbers_lead_back() {
        for (i, rt) in ResourceType::ALL.iter().enumerate() {
            assert_eq!(rt.index(), i);
            assert_eq!(ResourceType::from_code(rt.code()), Some(*rt));
            assert_eq!(rt.as_str().parse(), Ok(*rt));
            assert_eq!(format!("{rt:?}"), rt.to_string());
        }
        for code in [0, -1, 147, i16::MIN, i16::MAX] {
            assert_eq!(ResourceType::from_code(code), None);
        }
        for name in ["Resource", "DomainResource", "patient", "", "Patient ", "SubscriptionStatus"] {
            assert_eq!(ResourceType::parse(name), None, "{name}");
        }
    }
}
