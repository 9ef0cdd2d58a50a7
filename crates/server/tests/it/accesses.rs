//! Who looked at my record, why was this allowed, for what purpose, and what has to be said with it.

use serde_json::{Value, json};
use testkit::{
    Answer, Browser, Client, Facility, Organization, PASSWORD, Permission, Person, TestApp, enrol,
};

use crate::people::{admit, weight};

const NURSE: [Permission; 2] = [Permission::ChartRead, Permission::ChartSearch];
const OFFICER: [Permission; 3] =
    [Permission::ChartRead, Permission::AuditReport, Permission::EmergencyReview];
const REASON: &str = "Collapsed in the hall, no pulse found";

struct Clinic<'a> {
    app: &'a TestApp,
    clinic: Organization<'a>,
    north: Facility,
    desk: Client,
}

impl<'a> Clinic<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let clinic = app.organization("clinic").await;
        let north = clinic.facility("north").await;
        let desk = clinic.all_powers(&[&north]).await;
        Self { app, clinic, north, desk }
    }

    async fn staff(&self, email: &str, held: &[Permission]) -> (Person, Browser) {
        let person = self.clinic.person(email, held, &[&self.north]).await;
        let tab = person.browser.open("clinic", person.membership).await;
        (person, tab)
    }

    /// Somebody from outside, or below `above`, who is bound to those they are tied to.
    async fn bound(&self, above: &Client, email: &str, kind: &str, keys: &[&str]) -> (i64, Browser) {
        let offer = json!({
            "email": email, "name": "Somebody", "role": kind, "permissions": keys,
            "kind": if kind == "Aide" { "staff" } else { "portal" },
            "facilities": [self.north.code], "by_relationship": true,
        });
        let offered = above.ask("POST", "/api/people").body("application/json", offer.to_string()).await;
        let membership = offered.expect_status(201).json()["membership"].as_i64().unwrap();
        (membership, self.taken_up(email, membership).await)
    }

    async fn taken_up(&self, email: &str, membership: i64) -> Browser {
        let token = self.app.token_mailed(email, "invitation").await;
        let browser = self.app.browser();
        let body = json!({"token": token, "name": "Somebody Real", "password": PASSWORD});
        browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
        enrol(self.app, &browser).await;
        browser.open("clinic", membership).await
    }

    async fn tie(&self, patient: &str, membership: i64, kind: &str) {
        self.change_tie("PUT", patient, membership, kind).await;
    }

    async fn untie(&self, patient: &str, membership: i64, kind: &str) {
        self.change_tie("DELETE", patient, membership, kind).await;
    }

    async fn change_tie(&self, method: &str, patient: &str, membership: i64, kind: &str) {
        let path = format!("/api/patients/{patient}/relationships/{membership}/{kind}");
        let body = json!({"patient_consent": true}).to_string();
        let ask = self.desk.ask(method, &path);
        let ask = if method == "PUT" { ask.body("application/json", body) } else { ask };
        ask.await.expect_status(204);
    }

    async fn patient(&self, family: &str, email: &str) -> (String, i64, Browser) {
        let patient = admit(&self.desk, family).await;
        let keys = ["chart.read", "chart.search", "audit.own"];
        let (membership, tab) = self.bound(&self.desk, email, "Patient", &keys).await;
        self.tie(&patient, membership, "self").await;
        (patient, membership, tab)
    }
}

fn list(patient: &str) -> String {
    format!("/api/patients/{patient}/accesses")
}

fn why(line: &Value) -> String {
    format!("/api/audit/events/{}/why", line["event"].as_str().unwrap())
}

async fn accesses(tab: &Browser, patient: &str) -> Vec<Value> {
    let answer = tab.get(&list(patient)).await.expect_status(200).json();
    answer["accesses"].as_array().unwrap().clone()
}

/// What was done, newest first, without the asking itself and the ties.
fn words(lines: &[Value]) -> Vec<&str> {
    let plain = lines.iter().filter(|line| !matches!(line["what"].as_str(), Some("checked" | "related")));
    plain.map(|line| line["what"].as_str().unwrap()).collect()
}

fn line<'v>(lines: &'v [Value], what: &str, purpose: &str) -> &'v Value {
    let found = lines.iter().find(|line| line["what"] == what && line["purpose"] == purpose);
    found.unwrap_or_else(|| panic!("{what} {purpose}: {lines:#?}"))
}

fn path(patient: &str) -> String {
    format!("/fhir/R4/Patient/{patient}")
}

/// The clinic's doctor, tied to nobody, in an emergency.
async fn in_emergency(clinic: &Clinic<'_>, patient: &str) {
    let keys = ["chart.read", "emergency.access"];
    let offered = clinic.bound(&clinic.desk, "doctor@care.example", "Aide", &keys).await;
    let tab = &offered.1;
    let proof = tab.proof("emergency.access", PASSWORD).await;
    let body = json!({"patient": patient, "reason": REASON, "minutes": 10});
    let opened = tab.post_proved("/api/emergency-access", &body, &proof).await.expect_status(200).json();
    let ask = tab.ask("GET", &path(patient));
    let ask = ask.header("lamplight-emergency", opened["emergency"].as_str().unwrap());
    tab.send(ask).await.expect_status(200);
}

#[tokio::test]
async fn a_patient_sees_who_looked_at_their_record_and_at_no_other() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let (patient, _, tab) = clinic.patient("Alder", "alder@home.example").await;
    let (other, _, _) = clinic.patient("Birch", "birch@home.example").await;
    let (_, nurse) = clinic.staff("nurse@care.example", &NURSE).await;
    nurse.get(&path(&patient)).await.expect_status(200);
    nurse.get(&path(&other)).await.expect_status(200);
    in_emergency(&clinic, &patient).await;
    let store = chart_store(&app);
    let ctx = clinic.clinic.context(&[&clinic.north]).await;
    let page = chart::ExportRequest {
        rtype: fhir::ResourceType::Patient,
        patient: Some(patient.parse().unwrap()),
        after: None,
        limit: 10,
    };
    store.export(&ctx, page).await.unwrap();

    let lines = accesses(&tab, &patient).await;
    assert_eq!(words(&lines), ["exported", "viewed", "emergency", "viewed", "added"]);
    let exported = &lines[0];
    assert_eq!((&exported["who"]["kind"], &exported["who"]["name"]), (&json!("system"), &Value::Null));
    let emergency = line(&lines, "viewed", "BTG");
    assert_eq!(emergency["who"]["name"], "Somebody Real", "of the staff");
    let looked = line(&lines, "viewed", "TREAT");
    assert_eq!((&looked["who"]["kind"], &looked["outcome"]), (&json!("person"), &json!("done")));
    assert_eq!((&looked["record"], &looked["address"]), (&json!("Patient"), &Value::Null));
    assert!(lines.iter().all(|line| line["facility"] == "north" || line["facility"].is_string()));

    // The other's is like one that is not there, and asking for one's own is a look at it.
    let mut answers = Vec::new();
    for unknown in [other.as_str(), "0190a000-0000-7000-8000-000000000000"] {
        let mut told = tab.get(&list(unknown)).await.expect_status(404).json();
        told["instance"] = Value::Null;
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    let lines = accesses(&tab, &patient).await;
    assert_eq!((&lines[0]["what"], &lines[0]["who"]["own"]), (&json!("checked"), &json!(true)));
    assert_eq!(lines[0]["purpose"], "PATRQT");
    // What is another's is not explained.
    let (_, officer) = clinic.staff("officer@care.example", &OFFICER).await;
    let theirs = accesses(&officer, &other).await;
    tab.get(&why(&theirs[0])).await.expect_status(404);
    officer.get(&why(&theirs[0])).await.expect_status(200);
}

fn chart_store(app: &TestApp) -> chart::Store {
    app.app.store.clone()
}

#[tokio::test]
async fn of_others_from_outside_a_patient_learns_the_role_alone_and_refusals_too() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let (patient, _, tab) = clinic.patient("Alder", "alder@home.example").await;
    let (attorney, theirs) =
        clinic.bound(&clinic.desk, "attorney@firm.example", "Attorney", &["chart.read"]).await;
    clinic.tie(&patient, attorney, "client").await;
    theirs.get(&path(&patient)).await.expect_status(200);
    let private = json!({
        "resourceType": "Observation", "status": "final",
        "meta": {"security": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"
        }]},
        "code": {"text": "Session"}, "subject": {"reference": format!("Patient/{patient}")},
    });
    let private = clinic.desk.post("/fhir/R4/Observation", &private).await.expect_status(201).id();
    let (_, nurse) = clinic.staff("nurse@care.example", &NURSE).await;
    nurse.get(&format!("/fhir/R4/Observation/{private}")).await.expect_status(404);

    let lines = accesses(&tab, &patient).await;
    let legal = line(&lines, "viewed", "HLEGAL");
    assert_eq!((&legal["who"]["name"], &legal["who"]["role"]), (&Value::Null, &json!("Attorney")));
    let refused = lines.iter().find(|line| line["outcome"] == "refused").unwrap();
    let told = tab.get(&why(refused)).await.expect_status(200).json();
    assert_eq!(told["at_the_time"]["rule"]["words"], "data class or type out of sight");
    assert_eq!(
        (&told["at_the_time"]["rule"]["missing"], &told["at_the_time"]["outcome"]),
        (&json!(true), &json!("refused"))
    );
}

#[tokio::test]
async fn who_is_no_patient_of_their_own_is_refused() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let patient = admit(&clinic.desk, "Alder").await;
    let (daughter, tab) =
        clinic.bound(&clinic.desk, "daughter@home.example", "Family", &["chart.read"]).await;
    clinic.tie(&patient, daughter, "family").await;
    tab.post("/api/me/relationships/consent", &json!({"patient": patient})).await;
    tab.get(&list(&patient)).await.expect_status(403);
    // With the permission, but without being the patient.
    let (friend, tab) =
        clinic.bound(&clinic.desk, "friend@home.example", "Friend", &["chart.read", "audit.own"]).await;
    clinic.tie(&patient, friend, "client").await;
    tab.get(&path(&patient)).await.expect_status(200);
    tab.get(&list(&patient)).await.expect_status(404);
    // By one kind of tie at a time.
    clinic.untie(&patient, friend, "client").await;
    clinic.tie(&patient, friend, "self").await;
    tab.get(&list(&patient)).await.expect_status(200);
    clinic.untie(&patient, friend, "self").await;
    tab.get(&list(&patient)).await.expect_status(404);
}

#[tokio::test]
async fn pages_go_on_where_they_ended_and_a_cursor_of_elsewhere_is_refused() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let (patient, _, tab) = clinic.patient("Alder", "alder@home.example").await;
    let (other, _, _) = clinic.patient("Birch", "birch@home.example").await;
    for _ in 0..120 {
        clinic.desk.get(&path(&patient)).await.expect_status(200);
    }
    let (_, officer) = clinic.staff("officer@care.example", &OFFICER).await;
    let first = officer.get(&list(&patient)).await.expect_status(200).json();
    let next = first["next"].as_str().unwrap();
    let window = format!("from={}&to={}", first["from"].as_str().unwrap(), first["to"].as_str().unwrap());
    let page = |of: &str, window: &str, cursor: &str| format!("{}?{window}&cursor={cursor}", list(of));
    let second = officer.get(&page(&patient, &window, next)).await.expect_status(200).json();
    assert_eq!(second["next"], Value::Null);
    let all: Vec<&Value> =
        [&first, &second].iter().flat_map(|page| page["accesses"].as_array().unwrap()).collect();
    let mut events: Vec<&str> = all.iter().map(|line| line["event"].as_str().unwrap()).collect();
    // 120 looks, the admission and the tie.
    assert_eq!((events.len(), first["accesses"].as_array().unwrap().len()), (122, 100));
    let at = |line: &Value| line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(all.is_sorted_by(|a, b| at(a) >= at(b)));
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), 122, "none twice");
    assert!(all.iter().any(|line| line["address"].is_string()) || all[0]["address"].is_null());

    for foreign in [
        page(&other, &window, next),
        page(&patient, "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", next),
        page(&patient, &window, &"A".repeat(next.len())),
        format!("{}?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", list(&patient)),
        format!("{}?since=2026-01-01T00:00:00Z", list(&patient)),
    ] {
        let refused = officer.get(&foreign).await.expect_status(400);
        assert!(!refused.text().contains(&patient) || refused.json()["code"] == "invalid");
    }
    // The other's patient is bound to their own.
    tab.get(&page(&patient, &window, next)).await.expect_status(200);
}

#[tokio::test]
async fn why_a_look_was_allowed_is_told_years_later() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let (patient, _, tab) = clinic.patient("Alder", "alder@home.example").await;
    // A chain of three below the one who has everything.
    let keys = ["chart.read", "chart.search", "people.invite"];
    let lead = clinic.clinic.person("lead@care.example", &LEAD, &[&clinic.north]).await;
    let lead_tab = lead.browser.open("clinic", lead.membership).await;
    let (nurse, nurse_tab) = invite(&clinic, &lead_tab, "nurse@care.example", &keys).await;
    let (scribe, scribe_tab) = invite(&clinic, &nurse_tab, "scribe@care.example", &keys[..2]).await;
    clinic.tie(&patient, scribe, "care-team").await;
    clinic.tie(&patient, nurse, "care-team").await;
    scribe_tab.get(&path(&patient)).await.expect_status(200);
    clinic.untie(&patient, scribe, "care-team").await;
    scribe_tab.get(&path(&patient)).await.expect_status(404);
    clinic.tie(&patient, scribe, "care-team").await;
    clinic.clinic.dismiss(kernel::MembershipId(i32::try_from(nurse).unwrap())).await;

    let lines = accesses(&tab, &patient).await;
    let looked = line(&lines, "viewed", "TREAT");
    let told = tab.get(&why(looked)).await.expect_status(200).json();
    let rule = &told["at_the_time"]["rule"];
    assert_eq!((&rule["permission"], &rule["missing"]), (&json!("chart.read"), &json!(false)));
    assert_eq!(rule["words"], "Read a record of a chart, its past versions included.");
    let ties = told["at_the_time"]["relationships"].as_array().unwrap();
    assert_eq!(ties.len(), 2, "{told:#}");
    for tie in ties {
        assert_eq!((&tie["kind"], &tie["patient"]), (&json!("care-team"), &json!(patient)));
        // The scribe's ended before it was made again; the nurse's lives.
        assert_eq!(tie["until"].is_string(), tie["membership"] == scribe, "{tie}");
    }
    let chain = told["today"]["chain"].as_array().unwrap();
    let posts: Vec<_> = chain.iter().map(|link| link["membership"].as_i64().unwrap()).collect();
    // Above them the post that the first of them was invited from.
    assert_eq!((&posts[..3], posts.len()), (&[scribe, nurse, lead.membership][..], 4));
    let alive: Vec<_> = chain.iter().map(|link| link["alive"].as_bool().unwrap()).collect();
    assert_eq!(alive, [false, false, true, true]);
    assert_eq!(told["at_the_time"]["emergency"], Value::Null);
    // That somebody asked why is in the log as well.
    let asked = accesses(&tab, &patient).await;
    assert_eq!(asked.iter().filter(|line| line["what"] == "checked").count(), 2);
}

const LEAD: [Permission; 3] = [Permission::ChartRead, Permission::ChartSearch, Permission::PeopleInvite];

async fn invite(clinic: &Clinic<'_>, above: &Browser, email: &str, keys: &[&str]) -> (i64, Browser) {
    let offer = json!({
        "email": email, "name": "Somebody", "role": "Aide", "kind": "staff", "permissions": keys,
        "facilities": [clinic.north.code], "by_relationship": true,
    });
    let proof = above.proof("person.invite", PASSWORD).await;
    let offered = above.post_proved("/api/people", &offer, &proof).await.expect_status(201).json();
    let membership = offered["membership"].as_i64().unwrap();
    (membership, clinic.taken_up(email, membership).await)
}

#[tokio::test]
async fn an_emergency_explains_itself_and_its_reason_is_the_reviewers() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let (patient, _, tab) = clinic.patient("Alder", "alder@home.example").await;
    in_emergency(&clinic, &patient).await;
    let lines = accesses(&tab, &patient).await;
    let looked = line(&lines, "viewed", "BTG");
    let told = tab.get(&why(looked)).await.expect_status(200).json();
    assert!(told["at_the_time"]["emergency"]["opened_at"].is_string(), "{told:#}");
    assert_eq!(told["at_the_time"]["emergency"]["reason"], Value::Null);
    let (_, officer) = clinic.staff("officer@care.example", &OFFICER).await;
    let told = officer.get(&why(looked)).await.expect_status(200).json();
    assert_eq!(told["at_the_time"]["emergency"]["reason"], REASON);
    let nowhere = "/api/audit/events/0190a000-0000-7000-8000-000000000000/why";
    officer.get(nowhere).await.expect_status(404);
    let (_, nurse) = clinic.staff("nurse@care.example", &NURSE).await;
    nurse.get(&why(looked)).await.expect_status(403);
}

fn used(patient: &str, day: &str) -> Value {
    let mut used = weight(patient, day, "60");
    used["meta"] = json!({"security": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"
    }]});
    used
}

async fn for_purpose(tab: &Browser, path: &str, purpose: &str) -> Answer {
    tab.send(tab.ask("GET", path).header("lamplight-purpose", purpose)).await
}

#[tokio::test]
async fn a_request_says_what_it_is_for_and_claims_no_more_than_it_may() {
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let patient = admit(&clinic.desk, "Alder").await;
    let used = clinic.desk.post("/fhir/R4/Observation", &used(&patient, "01")).await.expect_status(201).id();
    let held = [Permission::ChartRead, Permission::ChartSearch, Permission::ClassSubstanceUse];
    let (_, nurse) = clinic.staff("nurse@care.example", &held).await;
    let at = format!("/fhir/R4/Observation/{used}");
    for open in ["TREAT", "HPAYMT", "HOPERAT", "PATRQT"] {
        for_purpose(&nurse, &at, open).await.expect_status(200);
    }
    for closed in ["HLEGAL", "FAMRQT"] {
        for_purpose(&nurse, &at, closed).await.expect_status(404);
        for_purpose(&nurse, &path(&patient), closed).await.expect_status(200);
        let found = for_purpose(&nurse, &format!("/fhir/R4/Observation?patient={patient}"), closed).await;
        assert_eq!(found.expect_status(200).entries().len(), 0, "{closed}");
    }
    for (purpose, status, code) in [
        ("treat", 400, "purpose-unknown"),
        ("", 400, "purpose-unknown"),
        ("BTG", 403, "purpose-refused"),
        ("HSYSADMIN", 403, "purpose-refused"),
    ] {
        let refused = for_purpose(&nurse, "/api/me/relationships", purpose).await.expect_status(status);
        assert_eq!(refused.json()["code"], code, "{purpose}");
        assert!(refused.text().contains("Lamplight-Purpose"));
    }
    // Who comes from outside is there for one thing.
    let keys = ["chart.read", "class.substance-use"];
    let (attorney, theirs) = clinic.bound(&clinic.desk, "attorney@firm.example", "Attorney", &keys).await;
    clinic.tie(&patient, attorney, "client").await;
    let theirs = theirs.open("clinic", attorney).await;
    theirs.get(&path(&patient)).await.expect_status(200);
    theirs.get(&at).await.expect_status(404);
    for_purpose(&theirs, &at, "TREAT").await.expect_status(403);

    let database = app.superuser().await;
    let sql = "SELECT purpose, count(*) FROM audit.event WHERE action = 'purpose.use' AND outcome = 'denied'
                GROUP BY 1 ORDER BY 1";
    let logged = database.query(sql, &[]).await.unwrap();
    let logged: Vec<(String, i64)> = logged.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(logged, [("HLEGAL".to_owned(), 1), ("TREAT".to_owned(), 4)]);
}

#[tokio::test]
async fn what_shows_substance_use_records_says_what_may_not_be_done_with_them() {
    const NOTICE: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";
    let app = TestApp::new().await;
    let clinic = Clinic::new(&app).await;
    let desk = &clinic.desk;
    let (patient, other) = (admit(desk, "Alder").await, admit(desk, "Birch").await);
    let said = |answer: &Answer| {
        let value = answer.headers.get("lamplight-notice");
        value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let created = desk.post("/fhir/R4/Observation", &used(&patient, "01")).await.expect_status(201);
    assert_eq!(said(&created), NOTICE);
    let plain = desk.post("/fhir/R4/Observation", &weight(&patient, "02", "61")).await.expect_status(201);
    assert_eq!(said(&plain), "");
    let at = format!("/fhir/R4/Observation/{}", created.id());
    let bundle = |path: &str| {
        json!({"resourceType": "Bundle", "type": "batch",
               "entry": [{"request": {"method": "GET", "url": path}}]})
    };
    for path in [
        at.clone(),
        format!("{at}/_history"),
        format!("{at}/_history/1"),
        format!("/fhir/R4/Observation?patient={patient}"),
        format!("/fhir/R4/Patient/{patient}/Observation"),
    ] {
        assert_eq!(said(&desk.get(&path).await.expect_status(200)), NOTICE, "{path}");
    }
    let shown = desk.post("/fhir/R4", &bundle(&format!("Observation/{}", created.id()))).await;
    assert_eq!(said(&shown.expect_status(200)), NOTICE);
    for path in [
        path(&patient),
        format!("/fhir/R4/Observation?patient={other}"),
        format!("/fhir/R4/Observation/{}", plain.id()),
        // A page of all patients shows none of them.
        "/fhir/R4/Observation".to_owned(),
    ] {
        assert_eq!(said(&desk.get(&path).await.expect_status(200)), "", "{path}");
    }
    let (_, nurse) = clinic.staff("nurse@care.example", &NURSE).await;
    assert_eq!(said(&nurse.get(&at).await.expect_status(404)), "");
    assert_eq!(said(&nurse.get(&format!("/fhir/R4/Observation?patient={patient}")).await), "");
}
