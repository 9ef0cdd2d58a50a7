//! Figures of facilities, against what was counted by hand.

use serde_json::{Value, json};
use testkit::{Answer, Client, Facility, Permission, TestApp};

const LOOKS: [Permission; 3] = [Permission::FiguresRead, Permission::ChartSearch, Permission::ShiftWork];

async fn send(client: &Client, path: &str, body: Value) -> Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

async fn resident(client: &Client, family: &str, at: &Facility) -> String {
    let body = json!({"resourceType": "Patient", "name": [{"family": family}]});
    let patient = client.post("/fhir/R4/Patient", &body).facility(&at.code).await.expect_status(201).id();
    let stay = json!({"room": {"name": "Room 1"}});
    send(client, &format!("/api/patients/{patient}/stays"), stay).await.expect_status(201);
    patient
}

async fn incident(client: &Client, patient: &str, kind: &str) {
    let shift = client.get("/api/facilities/north/shift").await.json();
    let body = json!({"kind": kind, "what": "Found beside the bed", "at": shift["at"], "told": []});
    send(client, &format!("/api/patients/{patient}/incidents"), body).await.expect_status(201);
}

async fn dose(client: &Client, patient: &str, status: &str, at: &Value) {
    let body = json!({
        "resourceType": "MedicationAdministration", "status": status,
        "medicationCodeableConcept": {"text": "Acetaminophen 500 mg"},
        "subject": {"reference": format!("Patient/{patient}")}, "effectiveDateTime": at,
    });
    client.post("/fhir/R4/MedicationAdministration", &body).await.expect_status(201);
}

async fn figures(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/figures{query}")).await.expect_status(200).json()
}

fn of<'f>(figures: &'f Value, code: &str) -> &'f Value {
    figures["facilities"].as_array().unwrap().iter().find(|one| one["code"] == code).unwrap()
}

/// A measure in the last span of a list of them.
fn last(figures: &Value, spans: &Value, measure: &str) -> Value {
    let at = figures["measures"].as_array().unwrap().iter().position(|one| one == measure).unwrap();
    spans.as_array().unwrap().last().unwrap()["values"][at].clone()
}

fn site(figures: &Value, code: &str, measures: &[&str]) -> Vec<Value> {
    let spans = &of(figures, code)["spans"];
    measures.iter().map(|measure| last(figures, spans, measure)).collect()
}

#[tokio::test]
async fn figures_are_what_was_counted_by_hand() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let desk = clinic.all_powers(&[&north, &south]).await;
    let ids = [resident(&desk, "Alder", &north).await, resident(&desk, "Birch", &north).await];
    let gone = resident(&desk, "Cedar", &north).await;
    resident(&desk, "Dogwood", &south).await;
    let stay = desk.get(&format!("/api/patients/{gone}/stays")).await.json()["stays"][0].clone();
    let path = format!("/api/patients/{gone}/stays/{}/discharge", stay["stay"].as_str().unwrap());
    desk.ask("POST", &path)
        .if_match(stay["version"].as_str().unwrap())
        .body("application/json", json!({"disposition": "home"}).to_string())
        .await
        .expect_status(200);
    incident(&desk, &ids[0], "fall").await;
    incident(&desk, &ids[1], "fall").await;
    incident(&desk, &ids[1], "wound").await;
    let now = desk.get("/api/facilities/north/shift").await.json()["at"].clone();
    for (patient, status) in [(0, "completed"), (1, "completed"), (1, "not-done"), (0, "entered-in-error")] {
        dose(&desk, &ids[patient], status, &now).await;
    }
    let nurse = clinic.token(&[Permission::ChartRead], &[&north]).await;
    nurse.delete(&format!("/fhir/R4/Patient/{}", ids[0])).await.expect_status(403);
    desk.get(&format!("/api/patients/{}/accesses/csv", ids[0])).await.expect_status(200);

    let director = clinic.token(&LOOKS, &[&north, &south]).await;
    let seen = figures(&director, "").await;
    assert_eq!((&seen["step"], &seen["few"], &seen["hidden"]), (&json!("day"), &json!(false), &json!([])));
    assert_eq!(of(&seen, "north")["spans"].as_array().unwrap().len(), 28);
    let census = ["residents", "admitted", "discharged"];
    assert_eq!(site(&seen, "north", &census), [json!(2), json!(3), json!(1)]);
    assert_eq!(site(&seen, "south", &census), [json!(1), json!(1), json!(0)]);
    let incidents = ["incidents-fall", "incidents-wound", "incidents-behaviour", "incidents-other"];
    assert_eq!(site(&seen, "north", &incidents), [json!(2), json!(1), json!(0), json!(0)]);
    assert_eq!(site(&seen, "south", &incidents), [json!(0), json!(0), json!(0), json!(0)]);
    assert_eq!(site(&seen, "north", &["doses-given", "doses-not-given"]), [json!(2), json!(1)]);
    // The report was about one facility's patient, the refusal named no facility.
    assert_eq!(site(&seen, "north", &["exports"]), [json!(1)]);
    assert_eq!(last(&seen, &seen["elsewhere"], "refusals"), json!(1));
    // Yesterday nobody was there.
    let spans = of(&seen, "north")["spans"].as_array().unwrap();
    assert_eq!(spans[spans.len() - 2]["values"][0], json!(0));

    let table = director.get("/api/figures/csv?facility=north").await.expect_status(200).text();
    assert!(table.starts_with("facility,from,to,residents,admitted,"), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("north,")).count(), 28, "{table}");
    assert!(table.lines().any(|line| line.contains(",2,3,1,2,1,0,0,")), "{table}");
}

#[tokio::test]
async fn who_sees_no_chart_gets_weeks_and_no_few() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let patient = resident(&desk, "Alder", &north).await;
    for kind in ["fall", "fall", "wound", "wound", "wound", "wound", "wound"] {
        incident(&desk, &patient, kind).await;
    }
    let executive = clinic.token(&[Permission::FiguresRead], &[&north]).await;
    let seen = figures(&executive, "").await;
    assert_eq!((&seen["step"], &seen["few"]), (&json!("week"), &json!(true)));
    let told = site(&seen, "north", &["residents", "incidents-fall", "incidents-wound", "incidents-other"]);
    assert_eq!(told, [json!(1), Value::Null, json!(5), json!(0)]);
    let table = executive.get("/api/figures/csv").await.expect_status(200).text();
    assert!(table.contains(",fewer than 5,5,"), "{table}");
    executive.get("/api/facilities/north/figures/now").await.expect_status(403);
    executive.get(&format!("/fhir/R4/Patient/{patient}")).await.expect_status(403);
}

#[tokio::test]
async fn figures_are_of_the_houses_within_reach_and_of_what_is_in_sight() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let desk = clinic.all_powers(&[&north, &south]).await;
    let patient = resident(&desk, "Alder", &north).await;
    incident(&desk, &patient, "fall").await;
    let local = clinic.token(&LOOKS, &[&south]).await;
    let seen = figures(&local, "").await;
    assert_eq!(seen["facilities"].as_array().unwrap().len(), 1);
    assert_eq!(site(&seen, "south", &["residents", "incidents-fall"]), [json!(0), json!(0)]);
    local.get("/api/figures?facility=north").await.expect_status(400);
    local.get("/api/facilities/north/figures/now").await.expect_status(404);
    let other = app.organization("other").await;
    let theirs = other.token(&LOOKS, &[&other.facility("north").await]).await;
    assert_eq!(site(&figures(&theirs, "").await, "north", &["residents"]), [json!(0)]);
    let nurse = clinic.token(&[Permission::ChartSearch], &[&north]).await;
    nurse.get("/api/figures").await.expect_status(403);
    for wrong in ["?from=2026-02-01&to=2026-01-01", "?from=2020-01-01&to=2026-01-01", "?to=soon", "?who=me"] {
        local.get(&format!("/api/figures{wrong}")).await.expect_status(400);
    }

    // What a post does not see of records is not counted for it.
    let hidden = clinic.token(&LOOKS, &[&north]).await;
    app.superuser()
        .await
        .execute(
            "INSERT INTO org.hidden_field (organization_id, membership_id, path)
             SELECT organization_id, max(membership_id), 'AdverseEvent' FROM org.membership
              WHERE organization_id = $1 GROUP BY organization_id",
            &[&clinic.id().0],
        )
        .await
        .unwrap();
    let seen = figures(&hidden, "").await;
    assert_eq!(site(&seen, "north", &["residents", "incidents-fall"]), [json!(1), Value::Null]);
    assert!(seen["hidden"].as_array().unwrap().contains(&json!("incidents-fall")));
}

#[tokio::test]
async fn what_waits_now_is_counted_of_records_that_are_looked_at() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let patient = resident(&desk, "Alder", &north).await;
    let tasks = format!("/api/patients/{patient}/tasks");
    for due in ["2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z"] {
        send(&desk, &tasks, json!({"kind": "weigh", "due": due})).await.expect_status(201);
    }
    let director = clinic.token(&LOOKS, &[&north]).await;
    let now = director.get("/api/facilities/north/figures/now").await.expect_status(200).json();
    assert_eq!((&now["tasks_open"], &now["tasks_overdue"]), (&json!(2), &json!(2)), "{now}");
    assert_eq!((&now["doses_late"], &now["doses_missed"]), (&json!(0), &json!(0)));
}
