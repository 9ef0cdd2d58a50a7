//! What is too much, too slow, or no request of ours.

use std::net::SocketAddr;
use std::time::Duration;

use testkit::{Client, Limits, Settings, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::people::{clinic, patient};

fn with(limits: Limits) -> Settings {
    Settings { limits, ..Settings::default() }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let app =
        TestApp::with(with(Limits { resource_bytes: 500, bundle_bytes: 1000, ..Limits::default() })).await;
    let (north, nurse) = clinic(&app).await;
    let long = patient(&"x".repeat(600), "Ada");
    let refused = nurse.post("/fhir/R4/Patient", &long).facility(&north.code).await.expect_status(413);
    assert_eq!(refused.json()["issue"][0]["code"], "too-long");
    nurse.post("/fhir/R4", &long).await.expect_status(422);
    nurse.post("/fhir/R4", &patient(&"x".repeat(1100), "Ada")).await.expect_status(413);
    // Without a length said beforehand: over a port, in chunks.
    let listening = app.listen().await;
    nurse.over(listening.address).post("/fhir/R4/Patient", &long).chunked().await.expect_status(413);
}

#[tokio::test]
async fn a_query_that_is_too_long_is_refused() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let query = format!("/fhir/R4/Patient?family={}", "x".repeat(9000));
    assert_eq!(nurse.get(&query).await.expect_status(414).json()["issue"][0]["code"], "too-long");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let app = TestApp::with(with(Limits { request: Duration::from_millis(1), ..Limits::default() })).await;
    let (_, nurse) = clinic(&app).await;
    let given_up = nurse.get("/fhir/R4/Patient").await.expect_status(503);
    assert_eq!(given_up.header("retry-after"), "1");
    assert_eq!(given_up.json()["issue"][0]["code"], "timeout");
}

#[tokio::test]
async fn a_full_house_turns_requests_away() {
    let limits = Limits { concurrency: 0, patience: Duration::ZERO, ..Limits::default() };
    let app = TestApp::with(with(limits)).await;
    let (_, nurse) = clinic(&app).await;
    assert_eq!(nurse.get("/fhir/R4/Patient").await.expect_status(503).header("retry-after"), "1");
    app.stranger().get("/health").await.expect_status(204);

    let app = TestApp::with(with(Limits { per_organization: 0, ..Limits::default() })).await;
    let (_, nurse) = clinic(&app).await;
    assert_eq!(nurse.get("/fhir/R4/Patient").await.expect_status(429).header("retry-after"), "1");
}

#[tokio::test]
async fn bodies_beyond_what_there_is_room_for_are_turned_away() {
    let limits = Limits { bodies_bytes: 1 << 10, patience: Duration::ZERO, ..Limits::default() };
    let app = TestApp::with(with(limits)).await;
    let (_, nurse) = clinic(&app).await;
    let listening = app.listen().await;
    let (mut stream, rest) = half_a_create(&nurse, listening.address).await;
    let create = || nurse.post("/fhir/R4/Patient", &patient("Room", "Ada"));
    assert_eq!(create().await.expect_status(503).header("retry-after"), "1");
    nurse.get("/fhir/R4/Patient").await.expect_status(200);
    stream.write_all(rest).await.unwrap();
    // The head of the answer: the room is given back before it goes out.
    stream.read_exact(&mut [0; 12]).await.unwrap();
    create().await.expect_status(201);
}

#[tokio::test]
async fn a_post_follows_in_so_many_places_and_no_more() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let mut following = Vec::new();
    for _ in 0..16 {
        following.push(nurse.get("/api/events").listen().await);
    }
    let refused = nurse.get("/api/events").await.expect_status(429);
    assert_eq!(refused.header("retry-after"), "5");
    drop(following.pop());
    nurse.get("/api/events").listen().await;
}

/// All connections wait for a lock that somebody holds: whoever else needs one is told soon, and not forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_find_no_connection_are_turned_away() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    nurse.get("/fhir/R4/Patient").await.expect_status(200);
    let mut other = app.superuser().await;
    let lock = other.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE chart.resource IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..48 {
        let nurse = nurse.clone();
        asked.spawn(async move { nurse.get("/fhir/R4/Patient").await });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.stranger().get("/health").await.expect_status(204);
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.unwrap().expect_status(503).header("retry-after"), "1");
    }
    lock.rollback().await.unwrap();
    nurse.get("/fhir/R4/Patient").await.expect_status(200);
}

#[tokio::test]
async fn media_types_other_than_json_are_refused() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let body = patient("Media", "Ada").to_string();
    let send = |media_type| nurse.ask("POST", "/fhir/R4/Patient").body(media_type, body.clone());
    for refused in ["application/fhir+xml", "text/plain", "application/json; charset=latin1"] {
        send(refused).await.expect_status(415);
    }
    send("application/json").header("content-encoding", "gzip").await.expect_status(415);
    for accepted in ["application/json", "application/fhir+json; charset=utf-8; fhirVersion=4.0"] {
        send(accepted).await.expect_status(201);
    }
    nurse.get("/fhir/R4/Patient").header("accept", "application/fhir+xml").await.expect_status(406);
    nurse.get("/fhir/R4/Patient?_format=xml").await.expect_status(406);
    nurse.get("/fhir/R4/Patient?_format=json").header("accept", "text/html").await.expect_status(200);
    nurse.form("/fhir/R4/Patient/_search", "").header("content-type", "text/plain").await.expect_status(415);
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let body = r#"{"resourceType":"Patient","name":[{"family":"Secretname","family":"Twice"}]}"#;
    let refused =
        nurse.ask("POST", "/fhir/R4/Patient").body("application/json", body).await.expect_status(400);
    let issue = refused.json()["issue"][0].clone();
    assert_eq!(issue["code"], "structure");
    assert!(issue["expression"][0].as_str().unwrap().contains("name[0]"), "{issue}");
    assert!(!refused.text().contains("Secretname"));
    let invalid = nurse
        .post("/fhir/R4/Patient", &serde_json::json!({"resourceType": "Patient", "gender": "Secretname"}));
    let invalid = invalid.await.expect_status(422);
    assert_eq!(invalid.json()["issue"][0]["expression"][0], "Patient.gender");
    assert!(!invalid.text().contains("Secretname"));
}

/// A connection on which a create was begun: all but the last byte was sent.
async fn half_a_create(client: &Client, address: SocketAddr) -> (TcpStream, &'static [u8]) {
    let body = patient("Halfway", "Ada").to_string();
    let head = format!(
        "POST /fhir/R4/Patient HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n",
        client.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..body.len() - 1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    (stream, b"}")
}

#[tokio::test]
async fn requests_at_work_may_end_when_the_program_stops() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let listening = app.listen().await;
    let address = listening.address;
    let (mut stream, rest) = half_a_create(&nurse, address).await;
    let stopping = listening.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(address).await.is_err(), "nothing new is taken");
    assert!(!stopping.is_finished());
    stream.write_all(rest).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_does_not_end_is_cut_off_and_who_does_not_begin_too() {
    let limits =
        Limits { drain: Duration::from_millis(200), head: Duration::from_millis(300), ..Limits::default() };
    let app = TestApp::with(with(limits)).await;
    let (_, nurse) = clinic(&app).await;
    let listening = app.listen().await;
    let mut slow = TcpStream::connect(listening.address).await.unwrap();
    slow.write_all(b"GET /health HTT").await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(3), slow.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "the head is waited for no longer");
    let (_stream, _) = half_a_create(&nurse, listening.address).await;
    tokio::time::timeout(Duration::from_secs(3), listening.stop()).await.unwrap().unwrap();
}
