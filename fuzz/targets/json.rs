//! Documents: whatever is accepted survives being validated, indexed, stamped and read again.
#![no_main]

use fhir::json::{Limits, minify, parse};
use fhir::validate::{ValidateOptions, validate};
use fhir::{ResourceType, compartment, reference, search, stamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    let limits = Limits::default();
    let Ok(root) = parse(source, &limits) else { return };
    let small = minify(source);
    assert!(parse(&small, &limits).is_ok(), "a document that was made smaller is none");
    assert_eq!(minify(&small), small);
    let Some(rtype) = root.text("resourceType").and_then(ResourceType::parse) else { return };
    let _ = validate(rtype, &root, &ValidateOptions::default());
    let _ = search::extract(rtype, &root);
    let _ = reference::references(&root);
    let _ = compartment::patient_of(rtype, &root);
    if let Ok(stamped) = stamp::stamp(source, &root, "a1", "7", "2026-01-02T03:04:05Z") {
        let again = parse(&stamped, &limits).expect("a stamped document is one");
        assert_eq!(again.text("id"), Some("a1"));
        let meta = again.get("meta").expect("it has meta");
        assert_eq!(meta.text("versionId"), Some("7"));
    }
});
