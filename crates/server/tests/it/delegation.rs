//! Posts below posts: what is changed above is felt below, and what is refused is in the log.

use serde_json::{Value, json};
use testkit::{Browser, Client, Facility, PASSWORD, Permission, Person, TestApp, enrol, pg};

use crate::people::admit;

const HELD: [Permission; 5] = [
    Permission::ChartRead,
    Permission::ChartSearch,
    Permission::PeopleInvite,
    Permission::PeopleRead,
    Permission::PeopleEnd,
];

fn keys(permissions: &[Permission]) -> Vec<&'static str> {
    permissions.iter().map(|permission| permission.key()).collect()
}

/// Someone at a browser offers a post below their own, and someone new takes it up: the number and their tab.
async fn hire(
    app: &TestApp,
    by: (&Person, &Browser),
    email: &str,
    at: &Facility,
    more: &Value,
) -> (i64, Browser) {
    let mut body = json!({
        "email": email, "name": "Somebody", "role": "Nurse", "kind": "staff", "permissions": keys(&HELD),
        "facilities": [at.code],
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let proof = by.0.browser.proof("person.invite", PASSWORD).await;
    let offered = by.1.post_proved("/api/people", &body, &proof).await.expect_status(201).json();
    let membership = offered["membership"].as_i64().unwrap();
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Somebody Real", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    enrol(app, &browser).await;
    (membership, browser.open("clinic", membership).await)
}

async fn change(client: &Client, membership: i64, version: &str, body: &Value) -> testkit::Answer {
    let ask = client.ask("PUT", &format!("/api/people/{membership}")).if_match(version);
    ask.body("application/json", body.to_string()).await
}

async fn version(client: &Client, membership: i64) -> String {
    let answer = client.get(&format!("/api/people/{membership}")).await.expect_status(200);
    answer.header("etag").to_owned()
}

/// Refusals in the log of one action.
async fn refusals(database: &pg::Client, action: &str) -> Vec<String> {
    let sql = "SELECT reason FROM audit.event WHERE action = $1 AND outcome = 'denied' ORDER BY at, id";
    database.query(sql, &[&action]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn what_shrinks_in_the_middle_is_felt_below_on_the_next_request() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let administrator = clinic.all_powers(&[&north]).await;
    let director = clinic.person("director@care.example", &HELD, &[&north]).await;
    let office = director.browser.open("clinic", director.membership).await;
    let (head, head_tab) = hire(&app, (&director, &office), "head@care.example", &north, &json!({})).await;
    let aide = administrator.get(&format!("/api/people/{head}")).await.expect_status(200).json();
    assert_eq!(aide["chain"][0]["membership"], director.membership);
    let head_person = Person {
        email: String::new(),
        browser: head_tab.clone(),
        totp: String::new(),
        recovery_codes: vec![],
        membership: head,
    };
    let (aide, aide_tab) =
        hire(&app, (&head_person, &head_tab), "aide@care.example", &north, &json!({})).await;
    admit(&administrator, "Alder").await;
    let patients = "/fhir/R4/Patient?_total=accurate";
    assert_eq!(aide_tab.get(patients).await.expect_status(200).json()["total"], 1);

    // A key is denied two posts up, then the facility is taken, then both come back.
    let first = version(&administrator, head).await;
    let denied = json!({"denied": ["chart.search"]});
    let changed = change(&administrator, head, &first, &denied).await.expect_status(200);
    aide_tab.get(patients).await.expect_status(403);
    change(&administrator, head, &first, &denied).await.expect_status(412);
    let unsaid = administrator.ask("PUT", &format!("/api/people/{head}"));
    unsaid.body("application/json", denied.to_string()).await.expect_status(428);
    let seen = administrator.get(&format!("/api/people/{aide}")).await.expect_status(200).json();
    let text = |value: &Value| value.to_string();
    assert!(text(&seen["own"]["permissions"]).contains("chart.search"));
    assert!(!text(&seen["effective"]["permissions"]).contains("chart.search"));
    assert_eq!(seen["chain"].as_array().unwrap().len(), 3, "head, director, and the program that offered");
    let taken = json!({"denied": [], "facilities": []});
    let changed = change(&administrator, head, changed.header("etag"), &taken).await.expect_status(200);
    assert_eq!(aide_tab.get(patients).await.expect_status(200).json()["total"], 0);
    let back = json!({"facilities": ["north"], "role": "Head nurse"});
    change(&administrator, head, changed.header("etag"), &back).await.expect_status(200);
    assert_eq!(aide_tab.get(patients).await.expect_status(200).json()["total"], 1);

    // The list says who is below whom, and what is left.
    let listed = office.get("/api/people").await.expect_status(200).json();
    let of = |id: i64| {
        listed["people"].as_array().unwrap().iter().find(|one| one["membership"] == id).unwrap().clone()
    };
    assert_eq!(
        (of(head)["parent"].clone(), of(head)["role"].clone()),
        (json!(director.membership), json!("Head nurse"))
    );
    assert_eq!(of(aide)["effective"]["facilities"], json!(["north"]));

    // The head's end is the aide's.
    let proof = director.browser.proof("person.end", PASSWORD).await;
    let end = office.ask("DELETE", &format!("/api/people/{head}")).header("lamplight-step-up", &proof);
    office.send(end).await.expect_status(204);
    aide_tab.get(patients).await.expect_status(403);
    let listed = office.get("/api/people").await.expect_status(200).json();
    let aide =
        listed["people"].as_array().unwrap().iter().find(|one| one["membership"] == aide).unwrap().clone();
    assert_eq!((aide["state"].clone(), aide["ends_at"].clone()), (json!("ended"), Value::Null));
}

#[tokio::test]
async fn who_reaches_beyond_their_own_is_refused_and_it_is_in_the_log() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    let (clinic, other) = (app.organization("clinic").await, app.organization("other").await);
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    other.facility("elsewhere").await;
    let administrator = clinic.all_powers(&[&north, &south]).await;
    let head = clinic.person("head@care.example", &HELD, &[&north]).await;
    let beside = clinic.invite("beside@care.example", "staff", &[Permission::ChartRead], &[&north]).await;
    let foreign = other.invite("foreign@care.example", "staff", &[Permission::ChartRead], &[]).await;
    let tab = head.browser.open("clinic", head.membership).await;
    let (aide, aide_tab) = hire(&app, (&head, &tab), "aide@care.example", &north, &json!({})).await;
    let put = async |tab: &Browser, membership: i64, body: Value| {
        let proof = head.browser.proof("person.change", PASSWORD).await;
        let ask = tab.ask("PUT", &format!("/api/people/{membership}")).if_match("W/\"2\"");
        let ask = ask.body("application/json", body.to_string()).header("lamplight-step-up", &proof);
        tab.send(ask).await.status
    };
    let mut expected = Vec::new();
    for (membership, body, status, reason) in [
        (head.membership, json!({"permissions": ["audit.report"]}), 403, "own post"),
        (head.membership, json!({"role": "Director"}), 403, "own post"),
        (beside, json!({"role": "Gone"}), 403, "organization.manage"),
        (foreign, json!({"role": "Gone"}), 404, "no such post"),
        (999_999, json!({"role": "Gone"}), 404, "no such post"),
        (aide, json!({"permissions": ["chart.read", "chart.write"]}), 403, "more than the changer has"),
        (aide, json!({"permissions": ["platform.manage"]}), 400, "unknown permission"),
        (aide, json!({"denied": ["chart.*"]}), 400, "unknown permission"),
        (aide, json!({"facilities": ["north", "south"]}), 400, "facility out of reach"),
        (aide, json!({"facilities": ["elsewhere"]}), 400, "facility out of reach"),
    ] {
        assert_eq!(put(&tab, membership, body.clone()).await, status, "{membership} {body}");
        expected.push(reason);
        assert_eq!(refusals(&database, "people.change").await, expected, "{membership} {body}");
    }
    assert_eq!(put(&tab, aide, json!({"role": "Aide", "ends_at": null})).await, 200);
    assert_eq!(put(&tab, aide, json!({"ends_at": "2001-01-01T00:00:00Z"})).await, 400);
    assert_eq!(put(&tab, aide, json!({"parent": 1})).await, 400);

    // From below and from beside nobody is ended; the same of posts that are elsewhere.
    for (membership, status, reason) in [
        (head.membership, 403, "organization.manage"),
        (beside, 403, "organization.manage"),
        (foreign, 404, "no such post"),
        (aide, 400, "own post"),
    ] {
        let proof = aide_tab.proof("person.end", PASSWORD).await;
        let end =
            aide_tab.ask("DELETE", &format!("/api/people/{membership}")).header("lamplight-step-up", &proof);
        aide_tab.send(end).await.expect_status(status);
        assert_eq!(refusals(&database, "people.end").await.pop().as_deref(), Some(reason));
    }
    for (path, body) in [
        ("/api/people/what-if", json!({"membership": foreign, "end": true})),
        ("/api/people/what-if", json!({"membership": 999_999, "end": true})),
    ] {
        tab.post(path, &body).await.expect_status(404);
    }
    tab.post("/api/people/what-if", &json!({"membership": beside, "end": true})).await.expect_status(403);
    assert_eq!(refusals(&database, "people.what-if").await.len(), 3);
    for path in [format!("/api/people/{foreign}"), "/api/people/999999".to_owned()] {
        tab.get(&path).await.expect_status(404);
    }
    assert_eq!(refusals(&database, "people.look").await.len(), 2);
    // An offer may not last longer than the post it is made from, nor hold what is not held.
    for (more, reason) in [
        (json!({"permissions": ["chart.write"]}), "more than the grantor has"),
        (json!({"permissions": ["organization.own"]}), "unknown permission"),
        (json!({"denied": ["everything"]}), "unknown permission"),
        (json!({"facilities": ["south"]}), "facility out of reach"),
    ] {
        let mut body = json!({"email": "x@care.example", "name": "X", "role": "X", "kind": "staff",
            "permissions": ["chart.read"], "facilities": ["north"]});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let proof = head.browser.proof("person.invite", PASSWORD).await;
        let refused = tab.post_proved("/api/people", &body, &proof).await;
        assert!([400, 403].contains(&refused.status), "{more}");
        assert_eq!(refusals(&database, "people.invite").await.pop().as_deref(), Some(reason), "{more}");
    }
    let limited = json!({"ends_at": "2090-01-01T00:00:00Z"});
    let first = version(&administrator, head.membership).await;
    change(&administrator, head.membership, &first, &limited).await.expect_status(200);
    let body = json!({"email": "x@care.example", "name": "X", "role": "X", "kind": "staff",
        "permissions": ["chart.read"], "facilities": ["north"], "ends_at": "2091-01-01T00:00:00Z"});
    let proof = head.browser.proof("person.invite", PASSWORD).await;
    tab.post_proved("/api/people", &body, &proof).await.expect_status(403);
    assert_eq!(refusals(&database, "people.invite").await.pop().as_deref(), Some("refused by the database"));
    let (brief, _) =
        hire(&app, (&head, &tab), "brief@care.example", &north, &json!({"denied": ["chart.search"]})).await;
    let brief = tab.get(&format!("/api/people/{brief}")).await.expect_status(200).json();
    assert_eq!(brief["own"]["ends_at"], "2090-01-01T00:00:00Z", "as long as the post above");
    assert_eq!(brief["own"]["denied"], json!(["chart.search"]));
}

#[tokio::test]
async fn the_last_administrator_stays_and_is_told_so() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let program = clinic.all_powers(&[&north]).await;
    let ann = clinic.person("ann@care.example", &Permission::ALL, &[&north]).await;
    let ben = clinic.person("ben@care.example", &Permission::ALL, &[&north]).await;
    let tab = ann.browser.open("clinic", ann.membership).await;
    let ben_tab = ben.browser.open("clinic", ben.membership).await;
    let end = |id: i64| json!({"membership": id, "end": true});
    let outlook = tab.post("/api/people/what-if", &end(ben.membership)).await.expect_status(200).json();
    assert_eq!((outlook["total"].clone(), outlook["posts"][0]["alive"].clone()), (json!(1), json!(false)));
    ben_tab.get("/api/me").await.expect_status(200);
    let proof = ann.browser.proof("person.end", PASSWORD).await;
    let ask =
        tab.ask("DELETE", &format!("/api/people/{}", ben.membership)).header("lamplight-step-up", &proof);
    tab.send(ask).await.expect_status(204);
    ben_tab.get("/api/me").await.expect_status(403);
    // Whoever asks, and however.
    let path = format!("/api/people/{}", ann.membership);
    let version = version(&program, ann.membership).await;
    for refused in [
        program.delete(&path).await,
        change(&program, ann.membership, &version, &json!({"permissions": ["chart.read"]})).await,
        change(&program, ann.membership, &version, &json!({"denied": ["organization.manage"]})).await,
        change(&program, ann.membership, &version, &json!({"ends_at": "2090-01-01T00:00:00Z"})).await,
        program
            .ask("POST", "/api/people/what-if")
            .body("application/json", end(ann.membership).to_string())
            .await,
    ] {
        let refused = refused.expect_status(409);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.json()["code"], "last-administrator");
    }
    assert_eq!(refusals(&app.superuser().await, "people.end").await, ["last administrator"]);
    tab.get("/api/me").await.expect_status(200);
}

#[tokio::test]
async fn what_if_tells_of_every_post_below_and_writes_nothing() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let administrator = clinic.all_powers(&[&north]).await;
    let head = clinic.person("head@care.example", &HELD, &[&north]).await;
    let tab = head.browser.open("clinic", head.membership).await;
    let (aide, aide_tab) = hire(&app, (&head, &tab), "aide@care.example", &north, &json!({})).await;
    let database = app.superuser().await;
    let many = format!(
        "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, permissions, created_at)
         SELECT {}, nextval('org.membership_number'), {aide}, 'person', 'x', '{{chart.read}}', now()
           FROM generate_series(1, 300)",
        clinic.id()
    );
    database.batch_execute(&many).await.unwrap();
    let rows = "SELECT string_agg(m::text, ' ' ORDER BY membership_id) FROM org.membership m";
    let before: String = database.query_one(rows, &[]).await.unwrap().get(0);
    let asked = json!({"membership": head.membership, "change": {"permissions": ["chart.search", "people.read"],
        "facilities": [], "by_relationship": true}});
    let ask = administrator.ask("POST", "/api/people/what-if").body("application/json", asked.to_string());
    let outlook = ask.await.expect_status(200).json();
    let posts = outlook["posts"].as_array().unwrap();
    assert_eq!((posts.len(), outlook["total"].as_i64()), (200, Some(302)));
    assert_eq!(posts[1]["membership"], aide);
    assert_eq!(posts[1]["permissions_lost"], json!(["chart.read", "people.invite", "people.end"]));
    assert_eq!(
        (posts[1]["facilities_lost"].clone(), posts[1]["permissions_gained"].clone()),
        (json!(["north"]), json!([]))
    );
    assert_eq!(
        (posts[1]["by_relationship"].clone(), posts[1]["was_by_relationship"].clone()),
        (json!(true), json!(false))
    );
    assert_eq!(
        (posts[199]["permissions_lost"].clone(), posts[199]["alive"].clone()),
        (json!(["chart.read"]), json!(true))
    );
    let after: String = database.query_one(rows, &[]).await.unwrap().get(0);
    assert_eq!(before, after);
    aide_tab.get("/fhir/R4/Patient").await.expect_status(200);
    for wrong in [json!({"membership": aide}), json!({"membership": aide, "end": true, "change": {}})] {
        let ask =
            administrator.ask("POST", "/api/people/what-if").body("application/json", wrong.to_string());
        ask.await.expect_status(400);
    }
}

#[tokio::test]
async fn who_can_see_a_patient_is_told_with_the_chain_and_logged() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let (north, south) = (clinic.facility("north").await, clinic.facility("south").await);
    let administrator = clinic.all_powers(&[&north]).await;
    let patient = admit(&administrator, "Alder").await;
    let elsewhere = clinic.all_powers(&[&south]).await;
    let hidden = admit(&elsewhere, "Birch").await;
    let bound = json!({"by_relationship": true, "role": "Physician"});
    let head = clinic.person("head@care.example", &HELD, &[&north]).await;
    let tab = head.browser.open("clinic", head.membership).await;
    let (tied, tied_tab) = hire(&app, (&head, &tab), "tied@care.example", &north, &bound).await;
    let (untied, untied_tab) = hire(&app, (&head, &tab), "untied@care.example", &north, &bound).await;
    let database = app.superuser().await;
    let tie = format!(
        "INSERT INTO org.relationship (organization_id, facility_id, patient_id, membership_id, kind, starts_at)
         VALUES ({}, {}, '{patient}', {tied}, 'care-team', now() - interval '1 hour')",
        clinic.id(),
        north.id
    );
    database.batch_execute(&tie).await.unwrap();
    let path = format!("/fhir/R4/Patient/{patient}");
    tied_tab.get(&path).await.expect_status(200);
    untied_tab.get(&path).await.expect_status(404);
    let auditor = clinic.token(&[Permission::AuditReport], &[&north]).await;
    let told = auditor.get(&format!("/api/people/reach?patient={patient}")).await.expect_status(200).json();
    let posts = told["posts"].as_array().unwrap();
    let of = |id: i64| posts.iter().find(|post| post["membership"] == id);
    assert_eq!(of(tied).unwrap()["relationships"], json!([{"membership": tied, "kind": "care-team"}]));
    assert_eq!(of(tied).unwrap()["chain"][0]["membership"], head.membership);
    assert_eq!(of(head.membership).unwrap()["relationships"], json!([]));
    assert!(of(untied).is_none());
    let about = "SELECT count(*) FROM audit.subject s JOIN audit.event e ON e.organization_id = s.organization_id
                    AND e.at = s.at AND e.id = s.event_id
                  WHERE s.patient_id = $1::text::uuid AND e.action = 'people.reach' AND e.outcome = 'success'";
    let logged: i64 = database.query_one(about, &[&patient]).await.unwrap().get(0);
    assert_eq!(logged, 1);
    // Out of reach is unknown, and both are in the log.
    let nowhere = "0190a000-0000-7000-8000-000000000000";
    let mut answers = Vec::new();
    for id in [hidden.as_str(), nowhere] {
        let unknown = auditor.get(&format!("/api/people/reach?patient={id}")).await.expect_status(404);
        let mut told = unknown.json();
        told["instance"] = Value::Null;
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(refusals(&database, "people.reach").await, ["no such patient"; 2]);
    for query in ["", "?patient=", "?patient=x", "?name=Alder", "?patient=1&patient=2"] {
        auditor.get(&format!("/api/people/reach{query}")).await.expect_status(400);
    }
    tab.get(&format!("/api/people/reach?patient={patient}")).await.expect_status(403);
}
