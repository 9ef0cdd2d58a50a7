//! Bundles: their entries are taken apart and their references rewritten, and what comes out is a document.
#![no_main]

use fhir::bundle::{self, Plan};
use fhir::json::{Limits, parse};
use fhir::{Reference, ResourceType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    if let Ok(text) = std::str::from_utf8(source) {
        let _ = Reference::parse(text);
    }
    let limits = Limits::default();
    let Ok(root) = parse(source, &limits) else { return };
    let mut entries = bundle::import(&root, 100).unwrap_or_default();
    if let Ok(read) = bundle::read(&root, 100) {
        assert_eq!(read.order().len(), read.entries.len());
        entries.extend(read.entries);
    }
    let mut plan = Plan::new();
    let patient = ResourceType::parse("Patient").expect("there are patients");
    for entry in &entries {
        if let Some(url) = entry.full_url {
            plan.assign(url, patient, "a1");
        }
    }
    for entry in &entries {
        let Some(resource) = entry.resource else { continue };
        let cut = plan.rewrite(source, resource, entry.full_url).expect("it is of the bundle");
        assert!(parse(&cut.bytes, &limits).is_ok(), "what was cut out is no document");
    }
});
