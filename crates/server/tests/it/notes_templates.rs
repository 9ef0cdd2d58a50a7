//! Templates: the house's own, version by version.

use serde_json::{Value, json};
use testkit::{Client, Permission, TestApp};

use crate::notes::{SHIFT, Ward, begin, draft, over, post, ward};
use crate::notes_signed::signed;

const ALL: &str = "/api/note-templates";
const URL: &str = "https://house.example/Questionnaire/foot-care";

fn foot_care(title: &str) -> Value {
    json!({"resourceType": "Questionnaire", "url": URL, "title": title, "status": "draft",
        "code": [{"system": "http://loinc.org", "code": "34746-8"}],
        "item": [{"linkId": "feet", "text": "Feet", "type": "group", "item": [
            {"linkId": "state", "text": "State", "type": "text", "required": true}]}]})
}

async fn listed(client: &Client) -> Vec<(String, String)> {
    let all = client.get(ALL).await.expect_status(200).json();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    all["templates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "template"), text(one, "status")))
        .collect()
}

#[tokio::test]
async fn the_standard_set_is_there_before_anybody_does_anything() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, clinic, north, .. } = ward(&app).await;
    let all = nurse.get(ALL).await.expect_status(200).json();
    let titles: Vec<&str> =
        all["templates"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "Shift note",
            "SOAP note",
            "Admission assessment",
            "Fall",
            "Wound assessment",
            "Behaviour",
            "Physician round",
            "Discharge summary"
        ]
    );
    for one in all["templates"].as_array().unwrap() {
        assert_eq!((&one["standard"], &one["status"]), (&json!(true), &json!("active")));
        begin(&nurse, &resident, one["template"].as_str().unwrap()).await;
    }
    let nobody = clinic.token(&[Permission::PeopleRead], &[&north]).await;
    nobody.get(ALL).await.expect_status(403);
    let reader = clinic.token(&[Permission::ChartRead], &[&north]).await;
    assert_eq!(listed(&reader).await.len(), 8);
}

#[tokio::test]
async fn a_house_makes_publishes_and_retires_its_own() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, clinic, north, .. } = ward(&app).await;
    let editor = clinic.token(&[Permission::TemplatesEdit, Permission::NotesWrite], &[&north]).await;
    let new = |status: &str, title: &str, replaces: Option<&str>| json!({"questionnaire": foot_care(title), "status": status, "replaces": replaces});
    post(&nurse, ALL, &new("draft", "Feet", None)).await.expect_status(403);
    let first = post(&editor, ALL, &new("draft", "Feet", None)).await.expect_status(201).json();
    let (one, two, three) = (format!("{URL}|1"), format!("{URL}|2"), format!("{URL}|3"));
    assert_eq!((&first["template"], &first["standard"]), (&json!(one), &json!(false)));
    assert_eq!(listed(&nurse).await.len(), 8, "a draft is for who edits");
    let path = format!("/api/patients/{resident}/note-drafts");
    post(&nurse, &path, &json!({"template": one})).await.expect_status(404);
    post(&editor, ALL, &new("draft", "Feet", None)).await.expect_status(409);
    post(&editor, ALL, &new("active", "Feet", Some("https://nowhere.example|1"))).await.expect_status(404);
    post(&editor, ALL, &new("active", "Foot care", Some(&one))).await.expect_status(201);
    let stale = post(&editor, ALL, &new("active", "Foot care", Some(&one))).await.expect_status(409).json();
    assert_eq!(stale["code"], "template-changed");
    assert!(listed(&nurse).await.contains(&(two.clone(), "active".to_owned())));
    // A note that was begun goes on with the version it began with.
    let begun = begin(&nurse, &resident, &two).await;
    post(&editor, ALL, &new("active", "Care of the feet", Some(&two))).await.expect_status(201);
    let all = listed(&editor).await;
    for (name, status) in [(&three, "active"), (&two, "retired"), (&one, "retired")] {
        assert!(all.contains(&(name.clone(), status.to_owned())), "{name}: {all:?}");
    }
    post(&nurse, &path, &json!({"template": two})).await.expect_status(404);
    let answers = json!({"answers": {"state": [{"valueString": "Dry"}]}});
    over(&nurse, "PUT", &draft(&begun), 1, &answers).await.expect_status(200);
    let sign = format!("{}/sign", draft(&begun));
    over(&nurse, "POST", &sign, 2, &json!({})).await.expect_status(201);
    let next = begin(&nurse, &resident, &three).await;
    assert_eq!(next["answers"]["state"][0]["valueString"], "Dry", "carried from one version to the next");
    let retire = |name: &str| json!({"template": name});
    post(&editor, &format!("{ALL}/retire"), &retire(&three)).await.expect_status(204);
    post(&editor, &format!("{ALL}/retire"), &retire(&three)).await.expect_status(204);
    post(&editor, &format!("{ALL}/retire"), &retire("x|1")).await.expect_status(404);
    assert_eq!(listed(&nurse).await.len(), 8);
}

#[tokio::test]
async fn a_standard_one_is_changed_and_retired_like_any_other() {
    let app = TestApp::new().await;
    let Ward { nurse, resident, clinic, north, .. } = ward(&app).await;
    let editor = clinic.token(&[Permission::TemplatesEdit], &[&north]).await;
    signed(&nurse, &resident, &crate::notes_signed::shift()).await;
    let all = editor.get(ALL).await.expect_status(200).json();
    let mut questionnaire = all["templates"][0]["questionnaire"].clone();
    questionnaire["title"] = json!("Our shift note");
    let body = json!({"questionnaire": questionnaire, "status": "active", "replaces": SHIFT});
    let made = post(&editor, ALL, &body).await.expect_status(201).json();
    assert_eq!((&made["version"], &made["standard"]), (&json!("2"), &json!(false)));
    let names = listed(&nurse).await;
    assert!(names.len() == 8 && names[0].0.ends_with("shift-note|2"), "{names:?}");
    let next = begin(&nurse, &resident, made["template"].as_str().unwrap()).await;
    assert_eq!(next["answers"]["meal"][0]["valueCoding"]["code"], "half", "of the version before");
    let soap = "https://lamplight.health/fhir/Questionnaire/soap-note|1";
    post(&editor, &format!("{ALL}/retire"), &json!({"template": soap})).await.expect_status(204);
    assert_eq!(listed(&nurse).await.len(), 7);
    let path = format!("/api/patients/{resident}/note-drafts");
    post(&nurse, &path, &json!({"template": soap})).await.expect_status(404);
    // Another organization has what it had.
    let other = app.organization("other").await;
    let there = other.facility("north").await;
    let nurse = other.token(&crate::notes::NURSE, &[&there]).await;
    assert_eq!(listed(&nurse).await.len(), 8);
}

#[tokio::test]
async fn what_is_not_of_the_subset_is_refused_with_where_it_stands() {
    let app = TestApp::new().await;
    let Ward { clinic, north, .. } = ward(&app).await;
    let editor = clinic.all_powers(&[&north]).await;
    let mut wrong = foot_care("Feet");
    wrong["item"][0]["item"][0]["type"] = json!("attachment");
    wrong["item"][0]["item"][0]["text"] = json!("Edeltraud");
    let refused =
        post(&editor, ALL, &json!({"questionnaire": wrong, "status": "active"})).await.expect_status(422);
    assert!(!refused.text().contains("Edeltraud"));
    let refused = refused.json();
    assert_eq!(
        (&refused["code"], &refused["faults"]),
        (&json!("template-invalid"), &json!(["item state: type: not supported"]))
    );
    // Of the subset, and no FHIR.
    let mut wrong = foot_care("Feet");
    wrong["date"] = json!("yesterday");
    let refused = post(&editor, ALL, &json!({"questionnaire": wrong, "status": "active"}))
        .await
        .expect_status(422)
        .json();
    assert_eq!(refused["code"], "template-invalid");
    for body in [
        json!({"questionnaire": [], "status": "active"}),
        json!({"questionnaire": {}, "status": "active"}),
        json!({"questionnaire": {"resourceType": "Patient"}, "status": "active"}),
    ] {
        post(&editor, ALL, &body).await.expect_status(422);
    }
    post(&editor, ALL, &json!({"questionnaire": foot_care("x"), "status": "retired"}))
        .await
        .expect_status(400);
    post(&editor, ALL, &json!({"status": "active"})).await.expect_status(400);
    assert_eq!(listed(&editor).await.len(), 8);
    // Over the FHIR interface none is made or changed.
    let made = post(&editor, ALL, &json!({"questionnaire": foot_care("Feet"), "status": "active"})).await;
    made.expect_status(201);
    let all = editor.get(&format!("/fhir/R4/Questionnaire?url={URL}")).await.expect_status(200).entries();
    let mut copy = all[0].clone();
    let path = format!("/fhir/R4/Questionnaire/{}", copy["id"].as_str().unwrap());
    copy["title"] = json!("Changed");
    let refused = editor.put(&path, &copy).if_match("W/\"1\"").await.expect_status(422);
    assert!(refused.text().contains("note-template"), "{}", refused.text());
    editor.delete(&path).if_match("W/\"1\"").await.expect_status(422);
    copy.as_object_mut().unwrap().remove("id");
    editor.post("/fhir/R4/Questionnaire", &copy).await.expect_status(422);
}
