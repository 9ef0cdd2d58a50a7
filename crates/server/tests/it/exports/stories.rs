//! What somebody gets who exports.

use serde_json::{Value, json};

use super::{House, kick_off, settled, weigh, whole};
use crate::people::{admit, clinic, patient, weight};

#[tokio::test]
async fn what_was_put_in_comes_out_by_a_queued_export() {
    let house = House::new(3).await;
    let (_, nurse) = clinic(&house.app).await;
    let ember = admit(&nurse, "Wolframite").await;
    admit(&nurse, "Cinder").await;
    weigh(&nurse, &ember, 10, 0).await;
    // Numbers and blanks as they were written.
    let odd = format!(
        "{{ \"resourceType\" : \"Observation\",\n \"status\":\"final\", \"code\":{{\"text\":\"Weight\"}},\r\n \
         \"subject\":{{\"reference\":\"Patient/{ember}\"}}, \"valueQuantity\":{{\"value\":40.50}} }}"
    );
    nurse.ask("POST", "/fhir/R4/Observation").body("application/fhir+json", odd).await.expect_status(201);
    let practitioner = json!({"resourceType": "Practitioner", "name": [{"family": "Hale"}]});
    nurse.post("/fhir/R4/Practitioner", &practitioner).await.expect_status(201);

    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    let done = settled(&nurse, &status).await.expect_status(200);
    assert_eq!(done.header("content-type"), "application/json");
    assert!(!done.header("expires").is_empty());
    let manifest = done.json();
    assert_eq!(manifest["request"], "http://localhost/fhir/R4/$export");
    assert_eq!(manifest["requiresAccessToken"], true);
    assert_eq!((&manifest["error"], &manifest["deleted"]), (&json!([]), &json!([])));
    let at: jiff::Timestamp = manifest["transactionTime"].as_str().unwrap().parse().unwrap();
    assert!(at <= house.app.app.world.now());
    let counts: Vec<(&str, u64)> = manifest["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["type"].as_str().unwrap(), file["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [("Observation", 11), ("Patient", 2), ("Practitioner", 1)]);
    // Each line is what a read gives, to the byte but for line breaks.
    for file in manifest["output"].as_array().unwrap() {
        let given = nurse.get(file["url"].as_str().unwrap()).await.expect_status(200);
        for line in given.text().lines() {
            let resource: Value = serde_json::from_str(line).unwrap();
            let path =
                format!("/fhir/R4/{}/{}", file["type"].as_str().unwrap(), resource["id"].as_str().unwrap());
            let read = nurse.get(&path).await.expect_status(200);
            let joined = String::from_utf8(fhir::json::minify(&read.body)).unwrap();
            assert!(line == read.text() || line == joined, "{line}");
        }
    }

    // At rest there are files under names that say nothing, and nothing of them can be read.
    let files = house.folder.files();
    assert_eq!(files.len(), 3);
    for (name, sealed) in &files {
        assert!(!name.contains(&ember) && !name.contains("Patient"), "{name}");
        for marker in ["Wolframite", "resourceType", ember.as_str()] {
            assert!(
                !sealed.windows(marker.len()).any(|window| window == marker.as_bytes()),
                "{name}: {marker}"
            );
        }
    }
    // Whoever asks who saw the patient is told of the export, with its name.
    let sql = "SELECT count(*) FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
                WHERE s.patient_id::text = $1 AND e.action = 'chart.export' AND e.detail LIKE '%exported; export ' || $2";
    let export = status.rsplit('/').next().unwrap();
    let told: i64 = house.app.superuser().await.query_one(sql, &[&ember, &export]).await.unwrap().get(0);
    assert!(told >= 5, "the patient and each page of weights: {told}");
    assert_eq!(house.logged("success", "chart.export").await, i64::from(nurse_lines(&house).await));
}

/// Every line of the log that exports leave: none is left out of what is counted above.
async fn nurse_lines(house: &House) -> i32 {
    let sql = "SELECT count(*)::int FROM audit.event WHERE action = 'chart.export'";
    house.app.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn patients_types_and_a_time_narrow_it() {
    let house = House::new(50).await;
    let (_, nurse) = clinic(&house.app).await;
    let (ember, cinder) = (admit(&nurse, "Ember").await, admit(&nurse, "Cinder").await);
    weigh(&nurse, &ember, 3, 0).await;
    weigh(&nurse, &cinder, 2, 0).await;
    let practitioner = json!({"resourceType": "Practitioner", "name": [{"family": "Hale"}]});
    nurse.post("/fhir/R4/Practitioner", &practitioner).await.expect_status(201);
    let counts = |types: &[(String, Vec<Value>)]| -> Vec<(String, usize)> {
        types.iter().map(|(rtype, lines)| (rtype.clone(), lines.len())).collect()
    };
    let named = |pairs: &[(&str, usize)]| -> Vec<(String, usize)> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let (_, patients) = whole(&nurse, "/fhir/R4/Patient/$export").await;
    assert_eq!(counts(&patients), named(&[("Observation", 5), ("Patient", 2)]));
    let at = "/fhir/R4/$export?_type=Practitioner,Patient&_outputFormat=application%2Ffhir%2Bndjson";
    let (manifest, some) = whole(&nurse, at).await;
    assert_eq!(counts(&some), named(&[("Patient", 2), ("Practitioner", 1)]));
    assert_eq!(manifest["request"], format!("http://localhost{at}"));

    // One patient, by a body.
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "patient", "valueReference": {"reference": format!("Patient/{ember}")}},
        {"name": "_type", "valueString": "Observation"},
    ]});
    let ask = nurse.post("/fhir/R4/Patient/$export", &body).header("prefer", "respond-async");
    let status = ask.await.expect_status(202).header("content-location").to_owned();
    let manifest = settled(&nurse, &status).await.expect_status(200).json();
    assert_eq!(
        (&manifest["output"][0]["type"], &manifest["output"][0]["count"]),
        (&json!("Observation"), &json!(3))
    );
    assert!(!manifest.to_string().contains(&ember), "no patient stands in a manifest");

    // Since a time: what changed, and what was deleted.
    let gone = nurse.post("/fhir/R4/Observation", &weight(&cinder, "06", "50.0")).await.expect_status(201);
    let path = format!("/fhir/R4/Observation/{}", gone.id());
    let old = "UPDATE chart.resource SET updated_at = updated_at - interval '1 day'";
    house.app.superuser().await.batch_execute(old).await.unwrap();
    let since = house.app.app.world.now() - jiff::SignedDuration::from_hours(1);
    nurse.delete(&path).if_match(gone.header("etag")).await.expect_status(204);
    let now = nurse.get(&format!("/fhir/R4/Patient/{ember}")).await;
    let mut changed = now.json();
    changed["active"] = json!(false);
    nurse
        .put(&format!("/fhir/R4/Patient/{ember}"), &changed)
        .if_match(now.header("etag"))
        .await
        .expect_status(200);
    let (manifest, since) = whole(&nurse, &format!("/fhir/R4/$export?_since={since}")).await;
    assert_eq!(counts(&since), named(&[("Patient", 1)]));
    assert_eq!(since[0].1[0]["active"], json!(false));
    assert_eq!(manifest["deleted"].as_array().unwrap().len(), 1);
    let bundle = nurse.get(manifest["deleted"][0]["url"].as_str().unwrap()).await.expect_status(200).json();
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("transaction")));
    let entry = &bundle["entry"][0]["request"];
    assert_eq!(entry, &json!({"method": "DELETE", "url": format!("Observation/{}", gone.id())}));
}

#[tokio::test]
async fn what_a_post_does_not_see_is_not_in_its_export() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let boss = clinic.all_powers(&[&north, &south]).await;
    let aide = clinic.all_powers(&[&north]).await;
    let ember = boss
        .post("/fhir/R4/Patient", &patient("Ember", "Ada"))
        .facility("north")
        .await
        .expect_status(201)
        .id();
    boss.post("/fhir/R4/Patient", &patient("Cinder", "Ada")).facility("south").await.expect_status(201);
    weigh(&boss, &ember, 2, 0).await;
    let post = aide.get("/api/me").await.expect_status(200).json()["membership"].to_string();
    let hidden = json!({"paths": ["Observation.value", "Patient.name", "Practitioner"]}).to_string();
    let path = format!("/api/people/{post}/hidden-fields");
    boss.ask("PUT", &path).body("application/json", hidden).await.expect_status(200);
    let practitioner = json!({"resourceType": "Practitioner", "name": [{"family": "Hale"}]});
    boss.post("/fhir/R4/Practitioner", &practitioner).await.expect_status(201);
    let (_, types) = whole(&aide, "/fhir/R4/$export").await;
    let names: Vec<&str> = types.iter().map(|(rtype, _)| rtype.as_str()).collect();
    assert_eq!(names, ["Observation", "Patient"]);
    let text = format!("{types:?}");
    assert!(
        !text.contains("valueQuantity") && !text.contains("family") && !text.contains("versionId"),
        "{text}"
    );
    assert!(text.contains("29463-7") && text.contains("1941-03-02"), "the rest is there: {text}");
    assert_eq!(types[1].1.len(), 1, "and nobody of the other facility");
    // Each line is what this post reads.
    let id = types[1].1[0]["id"].as_str().unwrap();
    assert_eq!(aide.get(&format!("/fhir/R4/Patient/{id}")).await.json(), types[1].1[0]);
    // A time would tell of changes to what is hidden, a type that there is one.
    for unseen in ["_since=2026-01-01T00:00:00Z", "_type=Practitioner"] {
        let ask = aide.get(&format!("/fhir/R4/$export?{unseen}")).header("prefer", "respond-async");
        ask.await.expect_status(400);
    }
    // Who sees less than when they asked gets nothing of it.
    let status = kick_off(&aide, "/fhir/R4/$export").await;
    let manifest = settled(&aide, &status).await.expect_status(200).json();
    let hidden = json!({"paths": ["Observation.value", "Patient.name", "Patient.birthDate", "Practitioner"]});
    boss.ask("PUT", &path).body("application/json", hidden.to_string()).await.expect_status(200);
    aide.get(manifest["output"][0]["url"].as_str().unwrap()).await.expect_status(410);
    aide.get(&status).await.expect_status(410);
}

#[tokio::test]
async fn sensitive_records_come_with_their_grant_and_their_notice() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let boss = clinic.all_powers(&[&north]).await;
    let others: Vec<_> =
        testkit::Permission::ALL.into_iter().filter(|key| !key.key().starts_with("class.")).collect();
    let aide = clinic.token(&others, &[&north]).await;
    let ember = admit(&boss, "Ember").await;
    let mut secret = weight(&ember, "05", "50.0");
    secret["meta"] =
        json!({"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SUD"}]});
    boss.post("/fhir/R4/Observation", &secret).await.expect_status(201);
    let (_, seen) = whole(&aide, "/fhir/R4/$export").await;
    assert_eq!(seen.len(), 1, "the patient alone: {seen:?}");
    let manifest = settled(&boss, &kick_off(&boss, "/fhir/R4/$export").await).await.expect_status(200).json();
    let file = |rtype: &str| {
        let files = manifest["output"].as_array().unwrap();
        files.iter().find(|file| file["type"] == rtype).unwrap()["url"].as_str().unwrap().to_owned()
    };
    // For a purpose that does not reach them there is no such file; the export stays.
    let legal = boss.get(&file("Observation")).header("lamplight-purpose", "HLEGAL");
    legal.await.expect_status(404);
    let given = boss.get(&file("Observation")).await.expect_status(200);
    assert!(given.header("lamplight-notice").contains("42 CFR part 2"));
    assert!(!boss.get(&file("Patient")).await.expect_status(200).headers.contains_key("lamplight-notice"));
}

#[tokio::test]
async fn a_killed_program_leaves_an_export_that_another_goes_on_with() {
    let mut house = House::new(2).await;
    let (_, nurse) = clinic(&house.app).await;
    let ember = admit(&nurse, "Ember").await;
    weigh(&nurse, &ember, 120, 0).await;
    let condition =
        json!({"resourceType": "Condition", "subject": {"reference": format!("Patient/{ember}")}});
    nurse.post("/fhir/R4/Condition", &condition).await.expect_status(201);
    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    for _ in 0..1000 {
        let answer = nurse.get(&status).await.expect_status(202);
        let records = answer.header("x-progress").split(' ').nth(4).and_then(|text| text.parse::<u32>().ok());
        if records.is_some_and(|records| records > 20) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    house.kill();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    nurse.get(&status).await.expect_status(202);
    let before = house.folder.files().len();
    assert_eq!(before, 1, "the conditions are sealed, the weights are half done");
    house.start().await;
    let manifest = settled(&nurse, &status).await.expect_status(200).json();
    let mut ids = std::collections::BTreeSet::new();
    for file in manifest["output"].as_array().unwrap() {
        let given = nurse.get(file["url"].as_str().unwrap()).await.expect_status(200);
        for line in given.text().lines() {
            let resource: Value = serde_json::from_str(line).unwrap();
            assert!(ids.insert(resource["id"].as_str().unwrap().to_owned()), "nothing comes twice");
        }
    }
    assert_eq!(ids.len(), 122);
    // One that fails each time is given up.
    house.kill();
    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    house.change("attempts = 5 WHERE state = 'queued'").await;
    house.start().await;
    settled(&nurse, &status).await.expect_status(500);
    assert_eq!(house.logged("failure", "it could not be done").await, 1);
}

#[tokio::test]
async fn what_is_given_up_or_old_is_gone() {
    let house = House::new(50).await;
    let (_, nurse) = clinic(&house.app).await;
    admit(&nurse, "Ember").await;
    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    let manifest = settled(&nurse, &status).await.expect_status(200).json();
    let url = manifest["output"][0]["url"].as_str().unwrap();
    nurse.get(url).await.expect_status(200);
    nurse.delete(&status).await.expect_status(202);
    for address in [status.as_str(), url] {
        nurse.get(address).await.expect_status(404);
    }
    nurse.delete(&status).await.expect_status(404);
    assert_eq!(house.folder.files().len(), 0, "nothing is left of it");
    // One whose day is over.
    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    let manifest = settled(&nurse, &status).await.expect_status(200).json();
    assert_eq!(house.folder.files().len(), 1);
    house.change("expires_at = now() - interval '1 second' WHERE state = 'complete'").await;
    nurse.get(manifest["output"][0]["url"].as_str().unwrap()).await.expect_status(410);
    house.within_five_seconds("swept", async || house.folder.files().is_empty()).await;
    nurse.get(&status).await.expect_status(410);
    let keys: i64 =
        house.app.superuser().await.query_one("SELECT count(key) FROM ops.export", &[]).await.unwrap().get(0);
    assert_eq!(keys, 0, "and no key of theirs");
}
