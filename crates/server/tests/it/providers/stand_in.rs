//! A provider that says whatever a test wants it to say.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credentials::jwt::{SigningKey, jwks};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::house::{CALLBACK, REDIRECT, SECRET, Tab, parameter};

/// How it makes the token of the next code.
pub(super) type Forge = Box<dyn Fn(&SigningKey, Value) -> String + Send + Sync>;

struct State {
    key: SigningKey,
    /// The claims of the next token.
    claims: Value,
    forge: Forge,
    /// What was asked at the token endpoint.
    asked: Vec<String>,
}

/// The provider.
pub(super) struct StandIn {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub(super) async fn start() -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new(State {
            key: SigningKey::generate().unwrap(),
            claims: json!({}),
            forge: Box::new(|key, claims| key.sign_id_token(&claims).unwrap()),
            asked: Vec::new(),
        }));
        let issuer = server.uri();
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        });
        let found = ResponseTemplate::new(200).set_body_json(document);
        Mock::given(method("GET"))
            .and(path("/.well-known/openid-configuration"))
            .respond_with(found)
            .mount(&server)
            .await;
        let keys = Arc::clone(&state);
        Mock::given(method("GET"))
            .and(path("/keys"))
            .respond_with(move |_: &Request| {
                ResponseTemplate::new(200).set_body_json(jwks([&keys.lock().unwrap().key]))
            })
            .mount(&server)
            .await;
        let tokens = Arc::clone(&state);
        Mock::given(method("POST"))
            .and(path("/token"))
            .respond_with(move |request: &Request| {
                let mut state = tokens.lock().unwrap();
                let authorization =
                    request.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
                let body = String::from_utf8(request.body.clone()).unwrap();
                state.asked.push(format!("{} {body}", authorization.unwrap_or_default()));
                let token = (state.forge)(&state.key, state.claims.clone());
                ResponseTemplate::new(200).set_body_json(
                    json!({"access_token": "an access token", "token_type": "Bearer", "id_token": token}),
                )
            })
            .mount(&server)
            .await;
        Self { server, state }
    }

    pub(super) fn issuer(&self) -> String {
        self.server.uri()
    }

    /// The claims of somebody whose address this is, for the sign-in that this address begins.
    pub(super) fn claims(&self, url: &str, subject: &str, email: &str) -> Value {
        let now = kernel::World::system().now().as_second();
        json!({
            "iss": self.issuer(), "aud": "lamplight", "sub": subject, "iat": now, "exp": now + 300,
            "nonce": parameter(url, "nonce"), "email": email, "email_verified": true, "amr": ["pwd", "otp"],
        })
    }

    /// The next token has these claims.
    pub(super) fn says(&self, claims: Value) {
        self.state.lock().unwrap().claims = claims;
    }

    /// The next token is made so.
    pub(super) fn forges(&self, forge: Forge) {
        self.state.lock().unwrap().forge = forge;
    }

    /// It signs with another key from now on.
    pub(super) fn turns_its_key(&self) {
        self.state.lock().unwrap().key = SigningKey::generate().unwrap();
    }

    /// How often the keys were asked for.
    pub(super) async fn keys_asked(&self) -> usize {
        let asked = self.server.received_requests().await.unwrap();
        asked.iter().filter(|request| request.url.path() == "/keys").count()
    }

    /// What was asked for codes.
    pub(super) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// A browser is there and comes back, its person having shown who they are: the address it comes back to.
    pub(super) fn back(&self, url: &str) -> String {
        assert!(url.starts_with(&format!("{}/authorize?", self.issuer())), "{url}");
        assert_eq!(parameter(url, "response_type"), "code");
        assert_eq!(parameter(url, "client_id"), "lamplight");
        assert_eq!(parameter(url, "redirect_uri"), REDIRECT);
        assert_eq!(parameter(url, "code_challenge_method"), "S256");
        assert!(credentials::pkce::is_challenge(&parameter(url, "code_challenge")));
        format!("{CALLBACK}?code=a-code&state={}", parameter(url, "state"))
    }

    /// The whole way of a browser: where it is sent in the end.
    pub(super) async fn sign_in(
        &self,
        tab: &mut Tab,
        provider: uuid::Uuid,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let url = tab.start(provider, "/o/clinic").await;
        let mut claims = self.claims(&url, "ada", super::house::EMAIL);
        change(&mut claims);
        self.says(claims);
        tab.follow(&self.back(&url)).await
    }
}

/// A token in three parts of these headers and claims, with this signature.
pub(super) fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

/// The secret as the token endpoint gets it: form-encoded, then in basic authentication (RFC 6749, 2.3.1).
pub(super) fn basic() -> String {
    let encoded: String = SECRET.replace(' ', "+");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("lamplight:{encoded}")))
}
