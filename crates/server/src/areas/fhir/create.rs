//! `create`, also conditional: <https://hl7.org/fhir/R4/http.html#create>; with an `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The record of a key is written in the transaction of the create: any number of equal requests with one key, at any
//! number of processes, create once, and all get the same answer. A key is remembered for at least a day.

use chart::CreateOptions;
use db::{Answered, IdempotencyKey, Recorded};
use fhir::ResourceType;
use policy::Permission;

use super::{answers, conditional, negotiate, search, target};
use crate::http::{Call, Failure, Reply};

/// Creates a resource.
pub(super) async fn create(call: Call) -> Result<Reply, Failure> {
    let rtype = target::rtype(&call, "type")?;
    negotiate::accepts_json(&call, &search::no_parameters(&call)?)?;
    negotiate::brings_json(&call)?;
    let key = match call.header("idempotency-key")? {
        None => None,
        Some(key) if key.is_empty() || key.len() > 255 => {
            let message = "the header idempotency-key must hold 1 to 255 characters";
            return Err(Failure::new(400, "invalid", message));
        }
        Some(key) => Some(hashed(&call, rtype, key)?),
    };
    if let Some(key) = &key
        && let Some(reply) = before(&call, rtype, key).await?
    {
        return Ok(reply);
    }
    let options = CreateOptions {
        facility: call.facility().await?,
        if_none_exist: call.header("if-none-exist")?,
        idempotency: key.as_ref(),
    };
    match (call.app.store.create(&call.ctx, rtype, call.body(), options).await, &key) {
        (Ok(made), _) => {
            let status = if made.created { 201 } else { 200 };
            Ok(answers::written(&call, status, made.document, negotiate::prefers(&call)))
        }
        // Another request with the key was faster.
        (Err(chart::Error::Db(error)), Some(key)) if error.is_key_used() => before(&call, rtype, key)
            .await?
            .ok_or_else(|| Failure::broken("an idempotency key came and went")),
        (Err(error), _) => Err(error.into()),
    }
}

/// Everything that makes the request what it is.
fn hashed(call: &Call, rtype: ResourceType, key: &str) -> Result<IdempotencyKey, Failure> {
    let facility = call.header(crate::http::FACILITY)?.unwrap_or_default();
    let condition = call.header("if-none-exist")?.unwrap_or_default();
    let request: [&[u8]; 4] =
        [rtype.as_str().as_bytes(), facility.as_bytes(), condition.as_bytes(), call.body()];
    Ok(IdempotencyKey::new(key, &request))
}

/// The answer to a key that was used before.
async fn before(call: &Call, rtype: ResourceType, key: &IdempotencyKey) -> Result<Option<Reply>, Failure> {
    match call.app.store.db().idempotent_lookup(&call.ctx, key).await? {
        None => Ok(None),
        Some(Recorded::Other) => {
            Err(Failure::new(422, "business-rule", "the idempotency key was used for another request"))
        }
        Some(Recorded::Same(answered)) => again(call, rtype, answered).await.map(Some),
    }
}

/// The answer given before. The resource comes with it if the caller may read it and it was not erased since.
async fn again(call: &Call, rtype: ResourceType, answered: Answered) -> Result<Reply, Failure> {
    let (id, version) = (answered.resource, answered.version);
    if call.ctx.fields().is_some() {
        // For whoever sees a part of it there is no first version, only what it is now.
        let location = answers::address(&target::base(call), rtype, id);
        return Ok(Reply::empty(answered.status).with("location", location).with(REPLAYED, "true"));
    }
    let readable = call.ctx.grants().permissions.contains(Permission::ChartRead);
    let wanted = negotiate::prefers(call);
    if readable && wanted == negotiate::Return::Representation {
        let document = call.app.store.read_version(&call.ctx, rtype, id, version).await;
        match document {
            Ok(document) => {
                let reply = answers::written(call, answered.status, document, wanted);
                return Ok(reply.with(REPLAYED, "true"));
            }
            Err(error) if error.status() >= 500 => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(Reply::empty(answered.status)
        .with("location", answers::version_address(&target::base(call), rtype, id, version))
        .with("etag", conditional::etag(version))
        .with(REPLAYED, "true"))
}

const REPLAYED: &str = "idempotency-replayed";
