//! Memberships and what is sent to people.

use db::{Error, Row, Tx};
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PersonId};
use uuid::Uuid;

use crate::areas::people::ops::{Post, Support};

/// The posts of a person in all organizations, by organization.
pub(crate) async fn list_posts(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<Vec<Post>, Error> {
    let rows = tx
        .query(
            "SELECT organization_id, slug, organization_name, organization_kind, membership_id, role, plane,
                    second_factor_required, idle_seconds, session_seconds, facility_codes, facility_names,
                    facility_time_zones, support_request, name, support_for, support_ends_at, support_writes
               FROM platform.posts($1, $2)",
            &[&person.0, &now],
        )
        .await?;
    let post = |row: &Row| {
        let codes: Vec<String> = row.get(10);
        let names: Vec<String> = row.get(11);
        let zones: Vec<String> = row.get(12);
        Post {
            organization: OrganizationId(row.get(0)),
            slug: row.get(1),
            organization_name: row.get(2),
            organization_kind: row.get(3),
            membership: MembershipId(row.get(4)),
            role: row.get(5),
            plane: row.get(6),
            second_factor_required: row.get(7),
            idle_seconds: row.get(8),
            session_seconds: row.get(9),
            facilities: codes
                .into_iter()
                .zip(names)
                .zip(zones)
                .map(|((code, name), zone)| (code, name, zone))
                .collect(),
            support: row.get::<_, Option<Uuid>>(13).map(|request| Support {
                request,
                by: row.get(14),
                of: row.get(15),
                ends_at: row.get(16),
                writes: row.get(17),
            }),
        }
    };
    Ok(rows.iter().map(post).collect())
}

/// A post that nobody has taken up yet.
pub(crate) struct NewMembership<'a> {
    pub(crate) parent: Option<MembershipId>,
    pub(crate) name: &'a str,
    pub(crate) role: &'a str,
    pub(crate) role_key: Option<&'a str>,
    pub(crate) plane: &'a str,
    pub(crate) permissions: Vec<&'static str>,
    pub(crate) denied: Vec<&'static str>,
    pub(crate) facilities: Vec<i32>,
    pub(crate) by_relationship: bool,
    /// As long as the post above it when nothing is said.
    pub(crate) ends_at: Option<Timestamp>,
}

/// Offers it.
pub(crate) async fn insert_membership(
    tx: &Tx<'_>,
    organization: OrganizationId,
    new: &NewMembership<'_>,
    now: Timestamp,
) -> Result<MembershipId, Error> {
    let rows = tx
        .query(
            "INSERT INTO org.membership (organization_id, membership_id, parent_id, kind, name, role, plane,
                 permissions, denied, facilities, by_relationship, created_at, ends_at, role_key)
             VALUES ($1, nextval('org.membership_number'), $2, 'person', $3, $4, $5, $6, $7, $8, $9, $10,
                     coalesce($11, (SELECT e.ends_at FROM org.effective($1, $2, $10) e)), $12)
             RETURNING membership_id",
            &[
                &organization.0,
                &new.parent.map(|id| id.0),
                &new.name,
                &new.role,
                &new.plane,
                &new.permissions,
                &new.denied,
                &new.facilities,
                &new.by_relationship,
                &now,
                &new.ends_at,
                &new.role_key,
            ],
        )
        .await?;
    Ok(MembershipId(rows[0].get(0)))
}

/// Subdomain and name of the context's own organization.
pub(crate) async fn find_own_organization(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<(String, String), Error> {
    let rows = tx
        .query("SELECT slug, name FROM org.organization WHERE organization_id = $1", &[&organization.0])
        .await?;
    rows.first().map(|row| (row.get(0), row.get(1))).ok_or(Error::NotFound)
}

/// The colour of the context's own organization, as `#rrggbb`; and, if it has a logo, the version since which it has it at
/// the latest.
pub(crate) async fn find_looks(
    tx: &Tx<'_>,
    organization: OrganizationId,
) -> Result<(String, Option<i32>), Error> {
    let rows = tx
        .query(
            "SELECT accent, CASE WHEN logo IS NOT NULL THEN version END FROM org.organization WHERE organization_id = $1",
            &[&organization.0],
        )
        .await?;
    rows.first().map(|row| (row.get(0), row.get(1))).ok_or(Error::NotFound)
}

/// An offer that still stands: subdomain and name of the organization, and the role. On the plane above organizations
/// the membership is the administrator's number.
pub(crate) async fn find_offer(
    tx: &Tx<'_>,
    organization: OrganizationId,
    membership: MembershipId,
    now: Timestamp,
) -> Result<Option<(String, String, String)>, Error> {
    if organization == OrganizationId::PLATFORM {
        let rows = tx.query("SELECT name FROM platform.find_offer($1, $2)", &[&membership.0, &now]).await?;
        let offer = || (String::new(), "Lamplight".to_owned(), "Platform administrator".to_owned());
        return Ok(rows.first().map(|_| offer()));
    }
    let rows = tx
        .query(
            "SELECT o.slug, o.name, coalesce(m.role, '') FROM org.membership m
               JOIN org.organization o ON o.organization_id = m.organization_id
              WHERE m.organization_id = $1 AND m.membership_id = $2 AND m.person_id IS NULL
                AND EXISTS (SELECT 1 FROM org.effective($1, $2, $3) e WHERE e.alive)",
            &[&organization.0, &membership.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1), row.get(2))))
}

/// The person takes it up; false when somebody has, or it ended.
pub(crate) async fn take_up_post(
    tx: &Tx<'_>,
    (organization, membership): (OrganizationId, MembershipId),
    person: PersonId,
    name: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    if organization == OrganizationId::PLATFORM {
        let params: [&(dyn db::ToSql + Sync); 4] = [&membership.0, &person.0, &name, &now];
        let rows = tx.query("SELECT platform.take_up($1, $2, $3, $4)", &params).await?;
        return Ok(rows[0].get(0));
    }
    let rows = tx
        .query(
            "UPDATE org.membership SET person_id = $3, name = $4
              WHERE organization_id = $1 AND membership_id = $2 AND person_id IS NULL
                AND EXISTS (SELECT 1 FROM org.effective($1, $2, $5) e WHERE e.alive) RETURNING 1",
            &[&organization.0, &membership.0, &person.0, &name, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Whether the person is on the plane above organizations.
pub(crate) async fn is_administrator(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<bool, Error> {
    let rows = tx.query("SELECT platform.is_administrator($1, $2)", &[&person.0, &now]).await?;
    Ok(rows[0].get(0))
}

/// Writes a message down.
pub(crate) async fn insert_message(
    tx: &Tx<'_>,
    id: Uuid,
    person: Option<PersonId>,
    channel: &str,
    content: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "INSERT INTO people.message (message_id, person_id, channel, content, created_at, due_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
        &[&id, &person.map(|id| id.0), &channel, &content, &now],
    )
    .await
    .map(|_| ())
}

/// Takes messages that are due, so that nobody else sends them for a while: id, content, attempts.
pub(crate) async fn claim_messages(tx: &Tx<'_>, now: Timestamp, until: Timestamp) -> Result<Vec<Row>, Error> {
    tx.query(
        "UPDATE people.message m SET due_at = $2, attempts = m.attempts + 1
           FROM (SELECT d.message_id FROM people.message d WHERE d.failed_at IS NULL AND d.due_at <= $1
                  ORDER BY d.due_at LIMIT 20 FOR UPDATE SKIP LOCKED) due
          WHERE m.message_id = due.message_id
         RETURNING m.message_id, m.content, m.attempts",
        &[&now, &until],
    )
    .await
}

/// Sent: nothing is kept of it.
pub(crate) async fn delete_message(tx: &Tx<'_>, id: Uuid) -> Result<(), Error> {
    tx.query("DELETE FROM people.message WHERE message_id = $1", &[&id]).await.map(|_| ())
}

/// Not sent: again at a later time, or never.
pub(crate) async fn postpone_message(
    tx: &Tx<'_>,
    id: Uuid,
    again: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.query(
        "UPDATE people.message SET due_at = coalesce($2::timestamptz, due_at), failed_at = CASE WHEN $2 IS NULL THEN $3::timestamptz END
          WHERE message_id = $1",
        &[&id, &again, &now],
    )
    .await
    .map(|_| ())
}
