//! The facilities that a context reaches.

use kernel::FacilityId;

use crate::{Ctx, Db, Error};

impl Db {
    /// The facilities within the context's reach and their codes, by code; the organization itself is not among them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn facilities(&self, ctx: &Ctx) -> Result<Vec<(FacilityId, String)>, Error> {
        let tx = self.begin(ctx).await?;
        let rows = tx
            .last(
                "SELECT facility_id, code FROM org.facility
                  WHERE organization_id = $1 AND facility_id > 0 ORDER BY code",
                &[&ctx.organization().0],
            )
            .await?;
        Ok(rows.iter().map(|row| (FacilityId(row.get(0)), row.get(1))).collect())
    }
}
