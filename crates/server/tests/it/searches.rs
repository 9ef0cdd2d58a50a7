//! Searches over HTTP.

use testkit::TestApp;

use crate::people::{admit, clinic, weight};

#[tokio::test]
async fn pages_follow_each_other_until_the_end() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Johnson").await;
    for day in ["01", "02", "03", "04", "05"] {
        nurse.post("/fhir/R4/Observation", &weight(&id, day, "60.1")).await.expect_status(201);
    }
    let mut address =
        format!("/fhir/R4/Observation?patient={id}&code=http://loinc.org|29463-7&_count=2&_sort=-date");
    let mut days = Vec::new();
    let mut pages = 0;
    loop {
        let page = nurse.get(&address).await.expect_status(200);
        assert_eq!(page.json()["type"], "searchset");
        assert!(page.link("self").is_some());
        days.extend(
            page.entries().iter().map(|o| o["effectiveDateTime"].as_str().unwrap()[8..10].to_owned()),
        );
        pages += 1;
        match page.link("next") {
            Some(next) => address = next,
            None => break,
        }
    }
    assert_eq!((days.join(" ").as_str(), pages), ("05 04 03 02 01", 3));
}

#[tokio::test]
async fn a_search_by_form_keeps_what_it_asks_out_of_addresses() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let id = admit(&nurse, "Vaughan").await;
    for day in ["01", "02", "03"] {
        nurse.post("/fhir/R4/Observation", &weight(&id, day, "60")).await.expect_status(201);
    }
    let form = format!("patient={id}&_count=2");
    let page = nurse.form("/fhir/R4/Observation/_search", &form).await.expect_status(200);
    assert_eq!(page.entries().len(), 2);
    assert_eq!(page.link("self"), None);
    let next = page.link("next").unwrap();
    let (_, cursor) = next.split_once("?_cursor=").unwrap();
    assert!(!next.contains(&id), "{next}");
    let form = format!("{form}&_cursor={cursor}");
    let rest = nurse.form("/fhir/R4/Observation/_search", &form).await.expect_status(200);
    assert_eq!(rest.entries().len(), 1);
    assert_eq!(rest.link("next"), None);
}

#[tokio::test]
async fn a_compartment_holds_what_belongs_to_its_patient() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let (one, other) = (admit(&nurse, "One").await, admit(&nurse, "Other").await);
    for id in [&one, &one, &other] {
        nurse.post("/fhir/R4/Observation", &weight(id, "01", "60")).await.expect_status(201);
    }
    let found = nurse.get(&format!("/fhir/R4/Patient/{one}/Observation")).await.expect_status(200);
    assert_eq!(found.entries().len(), 2);
    nurse.get(&format!("/fhir/R4/Patient/{one}/*")).await.expect_status(400);
    nurse.get(&format!("/fhir/R4/Patient/{one}/$everything")).await.expect_status(404);
    nurse.get(&format!("/fhir/R4/Observation/{one}/Patient")).await.expect_status(404);
}

#[tokio::test]
async fn a_count_alone_shows_nobody() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    admit(&nurse, "Countess").await;
    let count = nurse.get("/fhir/R4/Patient?family=Countess&_summary=count").await.expect_status(200);
    assert_eq!(count.json()["total"], 1);
    assert!(count.entries().is_empty());
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_without_its_value() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    for query in
        ["social-worker=Secretname", "name:sounds=Secretname", "_count=Secretname", "_has:x:y:z=Secretname"]
    {
        let refused = nurse.get(&format!("/fhir/R4/Patient?{query}")).await.expect_status(400);
        assert!(!refused.text().contains("Secretname"), "{}", refused.text());
        let name = query.split('=').next().unwrap();
        assert!(refused.text().contains(name), "{}", refused.text());
        nurse.form("/fhir/R4/Patient/_search", query).await.expect_status(400);
    }
    nurse.get("/fhir/R4/Patient?name=%ff").await.expect_status(400);
    nurse.get("/fhir/R4?_id=Secretname").await.expect_status(405);
}
