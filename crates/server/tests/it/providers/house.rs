//! An organization with a provider, somebody of its staff, and the browser they use.

use std::collections::BTreeMap;

use db::{Drawer, NewProvider};
use testkit::{Answer, Client, Organization, Permission, Person, Settings, TestApp};
use uuid::Uuid;

pub(super) const EMAIL: &str = "nurse@care.example";
pub(super) const SECRET: &str = "what the client knows";
pub(super) const HOST: &str = "clinic.localhost";
pub(super) const REDIRECT: &str = "http://clinic.localhost/api/auth/providers/callback";
pub(super) const CALLBACK: &str = "/api/auth/providers/callback";

/// The program, ready to ask providers on this machine.
pub(super) async fn app() -> TestApp {
    TestApp::with(Settings { local_providers: true, ..Settings::default() }).await
}

/// How a provider is entered.
pub(super) struct Entered<'a> {
    pub(super) issuer: &'a str,
    pub(super) secret: Option<&'a str>,
    pub(super) trusts_mfa: bool,
    pub(super) domains: &'a [&'a str],
}

impl<'a> Entered<'a> {
    pub(super) fn at(issuer: &'a str) -> Self {
        Self { issuer, secret: Some(SECRET), trusts_mfa: false, domains: &["care.example"] }
    }
}

/// Enters it, as `lamplight provider add` does.
pub(super) async fn enter(app: &TestApp, organization: &Organization<'_>, given: Entered<'_>) -> Uuid {
    let ctx = organization.context(&[]).await;
    let id = app.app.world.uuid();
    let vault = app.database.db.vault(&ctx).await.unwrap();
    let sealed = given.secret.map(|secret| vault.seal(Drawer::ProviderSecret, id, secret.as_bytes()));
    let domains: Vec<String> = given.domains.iter().map(|domain| (*domain).to_owned()).collect();
    let new = NewProvider {
        id,
        name: "Work account",
        issuer: given.issuer,
        client_id: "lamplight",
        secret: sealed.as_deref(),
        trusts_mfa: given.trusts_mfa,
        mfa_acr: &["urn:care:two".to_owned()],
        email_domains: &domains,
    };
    app.database.operator().await.create_provider(organization.id(), &new).await.unwrap();
    id
}

/// A nurse with a password and an authenticator.
pub(super) async fn nurse(organization: &Organization<'_>) -> Person {
    let north = organization.facility("north").await;
    organization.person(EMAIL, &[Permission::ChartRead], &[&north]).await
}

/// A browser that keeps every cookie of one host of ours.
pub(super) struct Tab {
    client: Client,
    pub(super) jar: BTreeMap<String, String>,
}

impl Tab {
    pub(super) fn at(app: &TestApp, host: &str) -> Self {
        Self { client: app.stranger().at(host), jar: BTreeMap::new() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut ask = self.client.get(path);
        if !cookies.is_empty() {
            ask = ask.header("cookie", &cookies.join("; "));
        }
        let answer = ask.await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(set.contains("; Secure; HttpOnly; SameSite=Lax"), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Begins to sign in; gives the provider's address that the browser is sent to.
    pub(super) async fn start(&mut self, provider: Uuid, back: &str) -> String {
        let path = format!("/api/auth/providers/{provider}/start?return={back}");
        self.get(&path).await.expect_status(303).header("location").to_owned()
    }

    /// Where the browser is sent next.
    pub(super) async fn follow(&mut self, path: &str) -> String {
        self.get(path).await.expect_status(303).header("location").to_owned()
    }

    /// The session, if this browser is signed in.
    pub(super) async fn session(&mut self) -> Option<serde_json::Value> {
        let answer = self.get("/api/auth/session").await;
        (answer.status == 200).then(|| answer.json())
    }
}

/// A parameter of an address.
pub(super) fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap_or_else(|| panic!("no query: {url}"));
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    let value = value.unwrap_or_else(|| panic!("no {name}: {url}"));
    percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
}

/// The reasons for which sign-ins were refused, and what was linked and vouched for, oldest first.
pub(super) async fn logged(app: &TestApp, action: &str) -> Vec<String> {
    let rows = app
        .superuser()
        .await
        .query("SELECT reason FROM audit.event WHERE action = $1 ORDER BY at, id", &[&action])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Why the last sign-in was refused.
pub(super) async fn why(app: &TestApp) -> String {
    let rows = app
        .superuser()
        .await
        .query(
            "SELECT reason || coalesce(' / ' || detail, '') FROM audit.event
              WHERE action = 'session.sign-in' AND outcome = 'denied' ORDER BY at DESC, id DESC LIMIT 1",
            &[],
        )
        .await
        .unwrap();
    rows.first().map(|row| row.get(0)).unwrap_or_default()
}
