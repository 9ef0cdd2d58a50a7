//! What of the record a membership sees, and what its organization has in use: read with its authority and remembered as
//! long.

use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PatientId};
use policy::fields::{Fields, Shared};
use policy::{Grants, Module, ModuleSet, Plane, Purpose, Tie};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::context::Principal;
use crate::{Ctx, Db, Error, tx};

/// Hidden from it or from a post above it, by itself or by its role; whether it is a portal bound to its patients; those
/// it is a relative of, and all others; what was approved for it; its plane; what its role uses records for; the kinds of
/// its ties; what the organization has in use; by which ties it and the posts above it come to their patients: those of
/// their roles, and those there are of portals.
const FIELDS: &str = "
    WITH RECURSIVE chain (id, parent_id, role_key) AS (
        SELECT m.membership_id, m.parent_id, m.role_key FROM org.membership m WHERE m.organization_id = $1 AND m.membership_id = $2
        UNION
        SELECT m.membership_id, m.parent_id, m.role_key FROM chain c
          JOIN org.membership m ON m.organization_id = $1 AND m.membership_id = c.parent_id)
    SELECT ARRAY(SELECT h.path FROM chain c JOIN org.hidden_field h ON h.organization_id = $1 AND h.membership_id = c.id
                  UNION
                 SELECT unnest(r.hidden) FROM chain c
                   JOIN org.role r ON r.organization_id = $1 AND r.role_key = c.role_key),
           m.plane = 'portal' AND m.by_relationship,
           ARRAY(SELECT r.patient_id FROM org.relationship r WHERE r.organization_id = $1 AND r.membership_id = $2
                    AND r.ends_at > $3 AND r.kind = 'family'),
           ARRAY(SELECT r.patient_id FROM org.relationship r WHERE r.organization_id = $1 AND r.membership_id = $2
                    AND r.ends_at > $3 AND r.kind <> 'family'),
           s.patients, s.paths, m.plane, m.purpose,
           ARRAY(SELECT DISTINCT r.kind FROM org.relationship r WHERE r.organization_id = $1 AND r.membership_id = $2
                    AND r.ends_at > $3),
           platform.entitled($1, $3),
           ARRAY(SELECT coalesce(CASE WHEN r.template = 'supplier' THEN 'supplier' END, r.tie) FROM chain c
                   JOIN org.role r ON r.organization_id = $1 AND r.role_key = c.role_key
                  UNION
                 SELECT r.kind FROM chain c
                   JOIN org.membership p ON p.organization_id = $1 AND p.membership_id = c.id AND p.plane = 'portal'
                   JOIN org.relationship r ON r.organization_id = $1 AND r.membership_id = c.id AND r.ends_at > $3)
      FROM org.membership m
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(s.patient_id), '{}') AS patients, coalesce(array_agg(s.path), '{}') AS paths
             FROM org.sharing s WHERE s.organization_id = $1 AND s.membership_id = $2
              AND s.starts_at <= $3 AND s.ends_at > $3) s
     WHERE m.organization_id = $1 AND m.membership_id = $2";

impl Ctx {
    /// The same post looking with the eyes of a relative who holds `grants` and sees `fields`: for whoever decides what that
    /// is, and for what a relative sees by another way than by approval (`None`: all of it). What it reaches and may do is
    /// still its own, as far as the relative may do it.
    #[must_use]
    pub fn with_eyes_of(&self, grants: &Grants, fields: Option<Fields>) -> Self {
        let own = self.grants();
        let both = own.permissions.iter().filter(|key| grants.permissions.contains(*key));
        let narrowed = Grants { permissions: both.collect(), ..own.clone() };
        let principal = Principal { fields, ..self.principal().with_grants(narrowed) };
        self.narrowed(principal, Purpose::FamilyRequest)
    }
}

impl Db {
    /// The principal with what it sees, and without what its organization has not in use. It is also `through` these
    /// parts of the product. One connection at a time: the caller holds none.
    pub(crate) async fn completed(
        &self,
        principal: Principal,
        through: ModuleSet,
    ) -> Result<Principal, Error> {
        let now = self.world().now();
        let signed = self.inner.signer.context(principal.membership, &principal.cells, now);
        let asked = (principal.organization, principal.membership);
        // Without a row the membership ended since: it has nothing.
        let Some(row) = self.view_in(&signed, asked, now).await? else {
            let grants = principal.grants.clone().entitled(ModuleSet::default(), through);
            return Ok(Principal { grants, ..principal });
        };
        let (modules, ties) = entitlement(&row);
        let grants = principal.grants.clone().entitled(modules, through.iter().chain(ties.iter()).collect());
        let (plane, said) = uses(&row);
        // Support cares for nobody, whatever the post above it does.
        let purpose = if principal.on_behalf_of.is_some() { Purpose::Administration } else { said };
        Ok(Principal { fields: read(&row), grants, plane, purpose, ..principal })
    }

    /// What a membership of the context's organization sees, as far as the context knows of its patients.
    ///
    /// # Errors
    /// As any statement.
    pub async fn fields_of(&self, ctx: &Ctx, membership: MembershipId) -> Result<Option<Fields>, Error> {
        let now = self.world().now();
        let signed = self.inner.signer.context(ctx.membership(), ctx.cells(), now);
        let row = self.view_in(&signed, (ctx.organization(), membership), now).await?;
        Ok(row.as_ref().and_then(read))
    }

    async fn view_in(
        &self,
        signed: &str,
        (organization, membership): (OrganizationId, MembershipId),
        now: Timestamp,
    ) -> Result<Option<Row>, Error> {
        let params: [&(dyn crate::ToSql + Sync); 3] = [&organization.0, &membership.0, &now];
        let rows = tx::one(&self.inner.pools.runtime, signed, FIELDS, &params).await?;
        Ok(rows.into_iter().next())
    }
}

/// What the organization has in use, and the parts of the product that the post is of.
fn entitlement(row: &Row) -> (ModuleSet, ModuleSet) {
    let (modules, ties): (Option<Vec<&str>>, Vec<Option<&str>>) = (row.get(9), row.get(10));
    let of_tie = |key: &str| match key {
        "supplier" => Some(Module::SupplierPortal),
        key => Tie::ALL.into_iter().find(|tie| tie.key() == key).and_then(Module::of_tie),
    };
    let modules = modules.unwrap_or_default();
    // A key that this version does not know opens nothing.
    (
        modules.iter().filter_map(|key| key.parse().ok()).collect(),
        ties.into_iter().flatten().filter_map(of_tie).collect(),
    )
}

/// Its plane and what it uses records for: what its role says, and without a role what it is tied by.
fn uses(row: &Row) -> (Plane, Purpose) {
    let plane = if row.get::<_, &str>(6) == Plane::Portal.key() { Plane::Portal } else { Plane::Staff };
    let kinds: Vec<&str> = row.get(8);
    let ties: Vec<Tie> = Tie::ALL.into_iter().filter(|tie| kinds.contains(&tie.key())).collect();
    let said: Option<Purpose> = row.get::<_, Option<&str>>(7).and_then(|code| code.parse().ok());
    // Who comes from outside by another tie than their role's uses records for what opens least.
    let tied = Purpose::of_ties(plane, &ties);
    let purpose = match said {
        Some(said) if plane == Plane::Portal && !ties.is_empty() => said.narrower(tied),
        Some(said) => said,
        None => tied,
    };
    (plane, purpose)
}

fn read(row: &Row) -> Option<Fields> {
    let hidden: Vec<&str> = row.get(0);
    let (relative_of, others): (Vec<Uuid>, Vec<Uuid>) = (row.get(2), row.get(3));
    // A portal tied to nobody any more is a relative's as far as we know.
    let is_relative = row.get(1) && (others.is_empty() || !relative_of.is_empty());
    let shared = is_relative.then(|| {
        let (patients, paths): (Vec<Uuid>, Vec<&str>) = (row.get(4), row.get(5));
        let mut shared = Shared::nothing(!others.is_empty());
        for patient in relative_of {
            let approved =
                patients.iter().zip(&paths).filter(|(of, _)| **of == patient).map(|(_, path)| *path);
            shared.only(PatientId(patient), approved);
        }
        others.into_iter().for_each(|patient| shared.everything(PatientId(patient)));
        shared
    });
    Fields::new(hidden, shared)
}
