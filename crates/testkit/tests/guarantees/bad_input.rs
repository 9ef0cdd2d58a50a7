//! Input that is wrong, huge or hostile: refused with the path to the fault, nothing written, nothing of it repeated.

use std::time::{Duration, Instant};

use chart::{CreateOptions, Error, Imported, SearchRequest};
use db::Ctx;
use fhir::ResourceType;
use testkit::pg;

use crate::support::{House, chart_rows, collection, into, note, patient};

/// Stands in every bad document and must stand in no answer.
const SECRET: &str = "SECRETWORD";

struct Desk {
    house: House,
    superuser: pg::Client,
    ctx: Ctx,
    before: Vec<(String, i64)>,
}

impl Desk {
    async fn new() -> Self {
        let house = House::new().await;
        let ctx = house.at(&house.a, &[house.a.north]);
        let made = house
            .store
            .create(&ctx, ResourceType::Patient, &patient("Before"), CreateOptions::default())
            .await
            .unwrap();
        let body = note(made.document.id, 1, "before");
        house.store.create(&ctx, ResourceType::Observation, &body, CreateOptions::default()).await.unwrap();
        let superuser = house.superuser().await;
        let before = chart_rows(&superuser).await;
        Self { house, superuser, ctx, before }
    }

    async fn untouched(&self, what: &str) {
        assert_eq!(chart_rows(&self.superuser).await, self.before, "{what}");
    }

    /// The answers of every way in: create, transaction, import of a bundle, import of a line.
    async fn refused(&self, what: &str, resource: &[u8], status: u16, path: &str) {
        let store = &self.house.store;
        let rtype = if resource.windows(13).any(|part| part == b"\"Observation\"") {
            ResourceType::Observation
        } else {
            ResourceType::Patient
        };
        let created = store.create(&self.ctx, rtype, resource, CreateOptions::default()).await.map(|_| ());
        let error = created.expect_err(what);
        told(what, &error, status, path);
        let report =
            store.import_lines(&self.ctx, &[&named(resource)], &into(self.house.a.north)).await.unwrap();
        assert_eq!(report.records.len(), 1, "{what}");
        let Imported::Refused(issues) = &report.records[0].outcome else { panic!("{what}: imported") };
        assert!(issues.iter().any(|issue| issue.path.contains(path)), "{what}: {issues:?}");
        assert!(!format!("{report:?}").contains(SECRET), "{what}: {report:?}");
        for kind in ["transaction", "batch"] {
            let mut bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{{"fullUrl":"urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a11","resource":"#).into_bytes();
            bundle.extend_from_slice(resource);
            bundle.extend_from_slice(
                format!(r#","request":{{"method":"POST","url":"{rtype}"}}}}]}}"#).as_bytes(),
            );
            match store.process(&self.ctx, &bundle, None).await {
                Err(error) => told_inside(what, &error),
                Ok(answer) => {
                    let answer = String::from_utf8(answer).unwrap();
                    assert!(kind == "batch" && !answer.contains("\"201"), "{what}: {answer}");
                    assert!(!answer.contains(SECRET), "{what}: {answer}");
                }
            }
            match store.import_bundle(&self.ctx, &bundle, &into(self.house.a.north)).await {
                Err(error) => told_inside(what, &error),
                Ok(report) => {
                    assert!(
                        report.records.iter().all(|record| matches!(record.outcome, Imported::Refused(_))),
                        "{what}: {report:?}"
                    );
                    assert!(!format!("{report:?}").contains(SECRET), "{what}: {report:?}");
                }
            }
        }
        self.untouched(what).await;
    }
}

/// The document with an id, which a line must have.
fn named(resource: &[u8]) -> Vec<u8> {
    for kind in ["\"Patient\"", "\"Observation\""] {
        let head = format!("{{\"resourceType\":{kind},");
        if let Some(rest) = resource.strip_prefix(head.as_bytes()) {
            return [head.as_bytes(), b"\"id\":\"x\",", rest].concat();
        }
    }
    resource.to_vec()
}

#[track_caller]
fn told(what: &str, error: &Error, status: u16, path: &str) {
    assert_eq!(error.status(), status, "{what}: {error:?}");
    let issues = error.issues();
    assert!(issues.iter().any(|issue| issue.path.contains(path)), "{what}: no issue at {path}: {issues:?}");
    told_inside(what, error);
}

#[track_caller]
fn told_inside(what: &str, error: &Error) {
    assert!((400..500).contains(&error.status()), "{what}: {error:?}");
    let text = format!("{error} {error:?} {:?}", error.issues());
    assert!(!text.contains(SECRET), "{what}: {text}");
    assert!(error.issues().iter().any(|issue| !issue.path.is_empty()), "{what}: {text}");
}

fn observation(members: &str) -> Vec<u8> {
    format!(r#"{{"resourceType":"Observation","status":"final","code":{{"text":"{SECRET}"}}{members}}}"#)
        .into_bytes()
}

#[tokio::test]
async fn wrong_json_types_and_values_are_refused_with_their_path() {
    let desk = Desk::new().await;
    let person = |members: &str| format!(r#"{{"resourceType":"Patient",{members}}}"#).into_bytes();
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("empty", b"".to_vec(), 400, "$"),
        ("white space", b" \n\t ".to_vec(), 400, "$"),
        ("no object", format!("[\"{SECRET}\"]").into_bytes(), 422, ""),
        ("no JSON", format!("{{resourceType: {SECRET}}}").into_bytes(), 400, "$"),
        ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), &patient(SECRET)].concat(), 400, "$"),
        ("something behind", [&patient(SECRET)[..], b"{}"].concat(), 400, "$"),
        (
            "a type that there is not",
            format!(r#"{{"resourceType":"{SECRET}"}}"#).into_bytes(),
            422,
            "resourceType",
        ),
        ("no type", format!(r#"{{"id":"{SECRET}"}}"#).into_bytes(), 422, "resourceType"),
        ("a number for a date", person(r#""birthDate":7"#), 422, "Patient.birthDate"),
        ("a date that is none", person(&format!(r#""birthDate":"{SECRET}""#)), 422, "Patient.birthDate"),
        ("the 31st of February", person(r#""birthDate":"1941-02-31""#), 422, "Patient.birthDate"),
        ("text for a name", person(&format!(r#""name":"{SECRET}""#)), 422, "Patient.name"),
        ("an object for a list", person(&format!(r#""name":{{"family":"{SECRET}"}}"#)), 422, "Patient.name"),
        (
            "a list for a text",
            person(&format!(r#""name":[{{"family":["{SECRET}"]}}]"#)),
            422,
            "Patient.name[0].family",
        ),
        ("a code that there is not", person(&format!(r#""gender":"{SECRET}""#)), 422, "Patient.gender"),
        ("a member that there is not", person(r#""nickname":"x""#), 422, "Patient.nickname"),
        ("text for a member", person(&format!(r#""{SECRET} of Ada":"x""#)), 422, "Patient"),
        (
            "a missing status",
            br#"{"resourceType":"Observation","code":{"text":"x"}}"#.to_vec(),
            422,
            "Observation",
        ),
        ("text for a boolean", person(&format!(r#""active":"{SECRET}""#)), 422, "Patient.active"),
        ("null", person(r#""name":null"#), 422, "Patient.name"),
        ("an empty text", person(r#""name":[{"family":""}]"#), 422, "Patient.name[0].family"),
        ("a key twice", person(&format!(r#""gender":"male","gender":"{SECRET}""#)), 400, "Patient"),
        ("a key twice, once escaped", person(r#""gender":"male","gend\u0065r":"male""#), 400, "Patient"),
        ("a lone surrogate", person(r#""name":[{"family":"\ud800 x"}]"#), 400, "Patient.name[0].family"),
        ("a lone low surrogate", person(r#""name":[{"family":"\udc00"}]"#), 400, "Patient.name[0].family"),
        ("a control character", person("\"name\":[{\"family\":\"a\u{1}\"}]"), 400, "Patient.name[0].family"),
        (
            "an escape that there is not",
            person(r#""name":[{"family":"\x41"}]"#),
            400,
            "Patient.name[0].family",
        ),
        (
            "no UTF-8",
            [
                b"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"".as_slice(),
                SECRET.as_bytes(),
                b"\xff\xfe\"}]}",
            ]
            .concat(),
            400,
            "",
        ),
        (
            "an overlong NUL",
            b"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\xc0\x80\"}]}".to_vec(),
            400,
            "",
        ),
        (
            "a number that is none",
            observation(r#","valueQuantity":{"value":01}"#),
            400,
            "Observation.valueQuantity.value",
        ),
        ("NaN", observation(r#","valueQuantity":{"value":NaN}"#), 400, "Observation.valueQuantity"),
        (
            "infinity",
            observation(r#","valueQuantity":{"value":-Infinity}"#),
            400,
            "Observation.valueQuantity",
        ),
        (
            "a number in quotes",
            observation(r#","valueQuantity":{"value":"7"}"#),
            422,
            "Observation.valueQuantity.value",
        ),
        ("a whole number too large", observation(r#","valueInteger":99999999999"#), 422, "Observation.value"),
        ("two values", observation(r#","valueInteger":1,"valueString":"x""#), 422, "Observation"),
    ];
    for (what, body, status, path) in cases {
        desk.refused(what, &body, status, path).await;
    }
}

#[tokio::test]
async fn references_that_lead_nowhere_are_refused_with_their_path() {
    let desk = Desk::new().await;
    let to = |reference: &str| observation(&format!(r#","subject":{{"reference":"{reference}"}}"#));
    for (what, reference) in [
        ("an unknown id", "Patient/01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
        ("an id that is no UUID", format!("Patient/{SECRET}")),
        ("a urn that nobody has", "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
        ("a condition that nobody meets", format!("Patient?identifier={SECRET}")),
        ("another type", "Practitioner/01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
        ("nothing", String::new()),
    ] {
        desk.refused(what, &to(&reference), 422, "Observation").await;
    }
}

#[tokio::test]
async fn half_a_file_is_refused_wherever_it_was_cut() {
    let desk = Desk::new().await;
    let world = synth::World::new(synth::Profile::Exam, 3, jiff::civil::date(2026, 3, 2));
    let mut resources = world.directory(0);
    resources.extend(world.patient(0, 0, 0));
    let whole = collection(&resources);
    for part in 0..60 {
        let half = &whole[..whole.len() * part / 60];
        let refused =
            desk.house.store.import_bundle(&desk.ctx, half, &into(desk.house.a.north)).await.map(|_| ());
        let error = refused.unwrap_err();
        assert_eq!(error.status(), 400, "{part}: {error:?}");
        assert!(!format!("{error:?}").contains("CANARY_"), "{error:?}");
    }
    desk.untouched("half a file").await;
}

#[tokio::test]
async fn what_is_too_large_or_too_deep_is_refused_at_once() {
    let desk = Desk::new().await;
    let store = &desk.house.store;
    let huge =
        [br#"{"resourceType":"Patient","name":[{"family":""#.as_slice(), &vec![b'x'; 200 << 20], b"\"}]}"]
            .concat();
    let begun = Instant::now();
    let error = store
        .create(&desk.ctx, ResourceType::Patient, &huge, CreateOptions::default())
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.status(), 413, "{error:?}");
    let error =
        store.import_bundle(&desk.ctx, &huge, &into(desk.house.a.north)).await.map(|_| ()).unwrap_err();
    assert_eq!(error.status(), 413, "{error:?}");
    let error = store.process(&desk.ctx, &huge, None).await.map(|_| ()).unwrap_err();
    assert_eq!(error.status(), 413, "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(huge);
    for (open, close) in [("[", "]"), (r#"{"extension":["#, "]}"), (r#"{"a":"#, "}")] {
        let deep =
            format!(r#"{{"resourceType":"Patient","x":{}1{}}}"#, open.repeat(10_000), close.repeat(10_000));
        let error =
            store.create(&desk.ctx, ResourceType::Patient, deep.as_bytes(), CreateOptions::default()).await;
        told("10,000 deep", &error.map(|_| ()).unwrap_err(), 400, "Patient");
    }
    desk.untouched("too large or too deep").await;
}

#[tokio::test]
async fn a_bundle_of_too_many_entries_is_refused_as_a_whole() {
    let desk = Desk::new().await;
    let entries = |count: usize| {
        let entry = format!(
            r#"{{"resource":{},"request":{{"method":"POST","url":"Patient"}}}}"#,
            String::from_utf8(patient(SECRET)).unwrap()
        );
        vec![entry; count].join(",")
    };
    for kind in ["transaction", "batch"] {
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries(10_000));
        let begun = Instant::now();
        let error =
            desk.house.store.process(&desk.ctx, bundle.as_bytes(), None).await.map(|_| ()).unwrap_err();
        told("10,000 entries", &error, 422, "Bundle.entry");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#,
        vec!["{}"; 50_001].join(",")
    );
    let error = desk.house.store.import_bundle(&desk.ctx, bundle.as_bytes(), &into(desk.house.a.north)).await;
    told("50,001 entries", &error.map(|_| ()).unwrap_err(), 422, "Bundle.entry");
    desk.untouched("too many entries").await;
}

#[tokio::test]
async fn entries_may_refer_to_each_other_in_circles() {
    let desk = Desk::new().await;
    let (one, other) =
        ("urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a11", "urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a12");
    let (visit, finding) =
        ("urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a13", "urn:uuid:0b9b1a3e-0f9c-4d55-9f2e-2b6a6d1b1a14");
    let linked = |to: &str| {
        format!(
            r#"{{"resourceType":"Patient","link":[{{"other":{{"reference":"{to}"}},"type":"seealso"}}]}}"#
        )
    };
    let resources = [
        (one, "Patient", linked(other)),
        (other, "Patient", linked(one)),
        (
            visit,
            "Encounter",
            format!(
                r#"{{"resourceType":"Encounter","status":"finished","class":{{"code":"AMB"}},"subject":{{"reference":"{one}"}},"diagnosis":[{{"condition":{{"reference":"{finding}"}}}}]}}"#
            ),
        ),
        (
            finding,
            "Condition",
            format!(
                r#"{{"resourceType":"Condition","subject":{{"reference":"{one}"}},"encounter":{{"reference":"{visit}"}},"code":{{"text":"x"}}}}"#
            ),
        ),
    ];
    let entry = |(url, rtype, json): &(&str, &str, String)| {
        format!(r#"{{"fullUrl":"{url}","resource":{json},"request":{{"method":"POST","url":"{rtype}"}}}}"#)
    };
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        resources.iter().map(entry).collect::<Vec<_>>().join(",")
    );
    let answer = desk.house.store.process(&desk.ctx, bundle.as_bytes(), None).await.unwrap();
    assert_eq!(String::from_utf8(answer).unwrap().matches("201 Created").count(), 4);
    let report = desk
        .house
        .store
        .import_bundle(&desk.ctx, bundle.as_bytes(), &into(desk.house.a.north))
        .await
        .unwrap();
    assert!(report.records.iter().all(|record| record.outcome == Imported::Created), "{report:?}");
    let report = desk
        .house
        .store
        .import_bundle(&desk.ctx, bundle.as_bytes(), &into(desk.house.a.north))
        .await
        .unwrap();
    assert!(report.records.iter().all(|record| record.outcome == Imported::Unchanged), "{report:?}");
}

#[tokio::test]
async fn numbers_and_texts_at_the_edge_come_back_byte_for_byte() {
    let desk = Desk::new().await;
    let store = &desk.house.store;
    let digits = "7".repeat(400);
    for value in [
        "1.50",
        "-0",
        "0.000",
        "1e5",
        "1E+5",
        "120.0e-1",
        "1e999999999",
        "-1e-999999999",
        &digits,
        &format!("0.{digits}"),
        "79228162514264337593543950336",
        "18446744073709551616",
    ] {
        let body = observation(&format!(r#","valueQuantity":{{"value":{value},"unit":"kg"}}"#));
        match store.create(&desk.ctx, ResourceType::Observation, &body, CreateOptions::default()).await {
            Ok(made) => {
                let read =
                    store.read(&desk.ctx, ResourceType::Observation, made.document.id).await.unwrap().body;
                assert!(
                    String::from_utf8(read).unwrap().contains(&format!(r#""value":{value},"#)),
                    "{value}"
                );
            }
            // A limit is allowed where it is said.
            Err(error) => told(value, &error, 422, "Observation.valueQuantity.value"),
        }
    }
    for text in [
        r"\u0000",
        "\\\"\\\\\\/\\b\\f\\n\\r\\t",
        "\u{10ffff}",
        r"\ud83d\ude00",
        "e\u{301}",
        "\u{202e}abc",
        "'; DROP TABLE chart.resource; --",
    ] {
        let body = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{text}"}}]}}"#);
        match store.create(&desk.ctx, ResourceType::Patient, body.as_bytes(), CreateOptions::default()).await
        {
            Ok(made) => {
                let read = store.read(&desk.ctx, ResourceType::Patient, made.document.id).await.unwrap().body;
                assert!(String::from_utf8(read).unwrap().contains(text), "{text}");
            }
            Err(error) => told(text, &error, 422, "Patient.name[0].family"),
        }
    }
}

#[tokio::test]
async fn hostile_queries_are_refused_or_answered_never_obeyed() {
    let desk = Desk::new().await;
    let long = "x".repeat(5_000);
    let many = vec!["x"; 5_000].join(",");
    for rtype in [ResourceType::Patient, ResourceType::Observation] {
        for name in [
            "name",
            "identifier",
            "birthdate",
            "code",
            "value-quantity",
            "patient",
            "date",
            "_id",
            "_lastUpdated",
            "_sort",
            "_count",
            "_cursor",
            SECRET,
            "",
            "name:SECRETWORD",
            "\0",
        ] {
            for value in [
                "'; DROP TABLE chart.resource; --",
                "\0",
                "",
                "%00",
                &long,
                &many,
                "9999-99-99",
                "1e999999999",
                "gt",
                "|",
                "$",
                "\\",
                "-1",
                "99999999999999999999",
                SECRET,
                "ne0000",
                "eb9999-12-31",
                "sa0001",
            ] {
                let pairs = [(name.to_owned(), value.to_owned())];
                let request = SearchRequest { rtype, compartment: None, query: &pairs };
                if let Err(error) = desk.house.store.search(&desk.ctx, request).await {
                    let shown: String = value.chars().take(30).collect();
                    assert_eq!(error.status(), 400, "{rtype}?{name}={shown}: {error:?}");
                    let issues = error.issues();
                    let values = name != SECRET && !name.contains(':');
                    assert!(!values || !format!("{issues:?}").contains(SECRET), "{name}: {issues:?}");
                }
            }
        }
    }
    desk.untouched("hostile queries").await;
}
