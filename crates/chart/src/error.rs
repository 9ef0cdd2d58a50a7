//! What can go wrong in the store, as status and FHIR issues. Nothing here holds a value of a document or query.

use fhir::search::Fault as QueryFault;
use fhir::validate::Issue;
use kernel::Version;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// From the database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The resource was deleted, as this version.
    #[error("the resource was deleted")]
    Gone(Version),
    /// The document is no JSON of ours.
    #[error(transparent)]
    Json(#[from] fhir::json::Fault),
    /// The document is JSON but not acceptable.
    #[error("the resource is not acceptable")]
    Invalid(Vec<Issue>),
    /// The query is not acceptable.
    #[error("the query is not acceptable")]
    Query(Vec<QueryFault>),
    /// The request cannot be done as asked; status and reason.
    #[error("{1}")]
    Request(u16, &'static str),
    /// An entry of a transaction failed, and with it the whole.
    #[error("an entry of the transaction failed")]
    Entry(usize, Box<Error>),
}

impl Error {
    /// The HTTP status (FHIR R4, http.html#summary).
    pub fn status(&self) -> u16 {
        match self {
            Self::Db(error) => match error {
                db::Error::Unauthenticated => 401,
                db::Error::Denied(_) | db::Error::NotEntitled(_) | db::Error::Restricted => 403,
                db::Error::NotFound => 404,
                db::Error::Conflict => 412,
                db::Error::Constraint(_) => 409,
                db::Error::Erased => 410,
                db::Error::Unavailable(_)
                | db::Error::KeyService(_)
                | db::Error::Timeout
                | db::Error::AuditUnavailable
                | db::Error::OldKeyring(_) => 503,
                // A row that row security refuses to write does not exist for the caller.
                db::Error::RowSecurity => 404,
                db::Error::Context
                | db::Error::Seal(_)
                | db::Error::NotCovered
                | db::Error::Config(_)
                | db::Error::Stored(_)
                | db::Error::Database(_) => 500,
            },
            Self::Gone(_) => 410,
            Self::Json(fault) if fault.kind == fhir::json::FaultKind::TooLarge => 413,
            Self::Json(_) | Self::Query(_) => 400,
            Self::Invalid(_) => 422,
            Self::Request(status, _) => *status,
            Self::Entry(_, error) => error.status(),
        }
    }

    /// Whether another version was found than the one named, or the row elsewhere than before.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Db(error) => matches!(error, db::Error::Conflict),
            Self::Entry(_, error) => error.is_conflict(),
            _ => false,
        }
    }

    /// The issues of an OperationOutcome.
    pub fn issues(&self) -> Vec<Issue> {
        match self {
            Self::Json(fault) => vec![Issue::error("structure", fault.path.clone(), fault.to_string())],
            Self::Invalid(issues) => issues.clone(),
            Self::Query(faults) => faults
                .iter()
                .map(|fault| Issue::error(fault.code, "", format!("{}: {}", fault.parameter, fault.message)))
                .collect(),
            Self::Entry(index, error) => error
                .issues()
                .into_iter()
                .map(|issue| Issue { path: inside(*index, &issue.path), ..issue })
                .collect(),
            Self::Db(error) => vec![Issue::error(self.issue_code(), "", public(error))],
            Self::Gone(_) | Self::Request(..) => vec![Issue::error(self.issue_code(), "", self.to_string())],
        }
    }

    fn issue_code(&self) -> &'static str {
        match self.status() {
            400 => "invalid",
            401 => "login",
            403 => "forbidden",
            404 => "not-found",
            405 => "not-supported",
            409 | 412 | 428 => "conflict",
            410 => "deleted",
            413 => "too-long",
            422 => "processing",
            503 => "transient",
            _ => "exception",
        }
    }
}

fn inside(index: usize, path: &str) -> String {
    if path.is_empty() {
        format!("Bundle.entry[{index}]")
    } else {
        format!("Bundle.entry[{index}].resource ({path})")
    }
}

/// What a caller may know of a database error.
fn public(error: &db::Error) -> String {
    match error {
        db::Error::RowSecurity => db::Error::NotFound.to_string(),
        db::Error::Database(_)
        | db::Error::Config(_)
        | db::Error::Stored(_)
        | db::Error::Context
        | db::Error::NotCovered => "internal error".to_owned(),
        db::Error::Seal(_) => {
            "the stored record is damaged and was not opened; the operator has been told".to_owned()
        }
        db::Error::KeyService(_) => {
            "records cannot be opened for the moment: what keeps their keys does not help".to_owned()
        }
        other => other.to_string(),
    }
}
