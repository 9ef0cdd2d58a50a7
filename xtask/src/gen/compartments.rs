//! `generated/compartments.rs`: who owns a resource, from R4's CompartmentDefinition/patient.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Definitions, list, text, types, wrap, write};

/// Where a resource names the patient it is about; these parameters and elements come before the others.
const FIRST: [&str; 5] = ["subject", "patient", "beneficiary", "individual", "candidate"];

/// Writes the tables.
pub(super) fn run(definitions: &Definitions) -> Result<(), String> {
    let names = types::names(definitions)?;
    let compartment = definitions.read("compartmentdefinition-patient.json")?;
    let params: HashMap<&str, Vec<&str>> = list(&compartment, "resource")
        .iter()
        .map(|r| (text(r, "code"), list(r, "param").iter().filter_map(Value::as_str).collect()))
        .collect();
    let search = definitions.resources("search-parameters.json")?;

    let mut rows = String::new();
    for name in &names {
        let mut codes: Vec<(usize, &str, Vec<Vec<String>>)> = Vec::new();
        for code in params.get(name.as_str()).into_iter().flatten() {
            let paths = paths(&search, name, code)?;
            let last = paths[0].last().map(String::as_str).unwrap_or_default();
            let rank = FIRST.iter().position(|f| f == code || *f == last).map_or(1, |_| 0);
            codes.push((rank, code, paths));
        }
        codes.sort_by_key(|(rank, _, _)| *rank);
        let mut seen = HashSet::new();
        let plans: Vec<String> = codes
            .iter()
            .flat_map(|(_, _, paths)| paths)
            .filter(|path| seen.insert((*path).clone()))
            .map(|path| format!("&{path:?}"))
            .collect();
        let list: Vec<&str> = codes.iter().map(|(_, code, _)| *code).collect();
        rows.push_str(&format!("    (&{list:?}, &[{}]),\n", plans.join(", ")));
    }

    let profiles = definitions.resources("profiles-resources.json")?;
    let holds: HashSet<&str> =
        profiles.iter().filter(|p| p["kind"] == "resource" && holds(p)).map(|p| text(p, "type")).collect();
    let flags = wrap(names.iter().map(|n| {
        (params.get(n.as_str()).is_some_and(|p| !p.is_empty()) || holds.contains(n.as_str())).to_string()
    }));
    let count = names.len();
    write(
        "compartments.rs",
        &format!(
            "
/// The search parameters that place a type in a patient's compartment, and one element path.
pub(crate) type Row = (&'static [&'static str], &'static [&'static [&'static str]]);

/// By resource type, in the order of their numbers.
#[rustfmt::skip]
pub(crate) static PATIENT: [Row; {count}] = [
{rows}];

/// Can a resource of this type name a patient? In the order of their numbers.
#[rustfmt::skip]
pub(crate) static MAY_HOLD: [bool; {count}] = [{flags}];
"
        ),
    )
}

/// The element paths of a search parameter on one type.
fn paths(search: &[Value], name: &str, code: &str) -> Result<Vec<Vec<String>>, String> {
    let mut paths = Vec::new();
    for parameter in search {
        if text(parameter, "code") != code || !list(parameter, "base").iter().any(|b| b == name) {
            continue;
        }
        for term in text(parameter, "expression").split('|').map(str::trim) {
            let term = term.split(".where(").next().unwrap_or_default();
            let mut steps = term.split('.');
            if steps.next() == Some(name) {
                let path: Vec<String> = steps.map(str::to_owned).collect();
                if path.iter().any(|s| !s.bytes().all(|b| b.is_ascii_alphanumeric())) {
                    return Err(format!("{name}.{code}: the path {term} is not plain"));
                }
                paths.push(path);
            }
        }
    }
    if paths.is_empty() { Err(format!("{name}.{code}: no path")) } else { Ok(paths) }
}

/// Does the definition have an element that can name a patient, a group or any resource, or hold any resource?
fn holds(profile: &Value) -> bool {
    list(&profile["snapshot"], "element").iter().any(|element| {
        let contained = text(element, "path").ends_with(".contained");
        list(element, "type").iter().any(|t| match text(t, "code") {
            "Reference" => {
                let targets = list(t, "targetProfile");
                targets.is_empty()
                    || targets
                        .iter()
                        .filter_map(Value::as_str)
                        .any(|p| matches!(p.rsplit('/').next(), Some("Patient" | "Group" | "Resource")))
            }
            "Resource" => !contained,
            _ => false,
        })
    })
}
