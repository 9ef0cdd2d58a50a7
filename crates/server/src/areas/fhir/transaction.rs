//! `transaction` and `batch`: <https://hl7.org/fhir/R4/http.html#transaction>.

use super::{negotiate, search};
use crate::http::{Call, Failure, Reply};

/// Processes a bundle.
pub(super) async fn process(call: Call) -> Result<Reply, Failure> {
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    negotiate::brings_json(&call)?;
    if call.header("idempotency-key")?.is_some() {
        // Ignoring it would promise what is not kept.
        let message = "a bundle takes no idempotency key; give its creates ifNoneExist";
        return Err(Failure::new(400, "not-supported", message));
    }
    let facility = call.facility().await?;
    let answer = call.app.store.process(&call.ctx, call.body(), facility).await?;
    Ok(Reply::of(200, negotiate::FHIR_JSON, answer))
}
