//! The plane's SQL.

mod organizations;

pub(super) use organizations::{
    find as find_organization, insert_subscription, list as list_organizations, update as update_organization,
};

use db::{Error, Row, Tx};
use jiff::Timestamp;

use super::ops::{AdministratorView, PlanText, PlanView};

/// Who is on the plane or invited to it.
pub(super) async fn list_administrators(
    tx: &Tx<'_>,
    now: Timestamp,
) -> Result<Vec<AdministratorView>, Error> {
    let rows = tx
        .query(
            "SELECT administrator_id, name, permissions, person_id IS NOT NULL, created_at, version
               FROM platform.administrator WHERE ends_at IS NULL OR ends_at > $1 ORDER BY administrator_id",
            &[&now],
        )
        .await?;
    let view = |row: &Row| AdministratorView {
        administrator: row.get(0),
        name: row.get(1),
        permissions: row.get(2),
        arrived: row.get(3),
        since: row.get(4),
        version: row.get(5),
    };
    Ok(rows.iter().map(view).collect())
}

/// Writes a post on the plane down; gives its number.
pub(super) async fn insert_administrator(
    tx: &Tx<'_>,
    (name, permissions): (&str, &[&str]),
    by: i32,
    now: Timestamp,
) -> Result<i32, Error> {
    let rows = tx
        .query(
            "INSERT INTO platform.administrator (administrator_id, name, permissions, invited_by, created_at)
             VALUES (nextval('platform.administrator_number'), $1, $2, $3, $4) RETURNING administrator_id",
            &[&name, &permissions, &by, &now],
        )
        .await?;
    Ok(rows[0].get(0))
}

/// The version of a living one.
pub(super) async fn find_administrator_version(
    tx: &Tx<'_>,
    number: i32,
    now: Timestamp,
) -> Result<Option<i32>, Error> {
    let rows = tx
        .query(
            "SELECT version FROM platform.administrator
              WHERE administrator_id = $1 AND (ends_at IS NULL OR ends_at > $2)",
            &[&number, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Other permissions, or without any the end; false when the version is not this one.
pub(super) async fn update_administrator(
    tx: &Tx<'_>,
    (number, version): (i32, i32),
    permissions: Option<&[&str]>,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE platform.administrator
                SET permissions = coalesce($3, permissions), ends_at = CASE WHEN $3::text[] IS NULL THEN $4::timestamptz END,
                    version = version + 1
              WHERE administrator_id = $1 AND version = $2 RETURNING 1",
            &[&number, &version, &permissions, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The newest version of every plan.
pub(super) async fn list_plans(tx: &Tx<'_>) -> Result<Vec<PlanView>, Error> {
    let rows = tx
        .query(
            "SELECT DISTINCT ON (plan_key) plan_key, version, title, modules, currency, base_cents, clinician_cents,
                    module_cents, on_sale
               FROM platform.plan ORDER BY plan_key, version DESC",
            &[],
        )
        .await?;
    let view = |row: &Row| PlanView {
        key: row.get(0),
        version: row.get(1),
        plan: PlanText {
            title: row.get(2),
            modules: row.get(3),
            currency: row.get(4),
            base_cents: row.get(5),
            clinician_cents: row.get(6),
            module_cents: row.get(7),
            on_sale: row.get(8),
        },
    };
    Ok(rows.iter().map(view).collect())
}

/// The next version of a plan; false when the one before is not the newest.
pub(super) async fn insert_plan(
    tx: &Tx<'_>,
    (key, version): (&str, i32),
    plan: &PlanText,
    modules: &[&str],
    by: i32,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "INSERT INTO platform.plan (plan_key, version, title, modules, currency, base_cents, clinician_cents,
                 module_cents, on_sale, created_at, created_by)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
              WHERE coalesce((SELECT max(version) FROM platform.plan WHERE plan_key = $1), 0) = $2 - 1 RETURNING 1",
            &[
                &key,
                &version,
                &plan.title,
                &modules,
                &plan.currency,
                &plan.base_cents,
                &plan.clinician_cents,
                &plan.module_cents,
                &plan.on_sale,
                &now,
                &by,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}
