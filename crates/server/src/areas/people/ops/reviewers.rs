//! Who is told that a patient was opened in an emergency.

use db::Ctx;
use kernel::{MembershipId, OrganizationId, PersonId};

use super::{Desk, Outgoing};
use crate::app::App;
use crate::areas::people::{Error, store};

/// Tells those who review it that the post of the context, called `name`, opens a patient in an emergency. Neither the
/// patient nor the reason leaves the house.
pub(crate) async fn tell_reviewers(
    app: &App,
    ctx: &Ctx,
    reviewers: &[(PersonId, MembershipId)],
    name: &str,
) -> Result<(), Error> {
    let program = Ctx::program(OrganizationId::PLATFORM, ctx.request().clone());
    let desk = Desk::at(app, program).await?;
    let tx = desk.begin().await?;
    for (id, membership) in reviewers {
        if let Some(person) = store::find_person(&tx, &desk.vault, *id).await?.filter(|one| !one.disabled) {
            // The way to their own post, where the page is.
            let page = format!("open/{}/{membership}", ctx.slug());
            let content = app.texts().emergency_opened(name, &app.page(ctx.slug(), &page), desk.now)?;
            Outgoing::mail(&person.details.email, content).post(&desk, &tx, Some(person.id)).await?;
        }
    }
    tx.commit().await?;
    app.post.notify_one();
    Ok(())
}
