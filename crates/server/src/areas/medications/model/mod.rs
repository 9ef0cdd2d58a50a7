//! Types and pure rules.

mod order;
mod package;
mod prn;
mod schedule;
mod timing;

pub(super) use order::{Order, Status, texts};
pub(super) use package::fits;
pub(super) use prn::{EFFECT, Refusal};
pub(super) use schedule::{EARLY, MISSED, Moment, Place, moment, places, taken};
