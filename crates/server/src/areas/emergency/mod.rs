//! Emergency access: someone reaches one patient that they have no relationship with, for an hour at most. Reviewers are
//! told before it opens, and judge it afterwards (ADR 0013).

mod error;
mod ops;
mod routes;
mod store;

pub(crate) use routes::ROUTES;
