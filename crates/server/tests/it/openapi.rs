//! The committed description of `/api`, from which clients are made, is the one the program answers by.

use std::path::Path;

use testkit::TestApp;

/// `LAMPLIGHT_UPDATE=1 ./test the_committed_description` writes the file anew.
#[test]
fn the_committed_description_is_the_one_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.json");
    if std::env::var_os("LAMPLIGHT_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, server::http::description()).unwrap();
    }
    let committed =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = committed.lines().zip(server::http::description().lines()).zip(1..);
    let first = lines.find(|((committed, made), _)| committed != made);
    assert!(
        committed == server::http::description(),
        "openapi/openapi.json is stale: a route or a shape changed; look at it, update the file, and the web app's \
         types with `npm run gen`; the first line that differs: {first:?}"
    );
}

#[tokio::test]
async fn the_description_is_served_to_everyone() {
    let app = TestApp::new().await;
    let served = app.stranger().get("/api/openapi.json").await.expect_status(200);
    assert_eq!(served.text(), server::http::description());
}

#[tokio::test]
async fn a_problem_has_the_members_that_are_described() {
    let app = TestApp::new().await;
    let problem = app.stranger().get("/api/auth/session").await.expect_status(401).json();
    let description: serde_json::Value = serde_json::from_str(server::http::description()).unwrap();
    let described = &description["components"]["schemas"]["Problem"];
    for required in described["required"].as_array().unwrap() {
        assert!(problem.get(required.as_str().unwrap()).is_some(), "{required}");
    }
    for member in problem.as_object().unwrap().keys() {
        assert!(described["properties"].get(member).is_some(), "{member}");
    }
    assert_eq!(problem["code"], "signed-out");
}
