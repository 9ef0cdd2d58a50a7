//! What a person may not see does not exist for them.

use serde_json::{Value, json};
use testkit::{Answer, Client, Permission, TestApp};

use crate::people::{patient, weight};

/// A clinic whose `aide` does not see all of what `doctor` writes, and whose `daughter` is tied to one patient.
struct Story {
    app: TestApp,
    doctor: Client,
    aide: Client,
    daughter: Client,
}

const READING: [Permission; 2] = [Permission::ChartRead, Permission::ChartSearch];
const HIDDEN: [&str; 5] =
    ["Patient.telecom", "Patient.contact.telecom", "Observation.note", "Observation.effective", "Condition"];

async fn story() -> Story {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let aide = clinic.all_powers(&[&north]).await;
    let daughter = clinic.token(&READING, &[&north]).await;
    let superuser = app.superuser().await;
    let portal =
        "UPDATE org.membership SET plane = 'portal', by_relationship = true WHERE membership_id = $1";
    superuser.execute(portal, &[&number(&daughter).await]).await.unwrap();
    Story { app, doctor, aide, daughter }
}

async fn number(client: &Client) -> i32 {
    let me = client.get("/api/me").await.expect_status(200).json();
    i32::try_from(me["membership"].as_i64().unwrap()).unwrap()
}

fn known_patient() -> Value {
    let mut known = patient("Alder", "Ann");
    known["telecom"] = json!([{"system": "phone", "value": "555-0100"}]);
    known["contact"] = json!([
        {"name": {"text": "Bea"}, "telecom": [{"system": "phone", "value": "555-0101"}]},
        {"telecom": [{"system": "phone", "value": "555-0102"}]},
    ]);
    known["text"] =
        json!({"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">555-0100</div>"});
    known
}

fn problem(patient: &str) -> Value {
    json!({"resourceType": "Condition", "subject": {"reference": format!("Patient/{patient}")},
           "code": {"text": "secret condition"}})
}

async fn put(client: &Client, path: &str, paths: &[&str]) -> Answer {
    client.ask("PUT", path).body("application/json", json!({"paths": paths}).to_string()).await
}

/// `PUT` of a resource over the version that the client sees.
async fn change(client: &Client, path: &str, edit: impl Fn(&mut Value)) -> Answer {
    let before = client.get(path).await.expect_status(200);
    let mut resource = before.json();
    edit(&mut resource);
    client.put(path, &resource).if_match(before.header("etag")).await
}

impl Story {
    async fn hide(&self, paths: &[&str]) {
        let path = format!("/api/people/{}/hidden-fields", number(&self.aide).await);
        put(&self.doctor, &path, paths).await.expect_status(200);
    }

    async fn admit(&self, resource: &Value) -> String {
        self.doctor.post("/fhir/R4/Patient", resource).await.expect_status(201).id()
    }

    async fn tie(&self, patient: &str) {
        let sql = "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
                   SELECT organization_id, facility_id, id, $2, 'family', now() - interval '1 hour'
                     FROM chart.resource WHERE id = $1";
        let id: uuid::Uuid = patient.parse().unwrap();
        self.app.superuser().await.execute(sql, &[&id, &number(&self.daughter).await]).await.unwrap();
        self.app.app.store.db().forget_authority();
    }

    async fn share(&self, patient: &str, paths: &[&str]) -> Answer {
        let path = format!("/api/patients/{patient}/sharing/{}", number(&self.daughter).await);
        put(&self.doctor, &path, paths).await
    }
}

#[tokio::test]
async fn a_hidden_field_is_nowhere() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    let mut observation = weight(&id, "01", "60.1");
    observation["note"] = json!([{"text": "secret note"}]);
    let observation = story.doctor.post("/fhir/R4/Observation", &observation).await.expect_status(201).id();
    let condition = story.doctor.post("/fhir/R4/Condition", &problem(&id)).await.expect_status(201).id();
    story.hide(&HIDDEN).await;
    let aide = &story.aide;

    let seen = aide.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
    assert!(!seen.text().contains("555-01"), "{}", seen.text());
    assert_eq!(seen.json()["contact"], json!([{"name": {"text": "Bea"}}]));
    assert_eq!(seen.json()["name"][0]["family"], "Alder");
    for absent in ["telecom", "text", "meta"] {
        assert!(seen.json().get(absent).is_none(), "{absent}: {}", seen.text());
    }
    assert!(seen.headers.get("last-modified").is_none());
    let seen = aide.get(&format!("/fhir/R4/Observation/{observation}")).await.expect_status(200);
    assert!(seen.text().contains("60.1"), "{}", seen.text());
    assert!(seen.json().get("note").is_none() && seen.json().get("effectiveDateTime").is_none());
    let listed = aide.get(&format!("/fhir/R4/Observation?patient={id}")).await.expect_status(200);
    assert!(!listed.text().contains("secret") && listed.entries().len() == 1, "{}", listed.text());

    // A type that is hidden is no type.
    for path in ["Condition", &format!("Condition/{condition}"), &format!("Patient/{id}/Condition")] {
        let hidden = aide.get(&format!("/fhir/R4/{path}")).await.expect_status(404);
        let unknown = aide.get(&format!("/fhir/R4/{}", path.replace("Condition", "Conditiom"))).await;
        assert_eq!(hidden.json()["issue"], unknown.expect_status(404).json()["issue"], "{path}");
    }
    let history = aide.get(&format!("/fhir/R4/Patient/{id}/_history")).await.expect_status(404);
    let none = aide.get("/fhir/R4/Patient/0190a000-0000-7000-8000-000000000000/_history").await;
    assert_eq!(history.json()["issue"], none.expect_status(404).json()["issue"]);
    aide.get(&format!("/fhir/R4/Patient/{id}/_history/1")).await.expect_status(404);

    let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "GET", "url": format!("Patient/{id}")}},
        {"request": {"method": "GET", "url": format!("Condition/{condition}")}},
        {"request": {"method": "GET", "url": format!("Observation?patient={id}")}},
    ]});
    let answered = aide.post("/fhir/R4", &batch).await.expect_status(200);
    assert!(
        !answered.text().contains("secret") && !answered.text().contains("555-01"),
        "{}",
        answered.text()
    );
    assert!(!answered.text().contains("_history"), "{}", answered.text());
}

#[tokio::test]
async fn what_is_hidden_cannot_be_asked_about() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    story.doctor.post("/fhir/R4/Observation", &weight(&id, "01", "60")).await.expect_status(201);
    story.hide(&HIDDEN).await;
    let aide = &story.aide;
    for (rtype, name, rest) in [
        ("Patient", "phone", "=555-0100"),
        ("Patient", "telecom", ":not=555-0100"),
        ("Patient", "_lastUpdated", "=gt2020"),
        ("Observation", "date", "=2026-01-01"),
        ("Observation", "date", ":missing=true"),
    ] {
        let ask = |name: &str| aide.get(&format!("/fhir/R4/{rtype}?{name}{rest}"));
        let hidden = ask(name).await.expect_status(400);
        let unknown = ask("nonsuch").await.expect_status(400);
        assert_eq!(
            hidden.json()["issue"].to_string().replace(name, "nonsuch"),
            unknown.json()["issue"].to_string(),
            "{name}"
        );
        assert!(story.doctor.get(&format!("/fhir/R4/{rtype}?{name}{rest}")).await.status == 200, "{name}");
    }
    for (rtype, hidden) in [("Patient", "telecom"), ("Observation", "-date"), ("Patient", "_lastUpdated")] {
        let hidden = aide.get(&format!("/fhir/R4/{rtype}?_sort={hidden}")).await.expect_status(400);
        let unknown = aide.get(&format!("/fhir/R4/{rtype}?_sort=nonsuch")).await.expect_status(400);
        assert_eq!(hidden.json()["issue"], unknown.json()["issue"]);
    }
    let form = aide.form("/fhir/R4/Patient/_search", "phone=555-0100").await.expect_status(400);
    assert!(!form.text().contains("555"), "{}", form.text());
    let found = aide.get("/fhir/R4/Patient?family=Alder&gender=female").await.expect_status(200);
    assert_eq!((found.entries().len(), found.json()["total"].clone()), (1, json!(1)));

    let statement = aide.get("/fhir/R4/metadata").await.expect_status(200);
    let resources = statement.json()["rest"][0]["resource"].as_array().unwrap().clone();
    let of = |name: &str| resources.iter().find(|resource| resource["type"] == name).cloned();
    assert!(of("Condition").is_none());
    let names: Vec<String> = of("Patient").unwrap()["searchParam"]
        .as_array()
        .unwrap()
        .iter()
        .map(|param| param["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"family".to_owned()) && names.contains(&"_id".to_owned()));
    for hidden in ["phone", "email", "telecom", "_lastUpdated"] {
        assert!(!names.contains(&hidden.to_owned()), "{hidden}");
    }
    let everyone = story.app.stranger().get("/fhir/R4/metadata").await.expect_status(200);
    assert_eq!(everyone.json()["rest"][0]["resource"].as_array().unwrap().len(), 146);
}

/// Everything that the aide can observe, without the parts that every answer has of its own.
async fn observed(client: &Client, id: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (method, path) in [
        ("GET", format!("/fhir/R4/Patient/{id}")),
        ("HEAD", format!("/fhir/R4/Patient/{id}")),
        ("GET", format!("/fhir/R4/Patient/{id}/_history")),
        ("GET", format!("/fhir/R4/Patient/{id}/_history/1")),
        ("GET", format!("/fhir/R4/Patient/{id}/_history/2")),
        ("GET", "/fhir/R4/Patient?_count=1&_total=accurate".to_owned()),
        ("GET", "/fhir/R4/Patient?_sort=family".to_owned()),
        ("GET", "/fhir/R4/Patient?_sort=-_id".to_owned()),
        ("GET", format!("/fhir/R4/Patient?_id={id}")),
        ("GET", "/fhir/R4/Patient?_summary=count".to_owned()),
    ] {
        let answer = client.ask(method, &path).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let mut body = answer.text();
        for own in [header("x-request-id")].into_iter().flatten() {
            body = body.replace(&own, "");
        }
        all.push(format!(
            "{method} {path} {} {:?} {:?} {body}",
            answer.status,
            header("etag"),
            header("last-modified")
        ));
    }
    all
}

#[tokio::test]
async fn a_change_of_what_is_hidden_changes_nothing() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    story.admit(&patient("Birch", "Bo")).await;
    story.hide(&HIDDEN).await;
    let (path, aide) = (format!("/fhir/R4/Patient/{id}"), &story.aide);
    let before = observed(aide, &id).await;
    let etag = aide.get(&path).await.header("etag").to_owned();
    let new_phone = |resource: &mut Value| resource["telecom"][0]["value"] = json!("555-0199");
    change(&story.doctor, &path, new_phone).await.expect_status(200);
    let more = |resource: &mut Value| {
        resource["contact"][1]["telecom"] = json!([{"system": "email", "value": "c@d.example"}]);
        resource.as_object_mut().unwrap().remove("text");
    };
    change(&story.doctor, &path, more).await.expect_status(200);
    assert_eq!(observed(aide, &id).await, before);
    aide.get(&path).header("if-none-match", &etag).await.expect_status(304);
    // What the aide saw is still what they change.
    let mut own = aide.get(&path).await.json();
    own["gender"] = json!("other");
    aide.put(&path, &own).if_match(&etag).await.expect_status(200);

    // A visible change is seen, and what was visible once is not again.
    assert_ne!(observed(aide, &id).await, before);
    aide.get(&path).header("if-none-match", &etag).await.expect_status(200);
    aide.put(&path, &own).if_match(&etag).await.expect_status(412);
    aide.put(&path, &own).if_match("W/\"4\"").await.expect_status(412);
    aide.put(&path, &own).await.expect_status(428);
}

#[tokio::test]
async fn who_does_not_see_a_field_neither_erases_nor_sets_it() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    story.hide(&HIDDEN).await;
    let (path, aide) = (format!("/fhir/R4/Patient/{id}"), &story.aide);
    let renamed = change(aide, &path, |resource| {
        resource["contact"] = json!([{"name": {"text": "Cora"}}, {"name": {"text": "Bea"}}]);
        resource["birthDate"] = json!("1941-03-03");
    });
    let renamed = renamed.await.expect_status(200);
    assert!(!renamed.text().contains("555-01") && !renamed.header("location").contains("_history"));
    let whole = story.doctor.get(&path).await.expect_status(200).json();
    assert_eq!(whole["telecom"], known_patient()["telecom"]);
    assert_eq!(whole["text"], known_patient()["text"]);
    assert_eq!(whole["birthDate"], "1941-03-03");
    assert_eq!(
        whole["contact"],
        json!([
            {"name": {"text": "Cora"}},
            {"name": {"text": "Bea"}, "telecom": [{"system": "phone", "value": "555-0101"}]},
            {"telecom": [{"system": "phone", "value": "555-0102"}]},
        ])
    );

    for edit in [
        |resource: &mut Value| resource["telecom"] = json!([{"value": "1"}]),
        |resource: &mut Value| resource["contact"][1]["telecom"] = json!([{"value": "1"}]),
    ] {
        let refused = change(aide, &path, edit).await.expect_status(422);
        assert!(refused.text().contains("unknown element"), "{}", refused.text());
    }
    let refused = aide.post("/fhir/R4/Patient", &known_patient()).await.expect_status(422);
    let mut with_unknown = patient("Alder", "Ann");
    with_unknown["telefon"] = json!([]);
    let unknown = aide.post("/fhir/R4/Patient", &with_unknown).await.expect_status(422);
    let unknown = unknown.json()["issue"][0].to_string().replace("telefon", "telecom");
    assert!(refused.json()["issue"].to_string().contains(&unknown), "{}", refused.text());
    aide.post("/fhir/R4/Condition", &problem(&id)).await.expect_status(404);
    aide.post("/fhir/R4/Patient", &patient("Cedar", "Cy")).await.expect_status(201);
    let transaction = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "PUT", "url": format!("Patient/{id}"), "ifMatch": aide.get(&path).await.header("etag")},
         "resource": aide.get(&path).await.json()},
    ]});
    let done = aide.post("/fhir/R4", &transaction).await.expect_status(200);
    assert!(!done.text().contains("555-01") && !done.text().contains("_history"), "{}", done.text());
    assert_eq!(story.doctor.get(&path).await.json()["telecom"], known_patient()["telecom"]);
}

#[tokio::test]
async fn relatives_see_what_was_approved_from_the_next_request_to_its_withdrawal() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    let other = story.admit(&patient("Birch", "Bo")).await;
    for one in [&id, &other] {
        story.doctor.post("/fhir/R4/Observation", &weight(one, "01", "60")).await.expect_status(201);
        story.doctor.post("/fhir/R4/Condition", &problem(one)).await.expect_status(201);
    }
    let daughter = &story.daughter;
    let path = format!("/fhir/R4/Patient/{id}");
    daughter.get(&path).await.expect_status(404);
    story.share(&id, &["Observation"]).await.expect_status(404);
    story.tie(&id).await;

    let bare = json!({"resourceType": "Patient", "id": id});
    assert_eq!(daughter.get(&path).await.expect_status(200).json(), bare);
    daughter.get("/fhir/R4/Observation").await.expect_status(404);
    daughter.get("/fhir/R4/Practitioner").await.expect_status(404);
    daughter.get("/fhir/R4/Patient?family=Alder").await.expect_status(400);
    let all = daughter.get("/fhir/R4/Patient?_total=accurate").await.expect_status(200);
    assert_eq!((all.entries(), all.json()["total"].clone()), (vec![bare], json!(1)));

    story.share(&id, &["Observation", "Patient.name", "Condition.code"]).await.expect_status(200);
    let seen = daughter.get(&path).await.expect_status(200).json();
    assert_eq!(seen["name"][0]["family"], "Alder");
    assert!(seen.get("birthDate").is_none());
    let list = daughter.get("/fhir/R4/Observation?_total=accurate").await.expect_status(200);
    assert_eq!((list.entries().len(), list.json()["total"].clone()), (1, json!(1)));
    let conditions = daughter.get("/fhir/R4/Condition").await.expect_status(200).entries();
    assert_eq!(conditions.len(), 1);
    assert!(conditions[0].get("subject").is_none() && conditions[0].get("code").is_some());
    daughter.get(&format!("{path}/Condition")).await.expect_status(404);
    daughter.get("/fhir/R4/Condition?code=x").await.expect_status(200);
    daughter.get(&format!("/fhir/R4/Condition?patient={id}")).await.expect_status(400);

    // The other patient is nobody's.
    for hidden in [format!("Patient/{other}"), format!("Patient/{other}/_history")] {
        daughter.get(&format!("/fhir/R4/{hidden}")).await.expect_status(404);
    }
    let of_other = daughter.get(&format!("/fhir/R4/Patient/{other}/Observation")).await.expect_status(200);
    assert!(of_other.entries().is_empty());

    // What the doctor looks at beforehand is that.
    let preview = format!("/api/patients/{id}/sharing/{}/preview", number(daughter).await);
    let looked = story.doctor.get(&preview).await.expect_status(200).json();
    let resources = looked["resources"].as_array().unwrap();
    assert_eq!((looked["complete"].clone(), resources.len()), (json!(true), 3));
    assert!(resources.contains(&seen) && resources.contains(&list.entries()[0]));
    let would = story.doctor.get(&format!("{preview}?paths=Patient.gender")).await.expect_status(200).json();
    assert_eq!(would["resources"], json!([{"resourceType": "Patient", "id": id, "gender": "female"}]));

    story.share(&id, &["Patient.name"]).await.expect_status(200);
    daughter.get("/fhir/R4/Observation").await.expect_status(404);
    daughter.get("/fhir/R4/Condition").await.expect_status(404);
    assert_eq!(daughter.get(&path).await.expect_status(200).json(), seen);
    story.share(&id, &[]).await.expect_status(200);
    assert!(daughter.get(&path).await.expect_status(200).json().get("name").is_none());
}

#[tokio::test]
async fn fields_are_hidden_and_shared_by_who_may_and_by_their_names() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    story.tie(&id).await;
    let aide = format!("/api/people/{}/hidden-fields", number(&story.aide).await);
    for wrong in ["Patient.id", "Patient.nothing", "patient", "Observation.valueQuantity", "secret; drop"] {
        let refused = put(&story.doctor, &aide, &[wrong]).await.expect_status(400);
        assert!(!refused.text().contains(wrong), "{}", refused.text());
        story.share(&id, &[wrong]).await.expect_status(400);
    }
    story.hide(&["Patient.telecom", "Condition"]).await;
    let listed = story.doctor.get(&aide).await.expect_status(200).json();
    assert_eq!(listed["paths"], json!(["Condition", "Patient.telecom"]));
    // Nobody shows themselves more, nor, seeing a part, somebody who is not below them.
    put(&story.aide, &aide, &[]).await.expect_status(403);
    let doctor = format!("/api/people/{}/hidden-fields", number(&story.doctor).await);
    put(&story.aide, &doctor, &["Patient.name"]).await.expect_status(403);
    put(&story.doctor, &doctor, &["Patient.name"]).await.expect_status(403);
    // Nobody shares what they do not see.
    let sharing = format!("/api/patients/{id}/sharing/{}", number(&story.daughter).await);
    put(&story.aide, &sharing, &["Patient.telecom"]).await.expect_status(400);
    put(&story.aide, &sharing, &["Patient.name"]).await.expect_status(200);
    put(&story.doctor, "/api/people/999/hidden-fields", &[]).await.expect_status(404);

    let superuser = story.app.superuser().await;
    let rows = superuser
        .query("SELECT action || ' ' || coalesce(detail, '') FROM audit.event WHERE action IN ('fields.hide', 'sharing.approve')", &[])
        .await
        .unwrap();
    let logged: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let hidden = format!("fields.hide membership {}: Condition, Patient.telecom", number(&story.aide).await);
    assert!(logged.contains(&hidden), "{logged:?}");
    let shared = format!("sharing.approve membership {}: Patient.name", number(&story.daughter).await);
    assert!(logged.contains(&shared), "{logged:?}");
}

#[tokio::test]
async fn who_sees_a_part_does_not_take_out_the_whole() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    story.hide(&HIDDEN).await;
    story.aide.delete(&format!("/fhir/R4/Patient/{id}")).if_match("W/\"1\"").await.expect_status(412);
    let seen = story.aide.get(&format!("/fhir/R4/Patient/{id}")).await;
    let request = db::Request {
        id: kernel::RequestId(story.app.app.world.uuid()),
        address: None,
        purpose: db::Purpose::Operations,
    };
    let ctx = story.app.app.store.db().authenticate(story.aide.token(), request).await.unwrap();
    let all =
        chart::ExportRequest { rtype: fhir::ResourceType::Patient, patient: None, after: None, limit: 10 };
    let refused = story.app.app.store.export(&ctx, all).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, chart::Error::Db(db::Error::Denied(None))), "{refused}");
    let delete = story.aide.delete(&format!("/fhir/R4/Patient/{id}")).if_match(seen.header("etag"));
    delete.await.expect_status(403);
    story.doctor.get(&format!("/fhir/R4/Patient/{id}")).await.expect_status(200);
}

/// In an open tab, without signing in again; and a person proves themselves before they hide or share.
#[tokio::test]
async fn an_open_session_feels_it_on_the_next_request() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let id = doctor.post("/fhir/R4/Patient", &known_patient()).await.expect_status(201).id();
    let nurse = clinic.person("nurse@clinic.example", &READING, &[&north]).await;
    let tab = nurse.browser.open("clinic", nurse.membership).await;
    let path = format!("/fhir/R4/Patient/{id}");
    assert!(tab.get(&path).await.expect_status(200).text().contains("555-0100"));
    let hidden = format!("/api/people/{}/hidden-fields", nurse.membership);
    put(&doctor, &hidden, &["Patient.telecom"]).await.expect_status(200);
    assert!(!tab.get(&path).await.expect_status(200).text().contains("555-0100"));
    put(&doctor, &hidden, &[]).await.expect_status(200);
    assert!(tab.get(&path).await.expect_status(200).text().contains("555-0100"));

    let powers = [Permission::PeopleInvite, Permission::PeopleRead, Permission::OrganizationManage];
    let head = clinic.person("head@clinic.example", &powers, &[&north]).await;
    let office = head.browser.open("clinic", head.membership).await;
    let ask = || {
        let body = json!({"paths": ["Condition"]}).to_string();
        office.ask("PUT", &hidden).body("application/json", body)
    };
    let asked = office.send(ask()).await.expect_status(403).json();
    assert_eq!((&asked["code"], &asked["action"]), (&json!("step-up-required"), &json!("fields.hide")));
    let proof = office.proof("fields.hide", testkit::PASSWORD).await;
    office.send(ask().header("lamplight-step-up", &proof)).await.expect_status(200);
    tab.get("/fhir/R4/Condition").await.expect_status(404);
}

/// A page's end tells of no row that was not shown, and pages are the same whatever is hidden.
#[tokio::test]
async fn pages_are_of_what_is_seen() {
    let story = story().await;
    let id = story.admit(&known_patient()).await;
    for day in ["01", "02", "03", "04", "05"] {
        story.doctor.post("/fhir/R4/Observation", &weight(&id, day, "60")).await.expect_status(201);
    }
    story.hide(&["Observation.effective"]).await;
    let mut address = format!("/fhir/R4/Observation?patient={id}&_count=2&_total=accurate");
    let mut ids = Vec::new();
    loop {
        let page = story.aide.get(&address).await.expect_status(200);
        assert_eq!(page.json()["total"], 5);
        ids.extend(page.entries().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page.link("next") {
            Some(next) => address = next,
            None => break,
        }
    }
    assert!(ids.len() == 5 && ids.is_sorted(), "in order of id: {ids:?}");
}
