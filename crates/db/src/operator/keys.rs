//! An organization's wrapping key, changed for another while programs work with it (ADR 0038).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kernel::{DataClass, OrganizationId, PatientId, WrappingKey};
use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Operator;
use crate::Error;
use crate::keys::{
    Custody, INDEX, SEARCH, WRAPS_OTHERS, commitment, organization_label, patient_label, sweep, unwrap, wrap,
};

/// Keys that are wrapped anew together.
const TOGETHER: i64 = 1_000;
/// How often is looked whether older transactions are over.
const LOOK: Duration = Duration::from_millis(100);
/// How long is waited for them: no transaction of a program is as long.
const PATIENCE: Duration = Duration::from_mins(5);

type Key = Zeroizing<[u8; 32]>;

/// A key of an organization, as the operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct KeyInfo {
    /// `wrapping`, `search`, `directory` or `index`.
    pub purpose: &'static str,
    /// Which of them.
    pub number: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nothing is wrapped with it any more.
    pub retired_at: Option<Timestamp>,
    /// Since when its bytes are gone.
    pub destroyed_at: Option<Timestamp>,
    /// How many keys it wraps.
    pub wraps: i64,
}

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The number of the key that wraps the others.
    pub number: i32,
    /// How many keys were wrapped anew.
    pub keys: u64,
    /// How many wrapping keys were destroyed.
    pub destroyed: u64,
}

impl Operator {
    /// The keys of an organization, and how many patients' keys were destroyed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn keys(&self, organization: OrganizationId) -> Result<(Vec<KeyInfo>, i64), Error> {
        const KEYS: &str = "SELECT k.purpose, k.number, k.created_at, k.retired_at, k.destroyed_at, CASE WHEN k.purpose = 1 THEN
                   (SELECT count(*) FROM keyring.patient_key p WHERE p.organization_id = $1 AND p.wrapped_by = k.number
                                                                 AND p.wrapped IS NOT NULL)
                 + (SELECT count(*) FROM keyring.organization_key o WHERE o.organization_id = $1
                                                                      AND o.wrapped_by = k.number AND o.wrapped IS NOT NULL)
               ELSE 0 END
              FROM keyring.organization_key k WHERE k.organization_id = $1 ORDER BY k.purpose, k.number";
        const GONE: &str = "SELECT count(*) FROM keyring.patient_key WHERE organization_id = $1 AND destroyed_at IS NOT NULL";
        let rows = self.client.query(KEYS, &[&organization.0]).await.map_err(Error::from_postgres)?;
        let gone = self.client.query_one(GONE, &[&organization.0]).await.map_err(Error::from_postgres)?;
        let info = |row: &Row| KeyInfo {
            purpose: match row.get::<_, i16>(0) {
                WRAPS_OTHERS => "wrapping",
                SEARCH => "search",
                INDEX => "index",
                _ => "directory",
            },
            number: row.get(1),
            created_at: row.get(2),
            retired_at: row.get(3),
            destroyed_at: row.get(4),
            wraps: row.get(5),
        };
        Ok((rows.iter().map(info).collect(), gone.get(0)))
    }

    /// Makes another wrapping key for the organization, wraps every key of it anew, and destroys the one before. Programs go
    /// on meanwhile. What was interrupted is ended by the next call, which then makes no other key.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the organization has no keys yet; [`Error::Seal`] when a stored key was altered;
    /// [`Error::KeyService`] when what wraps it cannot be asked; [`Error::Timeout`] when a transaction is not over after
    /// minutes. The keys are whole then, and may be rotated again.
    pub async fn rotate_keys(
        &mut self,
        custody: &Custody,
        organization: OrganizationId,
    ) -> Result<Rotated, Error> {
        let (number, began) = self.retire(custody, organization).await?;
        self.older_are_over(began).await?;
        let wrapping = self.wrapping(custody, organization).await?;
        let mut keys = self.rewrap_organization(&wrapping, (organization, number)).await?;
        loop {
            let done = self.rewrap_patients(&wrapping, (organization, number)).await?;
            keys += done;
            if done == 0 {
                break;
            }
        }
        const DESTROY: &str = "UPDATE keyring.organization_key k SET wrapped = NULL, destroyed_at = $3
             WHERE organization_id = $1 AND purpose = 1 AND number < $2 AND destroyed_at IS NULL
               AND NOT EXISTS (SELECT FROM keyring.patient_key p WHERE p.organization_id = $1 AND p.wrapped_by = k.number
                                                                   AND p.wrapped IS NOT NULL)
               AND NOT EXISTS (SELECT FROM keyring.organization_key o WHERE o.organization_id = $1 AND o.wrapped_by = k.number
                                                                        AND o.wrapped IS NOT NULL)";
        let destroyed = self.client.execute(DESTROY, &[&organization.0, &number, &self.world.now()]).await;
        let destroyed = destroyed.map_err(Error::from_postgres)?;
        self.sweep_keys().await?;
        Ok(Rotated { number, keys, destroyed })
    }

    /// Makes the next wrapping key, unless an earlier rotation is to be ended, and retires those before: from its commit on
    /// nothing is wrapped with them. Gives the number, and the transaction.
    async fn retire(&mut self, custody: &Custody, organization: OrganizationId) -> Result<(i32, i64), Error> {
        const ALL: &str = "SELECT number, destroyed_at IS NULL FROM keyring.organization_key
             WHERE organization_id = $1 AND purpose = 1 ORDER BY number FOR UPDATE";
        let world = self.world.clone();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        let rows = tx.query(ALL, &[&organization.0]).await.map_err(Error::from_postgres)?;
        let newest: i32 = rows.last().ok_or(Error::NotFound)?.get(0);
        let interrupted = rows.iter().filter(|row| row.get(1)).count() > 1;
        let number = if interrupted { newest } else { newest + 1 };
        if !interrupted {
            let key = Zeroizing::new(world.random::<32>());
            let wrapped = custody.wrap(WrappingKey { organization, number }, &key).await?;
            let sql = "INSERT INTO keyring.organization_key (organization_id, purpose, number, wrapped, wrapped_by, commitment,
                           created_at) VALUES ($1, 1, $2, $3, 0, $4, $5)";
            let committed = commitment(&key).to_vec();
            tx.execute(sql, &[&organization.0, &number, &wrapped, &committed, &world.now()])
                .await
                .map_err(Error::from_postgres)?;
        }
        let sql = "UPDATE keyring.organization_key SET retired_at = $3
                    WHERE organization_id = $1 AND purpose = 1 AND number < $2 AND retired_at IS NULL";
        tx.execute(sql, &[&organization.0, &number, &world.now()]).await.map_err(Error::from_postgres)?;
        let began = tx.query_one("SELECT pg_current_xact_id()::text::int8", &[]).await;
        let began = began.map_err(Error::from_postgres)?.get(0);
        tx.commit().await.map_err(Error::from_postgres)?;
        Ok((number, began))
    }

    /// Waits until no transaction is at work that may not have seen what `transaction` did.
    pub(super) async fn older_are_over(&self, transaction: i64) -> Result<(), Error> {
        let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8 > $1";
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            if self.client.query_one(sql, &[&transaction]).await.map_err(Error::from_postgres)?.get(0) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Error::Timeout)
    }

    /// The wrapping keys whose bytes are there.
    pub(super) async fn wrapping(
        &self,
        custody: &Custody,
        organization: OrganizationId,
    ) -> Result<BTreeMap<i32, Key>, Error> {
        let sql = "SELECT number, wrapped, commitment FROM keyring.organization_key
                    WHERE organization_id = $1 AND purpose = 1 AND wrapped IS NOT NULL";
        let rows = self.client.query(sql, &[&organization.0]).await.map_err(Error::from_postgres)?;
        let mut keys = BTreeMap::new();
        for row in &rows {
            let number = row.get(0);
            let key = custody.unwrap(WrappingKey { organization, number }, row.get(1), row.get(2)).await?;
            keys.insert(number, key);
        }
        Ok(keys)
    }

    async fn rewrap_organization(
        &self,
        wrapping: &BTreeMap<i32, Key>,
        (organization, number): (OrganizationId, i32),
    ) -> Result<u64, Error> {
        let sql = "SELECT purpose, number, wrapped, commitment, wrapped_by FROM keyring.organization_key
                    WHERE organization_id = $1 AND purpose > 1 AND wrapped IS NOT NULL AND wrapped_by <> $2";
        let rows = self.client.query(sql, &[&organization.0, &number]).await.map_err(Error::from_postgres)?;
        let mut done = 0;
        for row in &rows {
            let (purpose, of): (i16, i32) = (row.get(0), row.get(1));
            let label = organization_label(organization, purpose, of);
            let wrapped = self.anew(wrapping, &label, number, (row.get(2), row.get(3), row.get(4)))?;
            let sql = "UPDATE keyring.organization_key SET wrapped = $4, wrapped_by = $5
                        WHERE organization_id = $1 AND purpose = $2 AND number = $3 AND wrapped IS NOT NULL";
            done += self
                .client
                .execute(sql, &[&organization.0, &purpose, &of, &wrapped, &number])
                .await
                .map_err(Error::from_postgres)?;
        }
        Ok(done)
    }

    async fn rewrap_patients(
        &self,
        wrapping: &BTreeMap<i32, Key>,
        (organization, number): (OrganizationId, i32),
    ) -> Result<u64, Error> {
        let sql = "SELECT patient_id, class, number, wrapped, commitment, wrapped_by FROM keyring.patient_key
                    WHERE organization_id = $1 AND wrapped IS NOT NULL AND wrapped_by <> $2 LIMIT $3";
        let rows = self.client.query(sql, &[&organization.0, &number, &TOGETHER]).await;
        let rows = rows.map_err(Error::from_postgres)?;
        let (mut patients, mut classes, mut numbers, mut all) = (vec![], vec![], vec![], vec![]);
        for row in &rows {
            let (patient, class, of): (Uuid, i16, i32) = (row.get(0), row.get(1), row.get(2));
            let (Some(known), Ok(short)) = (DataClass::from_code(class), u16::try_from(of)) else {
                return Err(Error::Stored("a patient's key"));
            };
            let label = patient_label(organization, PatientId(patient), known, short);
            all.push(self.anew(wrapping, &label, number, (row.get(3), row.get(4), row.get(5)))?);
            patients.push(patient);
            classes.push(class);
            numbers.push(of);
        }
        // One that was destroyed meanwhile stays so.
        let sql = "UPDATE keyring.patient_key k SET wrapped = n.wrapped, wrapped_by = $6
                     FROM unnest($2::uuid[], $3::int2[], $4::int4[], $5::bytea[]) n (patient_id, class, number, wrapped)
                    WHERE k.organization_id = $1 AND k.patient_id = n.patient_id AND k.class = n.class AND k.number = n.number
                      AND k.wrapped IS NOT NULL";
        let done =
            self.client.execute(sql, &[&organization.0, &patients, &classes, &numbers, &all, &number]).await;
        done.map_err(Error::from_postgres)
    }

    /// A key wrapped by another than the one that wraps it.
    fn anew(
        &self,
        wrapping: &BTreeMap<i32, Key>,
        label: &[u8],
        number: i32,
        (wrapped, committed, by): (&[u8], &[u8], i32),
    ) -> Result<Vec<u8>, Error> {
        const MISSING: Error = Error::Seal("a wrapping key is missing");
        let (from, to) = (wrapping.get(&by).ok_or(MISSING)?, wrapping.get(&number).ok_or(MISSING)?);
        Ok(wrap(to, label, &*unwrap(from, label, wrapped, committed)?, &self.world))
    }

    /// Clears away the rows that were replaced: until then the bytes of a destroyed key are on the disk.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sweep_keys(&self) -> Result<(), Error> {
        let swept = sweep(&self.client, &["keyring.organization_key", "keyring.patient_key"]).await;
        let back = self.client.batch_execute("SET ROLE lamplight_operator").await;
        back.map_err(Error::from_postgres).and(swept)
    }
}
