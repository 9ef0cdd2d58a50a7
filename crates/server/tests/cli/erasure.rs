//! A patient's keys are destroyed between a backup and the restore of that backup: they stay unreadable everywhere, everybody
//! else is read, and no older keyring is served from (ADR 0039).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chart::Store;
use clap::Parser as _;
use db::{Ctx, Purpose as Why, Request};
use fhir::ResourceType;
use jiff::Timestamp;
use kernel::{PatientId, RequestId, ResourceId, World};
use serde_json::Value;
use server::boot::{BootOptions, Installation, Purpose};
use uuid::Uuid;

use crate::house::{House, Ran, Server};

const PATIENTS: u32 = 5;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    boot: BootOptions,
}

/// An installation in this process, beside the program or alone.
struct Inside {
    installation: Installation,
    store: Store,
    ctx: Ctx,
}

impl Inside {
    async fn of(data_dir: &Path) -> Result<Self, server::boot::Error> {
        let line = Line::try_parse_from(["x", "--data-dir", data_dir.to_str().unwrap()]).unwrap();
        let installation = Installation::open(&line.boot, &World::system(), Purpose::Command).await?;
        let operator = installation.main().operator().await?;
        let organization = operator.organization("oak").await?;
        let places: Vec<_> = operator.facilities(organization.id).await?.iter().map(|one| one.id).collect();
        let id = RequestId(World::system().uuid());
        let request = Request { id, address: None, purpose: Why::Administration };
        let ctx = operator.enter(&organization, &places, request);
        let store = Store::new(installation.main().open(2)?);
        Ok(Self { installation, store, ctx })
    }

    /// The patients that can be read; anything but "erased" of the others is a failure.
    async fn readable(&self, all: &[Uuid]) -> Vec<Uuid> {
        let mut found = Vec::new();
        for id in all {
            match self.store.read(&self.ctx, ResourceType::Patient, ResourceId(*id)).await {
                Ok(_) => found.push(*id),
                Err(chart::Error::Db(db::Error::Erased)) => {}
                Err(error) => panic!("patient {id}: {error}"),
            }
        }
        found
    }

    async fn close(self) {
        self.installation.close(true).await.unwrap();
    }
}

/// Brings invented patients in; gives their ids.
fn admit(house: &House) -> Vec<Uuid> {
    let dir = house.path("patients");
    fs::create_dir(&dir).unwrap();
    let line =
        |n| format!(r#"{{"resourceType":"Patient","id":"p{n}","name":[{{"family":"Invented {n}"}}]}}"#);
    fs::write(dir.join("Patient.ndjson"), (0..PATIENTS).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    house.ok(&["import", "--organization", "oak", "--facility", "north", dir.to_str().unwrap()]);
    let out = house.path("out");
    house.ok(&["export", "--organization", "oak", "--type", "Patient", "--out", out.to_str().unwrap()]);
    let text = fs::read_to_string(out.join("Patient.ndjson")).unwrap();
    let id =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().parse().unwrap();
    text.lines().map(id).collect()
}

fn copy(from: &Path, to: &Path) {
    // Owners and modes too: PostgreSQL looks at them.
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// An installation with a backup of `tool` from before an erasure, and what is known of it.
struct Erased {
    house: House,
    server: Server,
    repo: String,
    /// A copy of the keyring as it was, such as somebody may have kept.
    kept: PathBuf,
    before: Timestamp,
    all: Vec<Uuid>,
    others: Vec<Uuid>,
}

async fn erase(tool: &str) -> Erased {
    let house = House::new(&format!("erasure-{tool}"));
    let (data, repo) = (house.path("data"), house.text("repo"));
    let mut first = house.command(&["backup", "--list"]);
    first.env("LAMPLIGHT_BACKUP_DIR", &repo).env("LAMPLIGHT_BACKUP_TOOL", tool);
    assert_eq!(Ran::of(&first.output().unwrap()).code, 0);
    house.make_oak(&["north"]);
    let all = admit(&house);
    let (erased, others) = (all[3], [&all[..3], &all[4..]].concat());
    let kept = house.path("kept-keyring");
    copy(&data.join("keyring"), &kept);
    let server = Server::start(&house, &[]);
    house.ok(&["backup"]);
    std::thread::sleep(Duration::from_millis(1200));
    let before = World::system().now();
    std::thread::sleep(Duration::from_millis(1200));

    let inside = Inside::of(&data).await.unwrap();
    assert_eq!(inside.readable(&all).await, all);
    let repository = inside.installation.backups().unwrap().keyring().unwrap().clone();
    let site = embedded::Site::of(&data.join("keyring")).unwrap();
    let older = repository.list(&site).await.unwrap();
    let ring = inside.store.db().keyring();
    let destroyed = ring.erase(&inside.ctx, PatientId(erased), World::system().uuid()).await.unwrap();
    assert_eq!(destroyed, 1);
    assert_eq!(inside.readable(&all).await, others);
    // Soon the keyring's only backup is one without those keys.
    let began = Instant::now();
    loop {
        let newer = repository.list(&site).await.unwrap();
        if newer.len() == 1 && newer != older {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{older:?} {newer:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    inside.close().await;
    Erased { house, server, repo, kept, before, all, others }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_after_a_backup_by_pgbackrest_is_erased_in_its_restore() {
    let there = Command::new("pgbackrest").arg("version").output().is_ok_and(|ran| ran.status.success());
    assert!(there, "pgBackRest is not on this machine: ./test installs it");
    let Erased { house, server, repo, kept, before, all, others } = erase("pgbackrest").await;
    let data = house.path("data");
    house.ok(&["backup", "--archive"]);
    let rehearsed = house.run(&["rehearse", "--json"]);
    assert_eq!(rehearsed.code, 0, "{} {}", rehearsed.out, rehearsed.err);

    let restore = |name: &str, at: Option<Timestamp>, keyring: Option<&Path>| {
        let to = house.path(name);
        fs::create_dir(&to).unwrap();
        for key in ["root.key", "audit.key"] {
            fs::copy(data.join(key), to.join(key)).unwrap();
        }
        if let Some(keyring) = keyring {
            copy(keyring, &to.join("keyring"));
        }
        let at = at.map(|at| at.to_string());
        let mut arguments = vec!["restore", "--to", to.to_str().unwrap()];
        arguments.extend(at.iter().flat_map(|at| ["--at", at.as_str()]));
        let mut command = house.command(&arguments);
        command.env("LAMPLIGHT_BACKUP_DIR", &repo).env("LAMPLIGHT_DATA_DIR", house.path("nowhere"));
        (to, Ran::of(&command.output().unwrap()))
    };
    // The data of before the erasure, with the keyring of today.
    let (to, ran) = restore("before", Some(before), None);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let inside = Inside::of(&to).await.unwrap();
    assert_eq!(inside.readable(&all).await, others);
    inside.close().await;
    // With the keyring of before, data of no time is served from.
    for (name, at) in [("before-older", Some(before)), ("end-older", None)] {
        let (to, ran) = restore(name, at, Some(&kept));
        assert!(ran.code == 1 && ran.err.contains("the keyring is older"), "{name}: {}", ran.err);
        assert!(Inside::of(&to).await.is_err(), "{name}");
    }
    // Nor is data without its keyring given another one.
    fs::remove_dir_all(to.join("keyring")).unwrap();
    let refused = Inside::of(&to).await.err().unwrap();
    assert!(matches!(refused, server::boot::Error::NoKeyring(_)), "{refused}");
    assert_eq!(server.stop("TERM"), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_of_the_keyring_by_postgresqls_own_tools_has_the_keys_of_who_was_erased() {
    let erased = erase("own").await;
    let rehearsed = erased.house.run(&["rehearse", "--json"]);
    assert_eq!(rehearsed.code, 0, "{} {}", rehearsed.out, rehearsed.err);
    assert_eq!(erased.server.stop("TERM"), Some(0));
}
