//! What a note keeps apart and notices: text from markup, signed from altered, one person's proof from another's.

use db::keys::Place;
use kernel::{DataClass, ResourceId, Version};
use serde_json::{Value, json};
use testkit::{PASSWORD, TestApp};

use crate::notes::{NURSE, SHIFT, Ward, begin, draft, over, post, ward};
use crate::notes_signed::{code, note, shift, signed, written};

const ROUND: &str = "https://lamplight.health/fhir/Questionnaire/physician-round|1";

/// Sixty ways to run a script, none of which may.
fn payloads() -> Vec<String> {
    let bare = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<body onload=alert(1)>",
        "<iframe src=javascript:alert(1)>",
        "<a href=javascript:alert(1)>x</a>",
        "<math><mtext><script>alert(1)</script>",
        "<details open ontoggle=alert(1)>",
        "<input autofocus onfocus=alert(1)>",
        "<object data=javascript:alert(1)>",
        "<embed src=javascript:alert(1)>",
        "<base href=//x.example>",
        "<meta http-equiv=refresh content=0>",
        "<style>@import '//x.example'</style>",
        "<link rel=stylesheet href=//x.example>",
    ];
    let shapes: [fn(&str) -> String; 4] = [
        |text| text.to_owned(),
        |text| format!("</p></div>{text}"),
        |text| format!("]]>\"'>{text}<!--"),
        |text| format!("&lt;{text}&gt;&#x3c;{text}").to_uppercase(),
    ];
    shapes.iter().flat_map(|shape| bare.iter().map(|text| shape(text))).collect()
}

#[tokio::test]
async fn sixty_scripts_in_a_note_stay_text() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let payloads = payloads();
    assert_eq!(payloads.len(), 60);
    let mut answers = shift();
    answers["hand-over-text"] = json!([{"valueString": payloads.join("\n")}]);
    answers["events-text"] = json!([{"valueString": payloads.join(" ")}]);
    answers["activities"] = json!([{"valueString": payloads[0]}, {"valueString": payloads[1]}]);
    let id = signed(&ward.nurse, &ward.resident, &answers).await;
    let read = note(&ward.nurse, &id).await;
    let said = read["sections"].as_array().unwrap().iter().find(|one| one["title"] == "Hand-over").unwrap();
    assert_eq!(said["lines"][0], format!("For the next shift: {}", payloads.join("\n")));
    post(&ward.nurse, &format!("/api/notes/{id}/addenda"), &json!({"text": payloads.join("\n")}))
        .await
        .expect_status(201);
    let all =
        ward.nurse.get(&format!("/fhir/R4/Composition?patient={}", ward.resident)).await.expect_status(200);
    for composition in all.entries() {
        for section in composition["section"].as_array().unwrap() {
            let div = section["text"]["div"].as_str().unwrap();
            let tags: Vec<&str> =
                div.split('<').skip(1).filter_map(|rest| rest.split(['>', ' ']).next()).collect();
            assert!(tags.iter().all(|tag| matches!(*tag, "div" | "/div" | "p" | "/p" | "br/")), "{tags:?}");
            assert_eq!(div.matches('"').count(), 2, "the name of the namespace, and no attribute more");
        }
    }
}

/// Somebody who has the keys and reaches the table writes another text into a signed note.
async fn alter(app: &TestApp, ward: &Ward<'_>, rtype: &str, id: &str, edit: impl Fn(&mut Value)) {
    let path = format!("/fhir/R4/{rtype}/{id}");
    let mut document = ward.nurse.get(&path).await.expect_status(200).json();
    edit(&mut document);
    let ctx = ward.clinic.context(&[&ward.north]).await;
    let patient = ward.resident.parse().unwrap();
    let keyring = app.app.store.db().keyring();
    let key = keyring.current_patient_key(&ctx, ward.north.id, patient, DataClass::General).await.unwrap();
    let row: ResourceId = id.parse().unwrap();
    let place = Place {
        organization: ward.clinic.id(),
        patient: Some(patient),
        class: DataClass::General,
        table: 1,
        row,
        version: Version::FIRST,
    };
    let sealed = key.seal(&place, 0, document.to_string().as_bytes(), &app.app.world);
    let sql = "UPDATE chart.resource SET body = $2 WHERE id = $1";
    assert_eq!(app.superuser().await.execute(sql, &[&row.0, &sealed]).await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_altered_behind_the_program_is_not_intact() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let id = signed(&ward.nurse, &ward.resident, &shift()).await;
    // The way it is altered changes nothing by itself.
    alter(&app, &ward, "Composition", &id, |_| {}).await;
    assert_eq!(note(&ward.nurse, &id).await["intact"], true);
    alter(&app, &ward, "Composition", &id, |composition| {
        let div = composition["section"][0]["text"]["div"].as_str().unwrap().replace("Day", "Night");
        composition["section"][0]["text"]["div"] = json!(div);
    })
    .await;
    assert_eq!(note(&ward.nurse, &id).await["intact"], false);
    let refused =
        post(&ward.other, &format!("/api/notes/{id}/co-sign"), &json!({})).await.expect_status(409).json();
    assert_eq!(refused["code"], "note-altered");

    let other = signed(&ward.nurse, &ward.resident, &shift()).await;
    let composition = ward.nurse.get(&format!("/fhir/R4/Composition/{other}")).await.json();
    let response = composition["extension"][0]["valueReference"]["reference"].as_str().unwrap().to_owned();
    alter(&app, &ward, "QuestionnaireResponse", response.split('/').nth(1).unwrap(), |response| {
        response["item"][0]["item"][0]["answer"][0]["valueCoding"]["code"] = json!("night");
    })
    .await;
    assert_eq!(note(&ward.nurse, &other).await["intact"], false);
}

#[tokio::test]
async fn a_template_that_asks_for_it_is_signed_with_a_proof() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.person("doctor@care.example", &NURSE, &[&north]).await;
    let tab = doctor.browser.open("clinic", doctor.membership).await;
    let patient = clinic.all_powers(&[&north]).await;
    let patient = crate::people::admit(&patient, "Alder").await;
    let path = format!("/api/patients/{patient}/note-drafts");
    let new = tab.post(&path, &json!({"template": ROUND})).await.expect_status(201).json();
    let text = |text: &str| json!([{"valueString": text}]);
    let answers = json!({"interval-text": text("Stable"), "assessment-text": text("As before"), "stability": code("stable"),
        "review": code("no-change"), "plan-text": text("Continue")});
    let ask = tab.ask("PUT", &draft(&new)).body("application/json", json!({"answers": answers}).to_string());
    tab.send(ask.if_match("\"1\"")).await.expect_status(200);
    let sign = format!("{}/sign", draft(&new));
    let ask = || tab.ask("POST", &sign).body("application/json", "{}").if_match("\"2\"");
    let refused = tab.send(ask()).await.expect_status(403).json();
    assert_eq!((&refused["code"], &refused["action"]), (&json!("step-up-required"), &json!("sign")));
    let proof = doctor.browser.proof("sign", PASSWORD).await;
    let done = tab.send(ask().header("lamplight-step-up", &proof)).await.expect_status(201).json();
    let read = tab
        .get(&format!("/api/notes/{}", done["composition"].as_str().unwrap()))
        .await
        .expect_status(200)
        .json();
    assert_eq!(read["signed"]["by"], "Somebody Real", "as the post is called");
    assert_eq!(tab.send(ask().header("lamplight-step-up", &proof)).await.status, 410);
}

#[tokio::test]
async fn what_was_saved_is_there_after_the_session_ended() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.person("nurse@care.example", &NURSE, &[&north]).await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    let boss = clinic.all_powers(&[&north]).await;
    let patient = crate::people::admit(&boss, "Alder").await;
    let path = format!("/api/patients/{patient}/note-drafts");
    let new = tab.post(&path, &json!({"template": SHIFT})).await.expect_status(201).json();
    let save = |version: &str, text: &str| {
        let body = json!({"answers": {"hand-over-text": [{"valueString": text}]}}).to_string();
        tab.ask("PUT", &draft(&new)).body("application/json", body).if_match(version)
    };
    tab.send(save("\"1\"", "before")).await.expect_status(200);
    nurse.browser.post("/api/auth/logout", &json!({"scope": "device"})).await.expect_status(204);
    assert_eq!(tab.send(save("\"2\"", "after")).await.status, 401);
    let kept = boss.get(&draft(&new)).await.expect_status(200).json();
    assert_eq!(
        (&kept["version"], &kept["answers"]["hand-over-text"][0]["valueString"]),
        (&json!(2), &json!("before"))
    );
}

#[tokio::test]
async fn nothing_of_a_draft_is_readable_at_rest_or_moves_to_another() {
    const MARK: &str = "Zwetschgendatschi";
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let one = begin(&ward.nurse, &ward.resident, SHIFT).await;
    let two = begin(&ward.nurse, &ward.resident, SHIFT).await;
    let said = json!({"answers": {"hand-over-text": [{"valueString": MARK}]}});
    over(&ward.nurse, "PUT", &draft(&one), 1, &said).await.expect_status(200);
    let superuser = app.superuser().await;
    let rows = superuser.query("SELECT body FROM chart.draft", &[]).await.unwrap();
    for row in &rows {
        let body: Vec<u8> = row.get(0);
        assert!(!body.windows(MARK.len()).any(|part| part == MARK.as_bytes()));
    }
    let moved = "UPDATE chart.draft d SET body = o.body, version = o.version FROM chart.draft o
                  WHERE d.draft_id = $1 AND o.draft_id = $2";
    let id = |draft: &Value| -> uuid::Uuid { draft["id"].as_str().unwrap().parse().unwrap() };
    superuser.execute(moved, &[&id(&two), &id(&one)]).await.unwrap();
    let broken = ward.nurse.get(&draft(&two)).await.expect_status(500);
    assert!(!broken.text().contains(MARK));
    let log = superuser.query("SELECT coalesce(detail, '') FROM audit.event", &[]).await.unwrap();
    assert!(log.iter().all(|row| !row.get::<_, String>(0).contains(MARK)));
    let saved = "SELECT count(*) FROM audit.event WHERE action = 'notes.draft' AND detail LIKE '%saved'";
    assert_eq!(superuser.query_one(saved, &[]).await.unwrap().get::<_, i64>(0), 1, "one event for one save");
    let told: i64 =
        superuser.query_one("SELECT count(*) FROM ops.outbox WHERE type <> 103", &[]).await.unwrap().get(0);
    assert_eq!(told, 0, "a draft is told to nobody");
    let (path, version) = written(&ward.nurse, &ward.resident, SHIFT, &shift()).await;
    assert_eq!((path.is_empty(), version), (false, 2));
}
