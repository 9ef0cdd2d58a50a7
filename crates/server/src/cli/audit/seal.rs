//! `lamplight audit seal`: what `serve` does with the log, under a login and a key that reach nothing else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use eyre::{WrapErr as _, bail, eyre};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::boot::{Database, Installation};
use crate::cli::sealing::{self, Beside};
use crate::cli::serve::{bind, stop_signal};
use crate::cli::witness::Witness;
use crate::cli::{Done, out, tasks};
use crate::http::{self, Metrics};

pub(super) const HELP: &str = "\
Examples:
  DATABASE_SEALER_URL=postgres://lamplight_sealer:...@db.example/lamplight \\
    lamplight audit seal --audit-key-file /keys/audit.key --audit-witness s3://seals/lamplight
  lamplight audit seal --once

With DATABASE_SEALER_URL and neither DATABASE_URL nor DATABASE_OWNER_URL no root key is needed: this program then
sees the sealed log and no record. Of several that seal one does at a time, whichever program it is; another goes on
when it is gone. Tell `serve` not to with --no-audit-seal.";

/// How soon a database that an organization was given is sealed.
const LOOK: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    sealing: sealing::Options,
    /// Seal what there is and end; fail where another program is sealing
    #[arg(long)]
    pub(super) once: bool,
    /// Where to give figures to Prometheus, and /ready; not for the public network [default: nowhere]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    metrics: Option<SocketAddr>,
}

pub(super) async fn run(options: &Options, installation: &Installation) -> eyre::Result<Done> {
    let beside = options.sealing.beside()?;
    if options.once {
        return once(installation, &beside).await;
    }
    if let Err(error) = installation.main().sealed_log() {
        bail!(error);
    }
    let metrics = Arc::new(Metrics::new());
    let (stop, stopped) = watch::channel(false);
    let figures = match options.metrics {
        None => None,
        Some(address) => {
            let of = (Arc::clone(&metrics), installation.main().world().clone());
            let listener = bind(address).await?;
            tracing::info!(listen = %listener.local_addr()?, "figures");
            Some(tokio::spawn(http::serve_sealing(of, listener, tasks::told(stopped.clone()))))
        }
    };
    let signal = tokio::select! {
        () = always(installation, beside, &metrics) => Ok(()),
        signal = stop_signal() => signal,
    };
    stop.send_replace(true);
    if let Some(figures) = figures {
        figures.await.wrap_err("the figures ended badly")??;
    }
    signal.wrap_err("signals cannot be listened for")?;
    Ok(Done::Wholly)
}

/// Seals every database there is, and those that come. A round that is given up half-way leaves nothing.
async fn always(installation: &Installation, beside: Beside, metrics: &Arc<Metrics>) {
    let mut tasks = JoinSet::new();
    let mut at_work: HashMap<String, (Database, AbortHandle)> = HashMap::new();
    let mut trouble = None;
    loop {
        let told = match databases(installation).await {
            Ok(there) => {
                at_work.retain(|name, (database, task)| {
                    let stays = there.iter().any(|it| it.name() == name && it.is_same(database));
                    if !stays {
                        task.abort();
                    }
                    stays
                });
                for database in there {
                    at_work.entry(database.name().to_owned()).or_insert_with(|| {
                        let sealed = sealing::always(database.clone(), beside.clone(), Arc::clone(metrics));
                        let task = tasks.spawn(sealed);
                        (database, task)
                    });
                }
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(error) = told.as_ref().filter(|error| trouble.as_ref() != Some(*error)) {
            tracing::error!(error, "which databases there are cannot be found out");
        }
        trouble = told;
        while tasks.try_join_next().is_some() {}
        tokio::time::sleep(LOOK).await;
    }
}

/// The main database, and those that organizations have of their own.
async fn databases(installation: &Installation) -> eyre::Result<Vec<Database>> {
    let own = sealing::own_databases(installation).await?;
    Ok(std::iter::once(installation.main().clone()).chain(own).collect())
}

async fn once(installation: &Installation, beside: &Beside) -> eyre::Result<Done> {
    for database in databases(installation).await? {
        let sealer = database.sealer()?.ok_or_else(|| eyre!("this needs DATABASE_SEALER_URL"));
        let (name, mut sealer) = (database.own().unwrap_or("main"), sealer?);
        let mut events = 0;
        let waits = loop {
            let round = sealer.round().await.wrap_err_with(|| format!("{name} cannot be sealed"))?;
            eyre::ensure!(!round.elsewhere, "another program is sealing {name}");
            events += round.events;
            if !round.more {
                break round.waits_since;
            }
        };
        for place in beside.witnesses.clone() {
            let mut witness = Witness::new(place, database.own());
            witness.keep(&sealer).await.wrap_err_with(|| format!("a witness of {name} cannot be written"))?;
        }
        if waits.is_some() {
            out::note(format!("{name}: events of transactions that are not over wait"));
        }
        out::line(format!("{name}: {events} events sealed"))?;
    }
    Ok(Done::Wholly)
}
