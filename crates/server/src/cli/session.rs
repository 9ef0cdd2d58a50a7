//! What the commands share: the operator at work in one organization.

use std::time::Duration;

use chart::Store;
use db::{Ctx, Facility, Operator, Organization, Purpose, Request};
use eyre::{WrapErr as _, bail, eyre};
use kernel::{FacilityId, RequestId, World};

use crate::boot::{Database, Installation};

/// An organization with its facilities, entered by the operator in the database it is in.
pub(super) struct Session {
    pub(super) operator: Operator,
    pub(super) organization: Organization,
    pub(super) facilities: Vec<Facility>,
    database: Database,
    world: World,
}

impl Session {
    /// Enters the organization `slug`.
    pub(super) async fn enter(installation: &Installation, slug: &str) -> eyre::Result<Self> {
        let database = locate(installation, slug).await?;
        let operator = sign_in(&database, slug).await?;
        let organization = find(&operator, slug).await?;
        Self::within(database, operator, organization).await
    }

    /// The same, where the operator and the organization are known.
    pub(super) async fn within(
        database: Database,
        operator: Operator,
        organization: Organization,
    ) -> eyre::Result<Self> {
        let facilities = operator.facilities(organization.id).await?;
        let world = database.world().clone();
        Ok(Self { operator, organization, facilities, database, world })
    }

    /// The chart, for `jobs` units of work at a time.
    pub(super) fn store(&self, jobs: usize) -> eyre::Result<Store> {
        Ok(Store::new(self.database.open(jobs * 2 + 2)?))
    }

    /// The database that the organization is in.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// The facilities of these codes, in this order; all of them when there is no code.
    pub(super) fn choose(&self, codes: &[String]) -> eyre::Result<Vec<FacilityId>> {
        if codes.is_empty() {
            return Ok(self.all());
        }
        codes
            .iter()
            .map(|code| match self.facilities.iter().find(|facility| facility.code == *code) {
                Some(facility) => Ok(facility.id),
                None => Err(eyre!("{} has no facility `{code}`{}", self.organization.slug, self.known())),
            })
            .collect()
    }

    fn known(&self) -> String {
        match &*self.facilities {
            [] => "; it has none".to_owned(),
            some => {
                let codes: Vec<&str> = some.iter().map(|facility| &*facility.code).collect();
                format!("; it has {}", codes.join(", "))
            }
        }
    }

    /// Every facility.
    pub(super) fn all(&self) -> Vec<FacilityId> {
        self.facilities.iter().map(|facility| facility.id).collect()
    }

    /// A context for one unit of work at `facilities`, with a request id of its own.
    pub(super) fn context(&self, facilities: &[FacilityId]) -> Ctx {
        let id = RequestId(self.world.uuid());
        self.operator.enter(
            &self.organization,
            facilities,
            Request { id, address: None, purpose: Purpose::Operations },
        )
    }
}

/// The database that the organization `slug` is in: its own, else the main one.
pub(super) async fn locate(installation: &Installation, slug: &str) -> eyre::Result<Database> {
    match installation.main().operator().await?.placement(slug).await? {
        None => Ok(installation.main().clone()),
        Some((placement, true)) => Ok(installation.databases().placed(&placement.database)?),
        Some((placement, false)) => bail!(
            "`{slug}` is not wholly made yet: run its `lamplight organization create {slug} ... --own-database={}` again",
            placement.database
        ),
    }
}

/// Signs in as the operator in the database of `slug`.
pub(super) async fn sign_in(database: &Database, slug: &str) -> eyre::Result<Operator> {
    database.operator().await.wrap_err_with(|| format!("the database of `{slug}` cannot be entered"))
}

/// The organization `slug`, or an error that tells how to see them all.
async fn find(operator: &Operator, slug: &str) -> eyre::Result<Organization> {
    match operator.organization(slug).await {
        Err(db::Error::NotFound) => {
            bail!("there is no organization `{slug}`; `lamplight organization list` lists them")
        }
        other => Ok(other?),
    }
}

/// The slugs of all organizations, wherever they are.
pub(super) async fn slugs(installation: &Installation) -> eyre::Result<Vec<String>> {
    let operator = installation.main().operator().await?;
    let here = operator.organizations().await?.into_iter().map(|organization| organization.slug);
    let placed = operator.placements().await?.into_iter().filter(|(_, ready)| *ready);
    Ok(here.chain(placed.map(|(placement, _)| placement.slug)).collect())
}

/// Waits until the database answers: one that has just been started, or is being started again.
pub(super) async fn ready(store: &Store) -> eyre::Result<()> {
    for _ in 0..20 {
        match store.db().ping().await {
            Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(250)).await,
            other => return other.wrap_err("the database does not answer"),
        }
    }
    store.db().ping().await.wrap_err("the database does not answer")
}

/// What a constraint's name means to the operator who gave the values.
pub(super) fn explain(error: db::Error, taken: &str) -> eyre::Report {
    const SLUG: &str = "is lower-case letters, digits and inner hyphens, at most 63 of them";
    match &error {
        db::Error::Constraint(name) if name.ends_with("_pkey") || name.ends_with("_key") => eyre!("{taken}"),
        db::Error::Constraint(name) if name.contains("slug") => eyre!("a slug {SLUG}"),
        db::Error::Constraint(name) if name.contains("code") => eyre!("a code {SLUG}"),
        db::Error::Constraint(name) if name.contains("name") => eyre!("a name has 1 to 200 characters"),
        _ => error.into(),
    }
}
