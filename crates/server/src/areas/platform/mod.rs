//! The plane above organizations (ADR 0018): who is on it, which organizations there are and what they pay for. It reads
//! no chart: its statements run as a database role that has nothing there.

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use error::Error;
pub(crate) use ops::{Invite, invite_by_operator};
pub(crate) use routes::ROUTES;
