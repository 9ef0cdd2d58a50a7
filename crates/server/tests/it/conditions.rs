//! Conditional requests, and requests that are sent twice.

use serde_json::json;
use testkit::{Permission, TestApp};

use crate::people::{admit, clinic, patient};

#[tokio::test]
async fn a_change_must_name_the_version_it_starts_from() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let path = format!("/fhir/R4/Patient/{}", admit(&nurse, "Meitner").await);
    let body = nurse.get(&path).await.json();

    nurse.put(&path, &body).await.expect_status(428);
    nurse.delete(&path).await.expect_status(428);
    nurse.put(&path, &body).if_match("W/\"7\"").await.expect_status(412);
    nurse.put(&path, &body).if_match("W/\"not-ours\"").await.expect_status(412);
    nurse.put(&path, &body).if_match("*").await.expect_status(400);
    nurse.put(&path, &body).if_match("W/\"1\"").header("if-none-match", "*").await.expect_status(400);
    nurse.put(&path, &body).if_match("\"1\"").await.expect_status(200);
    nurse.delete(&path).if_match("W/\"1\"").await.expect_status(412);
}

#[tokio::test]
async fn of_two_changes_from_one_version_one_wins() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let path = format!("/fhir/R4/Patient/{}", admit(&nurse, "Franklin").await);
    let body = nurse.get(&path).await.json();
    let change = || nurse.put(&path, &body).if_match("W/\"1\"").into_future();
    let (first, second) = tokio::join!(change(), change());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn what_the_caller_has_is_not_sent_again() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let path = format!("/fhir/R4/Patient/{}", admit(&nurse, "Germain").await);
    let known = nurse.get(&path).header("if-none-match", "W/\"1\"").await.expect_status(304);
    assert!(known.body.is_empty());
    assert_eq!(known.header("etag"), "W/\"1\"");
    nurse.get(&path).header("if-none-match", "W/\"2\"").await.expect_status(200);
    let since = nurse.get(&path).await.header("last-modified").to_owned();
    nurse.get(&path).header("if-modified-since", &since).await.expect_status(304);
}

#[tokio::test]
async fn a_create_may_ask_whether_it_is_there_already() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let mut resource = patient("Goeppert", "Maria");
    resource["identifier"] = json!([{ "system": "urn:mrn", "value": "77" }]);
    let create =
        || nurse.post("/fhir/R4/Patient", &resource).header("if-none-exist", "identifier=urn:mrn|77");
    let made = create().await.expect_status(201);
    let again = create().await.expect_status(200);
    assert_eq!(again.header("location"), made.header("location"));
    nurse.post("/fhir/R4/Patient", &resource).await.expect_status(201);
    create().await.expect_status(412);
}

#[tokio::test]
async fn a_create_with_a_key_happens_once() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let create = |name: &str| {
        nurse.post("/fhir/R4/Patient", &patient(name, "Ada")).header("idempotency-key", "k-1").into_future()
    };
    let (first, second) = tokio::join!(create("Lamarr"), create("Lamarr"));
    assert_eq!((first.status, second.status), (201, 201), "{} {}", first.text(), second.text());
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.json(), second.json());
    let replayed = |answer: &testkit::Answer| answer.headers.contains_key("idempotency-replayed");
    assert!(replayed(&first) != replayed(&second));

    create("Other").await.expect_status(422);
    let rows = app.superuser().await;
    let count: i64 = rows.query_one("SELECT count(*) FROM chart.resource", &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_key_belongs_to_who_sent_it() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let one = clinic.all_powers(&[&north]).await;
    let other = clinic.token(&[Permission::ChartWrite], &[&north]).await;
    let mut places = Vec::new();
    for nurse in [&one, &other, &other] {
        let create = nurse.post("/fhir/R4/Patient", &patient("Wu", "Chien")).header("idempotency-key", "k-1");
        places.push(create.await.expect_status(201).header("location").to_owned());
    }
    assert_ne!(places[0], places[1]);
    // The second answer to `other`, who may write and not read, is without the resource.
    assert_eq!(places[1], places[2]);
}
