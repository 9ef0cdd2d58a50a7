//! How an organization is recognised before and after the door: its name and its logo. Both are public.

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
