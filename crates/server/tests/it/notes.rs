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
