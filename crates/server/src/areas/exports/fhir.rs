//! `$export` (<https://hl7.org/fhir/uv/bulkdata/STU2/export.html>): asking, asking how far it is, fetching, giving up.

use std::fmt::Write as _;

use uuid::Uuid;

use super::error::Error;
use super::model::{Asked, NDJSON, address, manifest, types};
use super::{ops, send};
use crate::areas::fhir::{accepts_json, base, brings_json, http_date, pairs};
use crate::areas::people::proved;
use crate::http::{Call, Failure, Reply};

/// The action that a person proves themselves for.
pub(super) const STEP_UP: &str = "chart.export";
/// After how many seconds to ask again.
const AGAIN: &str = "5";

/// The id in the path.
pub(super) fn id(call: &Call) -> Result<Uuid, Failure> {
    let text = call.param("export");
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or_else(Failure::unlisted)
}

/// `GET` and `POST [base]/$export`
pub(super) async fn everything(call: Call) -> Result<Reply, Failure> {
    kick_off(&call, "$export", false).await
}

/// `GET` and `POST [base]/Patient/$export`
pub(super) async fn patients(call: Call) -> Result<Reply, Failure> {
    kick_off(&call, "Patient/$export", true).await
}

async fn kick_off(call: &Call, at: &str, patients_only: bool) -> Result<Reply, Failure> {
    let query = pairs(call.query())?;
    accepts_json(call, &query)?;
    let mut preferences = call.header_values("prefer").flat_map(|value| value.split([',', ';']));
    if !preferences.any(|preference| preference.trim().eq_ignore_ascii_case("respond-async")) {
        let message = "an export is answered later alone: send the header Prefer: respond-async";
        return Err(Failure::new(400, "required", message));
    }
    let asked = if call.body().is_empty() {
        Asked::of_query(patients_only, &query)?
    } else {
        brings_json(call)?;
        if query.iter().any(|(name, _)| name != "_format") {
            return Err(Error::Invalid("parameters stand in the address or in the body").into());
        }
        let body = serde_json::from_slice(call.body()).map_err(|_| Error::Invalid("the body is no JSON"))?;
        Asked::of_parameters(patients_only, &body)?
    };
    proved(call, STEP_UP).await?;
    let base = base(call);
    let mut request = format!("{base}/{at}");
    if !call.query().is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(request, "?{}", call.query());
    }
    let export = ops::ask(&call.app, &call.ctx, call.session.as_ref(), &asked, &request).await?;
    Ok(Reply::empty(202).with("content-location", address(&base, export)))
}

/// How far it is: 202, then the manifest.
pub(super) async fn status(call: Call) -> Result<Reply, Failure> {
    let export = id(&call)?;
    let (row, files) = ops::look(&call.app, &call.ctx, export).await?;
    if row.state != "complete" {
        let all = types(&call.ctx, &row).len();
        let progress = match row.state.as_str() {
            "queued" => "waits for others".to_owned(),
            _ => format!(
                "{} of {all} types, {} records",
                row.done.min(i32::try_from(all).unwrap_or(0)),
                row.records
            ),
        };
        return Ok(Reply::empty(202).with("x-progress", progress).with("retry-after", AGAIN));
    }
    let manifest = manifest(&base(&call), &row, &files);
    Ok(Reply::json(200, &manifest)?.with("expires", http_date(row.expires_at)))
}

/// Gives it up.
pub(super) async fn cancel(call: Call) -> Result<Reply, Failure> {
    ops::cancel(&call.app, &call.ctx, id(&call)?).await?;
    Ok(Reply::empty(202))
}

/// A file of it.
pub(super) async fn file(mut call: Call) -> Result<Reply, Failure> {
    let holder = call.hold().ok_or_else(|| Failure::broken("a download without its holder"))?;
    let text = call.param("file");
    let number: i32 =
        text.parse().ok().filter(|id: &i32| id.to_string() == text).ok_or_else(Failure::unlisted)?;
    let (length, sending) = send::file(&call.app, &call.ctx, holder, (id(&call)?, number)).await?;
    Ok(Reply::file(200, NDJSON, length, sending.stream())
        .with("content-disposition", "attachment")
        .with("cross-origin-resource-policy", "same-origin"))
}
