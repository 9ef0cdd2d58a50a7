//! A webhook is told, and what it does not take is told again.

use adapters::hook::Hook;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn it_gets_the_json_and_its_refusal_is_an_error_without_its_address() {
    let server = MockServer::start().await;
    let told = serde_json::json!({"size": 7, "notes": ["a"]});
    Mock::given(method("POST"))
        .and(path("/kept"))
        .and(header("content-type", "application/json"))
        .and(body_json(&told))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let hook = |path: &str| Hook::new(&format!("{}{path}?key=SECRET", server.uri())).unwrap();
    hook("/kept").tell(told.to_string().into_bytes()).await.unwrap();
    for (status, at) in [(500, "/down"), (302, "/elsewhere")] {
        let answer = ResponseTemplate::new(status).insert_header("location", "/kept");
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
        let error = hook(at).tell(b"{}".to_vec()).await.unwrap_err();
        assert!(error.is_transient() && !format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
    drop(server);
    let gone = Hook::new("http://127.0.0.1:9/h?key=SECRET").unwrap().tell(b"{}".to_vec()).await.unwrap_err();
    assert!(!format!("{gone} {gone:?}").contains("SECRET"), "{gone:?}");
}
