use super::*;
use crate::json::{Limits, parse};

fn issues(rt: ResourceType, source: &str) -> Vec<Issue> {
    let root = parse(source.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}: {source}"));
    validate(rt, &root, &ValidateOptions::default())
}

/// The members of an Observation beside what every Observation needs.
fn observation(members: &str) -> String {
    format!(r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}}{members}}}"#)
}

fn fine(rt: ResourceType, source: &str) {
    assert_eq!(issues(rt, source), [], "{source}");
}

fn patient(members: &str, expected: &[(&str, &str)]) {
    check(ResourceType::Patient, &format!(r#"{{"resourceType":"Patient",{members}}}"#), expected);
}

fn check(rt: ResourceType, source: &str, expected: &[(&str, &str)]) {
    let found = issues(rt, source);
    let found: Vec<_> = found.iter().map(|i| (i.code, i.path.as_str())).collect();
    assert_eq!(found, expected, "{source}");
}

#[test]
fn structure() {
    patient(r#""nam":[]"#, &[("structure", "Patient.nam")]);
    patient(r#""Anna Bianchi":1"#, &[("structure", "Patient.*")]);
    patient(r#""name":{"family":"x"}"#, &[("structure", "Patient.name")]);
    patient(r#""birthDate":["2020"]"#, &[("structure", "Patient.birthDate")]);
    patient(r#""active":"true""#, &[("structure", "Patient.active")]);
    patient(r#""name":[{"given":["a",1]}]"#, &[("structure", "Patient.name[0].given[1]")]);
    patient(r#""name":[]"#, &[("structure", "Patient.name")]);
    patient(r#""name":[{}]"#, &[("invariant", "Patient.name[0]")]);
    patient(r#""name":[null]"#, &[("structure", "Patient.name[0]")]);
    patient(r#""id":"a b""#, &[("value", "Patient.id")]);
    patient(r#""gender":null"#, &[("structure", "Patient.gender")]);
    check(ResourceType::Patient, r#"{"resourceType":"Basic"}"#, &[("structure", "Patient.resourceType")]);
    check(ResourceType::Patient, r#"{"id":"x"}"#, &[("structure", "Patient")]);
    check(ResourceType::Patient, "[]", &[("structure", "Patient")]);
}

#[test]
fn required_elements_and_choices() {
    check(
        ResourceType::Observation,
        r#"{"resourceType":"Observation"}"#,
        &[("required", "Observation.status"), ("required", "Observation.code")],
    );
    fine(ResourceType::Observation, &observation(r#","valueString":"a","_valueString":{"id":"b"}"#));
    let twice = observation(r#","valueString":"a","valueInteger":1"#);
    check(ResourceType::Observation, &twice, &[("structure", "Observation.value")]);
    let never = observation(r#","valueAddress":{"text":"a"}"#);
    check(ResourceType::Observation, &never, &[("structure", "Observation.valueAddress")]);
    let range = observation(r#","referenceRange":[{"low":{"value":1,"comparator":"<"}}]"#);
    check(
        ResourceType::Observation,
        &range,
        &[("structure", "Observation.referenceRange[0].low.comparator")],
    );
    let component = observation(r#","component":[{"code":{"text":"x"},"referenceRange":[{"text":""}]}]"#);
    check(
        ResourceType::Observation,
        &component,
        &[("value", "Observation.component[0].referenceRange[0].text")],
    );
    check(
        ResourceType::MedicationRequest,
        r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"}}"#,
        &[("required", "MedicationRequest.medication")],
    );
}

#[test]
fn codes_and_formats() {
    patient(r#""gender":"F""#, &[("code-invalid", "Patient.gender")]);
    patient(r#""birthDate":"2023-02-30""#, &[("value", "Patient.birthDate")]);
    patient(r#""text":{"status":"generated","div":"<p/>"}"#, &[("value", "Patient.text.div")]);
    patient(r#""language":"en-US","gender":"female""#, &[]);
    patient(r#""meta":{"lastUpdated":"2020"}"#, &[("value", "Patient.meta.lastUpdated")]);
}

#[test]
fn primitive_extensions() {
    let ext = r#"{"extension":[{"url":"http://x.example","valueCode":"unknown"}]}"#;
    patient(&format!(r#""_birthDate":{ext}"#), &[]);
    patient(&format!(r#""name":[{{"given":["a",null],"_given":[null,{ext}]}}]"#), &[]);
    patient(&format!(r#""name":[{{"_given":[{ext}]}}]"#), &[]);
    patient(r#""name":[{"given":["a",null]}]"#, &[("structure", "Patient.name[0].given[1]")]);
    patient(r#""_birthDate":{"x":1}"#, &[("structure", "Patient.birthDate.x")]);
    patient(r#""_name":[{}]"#, &[("structure", "Patient._name")]);
    patient(r#""extension":[{"url":"u"}]"#, &[("invariant", "Patient.extension[0]")]);
    let gone = observation("").replace(r#""status":"final""#, &format!(r#""_status":{ext}"#));
    fine(ResourceType::Observation, &gone);
}

#[test]
fn references_and_contained_resources() {
    let at = |text: &str| observation(&format!(r#","subject":{{"reference":"{text}"}}"#));
    for good in ["Patient/1", "urn:uuid:x", "https://x.example/a", "Patient?identifier=1", "#"] {
        fine(ResourceType::Observation, &at(good));
    }
    check(ResourceType::Observation, &at("Practitioner/1"), &[("value", "Observation.subject.reference")]);
    check(ResourceType::Observation, &at("nobody"), &[("value", "Observation.subject.reference")]);
    check(ResourceType::Observation, &at("#p"), &[("invariant", "Observation.subject.reference")]);
    let contained = |inner: &str| {
        observation(&format!(
            r##","subject":{{"reference":"#p"}},"contained":[{{"resourceType":"Patient","id":"p"{inner}}}]"##
        ))
    };
    fine(ResourceType::Observation, &contained(""));
    check(
        ResourceType::Observation,
        &contained(r#","gender":"x","contained":[{"resourceType":"Basic","id":"b","code":{"text":"x"}}]"#),
        &[
            ("invariant", "Observation.contained[0].contained"),
            ("code-invalid", "Observation.contained[0].gender"),
            ("invariant", "Observation.contained[0].contained[0].id"),
        ][..2],
    );
}

#[test]
fn resources_in_bundles_and_parameters() {
    check(
        ResourceType::Bundle,
        r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","name":[{"given":[1]}]}}]}"#,
        &[("structure", "Bundle.entry[0].resource.name[0].given[0]")],
    );
    check(
        ResourceType::Parameters,
        r#"{"resourceType":"Parameters","parameter":[{"name":"x","part":[{"name":"y","resource":{"resourceType":"X"}}]}]}"#,
        &[("structure", "Parameters.parameter[0].part[0].resource")],
    );
}

#[test]
fn stops_at_the_cap() {
    let many: Vec<String> = (0..500).map(|i| format!("\"x{i}\":1")).collect();
    let source = format!(r#"{{"resourceType":"Patient",{}}}"#, many.join(","));
    assert_eq!(issues(ResourceType::Patient, &source).len(), 100);
}

#[test]
fn messages_hold_no_values() {
    let found = issues(
        ResourceType::Patient,
        r#"{"resourceType":"Patient","birthDate":"SECRET","gender":"SECRET","SECRET VALUE":"SECRET"}"#,
    );
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|i| !format!("{i:?}").contains("SECRET")));
}

#[test]
fn the_deepest_document_fits_the_stack() {
    let limits = Limits { depth: crate::json::MAX_DEPTH, ..Limits::default() };
    let levels = crate::json::MAX_DEPTH / 2 - 1;
    let mut source = r#"{"url":"u","valueBoolean":true}"#.to_owned();
    for _ in 0..levels - 1 {
        source = format!(r#"{{"url":"u","extension":[{source}]}}"#);
    }
    source = format!(r#"{{"resourceType":"Patient","extension":[{source}]}}"#);
    let deepest = source.replace("true", "null");
    let root = parse(source.as_bytes(), &limits).unwrap();
    assert_eq!(validate(ResourceType::Patient, &root, &ValidateOptions::default()), []);
    let root = parse(deepest.as_bytes(), &limits).unwrap();
    let found = validate(ResourceType::Patient, &root, &ValidateOptions::default());
    assert_eq!(found.len(), 1);
    assert!(crate::reference::references(&root).is_empty());
}
