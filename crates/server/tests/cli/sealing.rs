//! The log is sealed while the program serves; `audit verify` says whether it is what was sealed, and how it ended by its
//! exit code.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use db::keys::RootKey;
use kernel::World;
use merkle::{Checkpoint, Signer};
use serde_json::Value;
use testkit::pg;

use crate::house::{House, Ran, Server, signal};

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

/// Whoever seals in a process of its own: the sealer's login, the log's key, and a folder with nothing in it.
struct Apart<'a> {
    house: &'a House,
    login: String,
}

impl<'a> Apart<'a> {
    fn of(house: &'a House) -> Self {
        let root = RootKey::load_or_create(&house.path("data/root.key"), &World::system()).unwrap();
        let attached = embedded::attach(&house.path("data")).unwrap();
        let login = attached.connection_string("lamplight_sealer", "lamplight");
        Self { house, login: format!("{login} password='{}'", root.role_password("lamplight_sealer")) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.house.command(&[&["audit", "seal"], arguments].concat());
        command.env("LAMPLIGHT_DATA_DIR", self.house.path("apart")).env("DATABASE_SEALER_URL", &self.login);
        command.env("LAMPLIGHT_AUDIT_KEY_FILE", self.house.path("audit.key"));
        command
    }

    fn once(&self) -> Ran {
        Ran::of(&self.command(&["--once"]).output().unwrap())
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// The first line of a program's log that says this.
fn told(child: &mut Child, message: &str) -> Value {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line).unwrap_or_default());
    let found = said.into_iter().find(|line| line["message"] == message).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    found
}

#[test]
fn a_process_of_its_own_seals_the_log_one_at_a_time_and_a_killed_one_leaves_nothing_half_done() {
    let house = House::new("apart");
    house.make_oak(&["north"]);
    let server = Server::start(&house, &["--no-audit-seal"]);
    let ask = || house.ok(&["audit", "report", "--patient", "01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10"]);
    ask();
    assert!(!house.path("data/audit.key").exists(), "told not to, `serve` seals all the same");
    let apart = Apart::of(&house);
    let ran = apart.once();
    assert!(ran.code == 0 && !ran.out.contains("main: 0 "), "{} {}", ran.out, ran.err);
    assert!(!house.path("apart").exists(), "it needs no folder and no root key");
    let verify = || {
        let (key, text) = (house.text("audit.pub"), fs::read_to_string(house.path("audit.key")).unwrap());
        fs::write(&key, format!("{}\n", text.parse::<Signer>().unwrap().verifier())).unwrap();
        let ran = house.run(&["audit", "verify", "--json", "--key", &key]);
        assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
        serde_json::from_str::<Value>(&ran.out).unwrap()
    };
    assert_eq!(verify()["unsealed"], 0);

    // Killed wherever it happens to be, and another at the same time: what is sealed is one log.
    for kill in 0..12_u64 {
        ask();
        let (mut one, mut other) = (apart.spawn(&["--once"]), apart.spawn(&["--once"]));
        std::thread::sleep(Duration::from_millis(25 * kill));
        // It may have ended by itself.
        let _ = one.kill();
        one.wait().unwrap();
        let code = other.wait().unwrap().code();
        assert!(code == Some(0) || code == Some(1), "{code:?}");
    }
    assert_eq!(apart.once().code, 0);
    let sealed = verify();
    assert_eq!(sealed["unsealed"], 0);
    assert!(sealed["events"].as_u64() >= Some(13), "{sealed}");

    // While somebody seals, nobody else does.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let holder = runtime.block_on(async {
        let attached = embedded::attach(&house.path("data")).unwrap();
        let at = attached.connection_string(attached.superuser(), "lamplight");
        let (client, connection) = pg::connect(&at, pg::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.execute("SELECT pg_advisory_lock(7310498203)", &[]).await.unwrap();
        client
    });
    let ran = apart.once();
    assert!(ran.code == 1 && ran.err.contains("another program is sealing main"), "{} {}", ran.code, ran.err);
    drop((holder, runtime));

    // One that stays, with figures of its own.
    ask();
    let mut stays = apart.spawn(&["--metrics", "127.0.0.1:0"]);
    let at = told(&mut stays, "figures")["listen"].as_str().unwrap().to_owned();
    let began = Instant::now();
    while verify()["unsealed"] != 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it does not seal");
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut ready = String::new();
    stream.read_to_string(&mut ready).unwrap();
    assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with(r#"{"unsealed":[]}"#), "{ready}");
    signal("TERM", &stays);
    assert_eq!(stays.wait().unwrap().code(), Some(0));
    assert_eq!(server.stop("TERM"), Some(0));
}
