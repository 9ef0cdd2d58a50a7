//! How long what is kept, and what there is to prove and to restore it (MISSION 54, 55, 63). What is not there is said not
//! to be there.

mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
