//! The table of routes and the router are the same thing.

use server::http::{Access, Route, Verb, routes};
use testkit::{Ask, Client, TestApp};

use crate::people::clinic;

const ID: &str = "0190a000-0000-7000-8000-000000000000";

pub(crate) fn example(template: &str) -> String {
    let parts = [("{type}", "Patient"), ("{id}", ID), ("{vid}", "1"), ("{inner}", "Observation")];
    let parts = parts.into_iter().chain([
        ("{membership}", "999"),
        ("{context}", ID),
        ("{device}", ID),
        ("{factor}", ID),
        ("{provider}", ID),
        ("{request}", ID),
        ("{role}", "r999"),
        ("{patient}", ID),
        ("{kind}", "client"),
        ("{emergency}", ID),
        ("{organization}", "r999"),
        ("{administrator}", "999"),
        ("{plan}", "r999"),
        ("{announcement}", ID),
        ("{module}", "family-portal"),
        ("{event}", ID),
        ("{facility}", "north"),
        ("{stay}", ID),
        ("{merge}", ID),
        ("{document}", ID),
        ("{export}", ID),
        ("{import}", ID),
        ("{file}", "1"),
        ("{upload}", "nothing"),
        ("{link}", "999"),
        ("{draft}", ID),
        ("{composition}", ID),
        ("{task}", ID),
        ("{handover}", ID),
        ("{incident}", ID),
        ("{administration}", ID),
        ("{order}", ID),
        ("{stock}", ID),
        ("{entry}", ID),
        ("{review}", ID),
        ("{hold}", ID),
        ("{erasure}", ID),
        ("{category}", "problems"),
    ]);
    parts.fold(template.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// A request of a row by `client`, one whose answer ends: who listens begins where nobody is.
pub(crate) fn ask(client: &Client, row: &Route) -> Ask {
    let ask = client.ask(method(row.method), &example(row.path));
    if row.interaction == "stream" { ask.header("last-event-id", "nowhere") } else { ask }
}

pub(crate) fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Delete => "DELETE",
    }
}

#[tokio::test]
async fn every_row_answers_and_asks_who_is_there() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    for row in routes() {
        let path = example(row.path);
        let stranger = app.stranger().ask(method(row.method), &path).await;
        match row.access {
            Access::Public(_) => {
                assert!(stranger.status < 300, "{} {path}: {}", method(row.method), stranger.text())
            }
            // What a visitor sends is read, and this was nothing.
            Access::Visitor(_) | Access::Program(_) => {
                let read_only = row.method == Verb::Get && !row.audited && stranger.status == 200;
                assert!(read_only || (300..500).contains(&stranger.status), "{} {path}", method(row.method));
                continue;
            }
            _ => assert_eq!(stranger.status, 401, "{} {path}", method(row.method)),
        }
        if matches!(row.access, Access::Account | Access::Platform(_) | Access::OnPlatform) {
            continue;
        }
        let known = ask(&nurse, row).await;
        assert!(known.status < 500 && known.status != 405, "{} {path}: {}", method(row.method), known.text());
        // No row answers as if it did not exist, except for the record that is not there.
        assert!(
            known.status != 404 || path.contains(ID) || path.contains("999"),
            "{} {path}",
            method(row.method)
        );
        if row.health_data {
            assert_eq!(known.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn a_row_is_refused_without_its_permission() {
    let app = TestApp::new().await;
    let clinic = app.organization("clinic").await;
    let north = clinic.facility("north").await;
    for row in routes() {
        let Access::Needs(action) = row.access else { continue };
        let others: Vec<_> =
            testkit::Permission::ALL.into_iter().filter(|held| *held != action.needs()).collect();
        let nurse = clinic.token(&others, &[&north]).await;
        let refused = nurse.ask(method(row.method), &example(row.path)).await.expect_status(403);
        assert!(refused.text().contains(action.needs().key()), "{}", refused.text());
    }
}

#[tokio::test]
async fn what_is_not_listed_does_not_exist() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    for path in
        ["/metrics", "/fhir", "/fhir/R5/Patient", "/api", "/health/", "/fhir/R4/Patient/a/b/c", "/.env"]
    {
        nurse.get(path).await.expect_status(404);
    }
    let problem = nurse.get("/api").await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let templates: std::collections::BTreeSet<_> = routes().iter().map(|row| row.path).collect();
    for template in templates {
        // A template may be shadowed by another of the same form: `metadata` is no type, `_search` no id.
        let allowed: Vec<_> =
            routes().iter().filter(|row| row.path == template).map(|row| method(row.method)).collect();
        for other in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            // Before a page of another origin asks a program's address, the browser does.
            let is_program =
                routes().iter().any(|row| row.path == template && matches!(row.access, Access::Program(_)));
            if allowed.contains(&other) || (other == "OPTIONS" && is_program) {
                continue;
            }
            let refused = nurse.ask(other, &example(template)).await.expect_status(405);
            let allow = refused.header("allow").to_owned();
            assert!(allowed.iter().all(|method| allow.contains(method)), "{template}: {allow}");
        }
    }
}

#[tokio::test]
async fn the_capability_statement_is_for_everyone() {
    let app = TestApp::new().await;
    let statement = app.stranger().get("/fhir/R4/metadata").await.expect_status(200).json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["rest"][0]["resource"].as_array().unwrap().len(), 146);
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let app = TestApp::new().await;
    let (_, nurse) = clinic(&app).await;
    let head = nurse.ask("HEAD", "/fhir/R4/Patient").await.expect_status(200);
    assert!(head.body.is_empty());
    app.stranger().ask("HEAD", "/fhir/R4/Patient").await.expect_status(401);
}
