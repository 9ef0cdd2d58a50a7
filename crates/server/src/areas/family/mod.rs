//! The family portal: what is approved of a patient's record for each relative, by category and field and for how long; and
//! what they see by it, which is also what whoever approves looks at beforehand (MISSION 27, ADR 0032).
//!
//! That it holds is the chart's ([`policy::fields`]). Here it is said, and shown.

mod letters;
mod looks;
mod mails;
mod model;
mod news;
mod ops;
mod routes;
mod store;

pub(crate) use mails::{always, send_due};
pub(crate) use routes::ROUTES;
