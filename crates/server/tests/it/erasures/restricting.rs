//! A restricted record is there for who looks for a legal reason, and for nobody else.

use std::time::Duration;

use serde_json::json;
use testkit::Permission;

use super::{House, NURSE, app, legally, staff};
use crate::exports::whole;
use crate::people::weight;

#[tokio::test]
async fn a_restricted_record_is_seen_for_a_legal_reason_alone_and_written_by_nobody() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let nurse = staff(&house.clinic, &house.north, "nurse@care.example", &NURSE).await.1;
    let chart = format!("/fhir/R4/Patient/{}", house.patient);
    let note = format!("/fhir/R4/Observation/{}", house.weight);
    nurse.get(&chart).await.expect_status(200);
    let told = nurse.get(&house.at("restriction")).await.expect_status(200).json();
    assert_eq!((&told["restricted"], &told["may_look"]), (&json!(false), &json!(false)));
    let asked = json!({"ground": "accuracy"});
    nurse.post(&house.at("restriction"), &asked).await.expect_status(403);
    let unknown = house.keeper.1.post(&house.at("restriction"), &json!({"ground": "erasure"})).await;
    assert_eq!(unknown.expect_status(400).json()["code"], "invalid");
    house.restrict().await;
    let again = house.keeper.1.post(&house.at("restriction"), &asked).await.expect_status(409);
    assert_eq!(again.json()["code"], "already-restricted");

    // Plainly: it is restricted, and that is all.
    for tab in [&nurse, &house.keeper.1] {
        assert!(tab.get(&chart).await.expect_status(403).text().contains("restricted"));
        tab.get(&note).await.expect_status(404);
        let told = tab.get(&house.at("relationships")).await.expect_status(403).json();
        assert_eq!(told["code"], "record-restricted");
    }
    let told = nurse.get(&house.at("restriction")).await.expect_status(200).json();
    assert_eq!((&told["restricted"], &told["may_look"]), (&json!(true), &json!(false)));
    // For a legal reason, by who may.
    legally(&house.keeper.1, &chart).await.expect_status(200);
    legally(&house.keeper.1, &note).await.expect_status(200);
    let found = legally(&house.keeper.1, "/fhir/R4/Patient?name=zwielicht").await.expect_status(200);
    assert_eq!(found.entries().len(), 1);
    legally(&nurse, &chart).await.expect_status(403);
    let looks = "SELECT count(*) FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
                  WHERE e.purpose = 'HLEGAL' AND e.action = 'chart.read' AND e.outcome = 'success'
                    AND s.patient_id = $1::text::uuid";
    let database = app.superuser().await;
    assert_eq!(database.query_one(looks, &[&house.patient]).await.unwrap().get::<_, i64>(0), 2);

    // Nobody writes, whoever looks.
    let body = weight(&house.patient, "04", "62");
    let refused = house.desk.post("/fhir/R4/Observation", &body).await.expect_status(403);
    assert!(refused.text().contains("restricted"), "{}", refused.text());
    let ask = house.keeper.1.ask("POST", "/fhir/R4/Observation").header("lamplight-purpose", "HLEGAL");
    let refused = house.keeper.1.send(ask.resource(&body)).await.expect_status(403);
    assert!(refused.text().contains("restricted"), "{}", refused.text());
    let ask = house.keeper.1.ask("DELETE", &note).header("lamplight-purpose", "HLEGAL").if_match("W/\"1\"");
    house.keeper.1.send(ask).await.expect_status(403);
    // The log of it is open all the same.
    house.keeper.1.get(&house.at("accesses")).await.expect_status(200);

    house.keeper.1.post(&house.at("restriction/lift"), &json!({})).await.expect_status(204);
    house.keeper.1.post(&house.at("restriction/lift"), &json!({})).await.expect_status(404);
    nurse.get(&chart).await.expect_status(200);
    let found = nurse.get("/fhir/R4/Patient?name=zwielicht").await.expect_status(200);
    assert_eq!(found.entries().len(), 1);
    house.desk.post("/fhir/R4/Observation", &body).await.expect_status(201);
}

#[tokio::test]
async fn restriction_is_felt_by_relatives_programs_searches_and_streams_at_once() {
    let (story, _) = crate::family::story_of(None).await;
    let clinic_app = &story.app;
    let mother = story.mother.clone();
    story.approve(&story.daughter, "person", &["name"]).await;
    story.page(&story.daughter).await;
    let mut follows = story.nurse.get("/api/events").listen().await;
    assert_eq!(follows.next().await.unwrap().word, "ready");
    let sql = "INSERT INTO org.restriction (organization_id, facility_id, restriction_id, patient_id, ground, restricted_by, restricted_at)
               SELECT organization_id, facility_id, gen_random_uuid(), id, 'request', 1, now() FROM chart.resource WHERE id = $1::text::uuid";
    let database = clinic_app.superuser().await;
    database.execute(sql, &[&mother]).await.unwrap();

    // The relative is told of no restriction: there is nothing.
    let page = story.daughter.get(&format!("/api/family/{mother}")).await;
    assert_eq!(page.status, 404, "{}", page.text());
    story.daughter.get(&format!("/fhir/R4/Patient/{mother}")).await.expect_status(404);
    let ties = story.daughter.get("/api/me/relationships").await.expect_status(200).text();
    assert!(!ties.contains("Alder"), "{ties}");
    // A program sees nothing, whatever it may do and says it is for.
    for purpose in ["TREAT", "HLEGAL"] {
        let path = format!("/fhir/R4/Patient/{mother}");
        story.doctor.get(&path).header("lamplight-purpose", purpose).await.expect_status(403);
        for path in [
            "/fhir/R4/Patient?_total=accurate",
            "/fhir/R4/Observation?_total=accurate",
            "/fhir/R4/Patient?name=alder",
        ] {
            let found = story.doctor.get(path).header("lamplight-purpose", purpose).await.expect_status(200);
            assert_eq!(found.entries().len(), 0, "{path}");
        }
    }
    let work = clinic_app.app.clone();
    let worker = tokio::spawn(async move { work.work_on_exports().await });
    let (_, files) = whole(&story.doctor, "/fhir/R4/$export").await;
    worker.abort();
    assert!(!format!("{files:?}").contains(&mother), "{files:?}");
    // What changes is not told.
    let sql = "INSERT INTO ops.outbox (organization_id, facility_id, patient_id, at, kind, type, id, version)
               SELECT organization_id, facility_id, id, now(), 'chart.updated', type, id, 2 FROM chart.resource WHERE id = $1::text::uuid";
    database.execute(sql, &[&mother]).await.unwrap();
    assert_eq!(follows.within(Duration::from_millis(700)).await, []);
}

#[tokio::test]
async fn only_the_house_s_own_staff_decides_about_records() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let bound = staff(&house.clinic, &house.north, "bound@care.example", &super::KEEPER).await;
    let sql = "UPDATE org.membership SET by_relationship = true WHERE membership_id = $1";
    let number = i32::try_from(bound.0.membership).unwrap();
    app.superuser().await.execute(sql, &[&number]).await.unwrap();
    app.app.store.db().forget_authority();
    bound.1.get(&house.at("keeping")).await.expect_status(403);
    bound.1.post(&house.at("restriction"), &json!({"ground": "request"})).await.expect_status(403);
    let south = house.clinic.facility("south").await;
    let elsewhere = house.clinic.token(&super::KEEPER, &[&south]).await;
    elsewhere.get(&house.at("keeping")).await.expect_status(404);
    let ask = elsewhere.ask("POST", &house.at("holds"));
    ask.body("application/json", json!({"kind": "audit", "matter": "x"}).to_string())
        .await
        .expect_status(404);
    let reads = house.clinic.token(&[Permission::ChartRead], &[&house.north]).await;
    reads.get(&house.at("keeping")).await.expect_status(403);
    assert_eq!(house.keeping().await["holds"], json!([]));
}
