//! The SQL of modules.

use db::{Error, Tx};
use jiff::Timestamp;
use kernel::OrganizationId;

/// What is paid for and in use, and what was switched off.
pub(super) async fn list(
    tx: &Tx<'_>,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let rows = tx
        .query(
            "SELECT platform.entitled($1, $2), o.modules_off FROM org.organization o WHERE o.organization_id = $1",
            &[&organization.0, &now],
        )
        .await?;
    rows.first()
        .map(|row| (row.get::<_, Option<_>>(0).unwrap_or_default(), row.get(1)))
        .ok_or(Error::NotFound)
}

/// Switches one off or on.
pub(super) async fn switch(
    tx: &Tx<'_>,
    organization: OrganizationId,
    module: &str,
    on: bool,
) -> Result<(), Error> {
    tx.query(
        "UPDATE org.organization
            SET modules_off = array_remove(modules_off, $2) || CASE WHEN $3 THEN '{}' ELSE ARRAY[$2] END
          WHERE organization_id = $1",
        &[&organization.0, &module, &on],
    )
    .await
    .map(|_| ())
}
