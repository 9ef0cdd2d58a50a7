//! What the plane above organizations announces, as those read it whom it concerns.

mod routes;
mod store;

pub(crate) use routes::ROUTES;
