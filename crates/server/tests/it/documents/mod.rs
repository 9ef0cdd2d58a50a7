//! Files of patients: let in, looked through, sealed, given out, and nothing else.

mod files;
mod refusals;
mod sharing;
mod storage;
mod stories;

use std::sync::atomic::{AtomicU32, Ordering};

use adapters::objects::Objects;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use server::app::{Cabinet, Settings};
use testkit::{Answer, Ask, Client, TestApp};

/// A folder that is gone with its test.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("lamplight-documents-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Every file in it with its bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        fn walk(at: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in std::fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &mut found);
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program with its files in a folder.
pub(crate) async fn house() -> (TestApp, Folder) {
    let folder = Folder::new();
    let cabinet = Some(Cabinet::new(Objects::folder(&folder.0).unwrap(), None));
    (TestApp::with(Settings { cabinet, ..Settings::default() }).await, folder)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said of a file before it comes.
pub(crate) fn new(name: &str, media_type: &str, file: &[u8]) -> Value {
    json!({
        "file_name": name,
        "content_type": media_type,
        "size": file.len(),
        "sha256": hex(digest(&SHA256, file).as_ref()),
        "title": "Blood count",
        "category": "laboratory",
        "date": "2026-03-01"
    })
}

pub(crate) async fn open(client: &Client, patient: &str, new: &Value) -> Answer {
    let path = format!("/api/patients/{patient}/documents/uploads");
    client.ask("POST", &path).body("application/json", new.to_string()).await
}

/// The request that a ticket asks for.
pub(crate) fn put(client: &Client, ticket: &Value, file: &[u8]) -> Ask {
    let mut ask = client.ask("PUT", ticket["url"].as_str().unwrap()).body("text/plain", file.to_vec());
    for header in ticket["headers"].as_array().unwrap() {
        let name: &'static str = match header["name"].as_str().unwrap() {
            "content-type" => "content-type",
            "x-amz-checksum-sha256" => "x-amz-checksum-sha256",
            "if-none-match" => "if-none-match",
            other => panic!("{other}"),
        };
        ask = ask.header(name, header["value"].as_str().unwrap());
    }
    ask
}

pub(crate) async fn complete(client: &Client, ticket: &Value) -> Answer {
    let document = ticket["document"].as_str().unwrap();
    client.ask("POST", &format!("/api/documents/uploads/{document}/complete")).await
}

/// Puts a file into a record and gives what became of it: the document's id, its state and the reason.
pub(crate) async fn upload(
    app: &TestApp,
    client: &Client,
    patient: &str,
    (name, media_type): (&str, &str),
    file: &[u8],
) -> (String, String, Value) {
    let ticket = open(client, patient, &new(name, media_type, file)).await.expect_status(201).json();
    put(&app.stranger(), &ticket, file).await.expect_status(200);
    let done = complete(client, &ticket).await.expect_status(200).json();
    let text = |name: &str| done[name].as_str().unwrap_or_default().to_owned();
    (text("document"), text("state"), done["reason"].clone())
}

pub(crate) async fn link(client: &Client, document: &str, purpose: &str) -> Answer {
    let body = json!({"purpose": purpose}).to_string();
    client.ask("POST", &format!("/api/documents/{document}/links")).body("application/json", body).await
}

/// A PDF of some length with these words in it.
pub(crate) fn pdf(words: &str, length: usize) -> Vec<u8> {
    let mut file = format!("%PDF-1.7\n% {words}\n").into_bytes();
    // What does not repeat, so that a chunk in another's place is another's.
    file.extend((0..length).map(|at| b'a' + u8::try_from(at / 97 % 23).unwrap()));
    file.extend_from_slice(b"\ntrailer\n<<>>\n%%EOF\n");
    file
}

pub(crate) const PDF: (&str, &str) = ("count.pdf", "application/pdf");
