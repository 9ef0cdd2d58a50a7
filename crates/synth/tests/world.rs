//! What importers, exams and benches rely on.

use jiff::civil::{Date, date};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use synth::{Profile, SynthResource, World, training, training_corpus};

const TODAY: Date = date(2026, 3, 2);
const SMALL_SCALE: Profile =
    Profile::Scale { organizations: 3, facilities_total: 7, patients_total: 101, resources_per_patient: 150 };

/// Calls `visit` with the directory and one chart, for each chart of the world.
fn each_chart(world: &World, mut visit: impl FnMut(&[SynthResource], &[SynthResource])) {
    for (org, plan) in world.organizations().iter().enumerate() {
        let directory = world.directory(org);
        for (facility, place) in plan.facilities.iter().enumerate() {
            for n in 0..place.patients {
                visit(&directory, &world.patient(org, facility, n));
            }
        }
    }
}

/// FNV-1a over everything the world holds.
fn fingerprint(profile: Profile, seed: u64) -> u64 {
    let world = World::new(profile, seed, TODAY);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    each_chart(&world, |directory, chart| {
        for resource in directory.iter().take(40).chain(chart) {
            for byte in resource.full_url.bytes().chain(resource.json.bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    });
    hash
}

fn strings(value: &Value, key: &str, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(key, text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, key, visit)),
        Value::Object(members) => members.iter().for_each(|(key, value)| strings(value, key, visit)),
        _ => {}
    }
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let first = fingerprint(Profile::Demo, 1);
    assert_eq!(first, fingerprint(Profile::Demo, 1));
    assert_ne!(first, fingerprint(Profile::Demo, 2));
}

/// What is written up to an hour: doses, and what is due around it.
fn goes_on(one: &SynthResource) -> bool {
    one.resource_type.starts_with("Medication") || one.json.contains("CodeSystem/task\"")
}

#[test]
fn a_pass_goes_on_from_an_hour() {
    let now: jiff::Timestamp = "2026-03-02T15:20:00Z".parse().unwrap();
    let (plain, world) =
        (World::new(Profile::Demo, 42, TODAY), World::new(Profile::Demo, 42, TODAY).until(now));
    let (mut counted, mut open) = (0, 0);
    for n in 0..20 {
        let chart = world.patient(0, 0, n);
        let others = |chart: &[SynthResource]| {
            let others = chart.iter().filter(|one| !goes_on(one));
            others.cloned().collect::<Vec<_>>()
        };
        assert_eq!(others(&chart), others(&plain.patient(0, 0, n)));
        let known: BTreeSet<&str> = chart.iter().map(|one| one.full_url.as_str()).collect();
        assert_eq!(known.len(), chart.len());
        let mut given = BTreeSet::new();
        for one in chart.iter().filter(|one| one.resource_type == "MedicationAdministration") {
            let dose: Value = serde_json::from_str(&one.json).unwrap();
            let at: jiff::Timestamp = dose["effectiveDateTime"].as_str().unwrap().parse().unwrap();
            assert!(at < now && known.contains(dose["request"]["reference"].as_str().unwrap()));
            assert!(given.insert((dose["request"].to_string(), at)));
            counted += usize::from(dose["medicationCodeableConcept"].is_object());
        }
        assert!(!given.is_empty());
        let tasks = chart.iter().filter(|one| one.resource_type == "Task" && goes_on(one));
        for task in tasks {
            let task: Value = serde_json::from_str(&task.json).unwrap();
            let due = task["restriction"]["period"]["end"].as_str().unwrap();
            let apart = due.parse::<jiff::Timestamp>().unwrap().duration_since(now).as_hours().abs();
            assert!(apart < 10, "{due}");
            open += 1;
        }
    }
    assert!(counted > 50 && open > 20, "{counted} {open}");
}

/// A change here is a change of every seeded installation and measurement: make it on purpose.
#[test]
fn worlds_are_those_of_the_snapshot() {
    let found = [Profile::Demo, Profile::Exam, SMALL_SCALE]
        .map(|profile| format!("{:016x}", fingerprint(profile, 42)));
    assert_eq!(found, ["ae41062260aecf01", "02f85bef56d21464", "70074bed687bd708"]);
}

#[test]
fn json_parses_and_references_point_backwards() {
    for profile in [Profile::Demo, Profile::Exam, SMALL_SCALE] {
        let world = World::new(profile, 5, TODAY);
        let mut urls = BTreeSet::new();
        each_chart(&world, |directory, chart| {
            let mut known: BTreeSet<String> =
                directory.iter().map(|resource| resource.full_url.clone()).collect();
            assert_eq!(chart[0].resource_type, "Patient");
            for resource in chart {
                assert!(urls.insert(resource.full_url.clone()), "{} occurs twice", resource.full_url);
                let head = format!("{{\"resourceType\":\"{}\",", resource.resource_type);
                assert!(resource.json.starts_with(&head));
                let json: Value = serde_json::from_str(&resource.json).unwrap();
                assert!(json.get("id").is_none());
                strings(&json, "", &mut |key, text| {
                    if key == "reference" {
                        assert!(known.contains(text), "{} of {}", text, resource.json);
                    }
                });
                known.insert(resource.full_url.clone());
            }
        });
    }
}

#[test]
fn directories_resolve_within_themselves() {
    let world = World::new(Profile::Demo, 5, TODAY);
    let directory = world.directory(0);
    let known: BTreeSet<&str> = directory.iter().map(|resource| resource.full_url.as_str()).collect();
    assert_eq!(known.len(), directory.len());
    for resource in &directory {
        let json: Value = serde_json::from_str(&resource.json).unwrap();
        strings(&json, "", &mut |key, text| assert!(key != "reference" || known.contains(text)));
    }
}

#[test]
fn sizes_are_those_of_the_profile() {
    let world = World::new(SMALL_SCALE, 5, TODAY);
    let mut charts = 0;
    each_chart(&world, |_, chart| {
        charts += 1;
        assert_eq!(chart.len(), 150);
    });
    let facilities = world.organizations().iter().map(|plan| plan.facilities.len()).sum::<usize>();
    assert_eq!((facilities, charts), (7, 101));

    let world = World::new(Profile::SCALE, 5, TODAY);
    let plans = world.organizations();
    let places: Vec<_> = plans.iter().flat_map(|plan| &plan.facilities).collect();
    assert_eq!((plans.len(), places.len()), (20, 200));
    assert_eq!(places.iter().map(|place| place.patients).sum::<u32>(), 50_000);

    let world = World::new(Profile::Demo, 5, TODAY);
    each_chart(&world, |_, chart| assert!((55..=95).contains(&chart.len()), "{}", chart.len()));
}

#[test]
fn record_numbers_and_addresses_are_unique_in_an_organization() {
    for profile in [Profile::Demo, Profile::SCALE] {
        let world = World::new(profile, 5, TODAY);
        let mut seen = BTreeSet::new();
        for (facility, place) in world.organizations()[0].facilities.iter().enumerate() {
            for n in 0..place.patients.min(40) {
                let patient: Value = serde_json::from_str(&world.patient(0, facility, n)[0].json).unwrap();
                for pointer in ["/identifier/0/value", "/telecom/1/value"] {
                    let value = patient.pointer(pointer).and_then(Value::as_str).unwrap();
                    assert!(seen.insert(value.to_owned()), "{value} occurs twice");
                }
            }
        }
    }
}

/// An unoptimized build makes some 100,000 resources a second; a hundredth of that is a mistake.
#[test]
fn charts_are_cheap() {
    let world = World::new(Profile::SCALE, 5, TODAY);
    let start = std::time::Instant::now();
    let made: usize = (0..50).map(|n| world.patient(0, 0, n).len()).sum();
    assert_eq!(made, 10_000);
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn worlds_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&World::new(Profile::Demo, 5, TODAY));
}

/// Every marker of the manifest stands in its resource once, and no other marker stands anywhere.
#[test]
fn markers_are_unique_and_all_in_the_manifest() {
    let world = World::new(Profile::Exam, 5, TODAY);
    let manifest = world.exam_manifest();
    let mut expected: BTreeMap<&str, &str> = BTreeMap::new();
    for canary in &manifest {
        assert!(
            expected.insert(&canary.marker, &canary.full_url).is_none(),
            "{} occurs twice",
            canary.marker
        );
        assert_eq!(canary.marker.matches('_').count(), 5);
        assert!(canary.marker.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        let scope = format!("organization:{}", canary.organization);
        assert!(canary.may_see.iter().all(|words| words.split(' ').any(|word| word == scope)));
    }
    let mut found = 0;
    let mut check = |resource: &SynthResource| {
        let json: Value = serde_json::from_str(&resource.json).unwrap();
        strings(&json, "", &mut |key, text| {
            let decoded = if key == "data" { decode(text) } else { text.to_owned() };
            let words = decoded.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
            for word in words.filter(|word| word.starts_with("CANARY_")) {
                assert_eq!(expected.get(word).copied(), Some(resource.full_url.as_str()), "{word}");
                found += 1;
            }
        });
    };
    for org in 0..2 {
        world.directory(org).iter().for_each(&mut check);
    }
    each_chart(&world, |_, chart| chart.iter().for_each(&mut check));
    assert_eq!(found, manifest.len());
}

/// A text without a marker could leak unseen.
#[test]
fn every_text_of_an_exam_chart_carries_a_marker() {
    const TEXTS: [&str; 16] = [
        "text",
        "display",
        "div",
        "description",
        "comment",
        "conclusion",
        "title",
        "instruction",
        "patientInstruction",
        "contentString",
        "valueString",
        "unit",
        "lotNumber",
        "subscriberId",
        "data",
        "name",
    ];
    let world = World::new(Profile::Exam, 5, TODAY);
    each_chart(&world, |_, chart| {
        let canaries = chart
            .iter()
            .filter(|resource| resource.json.contains("CANARY_") || resource.json.contains("\"data\""));
        assert_eq!(canaries.count(), chart.len());
        for resource in chart {
            let json: Value = serde_json::from_str(&resource.json).unwrap();
            strings(&json, "", &mut |key, text| {
                let decoded = if key == "data" { decode(text) } else { text.to_owned() };
                assert!(!TEXTS.contains(&key) || decoded.contains("CANARY_exam-"), "{key}: {decoded}");
            });
        }
    });
}

#[test]
fn exam_patients_are_the_same_people_in_both_organizations() {
    let world = World::new(Profile::Exam, 5, TODAY);
    for (facility, n) in [(0, 0), (0, 5), (1, 3)] {
        let [a, b] = [0, 1].map(|org| {
            let chart = world.patient(org, facility, n);
            serde_json::from_str::<Value>(&chart[0].json).unwrap()
        });
        for pointer in [
            "/identifier/0/value",
            "/name/0/family",
            "/name/0/given",
            "/birthDate",
            "/gender",
            "/telecom/1/value",
        ] {
            assert!(a.pointer(pointer).is_some(), "{pointer}");
            assert_eq!(a.pointer(pointer), b.pointer(pointer));
        }
        assert_ne!(a.pointer("/name/0/text"), b.pointer("/name/0/text"));
    }
}

#[test]
fn some_records_carry_sensitivity_labels() {
    for profile in [Profile::Demo, Profile::Exam] {
        let world = World::new(profile, 5, TODAY);
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        each_chart(&world, |_, chart| {
            for resource in chart {
                let json: Value = serde_json::from_str(&resource.json).unwrap();
                for label in json.pointer("/meta/security").and_then(Value::as_array).into_iter().flatten() {
                    *labels.entry(label["code"].as_str().unwrap().to_owned()).or_default() += 1;
                }
            }
        });
        for label in ["SUD", "ETHUD", "42CFRPart2", "PSY", "PSYTHPN", "R"] {
            assert!(labels.contains_key(label), "{label} in {profile:?}");
        }
    }
}

#[test]
fn training_samples_parse_and_are_of_their_type() {
    let samples = training(9, 30);
    assert_eq!(samples, training(9, 30));
    assert!(samples.contains_key("ExplanationOfBenefit"));
    for (resource_type, list) in &samples {
        assert!(!list.is_empty() && list.len() <= 30, "{resource_type}");
        for sample in list {
            let json: Value = serde_json::from_str(sample).unwrap();
            assert_eq!(json["resourceType"], *resource_type);
        }
    }
    assert_eq!(training_corpus("Observation").len(), 400);
    assert!(training_corpus("Spaceship").is_empty());
}

fn decode(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = bits << 6 | ALPHABET.iter().position(|other| *other == byte).expect("base64") as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    String::from_utf8(out).expect("UTF-8")
}
