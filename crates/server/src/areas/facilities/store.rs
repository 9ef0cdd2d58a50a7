//! Rows of `org.facility` and `org.organization`. They are changed through functions of the database, which ask again
//! who may.

use db::{Error, Row, Tx};
use kernel::{FacilityId, OrganizationId};

/// The facilities within reach, by code: code, name, time zone, state, hours, version.
pub(super) async fn list(tx: &Tx<'_>, organization: OrganizationId) -> Result<Vec<Row>, Error> {
    tx.query(
        "SELECT code, name, time_zone, state, hours::text, version FROM org.facility
          WHERE organization_id = $1 AND facility_id > 0 ORDER BY code",
        &[&organization.0],
    )
    .await
}

/// A new one: code, name, time zone, state, time.
pub(super) const OPEN: &str = "SELECT org.open_facility($1, $2, $3, $4, $5)";

/// Gives the version now; nothing when another was named.
pub(super) async fn change(
    tx: &Tx<'_>,
    facility: FacilityId,
    was: i32,
    (name, time_zone, state, hours): (&str, &str, &str, &str),
) -> Result<Option<i32>, Error> {
    let rows = tx
        .query(
            "SELECT org.change_facility($1, $2, $3, $4, $5, $6::text::jsonb)",
            &[&facility.0, &was, &name, &time_zone, &state, &hours],
        )
        .await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// The organization: slug, kind, name, accent, idle seconds, session seconds, second factor at the portal, version.
pub(super) async fn fetch(tx: &Tx<'_>, organization: OrganizationId) -> Result<Row, Error> {
    let rows = tx
        .query(
            "SELECT slug, kind, name, accent, idle_seconds, session_seconds, portal_second_factor, version
               FROM org.organization WHERE organization_id = $1",
            &[&organization.0],
        )
        .await?;
    rows.into_iter().next().ok_or(Error::NotFound)
}

/// How an organization presents itself and how people sign in.
pub(super) struct Settings<'a> {
    pub(super) name: &'a str,
    pub(super) accent: &'a str,
    pub(super) idle_seconds: i32,
    pub(super) session_seconds: i32,
    pub(super) portal_second_factor: bool,
}

/// Gives the version now; nothing when another was named.
pub(super) async fn change_organization(
    tx: &Tx<'_>,
    was: i32,
    to: &Settings<'_>,
) -> Result<Option<i32>, Error> {
    let rows = tx
        .query(
            "SELECT org.change_organization($1, $2, $3, $4, $5, $6)",
            &[&was, &to.name, &to.accent, &to.idle_seconds, &to.session_seconds, &to.portal_second_factor],
        )
        .await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}
