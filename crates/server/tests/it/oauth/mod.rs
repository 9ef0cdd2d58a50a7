//! Other programs: they get in the name of a person what the person gave, and nothing else; every refusal is in the log.

mod flow;
mod keys;
mod programs;
mod refusals;
mod requests;
mod third_party;

use credentials::jwt::SigningKey;
use db::NewClient;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use testkit::{Answer, Browser, Facility, Organization, PASSWORD, Permission, Person, TestApp};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://notes.example/callback";
const ALL: &str = "openid profile email offline_access lamplight";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A clinic with a nurse who is signed in at its own host.
struct House<'a> {
    app: &'a TestApp,
    clinic: Organization<'a>,
    north: Facility,
    nurse: Person,
    browser: Browser,
    slug: &'static str,
}

impl<'a> House<'a> {
    async fn new(app: &'a TestApp) -> Self {
        Self::called(app, "clinic").await
    }

    async fn called(app: &'a TestApp, slug: &'static str) -> Self {
        let clinic = app.organization(slug).await;
        let north = clinic.facility("north").await;
        let held = [Permission::ChartRead, Permission::ChartSearch];
        let nurse = clinic.person(&format!("nurse@{slug}.example"), &held, &[&north]).await;
        let browser = app.browser().at(&format!("{slug}.localhost"));
        sign_in(app, &browser, &nurse).await;
        Self { app, clinic, north, nurse, browser, slug }
    }

    fn issuer(&self) -> String {
        format!("http://{}.localhost", self.slug)
    }

    /// Registers a client that people use; public without a key.
    async fn client(&self, scope: &str, key: Option<&SigningKey>) -> String {
        let uris = [CALLBACK.to_owned(), "http://127.0.0.1/callback".to_owned()];
        let scope: Vec<&str> = scope.split(' ').collect();
        let jwks = key.map(|key| credentials::jwt::jwks([key]));
        let new = NewClient {
            name: "Care Notes",
            uri: Some("https://notes.example"),
            redirect_uris: &uris,
            grants: &["authorization_code", "refresh_token"],
            jwks: jwks.as_ref(),
            scope: &scope,
            service: None,
        };
        self.register(&new).await
    }

    /// Registers a client that acts by itself.
    async fn service(&self, key: &SigningKey, permissions: &[Permission]) -> String {
        let jwks = credentials::jwt::jwks([key]);
        let facilities = [self.north.id];
        let new = NewClient {
            name: "Laboratory",
            uri: None,
            redirect_uris: &[],
            grants: &["client_credentials"],
            jwks: Some(&jwks),
            scope: &["lamplight"],
            service: Some((permissions.iter().copied().collect(), &facilities)),
        };
        self.register(&new).await
    }

    async fn register(&self, new: &NewClient<'_>) -> String {
        let mut operator = self.app.database.operator().await;
        operator.create_client(self.clinic.id(), new).await.unwrap().to_string()
    }

    /// Begins at the authorization endpoint.
    async fn begin(&self, params: &[(&str, &str)]) -> Answer {
        self.browser.get(&format!("/oauth/authorize?{}", form(params))).await
    }

    /// Begins, and finds the handle that the consent page gets.
    async fn asked(&self, params: &[(&str, &str)]) -> String {
        let begun = self.begin(params).await.expect_status(303);
        let handle = begun.header("location").strip_prefix("/authorize?request=");
        handle.unwrap_or_else(|| panic!("{}", begun.header("location"))).to_owned()
    }

    /// The nurse says yes; gives the code.
    async fn code(&self, client: &str, scope: &str) -> String {
        let handle = self.asked(&request(client, scope)).await;
        let path = format!("/api/auth/authorizations/{handle}");
        let yes = json!({"approve": true, "membership": self.nurse.membership});
        let answered = self.browser.post(&path, &yes).await.expect_status(200).json();
        let redirect = answered["redirect"].as_str().unwrap();
        assert!(redirect.starts_with(&format!("{CALLBACK}?")), "{redirect}");
        assert_eq!(param(redirect, "state").as_deref(), Some("a state & more"));
        assert_eq!(param(redirect, "iss").as_deref(), Some(&*self.issuer()));
        param(redirect, "code").unwrap()
    }

    /// All the way to tokens, for a public client.
    async fn tokens(&self, client: &str, scope: &str) -> Value {
        let code = self.code(client, scope).await;
        self.token(&by_code(client, &code)).await.expect_status(200).json()
    }

    /// A request of a program: no cookie, no origin.
    async fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        let stranger = self.app.stranger().at(&format!("{}.localhost", self.slug));
        stranger.form(path, &form(params)).await
    }

    async fn token(&self, params: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", params).await
    }

    async fn refresh(&self, client: &str, token: &str) -> Answer {
        let params = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        self.token(&params).await
    }

    async fn userinfo(&self, token: &str) -> Answer {
        self.app.bearer(token).at(&format!("{}.localhost", self.slug)).get("/oauth/userinfo").await
    }

    /// Whether the token reads charts.
    async fn reads(&self, token: &str) -> u16 {
        self.app.bearer(token).at(&format!("{}.localhost", self.slug)).get("/fhir/R4/Patient").await.status
    }

    /// An assertion of a client, as it should be, for the token endpoint.
    fn assertion(&self, client: &str, key: &SigningKey) -> String {
        let now = self.app.app.world.now().as_second();
        let claims = json!({
            "iss": client, "sub": client, "aud": self.issuer(), "exp": now + 60, "iat": now,
            "jti": self.app.app.world.uuid(),
        });
        key.sign("JWT", &claims).unwrap()
    }

    /// Why requests of this action were refused in this organization, oldest first.
    async fn refusals(&self, action: &str) -> Vec<String> {
        let rows = self
            .app
            .superuser()
            .await
            .query(
                "SELECT reason FROM audit.event WHERE organization_id = $1 AND action = $2 AND outcome = 'denied'
                  ORDER BY at, id",
                &[&self.clinic.id().0, &action],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Refused in these words, and logged with this reason.
    async fn refused(&self, answer: Answer, error: &str, action: &str, reason: &str) {
        let status = if ["invalid_client", "invalid_token"].contains(&error) { 401 } else { 400 };
        let answer = answer.expect_status(status);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["error"], error, "{reason}");
        assert_eq!(self.refusals(action).await.last().map(String::as_str), Some(reason));
    }
}

/// Signs in with password and authenticator.
async fn sign_in(app: &TestApp, browser: &Browser, person: &Person) {
    let half = browser.sign_in(&person.email, PASSWORD).await.expect_status(200).json();
    let code = app.code(&person.totp, 0);
    let body = json!({"login": half["login"], "kind": "totp", "code": code});
    browser.post("/api/auth/login/factor", &body).await.expect_status(200);
}

fn form(params: &[(&str, &str)]) -> String {
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = params.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}

/// A parameter of an address.
fn param(address: &str, name: &str) -> Option<String> {
    let query = address.split_once('?')?.1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(value).decode_utf8().unwrap().into_owned())
}

/// An authorization request as it should be.
fn request<'a>(client: &'a str, scope: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "a state & more"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// The same with another value, or without the parameter.
fn but<'a>(params: &[(&'a str, &'a str)], name: &'a str, value: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let others = params.iter().copied().filter(|(known, _)| *known != name);
    others.chain(value.map(|value| (name, value))).collect()
}

/// A token request for a code.
fn by_code<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// The claims of a token, whoever signed it.
fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

fn part(jwt: &str, index: usize) -> Value {
    use base64::Engine as _;
    let part = jwt.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
