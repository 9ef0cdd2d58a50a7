//! Emergency access: a context of one patient for a short time, and what makes it (ADR 0013).

use jiff::Timestamp;
use kernel::FacilityId;
use policy::{Grants, Permission, PermissionSet, Purpose};
use uuid::Uuid;

use crate::{Ctx, Db, Error};

impl Ctx {
    /// The same post before a patient of its facilities is its own: rows of every patient there are in sight, and the
    /// policy refuses it everything, so that no record is read with it. For the rows of emergencies alone.
    #[must_use]
    pub fn at_the_door(&self) -> Self {
        let grants = Grants { permissions: PermissionSet::default(), ..self.grants().clone() };
        let unbound = Grants { by_relationship: false, ..grants };
        self.narrowed(self.principal().with_grants(unbound), self.request().purpose)
    }

    /// The same post in an emergency: bound to one patient at one facility, whatever else it reaches.
    fn in_emergency(&self, facility: FacilityId, number: i32) -> Self {
        let grants = Grants { facilities: vec![facility], by_relationship: true, ..self.grants().clone() };
        let mut principal = self.principal().with_grants(grants);
        principal.cells.push(-i64::from(number));
        self.narrowed(principal, Purpose::BreakGlass)
    }
}

impl Db {
    /// The context that reaches the patient of the post's own living emergency and no other; its events say so by their
    /// purpose. `None` for an emergency that is unknown, another's or over alike, and without the permission now.
    ///
    /// # Errors
    /// As any statement.
    pub async fn in_emergency(&self, ctx: &Ctx, id: Uuid) -> Result<Option<Ctx>, Error> {
        if !ctx.grants().permissions.contains(Permission::EmergencyAccess) {
            return Ok(None);
        }
        let door = ctx.at_the_door();
        let now: Timestamp = self.world().now();
        let rows = self
            .begin(&door)
            .await?
            .last(
                "SELECT facility_id, number FROM org.emergency
                  WHERE organization_id = $1 AND emergency_id = $2 AND membership_id = $3 AND ends_at > $4",
                &[&ctx.organization().0, &id, &ctx.membership().0, &now],
            )
            .await?;
        Ok(rows.first().map(|row| ctx.in_emergency(FacilityId(row.get(0)), row.get(1))))
    }
}

#[cfg(test)]
mod tests {
    use kernel::OrganizationId;

    use super::*;
    use crate::context::cell;

    #[test]
    fn the_number_of_an_emergency_is_no_cell() {
        for number in [1, i32::MAX] {
            assert!(-i64::from(number) > -cell(OrganizationId(1), FacilityId::WHOLE));
        }
    }
}
