//! A patient's keys get a successor while a note is being written and a file is being brought.

use db::Whose;
use db::keys::KeyServices;
use kernel::PatientId;
use serde_json::json;
use testkit::TestApp;

use crate::documents::{PDF, complete, house, link, new, open, pdf, put};
use crate::notes::{SHIFT, begin, draft, over};
use crate::people::{admit, clinic};

/// Which keys the bodies of a table name.
async fn keys_of(app: &TestApp, sql: &str) -> Vec<i32> {
    app.superuser().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_note_and_a_file_that_are_on_their_way_arrive_with_a_new_key() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let note = draft(&begin(&nurse, &patient, SHIFT).await);
    let answers = |text: &str| json!({"answers": {"hand-over-text": [{"valueString": text}]}});
    over(&nurse, "PUT", &note, 1, &answers("before")).await.expect_status(200);
    let file = pdf("marker", 200_000);
    let ticket = open(&nurse, &patient, &new(PDF.0, PDF.1, &file)).await.expect_status(201).json();
    put(&app.stranger(), &ticket, &file).await.expect_status(200);

    let custody = app.database.custody(&KeyServices::default());
    let whose = Whose::Patient(PatientId(patient.parse().unwrap()));
    let mut operator = app.database.operator().await;
    let organization = operator.organization("clinic").await.unwrap().id;
    let data = app.database.operator().await;
    let made = operator.succeed_patient_keys(&custody, (organization, whose), &data).await.unwrap();
    assert_eq!(made, 2, "of the record and of its documents");

    let named = "SELECT get_byte(body, 1) * 256 + get_byte(body, 2) FROM chart.draft";
    for version in 2..100 {
        assert_eq!(nurse.get(&note).await.expect_status(200).json()["version"], version);
        over(&nurse, "PUT", &note, version, &answers(&format!("after {version}"))).await.expect_status(200);
        let read = nurse.get(&note).await.expect_status(200).json();
        assert_eq!(read["answers"]["hand-over-text"][0]["valueString"], format!("after {version}"));
        if keys_of(&app, named).await == [2] {
            break;
        }
        // The program is told within moments.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(keys_of(&app, named).await, [2]);

    let done = complete(&nurse, &ticket).await.expect_status(200).json();
    assert_eq!(done["state"], "clean");
    let minted = link(&nurse, done["document"].as_str().unwrap(), "download").await.expect_status(200).json();
    let given = nurse.get(minted["url"].as_str().unwrap()).await.expect_status(200);
    assert!(given.body == file, "the same bytes");
    // The record of the file was written after: with the new key.
    let named =
        "SELECT get_byte(body, 1) * 256 + get_byte(body, 2) FROM chart.resource WHERE class = 3 ORDER BY 1";
    assert!(keys_of(&app, named).await.iter().all(|key| *key == 2));
}
