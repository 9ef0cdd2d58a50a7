//! Spreadsheets that are worked on (ADR 0031): which of them is next, and as whom.

use std::time::Duration;

use kernel::{FacilityId, OrganizationId};
use uuid::Uuid;

use crate::{Ctx, Db, Error};

/// An import that this process has to work on now.
#[derive(Clone, Copy, Debug)]
pub struct ClaimedImport {
    /// Whose.
    pub organization: OrganizationId,
    /// Its id.
    pub import: Uuid,
    /// Where its rows and its new patients are.
    pub facility: FacilityId,
}

impl Db {
    /// Claims the import that waits longest, or whose worker was stopped, in the name of `claim` and for so long; files whose
    /// time is over are let go of on the way.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_import(&self, claim: Uuid, lease: Duration) -> Result<Option<ClaimedImport>, Error> {
        const CLAIM: &str = "SELECT organization_id, import_id, facility_id
                               FROM platform.claim_import($1, $2, make_interval(secs => $3))";
        let now = self.world().now();
        let params: [&(dyn crate::ToSql + Sync); 3] = [&claim, &now, &lease.as_secs_f64()];
        let rows = self.for_program(OrganizationId::PLATFORM, CLAIM, &params).await?;
        Ok(rows.first().map(|row| ClaimedImport {
            organization: OrganizationId(row.get(0)),
            import: row.get(1),
            facility: FacilityId(row.get(2)),
        }))
    }

    /// The post that began the work, with what it may do at this moment; `None` when its authority ended. Nothing of it is
    /// remembered: each call asks.
    ///
    /// # Errors
    /// As any statement.
    pub async fn import_ctx(&self, organization: OrganizationId, import: Uuid) -> Result<Option<Ctx>, Error> {
        const GRANT: &str =
            "SELECT membership_id, permissions, facilities, by_relationship, slug, grant_ends_at, request_id,
                                    purpose, program FROM platform.import_grant($1, $2, $3)";
        self.ctx_of_grant(organization, GRANT, import).await
    }
}
