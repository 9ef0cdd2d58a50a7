//! Queries: of every type, asked of a record.
#![no_main]

use fhir::ResourceType;
use fhir::json::{Limits, parse};
use fhir::search::{self, extract, matches};
use libfuzzer_sys::fuzz_target;

const RECORD: &[u8] = br#"{"resourceType":"Observation","id":"a","status":"final","code":{"coding":[{"system":"http://loinc.org",
"code":"8480-6","display":"Systolic"}],"text":"x"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-02-03T04:05:06Z",
"valueQuantity":{"value":120.5,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"},"meta":{"versionId":"1",
"lastUpdated":"2026-02-03T04:05:06Z"},"identifier":[{"system":"urn:x","value":"1"}]}"#;

fuzz_target!(|data: &[u8]| {
    let Some((which, query)) = data.split_first() else { return };
    let Ok(query) = std::str::from_utf8(query) else { return };
    // Types with many parameters come more often.
    let rtype = match which {
        0..=80 => ResourceType::parse("Observation"),
        81..=160 => ResourceType::parse("Patient"),
        other => ResourceType::ALL.get(usize::from(*other) % ResourceType::ALL.len()).copied(),
    };
    let Some(rtype) = rtype else { return };
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let Ok(search) = search::parse(rtype, pairs, &search::Limits::at(1_770_000_000_000_000)) else { return };
    let root = parse(RECORD, &Limits::default()).expect("the record is one");
    let found = extract(rtype, &root);
    for clause in &search.clauses {
        let _ = matches(clause, &root, &found);
    }
});
