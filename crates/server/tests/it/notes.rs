//! Notes: written, saved, signed.

use serde_json::{Value, json};
use testkit::{Answer, Client, Facility, Organization, Permission, TestApp};

use crate::people::admit;

pub(crate) const SHIFT: &str = "https://lamplight.health/fhir/Questionnaire/shift-note|1";
pub(crate) const NURSE: [Permission; 5] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::ChartWrite,
    Permission::NotesWrite,
    Permission::NotesCoSign,
];

/// A house with two nurses and one resident.
pub(crate) struct Ward<'a> {
    pub(crate) clinic: Organization<'a>,
    pub(crate) north: Facility,
    pub(crate) nurse: Client,
    pub(crate) other: Client,
    pub(crate) resident: String,
}

pub(crate) async fn ward(app: &TestApp) -> Ward<'_> {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let other = clinic.token(&NURSE, &[&north]).await;
    let resident = admit(&nurse, "Alder").await;
    Ward { clinic, north, nurse, other, resident }
}

pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

pub(crate) async fn begin(client: &Client, patient: &str, template: &str) -> Value {
    let path = format!("/api/patients/{patient}/note-drafts");
    post(client, &path, &json!({"template": template})).await.expect_status(201).json()
}

/// Sends a change of a draft over a version.
pub(crate) async fn over(client: &Client, method: &str, path: &str, version: i64, body: &Value) -> Answer {
    let ask = client.ask(method, path).body("application/json", body.to_string());
    ask.if_match(&format!("\"{version}\"")).await
}

pub(crate) fn draft(id: &Value) -> String {
    format!("/api/note-drafts/{}", id["id"].as_str().unwrap_or_else(|| panic!("{id}")))
}

#[tokio::test]
async fn a_note_is_begun_saved_found_again_and_thrown_away() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let (nurse, resident) = (&ward.nurse, &ward.resident);
    let new = begin(nurse, resident, SHIFT).await;
    assert_eq!((&new["version"], &new["own"], &new["last"]), (&json!(1), &json!(true), &Value::Null));
    let path = draft(&new);
    let answers = json!({"hand-over-text": [{"valueString": "Slept badly, offer fluids"}], "fall": [{"valueBoolean": false}]});
    over(nurse, "PUT", &path, 1, &json!({"answers": answers})).await.expect_status(200);
    let saved = nurse.get(&path).await.expect_status(200);
    assert_eq!(saved.header("etag"), "W/\"2\"");
    assert_eq!(saved.json()["answers"], answers);

    let all = format!("/api/patients/{resident}/note-drafts");
    let listed = ward.other.get(&all).await.expect_status(200).json();
    assert_eq!(
        (&listed["drafts"][0]["own"], &listed["drafts"][0]["title"]),
        (&json!(false), &json!("Shift note"))
    );
    let own = nurse.get("/api/note-drafts").await.expect_status(200).json();
    assert_eq!(own["drafts"][0]["patient"]["name"], "Ada Alder");
    assert_eq!(ward.other.get("/api/note-drafts").await.expect_status(200).json()["drafts"], json!([]));

    nurse.delete(&path).await.expect_status(428);
    nurse.delete(&path).if_match("\"1\"").await.expect_status(412);
    nurse.delete(&path).if_match("\"2\"").await.expect_status(204);
    nurse.get(&path).await.expect_status(404);
}

#[tokio::test]
async fn two_people_on_one_draft_lose_nothing() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let path = draft(&begin(&ward.nurse, &ward.resident, SHIFT).await);
    let said = |text: &str| json!({"answers": {"hand-over-text": [{"valueString": text}]}});
    over(&ward.nurse, "PUT", &path, 1, &said("mine")).await.expect_status(200);
    let late = over(&ward.other, "PUT", &path, 1, &said("theirs")).await.expect_status(412);
    assert_eq!(late.header("content-type"), "application/problem+json");
    let late = late.json();
    assert_eq!((&late["code"], &late["status"]), (&json!("draft-changed"), &json!(412)));
    assert_eq!(late["current"]["version"], 2);
    assert_eq!(late["current"]["answers"]["hand-over-text"][0]["valueString"], "mine");
    assert_eq!(
        (&late["current"]["own"], &late["current"]["saved_by"]["name"]),
        (&json!(false), &json!("test"))
    );
    // Whoever has both decides.
    over(&ward.other, "PUT", &path, 2, &said("mine and theirs")).await.expect_status(200);
    let bodies: Vec<Value> = (0..16).map(said_once).collect();
    let who = |n: usize| if n % 2 == 0 { &ward.nurse } else { &ward.other };
    let many = bodies.iter().enumerate().map(|(n, body)| over(who(n), "PUT", &path, 3, body));
    let done = futures_util::future::join_all(many).await;
    assert_eq!(done.iter().filter(|one| one.status == 200).count(), 1);
    assert!(done.iter().all(|one| matches!(one.status, 200 | 412)));
    assert_eq!(ward.nurse.get(&path).await.json()["version"], 4);
}

fn said_once(n: usize) -> Value {
    json!({"answers": {"hand-over-text": [{"valueString": format!("{n}")}]}})
}

#[tokio::test]
async fn a_note_is_begun_once_however_often_it_is_asked() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, .. } = ward(&app).await;
    let path = format!("/api/patients/{resident}/note-drafts");
    let body = json!({"template": SHIFT}).to_string();
    let ask = |key: &str, body: &str| {
        nurse.ask("POST", &path).body("application/json", body.to_owned()).header("idempotency-key", key)
    };
    let many = futures_util::future::join_all((0..6).map(|_| ask("k", &body).into_future())).await;
    let ids: std::collections::BTreeSet<String> =
        many.into_iter().map(|one| one.expect_status(201).json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    ask("k", &json!({"template": crate::notes_signed::FALL}).to_string()).await.expect_status(422);
    ask("", &body).await.expect_status(400);
    let drafts = nurse.get(&path).await.expect_status(200).json();
    assert_eq!(drafts["drafts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_answer_is_refused_and_leaves_what_was_saved() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, .. } = ward(&app).await;
    let path = draft(&begin(&nurse, &resident, SHIFT).await);
    let refused = over(&nurse, "PUT", &path, 1, &json!({"answers": {"pain": [{"valueInteger": 99}]}})).await;
    let refused = refused.expect_status(422).json();
    assert_eq!((&refused["code"], &refused["link_id"]), (&json!("answer-invalid"), &json!("pain")));
    let refused =
        over(&nurse, "PUT", &path, 1, &json!({"answers": {"Edeltraud": [{"valueInteger": 9}]}})).await;
    let refused = refused.expect_status(422);
    assert!(!refused.text().contains("Edeltraud"), "{}", refused.text());
    for (status, body) in [
        (400, json!({"answers": []})),
        (400, json!({"answers": {"pain": [{"valueInteger": "9"}]}})),
        (400, json!({"answers": {"pain": [{"valueAttachment": {}}]}})),
        (400, json!({"answers": {}, "scores": {}})),
        (400, json!({})),
        (413, json!({"answers": {"hand-over-text": [{"valueString": "x".repeat(600 << 10)}]}})),
    ] {
        assert_eq!(over(&nurse, "PUT", &path, 1, &body).await.status, status);
    }
    let text = nurse.ask("PUT", &path).body("text/plain", "{}").if_match("\"1\"").await;
    assert_eq!(text.status, 415);
    for tag in ["1", "\"x\"", "\"1\", \"2\"", "*"] {
        let ask = nurse.ask("PUT", &path).body("application/json", r#"{"answers":{}}"#).if_match(tag).await;
        assert!(matches!(ask.status, 400 | 412), "{tag}: {}", ask.status);
    }
    assert_eq!(nurse.get(&path).await.json()["version"], 1);
    let all = format!("/api/patients/{resident}/note-drafts");
    for template in [
        "",
        "x",
        "https://lamplight.health/fhir/Questionnaire/shift-note|9",
        "https://lamplight.health/fhir/Questionnaire/shift-note",
    ] {
        let refused = post(&nurse, &all, &json!({"template": template})).await.expect_status(404).json();
        assert_eq!(refused["code"], "template-unknown");
    }
    post(
        &nurse,
        "/api/patients/0190a000-0000-7000-8000-000000000000/note-drafts",
        &json!({"template": SHIFT}),
    )
    .await
    .expect_status(404);
    post(&nurse, "/api/patients/nobody/note-drafts", &json!({"template": SHIFT})).await.expect_status(404);
}

#[tokio::test]
async fn drafts_are_for_who_sees_the_whole_record_there_and_holds_the_right() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let path = draft(&begin(&ward.nurse, &ward.resident, SHIFT).await);
    let list = format!("/api/patients/{}/note-drafts", ward.resident);
    let south = ward.clinic.facility("south").await;
    let elsewhere = ward.clinic.token(&NURSE, &[&south]).await;
    let elsewhere_organization = app.organization("other").await;
    let their = elsewhere_organization.facility("north").await;
    let stranger = elsewhere_organization.token(&NURSE, &[&their]).await;
    for client in [&elsewhere, &stranger] {
        client.get(&path).await.expect_status(404);
        client.get(&list).await.expect_status(404);
        over(client, "PUT", &path, 1, &json!({"answers": {}})).await.expect_status(404);
        client.delete(&path).if_match("\"1\"").await.expect_status(404);
        over(client, "POST", &format!("{path}/sign"), 1, &json!({})).await.expect_status(404);
        assert_eq!(client.get("/api/note-drafts").await.expect_status(200).json()["drafts"], json!([]));
    }
    let without = ward.clinic.token(&[Permission::ChartRead, Permission::ChartWrite], &[&ward.north]).await;
    without.get(&path).await.expect_status(403);
    // Somebody from whom a part is hidden, and somebody who comes in by a portal, whatever they hold.
    let number = |client: &Client| {
        let client = client.clone();
        async move { client.get("/api/me").await.expect_status(200).json()["membership"].as_i64().unwrap() }
    };
    let boss = ward.clinic.all_powers(&[&ward.north]).await;
    let hide = format!("/api/people/{}/hidden-fields", number(&ward.other).await);
    let body = json!({"paths": ["Patient.telecom"]}).to_string();
    boss.ask("PUT", &hide).body("application/json", body).await.expect_status(200);
    let portal = "UPDATE org.membership SET plane = 'portal' WHERE membership_id = $1";
    let relative = ward.clinic.token(&NURSE, &[&ward.north]).await;
    let membership = i32::try_from(number(&relative).await).unwrap();
    app.superuser().await.execute(portal, &[&membership]).await.unwrap();
    app.app.store.db().forget_authority();
    for client in [&ward.other, &relative] {
        client.get(&path).await.expect_status(403);
        client.get(&list).await.expect_status(403);
        client.get("/api/note-drafts").await.expect_status(403);
        post(client, &list, &json!({"template": SHIFT})).await.expect_status(403);
        over(client, "PUT", &path, 1, &json!({"answers": {}})).await.expect_status(403);
    }
    assert_eq!(ward.nurse.get(&path).await.expect_status(200).json()["version"], 1);
}

#[tokio::test]
async fn a_draft_goes_with_the_patient_who_moves() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let south = ward.clinic.facility("south").await;
    let there = ward.clinic.token(&NURSE, &[&south]).await;
    let both = ward.clinic.all_powers(&[&ward.north, &south]).await;
    let path = draft(&begin(&ward.nurse, &ward.resident, SHIFT).await);
    over(&ward.nurse, "PUT", &path, 1, &json!({"answers": crate::notes_signed::shift()}))
        .await
        .expect_status(200);
    let patient = both.get(&format!("/fhir/R4/Patient/{}", ward.resident)).await.expect_status(200);
    let body = json!({"facility": "south", "reason": "Closer to her daughter"}).to_string();
    let reassign = both.ask("POST", &format!("/api/patients/{}/reassign", ward.resident));
    reassign.body("application/json", body).if_match(patient.header("etag")).await.expect_status(200);
    ward.nurse.get(&path).await.expect_status(404);
    assert_eq!(ward.nurse.get("/api/note-drafts").await.expect_status(200).json()["drafts"], json!([]));
    let found = there.get(&path).await.expect_status(200).json();
    assert_eq!(found["answers"]["pain"], json!([{"valueInteger": 3}]));
    over(&there, "POST", &format!("{path}/sign"), 2, &json!({})).await.expect_status(201);
}

#[tokio::test]
async fn a_note_opens_with_last_times_values() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let id = crate::notes_signed::signed(&ward.nurse, &ward.resident, &crate::notes_signed::shift()).await;
    let next = begin(&ward.other, &ward.resident, SHIFT).await;
    assert_eq!((&next["last"]["composition"], &next["last"]["by"]), (&json!(id), &json!("test")));
    let answers = next["answers"].as_object().unwrap();
    assert_eq!(answers["meal"][0]["valueCoding"]["code"], "half");
    assert_eq!(answers["hand-over-text"][0]["valueString"], "Offer fluids\nWeigh tomorrow");
    for empty in ["heart-rate", "systolic", "pain", "shift-which"] {
        assert!(!answers.contains_key(empty), "{empty}");
        assert!(next["last"]["answers"].get(empty).is_some(), "{empty}: what it was is there to look at");
    }
    // Of another patient, and of another template, nothing is carried.
    let other = admit(&ward.nurse, "Birch").await;
    assert_eq!(begin(&ward.nurse, &other, SHIFT).await["last"], Value::Null);
    let fall = begin(&ward.nurse, &ward.resident, crate::notes_signed::FALL).await;
    assert_eq!((&fall["last"], &fall["answers"]), (&Value::Null, &json!({})));
    // Nor for somebody who may write notes and read no chart.
    let writes = ward.clinic.token(&[Permission::NotesWrite], &[&ward.north]).await;
    assert_eq!(begin(&writes, &ward.resident, SHIFT).await["last"], Value::Null);
}

#[tokio::test]
async fn snapshots_are_what_is_on_record_for_who_takes_them() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, clinic, north, .. } = ward(&app).await;
    let all = clinic.all_powers(&[&north]).await;
    for (day, weight) in [("02", "61.5"), ("01", "60.0")] {
        let mut body = crate::people::weight(&resident, day, weight);
        body["category"] = json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}]);
        body["code"]["text"] = json!("Weight");
        nurse.post("/fhir/R4/Observation", &body).await.expect_status(201);
    }
    let order = |name: &str, status: &str| {
        json!({"resourceType": "MedicationRequest", "status": status, "intent": "order",
            "medicationCodeableConcept": {"text": name}, "subject": {"reference": format!("Patient/{resident}")},
            "dosageInstruction": [{"text": "1 tablet in the morning"}]})
    };
    nurse.post("/fhir/R4/MedicationRequest", &order("Metformin 500 mg", "active")).await.expect_status(201);
    nurse.post("/fhir/R4/MedicationRequest", &order("Old one", "stopped")).await.expect_status(201);
    // What needs a grant of its own gets into no note that others read, not even of who holds it.
    let mut secret = order("Buprenorphine", "active");
    secret["meta"] =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SUD"}]});
    all.post("/fhir/R4/MedicationRequest", &secret).await.expect_status(201);
    let new = begin(&all, &resident, SHIFT).await;
    let path = format!("{}/snapshots", draft(&new));
    let body = json!({"vitals": true, "medications": true});
    let taken = over(&all, "POST", &path, 1, &body).await.expect_status(200).json();
    let vitals = &taken["snapshots"]["vitals"]["entries"];
    assert_eq!(vitals.as_array().unwrap().len(), 1, "the newest of each");
    assert_eq!((&vitals[0]["text"], &vitals[0]["value"]), (&json!("Weight"), &json!("61.5 kg")));
    let medications = taken["snapshots"]["medications"]["entries"].as_array().unwrap();
    assert_eq!(medications.len(), 1, "{medications:?}");
    assert_eq!(medications[0]["value"], "1 tablet in the morning");
    over(&all, "POST", &path, 1, &body).await.expect_status(412);
    let left = over(&all, "POST", &path, 2, &json!({"vitals": null, "medications": false}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(left["snapshots"]["vitals"], Value::Null);
    assert_eq!(left["snapshots"]["medications"]["entries"].as_array().unwrap().len(), 1);
    over(&all, "PUT", &draft(&new), 3, &json!({"answers": crate::notes_signed::shift()}))
        .await
        .expect_status(200);
    let sign = format!("{}/sign", draft(&new));
    let id = over(&all, "POST", &sign, 4, &json!({})).await.expect_status(201).json()["composition"].clone();
    let composition =
        all.get(&format!("/fhir/R4/Composition/{}", id.as_str().unwrap())).await.expect_status(200).json();
    let section =
        composition["section"].as_array().unwrap().iter().find(|one| one["title"] == "Active medications");
    assert_eq!(section.unwrap()["entry"][0]["reference"], medications[0]["reference"]);
}

#[tokio::test]
async fn a_post_has_one_key_of_its_own_for_its_journal() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let key = |client: &Client| {
        let client = client.clone();
        async move {
            let answer = client.get("/api/me/journal-key").await.expect_status(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            answer.json()
        }
    };
    let (one, again, other) = (key(&ward.nurse).await, key(&ward.nurse).await, key(&ward.other).await);
    assert_eq!(one, again);
    assert_ne!(one["key"], other["key"]);
    assert_ne!(one["id"], other["id"]);
    assert_eq!(one["key"].as_str().unwrap().len(), 43, "32 bytes in base64url");
    app.stranger().get("/api/me/journal-key").await.expect_status(401);
}
