//! Spreadsheets that are brought in: what comes of every row, after a stop, again, and when it is taken back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Answer, Client, Permission, Settings, TestApp};
use tokio::task::JoinHandle;

use crate::people::{admit, clinic, weight};

/// The program, at work on imports.
struct House {
    app: TestApp,
    worker: JoinHandle<()>,
}

impl House {
    /// Takes so many rows at a time.
    async fn new(batch: u16) -> Self {
        let settings = Settings { import_batch: Some(batch), ..Settings::default() };
        let app = TestApp::with(settings).await;
        let worker = work(&app);
        Self { app, worker }
    }

    /// Stops the work as a program that is killed does, and begins again as another does when the lease is over.
    async fn kill_and_start(&mut self) {
        self.worker.abort();
        let sql =
            "UPDATE ops.import SET locked_until = now() - interval '1 day' WHERE locked_until IS NOT NULL";
        self.app.superuser().await.batch_execute(sql).await.unwrap();
        self.worker = work(&self.app);
    }

    async fn count(&self, sql: &str) -> i64 {
        self.app.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// How many living records there are.
    async fn records(&self) -> i64 {
        self.count("SELECT count(*) FROM chart.resource WHERE body IS NOT NULL").await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

fn work(app: &TestApp) -> JoinHandle<()> {
    let app = app.app.clone();
    tokio::spawn(async move { app.work_on_imports().await })
}

async fn send(client: &Client, kind: &str, text: &str) -> String {
    let path = format!("/api/imports?kind={kind}");
    let sent = client.ask("POST", &path).body("text/csv", text.to_owned()).await.expect_status(201).json();
    format!("/api/imports/{}", sent["import"].as_str().unwrap())
}

/// Says that the columns are what they seem, and has the rows checked.
async fn check(client: &Client, import: &str) -> Value {
    let seen = client.get(&format!("{import}/columns")).await.expect_status(200).json();
    let fields: Vec<Value> =
        seen["columns"].as_array().unwrap().iter().map(|column| column["field"].clone()).collect();
    let mapping = json!({"fields": fields, "dates": "month-first", "source": "old-house"});
    say(client, import, &mapping).await.expect_status(202);
    settled(client, import, "checked").await
}

/// Says what the columns are.
async fn say(client: &Client, import: &str, mapping: &Value) -> Answer {
    client.ask("POST", &format!("{import}/check")).body("application/json", mapping.to_string()).await
}

async fn settled(client: &Client, import: &str, state: &str) -> Value {
    for _ in 0..1200 {
        let now = client.get(import).await.expect_status(200).json();
        assert_ne!(now["state"], "failed", "{now}");
        if now["state"] == state {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {state}");
}

async fn act(client: &Client, import: &str, what: &str, then: &str) -> Value {
    client.ask("POST", &format!("{import}/{what}")).await.expect_status(202);
    settled(client, import, then).await
}

/// Brings a sheet in from beginning to end.
async fn bring(client: &Client, kind: &str, text: &str) -> (String, Value) {
    let import = send(client, kind, text).await;
    check(client, &import).await;
    let done = act(client, &import, "run", "done").await;
    (import, done)
}

async fn rows(client: &Client, import: &str, only: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("{import}/rows?only={only}&after={after}");
        let page = client.get(&path).await.expect_status(200).json();
        all.extend(page["rows"].as_array().unwrap().iter().cloned());
        match page["next"].as_i64() {
            Some(next) => after = next,
            None => return all,
        }
    }
}

fn figures(of: &Value) -> [i64; 4] {
    ["created", "changed", "same", "faulty"].map(|name| of[name].as_i64().unwrap())
}

/// What is wrong with every tenth row of a thousand.
const FAULTS: [(&str, &str); 10] = [
    ("missing", ",Ash,Ann,3/14/1941,F,555-201-3000,ann@mail.example"),
    ("missing", "ID,,,3/14/1941,F,555-201-3000,ann@mail.example"),
    ("date", "ID,Ash,Ann,31/31/1941,F,555-201-3000,ann@mail.example"),
    ("short-year", "ID,Ash,Ann,3/14/41,F,555-201-3000,ann@mail.example"),
    ("future", "ID,Ash,Ann,3/14/2999,F,555-201-3000,ann@mail.example"),
    ("past", "ID,Ash,Ann,3/14/1741,F,555-201-3000,ann@mail.example"),
    ("sex", "ID,Ash,Ann,3/14/1941,lady,555-201-3000,ann@mail.example"),
    ("phone", "ID,Ash,Ann,3/14/1941,F,call the son,ann@mail.example"),
    ("mail", "ID,Ash,Ann,3/14/1941,F,555-201-3000,ann"),
    ("formula", "ID,#REF!,Ann,3/14/1941,F,555-201-3000,ann@mail.example"),
];

fn thousand() -> (String, BTreeMap<&'static str, i64>) {
    let mut text = String::from("MRN,Last Name,First Name,DOB,Sex,Phone,Email\n");
    let mut wrong: BTreeMap<&str, i64> = BTreeMap::new();
    for number in 0..1_000 {
        if number % 10 == 9 {
            let (fault, row) = FAULTS[(number / 10) % FAULTS.len()];
            *wrong.entry(fault).or_default() += 1;
            text.push_str(&row.replace("ID", &format!("R-{number}")));
        } else {
            let day = 10 + number % 18;
            text.push_str(&format!(
                "R-{number},Ash{number},Ann,3/{day}/19{},F,555-201-{:04},a{number}@mail.example",
                20 + number % 40,
                number
            ));
        }
        text.push('\n');
    }
    // The same identifier once more.
    text.push_str("R-0,Ash,Ann,3/14/1941,F,,\n");
    wrong.insert("twice", 1);
    (text, wrong)
}

#[tokio::test]
async fn of_a_thousand_rows_the_good_come_in_the_bad_are_named_and_undoing_leaves_nothing() {
    let house = House::new(100).await;
    let (_, nurse) = clinic(&house.app).await;
    let before = house.records().await;
    let (text, wrong) = thousand();
    let import = send(&nurse, "patients", &text).await;
    let checked = check(&nurse, &import).await;
    assert_eq!(figures(&checked), [900, 0, 0, 101]);
    assert_eq!(house.records().await, before, "a check writes nothing");
    let mut found: BTreeMap<&str, i64> = BTreeMap::new();
    for one in checked["faults"].as_array().unwrap() {
        *found.entry(one["fault"].as_str().unwrap()).or_default() += one["rows"].as_i64().unwrap();
    }
    assert_eq!(found, wrong);
    let done = act(&nurse, &import, "run", "done").await;
    assert_eq!(figures(&done), [900, 0, 0, 101]);
    assert_eq!(house.records().await, before + 900);
    // Every cell was read again.
    let compared = done["compared"].as_array().unwrap();
    assert_eq!(compared.len(), 7);
    assert!(compared.iter().all(|one| one["cells"] == 900 && one["differences"] == 0), "{compared:?}");
    let bad = rows(&nurse, &import, "fault").await;
    assert_eq!(bad.len(), 101);
    assert_eq!((&bad[0]["row"], &bad[0]["faults"][0]["fault"]), (&json!(11), &json!("missing")));
    // The report holds no cell of the sheet.
    let report = nurse.get(&format!("{import}/report")).await.expect_status(200);
    assert_eq!(report.header("content-type"), "text/csv; charset=utf-8");
    let report = report.text();
    assert_eq!(report.lines().count(), 1_002);
    assert!(
        report.contains("11,fault,,MRN,id,\"nothing stands here, and something must\",,,\r\n"),
        "{}",
        &report[..600]
    );
    for cell in ["Ash", "3/14", "lady", "mail.example", "R-"] {
        assert!(!report.contains(cell), "{cell}");
    }
    let undone = act(&nurse, &import, "undo", "undone").await;
    assert_eq!((&undone["withdrawn"], &undone["left"]), (&json!(900), &json!(0)));
    assert_eq!(house.records().await, before);
    assert_eq!(
        house
            .count(
                "SELECT count(*) FROM chart.token t JOIN chart.resource r ON r.id = t.id WHERE r.body IS NULL"
            )
            .await,
        0
    );
    // And in again, as if it had never been.
    let (_, again) = bring(&nurse, "patients", &text).await;
    assert_eq!(figures(&again), [900, 0, 0, 101]);
    assert_eq!(house.records().await, before + 900);
}

const PATIENTS: &str =
    "MRN,Last Name,First Name,DOB,Phone\n7,Ash,Ann,3/14/1941,555-201-3000\n8,Birch,Bo,1/20/1938,\n";

#[tokio::test]
async fn what_belongs_to_a_patient_finds_them_by_the_old_systems_identifier() {
    let house = House::new(10).await;
    let (_, nurse) = clinic(&house.app).await;
    let (patients, _) = bring(&nurse, "patients", PATIENTS).await;
    let all = rows(&nurse, &patients, "created").await;
    let ann = all[0]["record"].as_str().unwrap().to_owned();
    let read = nurse.get(&format!("/fhir/R4/Patient/{ann}")).await.expect_status(200).json();
    assert_eq!(read["identifier"][0]["value"], "7");
    assert_eq!((&read["name"][0]["family"], &read["birthDate"]), (&json!("Ash"), &json!("1941-03-14")));
    let sheets = [
        ("contacts", "Patient ID,Name,Relationship,Emergency\n7,Cy Ash,son,yes\n", "RelatedPerson"),
        ("medications", "Patient ID,Drug,Dose,Frequency\n7,Aspirin,81 mg,daily\n", "MedicationStatement"),
        ("allergies", "Patient ID,Allergen,Severity\n7,Latex,severe\n9,Nuts,mild\n", "AllergyIntolerance"),
        (
            "notes",
            "Patient ID,Date,Note\n7,3/14/2024 2:05 PM,\"Slept well,\nate all.\"\n",
            "DocumentReference",
        ),
    ];
    for (kind, text, rtype) in sheets {
        let (import, done) = bring(&nurse, kind, text).await;
        let lost = i64::from(kind == "allergies");
        assert_eq!(figures(&done), [1, 0, 0, lost], "{kind}: {done}");
        if lost > 0 {
            assert_eq!(rows(&nurse, &import, "fault").await[0]["faults"][0]["fault"], "no-patient");
        }
        let found = nurse.get(&format!("/fhir/R4/{rtype}?patient={ann}")).await.expect_status(200);
        assert_eq!(found.entries().len(), 1, "{kind}");
        // The same sheet again changes nothing.
        let (_, again) = bring(&nurse, kind, text).await;
        assert_eq!(figures(&again), [0, 0, 1, lost], "{kind}");
    }
    // Nothing is due by what an old system reports.
    assert!(
        nurse
            .get(&format!("/fhir/R4/MedicationRequest?patient={ann}"))
            .await
            .expect_status(200)
            .entries()
            .is_empty()
    );
    // Ann has records now: she stays, and it is said.
    let undone = act(&nurse, &patients, "undo", "undone").await;
    assert_eq!((&undone["withdrawn"], &undone["left"]), (&json!(1), &json!(1)));
    let left = rows(&nurse, &patients, "left").await;
    assert_eq!((&left[0]["record"], &left[0]["undone"]), (&json!(ann), &json!("needed")));
    nurse.get(&format!("/fhir/R4/Patient/{ann}")).await.expect_status(200);
}

#[tokio::test]
async fn undoing_gives_back_what_was_before_and_keeps_what_was_changed_since() {
    let house = House::new(10).await;
    let (_, nurse) = clinic(&house.app).await;
    let (first, _) = bring(&nurse, "patients", PATIENTS).await;
    let records = rows(&nurse, &first, "created").await;
    let [ann, bo] =
        [0, 1].map(|at: usize| format!("/fhir/R4/Patient/{}", records[at]["record"].as_str().unwrap()));
    let changed = PATIENTS.replace("555-201-3000", "555-201-9999").replace("1/20/1938", "1/21/1938");
    let (second, done) = bring(&nurse, "patients", &changed).await;
    assert_eq!(figures(&done), [0, 2, 0, 0], "{done}");
    // Somebody corrects Bo meanwhile.
    let answer = nurse.get(&bo).await.expect_status(200);
    let mut body = answer.json();
    body["birthDate"] = json!("1938-01-22");
    nurse.put(&bo, &body).if_match(answer.header("etag")).await.expect_status(200);
    let undone = act(&nurse, &second, "undo", "undone").await;
    assert_eq!((&undone["withdrawn"], &undone["left"]), (&json!(1), &json!(1)));
    assert_eq!(rows(&nurse, &second, "left").await[0]["undone"], "changed");
    let read = |path: String| {
        let ask = nurse.get(&path);
        async move { ask.await.expect_status(200).json() }
    };
    assert_eq!(read(ann).await["telecom"][0]["value"], "555-201-3000");
    assert_eq!(read(bo).await["birthDate"], "1938-01-22");
}

#[tokio::test]
async fn a_run_that_is_killed_goes_on_and_every_row_happens_once() {
    let mut house = House::new(7).await;
    let (_, nurse) = clinic(&house.app).await;
    let mut text = String::from("MRN,Last Name,First Name\n");
    for number in 0..150 {
        text.push_str(&format!("K-{number},Ash{number},Ann\n"));
    }
    let import = send(&nurse, "patients", &text).await;
    check(&nurse, &import).await;
    nurse.ask("POST", &format!("{import}/run")).await.expect_status(202);
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(120)).await;
        house.kill_and_start().await;
    }
    let done = settled(&nurse, &import, "done").await;
    assert_eq!(figures(&done), [150, 0, 0, 0]);
    assert_eq!(house.count("SELECT count(*) FROM chart.resource WHERE type = (SELECT type FROM chart.resource LIMIT 1) AND version = 1").await, 150);
    assert_eq!(done["compared"][0]["cells"], 150, "{done}");
    // What was written by a worker that could not say so any more is taken back as well.
    let undone = act(&nurse, &import, "undo", "undone").await;
    assert_eq!((&undone["withdrawn"], &undone["left"]), (&json!(150), &json!(0)));
    assert_eq!(house.records().await, 0);
}

#[tokio::test]
async fn who_may_be_here_already_is_pointed_out() {
    let house = House::new(10).await;
    let (_, nurse) = clinic(&house.app).await;
    let here = admit(&nurse, "Meyer").await;
    let text =
        "MRN,Last Name,First Name,DOB\n7,Maier,Adah,3/2/1941\n8,Stone,Bo,3/2/1941\n9,Meyer,Ada,3/2/1942\n";
    let import = send(&nurse, "patients", text).await;
    let checked = check(&nurse, &import).await;
    assert_eq!(checked["alike"], 1, "{checked}");
    let alike = rows(&nurse, &import, "alike").await;
    assert_eq!((&alike[0]["row"], &alike[0]["alike"]), (&json!(2), &json!([here])));
}

#[tokio::test]
async fn what_columns_were_said_to_be_is_remembered_of_the_same_headings() {
    let house = House::new(10).await;
    let (_, nurse) = clinic(&house.app).await;
    let text = "Number;Called;Colour\n7;Ann Ash;green\n";
    let import = send(&nurse, "patients", text).await;
    let columns = |import: String| {
        let ask = nurse.get(&format!("{import}/columns"));
        async move { ask.await.expect_status(200).json() }
    };
    let seen = columns(import.clone()).await;
    assert_eq!((&seen["remembered"], &seen["columns"][0]["samples"]), (&json!(false), &json!(["7"])));
    let mapping = |fields: Value| json!({"fields": fields, "dates": "day-first", "source": "old-house"});
    let refused = say(&nurse, &import, &mapping(json!(["id", null, null]))).await.expect_status(422);
    assert!(refused.text().contains("no column for last_name or name"), "{}", refused.text());
    let twice = say(&nurse, &import, &mapping(json!(["id", "name", "name"]))).await;
    assert_eq!(twice.expect_status(422).json()["code"], "sheet-columns");
    say(&nurse, &import, &mapping(json!(["id", "name", null]))).await.expect_status(202);
    settled(&nurse, &import, "checked").await;
    let again = send(&nurse, "patients", "number;CALLED;Colour\n8;Bo Birch;red\n").await;
    let seen = columns(again).await;
    assert_eq!((&seen["remembered"], &seen["dates"]), (&json!(true), &json!("day-first")));
    let fields: Vec<&Value> = seen["columns"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, [&json!("id"), &json!("name"), &Value::Null]);
}

#[tokio::test]
async fn of_another_organization_facility_or_post_there_is_nothing() {
    let house = House::new(10).await;
    let clinic = house.app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let ours = clinic.all_powers(&[&north]).await;
    let (import, _) = bring(&ours, "patients", PATIENTS).await;
    let elm = house.app.organization("elm").await;
    let east = elm.facility("east").await;
    let foreign = elm.all_powers(&[&east]).await;
    let neighbour = clinic.all_powers(&[&south]).await;
    for other in [&foreign, &neighbour] {
        for path in [
            import.clone(),
            format!("{import}/columns"),
            format!("{import}/rows"),
            format!("{import}/report"),
        ] {
            other.get(&path).await.expect_status(404);
        }
        for what in ["run", "undo"] {
            other.ask("POST", &format!("{import}/{what}")).await.expect_status(404);
        }
        other.delete(&import).await.expect_status(404);
        assert_eq!(other.get("/api/imports").await.expect_status(200).json()["imports"], json!([]));
    }
    let held: Vec<Permission> =
        Permission::ALL.into_iter().filter(|one| *one != Permission::SheetsImport).collect();
    let without = clinic.token(&held, &[&north]).await;
    without.get("/api/imports").await.expect_status(403);
    without.ask("POST", "/api/imports?kind=patients").body("text/csv", PATIENTS).await.expect_status(403);
    without.ask("POST", &format!("{import}/undo")).await.expect_status(403);
    // The same identifiers of the same source are other people there.
    let (theirs, _) = bring(&foreign, "patients", PATIENTS).await;
    assert_ne!(
        rows(&foreign, &theirs, "created").await[0]["record"],
        rows(&ours, &import, "created").await[0]["record"]
    );
}

#[tokio::test]
async fn an_import_ends_with_the_authority_behind_it() {
    let mut house = House::new(5).await;
    let organization = house.app.organization("clinic").await;
    let north = organization.facility("north").await;
    let nurse = organization.all_powers(&[&north]).await;
    let other = organization.all_powers(&[&north]).await;
    let mut text = String::from("MRN,Last Name,First Name\n");
    for number in 0..60 {
        text.push_str(&format!("K-{number},Ash{number},Ann\n"));
    }
    let import = send(&nurse, "patients", &text).await;
    check(&nurse, &import).await;
    house.worker.abort();
    nurse.ask("POST", &format!("{import}/run")).await.expect_status(202);
    organization.revoke(&nurse).await;
    house.kill_and_start().await;
    let mut state = Value::Null;
    for _ in 0..200 {
        state = other.get(&import).await.expect_status(200).json();
        if state["state"] == "failed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((&state["state"], &state["reason"]), (&json!("failed"), &json!("authority")));
    assert_eq!(house.records().await, 0);
    // Another who may goes on with it, in their own name.
    let done = act(&other, &import, "run", "done").await;
    assert_eq!(figures(&done), [60, 0, 0, 0]);
}

#[tokio::test]
async fn hostile_and_broken_files_are_refused_and_nothing_of_them_is_kept() {
    let house = House::new(10).await;
    let (_, nurse) = clinic(&house.app).await;
    let try_it = |bytes: Vec<u8>| {
        nurse.ask("POST", "/api/imports?kind=patients").body("application/octet-stream", bytes)
    };
    for (bytes, words) in [
        (Vec::new(), "empty"),
        (b"PK\x03\x04 broken".to_vec(), "damaged"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old".to_vec(), "password"),
        (vec![0, 1, 2, 3, 0, 0, 9, 9], "neither CSV nor XLSX"),
        (b"only,headings\n".to_vec(), "empty"),
        (format!("{}\n1\n", ",x".repeat(300)).into_bytes(), "too many columns"),
        (format!("a,b\n1,\"{}\n", "x".repeat(200_000)).into_bytes(), "too long"),
    ] {
        let refused = try_it(bytes).await.expect_status(422);
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
    }
    try_it(vec![b'a'; (20 << 20) + 1]).await.expect_status(413);
    for query in ["", "?kind=colours", "?kind=patients&x=1"] {
        nurse
            .ask("POST", &format!("/api/imports{query}"))
            .body("text/csv", PATIENTS)
            .await
            .expect_status(400);
    }
    assert_eq!(house.count("SELECT count(*) FROM ops.import").await, 0);
    // What is kept of a good one says nothing to who reads the disk, and goes when it is let go of.
    let import = send(&nurse, "patients", PATIENTS).await;
    let sealed: Vec<u8> =
        house.app.superuser().await.query_one("SELECT sheet FROM ops.import", &[]).await.unwrap().get(0);
    assert!(!sealed.windows(5).any(|window| window == b"Birch"));
    nurse.delete(&import).await.expect_status(204);
    assert_eq!(house.count("SELECT count(*) FROM ops.import WHERE sheet IS NOT NULL").await, 0);
    nurse.get(&format!("{import}/columns")).await.expect_status(409);
    nurse.ask("POST", &format!("{import}/run")).await.expect_status(409);
    // A record of somebody else's making is not touched.
    let here = admit(&nurse, "Meyer").await;
    nurse.post("/fhir/R4/Observation", &weight(&here, "05", "50.5")).await.expect_status(201);
    let (good, _) = bring(&nurse, "patients", PATIENTS).await;
    act(&nurse, &good, "undo", "undone").await;
    assert_eq!(house.records().await, 2);
}
