//! `lamplight serve`: the demonstration, commands beside it, its end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::house::{House, Server};

/// Asks in the plainest HTTP; gives status and body.
fn get(address: &str, host: &str, path: &str, token: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A token that finds patients.
fn token(house: &House) -> String {
    let issue = ["token", "issue", "--organization", "juniper-hollow", "--all-facilities", "--name", "x"];
    let more = ["--permission", "chart.search", "--permission", "chart.read", "--days", "1", "--json"];
    house.json(&[&issue[..], &more].concat())["token"].as_str().unwrap().to_owned()
}

/// Posts JSON as a page of ours does; gives status and head.
fn post(address: &str, host: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let head = answer.split_once("\r\n\r\n").unwrap().0.to_owned();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
}

#[test]
fn whoever_opens_the_demonstration_is_whom_they_choose_and_nowhere_else() {
    let house = House::new("cast");
    let host = "juniper-hollow.localhost:8080";
    let nurse = r#"{"person":"nurse"}"#;
    let server = Server::start(&house, &["--demo"]);
    let (status, head) = post(&server.address, host, "/api/auth/demo", nurse);
    assert!(status == 200 && head.to_lowercase().contains("set-cookie: "), "{head}");
    assert_eq!(post(&server.address, host, "/api/auth/demo", r#"{"person":"nobody"}"#).0, 404);
    assert_eq!(post(&server.address, "localhost:8080", "/api/auth/demo", nurse).0, 404, "another address");
    let member = r#"{"email":"nurse@demonstration.example","password":"x"}"#;
    assert_eq!(post(&server.address, host, "/api/auth/login", member).0, 401, "there is no password");
    assert!(server.stop("TERM") == Some(0));

    // The same people where no demonstration runs: nobody can be them.
    let server = Server::start(&house, &[]);
    assert_eq!(post(&server.address, host, "/api/auth/demo", nurse).0, 404);
    assert_eq!(get(&server.address, host, "/api/auth/demo", "").1, r#"{"people":[]}"#);
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn the_demonstration_runs_with_commands_beside_it_and_stops() {
    let house = House::new("demo");
    let server = Server::start(&house, &["--demo"]);
    let said = fs::read_to_string(house.path("serve.out")).unwrap();
    assert!(
        said.contains("http://juniper-hollow.localhost:") && !said.contains("lmp_") && !said.contains('#'),
        "one address, and no secret: {said}"
    );
    let token = &token(&house);
    let host = "juniper-hollow.localhost:8080";
    let (status, body) = get(&server.address, host, "/fhir/R4/Patient?_count=3", token);
    assert!(status == 200 && body.contains("\"searchset\""), "{status} {body}");
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient", "lmp_wrong").0, 401);

    // Commands work beside it; another server on the folder does not.
    let organizations = house.json(&["organization", "list", "--json"]);
    assert_eq!(organizations[0]["facilities"], 5);
    assert!(house.ok(&["doctor"]).contains("0 failed"));
    let second = house.run(&["serve", "--listen", "127.0.0.1:0", "--no-metrics"]);
    assert_eq!(second.code, 1);
    assert!(
        second.err.contains(&format!("in use by another Lamplight program (process {})", server.child.id()))
    );

    assert_eq!(server.stop("TERM"), Some(0));
    assert!(!house.path("data/postgres/postmaster.pid").exists(), "its PostgreSQL was stopped");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = house.run(&["serve", "--no-metrics", "--listen", &address]);
    assert!(ran.code == 1 && ran.err.contains(&format!("{address} cannot be listened on")), "{}", ran.err);
    assert!(!house.path("data/postgres/postmaster.pid").exists());

    // A later start makes nobody again.
    let people = |server: &Server| get(&server.address, host, "/api/auth/demo", "").1;
    let server = Server::start(&house, &["--demo"]);
    let before = people(&server);
    assert!(before.contains("nurse-and-daughter"), "{before}");
    let members = house.json(&["person", "list", "--organization", "juniper-hollow", "--json"]);
    assert_eq!(members.as_array().unwrap().len(), 17, "sixteen people, one of them twice");
    assert!(members.as_array().unwrap().iter().all(|member| member["state"] == "active"), "{members}");
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient?_count=1", token).0, 200);
    assert_eq!(server.stop("INT"), Some(0));
}
