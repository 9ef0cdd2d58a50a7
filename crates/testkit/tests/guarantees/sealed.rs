//! Nothing readable at rest: after a seed full of markers and a day's work on it, no marker and no name or number of a
//! patient is found in a dump, in the server's files, or in any log.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use chart::{CreateOptions, ExportRequest, SearchRequest, Store};
use db::Ctx;
use fhir::ResourceType;
use jiff::civil::date;
use kernel::{PatientId, ResourceId, Version};
use serde_json::Value;
use synth::{Profile, World};

use crate::server::{DATABASE, Server};
use crate::support::{all_accepted, collection, request};

/// Whoever looks for texts in bytes: as they are, in hexadecimal, in base64 at each of its three offsets.
struct Scanner {
    texts: Vec<String>,
    owners: Vec<usize>,
    automaton: AhoCorasick,
}

impl Scanner {
    fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<String> = texts.into_iter().collect();
        let (mut patterns, mut owners) = (Vec::new(), Vec::new());
        for (at, text) in texts.iter().enumerate() {
            let mut forms = vec![text.clone()];
            let hex = text.bytes().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            forms.push(hex);
            if text.len() >= 9 {
                forms.extend((0..3).map(|offset| base64_core(text.as_bytes(), offset)));
            }
            owners.extend(std::iter::repeat_n(at, forms.len()));
            patterns.extend(forms);
        }
        let automaton = AhoCorasickBuilder::new().build(&patterns).unwrap();
        Self { texts, owners, automaton }
    }

    /// The texts found, once each.
    fn find(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let found = self.automaton.find_overlapping_iter(bytes);
        found.map(|hit| self.texts[self.owners[hit.pattern().as_usize()]].as_str()).collect()
    }
}

/// The characters of base64 that stand for `text` alone when it begins `offset` bytes into a group of three.
fn base64_core(text: &[u8], offset: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = &text[(3 - offset) % 3..];
    let groups = text.chunks_exact(3).map(|group| {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
    });
    groups.flatten().collect()
}

/// What our own program says, by tracing and by the logs of its libraries.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Said {
    /// All of it but the lines of the database driver, which hold the values of statements.
    fn without_the_driver(&self) -> Vec<u8> {
        let said = self.0.lock().unwrap();
        let lines = said.split_inclusive(|byte| *byte == b'\n');
        // tidy: allow(driver) a line of the log is told by the name of who wrote it
        lines.filter(|line| !line.starts_with(b"tokio_postgres")).flatten().copied().collect()
    }
}

impl log::Log for Said {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let _ = writeln!(self.clone(), "{} {}", record.target(), record.args());
    }

    fn flush(&self) {}
}

fn listen() -> Said {
    let said = Said::default();
    let writer = said.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log::set_boxed_logger(Box::new(said.clone())).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    said
}

/// What a person is known by, from the structured parts of a Patient.
fn known_by(patient: &Value) -> Vec<String> {
    let texts = |of: &Value, key: &str| -> Vec<String> {
        of.as_array().into_iter().flatten().filter_map(|one| one[key].as_str()).map(str::to_owned).collect()
    };
    let mut known = texts(&patient["identifier"], "value");
    known.extend(texts(&patient["telecom"], "value"));
    known.extend(texts(&patient["name"], "family"));
    for one in patient["address"].as_array().into_iter().flatten() {
        known.extend(
            one["line"].as_array().into_iter().flatten().filter_map(|line| line.as_str()).map(str::to_owned),
        );
    }
    known.retain(|text| text.len() >= 6);
    known
}

/// Everything a person who must not read it could lay hands on, and where.
fn at_rest(server: &Server, said: &Said) -> Vec<(String, Vec<u8>)> {
    let binaries = server.embedded.binaries();
    let dump = Command::new(binaries.program("pg_dump"))
        .args(["--dbname", &server.connection(DATABASE)])
        .output()
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let mut all =
        vec![("pg_dump".to_owned(), dump.stdout), ("our log".to_owned(), said.0.lock().unwrap().clone())];
    for file in server.files() {
        // A file may go while we look.
        if let Ok(bytes) = std::fs::read(&file) {
            let place = file.strip_prefix(&server.folder.0).unwrap().display().to_string();
            all.push((place, bytes));
        }
    }
    all
}

fn leaks(scanner: &Scanner, all: &[(String, Vec<u8>)]) -> Vec<String> {
    all.iter()
        .flat_map(|(place, bytes)| {
            scanner.find(bytes).into_iter().map(move |text| format!("{text} in {place}"))
        })
        .collect()
}

async fn find(store: &Store, ctx: &Ctx, rtype: ResourceType, query: &[(&str, &str)]) -> Vec<chart::Document> {
    let pairs: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found = store.search(ctx, SearchRequest { rtype, compartment: None, query: &pairs }).await;
    found.map(|page| page.entries).unwrap_or_default()
}

/// A day's work with records and with requests that fail, all of them full of what must not be found.
async fn work(store: &Store, ctx: &Ctx, marker: &str, family: &str) {
    let patients = find(store, ctx, ResourceType::Patient, &[]).await;
    assert_eq!(patients.len(), 12);
    for one in &patients {
        let body = store.read(ctx, ResourceType::Patient, one.id).await.unwrap().body;
        store.update(ctx, ResourceType::Patient, one.id, Some(Version::FIRST), &body).await.unwrap();
        store.history(ctx, ResourceType::Patient, one.id, 10, None).await.unwrap();
        store.read_version(ctx, ResourceType::Patient, one.id, Version::FIRST).await.unwrap();
        let person = one.id.to_string();
        for rtype in [ResourceType::Observation, ResourceType::Condition, ResourceType::Composition] {
            find(store, ctx, rtype, &[("patient", &person), ("_sort", "_lastUpdated")]).await;
        }
        store.db().audit_report(ctx, PatientId(one.id.0), window()).await.unwrap();
    }
    let observations = find(store, ctx, ResourceType::Observation, &[("_count", "20")]).await;
    assert_eq!(observations.len(), 20);
    for one in &observations {
        store.delete(ctx, ResourceType::Observation, one.id, Some(one.version)).await.unwrap();
    }
    assert!(!find(store, ctx, ResourceType::Patient, &[("family", family)]).await.is_empty());
    for query in [
        ("name", marker),
        ("phonetic", family),
        ("identifier", marker),
        ("unknown", marker),
        ("birthdate", marker),
        ("_cursor", marker),
        ("_sort", marker),
        ("general-practitioner", marker),
        (marker, "1"),
        ("address", marker),
    ] {
        find(store, ctx, ResourceType::Patient, &[query]).await;
    }
    let bad = [
        format!(r#"{{"resourceType":"Patient","gender":"{marker}"}}"#),
        format!(r#"{{"resourceType":"Patient","name":[{{"family":"{marker}","family":"{family}"}}]}}"#),
        format!(r#"{{"resourceType":"{marker}"}}"#),
        format!(r#"{{"resourceType":"Patient","{marker}":"{family}","#),
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"{marker}"}},"subject":{{"reference":"Patient/{family}"}}}}"#
        ),
        format!(r#"{{"resourceType":"Patient","birthDate":"{marker}","name":"{family}"}}"#),
    ];
    for body in bad {
        let options =
            CreateOptions { facility: ctx.facilities().first().copied(), ..CreateOptions::default() };
        let rtype =
            if body.contains("Observation") { ResourceType::Observation } else { ResourceType::Patient };
        let refused = store.create(ctx, rtype, body.as_bytes(), options).await.map(|_| ()).unwrap_err();
        let told = format!("{refused} {refused:?} {:?}", refused.issues());
        assert!(!told.contains(marker) && !told.contains(family), "{told}");
        tracing::info!(error = %refused, issues = ?refused.issues(), "refused");
    }
    // A duplicate key and a lost reference refuse whole bundles; a constraint fails inside the database.
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"fullUrl":"urn:uuid:{0}","resource":{{"resourceType":"Patient","name":[{{"family":"{marker}"}}],"managingOrganization":{{"reference":"Organization?name={family}"}}}},"request":{{"method":"POST","url":"Patient","ifNoneExist":"identifier={marker}"}}}}]}}"#,
        uuid::Uuid::nil()
    );
    let _ = store.process(ctx, bundle.as_bytes(), ctx.facilities().first().copied()).await;
    let again = "INSERT INTO ops.job (organization_id, facility_id, id, kind, run_at)
        SELECT $1, 0, '00000000-0000-7000-8000-000000000001', 'x', now() FROM generate_series(1, 2)";
    let tx = store.db().begin(ctx).await.unwrap();
    let refused = tx.last(again, &[&ctx.organization().0]).await;
    assert!(matches!(refused, Err(db::Error::Constraint(_))));
    for rtype in [ResourceType::Patient, ResourceType::Observation, ResourceType::Practitioner] {
        let request = ExportRequest { rtype, patient: None, after: None, limit: 500 };
        assert!(!store.export(ctx, request).await.unwrap().documents.is_empty());
    }
    let nobody = ResourceId(uuid::Uuid::from_u128(7));
    assert!(store.read(ctx, ResourceType::Patient, nobody).await.is_err());
}

fn window() -> db::ReportWindow {
    db::ReportWindow { from: jiff::Timestamp::UNIX_EPOCH, to: jiff::Timestamp::MAX, limit: 1000 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_marker_is_found_at_rest_or_in_any_log_after_a_seed_and_a_workload() {
    let said = listen();
    // Page images in the write-ahead log would be compressed: a scan must see what is there.
    let server =
        Server::start(&[("wal_compression", "off"), ("shared_buffers", "64MB"), ("work_mem", "64kB")]).await;
    let (store, mut operator) = (server.store(), server.operator().await);
    let world = World::new(Profile::Exam, 7, date(2026, 3, 2));

    let manifest = world.exam_manifest();
    let mut needles: BTreeSet<String> = manifest.iter().map(|canary| canary.marker.clone()).collect();
    assert!(needles.len() > 1000, "{}", needles.len());
    needles.extend(["CANARY_", "canary_"].map(str::to_owned));
    let mut family = String::new();
    for org in 0..2 {
        for facility in 0..2 {
            for n in 0..6 {
                let patient: Value = serde_json::from_str(&world.patient(org, facility, n)[0].json).unwrap();
                needles.extend(known_by(&patient));
                family = patient["name"][0]["family"].as_str().unwrap().to_owned();
            }
        }
    }
    // A name that PostgreSQL itself has in its files shows nothing.
    let candidates = Scanner::new(needles.iter().cloned());
    let empty = at_rest(&server, &said);
    let common: BTreeSet<&str> = empty.iter().flat_map(|(_, bytes)| candidates.find(bytes)).collect();
    needles.retain(|needle| !common.contains(needle.as_str()));
    assert!(common.len() < 5 && needles.contains("CANARY_"), "{common:?}");
    let scanner = Scanner::new(needles);

    for (org, plan) in world.organizations().iter().enumerate() {
        let tenant = crate::support::tenant(&mut operator, &plan.slug).await;
        let facilities = [tenant.north, tenant.south];
        let ctx = operator.enter(&tenant.row, &facilities, request());
        for (facility, place) in facilities.into_iter().enumerate() {
            for n in 0..plan.facilities[facility].patients {
                let mut resources = world.directory(org);
                resources.extend(world.patient(org, facility, n));
                let report = store
                    .import_bundle(&ctx, &collection(&resources), &crate::support::into(place))
                    .await
                    .unwrap();
                all_accepted(&report);
            }
        }
        work(&store, &ctx, &manifest[org * manifest.len() / 2].marker, &family).await;
    }
    let tenant = crate::support::tenant(&mut operator, "people").await;
    let of_people = crate::people::live(&store, &mut operator, &tenant).await;
    let superuser = server.superuser(DATABASE).await;
    superuser.batch_execute("CHECKPOINT").await.unwrap();
    let all = at_rest(&server, &said);
    let bytes: usize = all.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{} texts looked for in {} places, {} MB", scanner.texts.len(), all.len(), bytes >> 20);
    assert!(
        all.iter().any(|(place, _)| place.contains("pg_wal"))
            && all.iter().any(|(place, _)| place.ends_with("postgres.log"))
    );
    let persons = Scanner::new(of_people.clone());
    let mut found = leaks(&scanner, &all);
    let (of_persons, named): (Vec<_>, Vec<_>) =
        leaks(&persons, &all).into_iter().partition(|leak| !leak.starts_with(crate::people::NAME));
    found.extend(of_persons);
    // The name of a portal's owner goes to the database, which does not keep it. The driver tells the `log` crate, which
    // the program does not listen to (docs/logging.md); nobody else may hear of it.
    let theirs = said.without_the_driver();
    found.extend(named.into_iter().filter(|leak| !leak.ends_with("our log")));
    found.extend(leaks(&persons, &[("our log without the driver's lines".to_owned(), theirs)]));
    assert!(found.is_empty(), "{} found, such as {:#?}", found.len(), &found[..found.len().min(20)]);

    // The control: planted where nothing is sealed, it is found everywhere.
    let planted = &manifest[0].marker;
    for statement in [
        format!("CREATE TABLE public.plain AS SELECT '{planted}'::text AS text"),
        "CHECKPOINT".to_owned(),
        format!("DO $$ BEGIN RAISE LOG '{planted}'; END $$"),
    ] {
        superuser.batch_execute(&statement).await.unwrap();
    }
    tracing::trace!(planted, "control");
    for text in &of_people {
        let found = persons.find(text.as_bytes());
        assert!(found.contains(text.as_str()), "one of a person's secrets would not be found");
    }
    let found = leaks(&scanner, &at_rest(&server, &said));
    for place in ["pg_dump", "our log", "base/", "pg_wal/", "postgres.log"] {
        assert!(
            found.iter().any(|leak| leak.starts_with(planted) && leak.contains(place)),
            "{place}: {found:?}"
        );
    }
    let in_base64 = Scanner::new([planted.clone()]);
    for offset in 0..3 {
        let coded = base64_core(&[&b"xxx"[..offset], planted.as_bytes(), b"zzz"].concat(), 0);
        assert!(!in_base64.find(coded.as_bytes()).is_empty(), "at offset {offset}");
    }
}
