//! `/api/people/{membership}/hidden-fields`, `/api/patients/{id}/sharing/{membership}`.

use kernel::{MembershipId, PatientId};
use percent_encoding::percent_decode_str;
use policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ops;
use crate::areas::people::proved;
use crate::http::{Access, Answer, Call, Doc, Failure, Reply, Route, Verb};

const HIDDEN: &str = "/api/people/{membership}/hidden-fields";
const SHARING: &str = "/api/patients/{id}/sharing/{membership}";
const PREVIEW: &str = "/api/patients/{id}/sharing/{membership}/preview";

/// The rows of fields.
pub(crate) const ROUTES: &[Route] = &[
    row(Verb::Get, HIDDEN, Action::ListPeople, &LIST_HIDDEN, |c| Box::pin(hidden(c))),
    row(Verb::Put, HIDDEN, Action::HideFields, &HIDE, |c| Box::pin(hide(c))),
    row(Verb::Get, SHARING, Action::ApproveSharing, &LIST_SHARED, |c| Box::pin(shared(c))),
    row(Verb::Put, SHARING, Action::ApproveSharing, &SHARE, |c| Box::pin(share(c))),
    Route {
        health_data: true,
        ..row(Verb::Get, PREVIEW, Action::ApproveSharing, &LOOK, |c| Box::pin(preview(c)))
    },
];

const fn row(
    method: Verb,
    path: &'static str,
    action: Action,
    doc: &'static Doc,
    handler: fn(Call) -> Answer,
) -> Route {
    Route::within("fields", (method, path), Access::Needs(action), doc, handler)
}

/// Elements of records.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FieldPaths {
    /// FHIR's paths: a resource type (`Condition`) or an element (`Patient.telecom`, `Observation.value`), each with
    /// all that is in it; at most 500.
    paths: Vec<String>,
}

/// Records as a relative sees them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of what is written from the records' own bytes")]
struct SharingPreview {
    /// FHIR resources.
    #[schema(value_type = Vec<Object>)]
    resources: Vec<serde_json::Value>,
    /// Whether these are all.
    complete: bool,
}

const LIST_HIDDEN: Doc = Doc::new("What of the record a post does not see").gives::<FieldPaths>(200);
const HIDE: Doc = Doc::new("Hide these fields from a post and those below it, and no others")
    .takes::<FieldPaths>()
    .gives::<FieldPaths>(200)
    .step_up("fields.hide")
    .problems(&["invalid"]);
const LIST_SHARED: Doc = Doc::new("What of a patient's record a relative sees").gives::<FieldPaths>(200);
const SHARE: Doc = Doc::new("Approve what of a patient's record a relative sees, and nothing else")
    .takes::<FieldPaths>()
    .gives::<FieldPaths>(200)
    .step_up("sharing.approve")
    .problems(&["invalid"]);
const LOOK: Doc = Doc::new("A patient's records exactly as a relative sees them")
    .query(&[(
        "paths",
        "As they would be with these paths, joined by commas, approved in place of those that are",
    )])
    .gives::<SharingPreview>(200)
    .problems(&["invalid"]);

async fn hidden(call: Call) -> Result<Reply, Failure> {
    Reply::json(200, &FieldPaths { paths: ops::hidden(&call.app, &call.ctx, membership(&call)?).await? })
}

async fn hide(call: Call) -> Result<Reply, Failure> {
    let membership = membership(&call)?;
    let FieldPaths { paths } = call.json()?;
    proved(&call, "fields.hide").await?;
    Reply::json(200, &FieldPaths { paths: ops::hide(&call.app, &call.ctx, membership, paths).await? })
}

async fn shared(call: Call) -> Result<Reply, Failure> {
    Reply::json(
        200,
        &FieldPaths { paths: ops::shared(&call.app, &call.ctx, patient(&call)?, membership(&call)?).await? },
    )
}

async fn share(call: Call) -> Result<Reply, Failure> {
    let (patient, membership) = (patient(&call)?, membership(&call)?);
    let FieldPaths { paths } = call.json()?;
    proved(&call, "sharing.approve").await?;
    Reply::json(
        200,
        &FieldPaths { paths: ops::share(&call.app, &call.ctx, patient, membership, paths).await? },
    )
}

async fn preview(call: Call) -> Result<Reply, Failure> {
    let instead = paths_asked(call.query())?;
    let (patient, membership) = (patient(&call)?, membership(&call)?);
    let seen = ops::preview(&call.app, &call.ctx, (patient, membership), instead).await?;
    let mut body = format!("{{\"complete\":{},\"resources\":[", seen.complete).into_bytes();
    for (index, document) in seen.documents.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&document.body);
    }
    body.extend_from_slice(b"]}");
    Ok(Reply::of(200, "application/json", body))
}

/// `paths=A,B`, or nothing.
fn paths_asked(query: &str) -> Result<Option<Vec<String>>, Failure> {
    if query.is_empty() {
        return Ok(None);
    }
    let refused = || Failure::coded(400, "invalid", "paths is the only parameter");
    let text = query.strip_prefix("paths=").filter(|text| !text.contains('&')).ok_or_else(refused)?;
    let text = percent_decode_str(text).decode_utf8().map_err(|_| refused())?;
    Ok(Some(text.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect()))
}

fn membership(call: &Call) -> Result<MembershipId, Failure> {
    call.param("membership").parse().map(MembershipId).map_err(|_| Failure::unlisted())
}

fn patient(call: &Call) -> Result<PatientId, Failure> {
    let text = call.param("id");
    text.parse().ok().filter(|id: &PatientId| id.to_string() == text).ok_or_else(Failure::unlisted)
}
