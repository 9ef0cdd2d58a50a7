//! Who is told what they answer for: that a patient was opened in an emergency, that support access is asked for or began.

use adapters::mail::Content;
use db::Request;
use jiff::Timestamp;
use kernel::{MembershipId, OrganizationId, PersonId};

use super::{Desk, Outgoing};
use crate::app::App;
use crate::areas::people::{Error, store};

/// What happened. Neither a patient nor a reason leaves the house.
pub(crate) enum Told<'a> {
    /// The post of this name opens a patient in an emergency.
    Emergency(&'a str),
    /// Somebody of the plane asks for support access.
    SupportAsked(&'a str),
    /// They see what the other sees, until then at the latest.
    SupportBegun(&'a str, &'a str, Timestamp),
}

impl Told<'_> {
    fn write(&self, app: &App, page: &str, now: Timestamp) -> Result<Content, Error> {
        match *self {
            Self::Emergency(name) => app.texts().emergency_opened(name, page, now),
            Self::SupportAsked(who) => app.texts().support_asked(who, page, now),
            Self::SupportBegun(who, of, until) => app.texts().support_begun((who, of), page, until),
        }
    }
}

/// Tells these people of the organization, each with the way to their own post, where the page is.
pub(crate) async fn tell(
    app: &App,
    request: &Request,
    slug: &str,
    people: &[(PersonId, MembershipId)],
    what: &Told<'_>,
) -> Result<(), Error> {
    let desk = Desk::at(app, db::Ctx::program(OrganizationId::PLATFORM, request.clone())).await?;
    let tx = desk.begin().await?;
    for (id, membership) in people {
        if let Some(person) = store::find_person(&tx, &desk.vault, *id).await?.filter(|one| !one.disabled) {
            let page = app.page(slug, &format!("open/{slug}/{membership}"));
            let content = what.write(app, &page, desk.now)?;
            Outgoing::mail(&person.details.email, content).post(&desk, &tx, Some(person.id)).await?;
        }
    }
    tx.commit().await?;
    app.post.notify_one();
    Ok(())
}
