//! The generated tables answer every parameter R4 defines.

use std::collections::BTreeSet;

use crate::ResourceType;
use crate::search::table::{self, Level};
use crate::search::{Kind, PathId, clinical_date, param, params, tables};

#[test]
fn every_parameter_of_every_type_is_compiled_or_excused() {
    let mut defined = tables::COMMON.params.len();
    for rt in ResourceType::ALL {
        let own = table::of(*rt);
        assert_eq!(own.name, rt.as_str());
        defined += own.params.len();
        for p in params(*rt) {
            let read = if p.kind == Kind::Composite { p.components.len() > 1 } else { !p.paths.is_empty() };
            let excused = tables::WITHOUT_PATH.iter().any(|(code, why)| *code == p.code && !why.is_empty());
            assert!(read != excused, "{rt} {}", p.code);
            assert_eq!(p.kind == Kind::Reference, !p.targets.is_empty(), "{rt} {}", p.code);
            for part in p.components {
                assert!(param(*rt, part.code).is_some_and(|q| q.kind == part.kind), "{rt} {}", part.code);
            }
            assert!(std::ptr::eq(param(*rt, p.code).unwrap(), p));
        }
    }
    assert_eq!(defined, tables::DEFINED);
    assert!(tables::WITHOUT_PATH.len() <= 6, "the list of exceptions may only shrink");
}

#[test]
fn every_path_is_read_by_its_types_and_no_other() {
    for rt in ResourceType::ALL {
        let mut emitted = BTreeSet::new();
        collect(&table::of(*rt).level, &mut emitted);
        collect(&tables::COMMON.level, &mut emitted);
        let asked: BTreeSet<PathId> = params(*rt).flat_map(|p| p.paths).copied().collect();
        assert_eq!(emitted, asked, "{rt}");
        assert!(clinical_date(*rt).iter().all(|d| asked.contains(d)));
    }
    let keys: BTreeSet<&str> = tables::KEYS.iter().copied().collect();
    assert_eq!(keys.len(), tables::KEYS.len());
    assert!(keys.iter().all(|k| !k.is_empty()));
}

fn collect(level: &Level, into: &mut BTreeSet<PathId>) {
    into.extend(level.emits.iter().map(|e| e.path));
    level.steps.iter().for_each(|s| collect(&s.next, into));
}

#[test]
fn clinical_dates_of_common_types() {
    for (rt, expected) in [
        (ResourceType::Observation, "Observation.effective"),
        (ResourceType::Encounter, "Encounter.period"),
        (
            ResourceType::Condition,
            "Condition.onset.ofType(dateTime) Condition.onset.ofType(Period) Condition.recordedDate",
        ),
        (ResourceType::MedicationRequest, "MedicationRequest.authoredOn"),
        (ResourceType::Immunization, "Immunization.occurrence"),
        (ResourceType::Patient, ""),
        (ResourceType::Organization, ""),
    ] {
        let keys: Vec<&str> = clinical_date(rt).iter().map(|p| p.key()).collect();
        assert_eq!(keys.join(" "), expected, "{rt}");
    }
}
