//! Records coming in and going out in bulk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::civil::date;
use serde_json::{Value, json};
use synth::{Profile, SynthResource, World};

use crate::house::{House, Server, mode, signal};

const INTO_OAK: [&str; 5] = ["import", "--organization", "oak", "--facility", "north"];

fn bundle(resources: &[SynthResource]) -> String {
    let entries: Vec<String> = resources
        .iter()
        .map(|resource| {
            let request = json!({ "method": "POST", "url": resource.resource_type });
            format!(
                r#"{{"fullUrl":"{}","resource":{},"request":{request}}}"#,
                resource.full_url, resource.json
            )
        })
        .collect();
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","))
}

/// Writes `patients` patients, each with the directory it refers to, as transaction bundles; gives what they hold.
fn write_bundles(dir: &Path, patients: u32) -> Vec<Value> {
    let world = World::new(Profile::Exam, 7, date(2026, 3, 2));
    let directory = world.directory(0);
    fs::create_dir(dir).unwrap();
    fs::write(dir.join("0-directory.json"), bundle(&directory)).unwrap();
    let mut all: Vec<SynthResource> = directory.clone();
    for n in 0..patients {
        let chart = world.patient(0, 0, n);
        let file = File::create(dir.join(format!("patient-{n}.json.gz"))).unwrap();
        let mut file = GzEncoder::new(file, Compression::fast());
        file.write_all(bundle(&[directory.clone(), chart.clone()].concat()).as_bytes()).unwrap();
        file.finish().unwrap();
        all.extend(chart);
    }
    all.iter().map(|resource| serde_json::from_str(&resource.json).unwrap()).collect()
}

/// What a record says apart from its ids and the server's stamps, by type.
fn contents(records: impl IntoIterator<Item = Value>) -> BTreeMap<String, Vec<String>> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("reference");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mut record in records {
        let members = record.as_object_mut().unwrap();
        members.remove("id");
        let mut meta = members.remove("meta").unwrap_or_else(|| json!({}));
        for stamp in ["versionId", "lastUpdated"] {
            meta.as_object_mut().unwrap().remove(stamp);
        }
        members.insert("meta".to_owned(), meta);
        strip(&mut record);
        found
            .entry(record["resourceType"].as_str().unwrap().to_owned())
            .or_default()
            .push(record.to_string());
    }
    found.values_mut().for_each(|texts| texts.sort());
    found
}

fn exported(dir: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600);
        if path.ends_with("NOTICE.txt") {
            continue;
        }
        let lines = BufReader::new(GzDecoder::new(File::open(&path).unwrap())).lines();
        records.extend(lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()));
    }
    records
}

fn outcomes(report: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(report).unwrap().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        *counts.entry(entry["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn what_comes_in_once_goes_out_as_it_came() {
    let house = House::new("bulk");
    let _server = Server::start(&house, &[]);
    house.make_oak(&["north", "south"]);
    let records = write_bundles(&house.path("in"), 3);
    let both = ["import", "--organization", "oak", "--facility", "north,south", "--json"];
    let input = house.text("in");
    let dry = house.json(&[&both[..], &["--dry-run", &input]].concat());
    assert_eq!((&dry["refused"], &dry["unchanged"]), (&json!(0), &json!(0)), "{dry}");
    let first = house.json(&[&both[..], &["--report", &house.text("report"), &input]].concat());
    assert_eq!(first["created"], records.len(), "{first}");
    assert_eq!(outcomes(&house.path("report"))["created"], records.len());
    assert_eq!(mode(&house.path("report")), 0o600);
    let second = house.json(&[&both[..], &[&*input]].concat());
    assert_eq!((&second["created"], &second["updated"]), (&json!(0), &json!(0)), "{second}");

    let out = house.text("out");
    house.ok(&["export", "--organization", "oak", "--gzip", "--out", &out]);
    assert_eq!(mode(&house.path("out")), 0o700);
    let taken = exported(&house.path("out"));
    assert_eq!(contents(taken.clone()), contents(records));
    // What the law wants handed on with records of substance use, and with no others.
    let said = |dir: &str| fs::read_to_string(house.path(dir).join("NOTICE.txt")).unwrap_or_default();
    let of_use = |record: &Value| {
        let labels = record["meta"]["security"].to_string();
        ["SUD", "ETH", "ETHUD", "OPIOIDUD", "42CFRPart2"]
            .iter()
            .any(|label| labels.contains(&format!("\"{label}\"")))
    };
    assert_eq!(said("out").starts_with("42 CFR part 2 prohibits"), taken.iter().any(of_use));
    let plain = ["export", "--organization", "oak", "--type", "Patient", "--out"];
    house.ok(&[&plain[..], &[&*house.text("plain")]].concat());
    assert_eq!(said("plain"), "");
    let again = house.run(&["export", "--organization", "oak", "--out", &out]);
    assert!(again.code == 1 && again.err.contains("is not empty"), "{}", again.err);

    // Each patient is at one facility, and both have some.
    let count = |facility: &str| {
        let dir = house.text(facility);
        let arguments =
            ["export", "--organization", "oak", "--facility", facility, "--type", "Patient", "--json"];
        house.json(&[&arguments[..], &["--out", &dir]].concat())[0]["records"].as_u64().unwrap_or(0)
    };
    assert_eq!(count("north") + count("south"), 3);

    // Who did this is on record, and so is the asking.
    let patient = taken.iter().find(|record| record["resourceType"] == "Patient").unwrap();
    let id = patient["id"].as_str().unwrap();
    let report = house.json(&["audit", "report", "--patient", id, "--format", "json"]);
    let actions: Vec<&str> =
        report.as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"chart.import") && actions.contains(&"chart.export"), "{actions:?}");
    let csv = house.ok(&["audit", "report", "--organization", "oak", "--patient", id, "--format", "csv"]);
    assert!(csv.starts_with("at,event,membership") && csv.contains("audit.report"), "{csv}");

    // What went out comes in elsewhere, from files of one type each.
    house.ok(&["organization", "create", "elm", "--name", "Elm"]);
    house.ok(&["facility", "create", "--organization", "elm", "east", "--name", "East", "--state", "live"]);
    let elsewhere = ["import", "--organization", "elm", "--facility", "east", "--json", &out];
    let moved = house.json(&elsewhere);
    assert_eq!((&moved["created"], &moved["refused"]), (&json!(taken.len()), &json!(0)), "{moved}");
    assert_eq!(house.json(&elsewhere)["unchanged"], taken.len());
    house.ok(&["export", "--organization", "elm", "--gzip", "--out", &house.text("elm")]);
    assert_eq!(contents(exported(&house.path("elm"))), contents(taken));
}

#[test]
fn what_cannot_be_taken_is_told_and_the_rest_goes_on() {
    let house = House::new("refused");
    let _server = Server::start(&house, &[]);
    house.make_oak(&["north"]);
    write_bundles(&house.path("in"), 1);
    fs::write(house.path("in/broken.json"), r#"{"resourceType":"Bundle","type":"#).unwrap();
    fs::write(house.path("in/plain.json.gz"), "not compressed").unwrap();
    let wrong = r#"{"resourceType":"Observation","id":"a","status":"no such status"}"#;
    let right = r#"{"resourceType":"Location","id":"b","name":"Garden"}"#;
    fs::write(house.path("in/mixed.ndjson"), format!("{wrong}\n\n{right}\nnonsense\n")).unwrap();
    let report = house.text("report");
    let ran =
        house.run(&[&INTO_OAK[..], &["--report", &report, &house.text("in"), &house.text("gone")]].concat());
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("2 refused; 3 files or bundles not taken"), "{}", ran.out);
    let found = outcomes(&house.path("report"));
    assert_eq!((found["refused"], found["unreadable"]), (3, 2), "{found:?}");
    let lines = fs::read_to_string(&report).unwrap();
    let mut entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let fourth =
        |entry: &Value| entry["index"] == 3 && entry["file"].as_str().unwrap().ends_with("mixed.ndjson");
    assert_eq!(entries.find(fourth).unwrap()["outcome"], "refused", "the fourth line of the file");
    assert!(
        !lines.contains("no such status") && !ran.err.contains("no such status"),
        "values are not repeated"
    );
    assert!(house.run(&[&INTO_OAK[..], &[&house.text("nothing.txt")]].concat()).code == 3);
    let empty = house.path("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(house.run(&[&INTO_OAK[..], &[empty.to_str().unwrap()]].concat()).code, 1);
}

#[test]
fn an_import_that_was_killed_goes_on() {
    let house = House::new("killed");
    house.make_oak(&["north"]);
    let records = write_bundles(&house.path("in"), 6);
    let (input, report) = (house.text("in"), house.text("report"));
    let arguments = [&INTO_OAK[..], &["--json", "--report", &report, &input]].concat();
    // Killed with the directory in, then with a patient or two more each time.
    for patients in 0..4 {
        let mut child = house.spawn(&arguments);
        let written =
            || fs::read_to_string(&report).unwrap_or_default().matches("\"type\":\"Patient\"").count();
        while child.try_wait().unwrap().is_none() && written() <= patients {
            std::thread::sleep(Duration::from_millis(2));
        }
        // It may have come to its end.
        signal("KILL", &child);
        child.wait().unwrap();
        fs::remove_file(&report).unwrap();
    }
    let summary = house.json(&arguments);
    assert_eq!(summary["refused"], 0, "{summary}");
    house.ok(&["export", "--organization", "oak", "--gzip", "--out", &house.text("out")]);
    assert_eq!(contents(exported(&house.path("out"))), contents(records));
}

#[test]
fn the_exam_world_is_the_same_every_time() {
    let house = House::new("exam");
    let _server = Server::start(&house, &[]);
    let manifest = house.text("manifest.json");
    let seed = ["seed", "--profile", "exam", "--seed", "3", "--today", "2026-03-02", "--manifest", &manifest];
    assert!(house.ok(&seed).contains(" 0 refused"));
    assert_eq!(mode(&house.path("manifest.json")), 0o600);
    let markers: Value = serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    assert!(markers[0]["marker"].as_str().unwrap().starts_with("CANARY_exam-a_"));
    let again = house.ok(&seed);
    assert!(again.contains(" 0 created, 0 updated, ") && again.contains(" 0 refused"), "{again}");
    assert_eq!(house.run(&["seed", "--profile", "demo", "--patients", "3"]).code, 1);

    let scale =
        ["seed", "--profile", "scale", "--organizations", "2", "--facilities", "3", "--patients", "4"];
    let made = house.ok(&[&scale[..], &["--resources", "250", "--today", "2026-03-02"]].concat());
    assert!(made.contains(" 0 refused"), "{made}");
    assert_eq!(house.json(&["organization", "list", "--json"]).as_array().unwrap().len(), 4);
}
