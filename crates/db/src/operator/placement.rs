//! Organizations in databases of their own: what the main database keeps of them (ADR 0016).

use kernel::{FacilityId, MembershipId, OrganizationId};
use tokio_postgres::Row;

use super::{NewOrganization, Numbers, Operator, Organization};
use crate::{Db, Error};

/// An organization in a database of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// Its number, unique on the whole installation.
    pub organization: OrganizationId,
    /// Its subdomain, likewise.
    pub slug: String,
    /// The name of its database.
    pub database: String,
}

/// The advisory lock under which an organization is made in a database of its own; the second number is its own.
const MAKING: i32 = 731_049;

impl Db {
    /// The organizations that are to be served from databases of their own, by slug. Asked of the main database.
    ///
    /// # Errors
    /// As any statement.
    pub async fn placements(&self) -> Result<Vec<Placement>, Error> {
        let rows =
            self.as_program("SELECT organization_id, slug, database FROM platform.placements()").await?;
        Ok(rows.iter().map(placement).collect())
    }
}

impl Operator {
    /// Every organization in a database of its own, by slug, and whether it is wholly made.
    ///
    /// # Errors
    /// As any statement.
    pub async fn placements(&self) -> Result<Vec<(Placement, bool)>, Error> {
        let rows = self
            .client
            .query(
                "SELECT p.organization_id, s.slug, p.database, p.ready_at IS NOT NULL
                   FROM platform.placement p JOIN platform.slug s ON s.organization_id = p.organization_id
                  ORDER BY s.slug",
                &[],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(rows.iter().map(|row| (placement(row), row.get(3))).collect())
    }

    /// Where the organization `slug` is, when not here, and whether it is wholly made.
    ///
    /// # Errors
    /// As any statement.
    pub async fn placement(&self, slug: &str) -> Result<Option<(Placement, bool)>, Error> {
        Ok(self.placements().await?.into_iter().find(|(placement, _)| placement.slug == slug))
    }

    /// Sets a slug and a number aside for an organization that is about to be made in `database`, or finds those that
    /// were. `None` when it is wholly made, or here. While this login lasts no other gets the same.
    ///
    /// # Errors
    /// [`Error::Constraint`] naming what was refused; [`Error::Conflict`] while another login makes the same.
    pub async fn reserve_placement(
        &mut self,
        slug: &str,
        database: &str,
    ) -> Result<Option<Placement>, Error> {
        let reserved = match self.placement(slug).await? {
            Some((_, true)) => return Ok(None),
            Some((placement, false)) => placement,
            None => match self.insert_placement(slug, database).await {
                Err(Error::Constraint(name)) if name == "slug_pkey" => return Ok(None),
                inserted => inserted?,
            },
        };
        let row = self
            .client
            .query_one("SELECT pg_try_advisory_lock($1, $2)", &[&MAKING, &reserved.organization.0])
            .await
            .map_err(Error::from_postgres)?;
        if row.get(0) { Ok(Some(reserved)) } else { Err(Error::Conflict) }
    }

    async fn insert_placement(&mut self, slug: &str, database: &str) -> Result<Placement, Error> {
        let now = self.world.now();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        let row = tx
            .query_one(
                "INSERT INTO platform.slug (slug, organization_id) VALUES ($1, nextval('org.organization_number'))
                 RETURNING organization_id",
                &[&slug],
            )
            .await
            .map_err(Error::from_postgres)?;
        let organization = OrganizationId(row.get(0));
        tx.execute(
            "INSERT INTO platform.placement (organization_id, database, created_at) VALUES ($1, $2, $3)",
            &[&organization.0, &database, &now],
        )
        .await
        .map_err(Error::from_postgres)?;
        tx.commit().await.map_err(Error::from_postgres)?;
        Ok(Placement { organization, slug: slug.to_owned(), database: database.to_owned() })
    }

    /// Says that an organization is wholly made: it is served from now on.
    ///
    /// # Errors
    /// As any statement.
    pub async fn placement_is_ready(&self, organization: OrganizationId) -> Result<(), Error> {
        self.client
            .execute(
                "UPDATE platform.placement SET ready_at = $2 WHERE organization_id = $1 AND ready_at IS NULL",
                &[&organization.0, &self.world.now()],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(())
    }

    /// Sets numbers aside in the database of an organization whose own number the main database gave.
    ///
    /// # Errors
    /// As any statement.
    pub async fn set_aside_for(&self, organization: OrganizationId) -> Result<Numbers, Error> {
        let row = self
            .client
            .query_one(
                "SELECT nextval('org.facility_number')::int4, nextval('org.membership_number')::int4",
                &[],
            )
            .await
            .map_err(Error::from_postgres)?;
        Ok(Numbers {
            organization,
            facility: FacilityId(row.get(0)),
            administrator: MembershipId(row.get(1)),
        })
    }

    /// As [`Operator::create_organization`], with a number that the main database gave.
    ///
    /// # Errors
    /// As there.
    pub async fn create_organization_numbered(
        &mut self,
        id: OrganizationId,
        new: &NewOrganization<'_>,
    ) -> Result<Organization, Error> {
        let now = self.world.now();
        let tx = self.client.transaction().await.map_err(Error::from_postgres)?;
        super::insert_organization(&tx, id, new, now).await?;
        tx.commit().await.map_err(Error::from_postgres)?;
        Ok(Organization {
            id,
            slug: new.slug.to_owned(),
            name: new.name.to_owned(),
            kind: new.kind.to_owned(),
            facilities: 0,
        })
    }
}

fn placement(row: &Row) -> Placement {
    Placement { organization: OrganizationId(row.get(0)), slug: row.get(1), database: row.get(2) }
}
