//! Patients move between facilities with everything of theirs (ADR 0015).

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Answer, Client, Facility, Organization, PASSWORD, Permission, TestApp, enrol};

const REASON: &str = "Moved closer to her daughter";

async fn house(app: &TestApp) -> (Organization<'_>, Facility, Facility, Client) {
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let both = clinic.all_powers(&[&north, &south]).await;
    (clinic, north, south, both)
}

async fn patient(client: &Client, name: &str) -> String {
    let body = json!({"resourceType": "Patient", "birthDate": "1950-01-01",
        "identifier": [{"system": "urn:mrn", "value": format!("mrn-{name}")}], "name": [{"family": name}]});
    client.post("/fhir/R4/Patient", &body).facility("north").await.expect_status(201).id()
}

fn observation(patient: &str, code: &str) -> Value {
    json!({"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": code}]},
        "subject": {"reference": format!("Patient/{patient}")}, "effectiveDateTime": "2026-01-01T10:00:00Z"})
}

async fn observed(client: &Client, patient: &str, code: &str) -> String {
    client.post("/fhir/R4/Observation", &observation(patient, code)).await.expect_status(201).id()
}

async fn reassign(client: &Client, patient: &str, to: &str) -> Answer {
    let version = client.get(&format!("/fhir/R4/Patient/{patient}")).await.expect_status(200);
    let body = json!({"facility": to, "reason": REASON}).to_string();
    let path = format!("/api/patients/{patient}/reassign");
    let etag = version.header("etag").to_owned();
    client.ask("POST", &path).body("application/json", body).if_match(&etag).await
}

async fn total(client: &Client, query: &str) -> i64 {
    let path = format!("/fhir/R4/{query}&_total=accurate");
    client.get(&path).await.expect_status(200).json()["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_patient_moves_with_everything_of_theirs_and_back() {
    let app = TestApp::new().await;
    let (clinic, north, south, both) = house(&app).await;
    let (at_north, at_south) = (clinic.all_powers(&[&north]).await, clinic.all_powers(&[&south]).await);
    let one = patient(&both, "Walker").await;
    let other = patient(&both, "Stayer").await;
    let first = observed(&both, &one, "8867-4").await;
    let changed = both.get(&format!("/fhir/R4/Observation/{first}")).await;
    let mut body = changed.json();
    body["status"] = json!("amended");
    both.put(&format!("/fhir/R4/Observation/{first}"), &body)
        .if_match(changed.header("etag"))
        .await
        .expect_status(200);
    observed(&both, &other, "8867-4").await;
    // Both facilities' directories of names are in memory from here on.
    assert_eq!(total(&at_north, "Patient?name=walker").await, 1);
    assert_eq!(total(&at_south, "Patient?name=walker").await, 0);

    let done = reassign(&both, &one, "south").await.expect_status(200).json();
    assert_eq!((&done["facility"], &done["records"]), (&json!("south"), &json!(2)));
    for (client, here) in [(&at_north, 0), (&at_south, 1), (&both, 1)] {
        assert_eq!(total(client, "Patient?name=walker").await, here);
        assert_eq!(total(client, "Patient?identifier=urn:mrn|mrn-Walker").await, here);
        assert_eq!(total(client, "Observation?code=8867-4&status=amended").await, here);
        let status = if here == 1 { 200 } else { 404 };
        for path in [
            format!("/fhir/R4/Patient/{one}"),
            format!("/fhir/R4/Observation/{first}"),
            format!("/fhir/R4/Observation/{first}/_history/1"),
            format!("/fhir/R4/Observation/{first}/_history"),
        ] {
            client.get(&path).await.expect_status(status);
        }
    }
    assert_eq!(total(&at_south, &format!("Observation?patient={one}&code=8867-4")).await, 1);
    assert_eq!(total(&at_north, "Observation?code=8867-4").await, 1, "who stayed");
    // What comes after goes where the patient is, and what is there can be changed there.
    observed(&at_south, &one, "29463-7").await;
    let current = at_south.get(&format!("/fhir/R4/Observation/{first}")).await;
    let mut body = current.json();
    body["status"] = json!("corrected");
    at_south
        .put(&format!("/fhir/R4/Observation/{first}"), &body)
        .if_match(current.header("etag"))
        .await
        .expect_status(200);
    assert_eq!(total(&at_south, "Observation?status=amended").await, 0);
    at_north.post("/fhir/R4/Observation", &observation(&one, "1")).await.expect_status(422);

    // Either facility's log shows it, and the past stays where it was.
    let rows = app
        .superuser()
        .await
        .query(
            "SELECT e.facility_id FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
              WHERE e.action = 'patients.reassign' AND e.outcome = 'success' AND s.facility_id = e.facility_id
              ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let told: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, [north.id.0, south.id.0]);

    reassign(&both, &one, "north").await.expect_status(200);
    assert_eq!(total(&at_north, "Patient?name=walker").await, 1);
    assert_eq!(total(&at_south, "Patient?name=walker").await, 0);
    assert_eq!(total(&at_north, "Observation?status=corrected").await, 1);
    let left = app
        .superuser()
        .await
        .query_one(
            &format!(
                "SELECT (SELECT count(*) FROM chart.resource WHERE patient_id = '{one}' AND facility_id = {0})
                      + (SELECT count(*) FROM chart.resource_version WHERE patient_id = '{one}' AND facility_id = {0})
                      + (SELECT count(*) FROM chart.token WHERE patient_id = '{one}' AND facility_id = {0})
                      + (SELECT count(*) FROM keyring.patient_key WHERE patient_id = '{one}' AND facility_id = {0})",
                south.id.0
            ),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn only_who_may_moves_a_patient_and_only_between_facilities_within_reach() {
    let app = TestApp::new().await;
    let (clinic, north, south, both) = house(&app).await;
    let one = patient(&both, "Walker").await;
    let path = format!("/api/patients/{one}/reassign");
    let to = |code: &str| json!({"facility": code, "reason": REASON}).to_string();
    let ask = |client: &Client, body: String| client.ask("POST", &path).body("application/json", body);
    let reader = clinic.token(&[Permission::ChartRead], &[&north, &south]).await;
    ask(&reader, to("south")).if_match("W/\"1\"").await.expect_status(403);
    ask(&both, to("south")).await.expect_status(428);
    ask(&both, to("south")).if_match("W/\"7\"").await.expect_status(412);
    ask(&both, to("nowhere")).if_match("W/\"1\"").await.expect_status(404);
    let at_north = clinic.all_powers(&[&north]).await;
    let at_south = clinic.all_powers(&[&south]).await;
    ask(&at_north, to("south")).if_match("W/\"1\"").await.expect_status(404);
    ask(&at_south, to("south")).if_match("W/\"1\"").await.expect_status(404);
    let there = ask(&both, to("north")).if_match("W/\"1\"").await.expect_status(409).json();
    assert_eq!(there["code"], "already-there");
    let none = json!({"facility": "south", "reason": " "}).to_string();
    ask(&both, none).if_match("W/\"1\"").await.expect_status(400);
    both.get(&format!("/fhir/R4/Patient/{one}")).await.expect_status(200);
    assert_eq!(total(&at_north, "Patient?identifier=mrn-Walker").await, 1);
}

#[tokio::test]
async fn no_write_is_lost_or_left_behind_when_a_patient_moves_meanwhile() {
    let app = TestApp::new().await;
    let (_clinic, north, south, both) = house(&app).await;
    let one = patient(&both, "Walker").await;
    let known = join_all((0..20).map(|_| observed(&both, &one, "8867-4"))).await;
    let amended = json!("amended");
    let create = async |n: usize| {
        tokio::time::sleep(std::time::Duration::from_millis(n as u64 * 4)).await;
        both.post("/fhir/R4/Observation", &observation(&one, "29463-7")).await.expect_status(201);
    };
    let change = async |n: usize, id: &str| {
        tokio::time::sleep(std::time::Duration::from_millis(n as u64 * 10)).await;
        let path = format!("/fhir/R4/Observation/{id}");
        let found = both.get(&path).await.expect_status(200);
        let mut body = found.json();
        body["status"] = amended.clone();
        both.put(&path, &body).if_match(found.header("etag")).await.expect_status(200);
    };
    let go = async |to: &'static str| {
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        reassign(&both, &one, to).await.expect_status(200);
    };
    for (to, at) in [("south", &south), ("north", &north)] {
        tokio::join!(
            join_all((0..50).map(create)),
            join_all(known.iter().enumerate().map(|(n, id)| change(n, id))),
            go(to)
        );
        let stray = app
            .superuser()
            .await
            .query_one(
                &format!(
                    "SELECT (SELECT count(*) FROM chart.resource WHERE patient_id = '{one}' AND facility_id <> {0}),
                            (SELECT count(*) FROM chart.token WHERE patient_id = '{one}' AND facility_id <> {0})",
                    at.id.0
                ),
                &[],
            )
            .await
            .unwrap();
        assert_eq!((stray.get::<_, i64>(0), stray.get::<_, i64>(1)), (0, 0));
    }
    assert_eq!(total(&both, "Observation?code=29463-7").await, 100);
    assert_eq!(total(&both, "Observation?status=amended").await, 20);
    assert_eq!(total(&both, "Observation?code=8867-4&status=final").await, 0);
}

#[tokio::test]
async fn ties_stay_where_the_post_reaches_the_facility_and_relatives_go_along() {
    let app = TestApp::new().await;
    let (clinic, north, south, both) = house(&app).await;
    let one = patient(&both, "Walker").await;
    // The daughter's post stands below one that reaches both facilities.
    let offer = json!({
        "email": "daughter@home.example", "name": "Somebody", "role": "Daughter", "kind": "portal",
        "permissions": ["chart.read", "chart.search"], "facilities": ["north"], "by_relationship": true,
    });
    let offered = both.ask("POST", "/api/people").body("application/json", offer.to_string()).await;
    let daughter = offered.expect_status(201).json()["membership"].as_i64().unwrap();
    let token = app.token_mailed("daughter@home.example", "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Ann Walker", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    enrol(&app, &browser).await;
    let tab = browser.open("clinic", daughter).await;
    let staff = [Permission::ChartRead, Permission::ChartSearch];
    let stays = clinic.person("doctor@care.example", &staff, &[&north, &south]).await;
    let leaves = clinic.person("nurse@care.example", &staff, &[&north]).await;
    let bind = format!(
        "UPDATE org.membership SET by_relationship = true WHERE membership_id IN ({}, {})",
        stays.membership, leaves.membership
    );
    app.superuser().await.batch_execute(&bind).await.unwrap();
    for (post, kind) in
        [(daughter, "family"), (stays.membership, "care-team"), (leaves.membership, "care-team")]
    {
        let path = format!("/api/patients/{one}/relationships/{post}/{kind}");
        let body = json!({"patient_consent": true}).to_string();
        both.ask("PUT", &path).body("application/json", body).await.expect_status(204);
    }
    tab.post("/api/me/relationships/accept", &json!({"patient": one})).await.expect_status(204);
    let path = format!("/fhir/R4/Patient/{one}");
    let doctor = stays.browser.open("clinic", stays.membership).await;
    let nurse = leaves.browser.open("clinic", leaves.membership).await;
    doctor.get(&path).await.expect_status(200);
    nurse.get(&path).await.expect_status(200);
    let before = tab.get(&path).await.status;

    let done = reassign(&both, &one, "south").await.expect_status(200).json();
    assert_eq!((&done["ties_ended"], &done["ties_waiting"]), (&json!(1), &json!([])));
    doctor.get(&path).await.expect_status(200);
    nurse.get(&path).await.expect_status(404);
    assert_eq!(tab.get(&path).await.status, before);
    let listed = both.get(&format!("/api/patients/{one}/relationships")).await.expect_status(200).json();
    let state = |kind: &str, post: i64| {
        let ties = listed["relationships"].as_array().unwrap();
        ties.iter().find(|tie| tie["kind"] == kind && tie["membership"] == post).unwrap()["state"].clone()
    };
    assert_eq!(state("family", daughter), "active");
    assert_eq!(state("care-team", leaves.membership), "ended");
}
