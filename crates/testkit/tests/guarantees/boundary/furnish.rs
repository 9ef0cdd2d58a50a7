//! A row of every table in every cell, to look for from elsewhere.

use testkit::pg;

use super::tables::{all, membership, other, standing};
use crate::support::House;

/// Puts a row of every table into every cell of both organizations.
pub(crate) async fn furnish(house: &House, superuser: &pg::Client) {
    for tenant in [&house.a, &house.b] {
        let organization = tenant.id();
        let post = format!(
            "INSERT INTO org.membership (organization_id, membership_id, kind, name, permissions, created_at)
             VALUES ({organization}, {}, 'person', 'x', '{{organization.manage, people.invite, relationships.edit, roles.edit, sharing.approve, emergency.access, patients.merge, shift.work}}', now()),
                    ({organization}, {}, 'person', 'y', '{{}}', now())",
            membership(organization),
            other(organization)
        );
        superuser.batch_execute(&post).await.unwrap();
        for table in all() {
            let facilities =
                if table.by_facility { vec![0, tenant.north.0, tenant.south.0] } else { vec![0] };
            for facility in facilities {
                let n = standing(organization, facility);
                if let Some(insert) = table.insert(organization, facility, n, "") {
                    superuser
                        .batch_execute(&insert)
                        .await
                        .unwrap_or_else(|error| panic!("{insert}: {error:?}"));
                }
            }
        }
    }
}
