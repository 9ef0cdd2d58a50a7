//! Someone who uses the program over HTTP, in this process or over a port.

use crate::listening::Listener;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kernel::TokenId;
use serde_json::Value;
use tower::ServiceExt as _;

/// A caller.
#[derive(Clone)]
pub struct Client {
    router: Router,
    port: Option<SocketAddr>,
    token: Option<String>,
    host: String,
    pub(crate) token_id: Option<TokenId>,
}

impl Client {
    /// Someone who asks this router, with a token or without.
    pub fn new(router: Router, token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        Self { router, port: None, token, host: "localhost".to_owned(), token_id: None }
    }

    /// The same caller at another program.
    #[must_use]
    pub fn through(&self, router: &Router) -> Self {
        Self { router: router.clone(), ..self.clone() }
    }

    /// The same caller, over a port.
    #[must_use]
    pub fn over(&self, port: SocketAddr) -> Self {
        Self { port: Some(port), ..self.clone() }
    }

    /// The same caller, who names another host.
    #[must_use]
    pub fn at(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    /// The token.
    ///
    /// # Panics
    /// When this is a stranger.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("someone with a token")
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    /// `DELETE`
    pub fn delete(&self, path: &str) -> Ask {
        self.ask("DELETE", path)
    }

    /// `POST` of a resource.
    pub fn post(&self, path: &str, resource: &Value) -> Ask {
        self.ask("POST", path).resource(resource)
    }

    /// `PUT` of a resource.
    pub fn put(&self, path: &str, resource: &Value) -> Ask {
        self.ask("PUT", path).resource(resource)
    }

    /// `POST` of a form, its text as given.
    pub fn form(&self, path: &str, form: &str) -> Ask {
        self.ask("POST", path).body("application/x-www-form-urlencoded", form.as_bytes().to_vec())
    }

    /// Any request. An address of our own answers (`http://localhost/...`) is taken as well as a path.
    ///
    /// # Panics
    /// When the method is none.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let own = format!("http://{}", self.host);
        let path = path.strip_prefix(&own).unwrap_or(path).to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, self.host.parse().expect("a host"));
        if let Some(token) = &self.token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a token"));
        }
        let method = method.parse().expect("a method");
        Ask { router: self.router.clone(), port: self.port, method, path, headers, body: Bytes::new() }
    }
}

/// A request to be sent: await it.
pub struct Ask {
    router: Router,
    port: Option<SocketAddr>,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// With a header.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header"));
        self
    }

    /// At a facility, by its code.
    #[must_use]
    pub fn facility(self, code: &str) -> Self {
        self.header("lamplight-facility", code)
    }

    /// With `If-Match`.
    #[must_use]
    pub fn if_match(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("content-type", media_type).header("content-length", &length)
    }

    /// Over a port.
    #[must_use]
    pub fn over(self, port: SocketAddr) -> Self {
        Self { port: Some(port), ..self }
    }

    /// With the body in chunks, its length not said beforehand. Over a port only.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.headers.remove(header::CONTENT_LENGTH);
        self.header("transfer-encoding", "chunked")
    }

    /// With a resource as the body.
    #[must_use]
    pub fn resource(self, resource: &Value) -> Self {
        self.body("application/fhir+json", resource.to_string())
    }

    /// Begins to listen, in this process.
    ///
    /// # Panics
    /// When the answer is another than 200.
    pub async fn listen(self) -> Listener {
        let response = self.oneshot().await;
        assert_eq!(response.status(), 200);
        Listener::new(response.into_body())
    }

    /// Sends it and gives the body as it comes, in this process.
    ///
    /// # Panics
    /// When the answer is another than 200.
    pub async fn stream(self) -> BodyDataStream {
        let response = self.oneshot().await;
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream()
    }

    /// Sends it, in this process: the whole body, or nothing when it broke off.
    ///
    /// # Panics
    /// When the answer is another than 200.
    pub async fn try_whole(self) -> Option<Bytes> {
        let response = self.oneshot().await;
        assert_eq!(response.status(), 200);
        Some(response.into_body().collect().await.ok()?.to_bytes())
    }

    async fn oneshot(self) -> Response<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        if let Some(headers) = request.headers_mut() {
            *headers = self.headers;
        }
        let request = request.body(Body::from(self.body)).expect("a request");
        let Ok(response) = self.router.oneshot(request).await;
        response
    }

    async fn send(self) -> Answer {
        let target = match self.port {
            Some(port) => format!("http://{port}{}", self.path),
            None => self.path,
        };
        let mut request = Request::builder().method(self.method).uri(target);
        if let Some(headers) = request.headers_mut() {
            *headers = self.headers;
        }
        let (parts, body) = match self.port {
            None => {
                let request = request.body(Body::from(self.body)).expect("a request");
                let Ok(response) = self.router.oneshot(request).await;
                let (parts, body) = response.into_parts();
                (parts, body.collect().await.expect("a body").to_bytes())
            }
            Some(_) => {
                let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
                let request = request.body(Full::new(self.body)).expect("a request");
                let response = client.request(request).await.unwrap_or_else(|error| panic!("HTTP: {error}"));
                let (parts, body) = response.into_parts();
                (parts, body.collect().await.expect("a body").to_bytes())
            }
        };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl IntoFuture for Ask {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// This answer, if it has the status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header.
    ///
    /// # Panics
    /// When the answer does not have it.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().expect("text")
    }

    /// The `id` of the resource in the body.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text())).to_owned()
    }

    /// The resources of the bundle in the body, in order.
    ///
    /// # Panics
    /// When the body is no JSON.
    #[track_caller]
    pub fn entries(&self) -> Vec<Value> {
        let bundle = self.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries.into_iter().map(|mut entry| entry["resource"].take()).collect()
    }

    /// The address of the bundle's link of this relation.
    ///
    /// # Panics
    /// When the body is no JSON.
    #[track_caller]
    pub fn link(&self, relation: &str) -> Option<String> {
        let bundle = self.json();
        let links = bundle["link"].as_array()?;
        let link = links.iter().find(|link| link["relation"] == relation)?;
        link["url"].as_str().map(str::to_owned)
    }
}
