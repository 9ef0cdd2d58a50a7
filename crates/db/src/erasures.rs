//! Erasures that are due (ADR 0040): which of them is next, and the context to do it in.

use std::sync::Arc;
use std::time::Duration;

use kernel::{FacilityId, MembershipId, OrganizationId, PatientId, RequestId};
use policy::{Grants, ModuleSet, PermissionSet, Purpose};
use uuid::Uuid;

use crate::context::Principal;
use crate::{Ctx, Db, Error, Request};

/// An erasure that this process has to do now.
pub struct ClaimedErasure {
    /// The context to do it in: of the operator's jobs, at the patient's facility, without any permission.
    pub ctx: Ctx,
    /// Its id.
    pub erasure: Uuid,
    /// Where the patient is.
    pub facility: FacilityId,
    /// Whose keys are destroyed: the patient, and each who was merged into them.
    pub patients: Vec<PatientId>,
}

impl Db {
    /// Claims the erasure that is due longest, or whose worker was stopped, in the name of `claim` and for so long.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_erasure(&self, claim: Uuid, lease: Duration) -> Result<Option<ClaimedErasure>, Error> {
        const CLAIM: &str = "SELECT organization_id, facility_id, erasure_id, patients
                               FROM org.claim_erasure($1, $2, make_interval(secs => $3))";
        let now = self.world().now();
        let params: [&(dyn crate::ToSql + Sync); 3] = [&claim, &now, &lease.as_secs_f64()];
        let rows = self.for_program(OrganizationId::PLATFORM, CLAIM, &params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let facility = FacilityId(row.get(1));
        Ok(Some(ClaimedErasure {
            ctx: self.eraser(OrganizationId(row.get(0)), facility),
            erasure: row.get(2),
            facility,
            patients: row.get::<_, Vec<Uuid>>(3).into_iter().map(PatientId).collect(),
        }))
    }

    /// Makes an erasure that the keyring's ledger knows, and this copy of the data does not, one that is to be done; says
    /// whether it did. It does not when nothing of the patient is here, or nothing any more.
    ///
    /// # Errors
    /// As any statement.
    pub async fn reapply_erasure(
        &self,
        organization: OrganizationId,
        patient: PatientId,
        erasure: Uuid,
        at: jiff::Timestamp,
    ) -> Result<bool, Error> {
        const REAPPLY: &str = "SELECT org.reapply_erasure($1, $2, $3)";
        let rows = self.for_program(organization, REAPPLY, &[&patient.0, &erasure, &at]).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    fn eraser(&self, organization: OrganizationId, facility: FacilityId) -> Ctx {
        let grants = Grants {
            permissions: PermissionSet::default(),
            facilities: vec![facility],
            by_relationship: false,
            modules: ModuleSet::default(),
            through: ModuleSet::default(),
        };
        let principal = Principal::new(organization, "", MembershipId(0), grants);
        let id = RequestId(self.world().uuid());
        Ctx::new(Arc::new(principal), Request { id, address: None, purpose: Purpose::Operations })
    }
}
