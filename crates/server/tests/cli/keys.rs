//! Keys from the command line: who wraps them, and successors.

use db::keys::RootKey;
use kernel::World;
use serde_json::Value;

use crate::house::{House, Server};
use crate::placing::ask;

const HOST: &str = "oak.localhost";

fn services(status: &Value) -> Vec<(String, bool, bool)> {
    let services = status["services"].as_array().unwrap().iter();
    let kind = |service: &Value| service["service"].as_str().unwrap().split(':').next().unwrap().to_owned();
    services
        .filter(|service| service["wraps"].as_u64().unwrap() > 0 || service["current"] == true)
        .map(|service| (kind(service), service["current"] == true, service["error"].is_null()))
        .collect()
}

#[test]
fn organizations_keys_are_moved_to_a_key_file_and_patients_keys_get_successors() {
    let house = House::new("keys");
    let server = Server::start(&house, &[]);
    house.make_oak(&["north"]);
    let issue =
        ["token", "issue", "--organization", "oak", "--name", "t", "--all", "--all-facilities", "--json"];
    let token = house.json(&issue)["token"].as_str().unwrap().to_owned();
    let (status, made) = ask(
        &server,
        HOST,
        "POST /fhir/R4/Patient",
        &token,
        r#"{"resourceType":"Patient","name":[{"family":"Ember"}]}"#,
    );
    assert_eq!(status, 201, "{made}");
    let patient = serde_json::from_str::<Value>(&made).unwrap()["id"].as_str().unwrap().to_owned();
    let read = format!("GET /fhir/R4/Patient/{patient}");
    assert_eq!(services(&house.json(&["keys", "status", "--json"])), [("root".to_owned(), true, true)]);

    let file = house.path("wrapping.key");
    let told = format!("file:{}", file.display());
    let with = |arguments: &[&str]| {
        let mut command = house.command(arguments);
        crate::house::Ran::of(&command.env("LAMPLIGHT_KEY_SERVICE", &told).output().unwrap())
    };
    let missing = with(&["keys", "status"]);
    assert!(missing.code == 1 && missing.err.contains("wrapping.key is missing"), "{}", missing.err);
    RootKey::load_or_create(&file, &World::system()).unwrap();
    let before = with(&["keys", "status", "--json"]);
    let before: Value = serde_json::from_str(&before.out).unwrap_or_else(|_| panic!("{}", before.err));
    assert_eq!(services(&before), [("file".to_owned(), true, true), ("root".to_owned(), false, true)]);
    let moved = with(&["keys", "rewrap"]);
    assert!(moved.code == 0 && moved.out.contains("from root"), "{}{}", moved.out, moved.err);
    assert!(with(&["keys", "rewrap"]).out.contains("nothing to do"));
    let after: Value = serde_json::from_str(&with(&["keys", "status", "--json"]).out).unwrap();
    assert_eq!(services(&after), [("file".to_owned(), true, true)]);
    assert!(with(&["keys", "status"]).out.contains("in use"));

    // Who was not told of it can do nothing, and says why.
    let untold = house.run(&["keys", "rotate", "--organization", "oak"]);
    assert!(untold.code == 1 && untold.err.contains("was not told of"), "{}", untold.err);
    server.stop("TERM");
    let server = Server::start(&house, &["--key-service", &told]);
    assert_eq!(ask(&server, HOST, &read, &token, "").0, 200);

    for (arguments, expected) in [
        (&["--patient", patient.as_str()][..], "oak: 1 keys have a successor"),
        (&["--patients"], "oak: 1 keys have a successor"),
        (&["--worn"], "oak: 0 keys have a successor"),
        (&["--worn", "1"], "oak: 0 keys have a successor"),
        (&[], "oak: key 2 wraps"),
    ] {
        let rotated = with(&[&["keys", "rotate", "--organization", "oak"], arguments].concat());
        assert!(rotated.code == 0 && rotated.out.contains(expected), "{}{}", rotated.out, rotated.err);
    }
    // The key that sealed the one body is not the newest; one that is written now is.
    let update = format!(
        r#"{{"resourceType":"Patient","id":"{patient}","gender":"female","name":[{{"family":"Ash"}}]}}"#
    );
    let headers = format!(
        "Authorization: Bearer {token}\r\nContent-Type: application/fhir+json\r\nIf-Match: W/\"1\"\r\n"
    );
    let put = format!("PUT /fhir/R4/Patient/{patient}");
    assert_eq!(crate::placing::send(&server.address, HOST, &put, &headers, &update).0, 200);
    let rotated = with(&["keys", "rotate", "--organization", "oak", "--worn", "1"]);
    assert!(rotated.out.contains("oak: 1 keys have a successor"), "{}{}", rotated.out, rotated.err);
    for version in ["", "/_history/1", "/_history/2"] {
        assert_eq!(ask(&server, HOST, &format!("{read}{version}"), &token, "").0, 200, "{version}");
    }
    // Another search key, and what is written after it, while it serves; nobody has to be waited for who was told.
    let searched = with(&["keys", "rotate", "--organization", "oak", "--search", "--wait", "1"]);
    let expected = "oak: search key 2 made the tokens of 1 records; old keys destroyed: 1";
    assert!(searched.code == 0 && searched.out.contains(expected), "{}{}", searched.out, searched.err);
    let find = "GET /fhir/R4/Patient?gender=female";
    let (status, found) = ask(&server, HOST, find, &token, "");
    assert!(status == 200 && found.contains(&patient), "{status} {found}");
    let verified = with(&["phi", "verify"]);
    assert!(verified.code == 0 && verified.out.contains("0 wrong"), "{}", verified.out);
    let nobody = with(&[
        "keys",
        "rotate",
        "--organization",
        "oak",
        "--patient",
        "0190c2a0-5f1e-7cc3-98c4-dc0c0c07398f",
    ]);
    assert!(nobody.code == 1 && nobody.err.contains("no such patient"), "{}", nobody.err);
    let both = with(&["keys", "rotate", "--organization", "oak", "--patients", "--worn"]);
    assert_eq!(both.code, 2, "{}", both.err);
    for refused in ["nonsense", "vault:https://vault.example/transit/key", "aws-kms:alias/x"] {
        let ran = house.run(&["keys", "status", "--key-service", refused]);
        assert!(ran.code == 1 && !ran.err.contains("panicked"), "{refused}: {}", ran.err);
    }
}
