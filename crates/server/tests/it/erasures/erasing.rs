//! Erasure: what stands in its way, two people, and what is left afterwards.

use serde_json::{Value, json};
use testkit::PASSWORD;

use super::{APPROVER, House, NURSE, app, decision, legally, proved, staff};
use crate::documents::{PDF, pdf, upload};
use crate::people::{patient, weight};

#[tokio::test]
async fn an_erasure_takes_two_people_and_a_time_to_think() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    house.age().await;
    let unproved = house.keeper.1.post(&house.at("erasures"), &json!({"ground": "request"})).await;
    let unproved = unproved.expect_status(403).json();
    assert_eq!(
        (&unproved["code"], &unproved["action"]),
        (&json!("step-up-required"), &json!("records.erase"))
    );
    // A program proves nothing.
    let program = house.desk.ask("POST", &house.at("erasures"));
    program.body("application/json", json!({"ground": "request"}).to_string()).await.expect_status(403);
    let erasure = house.asked().await;
    assert_eq!(house.ask().await.expect_status(409).json()["code"], "erasure-open");
    // Whoever asks does not decide, nor by another post of theirs.
    let mine = proved(&house.keeper, &decision(&erasure), &json!({"approved": true})).await;
    mine.expect_status(403);
    let sql =
        "UPDATE org.membership SET permissions = permissions || '{records.approve}' WHERE membership_id = $1";
    let database = app.superuser().await;
    database.execute(sql, &[&i32::try_from(house.keeper.0.membership).unwrap()]).await.unwrap();
    app.app.store.db().forget_authority();
    let mine = proved(&house.keeper, &decision(&erasure), &json!({"approved": true})).await;
    assert_eq!(mine.expect_status(409).json()["code"], "erasure-own");
    let sql = "UPDATE org.membership SET person_id = (SELECT person_id FROM org.membership WHERE membership_id = $1) WHERE membership_id = $2";
    let second = staff(&house.clinic, &house.north, "second@care.example", &APPROVER).await;
    let (keeper, two) = (house.keeper.0.membership, second.0.membership);
    database.execute(sql, &[&i32::try_from(keeper).unwrap(), &i32::try_from(two).unwrap()]).await.unwrap();
    app.app.store.db().forget_authority();
    let tab = house.keeper.0.browser.open("clinic", two).await;
    let proof = house.keeper.0.browser.proof("records.erase", PASSWORD).await;
    let twin = tab.post_proved(&decision(&erasure), &json!({"approved": true}), &proof).await;
    assert_eq!(twin.expect_status(409).json()["code"], "erasure-own");

    let seen = house.keeping().await;
    assert_eq!((&seen["erasures"][0]["state"], &seen["erasures"][0]["own"]), (&json!("asked"), &json!(true)));
    house.approve(&erasure).await.expect_status(204);
    assert_eq!(house.approve(&erasure).await.expect_status(409).json()["code"], "erasure-closed");
    // From now on it is closed, and can be taken back until it is done.
    house.desk.get(&format!("/fhir/R4/Patient/{}", house.patient)).await.expect_status(403);
    let refused = house.keeper.1.post(&house.at("restriction/lift"), &json!({})).await.expect_status(409);
    assert_eq!(refused.json()["code"], "erasure-open");
    assert_eq!(app.app.erase_due().await.unwrap(), 0, "it has seven days");
    let withdraw = format!("/api/erasures/{erasure}/withdraw");
    house.keeper.1.post(&withdraw, &json!({})).await.expect_status(204);
    house.keeper.1.post(&withdraw, &json!({})).await.expect_status(409);
    house.desk.get(&format!("/fhir/R4/Patient/{}", house.patient)).await.expect_status(200);

    let erasure = house.asked().await;
    proved(&house.approver, &decision(&erasure), &json!({"approved": false})).await.expect_status(204);
    let erasure = house.asked().await;
    house.approve(&erasure).await.expect_status(204);
    database.batch_execute("UPDATE org.erasure SET due_at = now() - interval '1 minute'").await.unwrap();
    assert_eq!(app.app.erase_due().await.unwrap(), 1);
    assert_eq!(app.app.erase_due().await.unwrap(), 0);
    let all = house.approver.1.get("/api/erasures").await.expect_status(200).json();
    let states: Vec<&Value> = all["erasures"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["done", "refused", "withdrawn"]);
    assert_eq!((&all["restrictions"], &all["holds"]), (&json!([]), &json!([])));

    let sql = "SELECT action, count(*) FROM audit.event e JOIN audit.subject s ON s.event_id = e.id
                WHERE action LIKE 'records.%eras%' AND outcome = 'success' AND s.patient_id = $1::text::uuid GROUP BY 1 ORDER BY 1";
    let logged = database.query(sql, &[&house.patient]).await.unwrap();
    let logged: Vec<(String, i64)> = logged.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [("records.ask-erasure", 4), ("records.decide-erasure", 3), ("records.erase", 1)];
    assert_eq!(logged, expected.map(|(action, count)| (action.to_owned(), count)));
}

#[tokio::test]
async fn what_is_held_or_within_its_time_is_not_erased() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let refused = house.ask().await.expect_status(409).json();
    assert_eq!(refused["code"], "record-kept");
    let seen = house.keeping().await;
    let until = seen["kept_until"].as_str().unwrap();
    assert!(refused["detail"].as_str().unwrap().contains(&until[..10]), "{refused}");
    assert_eq!(seen["in_the_way"], json!(["time"]));

    // A minor's record is kept for as long as if it had ended when they came of age.
    let mut child = patient("Kind", "Ida");
    child["birthDate"] = json!("2015-06-01");
    let child = house.desk.post("/fhir/R4/Patient", &child).await.expect_status(201).id();
    house.age().await;
    let of_child = |what: &str| format!("/api/patients/{child}/{what}");
    let seen = house.keeper.1.get(&of_child("keeping")).await.expect_status(200).json();
    assert_eq!(seen["kept_until"], "2038-06-01T00:00:00Z");
    let refused = proved(&house.keeper, &of_child("erasures"), &json!({"ground": "request"})).await;
    assert!(refused.expect_status(409).text().contains("2038-06-01"));

    // The database keeps it as well, whoever does not ask the program.
    assert_eq!(house.keeping().await["in_the_way"], json!([]));
    let hold = json!({"kind": "litigation", "matter": "Zwielicht v. North"});
    let placed = house.keeper.1.post(&house.at("holds"), &hold).await.expect_status(201).json();
    let refused = house.ask().await.expect_status(409).json();
    assert_eq!(refused["code"], "record-held");
    let seen = house.keeping().await;
    assert_eq!(seen["in_the_way"], json!(["hold"]));
    assert_eq!((&seen["holds"][0]["matter"], &seen["holds"][0]["kind"]), (&hold["matter"], &hold["kind"]));
    let release = format!("{}/{}/release", house.at("holds"), placed["hold"].as_str().unwrap());
    house.keeper.1.post(&release, &json!({})).await.expect_status(204);
    house.keeper.1.post(&release, &json!({})).await.expect_status(404);
    assert!(house.keeping().await["holds"][0]["released_by"].is_string());

    // A hold that is placed after the approval stops it.
    house.hurry().await;
    let erasure = house.asked().await;
    house.approve(&erasure).await.expect_status(204);
    house.keeper.1.post(&house.at("holds"), &hold).await.expect_status(201);
    assert_eq!(app.app.erase_due().await.unwrap(), 0);
    assert_eq!(house.keeping().await["erasures"][0]["state"], "stopped");
    assert_eq!(house.keeping().await["restriction"]["ground"], "erasure", "until somebody lifts it");
    house.keeper.1.post(&house.at("restriction/lift"), &json!({})).await.expect_status(204);
    house.desk.get(&format!("/fhir/R4/Patient/{}", house.patient)).await.expect_status(200);
}

#[tokio::test]
async fn what_was_erased_is_gone_for_every_read_and_every_write() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let nurse = staff(&house.clinic, &house.north, "nurse@care.example", &NURSE).await.1;
    let (document, ..) = upload(&app, &house.desk, &house.patient, PDF, &pdf("secret", 5000)).await;
    let other = house.desk.post("/fhir/R4/Patient", &patient("Bleibt", "Bea")).await.expect_status(201).id();
    // In memory, too.
    let found = nurse.get("/fhir/R4/Patient?name=zwielicht").await.expect_status(200);
    assert_eq!(found.entries().len(), 1);
    house.erase().await;

    let chart = format!("/fhir/R4/Patient/{}", house.patient);
    let note = format!("/fhir/R4/Observation/{}", house.weight);
    for tab in [&nurse, &house.keeper.1] {
        for path in [
            &chart,
            &note,
            &format!("{chart}/_history"),
            &format!("{note}/_history"),
            &format!("{chart}/_history/1"),
        ] {
            let gone = tab.get(path).await;
            assert_eq!(gone.status, 410, "{path}: {}", gone.text());
            assert!(gone.text().contains("erased"), "{path}: {}", gone.text());
        }
    }
    legally(&house.keeper.1, &chart).await.expect_status(410);
    for route in server::http::routes() {
        if route.method != server::http::Verb::Get || !route.path.starts_with("/api/patients/{patient}/") {
            continue;
        }
        let path = route.path.replace("{patient}", &house.patient).replace("{membership}", "1");
        if path.contains('{') {
            continue;
        }
        let answer = house.desk.get(&path).await;
        let stays =
            ["/accesses", "/accesses/pdf", "/accesses/csv", "/keeping"].iter().any(|end| path.ends_with(end));
        assert_eq!(answer.status == 410, !stays, "{path}: {} {}", answer.status, answer.text());
    }
    house.desk.get(&format!("/api/documents/{document}")).await;
    let link = house.desk.ask("POST", &format!("/api/documents/{document}/links"));
    let link = link.body("application/json", json!({"purpose": "download"}).to_string()).await;
    assert!(matches!(link.status, 404 | 410), "{}", link.status);

    // Nothing lists them.
    for path in [
        "/fhir/R4/Patient?_total=accurate",
        "/fhir/R4/Patient?name=zwielicht",
        "/fhir/R4/Patient?birthdate=1941-03-02",
    ] {
        let found = nurse.get(path).await.expect_status(200).text();
        assert!(!found.contains(&house.patient) && !found.contains("Zwielicht"), "{path}: {found}");
    }
    let found =
        nurse.get(&format!("/fhir/R4/Observation?patient={}", house.patient)).await.expect_status(200);
    assert_eq!(found.entries().len(), 0);
    nurse.get(&format!("/fhir/R4/Patient/{other}")).await.expect_status(200);

    // Nobody writes to them.
    let gone = house.desk.post("/fhir/R4/Observation", &weight(&house.patient, "05", "63")).await;
    gone.expect_status(410);
    let mut again = patient("Zwielicht", "Ottilie");
    again["id"] = json!(house.patient);
    house.desk.put(&chart, &again).if_match("W/\"1\"").await.expect_status(410);
    house.desk.delete(&note).if_match("W/\"1\"").await.expect_status(410);
    house.keeper.1.post(&house.at("restriction"), &json!({"ground": "request"})).await.expect_status(410);
    house.ask().await.expect_status(410);
    // The log is what stays.
    let log = house.keeper.1.get(&house.at("accesses")).await.expect_status(200).json();
    assert!(log["accesses"].as_array().unwrap().len() > 3, "{log}");
    let seen = house.keeping().await;
    assert!(seen["erased_at"].is_string() && seen["kept_until"].is_null(), "{seen}");
    assert_eq!(seen["in_the_way"], json!([]));
}

#[tokio::test]
async fn a_copy_from_before_erases_again_what_the_ledger_says() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let erasure = app.app.world.uuid();
    let patient = kernel::PatientId(house.patient.parse().unwrap());
    let now = app.app.world.now();
    let db = app.app.store.db();
    let again = async |patient| db.reapply_erasure(house.clinic.id(), patient, erasure, now).await.unwrap();
    assert!(again(patient).await);
    assert!(!again(patient).await, "somebody is at it");
    assert_eq!(app.app.erase_due().await.unwrap(), 1);
    house.desk.get(&format!("/fhir/R4/Patient/{}", house.patient)).await.expect_status(410);
    assert!(!again(patient).await, "once");
    let nobody = kernel::PatientId(app.app.world.uuid());
    assert!(!again(nobody).await);
    assert_eq!(house.keeping().await["erasures"][0]["ground"], "ledger");
}

#[tokio::test]
async fn what_was_merged_is_erased_with_who_goes_on() {
    let (app, _folder) = app().await;
    let house = House::new(&app).await;
    let double =
        house.desk.post("/fhir/R4/Patient", &patient("Zwielicht", "Otti")).await.expect_status(201).id();
    let theirs =
        house.desk.post("/fhir/R4/Observation", &weight(&double, "06", "64")).await.expect_status(201).id();
    let merge = json!({"into": house.patient, "into_version": 1}).to_string();
    let ask = house.desk.ask("POST", &format!("/api/patients/{double}/merge")).if_match("W/\"1\"");
    ask.body("application/json", merge).await.expect_status(200);
    house.age().await;
    let alone =
        proved(&house.keeper, &format!("/api/patients/{double}/erasures"), &json!({"ground": "error"})).await;
    assert_eq!(alone.expect_status(409).json()["code"], "patient-merged");
    // A hold on either is one on both.
    let hold = json!({"kind": "audit", "matter": "Survey"});
    let placed =
        house.keeper.1.post(&format!("/api/patients/{double}/holds"), &hold).await.expect_status(201).json();
    house.age().await;
    assert_eq!(house.ask().await.expect_status(409).json()["code"], "record-held");
    let release = format!("/api/patients/{double}/holds/{}/release", placed["hold"].as_str().unwrap());
    house.keeper.1.post(&release, &json!({})).await.expect_status(204);
    house.erase().await;
    for path in [
        format!("Patient/{double}"),
        format!("Patient/{}", house.patient),
        format!("Observation/{theirs}"),
        format!("Observation/{theirs}/_history/1"),
    ] {
        house.desk.get(&format!("/fhir/R4/{path}")).await.expect_status(410);
    }
    let left = "SELECT count(*) FROM chart.resource WHERE body IS NOT NULL UNION ALL SELECT count(*) FROM chart.resource_version WHERE body IS NOT NULL";
    let left = app.superuser().await.query(left, &[]).await.unwrap();
    assert!(left.iter().all(|row| row.get::<_, i64>(0) == 0));
}
