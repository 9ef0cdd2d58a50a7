//! `/api/patients/{patient}/merge`, `/api/patients/{patient}/merges`: what is asked and answered, and nothing else.

use kernel::{PatientId, Version};
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ops::{self, Merge, Merged, Unmerged};
use crate::areas::people::{if_match, proved};
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const MERGE: &str = "/api/patients/{patient}/merge";
const MERGES: &str = "/api/patients/{patient}/merges";
const UNDO: &str = "/api/patients/{patient}/merges/{merge}/undo";

/// The rows of merges.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Post, MERGE, Action::MergePatients, &DO, |c| Box::pin(merge(c))),
    row(Verb::Get, MERGES, Action::ListMerges, &LIST, |c| Box::pin(list(c))),
    row(Verb::Post, UNDO, Action::UnmergePatients, &BACK, |c| Box::pin(undo(c))),
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("merge", (method, path), Access::Needs(action), doc, handler)
}

/// Which record goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MergeInto {
    /// The Patient whose record goes on.
    #[schema(value_type = String)]
    into: PatientId,
    /// The version of that Patient that was seen; `If-Match` holds that of the one in the path.
    into_version: i32,
    /// What is taken from the record that is merged, by elements: `name`, `telecom`, `gender`, `birthDate`, `deceased`,
    /// `address`, `maritalStatus`, `multipleBirth`, `photo`, `contact`, `communication`, `generalPractitioner`,
    /// `extension`. Identifiers are kept of both.
    #[serde(default)]
    keep: Vec<String>,
}

const DO: Doc =
    Doc::new("Merge this record of a patient into another of the same patient, at the same facility")
        .takes::<MergeInto>()
        .gives::<Merged>(200)
        .conditional()
        .step_up("patients.merge")
        .problems(&[
            "invalid",
            "same-patient",
            "both-admitted",
            "two-facilities",
            "patient-merged",
            "too-many",
        ]);

async fn merge(call: Call) -> Result<Reply, Failure> {
    let from = patient(&call)?;
    let MergeInto { into, into_version, keep } = call.json()?;
    let version = Version(if_match(&call)?);
    proved(&call, "patients.merge").await?;
    let into = (into, Version(into_version));
    Reply::json(200, &ops::merge(&call.app, &call.ctx, (from, version), into, &keep).await?)
}

/// Merges, newest first.
#[derive(Serialize, ToSchema)]
struct Merges {
    merges: Vec<Merge>,
}

const LIST: Doc =
    Doc::new("What was merged into this patient, and what this patient was merged into").gives::<Merges>(200);

async fn list(call: Call) -> Result<Reply, Failure> {
    let merges = ops::list(&call.app, &call.ctx, patient(&call)?).await?;
    Reply::json(200, &Merges { merges })
}

/// Nothing is said: the address names the merge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MergeUndoing)]
struct Undoing {}

const BACK: Doc = Doc::new(
    "Undo a merge into this patient, within thirty days: what went over goes back, what was written since stays",
)
.takes::<Undoing>()
.gives::<Unmerged>(200)
.step_up("patients.merge")
.problems(&["already-undone", "too-late", "elsewhere", "merged-on", "patient-merged"]);

async fn undo(call: Call) -> Result<Reply, Failure> {
    let patient = patient(&call)?;
    let merge: Uuid = call.param("merge").parse().map_err(|_| Failure::unlisted())?;
    let Undoing {} = call.json()?;
    proved(&call, "patients.merge").await?;
    Reply::json(200, &ops::undo(&call.app, &call.ctx, patient, merge).await?)
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("patient");
    text.parse().ok().filter(|id: &PatientId| id.to_string() == text).ok_or_else(Failure::unlisted)
}
