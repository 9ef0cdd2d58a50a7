//! Whose chart a resource belongs to: <https://hl7.org/fhir/R4/compartmentdefinition-patient.html>.

use crate::generated::compartments::{MAY_HOLD, PATIENT};
use crate::json::{Node, Value};
use crate::{Reference, ResourceType};

/// A type's place in the patient compartment. Every R4 type has an answer; `Parameters`, which R4's definition leaves
/// out, is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compartment {
    /// In the compartment of the patients these search parameters name, the subject's first. For `Patient` itself, the
    /// parameter of its links: a patient is in its own compartment first of all.
    Patient(&'static [&'static str]),
    /// In no patient's compartment.
    None,
}

/// The patient a resource belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The resource is the patient.
    Own,
    /// The patient with this logical id on this server.
    Patient(&'a str),
    /// What this `urn:uuid:` or `urn:oid:` will become in the bundle; it may turn out to be no patient, so ask again
    /// once the bundle's references are rewritten.
    Urn(&'a str),
    /// No local patient.
    Nobody,
}

impl ResourceType {
    /// This type's place in the patient compartment.
    pub fn compartment(self) -> Compartment {
        match PATIENT[self.index()].0 {
            [] => Compartment::None,
            codes => Compartment::Patient(codes),
        }
    }
}

/// Element paths to the references that place a resource in a patient's compartment, the subject's first; none for
/// types outside it. For `Patient`, its links.
pub fn patient_paths(rt: ResourceType) -> &'static [&'static [&'static str]] {
    PATIENT[rt.index()].1
}

/// Can a resource of this type name a patient? True when it is in the patient compartment, or its definition has an
/// element that can refer to a Patient, a Group or any resource, or holds other resources (Bundle, Parameters).
/// Extensions and annotations are not counted. False is a directory type: Organization, Medication, ValueSet.
pub fn may_hold_patient_data(rt: ResourceType) -> bool {
    MAY_HOLD[rt.index()]
}

/// The owner of a resource: along [`patient_paths`] in order, the first reference to a local `Patient/<id>` or to a
/// bundle entry by `urn:`. Absolute URLs, conditional references, identifiers alone and contained resources give none.
pub fn patient_of<'n>(rt: ResourceType, root: &'n Node<'_>) -> Owner<'n> {
    if rt == ResourceType::Patient {
        return Owner::Own;
    }
    patient_paths(rt).iter().find_map(|path| follow(root, path)).unwrap_or(Owner::Nobody)
}

/// The owner named at the end of `path`, through every repetition on the way.
fn follow<'n>(node: &'n Node<'_>, path: &[&str]) -> Option<Owner<'n>> {
    if let Value::Array(items) = &node.value {
        return items.iter().find_map(|item| follow(item, path));
    }
    match path.split_first() {
        Some((step, rest)) => node.get(step).and_then(|next| follow(next, rest)),
        None => match Reference::parse(node.text("reference")?) {
            Reference::Relative { rtype: ResourceType::Patient, id, .. } => Some(Owner::Patient(id)),
            Reference::Urn(urn) => Some(Owner::Urn(urn)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    fn owner(rt: ResourceType, source: &str, expected: Owner<'_>) {
        let root = parse(source.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(patient_of(rt, &root), expected, "{source}");
    }

    #[test]
    fn subject_comes_before_performer() {
        let source = r#"{"performer":[{"reference":"Patient/b"}],"subject":{"reference":"Patient/a"}}"#;
        owner(ResourceType::Observation, source, Owner::Patient("a"));
        let source = r#"{"performer":[{"reference":"Practitioner/x"},{"reference":"Patient/b/_history/3"}]}"#;
        owner(ResourceType::Observation, source, Owner::Patient("b"));
        let source =
            r#"{"policyHolder":{"reference":"Patient/mother"},"beneficiary":{"reference":"Patient/child"}}"#;
        owner(ResourceType::Coverage, source, Owner::Patient("child"));
    }

    #[test]
    fn only_local_patients_own() {
        for other in
            ["Group/g", "https://elsewhere.example/Patient/1", "Patient?identifier=1", "#p", "Patient"]
        {
            let source = format!(r#"{{"subject":{{"reference":"{other}"}}}}"#);
            owner(ResourceType::Condition, &source, Owner::Nobody);
        }
        let urn = "urn:uuid:6a4e5c1c-9f0b-4f43-8f0d-0c6f2d6f1a11";
        let source = format!(r#"{{"subject":{{"reference":"{urn}"}}}}"#);
        owner(ResourceType::Condition, &source, Owner::Urn(urn));
        owner(ResourceType::Patient, "{}", Owner::Own);
        owner(ResourceType::Organization, r#"{"subject":{"reference":"Patient/a"}}"#, Owner::Nobody);
    }

    #[test]
    fn nested_and_repeated_paths() {
        let source =
            r#"{"participant":[{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Patient/p"}}]}"#;
        owner(ResourceType::Appointment, source, Owner::Patient("p"));
    }

    #[test]
    fn every_type_of_the_compartment_has_paths() {
        let mut inside = 0;
        for rt in ResourceType::ALL {
            let none = rt.compartment() == Compartment::None;
            assert_eq!(none, patient_paths(*rt).is_empty(), "{rt}");
            inside += usize::from(!none);
            assert!(none || may_hold_patient_data(*rt), "{rt}");
        }
        assert_eq!(inside, 67, "as many as R4 lists");
    }

    #[test]
    fn directory_types_hold_nobody() {
        use ResourceType::*;
        for rt in [Organization, Practitioner, PractitionerRole, Location, Medication, ValueSet, CodeSystem] {
            assert!(!may_hold_patient_data(rt), "{rt}");
        }
        for rt in [Device, Binary, Bundle, Parameters, Task, Basic, List, Provenance, Group, Person] {
            assert!(may_hold_patient_data(rt), "{rt}");
        }
    }
}
