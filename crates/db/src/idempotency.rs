//! Answers already given to requests that carried an `Idempotency-Key`: status and ids, never a body.

use jiff::Timestamp;
use kernel::{ResourceId, Version};

use crate::signing::sha256;
use crate::{Ctx, Db, Error, Tx};

/// A key and the request it was sent with, as hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: [u8; 32],
    request: [u8; 32],
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The FHIR resource type, by code.
    pub resource_type: i16,
    /// The resource.
    pub resource: ResourceId,
    /// Its version.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// This request was answered so.
    Same(Answered),
    /// The key was used for another request.
    Other,
}

impl IdempotencyKey {
    /// The key as the client sent it, and everything that makes the request what it is.
    pub fn new(key: &str, request: &[&[u8]]) -> Self {
        let mut whole = Vec::with_capacity(request.iter().map(|part| part.len() + 8).sum());
        for part in request {
            // With its length before it, no part can be taken for a piece of its neighbour.
            whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
            whole.extend_from_slice(part);
        }
        Self { key: sha256(key.as_bytes()), request: sha256(&whole) }
    }
}

impl Db {
    /// What was answered to this key of the context's membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn idempotent_lookup(
        &self,
        ctx: &Ctx,
        key: &IdempotencyKey,
    ) -> Result<Option<Recorded>, Error> {
        let tx = self.begin(ctx).await?;
        let rows = tx
            .last(
                "SELECT request_hash, status, resource_type, resource_id, version, created_at FROM ops.idempotency_key
                  WHERE organization_id = $1 AND membership_id = $2 AND key = $3",
                &[&ctx.organization().0, &ctx.membership().0, &key.key.as_slice()],
            )
            .await?;
        Ok(rows.first().map(|row| {
            let answered = (row.get::<_, Option<i16>>(2), row.get(3), row.get(4));
            match answered {
                (Some(resource_type), Some(resource), Some(version))
                    if row.get::<_, &[u8]>(0) == key.request.as_slice() =>
                {
                    Recorded::Same(Answered {
                        status: u16::try_from(row.get::<_, i16>(1)).unwrap_or(200),
                        resource_type,
                        resource: ResourceId(resource),
                        version: Version(version),
                        at: row.get(5),
                    })
                }
                _ => Recorded::Other,
            }
        }))
    }
}

impl Tx<'_> {
    /// Records the answer in the transaction that makes it true. A second request with the key waits here for the first
    /// and is then refused by the primary key, so that the request is done once however many processes get it.
    ///
    /// # Errors
    /// [`Error::is_key_used`] when the key was used before; as any statement.
    pub async fn record_answer(&self, key: &IdempotencyKey, answer: &Answered) -> Result<(), Error> {
        self.query(
            "INSERT INTO ops.idempotency_key (organization_id, membership_id, key, request_hash, status,
                 resource_type, resource_id, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                &self.ctx().organization().0,
                &self.ctx().membership().0,
                &key.key.as_slice(),
                &key.request.as_slice(),
                &i16::try_from(answer.status).unwrap_or(200),
                &answer.resource_type,
                &answer.resource.0,
                &answer.version.0,
                &answer.at,
            ],
        )
        .await
        .map(|_| ())
    }
}

impl Error {
    /// Whether an idempotency key was refused because it was used before.
    pub fn is_key_used(&self) -> bool {
        matches!(self, Self::Constraint(name) if name == "idempotency_key_pkey")
    }
}
