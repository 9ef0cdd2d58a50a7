//! A request of someone outside any organization: a visitor, or a person at their own account.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use db::{Ctx, Event, Outcome, Session};
use kernel::OrganizationId;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::http::{Cookie, Failure, Place};

/// One request of someone who may not be signed in.
pub(crate) struct Visit {
    /// The program's parts.
    pub(crate) app: App,
    /// The request, as the log names it.
    pub(crate) request: db::Request,
    /// The address it was sent to.
    pub(crate) place: Place,
    /// The organization whose own address that is.
    pub(crate) organization: Option<OrganizationId>,
    /// The browser's cookie, whatever it is worth.
    pub(crate) cookie: Option<Cookie>,
    pub(super) origin: String,
    pub(super) headers: HeaderMap,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Option<String>,
    pub(super) body: Bytes,
}

/// One request of someone signed in, at their own account.
pub(crate) struct Account {
    /// What was asked.
    pub(crate) visit: Visit,
    /// Who asks.
    pub(crate) session: Session,
}

impl Visit {
    /// Scheme, host and port that the caller used.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The host that the caller used, without the port.
    pub(crate) fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        authority.rsplit_once(':').map_or(authority, |(host, port)| {
            if port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority }
        })
    }

    /// Where a cookie given now is good: the slug of the organization whose own address this is, or nothing.
    pub(crate) fn slug(&self) -> &str {
        match &self.place {
            Place::Organization(slug) => slug,
            Place::Installation | Place::Elsewhere => "",
        }
    }

    /// The part of the path that the template calls `name`; empty when it has none.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The query as sent, without its question mark.
    pub(crate) fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header given once, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut given = self.headers.get_all(name).iter();
        given.next().filter(|_| given.next().is_none())?.to_str().ok()
    }

    /// Whether there is such a header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// All values of a header that is a list, those that are no text left out.
    pub(crate) fn header_values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// What the browser says it is.
    pub(crate) fn agent(&self) -> &str {
        self.header(header::USER_AGENT.as_str()).unwrap_or_default()
    }

    /// Where the request came from.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.request.address
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400 that names the place or the member, never a value.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json(&self.headers, &self.body)
    }

    /// The program's own context, at work on people.
    pub(crate) fn program(&self) -> Ctx {
        Ctx::program(OrganizationId::PLATFORM, self.request.clone())
    }

    /// Writes an event into the log of the organization whose address this is, or of the installation. `detail` says who,
    /// by number.
    ///
    /// # Errors
    /// 503 when it could not be made durable.
    pub(crate) async fn log(
        &self,
        action: &'static str,
        outcome: Outcome,
        reason: &'static str,
        detail: Option<String>,
    ) -> Result<(), Failure> {
        let ctx = Ctx::program(self.organization.unwrap_or(OrganizationId::PLATFORM), self.request.clone());
        let event = Event { outcome, detail, ..Event::success(action, reason) };
        self.app.store.db().record(&ctx, event).await?;
        Ok(())
    }
}

impl Account {
    /// The person's own context: it reaches what is theirs and nothing else.
    pub(crate) fn ctx(&self) -> Ctx {
        self.session.account(self.visit.request.clone())
    }

    /// Writes an event of this person's.
    ///
    /// # Errors
    /// 503 when it could not be made durable.
    pub(crate) async fn log(&self, action: &'static str, reason: &'static str) -> Result<(), Failure> {
        let detail = format!("person {} session {}", self.session.person(), self.session.id());
        self.visit.log(action, Outcome::Success, reason, Some(detail)).await
    }
}

/// Reads a JSON body.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Failure> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = media_type.split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Failure::new(415, "not-supported", "the body must be application/json"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        // Only these two name nothing but members; other texts repeat values.
        let named = ["unknown field `", "missing field `", "duplicate field `"].iter().find_map(|start| {
            let name = text.strip_prefix(start)?.split('`').next()?;
            let plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            plain.then(|| format!("{}{name}", start.trim_end_matches('`')))
        });
        let message = named.unwrap_or_else(|| {
            format!("the body does not fit at line {} column {}", error.line(), error.column())
        });
        Failure::new(400, "structure", &message)
    })
}
