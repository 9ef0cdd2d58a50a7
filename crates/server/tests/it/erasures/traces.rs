//! What an erasure leaves, looked for in every row of every table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::TestApp;

use super::{House, NURSE, app, staff};
use crate::documents::{PDF, pdf, upload};
use crate::people::{patient, weight};

type Rows = BTreeMap<String, Vec<Value>>;

/// Every row of every table outside the log and the keyring that says one of these ids.
async fn rows(app: &TestApp, ids: &[String]) -> Rows {
    let database = app.superuser().await;
    let tables = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relkind = 'r' AND n.nspname IN ('org', 'chart', 'ops', 'people', 'oauth', 'platform')";
    let mut found = Rows::new();
    for table in database.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT to_jsonb(t)::text FROM {table} t");
        for row in database.query(&sql, &[]).await.unwrap() {
            let text: String = row.get(0);
            if ids.iter().any(|id| text.contains(id.as_str())) {
                found.entry(table.clone()).or_default().push(serde_json::from_str(&text).unwrap());
            }
        }
    }
    found
}

/// What may be left: ids, who decided, when. Not what a record was about, when it was true, or what was said in it.
const LEFT: [(&str, &[&str]); 13] = [
    ("chart.resource", &["facility_id", "follow", "id", "patient_id", "type", "updated_at", "version"]),
    (
        "chart.resource_version",
        &["facility_id", "id", "patient_id", "superseded_at", "type", "updated_at", "version"],
    ),
    (
        "org.emergency",
        &["emergency_id", "ends_at", "facility_id", "membership_id", "number", "opened_at", "patient_id"],
    ),
    (
        "org.erasure",
        &[
            "asked_at",
            "asked_by",
            "claim",
            "decided_at",
            "decided_by",
            "due_at",
            "ended_at",
            "erasure_id",
            "facility_id",
            "ground",
            "patient_id",
            "patients",
            "state",
        ],
    ),
    ("org.erased", &["erased_at", "erasure_id", "facility_id", "patient_id"]),
    (
        "org.legal_hold",
        &[
            "facility_id",
            "hold_id",
            "kind",
            "patient_id",
            "placed_at",
            "placed_by",
            "released_at",
            "released_by",
        ],
    ),
    (
        "org.reassignment",
        &["at", "facility_id", "membership_id", "patient_id", "reassignment_id", "target_id", "xact"],
    ),
    (
        "org.relationship",
        &["ends_at", "facility_id", "kind", "membership_id", "patient_id", "starts_at", "version"],
    ),
    (
        "org.restriction",
        &[
            "facility_id",
            "ground",
            "lifted_at",
            "lifted_by",
            "patient_id",
            "restricted_at",
            "restricted_by",
            "restriction_id",
        ],
    ),
    (
        "org.sharing",
        &["ends_at", "facility_id", "membership_id", "path", "patient_id", "shared_by", "starts_at"],
    ),
    ("ops.import_row", &["facility_id", "import_id", "number", "outcome", "resource_id"]),
    ("ops.outbox", &["at", "facility_id", "id", "kind", "patient_id", "sequence", "type", "version", "xact"]),
    ("ops.export", &["patients"]),
];

/// Whether a value says nothing.
fn is_empty(column: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(said) => !said,
        Value::Array(all) => all.is_empty(),
        Value::String(text) => text == "\\x" || text.starts_with("1970-01-01T00:00:00"),
        // General, and FHIR's first element: the same for everyone.
        Value::Number(number) => matches!(column, "class" | "patient_by") && number.as_i64() == Some(0),
        Value::Object(_) => false,
    }
}

/// Without when they were written, which the test itself sets back.
fn undated(mut rows: Rows) -> Rows {
    for row in rows.values_mut().flatten() {
        row.as_object_mut().unwrap().remove("updated_at");
    }
    rows
}

async fn log(app: &TestApp) -> BTreeSet<String> {
    let sql =
        "SELECT to_jsonb(e)::text FROM audit.event e UNION ALL SELECT to_jsonb(s)::text FROM audit.subject s";
    let rows = app.superuser().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Of everything that a patient can have a row of.
async fn furnish(house: &House<'_>) -> Vec<String> {
    let (document, ..) = upload(house.app, &house.desk, &house.patient, PDF, &pdf("secret", 5000)).await;
    let hold = json!({"kind": "audit", "matter": "Zwielicht v. North"});
    let placed = house.keeper.1.post(&house.at("holds"), &hold).await.expect_status(201).json();
    let release = format!("{}/{}/release", house.at("holds"), placed["hold"].as_str().unwrap());
    house.keeper.1.post(&release, &json!({})).await.expect_status(204);
    let keyed = house.desk.post("/fhir/R4/Observation", &weight(&house.patient, "09", "60"));
    let keyed = keyed.header("idempotency-key", "a-key-of-its-own-01").await.expect_status(201).id();
    let changed = weight(&house.patient, "10", "59");
    let mut changed = changed;
    changed["id"] = json!(keyed);
    house
        .desk
        .put(&format!("/fhir/R4/Observation/{keyed}"), &changed)
        .if_match("W/\"1\"")
        .await
        .expect_status(200);
    let (organization, north) = (house.clinic.id().0, house.north.id.0);
    let (patient, me) = (&house.patient, house.keeper.0.membership);
    let sealed = "'\\x0102'::bytea";
    let sql = format!(
        "INSERT INTO org.emergency (organization_id, emergency_id, facility_id, patient_id, membership_id, reason, opened_at, ends_at)
         VALUES ({organization}, gen_random_uuid(), {north}, '{patient}', {me}, {sealed}, now(), now() + interval '1 hour');
         INSERT INTO org.reassignment (organization_id, reassignment_id, facility_id, target_id, patient_id, membership_id, reason, at)
         VALUES ({organization}, gen_random_uuid(), {north}, 0, '{patient}', {me}, {sealed}, now());
         UPDATE org.legal_hold SET facility_id = {north};
         UPDATE chart.draft SET facility_id = {north}; UPDATE chart.dose SET facility_id = {north};
         INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({organization}, {north}, '{patient}', {me}, 'care-team', now() - interval '1 hour');
         INSERT INTO org.family_news (organization_id, membership_id, looked, told) VALUES ({organization}, {me}, {sealed}, {sealed});
         INSERT INTO org.sharing (organization_id, facility_id, patient_id, membership_id, path, shared_by, starts_at)
         VALUES ({organization}, {north}, '{patient}', {me}, 'Patient.name', {me}, now());
         INSERT INTO chart.draft (organization_id, facility_id, draft_id, patient_id, membership_id, saved_by, started_at, saved_at, version, body)
         VALUES ({organization}, {north}, gen_random_uuid(), '{patient}', {me}, {me}, now(), now(), 1, {sealed});
         INSERT INTO chart.dose (organization_id, facility_id, request_id, digest, patient_id, order_id, due_at, given_at,
             administration_id, membership_id, recorded_at)
         VALUES ({organization}, {north}, gen_random_uuid(), sha256(''), '{patient}', gen_random_uuid(), now(), now(), '{keyed}', {me}, now());
         INSERT INTO ops.import (organization_id, facility_id, import_id, membership_id, person_id, request_id, purpose, kind, sheet,
             rows, headings, created_at, kept_until)
         VALUES ({organization}, {north}, '00000000-0000-7000-8000-000000000001', {me}, 1, gen_random_uuid(), 'HOPERAT', 'patients', {sealed}, 1, sha256(''), now(),
             now() + interval '30 days');
         INSERT INTO ops.import_row (organization_id, facility_id, import_id, number, outcome, resource_id)
         VALUES ({organization}, {north}, '00000000-0000-7000-8000-000000000001', 2, 'created', '{patient}');"
    );
    // Rows as they could be: the triggers of each table are looked at where it is made.
    let sql = format!("SET session_replication_role = replica; {sql}");
    house.app.superuser().await.batch_execute(&sql).await.unwrap();
    vec![document, keyed]
}

#[tokio::test]
async fn after_an_erasure_no_table_says_anything_of_the_patient_and_the_log_says_all_it_did() {
    let (app, folder) = app().await;
    let house = House::new(&app).await;
    staff(&house.clinic, &house.north, "nurse@care.example", &NURSE).await;
    let other = house.desk.post("/fhir/R4/Patient", &patient("Bleibt", "Bea")).await.expect_status(201).id();
    house.desk.post("/fhir/R4/Observation", &weight(&other, "03", "70")).await.expect_status(201);
    let mut ids = furnish(&house).await;
    ids.extend([house.patient.clone(), house.weight.clone()]);
    house.age().await;

    // It was there before: else this would find nothing whatever is done.
    let before = rows(&app, &ids).await;
    for table in
        ["chart.token", "chart.draft", "chart.dose", "org.document", "ops.idempotency_key", "ops.outbox"]
    {
        assert!(before.contains_key(table), "{table}");
    }
    let whole = |row: &Value| row["body"].as_str().is_some_and(|body| body.len() > 20);
    assert!(before["chart.resource"].iter().all(whole) && before["chart.resource_version"].iter().all(whole));
    let untouched = undated(rows(&app, std::slice::from_ref(&other)).await);
    let files = || std::fs::read_dir(folder.0.join("sealed")).map_or(0, Iterator::count);
    assert_eq!(files(), 1);
    let logged = log(&app).await;

    house.erase().await;

    let after = rows(&app, &ids).await;
    let mut faults = Vec::new();
    for (table, rows) in &after {
        let left = LEFT.iter().find(|(name, _)| name == table).map_or(&[][..], |(_, left)| *left);
        for row in rows {
            for (column, value) in row.as_object().unwrap() {
                if column != "organization_id" && !left.contains(&column.as_str()) && !is_empty(column, value)
                {
                    faults.push(format!("{table}.{column} = {value}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    for table in ["chart.token", "chart.draft", "chart.dose", "org.document", "ops.idempotency_key"] {
        assert!(!after.contains_key(table), "{table}");
    }
    assert_eq!(files(), 0, "nor does the object store have anything");
    assert!(untouched == undated(rows(&app, std::slice::from_ref(&other)).await), "nobody else is touched");
    let database = app.superuser().await;
    // What is sealed under the organization's key and may say something of them.
    let left = "SELECT count(*) FROM org.family_news WHERE num_nonnulls(looked, offered, told) > 0
                UNION ALL SELECT count(*) FROM ops.import WHERE sheet IS NOT NULL
                UNION ALL SELECT count(*) FROM ops.export WHERE key IS NOT NULL
                UNION ALL SELECT count(*) FROM org.relationship WHERE ends_at > now()";
    let left: Vec<i64> = database.query(left, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(left, [0, 0, 0, 0]);
    // No key that could open what an older copy holds.
    let keys = "SELECT count(*) FILTER (WHERE wrapped IS NOT NULL), count(*) FROM keyring.patient_key WHERE patient_id = $1::text::uuid";
    let keys = database.query_one(keys, &[&house.patient]).await.unwrap();
    assert_eq!((keys.get::<_, i64>(0), keys.get::<_, i64>(1) > 0), (0, true));

    // The log lost nothing, and no body is damaged that was not erased.
    let now = log(&app).await;
    assert!(logged.is_subset(&now) && now.len() > logged.len());
    let ctx = house.clinic.context(&[&house.north]).await;
    let integrity = app.app.store.verify_bodies(&ctx).await.unwrap();
    assert!(integrity.wrong.is_empty(), "{:?}", integrity.wrong);
    let take = format!("UPDATE chart.resource SET body = NULL WHERE id = '{other}'");
    database.batch_execute(&take).await.unwrap();
    let integrity = app.app.store.verify_bodies(&ctx).await.unwrap();
    assert_eq!(integrity.wrong.len(), 1, "what is taken away of somebody else is damage");
}

#[tokio::test]
async fn an_erasure_that_was_stopped_in_the_middle_is_ended_by_the_next() {
    let (app, folder) = app().await;
    let house = House::new(&app).await;
    upload(&app, &house.desk, &house.patient, PDF, &pdf("secret", 5000)).await;
    house.age().await;
    house.hurry().await;
    let erasure = house.asked().await;
    house.approve(&erasure).await.expect_status(204);
    // Killed after the keys were destroyed: claimed, nothing else done.
    let claimed =
        app.app.store.db().claim_erasure(app.app.world.uuid(), std::time::Duration::from_secs(600)).await;
    let claimed = claimed.unwrap().unwrap();
    app.app.store.db().keyring().erase(&claimed.ctx, claimed.patients[0], claimed.erasure).await.unwrap();
    assert_eq!(app.app.erase_due().await.unwrap(), 0, "somebody is at it");
    let hold = json!({"kind": "audit", "matter": "Too late"});
    house.keeper.1.post(&house.at("holds"), &hold).await.expect_status(410);
    assert_eq!(house.keeping().await["erasures"][0]["state"], "erasing");
    let sql = "UPDATE org.erasure SET locked_until = now() - interval '1 second'";
    app.superuser().await.batch_execute(sql).await.unwrap();
    assert_eq!(app.app.erase_due().await.unwrap(), 1);
    house.desk.get(&format!("/fhir/R4/Patient/{}", house.patient)).await.expect_status(410);
    assert_eq!(std::fs::read_dir(folder.0.join("sealed")).map_or(0, Iterator::count), 0);
    let entries = "SELECT count(*) FROM keyring.erasure";
    assert_eq!(app.superuser().await.query_one(entries, &[]).await.unwrap().get::<_, i64>(0), 1);
}
