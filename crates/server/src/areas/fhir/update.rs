//! `update` and `delete`: <https://hl7.org/fhir/R4/http.html#update>, <https://hl7.org/fhir/R4/http.html#delete>. Both
//! name the version they start from (`If-Match`); without one an existing resource is not touched (428).

use super::conditional::IfMatch;
use super::{answers, conditional, negotiate, search, target};
use crate::http::{Call, Failure, Reply};

/// Replaces a resource.
pub(super) async fn update(call: Call) -> Result<Reply, Failure> {
    let (rtype, id) = target::instance(&call)?;
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    negotiate::brings_json(&call)?;
    let (store, ctx) = (&call.app.store, &call.ctx);
    let written = match conditional::if_match(&call)? {
        Some(IfMatch::Seen(tag)) => store.update_seen(ctx, rtype, id, &tag, call.body()).await?,
        Some(IfMatch::Version(version)) => store.update(ctx, rtype, id, Some(version), call.body()).await?,
        None => store.update(ctx, rtype, id, None, call.body()).await?,
    };
    let status = if written.created { 201 } else { 200 };
    Ok(answers::written(&call, status, written.document, negotiate::prefers(&call)))
}

/// Deletes a resource; its past stays.
pub(super) async fn delete(call: Call) -> Result<Reply, Failure> {
    let (rtype, id) = target::instance(&call)?;
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    let (store, ctx) = (&call.app.store, &call.ctx);
    let deleted = match conditional::if_match(&call)? {
        Some(IfMatch::Seen(tag)) => store.delete_seen(ctx, rtype, id, &tag).await?,
        Some(IfMatch::Version(version)) => store.delete(ctx, rtype, id, Some(version)).await?,
        None => store.delete(ctx, rtype, id, None).await?,
    };
    let reply = match negotiate::prefers(&call) {
        negotiate::Return::Outcome => Reply::of(200, negotiate::FHIR_JSON, fhir::outcome::outcome(&[])),
        _ => Reply::empty(204),
    };
    if ctx.fields().is_some() {
        return Ok(reply);
    }
    Ok(reply.with("etag", conditional::etag(deleted)))
}
