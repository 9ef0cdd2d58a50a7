//! The operator: who holds the database owner's login may create organizations, facilities and tokens, and act in an
//! organization with its actions logged there. There is no way to charts that does not pass a context and the log.

pub mod backups;
mod clients;
mod houses;
mod keys;
mod log;
mod placement;
mod providers;
mod rewrap;
mod rules;
mod search;
mod succeed;

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{FacilityId, MembershipId, OrganizationId, TokenId, World};
use policy::{Grants, Permission, PermissionSet};
use serde::Serialize;
use tokio_postgres::{Client, Transaction};

use crate::context::{Principal, TokenText};
use crate::signing::sha256;
use crate::{Ctx, Endpoint, Error, Request};

pub use clients::{ClientInfo, NewClient};
pub use houses::{NewHouse, NewRole, Numbers, SealedInvitation};
pub use keys::{KeyInfo, Rotated};
pub use placement::Placement;
pub use providers::{NewProvider, ProviderInfo};
pub use rewrap::Rewrapped;
pub use rules::SignInRules;
pub use succeed::Whose;

/// An organization as the operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    /// Its number.
    pub id: OrganizationId,
    /// Its subdomain.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// `senior-care`, `clinic`, `behavioral-health` or `home-care`.
    pub kind: String,
    /// How many facilities it has.
    pub facilities: i64,
}

/// A facility.
#[derive(Clone, Debug, Serialize)]
pub struct Facility {
    /// Its number.
    pub id: FacilityId,
    /// Its short name in addresses and commands.
    pub code: String,
    /// Its name.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// `preparing`, `pilot` or `live`.
    pub state: String,
}

/// What a new organization needs.
pub struct NewOrganization<'a> {
    /// Its subdomain: lower-case letters, digits and hyphens.
    pub slug: &'a str,
    /// Its name.
    pub name: &'a str,
    /// As [`Organization::kind`].
    pub kind: &'a str,
}

/// The plan of an organization that nobody chose one for: everything.
pub const COMPLETE: &str = "complete";

/// What a new facility needs.
pub struct NewFacility<'a> {
    /// As [`Facility::code`].
    pub code: &'a str,
    /// As [`Facility::name`].
    pub name: &'a str,
    /// As [`Facility::time_zone`]; must be known to PostgreSQL.
    pub time_zone: &'a str,
    /// As [`Facility::state`].
    pub state: &'a str,
}

/// What a new service token needs.
pub struct NewToken<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it may do.
    pub permissions: PermissionSet,
    /// Where.
    pub facilities: &'a [FacilityId],
    /// Until when.
    pub expires_at: Timestamp,
}

/// A token just made; the text is shown once and stored nowhere.
pub struct IssuedToken {
    /// Its id.
    pub id: TokenId,
    /// What the holder sends as `Authorization: Bearer`.
    pub text: String,
}

/// A token as lists show it.
#[derive(Clone, Debug, Serialize)]
pub struct TokenInfo {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<String>,
    /// Where, by code.
    pub facilities: Vec<String>,
    /// Until when.
    pub expires_at: Timestamp,
    /// Since when no more.
    pub revoked_at: Option<Timestamp>,
}

/// The operator's login.
pub struct Operator {
    client: Client,
    world: World,
}

impl Operator {
    /// Signs in with the owner's endpoint and takes the operator's role.
    ///
    /// # Errors
    /// When the login may not act as `lamplight_operator`.
    pub async fn login(owner: &Endpoint, world: World) -> Result<Self, Error> {
        let client = owner.connect().await?;
        client
            .batch_execute("SET client_min_messages = warning; SET ROLE lamplight_operator")
            .await
            .map_err(Error::from_postgres)?;
        Ok(Self { client, world })
    }

    /// All organizations, by slug.
    ///
    /// # Errors
    /// As any statement.
    pub async fn organizations(&self) -> Result<Vec<Organization>, Error> {
        let rows = self
            .client
            .query(
                "SELECT o.organization_id, o.slug, o.name, o.kind, count(f.facility_id)
                   FROM org.organization o
                   LEFT JOIN org.facility f ON f.organization_id = o.organization_id AND f.facility_id > 0
                  GROUP BY o.organization_id ORDER BY o.slug",
                &[],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows
            .iter()
            .map(|row| Organization {
                id: OrganizationId(row.get(0)),
                slug: row.get(1),
                name: row.get(2),
                kind: row.get(3),
                facilities: row.get(4),
            })
            .collect())
    }

    /// The organization with this slug.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn organization(&self, slug: &str) -> Result<Organization, Error> {
        self.organizations().await?.into_iter().find(|o| o.slug == slug).ok_or(Error::NotFound)
    }

    /// Creates an organization with its facility 0.
    ///
    /// # Errors
    /// [`Error::Constraint`] naming what was refused (`slug_pkey`: the slug is taken).
    pub async fn create_organization(&mut self, new: &NewOrganization<'_>) -> Result<Organization, Error> {
        let row = self
            .client
            .query_one("SELECT nextval('org.organization_number')::int4", &[])
            .await
            .map_err(Error::from_postgres)?;
        self.create_organization_numbered(OrganizationId(row.get(0)), new).await
    }

    /// The facilities of an organization, by code, without facility 0.
    ///
    /// # Errors
    /// As any statement.
    pub async fn facilities(&self, organization: OrganizationId) -> Result<Vec<Facility>, Error> {
        let rows = self
            .client
            .query(
                "SELECT facility_id, code, name, time_zone, state FROM org.facility
                  WHERE organization_id = $1 AND facility_id > 0 ORDER BY code",
                &[&organization.0],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows
            .iter()
            .map(|row| Facility {
                id: FacilityId(row.get(0)),
                code: row.get(1),
                name: row.get(2),
                time_zone: row.get(3),
                state: row.get(4),
            })
            .collect())
    }

    /// Creates a facility, open when the organization's first one is, within reach of its administrators.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown time zone; [`Error::Constraint`] naming what was refused.
    pub async fn create_facility(
        &self,
        organization: OrganizationId,
        new: &NewFacility<'_>,
    ) -> Result<Facility, Error> {
        check_time_zone(new.time_zone)?;
        let row = self
            .client
            .query_one(
                "SELECT org.add_facility($1, $2, $3, $4, $5, $6)",
                &[&organization.0, &new.code, &new.name, &new.time_zone, &new.state, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(Facility {
            id: FacilityId(row.get(0)),
            code: new.code.to_owned(),
            name: new.name.to_owned(),
            time_zone: new.time_zone.to_owned(),
            state: new.state.to_owned(),
        })
    }

    /// Lets a facility take patients: `pilot` or `live`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none with this code.
    pub async fn start_facility(
        &self,
        organization: OrganizationId,
        code: &str,
        state: &str,
    ) -> Result<(), Error> {
        let changed = self
            .client
            .execute(
                "UPDATE org.facility SET state = $3, version = version + 1
                  WHERE organization_id = $1 AND code = $2 AND facility_id > 0 AND $3 IN ('pilot', 'live')",
                &[&organization.0, &code, &state],
            )
            .await
            .map_err(Error::from_postgres)?;
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Issues a service token with a membership of its own.
    ///
    /// # Errors
    /// As any statement.
    pub async fn issue_token(
        &mut self,
        organization: OrganizationId,
        new: &NewToken<'_>,
    ) -> Result<IssuedToken, Error> {
        let now = self.world.now();
        let id = TokenId(self.world.uuid());
        let secret = self.world.random::<32>();
        let permissions: Vec<&str> = new.permissions.iter().map(Permission::key).collect();
        let facilities: Vec<i32> = new.facilities.iter().map(|facility| facility.0).collect();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        let row = tx
            .query_one(
                "INSERT INTO org.membership (organization_id, membership_id, kind, name, created_at, permissions,
                     facilities)
                 VALUES ($1, nextval('org.membership_number'), 'service', $2, $3, $4, $5) RETURNING membership_id",
                &[&organization.0, &new.name, &now, &permissions, &facilities],
            )
            .await
            .map_err(Error::from_postgres)?;
        tx.execute(
            "INSERT INTO org.service_token (organization_id, token_id, membership_id, hash, name, permissions,
                 facilities, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                &organization.0,
                &id.0,
                &row.get::<_, i32>(0),
                &sha256(&secret).as_slice(),
                &new.name,
                &permissions,
                &facilities,
                &now,
                &new.expires_at,
            ],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.commit().await.map_err(Error::from_postgres)?;
        Ok(IssuedToken { id, text: TokenText::write(organization, id, &secret) })
    }

    /// The tokens of an organization, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn tokens(&self, organization: OrganizationId) -> Result<Vec<TokenInfo>, Error> {
        let rows = self
            .client
            .query(
                "SELECT t.token_id, t.name, t.permissions, t.expires_at, t.revoked_at,
                        ARRAY(SELECT f.code FROM org.facility f WHERE f.organization_id = t.organization_id
                               AND f.facility_id = ANY (t.facilities) ORDER BY f.code)
                   FROM org.service_token t WHERE t.organization_id = $1 ORDER BY t.created_at DESC",
                &[&organization.0],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows
            .iter()
            .map(|row| TokenInfo {
                id: TokenId(row.get(0)),
                name: row.get(1),
                permissions: row.get(2),
                expires_at: row.get(3),
                revoked_at: row.get(4),
                facilities: row.get(5),
            })
            .collect())
    }

    /// Revokes a token; it is dead on the next request, and everywhere within three seconds.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such living token.
    pub async fn revoke_token(&self, organization: OrganizationId, token: TokenId) -> Result<(), Error> {
        let changed = self
            .client
            .execute(
                "UPDATE org.service_token SET revoked_at = $3
                  WHERE organization_id = $1 AND token_id = $2 AND revoked_at IS NULL",
                &[&organization.0, &token.0, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }

    /// A context of the operator's own in an organization, with all permissions at `facilities`. What is done in it is
    /// logged in that organization as membership 0, the operator.
    pub fn enter(&self, organization: &Organization, facilities: &[FacilityId], request: Request) -> Ctx {
        let grants = Grants {
            permissions: PermissionSet::all(),
            facilities: facilities.to_vec(),
            by_relationship: false,
            modules: policy::ModuleSet::all(),
            through: policy::ModuleSet::default(),
        };
        Ctx::new(
            Arc::new(Principal::new(organization.id, &organization.slug, MembershipId(0), grants)),
            request,
        )
    }
}

/// The organization with its facility 0.
async fn insert_organization(
    tx: &Transaction<'_>,
    id: OrganizationId,
    new: &NewOrganization<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO org.organization (organization_id, slug, name, kind, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[&id.0, &new.slug, &new.name, &new.kind, &now],
    )
    .await
    .map_err(Error::from_postgres)?;
    tx.execute("INSERT INTO platform.slug (slug, organization_id) VALUES ($1, $2)", &[&new.slug, &id.0])
        .await
        .map_err(Error::from_postgres)?;
    tx.execute(
        "INSERT INTO platform.subscription (organization_id, since, plan_key, plan_version, created_by)
         SELECT $1, $2, p.plan_key, p.version, 0 FROM platform.plan p
          WHERE p.plan_key = $3 ORDER BY p.version DESC LIMIT 1",
        &[&id.0, &now, &COMPLETE],
    )
    .await
    .map_err(Error::from_postgres)?;
    tx.execute(
        "INSERT INTO org.facility (organization_id, facility_id, code, name, time_zone, state, created_at)
         VALUES ($1, 0, 'organization', $2, 'UTC', 'live', $3)",
        &[&id.0, &new.name, &now],
    )
    .await
    .map_err(Error::from_postgres)?;
    Ok(())
}

fn check_time_zone(name: &str) -> Result<(), Error> {
    if jiff::tz::TimeZone::get(name).is_err() {
        return Err(Error::Config("unknown time zone: give an IANA name such as America/Chicago".to_owned()));
    }
    Ok(())
}
