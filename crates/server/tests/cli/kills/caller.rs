//! Somebody who reads and writes, remembers every byte that came, and goes on whatever happens.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Dice, PATIENCE, Shared};

/// What came of a request, perhaps not all of it.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
    whole: bool,
}

impl Heard {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        // Half a head says nothing of anybody.
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return Self::default() };
        let mut heard = Self { head: head.to_owned(), body: body.to_owned(), ..Self::default() };
        heard.status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        let length: Option<usize> = heard.header("content-length").and_then(|text| text.parse().ok());
        heard.whole = length == Some(body.len());
        heard
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn request(&self) -> String {
        self.header("x-request-id").unwrap_or_default().to_owned()
    }

    fn version(&self) -> Option<u32> {
        self.header("etag")?.trim_start_matches("W/").trim_matches('"').parse().ok()
    }

    pub(super) fn json(&self) -> Value {
        if self.whole { serde_json::from_str(&self.body).unwrap_or_default() } else { Value::Null }
    }
}

/// An answer that showed something of these patients.
pub(super) struct Shown {
    pub(super) request: String,
    pub(super) patients: Vec<String>,
    pub(super) whole: bool,
}

impl Shown {
    fn of(heard: &Heard, known: &[String]) -> Self {
        let patients = known.iter().filter(|id| heard.body.contains(*id)).cloned().collect();
        Self { request: heard.request(), patients, whole: heard.whole }
    }
}

/// A change that was sent until it was answered, done or refused.
pub(super) struct Change {
    pub(super) marker: String,
    pub(super) acknowledged: Option<(String, u32)>,
}

/// A record that was sent until it was answered.
pub(super) struct Creation {
    pub(super) marker: String,
    pub(super) acknowledged: Option<String>,
}

/// Everything that a caller has to tell.
#[derive(Default)]
pub(super) struct Told {
    pub(super) own: String,
    pub(super) shown: Vec<Shown>,
    pub(super) changes: Vec<Change>,
    pub(super) creations: Vec<Creation>,
    /// Requests on which nothing, or only a part, came back.
    pub(super) broken: usize,
    /// Answers 503.
    pub(super) refused: usize,
    /// Answers that nobody should get.
    pub(super) odd: Vec<String>,
}

pub(super) struct Caller {
    number: usize,
    shared: Arc<Shared>,
    dice: Dice,
    /// All that may be seen in an answer.
    known: Vec<String>,
    version: Option<u32>,
    told: Told,
}

/// A patient who is found by this identifier.
fn patient(marker: &str) -> Value {
    json!({
        "resourceType": "Patient", "active": true, "gender": "female", "birthDate": "1941-03-02",
        "identifier": [{"system": "urn:kills", "value": marker}],
        "name": [{"family": "Killed", "given": ["Ada"]}],
        "telecom": [{"system": "phone", "value": marker}],
    })
}

/// One with so much to tell that a page of them does not go out at once, whatever the system buffers.
fn talkative(marker: &str) -> Value {
    let mut patient = patient(marker);
    let words = "slept well and ate half of it ".repeat(20_000);
    patient["name"][0]["family"] = FAMILY.into();
    patient["text"] = json!({
        "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{words}</div>"),
    });
    patient
}

const FAMILY: &str = "Talkative";

/// How much is read before a pause.
const SIP: u64 = 16 << 10;

/// Asks once.
pub(super) fn ask(shared: &Shared, method: &str, path: &str, headers: &str, body: &str) -> Heard {
    let address = shared.address.lock().unwrap().clone();
    let Ok(mut stream) = TcpStream::connect(address) else { return Heard::default() };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{method} /fhir/R4/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        shared.token,
        body.len()
    );
    let mut bytes = Vec::new();
    if stream.write_all(request.as_bytes()).is_ok() {
        // What came before it broke off counts.
        let _ = stream.read_to_end(&mut bytes);
    }
    Heard::of(&bytes)
}

/// Somebody in the middle of a long answer.
pub(super) struct Halfway {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Halfway {
    /// Asks, and reads the beginning.
    pub(super) fn begin(shared: &Shared) -> Self {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "no long answer");
            let address = shared.address.lock().unwrap().clone();
            let mut halfway = Self { stream: TcpStream::connect(address).unwrap(), bytes: Vec::new() };
            halfway.stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = format!(
                "GET /fhir/R4/Patient?family={FAMILY}&_count=50 HTTP/1.1\r\nHost: localhost\r\n\
                 Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
                shared.token
            );
            halfway.stream.write_all(request.as_bytes()).unwrap();
            let _ = (&mut halfway.stream).take(SIP).read_to_end(&mut halfway.bytes);
            if Heard::of(&halfway.bytes).status == 200 {
                return halfway;
            }
        }
    }

    /// Reads what still comes.
    pub(super) fn end(mut self, patients: &[String]) -> Shown {
        let _ = self.stream.read_to_end(&mut self.bytes);
        Shown::of(&Heard::of(&self.bytes), patients)
    }
}

/// Admits somebody with much to tell, while nobody is killed.
pub(super) fn admitted_talkative(shared: &Shared, marker: &str) -> String {
    made(shared, &talkative(marker))
}

/// Admits a patient while nobody is killed.
pub(super) fn admitted(shared: &Shared, marker: &str) -> String {
    made(shared, &patient(marker))
}

fn made(shared: &Shared, patient: &Value) -> String {
    let made = ask(shared, "POST", "Patient", "", &patient.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_str().unwrap().to_owned()
}

impl Caller {
    pub(super) fn new(
        number: usize,
        shared: Arc<Shared>,
        dice: Dice,
        own: String,
        others: Vec<String>,
    ) -> Self {
        let known = [vec![own.clone()], others].concat();
        Self { number, shared, dice, known, version: Some(1), told: Told { own, ..Told::default() } }
    }

    pub(super) fn call(mut self) -> Told {
        while !self.stopped() {
            match self.dice.below(20) {
                0..9 => {
                    let id = self.known[self.dice.below(self.known.len())].clone();
                    self.read(&format!("Patient/{id}"));
                }
                9..12 => self.read("Patient?family=Killed&_count=50"),
                12..17 => self.change(),
                _ => self.create(),
            }
        }
        self.told
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// Asks once, and keeps what came.
    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Heard {
        let heard = ask(&self.shared, method, path, headers, body);
        let good = matches!(heard.status, 200 | 201);
        if good && !heard.body.is_empty() {
            self.told.shown.push(Shown::of(&heard, &self.known));
        }
        if heard.whole && good {
            self.shared.answered[self.number].fetch_add(1, Ordering::AcqRel);
        }
        if !heard.whole {
            self.told.broken += 1;
        }
        if heard.status == 503 {
            self.told.refused += 1;
        }
        let unsaid = heard.status == 503 && heard.header("retry-after").is_none();
        if unsaid || !matches!(heard.status, 0 | 200 | 201 | 412 | 503) {
            self.told.odd.push(format!("{method} {path}: {} {}", heard.status, heard.body));
        }
        if heard.status == 0 || heard.status == 503 {
            thread::sleep(Duration::from_millis(50));
        }
        heard
    }

    fn read(&mut self, path: &str) {
        self.ask("GET", path, "", "");
    }

    /// Changes the own patient, once, however often it must be sent.
    fn change(&mut self) {
        let path = format!("Patient/{}", self.told.own);
        let Some(version) = self.version else {
            let heard = self.ask("GET", &path, "", "");
            if heard.status == 200 {
                self.version = heard.version();
            }
            return;
        };
        let marker = format!("change-{}-{}", self.number, self.told.changes.len());
        let condition = format!("If-Match: W/\"{version}\"\r\n");
        let body = patient(&marker).as_object().map(|patient| {
            let mut patient = patient.clone();
            patient.insert("id".to_owned(), self.told.own.clone().into());
            Value::from(patient).to_string()
        });
        let at = self.told.changes.len();
        self.told.changes.push(Change { marker, acknowledged: None });
        self.version = None;
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !self.stopped() {
            let heard = self.ask("PUT", &path, &condition, body.as_deref().unwrap_or_default());
            match heard.status {
                200 => {
                    self.version = heard.version();
                    let version = self.version.unwrap_or_default();
                    self.told.changes[at].acknowledged = Some((heard.request(), version));
                    return;
                }
                // Done before, when nothing came back.
                412 => return,
                _ => {}
            }
        }
    }

    /// Creates a record, once, however often it must be sent.
    fn create(&mut self) {
        let marker = format!("made-{}-{}", self.number, self.told.creations.len());
        let (key, body) = (format!("Idempotency-Key: {marker}\r\n"), patient(&marker).to_string());
        let at = self.told.creations.len();
        self.told.creations.push(Creation { marker, acknowledged: None });
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !self.stopped() {
            let heard = self.ask("POST", "Patient", &key, &body);
            if heard.status == 201 {
                let location = heard.header("location").unwrap_or_default();
                let id = location.split("Patient/").nth(1).and_then(|rest| rest.split('/').next());
                self.told.creations[at].acknowledged = id.map(str::to_owned);
                return;
            }
        }
    }
}

/// Somebody who follows what changes, as a browser does: cut off, it comes again and says where it was.
pub(super) struct Follower {
    stream: Option<TcpStream>,
    heard: String,
}

impl Follower {
    pub(super) fn begin(shared: &Shared) -> Self {
        let mut follower = Self { stream: None, heard: String::new() };
        follower.come(shared);
        follower
    }

    fn come(&mut self, shared: &Shared) {
        let address = shared.address.lock().unwrap().clone();
        let Ok(mut stream) = TcpStream::connect(address) else { return };
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let last = self.heard.lines().rev().find_map(|line| line.strip_prefix("id:"));
        let last = last.map(|id| format!("Last-Event-ID: {}\r\n", id.trim())).unwrap_or_default();
        let request = format!(
            "GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{last}\r\n",
            shared.token
        );
        self.stream = stream.write_all(request.as_bytes()).is_ok().then_some(stream);
    }

    /// Whether this word comes.
    pub(super) fn hears(&mut self, shared: &Shared, word: &str) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.heard.contains(word) {
                return true;
            }
            let mut bytes = [0; 4096];
            match self.stream.as_mut().map(|stream| stream.read(&mut bytes)) {
                Some(Ok(count)) if count > 0 => self.heard += &String::from_utf8_lossy(&bytes[..count]),
                Some(Err(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                _ => {
                    thread::sleep(Duration::from_millis(100));
                    self.come(shared);
                }
            }
        }
        false
    }
}
