//! `read` and `vread`: <https://hl7.org/fhir/R4/http.html#read>, <https://hl7.org/fhir/R4/http.html#vread>.

use super::{answers, conditional, negotiate, search, target};
use crate::http::{Call, Failure, Reply};

/// The current version.
pub(super) async fn read(call: Call) -> Result<Reply, Failure> {
    let (rtype, id) = target::instance(&call)?;
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    let document = call.app.store.read(&call.ctx, rtype, id).await?;
    if conditional::is_known(&call, &document) {
        return Ok(answers::unchanged(&document));
    }
    Ok(answers::shown(document))
}

/// A version by its number.
pub(super) async fn vread(call: Call) -> Result<Reply, Failure> {
    let (rtype, id) = target::instance(&call)?;
    let version = target::version(&call)?;
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    Ok(answers::shown(call.app.store.read_version(&call.ctx, rtype, id, version).await?))
}
