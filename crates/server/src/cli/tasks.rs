//! What a server does beside answering: upkeep of the database, and jobs.

use std::future::Future;
use std::time::Duration;

use db::{ClaimedJob, Db, Error, Purpose, Request};
use jiff::SignedDuration;
use kernel::RequestId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::areas::{documents, erasures, exports, family, imports, people};

/// How often the upkeep is done.
const UPKEEP: Duration = Duration::from_secs(3600);

/// How often the database's clock is looked at.
const CLOCK: Duration = Duration::from_secs(60);

/// Clocks that differ by more are told of: contexts are good for minutes, codes for half of one.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// How often jobs are looked for while there is none.
const IDLE: Duration = Duration::from_secs(2);

/// The tasks at work.
pub(super) struct Tasks(JoinSet<()>);

impl Tasks {
    /// One more, until told.
    pub(super) fn add(
        &mut self,
        told: impl Future<Output = ()> + Send + 'static,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.spawn(until(told, task));
    }

    /// Waits until all have ended, which they do when told.
    pub(super) async fn ended(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// Starts them; each goes on until `told` resolves.
pub(super) fn start<F>(app: &App, told: &impl Fn() -> F) -> Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    let db = app.store.db().clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(until(told(), people::deliver(app.clone())));
    tasks.spawn(until(told(), upkeep(db.clone())));
    tasks.spawn(until(told(), documents::sweep_always(app.clone())));
    tasks.spawn(until(told(), exports::always(app.clone())));
    tasks.spawn(until(told(), imports::always(app.clone())));
    tasks.spawn(until(told(), family::always(app.clone())));
    tasks.spawn(until(told(), erasures::always(app.clone())));
    tasks.spawn(until(told(), clocks(app.clone())));
    tasks.spawn(until(told(), jobs(db)));
    Tasks(tasks)
}

/// Resolves when `stopped` says so, or nobody is left to say it.
pub(super) async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn until(told: impl Future<Output = ()>, task: impl Future<Output = ()>) {
    tokio::select! {
        () = told => {}
        () = task => {}
    }
}

async fn upkeep(db: Db) {
    let mut hour = tokio::time::interval(UPKEEP);
    loop {
        hour.tick().await;
        match db.prepare_audit_months().await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "audit partitions made"),
            Err(error) => tracing::error!(%error, "audit partitions cannot be made"),
        }
        match db.sweep().await {
            Ok(rows) => tracing::debug!(rows, "swept"),
            Err(error) => tracing::error!(%error, "old events cannot be swept"),
        }
    }
}

/// Tells of clocks that differ, before contexts are refused for it.
async fn clocks(app: App) {
    let mut minute = tokio::time::interval(CLOCK);
    loop {
        minute.tick().await;
        // That the database is away is told by whoever needs it.
        let Ok(ahead) = app.store.db().clock_ahead().await else { continue };
        app.metrics.clock_ahead(ahead);
        if ahead.abs() > APART {
            tracing::error!(
                seconds = ahead.as_secs_f64(),
                "the database's clock is not this machine's: set both by the same"
            );
        }
    }
}

async fn jobs(db: Db) {
    loop {
        let id = RequestId(db.world().uuid());
        let claimed = db.claim_job(Request { id, address: None, purpose: Purpose::Operations }).await;
        match claimed {
            Ok(Some(job)) => {
                if let Err(error) = perform(&db, &job).await {
                    // The lease ends by itself, and the job is claimed again.
                    tracing::error!(job = %job.id, kind = job.kind, %error, "a job cannot be ended");
                    tokio::time::sleep(IDLE).await;
                }
            }
            Ok(None) => tokio::time::sleep(IDLE).await,
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be claimed");
                tokio::time::sleep(IDLE * 5).await;
            }
        }
    }
}

/// Does a job. There is no kind yet: what is not known may come from a newer version, so it is left for later.
async fn perform(db: &Db, job: &ClaimedJob) -> Result<(), Error> {
    tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, "no job of this kind is known here");
    db.finish_job(job, Some(db.world().now() + pause(job.attempts))).await
}

/// The pause after so many attempts: 10 seconds, doubled each time, up to an hour.
fn pause(attempts: i32) -> SignedDuration {
    let doublings = attempts.clamp(1, 10) - 1;
    SignedDuration::from_secs((10_i64 << doublings).min(3600))
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn pauses_grow_to_an_hour() {
        let seconds: Vec<_> = [0, 1, 2, 3, 9, 10, 99].map(|attempts| pause(attempts).as_secs()).into();
        assert_eq!(seconds, [10, 10, 20, 40, 2560, 3600, 3600]);
    }
}
