//! Events: what changed, as it changes, to whoever may see it (DESIGN 10). Ids and types alone: the record is asked for
//! as any other, and that is in the log. Whoever follows is asked for their authority again before anything is told.

mod error;
mod follow;
mod hub;
mod model;
mod routes;
mod store;

pub(crate) use hub::Hub;
pub(crate) use routes::ROUTES;
