//! Exports that are asked for now and fetched later (ADR 0028): FHIR's Bulk Data Access
//! (<https://hl7.org/fhir/uv/bulkdata/STU2/export.html>). What is asked for waits, is read page by page as whoever asked may
//! see it at that moment, and lies sealed until it is fetched, given up, or its authority or time ends.

mod error;
mod fhir;
mod jobs;
mod model;
mod ops;
mod routes;
mod send;
mod store;
mod work;

use std::fmt;

use tokio::sync::Notify;

pub(crate) use jobs::always;
pub(crate) use ops::end_of_facility;
pub(crate) use routes::ROUTES;

/// Records of one page: each is a transaction, and authority is asked for before it.
const PAGE: u16 = 250;

/// What exports need of the program.
pub(crate) struct Desk {
    /// Told when one was asked for.
    asked: Notify,
    page: usize,
}

impl Desk {
    /// Reads so many records at a time; the usual number without.
    pub(crate) fn new(page: Option<u16>) -> Self {
        Self { asked: Notify::new(), page: usize::from(page.unwrap_or(PAGE).max(1)) }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}
