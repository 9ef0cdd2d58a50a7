//! The person's browsers, and the posts open in them.

use jiff::Timestamp;
use kernel::{ContextId, MembershipId, OrganizationId, PersonId, SessionId};

use super::Desk;
use crate::areas::people::{Error, store};
use crate::http::{Account, Failure, Place, Visit};

/// A post of a person's, as the choice of contexts shows it.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) organization: OrganizationId,
    pub(crate) slug: String,
    pub(crate) organization_name: String,
    pub(crate) organization_kind: String,
    pub(crate) membership: MembershipId,
    pub(crate) role: String,
    pub(crate) plane: String,
    pub(crate) second_factor_required: bool,
    pub(crate) idle_seconds: i32,
    pub(crate) session_seconds: i32,
    /// Codes, names and time zones.
    pub(crate) facilities: Vec<(String, String, String)>,
    /// What it is when it is support access.
    pub(crate) support: Option<Support>,
}

/// Support access: somebody of the plane has the view of a post.
#[derive(Clone)]
pub(crate) struct Support {
    pub(crate) request: uuid::Uuid,
    /// Who, and whose view it is.
    pub(crate) by: String,
    pub(crate) of: String,
    pub(crate) ends_at: Timestamp,
    pub(crate) writes: bool,
}

/// The posts of a person at an address: those of its organization, or at the installation's own all.
pub(crate) async fn posts(desk: &Desk<'_>, person: PersonId, slug: &str) -> Result<Vec<Post>, Error> {
    let tx = desk.begin().await?;
    let posts = store::list_posts(&tx, person, desk.now).await?;
    tx.commit().await?;
    Ok(posts.into_iter().filter(|post| slug.is_empty() || post.slug == slug).collect())
}

/// A context that is open in a session.
pub(crate) struct Open {
    pub(crate) context: ContextId,
    pub(crate) organization: OrganizationId,
    pub(crate) membership: MembershipId,
    pub(crate) opened_at: Timestamp,
}

/// The open contexts of this browser.
pub(crate) async fn open_contexts(account: &Account) -> Result<(Vec<Post>, Vec<Open>), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let posts = posts(&desk, account.session.person(), account.visit.slug()).await?;
    let tx = desk.begin().await?;
    let open = store::list_contexts(&tx, account.session.id()).await?;
    tx.commit().await?;
    let open = open.iter().map(|row| Open {
        context: ContextId(row.get(0)),
        organization: OrganizationId(row.get(1)),
        membership: MembershipId(row.get(2)),
        opened_at: row.get(3),
    });
    Ok((posts, open.collect()))
}

/// Opens one of the person's posts beside those already open.
pub(crate) async fn open_context(
    account: &Account,
    slug: &str,
    membership: MembershipId,
) -> Result<(ContextId, Post), Error> {
    let visit = &account.visit;
    let desk = Desk::at(&visit.app, account.ctx()).await?;
    let posts = posts(&desk, account.session.person(), visit.slug()).await?;
    let post = posts.into_iter().find(|post| post.slug == slug && post.membership == membership);
    let Some(post) = post else {
        let who = format!("person {} session {}", account.session.person(), account.session.id());
        let logged =
            visit.log("context.open", db::Outcome::Denied, "not a post of this person", Some(who)).await;
        logged.map_err(|_| db::Error::AuditUnavailable)?;
        return Err(db::Error::NotFound.into());
    };
    let id = ContextId(visit.app.world.uuid());
    let tx = desk.begin().await?;
    let what = (post.organization, post.membership);
    store::insert_context(&tx, id, account.session.id(), account.session.person(), what, desk.now).await?;
    log(account, "context.open", post.organization, post.membership, id).await?;
    tx.commit().await?;
    Ok((id, post))
}

/// Closes a context: its tab is signed out, the others go on.
pub(crate) async fn close_context(account: &Account, id: ContextId) -> Result<(), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let open = store::list_contexts(&tx, account.session.id()).await?;
    let open = open.iter().find(|row| ContextId(row.get(0)) == id).ok_or(db::Error::NotFound)?;
    store::close_context(&tx, account.session.id(), id, desk.now).await?;
    log(account, "context.close", OrganizationId(open.get(1)), MembershipId(open.get(2)), id).await?;
    tx.commit().await?;
    account.visit.app.store.db().forget_person(account.session.person());
    Ok(())
}

/// Writes into the log of the organization concerned, whichever address was used.
async fn log(
    account: &Account,
    action: &'static str,
    organization: OrganizationId,
    membership: MembershipId,
    id: ContextId,
) -> Result<(), Error> {
    let ctx = db::Ctx::program(organization, account.visit.request.clone());
    let detail = format!(
        "membership {membership} person {} session {} context {id}",
        account.session.person(),
        account.session.id()
    );
    let event = db::Event { detail: Some(detail), ..db::Event::success(action, "own post") };
    account.visit.app.store.db().record(&ctx, event).await?;
    Ok(())
}

/// Signs out this browser, or all of the person's.
pub(crate) async fn sign_out(account: &Account, everywhere: bool) -> Result<(), Error> {
    let only = if everywhere { None } else { Some(account.session.id()) };
    end(account, only, if everywhere { "everywhere" } else { "this device" }).await
}

async fn end(account: &Account, only: Option<SessionId>, reason: &'static str) -> Result<(), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let ended = store::end_sessions(&tx, account.session.person(), only, None, desk.now).await?;
    account.log("session.sign-out", reason).await.map_err(|_| db::Error::AuditUnavailable)?;
    tx.commit().await?;
    account.visit.app.store.db().forget_person(account.session.person());
    if ended == 0 { Err(db::Error::NotFound.into()) } else { Ok(()) }
}

/// A browser that is signed in.
pub(crate) struct Device {
    pub(crate) id: SessionId,
    pub(crate) agent: String,
    pub(crate) address: Option<String>,
    pub(crate) signed_in_at: Timestamp,
    pub(crate) used_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) contexts: i64,
}

/// The person's browsers, the last used first.
pub(crate) async fn devices(account: &Account) -> Result<Vec<Device>, Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let tx = desk.begin().await?;
    let rows = store::list_sessions(&tx, account.session.person(), desk.now).await?;
    tx.commit().await?;
    let device = |row: &db::Row| Device {
        id: SessionId(row.get(0)),
        agent: row.get(1),
        address: row.get::<_, Option<_>>(2).map(crate::areas::people::model::network),
        signed_in_at: row.get(3),
        used_at: row.get(4),
        ends_at: row.get(5),
        contexts: row.get(6),
    };
    Ok(rows.iter().map(device).collect())
}

/// Signs out one of the person's browsers.
pub(crate) async fn end_device(account: &Account, id: SessionId) -> Result<(), Error> {
    end(account, Some(id), "a device").await
}

/// Signs everyone out of an organization: whoever goes on signs in again. Gives how many browsers they were.
pub(crate) async fn sign_all_out(
    app: &crate::app::App,
    request: &db::Request,
    at: (OrganizationId, &str),
) -> Result<u64, Error> {
    let program = db::Ctx::program(OrganizationId::PLATFORM, request.clone());
    let tx = app.store.db().begin(&program).await?;
    let ended = store::end_sessions_at(&tx, at, app.world.now()).await?;
    tx.commit().await?;
    app.store.db().forget_authority();
    Ok(ended)
}

/// The person behind a context.
pub(crate) async fn me(
    app: &crate::app::App,
    session: &db::Session,
    request: &db::Request,
) -> Result<(crate::areas::people::model::Details, Vec<Post>), Error> {
    let desk = Desk::at(app, session.account(request.clone())).await?;
    let person = super::person_of(&desk, session.person()).await?;
    let posts = posts(&desk, session.person(), session.place()).await?;
    Ok((person.details, posts))
}

/// The session of this browser, if there is one: asking extends nothing. A cookie that is none counts for where it comes
/// from.
pub(crate) async fn session_of(visit: &Visit) -> Result<Option<db::Session>, Failure> {
    let Some(cookie) = &visit.cookie else { return Ok(None) };
    let db = visit.app.store.db();
    match db.authenticate_session(cookie.secret(), None, false, visit.request.clone()).await {
        Err(db::Error::Unauthenticated) => {
            visit.app.quotas.failure(visit.address())?;
            Ok(None)
        }
        found => Ok(Some(found?.session).filter(|session| session.place() == visit.slug())),
    }
}

/// Whether the person is on the plane above organizations, asked at its address.
pub(crate) async fn is_on_plane(account: &Account) -> Result<bool, Error> {
    let visit = &account.visit;
    if visit.place != Place::Installation || !visit.app.store.db().has_platform() {
        return Ok(false);
    }
    let desk = Desk::at(&visit.app, visit.program()).await?;
    let tx = desk.begin().await?;
    let there = store::is_administrator(&tx, account.session.person(), desk.now).await?;
    tx.commit().await?;
    Ok(there)
}

/// The colour of the context's organization, and a number that changes with its logo, if it has one.
pub(crate) async fn looks(app: &crate::app::App, ctx: &db::Ctx) -> Result<(String, Option<i32>), Error> {
    let tx = app.store.db().begin(ctx).await?;
    let looks = store::find_looks(&tx, ctx.organization()).await?;
    tx.commit().await?;
    Ok(looks)
}

/// The person who is signed in, and whether a second factor must be set up before anything else.
pub(crate) async fn whoami(account: &Account) -> Result<(crate::areas::people::model::Details, bool), Error> {
    let desk = Desk::at(&account.visit.app, account.ctx()).await?;
    let person = super::person_of(&desk, account.session.person()).await?;
    let required = second_factor_required(&desk, &account.visit, account.session.person()).await?;
    Ok((person.details, required && !account.session.two_factors()))
}

async fn second_factor_required(desk: &Desk<'_>, visit: &Visit, person: PersonId) -> Result<bool, Error> {
    super::sign_in::second_factor_required(desk, visit, person).await
}
