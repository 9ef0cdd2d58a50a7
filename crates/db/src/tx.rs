//! A transaction that speaks for a context, and the permit that says what it may do.

use std::sync::atomic::{AtomicU8, Ordering};

use deadpool_postgres::{Object, Pool};
use futures_util::future::{join, join3, join4, join5};
use policy::{Action, Decision, Target, decide};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::audit::{self, Event, Receipt};
use crate::{Ctx, Db, Error, Point};

pub(crate) const ENTER: &str = "SELECT set_config('lamplight.context', $1, true)";

const FRESH: u8 = 0;
const OPEN: u8 = 1;
const ENDED: u8 = 2;

/// A transaction. Its first statement travels together with `BEGIN` and the signed context, its last together with
/// `COMMIT`, so that a transaction of one statement is one round trip. Dropped without an end, it is rolled back: the
/// connection is thrown away, never returned half-used.
pub struct Tx<'c> {
    db: &'c Db,
    ctx: &'c Ctx,
    signed: String,
    client: Option<Object>,
    state: AtomicU8,
}

/// Says that the policy allowed an action in this transaction. It cannot be made, copied or outlive the transaction.
pub struct Permit<'t> {
    tx: &'t Tx<'t>,
    action: Action,
}

impl Permit<'_> {
    /// The action allowed.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The context it was allowed to.
    pub fn ctx(&self) -> &Ctx {
        self.tx.ctx
    }

    /// The permission that allowed it, as the audit log gives it.
    pub fn reason(&self) -> &'static str {
        self.action.needs().key()
    }
}

impl<'c> Tx<'c> {
    pub(crate) async fn open(db: &'c Db, ctx: &'c Ctx, signed: String) -> Result<Self, Error> {
        let pools = &db.inner.pools;
        let pool = if ctx.is_platform() { pools.platform.as_ref() } else { Some(&pools.runtime) };
        let pool = pool.ok_or(Error::Unavailable("this program does not serve the plane"))?;
        let client = pool.get().await.map_err(Error::from_pool)?;
        Ok(Self { db, ctx, signed, client: Some(client), state: AtomicU8::new(FRESH) })
    }

    /// The context.
    pub fn ctx(&self) -> &'c Ctx {
        self.ctx
    }

    /// Asks the policy. A refusal is written to the audit log before it is answered.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::AuditUnavailable`] when the refusal could not be logged.
    pub async fn authorize(&self, action: Action, target: Target) -> Result<Permit<'_>, Error> {
        self.db.authorize(self.ctx, action, target).await?;
        Ok(Permit { tx: self, action })
    }

    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// As the database answers.
    pub async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let client = self.client()?;
        let statement = self.prepare(sql).await?;
        if self.state.load(Ordering::Relaxed) == OPEN {
            return client.query(&statement, params).await.map_err(Error::from_postgres);
        }
        let enter = self.prepare(ENTER).await?;
        self.state.store(OPEN, Ordering::Relaxed);
        let context: [&(dyn ToSql + Sync); 1] = [&self.signed];
        let (begun, entered, rows) = join3(
            client.batch_execute("BEGIN"),
            client.query(&enter, &context),
            client.query(&statement, params),
        )
        .await;
        begun.map_err(Error::from_postgres)?;
        entered.map_err(Error::from_postgres)?;
        rows.map_err(Error::from_postgres)
    }

    /// Runs the last statement and commits, in the same round trip. On an error nothing is kept.
    ///
    /// # Errors
    /// As the database answers.
    pub async fn last(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let client = self.client()?;
        let statement = self.prepare(sql).await?;
        let (rows, committed) = if self.state.load(Ordering::Relaxed) == OPEN {
            let (rows, committed) =
                join(client.query(&statement, params), client.batch_execute("COMMIT")).await;
            (rows, committed)
        } else {
            let enter = self.prepare(ENTER).await?;
            self.state.store(OPEN, Ordering::Relaxed);
            let context: [&(dyn ToSql + Sync); 1] = [&self.signed];
            let (begun, entered, rows, committed) = join4(
                client.batch_execute("BEGIN"),
                client.query(&enter, &context),
                client.query(&statement, params),
                client.batch_execute("COMMIT"),
            )
            .await;
            begun.map_err(Error::from_postgres)?;
            entered.map_err(Error::from_postgres)?;
            (rows, committed)
        };
        committed.map_err(Error::from_postgres)?;
        self.state.store(ENDED, Ordering::Relaxed);
        rows.map_err(Error::from_postgres)
    }

    /// Writes the audit event of the last writing statement, runs it, and commits: one round trip, one transaction. The
    /// statement must raise an error when it did not do what the event says.
    ///
    /// # Errors
    /// As the database answers; nothing is kept then.
    pub async fn last_audited(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
        event: Event,
    ) -> Result<(Vec<Row>, Receipt), Error> {
        let batch = audit::Columns::of(&[audit::Stamped::new(self.ctx, event, self.db.world())]);
        let rows = self.last_with(sql, params, &batch).await?;
        Ok((rows, batch.receipt(self.ctx)))
    }

    /// As [`Tx::last_audited`], of what is told in several places.
    ///
    /// # Errors
    /// As [`Tx::last_audited`].
    pub async fn last_logged(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
        events: Vec<Event>,
    ) -> Result<Vec<Row>, Error> {
        let stamped = |event| audit::Stamped::new(self.ctx, event, self.db.world());
        let events: Vec<_> = events.into_iter().map(stamped).collect();
        self.last_with(sql, params, &audit::Columns::of(&events)).await
    }

    async fn last_with(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
        batch: &audit::Columns<'_>,
    ) -> Result<Vec<Row>, Error> {
        if !self.db.inner.audit.passes() {
            self.undo().await?;
            return Err(Error::AuditUnavailable);
        }
        self.db.pass(Point::Committing).await?;
        let client = self.client()?;
        let statement = self.prepare(sql).await?;
        let write = self.prepare(audit::WRITE).await?;
        let audit_params = batch.params();
        let context: [&(dyn ToSql + Sync); 1] = [&self.signed];
        // The event first: whoever waits for the log then holds no row that others wait for.
        let (logged, rows, committed) = if self.state.load(Ordering::Relaxed) == OPEN {
            join3(
                client.query(&write, &audit_params),
                client.query(&statement, params),
                client.batch_execute("COMMIT"),
            )
            .await
        } else {
            let enter = self.prepare(ENTER).await?;
            self.state.store(OPEN, Ordering::Relaxed);
            let (begun, entered, logged, rows, committed) = join5(
                client.batch_execute("BEGIN"),
                client.query(&enter, &context),
                client.query(&write, &audit_params),
                client.query(&statement, params),
                client.batch_execute("COMMIT"),
            )
            .await;
            begun.map_err(Error::from_postgres)?;
            entered.map_err(Error::from_postgres)?;
            (logged, rows, committed)
        };
        // COMMIT of a failed transaction is a rollback and no error of its own, so the two before it decide.
        if committed.is_ok() {
            self.state.store(ENDED, Ordering::Relaxed);
        }
        self.db.inner.audit.heed(logged.map_err(Error::from_postgres)).await?;
        let rows = rows.map_err(Error::from_postgres)?;
        committed.map_err(Error::from_postgres)?;
        self.db.pass(Point::Committed).await?;
        Ok(rows)
    }

    /// Commits what the statements before did.
    ///
    /// # Errors
    /// As the database answers; a transaction that had failed before is rolled back and is an error here.
    pub async fn commit(self) -> Result<(), Error> {
        if self.state.load(Ordering::Relaxed) == OPEN {
            // A failed transaction answers COMMIT with ROLLBACK; a statement in it makes the failure visible.
            let client = self.client()?;
            let (alive, committed) =
                join(client.simple_query("SELECT"), client.batch_execute("COMMIT")).await;
            alive.map_err(Error::from_postgres)?;
            committed.map_err(Error::from_postgres)?;
        }
        self.state.store(ENDED, Ordering::Relaxed);
        Ok(())
    }

    /// Undoes everything and returns the connection.
    ///
    /// # Errors
    /// As the database answers.
    pub async fn rollback(self) -> Result<(), Error> {
        self.undo().await
    }

    async fn undo(&self) -> Result<(), Error> {
        if self.state.load(Ordering::Relaxed) == OPEN {
            self.client()?.batch_execute("ROLLBACK").await.map_err(Error::from_postgres)?;
        }
        self.state.store(ENDED, Ordering::Relaxed);
        Ok(())
    }

    fn client(&self) -> Result<&Object, Error> {
        if self.state.load(Ordering::Relaxed) == ENDED {
            return Err(Error::Unavailable("the transaction has ended"));
        }
        self.client.as_ref().ok_or(Error::Unavailable("the transaction has ended"))
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, Error> {
        self.client()?.prepare_cached(sql).await.map_err(Error::from_postgres)
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.state.load(Ordering::Relaxed) == OPEN
        {
            // Cancelled or failed half-way: what the server still does on it is unknown.
            drop(Object::take(client));
        }
    }
}

impl Db {
    /// Asks the policy outside a transaction. A refusal is written to the audit log before it is answered.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotEntitled`]; [`Error::AuditUnavailable`] when the refusal could not be logged.
    pub async fn authorize(&self, ctx: &Ctx, action: Action, target: Target) -> Result<(), Error> {
        let missing = match decide(ctx.grants(), ctx.request().purpose, action, target) {
            Decision::Allow => return Ok(()),
            Decision::Lacks(permission) => Some(permission),
            Decision::OutsideFacility => None,
            Decision::OutsidePurpose(_) => {
                self.record(ctx, Event::denied(action.key(), "not for this purpose of use")).await?;
                return Err(Error::Denied(None));
            }
            Decision::OutsideClass(kernel::DataClass::SubstanceUse) => {
                Some(policy::Permission::ClassSubstanceUse)
            }
            Decision::OutsideClass(_) => Some(policy::Permission::ClassCounselling),
            Decision::NotEntitled(module) => {
                let detail = Some(format!("module {}", module.key()));
                self.record(ctx, Event { detail, ..Event::denied(action.key(), "not in use") }).await?;
                return Err(Error::NotEntitled(module));
            }
        };
        let reason = missing.map_or("facility out of reach", policy::Permission::key);
        self.record(ctx, Event::denied(action.key(), reason)).await?;
        Err(Error::Denied(missing))
    }
}

/// One statement in a transaction of its own that speaks for `signed`.
pub(crate) async fn one(
    pool: &Pool,
    signed: &str,
    sql: &'static str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let client = pool.get().await.map_err(Error::from_pool)?;
    let enter: Statement = client.prepare_cached(ENTER).await.map_err(Error::from_postgres)?;
    let statement = client.prepare_cached(sql).await.map_err(Error::from_postgres)?;
    let context: [&(dyn ToSql + Sync); 1] = [&signed];
    let (begun, entered, rows, committed) = join4(
        client.batch_execute("BEGIN"),
        client.query(&enter, &context),
        client.query(&statement, params),
        client.batch_execute("COMMIT"),
    )
    .await;
    begun.map_err(Error::from_postgres)?;
    entered.map_err(Error::from_postgres)?;
    committed.map_err(Error::from_postgres)?;
    rows.map_err(Error::from_postgres)
}
