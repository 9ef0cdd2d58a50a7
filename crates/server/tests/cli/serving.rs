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

#[test]
fn the_demonstration_runs_with_commands_beside_it_and_stops() {
    let house = House::new("demo");
    let server = Server::start(&house, &["--demo"]);
    let said = fs::read_to_string(house.path("serve.out")).unwrap();
    assert!(
        said.contains("curl -s -H 'Authorization: Bearer lmp_") && said.contains("/fhir/R4/Patient"),
        "{said}"
    );
    let token = said.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap();
    assert!(!server.log.contains(token) && !server.log.contains("lmp_"), "a token is never logged");
    let host = "juniper-hollow.localhost:8080";
    let (status, body) = get(&server.address, host, "/fhir/R4/Patient?_count=3", token);
    assert!(status == 200 && body.contains("\"searchset\""), "{status} {body}");
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient", "lmp_wrong").0, 401);

    // Commands work beside it; another server on the folder does not.
    let organizations = house.json(&["organization", "list", "--json"]);
    assert_eq!(organizations[0]["facilities"], 5);
    let issue = ["token", "issue", "--organization", "juniper-hollow", "--all-facilities", "--name", "x"];
    let issued =
        house.json(&[&issue[..], &["--permission", "chart.search", "--days", "1", "--json"]].concat());
    let mine = issued["token"].as_str().unwrap();
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient?_count=1", mine).0, 200);
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

    // A later start makes nothing again and tells how to get a token.
    let server = Server::start(&house, &["--demo"]);
    let said = fs::read_to_string(house.path("serve.out")).unwrap();
    assert!(
        said.contains("lamplight token issue --organization juniper-hollow") && !said.contains("lmp_"),
        "{said}"
    );
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient?_count=1", token).0, 200);
    assert_eq!(server.stop("INT"), Some(0));
}
