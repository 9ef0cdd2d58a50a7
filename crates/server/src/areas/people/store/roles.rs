//! The roles of an organization. A post that has one has what the role says (`org.bring_role`, `org.apply_role`).

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::OrganizationId;

/// What a role says.
#[derive(Clone, PartialEq)]
pub(in crate::areas::people) struct Role {
    pub(in crate::areas::people) title: String,
    pub(in crate::areas::people) plane: String,
    pub(in crate::areas::people) tie: Option<String>,
    pub(in crate::areas::people) permissions: Vec<String>,
    pub(in crate::areas::people) hidden: Vec<String>,
}

/// A role as it stands.
pub(in crate::areas::people) struct StandingRole {
    pub(in crate::areas::people) key: String,
    pub(in crate::areas::people) role: Role,
    pub(in crate::areas::people) template: Option<String>,
    pub(in crate::areas::people) version: i32,
    /// How many living posts have it.
    pub(in crate::areas::people) posts: i64,
}

fn standing(row: &Row) -> StandingRole {
    StandingRole {
        key: row.get(0),
        role: Role {
            title: row.get(1),
            plane: row.get(2),
            tie: row.get(3),
            permissions: row.get(4),
            hidden: row.get(5),
        },
        template: row.get(6),
        version: row.get(7),
        posts: row.get(8),
    }
}

/// All of them, or the one of this key, by title.
pub(in crate::areas::people) async fn list_roles(
    tx: &Tx<'_>,
    organization: OrganizationId,
    key: Option<&str>,
    now: Timestamp,
) -> Result<Vec<StandingRole>, Error> {
    let rows = tx
        .query(
            "SELECT r.role_key, r.title, r.plane, r.tie, r.permissions, r.hidden, r.template, r.version,
                    (SELECT count(*) FROM org.membership m
                      WHERE m.organization_id = r.organization_id AND m.role_key = r.role_key
                        AND (m.ends_at IS NULL OR m.ends_at > $3))
               FROM org.role r WHERE r.organization_id = $1 AND ($2::text IS NULL OR r.role_key = $2)
              ORDER BY r.title, r.role_key",
            &[&organization.0, &key, &now],
        )
        .await?;
    Ok(rows.iter().map(standing).collect())
}

/// A new one. Refused by `role_pkey` when there is one of this key.
pub(in crate::areas::people) async fn insert_role(
    tx: &Tx<'_>,
    organization: OrganizationId,
    key: &str,
    new: &Role,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO org.role (organization_id, role_key, title, plane, by_relationship, tie, permissions, hidden,
             created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5::text IS NOT NULL, $5, $6, $7, $8, $8)",
        &[&organization.0, &key, &new.title, &new.plane, &new.tie, &new.permissions, &new.hidden, &now],
    )
    .await
    .map(|_| ())
}

/// Another text of a role, and of every post that has it; false when the version is not this one any more.
pub(in crate::areas::people) async fn update_role(
    tx: &Tx<'_>,
    organization: OrganizationId,
    (key, version): (&str, i32),
    new: &Role,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.role SET title = $4, by_relationship = $5::text IS NOT NULL, tie = $5, permissions = $6,
                 hidden = $7, version = version + 1, changed_at = $8
              WHERE organization_id = $1 AND role_key = $2 AND version = $3 RETURNING 1",
            &[&organization.0, &key, &version, &new.title, &new.tie, &new.permissions, &new.hidden, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
