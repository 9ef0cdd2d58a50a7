//! A shift: who is here and what is due, what one hands over to the next, what happened and what follows from it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{Answer, Client, Permission, TestApp};

const NURSE: [Permission; 4] =
    [Permission::ChartRead, Permission::ChartSearch, Permission::ChartWrite, Permission::ShiftWork];
const SHIFT: &str = "/api/facilities/north/shift";
const HANDOVERS: &str = "/api/facilities/north/handovers";

async fn send(client: &Client, path: &str, body: Value) -> Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

async fn resident(client: &Client, family: &str, room: &str) -> String {
    let body = json!({"resourceType": "Patient", "name": [{"family": family}]});
    let patient = client.post("/fhir/R4/Patient", &body).await.expect_status(201).id();
    let stay = json!({"room": {"name": room}});
    send(client, &format!("/api/patients/{patient}/stays"), stay).await.expect_status(201);
    patient
}

async fn queue(client: &Client) -> Value {
    client.get(SHIFT).await.expect_status(200).json()
}

fn of<'q>(queue: &'q Value, patient: &str) -> &'q Value {
    let residents = queue["residents"].as_array().unwrap();
    residents.iter().find(|one| one["patient"] == patient).unwrap()
}

async fn finish(client: &Client, task: &Value, body: Value) -> Answer {
    let path = format!("/api/tasks/{}/finish", task["task"].as_str().unwrap());
    let version = task["version"].as_str().unwrap();
    client.ask("POST", &path).if_match(version).body("application/json", body.to_string()).await
}

fn said(patient: &str, text: &str) -> Value {
    json!({"patient": patient, "lines": [{"kind": "said", "text": text}]})
}

#[tokio::test]
async fn a_shift_shows_who_is_here_and_what_is_due_at_its_own_facility() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let both = clinic.token(&NURSE, &[&north, &south]).await;
    let one = resident(&nurse, "Walker", "Room 12").await;
    resident(&clinic.token(&NURSE, &[&south]).await, "Elsewhere", "Room 1").await;

    let empty = queue(&nurse).await;
    assert_eq!(of(&empty, &one)["room"], "Room 12");
    assert_eq!((&of(&empty, &one)["vitals"], &of(&empty, &one)["tasks"]), (&Value::Null, &json!([])));
    let seen = queue(&both).await;
    assert_eq!(seen["residents"].as_array().unwrap().len(), 1, "the other facility's are not here");
    assert_eq!((&seen["census"]["here"], &seen["census"]["admitted_today"]), (&json!(1), &json!(1)));

    let asked = json!({"kind": "turn", "due": seen["at"], "every_minutes": 120});
    let task = send(&nurse, &format!("/api/patients/{one}/tasks"), asked).await.expect_status(201).json();
    let flag = json!({"resourceType": "Flag", "status": "active", "code": {"text": "Fall risk"},
        "subject": {"reference": format!("Patient/{one}")}});
    nurse.post("/fhir/R4/Flag", &flag).await.expect_status(201);
    let pulse = json!({"resourceType": "Observation", "status": "final", "subject": {"reference": format!("Patient/{one}")},
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, "effectiveDateTime": seen["at"],
        "valueQuantity": {"value": 130, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}});
    nurse.post("/fhir/R4/Observation", &pulse).await.expect_status(201);
    let seen = queue(&nurse).await;
    let walker = of(&seen, &one);
    assert_eq!(walker["tasks"][0]["text"], "Turn and reposition");
    assert_eq!(walker["alerts"], json!([{"text": "Fall risk", "new": true}]));
    assert!(walker["vitals"].is_string() && walker["name"] == "Walker", "{walker}");

    finish(&nurse, &task, json!({"done": false})).await.expect_status(400);
    let done =
        finish(&nurse, &task, json!({"done": true, "note": "To the left"})).await.expect_status(200).json();
    assert_eq!(done["status"], "completed");
    finish(&nurse, &task, json!({"done": true})).await.expect_status(412);
    finish(&nurse, &done, json!({"done": true})).await.expect_status(409);
    let all = nurse.get(&format!("/fhir/R4/Task?patient={one}")).await.expect_status(200).entries();
    let open: Vec<_> = all.iter().filter(|entry| entry["status"] == "requested").collect();
    assert_eq!((all.len(), open.len()), (2, 1), "the next one is there");

    let draft = nurse.get("/api/facilities/north/handover-draft").await.expect_status(200).json();
    let lines = draft["residents"][0]["lines"].to_string();
    assert!(lines.contains("pulse 130 /min") && lines.contains("Admitted to Room 12"), "{lines}");
    nurse.get("/api/facilities/south/shift").await.expect_status(404);
    let other = app.organization("other").await;
    let theirs = other.token(&NURSE, &[&other.facility("east").await]).await;
    theirs.get(SHIFT).await.expect_status(404);
    finish(&theirs, &done, json!({"done": true})).await.expect_status(404);
}

#[tokio::test]
async fn what_is_out_of_sight_is_said_to_be_hidden() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let one = resident(&nurse, "Walker", "Room 12").await;
    let asked = json!({"kind": "weigh", "due": queue(&nurse).await["at"]});
    send(&nurse, &format!("/api/patients/{one}/tasks"), asked).await.expect_status(201);
    let hidden = clinic.token(&NURSE, &[&north]).await;
    let superuser = app.superuser().await;
    superuser
        .execute(
            "INSERT INTO org.hidden_field (organization_id, membership_id, path)
             SELECT organization_id, max(membership_id), path FROM org.membership,
                    unnest(ARRAY['Task', 'Patient.name']) path
              WHERE organization_id = $1 GROUP BY organization_id, path",
            &[&clinic.id().0],
        )
        .await
        .unwrap();
    let seen = queue(&hidden).await;
    assert_eq!(seen["hidden"], json!(["tasks"]));
    assert_eq!((&of(&seen, &one)["name"], &of(&seen, &one)["tasks"]), (&json!(""), &json!([])));
    assert_eq!(of(&queue(&nurse).await, &one)["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn night_hands_over_to_day_and_nobody_receives_their_own() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let (night, day) = (clinic.token(&NURSE, &[&north]).await, clinic.token(&NURSE, &[&north]).await);
    let one = resident(&night, "Walker", "Room 12").await;
    let from = queue(&night).await["shift"]["from"].clone();
    let body = json!({"from": from, "residents": [said(&one, "Slept badly, offer tea")]});
    let unmeant = json!({"from": "2020-01-01T00:00:00Z", "residents": body["residents"]});
    send(&night, HANDOVERS, unmeant).await.expect_status(400);
    let signed = send(&night, HANDOVERS, body.clone()).await.expect_status(201).json();
    send(&night, HANDOVERS, body).await.expect_status(409);

    let seen = queue(&day).await;
    assert_eq!(seen["unread"][0]["handover"], signed["handover"]);
    assert_eq!(of(&seen, &one)["unread"][0]["text"], "Slept badly, offer tea");
    let path = format!("/api/handovers/{}", signed["handover"].as_str().unwrap());
    let read = day.get(&path).await.expect_status(200).json();
    assert_eq!(read["residents"][0]["lines"][0]["text"], "Slept badly, offer tea");
    let take = format!("{path}/receive");
    let own = send(&night, &take, json!({})).await.expect_status(409).json();
    assert!(
        own["type"].as_str().unwrap().contains("own-handover") || own.to_string().contains("own-handover")
    );
    send(&day, &take, json!({})).await.expect_status(204);
    send(&day, &take, json!({})).await.expect_status(409);
    let after = queue(&day).await;
    assert_eq!((&after["unread"], &of(&after, &one)["unread"]), (&json!([]), &json!([])));
    let listed = day.get(HANDOVERS).await.expect_status(200).json();
    assert!(listed["handovers"][0]["received_at"].is_string());

    // It never changes, by no way in, and is not made by another.
    let found = day.get(&format!("/fhir/R4/Communication?patient={one}")).await.expect_status(200).entries();
    let mut record = found[0].clone();
    record["status"] = json!("entered-in-error");
    let id = record["id"].as_str().unwrap().to_owned();
    let put = day.put(&format!("/fhir/R4/Communication/{id}"), &record).if_match("W/\"1\"").await;
    put.expect_status(409);
    record.as_object_mut().unwrap().remove("id");
    day.post("/fhir/R4/Communication", &record).await.expect_status(422);

    let (other, south) = (app.organization("other").await, clinic.facility("south").await);
    let elsewhere = clinic.token(&NURSE, &[&south]).await;
    let theirs = other.token(&NURSE, &[&other.facility("north").await]).await;
    for stranger in [&elsewhere, &theirs] {
        stranger.get(&path).await.expect_status(404);
        send(stranger, &take, json!({})).await.expect_status(404);
    }
    let reader = clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&north]).await;
    reader.get(&path).await.expect_status(403);
    send(&reader, HANDOVERS, json!({})).await.expect_status(403);
}

async fn move_to(client: &Client, task: &Value, body: Value) -> Answer {
    let path = format!("/api/tasks/{}/move", task["task"].as_str().unwrap());
    let version = task["version"].as_str().unwrap();
    client.ask("POST", &path).if_match(version).body("application/json", body.to_string()).await
}

#[tokio::test]
async fn a_card_moves_for_one_of_those_who_drag_it_and_everybody_sees_where_it_is() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let (nurse, aide) = (clinic.token(&NURSE, &[&north]).await, clinic.token(&NURSE, &[&north]).await);
    let one = resident(&nurse, "Walker", "Room 12").await;
    let now = queue(&nurse).await["at"].clone();
    let asked = json!({"kind": "care", "text": "Shower", "due": now, "team": "care"});
    let tasks = format!("/api/patients/{one}/tasks");
    let task = send(&nurse, &tasks, asked).await.expect_status(201).json();
    send(&nurse, &tasks, json!({"kind": "weigh", "due": now})).await.expect_status(201);
    send(&nurse, &tasks, json!({"kind": "weigh", "due": now, "team": "none"})).await.expect_status(400);
    let board = async |client: &Client, team: &str| {
        let path = format!("/api/facilities/north/board{team}");
        client.get(&path).await.expect_status(200).json()["tasks"].as_array().unwrap().clone()
    };
    assert_eq!(board(&nurse, "").await.len(), 2);
    let [card] = &board(&aide, "?team=care").await[..] else { panic!("one card of the aides") };
    assert_eq!(
        (&card["name"], &card["room"], &card["owner"]),
        (&json!("Walker"), &json!("Room 12"), &Value::Null)
    );
    nurse.get("/api/facilities/north/board?team=none").await.expect_status(400);
    nurse.get("/api/facilities/north/board?patient=x").await.expect_status(400);

    let all =
        futures_util::future::join_all((0..8).map(|_| move_to(&aide, card, json!({"to": "doing"})))).await;
    let mut told: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    told.sort_unstable();
    assert_eq!(told, [&[200][..], &[412; 7][..]].concat());
    let card = board(&nurse, "?team=care").await[0].clone();
    assert_eq!((&card["status"], card["owner"].is_string()), (&json!("in-progress"), true));
    move_to(&nurse, &card, json!({"to": "waiting"})).await.expect_status(400);
    move_to(&nurse, &card, json!({"to": "doing", "why": "x"})).await.expect_status(400);
    move_to(&nurse, &card, json!({"to": "done"})).await.expect_status(400);
    let waits = json!({"to": "waiting", "why": "Lift is broken"});
    let card = move_to(&nurse, &card, waits).await.expect_status(200).json();
    assert_eq!((&card["status"], &card["reason"]), (&json!("on-hold"), &json!("Lift is broken")));
    let card = move_to(&nurse, &card, json!({"to": "to-do"})).await.expect_status(200).json();
    assert_eq!((&card["owner"], &card["reason"]), (&Value::Null, &Value::Null));
    let over = finish(&nurse, &card, json!({"done": true})).await.expect_status(200).json();
    move_to(&nurse, &over, json!({"to": "doing"})).await.expect_status(409);
    let tasks = board(&nurse, "").await;
    assert_eq!((tasks.len(), &tasks[1]["status"]), (2, &json!("completed")), "what is over comes last");
    assert_eq!(task["task"], tasks[1]["task"]);

    let elsewhere = clinic.token(&NURSE, &[&south]).await;
    elsewhere.get("/api/facilities/north/board").await.expect_status(404);
    move_to(&elsewhere, &over, json!({"to": "doing"})).await.expect_status(404);
    let reader = clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&north]).await;
    reader.get("/api/facilities/north/board").await.expect_status(403);
    move_to(&reader, &over, json!({"to": "doing"})).await.expect_status(403);
}

#[tokio::test]
async fn a_board_cut_off_a_hundred_times_misses_no_move_of_two_programs() {
    const CARDS: usize = 6;
    const MOVES: usize = 34;
    let app = TestApp::new().await;
    let second = app.second();
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let other = app.organization("other").await;
    let theirs = other.token(&NURSE, &[&other.facility("east").await]).await;
    let seen = clinic.token(&[Permission::ChartRead, Permission::ChartSearch], &[&north]).await;
    let screens = [seen.clone(), seen.through(&second)];
    let first = screens[0].get("/api/events").listen().await.next().await.unwrap();

    // Each card by itself, its moves in turns through the one program and the other; beside them another house's.
    let due = queue(&nurse).await["at"].clone();
    let moving = async |client: Client, there: Client| {
        let one = resident(&client, "Walker", "Room 12").await;
        let tasks = format!("/api/patients/{one}/tasks");
        let mut cards = Vec::new();
        for _ in 0..CARDS {
            let asked = json!({"kind": "care", "due": due});
            cards.push(send(&client, &tasks, asked).await.expect_status(201).json());
        }
        let moves = cards.into_iter().map(|mut card| {
            let programs = [client.clone(), there.clone()];
            async move {
                for turn in 0..MOVES {
                    let to = ["doing", "to-do"][turn % 2];
                    let moved = move_to(&programs[turn % 2], &card, json!({"to": to})).await;
                    card = moved.expect_status(200).json();
                }
                card["task"].as_str().unwrap().to_owned()
            }
        });
        futures_util::future::join_all(moves).await
    };
    let heard = async {
        let (mut last, mut heard, mut cuts) = (first.id.clone(), std::collections::HashMap::new(), 0);
        while heard.values().sum::<usize>() < CARDS * (MOVES + 1) {
            let ask = screens[cuts % 2].get("/api/events").header("last-event-id", &last);
            let mut told = ask.listen().await;
            // Two changes, and it is cut.
            for _ in 0..3 {
                let next = told.next().await.unwrap();
                last = next.id.clone();
                if next.data["type"] == "Task" {
                    *heard.entry(next.data["id"].as_str().unwrap().to_owned()).or_insert(0) += 1;
                }
            }
            cuts += 1;
        }
        (heard, cuts)
    };
    let (nurse_there, their_there) = (nurse.through(&second), theirs.through(&second));
    let (ours, _, (heard, cuts)) =
        tokio::join!(moving(nurse, nurse_there), moving(theirs, their_there), heard);
    assert!(cuts >= 100, "{cuts}");
    let expected = ours.into_iter().map(|task| (task, MOVES + 1)).collect();
    assert_eq!(heard, expected, "every move once, and nothing of another house");
}

#[tokio::test]
async fn of_ten_who_receive_at_once_one_does() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let (night, day) = (clinic.token(&NURSE, &[&north]).await, clinic.token(&NURSE, &[&north]).await);
    let one = resident(&night, "Walker", "Room 12").await;
    let from = queue(&night).await["shift"]["from"].clone();
    let body = json!({"from": from, "residents": [said(&one, "Quiet")]});
    let signed = send(&night, HANDOVERS, body).await.expect_status(201).json();
    let path = format!("/api/handovers/{}/receive", signed["handover"].as_str().unwrap());
    let all = futures_util::future::join_all((0..10).map(|_| send(&day, &path, json!({})))).await;
    let mut told: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    told.sort_unstable();
    assert_eq!(told, [&[204][..], &[409; 9][..]].concat());
}

#[tokio::test]
async fn an_incident_brings_its_follow_ups_and_is_closed_when_they_are_done_or_it_is_said_why() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let director = clinic.token(&[&NURSE[..], &[Permission::IncidentsReview]].concat(), &[&north]).await;
    let one = resident(&nurse, "Walker", "Room 12").await;
    let report = format!("/api/patients/{one}/incidents");
    let body = json!({"kind": "fall", "what": "Slid from the chair", "place": "Room 12", "witnessed": false,
        "told": ["family"]});
    let future = json!({"kind": "fall", "what": "x", "at": "2999-01-01T00:00:00Z"});
    send(&nurse, &report, future).await.expect_status(400);
    let told = send(&nurse, &report, body).await.expect_status(201).json();
    assert_eq!(told["tasks"], 3, "neurological checks, telling the physician, the review");

    let incidents = async |client: &Client| {
        let all = client.get("/api/facilities/north/incidents").await.expect_status(200).json();
        all["incidents"].as_array().unwrap().clone()
    };
    let all = incidents(&nurse).await;
    let kinds: Vec<_> = all[0]["tasks"].as_array().unwrap().iter().map(|task| &task["kind"]).collect();
    assert_eq!(kinds, ["neuro-check", "tell-physician"]);
    assert_eq!((&all[0]["review"], &all[0]["witnessed"]), (&Value::Null, &json!(false)));
    assert!(of(&queue(&nurse).await, &one)["tasks"].to_string().contains("Neurological check"));

    let review = format!("/api/incidents/{}/review", told["incident"].as_str().unwrap());
    let note = json!({"note": "Chair exchanged"});
    send(&nurse, &review, note.clone()).await.expect_status(403);
    send(&director, &review, note.clone()).await.expect_status(409);
    let elsewhere = clinic.token(&Permission::ALL, &[&south]).await;
    send(&elsewhere, &review, note.clone()).await.expect_status(404);
    for task in all[0]["tasks"].as_array().unwrap() {
        finish(&nurse, task, json!({"done": true})).await.expect_status(200);
    }
    // The next neurological check is open already.
    send(&director, &review, note.clone()).await.expect_status(409);
    let why = json!({"note": "Chair exchanged", "open_because": "In hospital, watched there"});
    send(&director, &review, why.clone()).await.expect_status(204);
    send(&director, &review, why).await.expect_status(409);
    let closed = &incidents(&nurse).await[0];
    assert_eq!(closed["review"]["open_because"], "In hospital, watched there");

    // Neither an incident nor its review is written past them.
    let found = nurse.get(&format!("/fhir/R4/Task?patient={one}&status=completed")).await.entries();
    let own = found.iter().find(|task| task["identifier"].is_array()).unwrap();
    let path = format!("/fhir/R4/Task/{}", own["id"].as_str().unwrap());
    let mut open = own.clone();
    open["status"] = json!("requested");
    nurse.put(&path, &open).if_match("W/\"2\"").await.expect_status(422);
    let found = nurse.get(&format!("/fhir/R4/AdverseEvent?subject=Patient/{one}")).await.entries();
    let mut event = found[0].clone();
    event.as_object_mut().unwrap().remove("id");
    nurse.post("/fhir/R4/AdverseEvent", &event).await.expect_status(422);
}

#[tokio::test]
async fn what_was_handed_over_goes_with_who_moves_and_with_who_is_merged() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let (nurse, all) = (clinic.token(&NURSE, &[&north]).await, clinic.all_powers(&[&north, &south]).await);
    let (one, two) = (resident(&nurse, "Walker", "Room 12").await, resident(&nurse, "Hill", "Room 13").await);
    let from = queue(&nurse).await["shift"]["from"].clone();
    let body = json!({"from": from, "residents": [said(&one, "Quiet"), said(&two, "Restless")]});
    let signed = send(&nurse, HANDOVERS, body).await.expect_status(201).json();
    let path = format!("/api/handovers/{}", signed["handover"].as_str().unwrap());
    let move_to = json!({"facility": "south", "reason": "Nearer to family"});
    let ask = all.ask("POST", &format!("/api/patients/{two}/reassign")).if_match("W/\"1\"");
    ask.body("application/json", move_to.to_string()).await.expect_status(200);
    let read = nurse.get(&path).await.expect_status(200).json();
    assert_eq!(read["residents"].as_array().unwrap().len(), 1, "who moved is read of where they are");
    let later = json!({"from": from, "residents": [said(&two, "x")]});
    send(&all, HANDOVERS, later).await.expect_status(409);

    let double = resident_only(&nurse, "Walker").await;
    let into = json!({"into": double, "into_version": 1});
    let ask = all.ask("POST", &format!("/api/patients/{one}/merge")).if_match("W/\"1\"");
    ask.body("application/json", into.to_string()).await.expect_status(200);
    let read = nurse.get(&path).await.expect_status(200).json();
    assert_eq!(read["residents"][0]["patient"], double.as_str());
    assert_eq!(read["residents"][0]["lines"][0]["text"], "Quiet");
}

async fn resident_only(client: &Client, family: &str) -> String {
    let body = json!({"resourceType": "Patient", "name": [{"family": family}]});
    client.post("/fhir/R4/Patient", &body).await.expect_status(201).id()
}

#[tokio::test]
async fn who_administers_says_when_shifts_begin() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let path = "/api/facilities/north/shifts";
    let was = nurse.get(path).await.expect_status(200);
    assert_eq!(was.json()["starts"], json!(["07:00", "15:00", "23:00"]));
    let manager = clinic.all_powers(&[&north]).await;
    let set = async |client: &Client, starts: Value, version: &str| {
        let body = json!({"starts": starts}).to_string();
        client.ask("PUT", path).if_match(version).body("application/json", body).await
    };
    set(&nurse, json!(["06:30", "18:30"]), was.header("etag")).await.expect_status(403);
    set(&manager, json!(["18:30", "06:30"]), was.header("etag")).await.expect_status(400);
    set(&manager, json!(["06:30", "18:30"]), was.header("etag")).await.expect_status(200);
    set(&manager, json!(["06:30", "18:30"]), was.header("etag")).await.expect_status(412);
    let name = queue(&nurse).await["shift"]["name"].clone();
    assert!(name == "day" || name == "night");
}

#[tokio::test]
async fn the_end_of_a_shift_hides_nothing_urgent_that_is_nearly_due() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let nurse = clinic.token(&NURSE, &[&north]).await;
    let one = resident(&nurse, "Walker", "Room 12").await;
    // A shift that ends within the hour, by the clock of the house.
    let now: Timestamp = queue(&nurse).await["at"].as_str().unwrap().parse().unwrap();
    let zoned = now.in_tz("America/Chicago").unwrap();
    let mut starts: Vec<_> =
        [1, 9, 17].iter().map(|hours| format!("{:02}:00", (zoned.hour() + hours) % 24)).collect();
    starts.sort();
    let path = "/api/facilities/north/shifts";
    let was = nurse.get(path).await.expect_status(200);
    let body = json!({"starts": starts}).to_string();
    let manager = clinic.all_powers(&[&north]).await;
    let set = manager.ask("PUT", path).if_match(was.header("etag")).body("application/json", body).await;
    set.expect_status(200);

    for (kind, minutes, urgent) in [("turn", 61, false), ("watch", 180, true), ("weigh", 61, true)] {
        let due = now + SignedDuration::from_mins(minutes);
        let asked = json!({"kind": kind, "due": due, "urgent": urgent});
        send(&nurse, &format!("/api/patients/{one}/tasks"), asked).await.expect_status(201);
    }
    let seen = queue(&nurse).await;
    let walker = of(&seen, &one);
    let shown: Vec<_> = walker["tasks"].as_array().unwrap().iter().map(|task| &task["kind"]).collect();
    assert_eq!((shown, &walker["later"]), (vec![&json!("weigh")], &json!(2)));
}
