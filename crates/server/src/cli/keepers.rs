//! The databases that organizations have of their own, while `lamplight serve` runs: found, opened, watched and left,
//! each by a task of its own, so that one that is down keeps no other waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chart::Store;
use db::{Db, Placement, PoolSizes};
use eyre::{WrapErr as _, eyre};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{doctor, placing, sealing, tasks};
use crate::app::App;
use crate::boot::{Database, Databases};

/// How often the main database is asked which there are, and each whether it lets us in: what is new is served, and
/// what is down is told, within ten seconds.
const LOOK: Duration = Duration::from_secs(3);

/// How long a start waits for the first try at each.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all keepers share.
struct House {
    main: App,
    databases: Databases,
    sizes: PoolSizes,
    /// What is done beside sealing their logs, where this program does.
    beside: Option<sealing::Beside>,
    /// Roles belong to the whole PostgreSQL: two migrations at once would change the same ones.
    migrating: Mutex<()>,
}

/// Keeps those there are, and those that come, until `stopped`. Returns when each was tried once, or a while has passed.
pub(super) async fn start(
    main: &App,
    databases: Databases,
    (connections, beside): (usize, Option<sealing::Beside>),
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let sizes = PoolSizes { runtime: connections, audit: 2, keyring: 2 };
    let house = Arc::new(House { main: main.clone(), databases, sizes, beside, migrating: Mutex::default() });
    let (tried, mut all_tried) = mpsc::channel(1);
    let mut keepers = Keepers { house, at_work: HashMap::new(), tasks: JoinSet::new(), trouble: None };
    keepers.look(&tried).await;
    drop(tried);
    // Nothing is ever sent: it ends when every sender has gone.
    let _ = tokio::time::timeout(PATIENCE, all_tried.recv()).await;
    tokio::spawn(keepers.run(stopped))
}

struct Keepers {
    house: Arc<House>,
    at_work: HashMap<Placement, Keeper>,
    tasks: JoinSet<()>,
    /// What was last told, so that it is not told every few seconds.
    trouble: Option<String>,
}

/// A keeper at work; dropped, it ends.
struct Keeper {
    database: Database,
    _stop: watch::Sender<bool>,
}

impl Keepers {
    async fn run(mut self, stopped: watch::Receiver<bool>) {
        let (tried, _) = mpsc::channel(1);
        loop {
            tokio::select! {
                () = tasks::told(stopped.clone()) => break,
                () = tokio::time::sleep(LOOK) => self.look(&tried).await,
            }
        }
        self.at_work.clear();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Asks which there are; begins and ends keepers accordingly. Those at work go on while nobody answers.
    async fn look(&mut self, tried: &mpsc::Sender<()>) {
        let told = match self.compare(tried).await {
            Ok(()) => None,
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(error) = told.as_ref().filter(|error| self.trouble.as_ref() != Some(error)) {
            tracing::error!(error, "where organizations are placed cannot be found out");
        }
        self.trouble = told;
        while self.tasks.try_join_next().is_some() {}
    }

    async fn compare(&mut self, tried: &mpsc::Sender<()>) -> eyre::Result<()> {
        let mut there = HashMap::new();
        for placement in self.house.main.store.db().placements().await? {
            let database = self.house.databases.placed(&placement.database)?;
            there.insert(placement, database);
        }
        let placed = &self.house.main.placed;
        self.at_work.retain(|placement, keeper| {
            let stays = there.get(placement).is_some_and(|database| database.is_same(&keeper.database));
            if !stays {
                placed.forget(&placement.slug);
            }
            stays
        });
        for (placement, database) in there {
            if !self.at_work.contains_key(&placement) {
                placed.expect(&placement.slug, &placement.database);
                let (stop, stopped) = watch::channel(false);
                let house = Arc::clone(&self.house);
                self.tasks.spawn(keep(house, placement.clone(), database.clone(), stopped, tried.clone()));
                self.at_work.insert(placement, Keeper { database, _stop: stop });
            }
        }
        Ok(())
    }
}

/// Keeps one: tries until it is in order, serves it, and looks whether it still lets us in.
async fn keep(
    house: Arc<House>,
    placement: Placement,
    database: Database,
    stopped: watch::Receiver<bool>,
    tried: mpsc::Sender<()>,
) {
    let told = || tasks::told(stopped.clone());
    let mut one = One { house: &house, placement: &placement, database: &database, trouble: None };
    let mut tried = Some(tried);
    let app = tokio::select! {
        app = one.opened(&mut tried) => app,
        () = told() => return,
    };
    let mut background = tasks::start(&app, &told);
    if let Some(beside) = &house.beside {
        background.add(told(), sealing::always(database.clone(), beside.clone(), Arc::clone(&app.metrics)));
    }
    house.main.placed.open(&placement.slug, app.clone());
    // Not before it answers: a start waits for this.
    drop(tried);
    tracing::info!(database = placement.database, "an organization is served from its own database");
    tokio::select! {
        () = one.watched(&app) => {}
        () = told() => {}
    }
    background.ended().await;
}

/// One at work.
struct One<'a> {
    house: &'a House,
    placement: &'a Placement,
    database: &'a Database,
    /// Why it is not served, as it was last told.
    trouble: Option<String>,
}

impl One<'_> {
    /// The program on it, once it is in order. `tried` is let go at the first failure.
    async fn opened(&mut self, tried: &mut Option<mpsc::Sender<()>>) -> App {
        loop {
            let opened = self.open().await;
            if let Some(app) = self.tell(opened) {
                return app;
            }
            drop(tried.take());
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn open(&self) -> eyre::Result<App> {
        let db = self.database.open_sized(self.house.sizes)?;
        self.is_in_order(&db).await?;
        Ok(self.house.main.beside(&self.placement.slug, Store::new(db)))
    }

    /// Looks whether it lets us in; what comes back may be another than what went, such as a backup.
    async fn watched(&mut self, app: &App) {
        let (db, slug) = (app.store.db(), &self.placement.slug);
        let mut up = true;
        loop {
            tokio::time::sleep(LOOK).await;
            let found = match up {
                true if db.is_reachable().await => Ok(()),
                true => Err(eyre!("it cannot be reached")),
                false => self.is_in_order(db).await,
            };
            let now = self.tell(found).is_some();
            if now && !up {
                tracing::info!(database = self.placement.database, "an organization is served again");
            }
            up = now;
            self.house.main.placed.set_up(slug, up);
        }
    }

    /// The trouble is logged when it is news.
    fn tell<T>(&mut self, found: eyre::Result<T>) -> Option<T> {
        match found {
            Ok(found) => {
                self.trouble = None;
                Some(found)
            }
            Err(error) => {
                let error = format!("{error:#}");
                if self.trouble.as_ref() != Some(&error) {
                    tracing::error!(
                        database = self.placement.database,
                        error,
                        "an organization cannot be served"
                    );
                    self.trouble = Some(error);
                }
                None
            }
        }
    }

    async fn is_in_order(&self, db: &Db) -> eyre::Result<()> {
        // Before others are kept waiting for the migration.
        db.ping().await?;
        if self.database.has_owner() {
            let _alone = self.house.migrating.lock().await;
            self.database.upgrade().await.wrap_err("it cannot be brought to the present schema")?;
        }
        doctor::refuse_findings(db).await?;
        placing::is_there(db, self.placement).await?;
        db.prepare_audit_months().await.wrap_err("its audit log cannot be prepared")?;
        Ok(())
    }
}
