//! What posts are called.

use db::{Error, Tx};
use kernel::{MembershipId, OrganizationId};

/// The name at a post.
pub(super) async fn find_name(
    tx: Tx<'_>,
    organization: OrganizationId,
    membership: MembershipId,
) -> Result<Option<String>, Error> {
    let rows = tx
        .last(
            "SELECT name FROM org.membership WHERE organization_id = $1 AND membership_id = $2",
            &[&organization.0, &membership.0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}
