//! Organizations' wrapping keys, wrapped by another key service while programs work with them (ADR 0041).

use std::collections::BTreeMap;

use kernel::{OrganizationId, WrappingKey};
use serde::Serialize;
use tokio_postgres::Row;

use super::Operator;
use crate::Error;
use crate::keys::Custody;

/// How often what came meanwhile is looked for.
const ROUNDS: usize = 5;

/// What was wrapped by another service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rewrapped {
    /// How many keys, by what wrapped them before.
    pub from: BTreeMap<String, u64>,
    /// How many keys are wrapped by what wraps now.
    pub now: u64,
}

/// A wrapping key as it is stored.
struct Stored {
    of: WrappingKey,
    wrapped: Vec<u8>,
    commitment: Vec<u8>,
}

impl Operator {
    /// How many wrapping keys of this database are wrapped by which service.
    ///
    /// # Errors
    /// [`Error::Seal`] when a stored key was altered; as any statement.
    pub async fn wrapped_by(&self) -> Result<BTreeMap<String, u64>, Error> {
        let mut by = BTreeMap::new();
        for stored in self.wrapping_keys().await? {
            *by.entry(Custody::wrapper(&stored.wrapped)?.to_owned()).or_default() += 1;
        }
        Ok(by)
    }

    /// Has every wrapping key of this database, the installation's own among them, wrapped by what wraps now. `anew`: also
    /// those that it wraps already, so that none is left under an older version of its key. Each is changed by itself, in one
    /// step: what was interrupted is ended by the next call, and programs read either form.
    ///
    /// # Errors
    /// [`Error::KeyService`] when a service cannot be asked; [`Error::Seal`] when a stored key was altered;
    /// [`Error::Conflict`] when others go on wrapping keys with what wrapped them before.
    pub async fn rewrap_keys(&mut self, custody: &Custody, anew: bool) -> Result<Rewrapped, Error> {
        let mut done = Rewrapped::default();
        let mut all = anew;
        for _ in 0..ROUNDS {
            let stored = self.wrapping_keys().await?;
            let mut changed = false;
            for one in &stored {
                let by = Custody::wrapper(&one.wrapped)?;
                if by != custody.current() || all {
                    if self.rewrap(custody, one).await? {
                        *done.from.entry(by.to_owned()).or_default() += 1;
                    }
                    changed = true;
                }
            }
            all = false;
            if !changed {
                done.now = stored.len() as u64;
                self.sweep_keys().await?;
                return Ok(done);
            }
        }
        Err(Error::Conflict)
    }

    /// `false` when the key was changed meanwhile.
    async fn rewrap(&self, custody: &Custody, stored: &Stored) -> Result<bool, Error> {
        let key = custody.unwrap(stored.of, &stored.wrapped, &stored.commitment).await?;
        let wrapped = custody.wrap(stored.of, &key).await?;
        // Not before it is known that it comes back: this is the only copy.
        custody.unwrap(stored.of, &wrapped, &stored.commitment).await?;
        let sql = "UPDATE keyring.organization_key SET wrapped = $4
                    WHERE organization_id = $1 AND purpose = 1 AND number = $2 AND wrapped = $3";
        let of = stored.of;
        let done =
            self.client.execute(sql, &[&of.organization.0, &of.number, &stored.wrapped, &wrapped]).await;
        Ok(done.map_err(Error::from_postgres)? == 1)
    }

    async fn wrapping_keys(&self) -> Result<Vec<Stored>, Error> {
        let sql = "SELECT organization_id, number, wrapped, commitment FROM keyring.organization_key
                    WHERE purpose = 1 AND wrapped IS NOT NULL ORDER BY organization_id, number";
        let rows = self.client.query(sql, &[]).await.map_err(Error::from_postgres)?;
        let stored = |row: &Row| Stored {
            of: WrappingKey { organization: OrganizationId(row.get(0)), number: row.get(1) },
            wrapped: row.get(2),
            commitment: row.get(3),
        };
        Ok(rows.iter().map(stored).collect())
    }
}
