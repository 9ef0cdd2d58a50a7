//! Code lists that come with the program: diagnoses (ICD-10-CM) and vaccines (CVX), searched as one types.

mod model;
mod ops;
mod routes;
mod words;

pub(crate) use routes::ROUTES;
