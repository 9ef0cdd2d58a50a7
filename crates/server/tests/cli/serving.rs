//! `lamplight serve`: the demonstration, commands beside it, its end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::house::{House, signal};

/// A server, the lines it logged until it was ready, and where it answers.
struct Server {
    child: Child,
    log: String,
    address: String,
}

fn serve(house: &House, arguments: &[&str]) -> Server {
    let arguments = [&["serve", "--listen", "127.0.0.1:0", "--no-metrics"], arguments].concat();
    let mut command = house.command(&arguments);
    // Not a pipe: nobody reads it while the server starts.
    command.stdout(fs::File::create(house.path("serve.out")).unwrap()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut log = String::new();
    let address = loop {
        let line = lines.next().expect("the server becomes ready");
        log += &line;
        log.push('\n');
        let json: Value = serde_json::from_str(&line).unwrap_or_default();
        if json["message"] == "ready" {
            break json["listen"].as_str().unwrap().to_owned();
        }
    };
    // Read to its end, so that the server never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, log, address }
}

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
    let server = serve(&house, &["--demo"]);
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

    let mut child = server.child;
    signal("TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!house.path("data/postgres/postmaster.pid").exists(), "its PostgreSQL was stopped");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = house.run(&["serve", "--no-metrics", "--listen", &address]);
    assert!(ran.code == 1 && ran.err.contains(&format!("{address} cannot be listened on")), "{}", ran.err);
    assert!(!house.path("data/postgres/postmaster.pid").exists());

    // A later start makes nothing again and tells how to get a token.
    let server = serve(&house, &["--demo"]);
    let said = fs::read_to_string(house.path("serve.out")).unwrap();
    assert!(
        said.contains("lamplight token issue --organization juniper-hollow") && !said.contains("lmp_"),
        "{said}"
    );
    assert_eq!(get(&server.address, host, "/fhir/R4/Patient?_count=1", token).0, 200);
    let mut child = server.child;
    signal("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
