//! Keys of patients destroyed for good, and the ledger that says whose (ADR 0039).

use deadpool_postgres::Pool;
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PatientId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Keyring;
use crate::tx::one;
use crate::{Ctx, Db, Error};

/// As the program itself, in no organization.
const PROGRAM: MembershipId = MembershipId(-1);

/// An entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Whose keys were destroyed.
    pub patient: PatientId,
    /// By what decision.
    pub erasure: Uuid,
    /// When.
    pub at: Timestamp,
}

/// How far an organization's ledger has come.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LedgerHead {
    /// Whose ledger.
    pub organization: i32,
    /// The number of its last entry.
    pub sequence: i64,
    /// The digest of its last entry, which covers those before.
    pub digest: Vec<u8>,
}

impl Keyring {
    /// Destroys every key of the patient, and writes that down in the ledger; tells how many there were. None is made for them
    /// ever again. May be called again after whatever broke it off. Who may, is decided before.
    ///
    /// Every program forgets what it had unwrapped: at once where it is reached, else within minutes. Not to be called while a
    /// transaction is open: it takes a connection of its own.
    ///
    /// # Errors
    /// [`Error::Context`] for a context of anybody's post: it is for the worker and the operator; as any statement.
    pub async fn erase(&self, ctx: &Ctx, patient: PatientId, erasure: Uuid) -> Result<u64, Error> {
        let organization = ctx.organization();
        let erased = self
            .query(
                ctx,
                "SELECT keys, sequence, digest FROM keyring.erase($1, $2, $3, $4)",
                &[&organization.0, &patient.0, &erasure, &self.world().now()],
            )
            .await?;
        let erased = erased.first().ok_or(Error::Stored("what was erased"))?;
        self.forget_patient(patient);
        let (keys, sequence, digest): (i64, i64, &[u8]) = (erased.get(0), erased.get(1), erased.get(2));
        // The data knows from here on how far the ledger had come, and other programs forget.
        let told = format!("patient:{}", patient.0);
        self.beside(ctx, "SELECT keyring.note($1, $2, $3)", &[&organization.0, &sequence, &digest]).await?;
        self.beside(ctx, "SELECT pg_notify('lamplight_revoked', $1)", &[&told]).await?;
        Ok(u64::try_from(keys).unwrap_or_default())
    }

    /// The organization's ledger, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn erasures(&self, organization: OrganizationId) -> Result<Vec<Erasure>, Error> {
        let sql = "SELECT patient_id, erasure_id, erased_at FROM keyring.entries($1)";
        let rows = self.as_program(self.pool(), sql, &[&organization.0]).await?;
        let entry =
            |row: &Row| Erasure { patient: PatientId(row.get(0)), erasure: row.get(1), at: row.get(2) };
        Ok(rows.iter().map(entry).collect())
    }

    /// Of an organization whose keyring lacks what is known of its ledger.
    async fn lacks(&self, known: &[LedgerHead]) -> Result<Vec<OrganizationId>, Error> {
        let organizations: Vec<i32> = known.iter().map(|head| head.organization).collect();
        let sequences: Vec<i64> = known.iter().map(|head| head.sequence).collect();
        let digests: Vec<&[u8]> = known.iter().map(|head| head.digest.as_slice()).collect();
        let sql = "SELECT l FROM keyring.lacks($1, $2, $3) l";
        let rows = self.as_program(self.pool(), sql, &[&organizations, &sequences, &digests]).await?;
        Ok(rows.iter().map(|row| OrganizationId(row.get(0))).collect())
    }

    pub(super) async fn as_program(
        &self,
        pool: &Pool,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let signed = self.signer().context(PROGRAM, &[], self.world().now());
        one(pool, &signed, sql, params).await
    }

    /// How far the ledgers of all organizations have come.
    async fn heads(&self, pool: &Pool, sql: &'static str) -> Result<Vec<LedgerHead>, Error> {
        let rows = self.as_program(pool, sql, &[]).await?;
        let head =
            |row: &Row| LedgerHead { organization: row.get(0), sequence: row.get(1), digest: row.get(2) };
        Ok(rows.iter().map(head).collect())
    }
}

impl Db {
    /// How far the keyring's ledgers of erasures have come, by organization.
    ///
    /// # Errors
    /// As any statement.
    pub async fn ledger_heads(&self) -> Result<Vec<LedgerHead>, Error> {
        let ring = self.keyring();
        ring.heads(ring.pool(), "SELECT organization_id, sequence, digest FROM keyring.heads()").await
    }

    /// Refuses a keyring that is not the data's, or older than what is known of it: by this database, and by whoever kept
    /// `known`.
    ///
    /// # Errors
    /// [`Error::OldKeyring`]; [`Error::Config`] when it is another one; as any statement.
    pub async fn refuse_other_keyring(&self, known: &[LedgerHead]) -> Result<(), Error> {
        let ring = self.keyring();
        ring.is_joined().await?;
        let sql = "SELECT organization_id, sequence, digest FROM keyring.known_heads()";
        let mut all = ring.heads(ring.main(), sql).await?;
        all.extend_from_slice(known);
        match ring.lacks(&all).await?.first() {
            Some(organization) => Err(Error::OldKeyring(*organization)),
            None => Ok(()),
        }
    }
}
