//! Signed notes: once, whole, for ever.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Client, Permission, TestApp};

use crate::notes::{SHIFT, Ward, begin, draft, over, post, ward};
use crate::people::admit;

pub(crate) const FALL: &str = "https://lamplight.health/fhir/Questionnaire/fall|1";
const ANSWER: &str = "https://lamplight.health/fhir/CodeSystem/note-answer";

pub(crate) fn code(code: &str) -> Value {
    json!([{"valueCoding": {"system": ANSWER, "code": code}}])
}

fn amount(value: f64) -> Value {
    json!([{"valueQuantity": {"value": value}}])
}

/// What a shift note must say, and some more.
pub(crate) fn shift() -> Value {
    json!({
        "shift-which": code("day"), "consciousness": code("alert-oriented"), "meal": code("half"), "skin": code("intact"),
        "mood": [code("calm")[0].clone(), code("quiet")[0].clone()],
        "systolic": amount(128.0), "diastolic": amount(76.0), "heart-rate": amount(72.0), "pain": [{"valueInteger": 3}],
        "hand-over-text": [{"valueString": "Offer fluids\nWeigh tomorrow"}],
    })
}

/// Writes a note and gives the path of its draft and its version.
pub(crate) async fn written(
    client: &Client,
    patient: &str,
    template: &str,
    answers: &Value,
) -> (String, i64) {
    let new = begin(client, patient, template).await;
    let path = draft(&new);
    let version = new["version"].as_i64().unwrap();
    let body = json!({"answers": answers});
    let saved = over(client, "PUT", &path, version, &body).await.expect_status(200).json();
    (path, saved["version"].as_i64().unwrap())
}

pub(crate) async fn signed(client: &Client, patient: &str, answers: &Value) -> String {
    let (path, version) = written(client, patient, SHIFT, answers).await;
    let done = over(client, "POST", &format!("{path}/sign"), version, &json!({})).await.expect_status(201);
    done.json()["composition"].as_str().unwrap().to_owned()
}

pub(crate) async fn note(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/notes/{id}")).await.expect_status(200).json()
}

async fn found(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/fhir/R4/{query}")).await.expect_status(200).entries()
}

#[tokio::test]
async fn a_signed_note_is_a_composition_its_answers_what_was_measured_and_a_signature() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, .. } = ward(&app).await;
    let (path, version) = written(&nurse, &resident, SHIFT, &shift()).await;
    let summary = nurse.get(&format!("{path}/summary")).await.expect_status(200).json();
    assert_eq!(summary["missing"], json!([]));
    let done =
        over(&nurse, "POST", &format!("{path}/sign"), version, &json!({})).await.expect_status(201).json();
    let id = done["composition"].as_str().unwrap();

    let composition = nurse.get(&format!("/fhir/R4/Composition/{id}")).await.expect_status(200).json();
    assert_eq!((&composition["status"], &composition["title"]), (&json!("final"), &json!("Shift note")));
    assert_eq!(composition["type"]["coding"][0]["code"], "34746-8");
    assert_eq!(composition["author"][0]["display"], "test");
    let read = note(&nurse, id).await;
    assert_eq!((&read["intact"], &read["hash"]), (&json!(true), &done["hash"]));
    assert_eq!(read["sections"], summary["sections"], "what was read is what is signed");
    let vitals =
        read["sections"].as_array().unwrap().iter().find(|one| one["title"] == "Vital signs").unwrap();
    assert_eq!(
        vitals["lines"],
        json!([
            "Blood pressure: Systolic 128 mmHg, Diastolic 76 mmHg",
            "Heart rate: 72 /min",
            "Pain, 0 to 10: 3"
        ])
    );
    assert_eq!(read["answers"]["hand-over-text"], shift()["hand-over-text"]);

    let pressure = found(&nurse, &format!("Observation?patient={resident}&code=85354-9")).await;
    assert_eq!(pressure.len(), 1);
    assert_eq!(pressure[0]["component"][0]["valueQuantity"]["value"], 128.0);
    assert_eq!(pressure[0]["component"][0]["valueQuantity"]["code"], "mm[Hg]");
    assert_eq!(pressure[0]["category"][0]["coding"][0]["code"], "vital-signs");
    let response = pressure[0]["derivedFrom"][0]["reference"].as_str().unwrap();
    let response = nurse.get(&format!("/fhir/R4/{response}")).await.expect_status(200).json();
    assert_eq!((&response["status"], &response["questionnaire"]), (&json!("completed"), &json!(SHIFT)));
    let pain = found(&nurse, &format!("Observation?patient={resident}&code=72514-3")).await;
    assert_eq!(pain[0]["valueInteger"], 3);
    let signatures = found(&nurse, &format!("Provenance?patient={resident}&target=Composition/{id}")).await;
    assert_eq!(signatures.len(), 1);
    assert_eq!(signatures[0]["target"][1]["reference"], format!("Patient/{resident}"));
    let template =
        found(&nurse, "Questionnaire?url=https://lamplight.health/fhir/Questionnaire/shift-note").await;
    assert_eq!(template.len(), 1, "kept with the organization from the first signature on");

    // The draft is one no more, and says as what it was signed.
    for (method, inner) in [("GET", ""), ("PUT", ""), ("POST", "/sign"), ("DELETE", "")] {
        let body = if method == "PUT" { json!({"answers": {}}) } else { json!({}) };
        let gone =
            over(&nurse, method, &format!("{path}{inner}"), version, &body).await.expect_status(410).json();
        assert_eq!((&gone["code"], &gone["composition"]), (&json!("draft-signed"), &json!(id)), "{method}");
    }
    let logged = app
        .superuser()
        .await
        .query("SELECT detail FROM audit.event WHERE action = 'notes.sign' AND outcome = 'success'", &[])
        .await
        .unwrap();
    let detail: String = logged[0].get(0);
    assert!(logged.len() == 1 && detail.contains(done["hash"].as_str().unwrap()), "{detail}");
}

#[tokio::test]
async fn twenty_who_sign_at_once_sign_once() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let (path, version) = written(&ward.nurse, &ward.resident, SHIFT, &shift()).await;
    let sign = format!("{path}/sign");
    let body = json!({});
    let all = (0..20)
        .map(|n| over(if n % 2 == 0 { &ward.nurse } else { &ward.other }, "POST", &sign, version, &body));
    let done = join_all(all).await;
    let made: Vec<_> = done.iter().filter(|one| one.status == 201).collect();
    assert_eq!(made.len(), 1);
    let id = made[0].json()["composition"].clone();
    for one in done.iter().filter(|one| one.status != 201) {
        assert_eq!((one.status, &one.json()["composition"]), (410, &id), "{}", one.text());
    }
    let query = format!("Composition?patient={}", ward.resident);
    assert_eq!(found(&ward.nurse, &query).await.len(), 1);
    let query = format!("Observation?patient={}&code=8867-4", ward.resident);
    assert_eq!(found(&ward.nurse, &query).await.len(), 1);
}

#[tokio::test]
async fn two_first_notes_at_once_store_their_template_once() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let other = admit(&ward.nurse, "Birch").await;
    let (one, first) = written(&ward.nurse, &ward.resident, SHIFT, &shift()).await;
    let (two, second) = written(&ward.nurse, &other, SHIFT, &shift()).await;
    let (one, two, body) = (format!("{one}/sign"), format!("{two}/sign"), json!({}));
    let done = tokio::join!(
        over(&ward.nurse, "POST", &one, first, &body),
        over(&ward.other, "POST", &two, second, &body)
    );
    done.0.expect_status(201);
    done.1.expect_status(201);
    assert_eq!(found(&ward.nurse, "Questionnaire?status=active").await.len(), 1);
}

#[tokio::test]
async fn what_is_required_is_asked_for_and_nothing_is_written_without_it() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, .. } = ward(&app).await;
    let (path, version) = written(&nurse, &resident, SHIFT, &json!({"bladder": code("catheter")})).await;
    let sign = format!("{path}/sign");
    let refused = over(&nurse, "POST", &sign, version, &json!({})).await.expect_status(422).json();
    assert_eq!(refused["code"], "note-incomplete");
    assert_eq!(refused["missing"], json!(["shift-which", "consciousness", "meal", "skin"]));
    over(&nurse, "POST", &sign, version - 1, &json!({})).await.expect_status(412);
    nurse.ask("POST", &sign).body("application/json", "{}").await.expect_status(428);
    over(&nurse, "POST", &sign, version, &json!({"reason": "none"})).await.expect_status(400);
    over(&nurse, "POST", &sign, version, &json!({"hash": "00"})).await.expect_status(400);
    assert_eq!(found(&nurse, &format!("Composition?patient={resident}")).await.len(), 0);
    nurse.get(&path).await.expect_status(200);
}

#[tokio::test]
async fn a_signed_note_is_changed_and_deleted_by_nobody() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let boss = ward.clinic.all_powers(&[&ward.north]).await;
    let id = signed(&ward.nurse, &ward.resident, &shift()).await;
    post(&ward.nurse, &format!("/api/notes/{id}/addenda"), &json!({"text": "More"})).await.expect_status(201);
    let mut records = Vec::new();
    for rtype in ["Composition", "QuestionnaireResponse", "Observation", "Provenance"] {
        for one in found(&boss, &format!("{rtype}?patient={}", ward.resident)).await {
            records.push((format!("{rtype}/{}", one["id"].as_str().unwrap()), one));
        }
    }
    assert!(records.len() >= 8, "{}", records.len());
    for (path, record) in &records {
        let full = format!("/fhir/R4/{path}");
        let before = boss.get(&full).await.expect_status(200);
        let etag = before.header("etag").to_owned();
        let mut bare = record.clone();
        bare["language"] = json!("en");
        let mut unmarked = bare.clone();
        for name in ["identifier", "policy"] {
            unmarked.as_object_mut().unwrap().remove(name);
        }
        for body in [&bare, &unmarked] {
            let refused = boss.put(&full, body).if_match(&etag).await;
            assert!(matches!(refused.status, 409 | 422), "{path}: {}", refused.text());
            assert!(refused.text().contains("note-signed"), "{path}: {}", refused.text());
            let entry = json!({"resource": body, "request": {"method": "PUT", "url": path, "ifMatch": etag}});
            let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]});
            let refused = boss.post("/fhir/R4", &bundle).await;
            assert!(matches!(refused.status, 409 | 422), "{path}: {}", refused.text());
        }
        boss.delete(&full).if_match(&etag).await.expect_status(409);
        let patch = boss.ask("PATCH", &full).body("application/json-patch+json", "[]").await;
        assert_eq!(patch.status, 405, "{path}");
        for kind in ["transaction", "batch"] {
            let entry = json!({"request": {"method": "DELETE", "url": path, "ifMatch": etag}});
            let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
            let refused = boss.post("/fhir/R4", &bundle).await;
            assert!(refused.text().contains("note-signed"), "{path} {kind}: {}", refused.text());
        }
        let after = boss.get(&full).await.expect_status(200);
        assert_eq!((after.header("etag"), after.text()), (etag.as_str(), before.text()), "{path}");
        // Nor is one made that only looks signed.
        let mut copy = record.clone();
        copy.as_object_mut().unwrap().remove("id");
        let rtype = path.split('/').next().unwrap();
        let refused = boss.post(&format!("/fhir/R4/{rtype}"), &copy).await.expect_status(422);
        assert!(refused.text().contains("note-signed"), "{}", refused.text());
    }
    assert_eq!(note(&boss, &id).await["intact"], true);
    let denied =
        "SELECT count(*) FROM audit.event WHERE reason = 'kept by its own rules' AND outcome = 'denied'";
    let denied: i64 = app.superuser().await.query_one(denied, &[]).await.unwrap().get(0);
    assert!(denied > 0);
}

#[tokio::test]
async fn a_note_is_corrected_by_a_new_one_and_stays_byte_for_byte() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let (nurse, resident) = (&ward.nurse, &ward.resident);
    let old = signed(nurse, resident, &shift()).await;
    let before = nurse.get(&format!("/fhir/R4/Composition/{old}")).await.expect_status(200).text();
    let path = format!("/api/patients/{resident}/note-drafts");
    let (one, two) = (
        post(nurse, &path, &json!({"corrects": old})).await.expect_status(201).json(),
        post(&ward.other, &path, &json!({"corrects": old})).await.expect_status(201).json(),
    );
    assert_eq!(one["corrects"], json!(old));
    assert_eq!(one["answers"]["heart-rate"][0]["valueQuantity"]["value"], 72.0, "it opens as the note was");
    let mut answers = shift();
    answers["heart-rate"] = amount(92.0);
    over(nurse, "PUT", &draft(&one), 1, &json!({"answers": answers})).await.expect_status(200);
    let sign = format!("{}/sign", draft(&one));
    let refused = over(nurse, "POST", &sign, 2, &json!({})).await.expect_status(400).json();
    assert_eq!(refused["code"], "invalid");
    let body = json!({"reason": "Typed 72 for 92"});
    let new = over(nurse, "POST", &sign, 2, &body).await.expect_status(201).json()["composition"].clone();
    let new = new.as_str().unwrap();
    let read = note(nurse, new).await;
    assert_eq!((&read["replaces"], &read["reason"]), (&json!(old), &json!("Typed 72 for 92")));
    assert_eq!(read["intact"], true);
    let was = note(nurse, &old).await;
    assert_eq!((&was["replaced_by"], &was["intact"]), (&json!(new), &json!(true)));
    assert_eq!(nurse.get(&format!("/fhir/R4/Composition/{old}")).await.text(), before);
    // A note is corrected once; what corrects it can be corrected.
    let late = format!("{}/sign", draft(&two));
    let refused = over(&ward.other, "POST", &late, 1, &body).await.expect_status(409).json();
    assert_eq!(refused["code"], "already-corrected");
    ward.other.get(&draft(&two)).await.expect_status(200);
    // A new note begins with what was corrected.
    let next = begin(nurse, resident, SHIFT).await;
    assert_eq!(next["last"]["composition"], json!(new));
    assert_eq!(next["last"]["answers"]["heart-rate"][0]["valueQuantity"]["value"], 92.0);
    let elsewhere = admit(nurse, "Birch").await;
    let path = format!("/api/patients/{elsewhere}/note-drafts");
    post(nurse, &path, &json!({"corrects": old})).await.expect_status(404);
    post(nurse, &path, &json!({"corrects": old, "template": SHIFT})).await.expect_status(400);
    post(nurse, &path, &json!({})).await.expect_status(400);
}

#[tokio::test]
async fn something_is_added_and_a_second_person_signs() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let answers = json!({
        "when": [{"valueDateTime": "2026-05-04T08:00:00Z"}], "where": code("bathroom"), "seen": code("found-on-the-floor"),
        "words": [{"valueString": "Slipped"}], "head": code("no"), "consciousness": code("alert-oriented"),
        "anticoagulant": [{"valueBoolean": false}], "injury": code("none-seen"), "movement": code("yes"),
        "actions": code("helped-up"), "physician-told": [{"valueBoolean": false}], "family-told": [{"valueBoolean": false}],
        "prevention": [{"valueString": "Night light"}], "morse-history": code("yes"), "morse-diagnosis": code("yes"),
        "morse-aid": code("holds-on-to-furniture"), "morse-iv": code("no"), "morse-gait": code("impaired"),
        "morse-mental": code("forgets-own-limits"),
    });
    let (path, version) = written(&ward.nurse, &ward.resident, FALL, &answers).await;
    let sign = format!("{path}/sign");
    let id = over(&ward.nurse, "POST", &sign, version, &json!({})).await.expect_status(201).json();
    let id = id["composition"].as_str().unwrap();
    let score = found(&ward.nurse, &format!("Observation?patient={}&code=morse", ward.resident)).await;
    assert_eq!(
        (&score[0]["valueInteger"], &score[0]["interpretation"][0]["text"]),
        (&json!(105), &json!("High risk of falling"))
    );
    assert_eq!(score[0]["category"][0]["coding"][0]["code"], "survey");
    assert_eq!(note(&ward.nurse, id).await["needs_co_sign"], true);
    let co_sign = format!("/api/notes/{id}/co-sign");
    let own = post(&ward.nurse, &co_sign, &json!({})).await.expect_status(403).json();
    assert_eq!(own["code"], "own-note");
    let body = json!({});
    let twice = tokio::join!(post(&ward.other, &co_sign, &body), post(&ward.other, &co_sign, &body));
    let mut statuses = [twice.0.status, twice.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let read = note(&ward.nurse, id).await;
    assert_eq!((&read["needs_co_sign"], read["co_signed"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(read["intact"], true);

    let addenda = format!("/api/notes/{id}/addenda");
    for wrong in
        [json!({"text": "  "}), json!({"text": "a\u{0}b"}), json!({}), json!({"text": "x".repeat(20_001)})]
    {
        assert_eq!(post(&ward.other, &addenda, &wrong).await.status, 400);
    }
    let added =
        post(&ward.other, &addenda, &json!({"text": "The daughter called.\n<b>Fine</b> & well."})).await;
    let added = added.expect_status(201).json()["composition"].clone();
    let read = note(&ward.nurse, id).await;
    assert_eq!(read["addenda"][0]["text"], "The daughter called.\n<b>Fine</b> & well.");
    assert_eq!((&read["addenda"][0]["composition"], &read["intact"]), (&added, &json!(true)));
    let added = added.as_str().unwrap();
    assert_eq!(note(&ward.nurse, added).await["intact"], true);
    post(&ward.nurse, &format!("/api/notes/{added}/addenda"), &json!({"text": "x"})).await.expect_status(400);
    // A Composition that was never signed is no note.
    let other = json!({"resourceType": "Composition", "status": "final", "type": {"text": "x"}, "title": "x", "date": "2026-01-01",
        "author": [{"display": "x"}], "subject": {"reference": format!("Patient/{}", ward.resident)}});
    let other = ward.nurse.post("/fhir/R4/Composition", &other).await.expect_status(201).id();
    ward.nurse.get(&format!("/api/notes/{other}")).await.expect_status(404);
}

#[tokio::test]
async fn a_signed_note_goes_to_paper_as_whoever_asks_may_read_it() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let id = signed(&ward.nurse, &ward.resident, &shift()).await;
    let path = format!("/api/notes/{id}/pdf");
    let paper = ward.nurse.get(&path).await.expect_status(200);
    assert_eq!(paper.header("content-type"), "application/pdf");
    assert_eq!(paper.header("content-disposition"), "attachment; filename=\"note.pdf\"");
    assert_eq!(paper.header("cache-control"), "no-store");
    assert!(paper.body.starts_with(b"%PDF-1.7"));
    assert_eq!(ward.other.get(&path).await.expect_status(200).body, paper.body, "the same for everybody");
    let added = json!({"text": "Weighed: 61 kg"});
    post(&ward.other, &format!("/api/notes/{id}/addenda"), &added).await.expect_status(201);
    assert!(ward.nurse.get(&path).await.expect_status(200).body.len() > paper.body.len());

    let elsewhere = app.organization("elsewhere").await;
    let stranger = elsewhere.all_powers(&[&elsewhere.facility("south").await]).await;
    stranger.get(&path).await.expect_status(404);
    let desk = ward.clinic.token(&[Permission::ChartSearch], &[&ward.north]).await;
    desk.get(&path).await.expect_status(403);
    let log = app.superuser().await;
    let sql = "SELECT count(*) FROM audit.event WHERE outcome = 'success' AND action = 'chart.read' AND resource_id = $1";
    let seen: i64 = log.query_one(sql, &[&id.parse::<uuid::Uuid>().unwrap()]).await.unwrap().get(0);
    assert!(seen >= 3, "who printed it is in the log: {seen}");
}
