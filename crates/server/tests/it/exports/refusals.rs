//! Who gets nothing, and what is not understood.

use serde_json::json;
use testkit::PASSWORD;

use super::{House, chain, kick_off, settled, weigh};
use crate::people::{admit, clinic};

#[tokio::test]
async fn what_is_not_known_is_refused_and_not_left_out() {
    let house = House::new(50).await;
    let (_, nurse) = clinic(&house.app).await;
    let at = |query: &str| nurse.get(&format!("/fhir/R4/$export?{query}")).header("prefer", "respond-async");
    for query in [
        "_type=Nonsense",
        "_type=",
        "_since=yesterday",
        "_outputFormat=text%2Fcsv",
        "_elements=id",
        "_typeFilter=Patient%3Factive%3Dtrue",
        "includeAssociatedData=LatestProvenanceResources",
        "patient=Patient%2F1",
        "marker-value=1",
    ] {
        let refused = at(query).await.expect_status(400);
        let outcome = refused.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{query}");
        assert!(!refused.text().contains("Nonsense") && !refused.text().contains("marker"), "{query}");
    }
    let refused = nurse.get("/fhir/R4/$export").await.expect_status(400);
    assert!(refused.text().contains("respond-async"));
    at("_format=application%2Ffhir%2Bxml").await.expect_status(406);
    let post = |body: &serde_json::Value| {
        nurse.post("/fhir/R4/Patient/$export", body).header("prefer", "respond-async")
    };
    for body in [
        json!({"resourceType": "Patient"}),
        json!({"resourceType": "Parameters", "parameter": [{"name": "patient", "valueReference": {"reference":
            "Patient/0190a000-0000-7000-8000-000000000000"}}]}),
        json!({"resourceType": "Parameters", "parameter": [{"name": "_elements", "valueString": "id"}]}),
    ] {
        post(&body).await.expect_status(400);
    }
    nurse.get("/fhir/R4/Group/1/$export").header("prefer", "respond-async").await.expect_status(404);
    let statement = house.app.stranger().get("/fhir/R4/metadata").await.expect_status(200).json();
    assert_eq!(statement["rest"][0]["operation"][0]["name"], "export");
    assert_eq!(house.states().await, []);
}

#[tokio::test]
async fn an_export_is_nobodys_but_its_posts() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let (nurse, colleague) = (clinic.all_powers(&[&north]).await, clinic.all_powers(&[&north]).await);
    let other = house.app.organization("other").await;
    let foreign = other.all_powers(&[&other.facility("away").await]).await;
    admit(&nurse, "Ember").await;
    let status = kick_off(&nurse, "/fhir/R4/$export").await;
    let manifest = settled(&nurse, &status).await.expect_status(200).json();
    let url = manifest["output"][0]["url"].as_str().unwrap();
    let path = format!("/api/exports/{}", status.rsplit('/').next().unwrap());
    for stranger in [&colleague, &foreign] {
        for address in [status.as_str(), url] {
            stranger.get(address).await.expect_status(404);
        }
        stranger.delete(&status).await.expect_status(404);
        stranger.delete(&path).await.expect_status(404);
        assert_eq!(stranger.get("/api/exports").await.expect_status(200).json(), json!({"exports": []}));
    }
    house.app.stranger().get(url).await.expect_status(401);
    for nothing in
        [format!("{status}/2"), format!("{status}/01"), format!("{status}/x"), format!("{status}x")]
    {
        nurse.get(&nothing).await.expect_status(404);
    }
    nurse.get(url).await.expect_status(200);
}

#[tokio::test]
async fn one_runs_a_few_wait_and_more_are_refused_in_each_organization() {
    let mut house = House::new(50).await;
    house.kill();
    let (_, nurse) = clinic(&house.app).await;
    let other = house.app.organization("other").await;
    let foreign = other.all_powers(&[&other.facility("away").await]).await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(kick_off(&nurse, "/fhir/R4/$export").await);
    }
    let ask = || nurse.get("/fhir/R4/$export").header("prefer", "respond-async");
    let refused = ask().await.expect_status(429);
    assert_eq!(refused.header("retry-after"), "120");
    // Another organization waits for none of them; and one given up makes room.
    let theirs = kick_off(&foreign, "/fhir/R4/$export").await;
    nurse.delete(&asked.remove(0)).await.expect_status(202);
    asked.push(ask().await.expect_status(202).header("content-location").to_owned());
    // Ten at once take the one place that there is.
    nurse.delete(&asked.remove(0)).await.expect_status(202);
    let tries = futures_util::future::join_all((0..10).map(|_| async { ask().await.status })).await;
    assert_eq!(tries.iter().filter(|status| **status == 202).count(), 1, "{tries:?}");
    house.start().await;
    settled(&foreign, &theirs).await.expect_status(200);
    for status in &asked {
        settled(&nurse, status).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_person_proves_themselves_for_each_export() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let chain = chain(&house.app, &clinic, &north).await;
    let refused = chain.tab.post("/api/exports", &json!({})).await.expect_status(403).json();
    assert_eq!((&refused["code"], &refused["action"]), (&json!("step-up-required"), &json!("chart.export")));
    // A proof of something else, and one twice.
    let proof = chain.tab.proof("person.invite", PASSWORD).await;
    chain.tab.post_proved("/api/exports", &json!({}), &proof).await.expect_status(403);
    let kick = |proof: &str| {
        let ask = chain.tab.ask("GET", "/fhir/R4/$export").header("prefer", "respond-async");
        chain.tab.send(ask.header("lamplight-step-up", proof))
    };
    let proof = chain.tab.proof("chart.export", PASSWORD).await;
    kick(&proof).await.expect_status(202);
    kick(&proof).await.expect_status(403);
    for wrong in
        [json!({"types": []}), json!({"types": ["Nonsense"]}), json!({"since": "x"}), json!({"all": true})]
    {
        let proof = chain.tab.proof("chart.export", PASSWORD).await;
        chain.tab.post_proved("/api/exports", &wrong, &proof).await.expect_status(400);
    }
    let listed = chain.newest().await;
    assert_eq!((&listed["types"], &listed["patients_only"]), (&json!(null), &json!(false)));
}

/// What an emergency opens is one patient for an hour, and no way out in bulk.
#[tokio::test]
async fn an_emergency_exports_nothing() {
    let house = House::new(50).await;
    let clinic = house.app.organization("clinic").await;
    let north = clinic.facility("north").await;
    let doctor = clinic.all_powers(&[&north]).await;
    let ember = admit(&doctor, "Ember").await;
    weigh(&doctor, &ember, 1, 0).await;
    let body = json!({"patient": ember, "reason": "found unconscious", "minutes": 30});
    let ask = doctor.ask("POST", "/api/emergency-access").body("application/json", body.to_string());
    let opened = ask.await;
    if opened.status >= 300 {
        panic!("{}", opened.text());
    }
    let emergency = opened.json()["emergency"].as_str().unwrap().to_owned();
    let ask = doctor.get("/fhir/R4/$export").header("prefer", "respond-async");
    ask.header("lamplight-emergency", &emergency).await.expect_status(403);
    assert_eq!(house.states().await, []);
}
