//! The organization of an address, and the facilities that a context reaches.

use kernel::{FacilityId, OrganizationId};

use crate::{Ctx, Db, Error};

impl Db {
    /// The organization of a subdomain: what an address stands for is public.
    ///
    /// # Errors
    /// As any statement.
    pub async fn organization_of(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        let client = self.inner.pools.runtime.get().await.map_err(Error::from_pool)?;
        let statement = client
            .prepare_cached("SELECT organization_id FROM platform.find_organization($1)")
            .await
            .map_err(Error::from_postgres)?;
        let row = client.query_opt(&statement, &[&slug]).await.map_err(Error::from_postgres)?;
        Ok(row.map(|row| OrganizationId(row.get(0))))
    }

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
