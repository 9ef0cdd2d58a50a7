//! People of a demonstration: accounts without a password or factor, posts that nobody was invited to. What calls this
//! says who may.

use db::{Ctx, Event, Tx};
use kernel::{MembershipId, OrganizationId, PersonId};
use policy::Permission;

use super::sign_in::{How, begin_session};
use super::{Desk, NewPost, Post, posts, step_up};
use crate::app::App;
use crate::areas::people::model::{Details, normal_address};
use crate::areas::people::{Error, store};
use crate::http::{Account, Cookie, Visit};

fn program(request: db::Request) -> Ctx {
    Ctx::program(OrganizationId::PLATFORM, request)
}

/// The account with this address, made where there is none.
pub(crate) async fn find_or_make(
    app: &App,
    request: db::Request,
    (email, name): (&str, &str),
) -> Result<PersonId, Error> {
    let desk = Desk::at(app, program(request)).await?;
    let address = normal_address(email).ok_or(Error::Invalid("email: not an address"))?;
    let tx = desk.begin().await?;
    if let Some(person) = store::find_person_by_address(&tx, &desk.vault, &address).await? {
        tx.commit().await?;
        return Ok(person.id);
    }
    let details = Details { email: email.to_owned(), name: name.to_owned() };
    let handle = app.world.uuid();
    let id = store::insert_person(&tx, &desk.vault, handle, &details, &address, None, desk.now).await?;
    tx.commit().await?;
    Ok(id)
}

/// The posts of an account at an organization.
pub(crate) async fn posts_at(app: &App, ctx: &Ctx, person: PersonId, slug: &str) -> Result<Vec<Post>, Error> {
    let desk = Desk::at(app, program(ctx.request().clone())).await?;
    posts(&desk, person, slug).await
}

/// A post that somebody will have, in the operator's transaction.
pub(crate) async fn insert_post(
    app: &App,
    tx: &Tx<'_>,
    new: &NewPost<'_>,
    parent: Option<MembershipId>,
) -> Result<MembershipId, Error> {
    let (_, name, role) = new.checked(app.world.now())?;
    let row = store::NewMembership {
        parent,
        name: &name,
        role: &role,
        role_key: new.role_key,
        plane: new.plane,
        permissions: new.permissions.iter().map(Permission::key).collect(),
        denied: new.denied.iter().map(Permission::key).collect(),
        facilities: new.facilities.iter().map(|facility| facility.0).collect(),
        by_relationship: new.by_relationship,
        ends_at: new.ends_at,
    };
    Ok(store::insert_membership(tx, tx.ctx().organization(), &row, app.world.now()).await?)
}

/// Gives somebody a post that nobody has.
pub(crate) async fn hand_over(
    app: &App,
    ctx: &Ctx,
    membership: MembershipId,
    person: PersonId,
    name: &str,
) -> Result<(), Error> {
    let inside = Ctx::program(ctx.organization(), ctx.request().clone());
    let tx = app.store.db().begin(&inside).await?;
    if !store::take_up_post(&tx, (ctx.organization(), membership), person, name, app.world.now()).await? {
        return Err(Error::LinkEnded);
    }
    let detail = Some(format!("membership {membership} person {person}"));
    app.store
        .db()
        .record(&inside, Event { detail, ..Event::success("people.accept", "demonstration") })
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Signs in as somebody who has nothing to show; the log says that it was for a demonstration.
pub(crate) async fn sign_in_shown(visit: &Visit, person: PersonId) -> Result<Cookie, Error> {
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let person = super::person_of(&desk, person).await?;
    if person.disabled {
        return Err(Error::SignIn);
    }
    begin_session(&desk, visit, &person, How::Shown).await
}

/// Proves somebody for an action who has nothing to show.
pub(crate) async fn prove_shown(account: &Account, action: &str) -> Result<(String, Cookie), Error> {
    step_up::shown(account, action).await
}
