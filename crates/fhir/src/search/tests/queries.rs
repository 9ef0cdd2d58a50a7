//! What a query may say, and what it is told when it may not.

use super::{NOW, query};
use crate::ResourceType::{self, Observation, Patient};
use crate::search::{Limits, Summary, Total, parse};

fn fault(rt: ResourceType, name: &str, value: &str) -> (String, &'static str) {
    let faults = query(rt, &[(name, value)]).expect_err(&format!("{name}={value}"));
    assert_eq!(faults.len(), 1);
    let fault = faults.into_iter().next().unwrap();
    assert!(!fault.message.contains("secret"));
    (fault.parameter, fault.code)
}

#[test]
fn controls_are_read() {
    let pairs = [
        ("_sort", "-date,_id,code"),
        ("_count", "5000"),
        ("_total", "accurate"),
        ("_summary", "count"),
        ("_elements", "code,subject"),
        ("_cursor", "abc"),
        ("_format", "json"),
        ("_pretty", "true"),
        ("code", "a,b"),
        ("code", "c"),
    ];
    let search = query(Observation, &pairs).unwrap();
    assert_eq!(search.sort.iter().map(|k| k.descending).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(
        (search.count, search.total, search.summary),
        (Some(1000), Total::Accurate, Some(Summary::Count))
    );
    assert_eq!(search.elements, ["code", "subject"]);
    assert_eq!(search.cursor.as_deref(), Some("abc"));
    assert_eq!(search.clauses.iter().map(|c| c.any.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn what_is_not_supported_is_refused() {
    for (rt, name) in [
        (Patient, "nonsense"),
        (Patient, "code"),
        (Observation, "subject.name"),
        (Observation, "subject:Patient.name"),
        (Patient, "_has:Observation:patient:code"),
        (Observation, "_include"),
        (Observation, "_revinclude:iterate"),
        (Patient, "_filter"),
        (Patient, "_text"),
        (Patient, "_content"),
        (Patient, "_query"),
        (Patient, "_list"),
        (Observation, "code:in"),
        (Observation, "code:not-in"),
        (Observation, "code:below"),
        (Observation, "code:exact"),
        (Patient, "family:not"),
        (Patient, "birthdate:exact"),
        (Observation, "subject:Nobody"),
        (Observation, "code-value-quantity:missing"),
        (ResourceType::Location, "near"),
        (Patient, "_id:not"),
    ] {
        let (parameter, code) = fault(rt, name, "secret");
        assert_eq!((parameter.as_str(), code), (name, "not-supported"));
    }
    assert_eq!(fault(Observation, "_sort", "secret").1, "not-supported");
    assert_eq!(fault(Observation, "_summary", "text").1, "not-supported");
}

#[test]
fn bad_values_are_refused() {
    for (rt, name, value) in [
        (Observation, "date", "secret"),
        (Observation, "date", "2013-13"),
        (Observation, "date", "2013-02-30"),
        (Observation, "date", "gt"),
        (Observation, "date", "2013-01-14T25:00"),
        (Observation, "value-quantity", "secret"),
        (Observation, "value-quantity", "5||mg|x"),
        (Observation, "value-quantity", "1e99"),
        (Observation, "code", ""),
        (Observation, "code", "a,"),
        (Observation, "code", "|"),
        (Observation, "code", "a|b|c"),
        (Observation, "code", r"a\b"),
        (Observation, "subject", "a b"),
        (Observation, "patient", "Group/1"),
        (Observation, "subject:Medication", "1"),
        (Observation, "subject:missing", "maybe"),
        (Observation, "code-value-quantity", "a"),
        (Observation, "code-value-quantity", "a$b"),
        (Patient, "identifier:of-type", "a|b"),
        (Patient, "_id", "a b"),
        (Patient, "_lastUpdated", "secret"),
        (Patient, "_count", "-1"),
        (Patient, "_total", "secret"),
        (Patient, "_elements", "a b"),
        (Patient, "_cursor", ""),
        (Patient, "family", " "),
        (Patient, "family", "\u{301}"),
    ] {
        let (parameter, code) = fault(rt, name, value);
        assert_eq!((parameter.as_str(), code), (name, "value"), "{value}");
    }
}

#[test]
fn size_is_bounded() {
    let limits = Limits { parameters: 2, values: 2, length: 8, ..Limits::at(NOW) };
    let codes = |pairs: &[(&'static str, &'static str)]| {
        let faults = parse(Observation, pairs.iter().copied(), &limits).unwrap_err();
        faults.into_iter().map(|f| f.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[("code", "a"), ("code", "b"), ("code", "c")]), ["too-costly"]);
    assert_eq!(codes(&[("code", "a,b,c")]), ["too-costly"]);
    assert_eq!(codes(&[("code", "123456789")]), ["too-long"]);
    assert_eq!(query(Observation, &[("_count", "1"), ("_count", "2")]).unwrap_err()[0].code, "value");
}

#[test]
fn faults_name_the_parameter_in_plain_letters() {
    let (parameter, _) = fault(Patient, "a<b>\u{e9}\n c", "secret");
    assert_eq!(parameter, "abc");
    assert_eq!(fault(Patient, "\u{e9}", "secret").0, "_");
    assert_eq!(fault(Patient, &"x".repeat(100), "secret").0.len(), 64);
}
