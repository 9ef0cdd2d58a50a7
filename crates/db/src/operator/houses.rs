//! A whole organization at once: itself, its roles, its first facility, and its first administrator's invitation.

use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId};
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Facility, NewFacility, NewOrganization, Operator, Organization};
use crate::{Administrator, Db, Error};

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
    /// What it pays for.
    pub plan: &'a str,
    /// The colour of its pages, as `#rrggbb`.
    pub accent: &'a str,
    /// After how long a session ends, idle and at most, in seconds.
    pub session: (i32, i32),
    /// Its roles, the administrator's among them.
    pub roles: &'a [NewRole<'a>],
    /// Its first facility.
    pub facility: NewFacility<'a>,
    /// The facility's hours: FHIR `Location.hoursOfOperation`.
    pub hours: &'a Value,
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
        let row = self.client.query_one(SET_ASIDE, &[]).await.map_err(Error::from_postgres)?;
        Ok(numbers(&row))
    }

    /// Offers someone a post on the plane above organizations; gives their number there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn create_administrator(&self, name: &str, permissions: &[&str]) -> Result<i32, Error> {
        let row = self
            .client
            .query_one(
                "INSERT INTO platform.administrator (administrator_id, name, permissions, invited_by, created_at)
                 VALUES (nextval('platform.administrator_number'), $1, $2, 0, $3) RETURNING administrator_id",
                &[&name, &permissions, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(row.get(0))
    }

    /// Makes all of it, or nothing.
    ///
    /// # Errors
    /// As [`Db::create_house`].
    pub async fn create_house(&mut self, new: &NewHouse<'_>) -> Result<(Organization, Facility), Error> {
        super::check_time_zone(new.facility.time_zone)?;
        let by = new.invitation;
        let house = new.rows();
        self.client
            .execute(
                CREATE,
                &[
                    &house,
                    &by.digest.as_slice(),
                    &by.ticket,
                    &by.ends_at,
                    &by.message,
                    &by.content,
                    &self.world.now(),
                ],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(new.made())
    }
}

impl Db {
    /// As [`Operator::set_aside`], for an administrator of the plane.
    ///
    /// # Errors
    /// As any statement.
    pub async fn set_aside(&self, by: &Administrator) -> Result<Numbers, Error> {
        let rows = self.begin(by.ctx()).await?.last(SET_ASIDE, &[]).await?;
        Ok(numbers(&rows[0]))
    }

    /// Makes a whole organization, or nothing, for an administrator of the plane. `log` is waited for before anything is
    /// kept: what cannot be logged does not happen.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown time zone; [`Error::Constraint`] naming what was refused (`slug_pkey`: the slug
    /// is taken); what `log` gives.
    pub async fn create_house(
        &self,
        by: &Administrator,
        new: &NewHouse<'_>,
        log: impl Future<Output = Result<(), Error>>,
    ) -> Result<(Organization, Facility), Error> {
        super::check_time_zone(new.facility.time_zone)?;
        let with = new.invitation;
        let tx = self.begin(by.ctx()).await?;
        tx.query(
            CREATE,
            &[
                &new.rows(),
                &with.digest.as_slice(),
                &with.ticket,
                &with.ends_at,
                &with.message,
                &with.content,
                &self.world().now(),
            ],
        )
        .await?;
        log.await?;
        tx.commit().await?;
        Ok(new.made())
    }
}

const SET_ASIDE: &str =
    "SELECT nextval('org.organization_number')::int4, nextval('org.facility_number')::int4,
                                nextval('org.membership_number')::int4";
const CREATE: &str = "SELECT platform.create_house($1, $2, $3, $4, $5, $6, $7)";

fn numbers(row: &Row) -> Numbers {
    Numbers {
        organization: OrganizationId(row.get(0)),
        facility: FacilityId(row.get(1)),
        administrator: MembershipId(row.get(2)),
    }
}

impl NewHouse<'_> {
    /// As `platform.create_house` takes it.
    fn rows(&self) -> Value {
        let roles: Vec<Value> = self
            .roles
            .iter()
            .map(|role| {
                json!({"key": role.key, "title": role.title, "plane": role.plane, "tie": role.tie,
                       "permissions": role.permissions, "hidden": role.hidden})
            })
            .collect();
        let (idle, session) = self.session;
        let (name, role) = self.administrator;
        json!({
            "organization": self.numbers.organization.0,
            "slug": self.organization.slug, "name": self.organization.name, "kind": self.organization.kind,
            "kit": self.kit, "accent": self.accent, "idle_seconds": idle, "session_seconds": session,
            "plan": self.plan,
            "facility": {
                "id": self.numbers.facility.0, "code": self.facility.code, "name": self.facility.name,
                "time_zone": self.facility.time_zone, "state": self.facility.state, "hours": self.hours,
            },
            "roles": roles,
            "administrator": {"id": self.numbers.administrator.0, "name": name, "role": role},
        })
    }

    fn made(&self) -> (Organization, Facility) {
        let organization = Organization {
            id: self.numbers.organization,
            slug: self.organization.slug.to_owned(),
            name: self.organization.name.to_owned(),
            kind: self.organization.kind.to_owned(),
            facilities: 1,
        };
        let facility = Facility {
            id: self.numbers.facility,
            code: self.facility.code.to_owned(),
            name: self.facility.name.to_owned(),
            time_zone: self.facility.time_zone.to_owned(),
            state: self.facility.state.to_owned(),
        };
        (organization, facility)
    }
}
