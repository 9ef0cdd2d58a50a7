//! Mails to relatives that there is news (ADR 0036): for whom one is due, and whose records it is looked through for that.

use std::time::Duration;

use kernel::{FacilityId, MembershipId, OrganizationId, PatientId, PersonId};
use policy::{Grants, Module, ModuleSet, PermissionSet};
use uuid::Uuid;

use crate::context::Principal;
use crate::{Ctx, Db, Error, Request};

/// A patient of whom a relative may be told.
pub struct DigestTie {
    /// A job at the patient's facility. What the relative sees is looked at with their eyes.
    pub ctx: Ctx,
    /// Who.
    pub patient: PatientId,
    /// The facility's.
    pub time_zone: String,
    /// The relative.
    pub person: PersonId,
    /// What the organization is called.
    pub organization: String,
}

impl Db {
    /// Claims the digest that is due longest, in the name of `claim` and for so long.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_digest(
        &self,
        claim: Uuid,
        lease: Duration,
    ) -> Result<Option<(OrganizationId, MembershipId)>, Error> {
        const CLAIM: &str = "SELECT organization_id, membership_id FROM platform.claim_digest($1, $2, make_interval(secs => $3))";
        let now = self.world().now();
        let params: [&(dyn crate::ToSql + Sync); 3] = [&claim, &now, &lease.as_secs_f64()];
        let rows = self.for_program(OrganizationId::PLATFORM, CLAIM, &params).await?;
        Ok(rows.first().map(|row| (OrganizationId(row.get(0)), MembershipId(row.get(1)))))
    }

    /// Of whom the relative with this post may be told now; nobody when they do not want to be told any more, or their
    /// post, tie or account ended.
    ///
    /// # Errors
    /// As any statement.
    pub async fn digest_ties(
        &self,
        organization: OrganizationId,
        membership: MembershipId,
        request: &Request,
    ) -> Result<Vec<DigestTie>, Error> {
        const TIES: &str = "SELECT patient_id, facility_id, time_zone, person_id, slug, name, modules
                              FROM platform.digest_ties($1, $2, $3)";
        let now = self.world().now();
        let rows = self.for_program(organization, TIES, &[&organization.0, &membership.0, &now]).await?;
        let tie = |row: &crate::Row| {
            let modules: Option<Vec<&str>> = row.get(6);
            let modules: ModuleSet = modules.iter().flatten().filter_map(|key| key.parse().ok()).collect();
            let grants = Grants {
                permissions: PermissionSet::all(),
                facilities: vec![FacilityId(row.get(1))],
                by_relationship: false,
                modules: ModuleSet::default(),
                through: ModuleSet::default(),
            };
            // Without the portal nothing is looked at: as the relative finds nothing there.
            let grants = grants.entitled(modules, ModuleSet::from_iter([Module::FamilyPortal]));
            let principal = Principal::new(organization, row.get(4), MembershipId(0), grants);
            DigestTie {
                ctx: Ctx::new(principal.into(), request.clone()),
                patient: PatientId(row.get(0)),
                time_zone: row.get(2),
                person: PersonId(row.get(3)),
                organization: row.get(5),
            }
        };
        Ok(rows.iter().map(tie).collect())
    }
}
