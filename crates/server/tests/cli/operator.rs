//! What the operator sets up, and how commands end.

use serde_json::Value;

use crate::house::{House, Ran, Server, bare, mode};

#[test]
fn an_organization_is_set_up() {
    let house = House::new("setup");
    let server = Server::start(&house, &[]);
    let made = house.json(&["organization", "create", "oak", "--name", "Oak Hill", "--json"]);
    assert_eq!((&made["slug"], &made["kind"]), (&Value::from("oak"), &Value::from("senior-care")));
    let again = house.run(&["organization", "create", "oak", "--name", "Another"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("there is an organization `oak` already"), "{}", again.err);

    house.ok(&["facility", "create", "--organization", "oak", "north", "--name", "North"]);
    let zone = [
        "facility",
        "create",
        "--organization",
        "oak",
        "south",
        "--name",
        "South",
        "--time-zone",
        "Mars/Base",
    ];
    assert!(house.run(&zone).err.contains("unknown time zone"));
    assert!(house.ok(&["facility", "list", "--organization", "oak"]).contains("America/New_York"));
    assert!(
        house
            .run(&["facility", "list", "--organization", "elm"])
            .err
            .contains("there is no organization `elm`")
    );
    assert_eq!(house.json(&["organization", "list", "--json"])[0]["facilities"], 1);

    let issue = ["token", "issue", "--organization", "oak", "--name", "laboratory", "--days", "9"];
    let at_north = ["--facility", "north", "--permission", "chart.read,chart.write", "--json"];
    let token = house.json(&[&issue[..], &at_north].concat());
    assert!(token["token"].as_str().unwrap().starts_with("lmp_"));
    assert!(house.run(&[&issue[..], &["--facility", "west", "--all"]].concat()).err.contains("it has north"));
    let unknown = house.run(&[&issue[..], &["--facility", "north", "--permission", "chart.fly"]].concat());
    assert!(unknown.code == 2 && unknown.err.contains("chart.search"), "{}", unknown.err);

    let id = token["id"].as_str().unwrap();
    let list = house.json(&["token", "list", "--organization", "oak", "--json"]);
    assert_eq!(list[0]["permissions"], serde_json::json!(["chart.read", "chart.write"]));
    house.ok(&["token", "revoke", "--organization", "oak", id]);
    assert_eq!(house.run(&["token", "revoke", "--organization", "oak", id]).code, 1);
    assert!(house.ok(&["token", "list", "--organization", "oak"]).contains("revoked"));

    assert!(house.ok(&["doctor"]).contains("0 failed"));
    assert_eq!(house.json(&["doctor", "--json"])["passed"], true);
    assert!(house.ok(&["migrate"]).contains("up to date"));
    assert_eq!(mode(&house.path("data/root.key")), 0o600);
    assert_eq!(mode(&house.path("data")) & 0o066, 0, "nobody else may look into the folder");

    drop(server);

    // Two at once, where no server runs: one starts PostgreSQL, the other works beside it, neither fails.
    let both = [0, 1].map(|_| house.spawn(&["organization", "list"]));
    for child in both {
        let ran = Ran::of(&child.wait_with_output().unwrap());
        assert!(ran.code == 0 && ran.out.contains("Oak Hill"), "{}", ran.err);
    }

    // Another key would lock everything out, so it is refused rather than made.
    let key = house.path("data/root.key");
    std::fs::rename(&key, house.path("kept.key")).unwrap();
    let without = house.run(&["organization", "list"]);
    assert!(without.code == 1 && without.err.contains("restore it from its backup"), "{}", without.err);
    assert!(!key.exists());
    let other = house.path("other.key");
    std::fs::write(&other, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let ran = house.run(&["organization", "list", "--root-key-file", other.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.err.contains("another root key"), "{}", ran.err);
    let kept = house.text("kept.key");
    assert!(house.ok(&["organization", "list", "--root-key-file", &kept]).contains("Oak Hill"));
}

#[test]
fn the_command_line_says_what_it_wants() {
    let run = |arguments: &[&str]| Ran::of(&bare(arguments).output().unwrap());
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.contains("Exit codes:") && help.out.contains("Examples:"), "{}", help.out);
    let commands: Vec<&str> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let all = "serve migrate organization facility token person platform provider client import import-sheet export seed \
               routes audit keys phi doctor backup restore rehearse help";
    assert_eq!(commands.join(" "), all);
    for command in all.split(' ').filter(|command| *command != "help") {
        let help = run(&[command, "--help"]);
        assert!(help.code == 0 && help.out.contains("--data-dir"), "{command}");
    }
    for wrong in [
        &["--nonsense"][..],
        &["serve", "--nonsense"],
        &["organization"],
        &["import", "--organization", "oak", "--facility", "north"],
        &["token", "issue", "--organization", "oak", "--name", "x", "--all", "--days", "1"],
        &["audit", "report", "--patient", "7"],
        &["export", "--organization", "oak", "--out", "x", "--type", "Patients"],
    ] {
        let ran = run(wrong);
        assert!(ran.code == 2 && ran.err.contains("--help"), "{wrong:?}: {}", ran.err);
    }
    let routes: Value = serde_json::from_str(&run(&["routes", "--json"]).out).unwrap();
    assert!(routes.as_array().unwrap().iter().any(|route| route["access"]["permission"] == "chart.read"));
    assert!(run(&["routes"]).out.starts_with("METHOD"));
}

#[test]
fn production_refuses_what_is_unsafe_before_anything_is_made() {
    let house = House::new("production");
    let run_with = |arguments: &[&str], key: bool, more: &[(&str, &str)]| {
        let mut command = house.command(arguments);
        command.env("LAMPLIGHT_ENV", "production").envs(more.iter().copied());
        if key {
            command.env("LAMPLIGHT_ROOT_KEY_FILE", house.path("root.key"));
        }
        let ran = Ran::of(&command.output().unwrap());
        assert!(ran.code == 1 && ran.err.contains("refused with LAMPLIGHT_ENV=production"), "{}", ran.err);
        ran.err
    };
    let run = |arguments: &[&str], key: bool| run_with(arguments, key, &[]);
    assert!(run(&["organization", "list"], false).contains("LAMPLIGHT_ROOT_KEY_FILE"));
    assert!(run(&["serve", "--demo"], true).contains("--demo"));
    assert!(run(&["serve", "--listen", "0.0.0.0:0"], true).contains("--behind-tls-proxy"));
    assert!(run(&["serve"], true).contains("LAMPLIGHT_SMTP_URL"));
    let mail = [("LAMPLIGHT_SMTP_URL", "smtps://mail.example"), ("LAMPLIGHT_MAIL_FROM", "care@example.com")];
    assert!(run_with(&["serve"], true, &mail).contains("LAMPLIGHT_AUDIT_KEY_FILE"));
    // Nor does a demonstration go where others reach it.
    let ran = house.run(&["serve", "--demo", "--behind-tls-proxy"]);
    assert!(ran.code == 1 && ran.err.contains("refused with"), "{}", ran.err);
    assert!(!house.path("data").exists());
}
