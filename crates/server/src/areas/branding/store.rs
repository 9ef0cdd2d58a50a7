//! The columns of `org.organization` that everybody may see.

use db::{Error, Tx};
use kernel::OrganizationId;

/// Name and logo.
pub(super) async fn fetch(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<(String, Option<Vec<u8>>), Error> {
    let rows = tx
        .query("SELECT name, logo FROM org.organization WHERE organization_id = $1", &[&organization.0])
        .await?;
    rows.first().map(|row| (row.get(0), row.get(1))).ok_or(Error::NotFound)
}

/// Gives the organization's version now; nothing when another was named.
pub(super) async fn update(tx: &Tx<'_>, was: i32, logo: Option<&[u8]>) -> Result<Option<i32>, Error> {
    let rows = tx.query("SELECT org.change_logo($1, $2)", &[&was, &logo]).await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}
