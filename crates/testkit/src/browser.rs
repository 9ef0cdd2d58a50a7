//! Someone at a browser: a cookie jar, the origin of the page, and a context per tab.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::client::{Answer, Ask, Client};
use crate::listening::Listener;

/// A browser. Clones share the jar, as tabs do.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    jar: Arc<Mutex<Option<String>>>,
    origin: String,
    context: Option<String>,
}

impl Browser {
    /// A browser without anyone in it.
    pub fn new(client: Client) -> Self {
        Self { client, jar: Arc::default(), origin: "http://localhost".to_owned(), context: None }
    }

    /// The same browser at another host of ours; its jar is that host's alone.
    #[must_use]
    pub fn at(&self, host: &str) -> Self {
        Self {
            client: self.client.at(host),
            jar: Arc::default(),
            origin: format!("http://{host}"),
            context: None,
        }
    }

    /// The context that the tab speaks in, empty where there is none.
    #[must_use]
    pub fn context(&self) -> &str {
        self.context.as_deref().unwrap_or_default()
    }

    /// A tab that speaks in this context.
    #[must_use]
    pub fn tab(&self, context: &str) -> Self {
        Self { context: Some(context.to_owned()), ..self.clone() }
    }

    /// A page of this origin, which may be another's.
    #[must_use]
    pub fn page_of(&self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self.clone() }
    }

    /// The cookie as it would be sent.
    pub fn cookie(&self) -> Option<String> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a cookie into the jar.
    pub fn plant(&self, cookie: Option<String>) {
        *self.jar.lock().unwrap_or_else(PoisonError::into_inner) = cookie;
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(path)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.client.delete(path)).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.ask("POST", path).body("application/json", body.to_string())).await
    }

    /// `POST` of a form, as a page of another age would send it.
    pub async fn form(&self, path: &str, form: &str) -> Answer {
        self.send(self.client.form(path, form)).await
    }

    /// Any request of this browser's.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        self.client.ask(method, path)
    }

    /// Listens to what changes, after `from` when there is one.
    pub async fn follow(&self, from: Option<&str>) -> Listener {
        let ask = self.dressed(self.client.get("/api/events"));
        let ask = if let Some(from) = from { ask.header("last-event-id", from) } else { ask };
        ask.listen().await
    }

    /// The request with this browser's cookie, origin and context.
    #[must_use]
    pub fn dressed(&self, ask: Ask) -> Ask {
        let mut ask = ask.header("origin", &self.origin);
        if let Some(cookie) = self.cookie() {
            ask = ask.header("cookie", &cookie);
        }
        if let Some(context) = &self.context {
            ask = ask.header("lamplight-context", context);
        }
        ask
    }

    /// Sends it with cookie, origin and context, and keeps the cookie that comes back.
    pub async fn send(&self, ask: Ask) -> Answer {
        let answer = self.dressed(ask).await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().expect("text");
            let pair = set.split(';').next().unwrap_or_default();
            let ended = set.contains("Max-Age=0");
            self.plant((!ended).then(|| pair.to_owned()));
        }
        answer
    }

    /// Signs in with a password; gives the answer.
    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/login", &json!({"email": email, "password": password})).await
    }

    /// Opens a post in a new tab.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(&self, organization: &str, membership: i64) -> Self {
        let body = json!({"organization": organization, "membership": membership});
        let opened = self.post("/api/auth/contexts", &body).await.expect_status(201).json();
        self.tab(opened["context"].as_str().expect("a context"))
    }

    /// A step-up by password for `action`, as the header that carries it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn proof(&self, action: &str, password: &str) -> String {
        let body = json!({"action": action, "with": "password", "secret": password});
        let given = self.post("/api/auth/step-up", &body).await.expect_status(200).json();
        given["step_up"].as_str().expect("a proof").to_owned()
    }

    /// `POST` of JSON with a step-up's proof.
    pub async fn post_proved(&self, path: &str, body: &Value, proof: &str) -> Answer {
        let ask = self.client.ask("POST", path).body("application/json", body.to_string());
        self.send(ask.header("lamplight-step-up", proof)).await
    }
}
