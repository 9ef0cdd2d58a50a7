//! Searching the log of who did what, and taking out what was done with a record.

use serde_json::{Value, json};
use testkit::{Client, Facility, Organization, Permission, TestApp};

const OFFICER: [Permission; 4] =
    [Permission::ChartRead, Permission::ChartSearch, Permission::AuditReport, Permission::EmergencyReview];
const NURSE: [Permission; 2] = [Permission::ChartRead, Permission::ChartSearch];

async fn lines(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/audit/events{query}")).await.expect_status(200).json();
    page["lines"].as_array().unwrap().clone()
}

fn whats(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["what"].as_str().unwrap()).collect()
}

/// Two houses, one who may search the log of both, and what was done there.
struct Houses<'a> {
    clinic: Organization<'a>,
    north: Facility,
    south: Facility,
    desk: Client,
    officer: Client,
}

impl<'a> Houses<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let clinic = app.organization("clinic").await;
        let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
        let desk = clinic.all_powers(&[&north, &south]).await;
        let officer = clinic.token(&OFFICER, &[&north, &south]).await;
        Self { clinic, north, south, desk, officer }
    }

    async fn patient(&self, family: &str, at: &Facility) -> String {
        let body = json!({"resourceType": "Patient", "name": [{"family": family, "given": ["Ada"]}]});
        self.desk.post("/fhir/R4/Patient", &body).facility(&at.code).await.expect_status(201).id()
    }
}

#[tokio::test]
async fn the_log_is_searched_by_patient_post_deed_time_emergency_and_refusal() {
    let app = TestApp::new().await;
    let houses = Houses::new(&app).await;
    let (alder, birch) =
        (houses.patient("Alder", &houses.north).await, houses.patient("Birch", &houses.south).await);
    let nurse = houses.clinic.token(&NURSE, &[&houses.north]).await;
    nurse.get(&format!("/fhir/R4/Patient/{alder}")).await.expect_status(200);
    nurse.get(&format!("/fhir/R4/Patient/{birch}")).await.expect_status(404);
    nurse.delete(&format!("/fhir/R4/Patient/{alder}")).await.expect_status(403);
    houses.desk.get(&format!("/fhir/R4/Patient/{birch}")).await.expect_status(200);

    let of_alder = lines(&houses.officer, &format!("?patient={alder}")).await;
    assert_eq!(whats(&of_alder), ["viewed", "added"]);
    let looked = &of_alder[0];
    assert_eq!(looked["patients"], json!([{"patient": alder, "name": "Ada Alder"}]));
    assert_eq!((&looked["concerned"], &looked["facility"]), (&json!(1), &json!("north")));
    // The same asked anew finds the asking itself, which was a look.
    assert_eq!(lines(&houses.officer, &format!("?patient={alder}&what=checked")).await.len(), 1);

    let theirs = lines(&houses.officer, &format!("?membership={}", looked["membership"])).await;
    assert_eq!(whats(&theirs), ["deleted", "viewed", "viewed"]);
    assert_eq!(
        theirs.iter().map(|line| line["outcome"].as_str().unwrap()).collect::<Vec<_>>(),
        ["refused", "failed", "done"]
    );
    let refused = lines(&houses.officer, "?outcome=refused").await;
    assert_eq!(whats(&refused), ["deleted", "viewed"]);
    assert_eq!(
        lines(&houses.officer, "?what=added&facility=south").await[0]["patients"][0]["patient"],
        birch
    );
    assert_eq!(lines(&houses.officer, "?emergency=true").await.len(), 0);
    let before = "?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z";
    assert_eq!(lines(&houses.officer, before).await.len(), 0);
    // Each line is explained.
    let why = format!("/api/audit/events/{}/why", refused[0]["event"].as_str().unwrap());
    let told = houses.officer.get(&why).await.expect_status(200).json();
    assert_eq!(told["at_the_time"]["rule"]["permission"], "chart.delete");
}

#[tokio::test]
async fn a_house_out_of_reach_and_another_organization_are_not_in_the_log_that_is_searched() {
    let app = TestApp::new().await;
    let houses = Houses::new(&app).await;
    let birch = houses.patient("Birch", &houses.south).await;
    let alder = houses.patient("Alder", &houses.north).await;
    let local = houses.clinic.token(&OFFICER, &[&houses.north]).await;
    let seen = lines(&local, "?what=added").await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["patients"][0]["patient"], alder);
    local.get(&format!("/api/audit/events?patient={birch}")).await.expect_status(404);
    local.get("/api/audit/events?facility=south").await.expect_status(400);
    local.get(&format!("/api/patients/{birch}/accesses/csv")).await.expect_status(404);

    let other = app.organization("other").await;
    let theirs = other.token(&OFFICER, &[&other.facility("north").await]).await;
    assert_eq!(lines(&theirs, "?what=added").await.len(), 0);
    theirs.get(&format!("/api/audit/events?patient={alder}")).await.expect_status(404);
    for path in ["csv", "pdf"] {
        theirs.get(&format!("/api/patients/{alder}/accesses/{path}")).await.expect_status(404);
    }
    let nurse = houses.clinic.token(&NURSE, &[&houses.north]).await;
    nurse.get("/api/audit/events").await.expect_status(403);
    nurse.get(&format!("/api/patients/{alder}/accesses/pdf")).await.expect_status(403);
}

#[tokio::test]
async fn pages_of_the_log_go_on_and_a_cursor_fits_its_question_alone() {
    let app = TestApp::new().await;
    let houses = Houses::new(&app).await;
    let alder = houses.patient("Alder", &houses.north).await;
    for _ in 0..120 {
        houses.desk.get(&format!("/fhir/R4/Patient/{alder}")).await.expect_status(200);
    }
    let path = format!("/api/audit/events?patient={alder}&what=viewed");
    let first = houses.officer.get(&path).await.expect_status(200).json();
    let (from, to) = (first["from"].as_str().unwrap(), first["to"].as_str().unwrap());
    let next = first["next"].as_str().unwrap();
    let second = format!("{path}&from={from}&to={to}&cursor={next}");
    let second = houses.officer.get(&second).await.expect_status(200).json();
    let mut events: Vec<&str> = [&first, &second]
        .iter()
        .flat_map(|page| page["lines"].as_array().unwrap())
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!((events.len(), &second["next"]), (120, &Value::Null));
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), 120, "none twice");
    for foreign in [
        format!("/api/audit/events?what=viewed&from={from}&to={to}&cursor={next}"),
        format!("{path}&cursor={next}"),
        format!("{path}&from={from}&to={to}&cursor={next}&outcome=refused"),
        "/api/audit/events?what=other".to_owned(),
        "/api/audit/events?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
    ] {
        houses.officer.get(&foreign).await.expect_status(400);
    }
}

#[tokio::test]
async fn what_was_done_with_a_record_is_taken_out_whole_and_that_is_in_the_log() {
    let app = TestApp::new().await;
    let houses = Houses::new(&app).await;
    let alder = houses.patient("Alder", &houses.north).await;
    for _ in 0..3 {
        houses.desk.get(&format!("/fhir/R4/Patient/{alder}")).await.expect_status(200);
    }
    let base = format!("/api/patients/{alder}/accesses");
    let table = houses.officer.get(&format!("{base}/csv")).await.expect_status(200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert!(!table.header("content-disposition").contains(&alder));
    assert_eq!(table.header("cache-control"), "no-store");
    let text = table.text();
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].starts_with("time,who,role,") && rows[0].ends_with(",address,event"), "{}", rows[0]);
    assert_eq!(rows.iter().filter(|row| row.contains(",viewed,Patient,done,")).count(), 3, "{text}");
    let paper = houses.officer.get(&format!("{base}/pdf")).await.expect_status(200);
    assert!(paper.body.starts_with(b"%PDF-1.7"));
    assert_eq!(paper.header("content-type"), "application/pdf");
    let taken = lines(&houses.officer, &format!("?patient={alder}&what=exported")).await;
    assert_eq!(whats(&taken), ["exported", "exported"]);
    for wrong in ["?cursor=abc", "?since=1", "?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"] {
        houses.officer.get(&format!("{base}/csv{wrong}")).await.expect_status(400);
    }
    // Whoever sees no chart gets the report of an id.
    let auditor = houses.clinic.token(&[Permission::AuditReport], &[&houses.north]).await;
    auditor.get(&format!("{base}/csv")).await.expect_status(200);
    let seen = lines(&auditor, &format!("?patient={alder}&what=viewed")).await;
    assert_eq!(seen[0]["patients"][0]["name"], Value::Null);
}
