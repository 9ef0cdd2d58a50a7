//! Roles of an organization: who has one has what it says now, and nobody writes more into one than they hold.

use serde_json::{Value, json};
use testkit::{Client, PASSWORD, Permission, TestApp, enrol, pg};

use crate::people::admit;

fn role(permissions: &[&str]) -> Value {
    json!({"title": "Charge nurse", "kind": "staff", "tie": null, "permissions": permissions})
}

async fn post(client: &Client, path: &str, body: &Value) -> testkit::Answer {
    client.ask("POST", path).body("application/json", body.to_string()).await
}

async fn put(client: &Client, key: &str, version: &str, body: &Value) -> testkit::Answer {
    let ask = client.ask("PUT", &format!("/api/roles/{key}")).if_match(version);
    ask.body("application/json", body.to_string()).await
}

async fn refusals(database: &pg::Client) -> Vec<String> {
    let sql =
        "SELECT reason FROM audit.event WHERE action = 'roles.edit' AND outcome = 'denied' ORDER BY at, id";
    database.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn whoever_has_a_role_has_what_it_says_now() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let administrator = clinic.all_powers(&[&north]).await;
    admit(&administrator, "Alder").await;
    let new = json!({"role_key": "charge-nurse", "role": role(&["chart.read", "chart.search"])});
    let made = post(&administrator, "/api/roles", &new).await.expect_status(201);
    let email = "nurse@care.example";
    let offer = json!({"email": email, "name": "Nurse", "role_key": "charge-nurse", "facilities": ["north"]});
    let offered = post(&administrator, "/api/people", &offer).await.expect_status(201).json();
    let membership = offered["membership"].as_i64().unwrap();
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Nora", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    enrol(&app, &browser).await;
    let tab = browser.open("clinic", membership).await;
    let patients = "/fhir/R4/Patient?_total=accurate";
    assert_eq!(tab.get(patients).await.expect_status(200).json()["total"], 1);
    let listed = administrator.get("/api/roles").await.expect_status(200).json();
    assert_eq!(
        (&listed["roles"][0]["role_key"], &listed["roles"][0]["posts"]),
        (&json!("charge-nurse"), &json!(1))
    );

    // Less, then bound to patients, then back: each on the next request.
    let less = put(&administrator, "charge-nurse", made.header("etag"), &role(&["chart.read"])).await;
    let less = less.expect_status(200);
    tab.get(patients).await.expect_status(403);
    put(&administrator, "charge-nurse", made.header("etag"), &role(&[])).await.expect_status(412);
    let unsaid = administrator.ask("PUT", "/api/roles/charge-nurse");
    unsaid.body("application/json", role(&[]).to_string()).await.expect_status(428);
    let mut bound = role(&["chart.read", "chart.search"]);
    bound["tie"] = json!("care-team");
    let bound = put(&administrator, "charge-nurse", less.header("etag"), &bound).await.expect_status(200);
    assert_eq!(tab.get(patients).await.expect_status(200).json()["total"], 0);
    let whole = role(&["chart.read", "chart.search"]);
    let whole = put(&administrator, "charge-nurse", bound.header("etag"), &whole).await.expect_status(200);
    assert_eq!(tab.get(patients).await.expect_status(200).json()["total"], 1);

    // What the role hides does not exist for whoever has it, also after the post has left the role.
    let born = async || tab.get("/fhir/R4/Patient").await.expect_status(200).text().contains("birthDate");
    assert!(born().await);
    let mut hides = role(&["chart.read", "chart.search"]);
    hides["hidden"] = json!(["Patient.birthDate"]);
    let whole = put(&administrator, "charge-nurse", whole.header("etag"), &hides).await.expect_status(200);
    assert!(!born().await);

    // A post that is changed by itself has no role any more, and does not follow it.
    let post = administrator.get(&format!("/api/people/{membership}")).await.expect_status(200);
    let own = json!({"permissions": ["chart.read", "chart.search", "people.read"]});
    let ask = administrator.ask("PUT", &format!("/api/people/{membership}")).if_match(post.header("etag"));
    ask.body("application/json", own.to_string()).await.expect_status(200);
    put(&administrator, "charge-nurse", whole.header("etag"), &role(&[])).await.expect_status(200);
    assert_eq!(tab.get(patients).await.expect_status(200).json()["total"], 1);
    assert!(!born().await);
    let listed = administrator.get("/api/roles").await.expect_status(200).json();
    assert_eq!(listed["roles"][0]["posts"], 0);
}

#[tokio::test]
async fn nobody_writes_more_into_a_role_than_they_hold() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let everything = clinic.all_powers(&[&north]).await;
    let new = json!({"role_key": "nurse", "role": role(&["chart.read", "chart.write"])});
    let made = post(&everything, "/api/roles", &new).await.expect_status(201);
    let clerk = clinic.token(&[Permission::RolesEdit, Permission::PeopleInvite], &[&north]).await;
    let more = json!({"role_key": "more", "role": role(&["chart.read"])});
    post(&clerk, "/api/roles", &more).await.expect_status(403);
    // What it had it may keep, what is added must be held.
    let kept = put(&clerk, "nurse", made.header("etag"), &role(&["chart.read"])).await.expect_status(200);
    put(&clerk, "nurse", kept.header("etag"), &role(&["chart.read", "chart.write"])).await.expect_status(403);
    put(&clerk, "nobody", kept.header("etag"), &role(&[])).await.expect_status(404);
    put(&clerk, "nurse", kept.header("etag"), &role(&["platform.administrators"])).await.expect_status(400);
    let database = app.superuser().await;
    let logged = refusals(&database).await;
    assert_eq!(
        logged,
        ["more than the author has", "more than the author has", "no such role", "unknown permission"]
    );
    // And nobody gives a role that is more than they have.
    let offer = json!({"email": "x@care.example", "name": "X", "role_key": "nurse", "facilities": ["north"]});
    post(&clerk, "/api/people", &offer).await.expect_status(403);
    let reader = clinic.token(&[Permission::PeopleRead], &[&north]).await;
    post(&reader, "/api/roles", &more).await.expect_status(403);
    reader.get("/api/roles").await.expect_status(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_named() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let everything = clinic.all_powers(&[&north]).await;
    let good = json!({"role_key": "nurse", "role": role(&["chart.read"])});
    let made = post(&everything, "/api/roles", &good).await.expect_status(201);
    let bad = [
        ("/role_key", json!("Nurse!"), "role_key"),
        ("/role_key", json!("nurse"), "role_key"),
        ("/role/title", json!(" "), "title"),
        ("/role/kind", json!("platform"), "kind"),
        ("/role/tie", json!("neighbour"), "tie"),
        ("/role/permissions", json!(["chart.everything"]), "permissions"),
        ("/role/hidden", json!(["Patient/telecom"]), "hidden"),
    ];
    for (at, value, named) in bad {
        let mut body = good.clone();
        body["role"]["hidden"] = json!([]);
        body["role_key"] = json!("other");
        *body.pointer_mut(at).unwrap() = value;
        let refused = post(&everything, "/api/roles", &body).await.expect_status(400).json();
        assert!(refused["detail"].as_str().unwrap().starts_with(named), "{at}: {refused}");
    }
    let mut portal = role(&["chart.read"]);
    portal["kind"] = json!("portal");
    put(&everything, "nurse", made.header("etag"), &portal).await.expect_status(400);
    let both = json!({
        "email": "x@care.example", "name": "X", "role_key": "nurse", "permissions": ["chart.read"],
        "facilities": ["north"],
    });
    post(&everything, "/api/people", &both).await.expect_status(400);
    let neither = json!({"email": "x@care.example", "name": "X", "facilities": ["north"]});
    post(&everything, "/api/people", &neither).await.expect_status(400);
}

#[tokio::test]
async fn a_role_that_changes_leaves_an_administrator() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let everything = clinic.all_powers(&[&north]).await;
    let boss = json!({"role_key": "boss", "role": role(&["organization.manage", "people.read"])});
    let made = post(&everything, "/api/roles", &boss).await.expect_status(201);
    let email = "boss@care.example";
    let offer = json!({"email": email, "name": "Boss", "role_key": "boss", "facilities": ["north"]});
    post(&everything, "/api/people", &offer).await.expect_status(201);
    let token = app.token_mailed(email, "invitation").await;
    let browser = app.browser();
    let body = json!({"token": token, "name": "Bo", "password": PASSWORD});
    browser.post("/api/auth/invitation/accept", &body).await.expect_status(200);
    let refused = put(&everything, "boss", made.header("etag"), &role(&["people.read"])).await;
    assert_eq!(refused.expect_status(409).json()["code"], "last-administrator");
}
