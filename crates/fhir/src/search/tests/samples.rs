//! Synthetic patients, when they are at hand: what is extracted is found again by asking for it.

use std::io::Read as _;
use std::path::Path;

use crate::ResourceType;
use crate::json;
use crate::search::{
    Clause, Found, Indexed, Predicate, Reference, Subject, System, Target, extract, matches, params,
};

/// At most this many bundles are read.
const BUNDLES: usize = 4;

#[test]
fn every_extracted_value_is_found_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: the synthetic patients are not at hand");
        return;
    };
    let mut paths: Vec<_> = files.filter_map(|f| Some(f.ok()?.path())).collect();
    paths.sort();
    let mut seen = 0;
    for path in paths.iter().take(BUNDLES) {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut text).unwrap();
        let bundle = json::parse(&text, &json::Limits::default()).unwrap();
        for entry in bundle.get("entry").unwrap().items().iter().take(400) {
            let root = entry.get("resource").unwrap();
            let rt = ResourceType::parse(root.text("resourceType").unwrap()).unwrap();
            let found = extract(rt, root);
            for p in params(rt) {
                for f in found.iter().filter(|f| p.paths.contains(&f.path)) {
                    let Some(predicate) = asking(f, p.targets) else { continue };
                    let clause = Clause { param: Subject::Param(p), modifier: None, any: vec![predicate] };
                    assert!(matches(&clause, root, &found), "{rt} {}", p.code);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 1000);
}

/// The query whose answer the value is.
fn asking(found: &Found<'_>, targets: &[ResourceType]) -> Option<Predicate> {
    Some(match &found.value {
        Indexed::Token { system, code: Some(code), .. } => Predicate::Token {
            system: system.as_ref().map_or(System::None, |s| System::Is(s.to_string())),
            code: Some(code.to_string()),
        },
        Indexed::Reference(Target::Local { rtype, id }) if targets.contains(rtype) => {
            Predicate::Reference(Reference::Id { types: vec![*rtype], id: (*id).to_owned() })
        }
        Indexed::Date(range) => Predicate::Date { comparison: crate::search::Comparison::Eq, range: *range },
        Indexed::String(text) => Predicate::Text((*text).to_owned()),
        Indexed::Uri(uri) => Predicate::Uri((*uri).to_owned()),
        _ => return None,
    })
}
