//! What the R4 StructureDefinitions say about elements: their types, choices, reference targets and code systems.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::branch::Seg;

/// One type an element may have.
#[derive(Clone, Debug)]
struct TypeRef {
    code: String,
    targets: Vec<String>,
}

#[derive(Debug, Default)]
struct Element {
    types: Vec<TypeRef>,
    /// `contentReference`: the path whose children this element has.
    same_as: Option<String>,
    choice: bool,
    value_set: Option<String>,
}

/// Elements by path, resource types, and the system of each value set that has exactly one.
#[derive(Default)]
pub(super) struct Model {
    elements: BTreeMap<String, Element>,
    systems: BTreeMap<String, String>,
    /// The concrete resource types, in order.
    pub(super) resources: BTreeSet<String>,
}

/// A member to enter, and the condition its items meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// The JSON member, the type of a choice included (`valueQuantity`).
    pub(super) name: String,
    /// The condition.
    pub(super) guard: Guard,
}

/// A condition on the items of a member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    Any,
    First,
    Equals(String, String),
}

/// Where a branch ends: the members on the way, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    /// The way.
    pub(super) steps: Vec<Step>,
    /// FHIR type, or the path of a backbone element.
    pub(super) type_code: String,
    /// Types a Reference or canonical may point to; `Resource` for any.
    pub(super) targets: Vec<String>,
    /// The one code system of a `code`, where its value set has one.
    pub(super) system: Option<String>,
}

pub(super) fn read(path: &Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))
}

pub(super) fn resources(bundle: &Value) -> impl Iterator<Item = &Value> {
    bundle["entry"].as_array().into_iter().flatten().map(|e| &e["resource"])
}

pub(super) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Model {
    /// Reads the definitions of types, resources and value sets.
    pub(super) fn load(dir: &Path) -> Result<Model, String> {
        let mut model = Model::default();
        for file in ["profiles-types.json", "profiles-resources.json"] {
            let bundle = read(&dir.join(file))?;
            for resource in resources(&bundle).filter(|r| r["resourceType"] == "StructureDefinition") {
                model.structure(resource);
            }
        }
        for resource in resources(&read(&dir.join("valuesets.json"))?) {
            let include = resource["compose"]["include"].as_array().map_or(&[][..], Vec::as_slice);
            if let (Some(url), [one]) = (resource["url"].as_str(), include)
                && let Some(system) = one["system"].as_str()
            {
                model.systems.insert(url.to_owned(), system.to_owned());
            }
        }
        Ok(model)
    }

    fn structure(&mut self, definition: &Value) {
        if definition["kind"] == "resource"
            && definition["abstract"] == false
            && definition["derivation"] == "specialization"
            && let Some(name) = definition["type"].as_str()
            // A type of R4B that the package carries along.
            && name != "SubscriptionStatus"
        {
            self.resources.insert(name.to_owned());
        }
        for element in definition["snapshot"]["element"].as_array().into_iter().flatten() {
            let Some(path) = element["path"].as_str() else { continue };
            let types = element["type"].as_array().into_iter().flatten().map(|t| TypeRef {
                code: t["code"].as_str().unwrap_or_default().to_owned(),
                targets: strings(&t["targetProfile"])
                    .iter()
                    .map(|p| p.rsplit('/').next().unwrap_or_default().to_owned())
                    .collect(),
            });
            let plain = path.trim_end_matches("[x]");
            let entry = Element {
                types: types.collect(),
                same_as: element["contentReference"].as_str().map(|r| r.trim_start_matches('#').to_owned()),
                choice: path.ends_with("[x]"),
                value_set: element["binding"]["valueSet"]
                    .as_str()
                    .map(|v| v.split('|').next().unwrap_or(v).to_owned()),
            };
            self.elements.entry(plain.to_owned()).or_insert(entry);
        }
    }

    /// Follows `segs` from `start` (a type or the path of a backbone element) to every leaf.
    pub(super) fn follow(&self, start: &str, segs: &[Seg]) -> Result<Vec<Leaf>, String> {
        let root = Leaf { steps: Vec::new(), type_code: start.to_owned(), targets: Vec::new(), system: None };
        let mut leaves = vec![root];
        for seg in segs {
            match seg {
                Seg::Name(name) => {
                    let mut next = Vec::new();
                    for leaf in &leaves {
                        self.enter(leaf, name, &mut next)?;
                    }
                    leaves = next;
                }
                // This very type, as the definitions' XPath has it: `ofType(uri)` leaves canonicals out, which FHIRPath's
                // subtyping would let in (ConceptMap source-uri and target-uri).
                Seg::OfType(t) => leaves.retain(|l| l.type_code == *t),
                Seg::First => guard(&mut leaves, &Guard::First),
                Seg::Equals(member, value) => {
                    guard(&mut leaves, &Guard::Equals(member.clone(), value.clone()));
                }
                Seg::Is(_) => {}
            }
        }
        if leaves.is_empty() {
            return Err(format!("nothing is left of {start}: {segs:?}"));
        }
        Ok(leaves)
    }

    fn enter(&self, leaf: &Leaf, name: &str, next: &mut Vec<Leaf>) -> Result<(), String> {
        let path = format!("{}.{name}", leaf.type_code);
        let element = self.elements.get(&path).ok_or_else(|| format!("no element {path}"))?;
        let mut push = |member: String, type_code: String, targets: Vec<String>| {
            let mut steps = leaf.steps.clone();
            steps.push(Step { name: member, guard: Guard::Any });
            let set = element.value_set.as_ref().filter(|_| type_code == "code");
            let system = set.and_then(|v| self.systems.get(v)).cloned();
            next.push(Leaf { steps, type_code, targets, system });
        };
        if let Some(same) = &element.same_as {
            push(name.to_owned(), same.clone(), Vec::new());
        }
        for t in &element.types {
            let member = if element.choice { format!("{name}{}", capital(&t.code)) } else { name.to_owned() };
            let type_code = match t.code.as_str() {
                "BackboneElement" | "Element" => path.clone(),
                code => code.rsplit('/').next().unwrap_or(code).to_owned(),
            };
            push(member, type_code, t.targets.clone());
        }
        Ok(())
    }
}

fn guard(leaves: &mut [Leaf], guard: &Guard) {
    for leaf in leaves {
        if let Some(step) = leaf.steps.last_mut() {
            step.guard = guard.clone();
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
