//! The crate against Synthea's patients, where they are at hand beside the repository.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io, io::Write as _};

use fhir::bundle::{self, Method, Plan};
use fhir::json::{Limits, Node, Span, Value, minify, parse, splice};
use fhir::reference::{Reference, references};
use fhir::stamp::{stamp, without};
use fhir::validate::{ValidateOptions, validate};
use fhir::{Compartment, Owner, ResourceType, compartment};

/// The unpacked bundles, or nothing where there are none.
fn bundles() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea");
    let Ok(files) = fs::read_dir(folder) else {
        let _ = writeln!(io::stderr(), "skipped: no Synthea data beside the repository");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = files.map(|f| f.expect("a readable folder").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "gz"))
        .map(|p| {
            let mut bytes = Vec::new();
            let file = fs::File::open(&p).expect("a readable file");
            flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("gzip");
            (p, bytes)
        })
        .collect()
}

/// The places of all keys and all values under `node`.
fn places(node: &Node<'_>, keys: &mut Vec<Span>, values: &mut Vec<Span>) {
    for member in node.members() {
        keys.push(member.key_span);
        values.push(member.value.span);
        places(&member.value, keys, values);
    }
    if let Value::Array(items) = &node.value {
        for item in items {
            values.push(item.span);
            places(item, keys, values);
        }
    }
}

#[test]
fn no_mutation_goes_unseen() {
    let bundles = bundles();
    let mut seen = HashMap::new();
    for (_, bytes) in &bundles {
        let root = parse(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        for resource in root.get("entry").unwrap().items().iter().filter_map(|e| e.get("resource")) {
            let rt = ResourceType::parse(resource.text("resourceType").unwrap()).unwrap();
            let count = seen.entry(rt).or_insert(0);
            *count += 1;
            if *count > 2 {
                continue;
            }
            let own = minify(&bytes[resource.span.start as usize..resource.span.end as usize]);
            let (mut keys, mut values) = (Vec::new(), Vec::new());
            places(&parse(&own, &Limits::default()).unwrap(), &mut keys, &mut values);
            let edits = keys.iter().map(|span| (*span, "\"bogus\"")).chain(
                values.iter().flat_map(|span| ["{}", "[]", "[[1]]", "\"\"", "null"].map(|v| (*span, v))),
            );
            for edit in edits {
                let changed = splice(&own, &[edit]).unwrap();
                // A second `bogus` beside the first would be a fault of the parser; here there is one at a time.
                let root = parse(&changed, &Limits::default()).unwrap();
                let found = validate(rt, &root, &ValidateOptions::default());
                assert!(!found.is_empty(), "{rt}: {} at {}", edit.1, edit.0.start);
            }
        }
    }
}

#[test]
fn every_resource_is_valid() {
    let mut resources = 0;
    for (path, bytes) in bundles() {
        let root = parse(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let whole = validate(ResourceType::Bundle, &root, &ValidateOptions::default());
        assert_eq!(whole, [], "{}", path.display());
        resources += root.get("entry").map_or(0, |e| e.items().len());
    }
    let _ = writeln!(io::stderr(), "{resources} resources");
}

#[test]
fn every_bundle_becomes_documents_of_its_own() {
    for (path, bytes) in bundles() {
        let root = parse(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let bundle = bundle::read(&root, 10_000).unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        let mut plan = Plan::new();
        for entry in &bundle.entries {
            assert_eq!(entry.method, Method::Post);
            plan.assign(entry.full_url.unwrap(), entry.target.rtype.unwrap(), &format!("n{}", entry.index));
        }
        for entry in &bundle.entries {
            let rt = entry.target.rtype.unwrap();
            let rewritten = plan.rewrite(&bytes, entry.resource.unwrap(), entry.full_url).unwrap();
            let document = parse(&rewritten.bytes, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
            let urns = references(&document).iter().any(|r| matches!(r.reference, Reference::Urn(_)));
            assert!(!urns || !rewritten.unresolved.is_empty());
            let stamped = stamp(&rewritten.bytes, &document, "a", "1", "2026-01-01T00:00:00Z").unwrap();
            let after = parse(&stamped, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(validate(rt, &after, &ValidateOptions::default()), []);
            assert_eq!(
                minify(&without(&stamped, &after, &["id", "meta"]).unwrap()),
                minify(&without(&rewritten.bytes, &document, &["id", "meta"]).unwrap()),
            );
            if rt.compartment() != Compartment::None && rt != ResourceType::Patient {
                let owner = compartment::patient_of(rt, &after);
                assert!(matches!(owner, Owner::Patient(_)), "{rt}: {owner:?}");
            }
        }
    }
}

/// `cargo test --release -p fhir --test synthea -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let files = bundles();
    let total: usize = files.iter().map(|(_, b)| b.len()).sum();
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for (_, bytes) in &files {
            std::hint::black_box(parse(bytes, &Limits::default()).is_ok());
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let _ = writeln!(io::stderr(), "parse {:.0} MB/s of {total} bytes", total as f64 / 1e6 / best);
    let small: Vec<Vec<u8>> = files.iter().map(|(_, b)| minify(b)).collect();
    let size: usize = small.iter().map(Vec::len).sum();
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for bytes in &small {
            std::hint::black_box(parse(bytes, &Limits::default()).is_ok());
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let _ = writeln!(io::stderr(), "parse minified {:.0} MB/s of {size} bytes", size as f64 / 1e6 / best);
    let trees: Vec<_> = files.iter().map(|(_, b)| parse(b, &Limits::default()).unwrap()).collect();
    for wanted in [Some(ResourceType::Patient), Some(ResourceType::Observation), None] {
        let resources: Vec<_> = trees
            .iter()
            .flat_map(|t| t.get("entry").unwrap().items())
            .filter_map(|e| e.get("resource"))
            .map(|r| (ResourceType::parse(r.text("resourceType").unwrap()).unwrap(), r))
            .filter(|(rt, _)| wanted.is_none_or(|w| w == *rt))
            .collect();
        let mut best = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            for (rt, resource) in &resources {
                std::hint::black_box(validate(*rt, resource, &ValidateOptions::default()));
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        let each = best * 1e6 / resources.len() as f64;
        let _ = writeln!(io::stderr(), "validate {wanted:?}: {each:.2} us each of {}", resources.len());
    }
}
