//! A part of the log in a file proves itself, to whoever has the public key; months that are over are kept so, and then need
//! not be in the database any more (ADR 0035).

use std::collections::BTreeMap;
use std::slice::from_ref;

use db::seal::{BundleError, BundleVerified, Kind, Known, Wanted, export, verify_bundle};
use jiff::Timestamp;
use merkle::Signer;
use serde_json::Value;

use crate::sealing::Log;

async fn exported(log: &Log, wanted: &Wanted) -> String {
    let mut bytes = Vec::new();
    export(&log.logs(), from_ref(&log.key), wanted, &mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn read(log: &Log, bundle: &str) -> Result<BundleVerified, BundleError> {
    verify_bundle(bundle.as_bytes(), from_ref(&log.key), |_| BTreeMap::new())
}

/// What is found: whose, what, where.
fn found(log: &Log, bundle: &str) -> Vec<(i32, Kind, Option<u64>)> {
    let verified = read(log, bundle).unwrap().verified;
    verified.findings.iter().map(|one| (one.organization, one.kind, one.sequence)).collect()
}

/// The bundle with a change of the line that `which` finds.
fn bent(bundle: &str, which: impl Fn(&Value) -> bool, bend: impl Fn(&mut Value)) -> String {
    let mut done = 0;
    let lines = bundle.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        if which(&value) {
            done += 1;
            bend(&mut value);
        }
        format!("{value}\n")
    });
    let text = lines.collect();
    assert_eq!(done, 1, "lines bent");
    text
}

fn leaf(organization: i32, sequence: u64) -> impl Fn(&Value) -> bool {
    move |line| line["leaf"]["event"]["organization"] == organization && line["leaf"]["sequence"] == sequence
}

async fn some_rounds(log: &mut Log) {
    for _ in 0..4 {
        for organization in log.organizations.clone() {
            log.write(organization, 120).await;
        }
        log.seal().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_proved_by_the_key_alone_and_what_was_done_to_it_is_named() {
    let mut log = Log::of(3).await;
    some_rounds(&mut log).await;
    let [one, two, three] = log.organizations[..] else { panic!("three organizations") };
    let bundle = exported(&log, &Wanted::default()).await;
    let whole = read(&log, &bundle).unwrap();
    assert_eq!(whole.verified.findings, []);
    assert_eq!(
        whole.verified.events,
        u64::try_from(log.number("SELECT count(*) FROM audit.leaf").await).unwrap()
    );
    assert_eq!((whole.verified.organizations, whole.proved.len()), (3, 3));
    assert!(whole.until.is_some());

    let wrong = bent(&bundle, leaf(two, 200), |line| line["leaf"]["event"]["outcome"] = "denied".into());
    assert_eq!(found(&log, &wrong), [(two, Kind::Altered, Some(200))]);
    assert_eq!(read(&log, &wrong).unwrap().proved.keys().copied().collect::<Vec<_>>(), [one, three]);
    // With a leaf that fits it: the root does not.
    let other = exported(&log, &Wanted { organization: Some(three), ..Wanted::default() }).await;
    let other: Value =
        other.lines().map(|line| serde_json::from_str(line).unwrap()).find(leaf(three, 7)).unwrap();
    let wrong = bent(&bundle, leaf(three, 200), |line| {
        line["leaf"]["event"] = other["leaf"]["event"].clone();
        line["leaf"]["hash"] = other["leaf"]["hash"].clone();
    });
    let kinds: Vec<_> = found(&log, &wrong).into_iter().map(|(of, kind, _)| (of, kind)).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|(of, _)| *of == three), "{kinds:?}");
    // A log that is left out is missed by the log of all; a log of which the end is left out, by its own checkpoint.
    let without = |of: i32| -> String {
        let mut inside = false;
        let kept = bundle.lines().filter(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            if value["log"].is_object() {
                inside = value["log"]["organization"] == of;
            }
            !inside
        });
        recounted(&kept.map(|line| format!("{line}\n")).collect::<String>())
    };
    assert!(
        found(&log, &without(two)).iter().all(|(of, ..)| *of == 0) && !found(&log, &without(two)).is_empty()
    );
    let last = leaf(two, 479);
    let kept = bundle.lines().filter(|line| !last(&serde_json::from_str(line).unwrap()));
    let short = recounted(&kept.map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(found(&log, &short), [(two, Kind::Truncated, Some(479))]);
    // Somebody else's key.
    let other: Signer = Signer::generate(log.key.name()).unwrap().parse().unwrap();
    let theirs = verify_bundle(bundle.as_bytes(), &[other.verifier()], |_| BTreeMap::new()).unwrap();
    assert!(theirs.verified.findings.iter().any(|one| one.kind == Kind::BadSignature));
    assert!(theirs.proved.is_empty());

    // What is no bundle is none, and says where.
    assert!(matches!(read(&log, ""), Err(BundleError::Line(1))));
    assert!(matches!(read(&log, "{}\n"), Err(BundleError::Line(1))));
    let cut = &bundle[..bundle.trim_end().rfind('\n').unwrap() + 1];
    assert!(matches!(read(&log, cut), Err(BundleError::CutOff)));
    assert!(matches!(read(&log, &format!("{bundle}{bundle}")), Err(BundleError::Line(_))));
    assert!(matches!(read(&log, &bundle.replacen("\"leaf\"", "\"life\"", 1)), Err(BundleError::Line(_))));
    // Of what is not whole none is made.
    log.bend(&format!(
        "DELETE FROM audit.event WHERE (organization_id, at, id) = (SELECT organization_id, event_at, event_id
             FROM audit.leaf WHERE organization_id = {two} AND sequence = 100)"
    ))
    .await;
    let refused = export(&log.logs(), from_ref(&log.key), &Wanted::default(), Vec::new()).await;
    assert!(matches!(refused, Err(BundleError::Missing(of, 100)) if of == two), "{refused:?}");
}

/// A bundle whose last line says how much there is in it.
fn recounted(bundle: &str) -> String {
    let lines: Vec<Value> = bundle.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |member: &str| lines.iter().filter(|line| !line[member].is_null()).count();
    let contents =
        serde_json::json!({"logs": count("log"), "checkpoints": count("note"), "events": count("leaf")});
    let kept = lines.iter().filter(|line| line["end"].is_null()).map(|line| format!("{line}\n"));
    kept.chain([format!("{}\n", serde_json::json!({"end": contents}))]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_log_is_proved_from_a_checkpoint_to_a_checkpoint() {
    let mut log = Log::of(2).await;
    some_rounds(&mut log).await;
    let one = log.organizations[0];
    let at: Timestamp = log
        .superuser
        .query_one("SELECT event_at FROM audit.leaf WHERE organization_id = $1 AND sequence = 250", &[&one])
        .await
        .unwrap()
        .get(0);
    let bundle = exported(&log, &Wanted { from: Some(at), ..Wanted::default() }).await;
    let part = read(&log, &bundle).unwrap();
    assert_eq!(part.verified.findings, []);
    let range = &part.proved[&one];
    assert!(range.start > 0 && range.start <= 250 && range.end >= 480, "{range:?}");
    // Another beginning than the log's: no checkpoint after it fits.
    let wrong = bent(
        &bundle,
        |line| line["log"]["organization"] == one,
        |line| {
            let first = line["log"]["nodes"][0][0].as_str().unwrap().to_owned();
            let digit = if first.starts_with('0') { "1" } else { "0" };
            line["log"]["nodes"][0][0] = format!("{digit}{}", &first[1..]).into();
        },
    );
    assert!(found(&log, &wrong).iter().any(|(of, kind, _)| *of == one && *kind == Kind::Replaced));
    let none = Wanted { from: Some(Timestamp::MAX), ..Wanted::default() };
    let refused = export(&log.logs(), from_ref(&log.key), &none, Vec::new()).await;
    assert!(matches!(refused, Err(BundleError::Nothing)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_let_go_of_when_it_is_old_and_the_archive_proves_it_for_ever() {
    let mut log = Log::of(1).await;
    let one = log.organizations[0];
    log.superuser.batch_execute("SELECT audit.prepare_months('2019-03-01', 2)").await.unwrap();
    let old = "INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason,
                      request_id, purpose)
               SELECT $1, 1, timestamptz '2019-03-31 20:00Z' + n * interval '1 minute', gen_random_uuid(), 7, 'chart.read',
                      'success', 'x', gen_random_uuid(), 'TREAT' FROM generate_series(1, 300) n";
    log.superuser.execute(old, &[&one]).await.unwrap();
    log.seal().await;
    log.write(one, 50).await;
    log.seal().await;
    let months = log.logs().closed_months("2019-05-02T00:00:01Z".parse().unwrap()).await.unwrap();
    let names: Vec<_> = months.iter().map(|(month, _)| month.to_string()).collect();
    assert_eq!(names, ["2019-03", "2019-04"]);
    let too_soon = log.logs().closed_months("2019-04-30T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(too_soon.len(), 1);
    let march = months[0].0;
    assert!(log.logs().has_events(march).await.unwrap());
    let wanted =
        Wanted { organization: None, from: Some(march.begins()), until: Some(march.next().begins()) };
    let archive = read(&log, &exported(&log, &wanted).await).unwrap();
    assert_eq!(archive.verified.findings, []);

    let operator = log.database.operator().await;
    assert_eq!(operator.log_years().await.unwrap(), 6);
    let recent = kernel::World::system().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    operator.let_go_of_month(recent).await.expect_err("a month of today");
    operator.let_go_of_month(march.first()).await.unwrap();
    operator.let_go_of_month(march.first()).await.unwrap();
    assert!(!log.logs().has_events(march).await.unwrap());
    // Without the archive that is what it looks like; with it every leaf is accounted for, and April's are where they were.
    let blind = log.verified_with(&Known::default()).await;
    assert!(!blind.findings.is_empty() && blind.findings.iter().all(|one| one.kind == Kind::Deleted));
    let archived = archive.proved.iter().map(|(of, range)| (*of, vec![range.clone()])).collect();
    let known = log.verified_with(&Known { archived, ..Known::default() }).await;
    assert_eq!(known.findings, []);
    assert!(known.archived > 200, "{}", known.archived);
    // An archive excuses nothing that it does not hold.
    log.bend(&format!(
        "DELETE FROM audit.event WHERE (organization_id, at, id) = (SELECT organization_id, event_at, event_id
             FROM audit.leaf WHERE organization_id = {one} ORDER BY sequence DESC LIMIT 1)"
    ))
    .await;
    let archived = archive.proved.iter().map(|(of, range)| (*of, vec![range.clone()])).collect();
    let known = log.verified_with(&Known { archived, ..Known::default() }).await;
    assert_eq!(known.findings.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Deleted]);
}
