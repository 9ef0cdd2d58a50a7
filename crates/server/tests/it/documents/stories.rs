//! What somebody does with files.

use serde_json::{Value, json};
use testkit::{Permission, TestApp};

use super::{PDF, complete, house, link, new, open, pdf, put, upload};
use crate::people::{admit, clinic};

#[tokio::test]
async fn a_file_is_put_into_a_record_and_comes_out_as_it_went_in() {
    let (app, folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("wolframite-marker", 300_000);
    let ticket =
        open(&nurse, &patient, &new("../../Über count.PDF", PDF.1, &file)).await.expect_status(201).json();
    assert_eq!(ticket["method"], "PUT");
    assert!(!ticket["url"].as_str().unwrap().contains(&patient), "no address says whose it is");
    // Nobody needs a token to bring the bytes: the address is what lets in.
    put(&app.stranger(), &ticket, &file).await.expect_status(200);
    let waits = nurse.get(&format!("/api/documents/uploads/{}", ticket["document"].as_str().unwrap())).await;
    assert_eq!(waits.expect_status(200).json()["state"], "waiting");
    let done = complete(&nurse, &ticket).await.expect_status(200).json();
    assert_eq!(done, json!({"document": ticket["document"], "state": "clean", "reason": null}));
    assert_eq!(
        complete(&nurse, &ticket).await.expect_status(200).json(),
        done,
        "asked again, it tells the same"
    );

    let id = done["document"].as_str().unwrap();
    let reference = nurse.get(&format!("/fhir/R4/DocumentReference/{id}")).await.expect_status(200).json();
    let attachment = &reference["content"][0]["attachment"];
    assert_eq!(reference["subject"]["reference"], format!("Patient/{patient}"));
    assert_eq!(reference["description"], "Blood count");
    assert_eq!(attachment["title"], "Über count.pdf");
    assert_eq!(attachment["size"], file.len());
    assert_eq!(attachment["url"], format!("Binary/{id}"));
    assert_eq!(attachment["creation"], "2026-03-01");
    let found = nurse.get(&format!("/fhir/R4/DocumentReference?patient={patient}")).await.entries();
    assert_eq!(found.len(), 1);

    let minted = link(&nurse, id, "download").await.expect_status(200).json();
    let given = nurse.get(minted["url"].as_str().unwrap()).await.expect_status(200);
    assert!(given.body == file, "the same bytes");
    assert_eq!(given.header("content-type"), "application/pdf");
    assert_eq!(
        given.header("content-disposition"),
        "attachment; filename=\"_ber count.pdf\"; filename*=UTF-8''%C3%9Cber%20count.pdf"
    );
    assert_eq!(given.header("cache-control"), "no-store");
    assert_eq!(given.header("x-content-type-options"), "nosniff");
    assert_eq!(given.header("cross-origin-resource-policy"), "same-origin");
    assert!(given.header("content-security-policy").contains("sandbox"));

    // At rest there is one file under a name that says nothing, and nothing of it can be read.
    let files = folder.files();
    assert_eq!(files.len(), 1, "{:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let (name, sealed) = &files[0];
    assert!(name.contains("/sealed/") && !name.contains(&patient) && !name.contains(id));
    let marker = b"wolframite-marker";
    assert!(!sealed.windows(marker.len()).any(|window| window == marker));
    assert!(!sealed.windows(4).any(|window| window == b"%PDF"));
}

#[tokio::test]
async fn a_viewer_reads_part_by_part() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let file = pdf("", 200_000);
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &file).await;
    let minted = link(&nurse, &id, "preview").await.expect_status(200).json();
    let url = minted["url"].as_str().unwrap();
    let last = file.len() - 1;
    for (from, to) in [(0, 0), (0, 65_535), (65_530, 65_540), (131_072, 131_072), (199_000, last)] {
        let part = nurse.get(url).header("range", &format!("bytes={from}-{to}")).await.expect_status(206);
        assert!(part.body == file[from..=to], "{from}-{to}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{}", file.len()));
        assert!(part.header("content-disposition").starts_with("inline"));
    }
    let end = nurse.get(url).header("range", "bytes=-5").await.expect_status(206);
    assert!(end.body == file[file.len() - 5..]);
    let beyond = nurse.get(url).header("range", "bytes=999999999-").await.expect_status(416);
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", file.len()));
}

#[tokio::test]
async fn a_file_never_changes_and_is_entered_in_error_with_a_reason() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &pdf("", 10)).await;
    let path = format!("/fhir/R4/DocumentReference/{id}");
    let now = nurse.get(&path).await;
    let reference = now.json();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut reference = reference.clone();
        change(&mut reference);
        reference
    };
    let wrong: [&dyn Fn(&mut Value); 4] = [
        &|one| one["content"][0]["attachment"]["size"] = json!(1),
        &|one| one["content"][0]["attachment"]["url"] = json!("https://evil.example/x.pdf"),
        &|one| one["masterIdentifier"]["value"] = json!("another"),
        &|one| one["date"] = json!("2020-01-01T00:00:00Z"),
    ];
    for change in wrong {
        nurse.put(&path, &changed(change)).if_match(now.header("etag")).await.expect_status(422);
    }
    let error = changed(&|one| one["status"] = json!("entered-in-error"));
    nurse.put(&path, &error).if_match(now.header("etag")).await.expect_status(422);
    let told = changed(&|one| {
        one["status"] = json!("entered-in-error");
        one["extension"] = json!([{"url": chart::STATUS_REASON, "valueString": "another resident's"}]);
    });
    nurse.put(&path, &told).if_match(now.header("etag")).await.expect_status(200);
    // The bytes are still there for whoever looks into it.
    let minted = link(&nurse, &id, "download").await.expect_status(200).json();
    nurse.get(minted["url"].as_str().unwrap()).await.expect_status(200);
    // The next version of it is a document of its own.
    let mut next = new("again.pdf", PDF.1, &pdf("again", 10));
    next["replaces"] = json!(id);
    let ticket = open(&nurse, &patient, &next).await.expect_status(201).json();
    put(&app.stranger(), &ticket, &pdf("again", 10)).await.expect_status(200);
    let done = complete(&nurse, &ticket).await.expect_status(200).json();
    let path = format!("/fhir/R4/DocumentReference/{}", done["document"].as_str().unwrap());
    let reference = nurse.get(&path).await.expect_status(200).json();
    assert_eq!(reference["relatesTo"][0]["target"]["reference"], format!("DocumentReference/{id}"));
    // Nobody makes a DocumentReference that leads to another's file.
    let other = admit(&nurse, "Elsewhere").await;
    let mut copy = reference.clone();
    copy["subject"]["reference"] = json!(format!("Patient/{other}"));
    copy.as_object_mut().unwrap().remove("relatesTo");
    let made = nurse.post("/fhir/R4/DocumentReference", &copy).await.expect_status(201).id();
    link(&nurse, &made, "download").await.expect_status(404);
    next["replaces"] = json!(made);
    open(&nurse, &patient, &next).await.expect_status(400);
}

#[tokio::test]
async fn every_look_is_in_the_log() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let patient = admit(&nurse, "Ember").await;
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &pdf("", 10)).await;
    let minted = link(&nurse, &id, "preview").await.expect_status(200).json();
    let url = minted["url"].as_str().unwrap().to_owned();
    nurse.get(&url).await.expect_status(200);
    let rows = app
        .superuser()
        .await
        .query(
            "SELECT e.action, e.outcome, e.detail FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
              WHERE s.patient_id::text = $1 AND e.action LIKE 'documents.%' ORDER BY e.at",
            &[&patient],
        )
        .await
        .unwrap();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {}",
                row.get::<_, &str>(0),
                row.get::<_, &str>(1),
                row.get::<_, &str>(2).replace(&id, "ID")
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "documents.upload success document ID opened",
            "documents.download success link for preview",
            "documents.download success preview bytes 0-42",
        ],
    );
    // Neither a word of it nor its name is anywhere in the log.
    let told: i64 = app
        .superuser()
        .await
        .query_one(
            "SELECT count(*) FROM audit.event WHERE detail LIKE '%count%pdf%' OR detail LIKE '%Blood%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(told, 0);
}

#[tokio::test]
async fn a_document_goes_where_its_patient_goes() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let boss = clinic.all_powers(&[&north, &south]).await;
    let here = clinic.token(&Permission::ALL, &[&north]).await;
    let there = clinic.token(&Permission::ALL, &[&south]).await;
    let patient = boss
        .post("/fhir/R4/Patient", &crate::people::patient("Ember", "Ada"))
        .facility("north")
        .await
        .expect_status(201);
    let id = patient.id();
    let (document, ..) = upload(&app, &here, &id, PDF, &pdf("", 10)).await;
    let waits = open(&here, &id, &new("b.pdf", PDF.1, &pdf("b", 10))).await.expect_status(201).json();
    link(&there, &document, "download").await.expect_status(404);
    let minted = link(&here, &document, "download").await.expect_status(200).json();
    let body = json!({"facility": "south", "reason": "moved house"}).to_string();
    boss.ask("POST", &format!("/api/patients/{id}/reassign"))
        .body("application/json", body)
        .if_match(patient.header("etag"))
        .await
        .expect_status(200);
    here.get(minted["url"].as_str().unwrap()).await.expect_status(404);
    link(&here, &document, "download").await.expect_status(404);
    complete(&here, &waits).await.expect_status(404);
    let minted = link(&there, &document, "download").await.expect_status(200).json();
    there.get(minted["url"].as_str().unwrap()).await.expect_status(200);
}

/// Two records of one person become one by giving records another patient: here as the database sees it.
#[tokio::test]
async fn a_document_goes_over_with_its_record_and_stays_sealed_as_it_was() {
    let (app, _folder) = house().await;
    let (_, nurse) = clinic(&app).await;
    let (patient, other) = (admit(&nurse, "Ember").await, admit(&nurse, "Ember").await);
    let (id, ..) = upload(&app, &nurse, &patient, PDF, &pdf("", 10)).await;
    let su = app.superuser().await;
    let carry = "UPDATE chart.resource SET patient_id = $1::text::uuid WHERE id = $2::text::uuid";
    su.execute(carry, &[&other, &id]).await.unwrap();
    let row = su
        .query_one(
            "SELECT patient_id::text, sealed_for::text FROM org.document WHERE document_id::text = $1",
            &[&id],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, String>(0), row.get::<_, String>(1)), (other, patient));
}
