//! Fields: what of the record a post does not see, and what of a patient's record was approved for a relative.
//!
//! Saying it is here. That it holds is the chart's: [`policy::fields`] in the one place where records are opened.

mod ops;
mod routes;
mod store;

pub(crate) use ops::{eyes, in_sight};
pub(crate) use routes::ROUTES;
