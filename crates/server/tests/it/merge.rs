//! Two records of one person become one, and two again (ADR 0025).

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Answer, Client, Facility, Organization, PASSWORD, Permission, TestApp};

use crate::notes::{SHIFT, over, post, ward};
use crate::notes_signed::{note, shift, signed, written};
use crate::people::admit;

async fn house(app: &TestApp) -> (Organization<'_>, Facility, Client) {
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let desk = clinic.all_powers(&[&north]).await;
    (clinic, north, desk)
}

async fn patient(client: &Client, family: &str, mrn: &str) -> String {
    let body = json!({"resourceType": "Patient", "birthDate": "1950-01-01", "name": [{"family": family}],
        "identifier": [{"system": "urn:mrn", "value": mrn}]});
    client.post("/fhir/R4/Patient", &body).facility("north").await.expect_status(201).id()
}

fn observation(patient: &str, value: &str) -> Value {
    json!({"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "8867-4"}]},
        "subject": {"reference": format!("Patient/{patient}")}, "effectiveDateTime": "2026-01-01T10:00:00Z",
        "valueString": value})
}

async fn observed(client: &Client, patient: &str, value: &str) -> String {
    client.post("/fhir/R4/Observation", &observation(patient, value)).await.expect_status(201).id()
}

async fn read(client: &Client, path: &str) -> Value {
    client.get(&format!("/fhir/R4/{path}")).await.expect_status(200).json()
}

async fn version(client: &Client, patient: &str) -> i64 {
    let found = read(client, &format!("Patient/{patient}")).await;
    found["meta"]["versionId"].as_str().unwrap().parse().unwrap()
}

async fn merge_with(client: &Client, from: &str, into: &str, more: Value) -> Answer {
    let mut body = json!({"into": into, "into_version": version(client, into).await});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let etag = format!("W/\"{}\"", version(client, from).await);
    let ask = client.ask("POST", &format!("/api/patients/{from}/merge"));
    ask.body("application/json", body.to_string()).if_match(&etag).await
}

async fn merge(client: &Client, from: &str, into: &str) -> Answer {
    merge_with(client, from, into, json!({})).await
}

async fn undo(client: &Client, into: &str, merge: &Value) -> Answer {
    let merge = merge.as_str().unwrap();
    let path = format!("/api/patients/{into}/merges/{merge}/undo");
    client.ask("POST", &path).body("application/json", "{}".to_owned()).await
}

async fn of(client: &Client, patient: &str) -> Vec<String> {
    let found =
        client.get(&format!("/fhir/R4/Observation?patient={patient}&code=8867-4")).await.expect_status(200);
    let mut values: Vec<String> =
        found.entries().iter().map(|one| one["valueString"].as_str().unwrap().to_owned()).collect();
    values.sort_unstable();
    values
}

/// What a record says, without what every version changes.
fn said(mut resource: Value) -> Value {
    resource.as_object_mut().unwrap().remove("meta");
    resource
}

#[tokio::test]
async fn two_records_become_one_and_two_again_exactly_as_they_were() {
    let app = TestApp::new().await;
    let (_, _, desk) = house(&app).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walkre", "2").await);
    let kept = observed(&desk, &one, "kept").await;
    let moved = observed(&desk, &other, "moved").await;
    let secret = json!({"resourceType": "Condition", "subject": {"reference": format!("Patient/{other}")},
        "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SUD"}]},
        "code": {"text": "Opioid use"}});
    let secret = desk.post("/fhir/R4/Condition", &secret).await.expect_status(201).id();
    let mut before = Vec::new();
    for path in [
        format!("Patient/{one}"),
        format!("Patient/{other}"),
        format!("Observation/{moved}"),
        format!("Condition/{secret}"),
    ] {
        before.push((path.clone(), said(read(&desk, &path).await)));
    }

    let done = merge_with(&desk, &other, &one, json!({"keep": ["name"]})).await.expect_status(200).json();
    assert_eq!((&done["records"], &done["into"]), (&json!(2), &json!(one)));
    assert_eq!(of(&desk, &one).await, ["kept", "moved"]);
    assert!(of(&desk, &other).await.is_empty());
    let conditions = desk.get(&format!("/fhir/R4/Condition?patient={one}")).await.expect_status(200);
    assert_eq!(conditions.entries().len(), 1, "sensitive records too, under keys of their own");
    let survivor = read(&desk, &format!("Patient/{one}")).await;
    assert_eq!(survivor["name"][0]["family"], "Walkre");
    assert_eq!(survivor["identifier"].as_array().unwrap().len(), 2);
    assert_eq!(survivor["link"][0]["type"], "replaces");
    let absorbed = read(&desk, &format!("Patient/{other}")).await;
    assert_eq!((&absorbed["active"], &absorbed["link"][0]["type"]), (&json!(false), &json!("replaced-by")));
    // By the number of either, one is found; the past of what went over is there.
    for mrn in ["1", "2"] {
        let found = desk.get(&format!("/fhir/R4/Patient?identifier=urn:mrn|{mrn}&active:not=false")).await;
        assert!(found.expect_status(200).entries().iter().any(|found| found["id"] == one.as_str()), "{mrn}");
    }
    let past = read(&desk, &format!("Observation/{moved}/_history/1")).await;
    assert_eq!(past["subject"]["reference"], format!("Patient/{other}"));
    // Nothing is written any more to who was merged, by no way.
    desk.post("/fhir/R4/Observation", &observation(&other, "late")).await.expect_status(409);
    let changed = desk.put(&format!("/fhir/R4/Patient/{other}"), &absorbed).if_match("W/\"2\"").await;
    changed.expect_status(409);
    merge(&desk, &other, &one).await.expect_status(409);

    let since = observed(&desk, &one, "since").await;
    let listed = desk.get(&format!("/api/patients/{one}/merges")).await.expect_status(200).json();
    assert_eq!((&listed["merges"][0]["records"], &listed["merges"][0]["from"]), (&json!(2), &json!(other)));
    let parted = undo(&desk, &one, &done["merge"]).await.expect_status(200).json();
    assert_eq!(parted, json!({"records": 2, "changed": 0, "kept": false}));
    for (path, was) in before {
        assert_eq!(said(read(&desk, &path).await), was, "{path}");
    }
    assert_eq!(of(&desk, &one).await, ["kept", "since"]);
    assert_eq!(of(&desk, &other).await, ["moved"]);
    for id in [&kept, &since] {
        read(&desk, &format!("Observation/{id}")).await;
    }
    observed(&desk, &other, "again").await;
    let again = undo(&desk, &one, &done["merge"]).await.expect_status(409).json();
    assert_eq!(again["code"], "already-undone");
}

#[tokio::test]
async fn what_was_changed_since_goes_back_with_its_changes() {
    let app = TestApp::new().await;
    let (_, _, desk) = house(&app).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walker", "2").await);
    let moved = observed(&desk, &other, "moved").await;
    let deleted = observed(&desk, &other, "deleted").await;
    let done = merge(&desk, &other, &one).await.expect_status(200).json();
    let mut body = read(&desk, &format!("Observation/{moved}")).await;
    body["valueString"] = json!("amended");
    desk.put(&format!("/fhir/R4/Observation/{moved}"), &body).if_match("W/\"2\"").await.expect_status(200);
    desk.delete(&format!("/fhir/R4/Observation/{deleted}")).if_match("W/\"2\"").await.expect_status(204);
    let mut survivor = read(&desk, &format!("Patient/{one}")).await;
    survivor["gender"] = json!("female");
    desk.put(&format!("/fhir/R4/Patient/{one}"), &survivor).if_match("W/\"2\"").await.expect_status(200);
    let parted = undo(&desk, &one, &done["merge"]).await.expect_status(200).json();
    assert_eq!(parted, json!({"records": 1, "changed": 1, "kept": true}));
    assert_eq!(of(&desk, &other).await, ["amended"]);
    let survivor = read(&desk, &format!("Patient/{one}")).await;
    assert_eq!((&survivor["gender"], &survivor["link"]), (&json!("female"), &Value::Null));
    desk.get(&format!("/fhir/R4/Observation/{deleted}")).await.expect_status(410);
}

#[tokio::test]
async fn the_care_team_comes_along_and_nobody_else_and_the_log_is_of_both() {
    let app = TestApp::new().await;
    let (clinic, north, desk) = house(&app).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walker", "2").await);
    observed(&desk, &other, "moved").await;
    let care = [Permission::ChartRead, Permission::ChartSearch];
    let doctor = clinic.person("doctor@clinic.example", &care, &[&north]).await;
    let lawyer = clinic.person("lawyer@clinic.example", &care, &[&north]).await;
    for (post, kind) in [(doctor.membership, "care-team"), (lawyer.membership, "client")] {
        let tie = format!(
            "UPDATE org.membership SET by_relationship = true WHERE membership_id = {post};
             INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
             VALUES ({}, {}, '{other}', {post}, '{kind}', now() - interval '1 minute')",
            clinic.id().0,
            north.id.0
        );
        app.superuser().await.batch_execute(&tie).await.unwrap();
    }
    let doctor_tab = doctor.browser.open("clinic", doctor.membership).await;
    let lawyer_tab = lawyer.browser.open("clinic", lawyer.membership).await;
    doctor_tab.get(&format!("/fhir/R4/Patient/{other}")).await.expect_status(200);
    doctor_tab.get(&format!("/fhir/R4/Patient/{one}")).await.expect_status(404);

    let done = merge(&desk, &other, &one).await.expect_status(200).json();
    assert_eq!((&done["ties_carried"], &done["ties_waiting"]), (&json!(1), &json!([lawyer.membership])));
    let seen = doctor_tab.get(&format!("/fhir/R4/Observation?patient={one}")).await.expect_status(200);
    assert_eq!(seen.json()["entry"].as_array().unwrap().len(), 1);
    lawyer_tab.get(&format!("/fhir/R4/Patient/{one}")).await.expect_status(404);
    // Who saw this patient: both histories, each line once.
    let log = desk.get(&format!("/api/patients/{one}/accesses")).await.expect_status(200).json();
    let lines = log["accesses"].as_array().unwrap();
    let merged: Vec<_> = lines.iter().filter(|line| line["what"] == "merged").collect();
    assert_eq!(merged.len(), 1);
    let added = lines.iter().filter(|line| line["what"] == "added" && line["record"] == "Patient").count();
    assert_eq!(added, 2, "{lines:?}");

    undo(&desk, &one, &done["merge"]).await.expect_status(200);
    // Who sits at a browser proves once more that it is them.
    let chief = clinic.person("chief@clinic.example", &Permission::ALL, &[&north]).await;
    let tab = chief.browser.open("clinic", chief.membership).await;
    let path = format!("/api/patients/{one}/merges/{}/undo", done["merge"].as_str().unwrap());
    let asked = tab.post(&path, &json!({})).await.expect_status(403).json();
    assert_eq!(asked["code"], "step-up-required");
    let proof = tab.proof("patients.merge", PASSWORD).await;
    let late = tab.post_proved(&path, &json!({}), &proof).await.expect_status(409).json();
    assert_eq!(late["code"], "already-undone");
    doctor_tab.get(&format!("/fhir/R4/Patient/{one}")).await.expect_status(404);
    doctor_tab.get(&format!("/fhir/R4/Patient/{other}")).await.expect_status(200);
    let log = desk.get(&format!("/api/patients/{one}/accesses")).await.expect_status(200).json();
    let added = log["accesses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["what"] == "added" && line["record"] == "Patient")
        .count();
    assert_eq!(added, 1, "two again");
}

#[tokio::test]
async fn who_may_not_and_what_cannot_be_is_refused() {
    let app = TestApp::new().await;
    let (clinic, north, desk) = house(&app).await;
    let south = clinic.facility("south").await;
    let both = clinic.all_powers(&[&north, &south]).await;
    let at_south = clinic.all_powers(&[&south]).await;
    let without: Vec<_> = Permission::ALL.into_iter().filter(|p| *p != Permission::PatientsMerge).collect();
    let nurse = clinic.token(&without, &[&north]).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walker", "2").await);
    observed(&desk, &other, "moved").await;
    merge(&nurse, &other, &one).await.expect_status(403);
    let path = format!("/api/patients/{other}/merge");
    let body = json!({"into": one, "into_version": 1}).to_string();
    at_south
        .ask("POST", &path)
        .body("application/json", body.clone())
        .if_match("W/\"1\"")
        .await
        .expect_status(404);
    desk.ask("POST", &path).body("application/json", body.clone()).await.expect_status(428);
    desk.ask("POST", &path).body("application/json", body).if_match("W/\"7\"").await.expect_status(412);
    let marker = "zebrafever";
    for body in [
        json!({"into": one, "into_version": 7}),
        json!({"into": marker, "into_version": 1}),
        json!({"into": other, "into_version": 1}),
        json!({"into": one}),
        json!({"into": one, "into_version": 1, "keep": [marker]}),
        json!({"into": one, "into_version": 1, "keep": ["identifier"]}),
        json!({"into": one, "into_version": 1, "keep": vec!["name"; 50]}),
        json!({"into": "0190a000-0000-7000-8000-000000000000", "into_version": 1}),
    ] {
        let refused =
            desk.ask("POST", &path).body("application/json", body.to_string()).if_match("W/\"1\"").await;
        assert!((400..500).contains(&refused.status), "{body}: {}", refused.status);
        assert!(!refused.text().contains(marker), "{}", refused.text());
    }
    let far = json!({"resourceType": "Patient", "name": [{"family": "Far"}]});
    let far = both.post("/fhir/R4/Patient", &far).facility("south").await.expect_status(201).id();
    let apart = merge(&both, &other, &far).await.expect_status(409).json();
    assert_eq!(apart["code"], "two-facilities");
    assert_eq!(of(&desk, &other).await, ["moved"], "nothing happened");

    let done = merge(&desk, &other, &one).await.expect_status(200).json();
    nurse.get(&format!("/api/patients/{one}/merges")).await.expect_status(403);
    undo(&nurse, &one, &done["merge"]).await.expect_status(403);
    undo(&at_south, &one, &done["merge"]).await.expect_status(404);
    undo(&desk, &other, &done["merge"]).await.expect_status(404);
    undo(&desk, &one, &json!("0190a000-0000-7000-8000-000000000000")).await.expect_status(404);
    // Of two merges in a row the later is undone first.
    let third = patient(&desk, "Walker", "3").await;
    let later = merge(&desk, &one, &third).await.expect_status(200).json();
    undo(&desk, &one, &done["merge"]).await.expect_status(409);
    undo(&desk, &third, &later["merge"]).await.expect_status(200);
    undo(&desk, &one, &done["merge"]).await.expect_status(200);
    assert_eq!(of(&desk, &other).await, ["moved"]);
    let late = merge(&desk, &other, &one).await.expect_status(200).json();
    let past = "UPDATE org.merge SET at = at - interval '31 days' WHERE undone_at IS NULL";
    app.superuser().await.batch_execute(past).await.unwrap();
    let refused = undo(&desk, &one, &late["merge"]).await.expect_status(409).json();
    assert_eq!(refused["code"], "too-late");
    assert_eq!(of(&desk, &one).await, ["moved"]);
}

#[tokio::test]
async fn nothing_written_meanwhile_is_lost_and_of_two_merges_one_happens() {
    let app = TestApp::new().await;
    let (_, _, desk) = house(&app).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walker", "2").await);
    for n in 0..5 {
        observed(&desk, &other, &format!("before {n}")).await;
    }
    let writes = join_all((0..20).map(|n| {
        let body = observation(&other, &format!("late {n}"));
        let desk = &desk;
        async move { desk.post("/fhir/R4/Observation", &body).await.status }
    }));
    let merges = join_all([merge(&desk, &other, &one), merge(&desk, &other, &one)]);
    let (writes, merges) = futures_util::future::join(writes, merges).await;
    let mut told: Vec<u16> = merges.iter().map(|answer| answer.status).collect();
    told.sort_unstable();
    assert_eq!(told[0], 200, "{told:?}");
    assert!(matches!(told[1], 409 | 412), "{told:?}");
    assert!(writes.iter().all(|status| matches!(status, 201 | 409)), "{writes:?}");
    let written = writes.iter().filter(|status| **status == 201).count();
    let all = desk.get(&format!("/fhir/R4/Observation?patient={one}&_count=100")).await.expect_status(200);
    assert_eq!(all.entries().len(), 5 + written);
    assert!(of(&desk, &other).await.is_empty());
}

#[tokio::test]
async fn notes_go_over_and_back_and_are_still_what_was_signed() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let (nurse, one) = (&ward.nurse, &ward.resident);
    let other = admit(nurse, "Aldre").await;
    let desk = ward.clinic.all_powers(&[&ward.north]).await;
    let id = signed(nurse, &other, &shift()).await;
    let (open, at) = written(nurse, &other, SHIFT, &shift()).await;
    let (finished, before) = written(nurse, &other, SHIFT, &shift()).await;
    let was = nurse.get(&open).await.expect_status(200).json();

    let done = merge(&desk, &other, one).await.expect_status(200).json();
    let read = note(nurse, &id).await;
    assert_eq!((&read["intact"], &read["sections"][0]["title"]), (&json!(true), &json!("Shift")));
    post(&ward.other, &format!("/api/notes/{id}/co-sign"), &json!({})).await.expect_status(204);
    let listed = |patient: &str| format!("/api/patients/{patient}/note-drafts");
    assert_eq!(
        nurse.get(&listed(one)).await.expect_status(200).json()["drafts"].as_array().unwrap().len(),
        2
    );
    assert_eq!(nurse.get(&listed(&other)).await.expect_status(200).json()["drafts"], json!([]));
    let now = nurse.get(&open).await.expect_status(200).json();
    assert_eq!(
        (&now["patient"], &now["answers"], &now["version"]),
        (&json!(one), &was["answers"], &json!(at + 1))
    );
    assert_eq!(now["saved_at"], was["saved_at"], "nobody typed");
    // Nothing is begun any more about who was merged; what is finished is about who goes on.
    post(nurse, &listed(&other), &json!({"template": SHIFT})).await.expect_status(409);
    let sign = format!("{finished}/sign");
    let late = over(nurse, "POST", &sign, before, &json!({})).await.expect_status(412).json();
    assert_eq!(late["code"], "draft-changed");
    let later = over(nurse, "POST", &sign, before + 1, &json!({})).await.expect_status(201).json();
    let later = later["composition"].as_str().unwrap();

    undo(&desk, one, &done["merge"]).await.expect_status(200);
    assert_eq!(note(nurse, &id).await["intact"], true);
    let now = nurse.get(&open).await.expect_status(200).json();
    assert_eq!((&now["patient"], &now["answers"]), (&json!(other), &was["answers"]));
    assert_eq!(note(nurse, later).await["intact"], true);
    let signed_for = read_of(&desk, later).await;
    assert_eq!(signed_for, format!("Patient/{one}"), "what was signed since stays where it was signed");
}

async fn read_of(client: &Client, composition: &str) -> Value {
    read(client, &format!("Composition/{composition}")).await["subject"]["reference"].clone()
}

#[tokio::test]
async fn a_note_of_a_record_that_went_over_twice_is_still_what_was_signed() {
    let app = TestApp::new().await;
    let ward = ward(&app).await;
    let nurse = &ward.nurse;
    let desk = ward.clinic.all_powers(&[&ward.north]).await;
    let (first, second) = (admit(nurse, "Aldre").await, admit(nurse, "Alter").await);
    let id = signed(nurse, &first, &shift()).await;
    let (open, _) = written(nurse, &first, SHIFT, &shift()).await;
    let one = merge(&desk, &first, &second).await.expect_status(200).json();
    let two = merge(&desk, &second, &ward.resident).await.expect_status(200).json();
    assert_eq!(note(nurse, &id).await["intact"], true);
    for (into, merge, back) in [(&ward.resident, &two, &second), (&second, &one, &first)] {
        undo(&desk, into, &merge["merge"]).await.expect_status(200);
        assert_eq!(nurse.get(&open).await.expect_status(200).json()["patient"], back.as_str());
        assert_eq!(note(nurse, &id).await["intact"], true);
    }
}

#[tokio::test]
async fn two_who_are_both_admitted_are_not_merged() {
    let app = TestApp::new().await;
    let (_, _, desk) = house(&app).await;
    let (one, other) = (patient(&desk, "Walker", "1").await, patient(&desk, "Walker", "2").await);
    let stay = |patient: &str| format!("/api/patients/{patient}/stays");
    for patient in [&one, &other] {
        post(&desk, &stay(patient), &json!({})).await.expect_status(201);
    }
    let refused = merge(&desk, &other, &one).await.expect_status(409).json();
    assert_eq!(refused["code"], "both-admitted");
    assert_eq!(version(&desk, &one).await, 1, "nothing was done");
    let stays = desk.get(&stay(&other)).await.expect_status(200).json();
    let path = format!("{}/{}/discharge", stay(&other), stays["stays"][0]["stay"].as_str().unwrap());
    over(&desk, "POST", &path, 1, &json!({"disposition": "home"})).await.expect_status(200);
    merge(&desk, &other, &one).await.expect_status(200);
}
