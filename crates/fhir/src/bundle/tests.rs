use super::*;
use crate::json::{Limits, parse};
use crate::validate::{ValidateOptions, validate};

const A: &str = "urn:uuid:00000000-0000-4000-8000-00000000000a";
const B: &str = "urn:uuid:00000000-0000-4000-8000-00000000000b";

fn tree(source: &str) -> Node<'_> {
    parse(source.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{e}: {source}"))
}

fn bundle(kind: &str, entries: &str) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entries}]}}"#)
}

fn refused(entries: &str, code: &str, path: &str) {
    let source = bundle("transaction", entries);
    let issues = read(&tree(&source), 100).err().unwrap_or_default();
    let found: Vec<_> = issues.iter().map(|i| (i.code, i.path.as_str())).collect();
    assert_eq!(found, [(code, path)], "{entries}");
}

#[test]
fn reads_a_transaction_in_fhir_order() {
    let source = bundle(
        "transaction",
        r#"{"request":{"method":"GET","url":"Patient?x=y"}},
           {"resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient/1","ifMatch":"W/\"2\""}},
           {"fullUrl":"urn:uuid:x","resource":{"resourceType":"Basic"},"request":{"method":"POST","url":"Basic","ifNoneExist":"a=b"}},
           {"request":{"method":"DELETE","url":"Patient/2"}}"#,
    );
    let root = tree(&source);
    let bundle = read(&root, 4).ok().unwrap();
    assert_eq!(bundle.kind, Kind::Transaction);
    assert_eq!(bundle.order(), [3, 2, 1, 0]);
    assert_eq!(bundle.entries[1].if_match, Some("W/\"2\""));
    assert_eq!(bundle.entries[2].if_none_exist, Some("a=b"));
    assert_eq!(bundle.entries[2].full_url, Some("urn:uuid:x"));
    assert_eq!(read(&root, 3).err().unwrap()[0].code, "too-costly");
}

#[test]
fn refuses_what_does_not_fit_together() {
    let patient = r#""resource":{"resourceType":"Patient","id":"1"}"#;
    let put = format!(r#"{{{patient},"request":{{"method":"PUT","url":"Patient/1"}}}}"#);
    for (entries, code, path) in [
        (format!("{{{patient}}}"), "required", "Bundle.entry[0].request"),
        (r#"{"request":{"url":"Patient"}}"#.into(), "required", "Bundle.entry[0].request.method"),
        (r#"{"request":{"method":"put","url":"Patient"}}"#.into(), "code-invalid", "Bundle.entry[0].request.method"),
        (r#"{"request":{"method":"POST","url":"Patient"}}"#.into(), "required", "Bundle.entry[0].resource"),
        (r#"{"request":{"method":"DELETE","url":"Patient"}}"#.into(), "value", "Bundle.entry[0].request.url"),
        (r#"{"request":{"method":"GET","url":"https://x.example/Patient"}}"#.into(), "value", "Bundle.entry[0].request.url"),
        (
            format!(r#"{{{patient},"request":{{"method":"POST","url":"Basic"}}}}"#),
            "value",
            "Bundle.entry[0].resource.resourceType",
        ),
        (
            format!(r#"{{{patient},"request":{{"method":"PUT","url":"Patient/2"}}}}"#),
            "value",
            "Bundle.entry[0].resource.id",
        ),
        (format!(r#"{{{patient},"request":{{"method":"POST","url":"Patient/1"}}}}"#), "value", "Bundle.entry[0].request.url"),
        (format!(r#"{{{patient},"request":{{"method":"PATCH","url":"Patient/1"}}}}"#), "value", "Bundle.entry[0].resource"),
        (format!("{put},{put}"), "duplicate", "Bundle.entry[1].request.url"),
        (
            format!(r#"{put},{{"request":{{"method":"DELETE","url":"Patient/1"}}}}"#),
            "duplicate",
            "Bundle.entry[1].request.url",
        ),
        (
            r#"{"fullUrl":"u","request":{"method":"GET","url":"Patient"}},{"fullUrl":"u","request":{"method":"GET","url":"Basic"}}"#.into(),
            "duplicate",
            "Bundle.entry[1].fullUrl",
        ),
    ] {
        refused(&entries, code, path);
    }
}

#[test]
fn a_batch_refuses_only_the_entry() {
    let source = bundle(
        "batch",
        r#"{"request":{"method":"DELETE","url":"Patient"}},{"request":{"method":"GET","url":"Patient/1"}}"#,
    );
    let root = tree(&source);
    let bundle = read(&root, 9).ok().unwrap();
    assert_eq!((bundle.entries.len(), bundle.entries[0].index), (1, 1));
    assert_eq!(bundle.refused[0].0, 0);
}

#[test]
fn imports_resources_without_requests() {
    let source = bundle(
        "searchset",
        r#"{"fullUrl":"https://x.example/Patient/1","resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}},
           {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}"#,
    );
    let root = tree(&source);
    let entries = import(&root, 9).ok().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].method, entries[0].target.rtype), (Method::Post, Some(ResourceType::Patient)));
    assert!(import(&tree(&bundle("history", "")), 9).is_err());
}

#[test]
fn rewrites_cycles_urls_and_narratives() {
    let first = format!(
        r#"{{ "resourceType":"Patient", "link":[{{"other":{{"reference":"{B}"}},"type":"seealso"}}],
        "photo":[{{"url":"{B}"}}], "multipleBirthInteger": 1.0,
        "text":{{"status":"generated","div":"<div>{B} <a href=\"{B}\">\u00e9</a> <img src='urn:uuid:none'/></div>"}},
        "identifier":[{{"value":"{B}"}}], "generalPractitioner":[{{"reference":"Practitioner?identifier=7"}}] }}"#
    );
    let second = format!(r#"{{"resourceType":"Patient","link":[{{"other":{{"reference":"{A}"}}}}]}}"#);
    let source = bundle(
        "transaction",
        &format!(
            r#"{{"fullUrl":"{A}","resource":{first},"request":{{"method":"POST","url":"Patient"}}}},
            {{"fullUrl":"{B}","resource":{second},"request":{{"method":"POST","url":"Patient"}}}}"#
        ),
    );
    let root = tree(&source);
    let bundle = read(&root, 9).ok().unwrap();
    let mut plan = Plan::new();
    plan.assign(A, ResourceType::Patient, "a");
    plan.assign(B, ResourceType::Patient, "b");
    let cut = |plan: &Plan, i: usize| {
        let out =
            plan.rewrite(source.as_bytes(), bundle.entries[i].resource.unwrap(), bundle.entries[i].full_url);
        let out = out.unwrap();
        (String::from_utf8(out.bytes).unwrap(), out.unresolved)
    };
    let expected = first
        .replace(&format!("\"reference\":\"{B}\""), "\"reference\":\"Patient/b\"")
        .replace(&format!("\"url\":\"{B}\""), "\"url\":\"Patient/b\"")
        .replace(&format!("href=\\\"{B}"), "href=\\\"Patient/b")
        .replace("\\u00e9", "é");
    let (bytes, unresolved) = cut(&plan, 0);
    assert_eq!(bytes, expected);
    assert_eq!(unresolved, ["Patient.generalPractitioner[0].reference"]);
    plan.assign("Practitioner?identifier=7", ResourceType::Practitioner, "p");
    assert_eq!(cut(&plan, 0).1, Vec::<String>::new());
    assert_eq!(cut(&plan, 1).0, second.replace(A, "Patient/a"));
}

#[test]
fn relative_references_are_completed_from_the_full_url() {
    let source = r#"{"resourceType":"Condition","subject":{"reference":"Patient/1"}}"#;
    let mut plan = Plan::new();
    plan.assign("https://x.example/fhir/Patient/1", ResourceType::Patient, "new");
    let root = tree(source);
    let rewrite =
        |url| String::from_utf8(plan.rewrite(source.as_bytes(), &root, url).unwrap().bytes).unwrap();
    assert!(rewrite(Some("https://x.example/fhir/Condition/9")).contains("Patient/new"));
    assert!(rewrite(Some("https://y.example/fhir/Condition/9")).contains("Patient/1"));
    assert!(rewrite(None).contains("Patient/1"));
}

#[test]
fn what_is_written_is_valid() {
    let patient = br#"{"resourceType":"Patient","id":"1"}"#;
    let outcome = crate::outcome::outcome(&[]);
    let mut search =
        Writer::new(BundleType::Searchset, Some(1), &[("self", "https://x.example/Patient?a=\"b")]);
    search.found("https://x.example/Patient/1", patient, Mode::Match);
    search.found("https://x.example/Patient/2", patient, Mode::Include);
    let mut history = Writer::new(BundleType::History, Some(2), &[]);
    let response = Response { status: "200", etag: Some("W/\"1\""), ..Response::default() };
    history.version("https://x.example/Patient/1", Some(patient), Method::Put, "Patient/1", &response);
    history.version("https://x.example/Patient/1", None, Method::Delete, "Patient/1", &response);
    let mut transaction = Writer::new(BundleType::TransactionResponse, None, &[]);
    let created = Response {
        status: "201 Created",
        location: Some("Patient/1/_history/1"),
        etag: Some("W/\"1\""),
        last_modified: Some("2026-01-01T00:00:00Z"),
        outcome: Some(outcome.as_bytes()),
    };
    transaction.response(None, None, &created);
    transaction.response(None, Some(patient), &created);
    for writer in [search, history, transaction, Writer::new(BundleType::Collection, None, &[])] {
        let text = String::from_utf8(writer.finish()).unwrap();
        let issues = validate(ResourceType::Bundle, &tree(&text), &ValidateOptions::default());
        assert_eq!(issues, [], "{text}");
    }
}
