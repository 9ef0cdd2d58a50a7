//! The world outside: a bucket that speaks S3, a virus scanner, and what a killed program leaves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use adapters::objects::{BucketConfig, Objects};
use adapters::scan::Scanner;
use jiff::SignedDuration;
use kernel::{FixedClock, World};
use serde_json::json;
use server::app::{Cabinet, Settings};
use testkit::TestApp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};

use super::{Folder, PDF, complete, link, new, open, pdf, put, upload};
use crate::people::{admit, clinic};

/// A clamd that finds what holds this word, or misbehaves.
const VIRUS: &[u8] = b"EICAR-STAND-IN";
const WELL: u8 = 0;
const SILENT: u8 = 1;
const ERROR: u8 = 2;

async fn clamd(socket: &Path) -> Arc<AtomicU8> {
    let mood = Arc::new(AtomicU8::new(WELL));
    let listener = UnixListener::bind(socket).unwrap();
    let shared = Arc::clone(&mood);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mood = shared.load(Ordering::Relaxed);
            tokio::spawn(async move {
                let mut command = [0; 10];
                stream.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"zINSTREAM\0");
                if mood == SILENT {
                    return;
                }
                let mut file = Vec::new();
                while let Ok(length) = stream.read_u32().await {
                    if length == 0 {
                        break;
                    }
                    let mut part = vec![0; usize::try_from(length).unwrap()];
                    stream.read_exact(&mut part).await.unwrap();
                    file.extend(part);
                }
                let found = file.windows(VIRUS.len()).any(|window| window == VIRUS);
                let answer: &[u8] = match (mood, found) {
                    (ERROR, _) => b"INSTREAM size limit exceeded. ERROR\0",
                    (_, true) => b"stream: Eicar-Test-Signature FOUND\0",
                    (_, false) => b"stream: OK\0",
                };
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    mood
}

#[tokio::test]
async fn what_the_scanner_finds_is_refused_and_without_it_nothing_passes() {
    let folder = Folder::new();
    let socket = folder.0.join("clamd.ctl");
    let files = Folder::new();
    let cabinet = Cabinet::new(Objects::folder(&files.0).unwrap(), Some(Scanner::Unix(socket.clone())));
    let app = TestApp::with(Settings { cabinet: Some(cabinet), ..Settings::default() }).await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 200_000);
    let ticket = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &ticket, &file).await.expect_status(200);
    // Nobody listens.
    let refused = complete(&nurse, &ticket).await.expect_status(503).json();
    assert_eq!(refused["code"], "scanner-unavailable");
    let mood = clamd(&socket).await;
    for wrong in [SILENT, ERROR] {
        mood.store(wrong, Ordering::Relaxed);
        complete(&nurse, &ticket).await.expect_status(503);
    }
    // It still waits, and passes when the scanner is well.
    mood.store(WELL, Ordering::Relaxed);
    assert_eq!(complete(&nurse, &ticket).await.expect_status(200).json()["state"], "clean");
    let ill = pdf("EICAR-STAND-IN", 200_000);
    let (_, state, why) = upload(&app, &nurse, &patient, PDF, &ill).await;
    assert_eq!((state.as_str(), why), ("refused", json!("infected")));
    assert_eq!(files.files().len(), 1);
}

/// The real one, where this machine has it.
#[tokio::test]
async fn the_real_scanner_finds_the_test_file_of_its_makers() {
    let sockets = ["/run/clamav/clamd.ctl", "/var/run/clamav/clamd.ctl"];
    let Some(socket) = sockets.into_iter().find(|socket| Path::new(socket).exists()) else {
        println!("skipped: no clamd listens on this machine");
        return;
    };
    let scanner = Scanner::Unix(socket.into());
    let mut scan = scanner.begin().await.unwrap();
    let eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat();
    scan.feed(eicar.as_bytes()).await.unwrap();
    assert_eq!(scan.verdict().await.unwrap(), adapters::scan::Verdict::Infected);
}

/// A service of S3 in this process, with its bucket in a folder.
async fn s3(folder: &Path) -> String {
    use s3s::auth::SimpleAuth;
    use s3s::service::S3ServiceBuilder;

    std::fs::create_dir_all(folder.join("records")).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
        while let Ok((stream, _)) = listener.accept().await {
            let served =
                server.serve_connection(hyper_util::rt::TokioIo::new(stream), service.clone()).into_owned();
            tokio::spawn(async move {
                let _ = served.await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_bucket_is_used_as_a_folder_is() {
    let folder = Folder::new();
    let endpoint = s3(&folder.0).await;
    let config = BucketConfig {
        url: "s3://records/lamplight".to_owned(),
        endpoint: Some(endpoint.clone()),
        region: Some("us-east-1".to_owned()),
        credentials: Some(("key".to_owned(), "secret".to_owned())),
    };
    let cabinet = Cabinet::new(Objects::bucket(&config).unwrap(), None);
    let app = TestApp::with(Settings { cabinet: Some(cabinet), ..Settings::default() }).await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    // Longer than one part of a multipart upload.
    let file = pdf("wolframite-marker", 12 << 20);
    let ticket = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    let url = ticket["url"].as_str().unwrap();
    assert!(url.starts_with(&endpoint) && !url.contains(&patient) && !url.contains("secret"));
    let send = |method: &'static str, url: String, headers: Vec<(String, String)>, body: Vec<u8>| async move {
        let client = adapters_http();
        let mut request = client.request(method.parse().unwrap(), url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let headers: Vec<(String, String)> = ticket["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one["value"].as_str().unwrap().to_owned()))
        .collect();
    let altered = |name: &str, value: &str| {
        let mut headers = headers.clone();
        headers.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
        headers
    };
    let refused = [
        send("GET", url.to_owned(), headers.clone(), Vec::new()).await,
        send("DELETE", url.to_owned(), headers.clone(), Vec::new()).await,
        send("PUT", url.replace("quarantine", "sealed"), headers.clone(), file.clone()).await,
        send("PUT", url.replace("records/", "other/"), headers.clone(), file.clone()).await,
        send("PUT", url.to_owned(), altered("content-type", "text/html"), file.clone()).await,
        send("PUT", url.to_owned(), altered("x-amz-checksum-sha256", "AAAA"), file.clone()).await,
        send("PUT", url.to_owned(), headers.clone(), file[1..].to_vec()).await,
    ];
    assert!(refused.iter().all(|status| (400..500).contains(status)), "{refused:?}");
    // Whether the service keeps what it refused, as this one does, or not: nothing of it is filed.
    assert_eq!(complete(&nurse, &ticket).await.expect_status(200).json()["state"], "refused");

    let ticket = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    let url = ticket["url"].as_str().unwrap().to_owned();
    assert_eq!(send("PUT", url.clone(), headers.clone(), file.clone()).await, 200);
    assert_eq!(send("PUT", url, headers.clone(), file.clone()).await, 412, "it never replaces what is there");
    let done = complete(&nurse, &ticket).await.expect_status(200).json();
    assert_eq!(done["state"], "clean");
    let minted = link(&nurse, done["document"].as_str().unwrap(), "download").await.expect_status(200).json();
    assert!(
        minted["url"].as_str().unwrap().starts_with("/api/documents/content/"),
        "never an address of the store"
    );
    let given = nurse.get(minted["url"].as_str().unwrap()).await.expect_status(200);
    assert!(given.body == file);
    let marker = b"wolframite-marker";
    for (name, stored) in folder.files() {
        assert!(
            !name.contains("quarantine/") && !stored.windows(marker.len()).any(|window| window == marker),
            "{name}"
        );
    }
}

fn adapters_http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn what_a_killed_upload_leaves_is_swept() {
    let files = Folder::new();
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(kernel::SeededEntropy::new(7)));
    let cabinet = Some(Cabinet::new(Objects::folder(&files.0).unwrap(), None));
    let app = TestApp::in_world(Settings { cabinet, ..Settings::default() }, world).await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("wolframite-marker", 1000);
    let (kept, ..) = upload(&app, &nurse, &patient, PDF, &file).await;
    // Brought and never completed; taken to be checked by a program that was killed with half of it sealed; half written.
    let left = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &left, &file).await.expect_status(200);
    let killed = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &killed, &file).await.expect_status(200);
    let su = app.superuser().await;
    let id = killed["document"].as_str().unwrap();
    let row = su
        .query_one("UPDATE org.document SET state = 'checking', checked_at = now() WHERE document_id::text = $1 RETURNING object::text", &[&id])
        .await
        .unwrap();
    let object = row.get::<_, String>(0).replace('-', "");
    std::fs::write(files.0.join("sealed").join(&object), b"half").unwrap();
    let half = files.0.join("quarantine").join("0123#1");
    std::fs::write(&half, b"wolframite-marker").unwrap();
    let nobodys = files.0.join("quarantine").join("4567");
    std::fs::write(&nobodys, b"wolframite-marker").unwrap();
    assert_eq!(app.app.sweep_documents().await.unwrap(), 0, "they may still be completed");
    clock.advance(SignedDuration::from_hours(4));
    assert!(app.app.sweep_documents().await.unwrap() >= 4);
    let stay = files.files();
    assert_eq!(stay.len(), 1, "{:?}", stay.iter().map(|(name, _)| name).collect::<Vec<_>>());
    assert_eq!(app.app.sweep_documents().await.unwrap(), 0);
    complete(&nurse, &left).await.expect_status(200);
    let told = complete(&nurse, &killed).await.expect_status(200).json();
    assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!("expired")));
    let minted = link(&nurse, &kept, "download").await.expect_status(200).json();
    assert!(nurse.get(minted["url"].as_str().unwrap()).await.body == file);
}

/// Looking through a file takes the same memory whatever its length: it is fed in pieces, and no piece is kept.
#[tokio::test]
async fn a_client_that_goes_away_leaves_the_check_at_work() {
    let files = Folder::new();
    let cabinet = Some(Cabinet::new(Objects::folder(&files.0).unwrap(), None));
    let app = TestApp::with(Settings { cabinet, ..Settings::default() }).await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 8 << 20);
    let ticket = open(&nurse, &patient, &new("a.pdf", PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &ticket, &file).await.expect_status(200);
    let gone = tokio::time::timeout(Duration::from_millis(30), complete(&nurse, &ticket)).await;
    let path = format!("/api/documents/uploads/{}", ticket["document"].as_str().unwrap());
    for _ in 0..200 {
        let state = nurse.get(&path).await.expect_status(200).json()["state"].clone();
        if state == "clean" {
            return;
        }
        if state == "waiting" {
            // It went before it was taken.
            complete(&nurse, &ticket).await.expect_status(200);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never clean; {}", gone.is_ok());
}
