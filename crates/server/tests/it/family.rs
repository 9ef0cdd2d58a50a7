//! The family portal: what was approved, for as long as it is, and not a byte or a sign of anything else.

use std::time::{Duration, Instant};

use fhir::ResourceType;
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::http::Access;
use testkit::{Answer, Client, PASSWORD, Permission, Person, TestApp};

use crate::documents::{PDF, house as with_files, pdf, upload};
use crate::people::{patient, weight};
use crate::routes;

/// Stands in every element that is not approved.
pub(crate) const MARK: &str = "Qzxmarker";

/// A clinic with a patient, a doctor who approves, a nurse who may not, and two relatives.
pub(crate) struct Story {
    pub(crate) app: TestApp,
    _folder: crate::documents::Folder,
    pub(crate) doctor: Client,
    pub(crate) nurse: Client,
    pub(crate) daughter: Client,
    pub(crate) son: Client,
    pub(crate) mother: String,
}

pub(crate) async fn number(client: &Client) -> i32 {
    let me = client.get("/api/me").await.expect_status(200).json();
    i32::try_from(me["membership"].as_i64().unwrap()).unwrap()
}

pub(crate) async fn story() -> Story {
    story_of(None).await.0
}

/// The same with somebody in a browser.
pub(crate) async fn story_of(head: Option<(&str, &[Permission])>) -> (Story, Option<Person>) {
    const READING: [Permission; 2] = [Permission::ChartRead, Permission::ChartSearch];
    const FAMILY: [Permission; 3] = [READING[0], READING[1], Permission::LettersWrite];
    let (app, folder) = with_files().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let nurse = clinic.token(&[READING[0], READING[1], Permission::ChartWrite], &[&north]).await;
    let (daughter, son) = (clinic.token(&FAMILY, &[&north]).await, clinic.token(&FAMILY, &[&north]).await);
    let head = match head {
        Some((email, held)) => Some(clinic.person(email, held, &[&north]).await),
        None => None,
    };
    let superuser = app.superuser().await;
    for (relative, name) in [(&daughter, "Dora".to_owned()), (&son, format!("{MARK} Son"))] {
        let sql = "UPDATE org.membership SET plane = 'portal', by_relationship = true, role = $2 WHERE membership_id = $1";
        superuser.execute(sql, &[&number(relative).await, &name]).await.unwrap();
    }
    let mut known = patient("Alder", "Ann");
    known["telecom"] = json!([{"system": "phone", "value": MARK}]);
    known["address"] = json!([{"text": MARK}]);
    known["contact"] = json!([{"name": {"text": MARK}}]);
    let mother = doctor.post("/fhir/R4/Patient", &known).await.expect_status(201).id();
    let story = Story { app, _folder: folder, doctor, nurse, daughter, son, mother };
    for relative in [&story.daughter, &story.son] {
        story.tie(relative).await;
    }
    (story, head)
}

impl Story {
    pub(crate) async fn tie(&self, relative: &Client) {
        self.tie_post(number(relative).await).await;
    }

    pub(crate) async fn tie_post(&self, membership: i32) {
        let sql = "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
                   SELECT organization_id, facility_id, id, $2, 'family', now() - interval '1 hour'
                     FROM chart.resource WHERE id = $1";
        let id: uuid::Uuid = self.mother.parse().unwrap();
        self.app.superuser().await.execute(sql, &[&id, &membership]).await.unwrap();
        self.app.app.store.db().forget_authority();
    }

    fn family(&self) -> String {
        format!("/api/patients/{}/family", self.mother)
    }

    async fn relative(&self, relative: &Client) -> Value {
        self.relative_of(number(relative).await).await
    }

    async fn relative_of(&self, membership: i32) -> Value {
        let family = self.doctor.get(&self.family()).await.expect_status(200).json();
        let all = family["relatives"].as_array().unwrap();
        all.iter().find(|one| one["membership"] == membership).unwrap().clone()
    }

    pub(crate) async fn decide(&self, relative: &Client, category: &str, body: Value) -> Answer {
        self.decide_for(number(relative).await, category, body).await
    }

    pub(crate) async fn decide_for(&self, membership: i32, category: &str, body: Value) -> Answer {
        let known = self.relative_of(membership).await;
        let path = format!("{}/{membership}/{category}", self.family());
        let ask = self.doctor.ask("PUT", &path).if_match(known["version"].as_str().unwrap());
        ask.body("application/json", body.to_string()).await
    }

    pub(crate) async fn approve(&self, relative: &Client, category: &str, fields: &[&str]) {
        self.decide(relative, category, json!({"fields": fields})).await.expect_status(200);
    }

    /// What a relative sees; what of it is new is told beside it.
    pub(crate) async fn home(&self, relative: &Client) -> Value {
        let mut home = self.page(relative).await;
        home.as_object_mut().unwrap().remove("news").unwrap();
        home
    }

    pub(crate) async fn page(&self, relative: &Client) -> Value {
        relative.get(&format!("/api/family/{}", self.mother)).await.expect_status(200).json()
    }

    /// Says that the page with these news was looked at.
    pub(crate) async fn look(&self, relative: &Client, news: &Value) -> Answer {
        let path = format!("/api/family/{}/looked", self.mother);
        relative.ask("POST", &path).body("application/json", json!({"look": news["look"]}).to_string()).await
    }

    pub(crate) async fn write(&self, resource: Value) -> String {
        let path = format!("/fhir/R4/{}", resource["resourceType"].as_str().unwrap());
        self.doctor.post(&path, &resource).await.expect_status(201).id()
    }

    pub(crate) fn subject(&self) -> Value {
        json!({"reference": format!("Patient/{}", self.mother)})
    }

    /// A record of each kind that nobody approved, with the mark in whatever it says.
    pub(crate) async fn hidden(&self) {
        let (subject, text) = (self.subject(), json!({"text": MARK}));
        let active = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]});
        for resource in [
            json!({"resourceType": "Condition", "subject": subject, "code": text, "clinicalStatus": active}),
            json!({"resourceType": "MedicationRequest", "subject": subject, "status": "active", "intent": "order",
                   "medicationCodeableConcept": text}),
            json!({"resourceType": "Communication", "subject": subject, "status": "completed",
                   "payload": [{"contentString": MARK}]}),
            json!({"resourceType": "Task", "for": subject, "status": "requested", "intent": "order", "description": MARK}),
            json!({"resourceType": "RelatedPerson", "patient": subject, "name": [{"text": MARK}]}),
            json!({"resourceType": "Encounter", "subject": subject, "status": "in-progress",
                   "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}, "reasonCode": [text]}),
            json!({"resourceType": "DiagnosticReport", "subject": subject, "status": "final", "code": text}),
            json!({"resourceType": "Flag", "subject": subject, "status": "active", "code": text}),
            json!({"resourceType": "Procedure", "subject": subject, "status": "completed", "code": text}),
            json!({"resourceType": "Goal", "subject": subject, "lifecycleStatus": "active", "description": text}),
        ] {
            self.write(resource).await;
        }
        upload(&self.app, &self.doctor, &self.mother, PDF, &pdf(MARK, 10)).await;
    }

    /// A weight of which the note is not approved.
    pub(crate) async fn weigh(&self, day: &str, kilograms: &str) -> String {
        let mut observation = weight(&self.mother, day, kilograms);
        observation["note"] = json!([{"text": MARK}]);
        observation["performer"] = json!([{"display": MARK}]);
        self.write(observation).await
    }
}

#[tokio::test]
async fn each_relative_sees_what_was_approved_for_them_and_the_doctor_sees_the_same_beforehand() {
    let story = story().await;
    story.weigh("01", "60.5").await;
    story.hidden().await;
    let bare = json!([{"resourceType": "Patient", "id": story.mother}]);
    assert_eq!(story.home(&story.daughter).await, json!({"complete": true, "resources": bare}));
    story.approve(&story.daughter, "person", &["name"]).await;
    story.approve(&story.daughter, "measurements", &["value"]).await;
    story.approve(&story.son, "problems", &["what", "since", "severity", "note"]).await;
    let hers = story.home(&story.daughter).await;
    let types = |home: &Value| -> Vec<String> {
        home["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["resourceType"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(types(&hers), ["Patient", "Observation"]);
    assert_eq!(hers["resources"][0]["name"][0]["family"], "Alder");
    assert_eq!(hers["resources"][1]["valueQuantity"]["value"], json!(60.5));
    assert!(!hers.to_string().contains(MARK), "{hers}");
    let his = story.home(&story.son).await;
    assert_eq!(types(&his), ["Patient", "Condition"]);
    assert_eq!(his["resources"][1]["code"]["text"], MARK);
    assert!(his["resources"][0].get("name").is_none());

    // Beforehand: byte by byte what they get, and what they would.
    for relative in [&story.daughter, &story.son] {
        let membership = number(relative).await;
        let looked =
            story.doctor.get(&format!("{}/{membership}/preview", story.family())).await.expect_status(200);
        let seen = relative.get(&format!("/api/family/{}", story.mother)).await.expect_status(200);
        let looked = looked.text();
        let rest = seen.text().strip_prefix(looked.strip_suffix('}').unwrap()).map(str::to_owned);
        assert!(rest.unwrap().starts_with(",\"news\":{\"since\":"), "{looked}");
    }
    let membership = number(&story.daughter).await;
    let would = format!("{}/{membership}/preview?category=problems&fields=what", story.family());
    let would = story.doctor.get(&would).await.expect_status(200).json();
    assert_eq!(types(&would), ["Patient", "Condition", "Observation"]);
    assert_eq!(
        types(&story.home(&story.daughter).await),
        ["Patient", "Observation"],
        "looking is not approving"
    );
    story.approve(&story.daughter, "problems", &["what"]).await;
    assert_eq!(story.home(&story.daughter).await, would);

    // Who approved what, and when.
    let known = story.relative(&story.daughter).await;
    let fields: Vec<(&str, &str)> = known["approved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["category"].as_str().unwrap(), one["field"].as_str().unwrap()))
        .collect();
    assert_eq!(fields, [("person", "name"), ("measurements", "value"), ("problems", "what")]);
    assert!(known["approved"][0]["since"].is_string() && known["approved"][0]["until"].is_null());
    let logged = story
        .app
        .superuser()
        .await
        .query("SELECT detail FROM audit.event WHERE action = 'sharing.approve'", &[])
        .await
        .unwrap();
    let logged: Vec<String> = logged.iter().map(|row| row.get(0)).collect();
    assert!(logged.contains(&format!("membership {membership}: person: name")), "{logged:?}");

    // All at once.
    story.doctor.delete(&format!("{}/{membership}", story.family())).await.expect_status(200);
    assert_eq!(story.home(&story.daughter).await["resources"], bare);
    assert_eq!(types(&story.home(&story.son).await), ["Patient", "Condition"]);
}

#[tokio::test]
async fn who_may_not_approve_does_not_and_a_stale_screen_opens_nothing_again() {
    let story = story().await;
    let membership = number(&story.daughter).await;
    let path = format!("{}/{membership}/problems", story.family());
    let body = json!({"fields": ["what"]}).to_string();
    for who in [&story.nurse, &story.daughter, &story.son] {
        who.get(&story.family()).await.expect_status(403);
        who.ask("PUT", &path)
            .if_match("W/\"0\"")
            .body("application/json", body.clone())
            .await
            .expect_status(403);
        who.delete(&format!("{}/{membership}", story.family())).await.expect_status(403);
        who.get(&format!("{}/{membership}/preview", story.family())).await.expect_status(403);
    }
    // What a relative's page is made of is no page of the staff's.
    story.doctor.get(&format!("/api/family/{}", story.mother)).await.expect_status(404);
    let put = |version: &'static str| {
        story.doctor.ask("PUT", &path).if_match(version).body("application/json", body.clone())
    };
    story.doctor.ask("PUT", &path).body("application/json", body.clone()).await.expect_status(428);
    put("W/\"0\"").await.expect_status(200);
    story.doctor.delete(&format!("{}/{membership}", story.family())).await.expect_status(200);
    put("W/\"0\"").await.expect_status(412);
    for wrong in
        [json!({"fields": ["nothing"]}), json!({"fields": ["what"], "until": "2001-01-01T00:00:00Z"})]
    {
        story.decide(&story.daughter, "problems", wrong).await.expect_status(400);
    }
    story.decide(&story.daughter, "secrets", json!({"fields": []})).await.expect_status(404);
    let nobody = format!("{}/999/problems", story.family());
    story
        .doctor
        .ask("PUT", &nobody)
        .if_match("W/\"0\"")
        .body("application/json", body)
        .await
        .expect_status(404);
}

#[tokio::test]
async fn opening_asks_for_a_proof_and_taking_back_asks_for_none() {
    let held = [Permission::ChartRead, Permission::ChartSearch, Permission::SharingApprove];
    let (story, person) = story_of(Some(("head@clinic.example", &held))).await;
    let person = person.unwrap();
    let tab = person.browser.open("clinic", person.membership).await;
    let membership = number(&story.daughter).await;
    let path = format!("{}/{membership}/problems", story.family());
    let put = async |fields: &[&str], proof: Option<&str>| {
        let version = story.relative(&story.daughter).await["version"].as_str().unwrap().to_owned();
        let body = json!({"fields": fields}).to_string();
        let ask = tab.ask("PUT", &path).if_match(&version).body("application/json", body);
        let ask = if let Some(proof) = proof { ask.header("lamplight-step-up", proof) } else { ask };
        tab.send(ask).await
    };
    let refused = put(&["what", "since"], None).await.expect_status(403).json();
    assert_eq!(
        (&refused["code"], &refused["action"]),
        (&json!("step-up-required"), &json!("sharing.approve"))
    );
    let proof = tab.proof("sharing.approve", PASSWORD).await;
    put(&["what", "since"], Some(&proof)).await.expect_status(200);
    put(&["what"], None).await.expect_status(200);
    put(&["what", "since"], None).await.expect_status(403);
    put(&[], None).await.expect_status(200);
    assert_eq!(story.relative(&story.daughter).await["approved"], json!([]));
}

#[tokio::test]
async fn what_is_withdrawn_or_over_is_gone_from_open_pages_within_five_seconds() {
    let story = story().await;
    story.weigh("01", "60.5").await;
    story.approve(&story.daughter, "measurements", &["value", "note", "who"]).await;
    let mut told = story.daughter.get("/api/events").listen().await;
    assert_eq!(told.next().await.unwrap().word, "ready");
    // Of what she sees all of she hears that there is more.
    story.weigh("02", "61").await;
    let heard = told.within(Duration::from_millis(1500)).await;
    assert!(!heard.is_empty() && heard.iter().all(|one| one.data["type"] == "Observation"), "{heard:?}");
    let path = format!("/fhir/R4/Observation?patient={}", story.mother);
    let etag =
        story.daughter.get(&format!("/fhir/R4/Patient/{}", story.mother)).await.header("etag").to_owned();
    assert_eq!(story.daughter.get(&path).await.expect_status(200).entries().len(), 2);
    let since = Instant::now();
    story.approve(&story.daughter, "measurements", &[]).await;
    assert_eq!(told.next().await.unwrap().word, "authority");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    story.daughter.get(&path).await.expect_status(404);
    assert_eq!(story.home(&story.daughter).await["resources"].as_array().unwrap().len(), 1);
    story.weigh("03", "62").await;
    assert_eq!(told.within(Duration::from_millis(1500)).await, []);

    // By its time, without anybody.
    let until = story.app.app.world.now() + SignedDuration::from_secs(2);
    let body = json!({"fields": ["name"], "until": until});
    story.decide(&story.daughter, "person", body).await.expect_status(200);
    assert_eq!(told.next().await.unwrap().word, "authority");
    let page = format!("/fhir/R4/Patient/{}", story.mother);
    let named = story.daughter.get(&page).await.expect_status(200);
    assert!(named.text().contains("Alder"));
    assert_ne!(named.header("etag"), etag);
    assert_eq!(told.next().await.unwrap().word, "authority");
    let over = story.app.app.world.now().duration_since(until);
    assert!(over < SignedDuration::from_secs(5), "{over:?}");
    // A page that was kept is not confirmed.
    let again =
        story.daughter.get(&page).header("if-none-match", named.header("etag")).await.expect_status(200);
    assert!(!again.text().contains("Alder"));
    assert_eq!(again.header("etag"), etag);
}

/// What a caller observes of an answer: everything but what each answer has of its own.
fn observed(answer: &Answer) -> String {
    let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut body = answer.text();
    if let Some(own) = header("x-request-id") {
        body = body.replace(&own, "");
    }
    // By which it is said that the page was looked at.
    if let Ok(mut whole @ Value::Object(_)) = serde_json::from_str::<Value>(&body)
        && whole["news"]["look"].take().is_string()
    {
        body = whole.to_string();
    }
    // When it was asked for.
    if let Ok(Value::Object(mut whole)) = serde_json::from_str(&body)
        && (whole.contains_key("at") || whole.get("resourceType") == Some(&json!("CapabilityStatement")))
    {
        whole.remove(if whole.contains_key("at") { "at" } else { "date" });
        body = Value::Object(whole).to_string();
    }
    format!(
        "{} {:?} {:?} {:?} {body}",
        answer.status,
        header("etag"),
        header("last-modified"),
        header("location")
    )
}

/// Every way to ask for something of the chart, and what was answered.
async fn sweep(client: &Client, mother: &str, ids: &[String]) -> Vec<(String, String)> {
    let mut asked = Vec::new();
    for rtype in ResourceType::ALL.iter().map(|rtype| rtype.as_str()) {
        for path in [
            rtype.to_owned(),
            format!("{rtype}?patient={mother}&_total=accurate"),
            format!("{rtype}?subject=Patient/{mother}&_sort=-date"),
            format!("{rtype}?_summary=count"),
            format!("{rtype}?_lastUpdated=gt2020"),
            format!("{rtype}?_include={rtype}:patient"),
            format!("{rtype}?code:text={MARK}"),
            format!("Patient/{mother}/{rtype}"),
            format!("Patient?_has:{rtype}:patient:code=x"),
        ] {
            asked.push(("GET", format!("/fhir/R4/{path}")));
        }
    }
    for id in ids.iter().chain([&mother.to_owned()]) {
        for rtype in
            ["Patient", "Condition", "Observation", "DocumentReference", "Communication", "Task", "Encounter"]
        {
            for rest in ["", "/_history", "/_history/1"] {
                asked.push(("GET", format!("/fhir/R4/{rtype}/{id}{rest}")));
            }
        }
    }
    for path in ["metadata", "?_type=Condition", "_history", "Patient/_history", "Patient/$export", "$export"]
    {
        asked.push(("GET", format!("/fhir/R4/{path}")));
    }
    let parts = [
        "{document}",
        "{stay}",
        "{composition}",
        "{draft}",
        "{task}",
        "{incident}",
        "{administration}",
        "{order}",
        "{handover}",
        "{merge}",
    ];
    for route in server::http::routes().iter().filter(|route| route.interaction != "stream") {
        if matches!(route.access, Access::Public(_)) {
            continue;
        }
        let here = route
            .path
            .replace("{patient}", mother)
            .replace("{facility}", "north")
            .replace("{type}", "Condition");
        let here = if here.starts_with("/api/patients/{id}") { here.replace("{id}", mother) } else { here };
        let named = parts.iter().any(|part| here.contains(part)) || here.contains("{id}");
        for id in if named { ids } else { &ids[..1] } {
            let path =
                parts.iter().fold(here.clone(), |path, part| path.replace(part, id)).replace("{id}", id);
            asked.push((routes::method(route.method), routes::example(&path)));
        }
    }
    let mut answers = Vec::new();
    for (method, path) in asked {
        let answer = client.ask(method, &path).await;
        answers.push((format!("{method} {path}"), observed(&answer)));
    }
    answers
}

#[tokio::test]
async fn of_what_was_not_approved_no_byte_and_no_sign_is_answered_anywhere() {
    let story = story().await;
    story.approve(&story.daughter, "person", &["name", "birth"]).await;
    story.approve(&story.daughter, "measurements", &["value"]).await;
    let observation = story.weigh("01", "60.5").await;
    story.hidden().await;
    let mut told = story.daughter.get("/api/events").listen().await;
    assert_eq!(told.next().await.unwrap().word, "ready");
    // The ids of everything that is there and not seen, and one of nothing.
    let rows = story
        .app
        .superuser()
        .await
        .query(
            "SELECT id::text FROM chart.resource WHERE type <> $1 AND id::text NOT IN ($2, $3)",
            &[&ResourceType::Observation.code(), &story.mother, &observation],
        )
        .await
        .unwrap();
    let mut ids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(ids.len() >= 11, "{ids:?}");
    ids.truncate(12);
    ids.push("0190a000-0000-7000-8000-000000000000".to_owned());
    // From then on what is new would be told, by its id and by how many there are.
    let news = story.page(&story.daughter).await["news"].take();
    story.look(&story.daughter, &news).await.expect_status(204);
    let before = sweep(&story.daughter, &story.mother, &ids).await;
    assert!(before.len() > 1_500, "{}", before.len());
    for (asked, answered) in &before {
        assert!(
            !answered.contains(MARK) || asked.contains(MARK) && !answered.contains("Qzxmarker Son"),
            "{asked}: {answered}"
        );
    }
    let fine = before.iter().filter(|(_, answered)| answered.starts_with("200")).count();
    assert!(fine > 10, "she sees something: {fine}");
    // What is there and what is nowhere are answered alike.
    let nowhere = ids.last().unwrap();
    for (asked, answered) in &before {
        if let Some(id) = ids.iter().find(|id| *id != nowhere && asked.contains(*id)) {
            let other = asked.replace(id, nowhere);
            let (_, expected) = before.iter().find(|(asked, _)| *asked == other).unwrap();
            assert_eq!(&answered.replace(id, nowhere), expected, "{asked}");
        }
    }
    // More of it, and changes of it: nothing that she can ask or hear is another.
    story.hidden().await;
    let page = format!("/fhir/R4/Patient/{}", story.mother);
    let known = story.doctor.get(&page).await;
    let mut changed = known.json();
    changed["telecom"] = json!([{"system": "phone", "value": format!("{MARK} 2")}]);
    story.doctor.put(&page, &changed).if_match(known.header("etag")).await.expect_status(200);
    let page = format!("/fhir/R4/Observation/{observation}");
    let known = story.doctor.get(&page).await;
    let mut changed = known.json();
    changed["note"] = json!([{"text": format!("{MARK} 2")}]);
    story.doctor.put(&page, &changed).if_match(known.header("etag")).await.expect_status(200);
    story.approve(&story.son, "problems", &["what"]).await;
    let after = sweep(&story.daughter, &story.mother, &ids).await;
    for ((asked, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(before, after, "{asked}");
    }
    assert_eq!(told.within(Duration::from_millis(1500)).await, []);
    // A relative does not learn of another.
    let ties = story.daughter.get(&format!("/api/patients/{}/relationships", story.mother)).await;
    assert_eq!(ties.status, 404, "{}", ties.text());
}

#[tokio::test]
async fn a_relative_and_the_care_team_write_to_each_other_and_nobody_else_reads_it() {
    let story = story().await;
    let own = format!("/api/family/{}/letters", story.mother);
    let theirs = format!("/api/patients/{}/letters", story.mother);
    let write = |who: &Client, path: &str, text: &str| {
        who.ask("POST", path).body("application/json", json!({"text": text}).to_string())
    };
    story
        .write(json!({"resourceType": "Communication", "subject": story.subject(), "status": "completed",
                       "payload": [{"contentString": MARK}]}))
        .await;
    let empty = story.daughter.get(&own).await.expect_status(200).json();
    assert_eq!((&empty["letters"], &empty["waits"]), (&json!([]), &json!(false)));
    let sent = write(&story.daughter, &own, " How is the wound? ").await.expect_status(201).json();
    assert_eq!(sent["letters"][0]["text"], "How is the wound?");
    assert_eq!((&sent["letters"][0]["from"], &sent["letters"][0]["who"]), (&json!("family"), &json!("Dora")));
    write(&story.daughter, &own, "And her appetite?").await.expect_status(201);

    // The other relative has a thread of his own; of hers nothing is there for him, nor of it for her in the chart.
    assert_eq!(story.son.get(&own).await.expect_status(200).json()["letters"], json!([]));
    story.daughter.get("/fhir/R4/Communication").await.expect_status(404);
    story
        .daughter
        .get(&format!("/fhir/R4/Communication/{}", sent["letters"][0]["letter"].as_str().unwrap()))
        .await
        .expect_status(404);
    story.daughter.get(&theirs).await.expect_status(404);
    story.doctor.get(&own).await.expect_status(404);
    story.nurse.get(&theirs).await.expect_status(403);

    // It waits, and is a task: one, however much was written.
    let tasks = async || {
        let found =
            story.doctor.get(&format!("/fhir/R4/Task?patient={}", story.mother)).await.expect_status(200);
        found
            .entries()
            .iter()
            .map(|task| (task["description"].clone(), task["status"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(tasks().await, [(json!("Answer the family"), json!("requested"))]);
    let threads = story.doctor.get(&theirs).await.expect_status(200).json();
    let first = &threads["threads"][0];
    assert_eq!(
        (&first["name"], &first["waits"], first["letters"].as_array().unwrap().len()),
        (&json!("Dora"), &json!(true), 2)
    );
    let membership = number(&story.daughter).await;
    write(&story.doctor, &format!("{theirs}/{membership}"), "It heals well.").await.expect_status(201);
    assert_eq!(tasks().await, [(json!("Answer the family"), json!("completed"))]);
    let read = story.daughter.get(&own).await.expect_status(200).json();
    assert_eq!((&read["waits"], &read["letters"][2]["from"]), (&json!(false), &json!("team")));
    assert!(!read.to_string().contains(MARK), "{read}");

    // What is wrong is said; a letter stays as it is, whoever asks; who is no relative is written to by nobody.
    write(&story.daughter, &own, "  ").await.expect_status(400);
    write(&story.daughter, &own, &"x".repeat(4_001)).await.expect_status(400);
    write(&story.doctor, &format!("{theirs}/999"), "x").await.expect_status(404);
    let page = format!("/fhir/R4/Communication/{}", sent["letters"][0]["letter"].as_str().unwrap());
    let known = story.doctor.get(&page).await.expect_status(200);
    let mut changed = known.json();
    changed["payload"] = json!([{"contentString": "another"}]);
    story.doctor.put(&page, &changed).if_match(known.header("etag")).await.expect_status(422);
    changed.as_object_mut().unwrap().remove("id");
    story.doctor.post("/fhir/R4/Communication", &changed).await.expect_status(422);
    let logged = story
        .app
        .superuser()
        .await
        .query("SELECT count(*) FROM audit.event WHERE action = 'letters.write'", &[])
        .await
        .unwrap();
    assert!(logged[0].get::<_, i64>(0) >= 3);
}
