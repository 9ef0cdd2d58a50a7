//! `generated/elements.rs`: what may stand where, from R4's StructureDefinitions.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::{Definitions, list, text, types, wrap, write};

/// Primitive types in the order of `fhir::validate::Primitive`.
const PRIMITIVES: [&str; 20] = [
    "base64Binary",
    "boolean",
    "canonical",
    "code",
    "date",
    "dateTime",
    "decimal",
    "id",
    "instant",
    "integer",
    "markdown",
    "oid",
    "positiveInt",
    "string",
    "time",
    "unsignedInt",
    "uri",
    "url",
    "uuid",
    "xhtml",
];
/// Type code of "any resource".
const RESOURCE: usize = 100;
/// Type codes of composites start here.
const KINDS: usize = 128;

/// A numbered set of distinct lists; number 0 is the empty one.
struct Pool<T>(Vec<Vec<T>>);

impl<T: PartialEq> Pool<T> {
    fn number(&mut self, list: Vec<T>) -> usize {
        self.0.iter().position(|l| *l == list).unwrap_or_else(|| {
            self.0.push(list);
            self.0.len() - 1
        })
    }
}

/// Everything being gathered.
struct Tables {
    /// Resource type to its number.
    types: HashMap<String, usize>,
    /// Composite to its index: a type's name, or the path of a nested element.
    kinds: HashMap<String, usize>,
    /// Value set to its codes, where they can be listed.
    sets: HashMap<String, Vec<String>>,
    codes: Pool<String>,
    targets: Pool<usize>,
}

/// Writes the tables.
pub(super) fn run(definitions: &Definitions) -> Result<(), String> {
    let names = types::names(definitions)?;
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut profiles: Vec<(String, Value)> = Vec::new();
    for file in ["profiles-types.json", "profiles-resources.json"] {
        for profile in definitions.resources(file)? {
            let name = text(&profile, "name").to_owned();
            let wanted = match text(&profile, "kind") {
                "complex-type" => true,
                "resource" => known.contains(name.as_str()),
                _ => false,
            };
            if wanted && profile["resourceType"] == "StructureDefinition" {
                profiles.push((name, profile));
            }
        }
    }
    profiles.sort_by(|a, b| a.0.cmp(&b.0));

    let mut order: Vec<(String, &str, Vec<&Value>)> = Vec::new();
    for (name, profile) in &profiles {
        let mut groups: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for element in list(&profile["snapshot"], "element") {
            if let Some((parent, _)) = text(element, "path").rsplit_once('.') {
                groups.entry(parent).or_default().push(element);
            }
        }
        let root = text(profile, "type");
        for (path, children) in groups {
            let kind = if path == root { name.clone() } else { path.to_owned() };
            order.push((kind, path, children));
        }
    }

    let mut tables = Tables {
        types: names.iter().enumerate().map(|(i, n)| (n.clone(), i + 1)).collect(),
        kinds: order.iter().enumerate().map(|(i, (kind, _, _))| (kind.clone(), i)).collect(),
        sets: sets(&definitions.resources("valuesets.json")?),
        codes: Pool(vec![Vec::new()]),
        targets: Pool(vec![Vec::new()]),
    };
    let mut kinds = String::new();
    for (kind, path, children) in &order {
        kinds.push_str(&tables.kind(kind, path, children)?);
    }
    let roots = wrap(names.iter().map(|n| tables.kinds[n].to_string()));
    let codes: String = tables
        .codes
        .0
        .iter()
        .map(|c| format!("&[{}],\n", wrap(c.iter().map(|c| format!("{c:?}")))))
        .collect();
    let targets: String =
        tables.targets.0.iter().map(|t| format!("&[{}],\n", wrap(t.iter().map(usize::to_string)))).collect();
    let extension = tables.kinds["Extension"];
    let element = tables.kinds["Element"];
    write(
        "elements.rs",
        &format!(
            "
use crate::validate::table::{{E, K}};

/// The index of Extension in [`KINDS`].
pub(crate) const EXTENSION: u16 = {extension};

/// The index of Element (what stands beside a primitive) in [`KINDS`].
pub(crate) const ELEMENT: u16 = {element};

/// The kind of each resource type, in the order of their numbers.
#[rustfmt::skip]
pub(crate) static ROOTS: [u16; {}] = [{roots}];

/// Composite types: name, slots that must be filled, names of choices, elements by length of name, then name.
#[rustfmt::skip]
pub(crate) static KINDS: [K; {}] = [
{kinds}];

/// Codes of required bindings, sorted; list 0 means any code.
#[rustfmt::skip]
pub(crate) static CODES: [&[&str]; {}] = [
{codes}];

/// Resource types (by number) a reference may name; list 0 means any.
#[rustfmt::skip]
pub(crate) static TARGETS: [&[i16]; {}] = [
{targets}];
",
            names.len(),
            order.len(),
            tables.codes.0.len(),
            tables.targets.0.len(),
        ),
    )
}

impl Tables {
    /// One row of `KINDS`.
    fn kind(&mut self, kind: &str, path: &str, children: &[&Value]) -> Result<String, String> {
        let resource = self.types.contains_key(kind);
        let mut choices: Vec<&str> = Vec::new();
        let mut required: Vec<usize> = Vec::new();
        let mut slots: Vec<usize> = Vec::new();
        for child in children {
            let name = &text(child, "path")[path.len() + 1..];
            if let Some(choice) = name.strip_suffix("[x]") {
                choices.push(choice);
            }
        }
        let mut next = choices.len();
        let mut choice = 0;
        for child in children {
            let must = child["min"].as_u64().unwrap_or(0) > 0;
            let slot = if text(child, "path").ends_with("[x]") {
                choice += 1;
                choice
            } else if must {
                next += 1;
                next
            } else {
                0
            };
            if must {
                required.push(slot);
            }
            slots.push(slot);
        }
        if next >= 64 {
            return Err(format!("{kind}: too many slots"));
        }
        let mut rows: Vec<(String, String)> = Vec::new();
        for (child, slot) in children.iter().zip(slots) {
            self.element(resource, path, child, slot, &mut rows)?;
        }
        // By length first: most comparisons of the search then look at no text.
        rows.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(&b.0)));
        let mask = required.iter().fold(0_u64, |mask, slot| mask | 1 << slot);
        let elements = wrap(rows.into_iter().map(|(_, row)| row));
        Ok(format!("K({kind:?}, {mask:#x}, &{choices:?}, &[{elements}]),\n"))
    }

    /// The rows of one element: one, or one for each type of a choice.
    fn element(
        &mut self,
        resource: bool,
        parent: &str,
        element: &Value,
        slot: usize,
        rows: &mut Vec<(String, String)>,
    ) -> Result<(), String> {
        let path = text(element, "path");
        let max = text(element, "max");
        if max == "0" {
            return Ok(());
        }
        let many = usize::from(max != "1");
        let name = &path[parent.len() + 1..];
        if let Some(target) = element["contentReference"].as_str() {
            let kind = self.kinds.get(&target[1..]).ok_or_else(|| format!("{path}: {target}"))? + KINDS;
            rows.push((name.to_owned(), format!("E({name:?}, {kind}, {many}, {slot}, 0, 0)")));
            return Ok(());
        }
        for kind in list(element, "type") {
            let code = text(kind, "code");
            let (ty, word) = self.code(resource, path, element, kind)?;
            let name = match name.strip_suffix("[x]") {
                Some(stem) => format!("{stem}{}{}", code[..1].to_uppercase(), &code[1..]),
                None => name.to_owned(),
            };
            let codes = if word == "code" { self.binding(element) } else { 0 };
            let targets = if word == "Reference" { self.reference(kind) } else { 0 };
            let row = format!("E({name:?}, {ty}, {many}, {slot}, {codes}, {targets})");
            rows.push((name, row));
        }
        Ok(())
    }

    /// The type code of an element, and the FHIR name of that type.
    fn code<'v>(
        &self,
        resource: bool,
        path: &str,
        element: &Value,
        kind: &'v Value,
    ) -> Result<(usize, &'v str), String> {
        let mut code = text(kind, "code");
        if code.starts_with("http://hl7.org/fhirpath/") {
            code = list(kind, "extension").first().map_or("string", |e| text(e, "valueUrl"));
            if resource && element["base"]["path"] == "Resource.id" {
                code = "id";
            }
        }
        if let Some(primitive) = PRIMITIVES.iter().position(|p| *p == code) {
            return Ok((primitive, code));
        }
        // R4 says Resource for Bundle.entry.response.outcome, where the package says OperationOutcome.
        if code == "Resource" || self.types.contains_key(code) {
            return Ok((RESOURCE, code));
        }
        let profile = list(kind, "profile").first().and_then(Value::as_str).unwrap_or_default();
        let name = match profile.rsplit('/').next() {
            _ if self.kinds.contains_key(path) && matches!(code, "BackboneElement" | "Element") => path,
            Some(profiled @ ("SimpleQuantity" | "MoneyQuantity")) if code == "Quantity" => profiled,
            _ => code,
        };
        let kind = self.kinds.get(name).ok_or_else(|| format!("{path}: no type {name}"))?;
        Ok((kind + KINDS, code))
    }

    /// The list of codes of a required binding, where it can be listed.
    fn binding(&mut self, element: &Value) -> usize {
        let binding = &element["binding"];
        if binding["strength"] != "required" {
            return 0;
        }
        let set = text(binding, "valueSet").split('|').next().unwrap_or_default();
        self.sets.get(set).cloned().map_or(0, |codes| self.codes.number(codes))
    }

    /// The list of types a reference may name.
    fn reference(&mut self, kind: &Value) -> usize {
        let mut targets: Vec<usize> = Vec::new();
        for profile in list(kind, "targetProfile").iter().filter_map(Value::as_str) {
            match profile.rsplit('/').next().and_then(|name| self.types.get(name)) {
                Some(number) => targets.push(*number),
                None => return 0,
            }
        }
        targets.sort_unstable();
        self.targets.number(targets)
    }
}

/// The value sets whose codes can be listed.
fn sets(resources: &[Value]) -> HashMap<String, Vec<String>> {
    let systems: HashMap<&str, &Value> = resources
        .iter()
        .filter(|r| r["resourceType"] == "CodeSystem" && r["content"] == "complete")
        .map(|r| (text(r, "url"), r))
        .collect();
    let mut sets = HashMap::new();
    for set in resources.iter().filter(|r| r["resourceType"] == "ValueSet") {
        if !list(&set["compose"], "exclude").is_empty() {
            continue;
        }
        let includes = list(&set["compose"], "include");
        let mut codes = Vec::new();
        let complete = includes.iter().all(|include| {
            let listed = list(include, "concept");
            if !list(include, "filter").is_empty() || !list(include, "valueSet").is_empty() {
                return false;
            }
            if !listed.is_empty() {
                gather(listed, &mut codes);
                return true;
            }
            match systems.get(text(include, "system")) {
                Some(system) => {
                    gather(list(system, "concept"), &mut codes);
                    true
                }
                None => false,
            }
        });
        if complete && !codes.is_empty() {
            codes.sort_unstable();
            codes.dedup();
            sets.insert(text(set, "url").to_owned(), codes);
        }
    }
    sets
}

/// The codes of a concept tree.
fn gather(concepts: &[Value], codes: &mut Vec<String>) {
    for concept in concepts {
        codes.push(text(concept, "code").to_owned());
        gather(list(concept, "concept"), codes);
    }
}
