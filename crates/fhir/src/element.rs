//! The elements of R4's types by name: <https://hl7.org/fhir/R4/resourcelist.html>.

use crate::ResourceType;
use crate::generated::elements::{ELEMENT, KINDS, ROOTS};
use crate::validate::table::{E, K, Type};

/// The elements of a resource type, or of a composite type within one.
#[derive(Clone, Copy)]
pub struct Elements(&'static K);

/// An element as a JSON member names it.
#[derive(Clone, Copy)]
pub struct Element {
    /// Its name in paths: without the type of a choice, `value` for `valueQuantity`.
    pub name: &'static str,
    /// What stands in it.
    pub inner: Inner,
}

impl Element {
    /// The elements inside, if it is a composite.
    pub fn elements(self) -> Option<Elements> {
        match self.inner {
            Inner::Elements(elements) => Some(elements),
            Inner::Primitive | Inner::Resource => None,
        }
    }
}

/// What stands in an element.
#[derive(Clone, Copy)]
pub enum Inner {
    /// A primitive.
    Primitive,
    /// A resource of any type.
    Resource,
    /// Elements of its own.
    Elements(Elements),
}

impl Elements {
    /// Those of a resource type.
    pub fn of(rtype: ResourceType) -> Self {
        Self(&KINDS[usize::from(ROOTS[rtype.index()])])
    }

    /// Those beside a primitive, in the member that begins with an underscore.
    pub fn beside_primitive() -> Self {
        Self(&KINDS[usize::from(ELEMENT)])
    }

    /// The name of the type, such as `Patient.contact` or `Reference`.
    pub fn name(self) -> &'static str {
        self.0.0
    }

    /// The element of a JSON member, whose underscore, if it has one, was taken off.
    pub fn find(self, key: &str) -> Option<Element> {
        self.0.find(key).map(|element| self.read(element))
    }

    fn read(self, element: &E) -> Element {
        let choice = usize::from(element.3).checked_sub(1).and_then(|slot| self.0.2.get(slot));
        let inner = match element.kind() {
            Type::Primitive(_) => Inner::Primitive,
            Type::Resource => Inner::Resource,
            Type::Kind(index) => Inner::Elements(Self(&KINDS[usize::from(index)])),
        };
        Element { name: choice.copied().unwrap_or(element.0), inner }
    }

    /// The element of this name in paths; a choice is taken whole.
    fn named(self, name: &str) -> Option<Inner> {
        let choice = self.0.2.contains(&name);
        let found = self.0.3.iter().map(|element| self.read(element)).find(|element| element.name == name)?;
        Some(if choice { Inner::Primitive } else { found.inner })
    }
}

/// Whether `path` is a resource type or the path of one of its elements. Types of choices are not named, nothing is
/// inside a choice or a contained resource, and what every record shows (`id`) is no element here.
pub fn is_path(path: &str) -> bool {
    let mut names = path.split('.');
    let Some(rtype) = names.next().and_then(ResourceType::parse) else { return false };
    let names: Vec<&str> = names.collect();
    if names.first() == Some(&"id") || names.len() > 8 {
        return false;
    }
    let mut at = Inner::Elements(Elements::of(rtype));
    for name in names {
        let Inner::Elements(elements) = at else { return false };
        let Some(inner) = elements.named(name) else { return false };
        at = inner;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_elements_that_there_are() {
        for path in [
            "Patient",
            "Patient.telecom",
            "Patient.contact.name.family",
            "Observation.value",
            "Patient.deceased",
        ] {
            assert!(is_path(path), "{path}");
        }
        for path in [
            "",
            "patient",
            "Patient.",
            "Patient.id",
            "Patient.nothing",
            "Observation.valueQuantity",
            "Observation.value.code",
            "Patient.contained.id",
            "Patient.gender.extension",
            "Patient.resourceType",
        ] {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn a_member_leads_to_its_element() {
        let found = Elements::of(ResourceType::Observation).find("valueQuantity").unwrap();
        assert_eq!(found.name, "value");
        let Inner::Elements(quantity) = found.inner else { panic!("a quantity has elements") };
        assert_eq!(quantity.name(), "Quantity");
        assert!(Elements::of(ResourceType::Observation).find("value").is_none());
    }
}
