//! Failures: made anywhere as a status and issues, written out once, at the edge. Under `/fhir` as an OperationOutcome
//! (<https://hl7.org/fhir/R4/operationoutcome.html>), elsewhere as problem+json (RFC 9457). Neither holds health data,
//! SQL or a path; both hold the request id.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use fhir::validate::Issue;
use kernel::RequestId;

/// A request that was not done.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: u16,
    issues: Vec<Issue>,
    headers: Vec<(&'static str, String)>,
    cause: Cause,
    /// Members of the problem beside those of RFC 9457: words that a program decides by.
    members: Vec<(&'static str, &'static str)>,
    /// The error, when the answer takes the form of RFC 6749, section 5.2.
    oauth: Option<&'static str>,
}

/// What the program's own log and metrics are told, beyond the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Nothing more.
    Asked,
    /// The audit log could not be written, so nothing was shown.
    AuditUnavailable,
    /// Something of ours failed; the text holds no value.
    Broken(String),
}

impl Failure {
    /// A failure of one issue: a code of <https://hl7.org/fhir/R4/valueset-issue-type.html> and what is wrong.
    pub(crate) fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self {
            status,
            issues: vec![Issue::error(code, "", message)],
            headers: Vec::new(),
            cause: Cause::Asked,
            members: Vec::new(),
            oauth: None,
        }
    }

    /// A failure that a program can tell by its `code`, a word of ours that never changes.
    pub(crate) fn coded(status: u16, code: &'static str, message: &str) -> Self {
        Self { members: vec![("code", code)], ..Self::new(status, "processing", message) }
    }

    /// A failure told to another program in the form of RFC 6749, section 5.2.
    pub(crate) fn oauth(status: u16, error: &'static str, description: &str) -> Self {
        Self { oauth: Some(error), ..Self::new(status, "processing", description) }
    }

    /// With a member more in the problem.
    #[must_use]
    pub(crate) fn member(mut self, name: &'static str, value: &'static str) -> Self {
        self.members.push((name, value));
        self
    }

    /// No such route, or none for this caller: the answers are the same.
    pub(crate) fn unlisted() -> Self {
        Self::new(404, "not-found", "not found")
    }

    /// The route knows other methods.
    pub(crate) fn wrong_method() -> Self {
        Self::new(405, "not-supported", "this address does not take this method")
    }

    /// Not authenticated.
    pub(crate) fn unauthenticated() -> Self {
        db::Error::Unauthenticated.into()
    }

    /// Nobody is signed in here, or no longer.
    pub(crate) fn signed_out() -> Self {
        Self::coded(401, "signed-out", "sign in")
    }

    /// Too much for now.
    pub(crate) fn busy(status: u16, message: &str) -> Self {
        Self::new(status, "throttled", message).with("retry-after", "1")
    }

    /// A defect of the program.
    pub(crate) fn broken(cause: &str) -> Self {
        Self { cause: Cause::Broken(cause.to_owned()), ..Self::new(500, "exception", "internal error") }
    }

    /// With a header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Whether somebody may not, rather than cannot now.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.status, 401 | 403 | 404)
    }

    /// Whether it was there once and is not any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == 410
    }

    /// Whether somebody else was faster.
    pub(crate) fn is_conflict(&self) -> bool {
        self.status == 412
    }

    /// Whether the same may be done in a while: somebody was in the way, or something of ours did not answer.
    pub(crate) fn may_pass(&self) -> bool {
        self.status >= 500 || matches!(self.status, 412 | 429)
    }

    /// Why, as a word and in English, for an answer that is one of several.
    pub(crate) fn words(&self) -> (&'static str, String) {
        let code = self.members.iter().find(|(name, _)| *name == "code").map(|(_, code)| *code);
        let code = code.or_else(|| self.issues.first().map(|issue| issue.code)).unwrap_or("processing");
        let detail: Vec<&str> = self.issues.iter().map(|issue| issue.message.as_str()).collect();
        (code, detail.join("; "))
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Writes the answer out.
    pub(crate) fn write(&self, fhir: bool, request: RequestId) -> Response<Body> {
        let (media_type, body) = if let Some(error) = self.oauth {
            let description = self.issues.first().map(|issue| issue.message.as_str());
            let body = serde_json::json!({"error": error, "error_description": description});
            ("application/json", body.to_string())
        } else if fhir {
            ("application/fhir+json", self.outcome(request))
        } else {
            ("application/problem+json", self.problem(request))
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if self.status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(self.status, 429 | 503) && !self.headers.iter().any(|(name, _)| *name == "retry-after") {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn outcome(&self, request: RequestId) -> String {
        const BEGINNING: &str = r#"{"resourceType":"OperationOutcome","#;
        let outcome = fhir::outcome::outcome(&self.issues);
        outcome.replacen(BEGINNING, &format!(r#"{BEGINNING}"id":"{request}","#), 1)
    }

    fn problem(&self, request: RequestId) -> String {
        let detail: Vec<&str> = self.issues.iter().map(|issue| issue.message.as_str()).collect();
        let mut problem = serde_json::json!({
            "type": "about:blank",
            "title": self.code().canonical_reason().unwrap_or("Error"),
            "status": self.status,
            "detail": detail.join("; "),
            "instance": format!("urn:uuid:{request}"),
        });
        for (name, value) in &self.members {
            problem[*name] = (*value).into();
        }
        problem.to_string()
    }
}

impl From<chart::Error> for Failure {
    fn from(error: chart::Error) -> Self {
        let status = error.status();
        let cause = match innermost(&error) {
            chart::Error::Db(db::Error::AuditUnavailable) => Cause::AuditUnavailable,
            // Of our own making, and free of values: see `db::Error`.
            inner if status >= 500 => Cause::Broken(inner.to_string()),
            _ => Cause::Asked,
        };
        let members = match innermost(&error) {
            chart::Error::Db(db::Error::NotEntitled(module)) => {
                vec![("code", "module-required"), ("module", module.key())]
            }
            chart::Error::Db(db::Error::Restricted) => vec![("code", "record-restricted")],
            chart::Error::Db(db::Error::Erased) => vec![("code", "record-erased")],
            _ => Vec::new(),
        };
        Self { status, issues: error.issues(), headers: Vec::new(), cause, members, oauth: None }
    }
}

fn innermost(error: &chart::Error) -> &chart::Error {
    match error {
        chart::Error::Entry(_, inner) => innermost(inner),
        other => other,
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        chart::Error::from(error).into()
    }
}

/// Only the status: the edge writes the rest, which depends on the request.
impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RequestId {
        "01890000-0000-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn an_outcome_is_valid_and_bears_the_request_id() {
        let text = Failure::unlisted().outcome(request());
        let root = fhir::json::parse(text.as_bytes(), &fhir::json::Limits::default())
            .unwrap_or_else(|e| panic!("{e}"));
        let options = fhir::validate::ValidateOptions::default();
        assert_eq!(fhir::validate::validate(fhir::ResourceType::OperationOutcome, &root, &options), []);
        assert_eq!(root.text("id"), Some("01890000-0000-7000-8000-000000000001"));
    }

    #[test]
    fn a_defect_is_told_to_the_log_and_not_to_the_caller() {
        let failure = Failure::from(db::Error::Database("42P01".to_owned()));
        assert_eq!(failure.cause, Cause::Broken("database error 42P01".to_owned()));
        assert!(!failure.outcome(request()).contains("42P01"));
        assert!(!failure.problem(request()).contains("42P01"));
    }
}
