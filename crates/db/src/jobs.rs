//! Background work. A job is queued in the transaction that wants it and claimed by any process; the claim is what makes
//! a context for it.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId};
use policy::{Grants, ModuleSet, PermissionSet};
use uuid::Uuid;

use crate::context::Principal;
use crate::tx::one;
use crate::{Ctx, Db, Error, Request, Row, Tx};

/// The membership of the program itself, in contexts that reach no organization.
const PROGRAM: MembershipId = MembershipId(-1);

/// A job that this process has to do now; another may take it over when the lease ends.
pub struct ClaimedJob {
    /// The context to do it in: the organization and the one facility of the job.
    pub ctx: Ctx,
    /// Its id.
    pub id: Uuid,
    /// What is to be done.
    pub kind: String,
    /// Ids only.
    pub payload: serde_json::Value,
    /// How often it was claimed, this time included.
    pub attempts: i32,
}

impl Tx<'_> {
    /// Queues a job for `at`, to be done if this transaction commits.
    ///
    /// # Errors
    /// As any statement.
    pub async fn enqueue(
        &self,
        facility: FacilityId,
        kind: &str,
        payload: &serde_json::Value,
        at: Timestamp,
        id: Uuid,
    ) -> Result<(), Error> {
        self.query(
            "INSERT INTO ops.job (organization_id, facility_id, id, kind, payload, run_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[&self.ctx().organization().0, &facility.0, &id, &kind, payload, &at],
        )
        .await
        .map(|_| ())
    }
}

impl Db {
    /// Claims the job that is due longest, of any organization, for five minutes.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_job(&self, request: Request) -> Result<Option<ClaimedJob>, Error> {
        let rows = self
            .as_program(
                "SELECT j.*, platform.entitled(j.organization_id, transaction_timestamp()) AS modules
                   FROM ops.claim_job(interval '5 minutes') j",
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let facility = FacilityId(row.get("facility_id"));
        let grants = Grants {
            permissions: PermissionSet::all(),
            facilities: Some(facility).filter(|id| *id != FacilityId::WHOLE).into_iter().collect(),
            by_relationship: false,
            modules: ModuleSet::default(),
            through: ModuleSet::default(),
        };
        let organization = OrganizationId(row.get("organization_id"));
        let modules: Option<Vec<&str>> = row.get("modules");
        let modules = modules.iter().flatten().filter_map(|key| key.parse().ok()).collect();
        let grants = grants.entitled(modules, ModuleSet::default());
        let principal = Arc::new(Principal::new(organization, "", MembershipId(0), grants));
        Ok(Some(ClaimedJob {
            ctx: Ctx::new(principal, request),
            id: row.get("id"),
            kind: row.get("kind"),
            payload: row.get("payload"),
            attempts: row.get("attempts"),
        }))
    }

    /// Ends a claimed job: done, or to be tried again at a later time.
    ///
    /// # Errors
    /// As any statement.
    pub async fn finish_job(&self, job: &ClaimedJob, again_at: Option<Timestamp>) -> Result<(), Error> {
        let tx = self.begin(&job.ctx).await?;
        let organization = job.ctx.organization().0;
        match again_at {
            None => {
                tx.last(
                    "DELETE FROM ops.job WHERE organization_id = $1 AND id = $2",
                    &[&organization, &job.id],
                )
                .await
            }
            Some(at) => {
                tx.last(
                    "UPDATE ops.job SET run_at = $3, locked_until = NULL,
                            failed_at = CASE WHEN attempts >= 10 THEN $3 END
                      WHERE organization_id = $1 AND id = $2",
                    &[&organization, &job.id, &at],
                )
                .await
            }
        }
        .map(|_| ())
    }

    /// Forgets delivered outbox events after a week and idempotency keys after a day. Returns the number of rows.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sweep(&self) -> Result<i64, Error> {
        let rows = self.as_program("SELECT ops.sweep()").await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    /// A statement that speaks for the program itself and reaches no organization's rows.
    pub(crate) async fn as_program(&self, sql: &'static str) -> Result<Vec<Row>, Error> {
        let signed = self.inner.signer.context(PROGRAM, &[], self.inner.world.now());
        one(&self.inner.pools.runtime, &signed, sql, &[]).await
    }
}
