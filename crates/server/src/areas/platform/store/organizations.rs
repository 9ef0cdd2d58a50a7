//! Organizations, as far as the plane's role sees them.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::OrganizationId;

use super::super::ops::{OrganizationView, Settings, SiteView};

/// What is read of each. The row's own version (`xmin`) is what a change of its settings is compared with.
macro_rules! organizations {
    ($condition:literal) => {
        concat!(
            "SELECT o.organization_id, o.xmin::text::int8, o.slug, o.kind, o.created_at, o.name, o.portal_second_factor,
                    o.idle_seconds, o.session_seconds, s.plan_key, s.plan_version, s.extra, o.modules_off,
                    platform.entitled(o.organization_id, $2),
                    f.codes, f.names, f.time_zones, f.states
               FROM org.organization o
              CROSS JOIN LATERAL (
                    SELECT s.plan_key, s.plan_version, s.extra FROM platform.subscription s
                     WHERE s.organization_id = o.organization_id AND s.since <= $2 ORDER BY s.since DESC LIMIT 1) s
              CROSS JOIN LATERAL (
                    SELECT coalesce(array_agg(f.code ORDER BY f.code), '{}') AS codes,
                           coalesce(array_agg(f.name ORDER BY f.code), '{}') AS names,
                           coalesce(array_agg(f.time_zone ORDER BY f.code), '{}') AS time_zones,
                           coalesce(array_agg(f.state ORDER BY f.code), '{}') AS states
                      FROM org.facility f WHERE f.organization_id = o.organization_id AND f.facility_id > 0) f
              WHERE ",
            $condition
        )
    };
}

fn view(row: &Row) -> OrganizationView {
    let sites: (Vec<String>, Vec<String>, Vec<String>, Vec<String>) =
        (row.get(14), row.get(15), row.get(16), row.get(17));
    let sites = sites.0.into_iter().zip(sites.1).zip(sites.2).zip(sites.3);
    OrganizationView {
        id: OrganizationId(row.get(0)),
        version: row.get(1),
        slug: row.get(2),
        kind: row.get(3),
        created_at: row.get(4),
        settings: Settings {
            name: row.get(5),
            portal_second_factor: row.get(6),
            idle_seconds: row.get(7),
            session_seconds: row.get(8),
        },
        plan: row.get(9),
        plan_version: row.get(10),
        extra: row.get(11),
        switched_off: row.get(12),
        modules: row.get(13),
        facilities: sites
            .map(|(((code, name), time_zone), state)| SiteView { code, name, time_zone, state })
            .collect(),
    }
}

/// At most 200 after this subdomain.
pub(in super::super) async fn list(
    tx: &Tx<'_>,
    after: &str,
    now: Timestamp,
) -> Result<Vec<OrganizationView>, Error> {
    let rows = tx.query(organizations!("o.slug > $1 ORDER BY o.slug LIMIT 200"), &[&after, &now]).await?;
    Ok(rows.iter().map(view).collect())
}

/// The one of this subdomain.
pub(in super::super) async fn find(
    tx: &Tx<'_>,
    slug: &str,
    now: Timestamp,
) -> Result<Option<OrganizationView>, Error> {
    let rows = tx.query(organizations!("o.slug = $1"), &[&slug, &now]).await?;
    Ok(rows.first().map(view))
}

/// Its settings; false when they are not of this version any more.
pub(in super::super) async fn update(
    tx: &Tx<'_>,
    organization: OrganizationId,
    version: i64,
    to: &Settings,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "UPDATE org.organization SET name = $3, portal_second_factor = $4, idle_seconds = $5, session_seconds = $6,
                    version = version + 1
              WHERE organization_id = $1 AND xmin::text::int8 = $2 RETURNING 1",
            &[&organization.0, &version, &to.name, &to.portal_second_factor, &to.idle_seconds, &to.session_seconds],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The newest version of a plan on sale, from now on; false when it is none.
pub(in super::super) async fn insert_subscription(
    tx: &Tx<'_>,
    organization: OrganizationId,
    plan: &str,
    extra: &[&str],
    by: i32,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "INSERT INTO platform.subscription (organization_id, since, plan_key, plan_version, extra, created_by)
             SELECT $1, $2, p.plan_key, p.version, $4, $5
               FROM (SELECT * FROM platform.plan WHERE plan_key = $3 ORDER BY version DESC LIMIT 1) p
              WHERE p.on_sale RETURNING 1",
            &[&organization.0, &now, &plan, &extra, &by],
        )
        .await?;
    Ok(!rows.is_empty())
}
