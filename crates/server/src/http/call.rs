//! A request as a handler gets it: authenticated, admitted, allowed, its body read.

use axum::body::Bytes;
use axum::http::HeaderMap;
use db::{Ctx, Session};
use kernel::{ContextId, FacilityId};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::http::{Failure, Holder, visit};

/// The request header that names the facility for new records without one, by its code.
pub(crate) const FACILITY: &str = "lamplight-facility";

/// One request of an authenticated caller.
pub(crate) struct Call {
    /// The program's parts.
    pub(crate) app: App,
    /// On whose behalf.
    pub(crate) ctx: Ctx,
    /// The browser session and the context in it, when a person asks and no program.
    pub(crate) session: Option<(Session, ContextId)>,
    /// Of a row whose answer goes on: who asked, to be asked again.
    pub(super) holder: Option<Holder>,
    pub(super) origin: String,
    pub(super) headers: HeaderMap,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Option<String>,
    pub(super) body: Bytes,
}

impl Call {
    /// Whoever asked, for an answer that goes on.
    pub(crate) fn hold(&mut self) -> Option<Holder> {
        self.holder.take()
    }

    /// Scheme, host and port that the caller used.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The part of the path that the template calls `name`; empty when it has none.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The query as sent, without its question mark.
    pub(crate) fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// The body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400 that names the place or the member, never a value.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        visit::json(&self.headers, &self.body)
    }

    /// A header that may be given once; `name` in lower case.
    ///
    /// # Errors
    /// 400 when it is repeated or no ASCII text.
    pub(crate) fn header(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        let mut given = self.headers.get_all(name).iter();
        let Some(value) = given.next() else { return Ok(None) };
        let text = value.to_str().ok().filter(|_| given.next().is_none());
        text.map(Some)
            .ok_or_else(|| Failure::new(400, "invalid", &format!("the header {name} cannot be understood")))
    }

    /// All values of a header that is a list, those that are no text left out.
    pub(crate) fn header_values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The facility that the caller chose.
    ///
    /// # Errors
    /// 400 when the caller reaches no such facility, whether it exists or not.
    pub(crate) async fn facility(&self) -> Result<Option<FacilityId>, Failure> {
        let Some(code) = self.header(FACILITY)? else { return Ok(None) };
        match self.app.facility(&self.ctx, code).await? {
            Some(facility) => Ok(Some(facility)),
            None => Err(Failure::new(
                400,
                "value",
                "the header lamplight-facility names no facility within reach",
            )),
        }
    }
}
