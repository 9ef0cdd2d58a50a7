//! Support access: what one person of the organization sees, for hours at most, because the organization said so.

use std::sync::Arc;

use jiff::SignedDuration;
use kernel::{FixedClock, SystemEntropy, World};
use policy::PlatformPermission as P;
use serde_json::{Value, json};
use server::app::Settings;
use testkit::{Answer, Browser, Client, Facility, Organization, PASSWORD, Permission, Person, TestApp};

use crate::people::{admit, weight};

const DOCTOR: [Permission; 7] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::PeopleRead,
    Permission::PeopleInvite,
    Permission::ClassCounselling,
    Permission::EmergencyAccess,
];
const REASON: &str = "The list of patients stays empty for them";

/// A clinic with who administers it, a physician bound to one of two patients who does not see dates of birth, and
/// somebody of the plane.
struct Story {
    app: TestApp,
    clock: Arc<FixedClock>,
    desk: Client,
    north: Facility,
    ann: (Person, Browser),
    doctor: (Person, Browser),
    olga: Person,
    known: String,
    unknown: String,
}

async fn story() -> Story {
    let clock = Arc::new(FixedClock::at(World::system().now()));
    let world = World::new(clock.clone(), Arc::new(SystemEntropy::default()));
    let app = TestApp::in_world(Settings::default(), world).await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    let ann = clinic.person("ann@clinic.example", &Permission::ALL, &[&north]).await;
    let doctor = clinic.person("doctor@clinic.example", &DOCTOR, &[&north]).await;
    let (known, unknown) = (admit(&desk, "Alder").await, admit(&desk, "Birch").await);
    let bind = format!(
        "UPDATE org.membership SET by_relationship = true WHERE membership_id = {m};
         INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({o}, {f}, '{known}', {m}, 'care-team', now() - interval '1 minute')",
        m = doctor.membership,
        o = clinic.id().0,
        f = north.id.0,
    );
    app.superuser().await.batch_execute(&bind).await.unwrap();
    let hide = desk.ask("PUT", &format!("/api/people/{}/hidden-fields", doctor.membership));
    let hide = hide.body("application/json", json!({"paths": ["Patient.birthDate"]}).to_string());
    hide.await.expect_status(200);
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let ann_tab = ann.browser.open("clinic", ann.membership).await;
    let doctor_tab = doctor.browser.open("clinic", doctor.membership).await;
    drop(clinic);
    let (ann, doctor) = ((ann, ann_tab), (doctor, doctor_tab));
    Story { app, clock, desk, north, ann, doctor, olga, known, unknown }
}

async fn ask(who: &Person, more: Value) -> Answer {
    let mut body = json!({"organization": "clinic", "reason": REASON, "minutes": 60});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let proof = who.browser.proof("platform.support", PASSWORD).await;
    who.browser.post_proved("/platform/support", &body, &proof).await
}

async fn asked(who: &Person, more: Value) -> String {
    let made = ask(who, more).await.expect_status(201).json();
    made["request"].as_str().unwrap().to_owned()
}

async fn approve(by: &(Person, Browser), request: &str, body: &Value) -> Answer {
    let proof = by.0.browser.proof("support.approve", PASSWORD).await;
    by.1.post_proved(&format!("/api/support/{request}/approve"), body, &proof).await
}

/// Somebody of the plane who has the view of a post of the clinic.
pub(crate) async fn shared(app: &TestApp, clinic: &Organization<'_>, at: &Facility, target: i64) -> Person {
    let ann = clinic.person("ann@clinic.example", &Permission::ALL, &[at]).await;
    let tab = ann.browser.open("clinic", ann.membership).await;
    let olga = app.administrator("olga@lamplight.example", &P::ALL).await;
    let request = asked(&olga, json!({})).await;
    let body = json!({"membership": target, "minutes": 30});
    let made = approve(&(ann, tab), &request, &body).await.expect_status(200).json();
    Person { membership: made["membership"].as_i64().unwrap(), ..olga }
}

impl Story {
    async fn approved(&self, request: &str, write: bool) -> i64 {
        let body = json!({"membership": self.doctor.0.membership, "minutes": 30, "write": write});
        let made = approve(&self.ann, request, &body).await.expect_status(200).json();
        made["membership"].as_i64().unwrap()
    }

    /// Asked for and approved: the request and the tab.
    async fn running(&self, write: bool) -> (String, Browser) {
        let request = asked(&self.olga, json!({"write": write})).await;
        let membership = self.approved(&request, write).await;
        (request, self.olga.browser.open("clinic", membership).await)
    }

    async fn states(&self) -> Vec<String> {
        let all = self.ann.1.get("/api/support").await.expect_status(200).json();
        let all = all["requests"].as_array().unwrap().clone();
        all.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.app.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn path(patient: &str) -> String {
    format!("/fhir/R4/Patient/{patient}")
}

async fn end(tab: &Browser, request: &str) -> Answer {
    tab.send(tab.ask("POST", &format!("/api/support/{request}/end"))).await
}

#[tokio::test]
async fn nothing_is_seen_until_it_is_approved_and_then_what_the_other_sees() {
    let story = story().await;
    let without = json!({"organization": "clinic", "reason": REASON, "minutes": 60});
    let refused = story.olga.browser.post("/platform/support", &without).await.expect_status(403).json();
    assert_eq!(refused["code"], "step-up-required");
    let request = asked(&story.olga, json!({"membership": story.doctor.0.membership})).await;
    let contexts = story.olga.browser.get("/api/auth/contexts").await.json();
    assert_eq!(contexts["memberships"], json!([]));
    let again = ask(&story.olga, json!({})).await.expect_status(409).json();
    assert_eq!(again["code"], "support-waiting");

    // Who administers the organization is told, and reads the reason there alone.
    let told = story.app.sent().await;
    // Where its lines break depends on how long the hour is.
    let asks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").contains("asked to see");
    let (to, mail) = told.iter().find(|(_, text)| asks(text)).unwrap();
    assert!(to == "ann@clinic.example" && mail.contains("/open/clinic/"), "{to} {mail}");
    assert!(
        !mail.contains("stays empty")
            && told.iter().all(|(to, text)| to != "doctor@clinic.example" || !asks(text))
    );
    let listed = story.ann.1.get("/api/support").await.expect_status(200).json();
    assert_eq!(
        (&listed["requests"][0]["reason"], &listed["requests"][0]["state"]),
        (&json!(REASON), &json!("waiting"))
    );
    story.doctor.1.get("/api/support").await.expect_status(403);

    let tab = story.olga.browser.open("clinic", story.approved(&request, false).await).await;
    for patient in [&story.known, &story.unknown] {
        let (theirs, shared) = (story.doctor.1.get(&path(patient)).await, tab.get(&path(patient)).await);
        assert_eq!((theirs.status, theirs.headers.get("etag")), (shared.status, shared.headers.get("etag")));
        assert!(theirs.status != 200 || theirs.text() == shared.text());
    }
    tab.get(&path(&story.known)).await.expect_status(200);
    tab.get(&path(&story.unknown)).await.expect_status(404);
    let found = tab.get("/fhir/R4/Patient?_total=accurate").await.expect_status(200);
    assert_eq!(found.json()["total"], 1);
    assert!(found.text().contains("Alder") && !found.text().contains("1941"), "{}", found.text());

    // It looks, and nothing else: what the other may do besides is not shared.
    let me = tab.get("/api/me").await.expect_status(200).json();
    assert_eq!(me["permissions"], json!(["chart.read", "chart.search", "people.read"]));
    assert_eq!(me["support"]["read_only"], true);
    assert_eq!(me["role"], "Support for Somebody Real");
    assert_eq!(me["support"]["request"], json!(request));
    assert_eq!(
        (&me["support"]["by"], &me["support"]["for"]),
        (&json!("Somebody Real"), &json!("Somebody Real"))
    );
    let contexts = story.olga.browser.get("/api/auth/contexts").await.json();
    assert!(contexts["memberships"][0]["support"]["ends_at"].is_string(), "{contexts}");
    let observation = weight(&story.known, "01", "60.1");
    let ask_to_write = tab.ask("POST", "/fhir/R4/Observation").resource(&observation);
    tab.send(ask_to_write).await.expect_status(403);
    let emergency = json!({"patient": story.unknown, "reason": "x", "minutes": 10});
    tab.post("/api/emergency-access", &emergency).await.expect_status(403);
    tab.post("/api/people", &json!({})).await.expect_status(403);
    tab.get("/api/support").await.expect_status(403);

    // Both are in every event, and the report says so.
    let looked = "SELECT count(*) FROM audit.event e WHERE e.membership_id = (SELECT membership_id FROM org.support_request)
                     AND (e.on_behalf_of IS NOT NULL) = ";
    assert!(story.count(&format!("{looked} true")).await > 5);
    assert_eq!(story.count(&format!("{looked} false")).await, 0);
    let purposes =
        "SELECT count(*) FROM audit.event WHERE on_behalf_of IS NOT NULL AND purpose <> 'HSYSADMIN'";
    assert_eq!(story.count(purposes).await, 0);
    let right = "SELECT count(*) FROM audit.event e JOIN org.support_request s ON e.on_behalf_of = s.target_id AND e.membership_id = s.membership_id";
    assert!(story.count(right).await > 5);
    let listed = story.ann.1.get("/api/support").await.json();
    assert!(listed["requests"][0]["granted"]["events"].as_i64().unwrap() > 5, "{listed}");
    assert!(
        story
            .app
            .sent()
            .await
            .iter()
            .any(|(to, text)| to == "ann@clinic.example" && text.contains("now sees"))
    );
}

#[tokio::test]
async fn with_write_it_writes_where_the_other_writes() {
    let story = story().await;
    let (_, tab) = story.running(true).await;
    let write = |patient: &str| {
        tab.send(tab.ask("POST", "/fhir/R4/Observation").resource(&weight(patient, "01", "60.1")))
    };
    write(&story.known).await.expect_status(201);
    let refused = write(&story.unknown).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    let me = tab.get("/api/me").await.json();
    assert_eq!(me["support"]["read_only"], false);
    // The other has no relationships.edit, so nobody on their behalf has.
    assert_eq!(me["permissions"], json!(["chart.read", "chart.search", "chart.write", "people.read"]));
    let written =
        "SELECT count(*) FROM audit.event WHERE action = 'chart.create' AND on_behalf_of IS NOT NULL";
    assert_eq!(story.count(written).await, 1);
}

#[tokio::test]
async fn it_is_dead_when_its_time_is_over_or_anyone_ends_it() {
    let story = story().await;
    let look = path(&story.known);
    // By itself, from the banner.
    let (request, tab) = story.running(false).await;
    end(&story.doctor.1, &request).await.expect_status(403);
    end(&tab, &request).await.expect_status(204);
    tab.get(&look).await.expect_status(403);
    // By the organization.
    let (request, tab) = story.running(false).await;
    tab.get(&look).await.expect_status(200);
    end(&story.ann.1, &request).await.expect_status(204);
    tab.get(&look).await.expect_status(403);
    end(&story.ann.1, &request).await.expect_status(404);
    // By who asked, on the plane.
    let (request, tab) = story.running(false).await;
    tab.get(&look).await.expect_status(200);
    let mine = format!("/platform/support/{request}");
    story
        .app
        .administrator("paul@lamplight.example", &P::ALL)
        .await
        .browser
        .delete(&mine)
        .await
        .expect_status(404);
    story.olga.browser.delete(&mine).await.expect_status(204);
    tab.get(&look).await.expect_status(403);
    // In the middle of a session, by the clock.
    let (_, tab) = story.running(false).await;
    tab.get(&look).await.expect_status(200);
    assert_eq!(story.states().await, ["running", "over", "over", "over"]);
    for _ in 0..4 {
        story.clock.advance(SignedDuration::from_mins(8));
        story.olga.browser.post("/api/auth/session/touch", &json!({})).await;
        story.ann.0.browser.post("/api/auth/session/touch", &json!({})).await;
    }
    let over = tab.get(&look).await.expect_status(403);
    assert!(over.text().contains("not open here"), "{}", over.text());
    assert_eq!(story.states().await, ["over"; 4]);
}

#[tokio::test]
async fn what_shrinks_or_ends_above_it_is_felt_at_once() {
    let story = story().await;
    let look = path(&story.known);
    let (_, tab) = story.running(false).await;
    tab.get("/api/people").await.expect_status(200);
    let post = format!("/api/people/{}", story.doctor.0.membership);
    let version = story.desk.get(&post).await.expect_status(200).header("etag").to_owned();
    let less = json!({"permissions": ["chart.read", "chart.search"]});
    let put = story.desk.ask("PUT", &post).if_match(&version).body("application/json", less.to_string());
    put.await.expect_status(200);
    tab.get("/api/people").await.expect_status(403);
    tab.get(&look).await.expect_status(200);
    story.app.superuser().await.batch_execute("UPDATE org.relationship SET ends_at = now()").await.unwrap();
    tab.get(&look).await.expect_status(404);
    story.desk.delete(&post).await.expect_status(204);
    tab.get(&look).await.expect_status(403);
    assert_eq!(story.states().await, ["over"]);
    // Who leaves the plane takes what they had with them.
    let story = self::story().await;
    let (_, tab) = story.running(false).await;
    tab.get(&path(&story.known)).await.expect_status(200);
    // The end is by the database's clock; the program's stands still.
    story.clock.advance(SignedDuration::from_mins(1));
    let sql = "UPDATE platform.administrator SET ends_at = now()";
    story.app.superuser().await.batch_execute(sql).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    tab.get(&path(&story.known)).await.expect_status(403);
}

#[tokio::test]
async fn no_more_than_was_asked_by_another_who_administers_here() {
    let story = story().await;
    let request = asked(&story.olga, json!({})).await;
    let body = |membership: i64, minutes: i64, write: bool| json!({"membership": membership, "minutes": minutes, "write": write});
    let doctor = story.doctor.0.membership;
    let portal = story.app.organization("other").await;
    let there = portal.facility("there").await;
    let eve = portal.person("eve@other.example", &Permission::ALL, &[&there]).await;
    let eve_tab = eve.browser.open("other", eve.membership).await;
    let invited = {
        let offer = json!({"email": "new@clinic.example", "name": "New", "role": "Nurse", "kind": "staff",
                           "permissions": [], "facilities": ["north"]});
        let made = story.desk.ask("POST", "/api/people").body("application/json", offer.to_string()).await;
        made.expect_status(201).json()["membership"].as_i64().unwrap()
    };
    for refused in [
        body(doctor, 61, false),
        body(doctor, 4, false),
        body(doctor, 30, true),
        body(999_999, 30, false),
        body(eve.membership, 30, false),
        body(invited, 30, false),
    ] {
        approve(&story.ann, &request, &refused).await.expect_status(400);
    }
    // An administrator of another organization does not find it; a program is nobody.
    approve(&(eve, eve_tab), &request, &body(doctor, 30, false)).await.expect_status(404);
    let by_program = story.desk.ask("POST", &format!("/api/support/{request}/approve"));
    let by_program = by_program.body("application/json", body(doctor, 30, false).to_string());
    by_program.await.expect_status(403);
    approve(&story.doctor, &request, &body(doctor, 30, false)).await.expect_status(403);

    // Whoever asks may not answer, by whichever post.
    let clinic = "SELECT organization_id FROM org.organization WHERE slug = 'clinic'";
    let own = format!(
        "UPDATE org.membership SET person_id = (SELECT person_id FROM platform.administrator)
          WHERE organization_id = ({clinic}) AND membership_id = {invited};
         UPDATE org.membership SET permissions = '{{organization.manage,chart.read}}', facilities = '{{}}'
          WHERE organization_id = ({clinic}) AND membership_id = {invited}"
    );
    story.app.superuser().await.batch_execute(&own).await.unwrap();
    let tab = story.olga.browser.open("clinic", invited).await;
    let olga = (story.app.administrator("second@lamplight.example", &[P::Watch]).await, tab);
    let proof = story.olga.browser.proof("support.approve", PASSWORD).await;
    let at = format!("/api/support/{request}/approve");
    olga.1.post_proved(&at, &body(doctor, 30, false), &proof).await.expect_status(403);
    let reasons = "SELECT count(*) FROM audit.event WHERE action = 'support.decide' AND outcome = 'denied' AND reason LIKE 'own request%'";
    assert_eq!(story.count(reasons).await, 2);
    // Nor is one's own view, nor support's, shared.
    approve(&story.ann, &request, &body(invited, 30, false)).await.expect_status(403);
    let membership = story.approved(&request, false).await;
    let next = asked(&story.olga, json!({})).await;
    approve(&story.ann, &next, &body(membership, 30, false)).await.expect_status(400);

    // Refused and withdrawn.
    let refuse = format!("/api/support/{next}/refuse");
    story.ann.1.send(story.ann.1.ask("POST", &refuse)).await.expect_status(204);
    let decided = approve(&story.ann, &next, &body(doctor, 30, false)).await.expect_status(409).json();
    assert_eq!(decided["code"], "support-decided");
    let withdrawn = asked(&story.olga, json!({})).await;
    story.olga.browser.delete(&format!("/platform/support/{withdrawn}")).await.expect_status(204);
    approve(&story.ann, &withdrawn, &body(doctor, 30, false)).await.expect_status(409);
    let mine = story.olga.browser.get("/platform/support").await.expect_status(200).json();
    let states: Vec<_> =
        mine["requests"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["withdrawn", "refused", "running"]);
    assert!(!mine.to_string().contains("stays empty"));
    for bad in [json!({"minutes": 4}), json!({"minutes": 241}), json!({"reason": " "})] {
        ask(&story.olga, bad).await.expect_status(400);
    }
    ask(&story.olga, json!({"organization": "nowhere"})).await.expect_status(404);
    let paul = story.app.administrator("paul@lamplight.example", &[P::Watch, P::Plans]).await;
    paul.browser.get("/platform/support").await.expect_status(403);
    // A request that nobody answered in three days is answered no more.
    let old = asked(&story.olga, json!({})).await;
    let sql = "UPDATE org.support_request SET asked_at = asked_at - interval '73 hours' WHERE verdict IS NULL AND ended_at IS NULL";
    let superuser = story.app.superuser().await;
    superuser.batch_execute(&format!("ALTER TABLE org.support_request DISABLE TRIGGER check_support; {sql}; ALTER TABLE org.support_request ENABLE TRIGGER check_support")).await.unwrap();
    approve(&story.ann, &old, &body(doctor, 30, false)).await.expect_status(409);
    assert_eq!(story.states().await.iter().filter(|state| *state == "lapsed").count(), 1);
    drop(story.north);
}

#[tokio::test]
async fn approved_two_hundred_times_at_once_it_is_one_post() {
    let story = story().await;
    let request = asked(&story.olga, json!({})).await;
    let body = json!({"membership": story.doctor.0.membership, "minutes": 30});
    // Each approval spends a proof, and the cookie turns with it: they are collected first.
    let mut proofs = Vec::new();
    for _ in 0..200 {
        proofs.push(story.ann.0.browser.proof("support.approve", PASSWORD).await);
    }
    let path = format!("/api/support/{request}/approve");
    let all = proofs.iter().map(|proof| story.ann.1.post_proved(&path, &body, proof));
    let answers = futures_util::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| [200, 409, 429, 503].contains(&answer.status)));
    assert_eq!(story.count("SELECT count(*) FROM org.membership WHERE kind = 'support'").await, 1);
}

#[tokio::test]
async fn who_saw_a_patient_is_told_with_both_names() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let patient = admit(&clinic.all_powers(&[&north]).await, "Alder").await;
    let nurse = clinic.person("nurse@clinic.example", &DOCTOR, &[&north]).await;
    let renamed =
        format!("UPDATE org.membership SET name = 'Nina Nurse' WHERE membership_id = {}", nurse.membership);
    app.superuser().await.batch_execute(&renamed).await.unwrap();
    let olga = shared(&app, &clinic, &north, nurse.membership).await;
    let tab = olga.browser.open("clinic", olga.membership).await;
    tab.get(&path(&patient)).await.expect_status(200);
    let now = World::system().now();
    let day = SignedDuration::from_hours(24);
    let window = db::ReportWindow { from: now - day, to: now + day, limit: 100 };
    let ctx = clinic.context(&[&north]).await;
    let lines = app.app.store.db().audit_report(&ctx, patient.parse().unwrap(), window).await.unwrap();
    let looks: Vec<_> = lines.iter().filter(|line| line.on_behalf_of.is_some()).collect();
    assert_eq!(looks.len(), 1);
    assert_eq!(i64::from(looks[0].membership.0), olga.membership);
    assert_eq!(looks[0].on_behalf_of.map(|of| i64::from(of.0)), Some(nurse.membership));
    assert_eq!(looks[0].on_behalf_of_name.as_deref(), Some("Nina Nurse"));

    // An officer of the organization is told so too, and why it was allowed.
    let officer = clinic.all_powers(&[&north]).await;
    let both = |who: &Value| {
        assert_eq!((&who["kind"], &who["on_behalf_of"]), (&json!("support"), &json!("Nina Nurse")), "{who}");
        assert_eq!(who["name"], json!("Somebody Real"), "{who}");
    };
    let list = officer.get(&format!("/api/patients/{patient}/accesses")).await.expect_status(200).json();
    let lines = list["accesses"].as_array().unwrap();
    let look = lines.iter().find(|line| line["who"]["kind"] == "support").unwrap();
    both(&look["who"]);
    assert_eq!(lines.iter().filter(|line| !line["who"]["on_behalf_of"].is_null()).count(), 1);
    let why = format!("/api/audit/events/{}/why", look["event"].as_str().unwrap());
    let why = officer.get(&why).await.expect_status(200).json();
    both(&why["today"]["who"]);
    both(&why["today"]["chain"][0]["who"]);
    assert_eq!(why["today"]["chain"][1]["who"]["on_behalf_of"], Value::Null);
}
