//! Searching the lists. They are the same for everyone and hold nothing of anybody; what is looked for may say much of
//! somebody, and so is written nowhere.

use std::sync::OnceLock;

use serde::Serialize;
use utoipa::ToSchema;

use super::model::CodeList;
use crate::http::Failure;

const ICD10: &[u8] = include_bytes!("../../../data/icd10cm.tsv.zst");
const CVX: &[u8] = include_bytes!("../../../data/cvx.tsv.zst");

/// The most characters of a question.
const LONGEST: usize = 100;
/// The most codes of an answer.
const MOST: usize = 50;

/// A code list.
#[derive(Clone, Copy)]
pub(super) enum List {
    /// Diagnoses.
    Icd10,
    /// Vaccines.
    Cvx,
}

fn once(cell: &'static OnceLock<CodeList>, packed: &[u8]) -> std::io::Result<&'static CodeList> {
    if let Some(list) = cell.get() {
        return Ok(list);
    }
    let list = CodeList::unpack(packed)?;
    Ok(cell.get_or_init(|| list))
}

pub(super) fn icd10() -> std::io::Result<&'static CodeList> {
    static LIST: OnceLock<CodeList> = OnceLock::new();
    once(&LIST, ICD10)
}

fn cvx() -> std::io::Result<&'static CodeList> {
    static LIST: OnceLock<CodeList> = OnceLock::new();
    once(&LIST, CVX)
}

/// A code and what it means.
#[derive(Serialize, ToSchema)]
#[schema(as = TerminologyCode)]
pub(super) struct Code {
    code: String,
    display: String,
}

/// At most `limit` codes for what was typed, the likeliest first.
pub(super) async fn search(list: List, typed: String, limit: usize) -> Result<Vec<Code>, Failure> {
    if typed.chars().count() > LONGEST {
        return Err(Failure::coded(400, "invalid", "query: at most 100 characters"));
    }
    if !(1..=MOST).contains(&limit) {
        return Err(Failure::coded(400, "invalid", "limit: 1 to 50"));
    }
    let work = move || {
        let list = match list {
            List::Icd10 => icd10(),
            List::Cvx => cvx(),
        };
        let code = |entry: &super::model::Entry| Code {
            code: entry.code.to_string(),
            display: entry.display.to_string(),
        };
        list.map(|list| list.search(&typed, limit).into_iter().map(code).collect())
    };
    let found = tokio::task::spawn_blocking(work).await;
    found.ok().and_then(Result::ok).ok_or_else(|| Failure::broken("a code list cannot be read"))
}
