//! Clinicians of a month, counted out of the log, and what they cost.

use std::collections::{BTreeMap, BTreeSet};

use fhir::ResourceType as T;
use policy::PlatformPermission as P;
use serde_json::{Value, json};
use testkit::{PASSWORD, Permission, Person, TestApp, pg};

use crate::people::{admit, weight};
use crate::platform::proved;

const USAGE: &str = "/platform/organizations/clinic/usage";

/// The month before this one, and this one.
async fn months(superuser: &pg::Client) -> (String, String) {
    let sql = "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 month', 'YYYY-MM'), to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')";
    let row = superuser.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn usage(olga: &Person, month: &str) -> Value {
    olga.browser.get(&format!("{USAGE}?month={month}")).await.expect_status(200).json()
}

fn transaction(resources: &[Value]) -> Value {
    let entry = |resource: &Value| json!({"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}});
    let entries: Vec<Value> = resources.iter().map(entry).collect();
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

#[tokio::test]
async fn who_wrote_about_a_patient_is_counted_once_and_a_finished_month_is_fixed() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let superuser = app.superuser().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let all = [Permission::ChartRead, Permission::ChartWrite, Permission::ChartSearch];
    let service = clinic.all_powers(&[&north]).await;
    let patient = admit(&service, "Ember").await;
    service.post("/fhir/R4/Observation", &weight(&patient, "01", "60")).await.expect_status(201);
    let (before, now) = months(&superuser).await;
    assert_eq!(usage(&olga, &now).await["now"]["clinicians"], 0, "a program is no clinician");

    // A nurse with two posts writes at both; another in a transaction; the desk admits; a fourth is refused.
    let nurse = clinic.person("nurse@clinic.example", &all, &[&north]).await;
    let second = clinic.take_up(&nurse, "staff", &all, &[&north, &south]).await;
    for membership in [nurse.membership, second] {
        let tab = nurse.browser.open("clinic", membership).await;
        let ask = tab.ask("POST", "/fhir/R4/Observation");
        let body = weight(&patient, "02", "61").to_string();
        tab.send(ask.body("application/fhir+json", body)).await.expect_status(201);
    }
    assert_eq!(usage(&olga, &now).await["now"]["clinicians"], 1);
    let desk = clinic.person("desk@clinic.example", &all, &[&north]).await;
    let tab = desk.browser.open("clinic", desk.membership).await;
    let body = crate::people::patient("Curie", "Marie").to_string();
    let ask = tab.ask("POST", "/fhir/R4/Patient").body("application/fhir+json", body);
    tab.send(ask).await.expect_status(201);
    let bundle = transaction(&[crate::people::patient("Noether", "Emmy")]).to_string();
    let ask = tab.ask("POST", "/fhir/R4").body("application/fhir+json", bundle);
    tab.send(ask).await.expect_status(200);
    let reader = clinic.person("reader@clinic.example", &[Permission::ChartRead], &[&north]).await;
    let tab = reader.browser.open("clinic", reader.membership).await;
    let body = weight(&patient, "03", "62").to_string();
    let ask = tab.ask("POST", "/fhir/R4/Observation").body("application/fhir+json", body);
    tab.send(ask).await.expect_status(403);
    assert_eq!(usage(&olga, &now).await["now"]["clinicians"], 1, "the desk and the refused are none");
    let other = clinic.person("other@clinic.example", &all, &[&north]).await;
    let tab = other.browser.open("clinic", other.membership).await;
    let bundle = transaction(&[weight(&patient, "04", "63")]).to_string();
    let ask = tab.ask("POST", "/fhir/R4").body("application/fhir+json", bundle);
    tab.send(ask).await.expect_status(200);
    let counted = usage(&olga, &now).await;
    assert_eq!(counted["now"]["clinicians"], 2, "{counted}");
    assert_eq!((&counted["finished"], &counted["reading"]), (&json!(false), &Value::Null));
    // Nobody is named.
    for name in ["nurse", "Somebody", "person", "membership"] {
        assert!(!counted["now"].to_string().contains(name), "{name}: {counted}");
    }

    // What is sold, since two months ago; and all of it happened a month earlier.
    let plan = json!({"title": "Pro", "modules": ["api"], "currency": "USD", "base_cents": 10_000,
                      "clinician_cents": 4_900, "module_cents": 1_000, "on_sale": true});
    let proof = olga.browser.proof("platform.plans", PASSWORD).await;
    let ask = olga.browser.ask("PUT", "/platform/plans/pro").body("application/json", plan.to_string());
    olga.browser
        .send(ask.header("if-match", "0").header("lamplight-step-up", &proof))
        .await
        .expect_status(200);
    superuser
        .batch_execute(&format!(
            "INSERT INTO platform.subscription (organization_id, since, plan_key, plan_version, extra, created_by)
             VALUES ({o}, now() - interval '3 months', 'pro', 1, '{{family-portal}}', 0);
             UPDATE audit.event SET at = date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '2 days'
              WHERE organization_id = {o}",
            o = clinic.id().0
        ))
        .await
        .unwrap();
    assert_eq!(usage(&olga, &now).await["now"]["clinicians"], 0);
    let read = |month: String| {
        let olga = &olga;
        async move { proved(olga, "POST", USAGE, &json!({ "month": month }), "platform.plans").await }
    };
    assert_eq!(read(now.clone()).await.expect_status(409).json()["code"], "month-running");
    assert_eq!(read("2026-13".to_owned()).await.expect_status(400).json()["code"], "invalid");
    let fixed = read(before.clone()).await.expect_status(201).json();
    assert_eq!(fixed["reading"]["account"]["clinicians"], 2, "{fixed}");
    assert_eq!(fixed["now"]["totals"], json!([{"currency": "USD", "cents": 10_000 + 2 * 4_900 + 1_000}]));
    assert_eq!(fixed["agrees"], true);
    assert_eq!(read(before.clone()).await.expect_status(409).json()["code"], "already-read");

    // Somebody who owns the database alters the log: it is seen, and what was fixed stays.
    let altered = superuser
        .execute("UPDATE audit.event SET outcome = 'failure' WHERE action = 'chart.transaction'", &[])
        .await
        .unwrap();
    assert!(altered > 0);
    let seen = usage(&olga, &before).await;
    assert_eq!((&seen["agrees"], &seen["now"]["clinicians"]), (&json!(false), &json!(1)));
    assert_eq!(seen["reading"]["account"]["clinicians"], 2);
    let logged: i64 = superuser
        .query_one(
            "SELECT count(*) FROM audit.event WHERE organization_id = $1 AND action = 'platform.usage.read'",
            &[&clinic.id().0],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(logged, 1, "in the organization's own log");
}

/// A row of the log as the naive count reads it.
type Row = (i32, String, String, Option<i16>, Option<Vec<u8>>, String);

/// The same count by another hand: every row of the log, in Rust.
async fn oracle(superuser: &pg::Client, organization: i32, month: &str) -> usize {
    let clinical = [
        T::AdverseEvent,
        T::AllergyIntolerance,
        T::CarePlan,
        T::Condition,
        T::Immunization,
        T::MedicationRequest,
        T::Observation,
        T::Procedure,
    ]
    .map(T::code);
    let mut people: BTreeMap<i32, i32> = BTreeMap::new();
    for row in superuser
        .query(
            "SELECT membership_id, person_id, kind, plane FROM org.membership WHERE organization_id = $1",
            &[&organization],
        )
        .await
        .unwrap()
    {
        let (membership, person): (i32, Option<i32>) = (row.get(0), row.get(1));
        if let Some(person) = person
            && row.get::<_, &str>(2) == "person"
            && row.get::<_, &str>(3) == "staff"
        {
            people.insert(membership, person);
        }
    }
    let mut types: BTreeMap<Vec<u8>, i16> = BTreeMap::new();
    let sql = "SELECT uuid_send(id), type FROM chart.resource WHERE organization_id = $1";
    for row in superuser.query(sql, &[&organization]).await.unwrap() {
        types.insert(row.get(0), row.get(1));
    }
    let nothing: Vec<u8> = superuser.query_one("SELECT sha256('')", &[]).await.unwrap().get(0);
    let rows = superuser
        .query(
            "SELECT membership_id, action, outcome, resource_type, writes, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM')
               FROM audit.event WHERE organization_id = $1",
            &[&organization],
        )
        .await
        .unwrap();
    let mut counted = BTreeSet::new();
    for row in rows {
        let row: Row = (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5));
        let (membership, action, outcome, rtype, writes, at) = row;
        let wrote = match &*action {
            "chart.create" | "chart.update" => rtype.is_some_and(|rtype| clinical.contains(&rtype)),
            "chart.transaction" => writes.iter().flat_map(|all| all.chunks(52)).any(|one| {
                one[20..] != nothing[..]
                    && types.get(&one[..16]).is_some_and(|rtype| clinical.contains(rtype))
            }),
            _ => false,
        };
        if wrote && outcome == "success" && at == month {
            counted.extend(people.get(&membership).copied());
        }
    }
    counted.len()
}

#[tokio::test]
async fn after_any_workload_the_count_is_the_naive_one() {
    let app = TestApp::new().await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let superuser = app.superuser().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let (o, f) = (clinic.id().0, north.id.0);
    let (before, now) = months(&superuser).await;
    // Forty posts of about fifteen people: staff, portals, services, posts that nobody took; two hundred records.
    superuser
        .batch_execute(&format!(
            "ALTER TABLE org.membership DISABLE TRIGGER USER;
             INSERT INTO org.membership (organization_id, membership_id, kind, name, plane, person_id, created_at)
             SELECT {o}, 5000 + n, CASE WHEN n % 9 = 0 THEN 'service' ELSE 'person' END, 'x',
                    CASE WHEN n % 7 = 0 THEN 'portal' ELSE 'staff' END,
                    CASE WHEN n % 11 > 0 THEN 100 + (n * 17) % 15 END, now() FROM generate_series(1, 40) n;
             INSERT INTO chart.resource (organization_id, facility_id, id, updated_at, starts_at, ends_at, version, type, class,
                 patient_by, body)
             SELECT {o}, {f}, gen_random_uuid(), now(), now(), now(), 1,
                    (ARRAY[{observation}, {patient}, {appointment}, {condition}])[1 + n % 4], 0, 0, '\\x01'
               FROM generate_series(1, 200) n",
            observation = T::Observation.code(),
            patient = T::Patient.code(),
            appointment = T::Appointment.code(),
            condition = T::Condition.code(),
        ))
        .await
        .unwrap();
    for round in 0..6 {
        superuser
            .batch_execute(&format!(
                "SELECT setseed(0.{round}1);
                 INSERT INTO audit.event (organization_id, facility_id, at, id, membership_id, action, outcome, reason, resource_type,
                     writes, request_id, purpose)
                 SELECT {o}, {f},
                        date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + (random() * 4 - 2) * interval '1 day'
                            + CASE WHEN n % 13 = 0 THEN interval '0' ELSE interval '1 microsecond' END,
                        gen_random_uuid(), CASE WHEN n % 5 = 0 THEN 0 ELSE 5000 + (random() * 45)::int END, a.action,
                        (ARRAY['success', 'success', 'denied', 'failure'])[1 + (random() * 3)::int], 'r',
                        CASE WHEN a.action <> 'chart.transaction'
                             THEN (ARRAY[{observation}, {patient}, {appointment}, {condition}])[1 + (random() * 3)::int] END,
                        CASE WHEN a.action = 'chart.transaction' THEN
                            (SELECT string_agg(uuid_send(r.id) || '\\x00000001'
                                    || CASE WHEN random() < 0.3 THEN sha256('') ELSE sha256('x') END, '')
                               FROM (SELECT id FROM chart.resource WHERE organization_id = {o} AND n > 0
                                      ORDER BY random() LIMIT 1 + (random() * 2)::int) r) END,
                        gen_random_uuid(), 'TREAT'
                   FROM generate_series(1, 30) n
                  CROSS JOIN LATERAL (SELECT (ARRAY['chart.create', 'chart.update', 'chart.transaction', 'chart.read',
                                                    'chart.delete'])[1 + ((n + random() * 4)::int % 5)] AS action) a",
                observation = T::Observation.code(),
                patient = T::Patient.code(),
                appointment = T::Appointment.code(),
                condition = T::Condition.code(),
            ))
            .await
            .unwrap();
        for month in [&before, &now] {
            let naive = oracle(&superuser, o, month).await;
            let counted = usage(&olga, month).await["now"]["clinicians"].clone();
            assert_eq!(counted, json!(naive), "round {round}, {month}");
        }
    }
    assert!(oracle(&superuser, o, &now).await > 2, "the workload counts someone");
}
