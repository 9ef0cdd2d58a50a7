//! Real records: what is imported comes out again, field by field; what is imported twice changes nothing; an import
//! that was killed goes on.
//!
//! The records are beside the repository, not in it: without them these tests say so and show nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chart::{ExportRequest, ImportReport, Imported, Store};
use db::{Ctx, NewFacility};
use fhir::ResourceType;
use fhir::json::{Limits, Node, Value, parse};
use kernel::{FacilityId, ResourceId};
use testkit::pg;

use crate::support::{House, all_accepted, full_scale, into, skipped};

/// What a source calls a record.
type Name = (ResourceType, String);

/// The files, those of the directory first.
fn files() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".json.gz"));
    files.sort();
    if !full_scale() {
        let (directory, mut people): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.file_name().unwrap().to_string_lossy().starts_with("0-"));
        // The smallest ones.
        people.sort_by_key(|file| file.metadata().unwrap().len());
        people.truncate(4);
        files = directory.into_iter().chain(people).collect();
    }
    Some(files)
}

fn unpack(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// What went in, by the id it has here.
#[derive(Default)]
struct Sent {
    /// In the form of [`plain`]; what came last counts.
    records: HashMap<ResourceId, (ResourceType, String)>,
    names: HashMap<Name, ResourceId>,
    entries: usize,
}

impl Sent {
    /// Enters a bundle and what its import said.
    fn enter(&mut self, bundle: &[u8], report: &ImportReport) {
        let root = parse(bundle, &Limits::default()).unwrap();
        let entries = root.get("entry").unwrap().items();
        assert_eq!(report.records.len(), entries.len(), "each entry has its line in the report");
        self.entries += entries.len();
        let mut urls: HashMap<&str, String> = HashMap::new();
        for (entry, record) in entries.iter().zip(&report.records) {
            let resource = entry.get("resource").unwrap();
            let (rtype, id) = (record.rtype.unwrap(), record.id.unwrap());
            assert_eq!(resource.text("resourceType"), Some(rtype.as_str()));
            urls.insert(entry.text("fullUrl").unwrap(), format!("{rtype}/{id}"));
            self.names.insert((rtype, resource.text("id").unwrap().to_owned()), id);
        }
        for (entry, record) in entries.iter().zip(&report.records) {
            if record.outcome == Imported::Kept {
                // A copy of what the directory has a record of its own of: that one stays.
                assert!(self.records.contains_key(&record.id.unwrap()));
                continue;
            }
            let mut text = String::new();
            plain(entry.get("resource").unwrap(), true, &urls, &mut text);
            self.records.insert(record.id.unwrap(), (record.rtype.unwrap(), text));
        }
    }
}

/// A document without `id` and `meta`, its numbers and the order of its members as written, references to entries of
/// its bundle as they must come out.
fn plain(node: &Node<'_>, root: bool, urls: &HashMap<&str, String>, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => {
            let _ = write!(out, "{truth}");
        }
        Value::Number(number) => out.push_str(number),
        Value::String(text) => {
            let _ = write!(out, "{text:?}");
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                plain(item, false, urls, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for member in members {
                if root && (member.key == "id" || member.key == "meta") {
                    continue;
                }
                let _ = write!(out, "{:?}:", member.key);
                match member.value.as_str() {
                    Some(text) if member.key == "reference" => {
                        let _ = write!(out, "{:?}", urls.get(text).map_or(text, String::as_str));
                    }
                    _ => plain(&member.value, false, urls, out),
                }
                out.push(',');
            }
            out.push('}');
        }
    }
}

/// A house of five facilities.
async fn five(house: &House) -> (Vec<FacilityId>, Ctx) {
    let mut facilities = vec![house.a.north, house.a.south];
    for code in ["east", "west", "center"] {
        let new = NewFacility { code, name: code, time_zone: "America/Chicago", state: "live" };
        facilities.push(house.operator.create_facility(house.a.row.id, &new).await.unwrap().id);
    }
    let ctx = house.at(&house.a, &facilities);
    (facilities, ctx)
}

async fn import_all(
    store: &Store,
    ctx: &Ctx,
    facilities: &[FacilityId],
    files: &[PathBuf],
) -> (Sent, BTreeMap<&'static str, usize>) {
    let (mut sent, mut outcomes) = (Sent::default(), BTreeMap::new());
    for (at, file) in files.iter().enumerate() {
        let bundle = unpack(file);
        let report =
            store.import_bundle(ctx, &bundle, &into(facilities[at % facilities.len()])).await.unwrap();
        all_accepted(&report);
        for record in &report.records {
            let outcome = match record.outcome {
                Imported::Created => "created",
                Imported::Updated => "updated",
                Imported::Unchanged => "unchanged",
                Imported::Kept => "kept",
                Imported::Refused(_) => "refused",
            };
            *outcomes.entry(outcome).or_insert(0) += 1;
        }
        sent.enter(&bundle, &report);
    }
    (sent, outcomes)
}

/// Exports every type and compares each record with what went in.
async fn compare(store: &Store, ctx: &Ctx, sent: &Sent) {
    let mut missing: HashMap<ResourceId, &(ResourceType, String)> =
        sent.records.iter().map(|(id, record)| (*id, record)).collect();
    for rtype in ResourceType::ALL {
        let mut after = None;
        loop {
            let request = ExportRequest { rtype: *rtype, patient: None, after, limit: 500 };
            let page = store.export(ctx, request).await.unwrap();
            for document in &page.documents {
                let (kind, expected) = missing
                    .remove(&document.id)
                    .unwrap_or_else(|| panic!("{rtype}/{} came out twice, or never went in", document.id));
                let root = parse(&document.body, &Limits::default()).unwrap();
                let mut text = String::new();
                plain(&root, true, &HashMap::new(), &mut text);
                assert_eq!(kind, rtype);
                assert_eq!(text, *expected, "{rtype}/{}", document.id);
                let meta = root.get("meta").unwrap();
                assert_eq!(meta.text("versionId"), Some(document.version.to_string().as_str()));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    assert!(missing.is_empty(), "{} records did not come out", missing.len());
}

/// Every row of the charts with its place on disk and the transaction that wrote it.
async fn prints(superuser: &pg::Client) -> (i64, String) {
    let row = superuser
        .query_one(
            "SELECT count(*), md5(string_agg(line, ',' ORDER BY line)) FROM (
                SELECT id::text || version || updated_at || xmin || ctid FROM chart.resource
                UNION ALL SELECT id::text || version || updated_at || xmin || ctid FROM chart.resource_version
                UNION ALL SELECT id::text || token || at || xmin || ctid FROM chart.token
                UNION ALL SELECT patient_id::text || class || xmin || ctid FROM keyring.patient_key
                UNION ALL SELECT sequence::text || xmin || ctid FROM ops.outbox) t (line)",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_records_come_out_as_they_went_in_and_a_second_import_changes_nothing() {
    let Some(files) = files() else { return skipped("there are no Synthea records beside the repository") };
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (facilities, ctx) = five(&house).await;
    let (sent, outcomes) = import_all(&house.store, &ctx, &facilities, &files).await;
    println!(
        "{} bundles, {} entries, {} records: {outcomes:?}",
        files.len(),
        sent.entries,
        sent.records.len()
    );
    assert_eq!(sent.names.len(), sent.records.len(), "each name has an id of its own");
    assert_eq!(outcomes["created"], sent.records.len());
    let count = |table: &str| format!("SELECT count(*) FROM {table}");
    let rows: i64 = superuser.query_one(&count("chart.resource"), &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(rows).unwrap(), sent.records.len(), "count in = count out");
    compare(&house.store, &ctx, &sent).await;

    let before = prints(&superuser).await;
    let (again, outcomes) = import_all(&house.store, &ctx, &facilities, &files).await;
    assert!(outcomes.keys().all(|outcome| ["unchanged", "kept"].contains(outcome)), "{outcomes:?}");
    assert_eq!(again.records.len(), sent.records.len());
    assert_eq!(prints(&superuser).await, before, "no row was touched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_goes_on_where_it_stopped() {
    let Some(files) = files() else { return skipped("there are no Synthea records beside the repository") };
    let house = House::new().await;
    let superuser = house.superuser().await;
    let (facilities, ctx) = five(&house).await;
    let mut stopped = 0;
    for (at, file) in files.iter().take(6).enumerate() {
        let bundle = unpack(file);
        // Later and later: before anything is written, in the middle, perhaps at the end.
        for patience in [1, 3, 8, 15, 25, 40] {
            let options = into(facilities[at % facilities.len()]);
            let import = house.store.import_bundle(&ctx, &bundle, &options);
            if tokio::time::timeout(Duration::from_millis(patience), import).await.is_ok() {
                break;
            }
            stopped += 1;
        }
        // The directory's own records come before the copies that the bundles of people carry along.
        if at < 2 {
            let options = into(facilities[at % facilities.len()]);
            all_accepted(&house.store.import_bundle(&ctx, &bundle, &options).await.unwrap());
        }
    }
    assert!(stopped > 3, "{stopped}");
    let (sent, outcomes) = import_all(&house.store, &ctx, &facilities, &files[..files.len().min(6)]).await;
    println!("stopped {stopped} times, then {outcomes:?}");
    assert!(!outcomes.contains_key("updated"), "{outcomes:?}");
    let rows: i64 = superuser.query_one("SELECT count(*) FROM chart.resource", &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(rows).unwrap(), sent.records.len());
    compare(&house.store, &ctx, &sent).await;
    let (_, outcomes) = import_all(&house.store, &ctx, &facilities, &files[..files.len().min(6)]).await;
    assert!(outcomes.keys().all(|outcome| ["unchanged", "kept"].contains(outcome)), "{outcomes:?}");
}
