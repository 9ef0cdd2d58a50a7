//! What is there when it is over, beside what the callers were told.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use testkit::pg;

use super::Shared;
use super::caller::{Told, ask};
use crate::house::House;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) wrong: Vec<String>,
    answers: usize,
    pub(super) parts: usize,
    changes: usize,
    creations: usize,
    unanswered: usize,
    broken: usize,
    refused: usize,
    versions: usize,
}

/// The log and the outbox.
struct Kept {
    /// Whom the events of each request name.
    shown: HashMap<String, HashSet<String>>,
    /// How many events tell of each body that was written.
    writes: HashMap<(String, i32), usize>,
    /// How many messages tell of it.
    messages: HashMap<(String, i32), usize>,
}

impl Found {
    pub(super) fn look(house: &House, shared: &Shared, told: &[Told]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kept = runtime.block_on(Kept::read(house));
        let mut found = Self::default();
        found.twice(&kept);
        for told in told {
            found.wrong.extend(told.odd.iter().map(|odd| format!("answered: {odd}")));
            found.broken += told.broken;
            found.refused += told.refused;
            found.log(told, &kept);
            found.changes(shared, told, &kept);
            found.creations(shared, told, &kept);
        }
        found
    }

    pub(super) fn told(&self) -> String {
        format!(
            "{} answers with something of a record ({} of them broke off) are all in the log; {} changes and {} new records \
             were acknowledged and are there once, {} others were not answered; {} versions read again; {} requests broke \
             off, {} were refused with 503",
            self.answers,
            self.parts,
            self.changes,
            self.creations,
            self.unanswered,
            self.versions,
            self.broken,
            self.refused
        )
    }

    /// Nothing was written twice.
    fn twice(&mut self, kept: &Kept) {
        for (what, counts) in [("events", &kept.writes), ("messages", &kept.messages)] {
            for ((id, version), count) in counts.iter().filter(|(_, count)| **count != 1) {
                self.wrong.push(format!("{count} {what} of version {version} of {id}"));
            }
        }
    }

    /// Every answer has its event, and the event names whom it showed.
    fn log(&mut self, told: &Told, kept: &Kept) {
        for shown in &told.shown {
            self.answers += 1;
            self.parts += usize::from(!shown.whole);
            let Some(named) = kept.shown.get(&shown.request) else {
                self.wrong.push(format!("no event of the answer {}", shown.request));
                continue;
            };
            for patient in shown.patients.iter().filter(|patient| !named.contains(*patient)) {
                self.wrong.push(format!("the event of the answer {} does not name {patient}", shown.request));
            }
        }
    }

    fn changes(&mut self, shared: &Shared, told: &Told, kept: &Kept) {
        let mut versions: Vec<String> = Vec::new();
        // Every version there ever was, by what it says.
        loop {
            let path = format!("Patient/{}/_history/{}", told.own, versions.len() + 1);
            let heard = ask(shared, "GET", &path, "", "");
            if heard.status != 200 {
                assert_eq!(heard.status, 404, "{}", heard.body);
                break;
            }
            versions.push(heard.json()["telecom"][0]["value"].as_str().unwrap_or_default().to_owned());
        }
        self.versions += versions.len();
        for change in &told.changes {
            let there: Vec<u32> = (1..)
                .zip(&versions)
                .filter(|(_, marker)| **marker == change.marker)
                .map(|(at, _)| at)
                .collect();
            match &change.acknowledged {
                Some((request, version)) => {
                    self.changes += 1;
                    if there != [*version] {
                        self.wrong
                            .push(format!("{} was acknowledged as {version}, is {there:?}", change.marker));
                    }
                    if !kept.shown.contains_key(request) {
                        self.wrong.push(format!("no event of the change {request}"));
                    }
                    let key = (told.own.clone(), i32::try_from(*version).unwrap());
                    if !kept.writes.contains_key(&key) || !kept.messages.contains_key(&key) {
                        self.wrong.push(format!("version {version} of {} has no event or message", told.own));
                    }
                }
                None => {
                    self.unanswered += 1;
                    if there.len() > 1 {
                        self.wrong.push(format!("{} was done {} times", change.marker, there.len()));
                    }
                }
            }
        }
    }

    fn creations(&mut self, shared: &Shared, told: &Told, kept: &Kept) {
        for creation in &told.creations {
            let path = format!("Patient?identifier=urn:kills%7C{}", creation.marker);
            let heard = ask(shared, "GET", &path, "", "");
            assert_eq!(heard.status, 200, "{}", heard.body);
            let page = heard.json();
            let there: Vec<&str> = page["entry"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|entry| entry["resource"]["id"].as_str())
                .collect();
            match &creation.acknowledged {
                Some(id) => {
                    self.creations += 1;
                    if there != [id.as_str()] {
                        self.wrong
                            .push(format!("{} was acknowledged as {id}, is {there:?}", creation.marker));
                    }
                    if !kept.writes.contains_key(&(id.clone(), 1)) {
                        self.wrong.push(format!("{id} has no event"));
                    }
                }
                None => {
                    self.unanswered += 1;
                    if there.len() > 1 {
                        self.wrong.push(format!("{} was made {} times", creation.marker, there.len()));
                    }
                }
            }
        }
    }
}

impl Kept {
    async fn read(house: &House) -> Self {
        let attached = embedded::attach(&house.path("data")).unwrap();
        let at = attached.connection_string(attached.superuser(), "lamplight");
        let (client, connection) = pg::connect(&at, pg::NoTls).await.unwrap();
        tokio::spawn(connection);
        let mut kept = Self { shown: HashMap::new(), writes: HashMap::new(), messages: HashMap::new() };
        let sql = "SELECT e.request_id::text, s.patient_id::text FROM audit.event e
                     LEFT JOIN audit.subject s ON (s.organization_id, s.at, s.event_id) = (e.organization_id, e.at, e.id)
                    WHERE e.outcome = 'success'";
        for row in client.query(sql, &[]).await.unwrap() {
            let named = kept.shown.entry(row.get(0)).or_default();
            named.extend(row.get::<_, Option<String>>(1));
        }
        // One record of 52 bytes for each body: id, version, hash.
        let sql = "SELECT encode(substr(writes, 52 * n + 1, 16), 'hex')::uuid::text,
                          ('x' || encode(substr(writes, 52 * n + 17, 4), 'hex'))::bit(32)::int4, count(*)
                     FROM audit.event, generate_series(0, length(writes) / 52 - 1) n
                    WHERE writes IS NOT NULL GROUP BY 1, 2";
        kept.writes = counted(&client, sql).await;
        let sql = "SELECT id::text, version, count(*) FROM ops.outbox WHERE id IS NOT NULL AND version IS NOT NULL GROUP BY 1, 2";
        kept.messages = counted(&client, sql).await;
        kept
    }
}

async fn counted(client: &pg::Client, sql: &str) -> HashMap<(String, i32), usize> {
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| ((row.get(0), row.get(1)), usize::try_from(row.get::<_, i64>(2)).unwrap()))
        .collect()
}

/// The log is what was sealed, and the bodies are what was written.
pub(super) fn verified(house: &House) {
    let began = Instant::now();
    loop {
        let ran = house.run(&["audit", "verify"]);
        if ran.code == 0 {
            break;
        }
        // Some wait to be sealed still.
        assert_eq!(ran.code, 3, "{} {}", ran.out, ran.err);
        assert!(began.elapsed() < Duration::from_secs(90), "{} {}", ran.out, ran.err);
        std::thread::sleep(Duration::from_secs(1));
    }
    let ran = house.run(&["phi", "verify"]);
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
}
