//! The log is sealed while the program serves; `audit verify` says whether it is what was sealed, and how it ended by its
//! exit code.

use std::fs;
use std::time::{Duration, Instant};

use merkle::{Checkpoint, Signer};
use serde_json::Value;

use crate::house::{House, Server};

/// Waits until what a command wrote is sealed.
fn sealed(house: &House) -> Value {
    let began = Instant::now();
    loop {
        let ran = house.run(&["audit", "verify", "--json"]);
        let told: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        if ran.code == 0 && told["events"].as_u64() > Some(0) && told["unsealed"] == 0 {
            return told;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "not sealed: {} {} {}",
            ran.code,
            ran.out,
            ran.err
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn the_log_is_sealed_while_the_program_serves_and_verified_beside_it() {
    let house = House::new("sealing");
    house.make_oak(&["north"]);
    // Asking who looked is a line of the log itself.
    let ask = || house.ok(&["audit", "report", "--patient", "01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10"]);
    ask();
    assert_eq!(house.run(&["audit", "key"]).code, 1, "nobody has sealed yet");
    let witness = house.text("checkpoints.jsonl");
    let server = Server::start(&house, &["--audit-witness", &witness]);
    let told = sealed(&house);
    assert!(
        told["findings"].as_array().unwrap().is_empty() && told["checkpoints"].as_u64() >= Some(2),
        "{told}"
    );
    let key = house.ok(&["audit", "key"]);
    fs::write(house.path("audit.pub"), &key).unwrap();
    let verify = |key: &str, witness: &str| {
        house.run(&["audit", "verify", "--key", &house.text(key), "--witness", &house.text(witness)])
    };
    // The witness is written right after the round.
    let began = Instant::now();
    while fs::read_to_string(&witness).is_ok_and(|text| !text.ends_with('\n'))
        || !house.path("checkpoints.jsonl").exists()
    {
        assert!(began.elapsed() < Duration::from_secs(20), "no witness");
        std::thread::sleep(Duration::from_millis(100));
    }
    let ran = verify("audit.pub", "checkpoints.jsonl");
    assert!(ran.code == 0 && ran.out.contains("clean"), "{} {} {}", ran.code, ran.out, ran.err);

    // A witness that has seen more than there is: the end was cut off.
    let signer: Signer = fs::read_to_string(house.path("data/audit.key")).unwrap().parse().unwrap();
    let note = fs::read_to_string(&witness)
        .unwrap()
        .lines()
        .next()
        .map(serde_json::from_str::<Value>)
        .unwrap()
        .unwrap();
    let text = signer.verifier().open(note["notes"][1].as_str().unwrap()).unwrap().to_owned();
    let mut seen: Checkpoint = text.parse().unwrap();
    seen.size += 1_000;
    let line = serde_json::json!({"size": 99, "notes": [signer.sign(&seen.text())]});
    fs::write(house.path("more.jsonl"), format!("{line}\n")).unwrap();
    let ran = verify("audit.pub", "more.jsonl");
    assert!(ran.code == 1 && ran.out.contains("truncated"), "{} {} {}", ran.code, ran.out, ran.err);

    // A line that was cut off is passed over, and the witness goes on after it.
    assert_eq!(server.stop("TERM"), Some(0));
    let kept = fs::read_to_string(&witness).unwrap();
    fs::write(&witness, format!("{kept}{{\"size\":9")).unwrap();
    ask();
    let server = Server::start(&house, &["--audit-witness", &witness]);
    let began = Instant::now();
    while fs::read_to_string(&witness).unwrap().lines().count() <= kept.lines().count() + 1 {
        assert!(began.elapsed() < Duration::from_secs(60), "the witness does not go on");
        std::thread::sleep(Duration::from_millis(200));
    }
    let ran = verify("audit.pub", "checkpoints.jsonl");
    assert!(ran.code == 0 && ran.err.contains("cut off"), "{} {} {}", ran.code, ran.out, ran.err);

    // Somebody else's key, and what is no witness.
    let other: Signer = Signer::generate(signer.verifier().name()).unwrap().parse().unwrap();
    fs::write(house.path("other.pub"), format!("{}\n", other.verifier())).unwrap();
    let ran = house.run(&["audit", "verify", "--key", &house.text("other.pub")]);
    assert!(ran.code == 1 && ran.out.contains("bad signature"), "{} {} {}", ran.code, ran.out, ran.err);
    assert_eq!(verify("other.pub", "checkpoints.jsonl").code, 2);
    fs::write(house.path("no.jsonl"), "nothing\n").unwrap();
    assert_eq!(verify("audit.pub", "no.jsonl").code, 2);
    assert_eq!(verify("no.pub", "checkpoints.jsonl").code, 2);
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn a_bundle_is_verified_without_a_database_and_every_database_is_sealed() {
    let house = House::new("bundles");
    house.make_oak(&["north"]);
    let elm = ["organization", "create", "elm", "--name", "Elm", "--own-database=lamplight_elm"];
    house.ok(&elm);
    let patient = "01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10";
    house.ok(&["audit", "report", "--organization", "oak", "--patient", patient]);
    let witness = house.text("seen.jsonl");
    let server =
        Server::start(&house, &["--audit-witness", &witness, "--audit-archive", &house.text("months")]);
    let began = Instant::now();
    let told = loop {
        let told = sealed(&house);
        if told["own"]["lamplight_elm"]["events"].as_u64() > Some(0)
            && house.path("seen-lamplight_elm.jsonl").exists()
        {
            break told;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{told}");
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(told["own"]["lamplight_elm"]["findings"], serde_json::json!([]));
    let ran = house.run(&["audit", "verify", "--witness", &witness]);
    assert!(ran.code == 0 && ran.out.contains("lamplight_elm: "), "{} {} {}", ran.code, ran.out, ran.err);

    fs::write(house.path("audit.pub"), house.ok(&["audit", "key"])).unwrap();
    for (slug, file) in [("oak", "oak.jsonl.zst"), ("elm", "elm.jsonl")] {
        let out = house.text(file);
        house.ok(&["audit", "export", "--organization", slug, "--out", &out]);
        assert_eq!(
            house.run(&["audit", "export", "--organization", slug, "--out", &out]).code,
            1,
            "it is there already"
        );
        // Without the installation: another data folder, which stays empty.
        let elsewhere = house.text("nowhere");
        let verify = |bundle: &str| {
            house.run(&[
                "--data-dir",
                &elsewhere,
                "audit",
                "verify",
                "--bundle",
                bundle,
                "--key",
                &house.text("audit.pub"),
                "--witness",
                &witness,
            ])
        };
        let ran = verify(&out);
        assert!(ran.code == 0 && ran.out.contains("clean"), "{slug}: {} {} {}", ran.code, ran.out, ran.err);
        assert!(!house.path("nowhere").exists());
        let bytes = fs::read(&out).unwrap();
        fs::write(house.path("short"), &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(verify(&house.text("short")).code, 2);
    }
    let text = fs::read_to_string(house.path("elm.jsonl")).unwrap();
    fs::write(
        house.path("bent.jsonl"),
        text.replacen("\"outcome\":\"success\"", "\"outcome\":\"denied\"", 1),
    )
    .unwrap();
    let bent = ["audit", "verify", "--bundle", &house.text("bent.jsonl"), "--key", &house.text("audit.pub")];
    let ran = house.run(&bent);
    assert!(ran.code == 1 && ran.out.contains("altered"), "{} {} {}", ran.code, ran.out, ran.err);
    // No month is over: there is nothing to archive, and nothing is let go of.
    assert_eq!(house.ok(&["audit", "archive", "--to", &house.text("months"), "--let-go"]), "");
    assert_eq!(server.stop("TERM"), Some(0));
}
