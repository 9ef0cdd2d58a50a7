use std::future::Future;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use db::keys::{KeyServices, RootKey};
use db::{Config, Db, Endpoint, PoolSizes};
use kernel::World;
use tower::ServiceExt as _;

use super::{edge, router};
use crate::app::{App, Settings};

/// The program with a database that is not there.
fn app() -> App {
    let config = Config {
        endpoint: Endpoint::parse("host=/nowhere user=nobody dbname=none", None).unwrap(),
        platform: None,
        keyring: None,
        sizes: PoolSizes::default(),
        root: RootKey::from_bytes([7; 32]),
        key_services: KeyServices::default(),
        world: World::system(),
    };
    App::new(chart::Store::new(Db::open(config).unwrap()), World::system(), Settings::default())
}

fn ask(router: Router, path: &str) -> impl Future<Output = Response<Body>> {
    let token = "Bearer lmp_1_AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let request = Request::get(path).header("host", "localhost").header("authorization", token);
    let answered = router.oneshot(request.body(Body::empty()).unwrap());
    async { answered.await.unwrap() }
}

async fn panics() -> &'static str {
    panic!("Secretname")
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let app = app();
    let router =
        Router::new().route("/fhir/R4/panic", get(panics)).layer(from_fn_with_state(app, edge::edge));
    let answer = ask(router, "/fhir/R4/panic").await;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["content-type"], "application/fhir+json");
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    assert!(text.contains("internal error") && !text.contains("Secretname"), "{text}");
}

#[tokio::test]
async fn without_a_database_it_lives_and_is_not_ready() {
    let router = router(app());
    assert_eq!(ask(router.clone(), "/health").await.status(), 204);
    assert_eq!(ask(router.clone(), "/ready").await.status(), 503);
    let withheld = ask(router, "/fhir/R4/Patient").await;
    assert_eq!(withheld.status(), 503);
    assert_eq!(withheld.headers()["retry-after"], "1");
}
