//! Properties of the projection and of its inverse, on generated records.

use std::sync::OnceLock;

use fhir::json::{Limits, Member, Node, Value, parse};
use fhir::stamp::stamp;
use kernel::PatientId;
use policy::fields::{Fields, Shared};
use proptest::prelude::*;

use super::project;
use crate::merge::join;

const PATHS: [&str; 16] = [
    "Patient.telecom",
    "Patient.name.family",
    "Patient.contact.telecom",
    "Patient.birthDate",
    "Patient.deceased",
    "Patient.text",
    "Observation.value",
    "Observation.code.text",
    "Observation.component.code",
    "Observation.meta",
    "Condition",
    "Condition.code.coding.display",
    "Practitioner.qualification",
    "Encounter.participant.individual",
    "MedicationRequest.dosageInstruction.doseAndRate.dose",
    "Coverage.payor",
];
const PATIENT: PatientId = PatientId(uuid::Uuid::from_u128(7));

/// A few records of every type, each with an id and a version.
fn samples() -> &'static Vec<String> {
    static SAMPLES: OnceLock<Vec<String>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let all = synth::training(7, 4);
        // Contained resources and links have tests of their own.
        let plain = all.values().flatten().filter(|text| !text.contains("\"contained\""));
        let texts = plain.map(|text| {
            // A link that leads nowhere is one that no rule is about.
            let text = text.replace("\"reference\":\"", "\"reference\":\"urn:uuid:0");
            let root = parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|fault| panic!("{fault}"));
            let stamped = stamp(text.as_bytes(), &root, "1", "3", "2026-01-01T00:00:00Z").unwrap();
            String::from_utf8(stamped).unwrap()
        });
        texts.collect()
    })
}

fn fields(hidden: &[&str], shared: Option<&[&str]>) -> Option<Fields> {
    let shared = shared.map(|paths| {
        let mut shared = Shared::nothing(false);
        shared.only(PATIENT, paths.iter().copied());
        shared
    });
    Fields::new(hidden.iter().copied(), shared)
}

/// Every leaf of a document with the names that lead to it.
fn leaves(node: &Node<'_>, path: &str, out: &mut Vec<(String, String)>) {
    match &node.value {
        Value::Object(members) => {
            for member in members {
                leaves(&member.value, &format!("{path}.{}", member.key), out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, out)),
        Value::Null => out.push((path.to_owned(), "null".to_owned())),
        Value::Bool(value) => out.push((path.to_owned(), value.to_string())),
        Value::Number(text) => out.push((path.to_owned(), (*text).to_owned())),
        Value::String(text) => out.push((path.to_owned(), text.to_string())),
    }
}

fn leaves_of(text: &[u8]) -> Vec<(String, String)> {
    let root = parse(text, &Limits::default()).unwrap_or_else(|fault| panic!("{fault}"));
    let mut out = Vec::new();
    leaves(&root, root.text("resourceType").unwrap(), &mut out);
    out.sort();
    out
}

/// Whether `path`, by its JSON names, lies in the element `element`: by hand, without FHIR's tables.
fn lies_in(path: &str, element: &str) -> bool {
    let mut names = path.split('.');
    element.split('.').all(|wanted| {
        names.next().is_some_and(|name| {
            let name = name.trim_start_matches('_');
            let rest = name.strip_prefix(wanted);
            rest.is_some_and(|rest| {
                rest.is_empty() || (wanted != "code" && rest.starts_with(char::is_uppercase))
            })
        })
    })
}

/// Whether every write sets it anew.
fn moves(path: &str) -> bool {
    path.ends_with(".meta.versionId") || path.ends_with(".meta.lastUpdated")
}

/// The naive reading of the rules.
fn is_seen(path: &str, hidden: &[&str], shared: Option<&[&str]>) -> bool {
    let rtype = path.split('.').next().unwrap();
    let name = path.split('.').nth(1).unwrap_or_default();
    let partly = hidden.iter().any(|one| one.starts_with(&format!("{rtype}.")));
    if matches!(name, "resourceType" | "id") {
        return true;
    }
    if moves(path) || (name == "text" && partly) || hidden.iter().any(|one| lies_in(path, one)) {
        return false;
    }
    shared.is_none_or(|shared| shared.iter().any(|one| lies_in(path, one)))
}

/// The document with other white space, its members the other way round and its hidden strings changed.
fn disguised(node: &Node<'_>, path: &str, hidden: &[&str], out: &mut String) {
    match &node.value {
        Value::Object(members) => {
            out.push_str("{ ");
            let kept: Vec<&Member<'_>> = members.iter().rev().collect();
            for (index, member) in kept.iter().enumerate() {
                out.push_str(if index > 0 { ",\n" } else { "" });
                out.push_str(&fhir::json::quote(&member.key));
                out.push_str(" : ");
                disguised(&member.value, &format!("{path}.{}", member.key), hidden, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { " , " } else { "" });
                disguised(item, path, hidden, out);
            }
            out.push(']');
        }
        Value::String(text) => {
            let seen = is_seen(path, hidden, None);
            out.push_str(&fhir::json::quote(if seen { text } else { "changed" }));
        }
        Value::Number(text) => out.push_str(if is_seen(path, hidden, None) { text } else { "12345" }),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_projection_is_the_naive_one(
        at in any::<prop::sample::Index>(),
        hidden in prop::sample::subsequence(&PATHS[..], 0..6),
        shared in prop::option::of(prop::sample::subsequence(&PATHS[..], 0..12)),
    ) {
        let sample = at.get(samples()).as_bytes();
        let Some(fields) = fields(&hidden, shared.as_deref()) else { return Ok(()) };
        let rtype = leaves_of(sample)[0].0.split('.').next().unwrap().to_owned();
        let seen = project(fields.view(Some(PATIENT)), sample);
        let is_there = !hidden.contains(&rtype.as_str()) && shared.as_ref().is_none_or(|shared| {
            rtype == "Patient" || shared.iter().any(|one| one.split('.').next() == Some(&rtype))
        });
        prop_assert_eq!(seen.is_some(), is_there);
        let Some(seen) = seen else { return Ok(()) };
        let mut expected = leaves_of(sample);
        expected.retain(|(path, _)| is_seen(path, &hidden, shared.as_deref()));
        prop_assert_eq!(leaves_of(&seen), expected);
        let text = String::from_utf8(seen.clone()).unwrap();
        prop_assert!(!text.contains("{}") && !text.contains("[]"), "nothing is left empty");
        prop_assert_eq!(project(fields.view(Some(PATIENT)), &seen), Some(seen), "twice is once");
    }

    #[test]
    fn what_differs_in_hidden_elements_alone_is_the_same_bytes(
        at in any::<prop::sample::Index>(),
        hidden in prop::sample::subsequence(&PATHS[..], 1..8),
    ) {
        let sample = at.get(samples()).as_bytes();
        let fields = fields(&hidden, None).unwrap();
        let root = parse(sample, &Limits::default()).unwrap_or_else(|fault| panic!("{fault}"));
        let mut other = String::new();
        disguised(&root, root.text("resourceType").unwrap(), &hidden, &mut other);
        prop_assert_eq!(project(fields.view(None), sample), project(fields.view(None), other.as_bytes()));
    }

    #[test]
    fn what_was_not_seen_comes_back(
        at in any::<prop::sample::Index>(),
        hidden in prop::sample::subsequence(&PATHS[..], 1..8),
    ) {
        let sample = at.get(samples()).as_bytes();
        let fields = fields(&hidden, None).unwrap();
        let Some(seen) = project(fields.view(None), sample) else { return Ok(()) };
        let (sent, stored) = (parse(&seen, &Limits::default()), parse(sample, &Limits::default()));
        let (Ok(sent), Ok(stored)) = (sent, stored) else { panic!("JSON") };
        let joined = join(fields.view(None), &sent, &stored);
        let mut expected = leaves_of(sample);
        expected.retain(|(path, _)| !moves(path));
        let mut found = leaves_of(&joined);
        found.retain(|(path, _)| !moves(path));
        prop_assert_eq!(found, expected);
    }
}

/// Links to what does not exist, and what a link repeats.
#[test]
fn links_tell_nothing() {
    let fields = fields(&["Condition", "Patient.name"], None).unwrap();
    let encounter = r##"{"resourceType":"Encounter","subject":{"reference":"Patient/1","display":"Ann Alder"},
        "diagnosis":[{"condition":{"reference":"Condition/1"}},
                     {"condition":{"reference":"http://h/fhir/R4/Condition/2/_history/1"}},
                     {"condition":{"reference":"Procedure/3"},"rank":1.50},
                     {"condition":{"reference":"#c"}}],
        "contained":[{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"}}]}"##;
    let seen = project(fields.view(None), encounter.as_bytes()).unwrap();
    let expected = r#"{"resourceType":"Encounter","diagnosis":[{"condition":{"reference":"Procedure/3"},"rank":1.50}],"subject":{"reference":"Patient/1"}}"#;
    assert_eq!(String::from_utf8(seen).unwrap(), expected);
}

#[test]
fn a_link_sent_to_something_else_keeps_nothing_of_the_old_one() {
    let fields = fields(&["Patient.name"], None).unwrap();
    let stored = br#"{"resourceType":"Flag","subject":{"reference":"Patient/1","display":"Ann Alder"},"author":{"reference":"Patient/1","display":"Ann"}}"#;
    let sent =
        br#"{"resourceType":"Flag","subject":{"reference":"Patient/2"},"author":{"reference":"Patient/1"}}"#;
    let (Ok(sent), Ok(stored)) = (parse(sent, &Limits::default()), parse(stored, &Limits::default())) else {
        panic!("JSON")
    };
    let joined = String::from_utf8(join(fields.view(None), &sent, &stored)).unwrap();
    assert_eq!(
        joined,
        r#"{"resourceType":"Flag","subject":{"reference":"Patient/2"},"author":{"reference":"Patient/1","display":"Ann"}}"#
    );
}
