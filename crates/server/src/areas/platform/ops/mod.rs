//! What is done on the plane. Every act is in the log of the organization it is about before it is kept.

mod administrators;
mod announcements;
mod bill;
mod figures;
mod organizations;
mod plans;
mod support;
mod usage;
mod watch;

pub(super) use administrators::{
    AdministratorView, change as change_administrator, end as end_administrator, invite,
    list as list_administrators,
};
pub(crate) use administrators::{Invite, invite_by_operator};
pub(super) use announcements::{
    AnnouncementView, NewAnnouncement, announce, list as list_announcements, withdraw,
};
pub(super) use bill::Terms;
pub(super) use figures::{Counted, Figures, look as look_at_figures};
pub(super) use organizations::{
    NewOrganization, OrganizationView, Settings, SiteView, create as create_organization,
    list as list_organizations, look as look_at_organization, set as set_organization, subscribe,
};
pub(super) use plans::{PlanText, PlanView, list as list_plans, put as put_plan};
pub(super) use support::{
    NewSupport, OwnSupport, ask as ask_for_support, end as end_support, list as list_support,
};
pub(super) use usage::{Reading, UsageView, look as look_at_usage, read as read_usage};
pub(crate) use watch::Memory;
pub(super) use watch::{Health, SessionsView, Vitals, end_sessions, health, sessions};

use super::Error;

/// A short text: 1 to `most` characters, nothing but blanks is none.
fn text(given: &str, most: usize, else_say: &'static str) -> Result<String, Error> {
    let given = given.trim();
    let plain = !given.is_empty() && given.chars().count() <= most && !given.chars().any(char::is_control);
    if plain { Ok(given.to_owned()) } else { Err(Error::Invalid(else_say)) }
}
