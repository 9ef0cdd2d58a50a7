//! What an organization has in use of what it pays for, and switches off and on itself.

mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
