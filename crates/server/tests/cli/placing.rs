//! Organizations in databases of their own: made, served, kept apart, lost and found again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pg;

use crate::house::{House, Ran, Server, signal};

/// Sends a request in the plainest HTTP; gives status, head and body.
pub(crate) fn send(
    address: &str,
    host: &str,
    what: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let text = format!(
        "{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

/// Asks with a token; gives status and body.
pub(crate) fn ask(server: &Server, host: &str, what: &str, token: &str, body: &str) -> (u16, String) {
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/fhir+json\r\n");
    let (status, _, body) = send(&server.address, host, what, &headers, body);
    (status, body)
}

fn search(server: &Server, host: &str, token: &str) -> u16 {
    ask(server, host, "GET /fhir/R4/Patient?_count=5", token, "").0
}

/// Asks until the status is the one, for ten seconds: so soon must what is new, or back, be served.
fn becomes(server: &Server, host: &str, token: &str, status: u16) {
    let begun = Instant::now();
    loop {
        let now = search(server, host, token);
        if now == status {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{host}: {now}, not {status}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The first column of what the superuser is told in a database of the installation.
fn told(house: &House, database: &str, sql: &str) -> Vec<String> {
    let server = embedded::attach(&house.path("data")).unwrap();
    let address = server.connection_string(server.superuser(), database);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (client, connection) = address.parse::<pg::Config>().unwrap().connect(pg::NoTls).await.unwrap();
        tokio::spawn(connection);
        let rows = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter()
            .filter_map(|row| match row {
                pg::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                _ => None,
            })
            .collect()
    })
}

/// The tables of a database in which a row holds `text`, whoever it belongs to.
fn tables_with(house: &House, database: &str, condition: &str, with: &str) -> Vec<String> {
    let tables = format!(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND {condition} ORDER BY 1"
    );
    let mut found = told(house, database, &tables);
    found.retain(|table| {
        told(house, database, &format!("SELECT count(*) FROM {table} t WHERE {with}")) != ["0"]
    });
    found
}

/// The tables in which an organization has a row.
fn tables_of(house: &House, database: &str, organization: &str) -> Vec<String> {
    let has =
        "EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id')";
    tables_with(house, database, has, &format!("organization_id = {organization}"))
}

fn tables_saying(house: &House, database: &str, marker: &str) -> Vec<String> {
    tables_with(house, database, "true", &format!("t::text LIKE '%{marker}%'"))
}

fn dump(house: &House, database: &str) -> String {
    let server = embedded::attach(&house.path("data")).unwrap();
    let address = server.connection_string(server.superuser(), database);
    let dumped = std::process::Command::new("pg_dump").args(["-d", &address]).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    String::from_utf8(dumped.stdout).unwrap()
}

/// An organization with a facility whose name is a marker, a token, and a patient written over HTTP.
struct Lived {
    number: String,
    token: String,
    host: String,
}

fn live(house: &House, server: &Server, slug: &str, marker: &str, own: &[&str]) -> Lived {
    let create = ["organization", "create", slug, "--name", slug, "--kind", "clinic", "--json"];
    let made = house.json(&[&create[..], own].concat());
    let new = ["facility", "create", "--organization", slug, "north", "--name", marker, "--state", "live"];
    house.ok(&new);
    let issue =
        ["token", "issue", "--organization", slug, "--name", "t", "--all", "--all-facilities", "--json"];
    let token = house.json(&issue)["token"].as_str().unwrap().to_owned();
    let host = format!("{slug}.localhost");
    becomes(server, &host, &token, 200);
    let patient = json!({"resourceType": "Patient", "active": true}).to_string();
    let (status, body) = ask(server, &host, "POST /fhir/R4/Patient", &token, &patient);
    assert_eq!(status, 201, "{body}");
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(ask(server, &host, &format!("GET /fhir/R4/Patient/{id}"), &token, "").0, 200);
    // The installation's own address knows the tokens of the main database, and of no other.
    let at_installation = search(server, "localhost", &token);
    assert_eq!(at_installation, if own.is_empty() { 200 } else { 401 });
    let report = house.ok(&["audit", "report", "--organization", slug, "--patient", &id, "--format", "csv"]);
    assert!(report.contains(&id) && report.lines().count() > 2, "{report}");
    Lived { number: made["id"].to_string(), token, host }
}

#[test]
fn an_organization_lives_in_a_database_of_its_own() {
    let house = House::new("placed");
    let server = Server::start(&house, &[]);
    let oak = live(&house, &server, "oak", "MARKER-OF-OAK", &[]);
    let elm = live(&house, &server, "elm-hill", "MARKER-OF-ELM", &["--own-database"]);
    let (main, own) = ("lamplight", "lamplight_elm_hill");
    assert_ne!(oak.number, elm.number, "numbers are the installation's");

    // Who holds one's token is a stranger at the other's address.
    assert_eq!(search(&server, &oak.host, &elm.token), 401);
    assert_eq!(search(&server, &elm.host, &oak.token), 401);

    // Each is in its own database and in no other, whatever table is looked into, and so in its own backup.
    assert!(tables_of(&house, main, &oak.number).contains(&"chart.resource".to_owned()));
    assert!(tables_of(&house, own, &elm.number).contains(&"chart.resource".to_owned()));
    assert_eq!(tables_of(&house, main, &elm.number), ["platform.placement", "platform.slug"]);
    assert_eq!(tables_of(&house, own, &oak.number), [""; 0]);
    assert_eq!(tables_saying(&house, main, "MARKER-OF-OAK"), ["org.facility"]);
    assert_eq!(tables_saying(&house, own, "MARKER-OF-ELM"), ["org.facility"]);
    for (database, others) in [(main, "MARKER-OF-ELM"), (own, "MARKER-OF-OAK")] {
        assert_eq!(tables_saying(&house, database, others), [""; 0]);
        assert!(!dump(&house, database).contains(others));
    }
    assert!(dump(&house, own).contains("MARKER-OF-ELM"));

    // Commands find it by themselves.
    let list = house.json(&["organization", "list", "--json"]);
    assert_eq!(list[0]["database"], own);
    assert_eq!((&list[1]["slug"], &list[1]["database"]), (&json!("oak"), &Value::Null));
    assert!(house.ok(&["facility", "list", "--organization", "elm-hill"]).contains("MARKER-OF-ELM"));
    assert!(house.ok(&["organization", "sign-in", "elm-hill"]).contains("idle"));
    let invite =
        ["person", "invite", "--organization", "elm-hill", "--email", "ann@elm.example", "--name", "Ann"];
    let link = house.ok(&[&invite[..], &["--role", "Boss", "--all", "--all-facilities"]].concat());
    assert!(link.contains("elm-hill.localhost"), "{link}");
    // Her account is there alone: at other addresses her cookie is a stranger's.
    let host = "elm-hill.localhost:8080";
    let accept = json!({"token": link.trim().split_once('#').unwrap().1, "name": "Ann", "password": testkit::PASSWORD});
    let headers = format!("Origin: http://{host}\r\nContent-Type: application/json\r\n");
    let (status, head, body) =
        send(&server.address, host, "POST /api/auth/invitation/accept", &headers, &accept.to_string());
    assert_eq!(status, 200, "{body}");
    let cookie = head.split("__Host-").nth(1).unwrap().split(';').next().unwrap();
    let cookie = format!("Cookie: __Host-{cookie}\r\n");
    for (host, status) in [(host, 200), ("oak.localhost:8080", 401), ("localhost:8080", 401)] {
        assert_eq!(send(&server.address, host, "GET /api/auth/session", &cookie, "").0, status, "{host}");
    }
    assert_eq!(told(&house, main, "SELECT count(*) FROM people.person"), ["0"]);
    assert_eq!(told(&house, main, "SELECT count(*) FROM people.ticket"), ["0"]);
    let out = house.text("export");
    house.ok(&["export", "--organization", "elm-hill", "--type", "Patient", "--out", &out]);
    let import = ["import", "--organization", "elm-hill", "--facility", "north", "--json", &out];
    assert_eq!(house.json(&import)["created"], 1);
    assert_eq!(told(&house, main, "SELECT count(*) FROM chart.resource"), ["1"]);
    let doctor = house.json(&["doctor", "--json"]);
    assert_eq!((&doctor["passed"], &doctor["placed"][0]["database"]), (&json!(true), &json!(own)));
    assert!(house.ok(&["migrate"]).contains("up to date"));

    // Neither slug can be had again, here or there.
    for (slug, option) in [("oak", "--own-database"), ("elm-hill", "--own-database"), ("elm-hill", "--json")]
    {
        let again = house.run(&["organization", "create", slug, "--name", "Again", option]);
        assert!(again.err.contains(&format!("there is an organization `{slug}` already")), "{}", again.err);
    }
    let taken =
        house.run(&["organization", "create", "ash", "--name", "Ash", "--own-database=lamplight_elm_hill"]);
    assert!(taken.code == 1 && taken.err.contains("holds an organization already"), "{}", taken.err);
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn what_befalls_an_own_database_befalls_no_other() {
    let house = House::new("apart");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let server = Server::start(&house, &["--metrics", &free]);
    let oak = live(&house, &server, "oak", "Oak", &[]);
    let elm = live(&house, &server, "elm", "Elm", &["--own-database"]);
    let ready = |server: &Server| ask(server, "localhost", "GET /ready", "", "");
    assert_eq!(ready(&server).0, 204);

    // Away: its own requests are told so, and nobody else notices. Back: it is served again by itself.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lamplight_elm'";
    told(&house, "postgres", "ALTER DATABASE lamplight_elm ALLOW_CONNECTIONS false");
    told(&house, "postgres", end);
    told(&house, "postgres", "ALTER DATABASE lamplight_elm RENAME TO away");
    becomes(&server, &elm.host, &elm.token, 503);
    assert_eq!(search(&server, &oak.host, &oak.token), 200);
    assert_eq!(search(&server, "localhost", &oak.token), 200);
    let listed = house.json(&["organization", "list", "--json"]);
    assert_eq!(listed[0]["state"], "unreachable");
    assert_eq!(house.run(&["doctor"]).code, 4);
    let begun = Instant::now();
    while ready(&server) != (200, r#"{"own_databases_down":1}"#.to_owned()) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", ready(&server));
        std::thread::sleep(Duration::from_millis(200));
    }
    // Strangers are not told whose it is; the private listener tells the operator.
    let (status, _, named) = send(&free, "localhost", "GET /ready", "", "");
    let named: serde_json::Value = serde_json::from_str(&named).unwrap();
    assert_eq!((status, &named["down"]), (503, &serde_json::json!(["lamplight_elm"])));
    assert_eq!(ask(&server, &elm.host, "GET /", &elm.token, "").0, 503, "nor are its pages");
    told(&house, "postgres", "ALTER DATABASE away RENAME TO lamplight_elm");
    told(&house, "postgres", "ALTER DATABASE lamplight_elm ALLOW_CONNECTIONS true");
    becomes(&server, &elm.host, &elm.token, 200);
    assert_eq!(server.stop("TERM"), Some(0));

    // Its walls do not stand: it is not served, the others are; mended, it is.
    assert_eq!(house.json(&["organization", "list", "--json"])[0]["state"], "ready");
    let mut postgres = Server::start(&house, &[]);
    told(&house, "lamplight_elm", "GRANT TRUNCATE ON chart.resource TO lamplight_app");
    signal("TERM", &postgres.child);
    postgres.child.wait().unwrap();
    let server = Server::start(&house, &[]);
    assert!(server.log.contains("do not stand") && server.log.contains("lamplight_elm"), "{}", server.log);
    assert_eq!(search(&server, &elm.host, &elm.token), 503);
    assert_eq!(search(&server, &oak.host, &oak.token), 200);
    assert_eq!(house.run(&["doctor"]).code, 4);
    told(&house, "lamplight_elm", "REVOKE TRUNCATE ON chart.resource FROM lamplight_app");
    becomes(&server, &elm.host, &elm.token, 200);
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn a_creation_that_is_interrupted_goes_on() {
    let house = House::new("again");
    let server = Server::start(&house, &[]);
    let create = [
        "organization",
        "create",
        "elm",
        "--name",
        "Elm",
        "--kit",
        "senior-care",
        "--facility",
        "north",
        "--facility-name",
        "North",
        "--administrator",
        "ann@elm.example",
        "--own-database",
    ];
    // Killed later each time, until once it was through.
    let mut killed = 0;
    let mut pause = 40;
    loop {
        let mut child = house.spawn(&create);
        std::thread::sleep(Duration::from_millis(pause));
        pause += 60;
        if child.try_wait().unwrap().is_some() {
            let ran = Ran::of(&child.wait_with_output().unwrap());
            assert_eq!(ran.code, 0, "{}", ran.err);
            break;
        }
        signal("KILL", &child);
        child.wait().unwrap();
        killed += 1;
        // What a killed client asked for last may still be at work.
        std::thread::sleep(Duration::from_millis(300));
        // Nothing that is half made is found, and nobody else gets its name.
        let list = house.json(&["organization", "list", "--json"]);
        if let Some(begun) = list.get(0).filter(|one| one["state"] == "unfinished") {
            assert_eq!(begun["slug"], "elm");
            let other = house.run(&["organization", "create", "elm", "--name", "Another"]);
            assert!(other.err.contains("there is an organization `elm` already"), "{}", other.err);
            let entered = house.run(&["facility", "list", "--organization", "elm"]);
            assert!(entered.err.contains("--own-database=lamplight_elm"), "{}", entered.err);
            let elsewhere = house.run(&[&create[..13], &["--own-database=elsewhere"]].concat());
            assert!(elsewhere.err.contains("was begun in the database lamplight_elm"), "{}", elsewhere.err);
        } else if list.get(0).is_some() {
            break;
        }
        assert!(killed < 60, "it is through at last");
    }
    assert!(killed > 3, "{killed} times it was not through");
    let list = house.json(&["organization", "list", "--json"]);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["state"]), (1, &json!("ready")));
    assert_eq!(told(&house, "lamplight", "SELECT count(*) FROM platform.slug"), ["1"]);
    assert_eq!(told(&house, "lamplight", "SELECT count(*) FROM org.organization"), ["0"]);
    for table in ["org.organization", "platform.slug", "org.membership", "people.ticket"] {
        assert_eq!(told(&house, "lamplight_elm", &format!("SELECT count(*) FROM {table}")), ["1"], "{table}");
    }
    let issue =
        ["token", "issue", "--organization", "elm", "--name", "t", "--all", "--all-facilities", "--json"];
    let token = house.json(&issue)["token"].as_str().unwrap().to_owned();
    becomes(&server, "elm.localhost", &token, 200);
}

#[test]
fn an_own_database_may_be_in_another_postgresql() {
    let (house, other) = (House::new("here"), House::new("there"));
    let server = Server::start(&house, &[]);
    // The same root key gives the runtime role the same password there.
    std::fs::create_dir(other.path("data")).unwrap();
    std::fs::copy(house.path("data/root.key"), other.path("data/root.key")).unwrap();
    let elsewhere = Server::start(&other, &[]);
    let url = |user: &str, password: &str| {
        let server = embedded::attach(&other.path("data")).unwrap();
        let folder = server.socket_dir().to_str().unwrap().replace('/', "%2F");
        format!("postgres://{user}:{password}@{folder}/elm_there")
    };
    let root = db::keys::RootKey::load(&house.path("data/root.key")).unwrap();
    let superuser = std::fs::read_to_string(other.path("data/postgres.password")).unwrap();
    let runtime = url("lamplight_app", &root.role_password("lamplight_app"));
    let line = format!("elm_there {runtime} {}\n", url("postgres", superuser.trim()));
    let file = house.text("placements");
    std::fs::write(&file, line).unwrap();
    let with = |arguments: &[&str]| house.run(&[arguments, &["--placements-file", &file]].concat());
    let mode =
        |mode| std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    let create = ["organization", "create", "elm", "--name", "Elm", "--own-database=elm_there"];
    mode(0o644);
    let refused = with(&create);
    assert!(
        refused.code == 1 && refused.err.contains("0600") && !refused.err.contains("elm_there "),
        "{}",
        refused.err
    );
    mode(0o600);
    assert_eq!(with(&create).code, 0);
    let named = "SELECT datname FROM pg_database WHERE datname LIKE 'elm%'";
    assert_eq!(told(&house, "postgres", named), [""; 0]);
    assert_eq!(told(&other, "postgres", named), ["elm_there"]);

    let oak = live(&house, &server, "oak", "Oak", &[]);
    assert_eq!(with(&["facility", "create", "--organization", "elm", "north", "--name", "North"]).code, 0);
    let issue = ["token", "issue", "--organization", "elm", "--name", "t", "--all", "--all-facilities"];
    let token = with(&issue).out.trim().to_owned();
    // This server does not know the file, and finds no such database beside the main one.
    becomes(&server, "elm.localhost", &token, 503);
    assert_eq!(server.stop("TERM"), Some(0));
    let server = Server::start(&house, &["--placements-file", &file]);
    assert_eq!(search(&server, "elm.localhost", &token), 200);

    // The other PostgreSQL stops and comes back.
    assert_eq!(elsewhere.stop("TERM"), Some(0));
    becomes(&server, "elm.localhost", &token, 503);
    assert_eq!(search(&server, &oak.host, &oak.token), 200);
    let elsewhere = Server::start(&other, &[]);
    becomes(&server, "elm.localhost", &token, 200);
    assert_eq!(server.stop("TERM"), Some(0));
    assert_eq!(elsewhere.stop("TERM"), Some(0));
}

#[test]
fn invented_people_go_where_their_organization_is() {
    let house = House::new("exam-placed");
    let server = Server::start(&house, &[]);
    house.ok(&["organization", "create", "exam-b", "--name", "Exam B", "--own-database"]);
    let manifest = house.text("manifest.json");
    house.ok(&["seed", "--profile", "exam", "--manifest", &manifest]);
    for (database, one) in [("lamplight", "1"), ("lamplight_exam_b", "1")] {
        let sql = "SELECT count(DISTINCT organization_id) FROM chart.resource";
        assert_eq!(told(&house, database, sql), [one], "{database}");
    }
    let list = house.json(&["organization", "list", "--json"]);
    assert_eq!(list[0]["facilities"], list[1]["facilities"]);
    assert_eq!(server.stop("TERM"), Some(0));
}
