//! Which elements a parameter reads.

use super::table::{self, Form, Guard, Level};
use super::{Param, PathId, tables};
use crate::ResourceType;
use crate::element::{Elements, Inner};

/// The paths of the elements that `param` reads in a resource of this type, those it compares by the way among them.
/// None for parameters that no path answers.
pub fn reads(rt: ResourceType, param: &Param) -> Vec<String> {
    let root = Place { path: rt.as_str().to_owned(), elements: Some(Elements::of(rt)) };
    let mut paths = Vec::new();
    let mut ends = Vec::new();
    for level in [&table::of(rt).level, &tables::COMMON.level] {
        collect(level, &root, Some(param.paths), &mut paths, &mut ends);
    }
    collect(&param.elements, &root, None, &mut paths, &mut ends);
    let elements = std::mem::take(&mut ends);
    for component in param.components {
        let starts = if component.absolute { std::slice::from_ref(&root) } else { elements.as_slice() };
        for start in starts {
            collect(&component.level, start, None, &mut paths, &mut ends);
        }
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// An element on the way.
#[derive(Clone)]
struct Place {
    path: String,
    elements: Option<Elements>,
}

impl Place {
    fn member(&self, key: &str) -> Self {
        let found = self.elements.and_then(|elements| elements.find(key));
        let name = found.map_or(key, |found| found.name);
        let elements = match found.map(|found| found.inner) {
            Some(Inner::Elements(inner)) => Some(inner),
            _ => None,
        };
        Self { path: [&self.path, ".", name].concat(), elements }
    }
}

/// Adds what the level reads of `wanted`, or of anything, and the places where it reads; says whether it reads at all.
fn collect(
    level: &Level,
    at: &Place,
    wanted: Option<&[PathId]>,
    paths: &mut Vec<String>,
    ends: &mut Vec<Place>,
) -> bool {
    let mut any = false;
    for emit in level.emits.iter().filter(|emit| wanted.is_none_or(|wanted| wanted.contains(&emit.path))) {
        any = true;
        match emit.form {
            // What a composite looks into is read by its components.
            Form::Element => {}
            Form::Deceased => paths.push([&at.path, ".deceased"].concat()),
            _ => paths.push(at.path.clone()),
        }
        ends.push(at.clone());
    }
    for step in level.steps {
        let next = at.member(step.name);
        if collect(&step.next, &next, wanted, paths, ends) {
            any = true;
            if let Guard::Equals(key, _) = step.guard {
                paths.push(next.member(key).path);
            }
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{param, params};

    fn check(rt: ResourceType, code: &str, expected: &[&str]) {
        assert_eq!(reads(rt, param(rt, code).unwrap()), expected, "{rt} {code}");
    }

    #[test]
    fn parameters_read_their_elements() {
        check(ResourceType::Patient, "family", &["Patient.name.family"]);
        check(ResourceType::Patient, "phone", &["Patient.telecom", "Patient.telecom.system"]);
        check(ResourceType::Patient, "deceased", &["Patient.deceased"]);
        check(ResourceType::Patient, "_tag", &["Patient.meta.tag"]);
        check(ResourceType::Observation, "value-quantity", &["Observation.value"]);
        check(ResourceType::Observation, "code-value-quantity", &["Observation.code", "Observation.value"]);
    }

    #[test]
    fn no_parameter_reads_nothing() {
        for rt in ResourceType::ALL {
            let told = |param: &&'static Param| !param.paths.is_empty() || !param.components.is_empty();
            for param in params(*rt).filter(told) {
                assert!(!reads(*rt, param).is_empty(), "{rt} {}", param.code);
            }
        }
    }
}
