//! Backups: taken beside a running server, restored to a moment between two writes by the folder of backups and the keys
//! alone, and rehearsed; what is damaged in the repository is found and named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kernel::World;
use serde_json::Value;

use crate::house::{House, Ran, Server};

fn now() -> Timestamp {
    World::system().now()
}

/// Brings invented patients in, each by a number of its own.
fn admit(house: &House, numbers: std::ops::Range<u32>) {
    let dir = house.path("patients");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir(&dir).unwrap();
    let line = |n| {
        let id = format!("01981f3e-7c1a-7b52-8f6e-{n:012}");
        format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Invented {n}"}}]}}"#)
    };
    let lines: Vec<String> = numbers.map(line).collect();
    fs::write(dir.join("Patient.ndjson"), lines.join("\n")).unwrap();
    house.ok(&["import", "--organization", "oak", "--facility", "north", dir.to_str().unwrap()]);
}

/// A command on another installation.
fn on(data_dir: &Path, house: &House, arguments: &[&str]) -> Ran {
    let mut command = house.command(arguments);
    command.env("LAMPLIGHT_DATA_DIR", data_dir);
    Ran::of(&command.output().unwrap())
}

/// How many patients an installation has, by their records being opened.
fn patients(data_dir: &Path, house: &House) -> usize {
    let out = house.path("out");
    let _ = fs::remove_dir_all(&out);
    let ran = on(
        data_dir,
        house,
        &["export", "--organization", "oak", "--type", "Patient", "--out", out.to_str().unwrap()],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    fs::read_to_string(out.join("Patient.ndjson")).unwrap().lines().count()
}

/// The largest file below a folder whose path has `part` in it; the keyring's repository is another one.
fn largest(dir: &Path, part: &str) -> PathBuf {
    let mut folders = vec![dir.to_owned()];
    let mut found: Option<(u64, PathBuf)> = None;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, meta) = (entry.path(), entry.metadata().unwrap());
            if path.ends_with("repo/keyring") {
                continue;
            } else if meta.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().contains(part)
                && found.as_ref().is_none_or(|(size, _)| meta.len() > *size)
            {
                found = Some((meta.len(), path));
            }
        }
    }
    found.unwrap().1
}

/// Flips 64 bytes in the middle of a file; gives what it was.
fn flip(file: &Path) -> Vec<u8> {
    let whole = fs::read(file).unwrap();
    let mut bent = whole.clone();
    let middle = bent.len() / 2;
    bent[middle..middle + 64].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(file, bent).unwrap();
    whole
}

fn pause() {
    std::thread::sleep(Duration::from_millis(1200));
}

/// The whole story with one tool; `base` and `log` are in the paths of the repository's files.
fn story(tool: &str, base: &str, log: &str) {
    let house = House::new(&format!("backup-{tool}"));
    let repo = house.text("repo");
    let first = |arguments: &[&str]| {
        let mut command = house.command(arguments);
        command.env("LAMPLIGHT_BACKUP_DIR", &repo).env("LAMPLIGHT_BACKUP_TOOL", tool);
        Ran::of(&command.output().unwrap())
    };
    let none = house.run(&["backup"]);
    assert!(none.code == 1 && none.err.contains("LAMPLIGHT_BACKUP_DIR"), "{}", none.err);
    // A server that was started without a repository archives nothing, and that is said.
    assert_eq!(first(&["backup", "--list"]).code, 0);
    // From here on the data folder knows.
    house.make_oak(&["north"]);
    let server = Server::start(&house, &[]);
    admit(&house, 0..3);
    let documents = house.path("data/documents/ab");
    fs::create_dir_all(&documents).unwrap();
    fs::write(documents.join("file"), vec![9; 100_000]).unwrap();
    let taken = house.json(&["backup", "--json"]);
    assert_eq!(taken[0]["kind"], "full", "{taken}");
    pause();
    admit(&house, 3..5);
    pause();
    let between = now();
    pause();
    admit(&house, 5..6);
    house.ok(&["backup", "--archive"]);
    assert_eq!(house.json(&["backup", "--list", "--json"]).as_array().unwrap().len(), 1);

    // Nothing of the installation is asked: only the folder of backups, and the keys.
    let back = house.path("back");
    let restore = |to: &Path, at: Option<Timestamp>| {
        let at = at.map(|at| at.to_string());
        let mut arguments = vec!["restore", "--to", to.to_str().unwrap()];
        arguments.extend(at.iter().flat_map(|at| ["--at", at.as_str()]));
        let mut command = house.command(&arguments);
        command.env("LAMPLIGHT_BACKUP_DIR", &repo).env("LAMPLIGHT_DATA_DIR", house.path("nowhere"));
        Ran::of(&command.output().unwrap())
    };
    let ran = restore(&back, None);
    assert!(ran.code == 1 && ran.err.contains("root key"), "{}", ran.err);
    fs::create_dir(&back).unwrap();
    for key in ["root.key", "audit.key"] {
        fs::copy(house.path("data").join(key), back.join(key)).unwrap();
    }
    let ran = restore(&back, Some("2020-01-01T00:00:00Z".parse().unwrap()));
    assert!(ran.code == 1 && ran.err.contains("no backup in the repository was complete by"), "{}", ran.err);
    let ran = restore(&back, Some(between));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(patients(&back, &house), 5, "those written until then, and no more");
    assert_eq!(fs::read(back.join("documents/ab/file")).unwrap(), vec![9; 100_000]);
    assert!(on(&back, &house, &["doctor"]).out.contains("0 failed"));
    let ran = restore(&back, None);
    assert!(ran.code == 1 && ran.err.contains("is not empty"), "{}", ran.err);
    assert_eq!(patients(&house.path("data"), &house), 6, "the installation itself is as it was");

    // A rehearsal restores, looks through it all, the sealed log too, and leaves nothing behind.
    let began = Instant::now();
    while house.json(&["audit", "verify", "--json"])["events"] == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is sealed");
        std::thread::sleep(Duration::from_millis(500));
    }
    house.ok(&["backup", "--archive"]);
    let rehearsed = house.run(&["rehearse", "--json"]);
    assert_eq!(rehearsed.code, 0, "{} {}", rehearsed.out, rehearsed.err);
    let report: Value = serde_json::from_str(&rehearsed.out).unwrap();
    assert_eq!(report["backup"], taken[0]["label"]);
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["repository", "restore", "keyring", "erasures", "pages", "walls", "log", "charts", "counts"]
    );
    let sealed = report["checks"][6]["looked_at"].as_str().unwrap();
    assert!(sealed.contains("sealed events") && !sealed.starts_with("0 "), "{report}");
    assert!(!house.path("data/rehearsal").exists());
    // And the restored copy can be looked at where it is.
    assert_eq!(on(&back, &house, &["rehearse", "--here"]).code, 0);

    // Damage of every kind is found at once, and named.
    let [one, two, three] = [base, log, "/files/"].map(|part| largest(&house.path("repo"), part));
    let parts = [one, two, three, largest(&house.path("repo/keyring"), base)];
    if tool == "pgbackrest" {
        // It has two of this one, and restores with the other.
        let second = largest(&house.path("repo"), "/backup.manifest");
        let whole = flip(&second);
        let ran = house.run(&["rehearse", "--json"]);
        assert!(ran.code == 1 && ran.out.contains("backup.manifest"), "{} {}", ran.out, ran.err);
        fs::write(&second, whole).unwrap();
    }
    let whole = parts.each_ref().map(|file| flip(file));
    let ran = house.run(&["rehearse", "--json"]);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let faults = report["checks"][0]["faults"].as_array().unwrap();
    for (file, whole) in parts.iter().zip(whole) {
        let named = |fault: &Value| is_of(fault["place"].as_str().unwrap(), file);
        assert!(faults.iter().any(named), "{}: {}", file.display(), ran.out);
        fs::write(file, whole).unwrap();
    }
    assert_eq!(report["checks"][1]["name"], "restore");
    assert_eq!(report["checks"][1]["faults"].as_array().unwrap().len(), 1, "nor can it be restored");
    assert_eq!(server.stop("TERM"), Some(0));
}

/// Whether a fault names this file of the repository.
fn is_of(place: &str, file: &Path) -> bool {
    file.to_str().unwrap().ends_with(place)
}

#[test]
fn a_backup_by_postgresqls_own_tools_is_restored_and_rehearsed_and_damage_is_named() {
    story("own", "/base/", "/wal/");
}

#[test]
fn a_backup_by_pgbackrest_is_restored_and_rehearsed_and_damage_is_named() {
    let there = Command::new("pgbackrest").arg("version").output().is_ok_and(|ran| ran.status.success());
    assert!(there, "pgBackRest is not on this machine: ./test installs it");
    story("pgbackrest", "/backup/main/", "/archive/main/15-1/");
}
