//! The thread that owns the running server and starts it again when it died.

use crate::{
    Error, State,
    cluster::Cluster,
    server::{Server, clear_leftovers},
};
use std::{
    cell::Cell,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};
use tokio::sync::watch;

/// How often the server is looked at; hence about how long a crash goes unnoticed.
const LOOK: Duration = Duration::from_millis(100);

/// The pause before the first attempt to start again, doubled at each failure up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A server that ran for this many looks (a minute) counts as healthy: the pauses begin anew.
const HEALTHY_LOOKS: u32 = 600;

/// The order to stop; a hung-up channel means the same.
pub(crate) struct Stop;

/// Watches until told to stop, then stops the server and says how that went.
pub(crate) fn supervise(
    cluster: &Cluster,
    mut server: Server,
    orders: &Receiver<Stop>,
    state: &watch::Sender<State>,
) -> Result<(), Error> {
    let mut looks = 0_u32;
    let mut pause = FIRST_PAUSE;
    loop {
        if !matches!(orders.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
            let stopped = server.stop(cluster);
            state.send_replace(State::Stopped);
            return stopped;
        }
        if !server.has_ended() {
            looks = looks.saturating_add(1);
            continue;
        }
        if looks > HEALTHY_LOOKS {
            pause = FIRST_PAUSE;
        }
        tracing::error!(log = %cluster.log.display(), "PostgreSQL has died; starting it again");
        state.send_replace(State::Restarting);
        let Some(fresh) = start_again(cluster, orders, &mut pause) else {
            state.send_replace(State::Stopped);
            return Ok(());
        };
        state.send_replace(State::Running { pid: fresh.pid() });
        tracing::info!(pid = fresh.pid(), "PostgreSQL runs again");
        server = fresh;
        looks = 0;
    }
}

/// Tries until the server runs; `None` when told to stop meanwhile.
fn start_again(cluster: &Cluster, orders: &Receiver<Stop>, pause: &mut Duration) -> Option<Server> {
    let stopped = Cell::new(false);
    loop {
        if !matches!(orders.recv_timeout(*pause), Err(RecvTimeoutError::Timeout)) {
            return None;
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        let told = || {
            let told = !matches!(orders.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
            stopped.set(stopped.get() || told);
            stopped.get()
        };
        match clear_leftovers(cluster).and_then(|()| Server::start(cluster, told)) {
            Ok(server) => return Some(server),
            Err(_) if stopped.get() => return None,
            Err(error) => tracing::error!(%error, next_attempt = ?*pause, "PostgreSQL does not start"),
        }
    }
}
