//! Exports that are done later (ADR 0028): which of them is to be done, and as whom.

use std::time::Duration;

use kernel::{MembershipId, OrganizationId, RequestId};
use policy::{Grants, Module, ModuleSet, Purpose};
use uuid::Uuid;

use crate::context::{Principal, grants};
use crate::tx::one;
use crate::{Ctx, Db, Error, Request, Row, ToSql};

/// An export whose authority or time ended, or that ended and is not swept yet.
#[derive(Clone, Copy, Debug)]
pub struct LostExport {
    /// Whose.
    pub organization: OrganizationId,
    /// Its id.
    pub export: Uuid,
    /// The post that asked for it.
    pub membership: MembershipId,
    /// Why, as the row says it: `authority`, `expired`, `failed`, `cancelled`, `erased`.
    pub reason: &'static str,
}

/// The words that a row may give as a reason.
const REASONS: [&str; 5] = ["authority", "expired", "failed", "cancelled", "erased"];

impl Ctx {
    /// A post of an organization without any right: to say in the log what became of something of its.
    pub fn powerless(organization: OrganizationId, membership: MembershipId, request: Request) -> Self {
        let none = Grants {
            permissions: policy::PermissionSet::default(),
            facilities: Vec::new(),
            by_relationship: false,
            modules: ModuleSet::default(),
            through: ModuleSet::default(),
        };
        Self::new(Principal::new(organization, "", membership, none).into(), request)
    }
}

impl Db {
    /// Claims the export that waits longest, of an organization in which none runs, in the name of `claim` and for so long.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_export(
        &self,
        claim: Uuid,
        lease: Duration,
    ) -> Result<Option<(OrganizationId, Uuid)>, Error> {
        const CLAIM: &str =
            "SELECT organization_id, export_id FROM platform.claim_export($1, $2, make_interval(secs => $3))";
        let now = self.world().now();
        let rows = match self
            .for_program(OrganizationId::PLATFORM, CLAIM, &[&claim, &now, &lease.as_secs_f64()])
            .await
        {
            // Another process was faster in this organization.
            Err(Error::Constraint(_)) => return Ok(None),
            rows => rows?,
        };
        Ok(rows.first().map(|row| (OrganizationId(row.get(0)), row.get(1))))
    }

    /// Exports of all organizations whose authority or time ended, and those that ended and are not swept yet.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lost_exports(&self) -> Result<Vec<LostExport>, Error> {
        const LOST: &str =
            "SELECT organization_id, export_id, membership_id, reason FROM platform.lost_exports($1)";
        let rows = self.for_program(OrganizationId::PLATFORM, LOST, &[&self.world().now()]).await?;
        let lost = |row: &Row| {
            let reason: &str = row.get(3);
            Some(LostExport {
                organization: OrganizationId(row.get(0)),
                export: row.get(1),
                membership: MembershipId(row.get(2)),
                reason: REASONS.into_iter().find(|known| *known == reason)?,
            })
        };
        Ok(rows.iter().filter_map(lost).collect())
    }

    /// The post that asked for an export, with what it may do at this moment; `None` when its authority ended. Nothing of it
    /// is remembered: each call asks.
    ///
    /// # Errors
    /// As any statement.
    pub async fn export_ctx(&self, organization: OrganizationId, export: Uuid) -> Result<Option<Ctx>, Error> {
        const GRANT: &str =
            "SELECT membership_id, permissions, facilities, by_relationship, slug, grant_ends_at, request_id,
                                    purpose, program FROM platform.export_grant($1, $2, $3)";
        self.ctx_of_grant(organization, GRANT, export).await
    }

    /// The context that a function of what a post may do at this moment gives.
    pub(crate) async fn ctx_of_grant(
        &self,
        organization: OrganizationId,
        sql: &'static str,
        row: Uuid,
    ) -> Result<Option<Ctx>, Error> {
        let now = self.world().now();
        let rows = self.for_program(organization, sql, &[&organization.0, &row, &now]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let grants = grants(row.get(1), row.get(2), row.get(3));
        let principal = Principal::new(organization, row.get(4), MembershipId(row.get(0)), grants);
        let through = row.get::<_, bool>(8).then_some(Module::Api);
        let principal = self.completed(principal.until(row.get(5)), through.into_iter().collect()).await?;
        let id = RequestId(row.get(6));
        let ctx = Ctx::of_post(principal.into(), Request { id, address: None, purpose: Purpose::Treatment });
        let purpose: Option<Purpose> = row.get::<_, &str>(7).parse().ok();
        Ok(purpose.and_then(|purpose| ctx.for_purpose(purpose)))
    }

    pub(crate) async fn for_program(
        &self,
        organization: OrganizationId,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let request = Request { id: RequestId(Uuid::nil()), address: None, purpose: Purpose::Operations };
        let ctx = Ctx::program(organization, request);
        let signed = self.inner.signer.context(ctx.membership(), ctx.cells(), self.world().now());
        one(&self.inner.pools.runtime, &signed, sql, params).await
    }
}
