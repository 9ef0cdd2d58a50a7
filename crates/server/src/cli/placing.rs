//! Organizations in databases of their own: making one so that every step may be done again (ADR 0016), and what
//! concerns all of their databases.

use db::{Event, Operator, Organization, Placement};
use eyre::{WrapErr as _, bail, ensure};
use kernel::RequestId;

use super::{doctor, out, session};
use crate::boot::{Database, Installation};

/// An organization on its way into a database of its own. Its slug and number are set aside in the main database until
/// it is wholly made; dropped before, the same command goes on from where this one was.
pub(super) struct Making {
    main: Operator,
    own: Operator,
    pub(super) database: Database,
    pub(super) placement: Placement,
}

impl Making {
    /// Makes the database and sets slug and number aside. `name` may be empty: then it is made of the slug.
    pub(super) async fn begin(installation: &Installation, slug: &str, name: &str) -> eyre::Result<Self> {
        let databases = installation.databases();
        let name = if name.is_empty() { databases.name_for(slug) } else { name.to_owned() };
        ensure!(name != databases.main_name(), "{name} is the main database: name another");
        let database = databases.placed(&name)?;
        let mut main = installation.main().operator().await?;
        let taken = || format!("there is an organization `{slug}` already");
        let reserved = reserved(&main, slug, &name).await?;
        let entered = || format!("the database {name} cannot be prepared");
        database.create().await.wrap_err_with(entered)?;
        database.migrate().await.wrap_err_with(entered)?;
        let own = database.operator().await.wrap_err_with(entered)?;
        match (&*own.organizations().await?, &reserved) {
            ([], _) => {}
            ([one], Some(reserved)) if is_of(one, reserved) => {}
            _ => bail!("{name} holds an organization already: name another with --own-database=NAME"),
        }
        let placement = match main.reserve_placement(slug, &name).await {
            Ok(Some(placement)) => placement,
            Ok(None) => bail!(taken()),
            Err(db::Error::Conflict) => bail!("another command is making `{slug}` at this moment"),
            Err(error) => return Err(explain(error, &name, &taken())),
        };
        Ok(Self { main, own, database, placement })
    }

    /// The operator's login in the organization's own database.
    pub(super) fn own(&mut self) -> &mut Operator {
        &mut self.own
    }

    /// What an earlier run of the command made.
    pub(super) async fn made_before(&self) -> eyre::Result<Option<Organization>> {
        let there = self.own.organizations().await?;
        Ok(there.into_iter().find(|organization| is_of(organization, &self.placement)))
    }

    /// Looks whether the walls stand and the runtime's login leads there, writes it into the organization's log, and
    /// lets servers find it.
    pub(super) async fn end(self, organization: &Organization) -> eyre::Result<()> {
        let db = self.database.open(2)?;
        doctor::refuse_findings(&db).await?;
        is_there(&db, &self.placement).await?;
        let request = db::Request {
            id: RequestId(self.database.world().uuid()),
            address: None,
            purpose: db::Purpose::Administration,
        };
        let event = Event {
            detail: Some(format!("database {}", self.placement.database)),
            ..Event::success("organization.place", "operator")
        };
        db.record(&self.own.enter(organization, &[], request), event).await?;
        self.main.placement_is_ready(self.placement.organization).await?;
        Ok(())
    }
}

/// What an earlier run set aside for `slug`, which must be for the same database.
async fn reserved(main: &Operator, slug: &str, name: &str) -> eyre::Result<Option<Placement>> {
    match main.placement(slug).await? {
        Some((_, true)) => bail!("there is an organization `{slug}` already"),
        Some((begun, false)) if begun.database == name => Ok(Some(begun)),
        Some((begun, false)) => bail!(
            "`{slug}` was begun in the database {}: go on there with --own-database={}",
            begun.database,
            begun.database
        ),
        None => match main.organization(slug).await {
            Ok(_) => bail!("there is an organization `{slug}` already"),
            Err(db::Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

fn is_of(organization: &Organization, placement: &Placement) -> bool {
    organization.id == placement.organization && organization.slug == placement.slug
}

/// Refuses a database in which the organization is not: a wrong line in the placements file, or an old backup.
pub(super) async fn is_there(db: &db::Db, placement: &Placement) -> eyre::Result<()> {
    let found = db.organization_of(&placement.slug).await?;
    ensure!(
        found == Some(placement.organization),
        "the runtime's login at {} does not lead to the organization {}",
        placement.database,
        placement.organization
    );
    Ok(())
}

fn explain(error: db::Error, name: &str, taken: &str) -> eyre::Report {
    match &error {
        db::Error::Constraint(constraint) if constraint == "placement_database_key" => {
            eyre::eyre!(
                "{name} is the database of another organization: name another with --own-database=NAME"
            )
        }
        db::Error::Constraint(constraint) if constraint == "placement_database_check" => {
            eyre::eyre!("a database's name is lower-case letters, digits and underscores, at most 63 of them")
        }
        _ => session::explain(error, taken),
    }
}

/// Brings every placed database to the present schema; tells how many could not be.
pub(super) async fn migrate_all(installation: &Installation) -> eyre::Result<usize> {
    let mut failed = 0;
    for (placement, ready) in installation.main().operator().await?.placements().await? {
        if !ready {
            continue;
        }
        let migrated = match installation.databases().placed(&placement.database) {
            Ok(database) => database.upgrade().await,
            Err(error) => Err(error),
        };
        match migrated {
            Ok(0) => {}
            Ok(applied) => out::note(format!("{}: {applied} migrations applied", placement.database)),
            Err(error) => {
                failed += 1;
                out::note(format!("{}: {error}", placement.database));
            }
        }
    }
    Ok(failed)
}
