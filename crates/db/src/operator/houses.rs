//! A whole organization at once: itself, its roles, its first facility, and its first administrator's invitation.

use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId};
use uuid::Uuid;

use super::{Facility, NewFacility, NewOrganization, Operator, Organization};
use crate::Error;

/// A role as it is copied into an organization.
pub struct NewRole<'a> {
    /// Lower-case letters, digits and hyphens.
    pub key: &'a str,
    /// What people read.
    pub title: &'a str,
    /// `staff` or `portal`.
    pub plane: &'a str,
    /// By which tie its patients come to it; without, it reaches everyone at its facilities.
    pub tie: Option<&'a str>,
    /// The keys of what it may do.
    pub permissions: Vec<&'a str>,
    /// What it does not see: FHIR types and elements.
    pub hidden: &'a [&'a str],
}

/// Numbers set aside for an organization that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// The organization's.
    pub organization: OrganizationId,
    /// Its first facility's.
    pub facility: FacilityId,
    /// Its first administrator's.
    pub administrator: MembershipId,
}

/// Rows of an invitation, sealed.
pub struct SealedInvitation {
    /// SHA-256 of the link's secret.
    pub digest: [u8; 32],
    /// What it stands for.
    pub ticket: Vec<u8>,
    /// Until when.
    pub ends_at: Timestamp,
    /// The mail's number.
    pub message: Uuid,
    /// The mail.
    pub content: Vec<u8>,
}

/// A whole organization.
pub struct NewHouse<'a> {
    /// As [`Operator::set_aside`] gave them.
    pub numbers: Numbers,
    /// Itself.
    pub organization: NewOrganization<'a>,
    /// Which kit it comes from.
    pub kit: &'a str,
    /// The colour of its pages, as `#rrggbb`.
    pub accent: &'a str,
    /// After how long a session ends, idle and at most, in seconds.
    pub session: (i32, i32),
    /// Its roles, the administrator's among them.
    pub roles: &'a [NewRole<'a>],
    /// Its first facility.
    pub facility: NewFacility<'a>,
    /// The facility's hours: FHIR `Location.hoursOfOperation`, as JSON.
    pub hours: &'a str,
    /// The first administrator: what they are called until they say it themselves, and the key of their role.
    pub administrator: (&'a str, &'a str),
    /// What brings them in.
    pub invitation: &'a SealedInvitation,
}

impl Operator {
    /// Sets numbers aside: an invitation is sealed with them before the organization is made.
    ///
    /// # Errors
    /// As any statement.
    pub async fn set_aside(&self) -> Result<Numbers, Error> {
        let row = self
            .client
            .query_one(
                "SELECT nextval('org.organization_number')::int4, nextval('org.facility_number')::int4,
                        nextval('org.membership_number')::int4",
                &[],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(Numbers {
            organization: OrganizationId(row.get(0)),
            facility: FacilityId(row.get(1)),
            administrator: MembershipId(row.get(2)),
        })
    }

    /// Makes all of it, or nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown time zone or role; [`Error::Constraint`] naming what was refused.
    pub async fn create_house(&mut self, new: &NewHouse<'_>) -> Result<(Organization, Facility), Error> {
        super::check_time_zone(new.facility.time_zone)?;
        let (name, role) = new.administrator;
        let role = new.roles.iter().find(|known| known.key == role);
        let role =
            role.ok_or_else(|| Error::Config("the kit has no role for its administrator".to_owned()))?;
        let now = self.world.now();
        let id = new.numbers.organization.0;
        let of = &new.organization;
        let (idle, session) = new.session;
        let at = &new.facility;
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        super::insert_organization(&tx, new.numbers.organization, of, now).await?;
        tx.execute(
            "UPDATE org.organization SET kit = $2, accent = $3, idle_seconds = $4, session_seconds = $5
              WHERE organization_id = $1",
            &[&id, &new.kit, &new.accent, &idle, &session],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.execute(
            "INSERT INTO org.facility (organization_id, facility_id, code, name, time_zone, state, hours, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8)",
            &[
                &id,
                &new.numbers.facility.0,
                &at.code,
                &at.name,
                &at.time_zone,
                &at.state,
                &new.hours,
                &now,
            ],
        )
        .await
        .map_err(Error::from_postgres)?;
        for role in new.roles {
            tx.execute(
                "INSERT INTO org.role (organization_id, role_key, title, plane, by_relationship, tie, permissions, hidden,
                     template, created_at, changed_at)
                 VALUES ($1, $2, $3, $4, $5::text IS NOT NULL, $5, $6, $7, $2, $8, $8)",
                &[
                    &id,
                    &role.key,
                    &role.title,
                    &role.plane,
                    &role.tie,
                    &role.permissions,
                    &role.hidden,
                    &now,
                ],
            )
            .await
            .map_err(Error::from_postgres)?;
        }
        tx.execute(
            "INSERT INTO org.membership (organization_id, membership_id, kind, name, role, role_key, plane, permissions,
                 facilities, by_relationship, created_at)
             VALUES ($1, $2, 'person', $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &id,
                &new.numbers.administrator.0,
                &name,
                &role.title,
                &role.key,
                &role.plane,
                &role.permissions,
                &[new.numbers.facility.0].as_slice(),
                &role.tie.is_some(),
                &now,
            ],
        )
        .await
        .map_err(Error::from_postgres)?;
        let by = new.invitation;
        tx.execute(
            "INSERT INTO people.ticket (digest, purpose, state, created_at, ends_at) VALUES ($1, 'invitation', $2, $3, $4)",
            &[&by.digest.as_slice(), &by.ticket, &now, &by.ends_at],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.execute(
            "INSERT INTO people.message (message_id, channel, content, created_at, due_at) VALUES ($1, 'mail', $2, $3, $3)",
            &[&by.message, &by.content, &now],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.commit().await.map_err(Error::from_postgres)?;
        let organization = Organization {
            id: new.numbers.organization,
            slug: of.slug.to_owned(),
            name: of.name.to_owned(),
            kind: of.kind.to_owned(),
            facilities: 1,
        };
        let facility = Facility {
            id: new.numbers.facility,
            code: at.code.to_owned(),
            name: at.name.to_owned(),
            time_zone: at.time_zone.to_owned(),
            state: at.state.to_owned(),
        };
        Ok((organization, facility))
    }
}
