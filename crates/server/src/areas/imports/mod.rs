//! Spreadsheets that people bring in (ADR 0031): sent, mapped, checked row by row, run as work that goes on after a restart,
//! compared cell by cell, and taken back.

mod error;
mod model;
mod ops;
mod report;
mod routes;
mod store;
mod work;

use std::fmt;

use tokio::sync::Notify;

pub(crate) use routes::ROUTES;
pub(crate) use work::always;

/// Rows of one batch: each is written and compared before the next, and authority is asked for before it.
const BATCH: usize = 100;

/// What imports need of the program.
pub(crate) struct Desk {
    /// Told when there is something to work on.
    asked: Notify,
    batch: usize,
}

impl Desk {
    /// Takes so many rows at a time; the usual number without.
    pub(crate) fn new(batch: Option<u16>) -> Self {
        Self { asked: Notify::new(), batch: batch.map_or(BATCH, usize::from).max(1) }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}
