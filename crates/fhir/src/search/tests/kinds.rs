//! One table for each kind of parameter, most lines from <https://hl7.org/fhir/R4/search.html>.

use super::{check, hits, node};
use crate::ResourceType;
use crate::search::{Indexed, Subject, extract, normalize, param, sort_key};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","active":true,"gender":"male",
  "meta":{"lastUpdated":"2023-05-01T10:00:00Z","profile":["http://example.org/P|2.0"],
          "tag":[{"system":"http://t","code":"x"}]},
  "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],
     "text":"Medical record"},"system":"http://acme.org/patient","value":"2345"}],
  "name":[{"family":"Müller-Lüdenscheidt","given":["Ève","Peter James"],"prefix":["Dr."]}],
  "telecom":[{"system":"phone","value":"555-1"},{"system":"email","value":"e@x.org"}],
  "address":[{"line":["1 High St"],"city":"Ann Arbor","district":"Washtenaw","state":"MI"}],
  "birthDate":"1974-12-25","deceasedDateTime":"2015-02-14",
  "generalPractitioner":[{"reference":"Practitioner/d1"},{"reference":"http://h/fhir/Organization/o1"}],
  "managingOrganization":{"identifier":{"system":"http://npi","value":"99"}},
  "communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"fr","display":"French"}]}}]}"#;

const PRESSURE: &str = r#"{"resourceType":"Observation","status":"final",
  "code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure"}],"text":"BP sitting"},
  "subject":{"reference":"Patient/p1/_history/3"},"effectiveDateTime":"2013-01-14T10:00:00+01:00",
  "component":[
    {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
     "valueQuantity":{"value":107,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
    {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},
     "valueQuantity":{"value":60,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#;

fn quantity(text: &str) -> String {
    format!(r#"{{"resourceType":"Observation","valueQuantity":{{{text}}}}}"#)
}

fn dated(text: &str) -> String {
    format!(r#"{{"resourceType":"Encounter","period":{text}}}"#)
}

#[test]
fn tokens() {
    check(
        PATIENT,
        &[
            "identifier=2345",
            "identifier=http://acme.org/patient|2345",
            "identifier=http://acme.org/patient|",
            "identifier=9,2345",
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|2345",
            "identifier:text=medical",
            "gender=male",
            "gender=http://hl7.org/fhir/administrative-gender|male",
            "gender=|male",
            "gender:not=female",
            "active=true",
            "active:not=false",
            "deceased=true",
            "phone=555-1",
            "email=e@x.org",
            "telecom=e@x.org",
            "language:text=FRENCH",
            "language:missing=false",
            "address-use:missing=true",
            "address-use:not=home",
            "_tag=http://t|x",
        ],
        &[
            "identifier=|2345",
            "identifier=http://other|2345",
            "identifier=http://other|",
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|DL|2345",
            "gender=Male",
            "gender=http://other|male",
            "gender:not=female,male",
            "phone=e@x.org",
            "deceased=false",
            "language:missing=true",
        ],
    );
    let alive = r#"{"resourceType":"Patient","deceasedBoolean":false}"#;
    check(alive, &["deceased=false"], &["deceased=true"]);
    check(r#"{"resourceType":"Patient"}"#, &["deceased=false"], &["deceased=true"]);
    check(PRESSURE, &["code:text=bp", "code:text=blood PRESS", "status=final"], &["code:text=pressure"]);
}

#[test]
fn strings() {
    check(
        PATIENT,
        &[
            "family=muller",
            "family=MÜLLER-L",
            "family:contains=LUDEN",
            "family:exact=Müller-Lüdenscheidt",
            "given=eve",
            "given=peter  j",
            "name=dr",
            "name=eve",
            "phonetic=mul",
            "address=ann",
            "address=washt",
            "address-city:exact=Ann Arbor",
            "given=x,eve",
        ],
        &[
            "family=luden",
            "family:exact=müller-lüdenscheidt",
            "given=james",
            "family:exact=Müller",
            "name=ann",
        ],
    );
    let comma = r#"{"resourceType":"Patient","name":[{"family":"a,b|c$d\\e"}]}"#;
    check(comma, &[r"family:exact=a\,b\|c\$d\\e"], &["family:exact=a,b"]);
    assert_eq!(normalize("  Ångström \t JR ΣΊΣΥΦΟΣ İ"), "angstrom jr σισυφοσ i");
}

#[test]
fn dates() {
    check(
        PATIENT,
        &[
            "birthdate=1974-12-25",
            "birthdate=1974-12",
            "birthdate=1974",
            "birthdate=ne1975",
            "birthdate=lt1975",
            "birthdate=gt1974-12-24",
            "birthdate=ge1974-12-25",
            "birthdate=le1974-12-25",
            "birthdate=sa1974-12-24",
            "birthdate=eb1974-12-26",
            "birthdate=ap1970",
            "birthdate:missing=false",
            "_lastUpdated=2023-05-01",
        ],
        &[
            "birthdate=1974-12-25T10:00",
            "birthdate=gt1974",
            "birthdate=sa1974-12-25",
            "birthdate=eb1974-12-25",
            "birthdate=ap2020",
            "birthdate=ne1974",
            "_lastUpdated=2023-05-02",
        ],
    );
    // 10:00+01:00 is 09:00Z.
    check(
        PRESSURE,
        &["date=2013-01-14T09:00", "date=2013-01-14T09:00:00Z", "date=ap2013-01-14"],
        &["date=2013-01-14T10:00:00Z"],
    );
    let open = dated(r#"{"start":"2013-03-14"}"#);
    check(
        &open,
        &["date=gt2020", "date=ge2020", "date=ne2013"],
        &["date=lt2013-03-14", "date=sa2020", "date=2013"],
    );
    let month = dated(r#"{"start":"2013-03-01","end":"2013-03-31"}"#);
    check(&month, &["date=2013-03", "date=lt2013-03-15", "date=gt2013-03-15"], &["date=2013-03-15"]);
    let timing = r#"{"resourceType":"Observation","effectiveTiming":{"event":["2020-01-01","2020-03-01"]}}"#;
    check(timing, &["date=2020", "date=ap2020-02-02"], &["date=2020-01"]);
}

#[test]
fn references() {
    check(
        PRESSURE,
        &[
            "subject=p1",
            "subject=Patient/p1",
            "subject:Patient=p1",
            "patient=p1",
            "patient=Patient/p1",
            "subject=x,p1",
        ],
        &["subject=p2", "subject=Group/p1", "subject:Group=p1", "patient=p2", "subject:missing=true"],
    );
    check(
        PATIENT,
        &[
            "general-practitioner=Practitioner/d1",
            "general-practitioner=http://h/fhir/Organization/o1",
            "organization:identifier=http://npi|99",
            "organization:identifier=99",
        ],
        &["general-practitioner=o1", "organization:identifier=http://npi|98", "organization=99"],
    );
    let group = r#"{"resourceType":"Observation","subject":{"reference":"Group/g1"}}"#;
    check(group, &["subject=g1", "patient:missing=true"], &["patient=g1", "subject:missing=true"]);
    let remote = r#"{"resourceType":"Observation","subject":{"reference":"http://h/Group/g1"}}"#;
    check(remote, &["subject=http://h/Group/g1"], &["patient=http://h/Group/g1"]);
    let answers = r#"{"resourceType":"QuestionnaireResponse","questionnaire":"http://q/a|1"}"#;
    check(
        answers,
        &["questionnaire=http://q/a", "questionnaire=http://q/a|1"],
        &["questionnaire=http://q/a|2"],
    );
}

#[test]
fn numbers_and_quantities() {
    let risk = |p: &str| {
        format!(r#"{{"resourceType":"RiskAssessment","prediction":[{{"probabilityDecimal":{p}}}]}}"#)
    };
    for (value, query, expected) in [
        ("100", "100", true),
        ("99.5", "100", true),
        ("100.49", "100", true),
        ("100.5", "100", false),
        ("99.4", "100", false),
        ("100.004", "100.00", true),
        ("100.006", "100.00", false),
        ("104.9", "1e2", true),
        ("94.9", "1e2", false),
        ("105", "1e2", false),
        ("99.9", "lt100", true),
        ("100", "le100", true),
        ("100.0001", "gt100", true),
        ("100", "ge100", true),
        ("100.2", "ne100", false),
        ("100.6", "ne100", true),
        ("109", "ap100", true),
        ("111", "ap100", false),
        ("101", "sa100", true),
        ("99", "eb100", true),
    ] {
        assert_eq!(hits(&risk(value), "probability", query), expected, "{value} {query}");
    }
    let grams =
        quantity(r#""value":5.4,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg""#);
    check(
        &grams,
        &[
            "value-quantity=5.4",
            "value-quantity=5.4|http://unitsofmeasure.org|mg",
            "value-quantity=5.40||mg",
            "value-quantity=5.4||milligram",
            "value-quantity=le5.4|http://unitsofmeasure.org|mg",
            "value-quantity=ap5|http://unitsofmeasure.org|mg",
            "combo-value-quantity=gt5",
        ],
        &[
            "value-quantity=5.4|http://unitsofmeasure.org|g",
            "value-quantity=5.4|http://unitsofmeasure.org|milligram",
            "value-quantity=5.4|http://other|mg",
            "value-quantity=5.5",
        ],
    );
    let small = quantity(r#""value":5.398e-3,"code":"g""#);
    check(&small, &["value-quantity=5.40e-3||g"], &["value-quantity=5.400e-3||g"]);
    let below = quantity(r#""value":5,"comparator":"<""#);
    check(&below, &["value-quantity=lt5", "value-quantity=lt1"], &["value-quantity=gt5", "value-quantity=5"]);
}

#[test]
fn uris() {
    let set = r#"{"resourceType":"ValueSet","url":"http://acme.org/fhir/ValueSet/123"}"#;
    check(
        set,
        &[
            "url=http://acme.org/fhir/ValueSet/123",
            "url:below=http://acme.org/fhir/",
            "url:above=http://acme.org/fhir/ValueSet/123/_history/5",
        ],
        &["url=http://acme.org/fhir/valueset/123", "url=http://acme.org", "url:above=http://acme.org/fhir/"],
    );
    check(
        PATIENT,
        &["_profile=http://example.org/P", "_profile=http://example.org/P|2.0"],
        &["_profile=http://p"],
    );
}

#[test]
fn composites_look_into_one_element() {
    check(
        PRESSURE,
        &[
            "component-code-value-quantity=http://loinc.org|8480-6$107",
            "component-code-value-quantity=8480-6$gt100|http://unitsofmeasure.org|mm[Hg]",
            "combo-code-value-quantity=8462-4$lt61",
            "component-code-value-quantity=8462-4$107,8462-4$60",
        ],
        &["component-code-value-quantity=8480-6$60", "code-value-quantity=8480-6$107"],
    );
    let sequence = r#"{"resourceType":"MolecularSequence",
      "referenceSeq":{"chromosome":{"coding":[{"code":"1"}]}},"variant":[{"start":5,"end":9}]}"#;
    check(
        sequence,
        &["chromosome-variant-coordinate=1$ge4$lt10"],
        &["chromosome-variant-coordinate=2$ge4$lt10", "chromosome-variant-coordinate=1$ge6$lt10"],
    );
}

#[test]
fn values_share_paths() {
    let path = |rt, code: &str| param(rt, code).unwrap().paths;
    use ResourceType::Observation;
    assert_eq!(path(Observation, "subject"), path(Observation, "patient"));
    assert!(path(Observation, "combo-code").contains(&path(Observation, "code")[0]));
    assert_eq!(path(Observation, "code")[0].key(), "Observation.code");
    let root = node(PRESSURE);
    let subjects =
        extract(Observation, &root).iter().filter(|f| f.path.key() == "Observation.subject").count();
    assert_eq!(subjects, 1);
}

#[test]
fn sorting_takes_the_least_or_the_greatest() {
    let root = node(PATIENT);
    let found = extract(ResourceType::Patient, &root);
    let key = |code: &str, descending| {
        let by = Subject::Param(param(ResourceType::Patient, code).unwrap());
        sort_key(crate::search::SortKey { by, descending }, &found)
    };
    assert!(key("given", false).unwrap() < key("given", true).unwrap());
    assert!(key("birthdate", false).is_some());
    assert_eq!(key("address-use", false), None);
}

#[test]
fn contained_references_are_left_out() {
    let root = node(r##"{"resourceType":"Observation","subject":{"reference":"#p"}}"##);
    let found = extract(ResourceType::Observation, &root);
    assert!(!found.iter().any(|f| matches!(f.value, Indexed::Reference(_))));
}
