//! `/api/terminology`: what is asked and answered, and nothing else. A diagnosis that is looked for stands in no address.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ops::{self, Code, List};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

/// The rows of terminology.
pub(crate) const ROUTES: &[Route] = &[
    row("/api/terminology/icd-10", &ICD10, |c| Box::pin(search(c, List::Icd10))),
    row("/api/terminology/cvx", &CVX, |c| Box::pin(search(c, List::Cvx))),
];

/// Nobody's record is looked at, so nothing is logged; the answer would tell what was asked, so nothing keeps it.
const fn row(path: &'static str, doc: &'static Doc, handler: fn(Call) -> Answer) -> Route {
    Route { audited: false, ..Route::within("terminology", (Verb::Post, path), Access::Own, doc, handler) }
}

const fn twenty() -> usize {
    20
}

/// What is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeQuery {
    /// The beginning of a code, or words of what it means, unfinished or misspelt; at most 100 characters.
    query: String,
    /// How many at most: 1 to 50, 20 when nothing is said.
    #[serde(default = "twenty")]
    limit: usize,
}

/// Codes, the likeliest first.
#[derive(Serialize, ToSchema)]
struct Codes {
    codes: Vec<Code>,
}

const ICD10: Doc = Doc::new("Search ICD-10-CM by code or by words, as one types")
    .takes::<CodeQuery>()
    .gives::<Codes>(200)
    .problems(&["invalid"]);

const CVX: Doc = Doc::new("Search the vaccines administered (CVX) by code or by words, as one types")
    .takes::<CodeQuery>()
    .gives::<Codes>(200)
    .problems(&["invalid"]);

async fn search(call: Call, list: List) -> Result<Reply, Failure> {
    let CodeQuery { query, limit } = call.json()?;
    let codes = ops::search(list, query, limit).await?;
    Reply::json(200, &Codes { codes })
}
